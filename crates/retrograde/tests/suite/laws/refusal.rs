//! Law 7: what is refused is refused with an error that helps, and every node knows the line of the user's source.

use super::{entries, trials};
use retrograde::graph::{Kind, Role, SourceLine};
use retrograde::{Error, Graph, Result, Var};
use std::ops::RangeInclusive;
use std::path::Path;

/// The lines of the entry's own text, from which the samples and refusals are recorded: they are the "user's source".
/// A method that forgets `#[track_caller]` reports a line of its own, which is outside.
fn entry_lines(location: &SourceLine) -> RangeInclusive<usize> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(location.file());
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let line = |wanted: &str, from: usize| {
        let found = text.lines().skip(from).position(|line| line == wanted);
        1 + from + found.unwrap_or_else(|| panic!("{} has no line `{wanted}`", path.display()))
    };
    let first = line("pub static ENTRY: Entry = Entry {", 0);
    first..=line("};", first)
}

fn is_users(location: &SourceLine) -> bool {
    entry_lines(location).contains(&(location.line() as usize))
}

#[test]
fn law_7_what_does_not_fit_is_refused_with_an_error_that_helps() {
    for entry in entries() {
        for (number, refusal) in (entry.refusals)().iter().enumerate() {
            let label = format!("{}, refusal {number}", entry.name);
            let graph = Graph::new();
            let given = |(number, given): (usize, &retrograde::graph::Type)| match given.kind {
                Kind::Real => graph.input(&format!("x{number}"), &given.shape),
                Kind::Index => graph.index_input(&format!("x{number}"), &given.shape),
            };
            let variables: Vec<Var> = refusal.types.iter().enumerate().map(given).collect();
            // It arrives at the next `?`, however much is recorded in between.
            let later = -((refusal.record)(&variables) * 2.0).sum_all();
            let error = later.checked().map(|_| ()).expect_err(&label);
            let message = error.to_string();
            let Error::Recording { operation, location, problem, remedy } = error else {
                panic!("{label}: {message}");
            };
            assert_eq!(operation, entry.name, "{label}: {message}");
            assert!(!problem.is_empty() && !remedy.is_empty(), "{label}: {message}");
            assert!(is_users(&location), "{label} blames {location}, which is not the user's line");
            for words in refusal.says {
                assert!(message.contains(words), "{label} does not say `{words}`: {message}");
            }
        }
    }
}

#[test]
fn law_7_a_fault_goes_through_every_operation_as_it_is() {
    for (label, _, trial) in trials() {
        let (a, b) = (trial.graph.input("a", [2]), trial.graph.input("b", [3]));
        let faulty = &a + &b;
        let expected = faulty.clone().checked().map(|_| ()).expect_err("shapes that do not fit").to_string();
        for position in 0..trial.variables.len() {
            let mut variables = trial.variables.clone();
            variables[position] = faulty.clone();
            let error = (trial.record)(&variables).checked().map(|_| ()).expect_err(&label);
            assert_eq!(error.to_string(), expected, "{label}, input {position}");
        }
    }
}

#[test]
fn every_node_knows_the_users_line_also_those_of_the_gradient() -> Result<()> {
    for (label, _, trial) in trials() {
        if trial.is_real() {
            trial.gradients()?;
        }
        for node in trial.graph.nodes() {
            // Inputs, and gradients that are zero, are recorded where this suite asks for them.
            let suite = node.location.file().ends_with("suite/laws/trial.rs");
            assert!(suite || is_users(&node.location), "{label}: {node:?} at {}", node.location);
        }
    }
    Ok(())
}

#[test]
fn the_users_line_is_the_one_that_was_written() {
    let graph = Graph::new();
    let (a, b) = (graph.input("a", [2, 3]), graph.input("b", [4]));
    let faults: [(Var, u32); 6] = [
        (&a + &b, line!()),
        (a.matmul(&b), line!()),
        (a.mean([7]), line!()),
        (a.concatenate(&[&b], 0), line!()),
        (a.slice(0, 3..), line!()),
        (a.t().t().powf(2.0).maximum(&b), line!()),
    ];
    for (fault, line) in faults {
        let error = fault.checked().expect_err("does not fit");
        let here = format!("{}:{line}", file!());
        assert!(error.to_string().contains(&here), "{error} does not name {here}");
    }
}

#[test]
fn a_line_of_another_language_is_the_one_that_is_given() {
    let graph = Graph::new();
    let (a, b) = (graph.input("a", [2, 3]), graph.input("b", [4]));
    let cell = SourceLine::other("<cell 3>", 7);
    let (c, fault) = graph.recorded_at(cell.clone(), || (graph.constant(1.0), (&a * 2.0).matmul(&b) + 1.0));
    assert_eq!(c.node().location, cell);
    let error = fault.checked().map(|_| ()).expect_err("shapes that do not fit").to_string();
    assert!(error.starts_with("matmul at <cell 3>:7: "), "{error}");
    // The gradient is the work of the line whose gradient it is; what is recorded afterwards is Rust's again.
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
    assert!((&x + &y).node().location.file().ends_with("refusal.rs"));
}
