//! The number a plan is compiled for.

use super::dispatch::InstructionSet;
use super::vector::{self, Vector};
use super::{erf, exp, ln, sin_cos, tanh};
use num_traits::{Float, NumAssign};
use std::fmt::{Debug, Display};
use std::iter::Sum;

/// A family of types with one member for each type of real numbers.
pub trait PerReal {
    /// The member for `T`.
    type Of<T: Real>;
}

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
    unsafe fn exp_vector<V: Vector<Self>>(x: V) -> V;

    /// The hyperbolic tangent of each lane, within 3 units in the last place.
    ///
    /// # Safety
    /// As for [`exp_vector`](Self::exp_vector).
    unsafe fn tanh_vector<V: Vector<Self>>(x: V) -> V;

    /// The error function of each lane, within 4 units in the last place.
    ///
    /// # Safety
    /// As for [`exp_vector`](Self::exp_vector).
    unsafe fn erf_vector<V: Vector<Self>>(x: V) -> V;

    /// Sine and cosine of each lane, within 1 unit in the last place.
    ///
    /// # Safety
    /// As for [`exp_vector`](Self::exp_vector).
    unsafe fn sin_cos_vector<V: Vector<Self>>(x: V) -> (V, V);

    /// `e` to the power of `self`, within 2 units in the last place, branch-free so that loops over it
    /// become vector instructions.
    #[inline(always)]
    fn fast_exp(self) -> Self {
        // SAFETY: every processor can handle a plain vector.
        unsafe { Self::exp_vector(vector::Plain([self])).0[0] }
    }

    /// The natural logarithm, within 2 units in the last place, branch-free likewise.
    fn fast_ln(self) -> Self;

    /// The member of a family for this type.
    fn member<F: PerReal>(single: F::Of<f32>, double: F::Of<f64>) -> F::Of<Self>;
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
    unsafe fn exp_vector<V: Vector<Self>>(x: V) -> V {
        // SAFETY: the caller promises the instruction set.
        unsafe { exp::single(x) }
    }

    #[inline(always)]
    unsafe fn tanh_vector<V: Vector<Self>>(x: V) -> V {
        // SAFETY: the caller promises the instruction set.
        unsafe { tanh::single(x) }
    }

    #[inline(always)]
    unsafe fn erf_vector<V: Vector<Self>>(x: V) -> V {
        // SAFETY: the caller promises the instruction set.
        unsafe { erf::single(x) }
    }

    #[inline(always)]
    unsafe fn sin_cos_vector<V: Vector<Self>>(x: V) -> (V, V) {
        // SAFETY: the caller promises the instruction set.
        unsafe { sin_cos::single(x) }
    }

    #[inline(always)]
    fn fast_ln(self) -> Self {
        ln::single(self)
    }

    fn member<F: PerReal>(single: F::Of<f32>, _: F::Of<f64>) -> F::Of<Self> {
        single
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
    unsafe fn exp_vector<V: Vector<Self>>(x: V) -> V {
        // SAFETY: the caller promises the instruction set.
        unsafe { exp::double(x) }
    }

    #[inline(always)]
    unsafe fn tanh_vector<V: Vector<Self>>(x: V) -> V {
        // SAFETY: the caller promises the instruction set.
        unsafe { tanh::double(x) }
    }

    #[inline(always)]
    unsafe fn erf_vector<V: Vector<Self>>(x: V) -> V {
        // SAFETY: the caller promises the instruction set.
        unsafe { erf::double(x) }
    }

    #[inline(always)]
    unsafe fn sin_cos_vector<V: Vector<Self>>(x: V) -> (V, V) {
        // SAFETY: the caller promises the instruction set.
        unsafe { sin_cos::double(x) }
    }

    #[inline(always)]
    fn fast_ln(self) -> Self {
        ln::double(self)
    }

    fn member<F: PerReal>(_: F::Of<f32>, double: F::Of<f64>) -> F::Of<Self> {
        double
    }
}
