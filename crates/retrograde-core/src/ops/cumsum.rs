//! `cumsum`: the sums of the elements up to each one along an axis.
//!
//! `y[i] = x[0] + … + x[i]`. Derivative: `dx[i] = g[i] + … + g[n - 1]`, which is a sum in the other direction. Differentiable
//! everywhere. Each sum is the one before plus an element, in this order.

use super::axis::Axis;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, Type, Var, VjpContext};
use crate::kernel::{Call, Form, Reads, Real, Rows, RowsKernel};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "cumsum",
    summary: "The sums of the elements up to each one along an axis.",
    formula: "y[i] = sum over k <= i of x[k]",
    derivative: "dx[i] = sum over k >= i of g[k]",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([7])], |v| v[0].cumsum(0)),
            OpCase::new([InputSpec::real([1])], |v| v[0].cumsum(0)),
            OpCase::new([InputSpec::real([2, 3])], |v| v[0].cumsum(-1)).with_reference(|v| {
                let [a, b, c] = [0, 1, 2].map(|i| v[0].slice(1, i..=i));
                a.concat(&[&(&a + &b), &(&a + &b + &c)], 1)
            }),
            OpCase::new([InputSpec::real([2, 3])], |v| v[0].cumsum(0)),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].cumsum(1)),
            OpCase::new([InputSpec::real([0, 3])], |v| v[0].cumsum(0)),
            OpCase::new([InputSpec::real([3, 0])], |v| v[0].cumsum(0)),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([2, 3])],
                record: |v| v[0].cumsum(2),
                mentions: &["[2, 3]", "no axis 2"],
            },
            InvalidCase { types: vec![Type::index([2])], record: |v| v[0].cumsum(0), mentions: &["indices"] },
        ]
    },
};

#[derive(Debug)]
struct CumSum {
    axis: usize,
    /// Whether the sums begin at the end.
    reverse: bool,
}

impl Var {
    /// The sums of the elements up to each one along `axis`.
    #[track_caller]
    pub fn cumsum(&self, axis: impl Into<Axis>) -> Var {
        let axis = axis.into().of(self.shape_or_scalar().rank());
        self.record(CumSum { axis, reverse: false }, &[], std::panic::Location::caller())
    }
}

impl Operation for CumSum {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        format!("axis {}{}", self.axis, if self.reverse { ", from the end" } else { "" })
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::all_real(inputs)?;
        rules::axes_of(&inputs[0].shape, &[self.axis])?;
        Ok(inputs[0].clone())
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self)
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let back = CumSum { axis: self.axis, reverse: !self.reverse };
        vec![context.if_needed(0, || context.upstream().record(back, &[], std::panic::Location::caller()))]
    }

    /// An element is part of the sums of its line from its own on.
    fn jacobian_column(
        &self,
        _: usize,
        element: usize,
        types: &[Type],
        _: &[&[f64]],
        emit: &mut dyn FnMut(usize, f64),
    ) -> bool {
        let (length, inner) = lines(&types[0].shape, self.axis);
        let at = element / inner % length;
        let start = element - at * inner;
        let sums = if self.reverse { 0..at + 1 } else { at..length };
        sums.for_each(|sum| emit(start + sum * inner, 1.0));
        true
    }
}

/// The length of a line along the axis, and the distance of its elements.
fn lines(shape: &[usize], axis: usize) -> (usize, usize) {
    (shape[axis], shape[axis + 1..].iter().product())
}

impl RowsKernel for CumSum {
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output[..self.axis].iter().product()
    }

    fn reads(&self, input: usize, inputs: &[&[usize]], output: &[usize]) -> Reads {
        Reads::by_row(inputs[input], self.rows(inputs, output))
    }
}

impl<T: Real> Rows<T> for CumSum {
    fn evaluate(&self, call: Call<'_, T>) {
        let (length, inner) = lines(call.shape, self.axis);
        let (block, output) = ((length * inner).max(1), call.output.real());
        output.copy_from_slice(call.inputs.get(0).real());
        for block in output.chunks_exact_mut(block) {
            for i in 1..length {
                let (from, to) = if self.reverse { (length - i, length - i - 1) } else { (i - 1, i) };
                for column in 0..inner {
                    let sum = block[from * inner + column];
                    block[to * inner + column] += sum;
                }
            }
        }
    }
}
