//! Escaping for HTML and SVG, and text in two languages.

/// Escapes a text for HTML elements and quoted attributes. Control characters, which XML forbids, become their Unicode control
/// pictures.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' => safe.push(character),
            '\0'..'\x20' => safe.push(char::from_u32(0x2400 + character as u32).unwrap_or(' ')),
            '\x7f' | '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            character => safe.push(character),
        }
    }
    safe
}

/// HTML text in English and in Korean; the style sheet shows one.
pub fn both(english: &str, korean: &str) -> String {
    if english == korean {
        return english.to_string();
    }
    format!("<span lang=\"en\">{english}</span><span lang=\"ko\">{korean}</span>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            escaped("<b onclick='x'>&\"사과\"\u{1b}"),
            "&lt;b onclick=&#39;x&#39;&gt;&amp;&quot;사과&quot;␛"
        );
    }
}
