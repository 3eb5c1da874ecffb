//! Regressions of the gradient check, in twelve kinds: false positives, false causes, undetected faults, causes not found.
//! Each is reduced to its smallest form, with other numbers and layers of the same kind.

mod batches;
mod claims;
mod columns;
mod confident;
mod conventions;
mod identities;
mod initial;
mod overwritten;
mod recurrent;
mod shared_weights;
mod ties;
mod two_paths;

use retrograde::Result;
use retrograde::textbook::{Labels, Layer, Parameter, Tensor, remembered};

use super::support::tensor;

/// What a backward is made from: the input, the parameters, the output and the upstream gradient.
struct Given<'a> {
    x: &'a Tensor,
    p: &'a [Tensor],
    y: &'a Tensor,
    d: &'a Tensor,
}

/// The output, of the input and the parameters.
type Forward = fn(&Tensor, &[Tensor]) -> Tensor;
/// The gradients of the input and of the parameters.
type Backward = fn(&Given<'_>) -> (Tensor, Vec<Tensor>);

/// A layer from a forward and a backward.
struct Own {
    parameters: Vec<(&'static str, Tensor)>,
    gradients: Option<Vec<Tensor>>,
    forward: Forward,
    backward: Backward,
    memory: Option<(Tensor, Tensor)>,
}

impl Own {
    fn new(parameters: Vec<(&'static str, Tensor)>, forward: Forward, backward: Backward) -> Self {
        Own { parameters, gradients: None, forward, backward, memory: None }
    }

    fn values(&self) -> Vec<Tensor> {
        self.parameters.iter().map(|(_, value)| value.clone()).collect()
    }
}

impl Layer for Own {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let y = (self.forward)(x, &self.values());
        self.memory = Some((x.clone(), y.clone()));
        Ok(y)
    }

    fn backward(&mut self, d: &Tensor) -> Result<Tensor> {
        let (x, y) = remembered(self.memory.as_ref(), "Own")?;
        let (dx, gradients) = (self.backward)(&Given { x, p: &self.values(), y, d });
        self.gradients = Some(gradients);
        Ok(dx)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let gradients = self.gradients.as_ref();
        let named = self.parameters.iter_mut().enumerate();
        named
            .map(|(at, (name, value))| Parameter::new(name, value, gradients.map(|gradients| &gradients[at])))
            .collect()
    }
}

/// Three rows of two numbers, and their labels.
fn rows() -> (Tensor, Labels) {
    (tensor(&[3, 2], &[0.3, -0.8, 1.1, 0.4, -0.6, 0.9]), vec![0, 1, 0].into())
}
