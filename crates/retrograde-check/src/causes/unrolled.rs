//! A probe unrolled over the steps of a sequence: the true and the claimed slopes of the outputs of each step.

use std::collections::BTreeMap;
use std::ops::Range;

use ndarray::{Array2, Axis, concatenate, s};

use super::Case;
use crate::comparison::index_of;
use crate::probe::Observations;
use crate::probed_block::ProbedBlock;
use retrograde_textbook::Tensor;

/// The time axes of the block that is the sequence and of the output, with the axis of the output's units.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) block: usize,
    input: usize,
    pub(super) time: usize,
    pub(super) unit: usize,
}

/// The rows of the output's units at each step of one sample.
pub(super) type Steps = Vec<Vec<usize>>;

/// An unrolled probe, with the columns of all blocks side by side.
pub(super) struct Unrolled {
    pub(super) samples: Vec<Steps>,
    /// Outputs × columns.
    pub(super) truth: Array2<f64>,
    pub(super) code: Array2<f64>,
    pub(super) tolerance: Array2<f64>,
    /// The columns of each block.
    pub(super) blocks: Vec<Range<usize>>,
    /// The step of each column of the sequence.
    pub(super) steps: Vec<usize>,
    pub(super) out: Vec<f64>,
}

impl Layout {
    /// All layouts in which the steps of a sequence affect their own outputs and later ones, and no earlier ones.
    pub(super) fn all(case: &Case<'_>) -> Vec<Layout> {
        let Some((_, first)) = case.smooth().next() else { return Vec::new() };
        let (probe, mut found) = (first.probe, Vec::new());
        let axes = probe.out.ndim();
        for (block, value) in probe.values.iter().enumerate() {
            for (input, time) in (0..value.ndim()).flat_map(|input| (0..axes).map(move |time| (input, time)))
            {
                for unit in (0..axes).filter(|unit| *unit != time) {
                    let layout = Layout { block, input, time, unit };
                    let causal: Option<Vec<bool>> = (case.smooth())
                        .map(|(_, probed)| layout.reaches_later_steps(case.observations, probed.probe_index))
                        .collect();
                    found.extend(causal.filter(|reaches| reaches.contains(&true)).map(|_| layout));
                }
            }
        }
        found
    }

    /// Whether a step affects later outputs, which is impossible with a single step; `None` if it affects earlier ones.
    fn reaches_later_steps(self, observations: &Observations, number: usize) -> Option<bool> {
        let probe = &observations.probes[number];
        let jacobian = probe.jacobians[self.block].as_ref()?;
        (jacobian.shape[self.input] == probe.out.len_of(Axis(self.time))).then_some(())?;
        let step_of = |element: &usize| index_of(*element, &jacobian.shape)[self.input];
        let steps: Vec<usize> = jacobian.columns.iter().map(step_of).collect();
        let slopes = jacobian.center.indexed_iter().filter(|(_, slope)| slope.abs() > 1e-9);
        let mut pairs =
            slopes.map(|((o, column), _)| (steps[column], index_of(o, probe.out.shape())[self.time]));
        pairs.try_fold(false, |later, (step, t)| (step <= t).then_some(later || step < t))
    }
}

impl Unrolled {
    /// `None` if a claimed Jacobian is missing.
    pub(super) fn new(observations: &Observations, number: usize, layout: Layout) -> Option<Unrolled> {
        let probe = &observations.probes[number];
        let (mut truth, mut code, mut tolerance, mut blocks) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut at = 0;
        for (jacobian, response) in probe.jacobians.iter().zip(&probe.claimed_jacobians) {
            let (jacobian, response) = (jacobian.as_ref()?, response.as_ref()?);
            let largest = jacobian
                .center
                .iter()
                .chain(response)
                .fold(0.0_f64, |most, contribution| most.max(contribution.abs()));
            truth.push(jacobian.center.view());
            code.push(response.view());
            tolerance.push(jacobian.error.mapv(|error| 10.0 * error + 1e-8 * largest));
            blocks.push(at..at + jacobian.columns.len());
            at += jacobian.columns.len();
        }
        let tolerance: Vec<_> = tolerance.iter().map(|each| each.view()).collect();
        let sequence = probe.jacobians[layout.block].as_ref()?;
        let mut samples: BTreeMap<Vec<usize>, Steps> = BTreeMap::new();
        let length = probe.out.len_of(Axis(layout.time));
        for o in 0..probe.out.len() {
            let mut index = index_of(o, probe.out.shape());
            let t = index[layout.time];
            (index[layout.time], index[layout.unit]) = (0, 0);
            samples.entry(index).or_insert_with(|| vec![Vec::new(); length])[t].push(o);
        }
        Some(Unrolled {
            samples: samples.into_values().collect(),
            truth: concatenate(Axis(1), &truth).ok()?,
            code: concatenate(Axis(1), &code).ok()?,
            tolerance: concatenate(Axis(1), &tolerance).ok()?,
            blocks,
            steps: sequence.columns.iter().map(|at| index_of(*at, &sequence.shape)[layout.input]).collect(),
            out: probe.out.iter().copied().collect(),
        })
    }

    /// The claimed minus the true slopes, at some rows.
    fn off(&self, rows: &[usize]) -> Array2<f64> {
        self.code.select(Axis(0), rows) - self.truth.select(Axis(0), rows)
    }

    /// Whether the claimed slopes are these, in all blocks.
    fn is(&self, predicted: &Array2<f64>) -> bool {
        let all = predicted.iter().zip(&self.code).zip(&self.tolerance);
        all.into_iter().all(|((predicted, code), tolerance)| (predicted - code).abs() <= *tolerance)
    }

    /// The part of the error at a step that is a linear combination of these rows, as a transfer gives it. `None` if the
    /// columns are too few: any error is a combination of that many rows.
    pub(super) fn combined(&self, step: &[usize], of: &Array2<f64>) -> Option<Array2<f64>> {
        let base = orthonormal(of);
        let largest = of.iter().fold(0.0_f64, |most, contribution| most.max(contribution.abs()));
        let reached =
            of.columns().into_iter().filter(|column| column.iter().any(|x| x.abs() > 1e-9 * largest));
        (reached.count() > 2 * base.nrows()).then(|| self.off(step).dot(&base.t()).dot(&base))
    }
}

/// An orthonormal basis of the span of the rows.
fn orthonormal(rows: &Array2<f64>) -> Array2<f64> {
    let mut base = Array2::zeros((0, rows.ncols()));
    for row in rows.rows() {
        let length = row.dot(&row).sqrt();
        let mut rest = row.to_owned();
        // Twice, because the first pass leaves some rounding.
        for _ in 0..2 {
            rest = &rest - &base.dot(&rest).dot(&base);
        }
        let left = rest.dot(&rest).sqrt();
        if left > 1e-10 * length {
            base.push_row((rest / left).view()).expect("a row of the same length");
        }
    }
    base
}

/// The predictions of a hypothesis on the claimed minus the true slopes of each step but the first.
pub(super) fn fit(
    case: &Case<'_>,
    layout: Layout,
    off: impl Fn(&Unrolled, &ProbedBlock<'_>, &Steps, usize) -> Option<Array2<f64>>,
) -> Option<Vec<Option<Tensor>>> {
    case.fit_shares(|probed, _| {
        let all = Unrolled::new(case.observations, probed.probe_index, layout)?;
        let mut predicted = all.truth.clone();
        for steps in &all.samples {
            for t in 0..steps.len() {
                for (row, off) in steps[t].iter().zip(off(&all, probed, steps, t)?.rows()) {
                    predicted.row_mut(*row).zip_mut_with(&off, |to, off| *to += off);
                }
            }
        }
        all.is(&predicted).then(|| predicted.slice(s![.., all.blocks[case.block].clone()]).to_owned())
    })
}

/// The values of the previous step; 0 before the first.
pub(super) fn before(numbers: &Array2<f64>, steps: &Steps, t: usize) -> Array2<f64> {
    let rows = &steps[t.saturating_sub(1)];
    if t == 0 { Array2::zeros((rows.len(), numbers.ncols())) } else { numbers.select(Axis(0), rows) }
}
