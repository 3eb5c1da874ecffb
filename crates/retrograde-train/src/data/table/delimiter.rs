//! The delimiter of a table, recognized from its first records.
//!
//! A candidate must give the first record at least two fields. Of the candidates, the one wins with which most records have
//! as many fields as the first; then the one with more fields that are numbers; then the order of [`DELIMITERS`]. Without a
//! candidate the table has one column.

use super::number::DecimalMark;
use csv::{ReaderBuilder, StringRecord};

/// The delimiters that are recognized. Tabs and semicolons are rare in text, commas are not.
pub(super) const DELIMITERS: [char; 3] = ['\t', ';', ','];

/// The most bytes and records that are looked at.
const SAMPLE_BYTES: usize = 1 << 20;
const SAMPLE_RECORDS: usize = 200;

/// How well a delimiter fits. A larger one is better.
#[derive(PartialEq, PartialOrd)]
struct Fit {
    /// The share of records with as many fields as the first.
    regular: f64,
    /// The share of fields that are numbers.
    numbers: f64,
}

/// The delimiter of a text.
pub(super) fn recognized(text: &str) -> char {
    let sample = sample(text);
    let mut best: Option<(char, Fit)> = None;
    for delimiter in DELIMITERS {
        let Some(fit) = fit(sample, delimiter) else { continue };
        if best.as_ref().is_none_or(|(_, best)| fit > *best) {
            best = Some((delimiter, fit));
        }
    }
    let unused = || DELIMITERS.into_iter().rev().find(|delimiter| !sample.contains(*delimiter));
    best.map(|(delimiter, _)| delimiter).or_else(unused).unwrap_or(',')
}

/// The start of the text, without the part of a line at its end.
fn sample(text: &str) -> &str {
    if text.len() <= SAMPLE_BYTES {
        return text;
    }
    let end = (0..=SAMPLE_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let start = &text[..end];
    start.rfind('\n').map_or(start, |end| &start[..end])
}

/// How well a delimiter fits; `None` if the first record has a single field.
fn fit(sample: &str, delimiter: char) -> Option<Fit> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter as u8)
        .from_reader(sample.as_bytes());
    let records: Vec<StringRecord> = reader.records().take(SAMPLE_RECORDS).map_while(Result::ok).collect();
    let width = records.first().map(StringRecord::len).filter(|width| *width > 1)?;
    let regular = records.iter().filter(|record| record.len() == width).count();
    let fields = records.iter().map(StringRecord::len).sum::<usize>();
    let is_number = |field: &&str| {
        [DecimalMark::Point, DecimalMark::Comma].iter().any(|mark| mark.parse(field).is_some())
    };
    let numbers = records.iter().flat_map(StringRecord::iter).filter(is_number).count();
    Some(Fit { regular: regular as f64 / records.len() as f64, numbers: numbers as f64 / fields as f64 })
}

#[cfg(test)]
mod tests {
    use super::recognized;

    #[test]
    fn the_delimiter_is_recognized() {
        for (text, delimiter) in [
            ("a,b\n1,2\n", ','),
            ("a;b\n1;2\n", ';'),
            ("a\tb\n1\t2\n", '\t'),
            // Decimal commas, with and without a header.
            ("a;b;c\n1,5;2,5;3,0\n", ';'),
            ("1,5;2,5\n3,5;4,5\n", ';'),
            ("1,5;2,5;3,0\n1,2;3,4;5,6\n", ';'),
            // Text with the other delimiters.
            ("name,age\n\"Braund; Mr. Owen\",22\n\"Cumings; Mrs.\",38\n", ','),
            ("name\tage\nSmith, J\t5\nDoe, A\t6\n", '\t'),
            ("Smith, J;5\nDoe, A;6\n", ';'),
            ("a;b,5\nc;d,6\n", ','),
            // A quoted line break.
            ("a,b\n\"x\ny;z\",1\n", ','),
            // One column.
            ("a\n1\n2\n", ','),
            ("a\n1,5\n2,5\n", ';'),
            ("", ','),
            ("a,b;c\td", '\t'),
        ] {
            assert_eq!(recognized(text), delimiter, "{text:?}");
        }
    }

    #[test]
    fn long_lines_and_texts_are_sampled() {
        let line = "1;".repeat(1 << 20);
        assert_eq!(recognized(&line), ';');
        let text = "가;나\n".repeat(1 << 18);
        assert_eq!(recognized(&text), ';');
    }
}
