//! `gather_rows`: the rows of a table at given indices, for example a batch of a data set.
//!
//! `y[i] = x[index[i]]`. Derivative: the gradient of a row is the sum of the upstream gradients of its copies,
//! [`scatter_rows`](super::scatter_rows). The table has real numbers, bytes (images, which are converted to real numbers) or
//! indices (labels).

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use crate::graph::{Kind, Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::prefetch::prefetch;
use crate::kernel::{
    Body, Call, Form, InstructionSet, Output, Real, Rows, RowsKernel, Values, dispatch,
};
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
            OpCase::new([InputSpec::real([4, 3]), InputSpec::index([2], 4), InputSpec::index([2], 4)], |v| {
                v[0].gather_rows_prefetching(&v[1], &v[2])
            }),
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

    /// [`gather_rows`](Self::gather_rows) that also prefetches the rows `next` of the next run. They do not affect the value.
    #[track_caller]
    pub fn gather_rows_prefetching(&self, rows: &Var, next: &Var) -> Var {
        self.record(GatherRows, &[rows, next], std::panic::Location::caller())
    }
}

/// The error for real values where indices are needed.
pub(super) fn indices_expected(found: &Type, what: &str) -> Mismatch {
    Mismatch::new(
        format!("{what} must be indices, but {found} has real numbers"),
        "record indices with `index_input` or `indices`",
    )
}

impl Operation for GatherRows {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        let (table, rows) = (&inputs[0], &inputs[1]);
        for rows in &inputs[1..] {
            if rows.kind == Kind::Real {
                return Err(indices_expected(rows, "the rows to gather"));
            }
            if rows.shape.rank() != 1 {
                let problem = format!("the rows to gather have the shape {}", rows.shape);
                return Err(Mismatch::new(problem, "give indices with one axis, for example with `reshape`"));
            }
        }
        if let Some(next) = inputs.get(2).filter(|next| next.shape != rows.shape) {
            let problem = format!("the row indices have the shapes {} and {}", rows.shape, next.shape);
            return Err(Mismatch::new(problem, "prefetch as many rows as are gathered"));
        }
        let Some((_, row)) = table.shape.split_first() else {
            return Err(Mismatch::new("a scalar has no rows", "gather from a tensor with at least one axis"));
        };
        Ok(Type { kind: table.kind, shape: [&[rows.shape[0]], row].concat().into() })
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Rows(self)
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let table = context.input(0);
        let to_table = context.if_needed(0, || context.upstream().scatter_rows(context.input(1), table.shape()[0]));
        std::iter::once(to_table).chain(context.inputs()[1..].iter().map(|_| None)).collect()
    }

    fn index_bound(&self, input: usize, inputs: &[Type], output: Option<usize>) -> Option<usize> {
        if input == 0 { output } else { inputs[0].shape.first().copied() }
    }
}

impl RowsKernel for GatherRows {
    fn rows(&self, inputs: &[&[usize]], _: &[usize]) -> usize {
        inputs[1].iter().product()
    }

    fn row_by_row(&self, input: usize, _: &[&[usize]], _: &[usize]) -> bool {
        input > 0
    }

    fn work(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output.iter().product()
    }

    fn takes_bytes(&self, input: usize) -> bool {
        input == 0
    }

    fn makes_sparse(&self) -> bool {
        true
    }
}

impl<T: Real> Rows<T> for GatherRows {
    fn evaluate(&self, call: Call<'_, T>) {
        let rows = call.inputs.get(1).index();
        let next = if call.inputs.len() > 2 { call.inputs.get(2).index() } else { &[] };
        let width = call.shape[1..].iter().product();
        match (call.inputs.get(0).values, call.output) {
            (Values::Real(table), Output::Real(output)) => copy_rows(table, rows, width, output),
            (Values::Index(table), Output::Index(output)) => copy_rows(table, rows, width, output),
            (Values::Bytes(table, scale), Output::Real(output)) => {
                dispatch(Widen { table, scale, rows, next, width, output });
            }
            (Values::Bytes(..), Output::Sparse(output)) => output.gather(rows, next),
            // By the shape rule, the output has the kind of the table.
            _ => unreachable!("a table and its rows have the same kind"),
        }
    }
}

/// The prefetch distance in rows.
const DISTANCE: usize = 4;

/// Prefetches row `i` of the next run, or, if that is unknown, the row [`DISTANCE`] after row `i`.
#[inline(always)]
fn prefetch_row<E>(table: &[E], rows: &[u32], next: &[u32], i: usize, width: usize) {
    if let Some(&row) = next.get(i).or_else(|| rows.get(i + DISTANCE)) {
        let from = row as usize * width;
        prefetch(&table[from..from + width]);
    }
}

fn copy_rows<E: Copy>(table: &[E], rows: &[u32], width: usize, output: &mut [E]) {
    for (i, &row) in rows.iter().enumerate() {
        prefetch_row(table, rows, &[], i, width);
        let from = row as usize * width;
        output[i * width..(i + 1) * width].copy_from_slice(&table[from..from + width]);
    }
}

/// Copies rows of bytes and converts them to real numbers.
struct Widen<'a, T> {
    table: &'a [u8],
    scale: T,
    rows: &'a [u32],
    next: &'a [u32],
    width: usize,
    output: &'a mut [T],
}

impl<T: Real> Body for Widen<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        for (i, &row) in self.rows.iter().enumerate() {
            prefetch_row(self.table, self.rows, self.next, i, self.width);
            let from = row as usize * self.width;
            let output = &mut self.output[i * self.width..(i + 1) * self.width];
            for (output, &byte) in output.iter_mut().zip(&self.table[from..from + self.width]) {
                *output = T::of_byte(byte) * self.scale;
            }
        }
    }
}
