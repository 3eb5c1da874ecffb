//! `gather_rows`: the rows of a table at given indices, for example a batch of a data set.
//!
//! `y[i] = x[index[i]]`. Derivative: the gradient of a row is the sum of the upstream gradients of its copies,
//! [`scatter_rows`](super::scatter_rows). The table has real numbers, bytes (images, which are converted to real numbers) or
//! indices (labels).

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use crate::graph::{Kind, Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::gather::copy_rows;
use crate::kernel::layouts::Layouts;
use crate::kernel::{Call, Form, Output, Reads, Real, Rows, RowsForm, RowsKernel, Values};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "gather_rows",
    summary: "The rows of a table at given indices.",
    formula: "y[i, …] = a[b[i], …]",
    derivative: "da = scatter_rows(g, b)",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([4, 3]), InputSpec::index([6], 4)], |v| v[0].gather_rows(&v[1])),
            OpCase::new([InputSpec::real([4]), InputSpec::index([6], 4)], |v| v[0].gather_rows(&v[1])),
            OpCase::new([InputSpec::real([1, 2, 2]), InputSpec::index([1], 1)], |v| v[0].gather_rows(&v[1])),
            OpCase::new([InputSpec::real([4, 3]), InputSpec::index([0], 4)], |v| v[0].gather_rows(&v[1])),
            OpCase::new([InputSpec::real([4, 0]), InputSpec::index([2], 4)], |v| v[0].gather_rows(&v[1])),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([4, 3]), Type::real([2])],
                record: |v| v[0].gather_rows(&v[1]),
                mentions: &["the rows to gather", "indices", "[2]"],
            },
            InvalidCase {
                types: vec![Type::real([]), Type::index([2])],
                record: |v| v[0].gather_rows(&v[1]),
                mentions: &["scalar", "no rows"],
            },
            InvalidCase {
                types: vec![Type::real([4]), Type::index([2, 2])],
                record: |v| v[0].gather_rows(&v[1]),
                mentions: &["[2, 2]", "one axis"],
            },
        ]
    },
};

#[derive(Debug)]
struct GatherRows;

impl Var {
    /// The rows of this table at the indices `rows`: `[r, …]` and `[n]` give `[n, …]`. Every index must be below r, which is
    /// checked when the indices are set.
    #[track_caller]
    pub fn gather_rows(&self, rows: &Var) -> Var {
        self.record(GatherRows, &[rows], std::panic::Location::caller())
    }
}

/// The error for real values where indices are needed.
pub(super) fn indices_expected(found: &Type, what: &str) -> Mismatch {
    Mismatch::new(
        format!("{what} must be indices, but {found} has none"),
        "record indices with `index_input` or `indices`",
    )
}

impl Operation for GatherRows {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        let (table, rows) = (&inputs[0], &inputs[1]);
        if rows.kind != Kind::Index {
            return Err(indices_expected(rows, "the rows to gather"));
        }
        if rows.shape.rank() != 1 {
            let problem = format!("the rows to gather have the shape {}", rows.shape);
            return Err(Mismatch::new(problem, "give indices with one axis, for example with `reshape`"));
        }
        let Some((_, row)) = table.shape.split_first() else {
            return Err(Mismatch::new("a scalar has no rows", "gather from a tensor with at least one axis"));
        };
        let kind = if table.kind == Kind::Index { Kind::Index } else { Kind::Real };
        Ok(Type { kind, shape: [&[rows.shape[0]], row].concat().into() })
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Rows(RowsForm::with_layouts(self, Layouts::Gather))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let table = context.input(0);
        let to_table = || context.upstream().scatter_rows(context.input(1), table.shape()[0]);
        vec![context.if_needed(0, to_table), None]
    }

    fn index_bound(&self, input: usize, inputs: &[Type], output: Option<usize>) -> Option<usize> {
        if input == 0 { output } else { inputs[0].shape.first().copied() }
    }
}

impl RowsKernel for GatherRows {
    fn rows(&self, inputs: &[&[usize]], _: &[usize]) -> usize {
        inputs[1].iter().product()
    }

    fn reads(&self, input: usize, _: &[&[usize]], _: &[usize]) -> Reads {
        if input == 0 { Reads::ALL } else { Reads::blocks(1, 1) }
    }

    fn flops(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output.iter().product()
    }
}

impl<T: Real> Rows<T> for GatherRows {
    fn evaluate(&self, call: Call<'_, T>) {
        let rows = call.inputs.get(1).index();
        let width = call.shape[1..].iter().product();
        match (call.inputs.get(0).values, call.output) {
            (Values::Real(table), Output::Real(output)) => copy_rows(table, rows, width, output),
            (Values::Index(table), Output::Index(output)) => copy_rows(table, rows, width, output),
            // By the shape rule, the output has the kind of the table.
            _ => unreachable!("a table and its rows have the same kind"),
        }
    }
}
