//! Text made safe for HTML and SVG, and text in two languages.

/// A text as it stands in HTML, in an element or in quotes: whatever it says, it stays text. Control letters, which XML
/// forbids, become their pictures.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' => safe.push(letter),
            '\0'..'\x20' => safe.push(char::from_u32(0x2400 + letter as u32).unwrap_or(' ')),
            '\x7f' | '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

/// A text in English and in Korean, of which the style sheet shows one. Both are HTML.
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
    fn text_stays_text() {
        assert_eq!(
            escaped("<b onclick='x'>&\"사과\"\u{1b}"),
            "&lt;b onclick=&#39;x&#39;&gt;&amp;&quot;사과&quot;␛"
        );
    }
}
