//! `concat`: the concatenation of tensors along an axis.
//!
//! Derivative: each input receives its [`slice`](super::slice) of the upstream gradient. Differentiable everywhere. All
//! inputs have the same kind, real numbers or indices, and the same lengths of the other axes.

use super::axis::Axis;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Call, Form, Input, Inputs, Output, Reads, Real, Rows, RowsKernel};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "concat",
    summary: "The concatenation of tensors along an axis.",
    formula: "y = [a, b, …]",
    derivative: "da = the slice of g at a, db = the slice of g at b, …",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([2]), InputSpec::real([3])], |v| v[0].concat(&[&v[1]], 0)).with_reference(|v| v[0].pad(0, 0, 3) + v[1].pad(0, 2, 0)),
            OpCase::new([InputSpec::real([1])], |v| v[0].concat(&[], 0)),
            OpCase::new([InputSpec::real([2, 3]), InputSpec::real([4, 3]), InputSpec::real([1, 3])], |v| {
                v[0].concat(&[&v[1], &v[2]], 0)
            }),
            OpCase::new([InputSpec::real([2, 3]), InputSpec::real([2, 1])], |v| v[0].concat(&[&v[1]], 1)),
            OpCase::new([InputSpec::real([2, 1, 2]), InputSpec::real([2, 3, 2])], |v| v[0].concat(&[&v[1]], 1)),
            OpCase::new([InputSpec::real([3, 0]), InputSpec::real([3, 2])], |v| v[0].concat(&[&v[1]], 1)),
            OpCase::new([InputSpec::real([0, 2]), InputSpec::real([0, 1])], |v| v[0].concat(&[&v[1]], 1)),
            OpCase::new([InputSpec::real([2, 3])], |v| v[0].concat(&[&v[0], &v[0]], -1)),
            OpCase::new([InputSpec::real([2, 3]), InputSpec::real([2, 3])], |v| v[0].stack(&[&v[1]], 1))
                .with_reference(|v| v[0].concat(&[&v[1]], 1).reshape([2, 2, 3])),
            OpCase::new([InputSpec::real([]), InputSpec::real([])], |v| v[0].stack(&[&v[1]], -1)),
            OpCase::new([InputSpec::index([2], 4), InputSpec::index([3], 4)], |v| v[0].concat(&[&v[1]], 0)),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([2, 3]), Type::real([2, 4])],
                record: |v| v[0].concat(&[&v[1]], 0),
                mentions: &["[2, 3]", "[2, 4]", "axis 0"],
            },
            InvalidCase {
                types: vec![Type::real([2]), Type::index([2])],
                record: |v| v[0].concat(&[&v[1]], 0),
                mentions: &["real numbers", "indices"],
            },
            InvalidCase {
                types: vec![Type::real([]), Type::real([])],
                record: |v| v[0].concat(&[&v[1]], 0),
                mentions: &["[]", "scalar"],
            },
        ]
    },
};

#[derive(Debug)]
struct Concat {
    axis: usize,
}

impl Var {
    /// The concatenation of this tensor and `others` along `axis`. The other axes must have the same lengths. Real values and
    /// indices.
    ///
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// let graph = retrograde::Graph::new();
    /// let (a, b) = (graph.constant([[1.0], [2.0]]), graph.constant([[3.0, 4.0], [5.0, 6.0]]));
    /// assert_eq!(a.concat(&[&b], 1).value()?.values(), [1.0, 3.0, 4.0, 2.0, 5.0, 6.0]);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn concat(&self, others: &[&Var], axis: impl Into<Axis>) -> Var {
        let axis = axis.into().of(self.shape_or_scalar().rank());
        self.record(Concat { axis }, others, std::panic::Location::caller())
    }

    /// This tensor and `others`, all of the same shape, along a new axis of the result.
    ///
    /// ```
    /// let graph = retrograde::Graph::new();
    /// let (a, b) = (graph.constant([1.0, 2.0]), graph.constant([3.0, 4.0]));
    /// assert_eq!(a.stack(&[&b], 0).value()?, retrograde::Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// assert_eq!(a.stack(&[&b], -1).value()?, retrograde::Tensor::from([[1.0, 3.0], [2.0, 4.0]]));
    /// # Ok::<(), retrograde::Error>(())
    /// ```
    #[track_caller]
    pub fn stack(&self, others: &[&Var], axis: impl Into<Axis>) -> Var {
        let axis = axis.into();
        let mut unsqueezed = Vec::with_capacity(others.len());
        // In a closure, the closure's line would be recorded.
        for other in others {
            unsqueezed.push(other.unsqueeze(axis));
        }
        self.unsqueeze(axis).concat(&unsqueezed.iter().collect::<Vec<_>>(), axis)
    }
}

impl Operation for Concat {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        format!("axis {}", self.axis)
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        let (axis, first) = (self.axis, &inputs[0]);
        rules::axes_of(&first.shape, &[axis])?;
        let mut joined = first.shape.to_vec();
        for other in &inputs[1..] {
            if other.kind != first.kind {
                let problem = "real numbers and indices cannot be in one tensor";
                return Err(Mismatch::new(problem, "give tensors of the same kind"));
            }
            let fits = other.shape.rank() == first.shape.rank()
                && (0..joined.len()).all(|i| i == axis || other.shape[i] == first.shape[i]);
            if !fits {
                return Err(Mismatch::new(
                    format!("the shapes {} and {} differ in more than axis {axis}", first.shape, other.shape),
                    format!("give tensors that differ only in axis {axis}"),
                ));
            }
            joined[axis] = joined[axis].saturating_add(other.shape[axis]);
        }
        Ok(Type { kind: first.kind, shape: joined.into() })
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self)
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let mut start = 0;
        let slice = |(position, input): (usize, &Var)| {
            let from = start;
            start += input.shape()[self.axis];
            context.if_needed(position, || context.upstream().slice(self.axis, from..start))
        };
        context.inputs().iter().enumerate().map(slice).collect()
    }

    fn index_bound(&self, _: usize, _: &[Type], output: Option<usize>) -> Option<usize> {
        output
    }
}

impl RowsKernel for Concat {
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output[..self.axis].iter().product()
    }

    fn reads(&self, input: usize, inputs: &[&[usize]], output: &[usize]) -> Reads {
        Reads::by_row(inputs[input], self.rows(inputs, output))
    }
}

impl<T: Real> Rows<T> for Concat {
    fn evaluate(&self, call: Call<'_, T>) {
        let Call { inputs, shape, .. } = call;
        let row = shape[self.axis..].iter().product();
        match call.output {
            Output::Real(output) => self.copy_rows(inputs, |input| input.real(), row, output),
            Output::Index(output) => self.copy_rows(inputs, |input| input.index(), row, output),
        }
    }
}

impl Concat {
    /// Copies a row of each input to each row of the output; `row` is its length.
    fn copy_rows<'a, T: Real, E: Copy + 'a>(
        &self,
        inputs: Inputs<'a, T>,
        values: impl Fn(Input<'a, T>) -> &'a [E],
        row: usize,
        output: &mut [E],
    ) {
        let mut to = 0;
        for input in (0..inputs.len()).map(|position| inputs.get(position)) {
            let width: usize = input.shape[self.axis..].iter().product();
            for (output, input) in output.chunks_exact_mut(row.max(1)).zip(values(input).chunks_exact(width.max(1))) {
                output[to..to + width].copy_from_slice(input);
            }
            to += width;
        }
    }
}
