//! The values of parameters and states, from one plan to another and back into the graph.
//!
//! The graph holds the values that parameters and states begin with; each plan has its own from there on, which its updates
//! change. Nothing else learns of them by itself: another plan, [`Var::value`](crate::Var::value), a trace and a check begin
//! with those of the graph. Here is how they are handed over.

use super::run::Plan;
use crate::graph::{Graph, Leaf, Node, Tensor};
use crate::kernel::Real;
use retrograde_base::error::{Error, Result};
use std::sync::Arc;

impl<T: Real> Plan<T> {
    /// Gives the parameters and states of this plan the values that they have in another plan of the same graph, of either
    /// precision: to train with one plan, and to predict or to evaluate with another. Nothing is compiled again.
    ///
    /// States that the other plan has not, such as the velocities of an update rule, stay as they are. Errors when it has not
    /// all parameters, which would then be trained in part, or belongs to another graph; this plan is then unchanged.
    pub fn set_parameters_from<U: Real>(&mut self, other: &Plan<U>) -> Result<()> {
        if !self.graph().is(other.graph()) {
            return Err(another_graph());
        }
        let leaves = lasting(self);
        let missing: Vec<String> = leaves
            .iter()
            .filter(|node| matches!(node.leaf(), Some(Leaf::Parameter(_))) && other.leaf(node.id).is_none())
            .map(|node| format!("`{}`", node.label()))
            .collect();
        if !missing.is_empty() {
            return Err(Error::invalid(
                "the parameters of another plan",
                format!("it does not have {}", missing.join(", ")),
                "take them from a plan that depends on all of them, or set each by `set`",
            ));
        }
        for node in leaves {
            if let Some(values) = other.leaf(node.id) {
                self.set_leaf(node.id, values);
            }
        }
        Ok(())
    }
}

impl Graph {
    /// Makes the values that parameters and states have in this plan those that they begin with: in plans compiled from now
    /// on, and in [`Var::value`](crate::Var::value), traces and checks. Plans that exist
    /// keep their own values. Errors when the plan belongs to another graph.
    ///
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::{Graph, Planner};
    ///
    /// let graph = Graph::new();
    /// let w = graph.parameter("w", 1.0);
    /// let mut plan = Planner::new(&graph).update(&w, &(&w * 3.0)).compile::<f32>()?;
    /// plan.run()?;
    /// assert_eq!(w.value()?.scalar()?, 1.0);
    /// graph.set_parameters_from(&plan)?;
    /// assert_eq!(w.value()?.scalar()?, 3.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_parameters_from<T: Real>(&self, plan: &Plan<T>) -> Result<()> {
        if !self.is(plan.graph()) {
            return Err(another_graph());
        }
        for node in lasting(plan) {
            if let Some(values) = plan.leaf(node.id) {
                let values = values.iter().map(|value| value.widen()).collect();
                self.set_initial(node.id, Tensor::new(node.value_type.shape.clone(), values)?);
            }
        }
        Ok(())
    }
}

/// The parameters and states of a plan, in the order of recording.
fn lasting<T: Real>(plan: &Plan<T>) -> Vec<Arc<Node>> {
    let lasts = |node: &Node| matches!(node.leaf(), Some(Leaf::Parameter(_) | Leaf::State(_)));
    plan.graph().nodes().into_iter().filter(|node| lasts(node) && plan.leaf(node.id).is_some()).collect()
}

fn another_graph() -> Error {
    Error::invalid("the parameters of a plan", "it belongs to another graph", "use two plans of one graph")
}
