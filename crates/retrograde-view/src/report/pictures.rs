//! The pictures of a report: the weights of the first layer, the confusion matrix, and the most confident errors.

use super::plot::thousands;
use crate::html::{both, escaped};
use crate::summary::rough;
use crate::{HeatMap, Shades};
use retrograde_core::graph::Tensor;
use retrograde_train::data::{Dataset, DatasetDescription};
use retrograde_train::nn::Parameters;
use retrograde_train::train::Classification;
use std::fmt::Write;

/// The largest number of units of the first layer.
const UNITS: usize = 100;
/// The largest total of pixels of one kind of pictures, so that the page stays small for large images.
const PIXELS: usize = 150_000;
/// The number of pictures side by side.
const ACROSS: usize = 10;
/// A confusion matrix with more classes than this is shown as a list of the most frequent confusions.
const MOST_CLASSES: usize = 40;
/// The length of that list.
const CONFUSIONS: usize = 30;

/// The weights of the first layer, one picture per unit: of the first parameter with a row for each pixel. Empty if there
/// is none.
pub(super) fn first_layer(parameters: &Parameters, [rows, columns]: [usize; 2]) -> String {
    let pixels = rows * columns;
    let is_first = |tensor: &Tensor| tensor.shape().rank() == 2 && tensor.shape()[0] == pixels;
    let Some((name, weights)) = parameters.iter().find(|(_, tensor)| is_first(tensor)) else {
        return String::new();
    };
    let units = weights.shape()[1];
    let shown = units.min(UNITS).min(PIXELS / pixels);
    if shown == 0 {
        return String::new();
    }
    let numbers = weights.values();
    let images: Vec<f64> =
        (0..shown).flat_map(|unit| (0..pixels).map(move |pixel| numbers[pixel * units + unit])).collect();
    let largest = images.iter().filter(|x| x.is_finite()).fold(0.0, |most: f64, x| most.max(x.abs()));
    let picture = HeatMap::images(&images, [rows, columns], ACROSS, Shades::signed(largest));
    let (all, some) = (both("all", "전체"), both("the first", "앞쪽"));
    let which = if shown == units { format!("{all} {units}") } else { format!("{some} {shown} / {units}") };
    let hint = both(
        "What each unit of the first layer looks for: orange where ink speaks for it, blue where it speaks against.",
        "첫째 층의 각 뉴런이 찾는 무늬입니다. 주황색은 그 화소가 밝을수록 뉴런이 커지는 곳, 파란색은 작아지는 곳입니다.",
    );
    format!(
        "<section><h2>{}</h2><p class=\"hint\">{hint}</p>\
        <img class=\"weights\" alt=\"\" width=\"{}\" height=\"{}\" src=\"{}\">\
        <p class=\"note\"><code>{}</code>, {which}; ±{}</p></section>",
        both("Weights of the first layer", "첫째 층의 가중치"),
        picture.width(),
        picture.height(),
        picture.address(),
        escaped(name),
        rough(largest),
    )
}

/// The confusion matrix, and the most confident errors.
pub(super) fn confusions(found: &Classification, data: &Dataset) -> String {
    let names = data.description();
    format!(
        "<section><h2>{}</h2><div class=\"cards\"><div class=\"card\">{}</div>{}</div></section>",
        both("What it confuses", "무엇을 혼동하는가"),
        if found.classes <= MOST_CLASSES { matrix(found, names) } else { most_frequent(found, names) },
        mistakes(found, data),
    )
}

fn matrix(found: &Classification, names: &DatasetDescription) -> String {
    let name = |class| escaped(&names.class_name(class));
    let classes = found.classes;
    let wrong = (0..classes * classes).filter(|place| place / classes != place % classes);
    let most_wrong = wrong.map(|place| found.counts[place]).max().unwrap_or(0).max(1);
    let mut text = format!(
        "<h3>{}</h3><p class=\"hint\">{}</p><div class=\"scroll\"><table class=\"matrix\"><thead><tr><td></td>",
        both("Confusion matrix", "혼동 행렬"),
        both(
            "Each row is a true class, each column what the network says. Right answers are on the diagonal.",
            "행은 정답, 열은 신경망의 예측입니다. 대각선이 맞힌 개수입니다.",
        ),
    );
    for class in 0..classes {
        // Writing to a string cannot fail.
        let _ = write!(text, "<th scope=\"col\">{}</th>", name(class));
    }
    text.push_str("</tr></thead><tbody>");
    for label in 0..classes {
        let _ = write!(text, "<tr><th scope=\"row\">{}</th>", name(label));
        let all: u64 = (0..classes).map(|predicted| found.count(label, predicted)).sum();
        for predicted in 0..classes {
            let count = found.count(label, predicted);
            let (class, of) = if label == predicted { ("right", all) } else { ("wrong", most_wrong) };
            let strength = (count as f64 / of.max(1) as f64).sqrt();
            if count == 0 {
                text.push_str("<td class=\"none\">0</td>");
            } else {
                let _ = write!(text, "<td class=\"{class}\" style=\"--s:{strength:.2}\">{count}</td>");
            }
        }
        text.push_str("</tr>");
    }
    text + "</tbody></table></div>"
}

fn most_frequent(found: &Classification, names: &DatasetDescription) -> String {
    let name = |class| escaped(&names.class_name(class));
    let classes = found.classes;
    let mut pairs: Vec<(u64, usize, usize)> = (0..classes * classes)
        .map(|place| (found.counts[place], place / classes, place % classes))
        .filter(|(count, label, predicted)| *count > 0 && label != predicted)
        .collect();
    pairs.sort_by(|a, b| b.cmp(a));
    let mut text =
        format!("<h3>{}</h3><ol class=\"pairs\">", both("Most frequent confusions", "가장 잦은 혼동"));
    for (count, label, predicted) in pairs.into_iter().take(CONFUSIONS) {
        let _ = write!(text, "<li>{} → {}: {}</li>", name(label), name(predicted), thousands(count as f64));
    }
    text + "</ol>"
}

fn mistakes(found: &Classification, data: &Dataset) -> String {
    let samples = data.test();
    let mut text = format!(
        "<div class=\"card\"><h3>{}</h3><p class=\"hint\">{}</p><div class=\"mistakes\">",
        both("Surest mistakes", "가장 확신한 오답"),
        both(
            "Test rows that the network is surest of, and wrong: what they are → what it says.",
            "신경망이 가장 확신하면서도 틀린 시험 데이터입니다. 정답 → 예측, 그리고 예측 확률입니다.",
        ),
    );
    for mistake in found.misclassifications.iter().take(PIXELS / samples.row_len()) {
        let picture = samples.image(mistake.image).zip(samples.image_shape()).map(|(image, [_, columns])| {
            let pixels: Vec<f64> = image.iter().map(|byte| f64::from(*byte)).collect();
            let picture = HeatMap::matrix(&pixels, columns, Shades::gray(0.0, 255.0));
            let (width, height) = (picture.width(), picture.height());
            format!("<img alt=\"\" width=\"{width}\" height=\"{height}\" src=\"{}\">", picture.address())
        });
        let _ = write!(
            text,
            "<figure>{}<figcaption><b>{} → {}</b> {:.1} %</figcaption></figure>",
            picture.unwrap_or_default(),
            escaped(&data.description().class_name(mistake.label)),
            escaped(&data.description().class_name(mistake.predicted)),
            100.0 * mistake.probability,
        );
    }
    if found.misclassifications.is_empty() {
        text.push_str(&both("None: all answers are right.", "오답이 없습니다."));
    }
    text + "</div></div>"
}
