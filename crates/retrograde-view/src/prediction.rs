//! The explanation of a prediction: the predicted class, the contributions to it, the gradient by the pixels, and the whole
//! graph.

use super::heat_map::{HeatMap, Shades};
use super::html::{both, escaped};
use super::page::page;
use super::summary::rough;
use super::trace::{NodeKind, Trace, TracedNode, Tracer, Value};
use retrograde_base::error::{Error, Result};
use retrograde_base::file_signature::FileSignature;
use retrograde_core::graph::{Graph, Tensor};
use retrograde_train::data::{DatasetDescription, MAX_PIXEL, Task};
use retrograde_train::nn::{Mode, Model};
use retrograde_train::train::{Prediction, Predictor};
use std::fmt::Write;

/// The number of units shown with a positive, and with a negative contribution.
const LARGEST: [usize; 2] = [5, 3];

/// The most features that are listed.
const FEATURES: usize = 20;

/// The explanation of a network's prediction for one row, with the trace of its loss. [`PredictionExplanation::html`]
/// renders it as a page.
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
    prediction: Prediction,
    label: usize,
    is_known: bool,
    trace: Trace,
    description: DatasetDescription,
}

/// The contribution of one unit of the last hidden layer: its value times its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnitContribution {
    /// The unit.
    pub unit: usize,
    /// Its value.
    pub value: f64,
    /// Its weight for the predicted class.
    pub weight: f64,
}

impl UnitContribution {
    /// Its contribution to the score of the predicted class.
    pub fn product(self) -> f64 {
        self.value * self.weight
    }
}

impl PredictionExplanation {
    /// Explains an image of bytes, row by row, with its label. Without a label, the loss is that of the predicted class.
    ///
    /// # Errors
    /// If the network takes images of another size or does not have this class.
    pub fn new(net: &impl Model, pixels: &[u8], label: Option<usize>) -> Result<Self> {
        let row: Vec<f64> = pixels.iter().map(|byte| f64::from(*byte) / MAX_PIXEL).collect();
        Self::of_row(net, &row, label, &Task::Classification.into())
    }

    /// Explains a row of numbers, prepared as those of the training. The description has the names of classes and features, and
    /// the shape of images. Without a label, the loss is that of the predicted class.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the task is no classification; if the network takes rows of another length or does not have this
    /// class.
    pub fn of_row(
        net: &impl Model,
        row: &[f64],
        label: Option<usize>,
        description: &DatasetDescription,
    ) -> Result<Self> {
        if description.task != Task::Classification {
            let problem = format!("the task is a {}", description.task);
            let help =
                "explain a classification, or draw the graph of the loss (`retrograde graph --model RUN`)";
            return Err(Error::invalid("explanation", problem, help));
        }
        let inputs = net.inputs();
        let prediction = Predictor::new(net, inputs)?.predict_row(row)?;
        let classes = prediction.probabilities.len();
        let known = label;
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
        let description = description.clone();
        Ok(PredictionExplanation { prediction, label, is_known: known.is_some(), trace, description })
    }

    /// The prediction.
    pub fn prediction(&self) -> &Prediction {
        &self.prediction
    }

    /// The trace of the loss, forward and backward.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The contribution of each unit before the last layer to the score of the predicted class, the largest first. With the
    /// bias they sum to the score.
    pub fn contributions(&self) -> Vec<UnitContribution> {
        let columns = self.prediction.probabilities.len();
        let Some([units, weights]) = self.last_product() else { return Vec::new() };
        let (Value::Real(units), Value::Real(weights)) = (&units.value, &weights.value) else {
            return Vec::new();
        };
        let rows = weights.values().chunks(columns);
        let mut found: Vec<UnitContribution> = units
            .values()
            .iter()
            .zip(rows)
            .enumerate()
            .map(|(unit, (&value, row))| UnitContribution { unit, value, weight: row[self.prediction.class] })
            .collect();
        found.sort_by(|a, b| b.product().abs().total_cmp(&a.product().abs()));
        found
    }

    /// The page: the prediction, its contributions, its gradient, and the graph. `name` identifies the image.
    ///
    /// # Errors
    /// If the network's graph is too large to draw.
    pub fn html(&self, name: &str) -> Result<String> {
        let class = self.description.class_name(self.prediction.class);
        let heading = format!("{name}: {class} ({:.1} %)", 100.0 * self.prediction.probability());
        let sections =
            [self.answer_section(), self.contributions_section(), self.gradient_section()].concat();
        let explanation = format!("<div class=\"prediction\">{sections}</div>");
        page(&self.trace, &heading, &explanation, FileSignature::Explanation)
    }

    /// The operands of the last product of a row of units and the weights of the classes.
    fn last_product(&self) -> Option<[&TracedNode; 2]> {
        let (nodes, classes) = (self.trace.nodes(), self.prediction.probabilities.len());
        let operand = |&edge: &usize| &nodes[self.trace.edges()[edge].from];
        nodes.iter().rev().find_map(|node| {
            let [units, weights] = node.inputs.as_slice() else { return None };
            let (units, weights) = (operand(units), operand(weights));
            let matrix = weights.value.shape();
            let is_product = matches!(weights.what, NodeKind::Leaf("parameter"))
                && matrix.rank() == 2
                && matrix[1] == classes
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
            [rows, columns] => Some([rows, columns]).filter(|_| rows * columns == pixels),
            [] => Some([pixels.isqrt(); 2]).filter(|[side, _]| side * side == pixels),
            _ => None,
        }
    }

    /// The name of a class, as HTML.
    fn class_name(&self, class: usize) -> String {
        escaped(&self.description.class_name(class))
    }

    /// An image; `alt` is the key of its alternative text.
    fn picture(&self, values: &[f64], shades: Shades, alt: &str) -> String {
        let Some(shape) = self.image_shape() else {
            return String::new();
        };
        let address = HeatMap::images(values, shape, 1, shades).address();
        format!("<img class=\"large\" src=\"{address}\" alt=\"\" data-alt=\"{alt}\">")
    }

    fn answer_section(&self) -> String {
        let Prediction { class, probabilities } = &self.prediction;
        let mut bars = String::new();
        for (number, probability) in probabilities.iter().enumerate() {
            let percent = 100.0 * probability;
            let chosen = if number == *class { " class=\"chosen\"" } else { "" };
            // Writing to a string cannot fail, here and below.
            let _ = write!(
                bars,
                "<li{chosen}><b>{}</b><span class=\"bar\"><i style=\"width:{percent:.2}%\"></i></span>\
                <output>{percent:.1} %</output></li>",
                self.class_name(number)
            );
        }
        let image =
            self.named("x").and_then(|node| if let Value::Real(x) = &node.value { Some(x) } else { None });
        let picture = image.map(|x| self.picture(x.values(), Shades::gray(0.0, 1.0), "alt_image"));
        let (class, label) = (self.class_name(*class), self.class_name(self.label));
        let mut verdict = both(
            &format!("The network says <b>{class}</b>."),
            &format!("신경망의 답은 <b>{class}</b>입니다."),
        );
        if self.is_known && self.label != self.prediction.class {
            verdict += &both(&format!(" It should be {label}."), &format!(" 정답은 {label}입니다."));
        }
        format!(
            "<section><h2>{verdict}</h2><div class=\"row\">{}<ol class=\"bars\">{bars}</ol></div></section>",
            picture.unwrap_or_default()
        )
    }

    fn contributions_section(&self) -> String {
        let contributions = self.contributions();
        let is_input = |[units, _]: [&TracedNode; 2]| matches!(units.what, NodeKind::Leaf(_));
        if contributions.is_empty() || self.last_product().is_some_and(is_input) {
            return String::new();
        }
        let class = self.class_name(self.prediction.class);
        let (spoke, against): (Vec<_>, Vec<_>) =
            contributions.into_iter().partition(|unit| unit.product() >= 0.0);
        let mut items = String::new();
        for unit in spoke.iter().take(LARGEST[0]).chain(against.iter().take(LARGEST[1])) {
            let UnitContribution { unit: number, value, weight } = *unit;
            let _ = write!(
                items,
                "<li>{}<span>{} {number}</span><code>{} × {} = <b class=\"{}\">{}</b></code></li>",
                self.weight_image(number),
                both("unit", "뉴런"),
                rough(value),
                if weight < 0.0 { format!("({})", rough(weight)) } else { rough(weight) },
                if unit.product() >= 0.0 { "plus" } else { "minus" },
                rough(unit.product()),
            );
        }
        let title =
            both(&format!("What spoke for {class}, and against it"), &format!("{class}이(가) 된 까닭"));
        let hint = both(
            "Each unit of the last hidden layer adds its value times its weight to the score. The pictures are the \
            pixels that a unit looks for: orange where ink makes it larger, blue where ink makes it smaller.",
            "마지막 은닉층의 뉴런은 저마다 (값 × 가중치)만큼 점수에 더합니다. 그림은 그 뉴런이 찾는 무늬입니다. 주황색은 \
            밝을수록 뉴런의 값이 커지는 화소, 파란색은 작아지는 화소입니다.",
        );
        format!(
            "<section><h2>{title}</h2><p class=\"soft\">{hint}</p><ul class=\"units\">{items}</ul></section>"
        )
    }

    /// The weights of a unit of the first layer, if that is the last hidden one.
    fn weight_image(&self, unit: usize) -> String {
        let is_weight = |node: &&TracedNode| {
            matches!(node.what, NodeKind::Leaf("parameter")) && node.value.shape().rank() > 1
        };
        let weights: Vec<&TracedNode> = self.trace.nodes().iter().filter(is_weight).collect();
        let pixels = self.named("x").map_or(0, |x| x.value.shape().elements());
        let [first, last] = weights.as_slice() else { return String::new() };
        let Value::Real(weights) = &first.value else { return String::new() };
        if weights.shape()[..] != [pixels, last.value.shape()[0]] {
            return String::new();
        }
        let column: Vec<f64> = weights.values().chunks(weights.shape()[1]).map(|row| row[unit]).collect();
        self.picture(&column, Shades::signed_for(&column), "alt_weights")
    }

    fn gradient_section(&self) -> String {
        let Some(gradient) = self.named("x").and_then(|node| node.gradient.as_deref()) else {
            return String::new();
        };
        if self.image_shape().is_none() {
            return self.features_section(gradient);
        }
        let negated: Vec<f64> = gradient.values().iter().map(|slope| -slope).collect();
        let loss = self.trace.output().value.scalar().unwrap_or(f64::NAN);
        let label = self.class_name(self.label);
        let title =
            both("Which pixels the gradient of its loss would change", "손실의 기울기가 바꾸려는 화소");
        let hint = both(
            &format!(
                "The loss for the label {label} is {}. Its gradient with respect to the pixels, turned around, is where \
                the loss falls fastest: orange pixels would have to be brighter, blue ones darker, to be more of a {label}.",
                rough(loss)
            ),
            &format!(
                "레이블 {label}에 대한 손실은 {}입니다. 화소에 대한 손실의 기울기를 뒤집은 방향이 손실이 가장 빨리 줄어드는 \
                방향입니다. 주황색 화소는 더 밝게, 파란색 화소는 더 어둡게 하면 {label}에 가까워집니다.",
                rough(loss)
            ),
        );
        let most = both("strongest", "가장 큰 변화");
        format!(
            "<section><h2>{title}</h2><div class=\"row\">{}<div><p class=\"soft\">{hint}</p><p><code>{most}: {}</code></p>\
            </div></div></section>",
            self.picture(&negated, Shades::signed_for(&negated), "alt_gradient"),
            strongest(gradient, self.image_shape()),
        )
    }
}

impl PredictionExplanation {
    /// The features with the largest slopes, for rows that are no images.
    fn features_section(&self, gradient: &Tensor) -> String {
        let Some(Value::Real(x)) = self.named("x").map(|node| &node.value) else { return String::new() };
        let (slopes, values) = (gradient.values(), x.values());
        let mut order: Vec<usize> = (0..slopes.len()).collect();
        order.sort_by(|&a, &b| slopes[b].abs().total_cmp(&slopes[a].abs()));
        let mut items = String::new();
        for &feature in order.iter().take(FEATURES) {
            let _ = write!(
                items,
                "<li><span>{}</span><code>{}</code> <code>∂loss/∂x = <b class=\"{}\">{}</b></code></li>",
                escaped(&self.description.feature_name(feature)),
                rough(values[feature]),
                if slopes[feature] <= 0.0 { "plus" } else { "minus" },
                rough(slopes[feature]),
            );
        }
        let label = self.class_name(self.label);
        let title =
            both("Which features the gradient of its loss would change", "손실의 기울기가 바꾸려는 특성");
        let hint = both(
            &format!(
                "The value of each feature, as the network gets it, and the slope of the loss for {label}. Where the slope is \
                negative, a larger value makes it more of {label}; where it is positive, a smaller one."
            ),
            &format!(
                "신경망에 들어간 각 특성의 값과, {label}에 대한 손실의 기울기입니다. 기울기가 음수이면 값이 커질수록, 양수이면 값이 \
                작아질수록 {label}에 가까워집니다."
            ),
        );
        format!(
            "<section><h2>{title}</h2><p class=\"soft\">{hint}</p><ul class=\"units\">{items}</ul></section>"
        )
    }
}

/// The pixel with the largest slope, by row and column.
fn strongest(gradient: &Tensor, shape: Option<[usize; 2]>) -> String {
    let values = gradient.values();
    let largest = (0..values.len()).max_by(|&a, &b| values[a].abs().total_cmp(&values[b].abs()));
    largest.map_or_else(String::new, |at| {
        let columns = shape.map_or(values.len(), |[_, columns]| columns).max(1);
        format!("∂loss/∂x[{}, {}] = {}", at / columns, at % columns, rough(values[at]))
    })
}
