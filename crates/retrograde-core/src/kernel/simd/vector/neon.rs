//! The registers of NEON, which every aarch64 processor has: 128 bits, 32 of them, with a fused multiply-add.

#![allow(clippy::wildcard_imports, reason = "some fifty intrinsics, whose names say where they are from")]

use super::{AT_LEAST, EQUAL, Vector};
use std::arch::aarch64::*;
use std::ptr::copy_nonoverlapping;

vector!(
    float32x4_t,
    f32,
    4,
    vdupq_n_f32,
    vld1q_f32,
    vst1q_f32,
    vsqrtq_f32,
    [add: vaddq_f32, subtract: vsubq_f32, multiply: vmulq_f32, divide: vdivq_f32],
    part: |count| count,
    load_part: |from, count| {
        let mut lanes = [0.0; 4];
        copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
        vld1q_f32(lanes.as_ptr())
    },
    store_part: |to, count, stored| {
        let mut lanes = [0.0; 4];
        vst1q_f32(lanes.as_mut_ptr(), stored);
        copy_nonoverlapping(lanes.as_ptr(), to, count);
    },
    multiply_add: |x, y, z| vfmaq_f32(z, x, y),
    exchange: |a, b| {
        if DISTANCE == 1 {
            return (vtrn1q_f32(a, b), vtrn2q_f32(a, b));
        }
        let (a, b) = (vreinterpretq_f64_f32(a), vreinterpretq_f64_f32(b));
        (vreinterpretq_f32_f64(vtrn1q_f64(a, b)), vreinterpretq_f32_f64(vtrn2q_f64(a, b)))
    },
    // The bits of an exponent are zero for zero and subnormal numbers alone.
    normal_or_zero: |numbers| {
        let bits = vreinterpretq_u32_f32(numbers);
        vreinterpretq_f32_u32(vandq_u32(bits, vtstq_u32(bits, vdupq_n_u32(0x7f80_0000))))
    },
    select: |a, b, then, otherwise| {
        let holds = match COMPARISON {
            EQUAL => vceqq_f32(a, b),
            AT_LEAST => vcgeq_f32(a, b),
            _ => vcgtq_f32(a, b),
        };
        vbslq_f32(holds, then, otherwise)
    },
    // By two powers of two, so that results at both ends of the range are exact. A power comes from its bits:
    // 1.5·2²³ + 127 + n has 127 + n in its low bits.
    scale: |numbers, exponent| {
        let half = vrndnq_f32(vmulq_f32(exponent, vdupq_n_f32(0.5)));
        let shifted = vdupq_n_f32(12_582_912.0 + 127.0);
        let power =
            |n| vreinterpretq_f32_u32(vshlq_n_u32::<23>(vreinterpretq_u32_f32(vaddq_f32(n, shifted))));
        vmulq_f32(vmulq_f32(numbers, power(half)), power(vsubq_f32(exponent, half)))
    },
);

vector!(
    float64x2_t,
    f64,
    2,
    vdupq_n_f64,
    vld1q_f64,
    vst1q_f64,
    vsqrtq_f64,
    [add: vaddq_f64, subtract: vsubq_f64, multiply: vmulq_f64, divide: vdivq_f64],
    part: |count| count,
    load_part: |from, count| {
        let mut lanes = [0.0; 2];
        copy_nonoverlapping(from, lanes.as_mut_ptr(), count);
        vld1q_f64(lanes.as_ptr())
    },
    store_part: |to, count, stored| {
        let mut lanes = [0.0; 2];
        vst1q_f64(lanes.as_mut_ptr(), stored);
        copy_nonoverlapping(lanes.as_ptr(), to, count);
    },
    multiply_add: |x, y, z| vfmaq_f64(z, x, y),
    exchange: |a, b| (vtrn1q_f64(a, b), vtrn2q_f64(a, b)),
    normal_or_zero: |numbers| {
        let bits = vreinterpretq_u64_f64(numbers);
        vreinterpretq_f64_u64(vandq_u64(bits, vtstq_u64(bits, vdupq_n_u64(0x7ff0_0000_0000_0000))))
    },
    select: |a, b, then, otherwise| {
        let holds = match COMPARISON {
            EQUAL => vceqq_f64(a, b),
            AT_LEAST => vcgeq_f64(a, b),
            _ => vcgtq_f64(a, b),
        };
        vbslq_f64(holds, then, otherwise)
    },
    scale: |numbers, exponent| {
        let half = vrndnq_f64(vmulq_f64(exponent, vdupq_n_f64(0.5)));
        let shifted = vdupq_n_f64(6_755_399_441_055_744.0 + 1023.0);
        let power =
            |n| vreinterpretq_f64_u64(vshlq_n_u64::<52>(vreinterpretq_u64_f64(vaddq_f64(n, shifted))));
        vmulq_f64(vmulq_f64(numbers, power(half)), power(vsubq_f64(exponent, half)))
    },
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
