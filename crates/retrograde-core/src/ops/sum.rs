//! `sum`: the sum over axes, which are removed from the shape.
//!
//! Derivative: the upstream gradient, broadcast along the axes. Differentiable everywhere. The order of summation depends
//! only on the shape.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, Shape, VjpContext, Type, Var};
use crate::kernel::reduce::{Join, down_the_columns, reduce, rows};
use crate::kernel::{Call, Form, Real, Rows, RowsKernel};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "sum",
    summary: "The sum over some axes or over all.",
    formula: "y[j] = sum over i of x[i, j]",
    derivative: "dx[i, j] = g[j]",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([])], |v| v[0].sum_all()),
            OpCase::new([InputSpec::real([7])], |v| v[0].sum_all()),
            OpCase::new([InputSpec::real([5, 40])], |v| v[0].sum([1])),
            OpCase::new([InputSpec::real([5, 40])], |v| v[0].sum([0])),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].sum([1])),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].sum([0, 2])),
            OpCase::new([InputSpec::real([2, 3, 2, 2])], |v| v[0].sum([3, 1])),
            OpCase::new([InputSpec::real([0, 3])], |v| v[0].sum([0])),
            OpCase::new([InputSpec::real([3, 0])], |v| v[0].sum([0])),
            OpCase::new([InputSpec::real([2, 3])], |v| (&v[0] * &v[0]).sum([])),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([2, 3])],
                record: |v| v[0].sum([2]),
                mentions: &["[2, 3]", "no axis 2", "0 to 1"],
            },
            InvalidCase { types: vec![Type::real([2])], record: |v| v[0].sum([0, 0]), mentions: &["twice"] },
        ]
    },
};

#[derive(Debug)]
struct Sum {
    axes: Vec<usize>,
    /// Whether all axes have one element.
    of_one: bool,
}

impl Var {
    /// The sum over the given axes, which are removed.
    #[track_caller]
    pub fn sum(&self, axes: impl AsRef<[usize]>) -> Var {
        let axes = axes.as_ref().to_vec();
        let of_one = rules::have_one_element(&self.shape_or_scalar(), &axes);
        self.record(Sum { axes, of_one }, &[], std::panic::Location::caller())
    }

    /// The sum of all elements, a scalar.
    #[track_caller]
    pub fn sum_all(&self) -> Var {
        let axes: Vec<usize> = (0..self.shape_or_scalar().rank()).collect();
        self.sum(&axes)
    }

    /// The inverse shape change of a reduction over `axes`: inserts axes of length 1 and broadcasts to `shape`.
    #[track_caller]
    pub(crate) fn expand(&self, axes: &[usize], shape: &Shape) -> Var {
        let mut kept = shape.to_vec();
        for &axis in axes {
            kept[axis] = 1;
        }
        self.reshape(kept).broadcast(shape)
    }
}

impl Operation for Sum {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        format!("over {:?}", self.axes)
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::reduced(inputs, &self.axes)
    }

    fn form(self: Arc<Self>) -> Form {
        if self.of_one { Form::Reshape } else { Form::Rows(self) }
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || context.upstream().expand(&self.axes, &context.input(0).shape()))]
    }
}

impl RowsKernel for Sum {
    fn rows(&self, inputs: &[&[usize]], _: &[usize]) -> usize {
        rows(inputs[0], &self.axes)
    }

    fn row_by_row(&self, _: usize, inputs: &[&[usize]], _: &[usize]) -> bool {
        !down_the_columns(inputs[0], &self.axes)
    }
}

impl<T: Real> Rows<T> for Sum {
    fn evaluate(&self, call: Call<'_, T>) {
        let x = call.inputs.get(0);
        reduce(Join::Sum, x.real(), x.shape, &self.axes, call.rows, call.output.real());
    }
}
