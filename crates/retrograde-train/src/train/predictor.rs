//! Predictions of a trained network.

use super::evaluate::argmax;
use crate::data::MAX_PIXEL;
use crate::nn::{Mode, Model};
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Var};
use retrograde_core::plan::{Plan, Planner};

/// A compiled model that classifies single images.
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
    probabilities: Var,
    inputs: usize,
}

/// The predicted class of an image, and the probabilities.
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
        let graph = Graph::new();
        let x = graph.input("x", [1, inputs]);
        let probabilities = model.record(&x, Mode::Evaluate).output.softmax(1);
        let plan = Planner::new(&graph).fetch(&probabilities).threads(1).compile()?;
        Ok(Predictor { plan, x, probabilities, inputs })
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
        self.plan.set(&self.x, &row)?;
        self.plan.run()?;
        let probabilities = self.plan.read(&self.probabilities)?.to_vec();
        if probabilities.iter().any(|probability| probability.is_nan()) {
            let problem = "its probabilities are NaN: the weights overflow on this image";
            return Err(Error::invalid("prediction", problem, "give another model"));
        }
        Ok(Prediction { class: argmax(&probabilities), probabilities })
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
        Ok(())
    }
}
