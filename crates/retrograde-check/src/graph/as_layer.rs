//! Adapts a node to a layer, so that the causes of layers apply to operations.

use super::super::numbers::flat;
use super::super::{Finding, Severity, layer};
use super::node::IsolatedNode;
use super::values::Values;
use ndarray::{ArrayD, IxDyn};
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Node, Tensor as Value, Var};
use retrograde_core::plan::Planner;
use retrograde_textbook::{Layer, Parameter, Tensor, remembered};

/// The finding of the layer check on a node as a function of one of its inputs, with the others constant; else of all of its
/// inputs, the others as parameters, for causes that need to know them: a fault with its cause, if one is proved.
pub(super) fn cause(values: &Values, graph: &Graph, node: &Node, position: usize) -> Option<Finding> {
    let input = |position: usize| {
        let value = values.real(node.inputs[position])?;
        ArrayD::from_shape_vec(IxDyn(value.shape()), value.values().to_vec()).ok()
    };
    let found = |first: usize, others: Vec<Other>| {
        let other = others.iter().find(|other| other.position == position);
        let (block, is_alone) = (other.map_or("x", |other| &other.name).to_owned(), others.is_empty());
        let mut seen = NodeAsLayer { values, graph, node, position: first, others, x: None };
        // An operation may reject the other shapes and values of the layer check; then there is no cause.
        let report = layer(&mut seen, &input(first)?).ok()?;
        report.findings.into_iter().find(|finding| {
            finding.severity == Severity::Fault
                && finding.cause.is_some()
                && (is_alone || finding.blocks.contains(&block))
        })
    };
    let others = || -> Option<Vec<Other>> {
        let other = |position: usize| {
            let (before, id) = (&node.inputs[..position], node.inputs[position]);
            let name = Some(graph.node(id).label()).filter(|name| name != "x" && !before.contains(&id));
            let name = name.unwrap_or_else(|| format!("input{position}"));
            Some(Other { position, name, value: input(position)?, gradient: None })
        };
        (1..node.inputs.len()).map(other).collect()
    };
    found(position, Vec::new()).or_else(|| found(0, others().filter(|others| !others.is_empty())?))
}

struct NodeAsLayer<'a> {
    values: &'a Values,
    graph: &'a Graph,
    node: &'a Node,
    /// The input that is the layer's input.
    position: usize,
    /// The inputs that are the layer's parameters.
    others: Vec<Other>,
    /// The last input of `forward`.
    x: Option<Tensor>,
}

/// An input of a node as a parameter of a layer.
struct Other {
    position: usize,
    name: String,
    value: Tensor,
    gradient: Option<Tensor>,
}

impl NodeAsLayer<'_> {
    /// The node in its own graph, at `x`.
    fn record(&self, x: &Tensor) -> Result<IsolatedNode> {
        let x = value(x)?;
        let mut others = Vec::new();
        for other in &self.others {
            others.push((other.position, value(&other.value)?));
        }
        IsolatedNode::new(self.values, self.graph, self.node, |position| {
            let other = others.iter().find(|(other, _)| *other == position).map(|(_, value)| value);
            if position == self.position { Some(x.clone()) } else { other.cloned() }
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
        // The layer's input is the first of the node's inputs, or the only one.
        let mut gradients = isolated.vjp(&upstream)?.into_iter();
        let dx = gradients.next().map(|dx| read(&dx));
        for (other, gradient) in self.others.iter_mut().zip(gradients) {
            other.gradient = Some(read(&gradient)?);
        }
        dx.unwrap_or_else(|| Err(Error::invalid("a node", "it has no input", "check operations")))
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let mut all = Vec::new();
        for other in &mut self.others {
            all.push(Parameter::new(&other.name, &mut other.value, &other.gradient));
        }
        all
    }
}
