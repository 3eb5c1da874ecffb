//! Losses with a mistake in forward or in backward.

use ndarray::Axis;

use super::{Fault, Make};
use retrograde_base::Result;
use retrograde_textbook::{Labels, LossLayer, Tensor, remembered, softmax};

/// The forward pass of a loss from logits and one-hot labels: the probabilities and the loss.
type Forward = fn(&Tensor, &Tensor) -> (Tensor, f64);

/// A loss, by its forward and its backward from probabilities, labels, logits and dout.
struct Loss {
    name: &'static str,
    forward: Forward,
    backward: fn(&Tensor, &Tensor, &Tensor, f64) -> Tensor,
    memory: Option<(Tensor, Tensor, Tensor)>,
}

impl LossLayer for Loss {
    fn name(&self) -> &str {
        self.name
    }

    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        let t = labels.to_rows(logits)?;
        let (y, loss) = (self.forward)(logits, &t);
        self.memory = Some((y, t, logits.clone()));
        Ok(loss)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        let (y, t, x) = remembered(self.memory.as_ref(), self.name)?;
        Ok((self.backward)(y, t, x, dout))
    }
}

fn rows(x: &Tensor) -> f64 {
    x.shape()[0] as f64
}

/// The mean of −ln y of the right class, with an epsilon as in the book.
fn entropy(y: &Tensor, t: &Tensor, epsilon: f64) -> f64 {
    let terms = y.iter().zip(t).map(|(y, t)| if *t == 0.0 { 0.0 } else { -t * (y + epsilon).ln() });
    terms.sum::<f64>() / rows(y)
}

fn right(x: &Tensor, t: &Tensor) -> (Tensor, f64) {
    let y = softmax(x);
    let loss = entropy(&y, t, 0.0);
    (y, loss)
}

fn with_epsilon(x: &Tensor, t: &Tensor) -> (Tensor, f64) {
    let y = softmax(x);
    let loss = entropy(&y, t, 1e-4);
    (y, loss)
}

fn summed(x: &Tensor, t: &Tensor) -> (Tensor, f64) {
    let (y, loss) = right(x, t);
    (y, loss * rows(x))
}

/// The notebook's softmax: the maximum and the sum run over the whole batch.
fn over_batch(x: &Tensor, t: &Tensor) -> (Tensor, f64) {
    let max = x.fold(f64::NEG_INFINITY, |max, x| max.max(*x));
    let exp = x.mapv(|x| (x - max).exp());
    let sum = exp.sum();
    let y = exp / sum;
    let loss = entropy(&y, t, 1e-7);
    (y, loss)
}

fn down_columns(x: &Tensor, t: &Tensor) -> (Tensor, f64) {
    let max = x.fold(f64::NEG_INFINITY, |max, x| max.max(*x));
    let exp = x.mapv(|x| (x - max).exp());
    let sum = exp.sum_axis(Axis(0)).insert_axis(Axis(0));
    let y = exp / sum;
    let loss = entropy(&y, t, 0.0);
    (y, loss)
}

fn without_max(x: &Tensor, t: &Tensor) -> (Tensor, f64) {
    let exp = x.mapv(f64::exp);
    let last = Axis(x.ndim() - 1);
    let sum = exp.sum_axis(last).insert_axis(last);
    let y = exp / sum;
    let loss = entropy(&y, t, 0.0);
    (y, loss)
}

/// The mean over the rows of half the squared distance.
fn squares(x: &Tensor, t: &Tensor) -> (Tensor, f64) {
    let loss = (x - t).mapv(|d| d * d).sum() / 2.0 / rows(x);
    (x.clone(), loss)
}

macro_rules! faults {
    ($($name:literal, $cause:literal, $layer:literal, $forward:expr, $backward:expr;)*) => {
        /// Faults of losses.
        pub(super) const ALL: &[Fault] = &[$(Fault {
            name: $name,
            cause: $cause,
            make: Make::Loss(|| Box::new(Loss {
                name: $layer, forward: $forward, backward: $backward, memory: None,
            })),
        }),*];
    };
}

faults! {
    "softmax-batch", "softmax over the whole batch",
        "SoftmaxWithLoss", over_batch, |y, t, _, _| (y - t) / rows(y);
    "softmax-columns", "softmax down the columns", "SoftmaxWithLoss", down_columns,
        |y, t, _, dout| (y - t) * (dout / rows(y));
    "loss-dout-ignored", "dout ignored", "SoftmaxWithLoss", right,
        |y, t, _, _| (y - t) / rows(y);
    "loss-not-divided", "sum for mean", "SoftmaxWithLoss", right,
        |y, t, _, dout| (y - t) * dout;
    "loss-divided-twice", "factor 1/N", "SoftmaxWithLoss", right,
        |y, t, _, dout| (y - t) * (dout / rows(y).powi(2));
    "loss-mean-of-sum", "factor 1/N", "SoftmaxWithLoss", summed,
        |y, t, _, dout| (y - t) * (dout / rows(y));
    "loss-sign", "wrong sign", "SoftmaxWithLoss", right, |y, t, _, dout| (t - y) * (dout / rows(y));
    "loss-labels-missing", "cross entropy backward is (y)",
        "SoftmaxWithLoss", right, |y, _, _, dout| y * (dout / rows(y));
    "loss-of-probabilities", "cross entropy backward is (−t / y)",
        "SoftmaxWithLoss", right, |y, t, _, dout| t / y * (-dout / rows(y));
    "loss-logits", "cross entropy backward is (x − t)",
        "SoftmaxWithLoss", right, |_, t, x, dout| (x - t) * (dout / rows(x));
    "loss-softmax-twice", "cross entropy backward is ((y − t) · y · (1 − y))",
        "SoftmaxWithLoss", right, |y, t, _, dout| (y - t) * y * y.mapv(|y| 1.0 - y) * (dout / rows(y));
    "loss-epsilon", "epsilon 1e-4", "SoftmaxWithLoss", with_epsilon,
        |y, t, _, dout| (y - t) * (dout / rows(y));
    "loss-overflow", "overflow", "SoftmaxWithLoss", without_max,
        |y, t, _, dout| (y - t) * (dout / rows(y));
    "loss-detached", "zero", "SoftmaxWithLoss", right, |y, _, _, _| y * 0.0;
    "squares-half", "factor 2", "MeanSquaredError", squares,
        |x, t, _, dout| (x - t) * (2.0 * dout / rows(x));
    "squares-elements", "factor 1/",
        "MeanSquaredError", squares, |x, t, _, dout| (x - t) * (dout / x.len() as f64);
}
