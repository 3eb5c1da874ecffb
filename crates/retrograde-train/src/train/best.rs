//! The best epoch of a training: the one with the lowest loss on the validation set, or without one on the test set.

use super::checkpoint::Checkpoint;
use super::history::EpochStats;
use crate::nn::Parameters;

/// What the names of the best parameters begin with in a checkpoint.
const PREFIX: &str = "best.";

/// How many epochs have passed since the best; `None` before the first. Of equal losses the first is the best; a loss that is no
/// number is never.
pub(super) fn epochs_since<'a>(epochs: impl Iterator<Item = &'a EpochStats>) -> Option<u64> {
    let mut best = f64::INFINITY;
    let mut since = None;
    for epoch in epochs {
        since = Some(since.map_or(0, |since: u64| since + 1));
        let loss = epoch.held_out().loss;
        if loss < best {
            (best, since) = (loss, Some(0));
        }
    }
    since
}

/// The best parameters, under their names in a checkpoint.
pub(super) fn stored(best: &Parameters) -> Parameters {
    let mut stored = Parameters::new();
    for (name, tensor) in best.iter() {
        stored.insert(format!("{PREFIX}{name}"), tensor.clone());
    }
    stored
}

/// The best parameters of a checkpoint, if it has them.
pub(super) fn restored(checkpoint: &Checkpoint) -> Option<Parameters> {
    let mut restored = Parameters::new();
    for (name, tensor) in checkpoint.tensors().iter() {
        if let Some(name) = name.strip_prefix(PREFIX) {
            restored.insert(name, tensor.clone());
        }
    }
    (restored.count() > 0).then_some(restored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Evaluation;

    #[test]
    fn epochs_are_counted_from_the_lowest_loss() {
        let since = |losses: &[f64]| {
            let stats = |loss: &f64| {
                let score = Evaluation::of_loss(*loss);
                EpochStats {
                    epoch: 1.0,
                    step: 1,
                    loss: 0.0,
                    train: score,
                    validation: None,
                    test: Some(score),
                }
            };
            epochs_since(losses.iter().map(stats).collect::<Vec<_>>().iter())
        };
        assert_eq!(since(&[]), None);
        assert_eq!(since(&[2.0]), Some(0));
        assert_eq!(since(&[2.0, 1.0, 1.0, 1.5]), Some(2));
        assert_eq!(since(&[f64::NAN, 3.0]), Some(0));
        assert_eq!(since(&[3.0, f64::NAN, f64::NAN]), Some(2));
    }
}
