//! The plots of a report: their series, their descriptions, and the numbers that the page reads out.

use super::metrics::{Metric, Series};
use super::plot::{Class, Curve, DASHES, SIZE, Unit, draw};
use crate::html::{both, escaped};
use crate::summary::rough;
use retrograde_base::error::Result;
use serde_json::{Value, json};
use std::fmt::Write;

/// The largest number of points of a curve.
const POINTS: usize = 300;
/// In a plot of more curves than this, each has fewer points.
const ENOUGH: usize = 12;

/// The plots of some metrics side by side; their numbers are added to `numbers`. Plots without a series are omitted.
pub(super) fn plots(
    metrics: &[Metric],
    all: &[Series],
    steps: u64,
    numbers: &mut Vec<(String, Value)>,
) -> Result<String> {
    let mut text = String::from("<div class=\"cards\">");
    for &metric in metrics {
        let series: Vec<&Series> = all.iter().filter(|series| series.metric == metric).collect();
        if !series.is_empty() {
            text += &card(metric, &series, steps, numbers)?;
        }
    }
    Ok(text + "</div>")
}

fn card(
    metric: Metric,
    series: &[&Series],
    steps: u64,
    numbers: &mut Vec<(String, Value)>,
) -> Result<String> {
    let mut curves = Vec::new();
    let mut legend = String::new();
    // A page of a hundred parameters stays as small as one of four.
    let most = (POINTS * ENOUGH / series.len().max(ENOUGH)).max(20);
    for (series, class) in series.iter().zip(looks(series)) {
        let is_pale = class.color.is_none();
        let points = if is_pale { series.means(most) } else { series.thinned(most) };
        let newest = points.last().map_or(f64::NAN, |point| point.1);
        // Writing to a string cannot fail.
        let _ = write!(
            legend,
            "<li><svg viewBox=\"0 0 24 8\" aria-hidden=\"true\"><path class=\"{}\" d=\"M1 4H23\"/></svg>{} \
            <output>{}</output></li>",
            class.name(),
            name(series, points.len()),
            if unit(metric) == Unit::Share { format!("{:.2} %", 100.0 * newest) } else { rough(newest) },
        );
        curves.push(Curve { class, points });
    }
    let shown: Vec<Value> = curves.iter().map(numbers_of).collect();
    if metric == Metric::UpdateRatio {
        // The healthy range, by a rule of thumb.
        let class = Class { color: None, dashes: 1 };
        curves.push(Curve { class, points: vec![(0, 1e-3), (steps.max(1), 1e-3)] });
    }
    let plot = draw(&curves, steps, unit(metric))?;
    let plan = json!({
        "size": [SIZE.0, SIZE.1],
        "plane": plot.plane,
        "steps": plot.steps,
        "values": plot.values,
        "logarithmic": plot.logarithmic,
        "share": unit(metric) == Unit::Share,
        "curves": shown,
    });
    numbers.push((metric.name().to_string(), plan));
    let (title, hint) = words(metric);
    Ok(format!(
        "<figure class=\"card plot\" data-figure=\"{}\"><h3>{title}</h3><p class=\"hint\">{hint}</p>\
        <div class=\"plane\" tabindex=\"0\">{}<i class=\"cursor\"></i></div><p class=\"axis-name\">{}</p>\
        <ul class=\"legend\">{legend}</ul></figure>",
        metric.name(),
        plot.svg,
        both("steps", "반복 횟수"),
    ))
}

fn numbers_of(curve: &Curve) -> Value {
    let steps: Vec<u64> = curve.points.iter().map(|point| point.0).collect();
    let values: Vec<f64> = curve.points.iter().map(|point| point.1).collect();
    json!({ "steps": steps, "values": values })
}

fn unit(metric: Metric) -> Unit {
    match metric {
        Metric::Accuracy | Metric::TopKAccuracy | Metric::DeadUnits => Unit::Share,
        Metric::GradientNorm | Metric::UpdateRatio => Unit::Logarithm,
        Metric::Loss | Metric::MeanAbsoluteError => Unit::Falling,
        Metric::Auc | Metric::R2 | Metric::LearningRate | Metric::WeightNorm => Unit::Number,
    }
}

/// A color for each layer, a dash pattern for each of its parameters; series of a batch are pale.
fn looks(series: &[&Series]) -> Vec<Class> {
    // The layers so far, with their number of parameters.
    let mut layers: Vec<(&str, u8)> = Vec::new();
    let mut classes = Vec::new();
    for series in series {
        if series.of == "batch" {
            classes.push(Class { color: None, dashes: 0 });
            continue;
        }
        let layer = series.of.rsplit_once('.').map_or(&*series.of, |(layer, _)| layer);
        let place = layers.iter().position(|(other, _)| *other == layer).unwrap_or(layers.len());
        if place == layers.len() {
            layers.push((layer, 0));
        }
        classes.push(Class { color: Some(place as u8), dashes: layers[place].1 });
        layers[place].1 = (layers[place].1 + 1) % DASHES;
    }
    classes
}

/// The label of a series.
fn name(series: &Series, points: usize) -> String {
    match series.of.as_str() {
        "batch" => {
            let run = series.points.len().div_ceil(points.max(1));
            let (english, korean) = match run {
                0 | 1 => ("batch".to_string(), "배치".to_string()),
                _ => (format!("batch, mean of {run} steps"), format!("배치, {run}회 반복의 평균")),
            };
            both(&english, &korean)
        }
        "train" => both("training data", "훈련 데이터"),
        "validation" => both("validation data", "검증 데이터"),
        "test" => both("test data", "시험 데이터"),
        "step" => both("learning rate", "학습률"),
        other => format!("<code>{}</code>", escaped(other)),
    }
}

/// The title and the description of a plot.
fn words(metric: Metric) -> (String, String) {
    let (title, hint) = match metric {
        Metric::Loss => (
            ("Loss", "손실"),
            (
                "How wrong the network is. If the line of the test data turns up again while that of the training data \
                falls, the network learns by heart.",
                "신경망이 얼마나 틀렸는지를 나타냅니다. 훈련 데이터의 손실은 줄어드는데 시험 데이터의 손실이 다시 커지면 \
                과대적합입니다.",
            ),
        ),
        Metric::Accuracy => (
            ("Accuracy", "정확도"),
            (
                "The share of right answers. The gap between the lines is what was learned by heart.",
                "맞힌 답의 비율입니다. 두 곡선의 차이가 과대적합의 정도입니다.",
            ),
        ),
        Metric::TopKAccuracy => (
            ("Top-k accuracy", "Top-k 정확도"),
            (
                "The share of rows whose right class is among the k likeliest.",
                "정답이 확률이 가장 높은 k개의 클래스 안에 든 행의 비율입니다.",
            ),
        ),
        Metric::Auc => (
            ("Area under the ROC curve", "ROC 곡선 아래 면적"),
            (
                "How well the two classes are told apart: 1 at best, 0.5 by chance.",
                "두 클래스를 얼마나 잘 구별하는지를 나타냅니다. 가장 좋으면 1, 무작위이면 0.5입니다.",
            ),
        ),
        Metric::R2 => (
            ("R²", "결정 계수 R²"),
            (
                "The share of the variance that is explained: 1 at best, 0 for always predicting the mean.",
                "모델이 설명하는 분산의 비율입니다. 가장 좋으면 1, 항상 평균을 예측하면 0입니다.",
            ),
        ),
        Metric::MeanAbsoluteError => (
            ("Mean absolute error", "평균 절대 오차"),
            (
                "How far predictions are from the targets on average, in their unit.",
                "예측값과 정답의 평균 차이입니다. 단위는 정답과 같습니다.",
            ),
        ),
        Metric::LearningRate => (
            ("Learning rate", "학습률"),
            (
                "How far a step goes against the gradient.",
                "한 번의 갱신에서 기울기 반대 방향으로 얼마나 움직이는지입니다.",
            ),
        ),
        Metric::GradientNorm => (
            ("Gradient norms", "기울기의 크기"),
            (
                "One line a parameter. A line that falls to nothing: that layer no longer learns. One that shoots up: \
                the training is about to diverge.",
                "매개변수마다 한 곡선입니다. 0으로 떨어지면 그 계층은 더 이상 학습하지 않고(기울기 소실), 치솟으면 곧 \
                발산합니다(기울기 폭발).",
            ),
        ),
        Metric::WeightNorm => (
            ("Weight norms", "가중치의 크기"),
            (
                "How large the parameters have become. Weight decay keeps them small.",
                "매개변수의 크기(노름)입니다. 가중치 감소를 쓰면 작게 유지됩니다.",
            ),
        ),
        Metric::UpdateRatio => (
            ("Update-to-weight ratios", "갱신량과 가중치의 비"),
            (
                "How far a step moves a parameter, as a share of it. About 10⁻³, the dashed line, is healthy; far above, \
                the learning rate is too large, far below, too small.",
                "한 번의 갱신이 매개변수를 얼마나 바꾸는지의 비율입니다. 점선인 10⁻³ 부근이 알맞고, 훨씬 크면 학습률이 \
                너무 크고 훨씬 작으면 너무 작습니다.",
            ),
        ),
        Metric::DeadUnits => (
            ("Dead units", "죽은 뉴런"),
            (
                "The share of units whose output was the same for each of the last 500 rows or more. A dead unit \
                learns nothing any more.",
                "최근 500장 이상의 이미지에 대해 출력이 변하지 않은 뉴런의 비율입니다. 죽은 뉴런은 더 이상 학습하지 \
                않습니다.",
            ),
        ),
    };
    (both(title.0, title.1), both(hint.0, hint.1))
}
