//! The folder of a run: its model, its checkpoint, and a lock.
//!
//! | file | what it is |
//! | --- | --- |
//! | `model.safetensors` | the parameters, named `affine1.weight` and so on, with the network's layout as metadata |
//! | `checkpoint.safetensors` | what is needed to continue |
//! | `run.lock` | locked while a run writes here; the system unlocks it when the run ends, however it ends |

use super::checkpoint::Checkpoint;
use crate::nn::{Mlp, Model, Parameters};
use retrograde_base::error::{Error, Result};
use retrograde_base::files::remove_left_over;
use retrograde_base::printable::shown;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// The folder of a run, locked for as long as this exists.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    _lock: File,
}

impl RunFolder {
    /// Opens a folder to write a run into, and creates it if need be. What a killed run was writing there is removed. Errors
    /// when another run is writing there, or when it cannot be written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        std::fs::create_dir_all(path).map_err(|error| Error::file("create", path, &error))?;
        let lock = path.join("run.lock");
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock)
            .map_err(|error| Error::file("write", &lock, &error))?;
        match file.try_lock() {
            Ok(()) => {
                remove_left_over(path);
                Ok(RunFolder { path: path.to_path_buf(), _lock: file })
            }
            Err(TryLockError::WouldBlock) => Err(Error::Busy { path: path.to_path_buf() }),
            Err(TryLockError::Error(error)) => Err(Error::file("lock", &lock, &error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The model's file in the folder of a run.
    pub fn model_file(folder: impl AsRef<Path>) -> PathBuf {
        folder.as_ref().join("model.safetensors")
    }

    /// The checkpoint's file in the folder of a run.
    pub fn checkpoint_file(folder: impl AsRef<Path>) -> PathBuf {
        folder.as_ref().join("checkpoint.safetensors")
    }

    /// The model at `path`: the one of a run's folder, or a file. Errors when a parameter has numbers that are not finite,
    /// with which it answers nothing.
    pub fn model(path: impl AsRef<Path>) -> Result<Mlp> {
        let path = path.as_ref();
        let help = "give the folder that a training was written into, or the file of a model";
        if !path.exists() {
            return Err(Error::format(path, "there is no such file or folder", help));
        }
        let file = if path.is_dir() { Self::model_file(path) } else { path.to_path_buf() };
        if path.is_dir() && !file.is_file() {
            return Err(Error::format(path, "there is no `model.safetensors` in it", help));
        }
        let net = Mlp::load(&file)?;
        match unusable(net.parameters()) {
            None => Ok(net),
            Some(problem) => {
                let help = "train it anew with a smaller learning rate, or give another model";
                Err(Error::format(file, problem, help))
            }
        }
    }

    /// The checkpoint of the run in a folder, which is only read.
    pub fn read_checkpoint(folder: impl AsRef<Path>) -> Result<Checkpoint> {
        Self::must_hold_a_run(folder.as_ref())?;
        Checkpoint::read(Self::checkpoint_file(folder))
    }

    /// Errors when there is no checkpoint in a folder.
    pub(super) fn must_hold_a_run(folder: &Path) -> Result<()> {
        if Self::checkpoint_file(folder).is_file() {
            return Ok(());
        }
        let problem = "there is no run in it: `checkpoint.safetensors` is missing";
        let what = format!("the folder {}", shown(folder));
        Err(Error::invalid(what, problem, "give the folder of an earlier run"))
    }

    /// The checkpoint of the run that was written here.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        Checkpoint::read(Self::checkpoint_file(&self.path))
    }

    /// Errors when a run was written here already: it would be lost.
    pub fn must_be_new(&self) -> Result<()> {
        let checkpoint = Self::checkpoint_file(&self.path);
        let model = Self::model_file(&self.path);
        let Some(found) = [checkpoint, model].into_iter().find(|file| file.exists()) else {
            return Ok(());
        };
        let problem = format!("there is a run in it already (`{}`)", shown(found));
        let help = "resume it, or choose another folder; nothing is overwritten";
        Err(Error::invalid(format!("the folder {}", shown(&self.path)), problem, help))
    }
}

/// The first parameter with numbers that are not finite, and how many it has.
fn unusable(parameters: &Parameters) -> Option<String> {
    parameters.iter().find_map(|(name, tensor)| {
        let values = tensor.values();
        let nans = values.iter().filter(|x| x.is_nan()).count();
        let infinite = values.iter().filter(|x| x.is_infinite()).count();
        (nans + infinite > 0).then(|| {
            let all = values.len();
            format!("of the {all} numbers of its `{name}`, {nans} are NaN and {infinite} infinite")
        })
    })
}
