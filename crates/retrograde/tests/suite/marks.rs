//! What is written is known again by its mark, and nothing else is taken for it.

use retrograde::view::Explain;
use retrograde::view::{self, Explanation, Mark};
use retrograde::{Graph, Result, check};

#[test]
fn what_is_written_has_its_own_mark_alone() -> Result<()> {
    let trace = view::apple(&Graph::new()).trace()?;
    let text = format!("An apple\n\n{}", Explanation::new(trace.clone()));
    let graph = Graph::new();
    let w = graph.parameter("w", [1.0, 2.0]);
    let report = check::gradients(&(&w * &w).sum_all(), &[&w])?;
    for (mark, written) in [
        (Mark::GraphText, text),
        (Mark::GraphDot, trace.dot(true)),
        (Mark::GraphSvg, trace.svg(true)?),
        (Mark::GraphPage, trace.html("An apple")?),
        (Mark::GraphJson, trace.json()),
        (Mark::CheckPage, report.html()),
        (Mark::CheckMarkdown, report.markdown(check::Language::English)),
    ] {
        for other in Mark::ALL {
            assert_eq!(other.is_in(written.as_bytes()), other == mark, "{mark:?} as {other:?}");
        }
    }
    Ok(())
}

#[test]
fn what_only_looks_alike_has_no_mark() {
    let beginnings =
        ["", "<!doctype html>\n<html>", "<svg xmlns=\"\">", "digraph mine {", "# Notes", "{\"format\":1}"];
    for others in beginnings {
        assert!(!Mark::ALL.iter().any(|mark| mark.is_in(others.as_bytes())), "{others}");
    }
}
