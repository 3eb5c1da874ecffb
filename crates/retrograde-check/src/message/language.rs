//! The languages of a report, and its texts in Fluent syntax in `texts/`: `en.ftl` and `ko.ftl`, and `formulas.ftl` for
//! texts that are the same in both, such as a line of code.

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use serde::Serialize;
use std::sync::LazyLock;

/// A language of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Korean.
    #[serde(rename = "ko")]
    Korean,
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 2] = [Language::English, Language::Korean];

    /// Its code: `en`, `ko`.
    pub fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Korean => "ko",
        }
    }

    /// The language of a locale: `ko`, `ko_KR.UTF-8`, `ko-KR`. English for other locales.
    pub fn of_locale(locale: &str) -> Self {
        let code = locale.split(['_', '-', '.', '@']).next().unwrap_or(locale);
        let all = Language::ALL.into_iter();
        all.rev().find(|language| code.eq_ignore_ascii_case(language.code())).unwrap_or_default()
    }
}

type Texts = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| texts("en", include_str!("texts/en.ftl")));
static KOREAN: LazyLock<Texts> = LazyLock::new(|| texts("ko", include_str!("texts/ko.ftl")));
static FORMULAS: LazyLock<Texts> = LazyLock::new(|| texts("en", include_str!("texts/formulas.ftl")));

/// The texts of a file. Lines that are not valid Fluent are skipped; a test finds them.
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

/// A number as printed in a sentence.
fn numeral(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-3 {
        return format!("{value:e}");
    }
    retrograde_base::number::plain(value)
}

/// The text `family.attribute`, or the text `family`. A variant `family-variant` without the text falls back to its family.
pub(super) fn lookup(language: Language, id: &str, arguments: &FluentArgs<'_>) -> Option<String> {
    let own: &Texts = match language {
        Language::English => &ENGLISH,
        Language::Korean => &KOREAN,
    };
    let (family, attribute) = id.split_once('.').map_or((id, None), |(family, name)| (family, Some(name)));
    let whole = family.split_once('-').map(|(whole, _)| whole);
    for family in [Some(family), whole].into_iter().flatten() {
        for texts in [own, &FORMULAS] {
            let Some(message) = texts.get_message(family) else { continue };
            let pattern = match attribute {
                Some(name) => message.get_attribute(name).map(|attribute| attribute.value()),
                None => message.value(),
            };
            if let Some(pattern) = pattern {
                let mut errors = Vec::new();
                let text = texts.format_pattern(pattern, Some(arguments), &mut errors).into_owned();
                debug_assert!(errors.is_empty(), "{id} in {}: {errors:?}", language.code());
                return Some(if language == Language::Korean { with_particles(&text) } else { text });
            }
        }
    }
    None
}

/// The particles of Korean that depend on the end of the preceding word: after a final consonant, and otherwise.
const PARTICLES: [(&str, &str, &str); 6] = [
    ("(은/는)", "은", "는"),
    ("(이/가)", "이", "가"),
    ("(을/를)", "을", "를"),
    ("(과/와)", "과", "와"),
    ("(이라/라)", "이라", "라"),
    ("(으로/로)", "으로", "로"),
];

/// The pronounced end of a word.
#[derive(PartialEq)]
enum End {
    Vowel,
    /// ㄹ, which is followed by `로` like a vowel.
    Liquid,
    Consonant,
}

fn with_particles(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('(') {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        if let Some((marker, closed, open)) = PARTICLES.iter().find(|(marker, ..)| behind.starts_with(marker))
        {
            let end = end_of(&out);
            let is_open = end == End::Vowel || (end == End::Liquid && *open == "로");
            out.push_str(if is_open { open } else { closed });
            rest = &behind[marker.len()..];
        } else {
            out.push('(');
            rest = &behind[1..];
        }
    }
    out + rest
}

/// The end of the last word as pronounced: Korean by its syllable, digits and single letters by their names.
fn end_of(text: &str) -> End {
    let Some(last) = text.chars().rev().find(|letter| letter.is_alphanumeric()) else { return End::Vowel };
    match last {
        '가'..='힣' => match (last as u32 - '가' as u32) % 28 {
            0 => End::Vowel,
            8 => End::Liquid,
            _ => End::Consonant,
        },
        '1' | '7' | '8' | 'l' | 'L' | 'r' | 'R' => End::Liquid,
        // dout, relu's output; N; x̂.
        '0' | '3' | '6' | 'm' | 'M' | 'n' | 'N' | 't' | 'k' | 'p' | 'b'
            if last.is_ascii_digit() || !is_name(text) || matches!(last, 'm' | 'M' | 'n' | 'N') =>
        {
            End::Consonant
        }
        _ => End::Vowel,
    }
}

/// Whether the last word is so short that it is spelled out: `db`, `K`.
fn is_name(text: &str) -> bool {
    let word = text.rsplit(|letter: char| !letter.is_alphanumeric()).find(|word| !word.is_empty());
    word.is_none_or(|word| word.chars().count() <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_fit_what_they_follow() {
        for (text, expected) in [
            ("`dx`(은/는) 0", "`dx`는 0"),
            ("`dout`(을/를)", "`dout`을"),
            ("`relu1`(이/가)", "`relu1`이"),
            ("기울기(이/가)", "기울기가"),
            ("값(으로/로) 3(으로/로) 8(으로/로)", "값으로 3으로 8로"),
            ("f(x)(과/와) `b`(과/와)", "f(x)와 `b`와"),
        ] {
            assert_eq!(with_particles(text), expected);
        }
    }

    #[test]
    fn locales_have_a_language() {
        for (locale, language) in [
            ("ko_KR.UTF-8", Language::Korean),
            ("ko", Language::Korean),
            ("C", Language::English),
            ("de_DE", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::of_locale(locale), language);
        }
    }
}
