//! Numbers as people and programs write them: with a decimal point or comma, with and without marks between thousands.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The mark between the whole part and the fraction of a number.
///
/// The other mark may stand between groups of three digits: with a decimal point 1,234.5 is a number, with a decimal comma
/// 1.234,5 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// 0.5
    #[default]
    Point,
    /// 0,5
    Comma,
}

impl DecimalMark {
    /// The number that a text is; `None` if it is none or not finite.
    ///
    /// # Examples
    /// ```
    /// use retrograde::data::DecimalMark;
    ///
    /// assert_eq!(DecimalMark::Point.parse("1,234.5"), Some(1234.5));
    /// assert_eq!(DecimalMark::Comma.parse("1.234,5"), Some(1234.5));
    /// assert_eq!(DecimalMark::Point.parse("1,5"), None);
    /// assert_eq!(DecimalMark::Point.parse("inf"), None);
    /// ```
    pub fn parse(self, text: &str) -> Option<f64> {
        let text = text.trim();
        // Rust's parser also accepts "inf" and "nan".
        if !text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.,eE".contains(&byte)) {
            return None;
        }
        self.without_groups(text)?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// The mark between thousands.
    fn group_mark(self) -> char {
        match self {
            DecimalMark::Point => ',',
            DecimalMark::Comma => '.',
        }
    }

    /// The text with a decimal point and no marks between thousands.
    fn without_groups(self, text: &str) -> Option<Cow<'_, str>> {
        if self == DecimalMark::Point && !text.contains(',') {
            return Some(Cow::Borrowed(text));
        }
        let decimal = if self == DecimalMark::Point { '.' } else { ',' };
        let (whole, fraction) = match text.split_once(decimal) {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        if fraction.is_some_and(|fraction| fraction.contains(['.', ','])) {
            return None;
        }
        let mut plain = joined(whole, self.group_mark())?;
        if let Some(fraction) = fraction {
            plain.push('.');
            plain.push_str(fraction);
        }
        Some(Cow::Owned(plain))
    }
}

/// The digits of a whole part without the marks between groups: all groups but the first have three digits.
fn joined(whole: &str, mark: char) -> Option<String> {
    if !whole.contains(mark) {
        return Some(whole.to_owned());
    }
    let digits = whole.trim_start_matches(['+', '-']);
    let mut groups = digits.split(mark);
    let first = groups.next()?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let starts = (1..=3).contains(&first.len()) && is_digits(first) && !first.starts_with('0');
    let continues = groups.all(|group| group.len() == 3 && is_digits(group));
    (starts && continues).then(|| whole.replace(mark, ""))
}

/// The decimal mark of a sample of cells. A cell is evidence if it is a number with one of the marks only; 1,234 is none.
pub(super) fn recognized<'a>(cells: impl Iterator<Item = &'a str>) -> Option<DecimalMark> {
    let (mut points, mut commas) = (0_usize, 0_usize);
    for cell in cells.filter(|cell| cell.contains(['.', ','])) {
        let is_number = |mark: DecimalMark| mark.parse(cell).is_some();
        match (is_number(DecimalMark::Point), is_number(DecimalMark::Comma)) {
            (true, false) => points += 1,
            (false, true) => commas += 1,
            _ => {}
        }
    }
    let evidence = if commas > points { DecimalMark::Comma } else { DecimalMark::Point };
    (points + commas > 0).then_some(evidence)
}

/// The decimal mark without evidence: a comma if numbers have commas and the delimiter is a semicolon, which is used where
/// commas are taken.
pub(super) fn usual_mark<'a>(mut cells: impl Iterator<Item = &'a str>, delimiter: char) -> DecimalMark {
    let has_comma = |cell: &str| cell.contains(',') && DecimalMark::Comma.parse(cell).is_some();
    let is_comma = delimiter == ';' && cells.any(has_comma);
    if is_comma { DecimalMark::Comma } else { DecimalMark::Point }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_parsed_with_either_mark() {
        for (text, point, comma) in [
            ("5", Some(5.0), Some(5.0)),
            (" -5 ", Some(-5.0), Some(-5.0)),
            ("+1e3", Some(1000.0), Some(1000.0)),
            (".5", Some(0.5), None),
            (",5", None, Some(0.5)),
            ("1.5", Some(1.5), None),
            ("1,5", None, Some(1.5)),
            ("1,234", Some(1234.0), Some(1.234)),
            ("1.234", Some(1.234), Some(1234.0)),
            ("0,123", None, Some(0.123)),
            ("-1,234,567.25", Some(-1_234_567.25), None),
            ("1.234.567,25", None, Some(1_234_567.25)),
            ("1.234.567", None, Some(1_234_567.0)),
            ("1,5e-3", None, Some(0.0015)),
            ("12,34,567", None, None),
            ("1234,567", None, Some(1234.567)),
            ("1,2,3", None, None),
            ("1..5", None, None),
            ("", None, None),
            ("-", None, None),
            ("e", None, None),
            ("inf", None, None),
            ("NaN", None, None),
            ("1e999", None, None),
            ("0x10", None, None),
            ("1_000", None, None),
            ("٣", None, None),
            ("12:30", None, None),
        ] {
            assert_eq!(DecimalMark::Point.parse(text), point, "{text:?} with a point");
            assert_eq!(DecimalMark::Comma.parse(text), comma, "{text:?} with a comma");
        }
    }

    #[test]
    fn the_mark_is_recognized() {
        use DecimalMark::{Comma, Point};
        for (cells, delimiter, mark) in [
            (&["1.5", "2"][..], ',', Point),
            (&["1,5", "2"], ';', Comma),
            (&["1,234", "x"], ';', Comma),
            (&["1,234", "x"], ',', Point),
            (&["1,234", "0.5"], ';', Point),
            (&["1.234"], ';', Point),
            (&["1.234", "0,5"], ';', Comma),
            (&["12.05.2021", "3"], ';', Point),
            (&[], ';', Point),
        ] {
            let cells = || cells.iter().copied();
            let found = recognized(cells()).unwrap_or_else(|| usual_mark(cells(), delimiter));
            assert_eq!(found, mark, "{:?} with {delimiter}", cells().collect::<Vec<_>>());
        }
    }
}
