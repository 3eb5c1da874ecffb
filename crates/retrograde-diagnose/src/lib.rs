//! Why does a training not learn?

#![deny(missing_docs, unsafe_code)]

mod run;
mod training;

pub use run::{Probe, Run};
pub use training::{
    Augmentation, Block, ClaimedGradient, ClaimedMetric, Distribution, Formula, Function, Initialization,
    LoopCode, Loss, Network, Order, Penalty, Reduction, Rows, TargetKind, Training,
};
