//! The right gradient at wrong values: of a modified input or parameter.

use ndarray::{Axis, IxDyn};

use super::order::{flips, indices, orders, read_at, reversed, rolled};
use super::{Case, Diagnosis};
use crate::Cause;
use crate::jacobian::slopes;
use crate::numerical::Character;
use crate::probe::{normal, random, relative};
use crate::probed_block::ProbedBlock;
use crate::subject::with_values;
use retrograde_base::Result;
use retrograde_textbook::{Layer, Tensor, softmax};

/// Modifies an array, given the array and the output.
type Make = Box<dyn Fn(&Tensor, &Tensor) -> Option<Tensor>>;

/// A modification, in NumPy, with `_` for the array.
type Change = (String, Make);

fn each(how: &str, f: fn(f64) -> f64) -> Change {
    (how.to_owned(), Box::new(move |x, _| Some(x.mapv(f))))
}

/// The modifications of an array with this number of axes.
fn changes(dimensions: usize) -> Vec<Change> {
    let mut all = vec![
        each("0", |_| 0.0),
        each("1", |_| 1.0),
        each("np.maximum(_, 0)", |x| x.max(0.0)),
        each("np.abs(_)", f64::abs),
        each("sigmoid(_)", |x| 1.0 / (1.0 + (-x).exp())),
        each("np.tanh(_)", f64::tanh),
        each("-_", |x| -x),
        each("1 - _", |x| 1.0 - x),
        each("_ ** 2", |x| x * x),
        each("np.exp(_)", f64::exp),
        each("np.sign(_)", f64::signum),
        each("(_ > 0)", |x| f64::from(u8::from(x > 0.0))),
        each("np.round(_)", f64::round),
        each("np.trunc(_)", f64::trunc),
    ];
    for axes in flips(dimensions) {
        let how = format!("np.flip(_, axis={})", tuple(&axes));
        let make =
            move |x: &Tensor, _: &Tensor| Some(axes.iter().fold(x.clone(), |x, axis| reversed(&x, *axis)));
        all.push((how, Box::new(make)));
    }
    for order in orders(dimensions) {
        let how = if dimensions == 2 { "_.T".to_owned() } else { format!("_.transpose{}", tuple(&order)) };
        let make = move |x: &Tensor, _: &Tensor| {
            let changed = x.clone().permuted_axes(IxDyn(&order));
            (changed.shape() == x.shape()).then(|| changed.as_standard_layout().to_owned())
        };
        all.push((how, Box::new(make)));
    }
    for (index, axes) in indices(dimensions) {
        all.push((format!("_{index}"), Box::new(move |x, _| read_at(x, &axes))));
    }
    for axis in 0..dimensions {
        for by in [1, -1] {
            let how = format!("np.roll(_, {by}, axis={axis})");
            all.push((how, Box::new(move |x, _| Some(rolled(x, axis, by)))));
        }
        let centered =
            move |x: &Tensor, _: &Tensor| Some(x - &x.mean_axis(Axis(axis))?.insert_axis(Axis(axis)));
        all.push((format!("_ - _.mean(axis={axis}, keepdims=True)"), Box::new(centered)));
    }
    all
}

/// Axes in NumPy: `1`, `(0, 1)`.
pub(super) fn tuple(axes: &[usize]) -> String {
    match axes {
        [axis] => axis.to_string(),
        axes => format!("({})", axes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// G is T at a modified input.
pub(super) fn input(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let dimensions = case.probed_blocks.first()?.probe.x.ndim();
    let mut all = changes(dimensions);
    all.push(("out".into(), Box::new(|x, out| (x.shape() == out.shape()).then(|| out.clone()))));
    all.push(("softmax(_)".into(), Box::new(|x, _| (x.ndim() > 0).then(|| softmax(x)))));
    for (how, make) in all {
        let fit = case.fit(|probed| {
            let x = make(&probed.probe.x, &probed.probe.out)?;
            elsewhere(case, layer, probed, &x, &probed.probe.values[1..])
        });
        let Some(predicted) = fit else { continue };
        return Some(Diagnosis::new(Cause::InputChanged { how: how.replace('_', "x") }, predicted));
    }
    None
}

/// G is T for a modified value of a parameter.
pub(super) fn parameter(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let first = case.probed_blocks.first()?;
    for at in 1..case.observations.names.len() {
        let value = &first.probe.values[at];
        // A single number has no order, and its sign or size is covered by factors.
        if value.len() < 2 {
            continue;
        }
        for (how, make) in changes(value.ndim()) {
            let fit = case.fit(|probed| {
                let mut all = probed.probe.values[1..].to_vec();
                all[at - 1] = make(&probed.probe.values[at], &probed.probe.out)?;
                elsewhere(case, layer, probed, &probed.probe.x, &all)
            });
            let Some(predicted) = fit else { continue };
            let what = case.observations.names[at].clone();
            let how = how.replace('_', &what);
            return Some(Diagnosis::new(Cause::ParameterChanged { what, how }, predicted));
        }
    }
    None
}

/// T at another input or with other parameters. One random direction comes first, because it is cheap.
pub(super) fn elsewhere(
    case: &Case<'_>,
    layer: &mut dyn Layer,
    probed: &ProbedBlock<'_>,
    x: &Tensor,
    parameters: &[Tensor],
) -> Option<Tensor> {
    let block = case.block;
    let rounding = case.observations.rounding(probed.probe_index);
    let value = if block == 0 { x } else { &parameters[block - 1] };
    let direction = normal(value.shape(), &mut random(61));
    let mut at = |there: &Tensor| -> Result<Vec<f64>> {
        let mut all = parameters.to_vec();
        let x = if block == 0 {
            there
        } else {
            all[block - 1].clone_from(there);
            x
        };
        with_values(layer, &all, |layer| Ok(layer.forward(x)?.iter().copied().collect()))
    };
    let middle = at(value).ok().filter(|middle| middle.len() == probed.d.len())?;
    let found = slopes(&middle, 0.0, &rounding, |t| at(&(value + &(&direction * t)))).ok()??;
    if found.iter().any(|slope| slope.character != Character::Smooth) {
        return None;
    }
    let claims = || probed.claimed.iter().zip(&direction).map(|(claim, along)| claim * along);
    let terms = || probed.d.iter().zip(&found).map(|(d, slope)| d * slope.value);
    let gross: f64 = claims().map(f64::abs).sum::<f64>() + terms().map(f64::abs).sum::<f64>();
    let error: f64 = probed.d.iter().zip(&found).map(|(d, slope)| d.abs() * slope.uncertainty).sum();
    let apart = (claims().sum::<f64>() - terms().sum::<f64>()).abs();
    if apart.is_nan() || apart > 10.0 * error + relative(case.observations.noise) * gross {
        return None;
    }
    let there = case.observations.jacobian_at(layer, probed, block, x, parameters)?;
    (there.kinks.is_empty() && !there.jump).then(|| there.vjp(&probed.d))
}
