//! `train`: trains a network.

mod allocations;
mod interrupt;
mod json_output;
mod output;
mod report_files;
mod resume;
mod table_output;

use crate::arguments::{ExplicitOptions, SettingsArguments, TrainArguments};
use crate::failure::{Failure, INTERRUPTED};
use allocations::Allocations;
use json_output::JsonOutput;
use output::{Start, TrainingOutput};
use report_files::ReportFiles;
use retrograde::Error;
use retrograde::data::{DataOptions, DataSource, Dataset, Features};
use retrograde::nn::{Model, ModelConfig, NetworkConfig};
use retrograde::train::{Event, Loss, RunDir, RunId, TrainingConfig};
use retrograde::view::report::TrainingReport;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use table_output::TableOutput;

/// A training that is about to start, for its output.
#[derive(Debug)]
pub struct Training {
    /// The settings, with the actual data source.
    pub config: TrainingConfig,
    /// Whether the data source was `auto`.
    pub is_auto: bool,
    /// The data set.
    pub data: Dataset,
    /// The loss.
    pub loss: Loss,
    /// The architecture of the model.
    pub model: Option<ModelConfig>,
    /// The number of parameters.
    pub parameters: usize,
    /// The run directory.
    pub run_dir: Option<PathBuf>,
    /// The files of the report.
    pub report_files: ReportFiles,
}

/// Trains with these arguments.
pub fn run(arguments: &TrainArguments, explicit: &ExplicitOptions<'_>) -> Result<ExitCode, Failure> {
    let options = arguments.config();
    if arguments.threads == Some(0) {
        return Err(Failure::Usage(Error::invalid("--threads", "it is 0", "give at least 1")));
    }
    if arguments.checkpoint_every.is_some() && arguments.out.is_none() && arguments.resume.is_none() {
        let problem = "checkpoints need a folder";
        return Err(Failure::Usage(Error::invalid("--checkpoint-every", problem, "add --out FOLDER")));
    }
    let (config, run) = config(arguments, options, explicit)?;
    let interrupted = interrupt::install()?;

    let is_auto = config.data == DataSource::Auto;
    let run_dir = arguments.resume.as_deref().or(arguments.out.as_deref());
    let (source, data) = config.open_with_scratch(run_dir).map_err(|error| match &arguments.resume {
        Some(_) => Failure::WithNote(
            error,
            "if the data set has moved, set its folder with --data FOLDER".to_owned(),
        ),
        None => Failure::Library(error),
    })?;
    let config = TrainingConfig { data: source, ..config };
    let is_new = arguments.resume.is_none();
    let config = if is_new { for_data(&arguments.settings, config, &data, explicit) } else { config };
    let mut net = network(&config, &data, arguments)?;
    let report_files = ReportFiles::new(arguments, run)?;
    let command = report_files::command(&config, arguments);
    let mut trainer = config.trainer()?.collect_metrics(report_files.any()).profiling(arguments.profile);
    if let Some(threads) = arguments.threads {
        trainer = trainer.threads(threads);
    }
    if let Some(interval) = arguments.checkpoint_every {
        trainer = trainer.checkpoint_every(interval);
    }
    trainer.check_for(&data).map_err(Failure::Usage)?;
    if let Some(run_dir) = &arguments.resume {
        trainer = trainer.resume(run_dir);
    } else if let Some(run_dir) = &arguments.out {
        trainer = trainer.run_dir(run_dir);
    }
    let training = Training {
        loss: trainer.loss_for(&data)?,
        model: net.config(),
        parameters: net.parameters().count(),
        run_dir: arguments.resume.clone().or_else(|| arguments.out.clone()),
        config,
        is_auto,
        data,
        report_files,
    };
    let mut reporter = training.report_files.reporter(TrainingReport::new(&training.data).command(command));

    let mut output: Box<dyn TrainingOutput> = if arguments.json {
        Box::new(JsonOutput::new(&training, arguments.quiet))
    } else {
        Box::new(TableOutput::new(&training, arguments.quiet))
    };
    // A failure of the output stops the training after its step, so that nothing is lost.
    let mut output_failure = None;
    // A failure of the report is reported at the end; a report that cannot start stops the training.
    let (mut report_error, mut report_started) = (None, false);
    let mut allocations = Allocations::default();
    let result = trainer.fit_with(&mut net, &training.data, &mut |event| {
        allocations.event_started(&event);
        if let Err(failure) = forward(&mut *output, event, &allocations) {
            output_failure.get_or_insert(failure);
        }
        match reporter.watch(event) {
            Ok(()) => report_started |= matches!(event, Event::Progress(_)),
            Err(error) => {
                report_error.get_or_insert(error);
            }
        }
        let report_failed = report_error.is_some() && !report_started;
        allocations.event_ended(&event);
        if output_failure.is_some() || report_failed || interrupted.is_raised() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    output.clear();
    let history = result.map_err(|error| failed(error, &training))?;
    if let Some(failure) = output_failure {
        interrupt::report_output_failure(&failure, &history, &training);
        return match failure {
            Failure::OutputClosed => Ok(ExitCode::from(INTERRUPTED)),
            failure => Err(failure),
        };
    }
    if let Some(error) = report_error {
        if !report_started {
            return Err(Failure::Library(error));
        }
        output.done(&history)?;
        return Err(Failure::WithNote(error, "only the report failed, not the training".to_owned()));
    }
    output.done(&history)?;
    Ok(if history.stopped { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS })
}

/// The config of a new run with the defaults for its data, where no option is explicit.
fn for_data(
    arguments: &SettingsArguments,
    config: TrainingConfig,
    data: &Dataset,
    explicit: &ExplicitOptions<'_>,
) -> TrainingConfig {
    let rows = data.train().len();
    match data.train().features() {
        Features::Stored(stored) if !stored.are_bytes() => arguments.for_reals(config, rows, explicit),
        Features::Reals(_) => arguments.for_reals(config, rows, explicit),
        Features::Tokens(_) => arguments.for_texts(config, rows, explicit),
        _ => {
            let batch = if explicit.contains("batch") { config.batch } else { config.batch.min(rows) };
            TrainingConfig { batch, ..config }
        }
    }
}

/// The config of a new run with these options, or that of the run that is resumed, with its id.
fn config(
    arguments: &TrainArguments,
    options: TrainingConfig,
    explicit: &ExplicitOptions<'_>,
) -> Result<(TrainingConfig, Option<RunId>), Failure> {
    if let Some(run_dir) = &arguments.resume {
        return Ok(resume::config(run_dir, options, explicit)?);
    }
    Ok((validated(&arguments.settings, options)?, None))
}

/// The settings of a training, with the defaults for its data, and the data.
///
/// # Errors
/// Those of the settings and of the data.
pub fn settings(
    arguments: &SettingsArguments,
    options: TrainingConfig,
    explicit: &ExplicitOptions<'_>,
) -> Result<(TrainingConfig, Dataset), Failure> {
    let config = validated(arguments, options)?;
    let (source, data) = config.open()?;
    Ok((for_data(arguments, TrainingConfig { data: source, ..config }, &data, explicit), data))
}

/// The config of a new run with its network.
fn validated(arguments: &SettingsArguments, options: TrainingConfig) -> Result<TrainingConfig, Failure> {
    let network = match &arguments.model {
        Some(file) => Some(NetworkConfig::read(file)?),
        None => None,
    };
    let target = options.reading.as_ref().and_then(|reading| reading.target.as_ref());
    let is_table = matches!(&options.data, DataSource::Path(path) if DataOptions::is_table(path));
    if let Some(target) = target.filter(|_| !is_table) {
        let problem = format!("`{target}` is a column of a table, and `{}` is none", options.data);
        let help = "give a table by --data FILE.csv, or leave --target out";
        return Err(Failure::Usage(Error::invalid("--target", problem, help)));
    }
    let options = TrainingConfig { network, ..options };
    options.check().map_err(Failure::Usage)?;
    Ok(options)
}

/// The network with random initial weights, or those of a file.
fn network(
    config: &TrainingConfig,
    data: &Dataset,
    arguments: &TrainArguments,
) -> Result<Box<dyn Model>, Error> {
    let mut net = config.model(data)?;
    if let Some(file) = &arguments.weights {
        net.parameters_mut().load_pytorch(file)?;
    }
    Ok(net)
}

fn forward(
    output: &mut dyn TrainingOutput,
    event: Event<'_>,
    allocations: &Allocations,
) -> Result<(), Failure> {
    match event {
        Event::Begin { done, steps, threads, steps_per_epoch, memory } => {
            let evaluations = (steps - done.min(steps)).div_ceil(steps_per_epoch.max(1));
            output.begin(Start { done, steps, threads, evaluations, memory })
        }
        Event::Step { step, loss } => {
            output.step(step, loss);
            Ok(())
        }
        Event::Epoch(epoch) => output.epoch(epoch),
        Event::Profile(profile) => output.profile(profile, allocations),
        _ => Ok(()),
    }
}

/// The failure of a training, with a note about its checkpoint.
fn failed(error: Error, training: &Training) -> Failure {
    let note = match (&error, &training.run_dir) {
        (Error::Diverged { .. }, Some(run_dir)) => RunDir::read_checkpoint(run_dir).ok().map(|checkpoint| {
            format!("note: {} has the last finite state, of step {}", run_dir.display(), checkpoint.step())
        }),
        _ => None,
    };
    match note {
        Some(note) => Failure::WithNote(error, note),
        None => Failure::Library(error),
    }
}
