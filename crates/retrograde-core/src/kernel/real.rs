//! The number a plan is compiled for.

use super::dispatch::InstructionSet;
use super::form::{Pointwise, PointwiseKernel, Rows, RowsKernel};
use super::vector::Vector;
use super::{exponential, logarithm, tangent};
use num_traits::{Float, NumAssign};
use std::fmt::{Debug, Display};
use std::iter::Sum;

/// A real number that a plan can be compiled for: `f32` for training, `f64` for checking.
///
/// The trait is sealed by what it needs of the kernels: other types cannot implement it.
pub trait Real: Float + NumAssign + Sum + Default + Debug + Display + Send + Sync + 'static {
    /// The type's name, `"f32"` or `"f64"`.
    const NAME: &'static str;

    /// A register of these numbers.
    type Register<I: InstructionSet>: Vector<Self>;

    /// The nearest number of this type; every `f32` is an `f64` exactly.
    fn of(value: f64) -> Self;

    /// A byte as a number.
    fn of_byte(byte: u8) -> Self;

    /// The same number as an `f64`, exactly.
    fn widen(self) -> f64;

    /// `e` to the power of `self`, within 2 units in the last place, branch-free so that loops over it
    /// become vector instructions.
    fn exponential(self) -> Self;

    /// The natural logarithm, within 2 units in the last place, branch-free likewise.
    fn logarithm(self) -> Self;

    /// The hyperbolic tangent, within 3 units in the last place, branch-free likewise.
    fn tangent(self) -> Self;

    /// A pointwise kernel's half for this type.
    fn pointwise(kernel: &dyn PointwiseKernel) -> &dyn Pointwise<Self>;

    /// A row kernel's half for this type.
    fn rows(kernel: &dyn RowsKernel) -> &dyn Rows<Self>;
}

impl Real for f32 {
    const NAME: &'static str = "f32";
    type Register<I: InstructionSet> = I::Single;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn of_byte(byte: u8) -> Self {
        f32::from(byte)
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn exponential(self) -> Self {
        exponential::single(self)
    }

    #[inline(always)]
    fn logarithm(self) -> Self {
        logarithm::single(self)
    }

    #[inline(always)]
    fn tangent(self) -> Self {
        tangent::single(self)
    }

    fn pointwise(kernel: &dyn PointwiseKernel) -> &dyn Pointwise<Self> {
        kernel
    }

    fn rows(kernel: &dyn RowsKernel) -> &dyn Rows<Self> {
        kernel
    }
}

impl Real for f64 {
    const NAME: &'static str = "f64";
    type Register<I: InstructionSet> = I::Double;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn of_byte(byte: u8) -> Self {
        f64::from(byte)
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }

    #[inline(always)]
    fn exponential(self) -> Self {
        exponential::double(self)
    }

    #[inline(always)]
    fn logarithm(self) -> Self {
        logarithm::double(self)
    }

    #[inline(always)]
    fn tangent(self) -> Self {
        tangent::double(self)
    }

    fn pointwise(kernel: &dyn PointwiseKernel) -> &dyn Pointwise<Self> {
        kernel
    }

    fn rows(kernel: &dyn RowsKernel) -> &dyn Rows<Self> {
        kernel
    }
}
