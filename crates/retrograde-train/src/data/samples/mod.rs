//! Samples: rows of features, a target for each, and maybe a weight.
//!
//! - [`Samples`]: all of it. [`Samples::from_images`] and [`Samples::read_idx`] make them of images.
//! - [`Features`]: bytes, such as the pixels of images, or a [`Matrix`] of real numbers.
//! - [`Targets`]: class indices, or rows of real numbers.

mod features;
mod images;
mod matrix;
#[expect(clippy::module_inception, reason = "the main type of the module")]
mod samples;
mod targets;
mod windows;

pub use features::{Features, MAX_PIXEL};
pub use matrix::Matrix;
pub use samples::Samples;
pub use targets::Targets;
pub use windows::Windows;
