//! The walk from right to left: the gradient, appended to the graph.
//!
//! Beginning at the loss with a gradient of one, each node hands to each of its inputs the upstream gradient times
//! its local derivative; where paths meet, the shares are added. Everything is recorded as ordinary nodes, so that it
//! can be seen, planned, checked and differentiated again. Reverse accumulation: Linnainmaa (1970); Griewank and
//! Walther, Evaluating Derivatives, chapter 3.

use crate::graph::{Kind, Node, NodeId, Operation, Site, Var, ancestors};
use retrograde_base::error::{Error, Result};
use std::collections::{HashMap, HashSet};
use std::panic::Location;
use std::sync::Arc;

/// The gradients of one variable (the loss) with respect to everything it depends on.
#[derive(Debug, Clone)]
pub struct Gradients {
    of: Var,
    totals: HashMap<NodeId, Var>,
    shares: HashMap<(NodeId, usize), Var>,
}

impl Gradients {
    /// The gradient with respect to `var`, of the same shape. Errors when the loss does not depend on it: a gradient
    /// is never silently lost.
    #[track_caller]
    pub fn wrt(&self, var: &Var) -> Result<Var> {
        let var = self.of_this_graph(var)?;
        if let Some(gradient) = self.totals.get(&var.id()) {
            return gradient.clone().checked();
        }
        let (of, label) = (self.of.node().label(), var.node().label());
        Err(Error::Recording {
            operation: "gradient".into(),
            location: self.of.graph().line(Location::caller()),
            problem: format!("`{of}` does not depend on `{label}` in a way that has a derivative"),
            remedy: format!(
                "use `{label}` on the way to `{of}`, or take the gradient of zero by `wrt_or_zero`"
            ),
        })
    }

    /// The gradient with respect to `var`; zeros when the loss does not depend on it.
    #[track_caller]
    pub fn wrt_or_zero(&self, var: &Var) -> Result<Var> {
        let var = self.of_this_graph(var)?;
        if self.totals.contains_key(&var.id()) {
            return self.wrt(&var);
        }
        var.graph().full(var.shape(), 0.0).checked()
    }

    /// The variable, if it could be recorded and belongs to the graph of the loss.
    #[track_caller]
    fn of_this_graph(&self, var: &Var) -> Result<Var> {
        let var = var.clone().checked()?;
        if var.graph().is(self.of.graph()) {
            return Ok(var);
        }
        Err(Error::Recording {
            operation: "gradient".into(),
            location: self.of.graph().line(Location::caller()),
            problem: format!(
                "`{}` belongs to another graph than `{}`",
                var.node().label(),
                self.of.node().label()
            ),
            remedy: "ask for the gradient with respect to a variable of the loss's own graph".into(),
        })
    }

    /// What flows back along one edge: the share of input number `input` of the node `consumer` that comes through
    /// that node. The gradient of a variable used once is its only share; else it is the sum of them.
    pub fn on_edge(&self, consumer: NodeId, input: usize) -> Option<&Var> {
        self.shares.get(&(consumer, input))
    }

    /// What the gradients are of.
    pub fn loss(&self) -> &Var {
        &self.of
    }
}

impl Var {
    /// The gradients of this scalar with respect to all parameters and inputs it depends on and to everything
    /// between, recorded as more graph.
    #[track_caller]
    pub fn backward(&self) -> Result<Gradients> {
        let var = self.clone().checked()?;
        if var.shape().elements() != 1 {
            return Err(Error::Recording {
                operation: "gradient".into(),
                location: var.graph().line(Location::caller()),
                problem: format!("`{}` has the shape {}, not one number", var.node().label(), var.shape()),
                remedy:
                    "reduce it by `sum_all` or `mean_all`, or give an upstream gradient to `backward_from`"
                        .into(),
            });
        }
        let one = var.graph().backward_through(&var.node(), || var.graph().full(var.shape(), 1.0));
        self.backward_from(&one)
    }

    /// The gradients of Σ (this · upstream), for a tensor of any shape and an upstream gradient of the same: a
    /// vector-Jacobian product.
    #[track_caller]
    pub fn backward_from(&self, upstream: &Var) -> Result<Gradients> {
        let (var, upstream) = (self.clone().checked()?, upstream.clone().checked()?);
        if !upstream.graph().is(var.graph()) {
            return Err(Error::Recording {
                operation: "gradient".into(),
                location: var.graph().line(Location::caller()),
                problem: "the upstream gradient belongs to another graph".into(),
                remedy: "record it in the graph of the value".into(),
            });
        }
        if var.shape() != upstream.shape() || upstream.kind() != Kind::Real {
            return Err(Error::Recording {
                operation: "gradient".into(),
                location: var.graph().line(Location::caller()),
                problem: format!("the upstream gradient is {}, the value {}", upstream.shape(), var.shape()),
                remedy: "give an upstream gradient of the value's shape".into(),
            });
        }
        walk(&var, upstream)
    }

    /// The gradients of this scalar with respect to `parameters`, in their order.
    #[track_caller]
    pub fn gradient(&self, parameters: &[&Var]) -> Result<Vec<Var>> {
        let gradients = self.backward()?;
        let mut all = Vec::with_capacity(parameters.len());
        // A closure would be the caller in `wrt`'s error.
        for parameter in parameters {
            all.push(gradients.wrt(parameter)?);
        }
        Ok(all)
    }
}

fn walk(loss: &Var, upstream: Var) -> Result<Gradients> {
    let graph = loss.graph();
    let nodes = ancestors(graph, &[loss.id()])?;
    let wanted = wanted(&nodes);
    let mut gradients = Gradients { of: loss.clone(), totals: HashMap::new(), shares: HashMap::new() };
    gradients.totals.insert(loss.id(), upstream);
    for node in nodes.iter().rev() {
        let (Some(operation), Some(upstream)) = (node.operation(), gradients.totals.get(&node.id).cloned())
        else {
            continue;
        };
        let wanted: Vec<bool> = node.inputs.iter().map(|input| wanted.contains(input)).collect();
        if !wanted.contains(&true) {
            continue;
        }
        let shares =
            graph.backward_through(node, || derivative(&**operation, node, loss, &upstream, &wanted));
        if shares.len() != node.inputs.len() {
            return Err(Error::Recording {
                operation: operation.name().into(),
                location: node.location.clone(),
                problem: format!(
                    "its derivative lists {} gradients for {} inputs",
                    shares.len(),
                    node.inputs.len()
                ),
                remedy: "list one for each input, `None` where nothing flows".into(),
            });
        }
        for (position, (share, &input)) in shares.into_iter().zip(&node.inputs).enumerate() {
            let Some(share) = share.filter(|_| wanted[position]) else {
                continue;
            };
            let share = checked_share(share, &**operation, node, &graph.var(input))?;
            gradients.shares.insert((node.id, position), share.clone());
            // Where paths meet, the shares add up.
            let total = match gradients.totals.get(&input) {
                Some(others) => graph.backward_through(&graph.node(input), || others + &share),
                None => share,
            };
            gradients.totals.insert(input, total);
        }
    }
    Ok(gradients)
}

fn derivative(
    operation: &dyn Operation,
    node: &Node,
    loss: &Var,
    upstream: &Var,
    wanted: &[bool],
) -> Vec<Option<Var>> {
    let graph = loss.graph();
    let inputs: Vec<Var> = node.inputs.iter().map(|&input| graph.var(input)).collect();
    operation.derivative(&Site { inputs: &inputs, output: &graph.var(node.id), upstream, wanted })
}

/// A derivative must have the shape of its input; that of a user's own operation may not.
fn checked_share(share: Var, operation: &dyn Operation, node: &Node, input: &Var) -> Result<Var> {
    let share = share.checked()?;
    let refused = |problem: String, remedy: &str| {
        Err(Error::Recording {
            operation: operation.name().into(),
            location: node.location.clone(),
            problem,
            remedy: remedy.into(),
        })
    };
    if !share.graph().is(input.graph()) {
        let problem = "its derivative belongs to another graph".into();
        return refused(problem, "record it in the graph of `Site::upstream`");
    }
    let share_type = &share.node().value_type;
    if *share_type == input.node().value_type {
        return Ok(share);
    }
    let problem = format!("its derivative is {share_type}, its input {}", input.shape());
    refused(problem, "record a real derivative of the input's shape, for example by `sum_to`")
}

/// The nodes through which the loss depends on something that has a gradient.
fn wanted(nodes: &[Arc<Node>]) -> HashSet<NodeId> {
    let mut wanted = HashSet::new();
    for node in nodes {
        let has_gradient = match node.leaf() {
            Some(leaf) => leaf.has_gradient() && node.value_type.kind == Kind::Real,
            None => {
                node.value_type.kind == Kind::Real && node.inputs.iter().any(|input| wanted.contains(input))
            }
        };
        if has_gradient {
            wanted.insert(node.id);
        }
    }
    wanted
}
