//! The data and the loss of a run, for commands that look at its network.

use crate::failure::Failure;
use retrograde::data::{DataSource, Dataset};
use retrograde::train::{Loss, RunDir, TrainingConfig};
use std::path::Path;

/// The data of a run.
#[derive(Debug)]
pub struct RunData {
    /// The data set: that of the run, or the embedded digits for a model without a run.
    pub data: Dataset,
    /// The loss.
    pub loss: Loss,
    /// The settings of the run.
    pub config: Option<TrainingConfig>,
}

impl RunData {
    /// Reads the data of the run at `model`, the folder of a run or a model file in one; `source` is read instead if it is given.
    pub fn open(model: &Path, source: Option<&DataSource>) -> Result<Self, Failure> {
        let folder = if model.is_dir() { Some(model) } else { model.parent() };
        let folder = folder.filter(|folder| RunDir::checkpoint_file(folder).is_file());
        let config = match folder {
            Some(folder) => RunDir::read_checkpoint(folder)?.config().cloned(),
            None => None,
        };
        let data = match (source, &config) {
            (Some(source), Some(config)) => {
                TrainingConfig { data: source.clone(), ..config.clone() }.open()?.1
            }
            (Some(source), None) => source.open()?.1,
            (None, Some(config)) => {
                config
                    .open()
                    .map_err(|error| {
                        Failure::WithNote(
                            error,
                            "the data of the run are needed; have they moved?".to_owned(),
                        )
                    })?
                    .1
            }
            (None, None) => Dataset::embedded()?,
        };
        let loss = config.as_ref().and_then(|config| config.loss.clone());
        let loss = loss.unwrap_or_else(|| Loss::of_task(data.task()));
        Ok(RunData { data, loss, config })
    }
}
