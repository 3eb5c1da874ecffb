//! `reshape`: the same elements, in the same order, in another shape.
//!
//! Derivative: the upstream gradient in the old shape. Free: both use the same memory.

use super::axis::Axes;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, Shape, VjpContext, Type, Var};
use crate::kernel::Form;
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "reshape",
    summary: "The same elements, in the same order, in another shape.",
    formula: "y = x",
    derivative: "dx = g in the shape of x",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([2, 6])], |v| v[0].reshape([3, 4])),
            OpCase::new([InputSpec::real([1])], |v| v[0].reshape([])),
            OpCase::new([InputSpec::real([0, 3])], |v| v[0].reshape([5, 0])),
            OpCase::new([InputSpec::real([2, 3])], |v| (&v[0] * &v[0]).reshape([6])),
            OpCase::new([InputSpec::real([3, 1, 4, 1])], |v| v[0].squeeze([1, -1])).with_reference(|v| v[0].sum([1, 3])),
            OpCase::new([InputSpec::real([3, 4])], |v| v[0].unsqueeze([1, -1])).with_reference(|v| v[0].reshape([3, 1, 4, 1])),
            OpCase::new([InputSpec::real([])], |v| v[0].unsqueeze(0)).with_reference(|v| v[0].broadcast([1])),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([2, 3])],
                record: |v| v[0].reshape([7]),
                mentions: &["[2, 3]", "[7]", "6 elements"],
            },
            InvalidCase {
                types: vec![Type::real([1, 3])],
                record: |v| v[0].squeeze(-1),
                mentions: &["[1, 3]", "axis 1", "length 3"],
            },
            InvalidCase { types: vec![Type::real([1, 3])], record: |v| v[0].squeeze(2), mentions: &["[1, 3]", "no axis 2"] },
            InvalidCase { types: vec![Type::real([3])], record: |v| v[0].unsqueeze(2), mentions: &["2 axes", "no axis 2"] },
        ]
    },
};

#[derive(Debug)]
struct Reshape {
    to: Shape,
    /// Why there is no such shape.
    problem: Option<Mismatch>,
}

impl Var {
    /// The same elements, in the same order, in another shape with as many elements. Real values and indices.
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Var {
        let shape = shape.into();
        if self.try_shape().is_ok_and(|own| own == shape) {
            return self.clone();
        }
        self.record(Reshape { to: shape, problem: None }, &[], std::panic::Location::caller())
    }

    /// The same elements without these axes, which must have the length 1: `[3, 1, 4]` and axis 1 give `[3, 4]`.
    #[track_caller]
    pub fn squeeze(&self, axes: impl Into<Axes>) -> Var {
        let shape = self.shape_or_scalar();
        let axes = axes.into().of(shape.rank());
        self.reshape_or_refuse(squeezed(&shape, &axes))
    }

    /// The same elements with these axes of the result inserted, which have the length 1: `[3, 4]` and axis 1 give `[3, 1, 4]`.
    #[track_caller]
    pub fn unsqueeze(&self, axes: impl Into<Axes>) -> Var {
        self.reshape_or_refuse(unsqueezed(&self.shape_or_scalar(), &axes.into()))
    }

    #[track_caller]
    fn reshape_or_refuse(&self, shape: Result<Shape, Mismatch>) -> Var {
        match shape {
            Ok(shape) => self.reshape(shape),
            Err(problem) => {
                let refused = Reshape { to: Shape::default(), problem: Some(problem) };
                self.record(refused, &[], std::panic::Location::caller())
            }
        }
    }
}

/// The shape without some axes.
fn squeezed(shape: &Shape, axes: &[usize]) -> Result<Shape, Mismatch> {
    rules::axes_of(shape, axes)?;
    if let Some(axis) = axes.iter().find(|axis| shape[**axis] != 1) {
        let problem = format!("axis {axis} of the shape {shape} has the length {}", shape[*axis]);
        return Err(Mismatch::new(problem, "squeeze axes of length 1; `sum` and `slice` shorten others"));
    }
    let kept = shape.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
    Ok(kept.map(|(_, &length)| length).collect::<Vec<_>>().into())
}

/// The shape with some axes of the result inserted.
fn unsqueezed(shape: &Shape, axes: &Axes) -> Result<Shape, Mismatch> {
    let rank = shape.rank() + axes.len();
    let inserted = axes.of(rank);
    rules::axes_of_rank(rank, &inserted, &format!("a result of {rank} axes"))?;
    let mut lengths = shape.iter();
    let length = |axis: usize| if inserted.contains(&axis) { 1 } else { lengths.next().copied().unwrap_or(1) };
    Ok((0..rank).map(length).collect::<Vec<_>>().into())
}

impl Operation for Reshape {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        format!("to {}", self.to)
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        self.problem.clone().map_or(Ok(()), Err)?;
        let from = &inputs[0].shape;
        if from.elements() == self.to.elements() {
            return Ok(Type { kind: inputs[0].kind, shape: self.to.clone() });
        }
        Err(Mismatch::new(
            format!("{from} has {} elements, {} has {}", from.elements(), self.to, self.to.elements()),
            format!("choose a shape with {} elements", from.elements()),
        ))
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Reshape
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || context.upstream().reshape(context.input(0).shape()))]
    }

    fn index_bound(&self, _: usize, _: &[Type], output: Option<usize>) -> Option<usize> {
        output
    }
}
