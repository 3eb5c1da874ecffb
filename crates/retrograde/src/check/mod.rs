//! Checks.

pub mod numerical;
