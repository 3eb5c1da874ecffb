//! The hyperbolic tangent without a branch, for a vector of any instruction set.
//!
//! Below |x| = 0.625, where 1 − 2/(e²ˣ + 1) would cancel, x + x³·R(x²) with the polynomial (f32) or rational function
//! (f64) of Cephes (Moshier, 1989); above, 1 − 2/(e^2|x| + 1) with the sign of x. Both are computed and one is chosen.
//! Together within 3 units in the last place; odd to the bit.

use super::exponential;
use super::vector::{EQUAL, GREATER, Vector};

/// From here on the formula with the exponential is the better one.
const MIDDLE: f32 = 0.625;

/// tanh x, given x·(R(x²)·x²) `near` zero and e^2|x|.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn chosen<T, V: Vector<T>>(x: V, near: V, power: V, [zero, one, two, middle]: [V; 4]) -> V {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let size = one.subtract(two.divide(power.add(one)));
        let far = zero.select::<GREATER>(x, zero.subtract(size), size);
        let near = x.multiply_add(near, x);
        let result = middle.select::<GREATER>(absolute(x, zero), near, far);
        // Zero keeps its sign.
        x.select::<EQUAL>(zero, x, result)
    }
}

#[inline(always)]
unsafe fn absolute<T, V: Vector<T>>(x: V, zero: V) -> V {
    // SAFETY: the caller promises the instruction set.
    unsafe { x.select::<GREATER>(zero, x, zero.subtract(x)) }
}

/// tanh x for `f32`.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn single<V: Vector<f32>>(x: V) -> V {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let numbers = [0.0, 1.0, 2.0, MIDDLE].map(|number| V::splat(number));
        let z = x.multiply(x);
        let mut sum = V::splat(-5.704_988_7e-3);
        for coefficient in [2.063_908_9e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328_2e-1] {
            sum = sum.multiply_add(z, V::splat(coefficient));
        }
        let power = exponential::single(absolute(x, numbers[0]).multiply(numbers[2]));
        chosen(x, z.multiply(sum), power, numbers)
    }
}

/// tanh x for `f64`.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn double<V: Vector<f64>>(x: V) -> V {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let numbers = [0.0, 1.0, 2.0, f64::from(MIDDLE)].map(|number| V::splat(number));
        let z = x.multiply(x);
        let mut above = V::splat(-9.643_991_794_250_523e-1);
        for coefficient in [-9.928_772_310_019_185e1, -1.614_687_684_417_084_5e3] {
            above = above.multiply_add(z, V::splat(coefficient));
        }
        let mut below = z.add(V::splat(1.128_116_784_916_329_3e2));
        for coefficient in [2.235_488_390_601_004_5e3, 4.844_063_053_251_255e3] {
            below = below.multiply_add(z, V::splat(coefficient));
        }
        let power = exponential::double(absolute(x, numbers[0]).multiply(numbers[2]));
        chosen(x, z.multiply(above.divide(below)), power, numbers)
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::Real;
    use crate::kernel::vector::Plain;

    fn double(x: f64) -> f64 {
        // SAFETY: every processor can handle a plain vector.
        unsafe { f64::tangent_of(Plain([x])).0[0] }
    }

    fn single(x: f32) -> f32 {
        // SAFETY: every processor can handle a plain vector.
        unsafe { f32::tangent_of(Plain([x])).0[0] }
    }

    #[test]
    fn within_three_units_in_the_last_place() {
        for i in 0..200_000 {
            let x = f64::from(i) * 1.1e-4;
            let (ours, theirs) = (double(x), x.tanh());
            assert!((ours - theirs).abs() <= 3.0 * f64::EPSILON * theirs, "tanh({x}) = {ours}, not {theirs}");
            assert_eq!(double(-x), -ours);
            let x = x as f32;
            let (ours, theirs) = (f64::from(single(x)), f64::from(x).tanh());
            assert!((ours - theirs).abs() <= 3.0 * f64::from(f32::EPSILON) * theirs, "tanh({x}) = {ours}");
            assert_eq!(f64::from(single(-x)), -ours);
        }
    }

    #[test]
    fn the_ends_of_the_range_are_right() {
        for (x, y) in
            [(0.0, 0.0), (1e-300, 1e-300), (40.0, 1.0), (f64::INFINITY, 1.0), (f64::NEG_INFINITY, -1.0)]
        {
            assert_eq!((double(x), single(x as f32)), (y, y as f32));
        }
        assert!(double(-0.0).is_sign_negative() && single(-0.0).is_sign_negative());
        assert!(double(f64::NAN).is_nan() && single(f32::NAN).is_nan());
    }
}
