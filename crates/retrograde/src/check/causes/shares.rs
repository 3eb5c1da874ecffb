//! A gradient is a sum of shares, one for each output: shares that are missing, or of another gradient from above.

use std::collections::BTreeSet;

use ndarray::{ArrayView1, Axis, IxDyn};

use super::{Case, Diagnosis};
use crate::check::Cause;
use crate::check::jacobian::Jacobian;
use crate::check::probe::GIVEN;
use crate::check::view::View;
use crate::textbook::{Layer, Tensor};

/// Which positions along an axis have a share, of how many there are.
type Pattern = (String, Box<dyn Fn(usize, usize) -> bool>);

fn patterns(length: usize) -> Vec<Pattern> {
    let mut all: Vec<Pattern> = vec![
        ("only the last".into(), Box::new(|at, length| at + 1 == length)),
        ("only the first".into(), Box::new(|at, _| at == 0)),
        ("all but the last".into(), Box::new(|at, length| at + 1 != length)),
        ("all but the first".into(), Box::new(|at, _| at != 0)),
        ("every second".into(), Box::new(|at, _| at % 2 == 0)),
        ("only the first half".into(), Box::new(|at, length| 2 * at < length)),
        ("only the second half".into(), Box::new(|at, length| 2 * at >= length)),
    ];
    for k in 0..length.min(12) {
        all.push((format!("only position {k}"), Box::new(move |at, _| at == k)));
        all.push((format!("all but position {k}"), Box::new(move |at, _| at != k)));
    }
    all
}

/// G has the shares of some positions along an axis of the output only.
pub(super) fn missing(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let out = case.views.first()?.probe.out.shape().to_vec();
    for (axis, &length) in out.iter().enumerate().filter(|(_, length)| **length > 1) {
        for (how, has) in patterns(length) {
            let fit = case.fit(|view| {
                let mut d = view.upstream();
                let length = d.len_of(Axis(axis));
                for (at, mut slice) in d.axis_iter_mut(Axis(axis)).enumerate() {
                    if !has(at, length) {
                        slice.fill(0.0);
                    }
                }
                Some(view.jacobian.vjp(&d.iter().copied().collect::<Vec<_>>()))
            });
            if let Some(predicted) = fit {
                let present = (0..length).filter(|at| has(*at, length)).collect();
                return Some(lost(case, axis, present, &how, predicted));
            }
        }
    }
    // Of what an element serves several times, only the last remains: written with = where += belongs.
    out.first().filter(|rows| **rows > 1)?;
    let predicted = case.fit(|view| Some(last_of_each(view)))?;
    let shown = case.smooth().map(|(_, view)| view).find(|view| view.number == GIVEN);
    let present = last_rows(shown.or(case.views.first())?).into_iter().flatten().collect::<BTreeSet<_>>();
    Some(lost(
        case,
        0,
        present.into_iter().collect(),
        "only the last of those that use the same element, such as a repeated index,",
        predicted,
    ))
}

fn lost(
    case: &Case<'_>,
    axis: usize,
    present: Vec<usize>,
    how: &str,
    predicted: Vec<Option<Tensor>>,
) -> Diagnosis {
    let gradient = case.gradient();
    let what = if axis == 0 { "rows" } else { "positions" };
    Diagnosis::new(Cause::SharesMissing { axis, present }, predicted)
        .saying(format!("Of the {what} along axis {axis} of the output, {how} has a share in {gradient}: where one value goes several ways, its gradients must be added up, and here they replace each other or are left out."))
        .formulas(format!("{gradient} = share of {how}"), format!("{gradient} = Σ over all {what} of their shares"))
        .help(format!("{gradient} += share, over all {what}, from a {gradient} of zeros"))
        .would("steps follow some examples and ignore the others: slower, noisier, and a loss that stays higher")
}

/// For each element that was differentiated, the last row of the output that uses it.
fn last_rows(view: &View<'_>) -> Vec<Option<usize>> {
    let width = view.d.len() / view.probe.out.shape()[0].max(1);
    let last = |slopes: ArrayView1<'_, f64>| slopes.iter().rposition(|slope| slope.abs() > 1e-9);
    let columns = view.jacobian.centre.columns().into_iter();
    columns.map(|slopes| last(slopes).map(|output| output / width.max(1))).collect()
}

fn last_of_each(view: &View<'_>) -> Tensor {
    let width = view.d.len() / view.probe.out.shape()[0].max(1);
    let sums = last_rows(view).into_iter().zip(view.jacobian.centre.columns()).map(|(row, slopes)| {
        row.map_or(0.0, |row| (row * width..(row + 1) * width).map(|o| view.d[o] * slopes[o]).sum())
    });
    view.jacobian.spread(sums)
}

/// Part of the block has no gradient: the same positions along one of its axes at all probes.
pub(super) fn part_detached(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let zero_at = |view: &View<'_>, axis: usize| -> Vec<usize> {
        let pairs = view.claimed.axis_iter(Axis(axis)).zip(view.truth.axis_iter(Axis(axis)));
        let zero = |(claimed, truth): (ndarray::ArrayViewD<'_, f64>, ndarray::ArrayViewD<'_, f64>)| {
            claimed.iter().all(|g| *g == 0.0) && truth.iter().any(|t| t.abs() > 0.0)
        };
        pairs.enumerate().filter_map(|(at, pair)| zero(pair).then_some(at)).collect()
    };
    let first = case.smooth().map(|(_, view)| view).find(|view| view.verdict.is_wrong())?;
    for axis in 0..first.claimed.ndim() {
        let missing = zero_at(first, axis);
        if missing.is_empty() || missing.len() == first.claimed.len_of(Axis(axis)) {
            continue;
        }
        let fit = case.fit(|view| {
            let mut predicted = view.truth.clone();
            for (at, mut slice) in predicted.axis_iter_mut(Axis(axis)).enumerate() {
                if missing.contains(&at) {
                    slice.mapv_inplace(|value| value * 0.0);
                }
            }
            Some(predicted)
        });
        if let Some(predicted) = fit {
            let gradient = case.gradient();
            return Some(
                Diagnosis::new(Cause::PartDetached { axis, missing: missing.clone() }, predicted)
                    .saying(format!("{gradient} is 0 at {missing:?} along its axis {axis}, and right elsewhere: a loop that ends too early, or a branch that nothing comes back from."))
                    .formulas(format!("{gradient}[{missing:?}] = 0"), format!("{gradient} = dout · ∂out/∂{}", case.name()))
                    .help(format!("compute {gradient} at all positions of axis {axis}"))
                    .would("these elements stay as they were drawn"),
            );
        }
    }
    None
}

/// Only a row's own, or an output's own, share where others have one too.
pub(super) fn own_rows_or_elements(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() {
        return None;
    }
    let restricted = |view: &View<'_>, same: &dyn Fn(usize, usize) -> bool| {
        let mut predicted = view.truth.clone();
        let flat = predicted.as_slice_mut().expect("a new array is contiguous");
        for (column, &element) in view.jacobian.columns.iter().enumerate() {
            let slopes = view.jacobian.centre.column(column);
            let own = (0..view.d.len()).filter(|o| same(*o, element));
            flat[element] = own.map(|o| view.d[o] * slopes[o]).sum();
        }
        predicted
    };
    let rows = case.fit(|view| {
        let (x, out) = (view.probe.x.shape(), view.probe.out.shape());
        let rows = *x.first().filter(|rows| out.first() == Some(rows))?;
        let (wide, high) = (view.d.len() / rows, view.probe.x.len() / rows);
        Some(restricted(view, &|o, element| o / wide == element / high))
    });
    if let Some(predicted) = rows {
        return Some(
            Diagnosis::new(Cause::RowsInfluence, predicted)
                .saying("In forward the rows of the batch influence each other, and backward takes each row alone: what row 0 does to row 1 is missing.")
                .formulas("dx[n] = Σ_c dout[n, c] · ∂out[n, c]/∂x[n]", "dx[n] = Σ_m Σ_c dout[m, c] · ∂out[m, c]/∂x[n]")
                .help("if the rows should be independent, give the reduction in forward its axis (axis=1, keepdims=True); else add the other rows' shares in backward")
                .would("the gradient is that of another function than the one that is computed"),
        );
    }
    let forward = case.fit(|view| {
        let whole = view.jacobian.columns.len() == view.d.len();
        (whole && view.probe.x.shape() == view.probe.out.shape()).then(|| {
            let flat: Vec<f64> = view
                .jacobian
                .centre
                .rows()
                .into_iter()
                .map(|row| row.iter().zip(&view.d).map(|(slope, d)| slope * d).sum())
                .collect();
            Tensor::from_shape_vec(view.truth.shape().to_vec(), flat).expect("as many as the input has")
        })
    });
    if let Some(predicted) = forward {
        return Some(
            Diagnosis::new(Cause::Transposed, predicted)
                .saying("dout is multiplied by the layer's matrix as forward has it, not by its transpose: the gradient flows against the arrows.")
                .formulas("dx = dout · w", "dx = dout · wᵀ")
                .help("dx = np.dot(dout, self.w.T)")
                .would("the layers before it get what belongs to other units; a square layer hides it from the shapes"),
        );
    }
    let predicted = case.fit(|view| {
        (view.probe.x.shape() == view.probe.out.shape()).then(|| restricted(view, &|o, element| o == element))
    })?;
    Some(
        Diagnosis::new(Cause::DiagonalOnly, predicted)
            .saying("Each output depends on several inputs, and backward has only the share of an output's own input: the terms off the diagonal of the Jacobian are missing.")
            .formulas("dx[i] = dout[i] · ∂out[i]/∂x[i]", "dx[i] = Σ_j dout[j] · ∂out[j]/∂x[i]")
            .help("add up over all outputs that x[i] reaches, as in y · (dout − Σ dout · y) for a softmax")
            .would("the gradient points elsewhere; with small steps the loss may still fall, more slowly"),
    )
}

/// For a block of which each output uses one element: the share of each output, in the output's shape.
pub(super) fn spread(jacobian: &Jacobian, d: &Tensor) -> Option<Tensor> {
    let mut shares = d.clone();
    let whole = jacobian.columns.len() == jacobian.shape.iter().product::<usize>();
    for (o, share) in shares.iter_mut().enumerate() {
        let mut used = jacobian.centre.row(o).into_iter().filter(|slope| slope.abs() > 1e-9);
        let slope = used.next().copied().unwrap_or(0.0);
        if used.next().is_some() {
            return None;
        }
        *share *= slope;
    }
    whole.then_some(shares)
}

/// The shares of each output, in the output's shape, summed or averaged along axes.
pub(super) fn reduced(spread: &Tensor, axes: &[usize], mean: bool) -> Tensor {
    let sum = axes.iter().rev().fold(spread.clone(), |sum, axis| sum.sum_axis(Axis(*axis)));
    if mean {
        sum / axes.iter().map(|axis| spread.len_of(Axis(*axis))).product::<usize>() as f64
    } else {
        sum
    }
}

/// Summed over other axes than those along which the parameter was spread, in a shape that hides it.
pub(super) fn wrong_axis(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let dimensions = case.views.first()?.probe.out.ndim();
    for axes in super::order::flips(dimensions) {
        for (mean, word) in [(false, "summed"), (true, "averaged")] {
            let fit = case.fit(|view| {
                let sum = reduced(&spread(view.jacobian, &view.upstream())?, &axes, mean);
                let fits = sum.len() == view.claimed.len();
                fits.then(|| sum.into_shape_with_order(view.claimed.shape().to_vec()).ok()).flatten()
            });
            if let Some(predicted) = fit {
                return Some(along_wrong_axes(&case.gradient(), case.name(), axes, word, predicted));
            }
        }
    }
    None
}

pub(super) fn along_wrong_axes(
    gradient: &str,
    name: &str,
    axes: Vec<usize>,
    word: &str,
    predicted: Vec<Option<Tensor>>,
) -> Diagnosis {
    let over = super::changed::named(&axes);
    let tuple: Vec<String> = axes.iter().map(ToString::to_string).collect();
    let tuple = if axes.len() == 1 { tuple[0].clone() } else { format!("({})", tuple.join(", ")) };
    Diagnosis::new(Cause::WrongAxis { summed: axes }, predicted)
        .saying(format!("{gradient} is {word} over {over}, along which `{name}` has its elements, instead of over the rows, along which it was spread."))
        .formulas(format!("{gradient} = np.sum(…, axis={tuple})"), format!("{gradient} = np.sum(…) over the axes that `{name}` does not have"))
        .help(format!("{gradient} = np.sum(…, axis=0), or over all axes but the one of {name}"))
        .would("each element is moved by a row's total; with as many rows as columns nothing fails")
}

/// G is T for another gradient from above, made of the right one.
pub(super) fn dout_changed(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    type Change = (&'static str, &'static str, fn(&Tensor, &Tensor) -> Tensor);
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
    let changes: [Change; 20] = [
        ("its absolute value", "np.abs(dout)", |d, _| d.mapv(f64::abs)),
        ("its square", "dout ** 2", |d, _| d.mapv(|d| d * d)),
        ("its positive part", "np.maximum(dout, 0)", |d, _| d.mapv(|d| d.max(0.0))),
        ("its sign", "np.sign(dout)", |d, _| d.mapv(f64::signum)),
        ("its mean over everything", "dout.mean()", |d, _| d.mapv(|_| d.sum() / d.len() as f64)),
        ("its sum over everything", "dout.sum()", |d, _| d.mapv(|_| d.sum())),
        ("its product with the output", "dout * out", |d, y| d * y),
        ("its product with 1 − out", "dout * (1 - out)", |d, y| d * &y.mapv(|y| 1.0 - y)),
        ("its quotient by the output", "dout / out", |d, y| d / y),
        ("its product with the square of the output", "dout * out ** 2", |d, y| d * y * y),
        ("its product with exp(out)", "dout * np.exp(out)", |d, y| d * &y.mapv(f64::exp)),
        ("its quotient by exp(out)", "dout / np.exp(out)", |d, y| d * &y.mapv(|y| (-y).exp())),
        ("itself in the reverse order of rows", "dout[::-1]", |d, _| flipped(d, 0)),
        ("itself in the reverse order along the last axis", "dout[..., ::-1]", |d, _| {
            flipped(d, d.ndim().saturating_sub(1))
        }),
        ("itself with its halves exchanged along the last axis", "np.roll(dout, half, axis=-1)", |d, _| {
            let axis = d.ndim().saturating_sub(1);
            let length = d.shape().last().copied().unwrap_or(0);
            if length > 0 && length % 2 == 0 {
                super::order::rolled(d, axis, (length / 2) as isize)
            } else {
                d.clone()
            }
        }),
        ("itself moved forwards by one along the last axis", "np.roll(dout, 1, axis=-1)", |d, _| {
            if d.ndim() == 0 { d.clone() } else { super::order::rolled(d, d.ndim() - 1, 1) }
        }),
        ("itself moved backwards by one along the last axis", "np.roll(dout, -1, axis=-1)", |d, _| {
            if d.ndim() == 0 { d.clone() } else { super::order::rolled(d, d.ndim() - 1, -1) }
        }),
        ("itself clipped to ±1", "np.clip(dout, -1, 1)", |d, _| d.mapv(|d| d.clamp(-1.0, 1.0))),
        ("itself where the output is positive", "dout * (out > 0)", |d, y| {
            d * &y.mapv(|y| f64::from(u8::from(y > 0.0)))
        }),
        ("its transpose", "dout.T", |d, _| {
            if d.ndim() == 2 && d.shape()[0] == d.shape()[1] { d.t().to_owned() } else { d.clone() }
        }),
    ];
    let accept = |how: &str, code: &str, predicted| {
        let gradient = case.gradient();
        Diagnosis::new(Cause::DoutChanged { how: (how.to_owned()).into() }, predicted)
            .saying(format!(
                "{gradient} is right for another gradient from above: in place of dout it uses {how}."
            ))
            .formulas(
                format!("{gradient} = ({code}) · ∂out/∂{}", case.name()),
                format!("{gradient} = dout · ∂out/∂{}", case.name()),
            )
            .help("use dout as it comes")
            .would("the gradient points elsewhere, and before this layer everything follows it")
    };
    let flat = |d: Tensor| d.iter().copied().collect::<Vec<f64>>();
    for (how, code, change) in changes {
        if let Some(predicted) =
            case.fit(|view| Some(view.jacobian.vjp(&flat(change(&view.upstream(), &view.probe.out)))))
        {
            return Some(accept(how, code, predicted));
        }
    }
    for axis in 0..case.views.first()?.probe.out.ndim() {
        let mean = |view: &View<'_>| averaged(&view.upstream(), axis);
        if let Some(predicted) = case.fit(|view| Some(view.jacobian.vjp(&flat(mean(view))))) {
            return Some(accept(
                &format!("its mean along axis {axis}"),
                &format!("dout.mean(axis={axis})"),
                predicted,
            ));
        }
        let sum = |view: &View<'_>| mean(view) * view.probe.out.len_of(Axis(axis)) as f64;
        if let Some(predicted) = case.fit(|view| Some(view.jacobian.vjp(&flat(sum(view))))) {
            return Some(accept(
                &format!("its sum along axis {axis}"),
                &format!("dout.sum(axis={axis})"),
                predicted,
            ));
        }
    }
    None
}

fn flipped(d: &Tensor, axis: usize) -> Tensor {
    if d.ndim() == 0 {
        return d.clone();
    }
    let mut view = d.view();
    view.invert_axis(Axis(axis));
    let dimensions = IxDyn(d.shape());
    let numbers: Vec<f64> = view.iter().copied().collect();
    Tensor::from_shape_vec(dimensions, numbers).unwrap_or_else(|_| d.clone())
}
