//! Preprocessing: from the rows of a table to the numbers of a training, and the same for new rows.
//!
//! - [`Preprocessing`]: the choices, and how they are applied to a table.
//! - [`Preprocessor`]: what was learned from the training rows. It is part of a checkpoint and makes the same numbers of new
//!   rows.
//! - [`Prepared`]: the numbers, [`Samples`](super::Samples) for training and for tests.
//! - [`Split`]: a random partition of rows into training and test rows.
//!
//! The order is fixed: rows without a target are left out, the rows are split, means and deviations are computed from the
//! training rows alone, then all rows are encoded. Category names come from all rows, so that a category that only the test
//! rows have is no unseen one.

mod categories;
mod feature;
mod options;
mod pieces;
mod prepared;
mod preprocessor;
mod split;
mod standardization;
mod target;
#[cfg(test)]
mod tests;

pub use options::{MissingValues, Preprocessing, Task, UnseenCategories};
pub(super) use pieces::prepare as prepare_in_pieces;
pub use prepared::Prepared;
pub use preprocessor::Preprocessor;
pub use split::Split;
pub use standardization::Standardization;
pub use target::Target;
