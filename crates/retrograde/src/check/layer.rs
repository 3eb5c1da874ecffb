//! The check of one layer or one loss, written by hand.

use super::examine::{Examined, examine};
use super::loss_layer::LossAsLayer;
use super::{Report, Verdict, batch};
use crate::Result;
use crate::textbook::{Labels, Layer, LossLayer, Tensor};

/// Checks a layer alone: with `x`, with random inputs of its shape and with other numbers of rows, each with a random
/// gradient from above, for its input and for each parameter.
///
/// The layer keeps its parameters' values; what it remembers of the last call is another afterwards.
///
/// ```
/// use retrograde::check::{self, Verdict};
/// use retrograde::textbook::{Sigmoid, Tensor};
///
/// let report = check::layer(&mut Sigmoid::new(), &Tensor::zeros(vec![3, 4]))?;
/// assert_eq!(report.verdict, Verdict::Right);
/// # Ok::<(), retrograde::Error>(())
/// ```
///
/// # Errors
///
/// When `x` has no element, or the layer refuses it.
pub fn layer(layer: &mut dyn Layer, x: &Tensor) -> Result<Report> {
    let name = layer.name().to_owned();
    Ok(report(&name, examine(layer, &name, x, None)?))
}

/// Checks a loss alone, in the same way, with `logits` and `labels`. For other numbers of rows the labels are taken in
/// turn.
///
/// # Errors
///
/// When there are no logits, or the loss refuses them.
pub fn loss(loss: &mut dyn LossLayer, logits: &Tensor, labels: &Labels) -> Result<Report> {
    let name = loss.name().to_owned();
    let mut layer = LossAsLayer { loss: &mut *loss, labels: labels.clone() };
    let mut examined = examine(&mut layer, &name, logits, Some(labels))?;
    if !examined.findings.iter().any(|finding| finding.verdict.is_wrong())
        && examined.station.verdict != Verdict::NotDeterministic
        && let Some(found) = batch::of_loss(loss, &name, logits, labels)
    {
        examined.station.verdict = Verdict::Wrong;
        examined.findings.insert(0, found);
    }
    Ok(report(&name, examined))
}

fn report(name: &str, examined: Examined) -> Report {
    let Examined { station, findings, method, .. } = examined;
    let verdict = Verdict::of_all([station.verdict]);
    Report { subject: name.to_owned(), verdict, layers: vec![station], blocks: Vec::new(), findings, method }
}
