//! Records that the runs show to be wrong, and what is right.

use crate::programs::Facts;
use retrograde::{Error, Result};
use serde::Deserialize;

/// A record, corrected.
#[derive(Debug, Clone, Deserialize)]
pub struct Correction {
    pub id: String,
    /// The class that is right.
    pub class: String,
    /// The first causes that count as right.
    pub accept: Vec<String>,
    /// What the record says.
    #[allow(dead_code, reason = "for readers of the file")]
    pub said: String,
    /// What the run shows.
    #[allow(dead_code, reason = "for readers of the file")]
    pub shown: String,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    correction: Vec<Correction>,
}

const FILE: &str = include_str!("../corrections.toml");

/// All corrections.
pub fn corrections() -> Result<Vec<Correction>> {
    let file: File = toml::from_str(FILE)
        .map_err(|error| Error::invalid("corrections.toml", error.to_string(), "correct the file"))?;
    Ok(file.correction)
}

/// Facts as they are with the corrections.
pub fn corrected(facts: &Facts, corrections: &[Correction]) -> Facts {
    match corrections.iter().find(|correction| correction.id == facts.id) {
        Some(correction) => {
            Facts { class: correction.class.clone(), accept: correction.accept.clone(), ..facts.clone() }
        }
        None => facts.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::programs;

    #[test]
    fn each_is_of_a_program() -> Result<()> {
        let programs = programs()?;
        for correction in corrections()? {
            assert!(programs.iter().any(|program| program.facts.id == correction.id), "{}", correction.id);
        }
        Ok(())
    }
}
