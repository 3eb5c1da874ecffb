//! The page of a report: one self-contained file.

use super::curves::plots;
use super::metrics::{Metric, series};
use super::pictures;
use super::plot::thousands;
use crate::FileSignature;
use crate::html::{both, escaped, script_safe};
use crate::summary::rough;
use retrograde_base::clock::SystemTime;
use retrograde_base::error::{Error, Result};
use retrograde_base::number::short;
use retrograde_base::page::{COMMON_SCRIPT, HEAD, LANGUAGE_SCRIPT, REPORT_STYLE, THEME};
use retrograde_core::kernel;
use retrograde_train::data::Dataset;
use retrograde_train::train::{EpochStats, Progress, Status};
use serde_json::{Map, Value};
use std::fmt::Write;
use std::time::Duration;

/// The largest number of rows of the table of epochs.
const ROWS: usize = 200;

/// A training's report as a page.
#[derive(Debug)]
pub struct TrainingReport<'a> {
    data: &'a Dataset,
    command: Option<String>,
    begun: SystemTime,
}

impl<'a> TrainingReport<'a> {
    /// The report of a training on this data that begins now.
    pub fn new(data: &'a Dataset) -> Self {
        TrainingReport { data, command: None, begun: SystemTime::now() }
    }

    /// Sets the command that repeats the training.
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// The page of a training in this state: HTML with embedded style, script, plots and pictures. It requests no other
    /// resource.
    pub fn html(&self, progress: &Progress<'_>) -> Result<String> {
        let history = progress.history;
        let all = series(history);
        let done = history.steps().max(history.last().map_or(0, |epoch| epoch.step));
        let mut numbers = Vec::new();
        let learning: Vec<Metric> = [Metric::Loss].into_iter().chain(Metric::SCORES).collect();
        let mut curves = plots(&learning, &all, done, &mut numbers)?;
        // A constant learning rate is listed with the settings.
        let is_told = |metric: &Metric| {
            learning.contains(metric)
                || *metric == Metric::LearningRate && progress.fingerprint.schedule.is_constant()
        };
        let inside: Vec<Metric> = Metric::ALL.into_iter().filter(|metric| !is_told(metric)).collect();
        if all.is_empty() {
            curves =
                both("The first numbers come after a few steps.", "몇 번 반복한 뒤에 첫 수치가 나타납니다.");
        } else if history.metrics.is_some() {
            let insides = plots(&inside, &all, done, &mut numbers)?;
            let _ = write!(
                curves,
                "</section><section><h2>{}</h2><p class=\"hint\">{}</p>{insides}",
                both("Inside the network", "신경망의 내부"),
                sampling(progress)
            );
        }
        let metrics = history.metrics.as_ref();
        let classification = metrics.and_then(|metrics| metrics.classification.as_ref());
        let confusions =
            classification.map_or_else(String::new, |found| pictures::confusions(found, self.data));
        let numbers = serde_json::to_string(&numbers.into_iter().collect::<Map<String, Value>>())
            .map_err(|error| Error::invalid("a report", error.to_string(), "give finite numbers"))?;
        let (running, status) = status(progress);
        let model = escaped(&progress.fingerprint.model);
        Ok(format!(
            "<!doctype html>\n<html lang=\"en\" data-running=\"{running}\" data-written=\"{now}\">\n\
            <head>\n{HEAD}{mark}\n<title>{model} – Retrograde</title>\n\
            <style>{THEME}{REPORT_STYLE}</style></head>\n<body>\n<header><div><h1>{title}</h1><p class=\"subtitle\"><code>{model}</code> · <code>{data}</code></p></div>\
            <nav><button type=\"button\" id=\"language\" lang=\"ko\">한국어</button>\
            <button type=\"button\" id=\"theme\">◐</button></nav></header>\n\
            <main>{status}{tiles}<section><h2>{learns}</h2>{curves}</section>\n{confusions}\n{weights}\n{facts}</main>\n\
            <footer>Retrograde {version}</footer>\n\
            <script type=\"application/json\" id=\"numbers\">{numbers}</script>\n<script>{COMMON_SCRIPT}{LANGUAGE_SCRIPT}{SCRIPT}</script>\n</body></html>\n",
            mark = FileSignature::Report.text(),
            now = milliseconds(SystemTime::now()),
            title = both("Training report", "학습 보고서"),
            data = escaped(self.data.name()),
            tiles = tiles(progress),
            learns = both("How it learns", "학습 곡선"),
            weights = self
                .data
                .image_shape()
                .map_or_else(String::new, |shape| { pictures::first_layer(progress.parameters, shape) }),
            facts = self.facts(progress),
            version = env!("CARGO_PKG_VERSION"),
            numbers = script_safe(&numbers),
        ))
    }

    /// The configuration, data, versions, times, the command, and the table of epochs.
    fn facts(&self, progress: &Progress<'_>) -> String {
        let (fingerprint, history) = (progress.fingerprint, progress.history);
        let sets = [Some(self.data.train()), self.data.validation(), Some(self.data.test())];
        let sets: Vec<String> = sets.iter().flatten().map(|set| thousands(set.len() as f64)).collect();
        let (rows, size) = match self.data.image_shape() {
            Some([rows, columns]) => (both("images", "장"), format!("{rows} × {columns}")),
            None => {
                (both("rows", "행"), format!("{} {}", self.data.train().row_len(), both("features", "특성")))
            }
        };
        let data = format!(
            "<code>{}</code>: {} {rows}, {size}<br><small><code>{}</code></small>",
            escaped(self.data.name()),
            sets.join(" + "),
            escaped(&fingerprint.data)
        );
        let numbers = progress.parameters.count() as f64;
        let optimizer = format!(
            "<code>{}</code>, {} {}, {}",
            escaped(&fingerprint.optimizer),
            both("learning rate", "학습률"),
            short(fingerprint.learning_rate),
            if fingerprint.schedule.is_constant() {
                both("constant", "일정")
            } else {
                format!("<code>{}</code>", escaped(&fingerprint.schedule.to_string()))
            },
        );
        let drawing = match fingerprint.sampling.as_str() {
            "WithReplacement" => both("drawn with replacement", "복원 추출"),
            "WithoutReplacement" => both("drawn without replacement", "비복원 추출"),
            other => escaped(other),
        };
        let batch = match fingerprint.accumulate {
            1 => format!("{}, {drawing}", fingerprint.batch),
            batches => format!("{batches} × {}, {drawing}", fingerprint.batch),
        };
        let system = format!(
            "<code>Retrograde {}, {} {}, {}</code>, {} {}",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH,
            kernel::instruction_set(),
            history.threads,
            both(if history.threads == 1 { "thread" } else { "threads" }, "스레드"),
        );
        let took = format!(
            "{} {:.2} s, {} {:.2} s, {} {:.2} s",
            both("steps", "반복"),
            history.train_seconds,
            both("evaluation", "평가"),
            history.evaluation_seconds,
            both("recording", "기록"),
            history.metrics_seconds
        );
        let pairs = [
            (
                ("Network", "신경망"),
                format!(
                    "<code>{}</code>, {} {}",
                    escaped(&fingerprint.model),
                    thousands(numbers),
                    both("parameters", "개의 매개변수")
                ),
            ),
            (("Optimiser", "최적화 기법"), optimizer),
            (("Loss", "손실 함수"), format!("<code>{}</code>", escaped(&fingerprint.loss.to_string()))),
            (("Batch", "배치"), batch),
            (("Seed", "난수 시드"), fingerprint.seed.to_string()),
            (("Precision", "정밀도"), fingerprint.precision.to_string()),
            (("Data", "데이터"), data),
            (("Program", "프로그램"), system),
            (("Begun", "시작"), moment(self.begun)),
            (("Written", "작성"), moment(SystemTime::now())),
            (("Times", "시간"), took),
        ];
        let mut text = format!("<section><h2>{}</h2><dl>", both("The training", "학습 설정"));
        for ((english, korean), value) in pairs {
            // Writing to a string cannot fail.
            let _ = write!(text, "<dt>{}</dt><dd>{value}</dd>", both(english, korean));
        }
        text.push_str("</dl>");
        if let Some(command) = &self.command {
            let title = both("The command that repeats it", "같은 학습을 다시 하는 명령");
            let _ = write!(text, "<h3>{title}</h3><pre><code>{}</code></pre>", escaped(command));
        }
        text + &epochs(&history.epochs) + "</section>"
    }
}

/// Whether the training is running, and the status line.
fn status(progress: &Progress<'_>) -> (bool, String) {
    let (done, all) = (thousands(progress.history.steps() as f64), thousands(progress.steps as f64));
    let share = 100.0 * progress.history.steps() as f64 / progress.steps.max(1) as f64;
    let (class, text) = match progress.status {
        Status::Running => (
            "running",
            both(
                &format!("Under way: step {done} of {all}. This page renews itself."),
                &format!("학습 중입니다: {all}회 중 {done}회. 이 페이지는 저절로 새로 고쳐집니다."),
            ),
        ),
        Status::Complete => (
            "complete",
            both(&format!("Complete: {done} steps."), &format!("학습을 마쳤습니다: {done}회 반복.")),
        ),
        Status::Stopped => (
            "stopped",
            both(
                &format!("Interrupted after step {done} of {all}."),
                &format!("{all}회 중 {done}회에서 중단되었습니다."),
            ),
        ),
        Status::Failed(error) => (
            "failed",
            format!(
                "{}: <samp>{}</samp>",
                both(
                    &format!("Failed after step {done} of {all}"),
                    &format!("{all}회 중 {done}회 뒤에 실패했습니다")
                ),
                escaped(&format!("{error:?}")).replace('\n', "<br>")
            ),
        ),
    };
    let bar = format!("<i style=\"width:{share:.2}%\"></i>");
    (class == "running", format!("<p class=\"status {class}\"><span>{text}</span>{bar}</p>"))
}

/// The summary.
fn tiles(progress: &Progress<'_>) -> String {
    let history = progress.history;
    let named = |english: &str, korean: &str| (english.to_owned(), korean.to_owned());
    let mut tiles: Vec<((String, String), String)> = Vec::new();
    if let Some(last) = history.last() {
        // With a validation set the test set is evaluated once, at the end.
        let test = last.test.or(history.test);
        let sets = [
            ("Test", "시험", test),
            ("Validation", "검증", last.validation),
            ("Training", "훈련", Some(last.train)),
        ];
        for (of, korean, evaluation) in sets {
            let Some(evaluation) = evaluation else { continue };
            if let Some(accuracy) = evaluation.accuracy {
                let name = (format!("{of} accuracy"), format!("{korean} 정확도"));
                tiles.push((name, format!("{:.2} %", 100.0 * accuracy)));
            }
            if let Some(r2) = evaluation.r2 {
                tiles.push(((format!("{of} R²"), format!("{korean} R²")), format!("{r2:.4}")));
            }
        }
        if let Some(error) = test.and_then(|test| test.mean_absolute_error) {
            let name = ("Test error".to_owned(), "시험 평균 절대 오차".to_owned());
            tiles.push((name, rough(error)));
        }
        for (english, korean, evaluation) in
            [("Test loss", "시험 손실", test), ("Validation loss", "검증 손실", last.validation)]
        {
            tiles.extend(evaluation.map(|found| (named(english, korean), format!("{:.4}", found.loss))));
        }
        tiles.push((named("Epochs", "에폭"), format!("{:.1}", last.epoch)));
    }
    tiles.push((named("Steps", "반복 횟수"), thousands(history.steps() as f64)));
    if history.timed_steps > 0 {
        let time = format!("{:.0} µs", history.microseconds_per_step());
        tiles.push((named("Time of a step", "반복 한 번의 시간"), time));
    }
    let mut text = String::from("<ul class=\"tiles\">");
    for ((english, korean), value) in tiles {
        let _ = write!(text, "<li><b>{value}</b> {}</li>", both(&english, &korean));
    }
    text + "</ul>"
}

/// The sampling interval of the metrics, and their cost.
fn sampling(progress: &Progress<'_>) -> String {
    let history = progress.history;
    let every = history.metrics.as_ref().map_or(0, |metrics| metrics.every);
    let share = 100.0 * history.metrics_seconds / history.train_seconds.max(1e-9);
    let cost = |before: &str, behind: &str| {
        if history.timed_steps < 100 { String::new() } else { format!("{before}{share:.1}{behind}") }
    };
    both(
        &format!(
            "Looked at in the first steps and then at every {every}th step{}.",
            cost(", which took ", " % of the time of training")
        ),
        &format!("처음 몇 번과 그 뒤로 {every}번째 반복마다 기록했습니다{}.", cost(" (학습 시간의 ", " %)")),
    )
}

/// The table of epochs, in full precision.
fn epochs(epochs: &[EpochStats]) -> String {
    if epochs.is_empty() {
        return String::new();
    }
    let every = epochs.len().div_ceil(ROWS);
    let mut text = format!(
        "<details><summary>{}</summary><div class=\"scroll\"><table class=\"epochs\"><thead><tr>",
        both("The numbers of the epochs", "에폭별 수치")
    );
    for (english, korean) in [
        ("epoch", "에폭"),
        ("step", "반복"),
        ("loss while training", "학습 중 손실"),
        ("training loss", "훈련 손실"),
    ] {
        let _ = write!(text, "<th>{}</th>", both(english, korean));
    }
    // All epochs have the scores of the task.
    let names: Vec<(&str, &str)> = epochs[0].train.scores().map(|(name, _)| score_words(name)).collect();
    let held_out = match epochs[0].validation {
        Some(_) => ("validation", "검증"),
        None => ("test", "시험"),
    };
    for (english, korean) in &names {
        let _ = write!(text, "<th>{}</th>", both(&format!("training {english}"), &format!("훈련 {korean}")));
    }
    let (of, korean_of) = held_out;
    let _ = write!(text, "<th>{}</th>", both(&format!("{of} loss"), &format!("{korean_of} 손실")));
    for (english, korean) in &names {
        let name = both(&format!("{of} {english}"), &format!("{korean_of} {korean}"));
        let _ = write!(text, "<th>{name}</th>");
    }
    text.push_str("</tr></thead><tbody>");
    for (number, record) in epochs.iter().enumerate() {
        if number % every != (epochs.len() - 1) % every {
            continue;
        }
        let EpochStats { epoch, step, loss, train, .. } = record;
        let _ = write!(text, "<tr><td>{epoch:.2}</td><td>{step}</td><td>{loss}</td>");
        for evaluation in [*train, record.held_out()] {
            let _ = write!(text, "<td>{}</td>", evaluation.loss);
            for (_, score) in evaluation.scores() {
                let _ = write!(text, "<td>{score}</td>");
            }
        }
        text.push_str("</tr>");
    }
    text + "</tbody></table></div></details>"
}

/// The words for a score in both languages.
fn score_words(name: &str) -> (&'static str, &'static str) {
    match name {
        "accuracy" => ("accuracy", "정확도"),
        "top_k_accuracy" => ("top-k accuracy", "Top-k 정확도"),
        "auc" => ("AUC", "AUC"),
        "r2" => ("R²", "R²"),
        _ => ("error", "평균 절대 오차"),
    }
}

fn milliseconds(time: SystemTime) -> u128 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis()
}

/// A timestamp: UTC here, the reader's local time after the page's script has run.
fn moment(time: SystemTime) -> String {
    let milliseconds = milliseconds(time);
    let seconds = (milliseconds / 1000) as i64;
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": a year begins in March, so that the leap day is
    // its last, and 400 years are an era.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (rest / 3600, rest % 3600 / 60);
    format!(
        "<time data-milliseconds=\"{milliseconds}\">{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC</time>"
    )
}

const SCRIPT: &str = include_str!("page.js");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00"),
            (951_782_400, "2000-02-29 00:00"),
            (1_709_251_199, "2024-02-29 23:59"),
            (1_735_689_600, "2025-01-01 00:00"),
        ] {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert!(moment(time).contains(text), "{seconds} is not {}", moment(time));
        }
    }
}
