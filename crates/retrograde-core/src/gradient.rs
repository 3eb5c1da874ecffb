//! Reverse-mode differentiation: appends the gradient to the graph.
//!
//! The reverse sweep starts at the loss with an upstream gradient of one. Each operation records its vector-Jacobian
//! product: one contribution for each input. The gradient of a value is the sum of its contributions. All of it is recorded
//! as ordinary nodes, which can be inspected, planned, checked and differentiated again. Sources: Linnainmaa (1970);
//! Griewank and Walther, Evaluating Derivatives, chapter 3.

mod sum;

use crate::graph::{Kind, Node, NodeId, Operation, Var, VjpContext, ancestors};
use retrograde_base::error::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::panic::Location;
use std::sync::Arc;

/// The gradients of one variable (the loss) with respect to everything it depends on.
#[derive(Debug, Clone)]
pub struct Gradients {
    loss: Var,
    /// The gradient of each node: the sum of its contributions.
    totals: HashMap<NodeId, Var>,
    /// The contribution of each edge: consumer, input position.
    contributions: HashMap<(NodeId, usize), Var>,
}

impl Gradients {
    /// The gradient with respect to `var`, in its shape.
    ///
    /// # Errors
    /// [`Error::Recording`] if the loss does not depend on `var`, or `var` belongs to another graph.
    #[track_caller]
    pub fn wrt(&self, var: &Var) -> Result<Var> {
        let var = self.in_graph_of_loss(var)?;
        if let Some(gradient) = self.totals.get(&var.id()) {
            return gradient.clone().checked();
        }
        let (loss, node) = (self.loss.node().label(), var.node());
        let label = node.label();
        let (problem, help) = match node.leaf().filter(|leaf| !leaf.has_gradient()) {
            Some(leaf) => (
                format!("`{label}` has no gradient, because it was recorded as `{}`", leaf.name()),
                "record it as a `parameter` or an `input`".to_string(),
            ),
            None => (
                format!("`{loss}` does not depend differentiably on `{label}`"),
                format!("compute `{loss}` from `{label}`, or use `wrt_or_zero` for a gradient of zeros"),
            ),
        };
        Err(Error::Recording {
            operation: "gradient".into(),
            location: self.loss.graph().line(Location::caller()),
            problem,
            help,
        })
    }

    /// The gradient with respect to `var`, or zeros if the loss does not depend on it.
    ///
    /// # Errors
    /// [`Error::Recording`] if `var` belongs to another graph.
    #[track_caller]
    pub fn wrt_or_zero(&self, var: &Var) -> Result<Var> {
        let var = self.in_graph_of_loss(var)?;
        if self.totals.contains_key(&var.id()) {
            return self.wrt(&var);
        }
        var.graph().full(var.shape(), 0.0).checked()
    }

    /// The variable, if it is not an error node and belongs to the graph of the loss.
    #[track_caller]
    fn in_graph_of_loss(&self, var: &Var) -> Result<Var> {
        let var = var.clone().checked()?;
        if var.graph().is(self.loss.graph()) {
            return Ok(var);
        }
        Err(Error::Recording {
            operation: "gradient".into(),
            location: self.loss.graph().line(Location::caller()),
            problem: format!(
                "`{}` belongs to another graph than `{}`",
                var.node().label(),
                self.loss.node().label()
            ),
            help: "give a variable of the graph of the loss".into(),
        })
    }

    /// The contribution of one edge: the part of the gradient of input `input` of the node `consumer` that flows through
    /// that node. The gradient of a variable is the sum of the contributions of all its edges.
    pub fn on_edge(&self, consumer: NodeId, input: usize) -> Option<&Var> {
        self.contributions.get(&(consumer, input))
    }

    /// The differentiated variable.
    pub fn loss(&self) -> &Var {
        &self.loss
    }
}

impl Var {
    /// Records the gradients of this scalar with respect to all parameters and inputs that it depends on, and to all values
    /// in between.
    ///
    /// # Errors
    /// [`Error::Recording`] if it does not have exactly one element.
    #[track_caller]
    pub fn backward(&self) -> Result<Gradients> {
        let var = self.clone().checked()?;
        if var.shape().elements() != 1 {
            return Err(Error::Recording {
                operation: "gradient".into(),
                location: var.graph().line(Location::caller()),
                problem: format!("`{}` has the shape {}, not one element", var.node().label(), var.shape()),
                help:
                    "reduce it with `sum_all` or `mean_all`, or pass an upstream gradient to `backward_from`"
                        .into(),
            });
        }
        let one = var.graph().backward_through(&var.node(), || var.graph().full(var.shape(), 1.0));
        self.backward_from(&one)
    }

    /// Records the gradients of Σ (self · upstream): the vector-Jacobian product of a tensor of any shape and an upstream
    /// gradient of the same shape.
    ///
    /// # Errors
    /// [`Error::Recording`] if `upstream` has another shape or kind, or belongs to another graph.
    #[track_caller]
    pub fn backward_from(&self, upstream: &Var) -> Result<Gradients> {
        let (var, upstream) = (self.clone().checked()?, upstream.clone().checked()?);
        if !upstream.graph().is(var.graph()) {
            return Err(Error::Recording {
                operation: "gradient".into(),
                location: var.graph().line(Location::caller()),
                problem: "the upstream gradient belongs to another graph".into(),
                help: "record it in the graph of the value".into(),
            });
        }
        if var.shape() != upstream.shape() || upstream.kind() != Kind::Real {
            return Err(Error::Recording {
                operation: "gradient".into(),
                location: var.graph().line(Location::caller()),
                problem: format!("the upstream gradient is {}, the value {}", upstream.shape(), var.shape()),
                help: "give an upstream gradient of the value's shape".into(),
            });
        }
        reverse_sweep(&var, upstream)
    }

    /// Records the gradients of this scalar with respect to `parameters`, in their order.
    ///
    /// # Errors
    /// As [`backward`](Self::backward) and [`Gradients::wrt`].
    #[track_caller]
    pub fn gradient(&self, parameters: &[&Var]) -> Result<Vec<Var>> {
        let gradients = self.backward()?;
        let mut all = Vec::with_capacity(parameters.len());
        // In a closure, `wrt` would report the closure's location.
        for parameter in parameters {
            all.push(gradients.wrt(parameter)?);
        }
        Ok(all)
    }
}

fn reverse_sweep(loss: &Var, upstream: Var) -> Result<Gradients> {
    let graph = loss.graph();
    let nodes = ancestors(graph, &[loss.id()])?;
    let differentiable = differentiable(&nodes);
    let mut gradients =
        Gradients { loss: loss.clone(), totals: HashMap::new(), contributions: HashMap::new() };
    gradients.totals.insert(loss.id(), upstream);
    // Of each node the contributions that stand in a part of it.
    let mut parts: HashMap<NodeId, Vec<Var>> = HashMap::new();
    for node in nodes.iter().rev() {
        if let Some(parts) = parts.remove(&node.id) {
            graph.backward_through(node, || {
                let others = gradients.totals.remove(&node.id);
                gradients.totals.insert(node.id, sum::with_parts(others, parts));
            });
        }
        let (Some(operation), Some(upstream)) = (node.operation(), gradients.totals.get(&node.id).cloned())
        else {
            continue;
        };
        let needed: Vec<bool> = node.inputs.iter().map(|input| differentiable.contains(input)).collect();
        if !needed.contains(&true) {
            continue;
        }
        let contributions =
            graph.backward_through(node, || vjp(&**operation, node, loss, &upstream, &needed));
        if contributions.len() != node.inputs.len() {
            return Err(Error::Recording {
                operation: operation.name().into(),
                location: node.location.clone(),
                problem: format!(
                    "its vjp returns {} gradients for {} inputs",
                    contributions.len(),
                    node.inputs.len()
                ),
                help: "return one entry for each input, `None` for no gradient".into(),
            });
        }
        for (position, (contribution, &input)) in contributions.into_iter().zip(&node.inputs).enumerate() {
            let Some(contribution) = contribution.filter(|_| needed[position]) else {
                continue;
            };
            let contribution = validated(contribution, &**operation, node, &graph.var(input))?;
            gradients.contributions.insert((node.id, position), contribution.clone());
            if sum::placement(&contribution).is_some() {
                parts.entry(input).or_default().push(contribution);
                continue;
            }
            let total = match gradients.totals.get(&input) {
                Some(others) => graph.backward_through(&graph.node(input), || others + &contribution),
                None => contribution,
            };
            gradients.totals.insert(input, total);
        }
    }
    Ok(gradients)
}

fn vjp(
    operation: &dyn Operation,
    node: &Node,
    loss: &Var,
    upstream: &Var,
    needed: &[bool],
) -> Vec<Option<Var>> {
    let graph = loss.graph();
    let inputs: Vec<Var> = node.inputs.iter().map(|&input| graph.var(input)).collect();
    operation.vjp(&VjpContext { inputs: &inputs, output: &graph.var(node.id), upstream, needed })
}

/// The contribution, if it has the type of its input: the vjp of a user's operation may return another type.
fn validated(contribution: Var, operation: &dyn Operation, node: &Node, input: &Var) -> Result<Var> {
    let contribution = contribution.checked()?;
    let invalid = |problem: String, help: &str| {
        Err(Error::Recording {
            operation: operation.name().into(),
            location: node.location.clone(),
            problem,
            help: help.into(),
        })
    };
    if !contribution.graph().is(input.graph()) {
        let problem = "its vjp returns a gradient of another graph".into();
        return invalid(problem, "record it in the graph of `VjpContext::upstream`");
    }
    let found = &contribution.node().value_type;
    if *found == input.node().value_type {
        return Ok(contribution);
    }
    let problem = format!("its vjp returns the gradient {found} for the input {}", input.shape());
    invalid(problem, "record a real gradient of the input's shape, for example with `sum_to`")
}

/// The real nodes that depend on a leaf with a gradient.
fn differentiable(nodes: &[Arc<Node>]) -> HashSet<NodeId> {
    let mut differentiable = HashSet::new();
    for node in nodes.iter().filter(|node| node.value_type.kind == Kind::Real) {
        let has_gradient = match node.leaf() {
            Some(leaf) => leaf.has_gradient(),
            None => node.inputs.iter().any(|input| differentiable.contains(input)),
        };
        if has_gradient {
            differentiable.insert(node.id);
        }
    }
    differentiable
}
