//! A loss seen as a layer: logits in, one number out, so that what checks a layer checks a loss too.

use crate::Result;
use crate::textbook::{Labels, Layer, LossLayer, Tensor};

/// A loss with its labels. For other numbers of rows than there are labels, the labels are taken in turn.
pub(super) struct LossAsLayer<'loss> {
    pub loss: &'loss mut dyn LossLayer,
    pub labels: Labels,
}

/// The labels for logits of this shape, taken in turn from those at hand.
pub(super) fn labels_for(labels: &Labels, shape: &[usize]) -> Labels {
    let rows = shape.split_last().map_or(0, |(_, leading)| leading.iter().product::<usize>());
    match labels {
        Labels::Classes(classes) if classes.len() != rows && !classes.is_empty() => {
            Labels::Classes(classes.iter().copied().cycle().take(rows).collect())
        }
        Labels::Rows(given) if given.shape() != shape && !given.is_empty() => {
            let numbers: Vec<f64> = given.iter().copied().cycle().take(shape.iter().product()).collect();
            let taken = Tensor::from_shape_vec(shape.to_vec(), numbers);
            Labels::Rows(taken.expect("as many numbers as the shape has places"))
        }
        labels => labels.clone(),
    }
}

impl Layer for LossAsLayer<'_> {
    fn name(&self) -> &str {
        self.loss.name()
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let loss = self.loss.forward(x, &labels_for(&self.labels, x.shape()))?;
        Ok(ndarray::arr0(loss).into_dyn())
    }

    fn forward_in_place(&mut self, x: &mut Tensor) -> Result<Tensor> {
        let labels = labels_for(&self.labels, x.shape());
        Ok(ndarray::arr0(self.loss.forward_in_place(x, &labels)?).into_dyn())
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        self.loss.backward(dout.sum())
    }
}
