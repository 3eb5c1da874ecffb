//! Retrograde: backpropagation as a glass box.

#![deny(missing_docs, unsafe_code)]

mod error;

pub mod data;
pub mod textbook;

pub use error::{Error, Result};
