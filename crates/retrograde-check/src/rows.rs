//! Converts samples for layers written by hand.

use retrograde_base::error::{Error, Result};
use retrograde_textbook::{Labels, Tensor};
use retrograde_train::data::Samples;

/// The rows of these samples, `[N, features]`, and their labels.
///
/// # Errors
/// [`Error::Invalid`] if the samples have no labels.
pub fn rows(samples: &Samples) -> Result<(Tensor, Labels)> {
    if samples.labels().is_empty() {
        return Err(Error::invalid(
            "samples",
            "their targets are no class indices",
            "give samples with labels",
        ));
    }
    let samples = &samples.in_memory()?;
    let values = samples.features().values().into_owned();
    let x = Tensor::from_shape_vec(vec![samples.len(), samples.row_len()], values).map_err(|error| {
        Error::invalid("samples", error.to_string(), "pass as many numbers as the shape has")
    })?;
    Ok((x, Labels::Classes(samples.labels().iter().map(|&label| label as usize).collect())))
}
