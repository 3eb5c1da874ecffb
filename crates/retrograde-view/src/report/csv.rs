//! The metrics as a CSV file (RFC 4180), one number per row, for filtering and pivoting.

use super::metrics::series;
use crate::FileSignature;
use retrograde_train::train::History;
use std::fmt::Write;

/// Rows of `figure,of,step,value`: every loss, accuracy, norm and ratio of a history, in full precision, and the confusion
/// matrix as rows such as `confusion,3 as 5,10000,12`.
pub fn csv(history: &History) -> String {
    let mut text = String::from(FileSignature::Figures.text());
    for series in series(history) {
        let (metric, of) = (series.metric.name(), field(&series.of));
        for (step, value) in &series.points {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{metric},{of},{step},{value}");
        }
    }
    let classification = history.metrics.as_ref().and_then(|metrics| metrics.classification.as_ref());
    if let (Some(found), Some(last)) = (classification, history.last()) {
        for label in 0..found.classes {
            for predicted in 0..found.classes {
                let count = found.count(label, predicted);
                let _ = writeln!(text, "confusion,{label} as {predicted},{},{count}", last.step);
            }
        }
    }
    text
}

/// A field, quoted if it contains a separator or looks like a formula.
fn field(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_string() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn names_stay_one_field() {
        for (name, text) in [
            ("affine1.weight", "affine1.weight"),
            ("a,b", "\"a,b\""),
            ("say \"so\"", "\"say \"\"so\"\"\""),
            ("=1+1", "'=1+1"),
        ] {
            assert_eq!(field(name), text);
        }
    }
}
