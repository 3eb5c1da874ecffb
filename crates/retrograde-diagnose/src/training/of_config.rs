//! The training of a config of the library, as data.

use super::{Distribution, Formula, Initialization, Network, Order, Reduction, Rows, Training};
use retrograde_base::{Error, Result};
use retrograde_train::data::{Dataset, Features, Matrix, Samples, Sampling, Targets};
use retrograde_train::nn::{Init, Model};
use retrograde_train::train::{Length, Loss, TrainingConfig};

impl Training {
    /// The training of a config on its data, with the test rows as held-out rows.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what a diagnosis does not examine: texts, rows with weights, losses with options, modules of the
    /// program's own.
    pub fn of_config(config: &TrainingConfig, data: &Dataset) -> Result<Self> {
        let model = config.model(data)?;
        let network = model.config().as_ref().and_then(Network::from_config).ok_or_else(|| {
            let help = "describe it by layers, as in a model file";
            Error::invalid("model", "a diagnosis does not examine a module of the program's own", help)
        })?;
        let loss = config.trainer()?.loss_for(data)?;
        let mut training = Training::new(rows_of(data.train())?, network, loss_of(&loss)?, config.optimizer);
        training.held_out = Some(rows_of(data.test())?);
        training.initialization = match (&config.network, config.init) {
            // The layers of a model file have their own initial weights.
            (Some(_), _) | (None, Init::He) => Initialization::with(Distribution::He),
            (None, Init::LeCun) => Initialization::with(Distribution::LeCun),
            (None, Init::Zero) => Initialization::with(Distribution::Constant(0.0)),
            (None, Init::Normal(deviation)) => Initialization::with(Distribution::Normal(0.0, deviation)),
            (None, _) => Initialization::default(),
        };
        if config.network.is_some() {
            training.initialization.weights = None;
        }
        training.schedule = config.schedule;
        training.batch = config.batch;
        training.order = match config.sampling {
            Sampling::WithReplacement => Order::WithReplacement,
            _ => Order::Shuffled,
        };
        training.seed = config.seed;
        training.precision = config.precision;
        Ok(match config.length {
            Length::Steps(steps) => Training { steps, ..training },
            Length::Epochs(epochs) => training.epochs(epochs),
        })
    }
}

/// The rows of samples, with classes as one-hot rows.
fn rows_of(samples: &Samples) -> Result<Rows> {
    let unexamined = |what: &str, help: &str| Err(Error::invalid("data", what.to_owned(), help.to_owned()));
    if samples.weights().is_some() {
        return unexamined("a diagnosis does not examine rows with weights", "leave the weights out");
    }
    let x = match samples.features() {
        Features::Tokens(_) => {
            return unexamined("a diagnosis does not examine texts", "give tables, arrays or images");
        }
        features => Matrix::new(samples.len(), features.values().into_owned())?,
    };
    match samples.targets() {
        Targets::Classes { labels, .. } => Rows::of_classes(x, labels, samples.outputs()),
        Targets::Reals(targets) => Rows::new(x, targets.clone()),
        _ => unexamined("a diagnosis does not examine texts", "give tables, arrays or images"),
    }
}

fn loss_of(loss: &Loss) -> Result<super::Loss> {
    // The text of a loss without options has no `+`.
    let formula = match (loss, loss.to_string().contains('+')) {
        (Loss::CrossEntropy(_), false) => Formula::SoftmaxCrossEntropy,
        (Loss::BinaryCrossEntropy(_), false) => Formula::SigmoidCrossEntropy,
        (Loss::SquaredError, _) => Formula::SquaredError,
        (Loss::AbsoluteError, _) => Formula::AbsoluteError,
        _ => {
            let problem = format!("a diagnosis does not examine `{loss}`");
            return Err(Error::invalid("loss", problem, "leave its options out"));
        }
    };
    Ok(super::Loss { formula, reduction: Reduction::Mean, factor: 1.0 })
}
