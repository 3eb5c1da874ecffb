//! A trace as data: the contents of the JSON form and of the page.
//!
//! Tensors are in a separate list and referenced by their index, because several edges often have the same one.

use super::heat_map::{base64::encoded, packed};
use super::steps::{Step, meeting, step};
use super::summary::{Histogram, Summary};
use super::trace::{Intermediate, NodeKind, Trace, TracedNode, Value};
use retrograde_base::number::Number;
use retrograde_core::graph::{Shape, Tensor};
use serde::{Serialize, Serializer};
use std::collections::HashMap;
use std::sync::Arc;

/// The number of intervals of a histogram.
const INTERVALS: usize = 24;
/// A page packs tensors with more elements than this.
const WRITTEN: usize = 32;
/// Tensors with more elements than this are packed as `f32`: seven digits instead of sixteen.
const EXACT: usize = 4096;

/// A whole trace.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    format: &'static str,
    version: u32,
    nodes: Vec<NodeData>,
    edges: Vec<EdgeData>,
    tensors: Tensors,
}

#[derive(Debug, Serialize)]
struct NodeData {
    label: String,
    name: Option<String>,
    scope: String,
    /// "operation", or the kind of leaf.
    kind: &'static str,
    operation: Option<OperationData>,
    file: String,
    line: u32,
    value: usize,
    /// Values within the operation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    intermediate: Vec<IntermediateData>,
    gradient: Option<usize>,
    /// The contributions to the gradient, if it is a scalar and paths meet.
    meeting: Option<String>,
    /// Indices into `edges`.
    inputs: Vec<usize>,
    outputs: Vec<usize>,
    /// The arithmetic of this node, forward and backward.
    step: Option<Step>,
}

#[derive(Debug, Serialize)]
struct IntermediateData {
    name: &'static str,
    value: usize,
}

#[derive(Debug, Serialize)]
struct OperationData {
    name: &'static str,
    symbol: &'static str,
    attributes: String,
    summary: Option<&'static str>,
    formula: Option<&'static str>,
    derivative: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct EdgeData {
    from: usize,
    to: usize,
    input: usize,
    gradient: Option<usize>,
}

#[derive(Debug, Serialize)]
struct TensorData {
    kind: &'static str,
    shape: Vec<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Number>>,
    /// The numbers, little endian, packed by zlib, in base 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    packed: Option<String>,
    /// The element type: "f64" or "f32".
    #[serde(skip_serializing_if = "Option::is_none")]
    precision: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<SummaryData>,
}

#[derive(Debug, Serialize)]
struct SummaryData {
    minimum: Number,
    mean: Number,
    maximum: Number,
    deviation: Number,
    norm: Number,
    zeros: usize,
    nans: usize,
    /// The count of elements in each of equally wide intervals from the minimum to the maximum.
    histogram: Vec<usize>,
}

impl Trace {
    /// The trace as JSON: nodes with values, gradients, formulas, source lines and their arithmetic; edges with their
    /// gradients; and all elements of all tensors, which nodes and edges reference.
    ///
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::prelude::*;
    /// use retrograde::view;
    ///
    /// let json = view::apple(&Graph::new()).trace()?.json();
    /// let trace: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    /// let price = trace["nodes"].as_array().and_then(|nodes| nodes.last()).expect("nodes");
    /// let value = price["value"].as_u64().expect("a place in the list of tensors");
    /// assert_eq!(trace["tensors"][value as usize]["values"][0], 220.00000000000003);
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::missing_panics_doc, reason = "texts and numbers can always be written")]
    pub fn json(&self) -> String {
        let text = serde_json::to_string(&Document::new(self, false));
        text.expect("names are texts and numbers are finite or words")
    }
}

impl Document {
    /// The data of a trace; for a page, with large tensors packed.
    pub(super) fn new(trace: &Trace, is_page: bool) -> Self {
        let mut tensors = Tensors { is_page, ..Tensors::default() };
        let mut nodes = Vec::new();
        for node in trace.nodes() {
            let value = tensors.value(&node.value);
            let gradient = node.gradient.as_ref().map(|gradient| tensors.real(gradient));
            let intermediate = node
                .intermediate
                .iter()
                .map(|Intermediate { name, value }| IntermediateData { name, value: tensors.real(value) });
            let intermediate = intermediate.collect();
            nodes.push(NodeData { intermediate, ..node_data(trace, node, value, gradient) });
        }
        let edges = trace.edges().iter().map(|edge| EdgeData {
            from: edge.from,
            to: edge.to,
            input: edge.input,
            gradient: edge.gradient.as_ref().map(|gradient| tensors.real(gradient)),
        });
        let edges = edges.collect();
        Document { format: "retrograde trace", version: 1, nodes, edges, tensors }
    }
}

impl Document {
    /// The index of a node's value in the list of tensors.
    pub(super) fn value(&self, node: usize) -> usize {
        self.nodes[node].value
    }

    /// The index of a tensor, which is added if it is new.
    pub(super) fn tensor(&mut self, tensor: &Arc<Tensor>) -> usize {
        self.tensors.real(tensor)
    }
}

fn node_data(trace: &Trace, node: &TracedNode, value: usize, gradient: Option<usize>) -> NodeData {
    let (kind, operation) = match &node.what {
        NodeKind::Leaf(kind) => (*kind, None),
        NodeKind::Operation { name, attributes, entry } => (
            "operation",
            Some(OperationData {
                name,
                symbol: node.symbol(),
                attributes: attributes.clone(),
                summary: entry.map(|entry| entry.summary),
                formula: entry.map(|entry| entry.formula),
                derivative: entry.map(|entry| entry.derivative),
            }),
        ),
    };
    NodeData {
        label: node.label.clone(),
        name: node.name.clone(),
        scope: node.scope.clone(),
        kind,
        operation,
        file: node.location.file().to_owned(),
        line: node.location.line(),
        value,
        intermediate: Vec::new(),
        gradient,
        meeting: meeting(trace, node),
        inputs: node.inputs.clone(),
        outputs: node.outputs.clone(),
        step: step(trace, node),
    }
}

/// The list of tensors, each once.
#[derive(Debug, Default)]
struct Tensors {
    list: Vec<TensorData>,
    /// Indices by address; addresses are stable while the tensors are held.
    known: HashMap<*const Tensor, usize>,
    held: Vec<Arc<Tensor>>,
    is_page: bool,
}

impl Serialize for Tensors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.list.serialize(serializer)
    }
}

impl Tensors {
    fn real(&mut self, tensor: &Arc<Tensor>) -> usize {
        if let Some(&known) = self.known.get(&Arc::as_ptr(tensor)) {
            return known;
        }
        self.known.insert(Arc::as_ptr(tensor), self.list.len());
        self.held.push(Arc::clone(tensor));
        let values = tensor.values();
        let is_packed = self.is_page && values.len() > WRITTEN;
        let is_exact = values.len() <= EXACT;
        self.list.push(TensorData {
            kind: "real",
            shape: tensor.shape().to_vec(),
            values: (!is_packed).then(|| values.iter().map(|&x| Number(x)).collect()),
            packed: is_packed.then(|| packed_numbers(values, is_exact)),
            precision: is_packed.then_some(if is_exact { "f64" } else { "f32" }),
            summary: (values.len() > 1).then(|| summary(values)),
        });
        self.list.len() - 1
    }

    fn value(&mut self, value: &Value) -> usize {
        let (kind, shape, values): (_, &Shape, Option<&[u32]>) = match value {
            Value::Real(tensor) => return self.real(tensor),
            Value::Indices(shape, indices) => ("index", shape, Some(indices)),
            Value::Bytes(shape) => ("bytes", shape, None),
        };
        self.list.push(TensorData {
            kind,
            shape: shape.to_vec(),
            values: values.map(|indices| indices.iter().map(|&index| Number(f64::from(index))).collect()),
            packed: None,
            precision: None,
            summary: None,
        });
        self.list.len() - 1
    }
}

fn summary(values: &[f64]) -> SummaryData {
    let summary = Summary::of(values);
    SummaryData {
        minimum: Number(summary.minimum),
        mean: Number(summary.mean),
        maximum: Number(summary.maximum),
        deviation: Number(summary.deviation),
        norm: Number(summary.norm),
        zeros: summary.zeros,
        nans: summary.nans,
        histogram: Histogram::of(values, INTERVALS).counts,
    }
}

/// First all first bytes, then all second ones and so on: bytes of the same significance are similar, and compress better.
fn packed_numbers(values: &[f64], is_exact: bool) -> String {
    let bytes: Vec<Vec<u8>> = if is_exact {
        values.iter().map(|x| x.to_le_bytes().to_vec()).collect()
    } else {
        values.iter().map(|x| (*x as f32).to_le_bytes().to_vec()).collect()
    };
    let size = if is_exact { 8 } else { 4 };
    let planes: Vec<u8> = (0..size).flat_map(|place| bytes.iter().map(move |number| number[place])).collect();
    encoded(&packed(&planes))
}
