//! The gradient as backpropagation or the user has it, in either precision.

use super::super::{Cause, Comparison, Finding, Severity, Verdict};
use super::findings;
use super::values::Given;
use crate::error::{Error, Result};
use crate::graph::Var;
use crate::kernel::Real;
use crate::plan::Planner;

/// More of the largest number than this lost in `f32` is worth a warning: three digits are left.
const MUCH: f64 = 1e-3;

/// The gradient of `loss` by each block, as backpropagation records it.
pub(super) fn recorded(loss: &Var, blocks: &[Var]) -> Result<Vec<Var>> {
    let gradients = loss.backward()?;
    blocks.iter().map(|block| gradients.wrt_or_zero(block)).collect()
}

/// The gradient by each block as it is given in `claims`, or else as it is `recorded`.
pub(super) fn given(blocks: &[Var], claims: &[(Var, Var)], recorded: &[Var]) -> Result<Vec<Var>> {
    let claim = |block: &Var| claims.iter().find(|(parameter, _)| parameter.id() == block.id());
    let all = blocks.iter().zip(recorded);
    all.map(|(block, recorded)| match claim(block) {
        Some((_, gradient)) if gradient.is_fault() || gradient.shape() == block.shape() => {
            gradient.clone().checked()
        }
        Some((_, gradient)) => Err(Error::invalid(
            format!("the gradient of `{}`", block.node().label()),
            format!("it has the shape {}, the parameter {}", gradient.shape(), block.shape()),
            "give a gradient of the parameter's shape",
        )),
        None => Ok(recorded.clone()),
    })
    .collect()
}

/// The values of these gradients, computed in `T`.
pub(super) fn computed<T: Real>(claims: &[Var], given: &Given) -> Result<Vec<Vec<f64>>> {
    let Some(first) = claims.first() else {
        return Ok(Vec::new());
    };
    let mut plan = Planner::new(first.graph()).want_all(claims).compile::<T>()?;
    let needed = crate::graph::ancestors(first.graph(), &claims.iter().map(Var::id).collect::<Vec<_>>())?;
    given.to(&mut plan, &needed)?;
    plan.run()?;
    claims.iter().map(|claim| Ok(plan.read(claim)?.iter().map(|value| value.widen()).collect())).collect()
}

/// The verdict of a block whose gradient was computed in `f32`, when that of the same in `f64` is `exact` and has the
/// verdict that the block has; and what is to be said of it.
pub(super) fn in_single(block: &mut Comparison, exact: &[f64], single: &[f64]) -> Option<Finding> {
    if !matches!(block.verdict, Verdict::Right | Verdict::Kink) {
        return None;
    }
    let name = block.block.clone();
    let finite = |all: &[f64]| all.iter().all(|value| value.is_finite());
    if finite(exact) && !finite(single) {
        block.verdict = Verdict::Wrong;
        let sentence = format!(
            "In f32 the gradient of {name} is not finite, in f64 it is, and right: on the way a number leaves the range of f32, which ends at 3.4e38."
        );
        let mut found = findings::of_block(Severity::Fault, Verdict::Wrong, name, sentence);
        found.cause = Some(Cause::Overflow);
        found.help =
            Some("Write the formula so that no number on the way is so large, or train in f64.".into());
        found.consequence = Some("Training in f32 ends in NaN.".into());
        return Some(found);
    }
    let largest = exact.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let apart = exact.iter().zip(single).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
    if apart == 0.0 {
        return None;
    }
    block.verdict = Verdict::of_all([block.verdict, Verdict::Rounding]);
    let much = apart > MUCH * largest;
    let severity = if much { Severity::Warning } else { Severity::Remark };
    let lost = if much {
        " That is rounding, but much of it: large numbers cancel on the way."
    } else {
        " That is rounding, and no fault."
    };
    let sentence = format!(
        "In f32 the gradient of {name} is up to {:.1e} of its largest number away from that in f64, which agrees with the differences.{lost}",
        apart / largest
    );
    Some(findings::of_block(severity, Verdict::Rounding, name, sentence))
}
