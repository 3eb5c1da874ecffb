//! The operations: one file each, and the list of them.
//!
//! A file holds all of its operation, top to bottom: what it is (formula, derivative, shapes, kinks), the method
//! that records it, its shape rule, its kernel, its derivative, and the samples on which the laws run. No other
//! file names it, apart from one word in the list below: help, drawings, the table of operations and the laws
//! (`tests/suite/laws.rs`) read the list. CONTRIBUTING.md adds one step by step.

mod entry;
mod operators;
mod rules;

pub use entry::{Entry, Given, Kink, Record, Refusal, Sample};

/// Declares a module for each operation, and the list of their entries.
macro_rules! operations {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*

        /// All operations of the library, in alphabetical order.
        pub static ALL: &[&Entry] = &[$(&$name::ENTRY),*];
    };
}

operations! {
    absolute,
    add,
    broadcast,
    compare,
    concatenate,
    divide,
    exp,
    gate,
    gather_rows,
    log,
    log_softmax,
    matmul,
    max,
    maximum,
    mean,
    mean_squared_error,
    minimum,
    multiply,
    negate,
    one_hot,
    pad,
    power,
    relu,
    reshape,
    scatter_rows,
    share,
    sigmoid,
    slice,
    softmax,
    softmax_with_loss,
    sqrt,
    subtract,
    sum,
    tanh,
    transpose,
    weighted_sum,
}
