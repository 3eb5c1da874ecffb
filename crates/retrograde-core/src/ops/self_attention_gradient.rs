//! `self_attention_gradient`: the gradient of [`self_attention`](super::self_attention), which gradients of it record.
//!
//! x: `[n, positions, 3 · width]`, padding: `[n, positions]` or none, the gradient of the output: `[n, positions, width]`, y like x. With
//! P = softmax(Q·Kᵀ/√d) in each head: y = (S·K/√d, Sᵀ·Q/√d, Pᵀ·G), where S = P∘(G·Vᵀ − Σ P∘(G·Vᵀ)) with the sum over each row. The
//! scores are not stored, and made again.
//!
//! Derivative: by matrix products and a softmax, which store them. With respect to the padding it is zero wherever it exists, and taken
//! as zero at 0, where y jumps.

use super::attention::{AttentionOptions, SelfAttention, negative};
use super::entry::{Entry, InputSpec, InvalidCase, Kink, OpCase};
use crate::graph::{Tensor, Type, Var};

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "self_attention_gradient",
    summary: "The gradient of self-attention by its queries, keys and values.",
    formula: "y = (s · k / √d, sᵀ · q / √d, pᵀ · c) with p = softmax(q · kᵀ / √d), s = p * (c · vᵀ - sum(p * (c · vᵀ)))",
    derivative: "da, dc: the derivatives of these products, db = 0",
    cases: || {
        let of = |[n, positions, all]: [usize; 3], record| {
            let operands = [[n, positions, all], [n, positions, all / 3]];
            OpCase::new(operands.map(InputSpec::real), record)
        };
        vec![
            of([1, 1, 3], |v| v[0].self_attention_gradient(None, &v[1], AttentionOptions::new(1))),
            of([2, 4, 12], |v| v[0].self_attention_gradient(None, &v[1], AttentionOptions::new(2))),
            of([2, 4, 12], |v| v[0].self_attention_gradient(None, &v[1], causal(2))),
            of([1, 34, 3], |v| v[0].self_attention_gradient(None, &v[1], causal(1))),
            of([2, 0, 6], |v| v[0].self_attention_gradient(None, &v[1], causal(1))),
            OpCase::new(
                [InputSpec::real([2, 4, 6]), InputSpec::between([2, 4], 1.0, 2.0), InputSpec::real([2, 4, 2])],
                |v| v[0].self_attention_gradient(Some(&v[1]), &v[2], causal(2)),
            ),
            OpCase::new(
                [InputSpec::real([3, 4, 6]), InputSpec::real([3, 4]), InputSpec::real([3, 4, 2])],
                |v| v[0].self_attention_gradient(Some(&negative(&v[1])), &v[2], AttentionOptions::new(1)),
            ),
        ]
    },
    kinks: || {
        let x = |rows: [[f64; 3]; 2]| Tensor::new([1, 2, 3], rows.concat()).expect("two positions");
        let g = |rows: [f64; 2]| Tensor::new([1, 2, 1], rows.to_vec()).expect("two positions");
        vec![Kink {
            at: vec![x([[0.0, 1.0, 0.0], [0.0, 2.0, 1.0]]), Tensor::from([[0.0, 0.0]]), g([1.0, 3.0])],
            record: |v| v[0].self_attention_gradient(Some(&v[1]), &v[2], AttentionOptions::new(1)),
            slopes: vec![x([[0.0, -1.0, -1.0], [0.0, 1.0, 1.0]]), Tensor::from([[0.0, 0.0]]), g([1.25, 1.25])],
        }]
    },
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([2, 5, 12]), Type::real([2, 5, 12])],
                record: |v| v[0].self_attention_gradient(None, &v[1], AttentionOptions::new(2)),
                mentions: &["[2, 5, 12]", "[2, 5, 4]"],
            },
            InvalidCase {
                types: vec![Type::real([5, 12]), Type::real([5, 4])],
                record: |v| v[0].self_attention_gradient(None, &v[1], AttentionOptions::new(2)),
                mentions: &["[5, 12]", "2 axes"],
            },
        ]
    },
};

fn causal(heads: usize) -> AttentionOptions {
    AttentionOptions { causal: true, ..AttentionOptions::new(heads) }
}

impl Var {
    /// The gradient of [`self_attention`](Self::self_attention), given that of the output.
    #[track_caller]
    pub(crate) fn self_attention_gradient(
        &self,
        padding: Option<&Var>,
        upstream: &Var,
        options: AttentionOptions,
    ) -> Var {
        let operation = SelfAttention::new(&self.shape_or_scalar(), options, true, padding.is_some());
        let mut others: Vec<&Var> = padding.into_iter().collect();
        others.push(upstream);
        self.record(operation, &others, std::panic::Location::caller())
    }
}
