//! The natural logarithm without a branch, so that loops over it become vector instructions.
//!
//! x = 2ᵏ·(1 + f) with √½ ≤ 1 + f < √2, taken from the bits of x, so log x = k·ln 2 + log(1 + f). With s = f/(2 + f),
//! log(1 + f) = 2·artanh(s) = f − (f²/2 − s·(f²/2 + R(s²))), where R is the polynomial of FreeBSD's `e_log.c` and
//! `e_logf.c` (Sun Microsystems, 1993), whose error is below a unit in the last place. ln 2 is kept in two parts, the
//! first with trailing zero bits, so that k times it is exact.

/// log x for `f32`.
#[inline(always)]
pub(super) fn single(x: f32) -> f32 {
    const LN2_HIGH: f32 = 6.931_381_2e-1;
    const LN2_LOW: f32 = 9.058_001e-6;
    const SQRT_HALF: u32 = 0x3f35_04f3;
    const ONE: u32 = 0x3f80_0000;
    // Subnormal numbers are brought into the normal range.
    let small = x < f32::MIN_POSITIVE;
    let (scaled, shift) = if small { (x * 33_554_432.0, -25) } else { (x, 0) };
    let bits = scaled.to_bits().wrapping_add(ONE - SQRT_HALF);
    let k = ((bits >> 23) as i32).wrapping_sub(127).wrapping_add(shift) as f32;
    let f = f32::from_bits((bits & 0x007f_ffff).wrapping_add(SQRT_HALF)) - 1.0;
    let s = f / (2.0 + f);
    let (z, half) = (s * s, 0.5 * f * f);
    let w = z * z;
    let even = w * (0.400_009_72 + w * 0.242_790_79);
    let odd = z * (0.666_666_63 + w * 0.284_987_87);
    let result = k * LN2_HIGH - ((half - (s * (half + (odd + even)) + k * LN2_LOW)) - f);
    ends(x, result)
}

/// log x for `f64`.
#[inline(always)]
pub(super) fn double(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const SQRT_HALF: u64 = 0x3fe6_a09e_0000_0000;
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    // 1.5·2⁵²: its low bits, read as a number, are an integer of either sign.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let small = x < f64::MIN_POSITIVE;
    let (scaled, shift) = if small { (x * 18_014_398_509_481_984.0, -54.0) } else { (x, 0.0) };
    let bits = scaled.to_bits().wrapping_add(ONE - SQRT_HALF);
    let k = f64::from_bits(ROUND.to_bits().wrapping_add(bits >> 52)) - ROUND - 1023.0 + shift;
    let f = f64::from_bits((bits & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF)) - 1.0;
    let s = f / (2.0 + f);
    let (z, half) = (s * s, 0.5 * f * f);
    let w = z * z;
    let even =
        w * (3.999_999_999_940_942e-1 + w * (2.222_219_843_214_978_4e-1 + w * 1.531_383_769_920_937_3e-1));
    let odd = z
        * (6.666_666_666_666_735e-1
            + w * (2.857_142_874_366_239e-1
                + w * (1.818_357_216_161_805e-1 + w * 1.479_819_860_511_658_6e-1)));
    let result = k * LN2_HIGH - ((half - (s * (half + (odd + even)) + k * LN2_LOW)) - f);
    ends(x, result)
}

/// The result where it is one: log 0 is minus infinity, of infinity infinity, of a negative number or NaN it is NaN.
#[inline(always)]
fn ends<T: num_traits::Float>(x: T, result: T) -> T {
    let result = if x < T::infinity() { result } else { x };
    let result = if x < T::zero() { T::nan() } else { result };
    if x == T::zero() { T::neg_infinity() } else { result }
}

#[cfg(test)]
mod tests {
    use super::{double, single};

    #[test]
    fn double_is_within_two_units_in_the_last_place() {
        let mut x = f64::from_bits(1);
        while x.is_finite() {
            let (ours, theirs) = (double(x), x.ln());
            assert!(
                (ours - theirs).abs() <= 2.0 * f64::EPSILON * theirs.abs(),
                "log({x:e}) = {ours}, not {theirs}"
            );
            x *= if x < 1e-320 {
                2.0
            } else if (0.5..2.0).contains(&x) {
                1.000_37
            } else {
                1.337
            };
        }
    }

    #[test]
    fn single_is_within_two_units_in_the_last_place() {
        let mut x = f32::from_bits(1);
        while x.is_finite() {
            let (ours, theirs) = (f64::from(single(x)), f64::from(x).ln());
            let bound = 2.0 * f64::from(f32::EPSILON) * theirs.abs();
            assert!((ours - theirs).abs() <= bound, "log({x:e}) = {ours}, not {theirs}");
            x *= if x < 1e-44 {
                2.0
            } else if (0.5..2.0).contains(&x) {
                1.000_37
            } else {
                1.337
            };
        }
    }

    #[test]
    fn the_ends_of_the_range_are_right() {
        assert_eq!((double(1.0), single(1.0)), (0.0, 0.0));
        assert_eq!((double(0.0), single(-0.0)), (f64::NEG_INFINITY, f32::NEG_INFINITY));
        assert_eq!((double(f64::INFINITY), single(f32::INFINITY)), (f64::INFINITY, f32::INFINITY));
        for x in [-1.0, -1e-310, f64::NEG_INFINITY, f64::NAN] {
            assert!(double(x).is_nan() && single((x * 1e280) as f32).is_nan(), "log({x})");
        }
    }
}
