//! What a layer answers: its gradients at several inputs, and how well they are known. Differences are taken afterwards, as
//! they call `forward` many times.

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

/// One question: an input, an upstream gradient and the parameters' values, with the answer.
pub(super) struct Probe {
    pub x: Tensor,
    pub d: Tensor,
    pub out: Tensor,
    /// The values of all blocks: the input, then the parameters.
    pub values: Vec<Tensor>,
    pub claimed: ClaimedGradients,
    /// What the layer showed as gradients just before this `backward`, and for the input what the call before gave.
    pub before: ClaimedGradients,
    /// By block; `None` before the differences are taken.
    pub jacobians: Vec<Option<BlockJacobian>>,
    /// By block, what backward makes of each output's gradient alone: see [`Observations::observe_claimed_jacobians`].
    pub claimed_jacobians: Vec<Option<Array2<f64>>>,
    /// By block, what is said of the elements that have a kink.
    pub at_kinks: Vec<Option<Judged>>,
    /// How uncertain an output is here, relative to the largest.
    pub noise: f64,
    /// What the rounding of intermediate results may leave in an output, where those are known.
    pub floor: f64,
    /// By block, what rounding is seen to leave between claims and slopes: see [`Observations::recheck`].
    pub rounding_slack: Vec<Option<Tensor>>,
}

impl Probe {
    /// With nothing known but the answer.
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

    /// Whether a gradient is missing, or has another shape than what it is the gradient of.
    pub fn misfits(&self) -> bool {
        let pairs = self.claimed.iter().zip(&self.values);
        pairs
            .into_iter()
            .any(|(claimed, value)| claimed.as_ref().is_none_or(|claimed| claimed.shape() != value.shape()))
    }
}

/// The probe whose input and parameters are the user's own.
pub(super) const GIVEN: usize = 1;
/// Up to this probe all have the given shape, so that each shows what is left of the one before.
pub(super) const SAME_SHAPE: usize = 2;

/// The question before the first probe, whose answer is not looked at: what it leaves behind may be.
pub(super) struct WarmUpCall {
    pub x: Tensor,
    pub d: Tensor,
    pub values: Vec<Tensor>,
}

/// Answers to further questions at the input of the first probe.
#[derive(Default)]
pub(super) struct ExtraCalls {
    /// The first question put again: `forward` and `backward` with the same.
    pub same: ClaimedGradients,
    /// `backward` once more without a `forward`.
    pub again: Option<ClaimedGradients>,
    /// For an upstream gradient of 0.
    pub zero: ClaimedGradients,
    /// For another upstream gradient, and for the sum of it and the first.
    pub other: ClaimedGradients,
    pub sum: ClaimedGradients,
    /// For the first upstream gradient times [`LARGE_FACTOR`], and times twice that.
    pub large: ClaimedGradients,
    pub larger: ClaimedGradients,
}

/// By what an upstream gradient is multiplied to see whether the answer is: a power of two, which rounds nothing.
pub(super) const LARGE_FACTOR: f64 = 1024.0;

/// All answers of a layer.
pub(super) struct Observations {
    /// The input's name, then the parameters' names.
    pub names: Vec<String>,
    pub probes: Vec<Probe>,
    pub earlier: WarmUpCall,
    /// The parameters as the layer was built or given.
    pub original: Vec<Tensor>,
    pub extra_calls: ExtraCalls,
    /// How uncertain an output is, relative to the largest.
    pub noise: f64,
    /// The size that outputs usually have: the rounding of numbers of that size may be in smaller ones.
    pub typical_output: f64,
    /// The rounding of one number in the precision that the layer computes in.
    pub unit_roundoff: f64,
    /// By block, the size that gradients usually have.
    pub typical_gradients: Vec<f64>,
    /// By block, the precision in which its claims are handed out.
    pub gradient_precisions: Vec<Precision>,
    /// By block, how far the claims of two equal calls are apart, relative to the largest, where that is rounding: a sum whose
    /// order is another one each time.
    pub repeat_spread: Vec<f64>,
    /// What the rounding of a number of size 1 within a loss leaves in a slope over the first step, where the loss itself is smaller:
    /// it may be the logarithm of a probability. Of what is no loss of a network, nothing.
    pub within_loss: f64,
    /// The probe far out, if there is one: to see that something is wrong, not to tell what, since differences of what
    /// stands still there are of little use.
    pub far_probe: Option<usize>,
    /// The axis of the input along which the layer takes other lengths, if it takes them.
    pub batch: Option<usize>,
    /// The arrays that a loss is computed from beside its arguments, as far as they are known: a batch and its labels.
    pub data: Vec<Tensor>,
    /// The network whose loss this is, once it was looked for.
    pub network: OnceCell<Option<Network>>,
}

/// Random numbers of a check, the same each time.
pub(super) fn random(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// Numbers from N(0, 1.5²), a width in which slopes of the usual functions vary.
pub(super) fn normal(shape: &[usize], random: &mut Xoshiro256PlusPlus) -> Tensor {
    let mut draw = || {
        let number: f64 = StandardNormal.sample(random);
        1.5 * number
    };
    Tensor::from_shape_simple_fn(shape, &mut draw)
}

/// Upstream gradients: of either sign and of sizes from a half to three halves, so that none is lost beside another.
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

/// The parameters' values, each moved by a fifth of itself and a tenth, or so.
pub(super) fn moved(values: &[Tensor], random: &mut Xoshiro256PlusPlus) -> Vec<Tensor> {
    let mut one = |value: &Tensor| {
        let drawn = normal(value.shape(), random);
        let more = normal(value.shape(), random);
        value * &drawn.mapv(|drawn| 1.0 + 0.1 * drawn) + more.mapv(|more| 0.07 * more.abs())
    };
    values.iter().map(&mut one).collect()
}

impl Observations {
    /// How far the claims of a block may be off by rounding, relative to the largest.
    pub fn precision(&self, block: usize) -> f64 {
        relative(self.noise)
            .max(self.gradient_precisions[block].tolerance())
            .max(8.0 * self.repeat_spread[block])
    }

    /// How many samples a loss is computed from, where its batch is known: the length that the samples and their labels have in
    /// common.
    pub fn samples(&self) -> Option<usize> {
        let (x, labels) = (self.data.first()?, self.data.get(1)?);
        let ends = |values: &Tensor| [values.shape().first().copied(), values.shape().last().copied()];
        ends(x).into_iter().flatten().find(|length| ends(labels).contains(&Some(*length)))
    }

    /// Whether each column of the input is a sample, rather than each row.
    pub fn samples_in_columns(&self) -> bool {
        self.batch.is_some_and(|axis| axis > 0)
    }

    /// The same at a probe.
    pub fn precision_at(&self, block: usize, probe: usize) -> f64 {
        self.precision_of(&self.probes[probe], block)
    }

    fn precision_of(&self, probe: &Probe, block: usize) -> f64 {
        relative(probe.noise)
            .max(self.gradient_precisions[block].tolerance())
            .max(8.0 * self.repeat_spread[block])
    }

    /// What rounding may leave in any gradient of a block: that of numbers of the usual size, after they cancel.
    pub fn floor(&self, block: usize) -> f64 {
        let unit = self.unit_roundoff.max(self.gradient_precisions[block].unit());
        FLOOR.max(FEW * unit) * self.typical_gradients[block]
    }

    /// How large a gradient may be of a function that does not move at all: less than what would move a number of size 1, such
    /// as the probability whose logarithm it is.
    pub fn unseen<'a>(&self, d: impl IntoIterator<Item = &'a f64>) -> f64 {
        self.unit_roundoff * d.into_iter().map(|d| d.abs()).sum::<f64>()
    }

    /// How well the outputs of a probe are known.
    pub fn rounding(&self, probe: usize) -> Rounding {
        self.rounding_of(&self.probes[probe])
    }

    pub(super) fn rounding_of(&self, probe: &Probe) -> Rounding {
        rounding(probe.noise, (self.unit_roundoff * self.typical_output).max(probe.floor), &probe.out)
    }

    /// Takes the differences of a block at a probe, in about `most` elements of it.
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

    /// Judges the elements of all blocks that have a kink at a probe, or look wrong, from all directions, where the layer can be
    /// asked for the gradient of each output alone.
    pub fn judge_kinks(&mut self, layer: &mut dyn Layer, number: usize) -> Result<()> {
        let mut open: Vec<Vec<usize>> = vec![Vec::new(); self.names.len()];
        for (block, open) in open.iter_mut().enumerate() {
            let Some(probed) = ProbedBlock::new(self, number, block, None, None) else { continue };
            let wrong = probed.wrong();
            let clearly = |element: &usize| {
                !probed.jacobian.kinks.contains(element)
                    && probed.error(*element) > CLEARLY * nth(&probed.tolerance, *element)
            };
            // Code that is wrong where nothing jumps is wrong at no kink; if it is clearly wrong there, kinks do not matter.
            let mut decided = wrong.iter().any(clearly);
            if !wrong.is_empty() {
                *open = self.jumping(layer, number, block, wrong.clone());
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
        if self.probes[number].claimed_jacobians.iter().all(Option::is_none) {
            self.observe_claimed_jacobians(layer, number);
        }
        let judged = kinks::judge(layer, self, number, &open)?;
        for (at_kinks, judged) in self.probes[number].at_kinks.iter_mut().zip(judged) {
            *at_kinks = (!judged.is_empty()).then_some(judged);
        }
        Ok(())
    }

    /// Those of some elements whose claimed gradients jump at points very near, by as much as they are wrong here. A gradient
    /// that is smooth changes half as much on half the way.
    fn jumping(
        &self,
        layer: &mut dyn Layer,
        number: usize,
        block: usize,
        elements: Vec<usize>,
    ) -> Vec<usize> {
        let probe = &self.probes[number];
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

    /// The differences of a block at another input or for other parameters, in the elements of a view.
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

    /// Takes the elements that have a kink out of a direction: through several of them a function may be smooth by chance. False
    /// where not all elements are known.
    pub fn away_from_kinks(&self, probe: usize, block: usize, direction: &mut Tensor) -> bool {
        let Some(jacobian) = &self.probes[probe].jacobians[block] else { return true };
        let numbers = direction.as_slice_mut().expect("a new array is contiguous");
        let judged = self.probes[probe].at_kinks[block].iter().flatten().map(|(element, _)| element);
        jacobian.kinks.iter().chain(judged).for_each(|&element| numbers[element] = 0.0);
        jacobian.kinks.is_empty() || jacobian.is_whole()
    }

    /// The slope of Σ d ⊙ out along a random direction through a whole block, beside what the claims say of it, and how
    /// far the two may be apart. `None` where there are kinks, the block is empty, or the claims have another shape.
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
        // The sum is over many elements: the direction is as long as a step in one of them.
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

/// An error of so many tolerances is none of rounding.
const CLEARLY: f64 = 100.0;

/// Below this part of a block's usual gradients, what is left of numbers of their size after they cancel is rounding: a
/// few hundred operations in `f64`.
pub(super) const FLOOR: f64 = 4096.0 * f64::EPSILON;

/// The same in a lower precision, in units of its rounding: fewer, since there they are large.
const FEW: f64 = 64.0;

/// How far a claimed gradient may be off by rounding, relative to the largest of its block: in `f64` sums of some
/// thousand terms stay far below 1e-8, and the faults sought are parts in a million or more.
pub(super) fn relative(noise: f64) -> f64 {
    (3000.0 * noise).clamp(1e-8, 0.25)
}
