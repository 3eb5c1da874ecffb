//! The result of a check: plain data, to be shown as text, JSON or a page.

use serde::Serialize;

use super::{Cause, Comparison, Invariant, Severity, Verdict};

/// What a check says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What was checked: a layer's name, `network`, `graph`.
    pub subject: String,
    /// The verdict of the whole.
    pub verdict: Verdict,
    /// The layers or nodes from left to right, the loss last; one for a layer alone.
    pub layers: Vec<LayerReport>,
    /// The whole's own comparison, parameter by parameter: the gradient of the loss in a network or a graph.
    pub blocks: Vec<Comparison>,
    /// What was found, the weightiest first. A right gradient may have remarks.
    pub findings: Vec<Finding>,
    /// What was looked at and how: numbers of inputs, elements, steps.
    pub method: Vec<String>,
}

/// A layer or a node, checked alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerReport {
    /// Its name in the row: `affine1`.
    pub name: String,
    /// What kind of layer or operation it is: `Affine`.
    pub kind: String,
    /// The shape of its output.
    pub output: Vec<usize>,
    /// Its own verdict.
    pub verdict: Verdict,
    /// Its input and its parameters.
    pub blocks: Vec<Comparison>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// What it says of the gradient.
    pub verdict: Verdict,
    /// The layer, node or parameter: `softmaxwithloss`.
    pub location: String,
    /// The gradients that are concerned: `x`, or parameters' names. Empty where it is about forward alone.
    pub blocks: Vec<String>,
    /// What the fault is: a hypothesis that reproduces the numbers. `None` if there is none.
    pub cause: Option<Cause>,
    /// The invariant that is violated, if the finding is about one.
    pub invariant: Option<Invariant>,
    /// What is wrong, or worth a remark: one or two sentences.
    pub sentence: String,
    /// The formula as the code has it and as it should be.
    pub formulas: Option<Formulas>,
    /// The numbers that show it.
    pub evidence: Vec<Evidence>,
    /// The line to write instead.
    pub help: Option<String>,
    /// What the fault does to training.
    pub consequence: Option<String>,
}

/// A formula as the code has it, and as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Formulas {
    /// As the code has it.
    pub code: String,
    /// As it should be.
    pub right: String,
}

/// A statement, and the numbers that show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// The statement: a sentence.
    pub statement: String,
    /// The numbers, where there are some to be seen side by side.
    pub table: Option<Table>,
}

/// Columns of numbers side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// What each column is.
    pub columns: Vec<String>,
    /// What each row is, such as an index `[0, 3]`, and a number for each column.
    pub rows: Vec<(String, Vec<f64>)>,
}

impl Report {
    /// The first layer or node from the left that is wrong.
    pub fn first_wrong(&self) -> Option<&LayerReport> {
        self.layers.iter().find(|layer| layer.verdict.is_wrong())
    }

    /// The causes of the findings, the weightiest first. Remarks may have one, too.
    pub fn causes(&self) -> impl Iterator<Item = &Cause> {
        self.findings.iter().filter_map(|finding| finding.cause.as_ref())
    }
}

impl Finding {
    /// What was found, in a few words: the cause, the invariant that is violated, or the verdict.
    pub fn title(&self) -> String {
        match (&self.cause, self.invariant, self.severity) {
            (Some(cause), ..) => cause.to_string(),
            (None, Some(invariant), _) => invariant.to_string(),
            (None, None, Severity::Fault) => "wrong, for no cause that could be proved".into(),
            (None, None, _) => self.verdict.to_string(),
        }
    }
}

impl Evidence {
    /// A statement without a table.
    pub fn stating(statement: impl Into<String>) -> Self {
        Evidence { statement: statement.into(), table: None }
    }
}
