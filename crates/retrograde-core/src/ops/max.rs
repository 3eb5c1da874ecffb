//! `max`: the largest element over axes, which are removed from the shape.
//!
//! Derivative: the upstream gradient goes to the largest element. Several equal
//! ones split it evenly, as in PyTorch's `amax` and JAX. The result is NaN if an element is. The maximum of no elements is an
//! error.

use super::entry::{Entry, InputSpec, Kink, InvalidCase, OpCase};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Tensor, Type, Var};
use crate::kernel::reduce::{Join, down_the_columns, reduce, rows};
use crate::kernel::{Call, Form, Real, Rows, RowsKernel};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "max",
    summary: "The largest element over some axes or over all.",
    formula: "y[j] = max over i of x[i, j]",
    derivative: "dx[i, j] = x[i, j] == y[j] ? g[j] / (number of ties) : 0",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([])], |v| v[0].max_all()),
            OpCase::new([InputSpec::real([1])], |v| v[0].max([0])),
            OpCase::new([InputSpec::real([7])], |v| v[0].max_all()),
            OpCase::new([InputSpec::real([5, 12])], |v| v[0].max([1])),
            OpCase::new([InputSpec::real([5, 12])], |v| v[0].max([0])),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].max([2, 0])).with_reference(|v| v[0].max([0]).max([1])),
            OpCase::new([InputSpec::real([2, 5])], |v| v[0].max([0]))
                .with_reference(|v| v[0].slice(0, ..1).maximum(&v[0].slice(0, 1..)).reshape([5])),
            OpCase::new([InputSpec::real([0, 3])], |v| v[0].max([1])),
            OpCase::new([InputSpec::real([2, 3])], |v| (&v[0] * &v[0]).max([])),
        ]
    },
    kinks: || {
        vec![
            Kink {
                at: vec![Tensor::from([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])],
                record: |v| v[0].max([1]),
                slopes: vec![Tensor::from([[0.0, 0.5, 0.5], [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]])],
            },
            Kink {
                at: vec![Tensor::from([0.0, -0.0, -1.0])],
                record: |v| v[0].max_all(),
                slopes: vec![Tensor::from([0.5, 0.5, 0.0])],
            },
        ]
    },
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([2, 3])],
                record: |v| v[0].max([2]),
                mentions: &["[2, 3]", "no axis 2", "0 to 1"],
            },
            InvalidCase { types: vec![Type::real([0])], record: |v| v[0].max_all(), mentions: &["[0]", "no elements"] },
        ]
    },
};

#[derive(Debug)]
struct Max {
    axes: Vec<usize>,
    /// Whether all axes have one element.
    of_one: bool,
}

impl Var {
    /// The largest element over the given axes, which are removed.
    #[track_caller]
    pub fn max(&self, axes: impl AsRef<[usize]>) -> Var {
        let axes = axes.as_ref().to_vec();
        let of_one = rules::have_one_element(&self.shape_or_scalar(), &axes);
        self.record(Max { axes, of_one }, &[], std::panic::Location::caller())
    }

    /// The largest of all elements, a scalar.
    #[track_caller]
    pub fn max_all(&self) -> Var {
        let axes: Vec<usize> = (0..self.shape_or_scalar().rank()).collect();
        self.max(&axes)
    }
}

impl Operation for Max {
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
        vec![context.if_needed(0, || {
            let (x, axes) = (context.input(0), &self.axes);
            let largest = context.output().expand(axes, &x.shape());
            // Each element is equal to the largest or smaller. `share` gives half at a tie: 1 of 2 to count the ties, and g of
            // 2g for the gradient.
            let ties = x.share(&largest, &x.number(2.0)).sum(axes);
            x.share(&largest, &(context.upstream() * 2.0 / ties).expand(axes, &x.shape()))
        })]
    }
}

impl RowsKernel for Max {
    fn rows(&self, inputs: &[&[usize]], _: &[usize]) -> usize {
        rows(inputs[0], &self.axes)
    }

    fn row_by_row(&self, _: usize, inputs: &[&[usize]], _: &[usize]) -> bool {
        !down_the_columns(inputs[0], &self.axes)
    }
}

impl<T: Real> Rows<T> for Max {
    fn evaluate(&self, call: Call<'_, T>) {
        let x = call.inputs.get(0);
        reduce(Join::Maximum, x.real(), x.shape, &self.axes, call.rows, call.output.real());
    }
}
