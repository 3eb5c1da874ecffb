//! Adapts a loss to a layer: logits in, one number out, so that checks of layers apply to losses.

use ndarray::Axis;

use retrograde_base::{Error, Result};
use retrograde_textbook::{Labels, Layer, LossLayer, Tensor};

/// A loss with its labels. For more or fewer samples than labels, the labels are repeated cyclically.
pub(super) struct LossAsLayer<'loss> {
    pub loss: &'loss mut dyn LossLayer,
    pub labels: Labels,
}

/// The labels for logits of this shape, repeated cyclically along the axis in which the two differ.
///
/// An error if that would change their meaning: distributions over classes that no longer sum to 1.
pub(super) fn labels_for(labels: &Labels, shape: &[usize]) -> Result<Labels> {
    match labels {
        Labels::Classes(classes) => {
            let rows = shape.split_last().map_or(0, |(_, leading)| leading.iter().product::<usize>());
            if classes.len() == rows || classes.is_empty() {
                return Ok(labels.clone());
            }
            Ok(Labels::Classes(classes.iter().copied().cycle().take(rows).collect()))
        }
        Labels::Rows(given) if given.shape() == shape => Ok(labels.clone()),
        Labels::Rows(given) => {
            let differ: Vec<usize> = (0..given.ndim().min(shape.len()))
                .filter(|&axis| given.shape()[axis] != shape[axis])
                .collect();
            let ([axis], true) = (differ.as_slice(), given.ndim() == shape.len() && !given.is_empty()) else {
                return Ok(labels.clone());
            };
            let axis = Axis(*axis);
            if is_distribution(given, axis) {
                return Err(Error::invalid(
                    "labels",
                    "with another number of classes they are not distributions",
                    "pass logits with as many classes as the labels",
                ));
            }
            let length = given.len_of(axis);
            let taken: Vec<usize> = (0..shape[axis.0]).map(|at| at % length).collect();
            Ok(Labels::Rows(given.select(axis, &taken)))
        }
    }
}

/// Whether the numbers sum to 1 along an axis, everywhere.
fn is_distribution(labels: &Tensor, axis: Axis) -> bool {
    labels.len_of(axis) > 1 && labels.sum_axis(axis).iter().all(|sum| (sum - 1.0).abs() < 1e-9)
}

impl Layer for LossAsLayer<'_> {
    fn name(&self) -> &str {
        self.loss.name()
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let loss = self.loss.forward(x, &labels_for(&self.labels, x.shape())?)?;
        Ok(ndarray::arr0(loss).into_dyn())
    }

    fn forward_in_place(&mut self, x: &mut Tensor) -> Result<Tensor> {
        let labels = labels_for(&self.labels, x.shape())?;
        Ok(ndarray::arr0(self.loss.forward_in_place(x, &labels)?).into_dyn())
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        self.loss.backward(dout.sum())
    }
}
