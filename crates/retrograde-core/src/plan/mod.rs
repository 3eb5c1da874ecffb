//! The compiler: a graph is pruned, fused, scheduled, partitioned and given memory; then it runs.
//!
//! A [`Planner`] takes what a program wants of a graph, and compiles it into a [`Plan`] for one precision. Compiling is a
//! sequence of passes over one intermediate representation, [`PlanIr`], which can be printed after each [`Pass`]:
//!
//! | pass | what it does |
//! | --- | --- |
//! | `simplify` | drops what nothing depends on; merges equal nodes; leaves out ×1 and +0 |
//! | `stages` | splits large reductions into the partial results of blocks and their combination |
//! | `views` | finds which values need memory of their own, and how the others are read |
//! | `bounds` | finds what indices must be below; checks where tables of bytes are read |
//! | `fuse` | joins elementwise operations into groups, each of which is one pass over memory |
//! | `schedule` | orders the groups, so that parameters are updated in place |
//! | `compress` | decides which batches are kept as compressed rows |
//! | `regions` | partitions groups into rows; finds parallel regions; finds what depends on constants alone |
//! | `epilogues` | finds elementwise groups that are executed block by block inside a row kernel |
//! | `place` | gives each value a place in the arena by its lifetime |
//! | `lower` | makes the program: kernels with places and registers, distributed over threads, with barriers |
//!
//! `planner` runs the passes, `verify` checks the representation after each (in debug builds, and where it is inspected), `print` prints it. `run` is the
//! plan itself: set values, run, read values. Running allocates nothing and looks nothing up. `parameters` copies what a plan
//! has trained to other plans and to the graph.

mod bounds;
mod compress;
mod epilogues;
mod fuse;
mod ir;
mod lower;
mod parameters;
mod partition;
mod passes;
mod place;
mod planner;
mod print;
mod profile;
mod regions;
mod run;
mod schedule;
mod simplify;
mod stages;
mod verify;
mod views;

pub use ir::PlanIr;
pub use passes::Pass;
pub use planner::{PlanLayout, Planner};
pub use profile::{Profile, StepProfile};
pub use run::Plan;
