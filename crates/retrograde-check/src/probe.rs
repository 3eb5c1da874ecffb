//! The observations of a layer: its gradients at several probes, and their precision. Differences are taken
//! afterwards, because they call `forward` many times.

use std::cell::OnceCell;

use ndarray::Array2;
use rand_distr::{Distribution, StandardNormal, Uniform};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::causes::Network;
use super::control::is_spent;
use super::jacobian::{BlockJacobian, Rounding, columns, jacobian, slopes};
use super::kinks::{self, Judged};
use super::numbers::{flat, largest, nth};
use super::numerical::Character;
use super::precision::Precision;
use super::probed_block::ProbedBlock;
use super::subject::{ClaimedGradients, Which, claims, with_value, with_values};
use retrograde_base::Result;
use retrograde_textbook::{Layer, Tensor};

/// A probe: an input, an upstream gradient and values of the parameters, with the observed output and gradients.
pub(super) struct Probe {
    pub x: Tensor,
    pub d: Tensor,
    pub out: Tensor,
    /// The values of all blocks: the input, then the parameters.
    pub values: Vec<Tensor>,
    pub claimed: ClaimedGradients,
    /// The gradients that the layer held just before this `backward`; for the input, the result of the previous call.
    pub before: ClaimedGradients,
    /// By block; `None` before the differences are taken.
    pub jacobians: Vec<Option<BlockJacobian>>,
    /// By block, the claimed Jacobian: see [`Observations::observe_claimed_jacobians`].
    pub claimed_jacobians: Vec<Option<Array2<f64>>>,
    /// By block, the verdicts on elements at a kink.
    pub at_kinks: Vec<Option<Judged>>,
    /// The relative noise of an output here.
    pub noise: f64,
    /// The rounding of intermediate results that may remain in an output, if known.
    pub floor: f64,
    /// By block, the rounding observed between claimed gradients and slopes: see [`Observations::recheck`].
    pub rounding_slack: Vec<Option<Tensor>>,
}

impl Probe {
    /// A probe with only its output and claimed gradients known.
    pub fn new(values: Vec<Tensor>, d: Tensor, out: Tensor, claimed: ClaimedGradients) -> Self {
        let blocks = values.len();
        Probe {
            x: values[0].clone(),
            d,
            out,
            values,
            claimed,
            before: vec![None; blocks],
            jacobians: (0..blocks).map(|_| None).collect(),
            claimed_jacobians: vec![None; blocks],
            at_kinks: vec![None; blocks],
            noise: f64::EPSILON,
            floor: 0.0,
            rounding_slack: vec![None; blocks],
        }
    }

    /// Whether a gradient is missing, or differs in shape from its block.
    pub fn misfits(&self) -> bool {
        let pairs = self.claimed.iter().zip(&self.values);
        pairs
            .into_iter()
            .any(|(claimed, value)| claimed.as_ref().is_none_or(|claimed| claimed.shape() != value.shape()))
    }
}

/// The probe at the user's input and parameters.
pub(super) const GIVEN: usize = 1;
/// All probes up to this one have the given shape, so that each shows stale state of the previous one.
pub(super) const SAME_SHAPE: usize = 2;

/// The call before the first probe. Its result is not used; it may be the stale state of the first probe.
pub(super) struct WarmUpCall {
    pub x: Tensor,
    pub d: Tensor,
    pub values: Vec<Tensor>,
}

/// The gradients of extra calls at the input of the first probe.
#[derive(Default)]
pub(super) struct ExtraCalls {
    /// `forward` and `backward` repeated.
    pub same: ClaimedGradients,
    /// A second `backward` without a `forward`.
    pub again: Option<ClaimedGradients>,
    /// For an upstream gradient of 0.
    pub zero: ClaimedGradients,
    /// For another upstream gradient, and for the sum of both.
    pub other: ClaimedGradients,
    pub sum: ClaimedGradients,
    /// For the first upstream gradient times [`LARGE_FACTOR`], and times twice that.
    pub large: ClaimedGradients,
    pub larger: ClaimedGradients,
}

/// The factor of an upstream gradient in the test of linearity: a power of two, which rounds nothing.
pub(super) const LARGE_FACTOR: f64 = 1024.0;

/// All observations of a layer.
pub(super) struct Observations {
    /// The input's name, then the parameters' names.
    pub names: Vec<String>,
    pub probes: Vec<Probe>,
    pub earlier: WarmUpCall,
    /// The parameters as given.
    pub original: Vec<Tensor>,
    pub extra_calls: ExtraCalls,
    /// The relative noise of an output.
    pub noise: f64,
    /// The typical size of outputs: smaller outputs may have the rounding of numbers of this size.
    pub typical_output: f64,
    /// The rounding of 1 in the precision in which the layer computes.
    pub unit_roundoff: f64,
    /// By block, the typical size of gradients.
    pub typical_gradients: Vec<f64>,
    /// By block, the precision of its claimed gradients.
    pub gradient_precisions: Vec<Precision>,
    /// By block, the relative distance of the claimed gradients of two equal calls, if it is rounding: sums in a
    /// changing order.
    pub repeat_spread: Vec<f64>,
    /// The effect of the rounding of a number of size 1 within a loss on a slope over the first step; the loss itself
    /// may be smaller, such as the logarithm of a probability. 0 except for the loss of a network.
    pub within_loss: f64,
    /// The probe with large numbers, if there is one. It detects faults, but its differences are too inaccurate for
    /// causes.
    pub far_probe: Option<usize>,
    /// The axis of the input along which the layer takes other lengths, if there is one.
    pub batch: Option<usize>,
    /// The arrays that a loss depends on besides its arguments, as far as they are known: a batch and its labels.
    pub data: Vec<Tensor>,
    /// The network of this loss, after the search for it.
    pub network: OnceCell<Option<Network>>,
}

/// The random numbers of a check; the same seed gives the same numbers.
pub(super) fn random(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// Numbers from N(0, 1.5²), where the slopes of common functions vary.
pub(super) fn normal(shape: &[usize], random: &mut Xoshiro256PlusPlus) -> Tensor {
    let mut draw = || {
        let number: f64 = StandardNormal.sample(random);
        1.5 * number
    };
    Tensor::from_shape_simple_fn(shape, &mut draw)
}

/// Upstream gradients of either sign, with sizes from 0.5 to 1.5, so that none is negligible.
pub(super) fn upstream(shape: &[usize], random: &mut Xoshiro256PlusPlus) -> Tensor {
    let size = Uniform::new(0.5, 1.5).expect("a range");
    let mut draw = || {
        let size: f64 = size.sample(random);
        if random.next_u64() & 1 == 0 { size } else { -size }
    };
    Tensor::from_shape_simple_fn(shape, &mut draw)
}

pub(super) fn finite(values: &Tensor) -> bool {
    values.iter().all(|value| value.is_finite())
}

/// The parameters' values, perturbed by about a fifth of themselves and a tenth.
pub(super) fn moved(values: &[Tensor], random: &mut Xoshiro256PlusPlus) -> Vec<Tensor> {
    let mut one = |value: &Tensor| {
        let drawn = normal(value.shape(), random);
        let more = normal(value.shape(), random);
        value * &drawn.mapv(|drawn| 1.0 + 0.1 * drawn) + more.mapv(|more| 0.07 * more.abs())
    };
    values.iter().map(&mut one).collect()
}

impl Observations {
    /// The relative rounding tolerance of the claimed gradients of a block.
    pub fn precision(&self, block: usize) -> f64 {
        relative(self.noise)
            .max(self.gradient_precisions[block].tolerance())
            .max(8.0 * self.repeat_spread[block])
    }

    /// The number of samples of a loss, if its batch is known: the length that the samples and their labels have in
    /// common.
    pub fn samples(&self) -> Option<usize> {
        let (x, labels) = (self.data.first()?, self.data.get(1)?);
        let ends = |values: &Tensor| [values.shape().first().copied(), values.shape().last().copied()];
        ends(x).into_iter().flatten().find(|length| ends(labels).contains(&Some(*length)))
    }

    /// Whether each column of the input is a sample, not each row.
    pub fn samples_in_columns(&self) -> bool {
        self.batch.is_some_and(|axis| axis > 0)
    }

    /// The relative rounding tolerance at a probe.
    pub fn precision_at(&self, block: usize, probe: usize) -> f64 {
        self.precision_of(&self.probes[probe], block)
    }

    fn precision_of(&self, probe: &Probe, block: usize) -> f64 {
        relative(probe.noise)
            .max(self.gradient_precisions[block].tolerance())
            .max(8.0 * self.repeat_spread[block])
    }

    /// The rounding that may remain in any gradient of a block: that of numbers of the typical size, after they
    /// cancel.
    pub fn floor(&self, block: usize) -> f64 {
        let unit = self.unit_roundoff.max(self.gradient_precisions[block].unit());
        FLOOR.max(FEW * unit) * self.typical_gradients[block]
    }

    /// The largest gradient that is not visible in a constant output: less than what changes a number of size 1, such
    /// as the probability in a logarithm.
    pub fn unseen<'a>(&self, d: impl IntoIterator<Item = &'a f64>) -> f64 {
        self.unit_roundoff * d.into_iter().map(|d| d.abs()).sum::<f64>()
    }

    /// The rounding of the outputs of a probe.
    pub fn rounding(&self, probe: usize) -> Rounding {
        self.rounding_of(&self.probes[probe])
    }

    pub(super) fn rounding_of(&self, probe: &Probe) -> Rounding {
        rounding(probe.noise, (self.unit_roundoff * self.typical_output).max(probe.floor), &probe.out)
    }

    /// Takes the differences of a block at a probe, in about `most` of its elements.
    pub fn differentiate(
        &mut self,
        layer: &mut dyn Layer,
        probe: usize,
        block: usize,
        most: usize,
        seed: u64,
    ) -> Result<()> {
        let rounding = self.rounding(probe);
        let probe = &mut self.probes[probe];
        let columns = columns(probe.values[block].shape(), most, &mut random(seed));
        if probe.jacobians[block].as_ref().is_some_and(|known| known.columns == columns) {
            return Ok(());
        }
        let found = with_values(layer, &probe.values[1..], |layer| {
            jacobian(layer, &probe.x, Which::of(block), &probe.values[block], columns, &rounding)
        });
        probe.jacobians[block] = Some(found?);
        Ok(())
    }

    /// Judges all elements that are at a kink of a probe, or look wrong, from all directions, if the claimed Jacobian
    /// is known.
    pub fn judge_kinks(&mut self, layer: &mut dyn Layer, probe_index: usize) -> Result<()> {
        let mut open: Vec<Vec<usize>> = vec![Vec::new(); self.names.len()];
        for (block, open) in open.iter_mut().enumerate() {
            let Some(probed) = ProbedBlock::new(self, probe_index, block, None, None) else { continue };
            let wrong = probed.wrong();
            let clearly = |element: &usize| {
                !probed.jacobian.kinks.contains(element)
                    && probed.error(*element) > CLEARLY * nth(&probed.tolerance, *element)
            };
            // Code that is wrong without jumps nearby is wrong without a kink; if it is clearly wrong there, kinks do
            // not matter.
            let mut decided = wrong.iter().any(clearly);
            if !wrong.is_empty() {
                *open = self.jumping(layer, probe_index, block, wrong.clone());
                decided &= wrong.iter().any(|element| clearly(element) && !open.contains(element));
            }
            if decided {
                open.clear();
            } else {
                open.extend(&probed.jacobian.kinks);
            }
        }
        if open.iter().all(Vec::is_empty) {
            return Ok(());
        }
        if self.probes[probe_index].claimed_jacobians.iter().all(Option::is_none) {
            self.observe_claimed_jacobians(layer, probe_index);
        }
        let judged = kinks::judge(layer, self, probe_index, &open)?;
        for (at_kinks, judged) in self.probes[probe_index].at_kinks.iter_mut().zip(judged) {
            *at_kinks = (!judged.is_empty()).then_some(judged);
        }
        Ok(())
    }

    /// The elements whose claimed gradients jump at points nearby, by as much as their error here. A smooth gradient
    /// changes half as much on half the way.
    fn jumping(
        &self,
        layer: &mut dyn Layer,
        probe_index: usize,
        block: usize,
        elements: Vec<usize>,
    ) -> Vec<usize> {
        let probe = &self.probes[probe_index];
        let Some(here) = &probe.claimed[block] else { return Vec::new() };
        let mut random = random(83);
        let mut apart = vec![0.0_f64; here.len()];
        for _ in 0..6 {
            let mut steps: Vec<Tensor> = Vec::new();
            for values in &probe.values {
                steps.push(normal(values.shape(), &mut random) * (kinks::NEAR * largest(values).max(1.0)));
            }
            let mut at = |part: f64| -> Option<Tensor> {
                let there: Vec<Tensor> =
                    probe.values.iter().zip(&steps).map(|(values, step)| values + &(step * part)).collect();
                let claimed = with_values(layer, &there[1..], |layer| {
                    layer.forward(&there[0])?;
                    claims(layer, &probe.d)
                });
                claimed.ok()?.swap_remove(block).filter(|there| there.shape() == here.shape())
            };
            let (Some(far), Some(halfway)) = (at(1.0), at(0.5)) else { return Vec::new() };
            let all = apart.iter_mut().zip(here).zip(far.iter().zip(&halfway));
            all.for_each(|((apart, here), (far, halfway))| {
                *apart = apart.max((far + here - 2.0 * halfway).abs());
            });
        }
        let Some(truth) = probe.jacobians[block].as_ref().map(|all| all.vjp(&flat(&probe.d))) else {
            return Vec::new();
        };
        let off: Vec<f64> = here.iter().zip(&truth).map(|(here, truth)| (here - truth).abs()).collect();
        elements.into_iter().filter(|&element| apart[element] > 0.5 * off[element]).collect()
    }

    /// The differences of a block at another input or with other parameters, in the elements of `probed`.
    pub fn jacobian_at(
        &self,
        layer: &mut dyn Layer,
        probed: &ProbedBlock<'_>,
        block: usize,
        x: &Tensor,
        parameters: &[Tensor],
    ) -> Option<BlockJacobian> {
        if is_spent() {
            return None;
        }
        let rounding = self.rounding(probed.probe_index);
        let value = if block == 0 { x } else { &parameters[block - 1] };
        if probed.jacobian.columns.iter().any(|column| *column >= value.len()) {
            return None;
        }
        let found = with_values(layer, parameters, |layer| {
            jacobian(layer, x, Which::of(block), value, probed.jacobian.columns.clone(), &rounding)
        });
        found.ok().filter(|found| found.center.nrows() == probed.d.len())
    }

    /// Sets a direction to 0 in the elements at a kink: along several of them a function may be smooth by chance.
    /// False if not all elements are known.
    pub fn away_from_kinks(&self, probe: usize, block: usize, direction: &mut Tensor) -> bool {
        let Some(jacobian) = &self.probes[probe].jacobians[block] else { return true };
        let numbers = direction.as_slice_mut().expect("a new array is contiguous");
        let judged = self.probes[probe].at_kinks[block].iter().flatten().map(|(element, _)| element);
        jacobian.kinks.iter().chain(judged).for_each(|&element| numbers[element] = 0.0);
        jacobian.kinks.is_empty() || jacobian.is_whole()
    }

    /// The slope of Σ d ⊙ out along a random direction through a whole block, beside the claimed one, and the
    /// tolerance of their difference. `None` at kinks, for an empty block, or if the claimed gradient has another
    /// shape.
    pub fn along(
        &self,
        layer: &mut dyn Layer,
        probe: &Probe,
        block: usize,
        direction: &Tensor,
    ) -> Result<Option<(f64, f64, f64)>> {
        let value = &probe.values[block];
        let Some(claimed) = probe.claimed[block].as_ref().filter(|claimed| claimed.shape() == value.shape())
        else {
            return Ok(None);
        };
        // The sum is over many elements: the direction has the length of a step in one of them.
        let length = direction.iter().map(|v| v * v).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        let size = largest(value).max(1.0);
        let along = direction * (size / length);
        let each = self.rounding_of(probe);
        let parts = probe.d.iter().zip(&probe.out).enumerate();
        let floor =
            parts.map(|(output, (d, out))| d.abs() * each.floor[output].max(each.relative * out.abs())).sum();
        let rounding = Rounding { relative: 0.0, floor: vec![floor] };
        let weighted = |layer: &mut dyn Layer, t: f64| -> Result<Vec<f64>> {
            let there = value + &(&along * t);
            let out = match Which::of(block) {
                Which::Input => layer.forward(&there),
                Which::Parameter(at) => with_value(layer, at, &there, |layer| layer.forward(&probe.x)),
            }?;
            let terms = out.iter().zip(&probe.out).zip(&probe.d);
            Ok(vec![terms.map(|((out, middle), d)| if *d == 0.0 { 0.0 } else { d * (out - middle) }).sum()])
        };
        let found = with_values(layer, &probe.values[1..], |layer| {
            slopes(&[0.0], 0.0, &rounding, |t| weighted(layer, t))
        })?;
        let Some(found) = found else { return Ok(None) };
        if found[0].character != Character::Smooth {
            return Ok(None);
        }
        let claims = claimed.iter().zip(&along).map(|(g, v)| g * v);
        let (claim, own) = claims.fold((0.0, 0.0), |(sum, own), term: f64| (sum + term, own + term.abs()));
        let numeric = found[0].value;
        let tolerance = 10.0 * found[0].uncertainty
            + self.precision_of(probe, block) * (numeric.abs() + own)
            + self.floor(block) * size
            + if numeric == 0.0 { self.unseen(&probe.d) * size } else { 0.0 };
        Ok(Some((claim, numeric, tolerance)))
    }
}

/// The rounding of outputs whose relative noise is `noise`, and at least `least`.
pub(super) fn rounding(noise: f64, least: f64, out: &Tensor) -> Rounding {
    let floor = (0.3 * noise * largest(out)).max(least);
    Rounding { relative: noise, floor: out.iter().map(|value| floor.max(noise * value.abs())).collect() }
}

/// An error of this many tolerances is not rounding.
const CLEARLY: f64 = 100.0;

/// Relative to a block's typical gradients, rounding after cancellation is below this: a few hundred operations in
/// `f64`.
pub(super) const FLOOR: f64 = 4096.0 * f64::EPSILON;

/// The same bound in a lower precision, in units of its rounding, which are large.
const FEW: f64 = 64.0;

/// The rounding tolerance of a claimed gradient, relative to the largest of its block: in `f64`, sums of some
/// thousand terms stay far below 1e-8; the faults to be found are parts in a million or more.
pub(super) fn relative(noise: f64) -> f64 {
    (3000.0 * noise).clamp(1e-8, 0.25)
}
