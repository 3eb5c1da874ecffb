//! A check of a library model.

use super::GraphCheck;
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Tensor};
use retrograde_train::data::{ImageLayout, LabeledImages};
use retrograde_train::nn::{Mode, Model};

/// In models with more parameters than this, this many of each block are perturbed.
const LARGE: usize = 200_000;
const SAMPLE: usize = 1_000;

/// The check of a model's loss on these samples: its logits, then the mean cross entropy with the labels. In a model with
/// more than 200,000 parameters, 1,000 of each block are sampled, unless another [`sample`](GraphCheck::sample) is set.
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
pub fn model(model: &impl Model, samples: &LabeledImages) -> Result<GraphCheck> {
    let graph = Graph::new();
    let x = Tensor::new(samples.shape(ImageLayout::Flat), samples.normalized())?;
    let x = graph.constant(x).named("x");
    let labels = graph.indices("t", [samples.len()], samples.labels().clone());
    let loss = model.record(&x, Mode::Train).output.softmax_with_loss(&labels).named("loss").checked()?;
    let check = GraphCheck::new(&loss);
    Ok(if model.parameters().count() > LARGE { check.sample(SAMPLE) } else { check })
}
