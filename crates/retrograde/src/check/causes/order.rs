//! The right numbers in the wrong places: transposed, reversed, moved, or another block's.

use ndarray::{Axis, IxDyn};

use super::{Case, Diagnosis};
use crate::check::Cause;
use crate::check::probe::Answers;
use crate::textbook::{Layer, Tensor};

/// G is the gradient of another block of as many elements.
pub(super) fn another_parameter(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    for other in (0..case.answers.names.len()).filter(|other| *other != case.block) {
        let fit = case.fit(|view| {
            let truth = view.probe.jacobians[other].as_ref()?.vjp(&view.d);
            truth.into_shape_with_order(view.claimed.shape().to_vec()).ok()
        });
        if let Some(predicted) = fit {
            let (name, of) = (case.gradient(), &case.answers.names[other]);
            return Some(
                Diagnosis::new(Cause::AnotherParameter { of: of.clone() }, predicted)
                    .saying(format!("{name} is the gradient of `{of}`."))
                    .formulas(
                        format!("{name} = dout · ∂out/∂{of}"),
                        format!("{name} = dout · ∂out/∂{}", case.name()),
                    )
                    .help(format!(
                        "store each gradient under its own name: {name} belongs to {}",
                        case.name()
                    ))
                    .would(format!("`{}` is moved by what `{of}` should do", case.name())),
            );
        }
    }
    None
}

/// G is T with its axes in another order, all of the same length.
pub(super) fn axes(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let dimensions = case.views.first()?.claimed.ndim();
    for order in orders(dimensions) {
        let fit = case.fit(|view| Some(view.truth.clone().permuted_axes(IxDyn(&order))));
        if let Some(predicted) = fit {
            return Some(exchanged(&case.gradient(), case.name(), order, predicted));
        }
    }
    None
}

/// The orders of up to four axes, but for the right one.
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

fn exchanged(gradient: &str, of: &str, order: Vec<usize>, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    let cause = if order.len() == 2 { Cause::Transposed } else { Cause::AxesExchanged { order } };
    Diagnosis::new(cause, predicted)
        .saying(format!("{gradient} has the right numbers with the axes exchanged: element [i, j] is where [j, i] belongs."))
        .formulas(format!("{gradient} = (dout · ∂out/∂{of})ᵀ"), format!("{gradient} = dout · ∂out/∂{of}"))
        .help(format!("{gradient} = {gradient}.T"))
        .would("every weight is moved by what another should do; a square shape hides it")
}

/// A way to put numbers in another order: in words, and as it is done.
type Way = (String, Box<dyn Fn(&Tensor) -> Option<Tensor>>);

/// G has T's numbers in another order.
pub(super) fn rearranged(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let dimensions = case.views.first()?.claimed.ndim();
    let mut ways: Vec<Way> = Vec::new();
    for axes in flips(dimensions) {
        let how = format!("reversed along {}", super::changed::named(&axes));
        let way = move |truth: &Tensor| {
            Some(axes.iter().fold(truth.clone(), |truth, axis| reversed(&truth, *axis)))
        };
        ways.push((how, Box::new(way)));
    }
    let lengths = case.views.first()?.claimed.shape().to_vec();
    for (axis, &length) in lengths.iter().enumerate() {
        for by in 1..length.min(24) {
            let how = match (2 * by == length, by, length - by) {
                (true, ..) => format!("its halves exchanged along axis {axis}"),
                (_, by, back) if by <= back => format!("moved forwards by {by} along axis {axis}"),
                (.., back) => format!("moved backwards by {back} along axis {axis}"),
            };
            // The axis of the rows has another length at other probes.
            let way = move |truth: &Tensor| {
                (truth.len_of(Axis(axis)) == length).then(|| rolled(truth, axis, by as isize))
            };
            ways.push((how, Box::new(way)));
        }
        for (by, way) in [(1, "forwards"), (-1, "backwards"), (2, "forwards"), (-2, "backwards")] {
            let how = format!("moved {way} by {} along axis {axis}, over the edge", isize::abs(by));
            ways.push((how, Box::new(move |truth| Some(shifted(truth, axis, by)))));
        }
    }
    if dimensions > 1 {
        let columns = |truth: &Tensor| {
            let numbers: Vec<f64> = truth.t().iter().copied().collect();
            Tensor::from_shape_vec(truth.shape().to_vec(), numbers).ok()
        };
        ways.push(("written by columns and read by rows".into(), Box::new(columns)));
        let rows = |truth: &Tensor| {
            let flipped: Vec<usize> = truth.shape().iter().rev().copied().collect();
            let numbers: Vec<f64> = truth.iter().copied().collect();
            let read = Tensor::from_shape_vec(flipped, numbers).ok()?;
            Some(read.t().to_owned())
        };
        ways.push(("written by rows and read by columns".into(), Box::new(rows)));
    }
    for (how, way) in ways {
        // Of what comes in over an edge nothing is said.
        let fit = if how.ends_with("over the edge") {
            case.fit_partly(|view| way(&view.truth))
        } else {
            case.fit(|view| way(&view.truth))
        };
        if let Some(predicted) = fit {
            let gradient = case.gradient();
            return Some(
                Diagnosis::new(Cause::Rearranged { how: (how.clone()).into() }, predicted)
                    .saying(format!("{gradient} has the right numbers in the wrong places: {how}."))
                    .formulas(
                        format!("{gradient}, {how}"),
                        format!("{gradient} = dout · ∂out/∂{}", case.name()),
                    )
                    .help(format!("give each element of {} its own gradient: undo the order", case.name()))
                    .would("every element is moved by what another should do"),
            );
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

/// Moved along an axis; what comes in over the edge is not known.
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
    let mut view = values.view();
    view.invert_axis(Axis(axis));
    view.to_owned()
}

pub(super) fn rolled(values: &Tensor, axis: usize, by: isize) -> Tensor {
    let length = values.len_of(Axis(axis));
    let order: Vec<usize> =
        (0..length).map(|at| (at as isize - by).rem_euclid(length as isize) as usize).collect();
    values.select(Axis(axis), &order)
}

/// A claimed gradient of another shape than its block: transposed, not summed, or summed over the wrong axis.
pub(in crate::check) fn wrong_shape(answers: &Answers, block: usize) -> Option<Diagnosis> {
    let name = &answers.names[block];
    let gradient = format!("d{name}");
    let wrong = |probe: &super::super::probe::Probe| {
        probe.claimed[block].as_ref().is_some_and(|claimed| claimed.shape() != probe.values[block].shape())
    };
    let (code, right) = answers.probes.iter().find(|probe| wrong(probe)).map(|probe| {
        (
            probe.claimed[block].as_ref().map_or_else(Vec::new, |c| c.shape().to_vec()),
            probe.values[block].shape().to_vec(),
        )
    })?;
    // What the claim would have to be at each probe, for each way to come to that shape.
    let holds = |way: &dyn Fn(&super::super::probe::Probe, &Tensor) -> Option<Tensor>| {
        let mut seen = 0;
        for probe in &answers.probes {
            let (Some(claimed), Some(jacobian)) = (&probe.claimed[block], &probe.jacobians[block]) else {
                continue;
            };
            let truth = jacobian.vjp(&probe.d.iter().copied().collect::<Vec<_>>());
            let Some(predicted) = way(probe, &truth) else { return false };
            let scale = super::super::view::largest(&predicted).max(f64::MIN_POSITIVE);
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
        return Some(exchanged(&gradient, name, order, Vec::new()));
    }
    let spread = |probe: &super::super::probe::Probe| {
        super::shares::spread(probe.jacobians[block].as_ref()?, &probe.d)
    };
    if holds(&|probe, _| spread(probe)) {
        return Some(
            Diagnosis::new(Cause::NotReduced, Vec::new())
                .saying(format!("{gradient} has a number for each row: `{name}` serves all rows, and their gradients must be added up."))
                .formulas(format!("{gradient} = dout"), format!("{gradient} = Σ over rows of dout"))
                .help(format!("{gradient} = np.sum({gradient}, axis=0)"))
                .would("an error of shapes, or, where broadcasting hides it, a parameter that grows an axis"),
        );
    }
    for axes in flips(answers.probes[0].out.ndim()) {
        for (mean, word) in [(false, "summed"), (true, "averaged")] {
            let reduce = |probe: &super::super::probe::Probe, _: &Tensor| {
                let spread = spread(probe).filter(|spread| axes.iter().all(|axis| *axis < spread.ndim()))?;
                Some(super::shares::reduced(&spread, &axes, mean))
            };
            if holds(&reduce) {
                return Some(super::shares::along_wrong_axes(&gradient, name, axes, word, Vec::new()));
            }
        }
    }
    Some(
        Diagnosis::new(Cause::WrongShape { code: code.clone(), right: right.clone() }, Vec::new())
            .saying(format!("{gradient} has shape {code:?}, and what it is the gradient of has {right:?}."))
            .formulas(format!("{gradient} of shape {code:?}"), format!("{gradient} of shape {right:?}"))
            .help(format!("give {gradient} the shape of {name}"))
            .would("an error of shapes at the first update"),
    )
}
