//! Data: images with labels, from files or from memory, and the batches drawn from them.
//!
//! Images stay bytes from 0 to 255 until a batch is gathered: a batch of 100 digits is 78 kB as bytes and four times as
//! much as `f32`, and reading it dominates the gather. [`LabeledImages`] therefore holds bytes, shared and read only. The
//! value of a byte is byte / [`MAX_PIXEL`].
//!
//! - [`IdxArray`]: one file of the format of MNIST, validated.
//! - [`LabeledImages`]: images with their labels; [`Dataset`]: a training set and a test set.
//! - [`DataSource`]: the source of a data set; [`Picture`]: any image, converted to the format of MNIST.
//! - [`Batches`]: the rows of the batch of each step.
//! - `Mnist` (with the feature `download`): the full MNIST, fetched on request and cached. Nothing else in the library
//!   accesses the network.

mod batches;
mod dataset;
#[cfg(feature = "download")]
mod fetch;
mod idx;
mod labeled_images;
#[cfg(feature = "download")]
mod mnist;
mod picture;
mod source;

pub use batches::{Batches, Sampling};
pub use dataset::Dataset;
pub use idx::IdxArray;
pub use labeled_images::{ImageLayout, LabeledImages, MAX_PIXEL};
#[cfg(feature = "download")]
pub use mnist::{DownloadProgress, Mnist};
pub use picture::{Channels, Picture, PreparedImage};
pub use source::DataSource;
