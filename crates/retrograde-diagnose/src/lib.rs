//! Why does a training not learn?
//!
//! A [`Training`] is data: rows, network, initial weights, loss, optimizer, length. [`diagnose`] runs it, proves what can be proved of its
//! first steps ([`Finding`]), and, if it stays behind a reference with settings that are known to work, changes one setting
//! after the other and runs it again: the runs show which [`Change`] repairs it. A fault needs a bad outcome, and a proof that explains
//! it or a run that repairs it; nothing is a fault for its looks.
//!
//! | module | what it owns |
//! | --- | --- |
//! | `training` | a training as data |
//! | `run` | a training that runs, with every number of a step |
//! | `statistics` | skill, the permutation test, the curvature of the loss |
//! | `observe` | what a diagnosis sees: the first steps, the rows with their targets, the losses, the end |
//! | `proofs` | findings that are true without a threshold |
//! | `search` | changes, the reference, and counterfactual runs |
//! | `diagnosis` | the decision, and the name of the cause |
//! | `identify` | the training that a program's own loop is, from the numbers of its first step |
//! | `text`, `render` | sentences in English and Korean, as text and HTML |

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
pub use identify::{Judgement, MAX_ROWS, RecordedStep, judge, prove};
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
