//! Instruction sets, their registers, the numbers in them, and the functions of these: types that need each other.

mod dispatch;
mod erf;
mod exp;
mod ln;
mod real;
mod sin_cos;
mod tanh;
mod vector;

#[cfg(target_arch = "x86_64")]
pub(super) use dispatch::compresses_bytes;
#[cfg(test)]
pub(super) use dispatch::levels;
pub use dispatch::{Body, InstructionSet, dispatch, instruction_set};
pub(super) use dispatch::{Level, dispatch_to, level};
pub use real::{PerReal, Real};
pub use vector::Vector;
pub(super) use vector::{AT_LEAST, EQUAL, GREATER, MOST_LANES, transpose};
