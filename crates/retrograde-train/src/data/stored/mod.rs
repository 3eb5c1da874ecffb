//! Features that stay in a file, for sets that are larger than memory.
//!
//! - [`StoredRows`]: rows of a file, read by their position.
//! - `RowWriter`: writes such a file, where the file of the user's cannot be read by position.
//! - `ReadAhead`: reads the rows of the next batch on a thread.
//!
//! What stays in memory is a target for each row, its place in the file where rows are selected, and what the batches need to draw
//! rows: some tens of bytes.

mod read_ahead;
mod rows;
mod writer;

pub(crate) use read_ahead::ReadAhead;
pub use rows::StoredRows;
pub(super) use rows::{Element, RowFile};
pub(super) use writer::RowWriter;
