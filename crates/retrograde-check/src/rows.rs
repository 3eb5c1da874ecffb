//! Converts samples for layers written by hand.

use retrograde_base::error::{Error, Result};
use retrograde_textbook::{Labels, Tensor};
use retrograde_train::data::{ImageLayout, LabeledImages};

/// The rows of these samples, `[N, pixels]`, from 0 to 1, and their labels.
pub fn rows(samples: &LabeledImages) -> Result<(Tensor, Labels)> {
    let x =
        Tensor::from_shape_vec(samples.shape(ImageLayout::Flat), samples.normalized()).map_err(|error| {
            Error::invalid("samples", error.to_string(), "pass as many pixels as the shape has")
        })?;
    Ok((x, Labels::Classes(samples.labels().iter().map(|&label| label as usize).collect())))
}
