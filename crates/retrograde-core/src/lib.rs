//! The engine of Retrograde: a computational graph is recorded, differentiated, compiled into a plan and run.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`graph`] | recording: [`Graph`], [`Var`], [`Tensor`], and what an operation is |
//! | [`ops`] | the operations, with formulas and derivatives; they are methods of [`Var`] |
//! | [`gradient`] | reverse-mode differentiation: [`Var::backward`] and its result, [`Gradients`] |
//! | [`plan`] | a graph compiled to run: [`Planner`], [`Plan`] |
//! | [`kernel`] | the arithmetic, and the forms of operations of your own |
//!
//! Programs use the crate `retrograde`, which re-exports all of this.

pub mod gradient;
pub mod graph;
pub mod kernel;
pub mod ops;
pub mod plan;

pub use gradient::Gradients;
pub use graph::{Graph, Shape, Tensor, Var};
pub use plan::{Plan, Planner};
pub use retrograde_base::{Error, ErrorKind, Result};
