//! A node seen as a layer, so that what finds the cause in a layer written by hand finds it in an operation, too.

use super::super::numbers::flat;
use super::super::{Finding, Severity, layer};
use super::node::IsolatedNode;
use super::values::Values;
use ndarray::{ArrayD, IxDyn};
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Node, Tensor as Value, Var};
use retrograde_core::plan::Planner;
use retrograde_textbook::{Layer, Tensor, remembered};

/// What the check of layers finds of a node as a function of one of its inputs, the others held: a fault with its cause,
/// if it can prove one.
pub(super) fn cause(values: &Values, graph: &Graph, node: &Node, position: usize) -> Option<Finding> {
    let value = values.real(node.inputs[position])?;
    let x = ArrayD::from_shape_vec(IxDyn(value.shape()), value.values().to_vec()).ok()?;
    let mut seen = NodeAsLayer { values, graph, node, position, x: None };
    // An operation need not take the other shapes and numbers that a layer is tried with; then there is no cause.
    let report = layer(&mut seen, &x).ok()?;
    report.findings.into_iter().find(|finding| finding.severity == Severity::Fault && finding.cause.is_some())
}

struct NodeAsLayer<'a> {
    values: &'a Values,
    graph: &'a Graph,
    node: &'a Node,
    /// The input that is the layer's.
    position: usize,
    /// The last input of `forward`.
    x: Option<Tensor>,
}

impl NodeAsLayer<'_> {
    /// The node in a graph of its own, at `x`.
    fn record(&self, x: &Tensor) -> Result<IsolatedNode> {
        let x = value(x)?;
        IsolatedNode::new(self.values, self.graph, self.node, |position| {
            (position == self.position).then(|| x.clone())
        })
    }
}

/// An array as a value of a graph.
fn value(of: &Tensor) -> Result<Value> {
    Value::new(of.shape(), flat(of))
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
        read(&self.record(x)?.output)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let alone = self.record(remembered(self.x.as_ref(), "a node")?)?;
        let upstream = alone.output.graph().constant(value(dout)?);
        read(&alone.vjp(&upstream)?[0])
    }
}
