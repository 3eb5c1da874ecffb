//! `mean`: the mean over axes, which are removed from the shape.
//!
//! Derivative: the upstream gradient, divided by n and broadcast along the axes. Differentiable everywhere. The mean of no
//! elements is an error. The order of summation depends only on the shape.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::reduce::{Join, down_the_columns, reduce, rows};
use crate::kernel::{Call, Form, Real, Rows, RowsKernel};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "mean",
    summary: "The mean over some axes or over all.",
    formula: "y[j] = (1/n) * sum over i of x[i, j]",
    derivative: "dx[i, j] = g[j] / n",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([])], |v| v[0].mean_all()),
            OpCase::new([InputSpec::real([1])], |v| v[0].mean([0])),
            OpCase::new([InputSpec::real([7])], |v| v[0].mean_all()).with_reference(|v| v[0].sum_all() / 7.0),
            OpCase::new([InputSpec::real([5, 12])], |v| v[0].mean([1])).with_reference(|v| v[0].sum([1]) / 12.0),
            OpCase::new([InputSpec::real([5, 12])], |v| v[0].mean([0])).with_reference(|v| v[0].sum([0]) / 5.0),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].mean([2, 0])).with_reference(|v| v[0].sum([0, 2]) / 8.0),
            OpCase::new([InputSpec::real([0, 3])], |v| v[0].mean([1])),
            OpCase::new([InputSpec::real([2, 3])], |v| (&v[0] * &v[0]).mean([])),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([2, 3])],
                record: |v| v[0].mean([2]),
                mentions: &["[2, 3]", "no axis 2", "0 to 1"],
            },
            InvalidCase { types: vec![Type::real([3, 0])], record: |v| v[0].mean([1]), mentions: &["[3, 0]", "no elements"] },
        ]
    },
};

#[derive(Debug)]
struct Mean {
    axes: Vec<usize>,
    /// Whether all axes have one element.
    of_one: bool,
}

impl Var {
    /// The mean over the given axes, which are removed.
    #[track_caller]
    pub fn mean(&self, axes: impl AsRef<[usize]>) -> Var {
        let axes = axes.as_ref().to_vec();
        let of_one = rules::have_one_element(&self.shape_or_scalar(), &axes);
        self.record(Mean { axes, of_one }, &[], std::panic::Location::caller())
    }

    /// The mean of all elements, a scalar.
    #[track_caller]
    pub fn mean_all(&self) -> Var {
        let axes: Vec<usize> = (0..self.shape_or_scalar().rank()).collect();
        self.mean(&axes)
    }
}

/// The number of elements of each mean.
fn count(shape: &[usize], axes: &[usize]) -> f64 {
    axes.iter().map(|&axis| shape[axis] as f64).product()
}

impl Operation for Mean {
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
        rules::reduced_from_some(inputs, &self.axes)
    }

    fn form(self: Arc<Self>) -> Form {
        if self.of_one { Form::Reshape } else { Form::Rows(self) }
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let shape = context.input(0).shape();
        vec![context.if_needed(0, || (context.upstream() / count(&shape, &self.axes)).expand(&self.axes, &shape))]
    }
}

impl RowsKernel for Mean {
    fn rows(&self, inputs: &[&[usize]], _: &[usize]) -> usize {
        rows(inputs[0], &self.axes)
    }

    fn row_by_row(&self, _: usize, inputs: &[&[usize]], _: &[usize]) -> bool {
        !down_the_columns(inputs[0], &self.axes)
    }
}

impl<T: Real> Rows<T> for Mean {
    fn evaluate(&self, call: Call<'_, T>) {
        let (x, output) = (call.inputs.get(0), call.output.real());
        reduce(Join::Sum, x.real(), x.shape, &self.axes, call.rows, output);
        let count = T::of(count(x.shape, &self.axes));
        output.iter_mut().for_each(|sum| *sum /= count);
    }
}
