//! `pad`: a tensor with zeros before and after it along one axis.
//!
//! Derivative: dx = g[before..before + n], a [`slice`](super::slice), whose derivative is `pad`. Differentiable everywhere.

use super::axis::Axis;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Call, Form, Reads, Real, Rows, RowsKernel};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "pad",
    summary: "A tensor with zeros before and after it along one axis.",
    formula: "y[before + i] = x[i], and 0 elsewhere",
    derivative: "dx[i] = g[before + i]",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([3])], |v| v[0].pad(0, 2, 1)),
            OpCase::new([InputSpec::real([1])], |v| v[0].pad(0, 0, 0)),
            OpCase::new([InputSpec::real([2, 3])], |v| v[0].pad(0, 1, 2))
                .with_reference(|v| v[0].slice(0, ..0).pad(0, 1, 0).concat(&[&v[0], &v[0].slice(0, ..0).pad(0, 0, 2)], 0)),
            OpCase::new([InputSpec::real([2, 3])], |v| v[0].pad(1, 0, 2)),
            OpCase::new([InputSpec::real([2, 3, 2])], |v| v[0].pad(1, 1, 0)),
            OpCase::new([InputSpec::real([2, 0])], |v| v[0].pad(1, 1, 2)),
            OpCase::new([InputSpec::real([0, 2])], |v| v[0].pad(1, 1, 2)),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase { types: vec![Type::real([2])], record: |v| v[0].pad(1, 1, 1), mentions: &["[2]", "no axis 1"] },
            InvalidCase { types: vec![Type::index([2])], record: |v| v[0].pad(0, 1, 1), mentions: &["indices"] },
            InvalidCase {
                types: vec![Type::real([2])],
                record: |v| v[0].pad(0, usize::MAX, 1),
                mentions: &["[2]", "longer than"],
            },
        ]
    },
};

#[derive(Debug)]
struct Pad {
    axis: usize,
    before: usize,
    after: usize,
}

impl Var {
    /// This tensor with `before` zeros before it and `after` zeros after it along `axis`.
    #[track_caller]
    pub fn pad(&self, axis: impl Into<Axis>, before: usize, after: usize) -> Var {
        let axis = axis.into().of(self.shape_or_scalar().rank());
        self.record(Pad { axis, before, after }, &[], std::panic::Location::caller())
    }
}

impl Operation for Pad {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        format!("axis {}, {} before, {} after", self.axis, self.before, self.after)
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn placement(&self) -> Option<(usize, usize)> {
        Some((self.axis, self.before))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::all_real(inputs)?;
        let shape = &inputs[0].shape;
        rules::axes_of(shape, &[self.axis])?;
        let mut padded = shape.to_vec();
        let length = shape[self.axis].checked_add(self.before).and_then(|length| length.checked_add(self.after));
        padded[self.axis] = length.ok_or_else(|| {
            Mismatch::new(format!("{shape} with this padding is longer than the address space"), "use less padding")
        })?;
        Ok(Type::real(padded))
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self)
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let length = context.input(0).shape().get(self.axis).copied().unwrap_or(0);
        vec![context.if_needed(0, || context.upstream().slice(self.axis, self.before..self.before + length))]
    }
}

impl RowsKernel for Pad {
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output[..self.axis].iter().product()
    }

    fn reads(&self, input: usize, inputs: &[&[usize]], output: &[usize]) -> Reads {
        Reads::by_row(inputs[input], self.rows(inputs, output))
    }

    fn flops(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output.iter().product()
    }
}

impl<T: Real> Rows<T> for Pad {
    fn evaluate(&self, call: Call<'_, T>) {
        let x = call.inputs.get(0);
        let (inner, output) = (call.shape[self.axis + 1..].iter().product::<usize>(), call.output.real());
        let (width, row) = (x.shape[self.axis] * inner, call.shape[self.axis] * inner);
        output.fill(T::zero());
        let rows = x.real().chunks_exact(width.max(1));
        for (x, output) in rows.zip(output.chunks_exact_mut(row.max(1))) {
            output[self.before * inner..][..width].copy_from_slice(x);
        }
    }
}
