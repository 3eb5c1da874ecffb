//! What is asked of a layer: its gradients at several inputs, in an order that shows what it remembers, and a few
//! experiments more. Differences are taken afterwards, as they call `forward` many times.

use std::cell::OnceCell;

use ndarray::Array2;
use rand_distr::{Distribution, StandardNormal, Uniform};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::batch_axis::batch_axis;
use super::causes::Network;
use super::control::is_spent;
use super::jacobian::{Jacobian, Rounding, columns, jacobian, slopes};
use super::kinks::{self, Judged};
use super::noise::Noise;
use super::numerical::Character;
use super::precision::Precision;
use super::subject::{Claims, Which, claims, names, shown, values, with_value, with_values};
use super::view::{View, largest};
use crate::textbook::{Layer, Tensor};
use crate::{Error, Result};

/// One question: an input, an upstream gradient and the parameters' values, with the answer.
pub(super) struct Probe {
    pub x: Tensor,
    pub d: Tensor,
    pub out: Tensor,
    /// The values of all blocks: the input, then the parameters.
    pub values: Vec<Tensor>,
    pub claimed: Claims,
    /// What the layer showed as gradients just before this `backward`, and for the input what the call before gave.
    pub before: Claims,
    /// By block; `None` before the differences are taken.
    pub jacobians: Vec<Option<Jacobian>>,
    /// By block, what backward makes of each output's gradient alone: see [`Answers::respond`].
    pub responses: Vec<Option<Array2<f64>>>,
    /// By block, what is said of the elements that have a kink.
    pub at_kinks: Vec<Option<Judged>>,
    /// How uncertain an output is here, relative to the largest.
    pub noise: f64,
    /// What the rounding of intermediate results may leave in an output, where those are known.
    pub floor: f64,
    /// By block, what rounding is seen to leave between claims and slopes: see [`Answers::appeal`].
    pub slack: Vec<Option<Tensor>>,
}

impl Probe {
    /// With nothing known but the answer.
    pub fn new(values: Vec<Tensor>, d: Tensor, out: Tensor, claimed: Claims) -> Self {
        let blocks = values.len();
        Probe {
            x: values[0].clone(),
            d,
            out,
            values,
            claimed,
            before: vec![None; blocks],
            jacobians: (0..blocks).map(|_| None).collect(),
            responses: vec![None; blocks],
            at_kinks: vec![None; blocks],
            noise: f64::EPSILON,
            floor: 0.0,
            slack: vec![None; blocks],
        }
    }

    /// Whether a gradient is missing, or has another shape than what it is the gradient of.
    fn misfits(&self) -> bool {
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
pub(super) struct Earlier {
    pub x: Tensor,
    pub d: Tensor,
    pub values: Vec<Tensor>,
}

/// Answers to further questions at the input of the first probe.
#[derive(Default)]
pub(super) struct Experiments {
    /// The first question put again: `forward` and `backward` with the same.
    pub same: Claims,
    /// `backward` once more without a `forward`.
    pub again: Option<Claims>,
    /// For an upstream gradient of 0.
    pub zero: Claims,
    /// For another upstream gradient, and for the sum of it and the first.
    pub other: Claims,
    pub sum: Claims,
    /// For the first upstream gradient times [`MANIFOLD`], and times twice that.
    pub large: Claims,
    pub larger: Claims,
}

/// By what an upstream gradient is multiplied to see whether the answer is: a power of two, which rounds nothing.
pub(super) const MANIFOLD: f64 = 1024.0;

/// All answers of a layer.
pub(super) struct Answers {
    /// The input's name, then the parameters' names.
    pub names: Vec<String>,
    pub probes: Vec<Probe>,
    pub earlier: Earlier,
    /// The parameters as the layer was built or given.
    pub original: Vec<Tensor>,
    pub experiments: Experiments,
    /// How uncertain an output is, relative to the largest.
    pub noise: f64,
    /// The size that outputs usually have: the rounding of numbers of that size may be in smaller ones.
    pub usual: f64,
    /// The rounding of one number in the precision that the layer computes in.
    pub unit: f64,
    /// By block, the size that gradients usually have.
    pub usual_gradients: Vec<f64>,
    /// By block, the precision in which its claims are handed out.
    pub handed_out: Vec<Precision>,
    /// By block, how far the claims of two equal calls are apart, relative to the largest, where that is rounding: a sum whose
    /// order is another one each time.
    pub spread: Vec<f64>,
    /// What the rounding of a number of size 1 within a loss leaves in a slope over the first step, where the loss itself is smaller:
    /// it may be the logarithm of a probability. Of what is no loss of a network, nothing.
    pub within_loss: f64,
    /// The probe far out, if there is one: to see that something is wrong, not to tell what, since differences of what
    /// stands still there are of little use.
    pub far: Option<usize>,
    /// The axis of the input along which the layer takes other lengths, if it takes them.
    pub batch: Option<usize>,
    /// The arrays that a loss is computed from beside its arguments, as far as they are known: a batch and its labels.
    pub data: Vec<Tensor>,
    /// The network whose loss this is, once it was looked for.
    pub network: OnceCell<Option<Network>>,
}

/// Why nothing can be asked.
pub(super) enum Refusal {
    /// Two values for one input: where, and both.
    NotDeterministic(Vec<usize>, f64, f64),
    /// Not finite at the given input.
    NotFinite,
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

/// An input and the parameters to go with it.
struct Question {
    x: Tensor,
    parameters: Vec<Tensor>,
}

impl Question {
    /// Whether the layer has finite outputs for it.
    fn is_defined(&self, layer: &mut dyn Layer) -> bool {
        with_values(layer, &self.parameters, |layer| layer.forward(&self.x).is_ok_and(|out| finite(&out)))
    }
}

/// Where a layer is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inputs {
    /// At the given input and parameters, and at random ones.
    Random,
    /// At the given ones alone, for several upstream gradients: what is claimed holds nowhere else.
    Given,
}

/// Puts all questions. `given` is the input that the user gave; the others are random and of its shape, as far as the
/// layer takes such.
pub(super) fn ask(
    layer: &mut dyn Layer,
    input: &str,
    given: &Tensor,
    (inputs, seed): (Inputs, u64),
) -> Result<std::result::Result<Answers, Refusal>> {
    let mut random = random(seed);
    let elsewhere = inputs == Inputs::Random;
    let original = values(layer);
    // A copy of a parameter that the layer makes in its first call is of these values, which are not 0, 1 or alike.
    let first = Question { x: given.clone(), parameters: moved(&original, &mut random) };
    let is_defined = elsewhere && first.is_defined(layer);
    if let Some(refusal) = refusal(layer, given)? {
        return Ok(Err(refusal));
    }
    let mut all_names = vec![input.to_owned()];
    all_names.extend(names(layer));

    let mut draw_parameters = |layer: &mut dyn Layer, x: &Tensor| {
        let question = Question { x: x.clone(), parameters: moved(&original, &mut random) };
        if elsewhere && question.is_defined(layer) { question.parameters } else { original.clone() }
    };
    let earlier = if is_defined { first.parameters } else { original.clone() };
    let mut inputs = self::random(seed ^ 0x1111);
    let mut draw = |layer: &mut dyn Layer, shape: &[usize]| {
        if elsewhere { draw_input(layer, given, shape, &mut inputs) } else { None }
    };
    let mut questions: Vec<Question> = Vec::new();
    for number in 0..=SAME_SHAPE {
        let x =
            if number == GIVEN { None } else { draw(layer, given.shape()) }.unwrap_or_else(|| given.clone());
        let parameters = if number == GIVEN { original.clone() } else { draw_parameters(layer, &x) };
        questions.push(Question { x, parameters });
    }
    let batch = batch_axis(layer, given, &mut draw);
    for x in batch.iter().flat_map(|batch| &batch.inputs) {
        questions.push(Question { x: x.clone(), parameters: original.clone() });
    }
    // Far out, where functions with an upper edge have it. A loss has few digits there.
    let far_out = Question {
        x: normal(given.shape(), &mut self::random(seed ^ 0x2222)) * 4.0,
        parameters: original.clone(),
    };
    let is_loss = layer.forward(given)?.len() == 1;
    let far = (elsewhere && !is_loss && far_out.is_defined(layer)).then_some(questions.len());
    questions.extend(far.map(|_| far_out));

    // Before each backward there is exactly one forward: what a layer wrongly remembers is that of the probe before.
    let mut drawn = self::random(seed ^ 0x3333);
    let (earlier, mut last) = with_values(layer, &earlier.clone(), |layer| -> Result<_> {
        let d = upstream(layer.forward(given)?.shape(), &mut drawn);
        let last = claims(layer, &d)?.swap_remove(0);
        Ok((Earlier { x: given.clone(), d, values: earlier }, last))
    })?;
    let mut probes: Vec<Probe> = Vec::new();
    let mut far_at = None;
    for (number, question) in questions.into_iter().enumerate() {
        let Question { x, parameters } = question;
        match with_values(layer, &parameters, |layer| probe(layer, x, &mut drawn)) {
            Ok(mut probe) => {
                probe.before[0] = std::mem::replace(&mut last, probe.claimed[0].clone());
                // A layer for one size may take another without looking at all of it: that says nothing of its own.
                if number > SAME_SHAPE && probe.misfits() && !probes.iter().any(Probe::misfits) {
                    continue;
                }
                if Some(number) == far {
                    far_at = Some(probes.len());
                }
                probes.push(probe);
            }
            // A layer that remembers a batch of another size fails here, and has shown above what it remembers.
            Err(_) if number > SAME_SHAPE => {}
            Err(error) => return Err(error),
        }
    }
    // Not before: what a layer remembers of a call would be of these.
    let precision = measure_noise(layer, &mut probes, &mut drawn);
    let usual = median(probes.iter().map(|probe| largest(&probe.out)));
    let usual_gradients = (0..all_names.len())
        .map(|block| median(probes.iter().filter_map(|probe| probe.claimed[block].as_ref()).map(largest)))
        .collect();
    let experiments =
        with_values(layer, &probes[0].values[1..], |layer| experiments(layer, &probes[0], &mut drawn))?;
    let handed_out = (0..all_names.len())
        .map(|block| Precision::of(probes.iter().filter_map(|probe| probe.claimed[block].as_ref())))
        .collect();
    let noise = probes[GIVEN].noise;
    let spread = (0..all_names.len()).map(|block| spread(&probes[0], &experiments, block)).collect();
    Ok(Ok(Answers {
        names: all_names,
        probes,
        earlier,
        original,
        experiments,
        noise,
        usual,
        unit: precision.unit(),
        usual_gradients,
        handed_out,
        spread,
        within_loss: 0.0,
        far: far_at,
        batch: batch.map(|batch| batch.axis),
        data: Vec::new(),
        network: OnceCell::new(),
    }))
}

/// Measures how uncertain the outputs of probes are; in which precision the layer computes.
fn measure_noise(layer: &mut dyn Layer, probes: &mut [Probe], drawn: &mut Xoshiro256PlusPlus) -> Precision {
    let (mut outputs, mut stairs) = (Vec::new(), Vec::new());
    for probe in &mut *probes {
        let seen = with_values(layer, &probe.values[1..], |layer| Noise::measure(layer, &probe.x, drawn));
        probe.noise = seen.relative;
        stairs.push(seen.stairs);
        outputs.extend(seen.outputs);
    }
    let precision = computed_in(&outputs, probes);
    // Code that rounds on the way does so everywhere, though not everywhere it shows; what saturates has few digits there alone.
    stairs.sort_by(|a, b| b.total_cmp(a));
    let stairs = stairs.get(stairs.len() / 3).copied().unwrap_or(0.0);
    probes.iter_mut().for_each(|probe| probe.noise = probe.noise.max(precision.noise()).max(stairs));
    precision
}

/// The answer at the given input alone, with the parameters as they are: what is asked of a whole network. Its loss is
/// usually of the size that it has at other inputs of the same width.
///
/// `known` is how uncertain the outputs are, where that was measured before.
pub(super) fn ask_here(
    layer: &mut dyn Layer,
    given: &Tensor,
    known: Option<&Noise>,
) -> Result<std::result::Result<Answers, Refusal>> {
    if let Some(refusal) = refusal(layer, given)? {
        return Ok(Err(refusal));
    }
    let mut random = random(5);
    let seen = known.cloned().unwrap_or_else(|| Noise::measure(layer, given, &mut random));
    let width = (given.iter().map(|x| x * x).sum::<f64>() / given.len().max(1) as f64).sqrt();
    let width = if width > 0.0 { width } else { 1.0 };
    let mut elsewhere = Vec::new();
    for _ in 0..3 {
        let x = normal(given.shape(), &mut random) * (width / 1.5);
        elsewhere.extend(probe(layer, x, &mut random).ok().filter(|probe| finite(&probe.out)));
    }
    let original = values(layer);
    let here = probe(layer, given.clone(), &mut random)?;
    let mut all_names = vec!["x".to_owned()];
    all_names.extend(names(layer));
    elsewhere.push(here);
    let usual = median(elsewhere.iter().map(|probe| largest(&probe.out)));
    // Upstream gradients differ between the probes; a gradient for 1 from above is what is compared.
    let size =
        |probe: &Probe, block: usize| Some(largest(probe.claimed[block].as_ref()?) / largest(&probe.d));
    let usual_gradients = (0..all_names.len())
        .map(|block| median(elsewhere.iter().filter_map(|probe| size(probe, block))))
        .collect();
    let precision = computed_in(&seen.outputs, &elsewhere);
    let noise = seen.relative.max(precision.noise());
    let mut here = elsewhere.pop().expect("the probe that was pushed");
    here.noise = noise;
    let spread = vec![0.0; all_names.len()];
    let handed_out = here.claimed.iter().map(|claimed| Precision::of(claimed.iter())).collect();
    Ok(Ok(Answers {
        names: all_names,
        earlier: Earlier { x: given.clone(), d: here.d.clone(), values: original.clone() },
        probes: vec![here],
        original,
        experiments: Experiments::default(),
        noise,
        usual,
        unit: precision.unit(),
        usual_gradients,
        handed_out,
        spread,
        within_loss: 5120.0 * precision.unit(),
        far: None,
        batch: None,
        data: Vec::new(),
        network: OnceCell::new(),
    }))
}

/// Why there is nothing to ask at the given input, if there is not.
fn refusal(layer: &mut dyn Layer, given: &Tensor) -> Result<Option<Refusal>> {
    let (first, second) = (layer.forward(given)?, layer.forward(given)?);
    let differs = |(a, b): (&f64, &f64)| a != b && !(a.is_nan() && b.is_nan());
    if let Some(at) = first.iter().zip(&second).position(differs) {
        let index = super::comparison::index_of(at, first.shape());
        let nth = |values: &Tensor| values.iter().nth(at).copied().expect("a position in it");
        return Ok(Some(Refusal::NotDeterministic(index, nth(&first), nth(&second))));
    }
    Ok((!finite(&first)).then_some(Refusal::NotFinite))
}

/// The precision that a layer computes in: that of its outputs, or of its claims where the outputs do not tell.
fn computed_in(outputs: &[f64], probes: &[Probe]) -> Precision {
    let outputs = outputs.iter().chain(probes.iter().flat_map(|probe| &probe.out));
    let claims = || Precision::of_values(probes.iter().flat_map(|probe| &probe.claimed).flatten().flatten());
    Precision::of_values(outputs).or_else(claims).unwrap_or(Precision::Double)
}

fn probe(layer: &mut dyn Layer, x: Tensor, random: &mut Xoshiro256PlusPlus) -> Result<Probe> {
    let out = layer.forward(&x)?;
    let d = upstream(out.shape(), random);
    let mut before = vec![None];
    before.extend(shown(layer));
    let mut all = vec![x];
    all.extend(values(layer));
    let claimed = claims(layer, &d)?;
    Ok(Probe { before, ..Probe::new(all, d, out, claimed) })
}

fn experiments(layer: &mut dyn Layer, probe: &Probe, random: &mut Xoshiro256PlusPlus) -> Result<Experiments> {
    layer.forward(&probe.x)?;
    layer.forward(&probe.x)?;
    let same = claims(layer, &probe.d)?;
    // A layer may give its memory away with the first call, and refuse the second.
    let again = claims(layer, &probe.d).ok();
    let mut ask = |d: &Tensor| -> Result<Claims> {
        layer.forward(&probe.x)?;
        claims(layer, d)
    };
    let other_d = upstream(probe.d.shape(), random);
    let zero = ask(&(&probe.d * 0.0))?;
    let other = ask(&other_d)?;
    let sum = ask(&(&probe.d + &other_d))?;
    let (large, larger) = (ask(&(&probe.d * MANIFOLD))?, ask(&(&probe.d * (2.0 * MANIFOLD)))?);
    Ok(Experiments { same, again, zero, other, sum, large, larger })
}

/// A random input of a shape that the layer has finite outputs for: any numbers, or positive ones where the function is not
/// defined everywhere, or numbers near the given ones, or other probabilities in the place of probabilities.
fn draw_input(
    layer: &mut dyn Layer,
    given: &Tensor,
    shape: &[usize],
    random: &mut Xoshiro256PlusPlus,
) -> Option<Tensor> {
    let width = largest(given);
    let numbers = normal(shape, random);
    let positive = numbers.mapv(|number| number.abs() + 0.1);
    // Only in place of probabilities: elsewhere they may lie where a function is saturated.
    let are_probabilities = given.iter().all(|value| (0.0..=1.0).contains(value));
    let probabilities = are_probabilities.then(|| numbers.mapv(|number| 1.0 / (1.0 + (-number).exp())));
    let near = (shape == given.shape() && width > 0.0).then(|| given + &(&numbers * (0.05 * width)));
    [Some(numbers), Some(positive), near, probabilities]
        .into_iter()
        .flatten()
        .find(|x| layer.forward(x).is_ok_and(|out| finite(&out)))
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

impl Answers {
    /// How far the claims of a block may be off by rounding, relative to the largest.
    pub fn precision(&self, block: usize) -> f64 {
        relative(self.noise).max(self.handed_out[block].tolerance()).max(8.0 * self.spread[block])
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
        relative(probe.noise).max(self.handed_out[block].tolerance()).max(8.0 * self.spread[block])
    }

    /// What rounding may leave in any gradient of a block: that of numbers of the usual size, after they cancel.
    pub fn floor(&self, block: usize) -> f64 {
        let unit = self.unit.max(self.handed_out[block].unit());
        FLOOR.max(FEW * unit) * self.usual_gradients[block]
    }

    /// How large a gradient may be of a function that does not move at all: less than what would move a number of size 1, such
    /// as the probability whose logarithm it is.
    pub fn unseen<'a>(&self, d: impl IntoIterator<Item = &'a f64>) -> f64 {
        self.unit * d.into_iter().map(|d| d.abs()).sum::<f64>()
    }

    /// How well the outputs of a probe are known.
    pub fn rounding(&self, probe: usize) -> Rounding {
        self.rounding_of(&self.probes[probe])
    }

    pub(super) fn rounding_of(&self, probe: &Probe) -> Rounding {
        rounding(probe.noise, (self.unit * self.usual).max(probe.floor), &probe.out)
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
        let mut wrong = vec![Vec::new(); self.names.len()];
        let mut kinks = false;
        for (block, wrong) in wrong.iter_mut().enumerate() {
            let Some(view) = View::new(self, number, block, None, None) else { continue };
            kinks |= !view.jacobian.kinks.is_empty();
            let elements = view.wrong();
            // Code that is wrong where nothing jumps is wrong at no kink.
            if !elements.is_empty() {
                *wrong = self.jumping(layer, number, block, elements);
            }
        }
        if !kinks && wrong.iter().all(Vec::is_empty) {
            return Ok(());
        }
        if self.probes[number].responses.iter().all(Option::is_none) {
            self.respond(layer, number);
        }
        let judged = kinks::judge(layer, self, number, &wrong)?;
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
        view: &View<'_>,
        block: usize,
        x: &Tensor,
        parameters: &[Tensor],
    ) -> Option<Jacobian> {
        if is_spent() {
            return None;
        }
        let rounding = self.rounding(view.number);
        let value = if block == 0 { x } else { &parameters[block - 1] };
        if view.jacobian.columns.iter().any(|column| *column >= value.len()) {
            return None;
        }
        let found = with_values(layer, parameters, |layer| {
            jacobian(layer, x, Which::of(block), value, view.jacobian.columns.clone(), &rounding)
        });
        found.ok().filter(|found| found.centre.nrows() == view.d.len())
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

/// How far the claims of two equal calls are apart, relative to the largest, where that is no more than rounding.
fn spread(probe: &Probe, experiments: &Experiments, block: usize) -> f64 {
    let (Some(first), Some(again)) = (&probe.claimed[block], &experiments.same[block]) else { return 0.0 };
    if first.shape() != again.shape() {
        return 0.0;
    }
    let apart = largest(&(first - again)) / largest(first).max(f64::MIN_POSITIVE);
    if apart < ROUNDED { apart } else { 0.0 }
}

fn flat(values: &Tensor) -> Vec<f64> {
    values.iter().copied().collect()
}

/// The middle one of these sizes; 0 if there are none that are finite.
fn median(sizes: impl Iterator<Item = f64>) -> f64 {
    let mut sizes: Vec<f64> = sizes.filter(|size| size.is_finite()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
}

/// The rounding of outputs whose relative noise is `noise`, and at least `least`.
pub(super) fn rounding(noise: f64, least: f64, out: &Tensor) -> Rounding {
    let floor = (0.3 * noise * largest(out)).max(least);
    Rounding { relative: noise, floor: out.iter().map(|value| floor.max(noise * value.abs())).collect() }
}

/// Two equal calls that are farther apart than this do more than add up in another order.
const ROUNDED: f64 = 1e-5;

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

/// An error for an input that has no element, or whose layer refuses it.
pub(super) fn expect_numbers(layer: &str, x: &Tensor) -> Result<()> {
    if x.is_empty() {
        return Err(Error::invalid(
            format!("check of {layer}"),
            format!("the input has shape {:?}, so that there is nothing to differentiate in", x.shape()),
            "pass an input with at least one row",
        ));
    }
    Ok(())
}
