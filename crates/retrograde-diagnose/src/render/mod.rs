//! A diagnosis as text, and as a part of a page.

mod curves;
mod html;
mod text;

use crate::diagnosis::{Diagnosis, Verdict};
use crate::search::{Change, Trial};
use crate::text::{Sentence, numeral};
use retrograde_check::Language;

impl Diagnosis {
    /// The answer in one sentence.
    pub fn answer(&self) -> Sentence {
        Sentence::new(match self.verdict {
            Verdict::Healthy => "healthy",
            Verdict::Fault => "fault",
            Verdict::NoVerdictYet => "no-verdict-yet",
            Verdict::NoSignal => "no-signal",
        })
        .with("score", 100.0 * self.outcome.score.value.max(0.0))
        .with("constant", 100.0 * self.outcome.score.constant)
        .with("steps", self.outcome.steps)
    }

    /// What to change, one sentence for each change of the repair.
    pub fn suggestions(&self) -> Vec<Sentence> {
        self.repair.iter().flat_map(|trial| &trial.changes).map(|change| self.suggestion(*change)).collect()
    }

    /// A change as a sentence.
    fn suggestion(&self, change: Change) -> Sentence {
        let settings = &self.settings;
        match change {
            Change::OwnStep => Sentence::new("change-step"),
            Change::FittingOutput => {
                Sentence::new("change-output").with("loss", settings.fitting_loss.clone())
            }
            Change::MeanLoss => Sentence::new("change-mean"),
            Change::AddActivations => Sentence::new("change-add-activations"),
            Change::LeakyRelu => Sentence::new("change-leaky"),
            Change::HeWeights => Sentence::new("change-weights"),
            Change::StandardizedInputs => Sentence::new("change-inputs"),
            Change::StandardizedTargets => Sentence::new("change-targets"),
            Change::NoPenalty => Sentence::new("change-penalty"),
            Change::NoDropout => Sentence::new("change-dropout"),
            Change::Shuffled => Sentence::new("change-shuffle"),
            Change::Rate(factor) => Sentence::new("change-rate")
                .with("from", numeral(settings.rate))
                .with("to", numeral(settings.rate * factor)),
            Change::Steps(factor) => Sentence::new("change-steps")
                .with("from", settings.steps)
                .with("to", settings.steps.saturating_mul(factor)),
            Change::Adam => Sentence::new("change-adam"),
            Change::Batch(rows) => Sentence::new("change-batch").with("to", rows),
            Change::Wider(factor) => Sentence::new("change-width").with("factor", factor),
        }
    }

    /// The changes of a trial in a line.
    fn changes(&self, trial: &Trial, language: Language) -> String {
        let changes = trial.changes.iter().map(|change| self.suggestion(*change).text(language));
        changes.map(|text| text.trim_end_matches('.').to_owned()).collect::<Vec<_>>().join(" + ")
    }
}
