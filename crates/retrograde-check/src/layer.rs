//! The check of a single layer or loss written by hand.

use super::control::{limited, scope};
use super::examine::{Examined, examine, examine_at};
use super::loss_layer::LossAsLayer;
use super::message::text;
use super::observe::Inputs;
use super::report::place;
use super::{Cause, Report, Verdict, batch};
use retrograde_base::Result;
use retrograde_textbook::{Labels, Layer, LossLayer, Tensor};

/// Checks the gradients of a layer's input and of each parameter: at `x`, at random inputs of its shape and, if the layer
/// takes them, with other numbers of samples, each with a random upstream gradient.
///
/// The layer keeps the values of its parameters; its state is that of the last call of the check.
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
/// If `x` has no element, or the layer returns an error.
pub fn layer(layer: &mut dyn Layer, x: &Tensor) -> Result<Report> {
    layer_named(layer, x, "x")
}

/// [`layer`] with a name for the input other than `x`.
///
/// # Errors
///
/// As [`layer`].
pub fn layer_named(layer: &mut dyn Layer, x: &Tensor, input: &str) -> Result<Report> {
    let name = layer.name().to_owned();
    scope(|| {
        let examined = examine_at(layer, (&name, input), (x, Inputs::Random), None, &[])?;
        Ok(report_of(&name, examined))
    })
}

/// Checks a single loss in the same way, with `logits` and `labels`. For other numbers of rows the labels are repeated
/// cyclically.
///
/// # Errors
///
/// If there are no logits, or the loss returns an error.
pub fn loss(loss: &mut dyn LossLayer, logits: &Tensor, labels: &Labels) -> Result<Report> {
    scope(|| loss_within(loss, logits, labels))
}

fn loss_within(loss: &mut dyn LossLayer, logits: &Tensor, labels: &Labels) -> Result<Report> {
    let name = loss.name().to_owned();
    let mut layer = LossAsLayer { loss: &mut *loss, labels: labels.clone() };
    let mut examined = examine(&mut layer, &name, logits, Some(labels))?;
    end_of_the_graph(&mut examined);
    if !examined.findings.iter().any(|finding| finding.verdict.is_wrong())
        && examined.layer.verdict != Verdict::NotDeterministic
        && let Some(found) = batch::of_loss(loss, &name, logits, labels, examined.precision)
    {
        examined.layer.verdict = Verdict::Wrong;
        examined.findings.insert(0, found);
    }
    Ok(report_of(&name, examined))
}

/// A loss is the end of the graph, where the upstream gradient is 1: ignoring it is right there.
fn end_of_the_graph(examined: &mut Examined) {
    let wrong = || examined.findings.iter().filter(|found| found.verdict.is_wrong());
    if wrong().count() == 0 || !wrong().all(|found| found.cause == Some(Cause::DoutIgnored)) {
        return;
    }
    for found in examined.findings.iter_mut().filter(|found| found.verdict.is_wrong()) {
        *found = found.clone().harmless([text!("harmless-end"), text!("matters-scaled")]);
    }
    examined.layer.verdict = Verdict::Together;
    for block in examined.layer.blocks.iter_mut().filter(|block| block.verdict.is_wrong()) {
        block.verdict = Verdict::Together;
    }
}

pub(super) fn report_of(name: &str, examined: Examined) -> Report {
    let Examined { layer, findings, mut method, .. } = examined;
    method.extend(limited());
    let verdict = Verdict::of_all([layer.verdict]);
    Report { subject: place(name), verdict, layers: vec![layer], blocks: Vec::new(), findings, method }
}
