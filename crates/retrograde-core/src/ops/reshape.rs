//! `reshape`: the same elements, in the same order, in another shape.
//!
//! Derivative: the upstream gradient in the old shape. Costs nothing: a plan lets both share their memory.

use super::entry::{Entry, Given, Refusal, Sample, none};
use crate::graph::{Mismatch, Operation, Shape, Site, Type, Var};
use crate::kernel::Form;
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "reshape",
    summary: "The same elements, in the same order, in another shape.",
    formula: "y = x",
    derivative: "dx = g in the shape of x",
    samples: || {
        vec![
            Sample::new([Given::real([2, 6])], |v| v[0].reshape([3, 4])),
            Sample::new([Given::real([1])], |v| v[0].reshape([])),
            Sample::new([Given::real([0, 3])], |v| v[0].reshape([5, 0])),
            Sample::new([Given::real([2, 3])], |v| (&v[0] * &v[0]).reshape([6])),
        ]
    },
    kinks: none,
    refusals: || {
        vec![Refusal {
            types: vec![Type::real([2, 3])],
            record: |v| v[0].reshape([7]),
            says: &["[2, 3]", "[7]", "6 elements"],
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

    fn derivative(&self, site: &Site<'_>) -> Vec<Option<Var>> {
        vec![site.when_wanted(0, || site.upstream().reshape(site.input(0).shape()))]
    }

    fn index_bound(&self, _: usize, _: &[Type], output: Option<usize>) -> Option<usize> {
        output
    }
}
