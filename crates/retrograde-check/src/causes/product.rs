//! A parameter that is multiplied by elements of the input: its gradient is computed from other numbers.

use ndarray::Array2;

use super::formulas::{self, Formula, Sought};
use super::{Case, Diagnosis};
use crate::Cause;
use crate::probed_block::ProbedBlock;
use retrograde_textbook::Layer;

/// Each contribution to a parameter's gradient is a function of one element of the input: that in its row, for a product,
/// or that at its position.
pub(super) fn of_one_input(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if !case.is_parameter() {
        return None;
    }
    let mut points: [Vec<Sought>; 2] = [Vec::new(), Vec::new()];
    for (_, probed) in case.smooth() {
        let code = probed.claimed_jacobians?;
        for_each_contribution(probed, |x, y, at, error| {
            let point = (x, y, probed.jacobian.center[at]);
            points[0].push((point, code[at], 10.0 * error + 1e-9));
            points[1].push((point, point.2, 10.0 * error + 1e-9));
        })?;
    }
    let code = formulas::search(&points[0], true)?;
    // A few numbers fit many formulas.
    if points[0].len() < 8 {
        return None;
    }
    // If outputs share their inputs, the message must say that only the own contribution is present.
    let own_only = code == Formula::multiple(1.0);
    let right = formulas::search(&points[1], false).map_or_else(String::new, |right| right.to_string());
    let predicted = case.fit_shares(|probed, claimed| {
        let mut contributions = Array2::zeros(claimed.raw_dim());
        for_each_contribution(probed, |x, y, at, _| {
            contributions[at] = code.at((x, y, probed.jacobian.center[at]));
        })?;
        Some(contributions)
    })?;
    if own_only {
        return Some(Diagnosis::new(Cause::DiagonalOnly, predicted));
    }
    if !case.smooth().all(|(_, probed)| stands_alone(probed)) {
        return None;
    }
    let id = if right.is_empty() { "wrong_slope-of_another" } else { "wrong_slope-of_input" };
    let cause = Cause::WrongSlope { code: code.to_string().into(), right: right.into() };
    Some(Diagnosis::new(cause, predicted).with_text(id))
}

/// A square weight matrix whose gradient is computed from the layer's own output in place of its input: an off-by-one in
/// the list of activations.
pub(super) fn own_output(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let first = case.probed_blocks.first()?;
    let &[inputs, outputs] = first.jacobian.shape.as_slice() else { return None };
    if !case.is_parameter() || inputs != outputs || first.probe.x.shape().last() != Some(&inputs) {
        return None;
    }
    let predicted = case.fit_shares(|probed, _| {
        let (x, out) = (&probed.probe.x, &probed.probe.out);
        if x.shape() != out.shape() || !probed.probe.x.iter().all(|x| *x != 0.0) {
            return None;
        }
        let (x, out): (Vec<f64>, Vec<f64>) = x.iter().zip(out).unzip();
        let mut contributions = probed.jacobian.center.clone();
        for ((output, column), contribution) in contributions.indexed_iter_mut() {
            let from = output / inputs * inputs + probed.jacobian.columns[column] / outputs;
            *contribution *= out[from] / x[from];
        }
        Some(contributions)
    })?;
    Some(Diagnosis::new(Cause::OwnOutput, predicted))
}

/// Whether the Jacobian has no other contributions than those of [`for_each_contribution`].
fn stands_alone(probed: &ProbedBlock<'_>) -> bool {
    let mut rest = probed.jacobian.center.clone();
    let scale = rest.iter().fold(0.0_f64, |most, slope| most.max(slope.abs()));
    for_each_contribution(probed, |_, _, at, _| rest[at] = 0.0).is_some()
        && rest.iter().all(|slope| slope.abs() <= 1e-8 * scale)
}

/// Calls a function with the input, the output, the position in the Jacobian and its error, for each contribution: if each
/// output depends on one element of the parameter at its own position, or as in x · w.
fn for_each_contribution(
    probed: &ProbedBlock<'_>,
    mut take: impl FnMut(f64, f64, [usize; 2], f64),
) -> Option<()> {
    let (x, out, of) = (&probed.probe.x, &probed.probe.out, &probed.jacobian.shape);
    let (x_shape, out_shape) = (x.shape(), out.shape());
    let (numbers, outputs): (Vec<f64>, Vec<f64>) =
        (x.iter().copied().collect(), out.iter().copied().collect());
    if let ([n, d], [rows, m], [high, wide]) = (x_shape, out_shape, of.as_slice())
        && (n, d, m) == (rows, high, wide)
    {
        for (column, &element) in probed.jacobian.columns.iter().enumerate() {
            let (i, k) = (element / m, element % m);
            for row in 0..*n {
                let output = row * m + k;
                take(
                    numbers[row * d + i],
                    outputs[output],
                    [output, column],
                    probed.jacobian.error[[output, column]],
                );
            }
        }
        return Some(());
    }
    // One number for each column, or one for all.
    let wide = out_shape.last().copied().unwrap_or(1);
    let count: usize = of.iter().product();
    if !(count == wide && of.last() == Some(&wide) || count == 1) || !probed.jacobian.is_whole() {
        return None;
    }
    for output in 0..outputs.len() {
        let column = output % count;
        let x = if x_shape == out_shape { numbers[output] } else { f64::NAN };
        take(x, outputs[output], [output, column], probed.jacobian.error[[output, column]]);
    }
    Some(())
}
