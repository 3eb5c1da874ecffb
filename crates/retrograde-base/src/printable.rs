//! Names and paths as they can be printed.

use std::path::Path;

/// A name as it can be printed: control and direction letters escaped, so that no name moves the cursor, changes
/// colours or turns the line around.
pub fn printable(name: &str) -> String {
    let harmful = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
    };
    name.chars()
        .flat_map(|letter| {
            let escaped = harmful(letter).then(|| letter.escape_default());
            let plain = escaped.is_none().then_some(letter);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

/// A path as it can be printed.
pub fn shown(path: impl AsRef<Path>) -> String {
    printable(&path.as_ref().to_string_lossy())
}
