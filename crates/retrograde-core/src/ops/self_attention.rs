//! `self_attention`: scaled dot-product attention with several heads, of each position of a sequence to the others.
//!
//! x: `[n, positions, 3 · width]`: queries Q, keys K and values V beside each other, each head by head; y: `[n, positions, width]`. In
//! each head of d numbers, y = softmax(Q·Kᵀ/√d)·V (Vaswani et al., 2017), PyTorch's `scaled_dot_product_attention`. A second operand
//! `[n, positions]` is not 0 where a position is padding, to which none attends; where there is nothing else, to all of it alike.
//!
//! Derivative: [`self_attention_gradient`](super::self_attention_gradient) of the upstream gradient. With respect to the padding it is
//! zero wherever it exists, and taken as zero at 0, where y jumps. Neither has the scores in memory, `positions²` for each head.

use super::attention::{self, AttentionOptions, SelfAttention, by_products, negative};
use super::entry::{Entry, InputSpec, InvalidCase, Kink, OpCase};
use crate::graph::{Tensor, Type, Var};

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "self_attention",
    summary: "The attention of each position of a sequence to the others, with several heads.",
    formula: "y = softmax(q · kᵀ / √d) · v, with q, k, v the thirds of a in each head, and no k where b is not 0",
    derivative: "da = self_attention_gradient(a, b, g), db = 0",
    cases: || {
        let of = |x: [usize; 3], record| OpCase::new([InputSpec::real(x)], record);
        // The padding is made of a second operand, since steps of differences would cross its jump.
        let padded = |x: [usize; 3], record, reference| {
            OpCase::new([InputSpec::real(x), InputSpec::real([x[0], x[1]])], record).with_reference(reference)
        };
        vec![
            of([1, 1, 3], |v| v[0].self_attention(AttentionOptions::new(1))),
            of([2, 5, 12], |v| v[0].self_attention(AttentionOptions::new(2))),
            of([2, 5, 12], |v| v[0].self_attention(AttentionOptions { causal: true, ..AttentionOptions::new(2) })),
            of([1, 35, 6], |v| v[0].self_attention(AttentionOptions { causal: true, ..AttentionOptions::new(1) })),
            of([1, 34, 6], |v| v[0].self_attention(AttentionOptions::new(2))),
            of([0, 3, 6], |v| v[0].self_attention(AttentionOptions::new(1))),
            of([2, 0, 6], |v| v[0].self_attention(AttentionOptions::new(1))),
            of([2, 3, 0], |v| v[0].self_attention(AttentionOptions::new(2))),
            padded(
                [3, 4, 12],
                |v| v[0].self_attention_padded(&negative(&v[1]), AttentionOptions::new(2)),
                |v| by_products(&v[0], &negative(&v[1]), AttentionOptions::new(2)),
            ),
            padded(
                [3, 6, 6],
                |v| v[0].self_attention_padded(&negative(&v[1]), causal()),
                |v| by_products(&v[0], &negative(&v[1]), causal()),
            ),
            // Nothing but padding.
            OpCase::new([InputSpec::real([1, 1, 3]), InputSpec::between([1, 1], 1.0, 2.0)], |v| {
                v[0].self_attention_padded(&v[1], causal())
            }),
            OpCase::new([InputSpec::real([2, 3, 6]), InputSpec::between([2, 3], 1.0, 2.0)], |v| {
                v[0].self_attention_padded(&v[1], causal())
            }),
        ]
    },
    kinks: || {
        let x = |rows: [[f64; 3]; 2]| Tensor::new([1, 2, 3], rows.concat()).expect("two positions");
        vec![Kink {
            at: vec![x([[0.0, 0.0, 1.0], [0.0, 0.0, 3.0]]), Tensor::from([[0.0, 0.0]])],
            record: |v| v[0].self_attention_padded(&v[1], AttentionOptions::new(1)),
            slopes: vec![x([[0.0, 0.0, 1.0]; 2]), Tensor::from([[0.0, 0.0]])],
        }]
    },
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([5, 12])],
                record: |v| v[0].self_attention(AttentionOptions::new(2)),
                mentions: &["[5, 12]", "2 axes", "[rows, positions, 3 · width]"],
            },
            InvalidCase {
                types: vec![Type::real([2, 5, 10])],
                record: |v| v[0].self_attention(AttentionOptions::new(2)),
                mentions: &["[2, 5, 10]", "multiple of 3"],
            },
            InvalidCase {
                types: vec![Type::real([2, 5, 12])],
                record: |v| v[0].self_attention(AttentionOptions::new(3)),
                mentions: &["3 heads", "width 4", "[2, 5, 12]"],
            },
            InvalidCase {
                types: vec![Type::real([2, 5, 12])],
                record: |v| v[0].self_attention(AttentionOptions::new(0)),
                mentions: &["0 heads", "[2, 5, 12]"],
            },
            InvalidCase {
                types: vec![Type::real([2, 5, 12]), Type::real([5, 2])],
                record: |v| v[0].self_attention_padded(&v[1], AttentionOptions::new(2)),
                mentions: &["[5, 2]", "[2, 5]"],
            },
            InvalidCase {
                types: vec![Type::index([2, 5, 12])],
                record: |v| v[0].self_attention(AttentionOptions::new(2)),
                mentions: &["indices"],
            },
        ]
    },
};

fn causal() -> AttentionOptions {
    AttentionOptions { causal: true, ..AttentionOptions::new(1) }
}

impl Var {
    /// The attention of each position to all, or in causal attention to no later ones: of queries, keys and values beside each other,
    /// each head by head, `[n, positions, 3 · width]`, `[n, positions, width]`. The scores, `positions²` for each head, are not
    /// stored.
    ///
    /// ```
    /// use retrograde::ops::AttentionOptions;
    ///
    /// let graph = retrograde::Graph::new();
    /// let projected = graph.input("projected", [2, 1024, 3 * 128]);
    /// let options = AttentionOptions { causal: true, ..AttentionOptions::new(4) };
    /// assert_eq!(*projected.self_attention(options).shape(), [2, 1024, 128]);
    /// ```
    #[track_caller]
    pub fn self_attention(&self, options: AttentionOptions) -> Var {
        let operation = SelfAttention::new(&self.shape_or_scalar(), options, false, false);
        self.record(operation, &[], std::panic::Location::caller())
    }

    /// As [`self_attention`](Self::self_attention), and no position attends to padding: `padding` is `[n, positions]`, not 0 where a
    /// position is padding. The output of a row of nothing but padding is a mean of its values.
    #[track_caller]
    pub fn self_attention_padded(&self, padding: &Var, options: AttentionOptions) -> Var {
        let operation = SelfAttention::new(&self.shape_or_scalar(), options, false, true);
        self.record(operation, &[padding], std::panic::Location::caller())
    }

    /// The weights with which each position attends to each in [`self_attention`](Self::self_attention): `[n, heads, positions,
    /// positions]`. Each row sums to 1.
    #[track_caller]
    pub fn self_attention_weights(&self, padding: Option<&Var>, options: AttentionOptions) -> Var {
        match attention::weights(self, padding, options) {
            Some(weights) => weights,
            // Its shape rule says what does not fit.
            None => self.self_attention(options),
        }
    }
}
