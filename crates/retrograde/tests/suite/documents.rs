//! Generated documents: these tests fail if they are stale, and regenerate them with `RETROGRADE_UPDATE=1 cargo test -p
//! retrograde --test suite documents`.

use retrograde::ops::{ALL, Entry};
use retrograde::view::Explain;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares a document with its expected contents, or writes it.
fn check(name: &str, expected: &str) {
    let path = root().join(name);
    if std::env::var_os("RETROGRADE_UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, expected).expect("a document that can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{name} is stale: run this test with RETROGRADE_UPDATE=1");
}

/// The point and the slopes of each kink of an operation.
fn kinks(entry: &Entry) -> String {
    let list = |tensors: &[retrograde::Tensor]| {
        tensors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    (entry.kinks)()
        .iter()
        .map(|kink| format!("at {}: {}", list(&kink.at), list(&kink.slopes)))
        .collect::<Vec<_>>()
        .join("; ")
}

#[test]
fn the_table_of_operations() {
    let mut text = String::from(
        "# The operations\n\nMade from the list in `ops/mod.rs`. y is the value, x (or a and b) the inputs, g the upstream \
         gradient; a kink is a point without a derivative, with the slopes that are taken there.\n\n\
         | operation | value | gradients | what it does | kinks |\n| --- | --- | --- | --- | --- |\n",
    );
    let cell = |text: &str| text.replace('|', "\\|");
    for entry in ALL {
        let Entry { name, formula, derivative, summary, .. } = entry;
        let (formula, derivative, kinks) = (cell(formula), cell(derivative), cell(&kinks(entry)));
        writeln!(text, "| `{name}` | {formula} | {derivative} | {summary} | {kinks} |").expect("a string");
    }
    check("docs/OPERATIONS.md", &text);
}

#[test]
fn the_worked_example_of_the_contributors_guide() {
    let example = include_str!("../../examples/your_own_operation.rs");
    let code =
        &example[example.find("use ").expect("imports")..example.find("\nfn main").expect("a main function")];
    let path = root().join("CONTRIBUTING.md");
    let guide = std::fs::read_to_string(path).expect("the guide");
    let (before, rest) = guide.split_once("```rust\n").expect("a block of code");
    let (_, after) = rest.split_once("```\n").expect("its end");
    check("CONTRIBUTING.md", &format!("{before}```rust\n{}\n```\n{after}", code.trim_end()));
}

/// The one whose numbers are the same on every machine. The other picture of the README is made by its command.
#[test]
fn the_picture_of_the_readme() -> retrograde::Result<()> {
    let trace = retrograde::view::apples_and_oranges(&retrograde::Graph::new()).trace()?;
    check("docs/apples-and-oranges.svg", &trace.svg(true)?);
    Ok(())
}
