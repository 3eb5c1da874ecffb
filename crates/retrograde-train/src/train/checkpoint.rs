//! All that a training needs to continue bit for bit.

use super::history::{EpochRecord, History};
use super::recipe::Recipe;
use super::recording::{self, Recording, RecordingNote};
use super::run_id::RunId;
use super::trainer::Trainer;
use crate::data::{Dataset, Samples};
use crate::nn::{LARGEST_FILE, Model, Parameters, Precision, from_bytes, to_bytes};
use crate::optim::Schedule;
use flate2::Crc;
use retrograde_base::error::{Error, Result};
use retrograde_base::files::{read_bounded, write_whole};
use retrograde_base::number::short;
use retrograde_core::graph::Tensor;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a training is, apart from how far it has come. Only a checkpoint with an equal identity can be continued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// The model's make: its layers, widths and activation.
    pub model: String,
    /// The optimiser and its settings.
    pub optimizer: String,
    /// The learning rate at the start.
    pub learning_rate: f64,
    /// How it changes.
    #[serde(default)]
    pub schedule: Schedule,
    /// Rows in a batch.
    pub batch: usize,
    /// How batches are drawn.
    pub drawing: String,
    /// The seed from which batches are drawn.
    pub seed: u64,
    /// The precision of the numbers.
    pub precision: Precision,
    /// The data set: its sizes and a checksum.
    pub data: String,
}

impl Identity {
    pub(super) fn new(trainer: &Trainer, model: &impl Model, data: &Dataset) -> Result<Self> {
        Ok(Identity {
            model: model.description(),
            optimizer: trainer.optimizer.description(),
            learning_rate: trainer.optimizer.learning_rate(),
            schedule: trainer.fixed_schedule(data.train().len())?,
            batch: trainer.batch,
            drawing: format!("{:?}", trainer.drawing),
            seed: trainer.seed,
            precision: trainer.precision,
            data: fingerprint(data),
        })
    }

    /// Errors with all differences when `found`, read from `path`, is another.
    pub(super) fn check(&self, found: &Identity, path: &Path) -> Result<()> {
        let pairs = [
            ("the model", self.model.clone(), found.model.clone()),
            ("the optimiser", self.optimizer.clone(), found.optimizer.clone()),
            ("the learning rate", short(self.learning_rate), short(found.learning_rate)),
            ("its schedule", self.schedule.to_string(), found.schedule.to_string()),
            ("the batch size", self.batch.to_string(), found.batch.to_string()),
            ("the drawing of batches", self.drawing.clone(), found.drawing.clone()),
            ("the seed", self.seed.to_string(), found.seed.to_string()),
            ("the precision", self.precision.to_string(), found.precision.to_string()),
            ("the data", self.data.clone(), found.data.clone()),
        ];
        let differences: Vec<String> = pairs
            .into_iter()
            .filter(|(_, here, there)| here != there)
            .map(|(what, here, there)| format!("{what} is `{there}` there and `{here}` here"))
            .collect();
        if differences.is_empty() {
            return Ok(());
        }
        let help = "continue with the settings it was made with, or begin anew in another folder";
        Err(Error::format(path, format!("it belongs to another training: {}", differences.join("; ")), help))
    }
}

/// Sizes and a checksum of a data set.
fn fingerprint(data: &Dataset) -> String {
    let describe = |samples: &Samples| {
        let mut crc = Crc::new();
        crc.update(samples.images());
        for label in samples.labels().iter() {
            crc.update(&label.to_le_bytes());
        }
        let [rows, columns] = samples.image_shape();
        format!("{} × {rows}×{columns} (crc {:08x})", samples.len(), crc.sum())
    };
    format!("{} classes, train {}, test {}", data.classes(), describe(data.train()), describe(data.test()))
}

/// All that a training needs to continue bit for bit: parameters, the optimiser's states, the step, the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    identity: Identity,
    step: u64,
    tensors: Parameters,
    history: History,
    recipe: Option<Recipe>,
    run: Option<RunId>,
}

/// What a checkpoint's file says beside its tensors.
#[derive(Serialize, Deserialize)]
struct Note {
    format: u32,
    identity: Identity,
    /// None in what was trained without one.
    #[serde(default)]
    recipe: Option<Recipe>,
    /// None in what no run wrote.
    #[serde(default)]
    run: Option<RunId>,
    step: u64,
    epochs: Vec<EpochRecord>,
    train_seconds: f64,
    evaluation_seconds: f64,
    #[serde(default)]
    recording_seconds: f64,
    /// None in what was trained without one.
    #[serde(default)]
    recording: Option<RecordingNote>,
}

/// The format's number, to be raised when files of it can no longer be read by what reads the last.
const FORMAT: u32 = 1;

/// The losses' name in the file.
const LOSSES: &str = "history.losses";

impl Checkpoint {
    pub(super) fn new(identity: Identity, step: u64, tensors: Parameters) -> Self {
        Checkpoint { identity, step, tensors, history: History::default(), recipe: None, run: None }
    }

    /// With the history so far.
    pub(super) fn with_history(self, history: &History) -> Self {
        Checkpoint { history: history.clone(), ..self }
    }

    /// With the recipe it was trained by.
    pub(super) fn with_recipe(self, recipe: Option<Recipe>) -> Self {
        Checkpoint { recipe, ..self }
    }

    /// Of this run.
    pub(super) fn with_run(self, run: RunId) -> Self {
        Checkpoint { run: Some(run), ..self }
    }

    /// What training it belongs to.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// How many steps are done.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Parameters and states, by name.
    pub fn tensors(&self) -> &Parameters {
        &self.tensors
    }

    /// The history so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The recipe it was trained by, if there was one.
    pub fn recipe(&self) -> Option<&Recipe> {
        self.recipe.as_ref()
    }

    /// The run that wrote it, if one did.
    pub fn run(&self) -> Option<RunId> {
        self.run
    }

    /// Writes it, whole or not at all.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut tensors = self.tensors.clone();
        tensors.insert(LOSSES, Tensor::from(self.history.losses.clone()));
        let note = Note {
            format: FORMAT,
            identity: self.identity.clone(),
            recipe: self.recipe.clone(),
            run: self.run,
            step: self.step,
            epochs: self.history.epochs.clone(),
            train_seconds: self.history.train_seconds,
            evaluation_seconds: self.history.evaluation_seconds,
            recording_seconds: self.history.recording_seconds,
            recording: self.history.recording.as_ref().map(|recording| recording.store(&mut tensors)),
        };
        let note = serde_json::to_string(&note)
            .map_err(|error| Error::invalid("a checkpoint", error.to_string(), "give finite settings"))?;
        // 64 bits hold the numbers of either precision exactly.
        write_whole(path.as_ref(), &to_bytes(&tensors, Precision::F64, Some(&note))?)
    }

    /// Reads one.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_bounded(path, LARGEST_FILE)?;
        let (found, note) = from_bytes(&bytes, path)?;
        let help = "give a checkpoint written by training";
        let note: Note = note
            .ok_or_else(|| Error::format(path, "it is no checkpoint: it does not say of what training", help))
            .and_then(|note| {
                serde_json::from_str(&note).map_err(|error| {
                    Error::format(path, format!("its description is damaged ({error})"), help)
                })
            })?;
        if note.format != FORMAT {
            let problem =
                format!("it has the format {}, and this program reads format {FORMAT}", note.format);
            return Err(Error::format(path, problem, "use the version of the program that wrote it"));
        }
        let mut tensors = Parameters::new();
        let mut losses = Vec::new();
        let recording = note
            .recording
            .map(|note| {
                let problem = "what it recorded is not whole";
                Recording::restore(note, &found).ok_or_else(|| Error::format(path, problem, help))
            })
            .transpose()?;
        for (name, tensor) in found.iter() {
            if name == LOSSES {
                losses = tensor.values().to_vec();
            } else if !recording::TENSORS.contains(&name) {
                tensors.insert(name, tensor.clone());
            }
        }
        if losses.len() as u64 != note.step {
            let problem = format!("it has the losses of {} steps and says {}", losses.len(), note.step);
            return Err(Error::format(path, problem, help));
        }
        let history = History {
            losses,
            epochs: note.epochs,
            train_seconds: note.train_seconds,
            evaluation_seconds: note.evaluation_seconds,
            recording_seconds: note.recording_seconds,
            recording,
            ..History::default()
        };
        let Note { identity, step, recipe, run, .. } = note;
        Ok(Checkpoint { identity, step, tensors, history, recipe, run })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Evaluation;

    /// The loss of a set can be no number, or infinite, while those of the batches are finite.
    #[test]
    fn losses_that_are_no_numbers_come_back() -> Result<()> {
        let identity = Identity {
            model: "mlp".into(),
            optimizer: "sgd".into(),
            learning_rate: 0.1,
            schedule: Schedule::constant(),
            batch: 100,
            drawing: "WithReplacement".into(),
            seed: 0,
            precision: Precision::F32,
            data: "digits".into(),
        };
        let losses = [f64::NAN, f64::INFINITY, 0.25];
        let epochs = losses.map(|loss| {
            let score = Evaluation { loss, accuracy: 0.1 };
            EpochRecord { epoch: 1.0, step: 1, loss, train: score, test: score }
        });
        let history = History { losses: vec![f64::NAN], epochs: epochs.to_vec(), ..History::default() };
        let place = tempfile::tempdir().expect("a temporary folder");
        let path = place.path().join("checkpoint.safetensors");
        Checkpoint::new(identity, 1, Parameters::new()).with_history(&history).write(&path)?;
        let read = Checkpoint::read(&path)?;
        let numbers = |history: &History| -> Vec<u64> {
            let records = history.epochs.iter();
            records
                .flat_map(|record| [record.loss, record.train.loss, record.test.loss])
                .map(f64::to_bits)
                .collect()
        };
        assert_eq!(numbers(read.history()), numbers(&history));
        assert_eq!(read.history().losses[0].to_bits(), f64::NAN.to_bits());
        Ok(())
    }
}
