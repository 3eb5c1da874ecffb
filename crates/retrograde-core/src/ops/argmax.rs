//! `argmax`: the index of the largest element along an axis, which is removed from the shape.
//!
//! Of several equal ones it is the first, as in NumPy and JAX. The first NaN counts as the largest. The largest of no elements is
//! an error. Indices have no gradient.

use super::axis::Axis;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, Type, Var, VjpContext};
use crate::kernel::{Call, Form, Reads, Real, Rows, RowsKernel};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "argmax",
    summary: "The index of the largest element along an axis, the first one at a tie.",
    formula: "y[j] = the first i with the largest x[i, j]",
    derivative: "none: indices have no gradient",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([7])], |v| v[0].argmax(0)),
            OpCase::new([InputSpec::real([1])], |v| v[0].argmax(0)),
            OpCase::new([InputSpec::real([5, 12])], |v| v[0].argmax(1)),
            OpCase::new([InputSpec::real([5, 12])], |v| v[0].argmax(0)),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].argmax(-2)),
            OpCase::new([InputSpec::real([3, 0])], |v| v[0].argmax(0)),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([2, 3])],
                record: |v| v[0].argmax(-3),
                mentions: &["[2, 3]", "no axis -3"],
            },
            InvalidCase {
                types: vec![Type::real([2, 0])],
                record: |v| v[0].argmax(1),
                mentions: &["[2, 0]", "no elements"],
            },
            InvalidCase { types: vec![Type::index([2])], record: |v| v[0].argmax(0), mentions: &["indices"] },
        ]
    },
};

#[derive(Debug)]
struct ArgMax {
    axis: usize,
}

impl Var {
    /// The index of the largest element along `axis`, which is removed; the first one at a tie. `[n, classes]` logits and axis 1
    /// give `[n]` labels.
    #[track_caller]
    pub fn argmax(&self, axis: impl Into<Axis>) -> Var {
        let axis = axis.into().of(self.shape_or_scalar().rank());
        self.record(ArgMax { axis }, &[], std::panic::Location::caller())
    }
}

impl Operation for ArgMax {
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
        let reduced = rules::reduced_from_some(inputs, &[self.axis])?;
        let length = inputs[0].shape[self.axis];
        if u32::try_from(length).is_err() {
            let problem = format!("an index along an axis of {length} elements has more than 32 bits");
            return Err(Mismatch::new(problem, "give fewer elements along the axis"));
        }
        Ok(Type::index(reduced.shape))
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self)
    }

    fn vjp(&self, _: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![None]
    }

    fn index_limit(&self, inputs: &[Type]) -> Option<usize> {
        Some(inputs[0].shape[self.axis])
    }
}

impl RowsKernel for ArgMax {
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output[..self.axis].iter().product()
    }

    fn reads(&self, input: usize, inputs: &[&[usize]], output: &[usize]) -> Reads {
        Reads::by_row(inputs[input], self.rows(inputs, output))
    }
}

impl<T: Real> Rows<T> for ArgMax {
    fn evaluate(&self, call: Call<'_, T>) {
        let x = call.inputs.get(0);
        let (length, inner) = (x.shape[self.axis], x.shape[self.axis + 1..].iter().product::<usize>());
        let (rows, output) = (x.real().chunks_exact((length * inner).max(1)), call.output.index());
        for (row, output) in rows.zip(output.chunks_exact_mut(inner.max(1))) {
            for (column, index) in output.iter_mut().enumerate() {
                *index = first_largest(row[column..].iter().step_by(inner).copied());
            }
        }
    }
}

/// The place of the first largest number, or of the first NaN.
fn first_largest<T: Real>(numbers: impl Iterator<Item = T>) -> u32 {
    let (mut place, mut largest) = (0, T::neg_infinity());
    for (i, number) in numbers.enumerate() {
        if number > largest || number.is_nan() && !largest.is_nan() {
            (place, largest) = (i as u32, number);
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use crate::{Error, Graph, Planner, Result};

    #[test]
    fn the_first_of_equal_ones_and_the_first_nan_are_the_largest() -> Result<()> {
        let graph = Graph::new();
        let (low, nan) = (f64::NEG_INFINITY, f64::NAN);
        let x = graph.constant([
            [1.0, 3.0, 3.0],
            [low, low, low],
            [5.0, nan, nan],
            [0.0, -0.0, -1.0],
            [2.0, 1.0, 4.0],
        ]);
        let (rows, columns) = (x.argmax(1), x.argmax(0));
        let mut plan = Planner::new(&graph).fetch_all([&rows, &columns]).compile::<f32>()?;
        plan.run()?;
        assert_eq!(plan.read_indices(&rows)?, [1, 0, 1, 0, 2]);
        assert_eq!(plan.read_indices(&columns)?, [2, 2, 2]);
        Ok(())
    }

    #[test]
    fn computed_indices_stay_below_what_they_index_or_there_is_no_plan() -> Result<()> {
        let graph = Graph::new();
        let largest = graph.constant([[1.0, 3.0, 2.0]]).argmax(1);
        let plan = |of: &crate::Var| Planner::new(&graph).fetch(of).compile::<f32>().map(|_| ());
        plan(&largest.one_hot(3))?;
        plan(&graph.constant([1.0, 2.0, 3.0]).gather_rows(&largest))?;
        for wrong in [largest.one_hot(2), graph.constant([1.0, 2.0]).gather_rows(&largest.reshape([1]))] {
            assert!(matches!(plan(&wrong), Err(Error::IndexOutOfRange { .. })), "{:?}", plan(&wrong));
        }
        Ok(())
    }
}
