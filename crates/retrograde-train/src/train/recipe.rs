//! A training as plain data.

use super::trainer::{Length, Trainer};
use crate::data::{Dataset, Drawing, Source};
use crate::nn::{Activation, Init, Mlp, Precision};
use crate::optim::{Schedule, Settings};
use retrograde_base::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// A training of a multi-layer perceptron as plain data: what a face collects, and what a checkpoint remembers, so that
/// a training can be continued without being described again.
///
/// The default is the notebook's: 50 hidden units, relu, weights of deviation 0.01, gradient descent with rate 0.1,
/// 10,000 batches of 100 drawn with replacement.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::train::{Length, Recipe};
///
/// let recipe = Recipe { data: "mnist-5k".into(), length: Length::Steps(200), ..Recipe::default() };
/// let (_, data) = recipe.data.open()?;
/// let mut net = recipe.model(&data)?;
/// let history = recipe.trainer()?.fit(&mut net, &data)?;
/// assert_eq!(history.steps(), 200);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Where the data comes from.
    pub data: Source,
    /// The widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// The function between two layers.
    pub activation: Activation,
    /// How the weights are drawn.
    pub init: Init,
    /// The update rule and its settings.
    #[serde(flatten)]
    pub optimizer: Settings,
    /// How the learning rate changes from step to step.
    #[serde(default)]
    pub schedule: Schedule,
    /// Rows in a batch.
    pub batch: usize,
    /// How batches are drawn.
    pub drawing: Drawing,
    /// How long it lasts.
    pub length: Length,
    /// The seed from which weights and batches are drawn.
    pub seed: u64,
    /// The precision of the numbers.
    pub precision: Precision,
}

impl Default for Recipe {
    fn default() -> Self {
        Recipe {
            data: Source::Auto,
            hidden: vec![50],
            activation: Activation::Relu,
            init: Init::Normal(0.01),
            optimizer: Settings::default(),
            schedule: Schedule::constant(),
            batch: 100,
            drawing: Drawing::WithReplacement,
            length: Length::Steps(10_000),
            seed: 0,
            precision: Precision::F32,
        }
    }
}

impl Recipe {
    /// Errors when a setting makes no sense, whatever the data: a layer or a batch of nothing, a learning rate that is
    /// negative or no number, a momentum for a rule without one.
    pub fn check(&self) -> Result<()> {
        if let Some(layer) = self.hidden.iter().position(|&width| width == 0) {
            let problem = format!("layer {} of {:?} has the width 0", layer + 1, self.hidden);
            let help = "give every hidden layer one unit at least";
            return Err(Error::invalid("the hidden layers", problem, help));
        }
        self.init.check()?;
        self.trainer()?.check()
    }

    /// The network, with its initial weights. Its inputs are the pixels of the data's images, its outputs the classes.
    pub fn model(&self, data: &Dataset) -> Result<Mlp> {
        let mut sizes = vec![data.train().row_len()];
        sizes.extend(&self.hidden);
        sizes.push(data.classes());
        Mlp::new(sizes).activation(self.activation).init(self.init).seed(self.seed).build()
    }

    /// The trainer with these settings. Its checkpoints remember the recipe. Errors when the optimiser's settings make
    /// no sense.
    pub fn trainer(&self) -> Result<Trainer> {
        let trainer = Trainer::new(self.optimizer.build()?)
            .schedule(self.schedule)
            .batch(self.batch)
            .drawing(self.drawing)
            .length(self.length)
            .seed(self.seed)
            .precision(self.precision)
            .recipe(self.clone());
        Ok(trainer)
    }
}
