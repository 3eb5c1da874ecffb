//! A parameter's gradient in the whole network: the loss differentiated, and what of a difference the parameter's own
//! value explains.

use super::causes::decay;
use super::evidence::finding;
use super::jacobian::columns;
use super::probe::random;
use super::slopes::slopes;
use super::{Comparison, Evidence, Finding, Formulas, Severity, Verdict};
use crate::textbook::{Labels, Network, Tensor};
use crate::{Error, Result};

/// Elements of a parameter to differentiate the whole network in; smaller parameters are differentiated in whole.
const ELEMENTS: usize = 96;

/// A parameter in the row.
pub(super) struct InRow {
    pub comparison: Comparison,
    /// The elements away from kinks.
    elements: Vec<Element>,
}

struct Element {
    value: f64,
    /// What the claimed gradient lacks.
    missing: f64,
    tolerance: f64,
}

impl InRow {
    /// The λ with which the gradient lacks λ times the parameter's value, if it lacks just that.
    fn decay(&self) -> Option<f64> {
        let (top, bottom) = (self.elements.iter())
            .fold((0.0, 0.0), |(top, bottom), e| (top + e.missing * e.value, bottom + e.value * e.value));
        let lambda = top / bottom;
        let fits = |e: &Element| (e.missing - lambda * e.value).abs() <= e.tolerance;
        let tells = |e: &&Element| (lambda * e.value).abs() > 3.0 * e.tolerance;
        let all = lambda.is_finite() && self.elements.iter().all(fits);
        (all && self.elements.len() >= 3 && self.elements.iter().filter(tells).count() >= 2).then_some(lambda)
    }
}

/// Weight decay that is in the loss and not in the gradient, or the reverse, if that explains all wrong parameters of a
/// network whose layers are right.
pub(super) fn weight_decay(rows: &[InRow]) -> Option<Vec<Finding>> {
    let mut findings: Vec<Finding> = Vec::new();
    for row in rows.iter().filter(|row| row.comparison.verdict.is_wrong()) {
        let name = &row.comparison.block;
        let diagnosis = decay(row.decay()?, name, Vec::new());
        if let Some(known) = findings.iter_mut().find(|known| known.cause.as_ref() == Some(&diagnosis.cause))
        {
            known.blocks.push(name.clone());
            continue;
        }
        let mut found =
            finding(Severity::Fault, Verdict::Wrong, "network", vec![name.clone()], diagnosis.sentence);
        found.sentence = format!("Every layer is right by itself. {}", found.sentence);
        found.cause = Some(diagnosis.cause);
        found.formulas = diagnosis.formulas.map(|(code, right)| Formulas { code, right });
        found.help = Some(diagnosis.help);
        found.consequence = Some(diagnosis.consequence);
        found.evidence.push(Evidence::stating(format!(
            "What the gradient lacks is the same multiple of the value in all of {} elements of {name}.",
            row.elements.len()
        )));
        findings.push(found);
    }
    (!findings.is_empty()).then_some(findings)
}

/// A parameter's gradient in the whole network.
pub(super) fn in_row(
    network: &mut Network,
    inputs: &[Tensor],
    labels: &Labels,
    parameter: &str,
    shown: &str,
    claimed: &Tensor,
    (noise, precision): (f64, f64),
) -> Result<InRow> {
    let (layer_name, own_name) = parameter.split_once('.').unwrap_or((parameter, ""));
    let position = network.layers_mut().position(|(other, _)| other == layer_name).ok_or_else(|| {
        Error::invalid("network", format!("there is no layer {layer_name}"), "name one of its layers")
    })?;
    let values = network.parameter_mut(parameter)?.to_owned();
    let shape = values.shape().to_vec();
    if claimed.shape() != shape {
        let comparison = Comparison::new(shown, &shape, &[], &[], Verdict::Wrong);
        return Ok(InRow { comparison, elements: Vec::new() });
    }
    let columns = columns(&shape, ELEMENTS.max(if shape.len() < 2 { 512 } else { 0 }), &mut random(3));
    let loss_at = |network: &mut Network, element: usize, value: f64| -> Result<f64> {
        let put = |network: &mut Network, value: f64| -> Result<()> {
            let (_, layer) = network.layers_mut().nth(position).expect("a position of a layer");
            if let Some(place) = layer.parameter(own_name)?.value.iter_mut().nth(element) {
                *place = value;
            }
            Ok(())
        };
        let original = *values.iter().nth(element).expect("an element of the parameter");
        put(network, value)?;
        let loss = loss_from(network, position, &inputs[position], labels);
        put(network, original)?;
        loss
    };
    let at = loss_from(network, position, &inputs[position], labels)?;
    let mut numeric = vec![f64::NAN; values.len()];
    let (mut low, mut high, mut error) = (numeric.clone(), numeric.clone(), numeric.clone());
    let mut jump = false;
    for &element in &columns {
        let value = *values.iter().nth(element).expect("an element of the parameter");
        let found =
            slopes(&[at], value.abs().max(1.0), noise, |h| Ok(vec![loss_at(network, element, value + h)?]))?;
        numeric[element] = found.centre[0];
        (low[element], high[element]) =
            (found.left[0].min(found.right[0]), found.left[0].max(found.right[0]));
        error[element] = found.error[0];
        jump |= found.jump;
    }
    let flat: Vec<f64> = claimed.iter().copied().collect();
    let scale = numeric.iter().filter(|n| !n.is_nan()).fold(0.0_f64, |largest, n| largest.max(n.abs()));
    let (mut verdict, mut vague) = (Verdict::Right, false);
    let mut elements = Vec::new();
    for (&element, value) in columns.iter().zip(columns.iter().filter_map(|&at| values.iter().nth(at))) {
        let tolerance = 10.0 * error[element] + precision * scale;
        if high[element] - low[element] <= 4.0 * tolerance {
            elements.push(Element { value: *value, missing: numeric[element] - flat[element], tolerance });
        }
        vague |= tolerance > 0.05 * scale && scale > 0.0;
        if !(flat[element] >= low[element] - tolerance && flat[element] <= high[element] + tolerance) {
            verdict = Verdict::Wrong;
        } else if high[element] - low[element] > 4.0 * tolerance {
            verdict = Verdict::of_all([verdict, Verdict::Kink]);
        }
    }
    // What is wrong beyond the tolerance is wrong, however vague the rest.
    verdict = match (jump, vague) {
        (true, _) => Verdict::of_all([verdict, Verdict::NotDifferentiable]),
        (false, true) => Verdict::of_all([verdict, Verdict::Inconclusive]),
        (false, false) => verdict,
    };
    Ok(InRow { comparison: Comparison::new(shown, &shape, &flat, &numeric, verdict), elements })
}

/// The loss, given the input of the layer at `position`.
fn loss_from(network: &mut Network, position: usize, x: &Tensor, labels: &Labels) -> Result<f64> {
    let mut x = x.clone();
    for (_, layer) in network.layers_mut().skip(position) {
        x = layer.forward(&x)?;
    }
    Ok(network.loss_layer_mut().forward(&x, labels)? + network.penalty())
}
