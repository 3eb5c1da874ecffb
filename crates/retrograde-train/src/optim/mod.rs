//! Optimizers, which record their update rules in the graph.
//!
//! An optimizer records the new value of each parameter as a function of the old value and the gradient. A velocity or a
//! step count is a [state](retrograde_core::Graph::state) of the graph with its own update. A plan executes all updates in
//! place, in the same run as the gradient.

mod adagrad;
mod adam;
mod config;
mod gradients;
mod momentum;
mod rmsprop;
mod schedule;
mod sgd;

pub use adagrad::AdaGrad;
pub use adam::Adam;
pub(crate) use config::check_learning_rate;
pub use config::{OptimizerConfig, OptimizerKind};
pub use gradients::{ClipNorm, WeightDecay};
pub use momentum::Momentum;
pub use rmsprop::RmsProp;
pub use schedule::Schedule;
pub use sgd::Sgd;

use retrograde_core::graph::{Graph, Var};

/// A leaf and its value at the end of a run.
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

/// An optimizer: updates of parameters from their gradients.
pub trait Optimizer {
    /// The name and the settings in one line, for example `sgd`. Optimizers with equal descriptions are equal.
    fn description(&self) -> String;

    /// The initial learning rate.
    fn learning_rate(&self) -> f64;

    /// Records the updates of `parameters` and of all states. `learning_rate` is a scalar variable, which can change from
    /// step to step without a new plan. `gradients` are those of `parameters`, in the same order.
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

/// A state of a parameter, named after it, that begins with zeros.
fn zero_state(graph: &Graph, name: &str, parameter: &Var) -> Var {
    graph.zero_state(&format!("{name}.{}", parameter.node().label()), parameter.shape_or_scalar())
}
