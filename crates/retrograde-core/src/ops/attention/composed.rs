//! Self-attention by matrix products and a softmax: its decomposition, and that of its gradient. Both have the matrix of scores in
//! memory.

use crate::graph::{Tensor, Var};
use crate::kernel::attention::Geometry;

/// The score of padding. Its weight is 0 in either precision; a row of nothing but padding has finite scores.
const PADDED: f64 = -1e30;

/// The score of later positions. It is below [`PADDED`], so that a position with nothing but padding before it does not see
/// later ones either.
const LATER: f64 = -2e30;

/// Queries, keys and values as `[rows, heads, positions, width of a head]`, and the weights.
pub(super) struct Composed {
    geometry: Geometry,
    queries: Var,
    keys: Var,
    values: Var,
    /// Not 0 where a key is padding, `[rows, heads, positions, positions]`.
    padding: Option<Var>,
    pub(super) weights: Var,
}

impl Composed {
    /// Of queries, keys and values `[rows, positions, 3 · heads · width]`, and padding `[rows, positions]`.
    #[track_caller]
    pub(super) fn new(x: &Var, padding: Option<&Var>, geometry: Geometry) -> Self {
        let &Geometry { samples, positions, heads, .. } = &geometry;
        let scores_shape = [samples, heads, positions, positions];
        let [queries, keys, values] = parts(x, &geometry);
        let mut scores = scale(&geometry) * queries.matmul_t(&keys);
        let mut mask = None;
        if let Some(padding) = padding {
            let padding = padding.reshape([samples, 1, 1, positions]).broadcast(scores_shape);
            scores = padding.select(&x.graph().full(scores_shape, PADDED), &scores);
            mask = Some(padding);
        }
        if geometry.causal {
            let places = Tensor::from_fn([positions], |place| place as f64);
            scores = match places {
                Ok(places) => {
                    let places = x.graph().constant(places);
                    let of_queries = places.reshape([positions, 1]).broadcast(scores_shape);
                    let is_later = places.broadcast(scores_shape).greater(&of_queries);
                    is_later.select(&x.graph().full(scores_shape, LATER), &scores)
                }
                Err(error) => x.graph().error_node(error),
            };
        }
        let weights = scores.softmax(3);
        Composed { geometry, queries, keys, values, padding: mask, weights }
    }

    /// The output, `[rows, positions, heads · width]`.
    #[track_caller]
    pub(super) fn output(&self) -> Var {
        self.joined(&self.weights.matmul(&self.values))
    }

    /// The gradient of queries, keys and values, beside each other as they are given.
    #[track_caller]
    pub(super) fn gradient(&self, upstream: &Var) -> Var {
        let upstream = self.head_by_head(upstream);
        let to_weights = upstream.matmul_t(&self.values);
        let to_scores = self.to_scores(&to_weights);
        let scale = scale(&self.geometry);
        let to_queries = scale * to_scores.matmul(&self.keys);
        let to_keys = scale * to_scores.t_matmul(&self.queries);
        self.beside([&to_queries, &to_keys, &self.weights.t_matmul(&upstream)])
    }

    /// The gradients of Σ along · [`gradient`](Self::gradient)(upstream), by queries, keys and values and by `upstream`, where they
    /// are `needed`.
    ///
    /// Σ along · gradient(upstream) = Σ upstream · Ȯ, where Ȯ is the derivative of the output in the direction `along` = (Q̇, K̇, V̇):
    /// Ṡ = scale · (Q̇·Kᵀ + Q·K̇ᵀ), Ṗ = P∘(Ṡ − Σ P∘Ṡ), Ȯ = Ṗ·V + P·V̇. That is the gradient by `upstream`; the others are the
    /// gradients of this sum.
    #[track_caller]
    pub(super) fn second_order(&self, upstream: &Var, along: &Var, needed: [bool; 2]) -> [Option<Var>; 2] {
        let Composed { geometry, queries, keys, values, weights, .. } = self;
        let upstream = self.head_by_head(upstream);
        let [along_queries, along_keys, along_values] = parts(along, geometry);
        let scale = scale(geometry);
        let scores = self.unpadded(&(scale * (along_queries.matmul_t(keys) + queries.matmul_t(&along_keys))));
        let centred = &scores - self.mean(&scores);
        let along_weights = weights * &centred;
        let by_upstream = || self.joined(&(along_weights.matmul(values) + weights.matmul(&along_values)));
        let by_x = || {
            let to_weights = upstream.matmul_t(values);
            // The gradient by Ṡ, and that by P.
            let to_along = self.to_scores(&to_weights);
            let mean = self.mean(&to_weights);
            let to_weights = &to_weights * &centred - &mean * &scores + upstream.matmul_t(&along_values);
            let to_scores = self.to_scores(&to_weights);
            let to_queries = scale * (to_scores.matmul(keys) + to_along.matmul(&along_keys));
            let to_keys = scale * (to_scores.t_matmul(queries) + to_along.t_matmul(&along_queries));
            self.beside([&to_queries, &to_keys, &along_weights.t_matmul(&upstream)])
        };
        [needed[0].then(by_x), needed[1].then(by_upstream)]
    }

    /// The gradient of scores, before they are scaled, from that of the weights.
    #[track_caller]
    fn to_scores(&self, to_weights: &Var) -> Var {
        self.unpadded(&(&self.weights * (to_weights - self.mean(to_weights))))
    }

    /// Zero where a key is padding, whose score is a constant.
    #[track_caller]
    fn unpadded(&self, x: &Var) -> Var {
        match &self.padding {
            Some(padding) => padding.select(&x.graph().full(x.shape_or_scalar(), 0.0), x),
            None => x.clone(),
        }
    }

    /// The weighted mean of each row, for each of its elements.
    #[track_caller]
    fn mean(&self, x: &Var) -> Var {
        (&self.weights * x).sum([3]).expand(&[3], &x.shape_or_scalar())
    }

    /// `[rows, positions, heads · width]` as `[rows, heads, positions, width]`.
    #[track_caller]
    fn head_by_head(&self, x: &Var) -> Var {
        let Geometry { samples, positions, heads, width, .. } = self.geometry;
        x.reshape([samples, positions, heads, width]).transpose([0, 2, 1, 3])
    }

    /// The other way.
    #[track_caller]
    fn joined(&self, x: &Var) -> Var {
        let Geometry { samples, positions, heads, width, .. } = self.geometry;
        x.transpose([0, 2, 1, 3]).reshape([samples, positions, heads * width])
    }

    #[track_caller]
    fn beside(&self, parts: [&Var; 3]) -> Var {
        let [queries, keys, values] = parts;
        self.joined(queries).concat(&[&self.joined(keys), &self.joined(values)], 2)
    }
}

/// 1/√width.
fn scale(geometry: &Geometry) -> f64 {
    1.0 / (geometry.width.max(1) as f64).sqrt()
}

/// Queries, keys and values, each `[rows, heads, positions, width]`.
#[track_caller]
fn parts(x: &Var, geometry: &Geometry) -> [Var; 3] {
    let &Geometry { samples, positions, heads, width, .. } = geometry;
    let split = x.reshape([samples, positions, 3, heads, width]).transpose([2, 0, 3, 1, 4]);
    let [first, second, third] = [0..=0, 1..=1, 2..=2];
    let shape = [samples, heads, positions, width];
    [
        split.slice(0, first).reshape(shape),
        split.slice(0, second).reshape(shape),
        split.slice(0, third).reshape(shape),
    ]
}
