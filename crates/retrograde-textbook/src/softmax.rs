//! Softmax and its logarithm (Saito, section 3.5).

use super::Tensor;

/// The softmax of each row: positive numbers that sum to 1.
///
/// ```text
/// y_c = exp(x_c − m) / Σ_k exp(x_k − m),   m = the largest of the row
/// ```
///
/// Subtracting `m` does not change the result and keeps `exp` from overflowing. The maximum and the sum run over one row,
/// the last axis: `[C]` is one row, `[N, C]` a batch. A row with NaN becomes all NaN.
///
/// The notebook has `np.max(x)` and `np.sum(exp_x)` without an axis. For one row that is the same; in a batch the rows
/// share one maximum and one sum, so that the probabilities of *all* rows together sum to 1, and those of each row to about
/// 1/N. There is no error, the shapes match, and the gradient is wrong. The book transposes the batch to avoid this.
///
/// ```
/// # use retrograde::textbook::softmax;
/// let logits = ndarray::arr2(&[[0.0, 0.0], [1000.0, 0.0]]).into_dyn();
/// assert_eq!(softmax(&logits), ndarray::arr2(&[[0.5, 0.5], [1.0, 0.0]]).into_dyn());
/// ```
// x: [..., C] → [..., C]
pub fn softmax(x: &Tensor) -> Tensor {
    let mut y = x.clone();
    for mut row in y.rows_mut() {
        let max = row.fold(f64::NEG_INFINITY, |max, &x| max.max(x));
        row.mapv_inplace(|x| (x - max).exp());
        let sum = row.sum();
        row.mapv_inplace(|exp| exp / sum);
    }
    y
}

/// The logarithm of the softmax of each row.
///
/// ```text
/// ln y_c = x_c − m − ln Σ_k exp(x_k − m),   m = the largest of the row
/// ```
///
/// Equal to `ln(softmax(x))` in exact arithmetic. In floating point a probability below 1e-308 is 0 and its logarithm −∞;
/// this formula never computes the probability and is accurate for logits of any size.
// x: [..., C] → [..., C]
pub fn log_softmax(x: &Tensor) -> Tensor {
    let mut log_y = x.clone();
    for mut row in log_y.rows_mut() {
        let max = row.fold(f64::NEG_INFINITY, |max, &x| max.max(x));
        let log_sum = row.fold(0.0, |sum, &x| sum + (x - max).exp()).ln();
        row.mapv_inplace(|x| x - max - log_sum);
    }
    log_y
}

#[cfg(test)]
mod tests {
    use ndarray::{Axis, arr1, arr2};

    use super::*;

    #[test]
    fn the_books_example() {
        // Saito, section 3.5.1 prints [0.01821127, 0.24519181, 0.73659691].
        let y = softmax(&arr1(&[0.3, 2.9, 4.0]).into_dyn());
        for (y, printed) in y.iter().zip([0.018_211_27, 0.245_191_81, 0.736_596_91]) {
            assert!((y - printed).abs() <= 0.5e-8, "{y} is not {printed}");
        }
    }

    #[test]
    fn rows_do_not_see_each_other() {
        let batch = arr2(&[[0.3, 2.9, 4.0], [-7.0, 900.0, 1.0], [0.0, 0.0, 0.0]]).into_dyn();
        for of in [softmax, log_softmax] {
            let together = of(&batch);
            for (row, alone) in together.rows().into_iter().zip(batch.rows()) {
                assert_eq!(row.into_dyn(), of(&alone.to_owned().into_dyn()));
            }
        }
        // Three numbers of at most 1, each rounded: the sum is within two units in the last place.
        for sum in softmax(&batch).sum_axis(Axis(1)) {
            assert!((sum - 1.0).abs() <= 2.0 * f64::EPSILON, "a row sums to {sum}");
        }
    }

    #[test]
    fn huge_logits_stay_finite() {
        let x = arr2(&[[1e308, 0.0, -1e300], [-1e300, -1e300, -1e300], [1e5, 1e5 + 1.0, 0.0]]).into_dyn();
        assert!(softmax(&x).iter().chain(&log_softmax(&x)).all(|y| y.is_finite()));
        assert_eq!(softmax(&x).row(0), [1.0, 0.0, 0.0]);
        assert_eq!(log_softmax(&x).row(0), [0.0, -1e308, -1e300 - 1e308]);
    }

    #[test]
    fn the_logarithm_agrees_where_both_can_be_formed() {
        let x = arr2(&[[0.3, 2.9, 4.0], [-30.0, 0.0, 30.0]]).into_dyn();
        // Both formulas round about five times at magnitudes up to 60, whose unit in the last place is 7e-15.
        for (log, y) in log_softmax(&x).iter().zip(&softmax(&x)) {
            assert!((log - y.ln()).abs() <= 4e-14, "{log} is not ln {y}");
        }
    }

    #[test]
    fn odd_shapes_and_numbers_pass_without_a_panic() {
        for shape in [vec![], vec![0], vec![1], vec![0, 3], vec![3, 0], vec![2, 2, 2]] {
            assert_eq!(softmax(&Tensor::zeros(shape.clone())).shape(), shape);
            assert_eq!(log_softmax(&Tensor::zeros(shape.clone())).shape(), shape);
        }
        let y = softmax(&arr2(&[[f64::NAN, 1.0], [2.0, 2.0]]).into_dyn());
        assert!(y.row(0).iter().all(|y| y.is_nan()));
        assert_eq!(y.row(1), [0.5, 0.5]);
    }

    /// Rows of a two-axis array as slices, for readable assertions.
    trait Row {
        fn row(&self, index: usize) -> &[f64];
    }
    impl Row for Tensor {
        fn row(&self, index: usize) -> &[f64] {
            let width = self.shape()[1];
            &self.as_slice().unwrap()[index * width..][..width]
        }
    }
}
