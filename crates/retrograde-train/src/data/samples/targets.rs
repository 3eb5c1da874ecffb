//! The targets of samples: what a network is to predict.

use super::Matrix;
use retrograde_base::error::{Error, Result};
use std::sync::Arc;

/// What a network is to predict, one for each row. Clones share them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Targets {
    /// Class indices.
    Classes {
        /// The class of each row, below `classes`.
        labels: Arc<[u32]>,
        /// The number of classes.
        classes: usize,
    },
    /// Rows of real numbers: what a regression predicts, labels that are 0 or 1, or the probabilities of classes.
    Reals(Matrix),
}

impl Targets {
    /// Class indices, of `classes` classes.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a label is not below `classes`.
    pub fn classes(labels: impl Into<Arc<[u32]>>, classes: usize) -> Result<Self> {
        let labels = labels.into();
        match labels.iter().position(|label| *label as usize >= classes) {
            None => Ok(Targets::Classes { labels, classes }),
            Some(row) => {
                let problem =
                    format!("label {} of row {row} is out of range for {classes} classes", labels[row]);
                Err(Error::invalid("targets", problem, "give labels from 0 to the number of classes - 1"))
            }
        }
    }

    /// One real number for each row, for a regression.
    ///
    /// # Errors
    /// As [`Matrix::new`].
    pub fn reals(numbers: Vec<f64>) -> Result<Self> {
        Matrix::new(numbers.len(), numbers).map(Targets::Reals)
    }

    /// The number of targets.
    pub fn len(&self) -> usize {
        match self {
            Targets::Classes { labels, .. } => labels.len(),
            Targets::Reals(matrix) => matrix.shape()[0],
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The outputs of a network that predicts them: the classes, or the numbers of a row.
    pub fn outputs(&self) -> usize {
        match self {
            Targets::Classes { classes, .. } => *classes,
            Targets::Reals(matrix) => matrix.shape()[1],
        }
    }

    /// These rows, which exist.
    pub(super) fn select(&self, rows: &[u32]) -> Result<Self> {
        match self {
            Targets::Classes { labels, classes } => {
                let labels = rows.iter().map(|row| labels[*row as usize]).collect();
                Ok(Targets::Classes { labels, classes: *classes })
            }
            Targets::Reals(matrix) => matrix.select(rows).map(Targets::Reals),
        }
    }

    /// The bytes of memory.
    pub(super) fn memory(&self) -> usize {
        match self {
            Targets::Classes { labels, .. } => labels.len() * size_of::<u32>(),
            Targets::Reals(matrix) => size_of_val(matrix.values()),
        }
    }
}
