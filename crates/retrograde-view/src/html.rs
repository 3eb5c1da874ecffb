//! Fragments of HTML and SVG, and JSON in a script.

pub(super) use retrograde_base::markup::{both, escaped};

/// JSON inside a script element: no character sequence in it ends the script.
pub(super) fn script_safe(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_ends_no_script() {
        assert_eq!(script_safe("{\"a\":\"</script>\"}"), "{\"a\":\"\\u003c/script>\"}");
    }
}
