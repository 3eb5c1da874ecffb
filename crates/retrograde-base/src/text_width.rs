//! The width of text in columns of a terminal.
//!
//! Korean, Chinese and Japanese characters and most pictographs have the width 2, combining marks 0. The wide ranges are those
//! of the Unicode East Asian Width table (UAX #11), wide or fullwidth, merged across unassigned characters. Ambiguous
//! characters have the width 1, the default of common terminals.

pub use crate::printable::printable;

/// The ranges of characters of width 2: first and last.
const WIDE: &[(char, char)] = &[
    ('\u{1100}', '\u{115F}'),
    ('\u{2E80}', '\u{303E}'),
    ('\u{3041}', '\u{4DBF}'),
    ('\u{4E00}', '\u{A4CF}'),
    ('\u{A960}', '\u{A97F}'),
    ('\u{AC00}', '\u{D7A3}'),
    ('\u{F900}', '\u{FAFF}'),
    ('\u{FE30}', '\u{FE6F}'),
    ('\u{FF01}', '\u{FF60}'),
    ('\u{FFE0}', '\u{FFE6}'),
    ('\u{1F300}', '\u{1F64F}'),
    ('\u{1F680}', '\u{1F6FF}'),
    ('\u{1F900}', '\u{1FAFF}'),
    ('\u{20000}', '\u{3FFFD}'),
];

/// The ranges of characters of width 0: combining marks, the vowels and final consonants of decomposed Hangul, joiners.
const COMBINING: &[(char, char)] = &[
    ('\u{0300}', '\u{036F}'),
    ('\u{1160}', '\u{11FF}'),
    ('\u{1AB0}', '\u{1AFF}'),
    ('\u{1DC0}', '\u{1DFF}'),
    ('\u{200B}', '\u{200D}'),
    ('\u{20D0}', '\u{20FF}'),
    ('\u{302A}', '\u{302F}'),
    ('\u{FE00}', '\u{FE0F}'),
    ('\u{FE20}', '\u{FE2F}'),
];

/// The width of a character: 0, 1 or 2.
pub fn columns_of(character: char) -> usize {
    let within =
        |ranges: &[(char, char)]| ranges.iter().any(|&(low, high)| (low..=high).contains(&character));
    match character {
        ' '..='~' => 1,
        _ if within(COMBINING) => 0,
        _ if within(WIDE) => 2,
        _ => 1,
    }
}

/// The width of a text.
pub fn columns(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

/// A text truncated to the width `limit`, with an ellipsis.
pub fn shortened(text: &str, limit: usize, ellipsis: &str) -> String {
    if columns(text) <= limit {
        return text.to_string();
    }
    let available = limit.saturating_sub(columns(ellipsis));
    let mut used = 0;
    let kept = text.chars().take_while(|&character| {
        used += columns_of(character);
        used <= available
    });
    kept.chain(ellipsis.chars()).collect()
}

/// A text padded with spaces to `width`.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn korean_characters_have_width_two() {
        assert_eq!(columns("사과"), 4);
        assert_eq!(columns("apple"), 5);
        // The same word in decomposed characters, as in some file systems.
        assert_eq!(columns("\u{1109}\u{1161}\u{1100}\u{116A}"), 4);
        assert_eq!(columns("苹果りんご"), 10);
        assert_eq!(columns("e\u{301}"), 1);
        assert_eq!(padded("사과", 6), "사과  ");
        assert_eq!(shortened("사과의 개수", 6, "…"), "사과…");
        assert_eq!(shortened("사과", 4, "…"), "사과");
    }

    #[test]
    fn names_cannot_move_the_cursor() {
        assert_eq!(printable("a\u{1b}[2J\n사과"), "a\\u{1b}[2J\\n사과");
        assert_eq!(printable("\u{202E}x"), "\\u{202e}x");
    }
}
