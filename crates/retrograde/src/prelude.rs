//! What most programs use: `use retrograde::prelude::*;`.

pub use crate::data::{Dataset, Matrix, Samples, Targets};
pub use crate::nn::{
    Activation, Context, Init, Linear, Mlp, Mode, Model, Module, Network, Parameters, Precision, Sequential,
};
pub use crate::optim::{Adam, Momentum, Optimizer, Schedule, Sgd};
pub use crate::train::{Evaluation, History, Loss, Predictor, Session, Trainer};
#[cfg(feature = "view")]
pub use crate::view::Explain;
pub use crate::{Error, ErrorKind, Gradients, Graph, Plan, Planner, Result, Shape, Tensor, Var};
