//! All numbers of a sample as one row (Saito, section 7.4: what `Affine` does with images).

use super::layer::expect_dout_shape;
use super::{Layer, Tensor, remembered};
use retrograde_base::{Error, Result};

/// All axes after the first as one.
///
/// ```text
/// forward    out = x.reshape(N, −1)        [N, A, B, …] → [N, A·B·…]
/// backward   dx  = dout.reshape(x.shape)   [N, A·B·…] → [N, A, B, …]
/// ```
///
/// The book's `Affine` does this itself. Here it is a layer, because [`Affine`](super::Affine) accepts any number of leading
/// axes.
#[derive(Debug, Clone, Default)]
pub struct Flatten {
    shape: Option<Vec<usize>>,
}

impl Flatten {
    /// A layer before its first `forward`.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Layer for Flatten {
    // x: [N, ...] → out: [N, D]
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let out = flattened(x)
            .ok_or_else(|| Error::invalid("Flatten, forward", "x has no axis", "pass a batch, [N, ...]"))?;
        self.shape = Some(x.shape().to_vec());
        Ok(out)
    }

    // dout: [N, D] → dx: [N, ...]
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let shape = remembered(self.shape.as_ref(), "Flatten")?;
        expect_dout_shape("Flatten", dout, &[shape[0], shape[1..].iter().product()])?;
        Ok(dout.to_shape(shape.as_slice()).expect("the same numbers").into_owned())
    }
}

/// `[N, ...]` → `[N, D]`; `None` for an array without axes.
pub(super) fn flattened(x: &Tensor) -> Option<Tensor> {
    let (&rows, rest) = x.shape().split_first()?;
    let columns: usize = rest.iter().product();
    Some(x.to_shape(vec![rows, columns]).expect("the same numbers").into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_keep_their_order() -> Result<()> {
        let x = Tensor::from_shape_fn(vec![2, 3, 1, 2], |at| (at[0] * 6 + at[1] * 2 + at[3]) as f64);
        let mut layer = Flatten::new();
        let out = layer.forward(&x)?;
        assert_eq!(out, Tensor::from_shape_fn(vec![2, 6], |at| (at[0] * 6 + at[1]) as f64));
        assert_eq!(layer.backward(&out)?, x);
        assert_eq!(layer.forward(&Tensor::zeros(vec![0, 3, 4]))?.shape(), [0, 12]);
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        let mut layer = Flatten::new();
        assert!(
            layer.backward(&Tensor::zeros(vec![2])).unwrap_err().to_string().contains("call forward first")
        );
        assert!(layer.forward(&Tensor::zeros(vec![])).unwrap_err().to_string().contains("no axis"));
        layer.forward(&Tensor::zeros(vec![2, 3, 4])).unwrap();
        let message = layer.backward(&Tensor::zeros(vec![2, 3, 4])).unwrap_err().to_string();
        assert!(message.contains("[2, 12]"), "{message}");
    }
}
