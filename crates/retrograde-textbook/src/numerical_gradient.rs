//! Numerical differentiation (Saito, sections 4.3 and 4.4).

use ndarray::{ArrayViewMutD, IxDyn};

use super::Tensor;
use retrograde_base::{Error, Result};

/// The step for numbers of magnitude up to 1: 2⁻¹⁶, about 1.5e-5. A larger number `x` has the step `STEP · |x|`.
///
/// A centered difference has two errors: truncation, `h² · f‴/6`, and rounding of the two losses, about `ε · |f| / h` with
/// ε = 1.1e-16. They are equal near `h = (6 ε |f| / |f‴|)^(1/3)`, which for losses of a few nats is 1e-5 to 3e-5, with
/// errors below 1e-10. The book takes 1e-4, with errors up to 1e-9. As a power of two, the step is exact.
pub const STEP: f64 = 1.0 / 65536.0;

/// The gradient of `loss` at `x` by centered differences.
///
/// ```text
/// ∂f/∂x_i ≈ (f(x + h·e_i) − f(x − h·e_i)) / 2h
/// ```
///
/// It needs no derivation, so it is the reference for backpropagation. It takes two evaluations for each element, which is
/// too slow for training.
///
/// `x` is changed in place, one element at a time, and every element gets back its bits, also if `loss` returns an error,
/// which is returned.
///
/// ```
/// # use retrograde::textbook::numerical_gradient;
/// let mut x = ndarray::arr1(&[3.0, 4.0]).into_dyn();
/// let gradient = numerical_gradient(|x| Ok(x[[0]].powi(2) + x[[1]].powi(2)), &mut x)?;
/// assert!((gradient[[0]] - 6.0).abs() < 1e-9 && (gradient[[1]] - 8.0).abs() < 1e-9);
/// # Ok::<(), retrograde::Error>(())
/// ```
// x: [...] → [...]
pub fn numerical_gradient(loss: impl FnMut(&Tensor) -> Result<f64>, x: &mut Tensor) -> Result<Tensor> {
    let mut loss = loss;
    numerical_gradient_within(x, |x| Ok(x.view_mut()), |x| loss(x))
}

/// The gradient of `loss(model)` with respect to an array inside the model, such as a layer's weights.
///
/// The notebook passes `self.params['w1']` and relies on the layers sharing that array. Here `parameter` returns the array
/// in the model. Otherwise as [`numerical_gradient`].
pub fn numerical_gradient_within<Model: ?Sized>(
    model: &mut Model,
    parameter: impl Fn(&mut Model) -> Result<ArrayViewMutD<'_, f64>>,
    mut loss: impl FnMut(&mut Model) -> Result<f64>,
) -> Result<Tensor> {
    // Replaces an element, and returns its previous value.
    let replace = |model: &mut Model, index: &IxDyn, value: f64| -> Result<f64> {
        let mut values = parameter(model)?;
        let element = values.get_mut(index).ok_or_else(|| {
            Error::invalid(
                "numerical_gradient",
                "the parameter changed its shape during the differentiation",
                "keep its shape",
            )
        })?;
        Ok(std::mem::replace(element, value))
    };

    let mut gradient = parameter(model)?.mapv(|_| 0.0);
    for (index, slope) in gradient.indexed_iter_mut() {
        let index = &index;
        let original = replace(model, index, f64::NAN)?;
        let h = STEP * original.abs().max(1.0);
        let (right, left) = (original + h, original - h);
        let mut loss_at = |value: f64| {
            replace(model, index, value)?;
            loss(model)
        };
        let losses = loss_at(right).and_then(|right| Ok((right, loss_at(left)?)));
        replace(model, index, original)?; // before the `?`, which may return

        let (loss_right, loss_left) = losses?;
        // Divided by the distance of the two rounded numbers, which may differ from 2h.
        *slope = (loss_right - loss_left) / (right - left);
    }
    Ok(gradient)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ShapeBuilder, arr1};

    use super::*;

    #[test]
    fn known_slopes() -> Result<()> {
        let mut x = arr1(&[0.0, 1.0, -2.0]).into_dyn();
        let gradient = numerical_gradient(|x| Ok(x.mapv(f64::exp).sum()), &mut x)?;
        // f‴ = exp and h is 2⁻¹⁶, twice that at −2: the formula's error is below h²·e/6 = 1.1e-10; rounding of a sum of
        // about 4 leaves 4.4e-16/h = 3e-11.
        for (slope, x) in gradient.iter().zip(&x) {
            assert!((slope - x.exp()).abs() <= 1.5e-10, "{slope} is not exp({x})");
        }
        // A parabola has no third derivative; only rounding is left, at values of 1e12 and steps of 15.
        let gradient = numerical_gradient(|x| Ok(x[[0]] * x[[0]]), &mut arr1(&[1e6]).into_dyn())?;
        assert!((gradient[[0]] / 2e6 - 1.0).abs() <= 1e-11, "{gradient}");
        Ok(())
    }

    #[test]
    fn every_bit_comes_back_even_when_the_loss_fails() {
        let values = [0.1, -0.0, 5e-324, 1e300, -1e-300, f64::MAX, f64::INFINITY, 1.0 / 3.0];
        let bits = |x: &Tensor| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let mut x = arr1(&values).into_dyn();
        let before = bits(&x);
        numerical_gradient(|x| Ok(x.sum()), &mut x).unwrap();
        assert_eq!(bits(&x), before);

        for good_calls in 0..2 * values.len() {
            let mut calls = 0;
            let failing = |_: &Tensor| {
                calls += 1;
                if calls > good_calls {
                    Err(Error::invalid("loss", "as planned", "nothing"))
                } else {
                    Ok(0.0)
                }
            };
            assert!(numerical_gradient(failing, &mut x).unwrap_err().to_string().contains("as planned"));
            assert_eq!(bits(&x), before);
        }
    }

    #[test]
    fn any_shape_and_layout() -> Result<()> {
        let weights = Tensor::from_shape_fn(vec![2, 3], |index| (10 * index[0] + index[1]) as f64);
        let mut by_columns = Array2::from_elem((2, 3).f(), 1.0).into_dyn();
        let gradient = numerical_gradient(|x| Ok((x * &weights).sum()), &mut by_columns)?;
        // Linear, so the difference is exact but for rounding at about 40, which leaves 7e-15/h.
        assert!((gradient - weights).iter().all(|error| error.abs() <= 1e-9));

        assert_eq!(numerical_gradient(|_| Ok(1.0), &mut Tensor::zeros(vec![0, 4]))?.shape(), [0, 4]);
        let scalar = numerical_gradient(|x| Ok(3.0 * x[[]]), &mut Tensor::zeros(vec![]))?;
        assert!((scalar[[]] - 3.0).abs() <= 1e-10);
        Ok(())
    }

    #[test]
    fn a_parameter_that_shrinks_meanwhile_is_an_error() {
        let mut model = (Tensor::zeros(vec![3]), 0);
        let result = numerical_gradient_within(
            &mut model,
            |model| Ok(model.0.view_mut()),
            |model| {
                model.0 = Tensor::zeros(vec![1]);
                Ok(0.0)
            },
        );
        assert!(result.unwrap_err().to_string().contains("changed its shape"));
    }
}
