//! Rechecks elements that look wrong at points that differ from the probe by little more than the rounding of its
//! numbers. Rounding of intermediate results gives another error at each point; a mistake gives the same error at all
//! (stochastic arithmetic: Vignes, *A stochastic arithmetic for reliable scientific computation*, 1993).

use rand::RngExt;

use super::jacobian::jacobian;
use super::numbers::{largest, nth};
use super::precision::Precision;
use super::probe::{GIVEN, Observations, Probe, random};
use super::probed_block::ProbedBlock;
use super::subject::{Which, claims, with_values};
use retrograde_base::Result;
use retrograde_textbook::{Layer, Tensor};

/// The number of points.
const POINTS: usize = 6;

/// The number of elements of a block that are compared at each point.
const FURTHEST: usize = 4;

/// A function with more relative noise is also compared along wide steps. The kinks of many rectifiers in a batch
/// look like noise of up to a tenth of this.
const FEW_DIGITS: f64 = 1e-9;

/// The largest perturbation of a number, in units of its rounding: smaller ones do not change numbers of a lower
/// precision.
const MOVED: f64 = 2.0;

/// The tolerance is this many times the observed span of the errors: an error that is not a mistake varies.
const SPAN: f64 = 2.0;

/// The steps over which a difference is compared with the mean of the claimed gradients, relative to the size of the
/// block, and the number of points along the way.
const STEPS: [f64; 5] = [0.5, 0.125, 1.0 / 32.0, 1.0 / 128.0, 1.0 / 512.0];
const ALONG: usize = 16;

impl Observations {
    /// Adds to the tolerance of a block that looks wrong the observed distance between claimed gradients and slopes
    /// at points within rounding.
    pub fn recheck(&mut self, layer: &mut dyn Layer, probe_index: usize, block: usize) -> Result<()> {
        let Some(probed) = ProbedBlock::new(self, probe_index, block, None, None) else { return Ok(()) };
        let mut wrong = probed.wrong();
        if !probed.verdict.is_wrong()
            || wrong.is_empty()
            || self.probes[probe_index].rounding_slack[block].is_some()
        {
            return Ok(());
        }
        let is_rounded = self.is_rounded(probe_index);
        // The elements with the largest errors suffice: if they are wrong, so is the block, and rounding is largest
        // there, too.
        wrong.sort_by(|a, b| probed.error(*b).total_cmp(&probed.error(*a)));
        wrong.truncate(FURTHEST);
        let mut errors: Vec<Vec<f64>> =
            wrong.iter().map(|&at| vec![nth(&probed.claimed, at) - nth(&probed.truth, at)]).collect();
        for near in self.within_rounding(layer, probe_index) {
            let rounding = self.rounding_of(&near);
            let slopes = with_values(layer, &near.values[1..], |layer| {
                jacobian(layer, &near.x, Which::of(block), &near.values[block], wrong.clone(), &rounding)
            })?;
            let Some(claimed) = &near.claimed[block] else { return Ok(()) };
            let d: Vec<f64> = near.d.iter().copied().collect();
            if claimed.shape() != near.values[block].shape() || slopes.center.nrows() != d.len() {
                return Ok(());
            }
            let truth = slopes.vjp(&d);
            errors.iter_mut().zip(&wrong).for_each(|(all, &at)| all.push(nth(claimed, at) - nth(&truth, at)));
        }
        let least = self.within_loss * self.probes[probe_index].d.iter().map(|d| d.abs()).sum::<f64>();
        let mut spans: Vec<f64> = errors.iter().map(|errors| least + SPAN * span(errors)).collect();
        for ((span, errors), &at) in spans.iter_mut().zip(&errors).zip(&wrong) {
            // At the user's own input, the differences of code that computes in `f64` decide.
            if !is_rounded && self.is_given(probe_index) {
                break;
            }
            let mut one = Tensor::zeros(self.probes[probe_index].values[block].raw_dim());
            let value = nth(&self.probes[probe_index].values[block], at);
            *one.iter_mut().nth(at).expect("a wrong element is one of the block") = value.abs().max(1.0);
            if errors[0].abs() > *span {
                if self.follows(layer, probe_index, block, &one) {
                    *span = errors[0].abs();
                } else {
                    break;
                }
            }
        }
        let most = spans.iter().copied().fold(0.0, f64::max);
        let mut rounding_slack = Tensor::from_elem(self.probes[probe_index].values[block].raw_dim(), most);
        let numbers = rounding_slack.as_slice_mut().expect("a new array is contiguous");
        wrong.iter().zip(&spans).for_each(|(&at, span)| numbers[at] = *span);
        self.probes[probe_index].rounding_slack[block] = Some(rounding_slack);
        Ok(())
    }

    /// Whether claimed and numerical slope agree along a direction through a whole block, up to rounding.
    pub fn agrees_along(
        &self,
        layer: &mut dyn Layer,
        probe_index: usize,
        block: usize,
        direction: &Tensor,
    ) -> Result<bool> {
        let Some((claim, numeric, tolerance)) =
            self.along(layer, &self.probes[probe_index], block, direction)?
        else {
            return Ok(true);
        };
        let mut errors = vec![claim - numeric];
        let size = largest(&self.probes[probe_index].values[block]).max(1.0);
        let tolerance = tolerance
            + size * self.within_loss * self.probes[probe_index].d.iter().map(|d| d.abs()).sum::<f64>();
        if errors[0].abs() <= tolerance {
            return Ok(true);
        }
        for near in self.within_rounding(layer, probe_index) {
            if let Some((claim, numeric, _)) = self.along(layer, &near, block, direction)? {
                errors.push(claim - numeric);
            }
        }
        if errors[0].abs() <= tolerance + SPAN * span(&errors) {
            return Ok(true);
        }
        let length = direction.iter().map(|v| v * v).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        let may_round = self.is_rounded(probe_index) || !self.is_given(probe_index);
        Ok(may_round && self.follows(layer, probe_index, block, &(direction * (size / length))))
    }

    /// Whether a probe is at the user's own values, which may be special.
    fn is_given(&self, probe_index: usize) -> bool {
        probe_index == GIVEN || self.probes.len() == 1
    }

    /// Whether rounding is more than that of `f64`.
    fn is_rounded(&self, probe_index: usize) -> bool {
        self.probes[probe_index].noise > FEW_DIGITS || self.unit_roundoff > f64::EPSILON
    }

    /// Whether a difference of the outputs over a wide step is the mean of the claimed gradients along the way, by
    /// the fundamental theorem of calculus. It needs no narrow step, where rounding dominates.
    fn follows(&self, layer: &mut dyn Layer, probe_index: usize, block: usize, way: &Tensor) -> bool {
        let probe = &self.probes[probe_index];
        if self.within_rounding(layer, probe_index).is_empty() {
            return false;
        }
        let each = self.rounding_of(probe);
        let parts = probe.d.iter().zip(&probe.out).enumerate();
        let floor: f64 =
            parts.map(|(o, (d, out))| d.abs() * each.floor[o].max(each.relative * out.abs())).sum();
        let here = |claimed: &Tensor| claimed.iter().zip(way).map(|(claim, v)| claim * v).sum::<f64>();
        let mut at = |t: f64| -> Option<(f64, f64)> {
            let mut values = probe.values.clone();
            values[block] += &(way * t);
            let there = observe(layer, probe, values, probe.d.clone())?;
            let claimed = there.claimed[block].as_ref().filter(|claimed| claimed.shape() == way.shape())?;
            let out = there.out.iter().zip(&probe.out).zip(&probe.d);
            Some((out.map(|((out, middle), d)| d * (out - middle)).sum(), here(claimed)))
        };
        let (mut agree, mut differ) = (0, 0);
        let majority = STEPS.len() / 2 + 1;
        for step in STEPS {
            if agree.max(differ) == majority {
                break;
            }
            let (Some(above), Some(below)) = (at(step), at(-step)) else { continue };
            let quotient = (above.0 - below.0) / (2.0 * step);
            let claims: Option<Vec<f64>> =
                (0..ALONG).map(|k| Some(at(step * ((2 * k + 1) as f64 / ALONG as f64 - 1.0))?.1)).collect();
            let Some(claims) = claims else { continue };
            let mean = |from: usize| claims.iter().skip(from).step_by(2).sum::<f64>() / (ALONG / 2) as f64;
            let (even, odd) = (mean(0), mean(1));
            let gross = claims.iter().map(|claim| claim.abs()).sum::<f64>() / ALONG as f64;
            let tolerance = 4.0 * floor / step + (even - odd).abs() + 4.0 * self.unit_roundoff * gross;
            let size = quotient
                .abs()
                .max(gross)
                .max(probe.claimed[block].as_ref().map_or(0.0, |own| here(own).abs()));
            // Also skips values that are not finite.
            if !quotient.is_finite() || tolerance.is_nan() || tolerance > 0.3 * size {
                continue;
            }
            *(if (quotient - f64::midpoint(even, odd)).abs() <= tolerance {
                &mut agree
            } else {
                &mut differ
            }) += 1;
        }
        agree > differ
    }

    /// Points that differ from a probe by little more than the rounding of its numbers, with the claimed gradients.
    /// Empty if a repeated call has another result: it depends on earlier calls.
    fn within_rounding(&self, layer: &mut dyn Layer, probe_index: usize) -> Vec<Probe> {
        let probe = &self.probes[probe_index];
        let gradient_precisions =
            self.gradient_precisions.iter().copied().fold(Precision::Double, Precision::max);
        let unit = self.unit_roundoff.max(gradient_precisions.unit()).max(0.25 * probe.noise).min(COARSEST);
        let mut random = random(probe_index as u64 + 91);
        let mut shift = |values: &Tensor| {
            values.mapv(|value| value * (1.0 + MOVED * unit * random.random_range(-1.0..=1.0)))
        };
        let mut points = Vec::new();
        for _ in 0..POINTS {
            let there: Vec<Tensor> = probe.values.iter().map(&mut shift).collect();
            points.extend(observe(layer, probe, there, shift(&probe.d)));
        }
        let Some(again) = observe(layer, probe, probe.values.clone(), probe.d.clone()) else {
            return Vec::new();
        };
        let same = (0..self.names.len()).all(|block| match (&probe.claimed[block], &again.claimed[block]) {
            (Some(before), Some(now)) => {
                before.shape() == now.shape()
                    && largest(&(before - now)) <= 8.0 * self.repeat_spread[block] * largest(before)
            }
            (before, now) => before.is_none() && now.is_none(),
        });
        if same { points } else { Vec::new() }
    }
}

/// The rounding of the coarsest known precision.
const COARSEST: f64 = 1.0 / 128.0;

fn observe(layer: &mut dyn Layer, probe: &Probe, values: Vec<Tensor>, d: Tensor) -> Option<Probe> {
    let (out, claimed) = with_values(layer, &values[1..], |layer| {
        let out = layer.forward(&values[0])?;
        Ok::<_, retrograde_base::Error>((out, claims(layer, &d)?))
    })
    .ok()?;
    (out.shape() == probe.out.shape()).then(|| Probe {
        noise: probe.noise,
        floor: probe.floor,
        ..Probe::new(values, d, out, claimed)
    })
}

/// The distance from the smallest to the largest; 0 if one is not finite.
fn span(errors: &[f64]) -> f64 {
    let (low, high) = errors
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), error| (low.min(*error), high.max(*error)));
    if errors.iter().all(|error| error.is_finite()) { high - low } else { 0.0 }
}
