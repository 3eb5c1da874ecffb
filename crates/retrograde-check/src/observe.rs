//! Observes a layer: calls it at several inputs and parameters, in a fixed order, and makes the extra calls.

use std::cell::OnceCell;

use rand_xoshiro::Xoshiro256PlusPlus;

use super::batch_axis::batch_axis;
use super::noise::Noise;
use super::numbers::{largest, median};
use super::precision::Precision;
use super::probe::{
    ExtraCalls, GIVEN, LARGE_FACTOR, Observations, Probe, SAME_SHAPE, WarmUpCall, finite, moved, normal,
    random, upstream,
};
use super::subject::{ClaimedGradients, claims, names, shown, values, with_values};
use retrograde_base::{Error, Result};
use retrograde_textbook::{Layer, Tensor};

/// Why a layer cannot be observed.
pub(super) enum Unobservable {
    /// Two values for one input: the index, and both values.
    NotDeterministic(Vec<usize>, f64, f64),
    /// The output is not finite at the given input.
    NotFinite,
}

/// An input and values of the parameters.
struct ProbePoint {
    x: Tensor,
    parameters: Vec<Tensor>,
}

impl ProbePoint {
    /// Whether the layer has finite outputs here.
    fn is_defined(&self, layer: &mut dyn Layer) -> bool {
        with_values(layer, &self.parameters, |layer| layer.forward(&self.x).is_ok_and(|out| finite(&out)))
    }
}

/// Where a layer is observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inputs {
    /// At the given input and parameters, and at random ones.
    Random,
    /// Only at the given ones, for several upstream gradients: the claimed gradients hold nowhere else.
    Given,
}

/// Observes a layer at all probes. `given` is the user's input; the others are random, with its shape if the layer
/// takes them.
pub(super) fn observe(
    layer: &mut dyn Layer,
    input: &str,
    given: &Tensor,
    (inputs, seed): (Inputs, u64),
) -> Result<std::result::Result<Observations, Unobservable>> {
    let mut random = random(seed);
    let elsewhere = inputs == Inputs::Random;
    let original = values(layer);
    // If the layer copies its parameters in its first call, the copy has these values, which are not 0, 1 or equal.
    let first = ProbePoint { x: given.clone(), parameters: moved(&original, &mut random) };
    let is_defined = elsewhere && first.is_defined(layer);
    if let Some(unobservable) = unobservable(layer, given)? {
        return Ok(Err(unobservable));
    }
    let mut all_names = vec![input.to_owned()];
    all_names.extend(names(layer));

    let mut draw_parameters = |layer: &mut dyn Layer, x: &Tensor| {
        let question = ProbePoint { x: x.clone(), parameters: moved(&original, &mut random) };
        if elsewhere && question.is_defined(layer) { question.parameters } else { original.clone() }
    };
    let earlier = if is_defined { first.parameters } else { original.clone() };
    let mut inputs = self::random(seed ^ 0x1111);
    let mut draw = |layer: &mut dyn Layer, shape: &[usize]| {
        if elsewhere { draw_input(layer, given, shape, &mut inputs) } else { None }
    };
    let mut questions: Vec<ProbePoint> = Vec::new();
    for number in 0..=SAME_SHAPE {
        let x =
            if number == GIVEN { None } else { draw(layer, given.shape()) }.unwrap_or_else(|| given.clone());
        let parameters = if number == GIVEN { original.clone() } else { draw_parameters(layer, &x) };
        questions.push(ProbePoint { x, parameters });
    }
    let batch = batch_axis(layer, given, &mut draw);
    for x in batch.iter().flat_map(|batch| &batch.inputs) {
        questions.push(ProbePoint { x: x.clone(), parameters: original.clone() });
    }
    // A probe with large numbers, where saturating functions saturate. A loss has few digits there.
    let far_out = ProbePoint {
        x: normal(given.shape(), &mut self::random(seed ^ 0x2222)) * 4.0,
        parameters: original.clone(),
    };
    let is_loss = layer.forward(given)?.len() == 1;
    let far = (elsewhere && !is_loss && far_out.is_defined(layer)).then_some(questions.len());
    questions.extend(far.map(|_| far_out));

    // Exactly one forward precedes each backward: stale state is always that of the previous probe.
    let mut drawn = self::random(seed ^ 0x3333);
    let (earlier, mut last) = with_values(layer, &earlier.clone(), |layer| -> Result<_> {
        let d = upstream(layer.forward(given)?.shape(), &mut drawn);
        let last = claims(layer, &d)?.swap_remove(0);
        Ok((WarmUpCall { x: given.clone(), d, values: earlier }, last))
    })?;
    let mut probes: Vec<Probe> = Vec::new();
    let mut far_probe = None;
    for (number, question) in questions.into_iter().enumerate() {
        let ProbePoint { x, parameters } = question;
        match with_values(layer, &parameters, |layer| probe(layer, x, &mut drawn)) {
            Ok(mut probe) => {
                probe.before[0] = std::mem::replace(&mut last, probe.claimed[0].clone());
                // A layer for one size may take another one and ignore a part of it: that is no evidence.
                if number > SAME_SHAPE && probe.misfits() && !probes.iter().any(Probe::misfits) {
                    continue;
                }
                if Some(number) == far {
                    far_probe = Some(probes.len());
                }
                probes.push(probe);
            }
            // A layer with stale state of a batch of another size fails here; the probes above have shown it.
            Err(_) if number > SAME_SHAPE => {}
            Err(error) => return Err(error),
        }
    }
    // After the probes: these calls would otherwise be the stale state.
    let precision = measure_noise(layer, &mut probes, &mut drawn);
    let typical_output = median(probes.iter().map(|probe| largest(&probe.out)));
    let typical_gradients = (0..all_names.len())
        .map(|block| median(probes.iter().filter_map(|probe| probe.claimed[block].as_ref()).map(largest)))
        .collect();
    let extra_calls =
        with_values(layer, &probes[0].values[1..], |layer| extra_calls(layer, &probes[0], &mut drawn))?;
    let gradient_precisions = (0..all_names.len())
        .map(|block| Precision::of(probes.iter().filter_map(|probe| probe.claimed[block].as_ref())))
        .collect();
    let noise = probes[GIVEN].noise;
    let repeat_spread =
        (0..all_names.len()).map(|block| repeat_spread(&probes[0], &extra_calls, block)).collect();
    Ok(Ok(Observations {
        names: all_names,
        probes,
        earlier,
        original,
        extra_calls,
        noise,
        typical_output,
        unit_roundoff: precision.unit(),
        typical_gradients,
        gradient_precisions,
        repeat_spread,
        within_loss: 0.0,
        far_probe,
        batch: batch.map(|batch| batch.axis),
        data: Vec::new(),
        network: OnceCell::new(),
    }))
}

/// Measures the relative noise of the outputs of the probes, and the precision in which the layer computes.
fn measure_noise(layer: &mut dyn Layer, probes: &mut [Probe], drawn: &mut Xoshiro256PlusPlus) -> Precision {
    let (mut outputs, mut stairs) = (Vec::new(), Vec::new());
    for probe in &mut *probes {
        let seen = with_values(layer, &probe.values[1..], |layer| Noise::measure(layer, &probe.x, drawn));
        probe.noise = seen.relative;
        stairs.extend(seen.stairs);
        outputs.extend(seen.outputs);
    }
    let precision = computed_in(&outputs, probes);
    // Code that rounds intermediate results does so everywhere, but it is not visible everywhere; saturated outputs
    // have few digits only there.
    stairs.sort_by(|a, b| b.total_cmp(a));
    let stairs = stairs.get(stairs.len() / 3).copied().unwrap_or(0.0);
    probes.iter_mut().for_each(|probe| probe.noise = probe.noise.max(precision.noise()).max(stairs));
    precision
}

/// Observes a layer only at the given input, with its current parameters, as for a whole network. The loss is assumed
/// to be of the size that it has at other inputs of the same width.
///
/// `known` is the noise of the outputs, if measured before.
pub(super) fn observe_at_given(
    layer: &mut dyn Layer,
    given: &Tensor,
    known: Option<&Noise>,
) -> Result<std::result::Result<Observations, Unobservable>> {
    if let Some(unobservable) = unobservable(layer, given)? {
        return Ok(Err(unobservable));
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
    let typical_output = median(elsewhere.iter().map(|probe| largest(&probe.out)));
    // Upstream gradients differ between the probes; the sizes are compared for an upstream gradient of 1.
    let size =
        |probe: &Probe, block: usize| Some(largest(probe.claimed[block].as_ref()?) / largest(&probe.d));
    let typical_gradients = (0..all_names.len())
        .map(|block| median(elsewhere.iter().filter_map(|probe| size(probe, block))))
        .collect();
    let precision = computed_in(&seen.outputs, &elsewhere);
    let noise = seen.relative.max(precision.noise());
    let mut here = elsewhere.pop().expect("the probe that was pushed");
    here.noise = noise;
    let repeat_spread = vec![0.0; all_names.len()];
    let gradient_precisions = here.claimed.iter().map(|claimed| Precision::of(claimed.iter())).collect();
    Ok(Ok(Observations {
        names: all_names,
        earlier: WarmUpCall { x: given.clone(), d: here.d.clone(), values: original.clone() },
        probes: vec![here],
        original,
        extra_calls: ExtraCalls::default(),
        noise,
        typical_output,
        unit_roundoff: precision.unit(),
        typical_gradients,
        gradient_precisions,
        repeat_spread,
        within_loss: 5120.0 * precision.unit(),
        far_probe: None,
        batch: None,
        data: Vec::new(),
        network: OnceCell::new(),
    }))
}

/// Why the layer cannot be observed at the given input, if so.
fn unobservable(layer: &mut dyn Layer, given: &Tensor) -> Result<Option<Unobservable>> {
    let (first, second) = (layer.forward(given)?, layer.forward(given)?);
    let differs = |(a, b): (&f64, &f64)| a != b && !(a.is_nan() && b.is_nan());
    if let Some(at) = first.iter().zip(&second).position(differs) {
        let index = super::comparison::index_of(at, first.shape());
        let nth = |values: &Tensor| values.iter().nth(at).copied().expect("a position in it");
        return Ok(Some(Unobservable::NotDeterministic(index, nth(&first), nth(&second))));
    }
    Ok((!finite(&first)).then_some(Unobservable::NotFinite))
}

/// The precision in which a layer computes: that of its outputs, or of its claimed gradients if the outputs are
/// undecided.
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

fn extra_calls(layer: &mut dyn Layer, probe: &Probe, random: &mut Xoshiro256PlusPlus) -> Result<ExtraCalls> {
    layer.forward(&probe.x)?;
    layer.forward(&probe.x)?;
    let same = claims(layer, &probe.d)?;
    // A layer may release its state in the first call, and return an error in the second.
    let again = claims(layer, &probe.d).ok();
    let mut observe = |d: &Tensor| -> Result<ClaimedGradients> {
        layer.forward(&probe.x)?;
        claims(layer, d)
    };
    let other_d = upstream(probe.d.shape(), random);
    let zero = observe(&(&probe.d * 0.0))?;
    let other = observe(&other_d)?;
    let sum = observe(&(&probe.d + &other_d))?;
    let (large, larger) =
        (observe(&(&probe.d * LARGE_FACTOR))?, observe(&(&probe.d * (2.0 * LARGE_FACTOR)))?);
    Ok(ExtraCalls { same, again, zero, other, sum, large, larger })
}

/// A random input of this shape at which the outputs are finite: normal numbers, else positive ones, else numbers
/// near the given ones, else probabilities if the given ones are.
fn draw_input(
    layer: &mut dyn Layer,
    given: &Tensor,
    shape: &[usize],
    random: &mut Xoshiro256PlusPlus,
) -> Option<Tensor> {
    let width = largest(given);
    let numbers = normal(shape, random);
    let positive = numbers.mapv(|number| number.abs() + 0.1);
    // Only in place of probabilities: other functions may be saturated there.
    let are_probabilities = given.iter().all(|value| (0.0..=1.0).contains(value));
    let probabilities = are_probabilities.then(|| numbers.mapv(|number| 1.0 / (1.0 + (-number).exp())));
    let near = (shape == given.shape() && width > 0.0).then(|| given + &(&numbers * (0.05 * width)));
    [Some(numbers), Some(positive), near, probabilities]
        .into_iter()
        .flatten()
        .find(|x| layer.forward(x).is_ok_and(|out| finite(&out)))
}

/// The relative distance of the claimed gradients of two equal calls, if it is no more than rounding.
fn repeat_spread(probe: &Probe, extra_calls: &ExtraCalls, block: usize) -> f64 {
    let (Some(first), Some(again)) = (&probe.claimed[block], &extra_calls.same[block]) else { return 0.0 };
    if first.shape() != again.shape() {
        return 0.0;
    }
    let apart = largest(&(first - again)) / largest(first).max(f64::MIN_POSITIVE);
    if apart < ROUNDED { apart } else { 0.0 }
}

/// A larger distance between two equal calls is more than another order of summation.
const ROUNDED: f64 = 1e-5;

/// An error for an input without elements.
pub(super) fn expect_numbers(layer: &str, x: &Tensor) -> Result<()> {
    if x.is_empty() {
        return Err(Error::invalid(
            format!("check of {layer}"),
            format!("the input has shape {:?} and no elements", x.shape()),
            "pass an input with at least one row",
        ));
    }
    Ok(())
}
