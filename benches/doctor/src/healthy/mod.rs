//! Trainings that learn: what must raise no alarm. Half of them look as a rule of thumb says that a faulty one does.

mod calibration;
mod on_digits;
mod repaired;
mod small;
mod tricks;

use crate::programs::{Build, Source};
use retrograde::Result;
use retrograde::diagnose::Training;

/// The seeds of each program.
pub const SEEDS: u64 = 6;

/// What a healthy run is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Margins may be set on it.
    Calibration,
    /// Alarms are counted on it, and nothing else is done with it.
    HeldOut,
}

impl Part {
    /// Its name in a table.
    pub fn name(self) -> &'static str {
        match self {
            Part::Calibration => "calibration",
            Part::HeldOut => "held out",
        }
    }
}

/// A program that learns.
pub struct Healthy {
    pub id: &'static str,
    pub part: Part,
    /// What of it looks like a fault.
    pub looks: &'static str,
    /// The least skill on the rows that are trained, with each seed: it does learn.
    pub least: f64,
    build: Build,
}

/// Name, looks, least skill and training.
type Line = (&'static str, &'static str, f64, Build);

impl Healthy {
    /// Its training.
    pub fn training(&self, source: &Source, seed: u64) -> Result<Training> {
        let mut training = (self.build)(source, seed)?;
        training.seed = seed;
        Ok(training)
    }
}

/// All of them.
pub fn healthy() -> Vec<Healthy> {
    let of = |part, lines: &[Line]| {
        let program =
            |(id, looks, least, build): &Line| Healthy { id, part, looks, least: *least, build: *build };
        lines.iter().map(program).collect::<Vec<Healthy>>()
    };
    [
        of(Part::HeldOut, on_digits::ALL),
        of(Part::HeldOut, small::ALL),
        of(Part::HeldOut, tricks::ALL),
        of(Part::HeldOut, repaired::ALL),
        of(Part::Calibration, calibration::ALL),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_as_many_as_an_interval_needs() {
        let all = healthy();
        let held_out = all.iter().filter(|program| program.part == Part::HeldOut).count();
        assert!(held_out >= 40 && held_out as u64 * SEEDS >= 236, "{held_out} programs");
        assert_eq!(all.iter().map(|program| program.id).collect::<BTreeSet<_>>().len(), all.len());
    }
}
