//! Addition, the second layer of the book (Saito, section 5.4.2).

use super::{Layer, Tensor, pair};
use retrograde_base::Result;

/// The sum of two numbers.
///
/// ```text
/// forward    out = x + y
/// backward   dx = dout · 1        since ∂out/∂x = 1
///            dy = dout · 1        since ∂out/∂y = 1
/// ```
///
/// A sum passes its upstream gradient on, so `backward` needs no stored input and no `forward` before it.
///
/// As a [`Layer`] it takes the two summands as one array `[x, y]` and gives an array of shape `[]`.
#[derive(Debug, Clone, Default)]
pub struct AddLayer;

impl AddLayer {
    /// A layer; it has no state.
    pub fn new() -> Self {
        Self
    }

    /// `x + y`.
    pub fn forward(&self, x: f64, y: f64) -> f64 {
        x + y
    }

    /// `(dx, dy)` from `dout`.
    pub fn backward(&self, dout: f64) -> (f64, f64) {
        (dout, dout)
    }
}

impl Layer for AddLayer {
    // inputs: [2] → []
    fn forward(&mut self, inputs: &Tensor) -> Result<Tensor> {
        let (x, y) = pair::unpack("AddLayer", inputs)?;
        Ok(pair::pack_output(AddLayer::forward(self, x, y)))
    }

    // dout: [] → [2]
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let dout = pair::unpack_dout("AddLayer", dout)?;
        Ok(pair::pack(AddLayer::backward(self, dout)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_summands_get_dout() {
        let layer = AddLayer::new();
        assert_eq!(layer.forward(3.0, -5.0), -2.0);
        assert_eq!(layer.backward(2.0), (2.0, 2.0));
    }

    #[test]
    fn invalid_arguments_are_errors() {
        let mut layer: Box<dyn Layer> = Box::new(AddLayer::new());
        assert!(layer.forward(&Tensor::zeros(vec![3])).unwrap_err().to_string().contains("shape [2]"));
        assert!(layer.backward(&Tensor::zeros(vec![2])).unwrap_err().to_string().contains("shape []"));
    }
}
