//! The claimed gradients: recorded by backpropagation or given by the user, in either precision.

use super::super::message::text;
use super::super::numbers::largest;
use super::super::{Cause, Comparison, Finding, Severity, Verdict};
use super::findings;
use super::values::InputValues;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::Var;
use retrograde_core::kernel::Real;
use retrograde_core::plan::Planner;

/// A larger relative error in `f32` is worth a warning: three digits remain.
const MUCH: f64 = 1e-3;

/// The gradient of `loss` by each block, as recorded by backpropagation.
pub(super) fn recorded(loss: &Var, blocks: &[Var]) -> Result<Vec<Var>> {
    let gradients = loss.backward()?;
    blocks.iter().map(|block| gradients.wrt_or_zero(block)).collect()
}

/// The gradient by each block: the one in `claims`, else the recorded one.
pub(super) fn given(blocks: &[Var], claims: &[(Var, Var)], recorded: &[Var]) -> Result<Vec<Var>> {
    let claim = |block: &Var| claims.iter().find(|(parameter, _)| parameter.id() == block.id());
    let all = blocks.iter().zip(recorded);
    all.map(|(block, recorded)| match claim(block) {
        Some((_, gradient)) if gradient.is_error() || gradient.shape() == block.shape() => {
            gradient.clone().checked()
        }
        Some((_, gradient)) => Err(Error::invalid(
            format!("the gradient of `{}`", block.node().label()),
            format!("it has shape {}, but the parameter has shape {}", gradient.shape(), block.shape()),
            "pass a gradient of the parameter's shape",
        )),
        None => Ok(recorded.clone()),
    })
    .collect()
}

/// The values of these gradients, computed in `T`.
pub(super) fn computed<T: Real>(claims: &[Var], given: &InputValues) -> Result<Vec<Vec<f64>>> {
    let Some(first) = claims.first() else {
        return Ok(Vec::new());
    };
    let mut plan = Planner::new(first.graph()).fetch_all(claims).compile::<T>()?;
    let needed =
        retrograde_core::graph::ancestors(first.graph(), &claims.iter().map(Var::id).collect::<Vec<_>>())?;
    given.to(&mut plan, &needed)?;
    plan.run()?;
    claims.iter().map(|claim| Ok(plan.read(claim)?.iter().map(|value| value.widen()).collect())).collect()
}

/// The verdict on a block whose gradient was computed in `f32`, if the same gradient in `f64` is `exact` and has the
/// block's verdict; and the finding.
pub(super) fn in_single(block: &mut Comparison, exact: &[f64], single: &[f64]) -> Option<Finding> {
    if !matches!(block.verdict, Verdict::Right | Verdict::Kink) {
        return None;
    }
    let name = block.block.clone();
    let finite = |all: &[f64]| all.iter().all(|value| value.is_finite());
    if finite(exact) && !finite(single) {
        block.verdict = Verdict::Wrong;
        let sentence = text!("overflow-single", block = name.clone());
        let found = findings::of_block(Severity::Fault, Verdict::Wrong, name, sentence);
        return Some(found.of(Cause::Overflow));
    }
    let largest = largest(exact);
    let apart = exact.iter().zip(single).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
    if apart == 0.0 {
        return None;
    }
    block.verdict = Verdict::of_all([block.verdict, Verdict::Rounding]);
    let much = apart > MUCH * largest;
    let severity = if much { Severity::Warning } else { Severity::Remark };
    let id = if much { "single-much" } else { "single" };
    let sentence = text!(id, block = name.clone(), apart = format!("{:.1e}", apart / largest));
    Some(findings::of_block(severity, Verdict::Rounding, name, sentence))
}
