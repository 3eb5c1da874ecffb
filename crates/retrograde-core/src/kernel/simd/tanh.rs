//! The hyperbolic tangent without a branch, for a vector of any instruction set. Within 3 units in the last place; odd to the
//! bit.
//!
//! `f32`: x·P(x²)/Q(x²), the rational function of Eigen (`ptanh_float`), which is 1 in all digits from 9 on.
//!
//! `f64`: below |x| = 0.625, where 1 − 2/(e²ˣ + 1) would cancel, x + x³·R(x²) with the rational function of Cephes (Moshier,
//! 1989); above, 1 − 2/(e^2|x| + 1) with the sign of x. Both are computed and one is chosen.

use super::exp::{self, clamp};
use super::vector::{EQUAL, GREATER, Vector};

/// tanh x for `f32`.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn single<V: Vector<f32>>(x: V) -> V {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let x = clamp(x, -9.0, 9.0);
        let z = x.multiply(x);
        let mut above = V::splat(-2.760_768_477_423_55e-16);
        for coefficient in [
            2.000_187_904_824_77e-13,
            -8.604_671_522_137_35e-11,
            5.122_297_090_371_14e-8,
            1.485_722_357_179_79e-5,
            6.372_619_288_754_36e-4,
            4.893_524_558_917_86e-3,
        ] {
            above = above.multiply_add(z, V::splat(coefficient));
        }
        let mut below = V::splat(1.198_258_394_667_02e-6);
        for coefficient in [1.185_347_056_866_54e-4, 2.268_434_632_439_00e-3, 4.893_525_185_543_85e-3] {
            below = below.multiply_add(z, V::splat(coefficient));
        }
        // The quotient first: the product with a small x would be no normal number.
        clamp(x.multiply(above.divide(below)), -1.0, 1.0)
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
        let (zero, one, two, middle) = (V::splat(0.0), V::splat(1.0), V::splat(2.0), V::splat(0.625));
        let z = x.multiply(x);
        let mut above = V::splat(-9.643_991_794_250_523e-1);
        for coefficient in [-9.928_772_310_019_185e1, -1.614_687_684_417_084_5e3] {
            above = above.multiply_add(z, V::splat(coefficient));
        }
        let mut below = z.add(V::splat(1.128_116_784_916_329_3e2));
        for coefficient in [2.235_488_390_601_004_5e3, 4.844_063_053_251_255e3] {
            below = below.multiply_add(z, V::splat(coefficient));
        }
        let near = x.multiply_add(z.multiply(above.divide(below)), x);
        let size = x.select::<GREATER>(zero, x, zero.subtract(x));
        let far = one.subtract(two.divide(exp::double(size.multiply(two)).add(one)));
        let far = zero.select::<GREATER>(x, zero.subtract(far), far);
        let result = middle.select::<GREATER>(size, near, far);
        // Zero keeps its sign.
        x.select::<EQUAL>(zero, x, result)
    }
}

#[cfg(test)]
mod tests {
    use super::super::vector::Plain;
    use crate::kernel::Real;

    fn double(x: f64) -> f64 {
        // SAFETY: every processor can handle a plain vector.
        unsafe { f64::tanh_vector(Plain([x])).0[0] }
    }

    fn single(x: f32) -> f32 {
        // SAFETY: every processor can handle a plain vector.
        unsafe { f32::tanh_vector(Plain([x])).0[0] }
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
