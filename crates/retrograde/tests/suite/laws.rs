//! The seven laws that every operation keeps, quantified over the list of operations.
//!
//! DESIGN: "The laws run over the list, so an operation that is not tested cannot exist." Here they run over
//! [`retrograde::ops::ALL`] and over the operation that a program defines for itself in
//! `examples/your_own_operation.rs`.
//!
//! | law | where |
//! | --- | --- |
//! | 1 and 2: the derivative agrees with differences, and so does its derivative | `derivative` |
//! | 3: slopes at kinks are those declared, and no kink is hidden | `kink` |
//! | 4: inputs are read only, and bits do not depend on the threads | `bits` |
//! | 5: f32 agrees with f64; fast kernels agree with plain definitions | `bits`, `plain` |
//! | 6: an operation agrees with its spelling in simpler ones | `derivative` |
//! | 7: what is refused is refused with an error that helps; every node knows the user's line | `refusal` |
//!
//! `expression` holds elementwise operations against their expressions. `merged` holds that equal operations are computed once. `told` holds that each is told in numbers. `check` runs the library's own gradient check over the same samples.
//!
//! This file holds what makes an entry fit to be tested at all.

mod bits;
mod check;
mod derivative;
mod expression;
mod kink;
mod merged;
mod plain;
mod refusal;
mod told;
mod trial;

#[path = "../../examples/your_own_operation.rs"]
#[allow(dead_code, reason = "its main is for those who run it")]
mod your_own_operation;

use retrograde::ops::{self, Entry, Given};
use trial::Trial;

/// The library's operations and a program's own.
fn entries() -> impl Iterator<Item = &'static Entry> {
    ops::ALL.iter().copied().chain([&your_own_operation::ENTRY])
}

/// Everything that is to be tried of every operation: each sample, with a label for messages.
fn trials() -> impl Iterator<Item = (String, &'static Entry, Trial)> {
    entries().flat_map(|entry| {
        let samples = (entry.samples)();
        samples.into_iter().enumerate().map(move |(number, sample)| {
            (format!("{}, sample {number}", entry.name), entry, Trial::new(&sample, 1 + number as u64))
        })
    })
}

#[test]
fn names_are_sorted_and_are_those_of_the_operations() {
    assert!(ops::ALL.is_sorted_by(|a, b| a.name < b.name), "sorted, and none twice");
    for entry in entries() {
        let first = Trial::new(&(entry.samples)()[0], 1);
        let node = first.output.node();
        let operation = node.operation().unwrap_or_else(|| panic!("{} records nothing", entry.name));
        assert_eq!(operation.name(), entry.name);
        let words = [entry.summary, entry.formula, entry.derivative];
        assert!(words.iter().all(|words| !words.is_empty() && !words.contains('\n')), "{}", entry.name);
        assert!(entry.summary.ends_with('.'), "{}: the summary is a sentence", entry.name);
    }
}

#[test]
fn samples_have_sizes_0_and_1_or_an_empty_operand_is_refused() {
    for entry in entries() {
        let samples = (entry.samples)();
        let refusals = (entry.refusals)();
        assert!(samples.len() >= 2 && !refusals.is_empty(), "{}", entry.name);
        let sizes: Vec<usize> = samples
            .iter()
            .flat_map(|sample| &sample.given)
            .map(|given| match given {
                Given::Real { shape, .. } | Given::Index { shape, .. } => shape.elements(),
                Given::Exact(tensor) => tensor.shape().elements(),
            })
            .collect();
        assert!(sizes.contains(&1), "{} has no sample with one element", entry.name);
        assert!(sizes.iter().any(|&size| size > 1), "{} has no sample with several elements", entry.name);
        let refuses_none =
            refusals.iter().any(|refusal| refusal.types.iter().any(|given| given.shape.elements() == 0));
        assert!(
            sizes.contains(&0) || refuses_none,
            "{} neither has a sample without elements nor refuses it",
            entry.name
        );
    }
}
