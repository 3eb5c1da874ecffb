//! A diagnosis in a terminal.

use super::curves;
use crate::diagnosis::Diagnosis;
use crate::text::Sentence;
use retrograde_check::Language;
use std::fmt::{self, Write};

/// Columns of a line of text, and of a curve.
const WIDTH: usize = 100;
const CURVE: usize = 60;

impl Diagnosis {
    /// The diagnosis as lines of text: the answer, the evidence, the change to make, and the curves with and without it.
    pub fn text(&self, language: Language) -> String {
        let mut text = String::new();
        let say = |id: &'static str| Sentence::new(id).text(language);
        add(&mut text, 0, &self.answer().text(language));
        if let (Some(cause), Some(evidence)) = (self.cause, &self.evidence) {
            add(&mut text, 0, &format!("{}: {} [{cause}]", say("label-cause"), cause.title().text(language)));
            add(&mut text, 2, &evidence.text(language));
        }
        for suggestion in self.suggestions() {
            add(&mut text, 0, &format!("{}: {}", say("label-help"), suggestion.text(language)));
        }
        if let Some(trial) = &self.repair {
            let proof = if trial.repairs() { "repair-proved" } else { "repair-not-enough" };
            let proof = Sentence::new(proof)
                .with("before", 100.0 * self.outcome.score.value.max(0.0))
                .with("after", 100.0 * trial.outcome.score.value.max(0.0))
                .with("steps", trial.outcome.steps);
            add(&mut text, 2, &proof.text(language));
            let curves = [(say("curve-own"), &self.outcome), (say("curve-repaired"), &trial.outcome)];
            text.push_str(&curves::lines(&curves, CURVE));
        }
        if !self.other_repairs.is_empty() {
            add(&mut text, 0, &say("label-others"));
            for trial in &self.other_repairs {
                let line =
                    format!("- {} ({})", self.changes(trial, language), percent(trial.outcome.score.value));
                add(&mut text, 2, &line);
            }
        }
        if !self.advice.is_empty() {
            add(&mut text, 0, &say("label-advice"));
            for finding in &self.advice {
                add(&mut text, 2, &format!("- {} [{}]", finding.evidence.text(language), finding.cause));
            }
        }
        text
    }
}

fn percent(value: f64) -> String {
    format!("{:.1} %", 100.0 * value.max(0.0))
}

/// Adds a paragraph, broken into lines.
fn add(text: &mut String, indent: usize, paragraph: &str) {
    let mut column = 0;
    for word in paragraph.split(' ') {
        let width = retrograde_base::text_width::columns(word);
        if column > 0 && column + 1 + width > WIDTH - indent {
            text.push('\n');
            column = 0;
        }
        let _ = if column == 0 { write!(text, "{:indent$}{word}", "") } else { write!(text, " {word}") };
        column += width + usize::from(column > 0);
    }
    text.push('\n');
}

impl fmt::Display for Diagnosis {
    /// The English text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(Language::English).trim_end())
    }
}
