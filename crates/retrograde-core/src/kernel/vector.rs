//! A vector register, as much of it as the matrix product and arithmetic need.
//!
//! Most kernels are plain loops which the compiler turns into vector instructions by itself. The inner loop of the
//! matrix product must hold its sums in registers, and that of a run of arithmetic its elements, which the compiler does only
//! when each register is one value to it:
//! hence this trait, and one implementation for each instruction set.

use super::real::Real;

/// A register of numbers of one type.
pub trait Vector<T>: Copy {
    /// How many numbers it holds.
    const LANES: usize;

    /// The same number in all lanes.
    ///
    /// # Safety
    /// The processor has the instruction set that the vector is for; so for all functions of this trait.
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

    /// `self` with the lanes of `other` at those places whose numbers have the bit `DISTANCE`, taken from the places that
    /// do not, and `other` with those lanes of `self` which these replaced: one step of a transposition.
    ///
    /// # Safety
    /// As for [`splat`](Self::splat); `DISTANCE` is a power of two below `LANES`.
    unsafe fn exchange<const DISTANCE: usize>(self, other: Self) -> (Self, Self);

    /// `self · factor + sum`, rounded once where the processor can.
    ///
    /// # Safety
    /// As for [`splat`](Self::splat).
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self;

    /// `self + other`.
    ///
    /// # Safety
    /// As for [`splat`](Self::splat).
    unsafe fn add(self, other: Self) -> Self;

    /// `self - other`.
    ///
    /// # Safety
    /// As for [`splat`](Self::splat).
    unsafe fn subtract(self, other: Self) -> Self;

    /// `self · other`.
    ///
    /// # Safety
    /// As for [`splat`](Self::splat).
    unsafe fn multiply(self, other: Self) -> Self;

    /// `self / other`.
    ///
    /// # Safety
    /// As for [`splat`](Self::splat).
    unsafe fn divide(self, other: Self) -> Self;

    /// `√self`.
    ///
    /// # Safety
    /// As for [`splat`](Self::splat).
    unsafe fn square_root(self) -> Self;

    /// `self`, with zero for numbers that are nearer to zero than the smallest normal one.
    ///
    /// # Safety
    /// As for [`splat`](Self::splat).
    unsafe fn normal_or_zero(self) -> Self;

    /// In each lane `then` where `self` compares with `other` as `COMPARISON` says (`EQUAL`, `AT_LEAST` or `GREATER`),
    /// else `otherwise`.
    ///
    /// # Safety
    /// As for [`splat`](Self::splat).
    unsafe fn select<const COMPARISON: i32>(self, other: Self, then: Self, otherwise: Self) -> Self;

    /// `self · 2^exponent` for integral exponents whose halves are exponents of normal numbers.
    ///
    /// # Safety
    /// As for [`splat`](Self::splat).
    unsafe fn scale(self, exponent: Self) -> Self;

    /// The larger of two, `other` at a tie; NaN if either is NaN.
    ///
    /// # Safety
    /// As for [`splat`](Self::splat).
    #[inline(always)]
    unsafe fn maximum(self, other: Self) -> Self {
        // SAFETY: the caller promises the instruction set.
        unsafe {
            let larger = self.select::<GREATER>(other, self, other);
            self.select::<EQUAL>(self, larger, self)
        }
    }

    /// The smaller of two, `other` at a tie; NaN if either is NaN.
    ///
    /// # Safety
    /// As for [`splat`](Self::splat).
    #[inline(always)]
    unsafe fn minimum(self, other: Self) -> Self {
        // SAFETY: the caller promises the instruction set.
        unsafe {
            let smaller = other.select::<GREATER>(self, self, other);
            self.select::<EQUAL>(self, smaller, self)
        }
    }
}

/// Comparisons that hold of no NaN, by their numbers in x86's instructions.
pub(super) const EQUAL: i32 = 0;
/// See [`EQUAL`].
pub(super) const AT_LEAST: i32 = 29;
/// See [`EQUAL`].
pub(super) const GREATER: i32 = 30;

/// Exchanges rows and columns of as many registers as each has lanes, the first ones of these.
///
/// # Safety
/// The processor has the instruction set that the registers are for.
#[inline(always)]
pub(super) unsafe fn transpose<T, V: Vector<T>>(square: &mut [V; 16]) {
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

/// 16 bytes of numbers, for instruction sets without an implementation of their own.
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

/// One implementation: the register, the number, how many there are in it, the instructions, and the functions of `x86`.
#[cfg(target_arch = "x86_64")]
macro_rules! vector {
    (
        $register:ident, $number:ty, $lanes:literal,
        $splat:ident, $load:ident, $store:ident, $fma:ident,
        $square_root:ident, [$($binary:ident: $instruction:ident),+],
        $load_part:ident, $store_part:ident, $exchange:ident, $normal_or_zero:ident,
        $select:ident, $scale:ident
    ) => {
        impl Vector<$number> for std::arch::x86_64::$register {
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(number: $number) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { std::arch::x86_64::$splat(number) }
            }

            #[inline(always)]
            unsafe fn load(from: *const $number) -> Self {
                // SAFETY: the caller promises the instruction set, and that the numbers can be read.
                unsafe { std::arch::x86_64::$load(from) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $number) {
                // SAFETY: the caller promises the instruction set, and that the numbers can be written.
                unsafe { std::arch::x86_64::$store(to, self) }
            }

            #[inline(always)]
            unsafe fn load_part(from: *const $number, count: usize) -> Self {
                // SAFETY: the caller promises the instruction set, and that so many can be read.
                unsafe { x86::$load_part(from, count) }
            }

            #[inline(always)]
            unsafe fn store_part(self, to: *mut $number, count: usize) {
                // SAFETY: the caller promises the instruction set, and that so many can be written.
                unsafe { x86::$store_part(to, count, self) }
            }

            #[inline(always)]
            unsafe fn exchange<const DISTANCE: usize>(self, other: Self) -> (Self, Self) {
                // SAFETY: the caller promises the instruction set, and that the distance is below the lanes.
                unsafe { x86::$exchange::<DISTANCE>(self, other) }
            }

            #[inline(always)]
            unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { std::arch::x86_64::$fma(self, factor, sum) }
            }

            $(
                #[inline(always)]
                unsafe fn $binary(self, other: Self) -> Self {
                    // SAFETY: the caller promises the instruction set.
                    unsafe { std::arch::x86_64::$instruction(self, other) }
                }
            )+

            #[inline(always)]
            unsafe fn square_root(self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { std::arch::x86_64::$square_root(self) }
            }

            #[inline(always)]
            unsafe fn normal_or_zero(self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { x86::$normal_or_zero(self) }
            }

            #[inline(always)]
            unsafe fn select<const COMPARISON: i32>(self, other: Self, then: Self, otherwise: Self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { x86::$select::<COMPARISON>(self, other, then, otherwise) }
            }

            #[inline(always)]
            unsafe fn scale(self, exponent: Self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { x86::$scale(self, exponent) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "x86_64")]
vector!(
    __m256,
    f32,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_fmadd_ps,
    _mm256_sqrt_ps,
    [add: _mm256_add_ps, subtract: _mm256_sub_ps, multiply: _mm256_mul_ps, divide: _mm256_div_ps],
    load_some_of_8_singles,
    store_some_of_8_singles,
    exchange_8_singles,
    normal_8_singles,
    select_8_singles,
    scale_8_singles
);
#[cfg(target_arch = "x86_64")]
vector!(
    __m256d,
    f64,
    4,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_fmadd_pd,
    _mm256_sqrt_pd,
    [add: _mm256_add_pd, subtract: _mm256_sub_pd, multiply: _mm256_mul_pd, divide: _mm256_div_pd],
    load_some_of_4_doubles,
    store_some_of_4_doubles,
    exchange_4_doubles,
    normal_4_doubles,
    select_4_doubles,
    scale_4_doubles
);
#[cfg(target_arch = "x86_64")]
vector!(
    __m512,
    f32,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_fmadd_ps,
    _mm512_sqrt_ps,
    [add: _mm512_add_ps, subtract: _mm512_sub_ps, multiply: _mm512_mul_ps, divide: _mm512_div_ps],
    load_some_of_16_singles,
    store_some_of_16_singles,
    exchange_16_singles,
    normal_16_singles,
    select_16_singles,
    scale_16_singles
);
#[cfg(target_arch = "x86_64")]
vector!(
    __m512d,
    f64,
    8,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_fmadd_pd,
    _mm512_sqrt_pd,
    [add: _mm512_add_pd, subtract: _mm512_sub_pd, multiply: _mm512_mul_pd, divide: _mm512_div_pd],
    load_some_of_8_doubles,
    store_some_of_8_doubles,
    exchange_8_doubles,
    normal_8_doubles,
    select_8_doubles,
    scale_8_doubles
);
