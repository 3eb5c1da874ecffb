//! Update rules: functions that record graph.
//!
//! A rule records, for each parameter, its new value as a function of the old one and its gradient; what else it has to
//! remember (a velocity, a count of steps) is a [state](retrograde_core::Graph::state) of the graph, with an update of its own.
//! A plan carries out all of it in the same run as the gradient, in place.

mod adagrad;
mod adam;
mod gradients;
mod momentum;
mod rmsprop;
mod rule;
mod schedule;
mod sgd;

pub use adagrad::AdaGrad;
pub use adam::Adam;
pub use gradients::{ClipNorm, WeightDecay};
pub use momentum::Momentum;
pub use rmsprop::RmsProp;
pub(crate) use rule::check_learning_rate;
pub use rule::{Rule, Settings};
pub use schedule::Schedule;
pub use sgd::Sgd;

use retrograde_core::graph::{Graph, Tensor, Var};

/// A leaf and what it becomes at the end of a run.
#[derive(Debug, Clone)]
pub struct Update {
    /// A parameter or a state.
    pub leaf: Var,
    /// Its new value.
    pub value: Var,
}

impl Update {
    /// `leaf` becomes `value`.
    pub fn new(leaf: &Var, value: Var) -> Self {
        Update { leaf: leaf.clone(), value }
    }
}

/// A rule by which gradients change parameters.
pub trait Optimizer {
    /// Its name and settings in a line, such as `sgd`: two optimisers with the same description do the same.
    fn description(&self) -> String;

    /// The learning rate that it starts with.
    fn learning_rate(&self) -> f64;

    /// Records the updates of `parameters` and of all states. `learning_rate` is a scalar variable, so that it can
    /// change from step to step without a new plan. `gradients` belong to `parameters`, in the same order.
    fn record(
        &self,
        graph: &Graph,
        learning_rate: &Var,
        parameters: &[Var],
        gradients: &[Var],
    ) -> Vec<Update>;
}

impl<O: Optimizer + ?Sized> Optimizer for Box<O> {
    fn description(&self) -> String {
        (**self).description()
    }

    fn learning_rate(&self) -> f64 {
        (**self).learning_rate()
    }

    fn record(
        &self,
        graph: &Graph,
        learning_rate: &Var,
        parameters: &[Var],
        gradients: &[Var],
    ) -> Vec<Update> {
        (**self).record(graph, learning_rate, parameters, gradients)
    }
}

/// A scalar variable times a tensor.
fn scaled(factor: &Var, tensor: &Var) -> Var {
    factor.broadcast(tensor.shape_or_scalar()) * tensor
}

/// A state that belongs to a parameter, named after it.
fn state(graph: &Graph, name: &str, parameter: &Var, value: Tensor) -> Var {
    graph.state(&format!("{name}.{}", parameter.node().label()), value)
}
