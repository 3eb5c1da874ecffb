//! Slices in, slices out: the arithmetic itself, and the only module with `unsafe`.
//!
//! A kernel knows nothing of graphs. It is given the values of its inputs as slices and a part of its output to
//! fill. Which part, on which thread, and where in memory is decided by the plan; the kernel makes it fast.
//!
//! * [`Real`] is the number a plan is compiled for: `f32` or `f64`.
//! * [`Expr`], [`Rows`] and [`View`] are the ways in which an operation can be executed, each with
//!   as much freedom for the plan as the operation's nature allows.
//! * [`dispatch`] runs a piece of safe code compiled for the best instruction set the processor has.
//! * `matmul`, `conv`, `pool`, `attention`, `strided` and `reduce` are the loops that several operations share.
//! * `program` is a list of steps over one `arena` of memory, which the threads of a `thread_pool` execute; `chain` is the
//!   step for elementwise operations. It validates the steps once, and is the safe interface to the unsafe code.
//!
//! **Bits.** What a kernel computes for one element of its output never depends on how the output was cut into
//! parts: sums run in an order fixed by the shapes alone. So the number of threads cannot change a result.

#![allow(unsafe_code, reason = "the one module where it is allowed; each block says why it is sound")]

mod access;
pub(crate) mod arena;
pub(crate) mod attention;
mod bytes;
pub(crate) mod chain;
pub(crate) mod conv;
pub(crate) mod epilogue;
mod expr;
mod form;
mod functions;
pub(crate) mod gather;
pub(crate) mod layouts;
pub(crate) mod matmul;
mod peak;
pub(crate) mod pool;
mod prefetch;
pub(crate) mod program;
pub(crate) mod random;
mod reads;
pub(crate) mod reduce;
#[cfg(test)]
mod samples;
mod simd;
pub(crate) mod softmax;
pub(crate) mod sparse;
mod step;
mod step_times;
pub(crate) mod strided;
mod thread_pool;
mod threads;
pub(crate) mod work;

pub use bytes::Bytes;
pub(crate) use chain::RowsOfLoad;
pub use expr::{Binary, Comparison, Condition, Constant, Expr, FormulaStyle, Node, Unary};
pub(crate) use form::Operand;
pub use form::{Call, Form, Input, Inputs, Output, Rows, RowsForm, RowsKernel, Stages, Values, Viewing};
pub use peak::Peak;
pub use reads::Reads;
pub use simd::{Body, InstructionSet, PerReal, Real, Vector, dispatch, instruction_set};
pub use strided::View;
pub use threads::Threads;
