//! `softmax`: y = exp(x) / Σ exp(x), over one axis: probabilities.
//!
//! Each line along the axis is normalized separately. Subtracting its maximum does not change the result and prevents
//! overflow of exp (the book's chapter 3.5.2). The notebook's bug is to take the maximum and the sum over the whole batch.
//!
//! Derivative: ∂yᵢ/∂xⱼ = yᵢ(δᵢⱼ − yⱼ), so dx = y·(g − Σ g·y) with the sum over the axis. Differentiable everywhere.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::reduce::{Abreast, Alone, FEW_ROWS, LANES, ROWS_ABREAST, fold, larger};
use crate::kernel::{Body, Call, Form, InstructionSet, Real, Rows, RowsKernel, dispatch};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "softmax",
    summary: "Probabilities that sum to one along an axis.",
    formula: "y[i] = exp(x[i]) / sum over j of exp(x[j])",
    derivative: "dx = y * (g - sum(g * y))",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([7])], |v| v[0].softmax(0)).with_reference(|v| {
                let powers = v[0].exp();
                &powers / powers.sum_all().broadcast([7])
            }),
            OpCase::new([InputSpec::real([3, 10])], |v| v[0].softmax(1)),
            OpCase::new([InputSpec::real([3, 10])], |v| v[0].softmax(0)),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].softmax(1)),
            OpCase::new([InputSpec::real([3, 1])], |v| v[0].softmax(1)),
            OpCase::new([InputSpec::real([1, 1])], |v| v[0].softmax(0)),
            OpCase::new([InputSpec::real([0, 4])], |v| v[0].softmax(1)),
            OpCase::new([InputSpec::between([2, 40], -30.0, 30.0)], |v| v[0].softmax(1)),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([3, 10])],
            record: |v| v[0].softmax(2),
            mentions: &["[3, 10]", "no axis 2"],
        }]
    },
};

#[derive(Debug)]
struct Softmax {
    axis: usize,
}

impl Var {
    /// Probabilities along `axis`: positive numbers that sum to one.
    #[track_caller]
    pub fn softmax(&self, axis: usize) -> Var {
        self.record(Softmax { axis }, &[], std::panic::Location::caller())
    }
}

impl Operation for Softmax {
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
            let total = (upstream * y).sum([self.axis]).expand(&[self.axis], &y.shape());
            y * (upstream - total)
        })]
    }
}

impl RowsKernel for Softmax {
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

impl<T: Real> Rows<T> for Softmax {
    fn evaluate(&self, call: Call<'_, T>) {
        let (length, inner) = lines(call.shape, self.axis);
        let (x, output) = (call.inputs.get(0).real(), call.output.real());
        if inner == 1 && (1..=LANES).contains(&length) {
            return dispatch(Narrow { x, output, width: length });
        }
        dispatch(Lines { x, output, length, inner, normalize: probabilities });
    }
}

/// The length of the lines along an axis, and the stride of their elements.
pub(super) fn lines(shape: &[usize], axis: usize) -> (usize, usize) {
    (shape[axis], shape[axis + 1..].iter().product())
}

/// Lines along an axis, each normalized separately.
pub(super) struct Lines<'a, T, F> {
    pub(super) x: &'a [T],
    pub(super) output: &'a mut [T],
    pub(super) length: usize,
    pub(super) inner: usize,
    /// Normalizes a line: its elements, its output, their stride.
    pub(super) normalize: F,
}

impl<T: Real, F: Fn(&[T], &mut [T], usize)> Body for Lines<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let block = self.length * self.inner;
        if block == 0 {
            return;
        }
        for (x, output) in self.x.chunks_exact(block).zip(self.output.chunks_exact_mut(block)) {
            if self.inner == 1 {
                (self.normalize)(x, output, 1);
            } else {
                for i in 0..self.inner {
                    (self.normalize)(&x[i..], &mut output[i..], self.inner);
                }
            }
        }
    }
}

/// Short rows, several at a time.
struct Narrow<'a, T> {
    x: &'a [T],
    output: &'a mut [T],
    width: usize,
}

impl<T: Real> Body for Narrow<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        if self.x.len() <= self.width * FEW_ROWS {
            let rows = self.x.chunks_exact(self.width).zip(self.output.chunks_exact_mut(self.width));
            for (x, output) in rows {
                let Alone { powers, total, .. } = Alone::new(x);
                let factor = T::one() / total;
                output.iter_mut().zip(&powers).for_each(|(y, &power)| *y = power * factor);
            }
            return;
        }
        let block = self.width * ROWS_ABREAST;
        for (x, output) in self.x.chunks(block).zip(self.output.chunks_mut(block)) {
            let Abreast { powers, totals, .. } = Abreast::new(x, self.width);
            for (r, row) in output.chunks_exact_mut(self.width).enumerate() {
                let factor = T::one() / totals[r];
                row.iter_mut().zip(&powers).for_each(|(y, power)| *y = power[r] * factor);
            }
        }
    }
}

/// The softmax of one line, whose elements are `stride` apart.
#[inline(always)]
fn probabilities<T: Real>(x: &[T], output: &mut [T], stride: usize) {
    if stride == 1 {
        let largest = fold(x, T::neg_infinity(), larger);
        for (output, &x) in output.iter_mut().zip(x) {
            *output = (x - largest).exponential();
        }
        let total = fold(output, T::zero(), |a, b| a + b);
        let factor = T::one() / total;
        output.iter_mut().for_each(|output| *output *= factor);
    } else {
        let largest = x.iter().step_by(stride).copied().fold(T::neg_infinity(), larger);
        let mut total = T::zero();
        for (output, &x) in output.iter_mut().step_by(stride).zip(x.iter().step_by(stride)) {
            *output = (x - largest).exponential();
            total += *output;
        }
        let factor = T::one() / total;
        output.iter_mut().step_by(stride).for_each(|output| *output *= factor);
    }
}
