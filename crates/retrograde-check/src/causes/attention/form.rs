//! The attentions that are recognized by their outputs: `out = concat(P · v) · wo`, with `P = softmax(s · q · kᵀ)` for each
//! head. The query, the key and the value are the input itself, three arguments, or three products of the input and weights.

use ndarray::{Array2, Array3, ArrayView1, ArrayView2, Axis, Ix1, Ix2, s};

use crate::causes::{Case, same};
use crate::probed_block::ProbedBlock;
use retrograde_textbook::Tensor;

/// The keys that a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mask {
    All,
    /// Those up to its own position: a causal mask.
    UpToOwn,
    /// Those from its own position on: the causal mask transposed.
    FromOwn,
}

impl Mask {
    pub fn transposed(self) -> Self {
        match self {
            Mask::All => Mask::All,
            Mask::UpToOwn => Mask::FromOwn,
            Mask::FromOwn => Mask::UpToOwn,
        }
    }

    fn shows(self, query: usize, key: usize) -> bool {
        match self {
            Mask::All => true,
            Mask::UpToOwn => key <= query,
            Mask::FromOwn => key >= query,
        }
    }

    /// `values` where the query sees the key, and `other` elsewhere.
    pub fn apply(self, values: &Array2<f64>, other: f64) -> Array2<f64> {
        let mut values = values.clone();
        for ((query, key), value) in values.indexed_iter_mut() {
            if !self.shows(query, key) {
                *value = other;
            }
        }
        values
    }
}

/// `x · w + b`, by the blocks of w and b.
#[derive(Debug, Clone, Copy)]
struct Linear {
    w: usize,
    b: Option<usize>,
    /// Whether w is inputs × outputs.
    inputs_first: bool,
}

/// What is the query, the key or the value: a block, or its product.
#[derive(Debug, Clone, Copy)]
struct Role {
    block: usize,
    linear: Option<Linear>,
}

/// A recognized attention.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    roles: [Role; 3],
    out: Option<Linear>,
    heads: usize,
    /// Whether s is 1/√D, with D the width of a head, and not 1.
    pub scaled: bool,
    pub mask: Mask,
    /// Whether P is multiplied by the mask, and the scores are not masked.
    pub after_softmax: bool,
}

/// The values of one head, and the gradient of its output.
pub(super) struct Head {
    pub q: Array2<f64>,
    pub k: Array2<f64>,
    pub v: Array2<f64>,
    pub dout: Array2<f64>,
}

/// A longer attention takes too long.
const MOST: usize = 1 << 22;

/// The matrices of an array: its last two axes.
fn matrices(values: &Tensor) -> Option<Array3<f64>> {
    let [.., rows, columns] = *values.shape() else { return None };
    let count = values.shape()[..values.ndim() - 2].iter().product();
    Some(values.to_shape((count, rows, columns)).ok()?.into_owned())
}

fn same_matrices(all: &[Array3<f64>]) -> bool {
    all.iter().all(|one| one.dim().0 == all[0].dim().0)
}

impl Linear {
    /// The matrix, inputs × outputs.
    fn matrix<'a>(&self, values: &'a [Tensor]) -> Option<ArrayView2<'a, f64>> {
        let w = values[self.w].view().into_dimensionality::<Ix2>().ok()?;
        Some(if self.inputs_first { w } else { w.reversed_axes() })
    }

    fn apply(&self, values: &[Tensor], x: &ArrayView2<'_, f64>) -> Option<Array2<f64>> {
        let w = self.matrix(values)?;
        (x.ncols() == w.nrows()).then_some(())?;
        let product = x.dot(&w);
        let Some(b) = self.b else { return Some(product) };
        let b: ArrayView1<'_, f64> = values[b].view().into_dimensionality::<Ix1>().ok()?;
        (b.len() == product.ncols()).then(|| product + b)
    }
}

impl Role {
    fn value(&self, values: &[Tensor], x: &ArrayView2<'_, f64>) -> Option<Array2<f64>> {
        match &self.linear {
            Some(linear) => linear.apply(values, x),
            None => Some(x.to_owned()),
        }
    }
}

impl Form {
    /// The form whose outputs are the code's at all probes.
    pub fn recognize(case: &Case<'_>) -> Option<Form> {
        let first = case.smooth().next()?.1;
        let is = |form: &Form, probed: &ProbedBlock<'_>| {
            form.output(&probed.probe.values, &probed.probe.out)
                .is_some_and(|out| same(&out, &probed.probe.out))
        };
        let all = candidates(&first.probe.values, &first.probe.out);
        all.into_iter().find(|form| is(form, first) && case.smooth().all(|(_, probed)| is(form, probed)))
    }

    /// Whether the query, the key and the value are the input itself.
    pub fn is_of_input(&self) -> bool {
        self.roles.iter().all(|role| role.block == 0 && role.linear.is_none())
    }

    pub fn scale(&self, head: &Head) -> f64 {
        if self.scaled { 1.0 / (head.q.ncols() as f64).sqrt() } else { 1.0 }
    }

    /// P of a head, with the scores masked.
    pub fn weights(&self, head: &Head, mask: Mask) -> Array2<f64> {
        let scores = mask.apply(&(head.q.dot(&head.k.t()) * self.scale(head)), f64::NEG_INFINITY);
        let mut p = scores;
        for mut row in p.rows_mut() {
            let largest = row.fold(f64::NEG_INFINITY, |largest, score| largest.max(*score));
            row.mapv_inplace(|score| (score - largest).exp());
            let sum = row.sum();
            row /= sum;
        }
        p
    }

    /// P of forward before a mask after the softmax, and behind it.
    pub fn forward_weights(&self, head: &Head) -> [Array2<f64>; 2] {
        let p = self.weights(head, if self.after_softmax { Mask::All } else { self.mask });
        let seen = self.mask.apply(&p, 0.0);
        [p, seen]
    }

    /// The heads of one matrix of a batch, with this gradient of their outputs.
    fn heads(&self, [q, k, v]: &[Array2<f64>; 3], dout: &Array2<f64>) -> Option<Vec<Head>> {
        let fits = q.ncols() == k.ncols()
            && k.nrows() == v.nrows()
            && (self.mask == Mask::All || q.nrows() == k.nrows())
            && [q, v].iter().all(|all| all.ncols() > 0 && all.ncols().is_multiple_of(self.heads))
            && dout.dim() == (q.nrows(), v.ncols())
            && q.nrows() * k.nrows() * (q.ncols() + v.ncols()) <= MOST;
        let part = |all: &Array2<f64>, head: usize| {
            let width = all.ncols() / self.heads;
            all.slice(s![.., head * width..(head + 1) * width]).to_owned()
        };
        fits.then(|| {
            (0..self.heads)
                .map(|head| Head {
                    q: part(q, head),
                    k: part(k, head),
                    v: part(v, head),
                    dout: part(dout, head),
                })
                .collect()
        })
    }

    /// The output, like `out`.
    fn output(&self, values: &[Tensor], out: &Tensor) -> Option<Tensor> {
        let mut all = matrices(out)?;
        let sources = self.sources(values)?;
        (sources[0].dim().0 == all.dim().0).then_some(())?;
        for (n, mut to) in all.outer_iter_mut().enumerate() {
            let qkv = self.qkv(values, &sources, n)?;
            let joined = self.joined(&qkv)?;
            let own = match &self.out {
                Some(linear) => linear.apply(values, &joined.view())?,
                None => joined,
            };
            (own.dim() == to.dim()).then_some(())?;
            to.assign(&own);
        }
        Some(all.into_dyn().to_shape(out.shape()).ok()?.into_owned())
    }

    fn sources(&self, values: &[Tensor]) -> Option<[Array3<f64>; 3]> {
        let [q, k, v] = self.roles.map(|role| matrices(&values[role.block]));
        let all = [q?, k?, v?];
        same_matrices(&all).then_some(all)
    }

    fn qkv(&self, values: &[Tensor], sources: &[Array3<f64>; 3], n: usize) -> Option<[Array2<f64>; 3]> {
        let one = |at: usize| self.roles[at].value(values, &sources[at].index_axis(Axis(0), n));
        Some([one(0)?, one(1)?, one(2)?])
    }

    /// The outputs of the heads, side by side.
    fn joined(&self, qkv: &[Array2<f64>; 3]) -> Option<Array2<f64>> {
        let mut joined = Array2::zeros((qkv[0].nrows(), qkv[2].ncols()));
        let heads = self.heads(qkv, &joined)?;
        let width = joined.ncols() / self.heads;
        for (at, head) in heads.iter().enumerate() {
            let [_, seen] = self.forward_weights(head);
            joined.slice_mut(s![.., at * width..(at + 1) * width]).assign(&seen.dot(&head.v));
        }
        Some(joined)
    }

    /// The gradient of a block, of the gradients of the query, the key and the value of each head. `None` for the weights
    /// behind the heads, which a mistake in these does not change.
    pub fn gradient(
        &self,
        probed: &ProbedBlock<'_>,
        of_head: impl Fn(&Head) -> Option<[Array2<f64>; 3]>,
    ) -> Option<Tensor> {
        let (values, block) = (&probed.probe.values, probed.block);
        let sources = self.sources(values)?;
        let dout = matrices(&probed.upstream())?;
        let mut gradient = Tensor::zeros(probed.claimed.raw_dim());
        let mut of_input: Vec<Array2<f64>> = Vec::new();
        for (n, dout) in dout.outer_iter().enumerate() {
            let qkv = self.qkv(values, &sources, n)?;
            let dout = match &self.out {
                Some(linear) => dout.dot(&linear.matrix(values)?.t()),
                None => dout.to_owned(),
            };
            let mut d = qkv.each_ref().map(|one| Array2::zeros(one.raw_dim()));
            for (at, head) in self.heads(&qkv, &dout)?.iter().enumerate() {
                for (to, own) in d.iter_mut().zip(of_head(head)?) {
                    let width = to.ncols() / self.heads;
                    to.slice_mut(s![.., at * width..(at + 1) * width]).assign(&own);
                }
            }
            let x = sources.each_ref().map(|source| source.index_axis(Axis(0), n));
            let mut dx = Array2::zeros(x[0].raw_dim());
            for (at, (role, d)) in self.roles.iter().zip(&d).enumerate() {
                if role.block == block {
                    let own = match &role.linear {
                        Some(linear) => d.dot(&linear.matrix(values)?.t()),
                        None => d.clone(),
                    };
                    dx = if dx.dim() == own.dim() { dx + own } else { own };
                }
                let Some(linear) = &role.linear else { continue };
                if linear.w == block {
                    let dw = x[at].t().dot(d);
                    gradient += &(if linear.inputs_first { dw } else { dw.reversed_axes() }).into_dyn();
                } else if linear.b == Some(block) {
                    gradient += &d.sum_axis(Axis(0)).into_dyn();
                }
            }
            of_input.push(dx);
        }
        if self.roles.iter().any(|role| role.block == block) {
            let all = of_input.iter().flat_map(|dx| dx.iter().copied()).collect();
            return Tensor::from_shape_vec(gradient.raw_dim(), all).ok();
        }
        let has = |linear: &Linear| linear.w == block || linear.b == Some(block);
        self.roles.iter().filter_map(|role| role.linear.as_ref()).any(has).then_some(gradient)
    }
}

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// The forms that the shapes allow.
fn candidates(values: &[Tensor], out: &Tensor) -> Vec<Form> {
    if out.ndim() < 2 || values[0].ndim() != out.ndim() {
        return Vec::new();
    }
    let mut all: Vec<([Role; 3], Option<Linear>)> = Vec::new();
    let itself = |block: usize| Role { block, linear: None };
    if values.len() == 1 {
        all.push(([itself(0); 3], None));
    }
    if values.len() == 3 && values.iter().all(|value| value.ndim() == out.ndim()) {
        all.extend(ORDERS.map(|order| (order.map(itself), None)));
    }
    let with = |axes: usize| (1..values.len()).filter(move |block| values[*block].ndim() == axes);
    let (weights, biases): (Vec<usize>, Vec<usize>) = (with(2).collect(), with(1).collect());
    let is_whole = weights.len() + biases.len() + 1 == values.len();
    if is_whole && [3, 4].contains(&weights.len()) && [0, weights.len()].contains(&biases.len()) {
        for inputs_first in [true, false] {
            let linear = |at: usize| Linear { w: weights[at], b: biases.get(at).copied(), inputs_first };
            let out = (weights.len() == 4).then(|| linear(3));
            let role = |at: usize| Role { block: 0, linear: Some(linear(at)) };
            all.extend(ORDERS.map(|order| (order.map(role), out)));
        }
    }
    let mut forms = Vec::new();
    for (roles, out) in all {
        let width = match &roles[0].linear {
            Some(linear) => values[linear.w].shape()[usize::from(linear.inputs_first)],
            None => values[roles[0].block].shape().last().copied().unwrap_or(0),
        };
        for heads in (1..=width.min(16)).filter(|heads| width.is_multiple_of(*heads)) {
            for scaled in [true, false] {
                for (mask, after_softmax) in [
                    (Mask::All, false),
                    (Mask::UpToOwn, false),
                    (Mask::FromOwn, false),
                    (Mask::UpToOwn, true),
                    (Mask::FromOwn, true),
                ] {
                    forms.push(Form { roles, out, heads, scaled, mask, after_softmax });
                }
            }
        }
    }
    forms
}
