//! Sine and cosine, for a vector of any instruction set. Within 1 unit in the last place; the sine is odd, the cosine even to the
//! bit.
//!
//! x = n·π/2 + r with |r| ≤ π/4. π/2 is kept in parts of so few bits that n times each is exact; the differences and their
//! rounding errors (Knuth's two-sum) give r as a number and a correction, so that also the sine of a number next to a multiple of
//! π has all its digits (Cody and Waite, *Software Manual for the Elementary Functions*, 1980; Dekker, 1971). sin r and cos r
//! are Taylor polynomials, long enough that the first term left out is below half a unit in the last place. n mod 4 tells which
//! of them it is, and its sign.
//!
//! Beyond 8192 (`f32`) and 1,000,000 (`f64`), where n times the parts is no longer exact, the standard library computes the lanes
//! one by one.

use super::erf::polynomial;
use super::real::Real;
use super::vector::{EQUAL, MOST_LANES, Vector};

/// sin x and cos x for `f32`.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn single<V: Vector<f32>>(x: V) -> (V, V) {
    // 11 bits each, so that up to n = 2¹³ a product has the 24 of an f32; and the rest.
    const PARTS: [f32; 5] = [1.570_312_5, 4.837_513e-4, 7.549_533_6e-8, 2.563_283e-12, 6.123_234e-17];
    // Up to r⁹ and r¹⁰: (π/4)¹⁰/11! = 2e-9 < 2⁻²⁵ and (π/4)¹²/12! = 1e-10.
    const SIN: [f32; 4] = [1.0 / 362_880.0, -1.0 / 5_040.0, 1.0 / 120.0, -1.0 / 6.0];
    const COS: [f32; 4] = [-1.0 / 3_628_800.0, 1.0 / 40_320.0, -1.0 / 720.0, 1.0 / 24.0];
    // SAFETY: the caller promises the instruction set.
    unsafe { beyond(x, 8192.0, reduced(x, 12_582_912.0, PARTS, SIN, COS)) }
}

/// sin x and cos x for `f64`.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn double<V: Vector<f64>>(x: V) -> (V, V) {
    // 33 bits each, so that up to n = 2²⁰ a product has the 53 of an f64; and the rest.
    const PARTS: [f64; 4] = [
        1.570_796_326_734_125_6,
        6.077_100_506_303_966e-11,
        2.022_266_248_711_166_5e-21,
        8.478_427_660_368_9e-32,
    ];
    // Up to r¹⁷ and r¹⁶: (π/4)¹⁸/19! = 1e-19 < 2⁻⁵⁴ and (π/4)¹⁸/18! = 2e-18.
    const SIN: [f64; 8] = [
        1.0 / 355_687_428_096_000.0,
        -1.0 / 1_307_674_368_000.0,
        1.0 / 6_227_020_800.0,
        -1.0 / 39_916_800.0,
        1.0 / 362_880.0,
        -1.0 / 5_040.0,
        1.0 / 120.0,
        -1.0 / 6.0,
    ];
    const COS: [f64; 7] = [
        1.0 / 20_922_789_888_000.0,
        -1.0 / 87_178_291_200.0,
        1.0 / 479_001_600.0,
        -1.0 / 3_628_800.0,
        1.0 / 40_320.0,
        -1.0 / 720.0,
        1.0 / 24.0,
    ];
    // SAFETY: the caller promises the instruction set.
    unsafe { beyond(x, 1e6, reduced(x, 6_755_399_441_055_744.0, PARTS, SIN, COS)) }
}

/// sin x and cos x, where x is not too large. Adding and subtracting `round` rounds to an integer; the polynomials have the
/// highest power first.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn reduced<T: Real, V: Vector<T>, const PARTS: usize, const S: usize, const C: usize>(
    x: V,
    round: T,
    parts: [T; PARTS],
    sin: [T; S],
    cos: [T; C],
) -> (V, V) {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let (zero, half, one) = (V::splat(T::zero()), V::splat(T::of(0.5)), V::splat(T::one()));
        let round = V::splat(round);
        let n = x.multiply(V::splat(T::of(std::f64::consts::FRAC_2_PI))).add(round).subtract(round);
        let (mut high, mut low) = (x, zero);
        for part in parts {
            let product = n.multiply(V::splat(part));
            let difference = high.subtract(product);
            let subtracted = difference.subtract(high);
            let error = high.subtract(difference.subtract(subtracted)).subtract(product.add(subtracted));
            (high, low) = (difference, low.add(error));
        }
        let r = high.add(low);
        let rest = low.subtract(r.subtract(high));

        let z = r.multiply(r);
        let of_sin = r.add(r.multiply(z).multiply_add(polynomial(z, sin), rest));
        let half_z = z.multiply(half);
        let near = one.subtract(half_z);
        // What is lost in 1 − z/2, and what the correction of r adds.
        let lost = one.subtract(near).subtract(half_z).subtract(r.multiply(rest));
        let of_cos = near.add(z.multiply(z).multiply_add(polynomial(z, cos), lost));

        // The quadrant from −2 to 2, and its square: 1 where sine and cosine are exchanged, 4 where both are negative.
        let turns = n.multiply(V::splat(T::of(0.25))).add(round).subtract(round);
        let quadrant = n.subtract(turns.multiply(V::splat(T::of(4.0))));
        let square = quadrant.multiply(quadrant);
        let sign = one.subtract(square.multiply(half));
        let sine = square.select::<EQUAL>(one, of_cos.multiply(quadrant), of_sin.multiply(sign));
        let of_sin = of_sin.multiply(zero.subtract(quadrant));
        let cosine = square.select::<EQUAL>(one, of_sin, of_cos.multiply(sign));
        // Zero keeps its sign.
        (x.select::<EQUAL>(zero, x, sine), cosine)
    }
}

/// The results, with those of the standard library for lanes beyond `most`.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn beyond<T: Real, V: Vector<T>>(x: V, most: T, (sin, cos): (V, V)) -> (V, V) {
    const { assert!(V::LANES <= MOST_LANES) };
    let mut lanes = [T::zero(); MOST_LANES];
    // SAFETY: the caller promises the instruction set, and the arrays have as many numbers as a vector.
    unsafe {
        x.store(lanes.as_mut_ptr());
        // Infinity is beyond, NaN is not: its results are NaN already.
        let farthest = lanes.iter().fold(T::zero(), |most, x| if x.abs() > most { x.abs() } else { most });
        if farthest <= most {
            return (sin, cos);
        }
        let mut results = [[T::zero(); MOST_LANES]; 2];
        sin.store(results[0].as_mut_ptr());
        cos.store(results[1].as_mut_ptr());
        one_by_one(&lanes[..V::LANES], most, &mut results);
        (V::load(results[0].as_ptr()), V::load(results[1].as_ptr()))
    }
}

#[cold]
fn one_by_one<T: Real>(x: &[T], most: T, [sin, cos]: &mut [[T; MOST_LANES]; 2]) {
    for ((x, sin), cos) in x.iter().zip(sin).zip(cos).filter(|((x, _), _)| x.abs() > most) {
        (*sin, *cos) = x.sin_cos();
    }
}

#[cfg(test)]
mod tests {
    use super::super::vector::Plain;
    use crate::kernel::Real;
    use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, FRAC_PI_4, PI};

    fn double(x: f64) -> (f64, f64) {
        // SAFETY: every processor can handle a plain vector.
        let (sin, cos) = unsafe { f64::sin_cos_vector(Plain([x])) };
        (sin.0[0], cos.0[0])
    }

    fn single(x: f32) -> (f32, f32) {
        // SAFETY: every processor can handle a plain vector.
        let (sin, cos) = unsafe { f32::sin_cos_vector(Plain([x])) };
        (sin.0[0], cos.0[0])
    }

    /// x, sin x and cos x, computed with 300 binary digits by mpmath; among them the neighbours of multiples of π/2.
    const TABLE: [(f64, f64, f64); 18] = [
        (1e-300, 1e-300, 1.0),
        (9.313_225_746_154_785e-10, 9.313_225_746_154_785e-10, 1.0),
        (0.1, 0.099_833_416_646_828_15, 0.995_004_165_278_025_8),
        (0.5, 0.479_425_538_604_203, 0.877_582_561_890_372_8),
        (FRAC_PI_4, 0.707_106_781_186_547_5, FRAC_1_SQRT_2),
        (1.0, 0.841_470_984_807_896_5, 0.540_302_305_868_139_8),
        (FRAC_PI_2, 1.0, 6.123_233_995_736_766e-17),
        (2.0, 0.909_297_426_825_681_7, -0.416_146_836_547_142_4),
        (3.0, 0.141_120_008_059_867_2, -0.989_992_496_600_445_4),
        (PI, 1.224_646_799_147_353_2e-16, -1.0),
        (4.0, -0.756_802_495_307_928_2, -0.653_643_620_863_611_9),
        (10.0, -0.544_021_110_889_369_8, -0.839_071_529_076_452_4),
        (100.0, -0.506_365_641_109_758_8, 0.862_318_872_287_683_9),
        (355.0, -3.014_435_335_948_845e-5, -0.999_999_999_545_659),
        (1000.5, 0.995_273_957_105_213_5, 0.097_106_901_444_385_26),
        (8000.25, 0.983_063_373_425_150_6, -0.183_265_937_451_461_2),
        (103_993.0, -1.912_933_577_842_375_2e-5, 0.999_999_999_817_034_2),
        (999_999.0, -0.977_352_031_538_222_9, 0.211_619_957_584_601_28),
    ];

    fn close(found: f64, expected: f64, epsilon: f64) -> bool {
        (found - expected).abs() <= epsilon * expected.abs()
    }

    #[test]
    fn within_one_unit_in_the_last_place_of_the_table() {
        for (x, sin, cos) in TABLE {
            let found = double(x);
            assert!(close(found.0, sin, f64::EPSILON) && close(found.1, cos, f64::EPSILON), "{x}: {found:?}");
            assert_eq!(double(-x), (-found.0, found.1));
        }
    }

    /// Against the standard library in `f64`, which is within a unit in the last place itself: for `f32` that is exact.
    #[test]
    fn within_one_unit_in_the_last_place_of_the_standard_library() {
        for i in 0..300_000 {
            let x = f64::from(i) * f64::from(i) * 1.1e-5 + 1e-9;
            let (found, (sin, cos)) = (double(x), x.sin_cos());
            let epsilon = 2.0 * f64::EPSILON;
            assert!(close(found.0, sin, epsilon) && close(found.1, cos, epsilon), "{x}: {found:?}");
            let x = (x * 8e-3) as f32;
            let (found, (sin, cos)) = (single(x), f64::from(x).sin_cos());
            let [found_sin, found_cos] = [found.0, found.1].map(f64::from);
            let epsilon = f64::from(f32::EPSILON);
            assert!(close(found_sin, sin, epsilon) && close(found_cos, cos, epsilon), "{x}: {found:?}");
            assert_eq!(single(-x), (-found.0, found.1));
        }
    }

    /// The numbers next to multiples of π/2, where all leading digits cancel.
    #[test]
    fn multiples_of_half_a_turn_keep_their_digits() {
        for n in 1..5_000 {
            let x = (f64::from(n) * FRAC_PI_2) as f32;
            let (found, (sin, cos)) = (single(x), f64::from(x).sin_cos());
            let epsilon = f64::from(f32::EPSILON);
            assert!(
                close(f64::from(found.0), sin, epsilon) && close(f64::from(found.1), cos, epsilon),
                "{x}"
            );
        }
        for n in 1..600_000 {
            let x = f64::from(n) * FRAC_PI_2;
            let (found, (sin, cos)) = (double(x), x.sin_cos());
            assert!(close(found.0, sin, 4e-16) && close(found.1, cos, 4e-16), "{x}: {found:?}");
        }
    }

    #[test]
    fn the_ends_of_the_range_are_right() {
        assert_eq!((double(0.0), single(0.0)), ((0.0, 1.0), (0.0, 1.0)));
        assert!(double(-0.0).0.is_sign_negative() && single(-0.0).0.is_sign_negative());
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let (twice, once) = (double(x), single(x as f32));
            assert!(twice.0.is_nan() && twice.1.is_nan() && once.0.is_nan() && once.1.is_nan(), "{x}");
        }
        for x in [1e6, 1e6 + 1.0, 1e22, f64::MAX] {
            assert!(close(double(x).0, x.sin(), f64::EPSILON), "{x}");
        }
        for x in [8192.0, 8193.0, 1e22, f32::MAX] {
            assert!(close(f64::from(single(x).1), f64::from(x).cos(), f64::from(f32::EPSILON)), "{x}");
        }
        assert_eq!((double(5e-324).0, single(1e-45).0), (5e-324, 1e-45));
    }
}
