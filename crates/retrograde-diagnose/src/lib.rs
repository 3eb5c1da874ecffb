//! Why does a training not learn?

#![deny(missing_docs, unsafe_code)]

mod run;
mod training;

pub use run::Run;
pub use training::{
    Block, ClaimedGradient, Distribution, Formula, Function, Initialization, LoopCode, Loss, Network, Order,
    Penalty, Reduction, Rows, TargetKind, Training,
};
