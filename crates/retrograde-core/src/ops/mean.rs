//! `mean`: the mean over axes, which are removed from the shape.
//!
//! Derivative: the upstream gradient, divided by n and broadcast along the axes. Differentiable everywhere. The mean of no
//! elements is an error. The order of summation depends only on the shape.

use super::axis::Axes;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::reduction::Kind;
use super::rules;
use crate::graph::{Mismatch, Type, Var, VjpContext};
use crate::kernel::reduce::{Join, OverAxes};

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
            OpCase::new([InputSpec::real([2, 3])], |v| v[0].mean_keepdims([0, 1])).with_reference(|v| v[0].mean_all().reshape([1, 1])),
            OpCase::new([InputSpec::real([2, 3])], |v| (&v[0] * &v[0]).mean([0; 0])),
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
struct Mean;

impl Var {
    /// The mean over the given axes, which are removed.
    #[track_caller]
    pub fn mean(&self, axes: impl Into<Axes>) -> Var {
        self.reduce(Mean, &axes.into())
    }

    /// The mean over the given axes, which stay with the length 1: `[n, m]` and axis 1 give `[n, 1]`.
    #[track_caller]
    pub fn mean_keepdims(&self, axes: impl Into<Axes>) -> Var {
        let axes = axes.into();
        self.reduce(Mean, &axes).with_axes_kept(&axes, &self.shape_or_scalar())
    }

    /// The mean of all elements, a scalar.
    #[track_caller]
    pub fn mean_all(&self) -> Var {
        self.reduce_all(Mean)
    }
}

/// The number of elements of each mean.
fn count(shape: &[usize], axes: &[usize]) -> f64 {
    axes.iter().map(|&axis| shape[axis] as f64).product()
}

impl Kind for Mean {
    fn entry(&self) -> &'static Entry {
        &ENTRY
    }

    fn infer(&self, inputs: &[Type], axes: &[usize]) -> Result<Type, Mismatch> {
        rules::reduced_from_some(inputs, axes)
    }

    fn kernel(&self, shape: &[usize], axes: &[usize]) -> OverAxes {
        OverAxes::new(Join::Sum, shape, axes, Some(count(shape, axes)))
    }

    fn gradient(&self, context: &VjpContext<'_>, axes: &[usize]) -> Var {
        let shape = context.input(0).shape();
        (context.upstream() / count(&shape, axes)).expand(axes, &shape)
    }
}
