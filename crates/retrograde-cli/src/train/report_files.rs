//! The files of a training's report, and the command that repeats the training.

use crate::arguments::TrainArguments;
use crate::failure::Failure;
use crate::output;
use crate::text;
use retrograde::data::{DataOptions, DecimalMark, MissingValues, Sampling, UnseenCategories};
use retrograde::optim::OptimizerConfig;
use retrograde::train::{Length, RunDir, RunId, TrainingConfig};
use retrograde::view::report::{Reporter, TrainingReport};
use retrograde::view::{self, FileSignature};
use retrograde::{Error, Result};
use std::path::{Path, PathBuf};

/// The default names.
const PAGE: &str = "report.html";
const CSV: &str = "report.csv";
const EVENTS: &str = "tensorboard";

/// The files and the folder of a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportFiles {
    page: Option<PathBuf>,
    csv: Option<PathBuf>,
    events: Option<PathBuf>,
}

impl ReportFiles {
    /// The files set by the options. Files without a name are in the run directory. A resumed run continues files that exist
    /// there.
    ///
    /// # Errors
    /// If a file cannot be written, before the training starts.
    pub fn new(arguments: &TrainArguments, run: Option<RunId>) -> Result<Self, Failure> {
        let run_dir = arguments.resume.as_deref().or(arguments.out.as_deref());
        let default_path =
            |name: &str| run_dir.map_or_else(|| PathBuf::from(name), |run_dir| run_dir.join(name));
        let resumes = arguments.resume.is_some();
        let choose = |option: &Option<Option<PathBuf>>, name: &str, exists: &dyn Fn(&Path) -> bool| {
            let default = default_path(name);
            match option {
                Some(Some(path)) => Some(path.clone()),
                Some(None) => Some(default),
                None => Some(default).filter(|default| resumes && exists(default)),
            }
        };
        let files = ReportFiles {
            page: choose(&arguments.report, PAGE, &Path::is_file),
            csv: choose(&arguments.csv, CSV, &Path::is_file),
            events: choose(&arguments.tensorboard, EVENTS, &|folder| Reporter::has_events(folder)),
        };
        for (path, signature) in [(&files.page, FileSignature::Report), (&files.csv, FileSignature::Figures)]
        {
            let Some(path) = path else { continue };
            // The directory of a new run is created later.
            if path.parent().is_none_or(|parent| Some(parent) != run_dir) {
                view::must_be_writable(path).map_err(usage_error)?;
            }
            output::expect_replaceable(path, signature)?;
            expect_same_run(path, run_dir)?;
        }
        if let Some(events) = &files.events {
            Reporter::check_tensorboard(events, run)?;
            expect_same_run(events, run_dir)?;
        }
        Ok(files)
    }

    /// Whether there are any files.
    pub fn any(&self) -> bool {
        *self != ReportFiles::default()
    }

    /// The reporter that writes the files.
    pub fn reporter<'a>(&self, report: TrainingReport<'a>) -> Reporter<'a> {
        let mut reporter = Reporter::new(report);
        if let Some(path) = &self.page {
            reporter = reporter.page(path);
        }
        if let Some(path) = &self.csv {
            reporter = reporter.csv(path);
        }
        if let Some(folder) = &self.events {
            reporter = reporter.tensorboard(folder);
        }
        reporter
    }

    /// The options with which a resumed run continues the files outside of its directory.
    pub fn options(&self, run_dir: &Path) -> Vec<String> {
        [("report", &self.page, PAGE), ("csv", &self.csv, CSV), ("tensorboard", &self.events, EVENTS)]
            .into_iter()
            .filter_map(|(name, path, default)| Some((name, path.as_ref()?, default)))
            .filter(|(_, path, default)| **path != run_dir.join(default))
            .map(|(name, path, _)| format!("--{name} {}", text::shell_quoted(path)))
            .collect()
    }

    /// Names and paths, for display.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let shown = |path: &PathBuf| text::shown(path);
        let tensorboard = |path: &PathBuf| {
            format!("{}: tensorboard --logdir {}", text::shown(path), text::shell_quoted(path))
        };
        [
            ("report", self.page.as_ref().map(shown)),
            ("figures", self.csv.as_ref().map(shown)),
            ("events", self.events.as_ref().map(tensorboard)),
        ]
        .into_iter()
        .filter_map(|(name, path)| Some((name, path?)))
        .collect()
    }
}

/// An invalid option is a usage error; other errors are not.
fn usage_error(error: Error) -> Failure {
    if matches!(error, Error::Invalid { .. }) { Failure::Usage(error) } else { Failure::Library(error) }
}

/// Checks that an existing `path` is not in the directory of a run other than `run_dir`.
fn expect_same_run(path: &Path, run_dir: Option<&Path>) -> Result<()> {
    let canonical = |path: &Path| std::fs::canonicalize(path).ok();
    let parent = canonical(path).and_then(|path| Some(path.parent()?.to_path_buf()));
    match parent {
        Some(parent)
            if RunDir::checkpoint_file(&parent).is_file()
                && run_dir.and_then(canonical) != Some(parent.clone()) =>
        {
            let problem = format!("it belongs to another training, the run in {}", text::shown(&parent));
            Err(Error::invalid(text::shown(path), problem, "choose another name"))
        }
        _ => Ok(()),
    }
}

/// The command that repeats a training: all options other than defaults.
pub fn command(config: &TrainingConfig, arguments: &TrainArguments) -> String {
    let default = TrainingConfig::default();
    let optimizer_default = OptimizerConfig::default_for(config.optimizer.kind);
    let optimizer = config.optimizer;
    let hidden: Vec<String> = config.hidden.iter().map(usize::to_string).collect();
    let number = |number: Option<f64>| number.map(|number| number.to_string());
    let length = match config.length {
        Length::Steps(steps) => ("--steps", steps),
        Length::Epochs(epochs) => ("--epochs", epochs),
    };
    let reading = config.reading.clone().unwrap_or_default();
    // A resumed run has its network, and not the name of its file.
    let model = arguments.settings.model.as_ref().map(|file| file.display().to_string());
    let model = model.or_else(|| config.network.as_ref().map(|_| "MODEL.toml".to_owned()));
    let options = [
        ("--data", Some(config.data.to_string())),
        ("--target", reading.target.clone()),
        ("--task", reading.task.map(|task| task.to_string())),
        ("--features", reading.features.as_ref().map(|columns| columns.join(","))),
        ("--exclude", (!reading.excluded.is_empty()).then(|| reading.excluded.join(","))),
        (
            "--test-fraction",
            (reading.test_fraction != DataOptions::default().test_fraction)
                .then(|| reading.test_fraction.to_string()),
        ),
        ("--validation-fraction", number(config.validation_fraction)),
        ("--split-seed", (reading.split_seed != 0).then(|| reading.split_seed.to_string())),
        ("--delimiter", reading.delimiter.map(String::from)),
        ("--encoding", reading.encoding.clone()),
        (
            "--decimal",
            reading
                .decimal_mark
                .map(|mark| if mark == DecimalMark::Comma { "comma".into() } else { "point".into() }),
        ),
        (
            "--context",
            (reading.context != DataOptions::default().context).then(|| reading.context.to_string()),
        ),
        ("--image-size", reading.image_size.map(|[rows, columns]| format!("{rows}x{columns}"))),
        ("--loss", config.loss.as_ref().map(ToString::to_string)),
        ("--patience", config.patience.map(|epochs| epochs.to_string())),
        ("--model", model),
        ("--hidden", (config.hidden != default.hidden).then(|| hidden.join(","))),
        ("--activation", (config.activation != default.activation).then(|| config.activation.to_string())),
        ("--init", (config.init != default.init).then(|| config.init.to_string())),
        ("--weights", arguments.weights.as_ref().map(|file| file.display().to_string())),
        ("--precision", (config.precision != default.precision).then(|| config.precision.to_string())),
        ("--optimizer", (optimizer.kind != default.optimizer.kind).then(|| optimizer.kind.to_string())),
        ("--learning-rate", Some(optimizer.learning_rate.to_string())),
        ("--schedule", (config.schedule != default.schedule).then(|| config.schedule.to_string())),
        (
            "--momentum",
            number(optimizer.momentum.filter(|_| optimizer.momentum != optimizer_default.momentum)),
        ),
        ("--epsilon", number(optimizer.epsilon)),
        (
            "--weight-decay",
            (optimizer.weight_decay != optimizer_default.weight_decay)
                .then(|| optimizer.weight_decay.to_string()),
        ),
        ("--clip", number(optimizer.clip)),
        ("--batch", (config.batch != default.batch).then(|| config.batch.to_string())),
        ("--accumulate", (config.accumulate != default.accumulate).then(|| config.accumulate.to_string())),
        (length.0, Some(length.1.to_string())),
        ("--seed", Some(config.seed.to_string())),
    ];
    let mut words = vec!["retrograde train".to_owned()];
    for (name, value) in options {
        if let Some(value) = value {
            words.push(format!("{name} {}", text::shell_quoted(Path::new(&value))));
        }
    }
    let switches = [
        ("--without-replacement", config.sampling == Sampling::WithoutReplacement),
        ("--keep-best", config.keep_best),
        ("--no-standardize", !reading.standardize),
        ("--refuse-missing", reading.missing == MissingValues::Refuse),
        ("--ignore-unseen", reading.unseen == UnseenCategories::Zeros),
        ("--in-pieces", reading.in_pieces),
        ("--no-header", reading.header == Some(false)),
    ];
    words.extend(switches.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| (*name).to_owned()));
    if arguments.report.is_some() {
        words.push("--report".to_owned());
    }
    words.join(" ")
}
