//! Numbers, names and tables as people read them.

use std::path::Path;

/// A count with its thousands set apart: `10,000`.
pub fn count(number: impl Into<u128>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count of things in memory.
pub fn length(number: usize) -> String {
    count(number as u128)
}

/// A span of time: `0.42 s`, `3 min 20 s`.
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

/// A text of which no letter moves the cursor or changes colours; lines stay lines.
pub fn printable(text: &str) -> String {
    let harmful = |letter: char| letter.is_control() && letter != '\n';
    let escaped = |letter: char| {
        if harmful(letter) { letter.escape_default().to_string() } else { letter.to_string() }
    };
    text.chars().map(escaped).collect()
}

/// A path as it is shown.
pub fn shown(path: &Path) -> String {
    printable(&path.display().to_string()).replace('\n', "\\n")
}

/// A text in lines of at most so many columns, broken between words; the later ones are indented by `indent`.
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

/// A path as it is typed in a shell: in quotes if it has to be.
pub fn typed(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+,:=@%".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Names with values in two columns, each line indented.
pub fn pairs(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> = pairs.iter().map(|(name, value)| format!("  {name:width$}   {value}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0_u64, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn times_are_short() {
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
    fn control_letters_are_escaped() {
        assert_eq!(printable("a\u{1b}[2J\nb"), "a\\u{1b}[2J\nb");
        assert_eq!(shown(Path::new("a\nb\u{7}")), "a\\nb\\u{7}");
    }

    #[test]
    fn paths_survive_the_shell() {
        for (path, text) in
            [("runs/a-1", "runs/a-1"), ("my run", "'my run'"), ("it's", r"'it'\''s'"), ("", "''")]
        {
            assert_eq!(typed(Path::new(path)), text);
        }
    }
}
