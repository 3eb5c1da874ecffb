//! The rectified linear unit (Saito, section 5.5.1).

use ndarray::{ArrayD, Zip};

use super::layer::expect_dout_shape;
use super::{Layer, Tensor, remembered};
use retrograde_base::Result;

/// The rectified linear unit, element by element.
///
/// ```text
/// forward    out = x     where x > 0,   0 elsewhere
/// backward   dx  = dout  where x > 0,   0 elsewhere
/// ```
///
/// At `x = 0` there is a kink: the slope is 0 on the left and 1 on the right. This layer takes 0, as the book does. NaN
/// stays NaN and does not become 0.
///
/// The book's `backward` writes the zeros into `dout` itself and returns it as `dx`. Other users of that array, such as a
/// second branch of the graph, then get a wrong gradient. Here `dx` is a new array.
#[derive(Debug, Clone, Default)]
pub struct Relu {
    /// Where the input was ≤ 0.
    mask: Option<ArrayD<bool>>,
}

impl Relu {
    /// A layer before its first `forward`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the last input was ≤ 0: there the output and the gradient are 0. `None` before the first `forward`.
    pub fn mask(&self) -> Option<&ArrayD<bool>> {
        self.mask.as_ref()
    }
}

impl Layer for Relu {
    // x: [...] → out: [...]
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let mask = self.mask.insert(x.mapv(|x| x <= 0.0));
        Ok(zero_where(mask, x))
    }

    // dout: [...] → dx: [...]
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let mask = remembered(self.mask.as_ref(), "Relu")?;
        expect_dout_shape("Relu", dout, mask.shape())?;
        Ok(zero_where(mask, dout))
    }
}

/// A copy of `values` with 0 where `mask` is true.
fn zero_where(mask: &ArrayD<bool>, values: &Tensor) -> Tensor {
    Zip::from(mask).and(values).map_collect(|&masked, &value| if masked { 0.0 } else { value })
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;

    use super::*;

    #[test]
    fn values_up_to_zero_become_zero_and_nan_stays() -> Result<()> {
        let mut layer = Relu::new();
        let out = layer.forward(&arr1(&[-1.0, -0.0, 0.0, 5e-324, f64::INFINITY, f64::NAN]).into_dyn())?;
        assert_eq!(out.iter().map(|out| out.to_bits()).take(4).collect::<Vec<_>>(), [0, 0, 0, 1]);
        assert!(out[[4]].is_infinite() && out[[5]].is_nan());

        let dx = layer.backward(&arr1(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).into_dyn())?;
        assert_eq!(dx, arr1(&[0.0, 0.0, 0.0, 4.0, 5.0, 6.0]).into_dyn());
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        let mut layer = Relu::new();
        let dout = Tensor::ones(vec![2]);
        assert!(layer.backward(&dout).unwrap_err().to_string().contains("call forward first"));
        layer.forward(&Tensor::ones(vec![3, 2])).unwrap();
        let message = layer.backward(&dout).unwrap_err().to_string();
        assert!(message.contains("[2]") && message.contains("[3, 2]"), "{message}");
    }
}
