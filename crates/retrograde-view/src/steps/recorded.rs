//! The arithmetic of recorded operations: what an element of a variable is made of, and the same with names.
//!
//! An elementwise operation is its expression. A view or a reshape reads one element of its input. Any other operation that
//! is linear in its inputs, or in each of them (sum, matrix product), is a sum of elements times slopes, which come from its
//! own derivative; that the terms sum to the element is verified. What is left, such as the softmax within a gradient, is a
//! number.

use super::super::trace::{Trace, TracedNode, Value};
use super::Arithmetic;
use super::formula::{Formula, Operand, Term, place};
use crate::summary::rough;
use crate::text::label;
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Kind, Leaf, NodeId, Tensor, Var, ancestors};
use retrograde_core::kernel::{Form, View, Viewing};
use retrograde_core::plan::Planner;
use std::collections::HashMap;
use std::sync::Arc;

/// Deeper operations are numbers.
const DEEPEST: usize = 16;

/// How many indices are shown.
const SHOWN: usize = 3;

/// One operation in a graph of its own, with the values of its inputs.
pub(super) struct Isolated {
    inputs: Vec<Var>,
    output: Var,
    upstream: Option<Var>,
    names: HashMap<NodeId, String>,
}

impl Isolated {
    /// `None` for a leaf, and where values are missing.
    pub(super) fn new(trace: &Trace, node: &TracedNode) -> Option<Self> {
        let graph = Graph::new();
        let mut inputs = Vec::new();
        let mut names = HashMap::new();
        for (position, &edge) in node.inputs.iter().enumerate() {
            let operand = &trace.nodes()[trace.edges()[edge].from];
            let name = format!("x{position}");
            let var = match (&operand.value, operand.node.leaf()) {
                (Value::Real(tensor), _) => graph.parameter(&name, Tensor::clone(tensor)),
                (Value::Indices(shape, indices), _) => {
                    graph.indices(&name, shape.clone(), Arc::clone(indices))
                }
                (Value::Bytes(shape), Some(Leaf::Bytes { values, scale })) => {
                    graph.bytes(&name, shape.clone(), values, *scale)
                }
                (Value::Bytes(_), _) => return None,
            };
            names.insert(var.id(), label(operand));
            inputs.push(var);
        }
        let output = graph.re_record(&node.node, &inputs.iter().collect::<Vec<_>>())?.checked().ok()?;
        let upstream = node.gradient.as_deref().map(|gradient| graph.parameter("g", gradient.clone()));
        Some(Isolated { inputs, output, upstream, names })
    }

    /// The result: by simpler operations, if the operation is a composition of others.
    pub(super) fn result(&self) -> Result<Recorded> {
        let node = self.output.node();
        let simpler = node.operation().and_then(|operation| operation.decomposition(&self.inputs));
        Recorded::new(simpler.unwrap_or_else(|| self.output.clone()), self.names.clone())
    }

    /// The contribution to the gradient of an input; `label` is the name of the result.
    pub(super) fn contribution(&self, input: usize, label: String) -> Option<Recorded> {
        let upstream = self.upstream.as_ref()?;
        let gradients = self.output.backward_from(upstream).ok()?;
        let contribution = gradients.wrt_or_zero(&self.inputs[input]).ok()?;
        let mut names = self.names.clone();
        names.extend([(upstream.id(), "g".to_owned()), (self.output.id(), label)]);
        Recorded::new(contribution, names).ok()
    }
}

/// A variable, the names of what it is made of, and all values.
pub(super) struct Recorded {
    root: Var,
    names: HashMap<NodeId, String>,
    values: HashMap<NodeId, Tensor>,
}

impl Recorded {
    fn new(root: Var, names: HashMap<NodeId, String>) -> Result<Self> {
        let graph = root.graph().clone();
        let nodes = ancestors(&graph, &[root.clone().checked()?.id()])?;
        let is_known = |leaf: Option<&Leaf>| !matches!(leaf, Some(Leaf::Bytes { .. } | Leaf::Indices(_)));
        let real = nodes.iter().filter(|node| node.value_type.kind == Kind::Real && is_known(node.leaf()));
        let vars: Vec<Var> = real.map(|node| graph.var(node.id)).collect();
        let mut plan = Planner::new(&graph).fetch_all(&vars).compile::<f64>()?;
        plan.run()?;
        let values = vars.iter().map(|var| Ok((var.id(), plan.value(var)?))).collect::<Result<_>>()?;
        Ok(Recorded { root, names, values })
    }

    /// The formula with the names of whole tensors.
    pub(super) fn in_names(&self) -> String {
        self.whole(&self.root, 0).in_names()
    }

    /// What this element is made of; `None` if nothing is known of it.
    pub(super) fn element(&self, element: usize) -> Option<Formula> {
        Some(self.made_of(&self.root, element, false, 0)).filter(Formula::is_explained)
    }

    /// The call that makes an element of indices alone: `one_hot([2, 0])[0, 2]`.
    pub(super) fn call(&self, result: &Tensor, element: usize) -> Option<Arithmetic> {
        let node = self.root.node();
        let indices = |input: Var| match input.node().leaf() {
            Some(Leaf::Indices(indices)) if indices.len() > SHOWN => {
                Some(format!("{:?}", &indices[..SHOWN]).replace(']', ", …]"))
            }
            Some(Leaf::Indices(indices)) => Some(format!("{indices:?}")),
            _ => None,
        };
        let indices: Vec<String> =
            Self::inputs(&self.root).into_iter().map(indices).collect::<Option<_>>()?;
        let element_name = place(result, element);
        let numbers = node.operation()?.notation(&indices) + &element_name;
        let result = rough(result.values()[element]);
        Some(Arithmetic { element: Some(element_name), numbers, result, is_rough: true })
    }

    fn inputs(var: &Var) -> Vec<Var> {
        var.node().inputs.iter().map(|&id| var.graph().var(id)).collect()
    }

    fn whole(&self, var: &Var, depth: usize) -> Formula {
        let node = var.node();
        let named = |name: String| Formula::of(Operand::Tensor(name));
        if let Some(name) = self.names.get(&var.id()) {
            return named(name.clone());
        }
        let inputs = Self::inputs(var);
        match (node.operation(), node.form()) {
            _ if depth == DEEPEST => named("…".to_owned()),
            (_, Some(Form::Elementwise(expr))) => {
                let parts = inputs.iter().map(|input| self.whole(input, depth + 1)).collect();
                Formula::joined(expr, parts)
            }
            (_, Some(Form::Reshape)) if depth > 0 || self.root.id() != var.id() => {
                self.whole(&inputs[0], depth + 1)
            }
            // A broadcast repeats its input, and names say nothing of places.
            (_, Some(Form::View(view))) if keeps_all_in_order(&**view, &inputs[0]) => {
                self.whole(&inputs[0], depth + 1)
            }
            (Some(operation), _) => {
                let name = |input: &Var| self.whole(input, depth + 1).in_names();
                named(operation.notation(&inputs.iter().map(name).collect::<Vec<_>>()))
            }
            (None, _) => match self.values.get(&var.id()).map(Tensor::values) {
                Some([first, rest @ ..]) if rest.iter().all(|value| value == first) => {
                    Formula::joined(&(*first).into(), Vec::new())
                }
                _ => named(node.label()),
            },
        }
    }

    fn made_of(&self, var: &Var, element: usize, within_sum: bool, depth: usize) -> Formula {
        let node = var.node();
        let tensor = self.values.get(&var.id());
        let value = tensor.map_or(f64::NAN, |tensor| tensor.values()[element]);
        let inputs = Self::inputs(var);
        let unexplained = || Formula::of(Operand::Unexplained(value));
        if let Some(name) = self.names.get(&var.id()) {
            let tensor = tensor.filter(|tensor| tensor.shape().rank() > 0);
            let name = tensor.map(|tensor| format!("{name}{}", place(tensor, element)));
            return Formula::of(Operand::Number(value, name));
        }
        let part = |input: &Var, element| self.made_of(input, element, within_sum, depth + 1);
        match node.form() {
            _ if depth == DEEPEST => unexplained(),
            Some(Form::Elementwise(expr)) => {
                Formula::joined(expr, inputs.iter().map(|input| part(input, element)).collect())
            }
            Some(Form::Reshape) => part(&inputs[0], element),
            Some(Form::View(view)) => {
                let of = View::whole(&inputs[0].shape());
                part(&inputs[0], element_behind(&view.view(&of), element))
            }
            Some(Form::Rows(_)) => match self.terms(var, element, value) {
                Some(terms) if terms.len() == 1 || !within_sum => Formula::sum(&terms, |term| {
                    let within_sum = within_sum || terms.len() > 1;
                    self.made_of(&inputs[term.input], term.element, within_sum, depth + 1)
                }),
                _ => unexplained(),
            },
            None => Formula::joined(&value.into(), Vec::new()),
        }
    }

    /// The elements whose multiples sum to an element, with the factors: slopes of the operation. Of all inputs together, as
    /// for a concatenation, or of one of them, as for a matrix product.
    fn terms(&self, var: &Var, element: usize, value: f64) -> Option<Vec<Term>> {
        let graph = var.graph();
        let one = Tensor::from_fn(var.shape(), |at| f64::from(u8::from(at == element))).ok()?;
        let gradients = var.backward_from(&graph.constant(one)).ok()?;
        let slopes: Vec<Option<&Var>> =
            (0..var.node().inputs.len()).map(|input| gradients.on_edge(var.id(), input)).collect();
        let mut plan =
            Planner::new(graph).fetch_all(slopes.iter().copied().flatten()).compile::<f64>().ok()?;
        plan.run().ok()?;
        let mut each = Vec::new();
        for (input, (slopes, id)) in slopes.iter().zip(&var.node().inputs).enumerate() {
            let (Some(slopes), Some(tensor)) = (slopes, self.values.get(id)) else { continue };
            let slopes = plan.value(slopes).ok()?;
            let pairs = tensor.values().iter().zip(slopes.values()).enumerate();
            let terms = pairs.filter(|(_, (_, slope))| **slope != 0.0);
            let term = |(element, (&number, &slope))| Term { input, element, number, slope };
            each.push(terms.map(term).collect::<Vec<_>>());
        }
        let mut sets = std::iter::once(each.concat()).chain(each.iter().cloned());
        sets.find(|terms| !each.is_empty() && Term::sum_to(terms, value))
    }
}

/// The element of the input that a view has at `element`.
fn element_behind(view: &View, element: usize) -> usize {
    let mut rest = element;
    let axes = view.shape.iter().zip(&view.strides).rev();
    let steps = axes.map(|(&length, &stride)| {
        let index = rest % length;
        rest /= length;
        index * stride
    });
    view.offset + steps.sum::<usize>()
}

/// Whether a view has all elements of its input, in order and each perhaps several times.
fn keeps_all_in_order(view: &dyn Viewing, input: &Var) -> bool {
    let whole = View::whole(&input.shape());
    let view = view.view(&whole);
    view.elements() > whole.elements() || view.elements() == whole.elements() && view.is_contiguous()
}
