//! `train`: a training from the command line.

mod allocations;
mod face;
mod interrupt;
mod lines;
mod outputs;
mod resume;
mod table;

use crate::arguments::{Given, TrainArguments};
use crate::failure::{Failure, INTERRUPTED};
use allocations::Allocations;
use face::Face;
use lines::Lines;
use outputs::Outputs;
use retrograde::Error;
use retrograde::data::{Dataset, Source};
use retrograde::nn::Model;
use retrograde::train::{Event, Recipe, RunFolder};
use retrograde::view::report::TrainingReport;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use table::Table;

/// A training that is about to begin: all that a face tells of it.
#[derive(Debug)]
pub struct Training {
    /// Its settings; the data is where it really came from.
    pub recipe: Recipe,
    /// Whether the data was left to the program.
    pub chosen: bool,
    /// The data.
    pub data: Dataset,
    /// The widths of all layers.
    pub layers: Vec<usize>,
    /// How many numbers are learned.
    pub parameters: usize,
    /// Where it is kept.
    pub folder: Option<PathBuf>,
    /// Where its report goes.
    pub outputs: Outputs,
}

/// Trains as the arguments say.
pub fn run(arguments: &TrainArguments, given: &Given<'_>) -> Result<ExitCode, Failure> {
    let asked = arguments.recipe();
    if arguments.threads == Some(0) {
        return Err(Failure::Usage(Error::invalid("--threads", "0 threads do nothing", "give one or more")));
    }
    if arguments.checkpoint_every.is_some() && arguments.out.is_none() && arguments.resume.is_none() {
        let problem = "without a folder no checkpoint is written";
        return Err(Failure::Usage(Error::invalid("--checkpoint-every", problem, "add --out FOLDER")));
    }
    let (recipe, run) = if let Some(folder) = &arguments.resume {
        resume::recipe(folder, asked, given)?
    } else {
        asked.check().map_err(Failure::Usage)?;
        (asked, None)
    };
    let interrupted = interrupt::watch()?;

    let chosen = recipe.data == Source::Auto;
    let (source, data) = recipe.data.open().map_err(|error| match &arguments.resume {
        Some(_) => Failure::Noted(
            error,
            "if the run's data is in another place now, say where: --data FOLDER".to_owned(),
        ),
        None => Failure::Library(error),
    })?;
    let recipe = Recipe { data: source, ..recipe };
    let mut net = recipe.model(&data)?;
    let outputs = Outputs::new(arguments, run)?;
    let command = outputs::command(&recipe, arguments);
    let mut trainer = recipe.trainer()?.recording(outputs.any()).profiling(arguments.profile);
    if let Some(threads) = arguments.threads {
        trainer = trainer.threads(threads);
    }
    if let Some(time) = arguments.checkpoint_every {
        trainer = trainer.checkpoint_every(time);
    }
    trainer.check_on(&data).map_err(Failure::Usage)?;
    if let Some(folder) = &arguments.resume {
        trainer = trainer.resume(folder);
    } else if let Some(folder) = &arguments.out {
        trainer = trainer.folder(folder);
    }
    let training = Training {
        layers: net.layout().sizes.clone(),
        parameters: net.parameters().count(),
        folder: arguments.resume.clone().or_else(|| arguments.out.clone()),
        recipe,
        chosen,
        data,
        outputs,
    };
    let mut reporter = training.outputs.reporter(TrainingReport::new(&training.data).command(command));

    let mut face: Box<dyn Face> = if arguments.json {
        Box::new(Lines::new(&training, arguments.quiet))
    } else {
        Box::new(Table::new(&training, arguments.quiet))
    };
    // What the face could not print stops the training after its step, so that nothing is lost.
    let mut unheard = None;
    // What cannot be reported is told at the end; a report that cannot even begin stops the training.
    let (mut unwritten, mut begun) = (None, false);
    let mut allocations = Allocations::default();
    let result = trainer.fit_watched(&mut net, &training.data, &mut |event| {
        allocations.heard(&event);
        if let Err(failure) = show(&mut *face, event, &allocations) {
            unheard.get_or_insert(failure);
        }
        match reporter.watch(event) {
            Ok(()) => begun |= matches!(event, Event::State(_)),
            Err(error) => {
                unwritten.get_or_insert(error);
            }
        }
        let hopeless = unwritten.is_some() && !begun;
        allocations.goes_on(&event);
        if unheard.is_some() || hopeless || interrupted.is_raised() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    face.clear();
    let history = result.map_err(|error| failed(error, &training))?;
    if let Some(failure) = unheard {
        interrupt::tell_unheard(&failure, &history, &training);
        return match failure {
            Failure::Closed => Ok(ExitCode::from(INTERRUPTED)),
            failure => Err(failure),
        };
    }
    if let Some(error) = unwritten {
        if !begun {
            return Err(Failure::Library(error));
        }
        face.done(&history)?;
        return Err(Failure::Noted(error, "this is about the report alone".to_owned()));
    }
    face.done(&history)?;
    Ok(if history.stopped { ExitCode::from(INTERRUPTED) } else { ExitCode::SUCCESS })
}

fn show(face: &mut dyn Face, event: Event<'_>, allocations: &Allocations) -> Result<(), Failure> {
    match event {
        Event::Begin { done, steps, threads, steps_per_epoch } => {
            face.begin(done, steps, threads, (steps - done.min(steps)).div_ceil(steps_per_epoch.max(1)))
        }
        Event::Step { step, loss } => {
            face.step(step, loss);
            Ok(())
        }
        Event::Epoch(record) => face.epoch(record),
        Event::Profile(profile) => face.profile(profile, allocations),
        _ => Ok(()),
    }
}

/// A failed training, with what is left of it.
fn failed(error: Error, training: &Training) -> Failure {
    let kept = match (&error, &training.folder) {
        (Error::Diverged { .. }, Some(folder)) => RunFolder::read_checkpoint(folder).ok().map(|checkpoint| {
            format!("kept: {} has the last good state, of step {}", folder.display(), checkpoint.step())
        }),
        _ => None,
    };
    match kept {
        Some(note) => Failure::Noted(error, note),
        None => Failure::Library(error),
    }
}
