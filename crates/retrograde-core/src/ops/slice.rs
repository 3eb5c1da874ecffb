//! `slice`: a range of one axis.
//!
//! `y[i] = x[start + i]` along the axis. Derivative: the upstream gradient surrounded by zeros,
//! [`pad`](super::pad). Differentiable everywhere. Free, unless a consumer needs contiguous memory.

use super::axis::Axis;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Form, View, Viewing};
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "slice",
    summary: "A range of one axis of a tensor.",
    formula: "y[i] = x[start + i]",
    derivative: "dx = pad(g)",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([7])], |v| v[0].slice(0, 2..5)),
            OpCase::new([InputSpec::real([1])], |v| v[0].slice(0, ..)),
            OpCase::new([InputSpec::real([4, 5])], |v| v[0].slice(0, 1..)),
            OpCase::new([InputSpec::real([4, 5])], |v| v[0].slice(1, ..=2)),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].slice(1, 1..2)),
            OpCase::new([InputSpec::real([4, 5])], |v| v[0].slice(1, 5..)),
            OpCase::new([InputSpec::real([0, 5])], |v| v[0].slice(1, 1..4)),
            OpCase::new([InputSpec::real([4])], |v| v[0].slice(0, 0..3) * v[0].slice(0, 1..4)),
            OpCase::new([InputSpec::index([2, 5], 4)], |v| v[0].slice(1, 1..4)),
            OpCase::new([InputSpec::real([2, 5])], |v| v[0].split(-1, &[2, 0, 3]).swap_remove(2)).with_reference(|v| v[0].slice(1, 2..5)),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::byte([2, 3])],
                record: |v| v[0].slice(1, 1..2),
                mentions: &["table of bytes", "[2, 3]", "`gather_rows`"],
            },
            InvalidCase {
                types: vec![Type::real([2, 3])],
                record: |v| v[0].slice(1, 1..4),
                mentions: &["1..4", "[2, 3]", "axis 1", "0..3"],
            },
            InvalidCase {
                types: vec![Type::real([2, 3])],
                #[allow(clippy::reversed_empty_ranges, reason = "an invalid range")]
                record: |v| v[0].slice(1, 2..1),
                mentions: &["2..1", "ends before it starts"],
            },
            InvalidCase { types: vec![Type::real([2])], record: |v| v[0].slice(1, ..), mentions: &["[2]", "no axis 1"] },
            InvalidCase {
                types: vec![Type::real([2, 5])],
                record: |v| v[0].split(-1, &[2, 2]).swap_remove(0),
                mentions: &["[2, 5]", "axis 1", "[2, 2]", "4 elements", "5"],
            },
        ]
    },
};

#[derive(Debug)]
struct Slice {
    axis: usize,
    start: usize,
    end: usize,
    /// Why there is no such range.
    problem: Option<Mismatch>,
}

impl Var {
    /// The elements of `axis` in `range`: `x.slice(1, 2..5)` has the length 3 along axis 1. Real values and indices.
    #[track_caller]
    pub fn slice(&self, axis: impl Into<Axis>, range: impl RangeBounds<usize>) -> Var {
        let shape = self.shape_or_scalar();
        let axis = axis.into().of(shape.rank());
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last.saturating_add(1),
            Bound::Excluded(&end) => end,
            Bound::Unbounded => shape.get(axis).copied().unwrap_or(0),
        };
        self.record(Slice { axis, start, end, problem: None }, &[], std::panic::Location::caller())
    }

    /// Parts of these lengths along an axis, one behind the other, which together are the whole. If they are not, each is the
    /// error.
    ///
    /// ```
    /// let graph = retrograde::Graph::new();
    /// let parts = graph.constant([1.0, 2.0, 3.0]).split(0, &[1, 2]);
    /// assert_eq!(parts[1].value()?.values(), [2.0, 3.0]);
    /// # Ok::<(), retrograde::Error>(())
    /// ```
    #[track_caller]
    pub fn split(&self, axis: impl Into<Axis>, lengths: &[usize]) -> Vec<Var> {
        let shape = self.shape_or_scalar();
        let axis = axis.into().of(shape.rank());
        let total = lengths.iter().fold(0, |total: usize, &length| total.saturating_add(length));
        let problem = shape.get(axis).filter(|&&length| length != total).map(|length| {
            let problem = format!("parts of {lengths:?} have together {total} elements, axis {axis} of {shape} has {length}");
            Mismatch::new(problem, format!("give lengths whose sum is {length}"))
        });
        let (mut parts, mut start) = (Vec::with_capacity(lengths.len()), 0_usize);
        for length in lengths {
            let end = start.saturating_add(*length);
            let part = Slice { axis, start, end, problem: problem.clone() };
            parts.push(self.record(part, &[], std::panic::Location::caller()));
            start = end;
        }
        parts
    }
}

impl Operation for Slice {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        format!("axis {}, {}..{}", self.axis, self.start, self.end)
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        let &Slice { axis, start, end, ref problem } = self;
        problem.clone().map_or(Ok(()), Err)?;
        let (kind, shape) = (inputs[0].kind, &inputs[0].shape);
        rules::axes_of(shape, &[axis])?;
        let help = || format!("give a range within 0..{}", shape[axis]);
        if end > shape[axis] {
            let problem = format!("the range {start}..{end} is out of range for axis {axis} of the shape {shape}");
            return Err(Mismatch::new(problem, help()));
        }
        if start > end {
            return Err(Mismatch::new(format!("the range {start}..{end} ends before it starts"), help()));
        }
        let mut sliced = shape.to_vec();
        sliced[axis] = end - start;
        Ok(Type { kind, shape: sliced.into() })
    }

    fn form(self: Arc<Self>) -> Form {
        Form::View(self)
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || {
            let after = context.input(0).shape()[self.axis] - self.end;
            context.upstream().pad(self.axis, self.start, after)
        })]
    }

    fn index_bound(&self, _: usize, _: &[Type], output: Option<usize>) -> Option<usize> {
        output
    }
}

impl Viewing for Slice {
    fn view(&self, of: &View) -> View {
        let mut shape = of.shape.clone();
        shape[self.axis] = self.end - self.start;
        // The offset of an empty view could be out of bounds.
        let empty = shape.contains(&0);
        let offset = if empty { 0 } else { of.offset + self.start * of.strides[self.axis] };
        View { shape, strides: of.strides.clone(), offset }
    }
}
