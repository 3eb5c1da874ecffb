//! Training: the loop, evaluation, history and checkpoints.
//!
//! A [`Trainer`] holds the settings; [`Trainer::fit`] trains a model on a data set. Who wants the loop in their own
//! hands takes a [`Session`]: one step at a time, with evaluation and checkpoints when they like.
//!
//! The batch of a step depends on the seed and the step's number alone, and a step's bits on nothing but the
//! parameters, the states and that batch: so a training resumed from a [`Checkpoint`] continues bit for bit, from any step.
//! Checkpoints are written while the training goes on, so that a killed one loses seconds
//! ([`Trainer::checkpoint_every`]). A [`Recipe`]
//! is a whole training as plain data; a [`Predictor`] asks the trained network.

mod checkpoint;
mod classification;
mod evaluate;
mod folder;
mod history;
mod pacing;
mod predictor;
mod recipe;
mod recorder;
mod recording;
mod run;
mod run_id;
mod session;
mod state;
mod trainer;

pub use checkpoint::{Checkpoint, Identity};
pub use classification::{Classification, Mistake};
pub use evaluate::{Evaluation, Evaluator};
pub use folder::RunFolder;
pub use history::{EpochRecord, History};
pub use predictor::{Prediction, Predictor};
pub use recipe::Recipe;
pub use recording::{DeadUnits, Norms, Recording, Sample};
pub use run_id::RunId;
pub use session::Session;
pub use state::{State, Status};
pub use trainer::{Event, Length, Trainer};
