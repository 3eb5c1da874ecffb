//! The rules of published tools, written from their descriptions, over a recorded run: what the diagnosis is compared with.

mod deep_diagnosis;
mod umlaut;
mod watched;

pub use watched::Watched;

/// What a rule says, and the cause that it amounts to.
#[derive(Debug, Clone, PartialEq)]
pub struct Warning {
    pub cause: &'static str,
    pub says: String,
}

impl Warning {
    fn new(cause: &'static str, says: impl Into<String>) -> Self {
        Warning { cause, says: says.into() }
    }
}

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Schoop et al., *UMLAUT: Debugging Deep Learning Programs using Program Structure and Model Behavior*, CHI 2021.
    Umlaut,
    /// Wardat et al., *DeepDiagnosis: Automatically Diagnosing Faults and Recommending Actionable Fixes in Deep Learning Programs*, ICSE
    /// 2022.
    DeepDiagnosis,
}

impl Tool {
    /// All of them.
    pub const ALL: [Tool; 2] = [Tool::Umlaut, Tool::DeepDiagnosis];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Tool::Umlaut => "UMLAUT's rules",
            Tool::DeepDiagnosis => "DeepDiagnosis' rules",
        }
    }

    /// What it says of a run, in its order. Empty: no alarm.
    pub fn warnings(self, run: &Watched) -> Vec<Warning> {
        match self {
            Tool::Umlaut => umlaut::warnings(run),
            Tool::DeepDiagnosis => deep_diagnosis::warnings(run),
        }
    }
}
