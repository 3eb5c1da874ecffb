//! Sequences, in which each step depends on the previous steps: faults in the gradient from a step to the previous one.
//!
//! Let Tₜ be the true slopes of the outputs of step t, in all elements of all blocks, and Cₜ those of the code. If a step
//! depends on the earlier ones only through the previous outputs, then Tₜ = Aₜ + Mₜ · Tₜ₋₁, with its own part Aₜ and the
//! transfer Mₜ = ∂hₜ/∂hₜ₋₁. Code whose steps are right except for the transfer has Cₜ = Aₜ + Kₜ · Cₜ₋₁, so that Cₜ − Tₜ is
//! Kₜ · Cₜ₋₁ − Mₜ · Tₜ₋₁ in every column of every block. A hypothesis gives K.

use ndarray::{Array2, Axis, concatenate, s};

use super::formulas::plain;
use super::unrolled::{Layout, Unrolled, before, fit};
use super::{Case, Diagnosis};
use crate::comparison::index_of;
use crate::message::text;
use crate::probed_block::ProbedBlock;
use crate::{Cause, Message};
use retrograde_textbook::{Layer, Tensor};

/// The name of an activation, and its slope as a function of the output.
type Activation = (&'static str, fn(f64) -> f64);

/// Activations of a recurrent step.
const ACTIVATIONS: [Activation; 4] = [
    ("tanh", |h| 1.0 - h * h),
    ("sigmoid", |h| h * (1.0 - h)),
    ("relu", |h| f64::from(u8::from(h > 0.0))),
    ("", |_| 1.0),
];

/// A step h = f(… + hₜ₋₁ · W) whose f and W are recognized: its transfer reproduces the true slopes in the sequence.
struct Recurrence {
    layout: Layout,
    activation: &'static str,
    slope: fn(f64) -> f64,
    /// W, and whether it is previous units × units.
    weights: usize,
    rows_first: bool,
}

impl Recurrence {
    fn recognize(case: &Case<'_>, layout: Layout) -> Option<Recurrence> {
        for (activation, slope) in ACTIVATIONS {
            for weights in 0..case.observations.names.len() {
                for rows_first in [true, false] {
                    let found = Recurrence { layout, activation, slope, weights, rows_first };
                    let is_square = |probed: &ProbedBlock<'_>| {
                        let units = probed.probe.out.len_of(Axis(layout.unit));
                        probed.probe.values[weights].shape() == [units, units].as_slice()
                    };
                    if case.smooth().all(|(_, probed)| is_square(probed) && found.is(case, probed)) {
                        return Some(found);
                    }
                }
            }
        }
        None
    }

    /// Whether the true slopes in earlier steps of the sequence are those of the previous step, times the transfer.
    fn is(&self, case: &Case<'_>, probed: &ProbedBlock<'_>) -> bool {
        let Some(all) = Unrolled::new(case.observations, probed.probe_index, self.layout) else {
            return false;
        };
        let sequence = all.blocks[self.layout.block].clone();
        all.samples.iter().all(|steps| {
            (1..steps.len()).all(|t| {
                let handed = self.transfer(&all, probed, &steps[t], false).dot(&before(&all.truth, steps, t));
                let rows = steps[t].iter().zip(handed.rows());
                rows.into_iter().all(|(row, handed)| {
                    sequence.clone().zip(&all.steps).filter(|(_, step)| **step != t).all(|(column, _)| {
                        let at = [*row, column];
                        (all.truth[at] - handed[column]).abs() <= all.tolerance[at]
                    })
                })
            })
        })
    }

    fn slopes(&self, all: &Unrolled, rows: &[usize]) -> Vec<f64> {
        rows.iter().map(|row| (self.slope)(all.out[*row])).collect()
    }

    /// ∂hₜ/∂hₜ₋₁; or the same with W transposed.
    fn transfer(
        &self,
        all: &Unrolled,
        probed: &ProbedBlock<'_>,
        rows: &[usize],
        transposed: bool,
    ) -> Array2<f64> {
        let (slopes, weights) = (self.slopes(all, rows), &probed.probe.values[self.weights]);
        Array2::from_shape_fn((rows.len(), rows.len()), |(to, from)| {
            let rows_first = self.rows_first != transposed;
            slopes[to] * if rows_first { weights[[from, to]] } else { weights[[to, from]] }
        })
    }

    /// The predictions for a K computed from the transfer, from the transfer with transposed weights, and from the slopes
    /// at the previous step.
    fn fit(
        &self,
        case: &Case<'_>,
        handed: impl Fn(Array2<f64>, Array2<f64>, &[f64]) -> Array2<f64>,
    ) -> Option<Vec<Option<Tensor>>> {
        fit(case, self.layout, |all, probed, steps, t| {
            let transfer = |transposed| self.transfer(all, probed, &steps[t], transposed);
            let slopes = self.slopes(all, &steps[t.saturating_sub(1)]);
            let code = handed(transfer(false), transfer(true), &slopes);
            Some(code.dot(&before(&all.code, steps, t)) - transfer(false).dot(&before(&all.truth, steps, t)))
        })
    }

    /// The gradient of W has the outputs of the step in place of the previous ones.
    fn own_state(&self, case: &Case<'_>) -> Option<Vec<Option<Tensor>>> {
        (case.block == self.weights).then_some(())?;
        fit(case, self.layout, |all, probed, steps, t| {
            let difference = before(&all.code, steps, t) - before(&all.truth, steps, t);
            let mut off = self.transfer(all, probed, &steps[t], false).dot(&difference);
            let slopes = self.slopes(all, &steps[t]);
            for (column, element) in all.blocks[case.block].clone().zip(&probed.jacobian.columns) {
                let at = index_of(*element, &probed.jacobian.shape);
                let [from, to] = if self.rows_first { [at[0], at[1]] } else { [at[1], at[0]] };
                let earlier = if t == 0 { 0.0 } else { all.out[steps[t - 1][from]] };
                off[[to, column]] += slopes[to] * (all.out[steps[t][from]] - earlier);
            }
            Some(off)
        })
    }
}

/// The gradient from a step to the previous one.
pub(super) fn handed_back(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    // Several blocks must show the same transfer.
    if case.observations.names.len() < 2 {
        return None;
    }
    let layouts = Layout::all(case);
    for layout in &layouts {
        if let Some(found) = Recurrence::recognize(case, *layout).and_then(|known| known.diagnose(case)) {
            return Some(found);
        }
    }
    layouts.iter().find_map(|layout| cut_off(case, *layout)).or_else(|| {
        layouts.iter().find_map(|layout| scaled(case, *layout).or_else(|| in_another_way(case, *layout)))
    })
}

impl Recurrence {
    fn diagnose(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let (weights, f) = (case.observations.names[self.weights].as_str(), self.activation);
        if let Some(predicted) = self.own_state(case) {
            return Some(Diagnosis::new(Cause::OwnHiddenState, predicted).with("weights", weights));
        }
        if let Some(predicted) = self.fit(case, |_, transposed, _| transposed) {
            let how = text!("handed-not_transposed", weights);
            return Some(
                diagnosis(how, "handed_back-not_transposed", predicted).with("rows", self.rows_first),
            );
        }
        if f.is_empty() {
            return None;
        }
        let scaled = |mut transfer: Array2<f64>, by: Vec<f64>| {
            transfer.columns_mut().into_iter().zip(by).for_each(|(mut column, by)| column *= by);
            transfer
        };
        let missing = self.fit(case, |transfer, _, slopes| {
            scaled(transfer, slopes.iter().map(|slope| 1.0 / slope).collect())
        });
        if let Some(predicted) = missing {
            let how = text!("handed-slope_missing", function = f);
            return Some(diagnosis(how, "handed_back-slope_missing", predicted));
        }
        let predicted = self.fit(case, |transfer, _, slopes| scaled(transfer, slopes.to_vec()))?;
        let how = text!("handed-slope_twice", function = f);
        Some(diagnosis(how, "handed_back-slope_twice", predicted))
    }
}

/// The gradient to the previous step is missing, or missing beyond some steps.
fn cut_off(case: &Case<'_>, layout: Layout) -> Option<Diagnosis> {
    let length = case.smooth().next()?.1.probe.out.len_of(Axis(layout.time));
    let reach = (0..length - 1).find(|reach| {
        case.smooth().all(|(_, probed)| {
            Unrolled::new(case.observations, probed.probe_index, layout)
                .is_some_and(|all| is_cut_off(&all, layout, *reach))
        })
    })?;
    let predicted = if case.block == layout.block {
        case.fit_shares(|probed, _| {
            let all = Unrolled::new(case.observations, probed.probe_index, layout)?;
            let mut predicted = probed.jacobian.center.clone();
            for (t, row) in all.samples.iter().flat_map(|steps| steps.iter().enumerate()).flat_map(rows_of) {
                let far = all.steps.iter().enumerate().filter(|(_, step)| **step + reach < t);
                far.for_each(|(column, _)| predicted[[row, column]] = 0.0);
            }
            Some(predicted)
        })
    } else {
        fit(case, layout, |all, _, steps, t| match t.checked_sub(reach + 1) {
            Some(first) => all.combined(&steps[t], &all.truth.select(Axis(0), &steps[first])),
            None => Some(Array2::zeros((steps[t].len(), all.truth.ncols()))),
        })
    }?;
    let (how, id) = if reach == 0 {
        (text!("handed-nothing"), "handed_back-nothing")
    } else {
        (text!("handed-over", reach), "handed_back-over")
    };
    Some(diagnosis(how, id, predicted))
}

fn rows_of((t, rows): (usize, &Vec<usize>)) -> Vec<(usize, usize)> {
    rows.iter().map(|row| (t, *row)).collect()
}

/// Whether the code's slopes in the sequence are right up to this many steps before the output, and 0 beyond.
fn is_cut_off(all: &Unrolled, layout: Layout, reach: usize) -> bool {
    let columns = || all.blocks[layout.block].clone().zip(&all.steps);
    all.samples.iter().flat_map(|steps| steps.iter().enumerate()).flat_map(rows_of).all(|(t, row)| {
        columns().all(|(column, step)| {
            let at = [row, column];
            let expected = if step + reach < t { 0.0 } else { all.truth[at] };
            (all.code[at] - expected).abs() <= all.tolerance[at]
        })
    })
}

/// The gradient to the previous step is too large or too small.
fn scaled(case: &Case<'_>, layout: Layout) -> Option<Diagnosis> {
    let (_, probed) = case.smooth().next()?;
    let all = Unrolled::new(case.observations, probed.probe_index, layout)?;
    let one_earlier =
        all.samples.iter().flat_map(|steps| steps.iter().enumerate()).flat_map(rows_of).flat_map(
            |(t, row)| {
                let columns = all.blocks[layout.block].clone().zip(&all.steps);
                columns.filter(move |(_, step)| **step + 1 == t).map(move |(column, _)| [row, column])
            },
        );
    let at = one_earlier.max_by(|a, b| all.truth[*a].abs().total_cmp(&all.truth[*b].abs()))?;
    let factor = all.code[at] / all.truth[at];
    let predicted = fit(case, layout, |all, _, steps, t| {
        let of = factor * before(&all.code, steps, t) - before(&all.truth, steps, t);
        if t == 0 { Some(of) } else { all.combined(&steps[t], &of) }
    })?;
    let factor = plain(factor);
    Some(diagnosis(text!("handed-factor", factor), "handed_back-factor", predicted))
}

/// The errors of all blocks are those of one unknown wrong transfer.
fn in_another_way(case: &Case<'_>, layout: Layout) -> Option<Diagnosis> {
    let is_wrong = |probed: &ProbedBlock<'_>| {
        let all = Unrolled::new(case.observations, probed.probe_index, layout)?;
        let sequence = all.blocks[layout.block].clone();
        let [code, truth, tolerance] =
            [&all.code, &all.truth, &all.tolerance].map(|numbers| numbers.slice(s![.., sequence.clone()]));
        let mut off = code.iter().zip(truth).zip(tolerance);
        Some(off.any(|((code, truth), tolerance)| (code - truth).abs() > *tolerance))
    };
    // If the sequence has its right gradient, so has the transfer.
    case.smooth().any(|(_, probed)| is_wrong(probed) == Some(true)).then_some(())?;
    let predicted = fit(case, layout, |all, _, steps, t| {
        let both = [before(&all.code, steps, t), before(&all.truth, steps, t)];
        let of = concatenate(Axis(0), &[both[0].view(), both[1].view()]).ok()?;
        if t == 0 { Some(both[0].clone() * 0.0) } else { all.combined(&steps[t], &of) }
    })?;
    Some(diagnosis(text!("handed-otherwise"), "handed_back-otherwise", predicted))
}

fn diagnosis(how: Message, id: &str, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    let placeholders = how.arguments().clone();
    let found = Diagnosis::new(Cause::HandedBack { how }, predicted).with_text(id);
    placeholders.into_iter().fold(found, |found, (name, value)| found.with(&name, value))
}
