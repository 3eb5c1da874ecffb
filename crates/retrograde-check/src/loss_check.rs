//! The gradient of a loss by all parameters of a network, as an update uses it: it decides whether the network is wrong.

use super::causes::decay;
use super::control::affordable;
use super::message::text;
use super::noise::Noise;
use super::observe::{Unobservable, observe_at_given};
use super::precision::Precision;
use super::probe::{Observations, moved, normal, random};
use super::probed_block::ProbedBlock;
use super::subject::values;
use super::{Comparison, Evidence, Finding, Severity, Verdict};
use crate::network_layer::NetworkAsLayer;
use retrograde_base::Result;
use retrograde_textbook::Tensor;

/// The number of elements with differences, of a matrix and of a parameter with one axis.
const ELEMENTS: [usize; 2] = [48, 96];
/// The same for a slow network.
const FEW: [usize; 2] = [6, 10];
/// A forward pass with more products than this is slow.
const LONG: usize = 1 << 20;
/// The number of elements that determine the precision of an array.
const SEEN: usize = 64;
/// Random directions through each parameter.
const DIRECTIONS: usize = 3;

/// The check of one parameter.
pub(super) struct ParameterCheck {
    pub comparison: Comparison,
    /// Whether the gradient is negligible beside the loss.
    negligible: bool,
    /// Whether the gradient is 0, so that a factor cannot change it.
    pub is_zero: bool,
    /// Whether it agrees with the differences to a few digits in all elements.
    few_digits: bool,
    /// The elements away from kinks.
    elements: Vec<ElementGap>,
}

struct ElementGap {
    value: f64,
    /// The numerical minus the claimed gradient.
    missing: f64,
    tolerance: f64,
}

/// A loss with more relative noise is computed in a low precision, or is nearly 0.
const LOW: f64 = 1e-9;

/// The check of the loss gradient.
pub(super) struct LossCheck {
    /// The parameters, in their order.
    pub parameters: Vec<ParameterCheck>,
    /// Whether they were compared at other inputs than the given ones, where rounding is all that there is to compare.
    pub elsewhere: bool,
    /// Why the network could not be observed.
    pub unobservable: Option<Unobservable>,
}

impl LossCheck {
    pub fn verdict(&self) -> Verdict {
        match &self.unobservable {
            Some(Unobservable::NotDeterministic(..)) => Verdict::NotDeterministic,
            Some(Unobservable::NotFinite) => Verdict::NotDifferentiable,
            None => Verdict::of_all(self.parameters.iter().map(|one| one.comparison.verdict)),
        }
    }

    /// Whether all gradients agree with the differences, and enough of them could be compared.
    pub fn is_right(&self) -> bool {
        self.unobservable.is_none()
            && !self.parameters.is_empty()
            && matches!(self.verdict(), Verdict::Right | Verdict::Kink | Verdict::Rounding)
    }

    /// Sets the wrong gradients to right if all of them agree to a few digits; returns their names.
    pub fn right_to_few_digits(&mut self) -> Vec<String> {
        let mut wrong: Vec<&mut ParameterCheck> =
            self.parameters.iter_mut().filter(|one| one.comparison.verdict.is_wrong()).collect();
        if wrong.iter().any(|one| !one.few_digits) {
            return Vec::new();
        }
        wrong.iter_mut().for_each(|one| one.comparison.verdict = Verdict::Rounding);
        wrong.iter().map(|one| one.comparison.block.clone()).collect()
    }

    /// Whether the gradient of a parameter is wrong.
    pub fn is_wrong(&self, name: &str) -> bool {
        self.parameters.iter().any(|one| one.comparison.block == name && one.comparison.verdict.is_wrong())
    }
}

/// Compares the gradient of each parameter with differences of the loss, at `x`; if the gradients are negligible there, at
/// other inputs, too.
pub(super) fn judge(network: &mut NetworkAsLayer<'_>, x: &Tensor) -> Result<LossCheck> {
    network.start_at(None);
    let seen = Noise::measure(network, x, &mut random(5));
    let mut whole = at(network, x, Some(&seen))?;
    let vague = |whole: &LossCheck| {
        let verdicts = || whole.parameters.iter().map(|one| one.comparison.verdict);
        verdicts().any(|verdict| verdict == Verdict::Inconclusive) && !verdicts().any(Verdict::is_wrong)
    };
    if whole.unobservable.is_none() && !whole.parameters.iter().any(|one| one.comparison.verdict.is_wrong()) {
        after_an_update(network, x, &seen, &mut whole)?;
    }
    if whole.unobservable.is_some() || !vague(&whole) {
        return Ok(whole);
    }
    let mut random = random(17);
    let width = super::probed_block::largest(x).max(f64::MIN_POSITIVE);
    let original = values(network);
    let mut suspected = vec![false; whole.parameters.len()];
    for attempt in 0..4 {
        // First with other weights at the given rows, then at other rows, then with smaller weights.
        let there: Vec<Tensor> = match attempt {
            0 | 2 => moved(&original, &mut random),
            1 => original.clone(),
            _ => original.iter().map(|value| value * 0.1).collect(),
        };
        let rows = if attempt == 0 { x.clone() } else { normal(x.shape(), &mut random) * (width / 2.0) };
        let Ok(found) = with_values_of(network, &there, |network| at(network, &rows, None)) else { continue };
        if found.unobservable.is_some() {
            continue;
        }
        whole.elsewhere = true;
        for ((here, there), suspected) in
            whole.parameters.iter_mut().zip(found.parameters).zip(&mut suspected)
        {
            // Rounding may look wrong once; a mistake is repeated.
            let is_wrong = there.comparison.verdict.is_wrong();
            let once = is_wrong && !*suspected && seen.relative > LOW;
            *suspected |= is_wrong;
            if here.comparison.verdict == Verdict::Inconclusive && !once {
                *here = there;
            }
        }
        if !vague(&whole) {
            break;
        }
    }
    // A gradient that is 0 at all inputs.
    for one in whole.parameters.iter_mut().filter(|one| one.negligible) {
        if one.comparison.verdict == Verdict::Inconclusive {
            one.comparison.verdict = Verdict::Right;
        }
    }
    Ok(whole)
}

/// Compares the wrong gradients at other values of the parameters, if every layer is right in the network. By the chain
/// rule these gradients are then right; if they are right at the other values, the differences of the loss were inaccurate.
pub(super) fn confirm(network: &mut NetworkAsLayer<'_>, x: &Tensor, whole: &mut LossCheck) {
    let (original, mut random) = (values(network), random(61));
    let mut confirmed: Vec<Option<ParameterCheck>> = whole.parameters.iter().map(|_| None).collect();
    let mut seen = false;
    for _ in 0..3 {
        let there = moved(&original, &mut random);
        let Ok(found) = with_values_of(network, &there, |network| at(network, x, None)) else { continue };
        seen |= found.unobservable.is_none();
        for ((here, there), confirmed) in whole.parameters.iter().zip(found.parameters).zip(&mut confirmed) {
            match there.comparison.verdict {
                verdict if verdict.is_wrong() && here.comparison.verdict.is_wrong() => return,
                // A gradient of 0 confirms nothing.
                Verdict::Inconclusive => {}
                _ if there.is_zero || there.negligible => {}
                _ => *confirmed = Some(there),
            }
        }
    }
    for (here, there) in whole.parameters.iter_mut().zip(confirmed).filter(|_| seen) {
        if here.comparison.verdict.is_wrong() {
            match there {
                Some(there) => *here = there,
                None => here.comparison.verdict = Verdict::Inconclusive,
            }
            whole.elsewhere = true;
        }
    }
}

/// Determines the precision of the activations and gradients of the layers, at random inputs and at `x`, and the effect of
/// the rounding of the activations at `x` on the loss.
fn lower_precision(network: &mut NetworkAsLayer<'_>, x: &Tensor, observations: &mut Observations) {
    let mut drawn = random(29);
    let width = super::probed_block::largest(x);
    let original = values(network);
    let (mut activations, mut gradients) = (Vec::<Vec<f64>>::new(), Vec::<Vec<f64>>::new());
    for elsewhere in [true, true, true, false] {
        let rows = if elsewhere { normal(x.shape(), &mut drawn) * (width / 2.0) } else { x.clone() };
        let there = if elsewhere { moved(&original, &mut drawn) } else { original.clone() };
        let ran = with_values_of(network, &there, |network| network.run(&rows));
        let Ok(passes) = ran else { continue };
        activations.resize(passes.len(), Vec::new());
        gradients.resize(passes.len(), Vec::new());
        for (seen, one) in activations.iter_mut().zip(network.activations()) {
            seen.extend(one.iter().take(SEEN));
        }
        for (seen, pass) in gradients.iter_mut().zip(&passes) {
            seen.extend(pass.dout.iter().take(SEEN));
        }
        if elsewhere {
            continue;
        }
        let unit = |seen: &Vec<f64>| Precision::of_values(seen.iter()).unwrap_or(Precision::Double).unit();
        let of_layer = |((seen, out), pass): ((&Vec<f64>, &Tensor), &crate::network_layer::Pass)| {
            unit(seen) * out.iter().zip(&pass.dout).map(|(out, d)| (out * d).abs()).sum::<f64>()
        };
        let contributions = activations.iter().zip(network.activations()).zip(&passes).map(of_layer);
        observations.probes[0].floor = 2.0
            * observations.probes[0].d.sum().abs()
            * contributions.filter(|contribution| contribution.is_finite()).sum::<f64>();
    }
    let coarsest = |all: &[Vec<f64>]| {
        let seen = all.iter().filter_map(|seen| Precision::of_values(seen.iter()));
        seen.fold(Precision::Double, Precision::max)
    };
    let handed_on = coarsest(&gradients);
    for precision in &mut observations.gradient_precisions {
        *precision = handed_on.max(*precision);
    }
    let computed_in = coarsest(&activations);
    observations.unit_roundoff = observations.unit_roundoff.max(computed_in.unit());
    observations.probes[0].noise = observations.probes[0].noise.max(computed_in.noise());
}

/// A gradient that is right before the first update and wrong after it is wrong: a layer may keep a copy of its parameters.
/// The parameters are moved as by an update, and each is tested along random directions.
fn after_an_update(
    network: &mut NetworkAsLayer<'_>,
    x: &Tensor,
    seen: &Noise,
    whole: &mut LossCheck,
) -> Result<()> {
    let original = values(network);
    let there = moved(&original, &mut random(23));
    with_values_of(network, &there, |network| {
        network.start_at(None);
        // Values at which the network is not defined are skipped.
        let Ok(Ok(mut observations)) = observe_at_given(network, x, Some(seen)) else { return Ok(()) };
        lower_precision(network, x, &mut observations);
        for block in 1..observations.names.len() {
            // Overflow at other parameters is no evidence about the given ones.
            let overflows = |claimed: &Tensor| claimed.iter().any(|claim| !claim.is_finite());
            if observations.probes[0].claimed[block].as_ref().is_some_and(overflows) {
                continue;
            }
            if !along_directions(network, &observations, block, 2)? {
                observations.differentiate(network, 0, block, ELEMENTS[0], 3)?;
                let mut found = parameter(network, &observations, block)?;
                found.comparison.verdict = Verdict::Wrong;
                whole.parameters[block - 1] = found;
            }
        }
        Ok(())
    })
}

/// Whether the claimed gradient of a block agrees with the loss along random directions without a kink.
fn along_directions(
    network: &mut NetworkAsLayer<'_>,
    observations: &Observations,
    block: usize,
    count: usize,
) -> Result<bool> {
    let mut drawn = random(block as u64 + 40);
    for _ in 0..count {
        let direction = normal(observations.probes[0].values[block].shape(), &mut drawn);
        if !observations.agrees_along(network, 0, block, &direction)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn with_values_of<T>(
    network: &mut NetworkAsLayer<'_>,
    there: &[Tensor],
    run: impl FnOnce(&mut NetworkAsLayer<'_>) -> T,
) -> T {
    let original = values(network);
    super::subject::set_values(network, there);
    let found = run(network);
    super::subject::set_values(network, &original);
    found
}

fn at(network: &mut NetworkAsLayer<'_>, x: &Tensor, seen: Option<&Noise>) -> Result<LossCheck> {
    network.start_at(None);
    let mut observations = match observe_at_given(network, x, seen)? {
        Ok(observations) => observations,
        Err(unobservable) => {
            return Ok(LossCheck {
                parameters: Vec::new(),
                elsewhere: false,
                unobservable: Some(unobservable),
            });
        }
    };
    lower_precision(network, x, &mut observations);
    let count: usize = observations.original.iter().map(Tensor::len).sum();
    let long = count * x.shape().first().copied().unwrap_or(1) > LONG;
    let counts = if long { FEW } else { ELEMENTS };
    for block in 1..observations.names.len() {
        let shape = observations.probes[0].values[block].shape().to_vec();
        // Layers before this one do not depend on its parameters.
        network.inputs(x)?;
        network.start_at(Some(block - 1));
        let most = affordable(counts[usize::from(shape.len() < 2)], observations.names.len() - block, 1.0);
        observations.differentiate(network, 0, block, most, 3)?;
    }
    network.start_at(None);
    observations.judge_kinks(network, 0)?;
    for block in 1..observations.names.len() {
        observations.recheck(network, 0, block)?;
    }
    let mut parameters = Vec::new();
    for block in 1..observations.names.len() {
        network.inputs(x)?;
        network.start_at(Some(block - 1));
        parameters.push(parameter(network, &observations, block)?);
    }
    Ok(LossCheck { parameters, elsewhere: false, unobservable: None })
}

fn parameter(
    network: &mut NetworkAsLayer<'_>,
    observations: &Observations,
    block: usize,
) -> Result<ParameterCheck> {
    let name = observations.names[block].clone();
    let shape = observations.probes[0].values[block].shape().to_vec();
    let Some(probed) = ProbedBlock::new(observations, 0, block, None, None) else {
        let comparison = Comparison::new(&name, &shape, &[], &[], Verdict::Wrong);
        return Ok(ParameterCheck {
            comparison,
            is_zero: false,
            negligible: false,
            few_digits: false,
            elements: Vec::new(),
        });
    };
    // Along a direction through a kink a function may be smooth by chance.
    let known = probed.verdict == Verdict::Kink || probed.verdict.is_wrong();
    let agrees = known || along_directions(network, observations, block, DIRECTIONS)?;
    let verdict = if agrees { probed.verdict } else { Verdict::Wrong };
    let mut elements = Vec::new();
    let [low, high, _] = probed.jacobian.bounds(&probed.d);
    let pairs = probed.claimed.iter().zip(&probed.truth).zip(&probed.tolerance);
    let values = probed.probe.values[block].iter().zip(low.iter().zip(&high));
    for (((claimed, truth), tolerance), (value, (low, high))) in pairs.zip(values) {
        if !truth.is_nan() && high - low <= 4.0 * tolerance {
            elements.push(ElementGap { value: *value, missing: truth - claimed, tolerance: *tolerance });
        }
    }
    let scale = 1.0 / probed.d[0];
    let flat = |all: &Tensor| all.iter().map(|one| one * scale).collect::<Vec<f64>>();
    let comparison = Comparison::new(&name, &shape, &flat(&probed.claimed), &flat(&probed.truth), verdict);
    elements.iter_mut().for_each(|one| {
        one.missing *= scale;
        one.tolerance *= scale.abs();
    });
    let few_digits = probed.agrees_to_few_digits();
    let is_zero = super::probed_block::largest(&probed.truth) == 0.0 && !verdict.is_wrong();
    Ok(ParameterCheck { comparison, is_zero, negligible: probed.negligible, few_digits, elements })
}

impl ParameterCheck {
    /// The λ if the gradient lacks exactly λ times the parameter's value.
    fn decay(&self) -> Option<f64> {
        let (top, bottom) = (self.elements.iter())
            .fold((0.0, 0.0), |(top, bottom), e| (top + e.missing * e.value, bottom + e.value * e.value));
        let lambda = top / bottom;
        let fits = |e: &ElementGap| (e.missing - lambda * e.value).abs() <= e.tolerance;
        let distinguishing = |e: &&ElementGap| (lambda * e.value).abs() > 3.0 * e.tolerance;
        let all = lambda.is_finite() && self.elements.iter().all(fits);
        (all && self.elements.len() >= 3 && self.elements.iter().filter(distinguishing).count() >= 2)
            .then_some(lambda)
    }
}

/// Weight decay in the loss and not in the gradient, or the reverse, if it explains all wrong parameters of a network whose
/// layers are right.
pub(super) fn weight_decay(whole: &LossCheck, name: &dyn Fn(&str) -> String) -> Option<Vec<Finding>> {
    let mut findings: Vec<Finding> = Vec::new();
    for one in whole.parameters.iter().filter(|one| one.comparison.verdict.is_wrong()) {
        let name = name(&one.comparison.block);
        let diagnosis = decay(one.decay()?, &name, Vec::new());
        if let Some(known) = findings.iter_mut().find(|known| known.cause.as_ref() == Some(&diagnosis.cause))
        {
            known.blocks.push(name);
            continue;
        }
        let count = one.elements.len();
        let mut found = diagnosis.finding(Severity::Fault, Verdict::Wrong, "network", vec![name.clone()]);
        found.sentences.insert(0, text!("whole-layers_are_right"));
        found.evidence.push(Evidence::stating(text!("weight_decay-multiple", count, block = name)));
        findings.push(found);
    }
    (!findings.is_empty()).then_some(findings)
}
