//! Stale state of an earlier call: inputs, upstream gradients, parameters and results.
//!
//! The layer is called again after selected calls. If a gradient depends on the previous call, no hypothesis on a single
//! call explains it; if it is right after an equal call, backward uses a stale value.

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
    /// The call of a probe.
    fn of(observations: &'a Observations, probe_index: usize) -> Self {
        let probe = &observations.probes[probe_index];
        Call { x: &probe.x, d: &probe.d, parameters: &probe.values[1..] }
    }

    /// The first call.
    fn first(observations: &'a Observations) -> Self {
        let earlier = &observations.earlier;
        Call { x: &earlier.x, d: &earlier.d, parameters: &earlier.values }
    }

    /// The call before a probe.
    fn before(observations: &'a Observations, probe_index: usize) -> Self {
        probe_index
            .checked_sub(1)
            .map_or_else(|| Self::first(observations), |probe_index| Self::of(observations, probe_index))
    }

    /// Its gradient of a block.
    fn gradient(self, layer: &mut dyn Layer, block: usize) -> Option<Tensor> {
        let called = with_values(layer, self.parameters, |layer| {
            layer.forward(self.x)?;
            claims(layer, self.d)
        });
        called.ok()?.swap_remove(block)
    }
}

/// Whether a gradient depends on earlier calls.
pub(crate) enum Memory {
    /// The gradient is the same after different calls.
    None,
    /// It depends on the previous call, with this diagnosis.
    Used(Box<Diagnosis>),
    /// It depends on earlier calls, or is random.
    Unknown,
}

/// Calls a layer in selected orders.
struct Calls<'a, 'layer> {
    observations: &'a Observations,
    block: usize,
    layer: &'layer mut dyn Layer,
}

impl<'a> Calls<'a, '_> {
    /// The gradient of the last call.
    fn last(&mut self, calls: &[Call<'_>]) -> Option<Tensor> {
        if is_spent() {
            return None;
        }
        calls.iter().map(|call| call.gradient(self.layer, self.block)).last()?
    }

    fn probed(&self, probe_index: usize, claimed: Option<&Tensor>) -> Option<ProbedBlock<'a>> {
        ProbedBlock::new(self.observations, probe_index, self.block, None, claimed)
    }

    fn call(&self, probe_index: usize) -> Call<'a> {
        Call::of(self.observations, probe_index)
    }

    /// Whether two gradients at a probe differ by more than rounding.
    fn differ(&self, probe_index: usize, one: &Tensor, other: &Tensor) -> bool {
        let size = |values: &Tensor| {
            let finite = values.iter().filter(|value| value.is_finite());
            finite.fold(0.0_f64, |most, value| most.max(value.abs()))
        };
        let precision = self.observations.precision_at(self.block, probe_index);
        let rounding = precision * size(one).max(size(other)) + self.observations.floor(self.block);
        let apart = |(a, b): (&f64, &f64)| !(a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= rounding);
        one.shape() == other.shape() && one.iter().zip(other).any(apart)
    }

    /// For each probe, the gradient of a repeated call after the same previous call; `None` if it differs from the observed
    /// one.
    fn repeated(&mut self) -> Option<Vec<Option<Tensor>>> {
        let mut all = Vec::new();
        for probe_index in (0..self.observations.probes.len())
            .filter(|probe_index| Some(*probe_index) != self.observations.far_probe)
        {
            let Some(probed) = self.probed(probe_index, None) else { continue };
            let earlier = self.call((probe_index + 1) % (SAME_SHAPE + 1));
            let before = Call::before(self.observations, probe_index);
            let again = self.last(&[earlier, before, self.call(probe_index)])?;
            if self.differ(probe_index, &again, &probed.claimed) {
                return None;
            }
            all.push(Some(again));
        }
        Some(all)
    }

    /// For each probe, a + b · (the gradient of the previous call), element by element, with an a and b from other previous
    /// calls; `None` if it differs from the observed gradient.
    fn as_the_last_gradient_says(&mut self) -> Option<Vec<Option<Tensor>>> {
        let mut all = Vec::new();
        for probe_index in (0..self.observations.probes.len())
            .filter(|probe_index| Some(*probe_index) != self.observations.far_probe)
        {
            let Some(probed) = self.probed(probe_index, None) else { continue };
            let call = self.call(probe_index);
            let mut pairs = Vec::new();
            for by in 1..=2 {
                let other = Call { d: self.call((probe_index + by) % (SAME_SHAPE + 1)).d, ..call };
                let other = if other.d.shape() == call.d.shape() { other } else { call };
                let last = self.last(&[other])?;
                pairs.push((last, self.last(&[call])?));
            }
            let before = self.observations.probes[probe_index].before[self.block].as_ref()?;
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
        (0..=SAME_SHAPE).all(|probe_index| {
            let call = self.call(probe_index);
            let gradient = self.last(&[call, call, call]);
            let probed = gradient.and_then(|gradient| self.probed(probe_index, Some(&gradient)));
            probed.is_some_and(|probed| !probed.verdict.is_wrong())
        })
    }

    /// Which part of the previous call the gradient at a probe depends on: its input, its upstream gradient, parameters.
    fn what(&mut self, probe_index: usize) -> Option<[Vec<String>; 3]> {
        let (call, other) = (self.call(probe_index), self.call((probe_index + 1) % (SAME_SHAPE + 1)));
        let (right, names) = (self.last(&[call, call, call])?, &self.observations.names);
        let mut depends = |before: Call<'_>| {
            let gradient = self.last(&[call, call, before, call]);
            gradient.is_some_and(|gradient| self.differ(probe_index, &right, &gradient))
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

/// Whether and how a wrong gradient depends on the previous call.
pub(crate) fn earlier_calls(observations: &Observations, block: usize, layer: &mut dyn Layer) -> Memory {
    let used = |what, id: &str, predicted| {
        let found = Diagnosis::new(Cause::Stale { what }, predicted).with_text(id);
        Memory::Used(Box::new(found.with("block", observations.names[block].as_str())))
    };
    let mut calls = Calls { observations, block, layer };
    let mut matters = None;
    for probe_index in 0..=SAME_SHAPE {
        let [one, other] = [1, 2].map(|by| calls.call((probe_index + by) % (SAME_SHAPE + 1)));
        let call = calls.call(probe_index);
        let (Some(first), Some(second)) = (calls.last(&[one, call]), calls.last(&[other, call])) else {
            return Memory::Unknown;
        };
        if calls.differ(probe_index, &first, &second) {
            matters = Some(probe_index);
            break;
        }
    }
    let Some(probe_index) = matters else { return Memory::None };
    let Some(predicted) = calls.repeated() else {
        let Some(predicted) = calls.as_the_last_gradient_says() else { return Memory::Unknown };
        return used("gradient".to_owned(), "stale-left", predicted);
    };
    let right_after_equals = calls.is_right_after_equals();
    let Some([x, d, parameters]) = calls.what(probe_index) else { return Memory::Unknown };
    let what = match (x.first(), d.first(), parameters.first()) {
        (None, Some(d), None) => d.clone(),
        (_, Some(_), _) => "gradient".to_owned(),
        (Some(x), None, _) => x.clone(),
        (None, None, Some(parameter)) => parameter.clone(),
        (None, None, None) => return Memory::Unknown,
    };
    used(what, if right_after_equals { "stale-earlier" } else { "stale-left" }, predicted)
}

/// G is T at the input of the first call, or for an earlier value of a parameter: that at the construction of the layer, or
/// of the first call.
pub(super) fn stale(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    if let Some(found) = stale_input(case, layer) {
        return Some(found);
    }
    let first = Call::first(case.observations);
    for parameter in 0..case.observations.original.len() {
        for old in [&case.observations.original[parameter], &first.parameters[parameter]] {
            // Values that are all 0 or 1, or the identity, are no evidence of a copy.
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

/// The same for an elementwise layer. It precedes the masks, because a stale mask may look like an inverted one.
pub(super) fn stale_elements(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    super::slope::all(case)?;
    stale_input(case, layer)
}

/// G is T at the input of the first call.
fn stale_input(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let x = &case.observations.earlier.x;
    // With another number of rows a stale input is an error, so that only probes of equal shape can show it.
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

/// Whether multiplying by these numbers, or adding them, changes nothing.
fn is_neutral(values: &Tensor) -> bool {
    let identity = values.ndim() == 2
        && values.indexed_iter().all(|(at, value)| *value == f64::from(u8::from(at[0] == at[1])));
    identity || [0.0, 1.0].iter().any(|neutral| values.iter().all(|value| value == neutral))
}
