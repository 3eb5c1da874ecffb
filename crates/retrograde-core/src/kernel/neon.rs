//! The registers of aarch64: 128 bits, 32 of them, with a fused multiply-add.
//!
//! NEON is part of every aarch64 processor, so that code for it may be called without asking. Plain loops become NEON
//! by themselves; what is here is what the matrix product and arithmetic need.

use super::dispatch::InstructionSet;
use super::vector::{AT_LEAST, EQUAL, Vector};
use std::arch::aarch64::{
    float32x4_t, float64x2_t, vaddq_f32, vaddq_f64, vandq_u32, vandq_u64, vbslq_f32, vbslq_f64, vceqq_f32,
    vceqq_f64, vcgeq_f32, vcgeq_f64, vcgtq_f32, vcgtq_f64, vdupq_n_f32, vdupq_n_f64, vdupq_n_u32,
    vdupq_n_u64, vmulq_f32, vmulq_f64, vreinterpretq_f32_f64, vreinterpretq_f32_u32, vreinterpretq_f64_f32,
    vreinterpretq_f64_u64, vreinterpretq_u32_f32, vreinterpretq_u64_f64, vrndnq_f32, vrndnq_f64, vshlq_n_u32,
    vshlq_n_u64, vsubq_f32, vsubq_f64, vtrn1q_f32, vtrn1q_f64, vtrn2q_f32, vtrn2q_f64, vtstq_u32, vtstq_u64,
};

/// NEON, which every processor of the target has.
pub(super) struct Neon;

impl InstructionSet for Neon {
    type Single = float32x4_t;
    type Double = float64x2_t;
    const MANY_REGISTERS: bool = true;
}

/// One implementation: the register, the number, and the instructions.
macro_rules! vector {
    ($register:ident, $number:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $fma:ident,
        $square_root:ident, [$($binary:ident: $instruction:ident),+], $exchange:ident, $normal_or_zero:ident,
        $scale:ident, $blend:ident, [$equal:ident, $at_least:ident, $greater:ident]) => {
        impl Vector<$number> for $register {
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(number: $number) -> Self {
                // SAFETY: every processor of the target has NEON.
                unsafe { std::arch::aarch64::$splat(number) }
            }

            #[inline(always)]
            unsafe fn load(from: *const $number) -> Self {
                // SAFETY: every processor of the target has NEON; the caller promises that the numbers can be read.
                unsafe { std::arch::aarch64::$load(from) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $number) {
                // SAFETY: every processor of the target has NEON; the caller promises that the numbers can be written.
                unsafe { std::arch::aarch64::$store(to, self) }
            }

            #[inline(always)]
            unsafe fn load_part(from: *const $number, count: usize) -> Self {
                let mut lanes = [0.0; $lanes];
                // SAFETY: the caller promises that `count` numbers can be read, and that they are no more than the lanes.
                unsafe {
                    std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
                    Self::load(lanes.as_ptr())
                }
            }

            #[inline(always)]
            unsafe fn store_part(self, to: *mut $number, count: usize) {
                let mut lanes = [0.0; $lanes];
                // SAFETY: the caller promises that `count` numbers can be written, and that they are no more than the lanes.
                unsafe {
                    self.store(lanes.as_mut_ptr());
                    std::ptr::copy_nonoverlapping(lanes.as_ptr(), to, count);
                }
            }

            #[inline(always)]
            unsafe fn exchange<const DISTANCE: usize>(self, other: Self) -> (Self, Self) {
                // SAFETY: every processor of the target has NEON.
                unsafe { $exchange::<DISTANCE>(self, other) }
            }

            #[inline(always)]
            unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
                // SAFETY: every processor of the target has NEON.
                unsafe { std::arch::aarch64::$fma(sum, self, factor) }
            }

            $(
                #[inline(always)]
                unsafe fn $binary(self, other: Self) -> Self {
                    // SAFETY: every processor of the target has NEON.
                    unsafe { std::arch::aarch64::$instruction(self, other) }
                }
            )+

            #[inline(always)]
            unsafe fn square_root(self) -> Self {
                // SAFETY: every processor of the target has NEON.
                unsafe { std::arch::aarch64::$square_root(self) }
            }

            #[inline(always)]
            unsafe fn normal_or_zero(self) -> Self {
                // SAFETY: every processor of the target has NEON.
                unsafe { $normal_or_zero(self) }
            }

            #[inline(always)]
            unsafe fn select<const COMPARISON: i32>(self, other: Self, then: Self, otherwise: Self) -> Self {
                // SAFETY: every processor of the target has NEON.
                unsafe {
                    let holds = match COMPARISON {
                        EQUAL => $equal(self, other),
                        AT_LEAST => $at_least(self, other),
                        _ => $greater(self, other),
                    };
                    $blend(holds, then, otherwise)
                }
            }

            #[inline(always)]
            unsafe fn scale(self, exponent: Self) -> Self {
                // SAFETY: every processor of the target has NEON.
                unsafe { $scale(self, exponent) }
            }
        }
    };
}

/// [`Vector::exchange`] of four lanes.
///
/// # Safety
/// As for [`Vector::exchange`].
#[inline(always)]
unsafe fn exchange_singles<const DISTANCE: usize>(
    a: float32x4_t,
    b: float32x4_t,
) -> (float32x4_t, float32x4_t) {
    // SAFETY: every processor of the target has NEON.
    unsafe {
        if DISTANCE == 1 {
            return (vtrn1q_f32(a, b), vtrn2q_f32(a, b));
        }
        let (a, b) = (vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b));
        (vreinterpretq_f32_f64(vtrn1q_f64(a, b)), vreinterpretq_f32_f64(vtrn2q_f64(a, b)))
    }
}

/// [`Vector::exchange`] of two lanes.
///
/// # Safety
/// As for [`Vector::exchange`].
#[inline(always)]
unsafe fn exchange_doubles<const DISTANCE: usize>(
    a: float64x2_t,
    b: float64x2_t,
) -> (float64x2_t, float64x2_t) {
    // SAFETY: every processor of the target has NEON.
    unsafe { (vtrn1q_f64(a, b), vtrn2q_f64(a, b)) }
}

/// [`Vector::normal_or_zero`]: the bits of the exponent are all zero for what is no normal number, and for zero.
///
/// # Safety
/// As for [`Vector::normal_or_zero`].
#[inline(always)]
unsafe fn normal_singles(numbers: float32x4_t) -> float32x4_t {
    // SAFETY: every processor of the target has NEON.
    unsafe {
        let bits = vreinterpretq_u32_f32(numbers);
        vreinterpretq_f32_u32(vandq_u32(bits, vtstq_u32(bits, vdupq_n_u32(0x7f80_0000))))
    }
}

/// The same of two lanes.
///
/// # Safety
/// As for [`Vector::normal_or_zero`].
#[inline(always)]
unsafe fn normal_doubles(numbers: float64x2_t) -> float64x2_t {
    // SAFETY: every processor of the target has NEON.
    unsafe {
        let bits = vreinterpretq_u64_f64(numbers);
        vreinterpretq_f64_u64(vandq_u64(bits, vtstq_u64(bits, vdupq_n_u64(0x7ff0_0000_0000_0000))))
    }
}

/// [`Vector::scale`] by two powers of two, so that results at both ends of the range are right. A power comes from its bits:
/// 1.5·2²³ + 127 + n has 127 + n in its low bits.
///
/// # Safety
/// As for [`Vector::scale`].
#[inline(always)]
unsafe fn scale_singles(numbers: float32x4_t, exponent: float32x4_t) -> float32x4_t {
    // SAFETY: every processor of the target has NEON.
    unsafe {
        let half = vrndnq_f32(vmulq_f32(exponent, vdupq_n_f32(0.5)));
        let shifted = vdupq_n_f32(12_582_912.0 + 127.0);
        let power =
            |n| vreinterpretq_f32_u32(vshlq_n_u32::<23>(vreinterpretq_u32_f32(vaddq_f32(n, shifted))));
        vmulq_f32(vmulq_f32(numbers, power(half)), power(vsubq_f32(exponent, half)))
    }
}

/// The same of two lanes.
///
/// # Safety
/// As for [`Vector::scale`].
#[inline(always)]
unsafe fn scale_doubles(numbers: float64x2_t, exponent: float64x2_t) -> float64x2_t {
    // SAFETY: every processor of the target has NEON.
    unsafe {
        let half = vrndnq_f64(vmulq_f64(exponent, vdupq_n_f64(0.5)));
        let shifted = vdupq_n_f64(6_755_399_441_055_744.0 + 1023.0);
        let power =
            |n| vreinterpretq_f64_u64(vshlq_n_u64::<52>(vreinterpretq_u64_f64(vaddq_f64(n, shifted))));
        vmulq_f64(vmulq_f64(numbers, power(half)), power(vsubq_f64(exponent, half)))
    }
}

vector!(
    float32x4_t,
    f32,
    4,
    vdupq_n_f32,
    vld1q_f32,
    vst1q_f32,
    vfmaq_f32,
    vsqrtq_f32,
    [add: vaddq_f32, subtract: vsubq_f32, multiply: vmulq_f32, divide: vdivq_f32],
    exchange_singles,
    normal_singles,
    scale_singles,
    vbslq_f32,
    [vceqq_f32, vcgeq_f32, vcgtq_f32]
);
vector!(
    float64x2_t,
    f64,
    2,
    vdupq_n_f64,
    vld1q_f64,
    vst1q_f64,
    vfmaq_f64,
    vsqrtq_f64,
    [add: vaddq_f64, subtract: vsubq_f64, multiply: vmulq_f64, divide: vdivq_f64],
    exchange_doubles,
    normal_doubles,
    scale_doubles,
    vbslq_f64,
    [vceqq_f64, vcgeq_f64, vcgtq_f64]
);

#[cfg(test)]
mod tests {
    use super::{Vector, float32x4_t, float64x2_t};
    use crate::kernel::Real;

    fn as_defined<T: Real, V: Vector<T>>() {
        let numbers = |first: f64| (0..V::LANES).map(|i| T::of(first + 0.1 * i as f64)).collect::<Vec<T>>();
        let (x, y, z) = (numbers(1.1), numbers(-2.3), numbers(7.7));
        let mut seen = vec![T::zero(); 10 * V::LANES];
        let lane = |number: usize| number * V::LANES;
        // SAFETY: every processor of the target has NEON, and the vectors have as many numbers as a register.
        unsafe {
            let (a, b, c) = (V::load(x.as_ptr()), V::load(y.as_ptr()), V::load(z.as_ptr()));
            a.store(seen.as_mut_ptr());
            V::splat(T::of(0.3)).store(seen[lane(1)..].as_mut_ptr());
            a.multiply_add(b, c).store(seen[lane(2)..].as_mut_ptr());
            a.add(b).store(seen[lane(3)..].as_mut_ptr());
            a.subtract(b).store(seen[lane(4)..].as_mut_ptr());
            a.multiply(b).store(seen[lane(5)..].as_mut_ptr());
            a.divide(b).store(seen[lane(6)..].as_mut_ptr());
            a.square_root().store(seen[lane(7)..].as_mut_ptr());
            a.normal_or_zero().store(seen[lane(8)..].as_mut_ptr());
            let small = V::splat(T::min_positive_value() / T::of(3.0));
            small.normal_or_zero().store(seen[lane(9)..].as_mut_ptr());
        }
        for i in 0..V::LANES {
            let (a, b) = (x[i], y[i]);
            let expected =
                [a, T::of(0.3), a.mul_add(b, z[i]), a + b, a - b, a * b, a / b, a.sqrt(), a, T::zero()];
            let found: [T; 10] = std::array::from_fn(|part| seen[lane(part) + i]);
            assert_eq!(found, expected, "{} lane {i}", T::NAME);
        }
    }

    #[test]
    fn every_instruction_does_what_its_definition_says() {
        as_defined::<f32, float32x4_t>();
        as_defined::<f64, float64x2_t>();
    }
}
