//! Elementwise functions with a wrong backward.

use super::{Fault, Make};
use retrograde_base::Result;
use retrograde_textbook::{Layer, Tensor, remembered};

/// An elementwise function, and its backward from x, y and dout.
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
    ($($name:literal, $cause:literal, $layer:literal, $forward:expr, $backward:expr;)*) => {
        /// Faults of elementwise layers.
        pub(super) const ALL: &[Fault] = &[$(Fault {
            name: $name,
            cause: $cause,
            make: Make::Between(|_| Box::new(Elementwise {
                name: $layer, forward: $forward, backward: $backward, memory: None,
            })),
        }),*];
    };
}

faults! {
    "relu-mask-inverted", "mask inverted", "Relu", relu,
        |x, _, dout| if x > 0.0 { 0.0 } else { dout };
    "relu-mask-missing", "mask missing", "Relu", relu, |_, _, dout| dout;
    "relu-mask-of-dout", "mask made of dout", "Relu", relu,
        |_, _, dout| dout.max(0.0);
    "relu-mask-moved", "mask at 0.5", "Relu", relu,
        |x, _, dout| if x > 0.5 { dout } else { 0.0 };
    "relu-mask-moved-left", "mask at −0.5", "Relu", relu,
        |x, _, dout| if x > -0.5 { dout } else { 0.0 };
    "relu-sign", "wrong sign", "Relu", relu,
        |x, _, dout| if x > 0.0 { -dout } else { 0.0 };
    "relu-twice", "factor 2", "Relu", relu,
        |x, _, dout| if x > 0.0 { 2.0 * dout } else { 0.0 };
    "relu-detached", "zero", "Relu", relu, |_, _, _| 0.0;
    "relu-returns-output", "dout ignored", "Relu", relu,
        |x, _, _| if x > 0.0 { 1.0 } else { 0.0 };
    "leaky-relu-no-leak", "wrong slope 0 and 1", "LeakyRelu", leaky,
        |x, _, dout| if x > 0.0 { dout } else { 0.0 };
    "leaky-relu-wrong-leak", "wrong slope 0.1 and 1",
        "LeakyRelu", leaky, |x, _, dout| if x > 0.0 { dout } else { 0.1 * dout };
    "leaky-relu-inverted", "mask inverted", "LeakyRelu", leaky,
        |x, _, dout| if x > 0.0 { 0.01 * dout } else { dout };
    "sigmoid-at-input", "slope taken at the input", "Sigmoid", sigmoid,
        |x, _, dout| dout * x * (1.0 - x);
    "sigmoid-at-output", "slope taken at the output", "Sigmoid", sigmoid,
        |_, y, dout| dout * sigmoid(y) * (1.0 - sigmoid(y));
    "sigmoid-half", "wrong slope y", "Sigmoid", sigmoid,
        |_, y, dout| dout * y;
    "sigmoid-missing", "slope missing", "Sigmoid", sigmoid, |_, _, dout| dout;
    "sigmoid-twice", "slope multiplied twice", "Sigmoid", sigmoid,
        |_, y, dout| dout * (y * (1.0 - y)).powi(2);
    "tanh-not-squared", "wrong slope 1 − y", "Tanh", f64::tanh,
        |_, y, dout| dout * (1.0 - y);
    "tanh-at-input", "slope taken at the input", "Tanh", f64::tanh,
        |x, _, dout| dout * (1.0 - x * x);
    "tanh-at-output", "slope taken at the output", "Tanh", f64::tanh,
        |_, y, dout| dout * (1.0 - y.tanh().powi(2));
    "tanh-as-sigmoid", "wrong slope y · (1 − y)", "Tanh", f64::tanh,
        |_, y, dout| dout * y * (1.0 - y);
    "tanh-plus", "wrong slope 1 + y²", "Tanh", f64::tanh,
        |_, y, dout| dout * (1.0 + y * y);
    "swish-one-path", "wrong slope sigmoid(x)", "Swish", swish,
        |x, _, dout| dout * sigmoid(x);
    "swish-other-path", "wrong slope x · ", "Swish", swish,
        |x, y, dout| dout * y * (1.0 - sigmoid(x));
    "elu-left", "wrong slope y where x < 0", "Elu", elu,
        |x, y, dout| if x > 0.0 { dout } else { dout * y };
    "softplus-as-tanh", "wrong slope tanh(x)", "Softplus", softplus,
        |x, _, dout| dout * x.tanh();
    "exp-missing", "slope missing", "Exp", f64::exp, |_, _, dout| dout;
    "square-half", "factor 1/2", "Square", |x| x * x, |x, _, dout| dout * x;
    "tanh-by-exp", "overflow", "Tanh",
        |x| (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()), |_, y, dout| dout * (1.0 - y * y);
}
