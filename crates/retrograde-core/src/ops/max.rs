//! `max`: the largest element over axes, which are removed from the shape.
//!
//! Derivative: the upstream gradient goes to the largest element. Several equal
//! ones split it evenly, as in PyTorch's `amax` and JAX. The result is NaN if an element is. The maximum of no elements is an
//! error.

use super::axis::Axes;
use super::entry::{Entry, InputSpec, Kink, InvalidCase, OpCase};
use super::reduction::Kind;
use super::rules;
use crate::graph::{Mismatch, Tensor, Type, Var, VjpContext};
use crate::kernel::reduce::{Join, OverAxes};

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
            OpCase::new([InputSpec::real([2, 3])], |v| v[0].max_keepdims(0)).with_reference(|v| v[0].max([0]).reshape([1, 3])),
            OpCase::new([InputSpec::real([2, 3])], |v| (&v[0] * &v[0]).max([0; 0])),
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
struct Max;

impl Var {
    /// The largest element over the given axes, which are removed.
    #[track_caller]
    pub fn max(&self, axes: impl Into<Axes>) -> Var {
        self.reduce(Max, &axes.into())
    }

    /// The largest element over the given axes, which stay with the length 1: `[n, m]` and axis 1 give `[n, 1]`.
    #[track_caller]
    pub fn max_keepdims(&self, axes: impl Into<Axes>) -> Var {
        let axes = axes.into();
        self.reduce(Max, &axes).with_axes_kept(&axes, &self.shape_or_scalar())
    }

    /// The largest of all elements, a scalar.
    #[track_caller]
    pub fn max_all(&self) -> Var {
        self.reduce_all(Max)
    }
}

impl Kind for Max {
    fn entry(&self) -> &'static Entry {
        &ENTRY
    }

    fn infer(&self, inputs: &[Type], axes: &[usize]) -> Result<Type, Mismatch> {
        rules::reduced_from_some(inputs, axes)
    }

    fn kernel(&self, shape: &[usize], axes: &[usize]) -> OverAxes {
        OverAxes::new(Join::Maximum, shape, axes, None)
    }

    fn gradient(&self, context: &VjpContext<'_>, axes: &[usize]) -> Var {
        let x = context.input(0);
        let largest = context.output().expand(axes, &x.shape());
        // Each element is equal to the largest or smaller. `share` gives half at a tie: 1 of 2 to count the ties, and g of
        // 2g for the gradient.
        let ties = x.share(&largest, &x.number(2.0)).sum(axes);
        x.share(&largest, &(context.upstream() * 2.0 / ties).expand(axes, &x.shape()))
    }
}
