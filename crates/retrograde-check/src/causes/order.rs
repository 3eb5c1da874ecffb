//! The right numbers in the wrong order: transposed, reversed, shifted, or another block's.

use ndarray::{Axis, Dimension, IxDyn};

use super::{Case, Diagnosis};
use crate::Cause;
use crate::probe::Observations;
use retrograde_textbook::{Layer, Tensor};

/// G is the gradient of another block with as many elements.
pub(super) fn another_parameter(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    for other in (0..case.observations.names.len()).filter(|other| *other != case.block) {
        let fit = case.fit(|probed| {
            let truth = probed.probe.jacobians[other].as_ref()?.vjp(&probed.d);
            truth.into_shape_with_order(probed.claimed.shape().to_vec()).ok()
        });
        if let Some(predicted) = fit {
            let of = case.observations.names[other].clone();
            return Some(Diagnosis::new(Cause::AnotherParameter { of }, predicted));
        }
    }
    None
}

/// G is T with its axes in another order, all of the same length.
pub(super) fn axes(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let dimensions = case.probed_blocks.first()?.claimed.ndim();
    for order in orders(dimensions) {
        let fit = case.fit(|probed| Some(probed.truth.clone().permuted_axes(IxDyn(&order))));
        if let Some(predicted) = fit {
            return Some(exchanged(order, predicted));
        }
    }
    None
}

/// The permutations of up to four axes, except the identity.
pub(super) fn orders(dimensions: usize) -> Vec<Vec<usize>> {
    if !(2..=4).contains(&dimensions) {
        return Vec::new();
    }
    let mut orders = vec![vec![]];
    for _ in 0..dimensions {
        orders = orders
            .iter()
            .flat_map(|order: &Vec<usize>| {
                let free = (0..dimensions).filter(|axis| !order.contains(axis)).collect::<Vec<_>>();
                free.into_iter().map(move |axis| [order.as_slice(), &[axis]].concat())
            })
            .collect();
    }
    orders.retain(|order| order.iter().enumerate().any(|(at, axis)| at != *axis));
    orders
}

fn exchanged(order: Vec<usize>, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    let axes = super::changed::tuple(&order);
    let cause = if order.len() == 2 { Cause::Transposed } else { Cause::AxesExchanged { order } };
    Diagnosis::new(cause, predicted).with("axes", axes)
}

/// The prefix of a shift that brings in unknown numbers.
const SHIFTED: &str = "shift";

/// A rearrangement: in NumPy, with `_` for the gradient, and as a function.
type Way = (String, Box<dyn Fn(&Tensor) -> Option<Tensor>>);

/// G has T's elements in another order.
pub(super) fn rearranged(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let dimensions = case.probed_blocks.first()?.claimed.ndim();
    let mut ways: Vec<Way> = Vec::new();
    for axes in flips(dimensions) {
        let how = format!("np.flip(_, axis={})", super::changed::tuple(&axes));
        let way = move |truth: &Tensor| {
            Some(axes.iter().fold(truth.clone(), |truth, axis| reversed(&truth, *axis)))
        };
        ways.push((how, Box::new(way)));
    }
    let lengths = case.probed_blocks.first()?.claimed.shape().to_vec();
    for (axis, &length) in lengths.iter().enumerate() {
        for by in 1..length.min(24) {
            let shift = if 2 * by <= length { by as isize } else { by as isize - length as isize };
            let how = format!("np.roll(_, {shift}, axis={axis})");
            // The axis of the rows has another length at other probes.
            let way = move |truth: &Tensor| {
                (truth.len_of(Axis(axis)) == length).then(|| rolled(truth, axis, by as isize))
            };
            ways.push((how, Box::new(way)));
        }
        // Elements shifted in over the edge are unknown.
        for by in [1, -1, 2, -2] {
            let how = format!("{SHIFTED}(_, {by}, axis={axis})");
            ways.push((how, Box::new(move |truth| Some(shifted(truth, axis, by)))));
        }
    }
    if dimensions > 1 {
        let columns = |truth: &Tensor| {
            let numbers: Vec<f64> = truth.t().iter().copied().collect();
            Tensor::from_shape_vec(truth.shape().to_vec(), numbers).ok()
        };
        ways.push(("_.T.reshape(_.shape)".into(), Box::new(columns)));
        let rows = |truth: &Tensor| {
            let flipped: Vec<usize> = truth.shape().iter().rev().copied().collect();
            let numbers: Vec<f64> = truth.iter().copied().collect();
            let read = Tensor::from_shape_vec(flipped, numbers).ok()?;
            Some(read.t().to_owned())
        };
        ways.push(("_.reshape(_.T.shape).T".into(), Box::new(rows)));
    }
    for (index, axes) in indices(dimensions) {
        for (add, sign) in [(false, "="), (true, "+=")] {
            let axes = axes.clone();
            ways.push((format!("_{index} {sign} …"), Box::new(move |truth| written_at(truth, &axes, add))));
        }
    }
    for (how, way) in ways {
        // Elements shifted in over the edge are not compared.
        let fit = if how.starts_with(SHIFTED) {
            case.fit_partly(|probed| way(&probed.truth))
        } else {
            case.fit(|probed| way(&probed.truth))
        };
        if let Some(predicted) = fit {
            let how = how.replace('_', &case.gradient());
            return Some(Diagnosis::new(Cause::Rearranged { how }, predicted));
        }
    }
    None
}

/// The sets of axes along which up to four axes can be reversed.
pub(super) fn flips(dimensions: usize) -> Vec<Vec<usize>> {
    let axes = dimensions.min(4);
    let mut all: Vec<Vec<usize>> =
        (1..1_usize << axes).map(|set| (0..axes).filter(|axis| set >> axis & 1 == 1).collect()).collect();
    all.sort_by_key(Vec::len);
    all
}

/// Index mistakes, one or several of [i, j, …] replaced by others: their text, and the axis of each.
pub(super) fn indices(dimensions: usize) -> Vec<(String, Vec<usize>)> {
    if !(2..=4).contains(&dimensions) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for to in 0..dimensions {
        for from in (0..dimensions).filter(|from| *from != to) {
            let axes: Vec<usize> = (0..dimensions).map(|axis| if axis == to { from } else { axis }).collect();
            let written: Vec<&str> = axes.iter().map(|axis| ["i", "j", "k", "l"][*axis]).collect();
            all.push((format!("[{}]", written.join(", ")), axes));
        }
    }
    all
}

/// The replaced index, if it lies within the shape.
fn mistaken(at: &[usize], axes: &[usize], shape: &[usize]) -> Option<Vec<usize>> {
    let index: Vec<usize> = axes.iter().map(|axis| at[*axis]).collect();
    index.iter().zip(shape).all(|(at, length)| at < length).then_some(index)
}

/// The elements, each read at a replaced index.
pub(super) fn read_at(values: &Tensor, axes: &[usize]) -> Option<Tensor> {
    let mut read = values.clone();
    for (at, value) in read.indexed_iter_mut() {
        *value = values[mistaken(at.slice(), axes, values.shape())?.as_slice()];
    }
    Some(read)
}

/// The elements, each written to a replaced index, or accumulated there.
fn written_at(values: &Tensor, axes: &[usize], add: bool) -> Option<Tensor> {
    let mut written = Tensor::zeros(values.raw_dim());
    for (at, value) in values.indexed_iter() {
        let place = &mut written[mistaken(at.slice(), axes, values.shape())?.as_slice()];
        *place = if add { *place + value } else { *value };
    }
    Some(written)
}

/// Shifted along an axis; elements shifted in over the edge are unknown.
fn shifted(values: &Tensor, axis: usize, by: isize) -> Tensor {
    let mut moved = rolled(values, axis, by);
    let length = values.len_of(Axis(axis)) as isize;
    for at in 0..length {
        if at - by < 0 || at - by >= length {
            moved.index_axis_mut(Axis(axis), at as usize).fill(f64::NAN);
        }
    }
    moved
}

pub(super) fn reversed(values: &Tensor, axis: usize) -> Tensor {
    let mut probed = values.view();
    probed.invert_axis(Axis(axis));
    probed.to_owned()
}

pub(super) fn rolled(values: &Tensor, axis: usize, by: isize) -> Tensor {
    let length = values.len_of(Axis(axis));
    let order: Vec<usize> =
        (0..length).map(|at| (at as isize - by).rem_euclid(length as isize) as usize).collect();
    values.select(Axis(axis), &order)
}

/// A claimed gradient of another shape than its block: transposed, not summed, or summed over the wrong axis.
pub(crate) fn wrong_shape(observations: &Observations, block: usize) -> Option<Diagnosis> {
    let found = shape(observations, block)?;
    Some(found.with("block", &observations.names[block]))
}

fn shape(observations: &Observations, block: usize) -> Option<Diagnosis> {
    let wrong = |probe: &super::super::probe::Probe| {
        probe.claimed[block].as_ref().is_some_and(|claimed| claimed.shape() != probe.values[block].shape())
    };
    let (code, right) = observations.probes.iter().find(|probe| wrong(probe)).map(|probe| {
        (
            probe.claimed[block].as_ref().map_or_else(Vec::new, |c| c.shape().to_vec()),
            probe.values[block].shape().to_vec(),
        )
    })?;
    // The predicted gradient at each probe, for each way to get this shape.
    let holds = |way: &dyn Fn(&super::super::probe::Probe, &Tensor) -> Option<Tensor>| {
        let mut seen = 0;
        for probe in &observations.probes {
            let (Some(claimed), Some(jacobian)) = (&probe.claimed[block], &probe.jacobians[block]) else {
                continue;
            };
            let truth = jacobian.vjp(&probe.d.iter().copied().collect::<Vec<_>>());
            let Some(predicted) = way(probe, &truth) else { return false };
            let scale = super::super::probed_block::largest(&predicted).max(f64::MIN_POSITIVE);
            let near = |(a, b): (&f64, &f64)| b.is_nan() || (a - b).abs() <= 1e-7 * scale;
            if claimed.shape() != predicted.shape() || !claimed.iter().zip(&predicted).all(near) {
                return false;
            }
            seen += predicted.iter().filter(|value| !value.is_nan()).count();
        }
        seen >= 3
    };
    if holds(&|_, truth| Some(truth.t().to_owned())) {
        let order: Vec<usize> = (0..right.len()).rev().collect();
        return Some(exchanged(order, Vec::new()));
    }
    let spread = |probe: &super::super::probe::Probe| {
        super::contributions::spread(probe.jacobians[block].as_ref()?, &probe.d)
    };
    if holds(&|probe, _| spread(probe)) {
        return Some(Diagnosis::new(Cause::NotReduced, Vec::new()));
    }
    for axes in flips(observations.probes[0].out.ndim()) {
        for mean in [false, true] {
            let reduce = |probe: &super::super::probe::Probe, _: &Tensor| {
                let spread = spread(probe).filter(|spread| axes.iter().all(|axis| *axis < spread.ndim()))?;
                Some(super::contributions::reduced(&spread, &axes, mean))
            };
            if holds(&reduce) {
                return Some(super::contributions::along_wrong_axes(axes, mean, Vec::new()));
            }
        }
    }
    Some(Diagnosis::new(Cause::WrongShape { code, right }, Vec::new()))
}
