//! The operations: one file each, and the list of them.
//!
//! The file of an operation has its documentation (formula, derivative, shapes, kinks), its entry with test cases, the
//! method that records it, its shape rule, its kernel and its vector-Jacobian product. Other files do not name it, except
//! for one word in the list below. Help, drawings, the table of operations and the laws (`tests/suite/laws.rs`) read the
//! list. CONTRIBUTING.md adds an operation step by step.

mod entry;
mod operators;
mod rules;

pub use entry::{Entry, InputSpec, InvalidCase, Kink, OpCase, RecordFn};

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
    concat,
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
