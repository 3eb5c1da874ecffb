//! Adapts a node to a layer, so that the causes of layers apply to operations.

use super::super::numbers::flat;
use super::super::{Finding, Severity, layer};
use super::node::IsolatedNode;
use super::values::Values;
use ndarray::{ArrayD, IxDyn};
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Node, Tensor as Value, Var};
use retrograde_core::plan::Planner;
use retrograde_textbook::{Layer, Tensor, remembered};

/// The finding of the layer check on a node as a function of one of its inputs, with the others constant: a fault with its
/// cause, if one is proved.
pub(super) fn cause(values: &Values, graph: &Graph, node: &Node, position: usize) -> Option<Finding> {
    let value = values.real(node.inputs[position])?;
    let x = ArrayD::from_shape_vec(IxDyn(value.shape()), value.values().to_vec()).ok()?;
    let mut seen = NodeAsLayer { values, graph, node, position, x: None };
    // An operation may reject the other shapes and values of the layer check; then there is no cause.
    let report = layer(&mut seen, &x).ok()?;
    report.findings.into_iter().find(|finding| finding.severity == Severity::Fault && finding.cause.is_some())
}

struct NodeAsLayer<'a> {
    values: &'a Values,
    graph: &'a Graph,
    node: &'a Node,
    /// The input that is the layer's input.
    position: usize,
    /// The last input of `forward`.
    x: Option<Tensor>,
}

impl NodeAsLayer<'_> {
    /// The node in its own graph, at `x`.
    fn record(&self, x: &Tensor) -> Result<IsolatedNode> {
        let x = value(x)?;
        IsolatedNode::new(self.values, self.graph, self.node, |position| {
            (position == self.position).then(|| x.clone())
        })
    }
}

/// Converts an array to a value of a graph.
fn value(of: &Tensor) -> Result<Value> {
    Value::new(of.shape(), flat(of))
}

/// Converts the value of a variable to an array of the textbook.
fn read(var: &Var) -> Result<Tensor> {
    let mut plan = Planner::new(var.graph()).fetch(var).compile::<f64>()?;
    plan.run()?;
    let value = plan.value(var)?;
    let shape = IxDyn(value.shape());
    ArrayD::from_shape_vec(shape, value.into_values()).map_err(|error| {
        Error::invalid("a value", error.to_string(), "pass as many elements as the shape has")
    })
}

impl Layer for NodeAsLayer<'_> {
    fn name(&self) -> &str {
        self.node.operation().map_or("", |operation| operation.name())
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.x = Some(x.clone());
        read(&self.record(x)?.output)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let isolated = self.record(remembered(self.x.as_ref(), "a node")?)?;
        let upstream = isolated.output.graph().constant(value(dout)?);
        read(&isolated.vjp(&upstream)?[0])
    }
}
