//! Functions of each element alone, with a wrong backward.

use super::{Fault, Make};
use crate::Result;
use crate::textbook::{Layer, Tensor, remembered};

/// A function of each element, with what its backward makes of x, y and dout.
struct Elementwise {
    name: &'static str,
    forward: fn(f64) -> f64,
    backward: fn(f64, f64, f64) -> f64,
    memory: Option<(Tensor, Tensor)>,
}

impl Layer for Elementwise {
    fn name(&self) -> &str {
        self.name
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let y = x.mapv(self.forward);
        self.memory = Some((x.clone(), y.clone()));
        Ok(y)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (x, y) = remembered(self.memory.as_ref(), self.name)?;
        Ok(ndarray::Zip::from(x).and(y).and(dout).map_collect(|&x, &y, &dout| (self.backward)(x, y, dout)))
    }
}

fn relu(x: f64) -> f64 {
    x.max(0.0)
}
fn leaky(x: f64) -> f64 {
    if x > 0.0 { x } else { 0.01 * x }
}
fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
fn swish(x: f64) -> f64 {
    x * sigmoid(x)
}
fn elu(x: f64) -> f64 {
    if x > 0.0 { x } else { x.exp() - 1.0 }
}
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

macro_rules! faults {
    ($($name:literal, $summary:literal, $cause:literal, $layer:literal, $forward:expr, $backward:expr;)*) => {
        /// Faults of layers that work on each element alone.
        pub(super) const ALL: &[Fault] = &[$(Fault {
            name: $name,
            summary: $summary,
            cause: $cause,
            make: Make::Between(|_| Box::new(Elementwise {
                name: $layer, forward: $forward, backward: $backward, memory: None,
            })),
        }),*];
    };
}

faults! {
    "relu-mask-inverted", "ReLU lets through where forward stopped", "mask inverted", "Relu", relu,
        |x, _, dout| if x > 0.0 { 0.0 } else { dout };
    "relu-mask-missing", "ReLU hands dout on unchanged", "mask missing", "Relu", relu, |_, _, dout| dout;
    "relu-mask-of-dout", "ReLU stops negative dout instead of negative x", "mask made of dout", "Relu", relu,
        |_, _, dout| dout.max(0.0);
    "relu-mask-moved", "ReLU's mask is x > 0.5", "mask at 0.5", "Relu", relu,
        |x, _, dout| if x > 0.5 { dout } else { 0.0 };
    "relu-mask-moved-left", "ReLU's mask is x > −0.5", "mask at −0.5", "Relu", relu,
        |x, _, dout| if x > -0.5 { dout } else { 0.0 };
    "relu-sign", "ReLU's gradient has the wrong sign", "wrong sign", "Relu", relu,
        |x, _, dout| if x > 0.0 { -dout } else { 0.0 };
    "relu-twice", "ReLU's gradient is doubled", "factor 2", "Relu", relu,
        |x, _, dout| if x > 0.0 { 2.0 * dout } else { 0.0 };
    "relu-detached", "ReLU's backward returns zeros", "zero", "Relu", relu, |_, _, _| 0.0;
    "relu-returns-output", "ReLU returns its output in place of a gradient", "dout ignored", "Relu", relu,
        |x, _, _| if x > 0.0 { 1.0 } else { 0.0 };
    "leaky-relu-no-leak", "leaky ReLU has no leak in backward", "wrong slope 0 and 1", "LeakyRelu", leaky,
        |x, _, dout| if x > 0.0 { dout } else { 0.0 };
    "leaky-relu-wrong-leak", "leaky ReLU has the leak 0.1 in backward, 0.01 in forward", "wrong slope 0.1 and 1",
        "LeakyRelu", leaky, |x, _, dout| if x > 0.0 { dout } else { 0.1 * dout };
    "leaky-relu-inverted", "leaky ReLU has its two slopes exchanged", "mask inverted", "LeakyRelu", leaky,
        |x, _, dout| if x > 0.0 { 0.01 * dout } else { dout };
    "sigmoid-at-input", "sigmoid's slope is x(1 − x)", "slope taken at the input", "Sigmoid", sigmoid,
        |x, _, dout| dout * x * (1.0 - x);
    "sigmoid-at-output", "sigmoid's slope is taken at y", "slope taken at the output", "Sigmoid", sigmoid,
        |_, y, dout| dout * sigmoid(y) * (1.0 - sigmoid(y));
    "sigmoid-half", "sigmoid's slope is y, without 1 − y", "wrong slope y", "Sigmoid", sigmoid,
        |_, y, dout| dout * y;
    "sigmoid-missing", "sigmoid's slope is forgotten", "slope missing", "Sigmoid", sigmoid, |_, _, dout| dout;
    "sigmoid-twice", "sigmoid's slope is multiplied twice", "slope multiplied twice", "Sigmoid", sigmoid,
        |_, y, dout| dout * (y * (1.0 - y)).powi(2);
    "tanh-not-squared", "tanh's slope is 1 − y", "wrong slope 1 − y", "Tanh", f64::tanh,
        |_, y, dout| dout * (1.0 - y);
    "tanh-at-input", "tanh's slope is 1 − x²", "slope taken at the input", "Tanh", f64::tanh,
        |x, _, dout| dout * (1.0 - x * x);
    "tanh-at-output", "tanh's slope is taken at y", "slope taken at the output", "Tanh", f64::tanh,
        |_, y, dout| dout * (1.0 - y.tanh().powi(2));
    "tanh-as-sigmoid", "tanh has the sigmoid's slope", "wrong slope y · (1 − y)", "Tanh", f64::tanh,
        |_, y, dout| dout * y * (1.0 - y);
    "tanh-plus", "tanh's slope is 1 + y²", "wrong slope 1 + y²", "Tanh", f64::tanh,
        |_, y, dout| dout * (1.0 + y * y);
    "swish-one-path", "swish has only the share of its first factor", "wrong slope sigmoid(x)", "Swish", swish,
        |x, _, dout| dout * sigmoid(x);
    "swish-other-path", "swish has only the share of its second factor", "wrong slope x · ", "Swish", swish,
        |x, y, dout| dout * y * (1.0 - sigmoid(x));
    "elu-left", "ELU's slope on the left is y, not y + 1", "wrong slope y where x < 0", "Elu", elu,
        |x, y, dout| if x > 0.0 { dout } else { dout * y };
    "softplus-as-tanh", "softplus has the slope tanh(x)", "wrong slope tanh(x)", "Softplus", softplus,
        |x, _, dout| dout * x.tanh();
    "exp-missing", "exp hands dout on unchanged", "slope missing", "Exp", f64::exp, |_, _, dout| dout;
    "square-half", "the square has the slope x", "factor 1/2", "Square", |x| x * x, |x, _, dout| dout * x;
    "tanh-by-exp", "tanh by quotients of exp, which overflow", "overflow", "Tanh",
        |x| (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()), |_, y, dout| dout * (1.0 - y * y);
}
