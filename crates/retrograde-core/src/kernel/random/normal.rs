//! Normal random numbers: the transform of Box and Muller (1958) of pairs of uniform ones.
//!
//! Of a group of 32 elements, the words of the first and third eight give radii, those of the second and fourth eight angles:
//! elements `i` and `i + 8` are r·cos φ and r·sin φ with r = √(−2 ln u). So an element is a function of the key and its place, as a
//! uniform one is.
//!
//! u is a multiple of 2⁻³¹ in `f32` and of 2⁻⁵³ in `f64`, plus half of that: no number is beyond 6.7 and 8.7 standard deviations.
//! The angle has 32 and 53 bits: two for the quadrant, the others for an angle from −π/4 to π/4, of which sine and cosine are
//! Taylor polynomials. There is no fused multiply-add, and each operation is one of IEEE 754, so that the bits are the same on
//! every instruction set.

use super::{BLOCKS, Distribution, GROUP, Key, LOWER_PART, significand};
use crate::kernel::simd::Real;
use std::f64::consts::FRAC_PI_2;

/// Normal numbers of mean 0 and variance 1.
#[derive(Debug)]
pub(crate) struct Normal;

impl Distribution<f32> for Normal {
    #[inline(always)]
    fn group(key: Key, group: usize) -> [f32; GROUP] {
        const UNIT: f32 = 1.0 / (1_u32 << 31) as f32;
        const FRACTION: u32 = (1 << 30) - 1;
        let words = key.words(group, 0);
        // Fewer than 32 bits as a signed integer, which every instruction set can convert.
        let number = |bits: u32| bits as i32 as f32;
        pairs(|half| {
            let [radii, angles] = [2 * half, 2 * half + 1].map(|row| words[row].map(|word| word as u32));
            transformed(
                radii.map(|word| (number(word >> 1) + 0.5) * UNIT),
                angles.map(|word| word >> 30),
                angles.map(|word| number(word & FRACTION) * (2.0 * UNIT)),
                // Up to φ⁹ and φ¹⁰: (π/4)¹⁰/11! = 2e-9 < 2⁻²⁵ and (π/4)¹²/12! = 1e-10.
                (
                    [1.0 / 362_880.0, -1.0 / 5_040.0, 1.0 / 120.0, -1.0 / 6.0, 1.0],
                    [-1.0 / 3_628_800.0, 1.0 / 40_320.0, -1.0 / 720.0, 1.0 / 24.0, -0.5, 1.0],
                ),
            )
        })
    }
}

impl Distribution<f64> for Normal {
    #[inline(always)]
    fn group(key: Key, group: usize) -> [f64; GROUP] {
        const UNIT: f64 = 1.0 / (1_u64 << 53) as f64;
        const FRACTION: u64 = (1 << 51) - 1;
        let (upper, lower) = (key.words(group, 0), key.words(group, LOWER_PART));
        pairs(|half| {
            let [radii, angles] = [2 * half, 2 * half + 1].map(|row| -> [u64; BLOCKS] {
                std::array::from_fn(|lane| significand(upper[row][lane], lower[row][lane]))
            });
            transformed(
                radii.map(|bits| (bits as f64 + 0.5) * UNIT),
                angles.map(|bits| (bits >> 51) as u32),
                angles.map(|bits| (bits & FRACTION) as f64 * (4.0 * UNIT)),
                // Up to φ¹⁷ and φ¹⁶: (π/4)¹⁸/19! = 1e-19 < 2⁻⁵⁴ and (π/4)¹⁸/18! = 2e-18.
                (
                    [
                        1.0 / 355_687_428_096_000.0,
                        -1.0 / 1_307_674_368_000.0,
                        1.0 / 6_227_020_800.0,
                        -1.0 / 39_916_800.0,
                        1.0 / 362_880.0,
                        -1.0 / 5_040.0,
                        1.0 / 120.0,
                        -1.0 / 6.0,
                        1.0,
                    ],
                    [
                        1.0 / 20_922_789_888_000.0,
                        -1.0 / 87_178_291_200.0,
                        1.0 / 479_001_600.0,
                        -1.0 / 3_628_800.0,
                        1.0 / 40_320.0,
                        -1.0 / 720.0,
                        1.0 / 24.0,
                        -0.5,
                        1.0,
                    ],
                ),
            )
        })
    }
}

/// The group of both halves.
#[inline(always)]
fn pairs<T: Real>(half: impl Fn(usize) -> [[T; BLOCKS]; 2]) -> [T; GROUP] {
    let [first, second] = [half(0), half(1)];
    std::array::from_fn(|i| [first, second][i / (2 * BLOCKS)][i / BLOCKS % 2][i % BLOCKS])
}

/// r·cos φ and r·sin φ for uniform `u` above 0 and up to 1, the quadrant of the angle, and its place in the quadrant, from 0 to 1. The
/// polynomials are sin φ/φ and cos φ in φ², the highest power first.
#[inline(always)]
fn transformed<T: Real, const S: usize, const C: usize>(
    u: [T; BLOCKS],
    quadrant: [u32; BLOCKS],
    place: [T; BLOCKS],
    (sin, cos): ([T; S], [T; C]),
) -> [[T; BLOCKS]; 2] {
    let mut pair = [[T::zero(); BLOCKS]; 2];
    for lane in 0..BLOCKS {
        let radius = (T::of(-2.0) * u[lane].fast_ln()).sqrt();
        let angle = (place[lane] - T::of(0.5)) * T::of(FRAC_PI_2);
        let square = angle * angle;
        let sin = angle * sin.iter().fold(T::zero(), |sum, &term| sum * square + term);
        let cos = cos.iter().fold(T::zero(), |sum, &term| sum * square + term);
        // A quarter of a turn takes (x, y) to (−y, x).
        let (x, y) = if quadrant[lane] & 1 == 1 { (-sin, cos) } else { (cos, sin) };
        let (x, y) = if quadrant[lane] >= 2 { (-x, -y) } else { (x, y) };
        (pair[0][lane], pair[1][lane]) = (radius * x, radius * y);
    }
    pair
}

#[cfg(test)]
mod tests {
    use super::super::tests::{KEY, fill, words};
    use super::Normal;
    use std::f64::consts::{FRAC_PI_2, PI};

    /// The definition in the module's documentation, by the standard library.
    #[test]
    fn an_element_is_a_function_of_the_key_and_its_place() {
        let unit = |word: usize, element: usize| {
            let [upper, lower] = words(KEY, element / 16 * 16 + 8 * word + element % 8);
            f64::from(upper) / 2_f64.powi(32) + f64::from(lower >> 11) / 2_f64.powi(53)
        };
        let expected = |element: usize| {
            let angle = 2.0 * PI * unit(1, element) - FRAC_PI_2 / 2.0;
            let radius = (-2.0 * (unit(0, element) + 2_f64.powi(-54)).ln()).sqrt();
            radius * if element % 16 < 8 { angle.cos() } else { angle.sin() }
        };
        for (first, count) in [(0, 1), (0, 200), (7, 3), (31, 2), (33, 950), (5, 0)] {
            let doubles = fill::<f64, Normal>(KEY, first, count);
            let singles = fill::<f32, Normal>(KEY, first, count);
            assert!(
                doubles.iter().all(|bits| *bits == doubles[0])
                    && singles.iter().all(|bits| *bits == singles[0])
            );
            for (place, (&double, &single)) in doubles[0].iter().zip(&singles[0]).enumerate() {
                let expected = expected(first + place);
                assert!((double - expected).abs() < 1e-14, "{double}, not {expected}");
                assert!((f64::from(single) - expected).abs() < 2e-6, "{single}, not {expected}");
            }
        }
    }

    /// Mean, variance, skewness and kurtosis, and the covariance of neighbours, within five standard errors; and as many beyond
    /// one to four standard deviations as there should be.
    #[test]
    fn moments_and_tails_are_those_of_a_normal_distribution() {
        let n = 1 << 20;
        let x: Vec<f64> = fill::<f32, Normal>(KEY, 0, n)[0].iter().map(|&x| f64::from(x)).collect();
        let mean = |terms: &mut dyn Iterator<Item = f64>| terms.sum::<f64>() / n as f64;
        let bound = |variance: f64| 5.0 * (variance / n as f64).sqrt();
        // The variance of xᵏ is (2k − 1)!! − (the k-th moment)².
        for (power, moment, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let found = mean(&mut x.iter().map(|x| x.powi(power)));
            assert!((found - moment).abs() < bound(variance), "the moment {power} is {found}");
        }
        for distance in [1, 2, 4, 8, 16, 32] {
            let covariance = mean(&mut x.iter().zip(&x[distance..]).map(|(a, b)| a * b));
            assert!(covariance.abs() < bound(1.0), "{covariance} at a distance of {distance}");
        }
        for (deviations, share) in
            [(1.0, 0.317_310_5), (2.0, 0.045_500_26), (3.0, 0.002_699_796), (4.0, 6.334_248e-5)]
        {
            let found = x.iter().filter(|x| x.abs() > deviations).count() as f64 / n as f64;
            assert!((found - share).abs() < bound(share), "{found} beyond {deviations}");
        }
    }
}
