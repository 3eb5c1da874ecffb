//! The parts of a page that explain a class: the probabilities, and where the gradient of the loss points.

use super::{FEATURES, PredictionExplanation};
use crate::heat_map::Shades;
use crate::html::{both, escaped};
use crate::summary::rough;
use crate::trace::Value;
use retrograde_core::graph::Tensor;
use retrograde_train::train::Prediction;
use std::fmt::Write;

impl PredictionExplanation {
    /// The probabilities, and the image.
    pub(super) fn class_section(&self, prediction: &Prediction, label: usize, is_known: bool) -> String {
        let Prediction { class, probabilities } = prediction;
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
        let (class, name) = (self.class_name(*class), self.class_name(label));
        let mut verdict = both(
            &format!("The network says <b>{class}</b>."),
            &format!("신경망의 답은 <b>{class}</b>입니다."),
        );
        if is_known && label != prediction.class {
            verdict += &both(&format!(" It should be {name}."), &format!(" 정답은 {name}입니다."));
        }
        format!(
            "<section><h2>{verdict}</h2><div class=\"row\">{}<ol class=\"bars\">{bars}</ol></div></section>",
            self.input_image()
        )
    }

    /// The gradient of the loss by the pixels, or by the features.
    pub(super) fn loss_section(&self, label: usize) -> String {
        let Some(gradient) = self.named("x").and_then(|node| node.gradient.as_deref()) else {
            return String::new();
        };
        if self.image_shape().is_none() {
            return self.slopes_section(gradient, label);
        }
        let negated: Vec<f64> = gradient.values().iter().map(|slope| -slope).collect();
        let loss = self.trace.output().value.scalar().unwrap_or(f64::NAN);
        let label = self.class_name(label);
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

    /// The features with the largest slopes, for rows that are no images.
    fn slopes_section(&self, gradient: &Tensor, label: usize) -> String {
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
        let label = self.class_name(label);
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
