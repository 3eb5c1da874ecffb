//! A block at a probe: the claimed gradient beside the numerical one, and the verdict.

use ndarray::Array2;

use super::kinks::{AtKink, Judged};
pub(super) use super::numbers::largest;
use super::numbers::{flat, nth};
use super::precision::Precision;
use super::probe::{Observations, Probe};
use super::{Comparison, Verdict};
use crate::jacobian::BlockJacobian;
use retrograde_textbook::Tensor;

/// A block at a probe, with its differences.
pub(super) struct ProbedBlock<'a> {
    pub probe: &'a Probe,
    /// The index of the probe.
    pub probe_index: usize,
    pub block: usize,
    pub jacobian: &'a BlockJacobian,
    /// The upstream gradient of the comparison, in row-major order.
    pub d: Vec<f64>,
    pub claimed: Tensor,
    /// The numerical gradient: NaN in the elements without differences.
    pub truth: Tensor,
    /// The claimed Jacobian, in the elements with differences.
    pub claimed_jacobians: Option<&'a Array2<f64>>,
    /// The tolerance of each element.
    pub tolerance: Tensor,
    pub verdict: Verdict,
    /// The fraction of the block that could be compared: the other gradients are below their rounding.
    pub conclusive: f64,
    /// Whether all elements that are not distinguishable from 0 are negligible beside the total change of the output.
    pub negligible: bool,
}

impl<'a> ProbedBlock<'a> {
    /// `None` without differences, or if the claimed gradient is missing or has another shape.
    ///
    /// `d` replaces the probe's upstream gradient, for a layer that ignores it, and `claimed` replaces the claimed
    /// gradient.
    pub fn new(
        observations: &'a Observations,
        probe_index: usize,
        block: usize,
        d: Option<&Tensor>,
        claimed: Option<&Tensor>,
    ) -> Option<Self> {
        let probe = &observations.probes[probe_index];
        let plain = d.is_none() && claimed.is_none();
        let claimed_jacobians = probe.claimed_jacobians[block].as_ref().filter(|_| plain);
        let at_kinks = probe.at_kinks[block].as_ref().filter(|_| plain);
        let jacobian = probe.jacobians[block].as_ref()?;
        let claimed = claimed.or(probe.claimed[block].as_ref())?;
        if claimed.shape() != probe.values[block].shape() {
            return None;
        }
        let d = flat(d.unwrap_or(&probe.d));
        let truth = jacobian.vjp(&d);
        let [low, high, error] = jacobian.bounds(&d);
        let precision = observations.precision_at(block, probe_index);
        let scale = largest(&truth);
        // Rounding after the cancellation of large numbers, also in a block whose gradients are smaller here than
        // elsewhere.
        let floor = observations.floor(block) + precision * scale + f64::MIN_POSITIVE;
        let mut tolerance = error.mapv(|error| 10.0 * error + floor);
        if observations.gradient_precisions[block] != Precision::Double {
            tolerance += &(jacobian.gross(&d) * precision);
        }
        let unseen = observations.unseen(&d);
        ndarray::Zip::from(&mut tolerance).and(&truth).for_each(|tolerance, truth| {
            if *truth == 0.0 {
                *tolerance += unseen;
            }
        });
        if let Some(rounding_slack) = &probe.rounding_slack[block] {
            tolerance += rounding_slack;
        }
        let mut probed = ProbedBlock {
            probe,
            probe_index,
            block,
            jacobian,
            d,
            claimed: claimed.clone(),
            truth,
            claimed_jacobians,
            tolerance,
            verdict: Verdict::Right,
            conclusive: 1.0,
            negligible: false,
        };
        let size = largest(&probe.out).max(observations.typical_output) * largest(&probe.d);
        let slope = size / largest(&probe.values[block]).max(1.0);
        probed.negligible =
            probed.tolerance.iter().all(|tolerance| tolerance.is_nan() || *tolerance <= 1e-7 * slope);
        let rounded = probe.noise > 1e-12 || observations.gradient_precisions[block] != Precision::Double;
        probed.judge(&low, &high, rounded, at_kinks);
        Some(probed)
    }

    fn judge(&mut self, low: &Tensor, high: &Tensor, rounded: bool, at_kinks: Option<&Judged>) {
        let scale = largest(&self.truth);
        let mut verdict = if self.jacobian.jump { Verdict::NotDifferentiable } else { Verdict::Right };
        let (mut compared, mut vague) = (0, 0);
        let all = self.claimed.iter().zip(&self.tolerance).zip(low.iter().zip(high)).enumerate();
        for (element, ((&claimed, &tolerance), (&low, &high))) in all {
            if low.is_nan() {
                continue;
            }
            compared += 1;
            let outside = !(claimed >= low - tolerance && claimed <= high + tolerance);
            let kink = high - low > 4.0 * tolerance;
            let judged = at_kinks.and_then(|all| all.iter().find(|(at, _)| *at == element));
            let (outside, kink) = match judged {
                Some((_, state)) if kink || outside => (*state != AtKink::Admissible, true),
                _ => (outside, kink),
            };
            let apart = (claimed - f64::midpoint(low, high)).abs();
            if !outside && !kink && tolerance > 0.05 * scale.max(claimed.abs()) {
                vague += i32::from(!(claimed == 0.0 && low == 0.0));
            }
            verdict = Verdict::of_all([
                verdict,
                match (outside, kink) {
                    (true, _) => Verdict::Wrong,
                    (false, true) => Verdict::Kink,
                    _ if rounded && apart > 1e-9 * scale => Verdict::Rounding,
                    _ => Verdict::Right,
                },
            ]);
        }
        self.conclusive = if compared == 0 { 0.0 } else { 1.0 - f64::from(vague) / f64::from(compared) };
        if self.conclusive < 0.5 && self.points_alike(verdict) {
            // For numbers of two or three digits, only the direction is comparable.
            verdict = Verdict::of_all([verdict, Verdict::Rounding]);
            self.conclusive = 1.0;
        }
        if self.conclusive < 0.5 {
            verdict = Verdict::of_all([verdict, Verdict::Inconclusive]);
        }
        self.verdict = verdict;
    }

    /// Whether the layer computes in a precision of two or three digits, and the claimed and the numerical gradient
    /// have the same direction.
    fn points_alike(&self, verdict: Verdict) -> bool {
        if self.probe.noise < 1e-3 || verdict.is_wrong() {
            return false;
        }
        let pairs = self.claimed.iter().zip(&self.truth).filter(|(_, truth)| !truth.is_nan());
        let (mut product, mut squares) = (0.0, [0.0; 2]);
        for (claimed, truth) in pairs {
            product += claimed * truth;
            squares = [squares[0] + claimed * claimed, squares[1] + truth * truth];
        }
        product > 0.9 * (squares[0] * squares[1]).sqrt()
    }

    /// The wrong elements.
    pub fn wrong(&self) -> Vec<usize> {
        let [low, high, _] = self.jacobian.bounds(&self.d);
        let all = self.claimed.iter().zip(&self.tolerance).zip(low.iter().zip(&high)).enumerate();
        let outside = |((claimed, tolerance), (low, high)): ((&f64, &f64), (&f64, &f64))| {
            !(low.is_nan() || *claimed >= low - tolerance && *claimed <= high + tolerance)
        };
        all.filter(|(_, one)| outside(*one)).map(|(element, _)| element).collect()
    }

    /// Whether all elements agree with the differences to about five digits: the error of constants written with few
    /// digits.
    pub fn agrees_to_few_digits(&self) -> bool {
        let scale = largest(&self.truth);
        self.elements(&self.truth).all(|(claimed, truth, tolerance)| {
            (claimed - truth).abs() <= tolerance + FEW_DIGITS * truth.abs().max(0.1 * scale)
        })
    }

    /// Whether `predicted` is the claimed gradient, in all elements where both are known.
    pub fn matches(&self, predicted: &Tensor) -> bool {
        predicted.shape() == self.claimed.shape()
            && self.elements(predicted).all(|(claimed, predicted, tolerance)| {
                predicted.is_finite() && (claimed - predicted).abs() <= tolerance + 1e-8 * predicted.abs()
            })
    }

    /// Whether `predicted` is NaN in a wrong element.
    pub fn misses_wrong_elements(&self, predicted: &Tensor) -> bool {
        let all = predicted.iter().zip(&self.claimed).zip(self.truth.iter().zip(&self.tolerance));
        all.filter(|((predicted, _), _)| predicted.is_nan())
            .any(|((_, claimed), (truth, tolerance))| (claimed - truth).abs() > *tolerance)
    }

    /// The number of elements in which `predicted` differs from the truth.
    pub fn distinguishing(&self, predicted: &Tensor) -> usize {
        let all = predicted.iter().zip(&self.truth).zip(&self.tolerance);
        all.filter(|((predicted, truth), tolerance)| (*predicted - *truth).abs() > 3.0 * **tolerance).count()
    }
    /// Claimed, predicted and tolerance of all elements with a prediction.
    pub fn elements<'b>(&'b self, predicted: &'b Tensor) -> impl Iterator<Item = (f64, f64, f64)> + 'b {
        let all = self.claimed.iter().zip(predicted).zip(&self.tolerance);
        all.map(|((claimed, predicted), tolerance)| (*claimed, *predicted, *tolerance))
            .filter(|(_, predicted, tolerance)| !predicted.is_nan() && !tolerance.is_nan())
    }

    /// The upstream gradient, as an array.
    pub fn upstream(&self) -> Tensor {
        let shape = self.probe.out.shape().to_vec();
        Tensor::from_shape_vec(shape, self.d.clone()).expect("a gradient has its output's shape")
    }

    /// The error of a claimed element, infinite for NaN.
    pub fn error(&self, element: usize) -> f64 {
        let error = (nth(&self.claimed, element) - nth(&self.truth, element)).abs();
        if error.is_nan() { f64::INFINITY } else { error }
    }

    /// The comparison of the block.
    pub fn comparison(&self, name: &str) -> Comparison {
        Comparison::new(name, self.truth.shape(), &flat(&self.claimed), &flat(&self.truth), self.verdict)
    }
}

/// A relative error of this size has no consequence.
const FEW_DIGITS: f64 = 1e-5;
