//! Attention, recognized by its outputs (`form`). The causes are edits of its backward (`written`): a wrong term, a role
//! without its gradient, the scale, the mask.
//!
//! ```text
//! forward    S = s · q · kᵀ,  P = softmax(S) along each row, with S masked before it or P after it,  out = P · v
//! backward   dP = dout · vᵀ,  dS = P · (dP − Σ dP · P),  dq = s · dS · k,  dk = s · dSᵀ · q,  dv = Pᵀ · dout
//! ```
//!
//! A mask before the softmax makes P 0, and with it dS: a backward that applies it again, or does not, is right.

mod form;
mod written;

use super::{Case, Diagnosis};
use crate::Cause;
use form::{Form, Mask};
use retrograde_textbook::Layer;
use written::Written;

/// Attention with one or two mistakes in its backward.
pub(super) fn terms(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.labels.is_some() {
        return None;
    }
    let form = Form::recognize(case)?;
    for written in Written::all(&form) {
        let fit = case.fit(|probed| {
            let predicted = form.gradient(probed, |head| written.gradients(&form, head))?;
            // Only elements with differences are compared.
            Some(predicted + &probed.truth * 0.0)
        });
        let Some(predicted) = fit else { continue };
        let found = Diagnosis::new(Cause::AttentionTerm { code: written.formula(&form) }, predicted)
            .with("scale", if form.scaled { "1/√D" } else { "1" })
            .with(
                "mask",
                match (form.mask, form.after_softmax) {
                    (Mask::All, _) => "none",
                    (_, true) => "after",
                    _ => "before",
                },
            )
            .with("right", Written::RIGHT.formula(&form))
            .with("mistakes", written.said(&form));
        return Some(if form.is_of_input() { found } else { found.with_text("attention_term-general") });
    }
    None
}
