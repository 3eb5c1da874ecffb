//! Skill: how much better outputs are than the best constant.

use crate::training::TargetKind;
use serde::Serialize;

/// How well outputs fit their targets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Score {
    /// 1 for a perfect fit, 0 for the best constant, below 0 for worse.
    pub skill: f64,
    /// The accuracy of classes, or R².
    pub value: f64,
    /// The value of the best constant.
    pub constant: f64,
}

impl Score {
    const WORST: f64 = -1.0;

    fn new(value: f64, constant: f64) -> Self {
        let skill = if constant < 1.0 { (value - constant) / (1.0 - constant) } else { value };
        Score {
            skill: if skill.is_finite() { skill.clamp(Self::WORST, 1.0) } else { Self::WORST },
            value,
            constant,
        }
    }
}

/// The sigmoid of logits whose targets are zeros and ones; other outputs as they are.
pub(crate) fn probabilities(kind: TargetKind, outputs: &[f64], are_logits: bool) -> Vec<f64> {
    let of_bits = matches!(kind, TargetKind::Binary | TargetKind::MultiLabel);
    let sigmoid = |value: &f64| if are_logits && of_bits { 1.0 / (1.0 + (-value).exp()) } else { *value };
    outputs.iter().map(sigmoid).collect()
}

/// The score of outputs `[rows, outputs]` for targets of the same shape. `threshold` divides the two classes of a binary target.
pub(crate) fn score(
    kind: TargetKind,
    outputs: &[f64],
    targets: &[f64],
    width: usize,
    threshold: f64,
) -> Score {
    let width = width.max(1);
    let rows = (targets.len() / width).max(1) as f64;
    if outputs.len() != targets.len() || outputs.iter().any(|value| !value.is_finite()) {
        return Score { skill: Score::WORST, value: f64::NAN, constant: 0.0 };
    }
    match kind {
        TargetKind::Classes => {
            let mut counts = vec![0.0; width];
            let mut hits = 0.0;
            for (output, target) in outputs.chunks_exact(width).zip(targets.chunks_exact(width)) {
                let label = largest(target);
                counts[label] += 1.0;
                // Ties are no knowledge: a tied row counts its share.
                let best = output.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let tied = output.iter().filter(|value| **value == best).count() as f64;
                if output[label] == best {
                    hits += 1.0 / tied;
                }
            }
            Score::new(hits / rows, counts.iter().copied().fold(0.0, f64::max) / rows)
        }
        TargetKind::Binary => {
            let hits = outputs
                .iter()
                .zip(targets)
                .filter(|(output, target)| (**output > threshold) == (**target > 0.5));
            let ones = targets.iter().filter(|target| **target > 0.5).count() as f64;
            Score::new(hits.count() as f64 / rows, ones.max(rows - ones) / rows)
        }
        TargetKind::MultiLabel | TargetKind::ClassNumbers | TargetKind::Reals => {
            let r2 = r_squared(outputs, targets, width);
            Score::new(r2, 0.0)
        }
    }
}

/// The index of the largest number, the first of equals.
pub(crate) fn largest(row: &[f64]) -> usize {
    row.iter().enumerate().fold(0, |best, (index, value)| if *value > row[best] { index } else { best })
}

/// 1 − Σ (y − t)² / Σ (t − t̄)², over all outputs.
fn r_squared(outputs: &[f64], targets: &[f64], width: usize) -> f64 {
    let rows = (targets.len() / width).max(1) as f64;
    let mut means = vec![0.0; width];
    for row in targets.chunks_exact(width) {
        means.iter_mut().zip(row).for_each(|(mean, value)| *mean += value / rows);
    }
    let errors: f64 = outputs.iter().zip(targets).map(|(output, target)| (output - target).powi(2)).sum();
    let spread: f64 =
        targets.iter().enumerate().map(|(at, target)| (target - means[at % width]).powi(2)).sum();
    if spread > 0.0 {
        1.0 - errors / spread
    } else {
        // One target for all rows: the distance to it, in its own unit.
        let size: f64 = targets.iter().map(|target| target * target).sum();
        1.0 - errors / size.max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_constant_has_skill_zero() {
        let targets = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0];
        let constant = [0.9, 0.1, 0.9, 0.1, 0.9, 0.1, 0.9, 0.1];
        assert_eq!(score(TargetKind::Classes, &constant, &targets, 2, 0.5).skill, 0.0);
        assert_eq!(score(TargetKind::Classes, &targets, &targets, 2, 0.5).skill, 1.0);
        // All outputs equal: half of a hit in each row.
        assert_eq!(score(TargetKind::Classes, &[0.5; 8], &targets, 2, 0.5).value, 0.5);
        let reals = [1.0, 2.0, 3.0];
        assert_eq!(score(TargetKind::Reals, &[2.0; 3], &reals, 1, 0.5).skill, 0.0);
        assert_eq!(score(TargetKind::Reals, &[f64::NAN; 3], &reals, 1, 0.5).skill, -1.0);
    }
}
