//! Retrograde: backpropagation as a glass box.

#![deny(missing_docs, unsafe_code)]

mod clock;
mod error;
mod files;
mod number;

pub mod check;
pub mod data;
pub mod gradient;
pub mod graph;
pub mod kernel;
pub mod nn;
pub mod ops;
pub mod optim;
pub mod plan;
pub mod textbook;
pub mod train;
pub mod view;

pub use error::{Error, Result};
pub use gradient::Gradients;
pub use graph::{Graph, Shape, Tensor, Var};
pub use plan::{Plan, Planner};
