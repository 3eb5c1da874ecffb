//! The gradient check: is a gradient right, and if not, where is the fault and what is it?
//!
//! A gradient is compared with differences of the function that it claims to be the gradient of. What comes back is a
//! [`Report`]: a [`Verdict`], the layers from left to right with a mark on the first wrong one, and for each fault a
//! [`Finding`] with its [`Cause`], the [`Evidence`], the line to write instead and what the fault would do to training.
//!
//! The check never guesses. A cause is a hypothesis on the numbers (the sign is wrong; the slope was taken at the output;
//! the rows share one softmax), and it is named only when it reproduces the wrong numbers to rounding, at several random
//! inputs. When none does, the report says so and shows where the numbers differ. Kinks and rounding are no faults.
//!
//! | here | what it is |
//! | --- | --- |
//! | [`layer`], [`loss`] | a layer or a loss written by hand, alone |
//! | [`function`], [`vjp`] | a loss as a function of all parameters; a function with its vector-Jacobian product |
//! | [`network`], [`two_layer_net`] | a row of layers with a loss at the end |
//! | [`Verdict`], [`Severity`] | what can be said of a gradient, and of a finding |
//! | [`Comparison`] | a block of claimed gradients beside the numerical ones |
//! | [`Report`], [`LayerReport`], [`Finding`], [`Evidence`], [`Table`] | what a check hands back; plain data, for faces to show |
//! | [`gradients`], [`model`], [`GraphCheck`] | the check of a recorded graph |
//! | [`Cause`] | the catalogue of causes |
//! | [`Invariant`] | what must hold without differences |
//! | [`faults`] | layers and losses with one mistake each, to learn from and to examine the check with |
//! | [`numerical`] | slopes by differences that know how far they can be trusted |

mod batch;
mod batch_axis;
mod cause;
mod causes;
mod comparison;
mod evidence;
mod examine;
mod extent;
pub mod faults;
mod function;
mod graph;
mod guarded;
mod invariant;
mod invariants;
mod jacobian;
mod kinks;
mod laws;
mod layer;
mod loss_layer;
mod network;
mod network_layer;
pub mod numerical;
mod page;
mod precision;
mod probe;
mod report;
mod responses;
mod rows;
mod subject;
mod text;
mod verdict;
mod view;
mod whole;

pub use cause::Cause;
pub use comparison::{Comparison, Element};
pub use function::{function, vjp};
pub use graph::{GraphCheck, gradients, model};
pub use invariant::Invariant;
pub use layer::{layer, loss};
pub use network::{network, two_layer_net};
pub use report::{Evidence, Finding, Formulas, LayerReport, Report, Table};
pub use rows::rows;
pub use verdict::{Severity, Verdict};
