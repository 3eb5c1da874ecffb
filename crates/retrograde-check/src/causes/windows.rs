//! Outputs that are the largest, or the mean, of several inputs: the gradient goes to the wrong inputs.

use ndarray::Array2;

use super::{Case, Diagnosis};
use crate::Cause;
use crate::message::text;
use crate::probed_block::ProbedBlock;
use crate::subject::with_values;
use retrograde_textbook::Layer;

/// For each output its inputs, in ascending order.
type Windows = Vec<Vec<usize>>;

/// Below this a slope is 0.
const NOTHING: f64 = 1e-9;

/// A distribution of the gradient of an output: the weight of each position of its window, by the window's values.
type WindowWeight = fn(&[f64], usize) -> f64;

/// A distribution: in NumPy, and its weights.
type Way = (&'static str, WindowWeight);

fn is(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

/// The position of the largest, or of the smallest.
fn place(of: &[f64], sign: f64) -> usize {
    (0..of.len()).fold(0, |best, at| if sign * of[at] > sign * of[best] { at } else { best })
}

const MAXIMUM: [Way; 5] = [
    ("dx[window] += dout", |_, _| 1.0),
    ("dx[window] += dout / n", |of, _| 1.0 / of.len() as f64),
    ("dx[window[0]] += dout", |_, at| is(at == 0)),
    ("dx[window[-1]] += dout", |of, at| is(at + 1 == of.len())),
    ("dx[argmin] += dout", |of, at| is(at == place(of, -1.0))),
];

const MEAN: [Way; 4] = [
    ("dx[argmax] += dout", |of, at| is(at == place(of, 1.0))),
    ("dx[window[0]] += dout", |_, at| is(at == 0)),
    ("dx[window[-1]] += dout", |of, at| is(at + 1 == of.len())),
    ("dx[argmin] += dout", |of, at| is(at == place(of, -1.0))),
];

/// G goes to other positions of the windows than forward reads.
pub(super) fn places(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let plausible = |probed: &ProbedBlock<'_>| {
        probed.claimed_jacobians.is_some()
            && probed.jacobian.is_whole()
            && probed.probe.out.len() < probed.probe.x.len()
    };
    if case.is_parameter() || !case.smooth().all(|(_, probed)| plausible(probed)) {
        return None;
    }
    let numbers = || case.smooth().map(|(at, _)| at);
    let mean: Option<Vec<Windows>> = numbers().map(|at| averaged(&case.probed_blocks[at])).collect();
    let is_mean = mean.is_some();
    let all: Vec<Windows> = match mean {
        Some(all) => all,
        None => numbers().map(|at| maximal(&case.probed_blocks[at], layer)).collect::<Option<_>>()?,
    };
    for (how, contribution) in if is_mean { MEAN.as_slice() } else { &MAXIMUM } {
        let mut windows = all.iter();
        let fit = case.fit_shares(|probed, code| {
            let x: Vec<f64> = probed.probe.x.iter().copied().collect();
            let mut contributions = Array2::zeros(code.raw_dim());
            for (output, window) in windows.next()?.iter().enumerate() {
                let seen: Vec<f64> = window.iter().map(|&input| x[input]).collect();
                for (at, &input) in window.iter().enumerate() {
                    contributions[[output, input]] = contribution(&seen, at);
                }
            }
            Some(contributions)
        });
        if let Some(predicted) = fit {
            let how = (*how).to_owned();
            return Some(if is_mean {
                let cause = Cause::PathMissing { path: text!("path-mean", how = how.clone()) };
                Diagnosis::new(cause, predicted).with_text("path_missing-mean").with("how", how)
            } else {
                let cause = Cause::MaximumShared { how };
                Diagnosis::new(cause, predicted).remark(text!("maximum_shared-windows"))
            });
        }
    }
    None
}

/// The windows of means: all slopes of an output are 1 over their number.
fn averaged(probed: &ProbedBlock<'_>) -> Option<Windows> {
    let window = |slopes: ndarray::ArrayView1<'_, f64>| -> Option<Vec<usize>> {
        let window: Vec<usize> = (0..slopes.len()).filter(|&input| slopes[input].abs() > NOTHING).collect();
        let contribution = 1.0 / window.len() as f64;
        (window.len() > 1 && window.iter().all(|&input| (slopes[input] - contribution).abs() < 1e-7))
            .then_some(window)
    };
    probed.jacobian.center.rows().into_iter().map(window).collect()
}

/// The windows of maxima: an output is one of its inputs, and follows each of them that is the largest.
fn maximal(probed: &ProbedBlock<'_>, layer: &mut dyn Layer) -> Option<Windows> {
    let (x, out) = (&probed.probe.x, &probed.probe.out);
    let one = |slopes: ndarray::ArrayView1<'_, f64>, value: f64| {
        let moving: Vec<usize> = (0..slopes.len()).filter(|&input| slopes[input].abs() > NOTHING).collect();
        let taken =
            |input: usize| x.iter().nth(input).is_some_and(|x| (x - value).abs() <= 1e-12 * value.abs());
        matches!(moving.as_slice(), [input] if (slopes[*input] - 1.0).abs() < 1e-7 && taken(*input))
    };
    if !probed.jacobian.center.rows().into_iter().zip(out).all(|(slopes, value)| one(slopes, *value)) {
        return None;
    }
    let large = 2.0 * x.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
    let mut windows = vec![Vec::new(); out.len()];
    for input in 0..x.len() {
        let mut raised = x.clone();
        *raised.iter_mut().nth(input)? = large;
        let now = with_values(layer, &probed.probe.values[1..], |layer| layer.forward(&raised)).ok()?;
        if now.len() != out.len() {
            return None;
        }
        now.iter()
            .zip(&mut windows)
            .filter(|(now, _)| **now == large)
            .for_each(|(_, window)| window.push(input));
    }
    windows.iter().all(|window| !window.is_empty()).then_some(windows)
}
