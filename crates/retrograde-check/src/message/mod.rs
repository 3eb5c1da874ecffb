//! Messages of a report: the id of a text and its arguments. The texts are in `texts/`.

mod language;

use fluent_bundle::{FluentArgs, FluentValue};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

use retrograde_base::number::plain;

pub use language::Language;

/// Builds a [`Message`] from its id and its arguments: `text!("sign", block = name, rows)`.
macro_rules! text {
    ($id:expr $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::message::Message::new($id)
            $(.with(stringify!($name), $crate::message::text!(@ $name $($value)?)))*
    };
    (@ $name:ident) => { $name };
    (@ $name:ident $value:expr) => { $value };
}
pub(crate) use text;

/// A text that can be rendered in each [`Language`]. Its [`Display`](fmt::Display) is English.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Message {
    id: String,
    arguments: BTreeMap<String, Argument>,
}

/// The id of texts that are the same in all languages.
const VERBATIM: &str = "verbatim";

/// The value of a placeholder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    /// A number, which may select singular or plural.
    Number(f64),
    /// A name, a formula, a number with its digits: the same in all languages.
    Text(String),
    /// A condition.
    Flag(bool),
    /// Another text.
    Message(Message),
    /// Several messages, joined.
    List(Vec<Argument>),
}

impl Message {
    /// The message of this id, without arguments.
    pub(crate) fn new(id: impl Into<String>) -> Self {
        Message { id: id.into(), arguments: BTreeMap::new() }
    }

    /// A name or a formula: the same in all languages.
    pub fn verbatim(text: impl Into<String>) -> Self {
        Message::new(VERBATIM).with("text", text.into())
    }

    /// A network on so many rows.
    pub fn on_rows(network: &str, rows: usize) -> Self {
        text!("whole-on_rows", network, rows)
    }

    /// Adds an argument.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Argument>) -> Self {
        self.arguments.insert(name.to_owned(), value.into());
        self
    }

    /// The same arguments with the text of another id.
    pub(crate) fn with_text(self, id: &str) -> Self {
        Message { id: id.to_owned(), ..self }
    }

    /// Adds these arguments.
    pub(crate) fn with_all(mut self, arguments: BTreeMap<String, Argument>) -> Self {
        self.arguments.extend(arguments);
        self
    }

    fn as_verbatim(&self) -> Option<&str> {
        match self.arguments.get("text") {
            Some(Argument::Text(text)) if self.id == VERBATIM => Some(text),
            _ => None,
        }
    }

    /// Whether it has no text.
    pub(crate) fn is_empty(&self) -> bool {
        self.as_verbatim() == Some("")
    }

    /// Its id in the message files: it does not change with the wording.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its arguments.
    pub fn arguments(&self) -> &BTreeMap<String, Argument> {
        &self.arguments
    }

    /// A text of the same family: its `help`, its `title`.
    pub(crate) fn attribute(&self, name: &str) -> Option<Message> {
        let found = Message { id: format!("{}.{name}", self.id), arguments: self.arguments.clone() };
        found.find(Language::English).is_some().then_some(found)
    }

    /// Renders it in a language.
    pub fn text(&self, language: Language) -> String {
        let text = self.find(language).or_else(|| self.find(Language::English));
        debug_assert!(text.is_some(), "no text has the id {}", self.id);
        text.unwrap_or_else(|| self.id.clone())
    }

    fn find(&self, language: Language) -> Option<String> {
        let mut arguments = FluentArgs::new();
        for (name, value) in &self.arguments {
            arguments.set(name.as_str(), value.fluent(language));
        }
        language::lookup(language, &self.id, &arguments)
    }
}

impl Argument {
    fn fluent(&self, language: Language) -> FluentValue<'static> {
        match self {
            Argument::Number(value) => FluentValue::from(*value),
            other => FluentValue::from(other.text(language)),
        }
    }

    fn text(&self, language: Language) -> String {
        match self {
            Argument::Number(value) => plain(*value),
            Argument::Text(text) => text.clone(),
            Argument::Flag(flag) => flag.to_string(),
            Argument::Message(message) => message.text(language),
            Argument::List(all) => {
                let texts: Vec<String> = all.iter().map(|one| one.text(language)).collect();
                let numbers = all.iter().all(|one| matches!(one, Argument::Number(_)));
                if numbers { format!("[{}]", texts.join(", ")) } else { texts.join(", ") }
            }
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text(Language::English))
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Texts that are the same in all languages are strings.
        if let Some(text) = self.as_verbatim() {
            return serializer.serialize_str(text);
        }
        let mut fields = serializer.serialize_struct("Message", 4)?;
        fields.serialize_field("id", &self.id)?;
        for language in Language::ALL {
            fields.serialize_field(language.code(), &self.text(language))?;
        }
        fields.serialize_field("arguments", &self.arguments)?;
        fields.end()
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Argument::Text(text.to_owned())
    }
}

impl From<&String> for Argument {
    fn from(text: &String) -> Self {
        Argument::Text(text.clone())
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Argument::Text(text)
    }
}

impl From<usize> for Argument {
    fn from(number: usize) -> Self {
        Argument::Number(number as f64)
    }
}

impl From<f64> for Argument {
    fn from(number: f64) -> Self {
        Argument::Number(number)
    }
}

impl From<bool> for Argument {
    fn from(flag: bool) -> Self {
        Argument::Flag(flag)
    }
}

impl From<Message> for Argument {
    fn from(message: Message) -> Self {
        Argument::Message(message)
    }
}

impl<T: Clone + Into<Argument>> From<&[T]> for Argument {
    fn from(all: &[T]) -> Self {
        Argument::List(all.iter().cloned().map(Into::into).collect())
    }
}
impl<T: Into<Argument>> From<Vec<T>> for Argument {
    fn from(all: Vec<T>) -> Self {
        Argument::List(all.into_iter().map(Into::into).collect())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Message::verbatim(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Message::verbatim(text)
    }
}
