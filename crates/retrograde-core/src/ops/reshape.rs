//! `reshape`: the same elements, in the same order, in another shape.
//!
//! Derivative: the upstream gradient in the old shape. Free: both use the same memory.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
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
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([2, 3])],
            record: |v| v[0].reshape([7]),
            mentions: &["[2, 3]", "[7]", "6 elements"],
        }]
    },
};

#[derive(Debug)]
struct Reshape {
    to: Shape,
}

impl Var {
    /// The same elements, in the same order, in another shape with as many elements. Real values and indices.
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Var {
        let shape = shape.into();
        if self.try_shape().is_ok_and(|own| own == shape) {
            return self.clone();
        }
        self.record(Reshape { to: shape }, &[], std::panic::Location::caller())
    }
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
