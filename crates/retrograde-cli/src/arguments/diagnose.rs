//! The options of `diagnose`.

use super::SettingsArguments;
use clap::Args;
use retrograde::check::Language;
use std::path::PathBuf;

pub(super) const DIAGNOSE_ABOUT: &str = "\
Why does a training not learn? The earliest cause, its evidence in numbers, and the change that repairs it.

The training is that of a run (--model FOLDER), or is described by the options of `train`: data, network, optimizer, loss and \
length. It is run from its initial weights and looked at: output and loss against the targets, rows and batches, the first \
gradients and steps, the curvature of the loss. If it stays behind a reference with settings that are known to work, each \
setting is changed alone, with the same rows and seeds, and the runs show which change repairs it.

Nothing is called a fault for its looks: a fault needs a bad outcome, and a proof or a run that repairs it.";

pub(super) const DIAGNOSE_EXAMPLES: &str = "\
Examples:
  retrograde diagnose --model run                              the training of a run
  retrograde diagnose --learning-rate 20                       the notebook's training with another rate
  retrograde diagnose --data iris.csv --target species --optimizer sgd --learning-rate 1e-5
  retrograde diagnose --model run --html why.html              as a page with the curves
  retrograde diagnose --model run --language ko                in Korean

Exit codes: 0 no fault, 1 fault, 2 any error.";

#[derive(Debug, Args)]
pub struct DiagnoseArguments {
    #[command(flatten)]
    pub settings: SettingsArguments,

    /// About how many seconds the diagnosis may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Output")]
    pub budget: u64,
    /// The language of the diagnosis [default: from `RETROGRADE_LANG` or the locale]
    #[arg(long, value_name = "en|ko", value_parser = ["en", "ko"], help_heading = "Output")]
    language: Option<String>,
    /// Write the diagnosis as a self-contained HTML file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub html: Option<PathBuf>,
    /// JSON Lines output
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

impl DiagnoseArguments {
    /// The language of the diagnosis: the option, or that of the locale.
    pub fn language(&self) -> Language {
        super::language(self.language.as_deref())
    }
}
