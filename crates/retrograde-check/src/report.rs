//! The result of a check: plain data, to be shown as text, JSON or a page.

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::message::text;
use super::{Cause, Comparison, Invariant, Language, Message, Severity, Verdict};

use retrograde_base::error::{Error, Result};

/// What a check says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What was checked: a layer's name, `network`, `graph`.
    pub subject: Message,
    /// The verdict of the whole.
    pub verdict: Verdict,
    /// The layers or nodes from left to right, the loss last; one for a layer alone.
    pub layers: Vec<LayerReport>,
    /// The whole's own comparison, parameter by parameter: the gradient of the loss in a network or a graph.
    pub blocks: Vec<Comparison>,
    /// What was found, the weightiest first. A right gradient may have remarks.
    pub findings: Vec<Finding>,
    /// What was looked at and how: numbers of inputs, elements, steps.
    pub method: Vec<Message>,
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
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How much it weighs.
    pub severity: Severity,
    /// What it says of the gradient.
    pub verdict: Verdict,
    /// The layer, node or parameter: `SoftmaxWithLoss`.
    pub location: String,
    /// The gradients that are concerned: `x`, or parameters' names. Empty where it is about forward alone.
    pub blocks: Vec<String>,
    /// What the fault is: a hypothesis that reproduces the numbers. `None` if there is none.
    pub cause: Option<Cause>,
    /// The invariant that is violated, if the finding is about one.
    pub invariant: Option<Invariant>,
    /// What is wrong, or worth a remark. The first that has them says the formulas, the help and the consequence, too.
    pub sentences: Vec<Message>,
    /// The numbers that show it.
    pub evidence: Vec<Evidence>,
    /// Whether it is a fault without a consequence here: then there is nothing to write instead.
    pub is_harmless: bool,
}

/// A formula as the code has it, and as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Formulas {
    /// As the code has it.
    pub code: Message,
    /// As it should be.
    pub right: Message,
}

/// A statement, and the numbers that show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// The statement: a sentence.
    pub statement: Message,
    /// The numbers, where there are some to be seen side by side.
    pub table: Option<Table>,
}

/// Columns of numbers side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// What each column is.
    pub columns: Vec<Message>,
    /// What each row is, such as an index `[0, 3]`, and a number for each column.
    pub rows: Vec<(String, Vec<f64>)>,
}

/// A text in both languages, put together from several messages.
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

/// JSON with strings in place of messages.
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
    /// The report as JSON in one language. The report's own form in JSON has a message in place of each text: its `id` in the
    /// files of texts, the text in each language (`en`, `ko`), and what stands in its placeholders (`arguments`). Here there is
    /// a string.
    ///
    /// # Errors
    ///
    /// None that is known: a report is plain data.
    pub fn json(&self, language: Language) -> Result<Value> {
        let all = serde_json::to_value(self)
            .map_err(|error| Error::invalid("a report", error.to_string(), "give finite numbers"))?;
        Ok(in_one_language(all, language))
    }

    /// The first layer or node from the left that is wrong.
    pub fn first_wrong(&self) -> Option<&LayerReport> {
        self.layers.iter().find(|layer| layer.verdict.is_wrong())
    }

    /// The causes of the findings, the weightiest first. Remarks may have one, too.
    pub fn causes(&self) -> impl Iterator<Item = &Cause> {
        self.findings.iter().filter_map(|finding| finding.cause.as_ref())
    }
}

/// What a place or a block is called: the whole has names of its own.
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

/// How the names of blocks end in the derivative of the gradient.
pub(super) const SECOND_ORDER: &str = ", second order";

/// The block of all parameters, moved in one direction.
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

    /// As a remark on what has no consequence here, and on when it would have one.
    pub(super) fn harmless(mut self, why: impl IntoIterator<Item = Message>) -> Self {
        (self.severity, self.verdict, self.is_harmless) = (Severity::Remark, Verdict::Right, true);
        self.sentences.extend(why);
        self
    }

    /// About an invariant that is violated.
    pub(super) fn violating(self, invariant: Invariant) -> Self {
        Finding { invariant: Some(invariant), ..self }
    }

    /// With its cause.
    pub(super) fn of(self, cause: Cause) -> Self {
        Finding { cause: Some(cause), ..self }
    }

    /// What was found, in a few words: the cause, the invariant that is violated, or the verdict.
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

    /// What is wrong, or worth a remark: one sentence or a few.
    pub fn sentence(&self, language: Language) -> String {
        let all: Vec<String> = self.sentences.iter().map(|one| one.text(language)).collect();
        all.join(" ")
    }

    /// The formula as the code has it and as it should be.
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
