//! What an earlier call left behind: inputs, upstream gradients, parameters and results that are not renewed.
//!
//! The layer is called again after calls that are chosen. If a gradient is another one after another call, no hypothesis on
//! a single call explains it; if it is right after an equal call, what backward uses was remembered too early.

use ndarray::Zip;

use super::{Case, Diagnosis};
use crate::Cause;
use crate::control::is_spent;
use crate::probe::{Observations, SAME_SHAPE};
use crate::probed_block::ProbedBlock;
use crate::subject::{claims, with_values};
use retrograde_textbook::{Layer, Tensor};

/// A call: its input, its upstream gradient and the parameters.
#[derive(Clone, Copy)]
struct Call<'a> {
    x: &'a Tensor,
    d: &'a Tensor,
    parameters: &'a [Tensor],
}

impl<'a> Call<'a> {
    /// That of a probe.
    fn of(observations: &'a Observations, number: usize) -> Self {
        let probe = &observations.probes[number];
        Call { x: &probe.x, d: &probe.d, parameters: &probe.values[1..] }
    }

    /// The first of all.
    fn first(observations: &'a Observations) -> Self {
        let earlier = &observations.earlier;
        Call { x: &earlier.x, d: &earlier.d, parameters: &earlier.values }
    }

    /// The one before a probe.
    fn before(observations: &'a Observations, number: usize) -> Self {
        number
            .checked_sub(1)
            .map_or_else(|| Self::first(observations), |number| Self::of(observations, number))
    }

    /// The gradient that it gives for a block.
    fn gradient(self, layer: &mut dyn Layer, block: usize) -> Option<Tensor> {
        let called = with_values(layer, self.parameters, |layer| {
            layer.forward(self.x)?;
            claims(layer, self.d)
        });
        called.ok()?.swap_remove(block)
    }
}

/// What was seen of a layer's memory.
pub(crate) enum Memory {
    /// The gradient is the same after different calls.
    None,
    /// It depends on the call before, in this way.
    Used(Box<Diagnosis>),
    /// It depends on calls before, or is drawn anew.
    Unknown,
}

/// Calls a layer in chosen orders.
struct Calls<'a, 'layer> {
    observations: &'a Observations,
    block: usize,
    layer: &'layer mut dyn Layer,
}

impl<'a> Calls<'a, '_> {
    /// The gradient of the last of some calls.
    fn last(&mut self, calls: &[Call<'_>]) -> Option<Tensor> {
        if is_spent() {
            return None;
        }
        calls.iter().map(|call| call.gradient(self.layer, self.block)).last()?
    }

    fn probed(&self, number: usize, claimed: Option<&Tensor>) -> Option<ProbedBlock<'a>> {
        ProbedBlock::new(self.observations, number, self.block, None, claimed)
    }

    fn call(&self, number: usize) -> Call<'a> {
        Call::of(self.observations, number)
    }

    /// Whether two gradients at a probe differ by more than rounding.
    fn differ(&self, number: usize, one: &Tensor, other: &Tensor) -> bool {
        let size = |values: &Tensor| {
            let finite = values.iter().filter(|value| value.is_finite());
            finite.fold(0.0_f64, |most, value| most.max(value.abs()))
        };
        let precision = self.observations.precision_at(self.block, number);
        let rounding = precision * size(one).max(size(other)) + self.observations.floor(self.block);
        let apart = |(a, b): (&f64, &f64)| !(a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= rounding);
        one.shape() == other.shape() && one.iter().zip(other).any(apart)
    }

    /// For each probe, what it gives once more after the call that was before it, whatever was called earlier; `None` where
    /// that is not what it gave.
    fn repeated(&mut self) -> Option<Vec<Option<Tensor>>> {
        let mut all = Vec::new();
        for number in
            (0..self.observations.probes.len()).filter(|number| Some(*number) != self.observations.far_probe)
        {
            let Some(probed) = self.probed(number, None) else { continue };
            let earlier = self.call((number + 1) % (SAME_SHAPE + 1));
            let before = Call::before(self.observations, number);
            let again = self.last(&[earlier, before, self.call(number)])?;
            if self.differ(number, &again, &probed.claimed) {
                return None;
            }
            all.push(Some(again));
        }
        Some(all)
    }

    /// For each probe, a + b · (the gradient of the call before), number by number, with an a and b that other calls before it
    /// show; `None` where that is not what it gave.
    fn as_the_last_gradient_says(&mut self) -> Option<Vec<Option<Tensor>>> {
        let mut all = Vec::new();
        for number in
            (0..self.observations.probes.len()).filter(|number| Some(*number) != self.observations.far_probe)
        {
            let Some(probed) = self.probed(number, None) else { continue };
            let call = self.call(number);
            let mut pairs = Vec::new();
            for by in 1..=2 {
                let other = Call { d: self.call((number + by) % (SAME_SHAPE + 1)).d, ..call };
                let other = if other.d.shape() == call.d.shape() { other } else { call };
                let last = self.last(&[other])?;
                pairs.push((last, self.last(&[call])?));
            }
            let before = self.observations.probes[number].before[self.block].as_ref()?;
            if before.shape() != probed.claimed.shape() {
                all.push(None);
                continue;
            }
            let [(last, first), (other, second)] = &pairs[..] else { return None };
            let mut predicted = first + &((second - first) * (before - last) / (other - last));
            Zip::from(&mut predicted).and(first).and(second).for_each(|predicted, first, second| {
                if first == second {
                    *predicted = *first;
                }
            });
            if !probed.matches(&predicted) {
                return None;
            }
            all.push(Some(predicted));
        }
        all.iter().any(Option::is_some).then_some(all)
    }

    /// Whether the gradient is right after equal calls.
    fn is_right_after_equals(&mut self) -> bool {
        (0..=SAME_SHAPE).all(|number| {
            let call = self.call(number);
            let gradient = self.last(&[call, call, call]);
            let probed = gradient.and_then(|gradient| self.probed(number, Some(&gradient)));
            probed.is_some_and(|probed| !probed.verdict.is_wrong())
        })
    }

    /// What of the call before the gradient at a probe depends on: its input, its upstream gradient, parameters.
    fn what(&mut self, number: usize) -> Option<[Vec<String>; 3]> {
        let (call, other) = (self.call(number), self.call((number + 1) % (SAME_SHAPE + 1)));
        let (right, names) = (self.last(&[call, call, call])?, &self.observations.names);
        let mut depends = |before: Call<'_>| {
            let gradient = self.last(&[call, call, before, call]);
            gradient.is_some_and(|gradient| self.differ(number, &right, &gradient))
        };
        let x = depends(Call { x: other.x, ..call }).then(|| names[0].clone());
        let d = depends(Call { d: other.d, ..call }).then(|| "dout".to_owned());
        let mut parameters = Vec::new();
        for at in 0..call.parameters.len() {
            let mut mixed = call.parameters.to_vec();
            mixed[at].clone_from(&other.parameters[at]);
            if depends(Call { parameters: &mixed, ..call }) {
                parameters.push(names[at + 1].clone());
            }
        }
        Some([Vec::from_iter(x), Vec::from_iter(d), parameters])
    }
}

/// Whether and how a wrong gradient depends on the call before.
pub(crate) fn earlier_calls(observations: &Observations, block: usize, layer: &mut dyn Layer) -> Memory {
    let used = |what, id: &str, predicted| {
        let found = Diagnosis::new(Cause::Stale { what }, predicted).with_text(id);
        Memory::Used(Box::new(found.with("block", observations.names[block].as_str())))
    };
    let mut calls = Calls { observations, block, layer };
    let mut matters = None;
    for number in 0..=SAME_SHAPE {
        let [one, other] = [1, 2].map(|by| calls.call((number + by) % (SAME_SHAPE + 1)));
        let call = calls.call(number);
        let (Some(first), Some(second)) = (calls.last(&[one, call]), calls.last(&[other, call])) else {
            return Memory::Unknown;
        };
        if calls.differ(number, &first, &second) {
            matters = Some(number);
            break;
        }
    }
    let Some(number) = matters else { return Memory::None };
    let Some(predicted) = calls.repeated() else {
        let Some(predicted) = calls.as_the_last_gradient_says() else { return Memory::Unknown };
        return used("gradient".to_owned(), "stale-left", predicted);
    };
    let right_after_equals = calls.is_right_after_equals();
    let Some([x, d, parameters]) = calls.what(number) else { return Memory::Unknown };
    let what = match (x.first(), d.first(), parameters.first()) {
        (None, Some(d), None) => d.clone(),
        (_, Some(_), _) => "gradient".to_owned(),
        (Some(x), None, _) => x.clone(),
        (None, None, Some(parameter)) => parameter.clone(),
        (None, None, None) => return Memory::Unknown,
    };
    used(what, if right_after_equals { "stale-earlier" } else { "stale-left" }, predicted)
}

/// G is T at the input of the first call, or for a parameter's value from before it was changed: that of the layer as it
/// was built, or of the first call.
pub(super) fn stale(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    if let Some(found) = stale_input(case, layer) {
        return Some(found);
    }
    let first = Call::first(case.observations);
    for parameter in 0..case.observations.original.len() {
        for old in [&case.observations.original[parameter], &first.parameters[parameter]] {
            // What is 0 or 1 throughout, or the identity, is no copy: where it stands, nothing may stand.
            if is_neutral(old) {
                continue;
            }
            let fit = case.fit(|probed| {
                let mut mixed = probed.probe.values[1..].to_vec();
                if mixed[parameter] == *old {
                    return Some(probed.truth.clone());
                }
                mixed[parameter].clone_from(old);
                Some(
                    case.observations
                        .jacobian_at(layer, probed, case.block, &probed.probe.x, &mixed)?
                        .vjp(&probed.d),
                )
            });
            let Some(predicted) = fit else { continue };
            let what = case.observations.names[parameter + 1].clone();
            return Some(Diagnosis::new(Cause::Stale { what }, predicted));
        }
    }
    None
}

/// The same of a layer that works on each element alone: before its masks, of which a stale one may be taken for an inverted one.
pub(super) fn stale_elements(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    super::slope::all(case)?;
    stale_input(case, layer)
}

/// G is T at the input of the first call.
fn stale_input(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let x = &case.observations.earlier.x;
    // Another number of rows makes a stale input an error, so that only the probes of equal shape can show it.
    let predicted = case.fit_where(
        |probed| probed.probe_index <= SAME_SHAPE,
        |probed| {
            let there =
                case.observations.jacobian_at(layer, probed, case.block, x, &probed.probe.values[1..])?;
            Some(there.vjp(&probed.d))
        },
    )?;
    Some(
        Diagnosis::new(Cause::Stale { what: case.observations.names[0].clone() }, predicted)
            .with_text("stale-first_x"),
    )
}

/// Whether multiplying by these numbers, or adding them, does nothing.
fn is_neutral(values: &Tensor) -> bool {
    let identity = values.ndim() == 2
        && values.indexed_iter().all(|(at, value)| *value == f64::from(u8::from(at[0] == at[1])));
    identity || [0.0, 1.0].iter().any(|neutral| values.iter().all(|value| value == neutral))
}
