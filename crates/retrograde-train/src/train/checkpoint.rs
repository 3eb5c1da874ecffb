//! Checkpoints: the state from which a training resumes bit for bit.

use super::config::{TrainingConfig, is_one, one};
use super::evaluate::Evaluation;
use super::history::{EpochStats, History};
use super::loss::Loss;
use super::metrics::{self, MetricsNote, TrainingMetrics};
use super::run_id::RunId;
use super::trainer::Trainer;
use crate::data::{Dataset, Features, Samples, Targets};
use crate::nn::{MAX_FILE_BYTES, Model, Parameters, Precision, from_bytes, to_bytes};
use crate::optim::Schedule;
use flate2::Crc;
use retrograde_base::error::{Error, Result};
use retrograde_base::files::{read_bounded, write_whole};
use retrograde_base::number::short;
use retrograde_core::graph::Tensor;
use retrograde_core::kernel::instruction_set;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The settings that determine the numbers of a training, apart from its length. A training can only resume from a
/// checkpoint with an equal fingerprint; the instruction set may differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFingerprint {
    /// The architecture: layers, widths and activation.
    pub model: String,
    /// The optimizer and its settings.
    pub optimizer: String,
    /// The initial learning rate.
    pub learning_rate: f64,
    /// The learning rate schedule.
    #[serde(default)]
    pub schedule: Schedule,
    /// The loss.
    #[serde(default, skip_serializing_if = "is_default")]
    pub loss: Loss,
    /// Rows in a batch.
    pub batch: usize,
    /// Batches in a step.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub accumulate: usize,
    /// How batches are sampled: [`Sampling::name`](crate::data::Sampling::name).
    #[serde(rename = "drawing")]
    pub sampling: String,
    /// The random seed of the batches.
    pub seed: u64,
    /// The floating-point precision.
    pub precision: Precision,
    /// The sizes and checksums of the data set.
    pub data: String,
    /// The instruction set of the processor, `""` in older files. Instruction sets round differently: a training resumed on
    /// another one continues, but not with the same bits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instruction_set: String,
}

/// Whether it is the loss of trainings before there were others.
fn is_default(loss: &Loss) -> bool {
    *loss == Loss::default()
}

impl RunFingerprint {
    pub(super) fn new(trainer: &Trainer, model: &impl Model, data: &Dataset) -> Result<Self> {
        Ok(RunFingerprint {
            model: model.description(),
            optimizer: trainer.optimizer.description(),
            learning_rate: trainer.optimizer.learning_rate(),
            schedule: trainer.fixed_schedule(data.train().len())?,
            loss: trainer.loss_for(data)?,
            batch: trainer.batch,
            accumulate: trainer.accumulate,
            sampling: trainer.sampling.name().into(),
            seed: trainer.seed,
            precision: trainer.precision,
            data: describe_data(data)?,
            instruction_set: instruction_set().to_string(),
        })
    }

    /// Checks that `found`, read from `path`, is equal. The error lists all differences.
    pub(super) fn check(&self, found: &RunFingerprint, path: &Path) -> Result<()> {
        let pairs = [
            ("model", self.model.clone(), found.model.clone()),
            ("optimizer", self.optimizer.clone(), found.optimizer.clone()),
            ("learning rate", short(self.learning_rate), short(found.learning_rate)),
            ("schedule", self.schedule.to_string(), found.schedule.to_string()),
            ("loss", self.loss.to_string(), found.loss.to_string()),
            ("batch size", self.batch.to_string(), found.batch.to_string()),
            ("accumulated batches", self.accumulate.to_string(), found.accumulate.to_string()),
            ("sampling", self.sampling.clone(), found.sampling.clone()),
            ("seed", self.seed.to_string(), found.seed.to_string()),
            ("precision", self.precision.to_string(), found.precision.to_string()),
            ("data", self.data.clone(), found.data.clone()),
        ];
        let differences: Vec<String> = pairs
            .into_iter()
            .filter(|(_, own, found)| own != found)
            .map(|(what, own, found)| format!("{what} is `{found}`, not `{own}`"))
            .collect();
        if differences.is_empty() {
            return Ok(());
        }
        let help = "resume with the original settings, or start a new run in another directory";
        Err(Error::format(
            path,
            format!("it is a checkpoint of another training: {}", differences.join("; ")),
            help,
        ))
    }
}

/// The sizes and checksums of a data set.
fn describe_data(data: &Dataset) -> Result<String> {
    let describe = |set: &Samples| -> Result<String> {
        let mut crc = Crc::new();
        let reals = |crc: &mut Crc, numbers: &[f64]| {
            numbers.iter().for_each(|number| crc.update(&number.to_le_bytes()));
        };
        match set.features() {
            Features::Bytes { values, .. } => crc.update(values),
            Features::Reals(matrix) => reals(&mut crc, matrix.values()),
            Features::Tokens(windows) => {
                windows.sequence().iter().for_each(|token| crc.update(&token.to_le_bytes()));
            }
            Features::Stored(rows) => rows.pieces(|bytes, numbers| {
                crc.update(bytes);
                reals(&mut crc, numbers);
            })?,
        }
        match set.targets() {
            Targets::Classes { labels, .. } => {
                labels.iter().for_each(|label| crc.update(&label.to_le_bytes()));
            }
            Targets::Reals(matrix) => reals(&mut crc, matrix.values()),
            // Those of the features.
            Targets::NextTokens { .. } => {}
        }
        reals(&mut crc, set.weights().unwrap_or_default());
        let shape: Vec<String> = set.features().row_shape().iter().map(usize::to_string).collect();
        Ok(format!("{} × {} (crc {:08x})", set.len(), shape.join("×"), crc.sum()))
    };
    let outputs = match data.train().targets() {
        Targets::Classes { classes, .. } => format!("{classes} classes"),
        Targets::Reals(rows) => format!("{} outputs", rows.shape()[1]),
        Targets::NextTokens { vocabulary, .. } => format!("{vocabulary} tokens"),
    };
    let validation = match data.validation() {
        Some(set) => format!(", validation {}", describe(set)?),
        None => String::new(),
    };
    Ok(format!("{outputs}, train {}{validation}, test {}", describe(data.train())?, describe(data.test())?))
}

/// The state of a training: parameters, optimizer states, step and history.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    fingerprint: RunFingerprint,
    step: u64,
    tensors: Parameters,
    history: History,
    config: Option<TrainingConfig>,
    run: Option<RunId>,
}

/// The metadata of a checkpoint file. Its JSON keys are part of the file format.
#[derive(Serialize, Deserialize)]
struct Note {
    format: u32,
    #[serde(rename = "identity")]
    fingerprint: RunFingerprint,
    /// `None` if the trainer was not built from a config.
    #[serde(default, rename = "recipe")]
    config: Option<TrainingConfig>,
    /// `None` if the checkpoint was not written by a run.
    #[serde(default)]
    run: Option<RunId>,
    step: u64,
    epochs: Vec<EpochStats>,
    /// Of a training with a validation set, at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    test: Option<Evaluation>,
    train_seconds: f64,
    evaluation_seconds: f64,
    #[serde(default, rename = "recording_seconds")]
    metrics_seconds: f64,
    /// `None` if the training did not collect metrics.
    #[serde(default, rename = "recording")]
    metrics: Option<MetricsNote>,
}

/// The format version, which increases with each incompatible change.
const FORMAT: u32 = 1;

/// The name of the tensor of losses.
const LOSSES: &str = "history.losses";

impl Checkpoint {
    pub(super) fn new(fingerprint: RunFingerprint, step: u64, tensors: Parameters) -> Self {
        Checkpoint { fingerprint, step, tensors, history: History::default(), config: None, run: None }
    }

    /// The checkpoint with a history.
    pub(super) fn with_history(self, history: &History) -> Self {
        Checkpoint { history: history.clone(), ..self }
    }

    /// The checkpoint with more tensors.
    pub(super) fn with_tensors(mut self, more: &Parameters) -> Self {
        for (name, tensor) in more.iter() {
            self.tensors.insert(name, tensor.clone());
        }
        self
    }

    /// The checkpoint with a training config.
    pub(super) fn with_config(self, config: Option<TrainingConfig>) -> Self {
        Checkpoint { config, ..self }
    }

    /// The checkpoint with the id of its run.
    pub(super) fn with_run(self, run: RunId) -> Self {
        Checkpoint { run: Some(run), ..self }
    }

    /// The fingerprint of the training.
    pub fn fingerprint(&self) -> &RunFingerprint {
        &self.fingerprint
    }

    /// The number of steps done.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Parameters and optimizer states, by name.
    pub fn tensors(&self) -> &Parameters {
        &self.tensors
    }

    /// The history of the training.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The training config, if the trainer was built from one.
    pub fn config(&self) -> Option<&TrainingConfig> {
        self.config.as_ref()
    }

    /// The id of the run that wrote it.
    pub fn run(&self) -> Option<RunId> {
        self.run
    }

    /// Writes the checkpoint to a file, atomically.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let mut history = Parameters::new();
        history.insert(LOSSES, Tensor::from(self.history.losses.clone()));
        let note = Note {
            format: FORMAT,
            fingerprint: self.fingerprint.clone(),
            config: self.config.clone(),
            run: self.run,
            step: self.step,
            epochs: self.history.epochs.clone(),
            test: self.history.test,
            train_seconds: self.history.train_seconds,
            evaluation_seconds: self.history.evaluation_seconds,
            metrics_seconds: self.history.metrics_seconds,
            metrics: self.history.metrics.as_ref().map(|metrics| metrics.store(&mut history)),
        };
        let note = serde_json::to_string(&note)
            .map_err(|error| Error::invalid("checkpoint", error.to_string(), "give finite settings"))?;
        // The values of a training are written in its precision, which represents them exactly.
        let tensors = self.tensors.in_precision(self.fingerprint.precision);
        let bytes = to_bytes(tensors.chain(history.in_precision(Precision::F64)), &note)?;
        write_whole(path.as_ref(), &bytes)
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, [`Error::Format`] if it is not a valid checkpoint.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_bounded(path, MAX_FILE_BYTES)?;
        let (found, note) = from_bytes(&bytes, path)?;
        let help = "give a checkpoint written by training";
        let note: Note = note
            .ok_or_else(|| Error::format(path, "it is not a checkpoint: its metadata is missing", help))
            .and_then(|note| {
                serde_json::from_str(&note)
                    .map_err(|error| Error::format(path, format!("its metadata is damaged ({error})"), help))
            })?;
        if note.format != FORMAT {
            let problem = format!("its format version is {}, expected {FORMAT}", note.format);
            return Err(Error::format(path, problem, "use the program version that wrote it"));
        }
        let mut tensors = Parameters::new();
        let mut losses = Vec::new();
        let metrics = note
            .metrics
            .map(|note| {
                let problem = "its training metrics are incomplete";
                TrainingMetrics::restore(note, &found).ok_or_else(|| Error::format(path, problem, help))
            })
            .transpose()?;
        for (name, tensor) in found.iter() {
            if name == LOSSES {
                losses = tensor.values().to_vec();
            } else if !metrics::TENSORS.contains(&name) {
                tensors.insert(name, tensor.clone());
            }
        }
        if losses.len() as u64 != note.step {
            let problem = format!("it has {} losses for {} steps", losses.len(), note.step);
            return Err(Error::format(path, problem, help));
        }
        let history = History {
            losses,
            epochs: note.epochs,
            test: note.test,
            train_seconds: note.train_seconds,
            evaluation_seconds: note.evaluation_seconds,
            metrics_seconds: note.metrics_seconds,
            metrics,
            ..History::default()
        };
        let Note { fingerprint, step, config, run, .. } = note;
        Ok(Checkpoint { fingerprint, step, tensors, history, config, run })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metadata of format 1. The names of fields may change, the JSON keys may not.
    #[test]
    fn the_json_keys_are_those_of_the_format() {
        let metadata = serde_json::json!({
            "format": 1,
            "identity": {
                "model": "mlp 784-50-10 relu", "optimizer": "sgd", "learning_rate": 0.1, "schedule": "constant",
                "batch": 100, "drawing": "WithoutReplacement", "seed": 0, "precision": "f32", "data": "digits",
            },
            "recipe": {
                "data": "mnist-5k", "hidden": [50], "activation": "relu", "init": "normal:0.01", "optimizer": "sgd",
                "learning_rate": 0.1, "momentum": null, "weight_decay": 0.0, "clip": null, "schedule": "constant",
                "batch": 100, "drawing": "without_replacement", "length": { "steps": 10 }, "seed": 0,
                "precision": "f32",
            },
            "run": 7, "step": 0, "epochs": [], "train_seconds": 0.0, "evaluation_seconds": 0.0,
            "recording_seconds": 0.0,
            "recording": {
                "every": 100, "parameters": [], "layers": [], "widths": [], "images": 0,
                "classification": { "classes": 1, "counts": [1], "mistakes": [] },
            },
        });
        let note: Note = serde_json::from_value(metadata.clone()).expect("metadata of format 1");
        assert_eq!(serde_json::to_value(&note).expect("JSON"), metadata);
    }

    /// The loss of a whole set can be NaN or infinite while the losses of the batches are finite.
    #[test]
    fn losses_that_are_not_finite_survive_a_checkpoint() -> Result<()> {
        let fingerprint = RunFingerprint {
            model: "mlp".into(),
            optimizer: "sgd".into(),
            learning_rate: 0.1,
            schedule: Schedule::constant(),
            loss: Loss::default(),
            batch: 100,
            accumulate: 1,
            sampling: "WithReplacement".into(),
            seed: 0,
            precision: Precision::F32,
            data: "digits".into(),
            instruction_set: "plain".into(),
        };
        let losses = [f64::NAN, f64::INFINITY, 0.25];
        let epochs = losses.map(|loss| {
            let score = Evaluation { accuracy: Some(0.1), ..Evaluation::of_loss(loss) };
            EpochStats { epoch: 1.0, step: 1, loss, train: score, validation: None, test: Some(score) }
        });
        let history = History { losses: vec![f64::NAN], epochs: epochs.to_vec(), ..History::default() };
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("checkpoint.safetensors");
        Checkpoint::new(fingerprint, 1, Parameters::new()).with_history(&history).write(&path)?;
        let read = Checkpoint::read(&path)?;
        let bits = |history: &History| -> Vec<u64> {
            let epochs = history.epochs.iter();
            epochs
                .flat_map(|epoch| [epoch.loss, epoch.train.loss, epoch.held_out().loss])
                .map(f64::to_bits)
                .collect()
        };
        assert_eq!(bits(read.history()), bits(&history));
        assert_eq!(read.history().losses[0].to_bits(), f64::NAN.to_bits());
        Ok(())
    }
}
