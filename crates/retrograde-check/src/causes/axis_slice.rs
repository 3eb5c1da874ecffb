//! Faults at some positions along an axis of a block: one gate of several, one half of a row, one channel.

use ndarray::{Axis, Zip};

use super::formulas::{self, Formula, SLOPES, Sought, plain};
use super::within::{TWICE, mistaken};
use super::{Case, Diagnosis};
use crate::Cause;
use crate::message::text;
use crate::probed_block::ProbedBlock;
use retrograde_textbook::{Layer, Tensor};

/// The wrong positions along an axis of a block.
struct AxisSlice {
    axis: usize,
    positions: Vec<usize>,
}

/// At some positions along an axis, G is T times, or divided by, a number or a function of the element.
pub(super) fn factor(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let dimensions = case.probed_blocks.first()?.claimed.ndim();
    (0..dimensions)
        .filter_map(|axis| AxisSlice::new(case, axis))
        .find_map(|part| part.number(case).or_else(|| part.slope(case)).or_else(|| part.function(case)))
}

impl AxisSlice {
    /// The wrong positions along an axis; `None` if all are.
    fn new(case: &Case<'_>, axis: usize) -> Option<AxisSlice> {
        let length = case.probed_blocks.first()?.claimed.len_of(Axis(axis));
        let wrong = |probed: &ProbedBlock<'_>, at: usize| {
            let take = |values: &Tensor| values.index_axis(Axis(axis), at).to_owned();
            let (claimed, truth, tolerance) =
                (take(&probed.claimed), take(&probed.truth), take(&probed.tolerance));
            // False for NaN: elements without differences.
            Zip::from(&claimed)
                .and(&truth)
                .and(&tolerance)
                .fold(false, |any, claimed, truth, tolerance| any || (claimed - truth).abs() > *tolerance)
        };
        let positions: Vec<usize> = (0..length)
            .filter(|&at| {
                case.smooth().any(|(_, probed)| at < probed.claimed.len_of(Axis(axis)) && wrong(probed, at))
            })
            .collect();
        (!positions.is_empty() && positions.len() < length).then_some(AxisSlice { axis, positions })
    }

    /// The truth, times a function of the element at the wrong positions. `None` if that is not finite.
    fn predict(&self, probed: &ProbedBlock<'_>, block: usize, factor: impl Fn(f64) -> f64) -> Option<Tensor> {
        let mut predicted = probed.truth.clone();
        let own = &probed.probe.values[block];
        let (mut finite, length) = (true, predicted.len_of(Axis(self.axis)));
        for &at in self.positions.iter().filter(|at| **at < length) {
            let mut slice = predicted.index_axis_mut(Axis(self.axis), at);
            slice.zip_mut_with(&own.index_axis(Axis(self.axis), at), |truth, x| {
                if !truth.is_nan() {
                    *truth *= factor(*x);
                    finite &= truth.is_finite();
                }
            });
        }
        finite.then_some(predicted)
    }

    /// The elements at the wrong positions: their value, and the ratio of the claimed gradient to the true one, or the
    /// reverse.
    fn points(&self, case: &Case<'_>, missing: bool) -> Vec<Sought> {
        let mut points = Vec::new();
        for (_, probed) in case.smooth() {
            for &at in self.positions.iter().filter(|at| **at < probed.claimed.len_of(Axis(self.axis))) {
                let take = |values: &Tensor| values.index_axis(Axis(self.axis), at).to_owned();
                let (own, claimed) = (take(&probed.probe.values[case.block]), take(&probed.claimed));
                let (truth, tolerance) = (take(&probed.truth), take(&probed.tolerance));
                Zip::from(&own).and(&claimed).and(&truth).and(&tolerance).for_each(
                    |&x, &claimed, &truth, &tolerance| {
                        let (top, bottom) = if missing { (truth, claimed) } else { (claimed, truth) };
                        // False for NaN: elements without differences.
                        if bottom.abs() > 1e3 * tolerance && top.is_finite() {
                            let ratio = top / bottom;
                            let error = tolerance * (1.0 + ratio.abs()) / bottom.abs();
                            points.push(((x, f64::NAN, f64::NAN), ratio, error));
                        }
                    },
                );
            }
        }
        points
    }

    fn number(&self, case: &Case<'_>) -> Option<Diagnosis> {
        let points = self.points(case, false);
        // The most accurate ratio; it must hold for all the others.
        let &(_, value, _) =
            points.iter().min_by(|a, b| a.2.total_cmp(&b.2)).filter(|_| points.len() >= 4)?;
        let predicted = case.fit(|probed| self.predict(probed, case.block, |_| value))?;
        Some(self.diagnosis(plain(value), false, predicted))
    }

    fn function(&self, case: &Case<'_>) -> Option<Diagnosis> {
        for missing in [true, false] {
            let points = self.points(case, missing);
            let found = formulas::search(&points, false).filter(Formula::has_x);
            let Some(formula) = found.filter(|_| points.len() >= 6) else { continue };
            let fit = case.fit(|probed| {
                let ratio = |x: f64| formula.at((x, f64::NAN, f64::NAN));
                self.predict(probed, case.block, |x| if missing { 1.0 / ratio(x) } else { ratio(x) })
            });
            if let Some(predicted) = fit {
                return Some(self.diagnosis(formula.with_names(case.name(), "y"), missing, predicted));
            }
        }
        None
    }

    /// The slope of one activation in place of another's.
    fn slope(&self, case: &Case<'_>) -> Option<Diagnosis> {
        if case.is_parameter() {
            return None;
        }
        for right in SLOPES.iter().map(|slope| Formula(slope.of_x.clone())) {
            // A slope that is multiplied twice is a factor.
            for (code, ratio) in mistaken(&right.0, Formula::X).filter(|(code, _)| code != TWICE) {
                let fit = case.fit(|probed| self.predict(probed, case.block, &ratio));
                if let Some(predicted) = fit {
                    let place = |formula: &str| {
                        text!("slope-at", formula, positions = self.positions.as_slice(), axis = self.axis)
                    };
                    let cause = Cause::WrongSlope { code: place(&code), right: right.to_string().into() };
                    return Some(
                        Diagnosis::new(cause, predicted)
                            .with_text("wrong_slope-in_part")
                            .with("positions", self.positions.as_slice())
                            .with("axis", self.axis)
                            .with("slope", code),
                    );
                }
            }
        }
        None
    }

    fn diagnosis(&self, factor: String, missing: bool, predicted: Vec<Option<Tensor>>) -> Diagnosis {
        let (axis, positions) = (self.axis, self.positions.clone());
        Diagnosis::new(Cause::PartFactor { axis, positions, factor, missing }, predicted)
    }
}
