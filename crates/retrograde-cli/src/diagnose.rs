//! `diagnose`: why a training does not learn.

use crate::arguments::{DiagnoseArguments, ExplicitOptions};
use crate::failure::Failure;
use crate::json::JsonEvent;
use crate::output;
use crate::run_data::RunData;
use crate::train;
use retrograde::check::Language;
use retrograde::data::Dataset;
use retrograde::diagnose::{Options, Training, Verdict, diagnose};
use retrograde::train::{RunDir, TrainingConfig};
use retrograde::view::{self, FileSignature};
use retrograde::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Diagnoses the training of a run, or of settings.
pub fn run(arguments: &DiagnoseArguments, explicit: &ExplicitOptions<'_>) -> Result<ExitCode, Failure> {
    if let Some(path) = &arguments.html {
        view::must_be_writable(path)?;
        output::expect_replaceable(path, FileSignature::DiagnosisPage)?;
    }
    let (config, data) = match run_of(arguments) {
        Some(folder) => of_run(&folder)?,
        None => train::settings(&arguments.settings, arguments.settings.config(), explicit)?,
    };
    let training = Training::of_config(&config, &data).map_err(Failure::Usage)?;
    let options = Options { budget: Duration::from_secs(arguments.budget), ..Options::default() };
    let diagnosis = diagnose(&training, &options)?;
    let language = arguments.language();
    let printed = if arguments.json {
        let text = Language::ALL.map(|language| (language.code(), diagnosis.text(language)));
        JsonEvent::Diagnosis { diagnosis: &diagnosis, text: text.into() }.print()
    } else {
        output::line(diagnosis.text(language).trim_end())
    };
    match printed {
        // A closed standard output does not change the exit code.
        Ok(()) | Err(Failure::OutputClosed) => {}
        Err(failure) => return Err(failure),
    }
    if let Some(path) = &arguments.html {
        diagnosis.save_html(path)?;
    }
    Ok(if diagnosis.verdict == Verdict::Fault { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The folder of a run, if `--model` is one and not a model file.
fn run_of(arguments: &DiagnoseArguments) -> Option<PathBuf> {
    let model = arguments.settings.model.as_ref()?;
    let folder = if model.is_dir() { Some(model.as_path()) } else { model.parent() };
    let is_description = model.extension().is_some_and(|extension| extension == "toml");
    folder.filter(|folder| !is_description && RunDir::checkpoint_file(folder).is_file()).map(Path::to_owned)
}

/// The settings of a run, and its data.
fn of_run(folder: &Path) -> Result<(TrainingConfig, Dataset), Failure> {
    let RunData { data, config, .. } = RunData::open(folder, None)?;
    let config = config.ok_or_else(|| {
        let problem = format!("`{}` does not have the settings of its training", folder.display());
        Failure::Usage(Error::invalid("--model", problem, "give the folder of a run of `train --out`"))
    })?;
    Ok((config, data))
}
