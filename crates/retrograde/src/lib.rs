//! Retrograde: backpropagation as a glass box.

#![deny(missing_docs, unsafe_code)]

mod error;
mod files;

pub mod data;
pub mod textbook;

pub use error::{Error, Result};
