//! The targets of samples: what a network is to predict.

use super::{Matrix, Windows};
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
    /// The token behind each token of the features.
    NextTokens {
        /// The windows of the features.
        windows: Windows,
        /// The number of different tokens.
        vocabulary: usize,
    },
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

    /// The tokens behind those of windows, below `vocabulary`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a token is not below `vocabulary`.
    pub fn next_tokens(windows: Windows, vocabulary: usize) -> Result<Self> {
        match windows.sequence().iter().position(|token| *token as usize >= vocabulary) {
            None => Ok(Targets::NextTokens { windows, vocabulary }),
            Some(at) => {
                let problem =
                    format!("token {} at {at} is out of range for {vocabulary}", windows.sequence()[at]);
                Err(Error::invalid(
                    "targets",
                    problem,
                    "give tokens from 0 to the size of the vocabulary - 1",
                ))
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
            Targets::NextTokens { windows, .. } => windows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The outputs of a network that predicts them: the classes, the numbers of a row, or the different tokens.
    pub fn outputs(&self) -> usize {
        match self {
            Targets::Classes { classes, .. } => *classes,
            Targets::Reals(matrix) => matrix.shape()[1],
            Targets::NextTokens { vocabulary, .. } => *vocabulary,
        }
    }

    /// Whether they are indices, one for each position.
    pub(crate) fn are_indices(&self) -> bool {
        !matches!(self, Targets::Reals(_))
    }

    /// The predictions for a row: one, or one for each token.
    pub fn positions(&self) -> usize {
        match self {
            Targets::NextTokens { windows, .. } => windows.context(),
            Targets::Classes { .. } | Targets::Reals(_) => 1,
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
            Targets::NextTokens { windows, vocabulary } => {
                Ok(Targets::NextTokens { windows: windows.select(rows), vocabulary: *vocabulary })
            }
        }
    }

    /// The bytes of memory.
    pub(super) fn memory(&self) -> usize {
        match self {
            Targets::Classes { labels, .. } => labels.len() * size_of::<u32>(),
            Targets::Reals(matrix) => size_of_val(matrix.values()),
            // Shared with the features.
            Targets::NextTokens { .. } => 0,
        }
    }
}
