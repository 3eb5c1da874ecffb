//! Predictions of a trained network.

use super::scores::argmax;
use crate::data::{MAX_PIXEL, Task};
use crate::nn::{Mode, Model};
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Var};
use retrograde_core::plan::{Plan, Planner};

/// A compiled model that predicts of single rows: classes, labels or numbers.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::Dataset;
/// use retrograde::nn::Mlp;
/// use retrograde::optim::Sgd;
/// use retrograde::train::{Predictor, Trainer};
///
/// let digits = Dataset::embedded()?;
/// let mut net = Mlp::new([784, 50, 10]).build()?;
/// Trainer::new(Sgd::new(0.1)).steps(1000).fit(&mut net, &digits)?;
/// let seven = digits.test().image(7).expect("1,000 images");
/// let prediction = Predictor::new(&net, 784)?.predict(seven)?;
/// assert_eq!(prediction.class, 7);
/// assert!(prediction.probability() > 0.5);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Predictor {
    plan: Plan<f64>,
    x: Var,
    outputs: Var,
    inputs: usize,
    task: Task,
}

/// The predicted class of a row, and the probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The class with the largest probability; the first of equal ones.
    pub class: usize,
    /// The probability of each class. They sum to 1.
    pub probabilities: Vec<f64>,
}

impl Prediction {
    /// The probability of the predicted class.
    pub fn probability(&self) -> f64 {
        self.probabilities[self.class]
    }
}

impl Predictor {
    /// Records and compiles `model` followed by a softmax, for images of `inputs` pixels.
    ///
    /// # Errors
    /// [`Error::Recording`] if the model takes rows of another length.
    pub fn new(model: &impl Model, inputs: usize) -> Result<Self> {
        Self::for_task(model, inputs, Task::Classification)
    }

    /// Records and compiles `model` for rows of `inputs` numbers, followed by a softmax for a classification and a sigmoid for a
    /// multi-label one.
    ///
    /// # Errors
    /// As [`Predictor::new`].
    pub fn for_task(model: &impl Model, inputs: usize, task: Task) -> Result<Self> {
        let graph = Graph::new();
        let x = graph.input("x", [1, inputs]);
        let outputs = model.record(&x, Mode::Evaluate).output;
        let outputs = match task {
            Task::Classification => outputs.softmax(1),
            Task::MultiLabel => outputs.sigmoid(),
            Task::Regression | Task::NextToken => outputs,
        };
        let plan = Planner::new(&graph).fetch(&outputs).threads(1).compile()?;
        Ok(Predictor { plan, x, outputs, inputs, task })
    }

    /// Classifies an image: its pixels as bytes in row-major order, as in data sets.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the number of pixels is wrong, or the probabilities overflow.
    pub fn predict(&mut self, pixels: &[u8]) -> Result<Prediction> {
        if pixels.len() != self.inputs {
            let problem = format!("it has {} pixels", pixels.len());
            return Err(Error::invalid("image", problem, format!("give {} pixels", self.inputs)));
        }
        let row: Vec<f64> = pixels.iter().map(|byte| f64::from(*byte) / MAX_PIXEL).collect();
        self.predict_row(&row)
    }

    /// Classifies a row of numbers, prepared as those of the training: a row of
    /// [`Preprocessor::transform`](crate::data::Preprocessor::transform) for a table.
    ///
    /// # Errors
    /// As [`outputs`](Self::outputs); [`Error::Invalid`] if the task is no classification.
    pub fn predict_row(&mut self, row: &[f64]) -> Result<Prediction> {
        if self.task != Task::Classification {
            let problem = format!("the task is a {}, which has no class", self.task);
            return Err(Error::invalid("prediction", problem, "use `Predictor::outputs`"));
        }
        let probabilities = self.outputs(row)?;
        Ok(Prediction { class: argmax(&probabilities), probabilities })
    }

    /// The outputs for a row of numbers: the probabilities of the classes or of the labels, or the numbers of a regression. Those
    /// of a table are standardized; [`Target::scale`](crate::data::Target::scale) inverts that.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the row has another length, or an output is not a number.
    pub fn outputs(&mut self, row: &[f64]) -> Result<Vec<f64>> {
        if row.len() != self.inputs {
            let problem = format!("it has {} numbers", row.len());
            return Err(Error::invalid("row", problem, format!("give {} numbers", self.inputs)));
        }
        self.plan.set(&self.x, row)?;
        self.plan.run()?;
        let outputs = self.plan.read(&self.outputs)?.to_vec();
        if outputs.iter().any(|output| output.is_nan()) {
            let problem = "its outputs are NaN: the weights overflow on this row";
            return Err(Error::invalid("prediction", problem, "give another model"));
        }
        Ok(outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Mlp;
    use retrograde_core::graph::Tensor;

    #[test]
    fn probabilities_are_the_softmax_of_the_logits() -> Result<()> {
        let mut net = Mlp::new([2, 3]).build()?;
        for (name, value) in net.parameters_mut().iter_mut() {
            *value = match name {
                "affine1.weight" => Tensor::new([2, 3], vec![1., 2., 0., 0., 0., 0.])?,
                _ => Tensor::new([3], vec![0., 0., -1.])?,
            };
        }
        let mut predictor = Predictor::new(&net, 2)?;
        // A white pixel is 1: the logits are 1, 2 and -1.
        let found = predictor.predict(&[255, 7])?;
        let sum = 1_f64.exp() + 2_f64.exp() + (-1_f64).exp();
        assert_eq!(found.class, 1);
        for (probability, logit) in found.probabilities.iter().zip([1_f64, 2., -1.]) {
            // A few roundings of numbers below 10, divided by their sum.
            assert!((probability - logit.exp() / sum).abs() < 1e-15, "{found:?}");
        }
        assert_eq!(found.probability(), found.probabilities[1]);
        // The result does not depend on the previous image.
        assert_eq!(predictor.predict(&[0, 0])?.class, 0);

        let error = predictor.predict(&[1, 2, 3]).expect_err("three pixels").to_string();
        assert!(error.contains("3 pixels") && error.contains("give 2 pixels"), "{error}");
        Predictor::new(&net, 3).expect_err("another width");

        let row = [1.0, 0.0];
        let mut numbers = Predictor::for_task(&net, 2, Task::Regression)?;
        assert_eq!(numbers.outputs(&row)?, [1.0, 2.0, -1.0]);
        assert!(numbers.predict_row(&row).is_err() && numbers.outputs(&[1.0]).is_err());
        let labels = Predictor::for_task(&net, 2, Task::MultiLabel)?.outputs(&row)?;
        assert!((labels[1] - 1.0 / (1.0 + (-2_f64).exp())).abs() < 1e-15, "{labels:?}");
        Ok(())
    }
}
