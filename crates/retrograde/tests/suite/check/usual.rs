//! The usual faults of layers beyond the perceptron, in layers as learners write them, beside right ones in several
//! conventions: each fault is found where it is and named, and no convention is called wrong.
//!
//! Nothing here is shared with the catalogue or with the check's own reference layers.

mod attention;
mod images;
mod normalization;
mod sequences;

use ndarray::{Array2, Ix2};
use retrograde::Result;
use retrograde::check;
use retrograde::textbook::{Layer, Parameter, Tensor, remembered};

use super::support::{Expect, numbers};

/// The output, of the input and the parameters.
type Forward<'a> = &'a dyn Fn(&[Tensor]) -> Tensor;
/// The gradients of the input and the parameters, of their values and `dout`.
type Backward<'a> = &'a dyn Fn(&[Tensor], &Tensor) -> Vec<Tensor>;

/// A learner's layer: its parameters, `forward` and `backward`.
struct Learners<'a> {
    names: &'a [&'static str],
    values: Vec<Tensor>,
    gradients: Vec<Option<Tensor>>,
    forward: Forward<'a>,
    backward: Backward<'a>,
    x: Option<Tensor>,
}

impl Layer for Learners<'_> {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.x = Some(x.clone());
        Ok((self.forward)(&[&[x.clone()][..], &self.values].concat()))
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let x = remembered(self.x.as_ref(), "Learners")?.clone();
        let mut all = (self.backward)(&[&[x][..], &self.values].concat(), dout).into_iter();
        let dx = all.next().expect("the gradient of the input");
        self.gradients = all.map(Some).collect();
        Ok(dx)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let named = self.names.iter().zip(&mut self.values).zip(&self.gradients);
        named.map(|((name, value), gradient)| Parameter::new(name, value, gradient)).collect()
    }
}

/// Checks a layer with these parameters at `x`.
#[track_caller]
fn layer(
    x: &Tensor,
    parameters: &[(&'static str, Tensor)],
    forward: Forward<'_>,
    backward: Backward<'_>,
    expect: &Expect,
) {
    let names: Vec<&'static str> = parameters.iter().map(|(name, _)| *name).collect();
    let values: Vec<Tensor> = parameters.iter().map(|(_, value)| value.clone()).collect();
    let gradients = vec![None; values.len()];
    let mut layer = Learners { names: &names, values, gradients, forward, backward, x: None };
    expect.of(&check::layer(&mut layer, x).expect("a layer that runs"));
}

fn matrix(x: &Tensor) -> Array2<f64> {
    x.view().into_dimensionality::<Ix2>().expect("two axes").to_owned()
}
