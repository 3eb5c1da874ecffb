//! Data: images with labels, from files or from memory, and the batches drawn from them.
//!
//! An image stays what it is in its file, bytes from 0 to 255, until the moment a batch is gathered: a batch of 100
//! digits is 78 kB as bytes and four times as much as `f32`, and the reading of it is what the gather costs. So
//! [`Samples`] holds bytes, shared and read only, and [`PIXEL_SCALE`] says how a byte becomes a number.
//!
//! - [`IdxArray`]: one file of the format of MNIST, checked before it is believed.
//! - [`Samples`]: images with their labels; [`Dataset`]: some to train on and some to test with.
//! - [`Source`]: where a data set comes from; [`Picture`]: an image from outside, made like those of MNIST.
//! - [`Batches`]: which rows make up the batch of a step.
//! - `Mnist` (with the feature `download`): the full MNIST, fetched on request and kept in the user's cache folder.
//!   Nothing else in the library touches the network, and this only when it is told to.

mod batches;
mod dataset;
#[cfg(feature = "download")]
mod fetch;
mod idx;
#[cfg(feature = "download")]
mod mnist;
mod picture;
mod samples;
mod source;

pub use batches::{Batches, Drawing};
pub use dataset::Dataset;
pub use idx::IdxArray;
#[cfg(feature = "download")]
pub use mnist::{Mnist, Progress};
pub use picture::{Channels, Picture, Prepared};
pub use samples::{ImageLayout, PIXEL_SCALE, Samples};
pub use source::Source;
