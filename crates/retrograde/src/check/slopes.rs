//! Slopes of a function of one number with many outputs, with an estimate of how accurate each is.
//!
//! Centred differences at h, h/2 and h/4 make two Richardson extrapolations, whose distance says how far they are from
//! the limit. Where they do not agree, the steps get smaller. Slopes from the left and from the right that do not meet
//! however small the step are a kink.

use crate::Result;

/// The slopes of all outputs in one number.
pub(super) struct Slopes {
    /// The derivative; at a kink, the mean of its two slopes.
    pub centre: Vec<f64>,
    /// The derivative; at a kink, the least of the slopes around it.
    pub left: Vec<f64>,
    /// The derivative; at a kink, the largest of the slopes around it.
    pub right: Vec<f64>,
    /// How far the derivative may be off.
    pub error: Vec<f64>,
    /// Whether some output has a kink.
    pub kink: bool,
    /// Whether some output jumps, or is not finite.
    pub jump: bool,
}

/// Exponents of the largest step on each rung of the ladder, for functions that are accurate to 1e-12 or better.
const FINE: [i32; 4] = [7, 12, 17, 22];
/// The same for functions with more noise, such as those computed in `f32`.
const COARSE: [i32; 3] = [3, 6, 9];

/// The slopes at 0 of `f`, whose outputs there are `at`.
///
/// `scale` is the length in which the function changes, and `noise` how uncertain an output is, relative to the largest.
pub(super) fn slopes(
    at: &[f64],
    scale: f64,
    noise: f64,
    mut f: impl FnMut(f64) -> Result<Vec<f64>>,
) -> Result<Slopes> {
    let count = at.len();
    let largest = at.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let noise_of = |value: f64| noise * (value.abs() + 0.3 * largest).max(f64::MIN_POSITIVE);
    let mut found = Slopes {
        centre: vec![f64::NAN; count],
        left: vec![f64::NAN; count],
        right: vec![f64::NAN; count],
        error: vec![f64::INFINITY; count],
        kink: false,
        jump: false,
    };
    // How far the slopes of the rung before lay apart, while they did.
    let mut ranges: Vec<Option<f64>> = vec![None; count];
    let rungs: &[i32] = if noise > 1e-12 { &COARSE } else { &FINE };
    for (rung, exponent) in rungs.iter().enumerate() {
        let h = scale * 2.0_f64.powi(-exponent);
        let mut values = Vec::with_capacity(6);
        for offset in [-h, -h / 2.0, -h / 4.0, h / 4.0, h / 2.0, h] {
            let value = f(offset)?;
            if value.len() != count {
                found.jump = true;
                return Ok(found);
            }
            values.push(value);
        }
        let mut satisfied = true;
        let mut steepest = 0.0_f64;
        for o in 0..count {
            let [m1, m2, m4, p4, p2, p1] = [0, 1, 2, 3, 4, 5].map(|k: usize| values[k][o]);
            let f0 = at[o];
            let (d1, d2, d4) = ((p1 - m1) / (2.0 * h), (p2 - m2) / h, (p4 - m4) / (h / 2.0));
            let (r1, r2) = ((4.0 * d2 - d1) / 3.0, (4.0 * d4 - d2) / 3.0);
            // From one side, with an error in h²: so the difference of the sides falls to a quarter when h is halved.
            let from_right = |near: f64, far: f64, h: f64| (-3.0 * f0 + 4.0 * near - far) / h;
            let from_left = |near: f64, far: f64, h: f64| (3.0 * f0 - 4.0 * near + far) / h;
            let (right1, left1) = (from_right(p2, p1, h), from_left(m2, m1, h));
            let (right2, left2) = (from_right(p4, p2, h / 2.0), from_left(m4, m2, h / 2.0));
            let (gap1, gap2) = ((right1 - left1).abs(), (right2 - left2).abs());
            let rounding = 6.0 * noise_of(f0) / h;
            let size = r2.abs().max(right2.abs()).max(left2.abs());
            steepest = steepest.max(size);
            let mut error = (r2 - r1).abs() / 4.0 + rounding;
            if !error.is_finite() {
                satisfied = false;
                ranges[o] = None;
                continue;
            }
            // Of a smooth function the gap falls to a quarter; a kink within the step, however well hidden in the centred
            // differences, shows in it.
            let hidden = gap2 > 1e-8 * size + 20.0 * rounding && !(3.0..=5.5).contains(&(gap1 / gap2));
            if hidden {
                error += gap2;
            }
            if error < found.error[o] {
                found.centre[o] = r2;
                (found.left[o], found.right[o]) = (r2, r2);
                found.error[o] = error;
            }
            if hidden || error > 1e-6 * size + 10.0 * rounding {
                // All slopes between neighbours: at a kink they are those of its two sides, and what lies between.
                let secants = [
                    (m2 - m1) / (h / 2.0),
                    (m4 - m2) / (h / 4.0),
                    (f0 - m4) / (h / 4.0),
                    (p4 - f0) / (h / 4.0),
                    (p2 - p4) / (h / 4.0),
                    (p1 - p2) / (h / 2.0),
                ];
                let low = secants.iter().copied().fold(f64::INFINITY, f64::min);
                let high = secants.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                if rung + 1 == rungs.len() && high - low > 1e-5 * size + 40.0 * rounding {
                    // Slopes that grow as the step shrinks are those of a jump.
                    let grown =
                        ranges[o].is_some_and(|before: f64| high - low > 4.0 * before + 40.0 * rounding);
                    if grown {
                        found.error[o] = f64::INFINITY;
                    } else {
                        found.kink = true;
                        found.centre[o] = f64::midpoint(low, high);
                        (found.left[o], found.right[o]) = (low, high);
                        found.error[o] = 20.0 * rounding + 1e-6 * size;
                    }
                }
                ranges[o] = Some(high - low);
                satisfied = false;
                continue;
            }
            ranges[o] = None;
            satisfied &= error <= 1e-9 * steepest + rounding;
        }
        if satisfied {
            break;
        }
    }
    // An output whose slopes differ at the finest step without settling, or was finite nowhere.
    let unsettled = |o: usize| found.error[o].is_infinite();
    found.jump = (0..count).any(unsettled);
    Ok(found)
}

/// How uncertain the outputs of a function are, relative to the largest, from values at equal small distances: of a
/// smooth function their sixth differences vanish, and what is left is noise (Moré and Wild, *Estimating computational
/// noise*, 2011). `f` takes the multiple of a small step.
pub(super) fn noise(mut f: impl FnMut(f64) -> Result<Vec<f64>>) -> Result<f64> {
    // The sum of the squares of the binomials 1, 6, 15, 20, 15, 6, 1: independent errors add up to its root.
    const SPREAD: f64 = 924.0;
    let mut table = Vec::new();
    for k in 0..7 {
        table.push(f(f64::from(k))?);
    }
    let count = table[0].len();
    if table.iter().any(|row| row.len() != count) {
        return Ok(f64::EPSILON);
    }
    let all = || table.iter().flatten();
    let largest = all().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    // What does not move says nothing of noise.
    let moves = |o: &usize| table.iter().any(|row| row[*o] != table[0][*o]);
    let moving: Vec<usize> = (0..count).filter(moves).collect();
    let weights = [1.0, -6.0, 15.0, -20.0, 15.0, -6.0, 1.0];
    let square = |o: &usize| weights.iter().zip(&table).map(|(w, row)| w * row[*o]).sum::<f64>().powi(2);
    // The median is not moved by the few outputs that have a kink on the way.
    let mut squares: Vec<f64> = moving.iter().map(square).filter(|square| square.is_finite()).collect();
    squares.sort_by(f64::total_cmp);
    let middle = squares.get(squares.len() / 2).copied().unwrap_or(0.0);
    let mut seen = (middle / SPREAD).sqrt() / largest.max(f64::MIN_POSITIVE);
    if !moving.is_empty() && all().all(|value| f64::from(*value as f32) == *value) {
        // Numbers that move and yet are all of single precision were computed in it.
        seen = seen.max(f64::from(f32::EPSILON));
    }
    Ok(if seen > 1e-13 { (4.0 * seen).min(1.0) } else { seen.max(f64::EPSILON) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(scale: f64, f: impl Fn(f64) -> f64) -> Slopes {
        slopes(&[f(0.0)], scale, f64::EPSILON, |h| Ok(vec![f(h)])).unwrap()
    }

    #[test]
    fn smooth_functions_to_eleven_digits() {
        for (f, slope) in [
            (f64::exp as fn(f64) -> f64, 1.0),
            (|h| (1.3 + h).sin(), 1.3_f64.cos()),
            (|h| (h - 4.0).tanh(), 1.0 - 4.0_f64.tanh().powi(2)),
            (|h| 1.0 / (0.2 + h), -25.0),
            (|_| 3.0, 0.0),
        ] {
            let found = of(1.0, f);
            // Rounding of values of size 1 at steps of 2e-4 leaves 1e-12.
            assert!(
                (found.centre[0] - slope).abs() <= 1e-10 * slope.abs() + 1e-12,
                "{} {slope}",
                found.centre[0]
            );
            assert!((found.centre[0] - slope).abs() <= found.error[0] && !found.kink && !found.jump);
        }
    }

    #[test]
    fn a_kink_at_the_point_has_two_slopes_and_one_nearby_has_one() {
        let at = of(1.0, |h: f64| h.max(0.0) * 3.0);
        assert!(at.kink && !at.jump);
        assert!(at.left[0].abs() < 1e-6 && (at.right[0] - 3.0).abs() < 1e-6);
        for distance in [1e-2, 1e-4, 1e-6] {
            let near = of(1.0, |h: f64| (h + distance).max(0.0) * 3.0);
            assert!(!near.kink && (near.centre[0] - 3.0).abs() <= 1e-8, "{distance}: {}", near.centre[0]);
        }
    }

    #[test]
    fn a_jump_has_no_slope() {
        assert!(of(1.0, |h| if h > 0.0 { 1.0 } else { 0.0 }).jump);
        assert!(of(1.0, |h| if h == 0.0 { 0.0 } else { f64::NAN }).jump);
    }

    #[test]
    fn noise_is_seen() {
        let measure = |f: fn(f64) -> f64| noise(|k| Ok(vec![f(0.7 + k * 2.0_f64.powi(-20))])).unwrap();
        let double = measure(f64::sin);
        assert!(double < 1e-15, "{double}");
        let single = measure(|x| f64::from((x as f32).sin()));
        assert!((1e-9..1e-6).contains(&single), "{single}");
    }
}
