//! Sentences of a diagnosis, in English and Korean: ids and arguments. The texts are in `texts/`.

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use retrograde_check::Language;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

/// A sentence that can be rendered in each language. Its [`Display`](fmt::Display) is English.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sentence {
    id: Cow<'static, str>,
    #[serde(serialize_with = "as_map")]
    arguments: Vec<(&'static str, Argument)>,
}

/// The value of a placeholder.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum Argument {
    Number(f64),
    Text(String),
}

impl From<f64> for Argument {
    fn from(number: f64) -> Self {
        Argument::Number(number)
    }
}

impl From<usize> for Argument {
    fn from(number: usize) -> Self {
        Argument::Number(number as f64)
    }
}

impl From<u64> for Argument {
    fn from(number: u64) -> Self {
        Argument::Number(number as f64)
    }
}

impl From<String> for Argument {
    fn from(text: String) -> Self {
        Argument::Text(text)
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Argument::Text(text.to_owned())
    }
}

fn as_map<S: serde::Serializer>(
    arguments: &[(&'static str, Argument)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(arguments.iter().map(|(name, value)| (name, value)))
}

impl Sentence {
    pub(crate) fn new(id: impl Into<Cow<'static, str>>) -> Self {
        Sentence { id: id.into(), arguments: Vec::new() }
    }

    #[allow(private_bounds, reason = "arguments are made in this crate alone")]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Argument>) -> Self {
        self.arguments.push((name, value.into()));
        self
    }

    /// Its id in the files of texts: it does not change with the wording.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The number of a placeholder.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.arguments.iter().find_map(|(own, value)| match value {
            Argument::Number(number) if *own == name => Some(*number),
            _ => None,
        })
    }

    /// Renders it in a language.
    pub fn text(&self, language: Language) -> String {
        let texts = match language {
            Language::Korean => &*KOREAN,
            _ => &*ENGLISH,
        };
        let mut arguments = FluentArgs::new();
        for (name, value) in &self.arguments {
            match value {
                Argument::Number(number) => arguments.set(*name, *number),
                Argument::Text(text) => arguments.set(*name, text.as_str()),
            }
        }
        let found = texts.get_message(&self.id).and_then(|message| message.value());
        debug_assert!(found.is_some(), "no text has the id {}", self.id);
        let Some(pattern) = found else { return self.id.to_string() };
        let mut errors = Vec::new();
        let text = texts.format_pattern(pattern, Some(&arguments), &mut errors).into_owned();
        debug_assert!(errors.is_empty(), "{}: {errors:?}", self.id);
        text
    }
}

impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::English))
    }
}

type Texts = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| texts("en", include_str!("texts/en.ftl")));
static KOREAN: LazyLock<Texts> = LazyLock::new(|| texts("ko", include_str!("texts/ko.ftl")));

fn texts(language: &str, source: &str) -> Texts {
    let mut texts = FluentBundle::new_concurrent(language.parse().into_iter().collect());
    texts.set_use_isolating(false);
    texts.set_formatter(Some(|value, _| match value {
        FluentValue::Number(number) => Some(numeral(number.value)),
        _ => None,
    }));
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, errors)| {
        debug_assert!(errors.is_empty(), "{language}: {errors:?}");
        resource
    });
    let added = texts.add_resource(resource);
    debug_assert!(added.is_ok(), "{language}: {added:?}");
    texts
}

/// A number as a reader wants it: whole, or with four digits.
pub(crate) fn numeral(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    if value == value.trunc() && value.abs() < 1e6 {
        return format!("{value:.0}");
    }
    match value.abs() {
        size if (1e-3..1e5).contains(&size) => {
            let digits = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
            let text = format!("{value:.digits$}");
            let text =
                if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
            text.to_owned()
        }
        _ => format!("{value:.3e}"),
    }
}
