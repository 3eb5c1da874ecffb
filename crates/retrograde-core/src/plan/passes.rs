//! The passes of the compiler, in order.

use super::bounds::bounds;
use super::compress::compress;
use super::epilogues::epilogues;
use super::fuse::fuse;
use super::ir::PlanIr;
use super::place::place;
use super::regions::regions;
use super::schedule::schedule;
use super::stages::stages;
use super::verify::verify;
use super::views::views;
use crate::kernel::Threads;
use retrograde_base::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// A pass of the compiler: after which a [`PlanIr`](super::PlanIr) can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Pass {
    /// Drops what nothing depends on, and merges equal nodes.
    Simplify,
    /// Splits large reductions into two stages.
    Stages,
    /// Finds which values have memory of their own, and how the others are read.
    Views,
    /// Finds what indices must be below.
    Bounds,
    /// Joins elementwise operations into groups.
    Fuse,
    /// Orders the groups, so that parameters are updated in place.
    Schedule,
    /// Decides which batches are kept as compressed rows.
    Compress,
    /// Partitions the groups into rows, and finds the parallel regions.
    Regions,
    /// Finds elementwise groups that are executed inside row kernels.
    Epilogues,
    /// Gives each value a place in memory.
    Place,
    /// Makes the steps: kernels with their operands, distributed over threads, with barriers.
    Lower,
}

impl Pass {
    /// All of them, in order.
    pub const ALL: [Pass; 11] = [
        Pass::Simplify,
        Pass::Stages,
        Pass::Views,
        Pass::Bounds,
        Pass::Fuse,
        Pass::Schedule,
        Pass::Compress,
        Pass::Regions,
        Pass::Epilogues,
        Pass::Place,
        Pass::Lower,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Pass::Simplify => "simplify",
            Pass::Stages => "stages",
            Pass::Views => "views",
            Pass::Bounds => "bounds",
            Pass::Fuse => "fuse",
            Pass::Schedule => "schedule",
            Pass::Regions => "regions",
            Pass::Compress => "compress",
            Pass::Epilogues => "epilogues",
            Pass::Place => "place",
            Pass::Lower => "lower",
        }
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Pass {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Pass::ALL.map(Pass::name).join(", ");
        let found = Pass::ALL.into_iter().find(|pass| pass.name() == text);
        found.ok_or_else(|| format!("unknown pass `{text}`; expected one of {}", names()))
    }
}

/// Runs the passes behind `simplify`, up to `last` and without `lower`, which makes the program; verifies the plan after each
/// if `verified`.
pub(super) fn run(ir: &mut PlanIr, last: Pass, threads: &Threads, verified: bool) -> Result<()> {
    for pass in Pass::ALL.into_iter().filter(|&pass| pass <= last) {
        match pass {
            Pass::Simplify | Pass::Lower => {}
            Pass::Stages => stages(ir, threads),
            Pass::Views => views(ir)?,
            Pass::Bounds => bounds(ir)?,
            Pass::Fuse => fuse(ir),
            Pass::Schedule => schedule(ir),
            Pass::Regions => regions(ir, threads.count()),
            Pass::Compress => compress(ir),
            Pass::Epilogues => epilogues(ir),
            Pass::Place => place(ir, threads.count()),
        }
        if verified {
            verify(ir, pass).map_err(|problem| {
                let problem = format!("the pass `{pass}` made a plan that is not valid: {problem}\n{ir}");
                Error::invalid(
                    "a plan",
                    problem,
                    "this is a mistake of the compiler: please report it with the graph",
                )
            })?;
        }
    }
    Ok(())
}
