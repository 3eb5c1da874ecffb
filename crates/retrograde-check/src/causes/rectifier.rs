//! A rectifier inside a layer, before or after its product, whose mask is missing or inverted in backward.

use ndarray::{Array2, ArrayView1};

use super::{Case, Diagnosis};
use crate::Cause;
use crate::jacobian::{Rounding, slopes};
use crate::message::text;
use crate::probe::{normal, random, relative};
use crate::probed_block::ProbedBlock;
use crate::subject::with_values;
use retrograde_textbook::{Layer, Tensor};

/// A rectifier inside the layer, with a missing or inverted mask: for outputs that are off, backward has the slopes that
/// they have when they are on.
pub(super) fn mask(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    if let Some(predicted) = mask_at_the_beginning(case, layer) {
        return Some(Diagnosis::new(Cause::MaskMissing, predicted).with_text("mask_missing-first"));
    }
    for inverted in [false, true] {
        let (mut closed, mut opened) = (0, 0);
        let fit = case.fit_shares(|probed, code| {
            let mut contributions = probed.jacobian.center.clone();
            let scale = code
                .iter()
                .chain(&contributions)
                .fold(0.0_f64, |most, contribution| most.max(contribution.abs()));
            // One output alone proves nothing; it is accepted beside others.
            if code.nrows() < 2 {
                return None;
            }
            for output in 0..code.nrows() {
                let (own, right) = (code.row(output), probed.jacobian.center.row(output));
                if multiple(&right, &own, scale) == Some(1.0) {
                    continue;
                }
                if multiple(&right, &own, scale).is_some_and(|part| part.abs() < 1.0) {
                    // Off, but with a contribution.
                    if !is_beyond(case, layer, probed, code, output) {
                        return None;
                    }
                    opened += 1;
                } else if inverted && multiple(&own, &right, scale).is_some_and(|part| part.abs() < 1.0) {
                    closed += 1;
                } else {
                    return None;
                }
                contributions.row_mut(output).assign(&code.row(output));
            }
            Some(contributions)
        });
        if opened == 0 || inverted && closed == 0 {
            continue;
        }
        let Some(predicted) = fit else { continue };
        let (cause, id) = if inverted {
            (Cause::MaskInverted, "mask_inverted-within")
        } else {
            (Cause::MaskMissing, "mask_missing-within")
        };
        return Some(Diagnosis::new(cause, predicted).with_text(id).remark(text!("mask-seen")));
    }
    None
}

/// The factor between two rows, if it is the same for all elements; 0 for a row of zeros.
fn multiple(row: &ArrayView1<'_, f64>, of: &ArrayView1<'_, f64>, scale: f64) -> Option<f64> {
    let square = of.dot(of);
    let factor = if square == 0.0 { 0.0 } else { row.dot(of) / square };
    let near = |(a, b): (&f64, &f64)| (a - factor * b).abs() <= 1e-7 * scale;
    let factor = if (factor - 1.0).abs() < 1e-7 { 1.0 } else { factor };
    let same = row.iter().zip(of).all(near);
    // Two rows of zeros are equal.
    same.then_some(if square == 0.0 && row.iter().all(|value| value.abs() <= 1e-7 * scale) {
        1.0
    } else {
        factor
    })
}

/// A rectifier at the input: where the input is negative the gradient is 0, and the code has the gradient at |x|.
fn mask_at_the_beginning(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Vec<Option<Tensor>>> {
    if case.is_parameter() {
        return None;
    }
    let stopped = |probed: &ProbedBlock<'_>| {
        probed.probe.x.iter().zip(&probed.truth).all(|(x, truth)| *x > 0.0 || *truth == 0.0 || truth.is_nan())
    };
    case.fit(|probed| {
        let there = stopped(probed).then(|| probed.probe.x.mapv(f64::abs))?;
        super::changed::elsewhere(case, layer, probed, &there, &probed.probe.values[1..])
    })
}

/// Whether the claimed contributions of an output are its slopes on the other side of a kink: the block is moved along the
/// contributions until the output grows accordingly, and there the slopes in other directions must agree, too.
fn is_beyond(
    case: &Case<'_>,
    layer: &mut dyn Layer,
    probed: &ProbedBlock<'_>,
    code: &Array2<f64>,
    output: usize,
) -> bool {
    let contribution = probed
        .jacobian
        .spread(code.row(output).iter().copied())
        .mapv(|contribution| if contribution.is_nan() { 0.0 } else { contribution });
    let length = contribution.iter().map(|contribution| contribution * contribution).sum::<f64>().sqrt();
    if length == 0.0 {
        return false;
    }
    let along = &contribution / length;
    // In the elements with differences.
    let inside = probed.jacobian.spread(probed.jacobian.columns.iter().map(|_| 1.0));
    let directions = [71, 72].map(|seed| {
        let drawn = normal(contribution.shape(), &mut random(seed));
        ndarray::Zip::from(&drawn)
            .and(&inside)
            .map_collect(|drawn, inside| if inside.is_nan() { 0.0 } else { *drawn })
    });
    let mut at = |block: &Tensor| -> Option<Vec<f64>> {
        let mut all = probed.probe.values[1..].to_vec();
        let x = if case.block == 0 {
            block
        } else {
            all[case.block - 1].clone_from(block);
            &probed.probe.x
        };
        let out = with_values(layer, &all, |layer| layer.forward(x)).ok()?;
        out.iter().nth(output).map(|value| vec![*value])
    };
    let value = &probed.probe.values[case.block];
    let noise = case.observations.noise;
    let mut slope = |from: &Tensor, direction: &Tensor| -> Option<f64> {
        let middle = at(from)?;
        let rounding = Rounding { relative: noise, floor: Vec::new() };
        let found = slopes(&middle, 0.0, &rounding, |offset| {
            at(&(from + &(direction * offset))).ok_or_else(|| {
                retrograde_base::Error::invalid(
                    "a layer",
                    "it returned an error for its input",
                    "accept the input",
                )
            })
        });
        found.ok()?.filter(|found| found[0].is_smooth()).map(|found| found[0].value)
    };
    let agrees = |seen: f64, said: f64, gross: f64| {
        (seen - said).abs() <= 10.0 * relative(noise) * gross + 1e-7 * gross
    };
    let found = (-6..9).map(|power| value + &(&along * 2.0_f64.powi(power))).find_map(|moved| {
        let seen = slope(&moved, &along)?;
        agrees(seen, length, length).then_some(moved)
    });
    found.is_some_and(|moved| {
        directions.iter().all(|direction| {
            let terms =
                || contribution.iter().zip(direction).map(|(contribution, along)| contribution * along);
            let gross: f64 = terms().map(f64::abs).sum();
            slope(&moved, direction).is_some_and(|seen| agrees(seen, terms().sum(), gross))
        })
    })
}
