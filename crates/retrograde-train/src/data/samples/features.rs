//! The features of samples: bytes or real numbers.

use super::{Matrix, Windows};
use crate::data::StoredRows;
use retrograde_base::error::Result;
use retrograde_core::kernel::Bytes;
use std::borrow::Cow;

/// The value of a byte is byte / `MAX_PIXEL`: from 0 to 1.
pub const MAX_PIXEL: f64 = 255.0;

/// The features of samples, one row for each. Clones share them.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Features {
    /// Bytes, which stay bytes until a batch of them is gathered. The value of a byte is byte / [`MAX_PIXEL`].
    Bytes {
        /// One row after the other.
        values: Bytes,
        /// The shape of a row: `[rows, columns]` of an image, `[channels, rows, columns]`, or `[n]`.
        shape: Vec<usize>,
    },
    /// Real numbers, used as they are.
    Reals(Matrix),
    /// Windows of tokens.
    Tokens(Windows),
    /// Bytes or real numbers that stay in a file.
    Stored(StoredRows),
}

impl From<Windows> for Features {
    fn from(windows: Windows) -> Self {
        Features::Tokens(windows)
    }
}

impl From<StoredRows> for Features {
    fn from(rows: StoredRows) -> Self {
        Features::Stored(rows)
    }
}

impl From<Matrix> for Features {
    fn from(matrix: Matrix) -> Self {
        Features::Reals(matrix)
    }
}

impl Features {
    /// The number of features of a row.
    pub fn row_len(&self) -> usize {
        match self {
            Features::Bytes { shape, .. } => shape.iter().product(),
            Features::Reals(matrix) => matrix.shape()[1],
            Features::Tokens(windows) => windows.context(),
            Features::Stored(rows) => rows.shape().iter().product(),
        }
    }

    /// The shape of a row.
    pub fn row_shape(&self) -> Vec<usize> {
        match self {
            Features::Bytes { shape, .. } => shape.clone(),
            Features::Reals(matrix) => vec![matrix.shape()[1]],
            Features::Tokens(windows) => vec![windows.context()],
            Features::Stored(rows) => rows.shape().to_vec(),
        }
    }

    /// Whether they are bytes, such as those of images, in memory or in a file.
    pub fn are_bytes(&self) -> bool {
        match self {
            Features::Bytes { .. } => true,
            Features::Reals(_) | Features::Tokens(_) => false,
            Features::Stored(rows) => rows.are_bytes(),
        }
    }

    /// The number of rows.
    pub(super) fn rows(&self) -> usize {
        match self {
            Features::Bytes { values, .. } => values.len() / self.row_len().max(1),
            Features::Reals(matrix) => matrix.shape()[0],
            Features::Tokens(windows) => windows.len(),
            Features::Stored(rows) => rows.len(),
        }
    }

    /// The values in row-major order, as a network gets them: bytes divided by [`MAX_PIXEL`], as in NumPy; of tokens their numbers.
    /// None of those that stay in a file: [`Samples::in_memory`](super::Samples::in_memory) reads them.
    pub fn values(&self) -> Cow<'_, [f64]> {
        match self {
            Features::Bytes { values, .. } => {
                values.iter().map(|byte| f64::from(*byte) / MAX_PIXEL).collect()
            }
            Features::Reals(matrix) => matrix.values().into(),
            Features::Tokens(windows) => (0..windows.len())
                .flat_map(|row| windows.tokens(row, 0))
                .map(|&token| f64::from(token))
                .collect(),
            Features::Stored(_) => Cow::Borrowed(&[]),
        }
    }

    /// These rows, which exist.
    pub(super) fn select(&self, rows: &[u32]) -> Result<Self> {
        match self {
            Features::Bytes { values, shape } => {
                let width = self.row_len();
                let row = |row: &u32| &values[*row as usize * width..][..width];
                let selected: Vec<u8> = rows.iter().flat_map(row).copied().collect();
                Ok(Features::Bytes { values: selected.into(), shape: shape.clone() })
            }
            Features::Reals(matrix) => matrix.select(rows).map(Features::Reals),
            Features::Tokens(windows) => Ok(Features::Tokens(windows.select(rows))),
            Features::Stored(stored) => Ok(Features::Stored(stored.select(rows))),
        }
    }

    /// The bytes of memory, the compressed rows included that a plan may make of bytes that are mostly zero.
    pub(super) fn memory(&self) -> usize {
        let values = match self {
            Features::Bytes { values, .. } => values,
            Features::Reals(matrix) => return size_of_val(matrix.values()),
            Features::Tokens(windows) => return windows.memory(),
            Features::Stored(rows) => return rows.memory(),
        };
        let nonzeros = values.iter().filter(|&&byte| byte != 0).count();
        let blocks = self.row_len().div_ceil(64);
        // For each block a mask of 64 bits and a count of 16.
        let compressed = nonzeros + self.rows() * (10 * blocks + 6);
        let is_mostly_zero = 5 * nonzeros <= 2 * values.len();
        values.len() + if is_mostly_zero { compressed } else { 0 }
    }
}
