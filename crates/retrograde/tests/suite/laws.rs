//! The seven laws of operations, tested for every operation of the list.
//!
//! They run over [`retrograde::ops::ALL`] and over the user's operation in `examples/your_own_operation.rs`, so that an
//! untested operation cannot exist.
//!
//! | law | where |
//! | --- | --- |
//! | 1 and 2: the vjp and its derivative agree with finite differences | `vjp` |
//! | 3: slopes at kinks are the declared ones, and every kink is declared | `kink` |
//! | 4: inputs are read only, and bits do not depend on the number of threads | `bits` |
//! | 5: f32 agrees with f64; fast kernels agree with plain definitions | `bits`, `plain` |
//! | 6: an operation agrees with its reference by simpler operations | `vjp` |
//! | 7: invalid operands are an error with help; every node has the user's source line | `invalid_cases` |
//!
//! `expression` tests that elementwise operations agree with their expressions, `merged` tests that equal operations are computed once, `explanations` that every operation has a worked numeric
//! example, and `check` that the gradient check of the library passes the same cases.

mod bits;
mod check;
mod explanations;
mod expression;
mod invalid_cases;
mod kink;
mod merged;
mod plain;
mod trial;
mod vjp;

#[path = "../../examples/your_own_operation.rs"]
#[allow(dead_code, reason = "its main is for those who run it")]
mod your_own_operation;

use retrograde::ops::{self, Entry, InputSpec};
use trial::Trial;

/// The operations of the library and the user's operation.
fn entries() -> impl Iterator<Item = &'static Entry> {
    ops::ALL.iter().copied().chain([&your_own_operation::ENTRY])
}

/// Every case of every operation, with a label for messages.
fn trials() -> impl Iterator<Item = (String, &'static Entry, Trial)> {
    entries().flat_map(|entry| {
        (entry.cases)().into_iter().enumerate().map(move |(index, case)| {
            (format!("{}, case {index}", entry.name), entry, Trial::new(&case, 1 + index as u64))
        })
    })
}

#[test]
fn names_are_sorted_and_are_those_of_the_operations() {
    assert!(ops::ALL.is_sorted_by(|a, b| a.name < b.name), "sorted, and none twice");
    for entry in entries() {
        let first = Trial::new(&(entry.cases)()[0], 1);
        let node = first.output.node();
        let operation = node.operation().unwrap_or_else(|| panic!("{} records nothing", entry.name));
        assert_eq!(operation.name(), entry.name);
        let words = [entry.summary, entry.formula, entry.derivative];
        assert!(words.iter().all(|words| !words.is_empty() && !words.contains('\n')), "{}", entry.name);
        assert!(entry.summary.ends_with('.'), "{}: the summary is a sentence", entry.name);
    }
}

#[test]
fn cases_have_sizes_0_and_1_or_an_empty_operand_is_an_error() {
    for entry in entries() {
        let cases = (entry.cases)();
        let invalid_cases = (entry.invalid_cases)();
        assert!(cases.len() >= 2 && !invalid_cases.is_empty(), "{}", entry.name);
        let sizes: Vec<usize> = cases
            .iter()
            .flat_map(|case| &case.inputs)
            .map(|input| match input {
                InputSpec::Real { shape, .. } | InputSpec::Index { shape, .. } => shape.elements(),
                InputSpec::Exact(tensor) => tensor.shape().elements(),
            })
            .collect();
        assert!(sizes.contains(&1), "{} has no case with one element", entry.name);
        assert!(sizes.iter().any(|&size| size > 1), "{} has no case with several elements", entry.name);
        let empty_is_invalid =
            invalid_cases.iter().any(|case| case.types.iter().any(|input| input.shape.elements() == 0));
        assert!(
            sizes.contains(&0) || empty_is_invalid,
            "{} has neither a case nor an invalid case without elements",
            entry.name
        );
    }
}
