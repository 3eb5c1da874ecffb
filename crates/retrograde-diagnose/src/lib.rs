//! Why does a training not learn?

#![deny(missing_docs, unsafe_code)]

mod cause;
mod diagnosis;
mod identify;
mod observe;
mod outcome;
mod proofs;
mod render;
mod run;
mod search;
mod statistics;
mod text;
mod training;

pub use cause::CauseName;
pub use diagnosis::{Diagnosis, Options, Verdict, diagnose};
pub use identify::{MAX_ROWS, RecordedStep, prove};
pub use outcome::Outcome;
pub use proofs::Finding;
pub use run::{Probe, Run};
pub use search::{Change, Trial};
pub use statistics::Score;
pub use text::Sentence;
pub use training::{
    Augmentation, Block, ClaimedGradient, ClaimedMetric, Distribution, Formula, Function, Initialization,
    LoopCode, Loss, Network, Order, Penalty, Reduction, Rows, TargetKind, Training,
};
