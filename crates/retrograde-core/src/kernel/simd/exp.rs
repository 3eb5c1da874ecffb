//! The exponential function without a branch, for a vector of any instruction set; a number is a vector of one lane, and loops
//! over numbers become vector instructions.
//!
//! x = n·ln 2 + r with |r| ≤ ½ ln 2, so eˣ = 2ⁿ·eʳ. eʳ is its Taylor polynomial, long enough that the first term
//! left out is below half a unit in the last place. Within 2 units in the last place.

use super::vector::{GREATER, Vector};

/// x, or the bound that it is beyond; NaN stays NaN.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn clamp<T, V: Vector<T>>(x: V, low: T, high: T) -> V {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let (low, high) = (V::splat(low), V::splat(high));
        let x = low.select::<GREATER>(x, low, x);
        x.select::<GREATER>(high, high, x)
    }
}

/// `eˣ` for `f32`: degree 7, as (½ ln 2)⁸/8! = 5e-9 < 2⁻²⁵.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn single<V: Vector<f32>>(x: V) -> V {
    // Adding and subtracting 1.5·2²³ rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_375;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // SAFETY: the caller promises the instruction set.
    unsafe {
        // Beyond these bounds the result is 0 or infinity.
        let x = clamp(x, -104.0, 89.0);
        let round = V::splat(ROUND);
        let n = x.multiply_add(V::splat(std::f32::consts::LOG2_E), round).subtract(round);
        let r = n.multiply_add(V::splat(-LN2_LOW), n.multiply_add(V::splat(-LN2_HIGH), x));
        let mut sum = V::splat(1.0 / 5040.0);
        for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            sum = sum.multiply_add(r, V::splat(coefficient));
        }
        sum.scale(n)
    }
}

/// `eˣ` for `f64`: degree 13, as (½ ln 2)¹⁴/14! = 4e-18 < 2⁻⁵⁴.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn double<V: Vector<f64>>(x: V) -> V {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    // ln 2 in two parts, the first with 32 trailing zero bits, so that n times it is exact.
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let x = clamp(x, -746.0, 710.0);
        let round = V::splat(ROUND);
        let n = x.multiply_add(V::splat(std::f64::consts::LOG2_E), round).subtract(round);
        let r = n.multiply_add(V::splat(-LN2_LOW), n.multiply_add(V::splat(-LN2_HIGH), x));
        let mut sum = V::splat(1.0 / 6_227_020_800.0);
        for coefficient in [
            1.0 / 479_001_600.0,
            1.0 / 39_916_800.0,
            1.0 / 3_628_800.0,
            1.0 / 362_880.0,
            1.0 / 40_320.0,
            1.0 / 5_040.0,
            1.0 / 720.0,
            1.0 / 120.0,
            1.0 / 24.0,
            1.0 / 6.0,
            0.5,
            1.0,
            1.0,
        ] {
            sum = sum.multiply_add(r, V::splat(coefficient));
        }
        sum.scale(n)
    }
}

#[cfg(test)]
mod tests {
    use crate::kernel::Real;

    fn double(x: f64) -> f64 {
        x.fast_exp()
    }

    fn single(x: f32) -> f32 {
        x.fast_exp()
    }

    #[test]
    fn double_is_within_two_units_in_the_last_place() {
        for i in -70_900..=70_900 {
            let x = f64::from(i) * 0.01 + 1e-3 * f64::from(i % 7);
            let (ours, theirs) = (double(x), x.exp());
            assert!((ours - theirs).abs() <= 2.0 * f64::EPSILON * theirs, "exp({x}) = {ours}, not {theirs}");
        }
    }

    #[test]
    fn single_is_within_two_units_in_the_last_place() {
        for i in -8_700..=8_800 {
            let x = i as f32 * 0.01;
            let (ours, theirs) = (f64::from(single(x)), f64::from(x).exp());
            assert!((ours - theirs).abs() <= 2.0 * f64::from(f32::EPSILON) * theirs, "exp({x}) = {ours}");
        }
    }

    #[test]
    fn the_ends_of_the_range_are_right() {
        assert_eq!((double(0.0), single(0.0)), (1.0, 1.0));
        assert_eq!((double(f64::NEG_INFINITY), single(f32::NEG_INFINITY)), (0.0, 0.0));
        assert_eq!((double(f64::INFINITY), single(f32::INFINITY)), (f64::INFINITY, f32::INFINITY));
        assert!(double(f64::NAN).is_nan() && single(f32::NAN).is_nan());
        assert_eq!((double(-800.0), single(-110.0)), (0.0, 0.0));
        assert_eq!((double(709.9), single(89.0)), (f64::INFINITY, f32::INFINITY));
        assert!(double(-740.0) > 0.0 && single(-100.0) > 0.0, "subnormal results are kept");
    }
}
