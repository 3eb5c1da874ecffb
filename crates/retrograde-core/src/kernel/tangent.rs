//! The hyperbolic tangent without a branch, so that loops over it become vector instructions.
//!
//! Below |x| = 0.625, where 1 − 2/(e²ˣ + 1) would cancel, x + x³·R(x²) with the polynomial (f32) or rational function
//! (f64) of Cephes (Moshier, 1989); above, 1 − 2/(e^2|x| + 1) with the sign of x. Both are computed and one is chosen.
//! Together within 3 units in the last place; odd to the bit.

use super::exponential;

/// From here on the formula with the exponential is the better one.
const MIDDLE: f32 = 0.625;

/// tanh x for `f32`.
#[inline(always)]
pub(super) fn single(x: f32) -> f32 {
    let size = x.abs();
    let z = size * size;
    let mut sum = -5.704_988_7e-3;
    for coefficient in [2.063_908_9e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328_2e-1] {
        sum = sum * z + coefficient;
    }
    let near = size + size * (z * sum);
    let far = 1.0 - 2.0 / (exponential::single(2.0 * size) + 1.0);
    (if size < MIDDLE { near } else { far }).copysign(x)
}

/// tanh x for `f64`.
#[inline(always)]
pub(super) fn double(x: f64) -> f64 {
    let size = x.abs();
    let z = size * size;
    let above = (-9.643_991_794_250_523e-1 * z - 9.928_772_310_019_185e1) * z - 1.614_687_684_417_084_5e3;
    let below =
        ((z + 1.128_116_784_916_329_3e2) * z + 2.235_488_390_601_004_5e3) * z + 4.844_063_053_251_255e3;
    let near = size + size * (z * (above / below));
    let far = 1.0 - 2.0 / (exponential::double(2.0 * size) + 1.0);
    (if size < f64::from(MIDDLE) { near } else { far }).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::{double, single};

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
