//! Layouts of a value other than dense rows, and which operations have kernels for them.
//!
//! | layout | written by | read by |
//! | --- | --- | --- |
//! | table of [bytes](super::Bytes) | nothing: it is a leaf | gathers |
//! | [compressed rows](super::sparse) | gathers from such a table | matrix products, as their left operand |
//! | [skipped rows](super::sparse::SkippedRows) | transposed products of compressed rows | [epilogues](super::epilogue) |
//!
//! Layouts are private to these kernels. An operation of the library names its [`Layouts`] in its form; the pass `compress`
//! decides which values are compressed. The [`RowsKernel`](super::RowsKernel) of an operation, which a user may write, reads and
//! writes dense rows only.

use super::sparse::MIN_COLUMNS;

/// The kernels of an operation for other layouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layouts {
    /// Rows of a table, which is the first input, at the indices of the second: the table may be bytes, and the rows
    /// compressed.
    Gather,
    /// A matrix product `a · b`, or `aᵀ · b` if `transposed`: the rows of `a` may be compressed.
    Product { transposed: bool },
}

impl Layouts {
    /// Whether an input may be a table of bytes.
    pub(crate) fn reads_bytes(self, input: usize) -> bool {
        self == Layouts::Gather && input == 0
    }

    /// Whether the output may be compressed rows, if the table is bytes.
    pub(crate) fn writes_compressed(self) -> bool {
        self == Layouts::Gather
    }

    /// Whether an input may be compressed rows, for these shapes.
    pub(crate) fn reads_compressed(self, input: usize, inputs: &[&[usize]], output: &[usize]) -> bool {
        let is_product = matches!(self, Layouts::Product { .. });
        is_product && input == 0 && inputs[0].len() == 2 && output[1] >= MIN_COLUMNS
    }
}
