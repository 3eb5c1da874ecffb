//! `one_hot`: for each index a row of zeros with a one at that index.
//!
//! Indices have no gradient.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::gather_rows::indices_expected;
use crate::graph::{Kind, Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Call, Form, Reads, Real, Rows, RowsKernel};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "one_hot",
    summary: "For each index a row of zeros with a one at that index.",
    formula: "y[i, j] = j == x[i] ? 1 : 0",
    derivative: "none: indices have no gradient",
    cases: || {
        vec![
            OpCase::new([InputSpec::index([5], 4)], |v| v[0].one_hot(4)),
            OpCase::new([InputSpec::index([0], 4)], |v| v[0].one_hot(4)),
            OpCase::new([InputSpec::index([1], 3)], |v| v[0].one_hot(3)),
            OpCase::new([InputSpec::index([2, 3], 1)], |v| v[0].one_hot(1)),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase { types: vec![Type::real([3])], record: |v| v[0].one_hot(10), mentions: &["[3]", "indices"] }]
    },
};

#[derive(Debug)]
struct OneHot {
    classes: usize,
}

impl Var {
    /// For each index a row of `classes` zeros with a one at that index: `[…]` becomes `[…, classes]`.
    #[track_caller]
    pub fn one_hot(&self, classes: usize) -> Var {
        self.record(OneHot { classes }, &[], std::panic::Location::caller())
    }
}

impl Operation for OneHot {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        format!("{} classes", self.classes)
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        match inputs[0].kind {
            Kind::Index => Ok(Type::real([&inputs[0].shape[..], &[self.classes]].concat())),
            Kind::Real | Kind::Byte => Err(indices_expected(&inputs[0], "the operand")),
        }
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self)
    }

    fn vjp(&self, _: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![None]
    }

    fn index_bound(&self, _: usize, _: &[Type], _: Option<usize>) -> Option<usize> {
        Some(self.classes)
    }
}

impl RowsKernel for OneHot {
    fn rows(&self, inputs: &[&[usize]], _: &[usize]) -> usize {
        inputs[0].iter().product()
    }

    fn reads(&self, _: usize, _: &[&[usize]], _: &[usize]) -> Reads {
        Reads::blocks(1, 1)
    }
}

impl<T: Real> Rows<T> for OneHot {
    fn evaluate(&self, call: Call<'_, T>) {
        let hot = call.inputs.get(0).index();
        let output = call.output.real();
        output.fill(T::zero());
        for (row, &hot) in output.chunks_exact_mut(self.classes.max(1)).zip(hot) {
            row[hot as usize] = T::one();
        }
    }
}
