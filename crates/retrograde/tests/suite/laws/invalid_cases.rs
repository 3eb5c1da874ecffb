//! Law 7: invalid operands are an error with help, and every node has the user's source line.

use super::{entries, trials};
use retrograde::graph::{Kind, Role, SourceLine};
use retrograde::{Error, Graph, Result, Var};
use std::ops::RangeInclusive;
use std::path::Path;

/// The source lines of the entry, which records the cases: the "user's source". A method without `#[track_caller]` reports
/// a line outside.
fn entry_lines(location: &SourceLine) -> RangeInclusive<usize> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(location.file());
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let line = |wanted: &str, from: usize| {
        let found = text.lines().skip(from).position(|line| line == wanted);
        found.map(|found| 1 + from + found)
    };
    let range =
        line("pub static ENTRY: Entry = Entry {", 0).and_then(|first| Some(first..=line("};", first)?));
    // A file without an entry has no line of a user.
    range.unwrap_or(RangeInclusive::new(1, 0))
}

fn is_user_line(location: &SourceLine) -> bool {
    entry_lines(location).contains(&(location.line() as usize))
}

#[test]
fn law_7_invalid_operands_are_an_error_with_help() {
    for entry in entries() {
        for (index, case) in (entry.invalid_cases)().iter().enumerate() {
            let label = format!("{}, invalid case {index}", entry.name);
            let graph = Graph::new();
            let input = |(position, input): (usize, &retrograde::graph::Type)| match input.kind {
                Kind::Real => graph.input(&format!("x{position}"), &input.shape),
                Kind::Index => graph.index_input(&format!("x{position}"), &input.shape),
                Kind::Byte => {
                    let bytes = vec![0_u8; input.shape.elements()];
                    graph.bytes(&format!("x{position}"), &input.shape, bytes, 1.0)
                }
                other => unreachable!("a new kind: {other:?}"),
            };
            let variables: Vec<Var> = case.types.iter().enumerate().map(input).collect();
            // The error is deferred to the next `?`.
            let later = -((case.record)(&variables) * 2.0).sum_all();
            let error = later.checked().map(|_| ()).expect_err(&label);
            let message = error.to_string();
            let Error::Recording { operation, location, problem, help } = error else {
                panic!("{label}: {message}");
            };
            assert_eq!(operation, entry.name, "{label}: {message}");
            assert!(!problem.is_empty() && !help.is_empty(), "{label}: {message}");
            assert!(is_user_line(&location), "{label} reports {location}, which is not the user's line");
            for text in case.mentions {
                assert!(message.contains(text), "{label} does not mention `{text}`: {message}");
            }
        }
    }
}

#[test]
fn law_7_every_operation_passes_a_deferred_error_on() {
    for (label, _, trial) in trials() {
        let (a, b) = (trial.graph.input("a", [2]), trial.graph.input("b", [3]));
        let failed = &a + &b;
        let expected = failed.clone().checked().map(|_| ()).expect_err("shapes that do not fit").to_string();
        for position in 0..trial.variables.len() {
            let mut variables = trial.variables.clone();
            variables[position] = failed.clone();
            let error = (trial.record)(&variables).checked().map(|_| ()).expect_err(&label);
            assert_eq!(error.to_string(), expected, "{label}, input {position}");
        }
    }
}

#[test]
fn every_node_has_the_users_line_also_in_the_backward_pass() -> Result<()> {
    for (label, _, trial) in trials() {
        if trial.is_real() {
            trial.gradients()?;
        }
        for node in trial.graph.nodes() {
            // Inputs, and zero gradients, are recorded by this suite.
            let suite = node.location.file().ends_with("suite/laws/trial.rs");
            assert!(suite || is_user_line(&node.location), "{label}: {node:?} at {}", node.location);
        }
    }
    Ok(())
}

#[test]
fn the_reported_line_is_the_users_line() {
    let graph = Graph::new();
    let (a, b) = (graph.input("a", [2, 3]), graph.input("b", [4]));
    let errors: [(Var, u32); 6] = [
        (&a + &b, line!()),
        (a.matmul(&b), line!()),
        (a.mean([7]), line!()),
        (a.concat(&[&b], 0), line!()),
        (a.slice(0, 3..), line!()),
        (a.t().t().powf(2.0).maximum(&b), line!()),
    ];
    for (failed, line) in errors {
        let error = failed.checked().expect_err("does not fit");
        let here = format!("{}:{line}", file!());
        assert!(error.to_string().contains(&here), "{error} does not name {here}");
    }
}

#[test]
fn recorded_at_sets_the_line_of_another_language() {
    let graph = Graph::new();
    let (a, b) = (graph.input("a", [2, 3]), graph.input("b", [4]));
    let cell = SourceLine::other("<cell 3>", 7);
    let (c, failed) = graph.recorded_at(cell.clone(), || (graph.constant(1.0), (&a * 2.0).matmul(&b) + 1.0));
    assert_eq!(c.node().location, cell);
    let error = failed.checked().map(|_| ()).expect_err("shapes that do not fit").to_string();
    assert!(error.starts_with("matmul at <cell 3>:7: "), "{error}");
    // Backward nodes have the line of the forward node. Later nodes have Rust's line again.
    let x = graph.parameter("x", 2.0);
    let y = graph.recorded_at(cell.clone(), || &x * &x);
    let error = graph.recorded_at(SourceLine::other("main.py", 9), || y.backward()?.wrt(&a));
    let error = error.map(|_| ()).expect_err("y does not depend on a").to_string();
    assert!(error.starts_with("gradient at main.py:9: "), "{error}");
    for node in graph.nodes() {
        if let Role::Backward { of } = node.role {
            assert_eq!(node.location, graph.node(of).location, "{node:?}");
        }
    }
    assert!((&x + &y).node().location.file().ends_with("invalid_cases.rs"));
}
