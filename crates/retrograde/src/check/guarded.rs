//! A layer of a user's, called so that a panic of it is an error.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::textbook::{Layer, Parameter, Tensor};
use crate::{Error, Result};

/// The layer behind the guard.
pub(super) struct Guarded<'layer>(pub &'layer mut dyn Layer);

fn guard<T>(name: &str, call: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        Err(Error::invalid(
            format!("{name}, {call}"),
            format!("it panicked: {}", message(panic.as_ref())),
            "return an error that says which shapes fit, or let the shapes fit",
        ))
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".into())
}

impl Layer for Guarded<'_> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let name = self.0.name().to_owned();
        guard(&name, "forward", || self.0.forward(x))
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let name = self.0.name().to_owned();
        guard(&name, "backward", || self.0.backward(dout))
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.0.parameters()
    }
}
