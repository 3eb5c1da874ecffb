//! `sum`: the sum over axes, which are removed from the shape.
//!
//! Derivative: the upstream gradient, broadcast along the axes. Differentiable everywhere. The order of summation depends
//! only on the shape ([`kernel::reduce`](crate::kernel)).

use super::axis::Axes;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::reduction::Kind;
use super::rules;
use crate::graph::{Mismatch, Type, Var, VjpContext};
use crate::kernel::reduce::{Join, OverAxes};

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
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].sum([-1, 0])).with_reference(|v| v[0].sum([0, 2])),
            OpCase::new([InputSpec::real([2, 3])], |v| v[0].sum_keepdims(-1)).with_reference(|v| v[0].sum([1]).reshape([2, 1])),
            OpCase::new([InputSpec::real([2, 3])], |v| (&v[0] * &v[0]).sum([0; 0])),
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
            InvalidCase { types: vec![Type::real([2])], record: |v| v[0].sum([-1, 0]), mentions: &["axis 0", "twice"] },
            InvalidCase {
                types: vec![Type::real([2, 3])],
                record: |v| v[0].sum_keepdims([-3]),
                mentions: &["[2, 3]", "no axis -3", "-2 to -1"],
            },
        ]
    },
};

#[derive(Debug)]
struct Sum;

impl Var {
    /// The sum over the given axes, which are removed.
    #[track_caller]
    pub fn sum(&self, axes: impl Into<Axes>) -> Var {
        self.reduce(Sum, &axes.into())
    }

    /// The sum over the given axes, which stay with the length 1: `[n, m]` and axis 1 give `[n, 1]`.
    #[track_caller]
    pub fn sum_keepdims(&self, axes: impl Into<Axes>) -> Var {
        let axes = axes.into();
        self.reduce(Sum, &axes).with_axes_kept(&axes, &self.shape_or_scalar())
    }

    /// The sum of all elements, a scalar.
    #[track_caller]
    pub fn sum_all(&self) -> Var {
        self.reduce_all(Sum)
    }
}

impl Kind for Sum {
    fn entry(&self) -> &'static Entry {
        &ENTRY
    }

    fn infer(&self, inputs: &[Type], axes: &[usize]) -> Result<Type, Mismatch> {
        rules::reduced(inputs, axes)
    }

    fn kernel(&self, shape: &[usize], axes: &[usize]) -> OverAxes {
        OverAxes::new(Join::Sum, shape, axes, None)
    }

    fn gradient(&self, context: &VjpContext<'_>, axes: &[usize]) -> Var {
        context.upstream().expand(axes, &context.input(0).shape())
    }
}
