//! `broadcast`: a tensor repeated along axes, and `sum_to`, its inverse in the sense of gradients.
//!
//! Shapes are aligned at their last axis; an axis of length 1, or a missing leading axis, is repeated. This is NumPy's rule,
//! but it is never implicit. Derivative: the gradient of an element is the sum of the upstream gradients of its copies.
//! Nothing is copied: consumers read the same memory through strides of 0.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, Shape, VjpContext, Type, Var};
use crate::kernel::{Form, View};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "broadcast",
    summary: "A tensor repeated along axes to fill a larger shape.",
    formula: "y[i, j] = x[j]",
    derivative: "dx[j] = sum over i of g[i, j]",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([])], |v| v[0].broadcast([3, 4])),
            OpCase::new([InputSpec::real([])], |v| v[0].broadcast([])),
            OpCase::new([InputSpec::real([4])], |v| v[0].broadcast([3, 4])),
            OpCase::new([InputSpec::real([3, 1])], |v| v[0].broadcast([3, 4])),
            OpCase::new([InputSpec::real([2, 1, 3])], |v| v[0].broadcast([5, 2, 4, 3])),
            OpCase::new([InputSpec::real([1])], |v| v[0].broadcast([0])),
            OpCase::new([InputSpec::real([0, 1])], |v| v[0].broadcast([2, 0, 3])),
            OpCase::new([InputSpec::real([3, 4])], |v| v[0].sum_to([4])).with_reference(|v| v[0].sum([0])),
            OpCase::new([InputSpec::real([3, 4])], |v| v[0].sum_to([3, 1])),
            OpCase::new([InputSpec::real([3, 4])], |v| v[0].sum_to([3, 4])),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([3])],
                record: |v| v[0].broadcast([3, 4]),
                mentions: &["[3]", "[3, 4]", "reshape"],
            },
            InvalidCase {
                types: vec![Type::real([3, 4])],
                record: |v| v[0].broadcast([4]),
                mentions: &["[3, 4]", "[4]"],
            },
        ]
    },
};

#[derive(Debug)]
struct Broadcast {
    to: Shape,
}

impl Var {
    /// This tensor repeated to fill `shape`: aligned at the last axis, each axis has the length of the target's, or 1, or is
    /// missing in front.
    #[track_caller]
    pub fn broadcast(&self, shape: impl Into<Shape>) -> Var {
        self.record(Broadcast { to: shape.into() }, &[], std::panic::Location::caller())
    }

    /// The sum over the axes along which [`broadcast`](Self::broadcast) repeats a tensor of `shape` to the shape of this
    /// tensor: the vjp of `broadcast`.
    #[track_caller]
    pub fn sum_to(&self, shape: impl Into<Shape>) -> Var {
        let shape = shape.into();
        let Some(own) = self.try_shape().ok().filter(|own| *own != shape) else {
            return self.clone();
        };
        let added = own.rank().saturating_sub(shape.rank());
        let axes: Vec<usize> =
            (0..own.rank()).filter(|&axis| axis < added || shape[axis - added] != own[axis]).collect();
        self.sum(&axes).reshape(shape)
    }
}

impl Operation for Broadcast {
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
        rules::all_real(inputs)?;
        let from = &inputs[0].shape;
        if rules::broadcasts(from, &self.to) {
            return Ok(Type::real(self.to.clone()));
        }
        Err(Mismatch::new(
            format!("the shape {from} cannot be repeated to fill {}", self.to),
            "give a shape whose axes, aligned at the last one, have the length of the target's, or 1; `reshape` inserts \
             axes of length 1",
        ))
    }

    fn form(self: Arc<Self>) -> Form {
        Form::View(self)
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || context.upstream().sum_to(context.input(0).shape()))]
    }
}

impl crate::kernel::Viewing for Broadcast {
    fn view(&self, of: &View) -> View {
        let added = self.to.rank() - of.shape.len();
        let strides = (0..self.to.rank())
            .map(|axis| match axis.checked_sub(added) {
                Some(inner) if of.shape[inner] == self.to[axis] => of.strides[inner],
                _ => 0,
            })
            .collect();
        View { shape: self.to.to_vec(), strides, offset: of.offset }
    }
}
