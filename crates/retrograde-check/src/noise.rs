//! Measures the noise of the outputs of a layer at points nearby.

use rand_xoshiro::Xoshiro256PlusPlus;

use super::numbers::{flat, largest, median};
use super::numerical;
use super::probe::{normal, upstream};
use super::subject::{values, with_values};
use retrograde_base::Result;
use retrograde_textbook::{Layer, Tensor};

/// The noise of a layer's outputs around an input.
#[derive(Clone)]
pub(super) struct Noise {
    /// Relative to the largest output: nothing in `f64`, about 1e-7 in `f32`.
    pub relative: f64,
    /// The part due to intermediate results rounded to fewer digits than the outputs; `None` if the outputs are
    /// constant.
    pub stairs: Option<f64>,
    /// Outputs around the input.
    pub outputs: Vec<f64>,
}

impl Noise {
    /// Measures the noise at `x`.
    pub fn measure(layer: &mut dyn Layer, x: &Tensor, random: &mut Xoshiro256PlusPlus) -> Self {
        let (own, mut outputs) = (values(layer), Vec::new());
        let mut seen_along = |inputs: bool, random: &mut Xoshiro256PlusPlus| {
            let moved: Vec<&Tensor> = if inputs { vec![x] } else { own.iter().collect() };
            let width = width(moved.iter().copied());
            let mut seen = Vec::new();
            let small = 2.0_f64.powi(-20);
            for step in [2.0_f64.powi(-14) * width, small, small * width, 2.0_f64.powi(-26) * width] {
                let directions: Vec<Tensor> = moved.iter().map(|one| normal(one.shape(), random)).collect();
                let measured = numerical::noise(|k| {
                    let pairs = moved.iter().zip(&directions);
                    let there: Vec<Tensor> = pairs.map(|(one, along)| *one + &(along * (k * step))).collect();
                    let out = if inputs {
                        layer.forward(&there[0])
                    } else {
                        with_values(layer, &there, |layer| layer.forward(x))
                    };
                    let out = flat(&out?);
                    outputs.extend_from_slice(&out[..out.len().min(ENOUGH)]);
                    Ok(out)
                });
                // Inputs that are labels or indices allow no step.
                seen.extend(measured.unwrap_or(Some(f64::EPSILON)));
            }
            // A step over which the function is curved shows more than its noise, and one over which the values
            // change by a unit or two in the last place shows less: the second smallest is used.
            seen.sort_by(f64::total_cmp);
            seen.get(1).or(seen.first()).copied().unwrap_or(f64::EPSILON)
        };
        let mut smooth = seen_along(true, random);
        if !own.is_empty() {
            // If an output is constant in the input, it may depend on a parameter.
            smooth = smooth.max(seen_along(false, &mut super::probe::random(97)));
        }
        let width = width([x].into_iter());
        let stairs = stairs(layer, x, &(upstream(x.shape(), random) * width)).unwrap_or(None);
        Noise { relative: smooth.max(stairs.unwrap_or(0.0)).min(1.0), stairs, outputs }
    }
}

/// The number of outputs that determine the precision.
const ENOUGH: usize = 64;

/// The points at which stairs are searched.
const POINTS: usize = 24;

/// A function that is constant over steps up to this one counts as constant in the search for stairs.
const OUTER: f64 = 1.0 / 16.0;

/// The steps that are tried first. Stairs too narrow or too wide for them show a jump at one of the others.
const FEWER: usize = 9;

/// The relative size of stairs in the outputs: they are linear between repeated jumps, because an intermediate result
/// was rounded to fewer digits than the outputs. `None` if the outputs are constant.
fn stairs(layer: &mut dyn Layer, x: &Tensor, direction: &Tensor) -> Result<Option<f64>> {
    let mut at = |t: f64| -> Result<Vec<f64>> { Ok(flat(&layer.forward(&(x + &(direction * t)))?)) };
    let (near, far) = (2.0_f64.powi(-18), 2.0_f64.powi(-7));
    let (middle, close, wide) = (at(0.0)?, at(near)?, at(far)?);
    // Stairs may be wider than that.
    let stands = middle == close && middle == wide;
    let outer = if stands { at(OUTER)? } else { Vec::new() };
    if stands && middle == outer {
        return Ok(None);
    }
    let slopes = |o: usize| ((close[o] - middle[o]) / near, (wide[o] - middle[o]) / far);
    let uneven = |o: &usize| {
        let (narrow, wide) = slopes(*o);
        let moves = stands && outer.get(*o).is_some_and(|outer| *outer != middle[*o]);
        moves || (wide - narrow).abs() > 0.1 * wide.abs().max(narrow.abs())
    };
    let count = middle.len().min(close.len()).min(wide.len());
    let uneven: Vec<usize> = (0..count).filter(uneven).take(ENOUGH).collect();
    let mut highest = 0.0_f64;
    if uneven.is_empty() {
        return Ok(Some(highest));
    }
    let size = middle.iter().fold(f64::MIN_POSITIVE, |size, value| size.max(value.abs()));
    for power in [-6, -8, -10, -12, -14] {
        let step = 2.0_f64.powi(power) / 3.0;
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for count in [FEWER, POINTS] {
            for k in rows.len() + 1..=count {
                rows.push(at(k as f64 * step)?);
            }
            if rows.iter().any(|row| row.len() != middle.len()) {
                return Ok(Some(highest));
            }
            // Most functions are smooth, and a few points show it.
            if !uneven.iter().any(|&output| !jumps(&rows, output).is_empty()) {
                break;
            }
        }
        if rows.len() < POINTS {
            continue;
        }
        for &output in &uneven {
            let jumps = jumps(&rows, output);
            if jumps.len() >= 3 {
                highest = highest.max(jumps[jumps.len() / 2] / size);
            }
        }
    }
    Ok(Some(highest))
}

/// The jumps of an output between these points, from the smallest to the largest; empty unless it is linear between
/// jumps.
fn jumps(rows: &[Vec<f64>], output: usize) -> Vec<f64> {
    let mut steps: Vec<f64> = rows.windows(2).map(|pair| pair[1][output] - pair[0][output]).collect();
    let even = median(steps.iter().copied());
    steps.iter_mut().for_each(|step| *step = (*step - even).abs());
    let most = largest(&steps);
    let is_jump = |step: &f64| *step > 0.1 * most;
    let mut jumps: Vec<f64> = steps.iter().copied().filter(is_jump).collect();
    let together = steps.windows(2).any(|pair| pair.iter().all(is_jump));
    if 2 * jumps.len() >= steps.len() || together {
        jumps.clear();
    }
    jumps.sort_by(f64::total_cmp);
    jumps
}

/// The largest of these numbers; 1 if all are 0.
fn width<'a>(values: impl Iterator<Item = &'a Tensor>) -> f64 {
    let width = values.map(largest).fold(0.0, f64::max);
    if width > 0.0 { width } else { 1.0 }
}
