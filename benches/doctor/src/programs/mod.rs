//! The public programs, each as a training. What is known of each is in `programs.toml`.

mod boolean;
mod curves;
mod digits;
mod fuel;
mod images;
mod lines;
mod parts;
mod tables;
mod topics;
mod vectors;

pub use boolean::{many_xor, xor};
pub use digits::on_digits;
pub use images::game_of_life;
pub use parts::*;
pub use topics::original as newswires;

use crate::data::Digits;
use retrograde::diagnose::Training;
use retrograde::{Error, Result};
use serde::Deserialize;

/// What a program is made of beside its code.
pub struct Source {
    pub digits: Digits,
}

/// The training of a program, its data and initial weights of a seed.
pub type Build = fn(&Source, u64) -> Result<Training>;

/// What is known of a program.
#[derive(Debug, Clone, Deserialize)]
pub struct Facts {
    pub id: String,
    /// `faulty`, `doubtful` or `healthy`, as collected.
    pub class: String,
    /// Programs of one family differ in little: they are not independent.
    pub family: String,
    pub data: DataKind,
    /// Dense or convolutional.
    #[allow(dead_code, reason = "for readers of the file")]
    pub group: String,
    /// The first causes that count as right.
    pub accept: Vec<String>,
    /// What was posted or measured of it.
    pub symptom: String,
}

/// Where the rows of a program are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataKind {
    /// Printed in the program, or generated as it says.
    Recipe,
    /// Iris, complete.
    Standard,
    /// MNIST: complete with a folder, otherwise the embedded part.
    Digits,
    /// Of the shape, scale and difficulty of a set that cannot be had here.
    StandIn,
}

impl DataKind {
    /// Its name in a table.
    pub fn name(self, digits: &Digits) -> &'static str {
        match self {
            DataKind::Recipe => "recipe",
            DataKind::Standard => "standard",
            DataKind::Digits if digits.is_whole => "standard",
            DataKind::Digits => "embedded",
            DataKind::StandIn => "stand-in",
        }
    }
}

/// A program.
pub struct Program {
    pub facts: Facts,
    build: Build,
}

impl Program {
    /// Its training.
    pub fn training(&self, source: &Source, seed: u64) -> Result<Training> {
        let mut training = (self.build)(source, seed)?;
        training.seed = seed;
        Ok(training)
    }
}

const FACTS: &str = include_str!("../../programs.toml");

#[derive(Deserialize)]
struct File {
    program: Vec<Facts>,
}

/// All programs, in the order of their facts.
pub fn programs() -> Result<Vec<Program>> {
    let file: File = toml::from_str(FACTS)
        .map_err(|error| Error::invalid("programs.toml", error.to_string(), "correct the file"))?;
    let builds = builds();
    let program = |facts: Facts| {
        let build = builds.iter().find(|(id, _)| *id == facts.id).map(|(_, build)| *build);
        let build = build.ok_or_else(|| {
            Error::invalid(
                "programs.toml",
                format!("{} has no training", facts.id),
                "write it in src/programs",
            )
        })?;
        Ok(Program { facts, build })
    };
    file.program.into_iter().map(program).collect()
}

/// The training of the program with this id.
pub fn training_of(id: &str, source: &Source, seed: u64) -> Result<Training> {
    let build = builds().into_iter().find(|(own, _)| *own == id).map(|(_, build)| build);
    let build = build
        .ok_or_else(|| Error::invalid("program", format!("there is no {id}"), "look in src/programs"))?;
    build(source, seed)
}

fn builds() -> Vec<(&'static str, Build)> {
    let families: [&[(&str, Build)]; 9] = [
        boolean::ALL,
        lines::ALL,
        curves::ALL,
        vectors::ALL,
        tables::ALL,
        fuel::ALL,
        topics::ALL,
        digits::ALL,
        images::ALL,
    ];
    families.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_training_has_facts_and_each_facts_a_training() -> Result<()> {
        let programs = programs()?;
        assert!(programs.len() > 100, "{} programs", programs.len());
        for (id, _) in builds() {
            assert_eq!(programs.iter().filter(|program| program.facts.id == id).count(), 1, "{id}");
        }
        Ok(())
    }
}
