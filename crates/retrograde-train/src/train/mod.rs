//! Training: the loop, evaluation, history and checkpoints.
//!
//! A [`Trainer`] holds the settings, and [`Trainer::fit`] trains a model on a data set. For a custom loop, use
//! [`Session::step`].
//!
//! The batch of a step depends only on the seed and the step. The result of a step depends only on the parameters, the
//! states and the batch. A training resumed from a [`Checkpoint`] of any step therefore continues bit for bit. Checkpoints
//! are written during the training, so that a killed training loses seconds ([`Trainer::checkpoint_every`]). A
//! [`TrainingConfig`] is a whole training as plain data, and a [`Predictor`] runs the trained network.

mod accumulation;
mod batch;
mod best;
mod checkpoint;
mod checkpoint_timer;
mod classification;
mod config;
mod described;
mod evaluate;
mod history;
#[cfg(test)]
mod in_pieces;
mod loss;
mod memory;
mod metrics;
mod metrics_collector;
mod predictor;
mod progress;
mod recorded_step;
mod run_dir;
mod run_id;
mod scores;
mod session;
mod table_predictor;
mod text_generator;
mod trainer;
mod training_loop;

pub use checkpoint::{Checkpoint, RunFingerprint};
pub use classification::{Classification, Misclassification};
pub use config::TrainingConfig;
pub use described::save_described;
pub use evaluate::{Evaluation, Evaluator};
pub use history::{EpochStats, History};
pub use loss::{BinaryCrossEntropy, CrossEntropy, Loss};
pub use memory::MemoryEstimate;
pub use metrics::{DeadUnits, Norms, StepStats, TrainingMetrics};
pub use predictor::{Prediction, Predictor};
pub use progress::{Progress, Status};
pub use run_dir::RunDir;
pub use run_id::RunId;
pub use session::Session;
pub use table_predictor::{RowPrediction, TablePredictor};
pub use text_generator::TextGenerator;
pub use trainer::{Event, Length, Trainer};
