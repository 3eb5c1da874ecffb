//! Escaping of names and paths for terminals.

use std::path::Path;

/// A name with control and bidirectional characters escaped, so that it cannot move the cursor, change colors or reverse
/// the line.
pub fn printable(name: &str) -> String {
    let is_unsafe = |character: char| {
        character.is_control()
            || matches!(character, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
    };
    name.chars()
        .flat_map(|character| {
            let escaped = is_unsafe(character).then(|| character.escape_default());
            let plain = escaped.is_none().then_some(character);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

/// A path, escaped by [`printable`].
pub fn shown(path: impl AsRef<Path>) -> String {
    printable(&path.as_ref().to_string_lossy())
}
