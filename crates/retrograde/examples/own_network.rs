//! The network of a program's own, as in the README: trained, evaluated and saved.

use retrograde::nn::{BatchNorm, Conv2d, Dropout, Linear, MaxPool2d};
use retrograde::prelude::*;

/// A convolution, and a linear layer on what is left of it.
#[derive(Debug)]
struct Digits {
    filters: Conv2d,
    classes: Linear,
}

impl Module for Digits {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let x = context.call("filters", &self.filters, x).relu();
        let x = context.call("norm", &BatchNorm::new(), &context.call("pool", &MaxPool2d::new(2), &x));
        let x = context.call("dropout", &Dropout::new(0.2), &x.reshape([x.shape()[0], 8 * 12 * 12]));
        context.call("classes", &self.classes, &x)
    }
}

fn main() -> retrograde::Result<()> {
    let net = Digits { filters: Conv2d::new(8, 5), classes: Linear::new(10) };
    let mut net = Network::new(net, [1, 28, 28]).seed(0).build()?;
    let history = Trainer::new(Adam::new(0.001)).steps(100).fit(&mut net, &Dataset::embedded()?)?;
    println!("{:?}", history.last());
    net.save("digits.safetensors".as_ref(), Precision::F32)
}
