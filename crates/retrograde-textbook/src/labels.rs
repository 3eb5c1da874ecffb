//! Labels: a class for each row, or a distribution over the classes for each row.

use ndarray::Array2;

use super::Tensor;
use retrograde_base::{Error, Result};

/// The label of each row of logits, in one of two forms with different types.
///
/// The book accepts both in one array and decides by `t.size == y.size`: it confuses a batch of `C·N` rows with one-hot
/// labels for `N`, without an error. The notebook takes only one-hot rows.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    /// The index of the right class for each row, in the order of the rows.
    Classes(Vec<usize>),
    /// For each row a distribution over the classes, in an array of the logits' shape: one-hot rows such as
    /// `[0, 0, 1]`, or soft ones such as `[0.05, 0.05, 0.9]`. Each row has no negative number and sums to 1.
    Rows(Tensor),
}

/// The largest deviation of a row's sum from 1. Rounding in `f64` is far smaller; a larger deviation is not a distribution,
/// and the gradient y − t would be wrong by as much.
const SUM_TOLERANCE: f64 = 1e-9;

impl Labels {
    /// The labels as distributions, in the shape of the logits.
    ///
    /// An error if their number is not that of the rows, a class is out of range, or a row is not a distribution.
    // logits: [..., C] → [..., C]
    pub fn to_rows(&self, logits: &Tensor) -> Result<Tensor> {
        let shape = logits.shape();
        let Some((&class_count, leading)) = shape.split_last() else {
            return Err(Error::invalid("logits", "there is no axis of classes", "pass shape [C] or [N, C]"));
        };
        match self {
            Labels::Classes(classes) => one_hot(classes, class_count, leading.iter().product(), shape),
            Labels::Rows(rows) if rows.shape() == shape => {
                expect_distributions(rows)?;
                Ok(rows.clone())
            }
            Labels::Rows(rows) => Err(Error::invalid(
                "labels",
                format!("they have shape {:?}, the logits have {shape:?}", rows.shape()),
                "pass a distribution for each row of logits; for class indices use Labels::Classes",
            )),
        }
    }
}

/// One-hot rows of class indices.
fn one_hot(classes: &[usize], class_count: usize, row_count: usize, shape: &[usize]) -> Result<Tensor> {
    if classes.len() != row_count {
        return Err(Error::invalid(
            "labels",
            format!("there are {} for logits of shape {shape:?}", classes.len()),
            format!("pass one for each of the {row_count} rows"),
        ));
    }
    let mut rows = Tensor::zeros(shape);
    for (index, (mut row, &class)) in rows.rows_mut().into_iter().zip(classes).enumerate() {
        *row.get_mut(class).ok_or_else(|| {
            Error::invalid(
                "labels",
                format!("label {index} is {class}, but there are {class_count} classes"),
                "count classes from 0",
            )
        })? = 1.0;
    }
    Ok(rows)
}

fn expect_distributions(rows: &Tensor) -> Result<()> {
    for (index, row) in rows.rows().into_iter().enumerate() {
        let sum = row.sum();
        // The comparison is written so that NaN, which compares as false, is an error.
        let is_distribution = row.iter().all(|&share| share >= 0.0) && (sum - 1.0).abs() <= SUM_TOLERANCE;
        if !is_distribution {
            return Err(Error::invalid(
                "labels",
                format!("row {index} is not a distribution: it sums to {sum} or has a negative number"),
                "divide each row by its sum; for class indices use Labels::Classes",
            ));
        }
    }
    Ok(())
}

impl From<Vec<usize>> for Labels {
    fn from(classes: Vec<usize>) -> Self {
        Labels::Classes(classes)
    }
}

impl From<Array2<f64>> for Labels {
    fn from(rows: Array2<f64>) -> Self {
        Labels::Rows(rows.into_dyn())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2};

    use super::*;

    fn logits(shape: &[usize]) -> Tensor {
        Tensor::zeros(shape)
    }

    #[test]
    fn classes_become_one_hot_rows() -> Result<()> {
        let one_hot = arr2(&[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
        assert_eq!(Labels::from(vec![2, 0]).to_rows(&logits(&[2, 3]))?, one_hot.clone().into_dyn());
        assert_eq!(Labels::from(one_hot.clone()).to_rows(&logits(&[2, 3]))?, one_hot.into_dyn());
        assert_eq!(Labels::from(vec![1]).to_rows(&logits(&[2]))?, arr1(&[0.0, 1.0]).into_dyn());
        assert_eq!(Labels::from(vec![]).to_rows(&logits(&[0, 3]))?.shape(), [0, 3]);
        Ok(())
    }

    /// The case that the book's test of sizes gets wrong: as many class indices as elements of the logits.
    #[test]
    fn spellings_are_not_guessed_by_counting() {
        let indices_as_numbers = Labels::Rows(arr1(&[0.0, 1.0, 1.0, 0.0]).into_dyn());
        assert!(
            indices_as_numbers.to_rows(&logits(&[2, 2])).unwrap_err().to_string().contains("Labels::Classes")
        );
        assert!(
            Labels::from(vec![0, 1, 1, 0])
                .to_rows(&logits(&[2, 2]))
                .unwrap_err()
                .to_string()
                .contains("2 rows")
        );
    }

    #[test]
    fn invalid_arguments_are_errors() {
        let refusal = |labels: Labels, shape: &[usize]| {
            labels.to_rows(&logits(shape)).map(|_| ()).unwrap_err().to_string()
        };
        assert!(refusal(vec![0].into(), &[]).contains("no axis of classes"));
        let message = refusal(vec![0, 3].into(), &[2, 3]);
        assert!(message.contains("label 1 is 3") && message.contains("3 classes"), "{message}");
        assert!(refusal(vec![0, usize::MAX].into(), &[2, 3]).contains("3 classes"));
        assert!(refusal(vec![0].into(), &[1, 0]).contains("0 classes"));
        for row in [[0.5, 0.6], [1.5, -0.5], [f64::NAN, 1.0], [f64::INFINITY, 0.0], [0.0, 0.0]] {
            let message = refusal(arr2(&[[0.0, 1.0], row]).into(), &[2, 2]);
            assert!(message.contains("row 1 is not a distribution"), "{message}");
        }
    }
}
