//! What self-attention and its gradient have in common: their options, the shape rule, and how they are recorded.
//!
//! The gradient of [`self_attention`](super::self_attention) is [`self_attention_gradient`](super::self_attention_gradient); neither
//! has the matrix of scores in memory. The gradients of that one are matrix products and a softmax ([`composed`]), which have.

mod composed;

use super::rules;
use super::{self_attention, self_attention_gradient};
use crate::graph::{Mismatch, Operation, Shape, Type, Var, VjpContext};
use crate::kernel::Form;
use crate::kernel::attention::{Attention, Geometry};
use composed::Composed;
use std::panic::Location;
use std::sync::Arc;

/// What drawings call the weights.
const WEIGHTS: &str = "weights of attention";

/// The options of self-attention.
///
/// ```
/// use retrograde::ops::AttentionOptions;
///
/// assert!(!AttentionOptions::new(4).causal);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionOptions {
    /// The number of heads.
    pub heads: usize,
    /// Whether a position attends to itself and earlier positions only. By default to all.
    pub causal: bool,
}

impl AttentionOptions {
    /// So many heads, each of which attends to all positions.
    pub fn new(heads: usize) -> Self {
        AttentionOptions { heads, causal: false }
    }
}

/// Self-attention or its gradient.
#[derive(Debug, Clone)]
pub(super) struct SelfAttention {
    options: AttentionOptions,
    is_gradient: bool,
    geometry: Result<Geometry, Mismatch>,
}

impl SelfAttention {
    /// For queries, keys and values of this shape.
    pub(super) fn new(x: &Shape, options: AttentionOptions, is_gradient: bool, padded: bool) -> Self {
        SelfAttention { options, is_gradient, geometry: geometry(x, options, padded) }
    }
}

fn geometry(x: &Shape, options: AttentionOptions, padded: bool) -> Result<Geometry, Mismatch> {
    let [samples, positions, all] = x[..] else {
        let problem = format!("the shape {x} has {} axes", x.rank());
        return Err(Mismatch::new(problem, "give queries, keys and values as [rows, positions, 3 · width]"));
    };
    let AttentionOptions { heads, causal } = options;
    if !all.is_multiple_of(3) {
        let problem = format!("the last axis of the shape {x} is no multiple of 3");
        return Err(Mismatch::new(problem, "give queries, keys and values of equal width beside each other"));
    }
    let all = all / 3;
    if heads == 0 || !all.is_multiple_of(heads) {
        let problem = format!("{heads} heads do not divide the width {all} of the shape {x}");
        return Err(Mismatch::new(problem, format!("give a number of heads that divides {all}")));
    }
    Ok(Geometry { samples, positions, heads, width: all / heads, causal, padded })
}

/// The shapes of the operands and of the value: queries, keys and values; the output.
fn shapes(geometry: &Geometry) -> [Shape; 2] {
    let &Geometry { samples, positions, heads, width, .. } = geometry;
    [3, 1].map(|parts| [samples, positions, parts * heads * width].into())
}

impl Operation for SelfAttention {
    fn name(&self) -> &'static str {
        if self.is_gradient { self_attention_gradient::ENTRY.name } else { self_attention::ENTRY.name }
    }

    fn attributes(&self) -> String {
        let AttentionOptions { heads, causal } = self.options;
        let heads = if heads == 1 { "1 head".to_owned() } else { format!("{heads} heads") };
        if causal { heads + ", causal" } else { heads }
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::all_real(inputs)?;
        let geometry = self.geometry.clone()?;
        let [x, output] = shapes(&geometry);
        let padding = Shape::from([geometry.samples, geometry.positions]);
        let mut expected = vec![&x];
        expected.extend(geometry.padded.then_some(&padding));
        expected.extend(self.is_gradient.then_some(&output));
        for (input, expected) in inputs.iter().zip(expected) {
            if input.shape != *expected {
                let problem = format!("an operand has the shape {}, and not {expected}", input.shape);
                return Err(Mismatch::new(problem, format!("give an operand of the shape {expected}")));
            }
        }
        Ok(Type::real(if self.is_gradient { x } else { output }))
    }

    fn form(self: Arc<Self>) -> Form {
        let geometry = self.geometry.clone().expect("`infer` has accepted the shapes");
        let of = if self.is_gradient { Attention::Gradient } else { Attention::Output };
        Form::rows(Arc::new(of(geometry)))
    }

    /// The gradient by the padding is zero wherever it exists.
    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let inputs = context.inputs();
        let padded = inputs.len() - 1 - usize::from(self.is_gradient);
        let mut gradients = vec![None; inputs.len()];
        if self.is_gradient {
            let last = inputs.len() - 1;
            if let Some(attention) = self.composed(&inputs[..=padded]) {
                let needed = [0, last].map(|input| context.needs_gradient(input));
                [gradients[0], gradients[last]] =
                    attention.second_order(&inputs[last], context.upstream(), needed);
            }
        } else {
            gradients[0] = context.if_needed(0, || {
                let gradient = SelfAttention { is_gradient: true, ..self.clone() };
                let mut others: Vec<&Var> = inputs[1..].iter().collect();
                others.push(context.upstream());
                inputs[0].record(gradient, &others, Location::caller())
            });
        }
        gradients
    }

    fn decomposition(&self, inputs: &[Var]) -> Option<Var> {
        if self.is_gradient {
            let (upstream, operands) = inputs.split_last()?;
            Some(self.composed(operands)?.gradient(upstream))
        } else {
            Some(self.composed(inputs)?.output())
        }
    }

    fn intermediate_values(&self, inputs: &[Var]) -> Vec<(&'static str, Var)> {
        let weights = if self.is_gradient { None } else { self.composed(inputs) };
        weights.map(|composed| (WEIGHTS, composed.weights)).into_iter().collect()
    }
}

impl SelfAttention {
    /// The same by products and a softmax, of queries, keys and values and the padding, if there is some.
    fn composed(&self, operands: &[Var]) -> Option<Composed> {
        let (x, padding) = operands.split_first()?;
        Some(Composed::new(x, padding.first(), *self.geometry.as_ref().ok()?))
    }
}

/// The weights with which each position attends to each: `[rows, heads, positions, positions]`.
pub(super) fn weights(x: &Var, padding: Option<&Var>, options: AttentionOptions) -> Option<Var> {
    let geometry = geometry(&x.shape_or_scalar(), options, padding.is_some()).ok()?;
    Some(Composed::new(x, padding, geometry).weights)
}

/// Attention by products and a softmax: the reference of cases.
#[track_caller]
pub(super) fn by_products(x: &Var, padding: &Var, options: AttentionOptions) -> Var {
    match geometry(&x.shape_or_scalar(), options, true) {
        Ok(geometry) => Composed::new(x, Some(padding), geometry).output(),
        // The operation itself is the error.
        Err(_) => x.self_attention_padded(padding, options),
    }
}

/// 1 where a number is negative, else 0: the padding of cases.
#[track_caller]
pub(super) fn negative(x: &Var) -> Var {
    x.less(&x.graph().full(x.shape_or_scalar(), 0.0))
}
