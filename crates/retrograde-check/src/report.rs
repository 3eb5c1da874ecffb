//! The result of a check: plain data, rendered as text, JSON or a page.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::message::text;
use super::{Cause, Comparison, Invariant, Language, Message, Severity, Verdict};

use retrograde_base::error::{Error, Result};

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The subject of the check: a layer's name, `network`, `graph`.
    pub subject: Message,
    /// The verdict on the whole subject.
    pub verdict: Verdict,
    /// The layers or nodes from left to right, the loss last; one for a single layer.
    pub layers: Vec<LayerReport>,
    /// The comparison of the gradient of the loss by each parameter, in a network or a graph.
    pub blocks: Vec<Comparison>,
    /// The findings, the most severe first. A right gradient may have remarks.
    pub findings: Vec<Finding>,
    /// The method: numbers of inputs, elements, steps.
    pub method: Vec<Message>,
}

/// A layer or a node, checked in isolation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerReport {
    /// Its name in the network: `affine1`.
    pub name: String,
    /// The kind of layer or operation: `Affine`.
    pub kind: String,
    /// The shape of its output.
    pub output: Vec<usize>,
    /// Its own verdict.
    pub verdict: Verdict,
    /// Its input and its parameters.
    pub blocks: Vec<Comparison>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The severity.
    pub severity: Severity,
    /// The verdict on the gradient.
    pub verdict: Verdict,
    /// The layer, node or parameter: `SoftmaxWithLoss`.
    pub location: String,
    /// The gradients concerned: `x`, or parameters' names. Empty if it concerns only forward.
    pub blocks: Vec<String>,
    /// The cause: a hypothesis that reproduces the numbers. `None` if there is none.
    pub cause: Option<Cause>,
    /// The violated invariant, if the finding is about one.
    pub invariant: Option<Invariant>,
    /// The sentences. The first message with formulas, help and consequence supplies these, too.
    pub sentences: Vec<Message>,
    /// The evidence.
    pub evidence: Vec<Evidence>,
    /// Whether the fault has no consequence here: then there is no help.
    pub is_harmless: bool,
}

/// The formula of the code, and the right one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Formulas {
    /// The formula of the code.
    pub code: Message,
    /// The right formula.
    pub right: Message,
}

/// A statement with a table of numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// The statement: a sentence.
    pub statement: Message,
    /// The table, if there is one.
    pub table: Option<Table>,
}

/// A table of numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// The heading of each column.
    pub columns: Vec<Message>,
    /// The label of each row, for example the index `[0, 3]`, and a number for each column.
    pub rows: Vec<(String, Vec<f64>)>,
}

/// A text in both languages, composed of several messages.
#[derive(Serialize)]
struct Texts {
    en: String,
    ko: String,
}

impl Texts {
    fn of(text: impl Fn(Language) -> String) -> Self {
        Texts { en: text(Language::English), ko: text(Language::Korean) }
    }
}

/// Replaces messages in JSON by strings.
fn in_one_language(value: Value, language: Language) -> Value {
    match value {
        Value::Object(mut fields) => match fields.remove(language.code()) {
            Some(text) => text,
            None => {
                fields.into_iter().map(|(name, value)| (name, in_one_language(value, language))).collect()
            }
        },
        Value::Array(all) => all.into_iter().map(|value| in_one_language(value, language)).collect(),
        other => other,
    }
}

impl Report {
    /// The report as JSON in one language. The default JSON has an object in place of each text: its `id` in the
    /// message files, the text in each language (`en`, `ko`), and the values of its placeholders (`arguments`). Here
    /// each text is a string.
    ///
    /// # Errors
    ///
    /// None is known: a report is plain data.
    pub fn json(&self, language: Language) -> Result<Value> {
        let all = serde_json::to_value(self)
            .map_err(|error| Error::invalid("a report", error.to_string(), "pass finite numbers"))?;
        Ok(in_one_language(all, language))
    }

    /// The first wrong layer or node from the left.
    pub fn first_wrong(&self) -> Option<&LayerReport> {
        self.layers.iter().find(|layer| layer.verdict.is_wrong())
    }

    /// The causes of the findings, the most severe first. Remarks may have one, too.
    pub fn causes(&self) -> impl Iterator<Item = &Cause> {
        self.findings.iter().filter_map(|finding| finding.cause.as_ref())
    }
}

/// The displayed name of a location or a block: the whole subject has special names.
pub(crate) fn place(name: &str) -> Message {
    if let Some(first) = name.strip_suffix(SECOND_ORDER) {
        return text!("whole-second_order", name = place(first));
    }
    match name {
        "network" => text!("whole-network"),
        "function" => text!("whole-function"),
        "gradient" => text!("whole-gradient"),
        ALL_TOGETHER => text!("whole-all_together"),
        _ => Message::verbatim(name),
    }
}

/// The suffix of the names of blocks in the second derivative.
pub(super) const SECOND_ORDER: &str = ", second order";

/// The block of all parameters, perturbed in one direction.
pub(super) const ALL_TOGETHER: &str = "all together";

impl Finding {
    pub(super) fn new(
        severity: Severity,
        verdict: Verdict,
        place: impl Into<String>,
        blocks: Vec<String>,
        sentence: impl Into<Message>,
    ) -> Self {
        let sentences = vec![sentence.into()];
        Finding {
            severity,
            verdict,
            location: place.into(),
            blocks,
            cause: None,
            invariant: None,
            sentences,
            evidence: Vec::new(),
            is_harmless: false,
        }
    }

    /// Turns the finding into a remark without a consequence here, with the condition under which it would have one.
    pub(super) fn harmless(mut self, why: impl IntoIterator<Item = Message>) -> Self {
        (self.severity, self.verdict, self.is_harmless) = (Severity::Remark, Verdict::Right, true);
        self.sentences.extend(why);
        self
    }

    /// Sets the violated invariant.
    pub(super) fn violating(self, invariant: Invariant) -> Self {
        Finding { invariant: Some(invariant), ..self }
    }

    /// Sets the cause.
    pub(super) fn of(self, cause: Cause) -> Self {
        Finding { cause: Some(cause), ..self }
    }

    /// The title: the cause, the violated invariant, or the verdict.
    pub fn title(&self) -> Message {
        match (&self.cause, self.invariant, self.severity) {
            (Some(cause), ..) => {
                let own = format!("{}-", cause.id());
                let with_text = self.sentences.iter().find(|one| one.id().starts_with(&own));
                let title = with_text.and_then(|one| {
                    let message = cause.message().with_text(one.id());
                    message.with_all(one.arguments().clone()).attribute("title")
                });
                title.unwrap_or_else(|| cause.title())
            }
            (None, Some(invariant), _) => invariant.title(),
            (None, None, Severity::Fault) => text!("unexplained.title"),
            (None, None, _) => self.verdict.name(),
        }
    }

    /// The sentences of the finding.
    pub fn sentence(&self, language: Language) -> String {
        let all: Vec<String> = self.sentences.iter().map(|one| one.text(language)).collect();
        all.join(" ")
    }

    /// The formula of the code and the right one.
    pub fn formulas(&self) -> Option<Formulas> {
        Some(Formulas { code: self.attribute("code")?, right: self.attribute("right")? })
    }

    /// The line to write instead.
    pub fn help(&self) -> Option<Message> {
        self.attribute("help").filter(|_| !self.is_harmless)
    }

    /// What the fault does to training.
    pub fn consequence(&self) -> Option<Message> {
        self.attribute("training").filter(|_| !self.is_harmless)
    }

    fn attribute(&self, name: &str) -> Option<Message> {
        self.sentences.iter().find_map(|one| one.attribute(name))
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Finding", 13)?;
        fields.serialize_field("severity", &self.severity)?;
        fields.serialize_field("verdict", &self.verdict)?;
        fields.serialize_field("location", &self.location)?;
        fields.serialize_field("blocks", &self.blocks)?;
        fields.serialize_field("cause", &self.cause)?;
        fields.serialize_field("invariant", &self.invariant)?;
        fields.serialize_field("title", &self.title())?;
        fields.serialize_field("sentence", &Texts::of(|language| self.sentence(language)))?;
        fields.serialize_field("sentences", &self.sentences)?;
        fields.serialize_field("formulas", &self.formulas())?;
        fields.serialize_field("evidence", &self.evidence)?;
        fields.serialize_field("help", &self.help())?;
        fields.serialize_field("consequence", &self.consequence())?;
        fields.end()
    }
}

impl Evidence {
    /// A statement without a table.
    pub fn stating(statement: impl Into<Message>) -> Self {
        Evidence { statement: statement.into(), table: None }
    }
}
