//! The number a plan is compiled for.

use super::dispatch::InstructionSet;
use super::form::{Rows, RowsKernel};
use super::vector::{self, Vector};
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

    /// `self · 2^exponent` for integral exponents whose halves are exponents of normal numbers.
    fn scale(self, exponent: Self) -> Self;

    /// `e` to the power of each lane, within 2 units in the last place.
    ///
    /// # Safety
    /// The processor has the instruction set of `V`; so for all functions of vectors here.
    unsafe fn exponential_of<V: Vector<Self>>(x: V) -> V;

    /// The hyperbolic tangent of each lane, within 3 units in the last place.
    ///
    /// # Safety
    /// As for [`exponential_of`](Self::exponential_of).
    unsafe fn tangent_of<V: Vector<Self>>(x: V) -> V;

    /// `e` to the power of `self`, within 2 units in the last place, branch-free so that loops over it
    /// become vector instructions.
    #[inline(always)]
    fn exponential(self) -> Self {
        // SAFETY: every processor can handle a plain vector.
        unsafe { Self::exponential_of(vector::Plain([self])).0[0] }
    }

    /// The natural logarithm, within 2 units in the last place, branch-free likewise.
    fn logarithm(self) -> Self;

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
    fn scale(self, exponent: Self) -> Self {
        // 1.5·2²³ + n has n in its low bits. Two factors, so that results at both ends of the range are right.
        const ROUND: f32 = 12_582_912.0;
        let exponent = ((exponent + ROUND).to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
        let half = exponent >> 1;
        let power = |e: i32| f32::from_bits(((e.wrapping_add(127)) as u32) << 23);
        self * power(half) * power(exponent.wrapping_sub(half))
    }

    #[inline(always)]
    unsafe fn exponential_of<V: Vector<Self>>(x: V) -> V {
        // SAFETY: the caller promises the instruction set.
        unsafe { exponential::single(x) }
    }

    #[inline(always)]
    unsafe fn tangent_of<V: Vector<Self>>(x: V) -> V {
        // SAFETY: the caller promises the instruction set.
        unsafe { tangent::single(x) }
    }

    #[inline(always)]
    fn logarithm(self) -> Self {
        logarithm::single(self)
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
    fn scale(self, exponent: Self) -> Self {
        // 1.5·2⁵² + n has n in its low bits. Two factors, so that results at both ends of the range are right.
        const ROUND: f64 = 6_755_399_441_055_744.0;
        let exponent = ((exponent + ROUND).to_bits() as i64).wrapping_sub(ROUND.to_bits() as i64);
        let half = exponent >> 1;
        let power = |e: i64| f64::from_bits(((e.wrapping_add(1023)) as u64) << 52);
        self * power(half) * power(exponent.wrapping_sub(half))
    }

    #[inline(always)]
    unsafe fn exponential_of<V: Vector<Self>>(x: V) -> V {
        // SAFETY: the caller promises the instruction set.
        unsafe { exponential::double(x) }
    }

    #[inline(always)]
    unsafe fn tangent_of<V: Vector<Self>>(x: V) -> V {
        // SAFETY: the caller promises the instruction set.
        unsafe { tangent::double(x) }
    }

    #[inline(always)]
    fn logarithm(self) -> Self {
        logarithm::double(self)
    }

    fn rows(kernel: &dyn RowsKernel) -> &dyn Rows<Self> {
        kernel
    }
}
