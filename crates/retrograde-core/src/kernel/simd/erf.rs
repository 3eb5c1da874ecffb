//! The error function without a branch, for a vector of any instruction set. Within 4 units in the last place; odd to the bit.
//!
//! `f32`: x·P(x²)/Q(x²), the rational function of Eigen (`erf` of `float`), which is 1 in all digits from 4 on.
//!
//! `f64`: the rational functions of Cephes (Moshier, 1989). Below |x| = 1, x·T(x²)/U(x²); above, 1 − e^(−x²)·P(|x|)/Q(|x|) with
//! the sign of x, which is 1 in all digits from 6 on. Both are computed and one is chosen.

use super::exp::{self, clamp};
use super::vector::{EQUAL, GREATER, Vector};

/// erf x for `f32`.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn single<V: Vector<f32>>(x: V) -> V {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let x = clamp(x, -4.0, 4.0);
        let z = x.multiply(x);
        let above = polynomial(
            z,
            [
                -2.726_142_258_013_06e-10,
                2.770_681_424_959_02e-8,
                -2.101_024_020_825_08e-6,
                -5.692_506_394_623_46e-5,
                -7.349_906_303_268_55e-4,
                -2.954_599_808_540_25e-3,
                -1.609_603_332_624_15e-2,
            ],
        );
        let below = polynomial(
            z,
            [
                -1.456_607_184_649_96e-5,
                -2.133_740_552_789_05e-4,
                -1.682_826_974_382_03e-3,
                -7.373_329_167_204_68e-3,
                -1.426_473_905_141_89e-2,
            ],
        );
        // The quotient first: the product with a small x would be no normal number.
        clamp(x.multiply(above.divide(below)), -1.0, 1.0)
    }
}

/// erf x for `f64`.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn double<V: Vector<f64>>(x: V) -> V {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let (zero, one) = (V::splat(0.0), V::splat(1.0));
        let near = {
            // Where it is not chosen, it must not overflow.
            let z = clamp(x, -1.0, 1.0);
            let z = z.multiply(z);
            let above = polynomial(
                z,
                [
                    9.604_973_739_870_516,
                    9.002_601_972_038_427e1,
                    2.232_005_345_946_843e3,
                    7.003_325_141_128_051e3,
                    5.559_230_130_103_949e4,
                ],
            );
            let below = polynomial(
                z,
                [
                    1.0,
                    3.356_171_416_475_031e1,
                    5.213_579_497_801_527e2,
                    4.594_323_829_709_801e3,
                    2.262_900_006_138_909_2e4,
                    4.926_739_426_086_359e4,
                ],
            );
            x.multiply(above.divide(below))
        };
        let size = clamp(x.select::<GREATER>(zero, x, zero.subtract(x)), 0.0, 6.0);
        let far = {
            let above = polynomial(
                size,
                [
                    2.461_969_814_735_305e-10,
                    5.641_895_648_310_688e-1,
                    7.463_210_564_422_699,
                    4.863_719_709_856_813_7e1,
                    1.965_208_329_560_771e2,
                    5.264_451_949_954_773e2,
                    9.345_285_271_719_576e2,
                    1.027_551_886_895_157_1e3,
                    5.575_353_353_693_993e2,
                ],
            );
            let below = polynomial(
                size,
                [
                    1.0,
                    1.322_819_511_547_449_9e1,
                    8.670_721_408_859_897e1,
                    3.549_377_788_878_198_9e2,
                    9.757_085_017_432_055e2,
                    1.823_909_166_879_097_4e3,
                    2.246_337_608_187_109_8e3,
                    1.656_663_091_941_613_5e3,
                    5.575_353_408_177_276e2,
                ],
            );
            let power = exp::double(zero.subtract(size.multiply(size)));
            one.subtract(power.multiply(above.divide(below)))
        };
        let far = zero.select::<GREATER>(x, zero.subtract(far), far);
        let result = one.select::<GREATER>(size, near, far);
        // Zero keeps its sign.
        x.select::<EQUAL>(zero, x, result)
    }
}

/// The polynomial with these coefficients, the highest power first.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
pub(super) unsafe fn polynomial<T: Copy, V: Vector<T>, const N: usize>(x: V, coefficients: [T; N]) -> V {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let mut sum = V::splat(coefficients[0]);
        for &coefficient in &coefficients[1..] {
            sum = sum.multiply_add(x, V::splat(coefficient));
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::vector::Plain;
    use crate::kernel::Real;

    /// erf x for numbers that both types have exactly: the Maclaurin series with 80 decimal digits, rounded to the nearest `f64`.
    const TABLE: [(f64, f64); 26] = [
        (0.000_976_562_5, 0.001_101_932_430_071_814_7),
        (0.062_5, 0.070_431_977_722_387_07),
        (0.125, 0.140_316_204_801_333_8),
        (0.25, 0.276_326_390_168_236_96),
        (0.375, 0.404_116_909_434_822_3),
        (0.5, 0.520_499_877_813_046_5),
        (0.625, 0.623_240_882_188_418),
        (0.75, 0.711_155_633_653_515_1),
        (0.875, 0.784_075_061_059_859_7),
        (0.984_375, 0.836_112_870_050_396_5),
        (1.0, 0.842_700_792_949_714_9),
        (1.007_812_5, 0.845_918_550_357_627_6),
        (1.25, 0.922_900_128_256_458_3),
        (1.5, 0.966_105_146_475_310_8),
        (1.75, 0.986_671_671_219_182_4),
        (2.0, 0.995_322_265_018_952_7),
        (2.25, 0.998_537_283_413_318_8),
        (2.5, 0.999_593_047_982_555),
        (3.0, 0.999_977_909_503_001_4),
        (3.5, 0.999_999_256_901_627_6),
        (3.75, 0.999_999_886_272_743_4),
        (4.0, 0.999_999_984_582_742_1),
        (4.5, 0.999_999_999_803_383_9),
        (5.0, 0.999_999_999_998_462_6),
        (5.5, 0.999_999_999_999_992_7),
        (5.875, 0.999_999_999_999_999_9),
    ];

    fn double(x: f64) -> f64 {
        // SAFETY: every processor can handle a plain vector.
        unsafe { f64::erf_vector(Plain([x])).0[0] }
    }

    fn single(x: f32) -> f32 {
        // SAFETY: every processor can handle a plain vector.
        unsafe { f32::erf_vector(Plain([x])).0[0] }
    }

    /// The distance in units in the last place of numbers between 1/2 and 1 times `y`.
    fn distance(seen: f64, y: f64, epsilon: f64) -> f64 {
        (seen - y).abs() / (epsilon * y)
    }

    #[test]
    fn within_four_units_in_the_last_place_of_the_table() {
        for (x, y) in TABLE {
            let (twice, once) = (double(x), single(x as f32));
            assert!(distance(twice, y, f64::EPSILON) <= 4.0, "erf({x}) = {twice}, not {y}");
            assert!(
                distance(f64::from(once), y, f64::from(f32::EPSILON)) <= 4.0,
                "erf({x}) = {once}, not {y}"
            );
            assert_eq!((double(-x), single(-x as f32)), (-twice, -once));
        }
    }

    #[test]
    fn the_ends_of_the_range_are_right() {
        for (x, y) in
            [(0.0, 0.0), (6.5, 1.0), (f64::MAX, 1.0), (f64::INFINITY, 1.0), (f64::NEG_INFINITY, -1.0)]
        {
            assert_eq!((double(x), single(x as f32)), (y, y as f32));
        }
        assert_eq!(double(1e-300), 1e-300 * std::f64::consts::FRAC_2_SQRT_PI);
        assert!(double(-0.0).is_sign_negative() && single(-0.0).is_sign_negative());
        assert!(double(f64::NAN).is_nan() && single(f32::NAN).is_nan());
    }
}
