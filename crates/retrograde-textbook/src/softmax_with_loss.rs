//! Softmax and cross entropy in one layer (Saito, section 5.6.3 and appendix A).

use super::cross_entropy::expect_rows;
use super::{Labels, LossLayer, Tensor, cross_entropy_error, remembered, softmax};
use retrograde_base::Result;

/// The last layer: softmax of each row, and the mean cross entropy with the labels.
///
/// ```text
/// forward    y    = softmax(x), row by row
///            loss = −(1/N) Σ_n Σ_c t[n, c] · ln y[n, c]
/// backward   dx   = dout · (y − t) / N
/// ```
///
/// The derivative: with `ln y_c = x_c − ln Σ_k exp(x_k)`, a row's loss is `(Σ_c t_c) · ln Σ_k exp(x_k) − Σ_c t_c x_c`,
/// and the `t_c` sum to 1, so its slope in `x_c` is `exp(x_c)/Σ_k exp(x_k) − t_c = y_c − t_c`. The mean divides by `N`.
/// Each row of `dx` sums to 0, because a constant added to all logits of a row does not change the loss.
///
/// With the notebook's softmax over the whole batch the same derivation gives `y − t/N`, because all rows share one sum,
/// but the code still returns `(y − t)/N`. That is too small by `y · (1 − 1/N)` everywhere, so that descent increases every
/// logit at every step, most where the probability is largest. And the book's `backward` ignores `dout`, so that the
/// gradient of a scaled loss, or of one of several losses, is wrong.
#[derive(Debug, Clone, Default)]
pub struct SoftmaxWithLoss {
    /// The probabilities and the labels, both `[..., C]`.
    memory: Option<(Tensor, Tensor)>,
}

impl SoftmaxWithLoss {
    /// A layer before its first `forward`.
    pub fn new() -> Self {
        Self::default()
    }

    /// The probabilities of the last `forward`, `[..., C]`; `None` before the first.
    pub fn probabilities(&self) -> Option<&Tensor> {
        self.memory.as_ref().map(|(y, _)| y)
    }
}

impl LossLayer for SoftmaxWithLoss {
    // logits: [..., C], labels: N → []
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        let loss = cross_entropy_error(logits, labels)?;
        self.memory = Some((softmax(logits), labels.to_rows(logits)?));
        Ok(loss)
    }

    // dout: [] → [..., C]
    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        let (y, t) = remembered(self.memory.as_ref(), "SoftmaxWithLoss")?;
        Ok((y - t) * (dout / expect_rows(y)?))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Axis, arr1, arr2};

    use super::*;

    #[test]
    fn the_gradient_is_y_minus_t_over_n_times_dout() -> Result<()> {
        let mut layer = SoftmaxWithLoss::new();
        let loss = layer.forward(&Tensor::zeros(vec![2, 4]), &vec![0, 3].into())?;
        assert_eq!(loss, 4.0_f64.ln());
        assert_eq!(layer.probabilities(), Some(&Tensor::from_elem(vec![2, 4], 0.25)));
        let expected = arr2(&[[-0.375, 0.125, 0.125, 0.125], [0.125, 0.125, 0.125, -0.375]]).into_dyn();
        assert_eq!(layer.backward(1.0)?, expected);
        assert_eq!(layer.backward(-8.0)?, expected.mapv(|dx| -8.0 * dx));
        assert_eq!(layer.backward(0.0)?.mapv(f64::abs), Tensor::zeros(vec![2, 4]));
        Ok(())
    }

    #[test]
    fn each_row_of_the_gradient_sums_to_zero() -> Result<()> {
        let mut layer = SoftmaxWithLoss::new();
        layer.forward(&arr2(&[[5.0, -3.0, 1000.0], [0.1, 0.2, 0.3]]).into_dyn(), &vec![1, 1].into())?;
        // Three numbers of at most 1/2, each rounded.
        assert!(layer.backward(1.0)?.sum_axis(Axis(1)).iter().all(|sum| sum.abs() <= 2.0 * f64::EPSILON));
        Ok(())
    }

    #[test]
    fn one_row_is_a_batch_of_one() -> Result<()> {
        let (mut row, mut batch) = (SoftmaxWithLoss::new(), SoftmaxWithLoss::new());
        let loss = row.forward(&arr1(&[0.3, 2.9, 4.0]).into_dyn(), &vec![1].into())?;
        assert_eq!(loss, batch.forward(&arr2(&[[0.3, 2.9, 4.0]]).into_dyn(), &vec![1].into())?);
        assert_eq!(row.backward(1.0)?, batch.backward(1.0)?.remove_axis(Axis(0)));
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        let mut layer = SoftmaxWithLoss::new();
        assert!(layer.backward(1.0).unwrap_err().to_string().contains("call forward first"));
        let logits = Tensor::zeros(vec![2, 3]);
        assert!(layer.forward(&logits, &vec![0].into()).unwrap_err().to_string().contains("2 rows"));
        assert!(layer.forward(&logits, &vec![0, 3].into()).unwrap_err().to_string().contains("3 classes"));
        assert!(layer.probabilities().is_none(), "a refused forward leaves nothing to go back through");
    }
}
