//! The config of a resumed run, and the options that conflict with it.

use crate::arguments::ExplicitOptions;
use crate::failure::eprint_line;
use retrograde::data::Sampling;
use retrograde::kernel::instruction_set;
use retrograde::train::{RunDir, RunId, TrainingConfig};
use retrograde::{Error, Result};
use std::path::Path;

/// The config of the run in `run_dir` with the new length, and its id. An explicit option that differs from the run is an
/// error.
pub fn config(
    run_dir: &Path,
    options: TrainingConfig,
    explicit: &ExplicitOptions<'_>,
) -> Result<(TrainingConfig, Option<RunId>)> {
    let checkpoint = RunDir::read_checkpoint(run_dir)?;
    let Some(stored) = checkpoint.config() else {
        let problem = "it does not contain the settings of its training";
        let help = "resume it with the program that wrote it";
        return Err(Error::format(RunDir::checkpoint_file(run_dir), problem, help));
    };
    let differences: Vec<String> = settings(stored)
        .into_iter()
        .zip(settings(&options))
        .filter(|((field, stored), (_, option))| explicit.contains(field) && stored != option)
        .map(|((field, stored), (_, option))| {
            format!("--{} is {stored}, not {option}", field.replace('_', "-"))
        })
        .collect();
    let (here, before) = (instruction_set(), &checkpoint.fingerprint().instruction_set);
    if !before.is_empty() && before != here {
        let note = "it continues, but not with the same bits";
        eprint_line(&format!("note: the run was trained with {before}, this processor has {here}: {note}"));
    }
    if !differences.is_empty() {
        let problem = format!("its settings differ: {}", differences.join("; "));
        let help = "leave these options out, or start a new run with --out";
        return Err(Error::format(run_dir, problem, help));
    }
    let mut config = stored.clone();
    if explicit.contains("steps") || explicit.contains("epochs") {
        config.length = options.length;
    }
    if explicit.contains("patience") {
        config.patience = options.patience;
    }
    // The data may have moved; its checksum is verified.
    if explicit.contains("data") {
        config.data = options.data;
    }
    Ok((config, checkpoint.run()))
}

/// The settings that must be equal, by the names of their options.
fn settings(config: &TrainingConfig) -> [(&'static str, String); 21] {
    let reading = config.reading.clone().unwrap_or_default();
    let optimizer = &config.optimizer;
    let or_none = |number: Option<f64>| number.map_or("none".to_owned(), |number| number.to_string());
    let hidden: Vec<String> = config.hidden.iter().map(usize::to_string).collect();
    [
        ("hidden", hidden.join(",")),
        ("activation", config.activation.to_string()),
        ("init", config.init.to_string()),
        ("optimizer", optimizer.kind.to_string()),
        ("learning_rate", optimizer.learning_rate.to_string()),
        ("momentum", or_none(optimizer.momentum)),
        ("epsilon", or_none(optimizer.epsilon)),
        ("weight_decay", optimizer.weight_decay.to_string()),
        ("clip", or_none(optimizer.clip)),
        ("schedule", config.schedule.to_string()),
        ("batch", config.batch.to_string()),
        ("accumulate", config.accumulate.to_string()),
        ("without_replacement", (config.sampling == Sampling::WithoutReplacement).to_string()),
        ("seed", config.seed.to_string()),
        ("precision", config.precision.to_string()),
        ("loss", config.loss.as_ref().map_or("that of the task".to_owned(), ToString::to_string)),
        ("target", reading.target.unwrap_or_else(|| "none".to_owned())),
        ("task", reading.task.map_or("that of the target".to_owned(), |task| task.to_string())),
        ("test_fraction", reading.test_fraction.to_string()),
        ("validation_fraction", or_none(config.validation_fraction)),
        ("split_seed", reading.split_seed.to_string()),
    ]
}
