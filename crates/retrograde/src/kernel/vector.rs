//! A vector register, as much of it as the matrix product needs.
//!
//! Most kernels are plain loops which the compiler turns into vector instructions by itself. The inner loop of the
//! matrix product must hold its sums in registers, which the compiler does only when each register is one value to it:
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
}

/// 16 bytes of numbers, for instruction sets without an implementation of their own.
#[derive(Debug, Clone, Copy)]
pub struct Plain<T, const LANES: usize>([T; LANES]);

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
}

/// One implementation: the register, the number, and the instructions.
#[cfg(target_arch = "x86_64")]
macro_rules! vector {
    ($register:ident, $number:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $fma:ident, $add:ident) => {
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
            unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { std::arch::x86_64::$fma(self, factor, sum) }
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: the caller promises the instruction set.
                unsafe { std::arch::x86_64::$add(self, other) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
vector!(__m256, f32, 8, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps, _mm256_add_ps);
#[cfg(target_arch = "x86_64")]
vector!(__m256d, f64, 4, _mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_fmadd_pd, _mm256_add_pd);
#[cfg(target_arch = "x86_64")]
vector!(__m512, f32, 16, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps, _mm512_add_ps);
#[cfg(target_arch = "x86_64")]
vector!(__m512d, f64, 8, _mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_fmadd_pd, _mm512_add_pd);
