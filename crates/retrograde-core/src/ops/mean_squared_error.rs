//! `mean_squared_error`: y = (1/n) Σ (a − b)², over all n elements: the loss of a regression.
//!
//! Derivative: da = 2(a − b)·g/n and db = −da. Differentiable everywhere. The book's `sum_squared_error` (chapter 4.2.1)
//! is n/2 times as large. The mean of no elements is an error. The order of summation depends only on the
//! shape.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::reduce::{MeanOf, sum};
use crate::kernel::{Call, Form, Reads, Real, Rows, RowsKernel};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "mean_squared_error",
    summary: "The mean of the squared differences of two tensors of the same shape.",
    formula: "y = (1/n) * sum((a - b)^2)",
    derivative: "da = 2 * (a - b) * g / n, db = -da",
    cases: || {
        [[].as_slice(), &[1], &[7], &[3, 5], &[2, 300]]
            .map(|shape| {
                OpCase::new([InputSpec::real(shape), InputSpec::real(shape)], |v| v[0].mean_squared_error(&v[1]))
            })
            .to_vec()
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([3, 2]), Type::real([3])],
                record: |v| v[0].mean_squared_error(&v[1]),
                mentions: &["[3, 2]", "[3]", "same shape"],
            },
            InvalidCase {
                types: vec![Type::real([0, 2]), Type::real([0, 2])],
                record: |v| v[0].mean_squared_error(&v[1]),
                mentions: &["[0, 2]", "no elements"],
            },
        ]
    },
};

/// The squares that are summed at a time: they stay in the first-level cache.
const SQUARES: usize = 256;

#[derive(Debug)]
struct MeanSquaredError {
    elements: usize,
}

impl Var {
    /// The mean of the squared differences between this and `target`, which has the same shape. A scalar.
    #[track_caller]
    pub fn mean_squared_error(&self, target: &Var) -> Var {
        let elements = self.shape_or_scalar().elements();
        self.record(MeanSquaredError { elements }, &[target], std::panic::Location::caller())
    }
}

impl Operation for MeanSquaredError {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn decomposition(&self, inputs: &[Var]) -> Option<Var> {
        let difference = &inputs[0] - &inputs[1];
        Some(difference.powf(2.0).mean_all())
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        let all: Vec<usize> = (0..inputs[0].shape.rank()).collect();
        rules::same_shapes(inputs)?;
        rules::reduced_from_some(&inputs[..1], &all)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(Arc::new(MeanOf::new(SquaredErrors, self.elements.div_ceil(SQUARES), self.elements)))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (a, b) = (context.input(0), context.input(1));
        let shape = a.shape();
        let slope = |x: &Var, y: &Var| {
            let scale = context.upstream() * (2.0 / shape.elements() as f64);
            (x - y) * scale.broadcast(&shape)
        };
        vec![context.if_needed(0, || slope(a, b)), context.if_needed(1, || slope(b, a))]
    }
}

/// The sums of the squared differences of [`SQUARES`] elements each.
#[derive(Debug)]
struct SquaredErrors;

impl RowsKernel for SquaredErrors {
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output[0]
    }

    fn reads(&self, _: usize, _: &[&[usize]], _: &[usize]) -> Reads {
        Reads::blocks(1, SQUARES)
    }

    fn scratch(&self, _: &[&[usize]], _: &[usize]) -> usize {
        SQUARES
    }
}

impl<T: Real> Rows<T> for SquaredErrors {
    fn evaluate(&self, call: Call<'_, T>) {
        let [a, b] = [0, 1].map(|input| call.inputs.get(input).real().chunks(SQUARES));
        for (output, (a, b)) in call.output.real().iter_mut().zip(a.zip(b)) {
            let squares = &mut call.scratch[..a.len()];
            squares.iter_mut().zip(a.iter().zip(b)).for_each(|(square, (&a, &b))| *square = (a - b) * (a - b));
            *output = sum(squares);
        }
    }
}
