//! Multiplication, the first layer of the book (Saito, section 5.4.1).

use super::{Layer, Tensor, pair, remembered};
use retrograde_base::Result;

/// The product of two numbers.
///
/// ```text
/// forward    out = x · y
/// backward   dx = dout · y        since ∂out/∂x = y
///            dy = dout · x        since ∂out/∂y = x
/// ```
///
/// Each gradient is `dout` times the *other* factor, so the layer stores both.
///
/// As a [`Layer`] it takes the two factors as one array `[x, y]` and gives an array of shape `[]`.
#[derive(Debug, Clone, Default)]
pub struct MulLayer {
    factors: Option<(f64, f64)>,
}

impl MulLayer {
    /// A layer before its first `forward`.
    pub fn new() -> Self {
        Self::default()
    }

    /// `x · y`.
    pub fn forward(&mut self, x: f64, y: f64) -> f64 {
        self.factors = Some((x, y));
        x * y
    }

    /// `(dx, dy)` from `dout`; an error before the first `forward`.
    pub fn backward(&self, dout: f64) -> Result<(f64, f64)> {
        let (x, y) = remembered(self.factors.as_ref(), "MulLayer")?;
        Ok((dout * y, dout * x))
    }
}

impl Layer for MulLayer {
    // inputs: [2] → []
    fn forward(&mut self, inputs: &Tensor) -> Result<Tensor> {
        let (x, y) = pair::unpack("MulLayer", inputs)?;
        Ok(pair::pack_output(self.forward(x, y)))
    }

    // dout: [] → [2]
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let dout = pair::unpack_dout("MulLayer", dout)?;
        Ok(pair::pack(MulLayer::backward(self, dout)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_factor_gets_dout_times_the_other() -> Result<()> {
        let mut layer = MulLayer::new();
        assert_eq!(layer.forward(3.0, -5.0), -15.0);
        assert_eq!(layer.backward(2.0)?, (-10.0, 6.0));
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        let mut layer: Box<dyn Layer> = Box::new(MulLayer::new());
        assert!(
            layer.backward(&pair::pack_output(1.0)).unwrap_err().to_string().contains("call forward first")
        );
        for shape in [vec![], vec![3], vec![1, 2], vec![0]] {
            assert!(layer.forward(&Tensor::zeros(shape)).unwrap_err().to_string().contains("shape [2]"));
        }
        assert!(layer.backward(&Tensor::zeros(vec![2])).unwrap_err().to_string().contains("shape [2]"));
    }
}
