//! A check of a library model.

use super::GraphCheck;
use retrograde_base::error::Result;
use retrograde_core::graph::Graph;
use retrograde_train::data::{Samples, Targets, Task};
use retrograde_train::nn::{Mode, Model};
use retrograde_train::train::Loss;

/// In models with more parameters than this, this many of each block are perturbed.
const LARGE: usize = 200_000;
const SAMPLE: usize = 1_000;

/// The check of a model's loss on these samples: the mean cross entropy with labels, the mean squared error with real targets.
/// In a model with more than 200,000 parameters, 1,000 of each block are sampled, unless another [`sample`](GraphCheck::sample)
/// is set.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::check::{self, Verdict};
/// use retrograde::data::Dataset;
/// use retrograde::nn::Mlp;
///
/// let net = Mlp::new([784, 50, 10]).build()?;
/// let rows = Dataset::embedded()?.train().select(&[0, 1, 2])?;
/// let report = check::model(&net, &rows)?.in_random_directions().run()?;
/// assert_eq!(report.verdict, Verdict::Right);
/// # Ok(())
/// # }
/// ```
pub fn model(model: &impl Model, samples: &Samples) -> Result<GraphCheck> {
    let task = match samples.targets() {
        Targets::Classes { .. } => Task::Classification,
        _ => Task::Regression,
    };
    model_with_loss(model, samples, &Loss::of_task(task))
}

/// As [`model`], with another loss.
pub fn model_with_loss(model: &impl Model, samples: &Samples, loss: &Loss) -> Result<GraphCheck> {
    let loss = loss.of_model(&Graph::new(), model, samples, Mode::Train)?;
    let check = GraphCheck::new(&loss);
    Ok(if model.parameters().count() > LARGE { check.sample(SAMPLE) } else { check })
}
