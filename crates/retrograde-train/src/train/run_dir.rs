//! The directory of a run: its model, its checkpoint, and a lock.
//!
//! | file | what it is |
//! | --- | --- |
//! | `model.safetensors` | the parameters, named `affine1.weight` and so on, with the architecture as metadata |
//! | `checkpoint.safetensors` | the state to resume from |
//! | `data.json` | the task, the names of classes and features, and what makes features of new rows |
//! | `run.lock` | locked while a run writes here; the system releases the lock when the process ends |

use super::checkpoint::Checkpoint;
use super::described::description_in;
use crate::data::DatasetDescription;
use crate::nn::{Model, Parameters, load_model};
use retrograde_base::error::{Error, Result};
use retrograde_base::files::{read_bounded, remove_stale, write_whole};
use retrograde_base::printable::shown;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// The largest description that is read.
const MAX_DESCRIPTION_BYTES: u64 = 1 << 28;

/// The directory of a run, locked until this is dropped.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    _lock: File,
}

impl RunDir {
    /// Opens the directory of a run for writing, and creates it if necessary. Removes temporary files of killed runs.
    ///
    /// # Errors
    /// [`Error::Busy`] if another run is writing there, [`Error::File`] if it cannot be written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        std::fs::create_dir_all(path).map_err(|error| Error::file("create", path, error))?;
        let lock = path.join("run.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .map_err(|error| Error::file("write", &lock, error))?;
        match file.try_lock() {
            Ok(()) => {
                remove_stale(path);
                Ok(RunDir { path: path.to_path_buf(), _lock: file })
            }
            Err(TryLockError::WouldBlock) => Err(Error::Busy { path: path.to_path_buf() }),
            Err(TryLockError::Error(error)) => Err(Error::file("lock", &lock, error)),
        }
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model file in a run directory.
    pub fn model_file(dir: impl AsRef<Path>) -> PathBuf {
        dir.as_ref().join("model.safetensors")
    }

    /// The checkpoint file in a run directory.
    pub fn checkpoint_file(dir: impl AsRef<Path>) -> PathBuf {
        dir.as_ref().join("checkpoint.safetensors")
    }

    /// The file that describes the data of a run.
    pub fn description_file(dir: impl AsRef<Path>) -> PathBuf {
        dir.as_ref().join("data.json")
    }

    /// Writes what is known of the data.
    pub(super) fn describe(&self, description: &DatasetDescription) -> Result<()> {
        let text = serde_json::to_vec_pretty(description)
            .map_err(|error| Error::invalid("data", error.to_string(), "give finite numbers"))?;
        write_whole(&Self::description_file(&self.path), &text)
    }

    /// What is known of the data of the model at `path`: a run directory, a model file in one, or a file of
    /// [`save_described`](super::save_described). None for a model without a run, or of a version that did not write it.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, [`Error::Format`] if it is damaged.
    pub fn description(path: impl AsRef<Path>) -> Result<Option<DatasetDescription>> {
        let path = path.as_ref();
        if path.is_file()
            && let Some(found) = description_in(path)?
        {
            return Ok(Some(found));
        }
        let dir = if path.is_dir() { Some(path) } else { path.parent() };
        let Some(file) = dir.map(Self::description_file).filter(|file| file.is_file()) else {
            return Ok(None);
        };
        let bytes = read_bounded(&file, MAX_DESCRIPTION_BYTES)?;
        let damaged = |error: serde_json::Error| {
            let help = "give the directory of a run, as training wrote it";
            Error::format(&file, format!("it does not describe data ({error})"), help)
        };
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    /// Reads the model at `path`: a run directory or a model file.
    ///
    /// # Errors
    /// [`Error::Format`] if there is no valid model, or a parameter is not finite.
    pub fn model(path: impl AsRef<Path>) -> Result<Box<dyn Model>> {
        let path = path.as_ref();
        let help = "give a run directory or a model file";
        if !path.exists() {
            return Err(Error::format(path, "there is no such file or directory", help));
        }
        let file = if path.is_dir() { Self::model_file(path) } else { path.to_path_buf() };
        if path.is_dir() && !file.is_file() {
            return Err(Error::format(path, "it does not contain `model.safetensors`", help));
        }
        let net = load_model(&file)?;
        match not_finite(net.parameters()) {
            None => Ok(net),
            Some(problem) => {
                let help = "train it again with a smaller learning rate, or give another model";
                Err(Error::format(file, problem, help))
            }
        }
    }

    /// Reads the checkpoint in a run directory without locking it.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is none, and as [`Checkpoint::read`].
    pub fn read_checkpoint(dir: impl AsRef<Path>) -> Result<Checkpoint> {
        Self::expect_run(dir.as_ref())?;
        Checkpoint::read(Self::checkpoint_file(dir))
    }

    /// Checks that a directory has a checkpoint.
    pub(super) fn expect_run(dir: &Path) -> Result<()> {
        if Self::checkpoint_file(dir).is_file() {
            return Ok(());
        }
        let problem = "`checkpoint.safetensors` is missing";
        let what = format!("run directory {}", shown(dir));
        Err(Error::invalid(what, problem, "give the directory of an earlier run"))
    }

    /// Reads the checkpoint. Errors are those of [`Checkpoint::read`].
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        Checkpoint::read(Self::checkpoint_file(&self.path))
    }

    /// Checks that the directory does not contain a run, which would be overwritten.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it does.
    pub fn expect_new(&self) -> Result<()> {
        let checkpoint = Self::checkpoint_file(&self.path);
        let model = Self::model_file(&self.path);
        let Some(found) = [checkpoint, model].into_iter().find(|file| file.exists()) else {
            return Ok(());
        };
        let problem = format!("it already contains a run (`{}`)", shown(found));
        let help = "resume the run, or choose another directory";
        Err(Error::invalid(format!("run directory {}", shown(&self.path)), problem, help))
    }
}

/// Describes the first parameter with elements that are not finite.
fn not_finite(parameters: &Parameters) -> Option<String> {
    parameters.iter().find_map(|(name, tensor)| {
        let values = tensor.values();
        let nans = values.iter().filter(|x| x.is_nan()).count();
        let infinite = values.iter().filter(|x| x.is_infinite()).count();
        (nans + infinite > 0).then(|| {
            let all = values.len();
            format!("of the {all} elements of `{name}`, {nans} are NaN and {infinite} infinite")
        })
    })
}
