//! The operations: one file each, and the list of them.
//!
//! The file of an operation has its documentation (formula, derivative, shapes, kinks), its entry with test cases, the
//! method that records it, its shape rule, its kernel and its vector-Jacobian product. Other files do not name it, except
//! for one word in the list below. Help, drawings, the table of operations and the laws (`tests/suite/laws.rs`) read the
//! list. CONTRIBUTING.md adds an operation step by step.

mod attention;
mod axis;
mod convolution;
mod elementwise;
mod entry;
mod normalization;
mod operators;
mod pooling;
mod random;
mod reduction;
mod rules;
mod variance;

pub use attention::AttentionOptions;
pub use axis::{Axes, Axis};
pub use convolution::Conv2dOptions;
pub use entry::{Entry, InputSpec, InvalidCase, Kink, OpCase, RecordFn};
pub use pooling::Pool2dOptions;
pub use random::RandomKey;

/// Declares a module for each operation, and the list of their entries.
macro_rules! operations {
    ($($name:ident),* $(,)?) => {
        $(pub mod $name;)*

        /// All operations of the library, in alphabetical order.
        pub static ALL: &[&Entry] = &[$(&$name::ENTRY),*];
    };
}

operations! {
    abs,
    add,
    argmax,
    avg_pool2d,
    avg_pool2d_gradient,
    broadcast,
    clamp,
    concat,
    conv2d,
    conv2d_weight_gradient,
    conv_transpose2d,
    cos,
    cumsum,
    divide,
    dropout,
    elu,
    equal,
    erf,
    exp,
    gate,
    gather_rows,
    gelu,
    gelu_tanh,
    greater,
    greater_equal,
    leaky_relu,
    log,
    log_softmax,
    matmul,
    max,
    max_pool2d,
    max_pool2d_gather,
    max_pool2d_gradient,
    maximum,
    mean,
    mean_squared_error,
    minimum,
    mish,
    multiply,
    negate,
    one_hot,
    pad,
    power,
    random_normal,
    random_uniform,
    relu,
    reshape,
    scatter_rows,
    select,
    self_attention,
    self_attention_gradient,
    share,
    sigmoid,
    sign,
    silu,
    sin,
    slice,
    softmax,
    softmax_with_loss,
    softplus,
    sqrt,
    subtract,
    sum,
    tanh,
    transpose,
    weighted_sum,
}
