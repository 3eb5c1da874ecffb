//! Retrograde: backpropagation as a glass box.
//!
//! A program records a computational graph of scalars and tensors; backpropagation appends the gradient to it as more
//! graph, of any order; a plan runs the graph without allocating. Every forward value and every gradient can be looked at.
//!
//! ```
//! # fn main() -> retrograde::Result<()> {
//! use retrograde::{Graph, Planner};
//! use retrograde::{data::Dataset, nn::Mlp, optim::Sgd, train::Trainer};
//!
//! // Record, differentiate, look.
//! let graph = Graph::new();
//! let (w, x) = (graph.parameter("w", [0.5, -1.0]), graph.input("x", [2]));
//! let loss = (&w * &x).tanh().sum_all();
//! let slope = loss.backward()?.wrt(&w)?;
//!
//! // Plan once, run as often as you like.
//! let mut plan = Planner::new(&graph).fetch(&loss).fetch(&slope).compile::<f64>()?;
//! plan.set(&x, &[3.0, 4.0])?;
//! plan.run()?;
//! println!("{} {:?}", plan.scalar(&loss)?, plan.read(&slope)?);
//!
//! // Train a small network on the digits that come with the library.
//! let mut net = Mlp::new([784, 20, 10]).build()?;
//! let history = Trainer::new(Sgd::new(0.5)).batch(50).steps(20).fit(&mut net, &Dataset::embedded()?)?;
//! println!("{:?}", history.last());
//! # Ok(())
//! # }
//! ```
//!
//! An operation that does not fit is remembered by the [`Var`] that it returns; its [`Error`] arrives at the next `?`, with
//! the line that recorded it and what would be right.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`graph`] | recording: [`Graph`], [`Var`], [`Tensor`], and what an operation is |
//! | [`ops`] | the operations, with formulas and derivatives; they are methods of [`Var`] |
//! | [`gradient`] | [`Var::backward`] and what it gives: [`Gradients`] |
//! | [`plan`] | a graph made ready to run: [`Planner`], [`Plan`] |
//! | [`nn`], [`optim`], [`data`], [`train`] | networks, update rules, data sets, the training loop |
//! | [`numerical`] | slopes of functions by differences, with their uncertainty |
//! | [`check`] | is a gradient right, and if not, where is the fault and what is it? |
//! | [`faults`] | layers and losses with one mistake each: to learn from, and to test the check with |
//! | [`view`] | graphs with every value and gradient: text, SVG, DOT, JSON, a page; training reports |
//! | [`textbook`] | layers written by hand, as the textbook has them: the engine's reference implementation |
//! | [`kernel`] | the arithmetic, and the forms of operations of your own |
//!
//! The features `check`, `view`, `textbook` and `digits` (the embedded data set) are on by default, each a module or a data
//! set that a program can do without. `download` (fetching MNIST), `images` (folders of images) and `report` (training reports) are off. The README shows the command line, ARCHITECTURE how it works inside, CONTRIBUTING how to add an operation.

#![deny(missing_docs, unsafe_code)]

pub mod prelude;

#[cfg(feature = "check")]
#[doc(inline)]
pub use retrograde_check as check;
#[cfg(feature = "check")]
#[doc(inline)]
pub use retrograde_check::{faults, numerical};
#[doc(inline)]
pub use retrograde_core::{gradient, graph, kernel, ops, plan};
#[cfg(feature = "diagnose")]
#[doc(inline)]
pub use retrograde_diagnose as diagnose;
#[cfg(feature = "textbook")]
#[doc(inline)]
pub use retrograde_textbook as textbook;
#[doc(inline)]
pub use retrograde_train::{data, nn, optim, train};
#[cfg(feature = "view")]
#[doc(inline)]
pub use retrograde_view as view;

pub use retrograde_base::{Error, ErrorKind, Result};
pub use retrograde_core::gradient::Gradients;
pub use retrograde_core::graph::{Graph, Shape, Tensor, Var};
pub use retrograde_core::plan::{Plan, Planner};
