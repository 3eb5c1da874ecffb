//! Where a training's report goes, and the command that repeats it.

use crate::arguments::TrainArguments;
use crate::failure::Failure;
use crate::output;
use crate::text;
use retrograde::data::Drawing;
use retrograde::optim::Settings;
use retrograde::train::{Length, Recipe, RunFolder, RunId};
use retrograde::view::report::{Reporter, TrainingReport};
use retrograde::view::{self, FileSignature};
use retrograde::{Error, Result};
use std::path::{Path, PathBuf};

/// The names of the files if none are given.
const PAGE: &str = "report.html";
const CSV: &str = "report.csv";
const EVENTS: &str = "tensorboard";

/// The files and the folder of a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outputs {
    page: Option<PathBuf>,
    csv: Option<PathBuf>,
    events: Option<PathBuf>,
}

impl Outputs {
    /// What was asked for, of the run that is continued or of a new one. What has no name stands in the folder of the run, if there is one; what stands there already
    /// is continued with a run that is continued. Errors when a file was named that cannot be written, before anything is
    /// trained.
    pub fn new(arguments: &TrainArguments, run: Option<RunId>) -> Result<Self, Failure> {
        let folder = arguments.resume.as_deref().or(arguments.out.as_deref());
        let place = |name: &str| folder.map_or_else(|| PathBuf::from(name), |folder| folder.join(name));
        let resumes = arguments.resume.is_some();
        let choose = |asked: &Option<Option<PathBuf>>, name: &str, exists: &dyn Fn(&Path) -> bool| {
            let usual = place(name);
            match asked {
                Some(Some(path)) => Some(path.clone()),
                Some(None) => Some(usual),
                None => Some(usual).filter(|usual| resumes && exists(usual)),
            }
        };
        let outputs = Outputs {
            page: choose(&arguments.report, PAGE, &Path::is_file),
            csv: choose(&arguments.csv, CSV, &Path::is_file),
            events: choose(&arguments.tensorboard, EVENTS, &|folder| Reporter::has_events(folder)),
        };
        for (path, mark) in [(&outputs.page, FileSignature::Report), (&outputs.csv, FileSignature::Figures)] {
            let Some(path) = path else { continue };
            // The folder of a new run is made when it begins.
            if path.parent().is_none_or(|parent| Some(parent) != folder) {
                view::must_be_writable(path).map_err(usage)?;
            }
            output::replaceable(path, mark)?;
            of_this_run(path, folder)?;
        }
        if let Some(events) = &outputs.events {
            Reporter::check_tensorboard(events, run)?;
            of_this_run(events, folder)?;
        }
        Ok(outputs)
    }

    /// Whether there is anything to be written.
    pub fn any(&self) -> bool {
        *self != Outputs::default()
    }

    /// Who writes them.
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

    /// The options that a resumed run takes to go on with them: those in its folder go on by themselves.
    pub fn options(&self, folder: &Path) -> Vec<String> {
        [("report", &self.page, PAGE), ("csv", &self.csv, CSV), ("tensorboard", &self.events, EVENTS)]
            .into_iter()
            .filter_map(|(name, path, usual)| Some((name, path.as_ref()?, usual)))
            .filter(|(_, path, usual)| **path != folder.join(usual))
            .map(|(name, path, _)| format!("--{name} {}", text::typed(path)))
            .collect()
    }

    /// What they are, and where.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let shown = |path: &PathBuf| text::shown(path);
        let board =
            |path: &PathBuf| format!("{}: tensorboard --logdir {}", text::shown(path), text::typed(path));
        [
            ("report", self.page.as_ref().map(shown)),
            ("figures", self.csv.as_ref().map(shown)),
            ("events", self.events.as_ref().map(board)),
        ]
        .into_iter()
        .filter_map(|(name, path)| Some((name, path?)))
        .collect()
    }
}

/// What was typed wrongly, told apart from what the system refuses.
fn usage(error: Error) -> Failure {
    if matches!(error, Error::Invalid { .. }) { Failure::Usage(error) } else { Failure::Library(error) }
}

/// Errors when there is something at `path` already, in the folder of another run than the one in `folder`.
fn of_this_run(path: &Path, folder: Option<&Path>) -> Result<()> {
    let whole = |path: &Path| std::fs::canonicalize(path).ok();
    let around = whole(path).and_then(|path| Some(path.parent()?.to_path_buf()));
    match around {
        Some(around)
            if RunFolder::checkpoint_file(&around).is_file()
                && folder.and_then(whole) != Some(around.clone()) =>
        {
            let problem = format!("it belongs to another training, the run in {}", text::shown(&around));
            Err(Error::invalid(text::shown(path), problem, "choose another name"))
        }
        _ => Ok(()),
    }
}

/// The command that repeats a training: the options that are not as they would be without.
pub fn command(recipe: &Recipe, arguments: &TrainArguments) -> String {
    let usual = Recipe::default();
    let custom = Settings::of(recipe.optimizer.rule);
    let optimizer = recipe.optimizer;
    let hidden: Vec<String> = recipe.hidden.iter().map(usize::to_string).collect();
    let number = |number: Option<f64>| number.map(|number| number.to_string());
    let length = match recipe.length {
        Length::Steps(steps) => ("--steps", steps),
        Length::Epochs(epochs) => ("--epochs", epochs),
    };
    let options = [
        ("--data", Some(recipe.data.to_string())),
        ("--hidden", (recipe.hidden != usual.hidden).then(|| hidden.join(","))),
        ("--activation", (recipe.activation != usual.activation).then(|| recipe.activation.to_string())),
        ("--init", (recipe.init != usual.init).then(|| recipe.init.to_string())),
        ("--precision", (recipe.precision != usual.precision).then(|| recipe.precision.to_string())),
        ("--optimizer", (optimizer.rule != usual.optimizer.rule).then(|| optimizer.rule.to_string())),
        ("--learning-rate", Some(optimizer.learning_rate.to_string())),
        ("--schedule", (recipe.schedule != usual.schedule).then(|| recipe.schedule.to_string())),
        ("--momentum", number(optimizer.momentum.filter(|_| optimizer.momentum != custom.momentum))),
        (
            "--weight-decay",
            (optimizer.weight_decay != custom.weight_decay).then(|| optimizer.weight_decay.to_string()),
        ),
        ("--clip", number(optimizer.clip)),
        ("--batch", (recipe.batch != usual.batch).then(|| recipe.batch.to_string())),
        (length.0, Some(length.1.to_string())),
        ("--seed", Some(recipe.seed.to_string())),
    ];
    let mut words = vec!["retrograde train".to_owned()];
    for (name, value) in options {
        if let Some(value) = value {
            words.push(format!("{name} {}", text::typed(Path::new(&value))));
        }
    }
    if recipe.drawing == Drawing::WithoutReplacement {
        words.push("--without-replacement".to_owned());
    }
    if arguments.report.is_some() {
        words.push("--report".to_owned());
    }
    words.join(" ")
}
