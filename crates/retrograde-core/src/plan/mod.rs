//! The graph made ready to run: prune, share, fuse, place, split; then run.
//!
//! A [`Planner`] is told what is wanted of a graph, and compiles it into a [`Plan`] for one precision. Compiling goes
//! through stages, one file each:
//!
//! | stage | what it does |
//! | --- | --- |
//! | `simplify` | drops what nothing wanted depends on; makes one node of equal ones; leaves out ×1 and +0 |
//! | `views` | finds which values need memory of their own, and where the others are read |
//! | `fuse` | joins pointwise operations into chains that become one pass over memory |
//! | `schedule` | puts the steps into an order in which parameters are updated in place |
//! | `phases` | finds where a thread can go on without the others, and what is computed once |
//! | `sparsity` | finds which batches are kept as lists of what is not zero |
//! | `tails` | finds chains that go on, block by block, where a row kernel leaves off |
//! | `place` | gives each value its place in one arena by its lifetime |
//! | `lower` | turns the units of work into kernels on places and registers |
//! | `compile` | puts the stages together, and bounds the indices |
//!
//! `run` is the plan itself: values in, run, values out. Running allocates nothing and looks nothing up. `parameters` hands
//! what a plan has trained to other plans and to the graph.

mod compile;
mod fuse;
mod lower;
mod parameters;
mod phases;
mod place;
mod profile;
mod run;
mod schedule;
mod simplify;
mod sparsity;
mod tails;
mod views;

pub use compile::Planner;
pub use profile::{Profile, StepProfile};
pub use run::Plan;
