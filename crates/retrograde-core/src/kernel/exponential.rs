//! The exponential function without a branch, so that loops over it become vector instructions.
//!
//! x = n·ln 2 + r with |r| ≤ ½ ln 2, so eˣ = 2ⁿ·eʳ. eʳ is its Taylor polynomial, long enough that the first term
//! left out is below half a unit in the last place; 2ⁿ is made from its bits, in two factors so that results near
//! both ends of the range (subnormal numbers, infinity) come out right.

/// `eˣ` for `f32`: degree 7, as (½ ln 2)⁸/8! = 5e-9 < 2⁻²⁵.
#[inline(always)]
pub(super) fn single(x: f32) -> f32 {
    // Adding and subtracting 1.5·2²³ rounds to the nearest integer, which is then also in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_375;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Beyond these bounds the result is 0 or infinity; a NaN passes both comparisons by.
    let x = if x < -104.0 { -104.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let mut sum = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = sum * r + coefficient;
    }
    let exponent = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let half = exponent >> 1;
    let power = |e: i32| f32::from_bits(((e.wrapping_add(127)) as u32) << 23);
    sum * power(half) * power(exponent.wrapping_sub(half))
}

/// `eˣ` for `f64`: degree 13, as (½ ln 2)¹⁴/14! = 4e-18 < 2⁻⁵⁴.
#[inline(always)]
pub(super) fn double(x: f64) -> f64 {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    // ln 2 in two parts, the first with 32 trailing zero bits, so that n times it is exact.
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x < -746.0 { -746.0 } else { x };
    let x = if x > 710.0 { 710.0 } else { x };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let mut sum = 1.0 / 6_227_020_800.0;
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
        sum = sum * r + coefficient;
    }
    let exponent = (shifted.to_bits() as i64).wrapping_sub(ROUND.to_bits() as i64);
    let half = exponent >> 1;
    let power = |e: i64| f64::from_bits(((e.wrapping_add(1023)) as u64) << 52);
    sum * power(half) * power(exponent.wrapping_sub(half))
}

#[cfg(test)]
mod tests {
    use super::{double, single};

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
