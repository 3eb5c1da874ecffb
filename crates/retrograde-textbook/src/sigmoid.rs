//! The logistic sigmoid (Saito, section 5.5.2).

use super::layer::expect_dout_shape;
use super::{Layer, Tensor, remembered};
use retrograde_base::Result;

/// The logistic sigmoid, element by element.
///
/// ```text
/// forward    out = 1 / (1 + exp(−x))
/// backward   dx  = dout · out · (1 − out)
/// ```
///
/// The derivative: with `u = 1 + exp(−x)` and `out = 1/u`, ∂out/∂x = (−1/u²) · (−exp(−x)) = out² · exp(−x), and
/// `exp(−x) = u − 1 = (1 − out)/out`. So only the output is stored. The slope is taken at the *output*: `x · (1 − x)` is a
/// common mistake.
///
/// For very negative x, `exp(−x)` overflows to infinity and the quotient is 0, with an error below 1e-308.
#[derive(Debug, Clone, Default)]
pub struct Sigmoid {
    out: Option<Tensor>,
}

impl Sigmoid {
    /// A layer before its first `forward`.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Layer for Sigmoid {
    // x: [...] → out: [...]
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let out = x.mapv(|x| 1.0 / (1.0 + (-x).exp()));
        self.out = Some(out.clone());
        Ok(out)
    }

    // dout: [...] → dx: [...]
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let out = remembered(self.out.as_ref(), "Sigmoid")?;
        expect_dout_shape("Sigmoid", dout, out.shape())?;
        let slope = out.mapv(|out| out * (1.0 - out));
        Ok(dout * &slope)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;

    use super::*;

    #[test]
    fn it_is_a_half_at_zero_and_flat_far_out() -> Result<()> {
        let mut layer = Sigmoid::new();
        let out = layer.forward(&arr1(&[0.0, -1e9, 1e9, f64::NEG_INFINITY, f64::INFINITY]).into_dyn())?;
        assert_eq!(out, arr1(&[0.5, 0.0, 1.0, 0.0, 1.0]).into_dyn());
        let dx = layer.backward(&Tensor::from_elem(vec![5], 8.0))?;
        assert_eq!(dx, arr1(&[2.0, 0.0, 0.0, 0.0, 0.0]).into_dyn());
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        let mut layer = Sigmoid::new();
        assert!(
            layer.backward(&Tensor::ones(vec![2])).unwrap_err().to_string().contains("call forward first")
        );
        layer.forward(&Tensor::ones(vec![2])).unwrap();
        assert!(layer.backward(&Tensor::ones(vec![1])).unwrap_err().to_string().contains("[2]"));
    }
}
