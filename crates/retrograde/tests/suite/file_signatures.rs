//! Each written file is recognized by its signature, and no other file is.

use retrograde::view::Explain;
use retrograde::view::{self, Explanation, FileSignature};
use retrograde::{Graph, Result, check};

#[test]
fn each_written_file_has_its_own_signature() -> Result<()> {
    let trace = view::apple(&Graph::new()).trace()?;
    let text = format!("An apple\n\n{}", Explanation::new(trace.clone()));
    let graph = Graph::new();
    let w = graph.parameter("w", [1.0, 2.0]);
    let report = check::gradients(&(&w * &w).sum_all(), &[&w])?;
    for (mark, written) in [
        (FileSignature::GraphText, text),
        (FileSignature::GraphDot, trace.dot(true)),
        (FileSignature::GraphSvg, trace.svg(true)?),
        (FileSignature::GraphPage, trace.html("An apple")?),
        (FileSignature::GraphJson, trace.json()),
        (FileSignature::CheckPage, report.html()),
        (FileSignature::CheckMarkdown, report.markdown(check::Language::English)),
    ] {
        for other in FileSignature::ALL {
            assert_eq!(other.is_in(written.as_bytes()), other == mark, "{mark:?} as {other:?}");
        }
    }
    Ok(())
}

#[test]
fn a_similar_file_has_no_signature() {
    let beginnings =
        ["", "<!doctype html>\n<html>", "<svg xmlns=\"\">", "digraph mine {", "# Notes", "{\"format\":1}"];
    for others in beginnings {
        assert!(!FileSignature::ALL.iter().any(|mark| mark.is_in(others.as_bytes())), "{others}");
    }
}
