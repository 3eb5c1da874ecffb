//! Samples: features with their targets.

use super::{Features, Targets, Windows};
use retrograde_base::error::{Error, Result};
use std::fmt;
use std::sync::Arc;

/// Rows of features with a target each, and maybe a weight; never empty. Clones share them.
///
/// # Examples
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::{Matrix, Samples, Targets};
///
/// // Three rows of two numbers, and what is to be predicted of each.
/// let features = Matrix::new(3, vec![5.1, 3.5, 7.0, 3.2, 6.3, 3.3])?;
/// let samples = Samples::new(features, Targets::reals(vec![0.2, 1.4, 2.5])?)?.weighted(vec![1.0, 1.0, 0.5])?;
/// assert_eq!((samples.len(), samples.row_len(), samples.outputs()), (3, 2, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct Samples {
    pub(super) features: Features,
    pub(super) targets: Targets,
    pub(super) weights: Option<Arc<[f64]>>,
}

#[expect(clippy::len_without_is_empty, reason = "it is never empty")]
impl Samples {
    /// Features with a target for each row.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are no rows, no features or no outputs, more than 2³² − 1 rows, or another number of targets.
    pub fn new(features: impl Into<Features>, targets: Targets) -> Result<Self> {
        let features = features.into();
        let (rows, given) = (features.rows(), targets.len());
        let invalid = |problem: String, help: &str| Err(Error::invalid("samples", problem, help));
        if rows == 0 || features.row_len() == 0 || targets.outputs() == 0 {
            let problem =
                format!("{rows} rows of {} features and {} outputs", features.row_len(), targets.outputs());
            return invalid(problem, "give at least one row, one feature and one output");
        }
        if let (Targets::NextTokens { windows, .. }, other) = (&targets, &features)
            && *other != Features::Tokens(windows.clone())
        {
            let problem = "the targets are tokens behind other windows".to_owned();
            return invalid(problem, "use `Samples::from_tokens`");
        }
        if u32::try_from(rows).is_err() {
            return invalid(format!("{rows} rows"), "give at most 4294967295 rows");
        }
        if rows != given {
            return invalid(
                format!("{given} targets for {rows} rows of features"),
                "give one target for each row",
            );
        }
        Ok(Samples { features, targets, weights: None })
    }

    /// The samples with a weight for each row: the loss is then the weighted mean of the rows.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is another number of weights, one is negative or not finite, or all are 0.
    pub fn weighted(self, weights: impl Into<Arc<[f64]>>) -> Result<Self> {
        let weights = weights.into();
        let invalid = |problem: String, help: &str| Err(Error::invalid("sample weights", problem, help));
        if matches!(self.targets, Targets::NextTokens { .. }) {
            return invalid("windows of tokens have none".to_owned(), "leave them out");
        }
        if weights.len() != self.len() {
            return invalid(
                format!("{} weights for {} rows", weights.len(), self.len()),
                "give one for each row",
            );
        }
        if let Some(row) = weights.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
            return invalid(
                format!("{} of row {row} is out of range", weights[row]),
                "give finite numbers >= 0",
            );
        }
        if weights.iter().all(|weight| *weight == 0.0) {
            return invalid("they are all 0".to_owned(), "give at least one row a weight above 0");
        }
        Ok(Samples { weights: Some(weights), ..self })
    }

    /// The number of rows; at least 1.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// The number of features of a row.
    pub fn row_len(&self) -> usize {
        self.features.row_len()
    }

    /// The features.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// The targets.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// The weight of each row, if they have weights.
    pub fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The outputs of a network that predicts the targets: the classes, or the numbers of a row.
    pub fn outputs(&self) -> usize {
        self.targets.outputs()
    }

    /// Windows of tokens, with the token behind each as its target.
    ///
    /// # Errors
    /// As [`Targets::next_tokens`].
    pub fn from_tokens(windows: Windows, vocabulary: usize) -> Result<Self> {
        let targets = Targets::next_tokens(windows.clone(), vocabulary)?;
        Samples::new(windows, targets)
    }

    /// The class of each row; empty if the targets are others.
    pub fn labels(&self) -> &[u32] {
        match &self.targets {
            Targets::Classes { labels, .. } => labels,
            Targets::Reals(_) | Targets::NextTokens { .. } => &[],
        }
    }

    /// The bytes of the features, one row after the other; empty if they are others, or stay in a file.
    pub fn bytes(&self) -> &[u8] {
        match &self.features {
            Features::Bytes { values, .. } => values,
            Features::Reals(_) | Features::Tokens(_) | Features::Stored(_) => &[],
        }
    }

    /// The size of the images, `[rows, columns]`, if the features are images with one channel.
    pub fn image_shape(&self) -> Option<[usize; 2]> {
        match &self.features {
            Features::Bytes { shape, .. } => shape[..].try_into().ok(),
            Features::Stored(rows) if rows.are_bytes() => rows.shape().try_into().ok(),
            Features::Reals(_) | Features::Tokens(_) | Features::Stored(_) => None,
        }
    }

    /// The bytes of a row; `None` if `index` is out of range, or the features are real numbers or stay in a file.
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        self.bytes().chunks_exact(self.row_len()).nth(index)
    }

    /// The samples at these rows, in this order, and repeatedly where a row occurs repeatedly.
    ///
    /// # Errors
    /// [`Error::IndexOutOfRange`] if a row is out of range, [`Error::Invalid`] if there is none.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// let digits = retrograde::data::Dataset::embedded()?;
    /// let first_three = digits.train().select(&[0, 1, 2])?;
    /// assert_eq!(first_three.labels(), [0, 1, 2]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn select(&self, rows: &[u32]) -> Result<Self> {
        if rows.is_empty() {
            return Err(Error::invalid("selected rows", "there are none", "give at least one row"));
        }
        if let Some(row) = rows.iter().find(|row| **row as usize >= self.len()) {
            let problem = format!("row {row} is out of range for {} rows", self.len());
            let help = format!("give rows from 0 to {}", self.len() - 1);
            return Err(Error::index("selected rows", problem, help));
        }
        let weight = |weights: &Arc<[f64]>| rows.iter().map(|row| weights[*row as usize]).collect();
        Ok(Samples {
            features: self.features.select(rows)?,
            targets: self.targets.select(rows)?,
            weights: self.weights.as_ref().map(weight),
        })
    }

    /// The samples with their features in memory, where these stay in a file.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, [`Error::Format`] if a number is not finite, [`Error::OutOfMemory`].
    pub fn in_memory(&self) -> Result<Samples> {
        match &self.features {
            Features::Stored(rows) => Ok(Samples { features: rows.in_memory()?, ..self.clone() }),
            _ => Ok(self.clone()),
        }
    }

    /// The bytes of memory.
    pub(crate) fn memory(&self) -> usize {
        let weights = self.weights.as_ref().map_or(0, |weights| weights.len() * size_of::<f64>());
        self.features.memory() + self.targets.memory() + weights
    }
}

impl fmt::Debug for Samples {
    /// Only the sizes, not the numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Samples");
        text.field("len", &self.len())
            .field("row", &self.features.row_shape())
            .field("outputs", &self.outputs());
        text.field("weighted", &self.weights.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Matrix;
    use super::*;

    fn samples() -> Samples {
        let features = Matrix::new(3, (0..6).map(f64::from).collect()).unwrap();
        let targets = Targets::Reals(Matrix::new(3, (0..9).map(f64::from).collect()).unwrap());
        Samples::new(features, targets).unwrap()
    }

    #[test]
    fn rows_are_selected_with_their_targets_and_weights() {
        let samples = samples().weighted(vec![0.5, 1.0, 2.0]).unwrap();
        assert_eq!((samples.outputs(), samples.labels(), samples.image_shape()), (3, &[][..], None));
        let selected = samples.select(&[2, 0, 2]).unwrap();
        assert_eq!(selected.features().values()[..], [4.0, 5.0, 0.0, 1.0, 4.0, 5.0]);
        let Targets::Reals(targets) = selected.targets() else { panic!("{selected:?}") };
        assert_eq!(targets.row(1), Some(&[0.0, 1.0, 2.0][..]));
        assert_eq!(selected.weights(), Some(&[2.0, 0.5, 2.0][..]));
    }

    #[test]
    fn invalid_samples_are_errors() {
        let matrix = |rows, count| Matrix::new(rows, vec![0.0; count]).unwrap();
        let problem =
            |features: Matrix, targets: Targets| Samples::new(features, targets).unwrap_err().to_string();
        let error = problem(matrix(3, 6), Targets::reals(vec![0.0; 2]).unwrap());
        assert!(error.contains("2 targets for 3 rows"), "{error}");
        let error = problem(matrix(3, 0), Targets::reals(vec![0.0; 3]).unwrap());
        assert!(error.contains("3 rows of 0 features"), "{error}");
        assert!(Targets::classes(vec![0, 2], 2).unwrap_err().to_string().contains("label 2 of row 1"));
        for (weights, words) in [
            (vec![1.0; 2], "2 weights for 3 rows"),
            (vec![1.0, -1.0, 1.0], "-1 of row 1"),
            (vec![1.0, 1.0, f64::NAN], "NaN of row 2"),
            (vec![0.0; 3], "all 0"),
        ] {
            let error = samples().weighted(weights).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
