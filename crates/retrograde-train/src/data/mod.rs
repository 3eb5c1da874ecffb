//! Data: images, tables and arrays, from files or from memory, and the batches drawn from them.
//!
//! Images stay bytes from 0 to 255 until a batch is gathered: a batch of 100 digits is 78 kB as bytes and four times as
//! much as `f32`, and reading it dominates the gather. [`Features`] therefore holds bytes, shared and read only, or real
//! numbers. The value of a byte is byte / [`MAX_PIXEL`].
//!
//! - [`IdxArray`]: one file of the format of MNIST, validated.
//! - [`Samples`]: features, the target of each row, and maybe a weight; [`Dataset`]: a training set and a test set.
//! - [`DataSource`]: the source of a data set, read with [`DataOptions`]; [`Picture`]: any image, converted to the format of MNIST.
//! - [`NpyArray`]: an array of NumPy, from an NPY or NPZ file.
//! - `ImageFolder` (with the feature `images`): PNG and JPEG files in a folder for each class.
//! - [`Table`]: a CSV file with its dialect and types recognized; [`Preprocessing`]: from a table to the numbers of a training,
//!   and by its [`Preprocessor`] the same for new rows.
//! - [`Batches`]: the rows of the batch of each step.
//! - `Mnist` (with the feature `download`): the full MNIST, fetched on request and cached. Nothing else in the library
//!   accesses the network.

mod batches;
mod dataset;
mod description;
#[cfg(feature = "download")]
mod fetch;
mod gzip;
mod idx;
#[cfg(feature = "images")]
mod image_folder;
#[cfg(feature = "download")]
mod mnist;
mod npy;
mod options;
mod picture;
mod preprocessing;
mod samples;
mod source;
mod stored;
mod table;
mod validation;

pub use batches::{Batches, Sampling};
pub use dataset::Dataset;
pub use description::DatasetDescription;
pub use idx::IdxArray;
#[cfg(feature = "images")]
pub use image_folder::{ImageFolder, ImageFolderReader};
#[cfg(feature = "download")]
pub use mnist::{DownloadProgress, Mnist};
pub use npy::{NpyArray, NpyValues};
pub use options::DataOptions;
pub use picture::{Channels, Picture, PreparedImage};
pub use preprocessing::{
    MissingValues, Prepared, Preprocessing, Preprocessor, Split, Standardization, Target, Task,
    UnseenCategories,
};
pub use samples::{Features, MAX_PIXEL, Matrix, Samples, Targets, Windows};
pub use source::DataSource;
pub(crate) use stored::ReadAhead;
pub use stored::StoredRows;
pub use table::{AddedColumn, AddedValues, Column, ColumnType, DecimalMark, Table, TableReader};
