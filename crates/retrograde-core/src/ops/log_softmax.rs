//! `log_softmax`: y = x − log Σ exp(x), over one axis: the logarithms of probabilities, accurate also for tiny ones.
//!
//! Derivative: ∂yᵢ/∂xⱼ = δᵢⱼ − softmax(x)ⱼ, so dx = g − softmax(x)·Σ g with the sum over the axis; softmax(y) is
//! softmax(x), as both differ by a constant along the axis. Differentiable everywhere.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use super::softmax::{Lines, lines};
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::reduce::{fold, larger};
use crate::kernel::{Call, Form, Real, Rows, RowsKernel, dispatch};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "log_softmax",
    summary: "The logarithms of the probabilities that softmax makes along an axis.",
    formula: "y[i] = x[i] - log(sum over j of exp(x[j]))",
    derivative: "dx = g - softmax(x) * sum(g)",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([7])], |v| v[0].log_softmax(0)),
            OpCase::new([InputSpec::real([3, 10])], |v| v[0].log_softmax(1)).with_reference(|v| v[0].softmax(1).log()),
            OpCase::new([InputSpec::real([3, 10])], |v| v[0].log_softmax(0)),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].log_softmax(1)),
            OpCase::new([InputSpec::real([3, 1])], |v| v[0].log_softmax(1)),
            OpCase::new([InputSpec::real([1, 1])], |v| v[0].log_softmax(0)),
            OpCase::new([InputSpec::real([0, 4])], |v| v[0].log_softmax(1)),
            OpCase::new([InputSpec::between([2, 40], -30.0, 30.0)], |v| v[0].log_softmax(1)),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([3, 10])],
            record: |v| v[0].log_softmax(2),
            mentions: &["[3, 10]", "no axis 2"],
        }]
    },
};

#[derive(Debug)]
struct LogSoftmax {
    axis: usize,
}

impl Var {
    /// Logarithms of probabilities along `axis`: their exponentials sum to one.
    #[track_caller]
    pub fn log_softmax(&self, axis: usize) -> Var {
        self.record(LogSoftmax { axis }, &[], std::panic::Location::caller())
    }
}

impl Operation for LogSoftmax {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        format!("axis {}", self.axis)
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
        Form::Rows(self)
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (y, upstream) = (context.output(), context.upstream());
        vec![context.if_needed(0, || {
            let total = upstream.sum([self.axis]).expand(&[self.axis], &y.shape());
            upstream - y.softmax(self.axis) * total
        })]
    }
}

impl RowsKernel for LogSoftmax {
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output[..self.axis].iter().product()
    }

    fn row_by_row(&self, _: usize, _: &[&[usize]], _: &[usize]) -> bool {
        true
    }

    fn work(&self, inputs: &[&[usize]], _: &[usize]) -> usize {
        20 * inputs[0].iter().product::<usize>()
    }
}

impl<T: Real> Rows<T> for LogSoftmax {
    fn evaluate(&self, call: Call<'_, T>) {
        let (length, inner) = lines(call.shape, self.axis);
        let (x, output) = (call.inputs.get(0).real(), call.output.real());
        dispatch(Lines { x, output, length, inner, normalize: log_probabilities });
    }
}

/// The log-softmax of one line, whose elements are `stride` apart.
#[inline(always)]
fn log_probabilities<T: Real>(x: &[T], output: &mut [T], stride: usize) {
    if stride == 1 {
        let largest = fold(x, T::neg_infinity(), larger);
        for (output, &x) in output.iter_mut().zip(x) {
            *output = (x - largest).exponential();
        }
        let log_sum = fold(output, T::zero(), |a, b| a + b).ln();
        for (output, &x) in output.iter_mut().zip(x) {
            *output = (x - largest) - log_sum;
        }
    } else {
        let line = || x.iter().step_by(stride).copied();
        let largest = line().fold(T::neg_infinity(), larger);
        let log_sum = line().map(|x| (x - largest).exponential()).fold(T::zero(), |a, b| a + b).ln();
        for (output, x) in output.iter_mut().step_by(stride).zip(line()) {
            *output = (x - largest) - log_sum;
        }
    }
}
