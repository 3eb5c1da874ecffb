//! A node seen as a layer, so that what finds the cause in a layer written by hand finds it in an operation, too.

use super::super::{Finding, Severity, layer};
use super::values::Values;
use crate::error::{Error, Result};
use crate::graph::{Graph, Node, Var};
use crate::plan::Planner;
use crate::textbook::{Layer, Tensor, remembered};
use ndarray::{ArrayD, IxDyn};
use std::sync::Arc;

/// What the check of layers finds of a node as a function of one of its inputs, the others held: a fault with its cause,
/// if it can prove one.
pub(super) fn cause(values: &Values, graph: &Graph, node: &Arc<Node>, position: usize) -> Option<Finding> {
    let value = values.real(node.inputs[position])?;
    let x = ArrayD::from_shape_vec(IxDyn(value.shape()), value.values().to_vec()).ok()?;
    let mut seen = NodeAsLayer { values, graph, node: Arc::clone(node), position, x: None };
    // An operation need not take the other shapes and numbers that a layer is tried with; then there is no cause.
    let report = layer(&mut seen, &x).ok()?;
    report.findings.into_iter().find(|finding| finding.severity == Severity::Fault && finding.cause.is_some())
}

struct NodeAsLayer<'a> {
    values: &'a Values,
    graph: &'a Graph,
    node: Arc<Node>,
    /// The input that is the layer's.
    position: usize,
    /// The last input of `forward`.
    x: Option<Tensor>,
}

impl NodeAsLayer<'_> {
    /// The node in a graph of its own, at `x`: the input and the output.
    fn record(&self, x: &Tensor) -> Result<(Var, Var)> {
        let graph = Graph::new();
        let value = crate::graph::Tensor::new(x.shape(), x.iter().copied().collect())?;
        let input = graph.parameter("x", value);
        let inputs: Vec<Var> = (self.node.inputs.iter().enumerate())
            .map(|(position, &id)| {
                let held = || self.values.constant(&self.graph.node(id), &graph);
                if position == self.position { input.clone() } else { held() }
            })
            .collect();
        let refused = || Error::invalid("a node", "it is no operation", "check operations");
        let output =
            graph.again(&self.node, &inputs.iter().collect::<Vec<_>>()).ok_or_else(refused)?.checked()?;
        Ok((input, output))
    }
}

/// The value of a variable as a layer gives it.
fn read(var: &Var) -> Result<Tensor> {
    let mut plan = Planner::new(var.graph()).want(var).compile::<f64>()?;
    plan.run()?;
    let value = plan.value(var)?;
    let shape = IxDyn(value.shape());
    ArrayD::from_shape_vec(shape, value.into_values()).map_err(|error| {
        Error::invalid("a value", error.to_string(), "give as many numbers as the shape has")
    })
}

impl Layer for NodeAsLayer<'_> {
    fn name(&self) -> &str {
        self.node.operation().map_or("", |operation| operation.name())
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.x = Some(x.clone());
        read(&self.record(x)?.1)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (input, output) = self.record(remembered(self.x.as_ref(), "a node")?)?;
        let upstream = crate::graph::Tensor::new(dout.shape(), dout.iter().copied().collect())?;
        let upstream = output.graph().constant(upstream);
        read(&output.backward_from(&upstream)?.wrt_or_zero(&input)?)
    }
}
