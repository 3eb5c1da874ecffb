//! The backward of an attention, with up to two mistakes.

use ndarray::{Array2, Axis};

use super::form::{Form, Head, Mask};
use crate::Message;
use crate::message::text;

/// Variants of the backward of P: the NumPy expression and the function. The first is right.
type Softmax = (&'static str, fn(&Array2<f64>, &Array2<f64>) -> Array2<f64>);

const SOFTMAX: [Softmax; 5] = [
    ("P · (dP − Σ dP · P)", |p, d| p * &(d - &(p * d).sum_axis(Axis(1)).insert_axis(Axis(1)))),
    ("P · dP", |p, d| p * d),
    ("P · (1 − P) · dP", |p, d| p * d * p.mapv(|p| 1.0 - p)),
    ("P · (dP − Σ dP)", |p, d| p * &(d - &d.sum_axis(Axis(1)).insert_axis(Axis(1)))),
    ("P · (dP − Σ_columns dP · P)", |p, d| p * &(d - &(p * d).sum_axis(Axis(0)).insert_axis(Axis(0)))),
];

/// The gradients of the query, the key and the value; the first of each is right.
const QUERY: [&str; 2] = ["s · dS · k", ""];
const KEY: [&str; 3] = ["s · dSᵀ · q", "", "s · dS · q"];
const VALUE: [&str; 3] = ["Pᵀ · dout", "", "P · dout"];

/// The number of variants of the scale: s, missing, s twice.
const SCALES: usize = 3;

/// What backward does with the mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Masked {
    Right,
    /// P is computed again, with this mask of the scores.
    Again(Mask),
    /// The gradient of the scores is multiplied by this mask.
    Scores(Mask),
    /// The gradient of P is not multiplied by a mask after the softmax.
    NotInGradient,
    /// Nothing is multiplied by a mask after the softmax.
    Nowhere,
    /// A mask after the softmax is treated as one before it.
    AsBefore,
}

impl Masked {
    /// All that backward may do with the mask of a form, the right first.
    fn all(form: &Form) -> Vec<Masked> {
        let mut all = vec![Masked::Right];
        all.extend(match (form.mask, form.after_softmax) {
            (_, true) => vec![Masked::NotInGradient, Masked::Nowhere, Masked::AsBefore],
            (Mask::All, _) => [Mask::UpToOwn, Mask::FromOwn]
                .into_iter()
                .flat_map(|mask| [Masked::Again(mask), Masked::Scores(mask)])
                .collect(),
            (mask, _) => vec![
                Masked::Again(Mask::All),
                Masked::Again(mask.transposed()),
                Masked::Scores(mask.transposed()),
            ],
        });
        all
    }
}

/// One variant of backward: an index into each list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    softmax: usize,
    query: usize,
    key: usize,
    value: usize,
    scale: usize,
    masked: Masked,
}

impl Written {
    pub const RIGHT: Written =
        Written { softmax: 0, query: 0, key: 0, value: 0, scale: 0, masked: Masked::Right };

    /// All variants with one or two mistakes, those with one first.
    pub fn all(form: &Form) -> Vec<Written> {
        let mut all = vec![Written::RIGHT];
        let mut vary = |count: usize, change: &dyn Fn(&mut Written, usize)| {
            let before = all.clone();
            for at in 1..count {
                all.extend(before.iter().map(|written| {
                    let mut written = *written;
                    change(&mut written, at);
                    written
                }));
            }
        };
        let masks = Masked::all(form);
        vary(SOFTMAX.len(), &|written, at| written.softmax = at);
        vary(QUERY.len(), &|written, at| written.query = at);
        vary(KEY.len(), &|written, at| written.key = at);
        vary(VALUE.len(), &|written, at| written.value = at);
        vary(if form.scaled { SCALES } else { 1 }, &|written, at| written.scale = at);
        vary(masks.len(), &|written, at| written.masked = masks[at]);
        all.retain(|written| (1..=2).contains(&written.mistakes()));
        all.sort_by_key(|written| written.mistakes());
        all
    }

    fn mistakes(self) -> usize {
        let indices = [self.softmax, self.query, self.key, self.value, self.scale];
        indices.iter().filter(|at| **at > 0).count() + usize::from(self.masked != Masked::Right)
    }

    /// The gradients of the query, the key and the value of a head.
    pub fn gradients(self, form: &Form, head: &Head) -> Option<[Array2<f64>; 3]> {
        let (q, k, v, dout) = (&head.q, &head.k, &head.v, &head.dout);
        // Some mistakes fit the shapes only where there are as many queries as keys.
        let is_square = q.nrows() == k.nrows();
        (is_square || (self.key < 2 && self.value < 2 && self.masked == Masked::Right)).then_some(())?;
        let [mut p, mut seen] = form.forward_weights(head);
        if let Masked::Again(mask) = self.masked {
            p = form.weights(head, mask);
            seen.clone_from(&p);
        }
        let mut dp = dout.dot(&v.t());
        match self.masked {
            Masked::NotInGradient => {}
            Masked::Nowhere => seen.clone_from(&p),
            Masked::AsBefore => p.clone_from(&seen),
            _ if form.after_softmax => dp = form.mask.apply(&dp, 0.0),
            _ => {}
        }
        let mut ds = SOFTMAX[self.softmax].1(&p, &dp);
        if let Masked::Scores(mask) = self.masked {
            ds = mask.apply(&ds, 0.0);
        }
        let scale = form.scale(head);
        ds *= [scale, 1.0, scale * scale][self.scale];
        let dq = if self.query == 0 { ds.dot(k) } else { Array2::zeros(q.raw_dim()) };
        let dk = match self.key {
            0 => ds.t().dot(q),
            1 => Array2::zeros(k.raw_dim()),
            _ => ds.dot(q),
        };
        let dv = match self.value {
            0 => seen.t().dot(dout),
            1 => Array2::zeros(v.raw_dim()),
            _ => seen.dot(dout),
        };
        Some([dq, dk, dv])
    }

    /// The formula.
    pub fn formula(self, form: &Form) -> String {
        let all = [QUERY[self.query], KEY[self.key], VALUE[self.value]];
        let gradients = if form.is_of_input() {
            let all: Vec<String> =
                all.iter().filter(|one| !one.is_empty()).map(|one| one.replace(['q', 'k'], "x")).collect();
            if all.is_empty() { "0".to_owned() } else { all.join(" + ") }
        } else {
            let named = ["dq", "dk", "dv"].iter().zip(all);
            let zero = |one: &'static str| if one.is_empty() { "0" } else { one };
            named.map(|(name, one)| format!("{name} = {}", zero(one))).collect::<Vec<_>>().join(", ")
        };
        let gradients = match self.scale {
            0 => gradients,
            1 => gradients.replace("s · ", ""),
            _ => gradients.replace("s · ", "s² · "),
        };
        format!("{gradients}, dS = {}{}", SOFTMAX[self.softmax].0, self.mask_formula(form))
    }

    /// The formula of what the mask is applied to.
    fn mask_formula(self, form: &Form) -> &'static str {
        match self.masked {
            Masked::Right if form.mask == Mask::All => "",
            Masked::Right if form.after_softmax => ", P = mask · softmax(S), dP = mask · (dout · vᵀ)",
            Masked::Right => ", P = softmax(where(mask, S, −∞))",
            Masked::Again(Mask::All) => ", P = softmax(S)",
            Masked::Again(_) if form.mask == Mask::All => ", P = softmax(where(mask, S, −∞))",
            Masked::Again(_) => ", P = softmax(where(maskᵀ, S, −∞))",
            Masked::Scores(_) if form.mask == Mask::All => " · mask",
            Masked::Scores(_) => " · maskᵀ",
            Masked::NotInGradient => ", P = mask · softmax(S), dP = dout · vᵀ",
            Masked::Nowhere => ", P = softmax(S), dP = dout · vᵀ",
            Masked::AsBefore => " with P = mask · softmax(S) everywhere",
        }
    }

    /// The mistakes, in words.
    pub fn said(self, form: &Form) -> Vec<Message> {
        let mut said = Vec::new();
        if self.softmax > 0 {
            said.push(text!("attention-softmax", code = SOFTMAX[self.softmax].0));
        }
        for (at, role, of) in [
            (self.query, "query", QUERY[self.query]),
            (self.key, "key", KEY[self.key]),
            (self.value, "value", VALUE[self.value]),
        ] {
            let of = if form.is_of_input() { of.replace(['q', 'k'], "x") } else { of.to_owned() };
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
        match self.masked {
            Masked::Right => {}
            Masked::Again(Mask::All) => said.push(text!("attention-mask_forgotten")),
            Masked::Again(_) | Masked::Scores(_) if form.mask == Mask::All => {
                said.push(text!("attention-mask_in_backward"));
            }
            Masked::Again(_) | Masked::Scores(_) => said.push(text!("attention-mask_transposed")),
            Masked::NotInGradient | Masked::Nowhere => said.push(text!("attention-mask_after")),
            Masked::AsBefore => said.push(text!("attention-mask_before")),
        }
        said
    }
}
