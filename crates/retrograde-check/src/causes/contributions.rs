//! A gradient is a sum of contributions, one for each output: some are missing, or belong to another upstream gradient.

use std::collections::BTreeSet;

use ndarray::{ArrayView1, Axis, IxDyn};

use super::{Case, Diagnosis};
use crate::Cause;
use crate::jacobian::BlockJacobian;
use crate::message::text;
use crate::probe::GIVEN;
use crate::probed_block::ProbedBlock;
use retrograde_textbook::{Layer, Tensor};

/// Which positions along an axis contribute, given its length.
type Pattern = Box<dyn Fn(usize, usize) -> bool>;

fn patterns(length: usize) -> Vec<Pattern> {
    let mut all: Vec<Pattern> = vec![
        Box::new(|at, length| at + 1 == length),
        Box::new(|at, _| at == 0),
        Box::new(|at, length| at + 1 != length),
        Box::new(|at, _| at != 0),
        Box::new(|at, _| at % 2 == 0),
        Box::new(|at, length| 2 * at < length),
        Box::new(|at, length| 2 * at >= length),
    ];
    for k in 0..length.min(12) {
        all.push(Box::new(move |at, _| at == k));
        all.push(Box::new(move |at, _| at != k));
    }
    all
}

/// G has only the contributions of some positions along an axis of the output.
pub(super) fn missing(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let out = case.probed_blocks.first()?.probe.out.shape().to_vec();
    for (axis, &length) in out.iter().enumerate() {
        let lengths =
            case.probed_blocks.iter().map(|probed| probed.probe.out.shape().get(axis).copied().unwrap_or(1));
        let longest = lengths.max().unwrap_or(1);
        for has in patterns(longest).into_iter().filter(|_| longest > 1) {
            let fit = case.fit(|probed| {
                let mut d = probed.upstream();
                let length = d.len_of(Axis(axis));
                for (at, mut slice) in d.axis_iter_mut(Axis(axis)).enumerate() {
                    if !has(at, length) {
                        slice.fill(0.0);
                    }
                }
                Some(probed.jacobian.vjp(&d.iter().copied().collect::<Vec<_>>()))
            });
            if let Some(predicted) = fit {
                let present = (0..length).filter(|at| has(*at, length)).collect();
                return Some(Diagnosis::new(Cause::SharesMissing { axis, present }, predicted));
            }
        }
    }
    // Of several contributions to an element only the last remains: = in place of +=.
    out.first().filter(|rows| **rows > 1)?;
    let predicted = case.fit(|probed| Some(last_of_each(probed)))?;
    let shown = case.smooth().map(|(_, probed)| probed).find(|probed| probed.probe_index == GIVEN);
    let present =
        last_rows(shown.or(case.probed_blocks.first())?).into_iter().flatten().collect::<BTreeSet<_>>();
    let cause = Cause::SharesMissing { axis: 0, present: present.into_iter().collect() };
    Some(Diagnosis::new(cause, predicted).with_text("shares_missing-repeated"))
}

/// For each element with differences, the last row of the output that depends on it.
fn last_rows(probed: &ProbedBlock<'_>) -> Vec<Option<usize>> {
    let width = probed.d.len() / probed.probe.out.shape()[0].max(1);
    let last = |slopes: ArrayView1<'_, f64>| slopes.iter().rposition(|slope| slope.abs() > 1e-9);
    let columns = probed.jacobian.center.columns().into_iter();
    columns.map(|slopes| last(slopes).map(|output| output / width.max(1))).collect()
}

fn last_of_each(probed: &ProbedBlock<'_>) -> Tensor {
    let width = probed.d.len() / probed.probe.out.shape()[0].max(1);
    let sums = last_rows(probed).into_iter().zip(probed.jacobian.center.columns()).map(|(row, slopes)| {
        row.map_or(0.0, |row| (row * width..(row + 1) * width).map(|o| probed.d[o] * slopes[o]).sum())
    });
    probed.jacobian.spread(sums)
}

/// Part of the block has no gradient: the same positions along one of its axes at all probes.
pub(super) fn part_detached(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let zero_at = |probed: &ProbedBlock<'_>, axis: usize| -> Vec<usize> {
        let pairs = probed.claimed.axis_iter(Axis(axis)).zip(probed.truth.axis_iter(Axis(axis)));
        let zero = |(claimed, truth): (ndarray::ArrayViewD<'_, f64>, ndarray::ArrayViewD<'_, f64>)| {
            claimed.iter().all(|g| *g == 0.0) && truth.iter().any(|t| t.abs() > 0.0)
        };
        pairs.enumerate().filter_map(|(at, pair)| zero(pair).then_some(at)).collect()
    };
    let wrong = || case.smooth().map(|(_, probed)| probed).filter(|probed| probed.verdict.is_wrong());
    for axis in 0..wrong().next()?.claimed.ndim() {
        // Along an axis of length one, all of it would be missing.
        let first = wrong().max_by_key(|probed| probed.claimed.len_of(Axis(axis)))?;
        let missing = zero_at(first, axis);
        if missing.is_empty() || missing.len() == first.claimed.len_of(Axis(axis)) {
            continue;
        }
        let fit = case.fit(|probed| {
            let mut predicted = probed.truth.clone();
            for (at, mut slice) in predicted.axis_iter_mut(Axis(axis)).enumerate() {
                if missing.contains(&at) {
                    slice.mapv_inplace(|value| value * 0.0);
                }
            }
            Some(predicted)
        });
        if let Some(predicted) = fit {
            return Some(Diagnosis::new(Cause::PartDetached { axis, missing }, predicted));
        }
    }
    None
}

/// Only the contribution of an element's own row, or of its own output, if others contribute, too.
pub(super) fn own_rows_or_elements(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() {
        return None;
    }
    let restricted = |probed: &ProbedBlock<'_>, same: &dyn Fn(usize, usize) -> bool| {
        let mut predicted = probed.truth.clone();
        let flat = predicted.as_slice_mut().expect("a new array is contiguous");
        for (column, &element) in probed.jacobian.columns.iter().enumerate() {
            let slopes = probed.jacobian.center.column(column);
            let own = (0..probed.d.len()).filter(|o| same(*o, element));
            flat[element] = own.map(|o| probed.d[o] * slopes[o]).sum();
        }
        predicted
    };
    let rows = case.fit(|probed| {
        let (x, out) = (probed.probe.x.shape(), probed.probe.out.shape());
        let rows = *x.first().filter(|rows| out.first() == Some(rows))?;
        let (wide, high) = (probed.d.len() / rows, probed.probe.x.len() / rows);
        Some(restricted(probed, &|o, element| o / wide == element / high))
    });
    if let Some(predicted) = rows {
        return Some(Diagnosis::new(Cause::RowsInfluence, predicted));
    }
    let forward = case.fit(|probed| {
        let whole = probed.jacobian.columns.len() == probed.d.len();
        (whole && probed.probe.x.shape() == probed.probe.out.shape()).then(|| {
            let flat: Vec<f64> = probed
                .jacobian
                .center
                .rows()
                .into_iter()
                .map(|row| row.iter().zip(&probed.d).map(|(slope, d)| slope * d).sum())
                .collect();
            Tensor::from_shape_vec(probed.truth.shape().to_vec(), flat).expect("as many as the input has")
        })
    });
    if let Some(predicted) = forward {
        return Some(Diagnosis::new(Cause::Transposed, predicted).with_text("transposed-product"));
    }
    let predicted = case.fit(|probed| {
        (probed.probe.x.shape() == probed.probe.out.shape())
            .then(|| restricted(probed, &|o, element| o == element))
    })?;
    Some(Diagnosis::new(Cause::DiagonalOnly, predicted))
}

/// For a block where each output depends on one element: the contribution of each output, in the output's shape.
pub(super) fn spread(jacobian: &BlockJacobian, d: &Tensor) -> Option<Tensor> {
    let mut contributions = d.clone();
    let whole = jacobian.columns.len() == jacobian.shape.iter().product::<usize>();
    for (o, contribution) in contributions.iter_mut().enumerate() {
        let mut used = jacobian.center.row(o).into_iter().filter(|slope| slope.abs() > 1e-9);
        let slope = used.next().copied().unwrap_or(0.0);
        if used.next().is_some() {
            return None;
        }
        *contribution *= slope;
    }
    whole.then_some(contributions)
}

/// The contributions of each output, in the output's shape, summed or averaged along axes.
pub(super) fn reduced(spread: &Tensor, axes: &[usize], mean: bool) -> Tensor {
    let sum = axes.iter().rev().fold(spread.clone(), |sum, axis| sum.sum_axis(Axis(*axis)));
    if mean {
        sum / axes.iter().map(|axis| spread.len_of(Axis(*axis))).product::<usize>() as f64
    } else {
        sum
    }
}

/// Summed over other axes than those of the broadcast, in a shape that hides it.
pub(super) fn wrong_axis(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let dimensions = case.probed_blocks.first()?.probe.out.ndim();
    for axes in super::order::flips(dimensions) {
        for mean in [false, true] {
            let fit = case.fit(|probed| {
                let sum = reduced(&spread(probed.jacobian, &probed.upstream())?, &axes, mean);
                let fits = sum.len() == probed.claimed.len();
                fits.then(|| sum.into_shape_with_order(probed.claimed.shape().to_vec()).ok()).flatten()
            });
            if let Some(predicted) = fit {
                return Some(along_wrong_axes(axes, mean, predicted));
            }
        }
    }
    None
}

pub(super) fn along_wrong_axes(axes: Vec<usize>, mean: bool, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    let code = super::changed::tuple(&axes);
    let over = text!(if axes.len() == 1 { "axes-one" } else { "axes-several" }, axes = code.clone());
    Diagnosis::new(Cause::WrongAxis { summed: axes }, predicted)
        .with("mean", mean)
        .with("axes", over)
        .with("axes_code", code)
}

/// G is T for a modified upstream gradient.
pub(super) fn dout_changed(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    type Change = (&'static str, fn(&Tensor, &Tensor) -> Tensor);
    let averaged = |d: &Tensor, axis: usize| {
        d.mean_axis(Axis(axis)).map_or_else(
            || d.clone(),
            |mean| {
                mean.insert_axis(Axis(axis))
                    .broadcast(d.raw_dim())
                    .map_or_else(|| d.clone(), |all| all.to_owned())
            },
        )
    };
    let changes: [Change; 20] =
        [
            ("np.abs(dout)", |d, _| d.mapv(f64::abs)),
            ("dout ** 2", |d, _| d.mapv(|d| d * d)),
            ("np.maximum(dout, 0)", |d, _| d.mapv(|d| d.max(0.0))),
            ("np.sign(dout)", |d, _| d.mapv(f64::signum)),
            ("dout.mean()", |d, _| d.mapv(|_| d.sum() / d.len() as f64)),
            ("dout.sum()", |d, _| d.mapv(|_| d.sum())),
            ("dout * out", |d, y| d * y),
            ("dout * (1 - out)", |d, y| d * &y.mapv(|y| 1.0 - y)),
            ("dout / out", |d, y| d / y),
            ("dout * out ** 2", |d, y| d * y * y),
            ("dout * np.exp(out)", |d, y| d * &y.mapv(f64::exp)),
            ("dout / np.exp(out)", |d, y| d * &y.mapv(|y| (-y).exp())),
            ("dout[::-1]", |d, _| flipped(d, 0)),
            ("dout[..., ::-1]", |d, _| flipped(d, d.ndim().saturating_sub(1))),
            ("np.roll(dout, dout.shape[-1] // 2, axis=-1)", |d, _| {
                let axis = d.ndim().saturating_sub(1);
                let length = d.shape().last().copied().unwrap_or(0);
                if length > 0 && length % 2 == 0 {
                    super::order::rolled(d, axis, (length / 2) as isize)
                } else {
                    d.clone()
                }
            }),
            ("np.roll(dout, 1, axis=-1)", |d, _| {
                if d.ndim() == 0 { d.clone() } else { super::order::rolled(d, d.ndim() - 1, 1) }
            }),
            ("np.roll(dout, -1, axis=-1)", |d, _| {
                if d.ndim() == 0 { d.clone() } else { super::order::rolled(d, d.ndim() - 1, -1) }
            }),
            ("np.clip(dout, -1, 1)", |d, _| d.mapv(|d| d.clamp(-1.0, 1.0))),
            ("dout * (out > 0)", |d, y| d * &y.mapv(|y| f64::from(u8::from(y > 0.0)))),
            ("dout.T", |d, _| {
                if d.ndim() == 2 && d.shape()[0] == d.shape()[1] { d.t().to_owned() } else { d.clone() }
            }),
        ];
    let accept = |how: &str, predicted| Diagnosis::new(Cause::DoutChanged { how: how.to_owned() }, predicted);
    let flat = |d: Tensor| d.iter().copied().collect::<Vec<f64>>();
    for (how, change) in changes {
        if let Some(predicted) =
            case.fit(|probed| Some(probed.jacobian.vjp(&flat(change(&probed.upstream(), &probed.probe.out)))))
        {
            return Some(accept(how, predicted));
        }
    }
    for (index, axes) in super::order::indices(case.probed_blocks.first()?.probe.out.ndim()) {
        let read = |probed: &ProbedBlock<'_>| super::order::read_at(&probed.upstream(), &axes);
        if let Some(predicted) = case.fit(|probed| Some(probed.jacobian.vjp(&flat(read(probed)?)))) {
            return Some(accept(&format!("dout{index}"), predicted));
        }
    }
    for axis in 0..case.probed_blocks.first()?.probe.out.ndim() {
        let mean = |probed: &ProbedBlock<'_>| averaged(&probed.upstream(), axis);
        if let Some(predicted) = case.fit(|probed| Some(probed.jacobian.vjp(&flat(mean(probed))))) {
            return Some(accept(&format!("dout.mean(axis={axis})"), predicted));
        }
        let sum = |probed: &ProbedBlock<'_>| mean(probed) * probed.probe.out.len_of(Axis(axis)) as f64;
        if let Some(predicted) = case.fit(|probed| Some(probed.jacobian.vjp(&flat(sum(probed))))) {
            return Some(accept(&format!("dout.sum(axis={axis})"), predicted));
        }
    }
    None
}

fn flipped(d: &Tensor, axis: usize) -> Tensor {
    if d.ndim() == 0 {
        return d.clone();
    }
    let mut probed = d.view();
    probed.invert_axis(Axis(axis));
    let dimensions = IxDyn(d.shape());
    let numbers: Vec<f64> = probed.iter().copied().collect();
    Tensor::from_shape_vec(dimensions, numbers).unwrap_or_else(|_| d.clone())
}
