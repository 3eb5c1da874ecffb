//! Finds the axis of the input along which a layer takes other lengths. Samples lie along rows for most layers, along
//! columns for some; a layer made for one batch takes no other length.

use retrograde_textbook::{Layer, Tensor};

/// The axis of the samples.
#[derive(Debug, Clone)]
pub(super) struct BatchAxis {
    /// The axis of the input.
    pub axis: usize,
    /// Inputs with another length along it.
    pub inputs: Vec<Tensor>,
}

/// Draws an input of a shape that the layer has finite outputs for.
pub(super) type Draw<'a> = dyn FnMut(&mut dyn Layer, &[usize]) -> Option<Tensor> + 'a;

/// The first axis along which the layer takes two more elements than `given`, with inputs of that length and of length 1.
///
/// The outputs must follow: the same output axes grow each time. A layer that gives the output of three rows for one row
/// has broadcast it against a stored array.
pub(super) fn batch_axis(layer: &mut dyn Layer, given: &Tensor, draw: &mut Draw<'_>) -> Option<BatchAxis> {
    if given.ndim() < 2 {
        return None;
    }
    let out = layer.forward(given).ok()?.shape().to_vec();
    given.shape().iter().enumerate().filter(|(_, length)| **length > 0).find_map(|(axis, &length)| {
        let mut other = |layer: &mut dyn Layer, length: usize| -> Option<(Tensor, Vec<usize>)> {
            let mut shape = given.shape().to_vec();
            shape[axis] = length;
            let x = draw(layer, &shape)?;
            let out = layer.forward(&x).ok()?.shape().to_vec();
            Some((x, out))
        };
        let (more, more_out) = other(layer, length + 2)?;
        let grown = grown(&out, &more_out, length, length + 2)?;
        // Elements that are ignored beyond a width, or summed over it, are not samples; a loss and a mean over the rows
        // cover all samples.
        if axis > 0 && grown.is_empty() && !out.is_empty() {
            return None;
        }
        let mut inputs = vec![more];
        if length != 1 {
            let follows = |shape: &[usize]| self::grown(&out, shape, length, 1) == Some(grown.clone());
            inputs.extend(other(layer, 1).filter(|(_, out)| follows(out)).map(|(x, _)| x));
        }
        Some(BatchAxis { axis, inputs })
    })
}

/// The output axes that follow the input from `length` to `other`; `None` if an axis does not.
fn grown(out: &[usize], then: &[usize], length: usize, other: usize) -> Option<Vec<usize>> {
    if out.len() != then.len() {
        return None;
    }
    let changed: Vec<usize> = (0..out.len()).filter(|&axis| out[axis] != then[axis]).collect();
    changed.iter().all(|&axis| out[axis] * other == then[axis] * length).then_some(changed)
}
