//! Layers recognized by their outputs as a softmax or its logarithm.

use ndarray::{ArrayViewD, Axis};

use super::{Case, Diagnosis};
use crate::Cause;
use crate::probed_block::ProbedBlock;
use retrograde_textbook::{Layer, Tensor};

/// The axis over which a softmax normalizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Row,
    Batch,
    Columns,
}

pub(crate) const OVER: [Over; 3] = [Over::Row, Over::Batch, Over::Columns];

/// The fold over the normalized elements, broadcast to each element.
fn folded(values: &Tensor, over: Over, first: f64, fold: fn(f64, f64) -> f64) -> Tensor {
    let all = |values: ArrayViewD<'_, f64>| values.iter().copied().fold(first, fold);
    let axis = match over {
        _ if values.ndim() == 0 => return values.clone(),
        Over::Batch => return Tensor::from_elem(values.raw_dim(), all(values.view())),
        Over::Row => values.ndim() - 1,
        Over::Columns => 0,
    };
    let result = values.map_axis(Axis(axis), |lane| all(lane.into_dyn())).insert_axis(Axis(axis));
    result.broadcast(values.raw_dim()).expect("a fold fits what it is the fold of").to_owned()
}

/// The sum over the normalized elements, broadcast to each element.
pub(super) fn total(values: &Tensor, over: Over) -> Tensor {
    folded(values, over, 0.0, |sum, value| sum + value)
}

/// The logarithm of the softmax.
pub(crate) fn log_softmax(x: &Tensor, over: Over) -> Tensor {
    let shifted = x - &folded(x, over, f64::NEG_INFINITY, f64::max);
    &shifted - &total(&shifted.mapv(f64::exp), over).mapv(f64::ln)
}

/// Whether two arrays are equal to rounding.
pub(crate) fn same(a: &Tensor, b: &Tensor) -> bool {
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + b.abs()))
}

/// The kind of the layer: whether it is the logarithm, and its axis.
fn recognize(case: &Case<'_>) -> Option<(bool, Over)> {
    [false, true].into_iter().flat_map(|log| OVER.map(|over| (log, over))).find(|&(log, over)| {
        case.probed_blocks.iter().all(|probed| is(probed, log, over))
            && case.probed_blocks.iter().any(|probed| probed.probe.x.ndim() > 0 && probed.probe.x.len() > 1)
    })
}

fn is(probed: &ProbedBlock<'_>, log: bool, over: Over) -> bool {
    let expected = log_softmax(&probed.probe.x, over);
    same(&probed.probe.out, &if log { expected } else { expected.mapv(f64::exp) })
}

/// The diagnosis of a softmax over the wrong axis.
pub(super) fn over_wrong_axis(over: Over, rows: usize, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    let cause = if over == Over::Columns { Cause::SoftmaxDownColumns } else { Cause::SoftmaxOverBatch };
    Diagnosis::new(cause, predicted).with("rows", rows)
}

/// Forward normalizes over the batch or down the columns, and backward is that of rows.
pub(super) fn forward_over_wrong_axis(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() || case.labels.is_some() {
        return None;
    }
    let (log, over) = recognize(case)?;
    if over == Over::Row {
        return None;
    }
    // Along the rows, with forward's output or with the right one.
    let fit = |normalized_by_row: bool| {
        case.fit(|probed| {
            let right = log_softmax(&probed.probe.x, Over::Row);
            let right = if log { right } else { right.mapv(f64::exp) };
            let (d, y) =
                (probed.upstream(), if normalized_by_row { right } else { probed.probe.out.clone() });
            Some(if log {
                &d - &(y.mapv(f64::exp) * total(&d, Over::Row))
            } else {
                &y * &(&d - &total(&(&d * &y), Over::Row))
            })
        })
    };
    let predicted = fit(false).or_else(|| fit(true))?;
    let rows = case.probed_blocks[0].probe.x.shape()[0];
    Some(over_wrong_axis(over, rows, predicted))
}

/// The backward of a softmax, with a term missing or wrong.
pub(super) fn terms(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    type Form = (&'static str, fn(&Tensor, &Tensor, Over) -> Tensor);
    const SOFTMAX: &[Form] = &[
        ("dout", |d, _, _| d.clone()),
        ("y − dout", |d, y, _| y - d),
        ("dout − y", |d, y, _| d - y),
        ("y · (1 − y)", |_, y, _| y * y.mapv(|y| 1.0 - y)),
        ("dout · y", |d, y, _| d * y),
        ("dout · y · (1 − y)", |d, y, _| d * y * y.mapv(|y| 1.0 - y)),
        ("dout · (1 − y)", |d, y, _| d * &y.mapv(|y| 1.0 - y)),
        ("y · (dout − Σ dout)", |d, y, over| y * &(d - &total(d, over))),
        ("y · (dout − mean(dout))", |d, y, over| {
            y * &(d - &(total(d, over) / total(&y.mapv(|_| 1.0), over)))
        }),
        ("dout − Σ dout · y", |d, y, over| d - &total(&(d * y), over)),
        ("dout · y − Σ dout · y", |d, y, over| d * y - total(&(d * y), over)),
        ("dout − y · Σ dout · y", |d, y, over| d - &(y * &total(&(d * y), over))),
        ("y · (dout − Σ dout · y) · (1 − y)", |d, y, over| {
            y * &(d - &total(&(d * y), over)) * y.mapv(|y| 1.0 - y)
        }),
        ("y · (1 − Σ dout · y)", |d, y, over| y * &total(&(d * y), over).mapv(|s| 1.0 - s)),
        ("−y · Σ dout · y", |d, y, over| -(y * &total(&(d * y), over))),
        ("y · (dout − Σ_batch dout · y)", |d, y, _| y * &(d - &total(&(d * y), Over::Batch))),
        ("y · (dout − Σ_rows dout · y)", |d, y, _| y * &(d - &total(&(d * y), Over::Columns))),
        ("y · (dout − Σ_classes dout · y)", |d, y, _| y * &(d - &total(&(d * y), Over::Row))),
    ];
    const LOG: &[Form] = &[
        ("dout", |d, _, _| d.clone()),
        ("dout − y · dout", |d, y, _| d * &y.mapv(|y| 1.0 - y.exp())),
        ("dout − y", |d, y, _| d - &y.mapv(f64::exp)),
        ("dout − Σ dout", |d, _, over| d - &total(d, over)),
        ("dout − mean(dout)", |d, y, over| d - &(total(d, over) / total(&y.mapv(|_| 1.0), over))),
        ("dout − ln y · Σ dout", |d, y, over| d - &(y * &total(d, over))),
        ("dout − y · Σ dout · y", |d, y, over| {
            let y = y.mapv(f64::exp);
            d - &(&y * &total(&(d * &y), over))
        }),
        ("−y · Σ dout", |d, y, over| -(y.mapv(f64::exp) * total(d, over))),
        ("dout − y · Σ_batch dout", |d, y, _| d - &(y.mapv(f64::exp) * total(d, Over::Batch))),
        ("dout − y · Σ_rows dout", |d, y, _| d - &(y.mapv(f64::exp) * total(d, Over::Columns))),
        ("y · (dout − Σ dout · y)", |d, y, over| {
            let y = y.mapv(f64::exp);
            &y * &(d - &total(&(d * &y), over))
        }),
    ];
    if case.is_parameter() || case.labels.is_some() {
        return None;
    }
    let (log, over) = recognize(case)?;
    let forms = if log { LOG } else { SOFTMAX };
    forms.iter().find_map(|(code, form)| {
        let predicted = case.fit(|probed| Some(form(&probed.upstream(), &probed.probe.out, over)))?;
        Some(Diagnosis::new(Cause::SoftmaxTerm { code: (*code).to_owned() }, predicted).with("log", log))
    })
}
