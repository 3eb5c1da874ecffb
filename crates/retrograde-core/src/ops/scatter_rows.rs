//! `scatter_rows`: rows added to a table of zeros at given indices; rows with the same index add up.
//!
//! Derivative: `dx[i] = g[index[i]]`, which is [`gather_rows`](super::gather_rows), whose derivative is `scatter_rows`. Rows
//! with the same index are added in their order.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::gather_rows::indices_expected;
use crate::graph::{Kind, Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::reduce::accumulate;
use crate::kernel::{Call, Form, Real, Rows, RowsKernel};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "scatter_rows",
    summary: "Rows added to a table of zeros at given indices.",
    formula: "y[r, …] = sum over i with b[i] == r of a[i, …]",
    derivative: "da = gather_rows(g, b)",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([6, 3]), InputSpec::index([6], 4)], |v| v[0].scatter_rows(&v[1], 4)),
            OpCase::new([InputSpec::real([6]), InputSpec::index([6], 4)], |v| v[0].scatter_rows(&v[1], 4)),
            OpCase::new([InputSpec::real([0, 3]), InputSpec::index([0], 4)], |v| v[0].scatter_rows(&v[1], 4)),
            OpCase::new([InputSpec::real([1, 2, 2]), InputSpec::index([1], 1)], |v| v[0].scatter_rows(&v[1], 1)),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([6, 3]), Type::index([5])],
                record: |v| v[0].scatter_rows(&v[1], 4),
                mentions: &["[6, 3]", "[5]", "an index for each row"],
            },
            InvalidCase {
                types: vec![Type::real([6, 3]), Type::real([6])],
                record: |v| v[0].scatter_rows(&v[1], 4),
                mentions: &["indices"],
            },
        ]
    },
};

#[derive(Debug)]
struct ScatterRows {
    rows: usize,
}

impl Var {
    /// A table of `rows` rows of zeros, to which each row of this tensor is added at its index: `[n, …]` and `[n]` give
    /// `[rows, …]`.
    #[track_caller]
    pub fn scatter_rows(&self, indices: &Var, rows: usize) -> Var {
        self.record(ScatterRows { rows }, &[indices], std::panic::Location::caller())
    }
}

impl Operation for ScatterRows {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        format!("to {} rows", self.rows)
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        let (values, indices) = (&inputs[0], &inputs[1]);
        super::rules::all_real(&inputs[..1])?;
        if indices.kind != Kind::Index {
            return Err(indices_expected(indices, "the row indices"));
        }
        match values.shape.split_first() {
            Some((count, row)) if *indices.shape == [*count] => {
                Ok(Type::real([&[self.rows], row].concat()))
            }
            _ => Err(Mismatch::new(
                format!("rows of shape {} and indices of shape {} do not fit", values.shape, indices.shape),
                "give an index for each row: `[n, …]` and `[n]`",
            )),
        }
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self)
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || context.upstream().gather_rows(context.input(1))), None]
    }

    fn index_bound(&self, _: usize, _: &[Type], _: Option<usize>) -> Option<usize> {
        Some(self.rows)
    }
}

impl RowsKernel for ScatterRows {
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output[0]
    }
}

impl<T: Real> Rows<T> for ScatterRows {
    fn evaluate(&self, call: Call<'_, T>) {
        let (values, indices) = (call.inputs.get(0).real(), call.inputs.get(1).index());
        let width: usize = call.shape[1..].iter().product();
        let output = call.output.real();
        output.fill(T::zero());
        // Each partition of the output scans all indices for its own rows.
        for (i, &index) in indices.iter().enumerate() {
            if call.rows.contains(&(index as usize)) {
                let to = (index as usize - call.rows.start) * width;
                accumulate(&values[i * width..(i + 1) * width], &mut output[to..to + width]);
            }
        }
    }
}
