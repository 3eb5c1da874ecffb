//! Vector registers, with the operations that matrix products and chains need.
//!
//! Most kernels are plain loops, which the compiler vectorizes. The inner loops of matrix products and of chains must keep their
//! values in registers, which the compiler does only if each register is one value: hence this trait, with an implementation for
//! each instruction set.

use super::real::Real;

/// A register of numbers of one type.
///
/// # Safety
/// All methods require that the processor has the instruction set of the register.
#[allow(
    clippy::missing_safety_doc,
    reason = "the trait states what all methods require, a method what it requires beside"
)]
pub trait Vector<T>: Copy {
    /// The number of lanes.
    const LANES: usize;

    /// The same number in all lanes.
    unsafe fn splat(number: T) -> Self;

    /// Reads `LANES` numbers.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load(from: *const T) -> Self;

    /// Writes `LANES` numbers.
    ///
    /// # Safety
    /// They can be written.
    unsafe fn store(self, to: *mut T);

    /// Reads the first `count` numbers; the other lanes are zero.
    ///
    /// # Safety
    /// They can be read, and are at most `LANES`.
    unsafe fn load_part(from: *const T, count: usize) -> Self;

    /// Writes the first `count` lanes.
    ///
    /// # Safety
    /// They can be written, and are at most `LANES`.
    unsafe fn store_part(self, to: *mut T, count: usize);

    /// A step of a transposition: exchanges the lanes of `self` whose number has the bit `DISTANCE` with the lanes of `other` whose
    /// number has not.
    ///
    /// # Safety
    /// `DISTANCE` is a power of two below `LANES`.
    unsafe fn exchange<const DISTANCE: usize>(self, other: Self) -> (Self, Self);

    /// `self · factor + sum`, rounded once where the processor can.
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self;

    /// `self + other`.
    unsafe fn add(self, other: Self) -> Self;

    /// `self - other`.
    unsafe fn subtract(self, other: Self) -> Self;

    /// `self · other`.
    unsafe fn multiply(self, other: Self) -> Self;

    /// `self / other`.
    unsafe fn divide(self, other: Self) -> Self;

    /// `√self`.
    unsafe fn square_root(self) -> Self;

    /// `self`, with zero for subnormal numbers.
    unsafe fn normal_or_zero(self) -> Self;

    /// In each lane `then` where `self` compares with `other` as `COMPARISON` says (`EQUAL`, `AT_LEAST` or `GREATER`),
    /// else `otherwise`.
    unsafe fn select<const COMPARISON: i32>(self, other: Self, then: Self, otherwise: Self) -> Self;

    /// `self · 2^exponent` for integral exponents whose halves are exponents of normal numbers.
    unsafe fn scale(self, exponent: Self) -> Self;

    /// The larger of two, `other` at a tie; NaN if either is NaN.
    #[inline(always)]
    unsafe fn maximum(self, other: Self) -> Self {
        // SAFETY: the caller promises the instruction set.
        unsafe {
            let larger = self.select::<GREATER>(other, self, other);
            self.select::<EQUAL>(self, larger, self)
        }
    }

    /// The smaller of two, `other` at a tie; NaN if either is NaN.
    #[inline(always)]
    unsafe fn minimum(self, other: Self) -> Self {
        // SAFETY: the caller promises the instruction set.
        unsafe {
            let smaller = other.select::<GREATER>(self, self, other);
            self.select::<EQUAL>(self, smaller, self)
        }
    }
}

/// The most lanes of a vector.
pub(crate) const MOST_LANES: usize = 16;

/// Comparisons, false for NaN, with the codes of x86 instructions.
pub(crate) const EQUAL: i32 = 0;
/// See [`EQUAL`].
pub(crate) const AT_LEAST: i32 = 29;
/// See [`EQUAL`].
pub(crate) const GREATER: i32 = 30;

/// Transposes the square of the first `LANES` registers.
///
/// # Safety
/// The processor has the instruction set of the registers.
#[inline(always)]
pub(crate) unsafe fn transpose<T, V: Vector<T>>(square: &mut [V; 16]) {
    // SAFETY: the caller promises the instruction set; a step is taken only if its distance is below the lanes.
    unsafe {
        if V::LANES > 8 {
            step::<T, V, 8>(square);
        }
        if V::LANES > 4 {
            step::<T, V, 4>(square);
        }
        if V::LANES > 2 {
            step::<T, V, 2>(square);
        }
        step::<T, V, 1>(square);
    }
}

/// # Safety
/// As for [`transpose`], and `DISTANCE` is below the lanes.
#[inline(always)]
unsafe fn step<T, V: Vector<T>, const DISTANCE: usize>(square: &mut [V; 16]) {
    // Counted, not filtered, so that the compiler writes out all of it and keeps the square in registers.
    for block in 0..V::LANES / (2 * DISTANCE) {
        for i in block * 2 * DISTANCE..block * 2 * DISTANCE + DISTANCE {
            // SAFETY: the caller promises it.
            (square[i], square[i + DISTANCE]) =
                unsafe { square[i].exchange::<DISTANCE>(square[i + DISTANCE]) };
        }
    }
}

/// 16 bytes of numbers, for instruction sets without an implementation.
#[derive(Debug, Clone, Copy)]
pub struct Plain<T, const LANES: usize>(pub(super) [T; LANES]);

/// Whether a fused multiply-add is one instruction on every processor of the target.
const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));

impl<T: Real, const LANES: usize> Vector<T> for Plain<T, LANES> {
    const LANES: usize = LANES;

    #[inline(always)]
    unsafe fn splat(number: T) -> Self {
        Plain([number; LANES])
    }

    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller promises that they can be read.
        Plain(unsafe { from.cast::<[T; LANES]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller promises that they can be written.
        unsafe { to.cast::<[T; LANES]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const T, count: usize) -> Self {
        // SAFETY: the caller promises that `count` numbers can be read.
        let lane = |i| if i < count { unsafe { from.add(i).read() } } else { T::zero() };
        Plain(std::array::from_fn(lane))
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut T, count: usize) {
        for (i, &lane) in self.0.iter().enumerate().take(count) {
            // SAFETY: the caller promises that `count` numbers can be written.
            unsafe { to.add(i).write(lane) };
        }
    }

    #[inline(always)]
    unsafe fn exchange<const DISTANCE: usize>(self, other: Self) -> (Self, Self) {
        let has = |i: usize| i & DISTANCE != 0;
        let mine = std::array::from_fn(|i| if has(i) { other.0[i - DISTANCE] } else { self.0[i] });
        let others = std::array::from_fn(|i| if has(i) { other.0[i] } else { self.0[i + DISTANCE] });
        (Plain(mine), Plain(others))
    }

    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
        let fused = |i| {
            let (x, y, z): (T, T, T) = (self.0[i], factor.0[i], sum.0[i]);
            if FUSED { x.mul_add(y, z) } else { x * y + z }
        };
        Plain(std::array::from_fn(fused))
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Plain(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }

    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        Plain(std::array::from_fn(|i| self.0[i] - other.0[i]))
    }

    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        Plain(std::array::from_fn(|i| self.0[i] * other.0[i]))
    }

    #[inline(always)]
    unsafe fn divide(self, other: Self) -> Self {
        Plain(std::array::from_fn(|i| self.0[i] / other.0[i]))
    }

    #[inline(always)]
    unsafe fn square_root(self) -> Self {
        Plain(self.0.map(T::sqrt))
    }

    #[inline(always)]
    unsafe fn normal_or_zero(self) -> Self {
        Plain(self.0.map(|x| if x.abs() < T::min_positive_value() { T::zero() } else { x }))
    }

    #[inline(always)]
    unsafe fn select<const COMPARISON: i32>(self, other: Self, then: Self, otherwise: Self) -> Self {
        let holds = |i: usize| match COMPARISON {
            EQUAL => self.0[i] == other.0[i],
            AT_LEAST => self.0[i] >= other.0[i],
            _ => self.0[i] > other.0[i],
        };
        Plain(std::array::from_fn(|i| if holds(i) { then.0[i] } else { otherwise.0[i] }))
    }

    #[inline(always)]
    unsafe fn scale(self, exponent: Self) -> Self {
        Plain(std::array::from_fn(|i| self.0[i].scale(exponent.0[i])))
    }
}

/// Implements [`Vector`] for a register: the methods by the names of instructions, or as expressions of their arguments.
/// `part` is what loads and stores of the first `count` lanes use as their mask.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! vector {
    (
        $register:ty, $number:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $square_root:ident,
        [$($binary:ident: $instruction:ident),+],
        part: |$count:ident| $mask:expr,
        load_part: |$from:ident, $read:ident| $loaded:expr,
        store_part: |$to:ident, $written:ident, $stored:ident| $store_part:expr,
        multiply_add: |$x:ident, $y:ident, $z:ident| $sum:expr,
        exchange: |$a:ident, $b:ident| $exchanged:expr,
        normal_or_zero: |$numbers:ident| $normal:expr,
        select: |$left:ident, $right:ident, $then:ident, $otherwise:ident| $selected:expr,
        scale: |$scaled:ident, $exponent:ident| $product:expr $(,)?
    ) => {
        impl Vector<$number> for $register {
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(number: $number) -> Self {
                // SAFETY: the caller promises the instruction set, as for all methods here.
                unsafe { $splat(number) }
            }

            #[inline(always)]
            unsafe fn load(from: *const $number) -> Self {
                // SAFETY: the caller promises that the numbers can be read.
                unsafe { $load(from) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $number) {
                // SAFETY: the caller promises that the numbers can be written.
                unsafe { $store(to, self) }
            }

            #[inline(always)]
            unsafe fn load_part($from: *const $number, $count: usize) -> Self {
                // SAFETY: the caller promises that `count` numbers can be read, and are at most `LANES`.
                unsafe {
                    let $read = $mask;
                    $loaded
                }
            }

            #[inline(always)]
            unsafe fn store_part(self, $to: *mut $number, $count: usize) {
                // SAFETY: the caller promises that `count` numbers can be written, and are at most `LANES`.
                unsafe {
                    let ($stored, $written) = (self, $mask);
                    $store_part
                }
            }

            $(
                #[inline(always)]
                unsafe fn $binary(self, other: Self) -> Self {
                    // SAFETY: the caller promises the instruction set.
                    unsafe { $instruction(self, other) }
                }
            )+

            #[inline(always)]
            unsafe fn square_root(self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { $square_root(self) }
            }

            #[inline(always)]
            unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
                let ($x, $y, $z) = (self, factor, sum);
                // SAFETY: the caller promises the instruction set.
                unsafe { $sum }
            }

            #[inline(always)]
            unsafe fn exchange<const DISTANCE: usize>(self, other: Self) -> (Self, Self) {
                let ($a, $b) = (self, other);
                // SAFETY: the caller promises the instruction set, and a power of two below `LANES`.
                unsafe { $exchanged }
            }

            #[inline(always)]
            unsafe fn normal_or_zero(self) -> Self {
                let $numbers = self;
                // SAFETY: the caller promises the instruction set.
                unsafe { $normal }
            }

            #[inline(always)]
            unsafe fn select<const COMPARISON: i32>(self, other: Self, then: Self, otherwise: Self) -> Self {
                let ($left, $right, $then, $otherwise) = (self, other, then, otherwise);
                // SAFETY: the caller promises the instruction set.
                unsafe { $selected }
            }

            #[inline(always)]
            unsafe fn scale(self, exponent: Self) -> Self {
                let ($scaled, $exponent) = (self, exponent);
                // SAFETY: the caller promises the instruction set.
                unsafe { $product }
            }
        }
    };
}

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86;
