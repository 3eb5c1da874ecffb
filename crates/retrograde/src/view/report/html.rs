//! Pieces of HTML: text made safe, and text in two languages.

/// A text as it stands in HTML, in an element or in quotes: whatever it says, it stays text.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// A text in English and in Korean, of which the style sheet shows one. Both are HTML.
pub(super) fn both(english: &str, korean: &str) -> String {
    if english == korean {
        return english.to_string();
    }
    format!("<span lang=\"en\">{english}</span><span lang=\"ko\">{korean}</span>")
}

/// JSON as it stands in a script: nothing in it ends the script.
pub(super) fn script_safe(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("<b onclick='x'>&\"사과\""), "&lt;b onclick=&#39;x&#39;&gt;&amp;&quot;사과&quot;");
        assert_eq!(script_safe("{\"a\":\"</script>\"}"), "{\"a\":\"\\u003c/script>\"}");
    }
}
