//! The part of a page that shows the units before the last layer, and what each adds to the answer.

use super::{Answer, PredictionExplanation, UnitContribution};
use crate::heat_map::Shades;
use crate::html::both;
use crate::summary::rough;
use crate::trace::{NodeKind, TracedNode, Value};
use std::fmt::Write;

/// The number of units shown with a positive, and with a negative contribution.
const LARGEST: [usize; 2] = [5, 3];

impl PredictionExplanation {
    /// Empty if there are none before the last layer.
    pub(super) fn units_section(&self) -> String {
        let contributions = self.contributions();
        let outputs = self.prediction().map_or(1, |prediction| prediction.probabilities.len());
        let is_input = |[units, _]: [&TracedNode; 2]| matches!(units.what, NodeKind::Leaf(_));
        if contributions.is_empty() || self.last_product(outputs).is_some_and(is_input) {
            return String::new();
        }
        let has_pictures = !self.weight_image(0).is_empty();
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
        let (title, mut hint) = match &self.answer {
            Answer::Class { prediction, .. } => {
                let class = self.class_name(prediction.class);
                (
                    both(
                        &format!("What spoke for {class}, and against it"),
                        &format!("{class}이(가) 된 까닭"),
                    ),
                    both(
                        "Each unit of the last hidden layer adds its value times its weight to the score.",
                        "마지막 은닉층의 뉴런은 저마다 (값 × 가중치)만큼 점수에 더합니다.",
                    ),
                )
            }
            Answer::Number { .. } => (
                both("What each unit adds to the prediction", "뉴런마다 예측에 더한 값"),
                both(
                    "Each unit of the last hidden layer adds its value times its weight, here in the unit of the target.",
                    "마지막 은닉층의 뉴런은 저마다 (값 × 가중치)만큼 예측에 더합니다. 가중치는 예측의 단위로 나타냈습니다.",
                ),
            ),
        };
        if has_pictures {
            hint += &both(
                " The pictures are the pixels that a unit looks for: orange where ink makes it larger, blue where ink makes it \
                smaller.",
                " 그림은 그 뉴런이 찾는 무늬입니다. 주황색은 밝을수록 뉴런의 값이 커지는 화소, 파란색은 작아지는 화소입니다.",
            );
        }
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
}
