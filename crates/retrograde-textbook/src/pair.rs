//! Adapts layers of two numbers to arrays.
//!
//! `MulLayer` and `AddLayer` take two numbers and give one, as in the notebook. As a [`Layer`](super::Layer) they take one
//! array `[x, y]`, so that checks of layers apply to them.

use ndarray::{Ix0, Ix1, arr0, arr1};

use super::Tensor;
use retrograde_base::{Error, Result};

/// The two numbers in an array of shape `[2]`.
pub(super) fn unpack(layer: &str, inputs: &Tensor) -> Result<(f64, f64)> {
    match inputs.view().into_dimensionality::<Ix1>() {
        Ok(pair) if pair.len() == 2 => Ok((pair[0], pair[1])),
        _ => Err(Error::invalid(
            format!("{layer}, forward"),
            format!("the input has shape {:?}", inputs.shape()),
            "pass both numbers as one array of shape [2]",
        )),
    }
}

/// The one number in an array of shape `[]`.
pub(super) fn unpack_dout(layer: &str, dout: &Tensor) -> Result<f64> {
    super::layer::expect_dout_shape(layer, dout, &[])?;
    let number = dout.view().into_dimensionality::<Ix0>().expect("the shape was just seen to be []");
    Ok(number.into_scalar().to_owned())
}

/// Two numbers as an array of shape `[2]`.
pub(super) fn pack((x, y): (f64, f64)) -> Tensor {
    arr1(&[x, y]).into_dyn()
}

/// One number as an array of shape `[]`.
pub(super) fn pack_output(output: f64) -> Tensor {
    arr0(output).into_dyn()
}
