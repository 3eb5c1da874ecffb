//! The explanation of a prediction: the answer, what the units and the inputs add to it, what the layers see, and the whole
//! graph.

mod classes;
mod layers;
mod number;
mod units;

use super::heat_map::{HeatMap, Shades};
use super::html::escaped;
use super::page::page;
use super::summary::rough;
use super::trace::{NodeKind, Trace, TracedNode, Tracer, Value};
use retrograde_base::error::{Error, Result};
use retrograde_base::file_signature::FileSignature;
use retrograde_core::graph::Graph;
use retrograde_train::data::{DatasetDescription, MAX_PIXEL, Standardization, Task};
use retrograde_train::nn::{Mode, Model};
use retrograde_train::train::{Prediction, Predictor};

/// The most features that are listed.
const FEATURES: usize = 20;

/// The explanation of a network's prediction for one row, a class or a number, with the trace of its loss or of the number.
/// [`PredictionExplanation::html`] renders it as a page.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::Dataset;
/// use retrograde::nn::Mlp;
/// use retrograde::view::PredictionExplanation;
///
/// let digits = Dataset::embedded()?;
/// let net = Mlp::new([784, 50, 10]).build()?;
/// let explanation = PredictionExplanation::new(&net, digits.test().image(0).expect("1,000 images"), Some(7))?;
/// assert_eq!(explanation.trace().nodes()[0].value.shape()[..], [1, 784]);
/// assert!(explanation.html("seven.png")?.starts_with("<!doctype html>"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PredictionExplanation {
    answer: Answer,
    trace: Trace,
    description: DatasetDescription,
}

/// The answer of the network.
#[derive(Debug, Clone)]
enum Answer {
    Class {
        prediction: Prediction,
        /// The class of the loss.
        label: usize,
        /// Whether the label was given.
        is_known: bool,
    },
    /// In the unit of the target. An output of the network times `deviation` is a difference in that unit.
    Number { value: f64, deviation: f64 },
}

/// The contribution of one unit of the last hidden layer: its value times its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnitContribution {
    /// The unit.
    pub unit: usize,
    /// Its value.
    pub value: f64,
    /// Its weight for the predicted class; of a number: in the unit of the target.
    pub weight: f64,
}

impl UnitContribution {
    /// Its contribution to the score of the predicted class, or to the predicted number.
    pub fn product(self) -> f64 {
        self.value * self.weight
    }
}

/// The contribution of one input to a predicted number: its value, as the network gets it, times the slope of the number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputContribution {
    /// The input.
    pub input: usize,
    /// Its value.
    pub value: f64,
    /// The slope of the number by it, in the unit of the target.
    pub slope: f64,
}

impl InputContribution {
    /// Its contribution, in the unit of the target.
    pub fn product(self) -> f64 {
        // A product of 0 and a negative slope is 0, too.
        self.value * self.slope + 0.0
    }
}

impl PredictionExplanation {
    /// Explains the class of an image of bytes, row by row, with its label. Without a label, the loss is that of the predicted
    /// class.
    ///
    /// # Errors
    /// If the network takes images of another size or does not have this class.
    pub fn new(net: &impl Model, pixels: &[u8], label: Option<usize>) -> Result<Self> {
        let row: Vec<f64> = pixels.iter().map(|byte| f64::from(*byte) / MAX_PIXEL).collect();
        Self::of_row(net, &row, label, &Task::Classification.into())
    }

    /// Explains a row of numbers, prepared as those of the training. The description has the task, the names of classes and
    /// features, and the shape of images. Without a label, the loss is that of the predicted class; a regression has no label.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the task is neither a classification nor a regression of one number; if the network takes rows of
    /// another length or does not have this class.
    pub fn of_row(
        net: &impl Model,
        row: &[f64],
        label: Option<usize>,
        description: &DatasetDescription,
    ) -> Result<Self> {
        match description.task {
            Task::Classification => Self::of_class(net, row, label, description),
            Task::Regression => Self::of_number(net, row, label, description),
            task => {
                let problem = format!("the task is a {task}");
                let help = "explain a classification or a regression, or draw the graph of the loss (`retrograde graph --model RUN`)";
                Err(Error::invalid("explanation", problem, help))
            }
        }
    }

    fn of_class(
        net: &impl Model,
        row: &[f64],
        label: Option<usize>,
        description: &DatasetDescription,
    ) -> Result<Self> {
        let inputs = net.inputs();
        let prediction = Predictor::new(net, inputs)?.predict_row(row)?;
        let classes = prediction.probabilities.len();
        let is_known = label.is_some();
        let label = label.unwrap_or(prediction.class);
        if label >= classes {
            let problem = format!("there is no class {label}");
            return Err(Error::invalid(
                "a label",
                problem,
                format!("the network knows 0 to {}", classes - 1),
            ));
        }
        let graph = Graph::new();
        let x = graph.input("x", [1, inputs]);
        let t = graph.indices("t", [1], [label as u32].as_slice());
        let loss = net.record(&x, Mode::Evaluate).output.softmax_with_loss(&t).named("loss");
        let trace = Tracer::new(&loss).set(&x, row).trace()?;
        let answer = Answer::Class { prediction, label, is_known };
        Ok(PredictionExplanation { answer, trace, description: description.clone() })
    }

    fn of_number(
        net: &impl Model,
        row: &[f64],
        label: Option<usize>,
        description: &DatasetDescription,
    ) -> Result<Self> {
        if label.is_some() {
            let problem = "the network predicts a number, which has no class";
            return Err(Error::invalid("a label", problem, "leave it out"));
        }
        let inputs = net.inputs();
        let outputs = Predictor::for_task(net, inputs, Task::Regression)?.outputs(row)?.len();
        if outputs != 1 {
            let problem = format!("the network predicts {outputs} numbers");
            return Err(Error::invalid("explanation", problem, "explain a network of one number"));
        }
        let scale = description
            .preprocessor
            .as_ref()
            .map_or(Standardization::IDENTITY, |preprocessor| preprocessor.target().scale());
        let graph = Graph::new();
        let x = graph.input("x", [1, inputs]);
        let output = net.record(&x, Mode::Evaluate).output.reshape([]);
        // A plain network ends with its own output.
        let number =
            if scale == Standardization::IDENTITY { output } else { output * scale.deviation + scale.mean };
        let trace = Tracer::new(&number.named("prediction")).set(&x, row).trace()?;
        let value = trace.output().value.scalar().unwrap_or(f64::NAN);
        let answer = Answer::Number { value, deviation: scale.deviation };
        Ok(PredictionExplanation { answer, trace, description: description.clone() })
    }

    /// The predicted class and its probability; `None` for a regression.
    pub fn prediction(&self) -> Option<&Prediction> {
        match &self.answer {
            Answer::Class { prediction, .. } => Some(prediction),
            Answer::Number { .. } => None,
        }
    }

    /// The predicted number, in the unit of the target; `None` for a classification.
    pub fn number(&self) -> Option<f64> {
        match self.answer {
            Answer::Number { value, .. } => Some(value),
            Answer::Class { .. } => None,
        }
    }

    /// The trace, forward and backward, of the loss or of the predicted number.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The contribution of each unit before the last layer to the score of the predicted class or to the predicted number, the
    /// largest first. With the bias they sum to it.
    pub fn contributions(&self) -> Vec<UnitContribution> {
        let (columns, column, scale) = match &self.answer {
            Answer::Class { prediction, .. } => (prediction.probabilities.len(), prediction.class, 1.0),
            Answer::Number { deviation, .. } => (1, 0, *deviation),
        };
        let Some([units, weights]) = self.last_product(columns) else { return Vec::new() };
        let (Value::Real(units), Value::Real(weights)) = (&units.value, &weights.value) else {
            return Vec::new();
        };
        let rows = weights.values().chunks(columns);
        let units = units.values().iter().zip(rows).enumerate();
        let mut found: Vec<UnitContribution> = units
            .map(|(unit, (&value, row))| UnitContribution { unit, value, weight: row[column] * scale })
            .collect();
        found.sort_by(|a, b| b.product().abs().total_cmp(&a.product().abs()));
        found
    }

    /// The contribution of each input to the predicted number, the largest first: its value times the slope. To first order it
    /// is how far the input has moved the number from that of an input of 0, which of a standardized column is its mean. Empty
    /// for a classification.
    pub fn input_contributions(&self) -> Vec<InputContribution> {
        let Some(x) = self.named("x").filter(|_| self.number().is_some()) else { return Vec::new() };
        let (Value::Real(values), Some(slopes)) = (&x.value, &x.gradient) else { return Vec::new() };
        let both = values.values().iter().zip(slopes.values()).enumerate();
        let mut found: Vec<InputContribution> =
            both.map(|(input, (&value, &slope))| InputContribution { input, value, slope }).collect();
        found.sort_by(|a, b| b.product().abs().total_cmp(&a.product().abs()));
        found
    }

    /// The page: the answer, the contributions to it, its gradient, what the layers see, and the graph. `name` identifies the
    /// row.
    ///
    /// # Errors
    /// If the network's graph is too large to draw.
    pub fn html(&self, name: &str) -> Result<String> {
        let (heading, answer, inputs) = match &self.answer {
            Answer::Class { prediction, label, is_known } => (
                format!(
                    "{name}: {} ({:.1} %)",
                    self.description.class_name(prediction.class),
                    100.0 * prediction.probability()
                ),
                self.class_section(prediction, *label, *is_known),
                self.loss_section(*label),
            ),
            Answer::Number { value, .. } => (
                format!("{name}: {} = {}", self.target_name(), rough(*value)),
                self.number_section(*value),
                self.inputs_section(*value),
            ),
        };
        let sections = [answer, self.units_section(), inputs, self.layers_section()].concat();
        let explanation = format!("<div class=\"prediction\">{sections}</div>");
        page(&self.trace, &heading, &explanation, FileSignature::Explanation)
    }

    /// The operands of the last product of a row of units and the weights of so many outputs.
    fn last_product(&self, outputs: usize) -> Option<[&TracedNode; 2]> {
        let nodes = self.trace.nodes();
        let operand = |&edge: &usize| &nodes[self.trace.edges()[edge].from];
        nodes.iter().rev().find_map(|node| {
            let [units, weights] = node.inputs.as_slice() else { return None };
            let (units, weights) = (operand(units), operand(weights));
            let matrix = weights.value.shape();
            let is_product = matches!(weights.what, NodeKind::Leaf("parameter"))
                && matrix.rank() == 2
                && matrix[1] == outputs
                && units.value.shape()[..] == [1, matrix[0]];
            is_product.then_some([units, weights])
        })
    }

    fn named(&self, name: &str) -> Option<&TracedNode> {
        self.trace.nodes().iter().find(|node| node.name.as_deref() == Some(name))
    }

    /// The size of the image: that of the description, or a square without one. None if the features are no pixels.
    fn image_shape(&self) -> Option<[usize; 2]> {
        let pixels = self.named("x")?.value.shape().elements();
        match self.description.row_shape[..] {
            [rows, columns] | [1, rows, columns] => {
                Some([rows, columns]).filter(|_| rows * columns == pixels)
            }
            [] => Some([pixels.isqrt(); 2]).filter(|[side, _]| side * side == pixels),
            _ => None,
        }
    }

    /// The name of a class, as HTML.
    fn class_name(&self, class: usize) -> String {
        escaped(&self.description.class_name(class))
    }

    /// The name of the target of a regression.
    fn target_name(&self) -> &str {
        self.description.preprocessor.as_ref().map_or("y", |preprocessor| preprocessor.target().column())
    }

    /// An image; `alt` is the key of its alternative text.
    fn picture(&self, values: &[f64], shades: Shades, alt: &str) -> String {
        let Some(shape) = self.image_shape() else {
            return String::new();
        };
        let address = HeatMap::images(values, shape, 1, shades).address();
        format!("<img class=\"large\" src=\"{address}\" alt=\"\" data-alt=\"{alt}\">")
    }

    /// The input, if it is an image.
    fn input_image(&self) -> String {
        match self.named("x").map(|node| &node.value) {
            Some(Value::Real(x)) => self.picture(x.values(), Shades::gray(0.0, 1.0), "alt_image"),
            _ => String::new(),
        }
    }
}
