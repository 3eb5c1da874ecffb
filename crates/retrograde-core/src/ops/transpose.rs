//! `transpose`: the axes in another order.
//!
//! y[i, j] = x[j, i], or any other permutation of the axes. Derivative: the upstream gradient with the inverse
//! permutation. Differentiable everywhere. Free, unless a consumer needs contiguous memory. For matrix products with a
//! transposed operand, [`matmul_t`](crate::Var::matmul_t) and [`t_matmul`](crate::Var::t_matmul) need no copy.

use super::axis::Axes;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Form, View, Viewing};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "transpose",
    summary: "The axes of a tensor in another order.",
    formula: "y[i, j] = x[j, i]",
    derivative: "dx[j, i] = g[i, j]",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([3, 4])], |v| v[0].t()),
            OpCase::new([InputSpec::real([])], |v| v[0].transpose([0; 0])),
            OpCase::new([InputSpec::real([1])], |v| v[0].transpose([0])),
            OpCase::new([InputSpec::real([0, 3])], |v| v[0].t()),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].transpose([2, 0, 1])),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].transpose([-1, 0, -2])).with_reference(|v| v[0].transpose([2, 0, 1])),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].t()).with_reference(|v| v[0].transpose([0, 2, 1])),
            OpCase::new([InputSpec::real([3, 3])], |v| (&v[0] * v[0].t()).t()),
            OpCase::new([InputSpec::index([2, 3], 5)], |v| v[0].t()),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([2, 3])],
                record: |v| v[0].transpose([0]),
                mentions: &["[2, 3]", "1 axis", "each of its 2 axes"],
            },
            InvalidCase { types: vec![Type::real([2, 3])], record: |v| v[0].transpose([1, 1]), mentions: &["twice"] },
            InvalidCase {
                types: vec![Type::real([3])],
                record: |v| v[0].t(),
                mentions: &["[3]", "two axes", ".reshape([1, 3])"],
            },
        ]
    },
};

#[derive(Debug)]
struct Transpose {
    /// The input axis of each output axis.
    order: Vec<usize>,
}

impl Var {
    /// The axes in another order: axis `i` of the result is axis `order[i]` of this. Real values and indices.
    #[track_caller]
    pub fn transpose(&self, order: impl Into<Axes>) -> Var {
        let order = order.into().of(self.shape_or_scalar().rank());
        self.record(Transpose { order }, &[], std::panic::Location::caller())
    }

    /// The last two axes swapped: the transpose of a matrix, or of each matrix of a stack.
    #[track_caller]
    pub fn t(&self) -> Var {
        // At least two axes, so that the shape rule rejects fewer.
        let mut order: Vec<usize> = (0..self.shape_or_scalar().rank().max(2)).collect();
        let last = order.len() - 1;
        order.swap(last - 1, last);
        self.transpose(order)
    }
}

impl Operation for Transpose {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        format!("to {:?}", self.order)
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        let (kind, shape) = (inputs[0].kind, &inputs[0].shape);
        let (rank, given) = (shape.rank(), self.order.len());
        if given == 2 && rank < 2 {
            let help = match shape.first() {
                Some(length) => format!("make it a row with `.reshape([1, {length}])`, or a column"),
                None => "a scalar is its own transpose".into(),
            };
            return Err(Mismatch::new(format!("{shape} is not a matrix: it needs two axes"), help));
        }
        if given != rank {
            let axes = if given == 1 { "axis" } else { "axes" };
            return Err(Mismatch::new(
                format!("{given} {axes} given for the shape {shape}"),
                format!("give each of its {rank} axes once"),
            ));
        }
        rules::axes_of(shape, &self.order)?;
        Ok(Type { kind, shape: self.order.iter().map(|&axis| shape[axis]).collect::<Vec<_>>().into() })
    }

    fn form(self: Arc<Self>) -> Form {
        Form::View(self)
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || {
            let mut back = vec![0; self.order.len()];
            for (to, &from) in self.order.iter().enumerate() {
                back[from] = to;
            }
            context.upstream().transpose(back)
        })]
    }

    fn index_bound(&self, _: usize, _: &[Type], output: Option<usize>) -> Option<usize> {
        output
    }
}

impl Viewing for Transpose {
    fn view(&self, of: &View) -> View {
        let reorder = |lengths: &[usize]| self.order.iter().map(|&axis| lengths[axis]).collect();
        View { shape: reorder(&of.shape), strides: reorder(&of.strides), offset: of.offset }
    }
}
