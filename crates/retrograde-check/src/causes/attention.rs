//! Self-attention, recognized by its outputs: out = P · x with P = softmax(s · x · xᵀ) along each row, and s = 1/√D or 1.
//! The input is query, key and value.

use ndarray::{Array2, ArrayViewD, Axis, Ix2};

use super::{Case, Diagnosis, same};
use crate::message::text;
use crate::probed_block::ProbedBlock;
use crate::{Cause, Message};
use retrograde_textbook::{Layer, Tensor};

/// Variants of the backward of P: the NumPy expression and the function. The first is right.
type Softmax = (&'static str, fn(&Array2<f64>, &Array2<f64>) -> Array2<f64>);

const SOFTMAX: [Softmax; 5] = [
    ("P · (dP − Σ dP · P)", |p, d| p * &(d - &(p * d).sum_axis(Axis(1)).insert_axis(Axis(1)))),
    ("P · dP", |p, d| p * d),
    ("P · (1 − P) · dP", |p, d| p * d * p.mapv(|p| 1.0 - p)),
    ("P · (dP − Σ dP)", |p, d| p * &(d - &d.sum_axis(Axis(1)).insert_axis(Axis(1)))),
    ("P · (dP − Σ_columns dP · P)", |p, d| p * &(d - &(p * d).sum_axis(Axis(0)).insert_axis(Axis(0)))),
];

/// The contributions of the input in its three roles; the first of each is right.
const QUERY: [&str; 2] = ["s · dS · x", ""];
const KEY: [&str; 3] = ["s · dSᵀ · x", "", "s · dS · x"];
const VALUE: [&str; 3] = ["Pᵀ · dout", "", "P · dout"];

/// Variants of the scale: s, missing, s twice.
const SCALE: [&str; 3] = ["s", "1", "s²"];

/// One variant of backward: an index into each list.
#[derive(Clone, Copy)]
struct Written {
    softmax: usize,
    query: usize,
    key: usize,
    value: usize,
    scale: usize,
}

impl Written {
    /// All variants with one or two mistakes, those with one first.
    fn all() -> Vec<Written> {
        let mut all = Vec::new();
        for softmax in 0..SOFTMAX.len() {
            for query in 0..QUERY.len() {
                for key in 0..KEY.len() {
                    for value in 0..VALUE.len() {
                        all.extend((0..SCALE.len()).map(|scale| Written {
                            softmax,
                            query,
                            key,
                            value,
                            scale,
                        }));
                    }
                }
            }
        }
        all.retain(|written| (1..=2).contains(&written.mistakes()));
        all.sort_by_key(|written| written.mistakes());
        all
    }

    fn mistakes(self) -> usize {
        [self.softmax, self.query, self.key, self.value, self.scale].iter().filter(|at| **at > 0).count()
    }

    fn gradient(self, x: &Array2<f64>, d: &Array2<f64>, scaled: bool) -> Array2<f64> {
        let p = weights(x, scaled);
        let scale = if scaled { 1.0 / (x.ncols() as f64).sqrt() } else { 1.0 };
        let scale = [scale, 1.0, scale * scale][self.scale];
        let ds = SOFTMAX[self.softmax].1(&p, &d.dot(&x.t())) * scale;
        let nothing = || Array2::zeros(x.raw_dim());
        let query = if self.query == 0 { ds.dot(x) } else { nothing() };
        let key = match self.key {
            0 => ds.t().dot(x),
            1 => nothing(),
            _ => ds.dot(x),
        };
        let value = match self.value {
            0 => p.t().dot(d),
            1 => nothing(),
            _ => p.dot(d),
        };
        query + key + value
    }

    /// The formula.
    fn formula(self) -> String {
        let contributions = [QUERY[self.query], KEY[self.key], VALUE[self.value]];
        let contributions: Vec<&str> =
            contributions.into_iter().filter(|contribution| !contribution.is_empty()).collect();
        let dx = if contributions.is_empty() { "0".to_owned() } else { contributions.join(" + ") };
        let dx = match self.scale {
            0 => dx,
            1 => dx.replace("s · ", ""),
            _ => dx.replace("s · ", "s² · "),
        };
        format!("{dx}, dS = {}", SOFTMAX[self.softmax].0)
    }
}

/// P, for one sequence.
fn weights(x: &Array2<f64>, scaled: bool) -> Array2<f64> {
    let scale = if scaled { 1.0 / (x.ncols() as f64).sqrt() } else { 1.0 };
    let mut scores = x.dot(&x.t()) * scale;
    for mut row in scores.rows_mut() {
        let largest = row.fold(f64::NEG_INFINITY, |largest, score| largest.max(*score));
        row.mapv_inplace(|score| (score - largest).exp());
        let sum = row.sum();
        row /= sum;
    }
    scores
}

/// Applies a function to each sequence of an input, which is one sequence or several.
fn each(x: &Tensor, d: &Tensor, of: impl Fn(&Array2<f64>, &Array2<f64>) -> Array2<f64>) -> Option<Tensor> {
    let matrix = |values: ArrayViewD<'_, f64>| Some(values.into_dimensionality::<Ix2>().ok()?.to_owned());
    if !(2..=3).contains(&x.ndim()) || x.shape() != d.shape() {
        return None;
    }
    if x.ndim() == 2 {
        return Some(of(&matrix(x.view())?, &matrix(d.view())?).into_dyn());
    }
    let mut all = x.clone();
    for ((mut to, x), d) in all.outer_iter_mut().zip(x.outer_iter()).zip(d.outer_iter()) {
        to.assign(&of(&matrix(x)?, &matrix(d)?));
    }
    Some(all)
}

fn is_attention(probed: &ProbedBlock<'_>, scaled: bool) -> bool {
    let out = each(&probed.probe.x, &probed.probe.out, |x, _| weights(x, scaled).dot(x));
    out.is_some_and(|out| same(&out, &probed.probe.out))
}

/// Self-attention with one or two mistakes in its backward.
pub(super) fn terms(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() || case.labels.is_some() {
        return None;
    }
    let scaled = [true, false].into_iter().find(|scaled| {
        case.smooth().next().is_some() && case.smooth().all(|(_, probed)| is_attention(probed, *scaled))
    })?;
    let right = Written { softmax: 0, query: 0, key: 0, value: 0, scale: 0 };
    for written in Written::all().into_iter().filter(|written| scaled || written.scale == 0) {
        let fit = case.fit(|probed| {
            let predicted = each(&probed.probe.x, &probed.upstream(), |x, d| written.gradient(x, d, scaled))?;
            Some(predicted + &probed.truth * 0.0)
        });
        let Some(predicted) = fit else { continue };
        let found = Diagnosis::new(Cause::AttentionTerm { code: written.formula() }, predicted);
        return Some(
            found
                .with("scale", if scaled { "1/√D" } else { "1" })
                .with("right", right.formula())
                .with("mistakes", written.said()),
        );
    }
    None
}

impl Written {
    /// The code of the mistake.
    fn said(self) -> Vec<Message> {
        let mut said = Vec::new();
        if self.softmax > 0 {
            said.push(text!("attention-softmax", code = SOFTMAX[self.softmax].0));
        }
        for (at, role, of) in [
            (self.query, "query", QUERY[self.query]),
            (self.key, "key", KEY[self.key]),
            (self.value, "value", VALUE[self.value]),
        ] {
            match at {
                0 => {}
                1 => said.push(text!("attention-missing", role)),
                _ => said.push(text!("attention-not_transposed", role, of)),
            }
        }
        match self.scale {
            0 => {}
            1 => said.push(text!("attention-scale_missing")),
            _ => said.push(text!("attention-scale_twice")),
        }
        said
    }
}
