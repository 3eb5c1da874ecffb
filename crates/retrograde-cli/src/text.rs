//! Formatting of numbers, paths and tables.

use std::path::Path;

/// A count with thousands separators: `10,000`.
pub fn count(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length with thousands separators.
pub fn length(number: usize) -> String {
    count(number as u128)
}

/// A size: `812 B`, `77.3 MB`.
pub fn bytes(bytes: u64) -> String {
    let units = [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    match units.iter().find(|(_, size)| bytes as f64 >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", bytes as f64 / size),
        None => format!("{bytes} B"),
    }
}

/// A duration: `0.42 s`, `3 min 20 s`.
pub fn seconds(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.2} s");
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole % 3600 / 60, whole % 60) {
        (0, minutes, rest) => format!("{minutes} min {rest} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A text with its control characters escaped, except for line breaks.
pub fn printable(text: &str) -> String {
    let harmful = |character: char| character.is_control() && character != '\n';
    let escaped = |character: char| {
        if harmful(character) { character.escape_default().to_string() } else { character.to_string() }
    };
    text.chars().map(escaped).collect()
}

/// A path for display.
pub fn shown(path: &Path) -> String {
    printable(&path.display().to_string()).replace('\n', "\\n")
}

/// A text wrapped between words to `width` columns. Continuation lines are indented by `indent`.
pub fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let (mut lines, mut column) = (String::new(), 0);
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > 0 {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines
}

/// A path for a shell, quoted if necessary.
pub fn shell_quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |character: char| character.is_alphanumeric() || "/._-+,:=@%".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The number of columns of a terminal that a text takes.
pub fn columns(text: &str) -> usize {
    retrograde_base::text_width::columns(text)
}

/// Names and values in two columns.
pub fn pairs(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> = pairs.iter().map(|(name, value)| format!("  {name:width$}   {value}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        for (number, text) in [(0_u64, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn durations_are_formatted() {
        for (number, text) in
            [(0.0, "0.00 s"), (1.234, "1.23 s"), (200.0, "3 min 20 s"), (3725.0, "1 h 2 min")]
        {
            assert_eq!(seconds(number), text);
        }
    }

    #[test]
    fn texts_are_wrapped_between_words() {
        assert_eq!(wrapped("a bc def g", 6, 2), "a bc\n  def\n  g");
        assert_eq!(wrapped("enormous word", 3, 0), "enormous\nword");
        assert_eq!(wrapped("short", 80, 4), "short");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}[2J\nb"), "a\\u{1b}[2J\nb");
        assert_eq!(shown(Path::new("a\nb\u{7}")), "a\\nb\\u{7}");
    }

    #[test]
    fn paths_are_quoted_for_the_shell() {
        for (path, text) in
            [("runs/a-1", "runs/a-1"), ("my run", "'my run'"), ("it's", r"'it'\''s'"), ("", "''")]
        {
            assert_eq!(shell_quoted(Path::new(path)), text);
        }
    }
}
