//! The cross entropy of logits and labels (Saito, section 4.2.2).

use ndarray::Zip;

use super::{Labels, Tensor, log_softmax};
use retrograde_base::{Error, Result};

/// The mean cross entropy, in nats, averaged over the rows.
///
/// ```text
/// loss = −(1/N) Σ_n Σ_c t[n, c] · ln softmax(x[n])[c]
/// ```
///
/// For class indices it is the mean of −ln of the probability of the right class. An untrained network gives each of `C`
/// classes about 1/C, so a first loss far from ln C (2.30 for ten digits) indicates a fault.
///
/// It takes **logits**, where the book takes probabilities. The book computes `ln(y + 1e-7)`, because a probability can
/// round to 0; that caps the loss at 16.1, makes the gradient y − t slightly wrong everywhere, and entirely wrong for
/// confident errors. [`log_softmax`] needs no epsilon.
///
/// An error without rows, or if the labels do not match the logits ([`Labels::to_rows`]).
// logits: [..., C], labels: N → []
pub fn cross_entropy_error(logits: &Tensor, labels: &Labels) -> Result<f64> {
    let t = labels.to_rows(logits)?;
    let row_count = expect_rows(logits)?;
    // Where t is 0 the term is 0, even if the logarithm is −∞: their product would be NaN.
    let sum = Zip::from(&t).and(&log_softmax(logits)).fold(
        0.0,
        |sum, &t, &log_y| {
            if t == 0.0 { sum } else { sum + t * log_y }
        },
    );
    Ok(-sum / row_count)
}

/// The number of rows, `N`, as the divisor of a mean; an error for 0.
pub(super) fn expect_rows(logits: &Tensor) -> Result<f64> {
    match logits.rows().into_iter().len() {
        0 => Err(Error::invalid(
            "logits",
            "there are no rows, so there is no mean loss",
            "pass at least one row",
        )),
        count => Ok(count as f64),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2};

    use super::*;

    #[test]
    fn uniform_logits_cost_ln_c() -> Result<()> {
        for rows in [1, 3, 100] {
            let loss = cross_entropy_error(&Tensor::zeros(vec![rows, 10]), &vec![7; rows].into())?;
            // Up to 100 additions round by half a unit at up to 230, which is 1.4e-14 each, and the mean divides by 100.
            assert!((loss - 10.0_f64.ln()).abs() <= 2e-14);
        }
        Ok(())
    }

    #[test]
    fn the_mean_over_rows_and_either_form_of_labels() -> Result<()> {
        let logits = arr2(&[[0.3, 2.9, 4.0], [1.0, -1.0, 0.0]]).into_dyn();
        let log_y = log_softmax(&logits);
        let expected = -(log_y[[0, 2]] + log_y[[1, 0]]) / 2.0;
        assert_eq!(cross_entropy_error(&logits, &vec![2, 0].into())?, expected);
        let one_hot = arr2(&[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
        assert_eq!(cross_entropy_error(&logits, &one_hot.into())?, expected);

        let soft = cross_entropy_error(
            &arr1(&[0.0, 0.0]).into_dyn(),
            &Labels::Rows(arr1(&[0.25, 0.75]).into_dyn()),
        )?;
        assert_eq!(soft, 2.0_f64.ln());
        Ok(())
    }

    /// The book's epsilon caps the loss at 16.1; here it is exact.
    #[test]
    fn a_confident_error_has_its_exact_loss() -> Result<()> {
        let logits = arr1(&[1000.0, 0.0]).into_dyn();
        assert_eq!(cross_entropy_error(&logits, &vec![1].into())?, 1000.0);
        assert_eq!(cross_entropy_error(&logits, &vec![0].into())?, 0.0);
        let impossible = arr1(&[0.0, f64::NEG_INFINITY]).into_dyn();
        assert_eq!(cross_entropy_error(&impossible, &vec![0].into())?, 0.0);
        assert_eq!(cross_entropy_error(&impossible, &vec![1].into())?, f64::INFINITY);
        assert!(cross_entropy_error(&arr1(&[f64::NAN, 0.0]).into_dyn(), &vec![1].into())?.is_nan());
        Ok(())
    }

    #[test]
    fn zero_rows_are_an_error() {
        let message =
            cross_entropy_error(&Tensor::zeros(vec![0, 3]), &vec![].into()).unwrap_err().to_string();
        assert!(message.contains("at least one row"), "{message}");
    }
}
