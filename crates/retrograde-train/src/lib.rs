//! Training with Retrograde: networks, optimizers, data sets, the training loop.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`nn`] | layers, initial weights, models and their parameters |
//! | [`optim`] | optimizers |
//! | [`data`] | data sets: tables, arrays, folders of images, IDX files, the embedded digits, MNIST on request; batches |
//! | [`train`] | losses, the training loop, evaluation, history, checkpoints, predictions |
//!
//! Programs use the crate `retrograde`, which re-exports all of this.

mod as_text;
pub mod data;
pub mod nn;
pub mod optim;
pub mod train;
