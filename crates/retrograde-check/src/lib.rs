//! The gradient check: whether a gradient is right, and if not, the location and the cause of the fault.
//!
//! The claimed gradient is compared with differences of the function. The result is a [`Report`]: a [`Verdict`], the
//! layers or nodes from left to right, and [`Finding`]s. A finding has a location and, if known, the [`Cause`], the
//! [`Evidence`], the line to write instead (`help`) and the consequence for training.
//!
//! **The used gradients decide.** A network or a graph is wrong if the gradient of the loss by one of its parameters
//! is wrong at the end of the backward pass. Layers and nodes are checked in isolation to find the location. A
//! deviation of a layer that changes no used gradient is a remark ([`Severity::Remark`]) with the condition under
//! which it would matter; the verdict of the layer is [`Verdict::Together`].
//!
//! **A cause is a hypothesis that reproduces the numbers** (the sign is wrong; the slope was taken at the output; the
//! rows share one softmax): to rounding, at several inputs, upstream gradients and values of the parameters. Without
//! such a hypothesis the finding has no cause, and lists the wrong positions, outputs and values.
//!
//! **Rounding and kinks are not faults.** The rounding of the function and of the claimed gradient is measured. If it
//! is as large as the gradient, other inputs decide, or the verdict is [`Verdict::Inconclusive`]. At a kink a claimed
//! gradient is right if it lies in the convex hull of the gradients nearby (Clarke's generalized gradient).
//!
//! Layers, losses, networks and functions are adapted to one trait, [`Layer`](retrograde_textbook::Layer); so are a
//! wrong node of a graph and a gradient derived by hand.
//!
//! | item | description |
//! | --- | --- |
//! | [`layer`], [`loss`] | checks a single layer or loss written by hand |
//! | [`network`], [`network_named`], [`two_layer_net`] | checks a sequence of layers with a loss at the end |
//! | [`function`], [`vjp`] | checks a loss with all its gradients, or a function with its vector-Jacobian product, without layers |
//! | [`gradients`], [`model`], [`GraphCheck`] | checks a recorded graph |
//! | [`Control`], [`Progress`] | a time budget, the progress, and an interrupt, for slow code |
//! | [`rows`] | samples as the input and the labels of a network written by hand |
//! | [`Report`], [`LayerReport`], [`Finding`], [`Formulas`], [`Evidence`], [`Table`] | the result, as plain data |
//! | [`Verdict`], [`Severity`] | the verdict on a gradient, and the severity of a finding |
//! | [`Comparison`], [`Element`] | a block of claimed gradients beside the numerical ones |
//! | [`Cause`] | the catalogue of causes |
//! | [`Invariant`] | properties that hold without differences |
//! | [`numerical`] | slopes by differences, with their uncertainty |

mod batch;
mod batch_axis;
mod cause;
mod causes;
mod claimed_jacobian;
mod comparison;
mod control;
mod evidence;
mod examine;
mod explain;
mod extent;
pub mod faults;
mod function;
mod graph;
mod guarded;
mod invariant;
mod invariants;
mod jacobian;
mod kinks;
mod layer;
mod linearity;
mod loss_check;
mod loss_layer;
mod message;
mod network;
mod network_layer;
mod noise;
mod numbers;
pub mod numerical;
mod observe;
mod precision;
mod probe;
mod probed_block;
mod recheck;
mod render;
mod report;
mod rows;
mod subject;
mod verdict;

pub use cause::Cause;
pub use comparison::{Comparison, Element};
pub use control::{Control, Progress};
pub use function::{function, function_named, vjp, vjp_named};
pub use graph::{GraphCheck, gradients, model, model_with_loss};
pub use invariant::Invariant;
pub use layer::{layer, layer_named, loss};
pub use message::{Argument, Language, Message};
pub use network::{network, network_named, two_layer_net};
pub use report::{Evidence, Finding, Formulas, LayerReport, Report, Table};
pub use rows::rows;
pub use verdict::{Severity, Verdict};
