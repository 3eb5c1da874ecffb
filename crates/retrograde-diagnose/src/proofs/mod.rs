//! Findings that need no counterfactual run to be true: identities that hold exactly, or to rounding.

mod data;
mod gradient;
mod initial;
mod linear;
mod numeric;
mod output;
mod rate;
mod reduction;
mod units;

pub(crate) use units::Units;

use crate::cause::CauseName;
use crate::observe::Observed;
use crate::search::Change;
use crate::text::Sentence;
use retrograde_base::Result;
use serde::Serialize;

/// What is true of a training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The cause that it would be.
    pub cause: CauseName,
    /// The sentence, with its numbers.
    pub evidence: Sentence,
    /// Whether a training that does not learn cannot learn with it. Otherwise the run without it decides.
    pub prevents: bool,
    /// The change that takes it away.
    pub change: Option<Change>,
}

impl Finding {
    fn new(cause: CauseName, evidence: Sentence) -> Self {
        Finding { cause, evidence, prevents: false, change: None }
    }

    fn preventing(self) -> Self {
        Finding { prevents: true, ..self }
    }

    fn without(self, change: Change) -> Self {
        Finding { change: Some(change), ..self }
    }
}

/// All findings, in the order in which their causes come into a program: data, output and loss, network, gradient, steps.
pub(crate) fn findings(observed: &Observed) -> Result<Vec<Finding>> {
    let mut found = data::findings(observed);
    found.extend(output::findings(observed)?);
    found.extend(reduction::findings(observed)?);
    found.extend(gradient::findings(observed));
    found.extend(initial::finding(observed));
    found.extend(linear::finding(observed));
    found.extend(numeric::finding(observed)?);
    found.extend(rate::finding(observed)?);
    Ok(found)
}
