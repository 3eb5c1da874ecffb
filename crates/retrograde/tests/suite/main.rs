//! The one integration-test binary: a module a subject.

mod digits;
mod notebook_textbook;
mod two_questions;
