//! The check of a row of layers with a loss at the end: each layer alone, then the row.

use super::evidence::finding;
use super::examine::{Examined, examine};
use super::jacobian::{Which, columns, jacobian};
use super::loss_layer::LossAsLayer;
use super::probe::{Claims, claims, random, relative, values};
use super::slopes::slopes;
use super::view::largest;
use super::{Cause, Comparison, Evidence, Finding, Report, Severity, Verdict};
use crate::textbook::{Labels, Network, Tensor, TwoLayerNet};
use crate::{Error, Result};

/// Elements of a parameter to differentiate the whole network in; smaller parameters are differentiated in whole.
const ELEMENTS: usize = 96;

/// Checks a network: each layer alone, at the input that it has in the row and at random ones, then the gradient of the
/// loss by all parameters. The first wrong layer from the left is the first station of the report that is wrong.
///
/// # Errors
///
/// When there are no rows, or a layer refuses its input.
pub fn network(network: &mut Network, x: &Tensor, labels: &Labels) -> Result<Report> {
    named(network, x, labels, &|name| name.to_owned())
}

/// The same for the notebook's network, with the notebook's names: `w1`, `b1`, `w2`, `b2`.
///
/// # Errors
///
/// As [`network`].
pub fn two_layer_net(network: &mut TwoLayerNet, x: &Tensor, labels: &Labels) -> Result<Report> {
    let name = |within: &str| {
        let (layer, parameter) = within.split_once('.').unwrap_or((within, ""));
        format!("{parameter}{}", layer.trim_start_matches("affine"))
    };
    named(network.network_mut(), x, labels, &name)
}

fn named(
    network: &mut Network,
    x: &Tensor,
    labels: &Labels,
    name: &dyn Fn(&str) -> String,
) -> Result<Report> {
    // 1. From left to right: what each layer is given.
    let mut inputs = vec![x.clone()];
    let mut names = Vec::new();
    for (layer_name, layer) in network.layers_mut() {
        let out = layer.forward(inputs.last().expect("the first input"))?;
        names.push(layer_name.to_owned());
        inputs.push(out);
    }
    let logits = inputs.last().expect("the first input").clone();
    let first_loss = network.loss_layer_mut().forward(&logits, labels)?;
    // What the whole claims, before differences have called the layers many times.
    let claimed = network.gradient(x, labels);
    let local = claims_in_row(network, x, labels);

    // 2. Each layer alone.
    let (mut stations, mut findings, mut method) = (Vec::new(), Vec::new(), Vec::new());
    let mut noises = Vec::new();
    let mut add = |examined: Examined| {
        stations.push(examined.station);
        findings.extend(examined.findings);
        method.extend(examined.method);
        noises.push(examined.noise);
    };
    for ((layer_name, layer), input) in network.layers_mut().zip(&inputs) {
        add(examine(layer, layer_name, input, None)?);
    }
    let mut loss = LossAsLayer { loss: network.loss_layer_mut(), labels: labels.clone() };
    let loss_name = crate::textbook::Layer::name(&loss).to_lowercase();
    add(examine(&mut loss, &loss_name, &logits, Some(labels))?);

    // 3. The row.
    let mut blocks = Vec::new();
    // The loss is as uncertain as what it is computed from.
    let noise = noises.iter().copied().fold(4.0 * f64::EPSILON, f64::max);
    let deterministic = stations.iter().all(|station| station.verdict != Verdict::NotDeterministic);
    match claimed {
        Ok(claimed) if deterministic => {
            for (parameter, gradient) in claimed.iter() {
                blocks.push(in_row(network, &inputs, labels, parameter, &name(parameter), gradient, noise)?);
            }
        }
        // A gradient that is missing is a finding of its layer; anything else is an error of the call.
        Err(error) if findings.iter().all(|finding: &Finding| finding.severity != Severity::Fault) => {
            return Err(error);
        }
        Ok(_) | Err(_) => {}
    }
    let all_right = stations.iter().all(|station| !station.verdict.is_wrong());
    if all_right && blocks.iter().any(|block| block.verdict.is_wrong()) {
        match between_layers(network, &inputs, &names, &local?, &noises)? {
            Some((position, found)) => {
                stations[position].verdict = Verdict::Wrong;
                findings.push(found);
            }
            // By the chain rule the row is right: what its differences say is what many kinks nearby make of them.
            None => blocks
                .iter_mut()
                .filter(|block| block.verdict.is_wrong())
                .for_each(|block| block.verdict = Verdict::CannotTell),
        }
    }
    follow(&mut findings, &blocks, &logits, first_loss);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let verdicts =
        stations.iter().map(|station| station.verdict).chain(blocks.iter().map(|block| block.verdict));
    let verdict = Verdict::of_all(verdicts);
    method.push(format!(
        "the row: the loss differentiated in {} of its parameters' elements",
        blocks.iter().map(|block| block.compared).sum::<usize>()
    ));
    Ok(Report { subject: "network".into(), verdict, stations, blocks, findings, method })
}

/// A parameter's gradient in the whole network.
fn in_row(
    network: &mut Network,
    inputs: &[Tensor],
    labels: &Labels,
    parameter: &str,
    shown: &str,
    claimed: &Tensor,
    noise: f64,
) -> Result<Comparison> {
    let (layer_name, own_name) = parameter.split_once('.').unwrap_or((parameter, ""));
    let position = network.layers_mut().position(|(other, _)| other == layer_name).ok_or_else(|| {
        Error::invalid("network", format!("there is no layer {layer_name}"), "name one of its layers")
    })?;
    let values = network.parameter_mut(parameter)?.to_owned();
    let shape = values.shape().to_vec();
    if claimed.shape() != shape {
        return Ok(Comparison::new(shown, &shape, &[], &[], Verdict::Wrong));
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
    for &element in &columns {
        let tolerance = 10.0 * error[element] + relative(noise) * scale;
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
        (false, true) => Verdict::of_all([verdict, Verdict::CannotTell]),
        (false, false) => verdict,
    };
    Ok(Comparison::new(shown, &shape, &flat, &numeric, verdict))
}

/// The loss, given the input of the layer at `position`.
fn loss_from(network: &mut Network, position: usize, x: &Tensor, labels: &Labels) -> Result<f64> {
    let mut x = x.clone();
    for (_, layer) in network.layers_mut().skip(position) {
        x = layer.forward(&x)?;
    }
    network.loss_layer_mut().forward(&x, labels)
}

/// What each layer is given from above in the row, and what it claims for it.
type Local = Vec<(Tensor, Claims)>;

fn claims_in_row(network: &mut Network, x: &Tensor, labels: &Labels) -> Result<Local> {
    network.loss(x, labels)?;
    let mut dout = network.loss_layer_mut().backward(1.0)?;
    let mut local = Vec::new();
    for (_, layer) in network.layers_mut().rev() {
        let claimed = claims(layer, &dout)?;
        let dx = claimed[0].clone().unwrap_or_else(|| dout.clone());
        local.push((std::mem::replace(&mut dout, dx), claimed));
    }
    local.reverse();
    Ok(local)
}

/// Each layer is right alone and the row does not agree with its differences: does a layer not do in the row what it
/// does alone? The layer's position and the finding; `None` when every layer makes of what it is given in the row what
/// it should, so that by the chain rule the row is right.
fn between_layers(
    network: &mut Network,
    inputs: &[Tensor],
    names: &[String],
    local: &Local,
    noises: &[f64],
) -> Result<Option<(usize, Finding)>> {
    for (position, (dout, claimed)) in local.iter().enumerate() {
        let (_, layer) = network.layers_mut().nth(position).expect("a position of a layer");
        let flat: Vec<f64> = dout.iter().copied().collect();
        let parameters = values(layer);
        let mut is_from = |x: &Tensor, block: usize| -> Result<bool> {
            let Some(claimed) = claimed[block].as_ref() else { return Ok(false) };
            let (which, value) = match block {
                0 => (Which::Input, x),
                _ => (Which::Parameter(block - 1), &parameters[block - 1]),
            };
            let elements = columns(value.shape(), ELEMENTS, &mut random(4));
            let [low, high, error] =
                jacobian(layer, x, which, value, elements, noises[position])?.bounds(&flat);
            let scale = largest(&low).max(largest(&high));
            let mut all = claimed.iter().zip(&error).zip(low.iter().zip(&high));
            Ok(claimed.shape() == low.shape()
                && all.all(|((claimed, error), (low, high))| {
                    let tolerance = 10.0 * error + 10.0 * relative(noises[position]) * scale;
                    !low.is_finite() || (*claimed >= low - tolerance && *claimed <= high + tolerance)
                }))
        };
        let blocks = 0..claimed.len();
        let mut wrong = Vec::new();
        for block in blocks {
            if !is_from(&inputs[position], block)? {
                wrong.push(block);
            }
        }
        if wrong.is_empty() {
            continue;
        }
        let sentence = format!(
            "`{}` is right alone, and wrong in the row: between forward and backward something else changes what it remembers.",
            names[position]
        );
        let mut found = finding(Severity::Fault, Verdict::Wrong, &names[position], Vec::new(), sentence);
        found.consequence =
            Some("the gradient of this layer and of all before it is that of another network".into());
        for (other, input) in inputs[..names.len()].iter().enumerate() {
            if other == position || input.shape() != inputs[position].shape() {
                continue;
            }
            let mut explains = true;
            for block in 0..claimed.len() {
                explains &= is_from(input, block)?;
            }
            if explains {
                found.cause = Some(Cause::SharedBuffer { with: names[other].clone() });
                found.sentence = format!(
                    "`{}` is right alone; in the row its backward uses the input of `{}`: the two share one buffer, and the last forward wins.",
                    names[position], names[other]
                );
                found.mend = Some(
                    "give each layer its own memory: self.x = x.copy(), and one object for each layer".into(),
                );
                break;
            }
        }
        return Ok(Some((position, found)));
    }
    Ok(None)
}

/// What follows in the network from the faults of its layers, with the network's own numbers.
fn follow(findings: &mut [Finding], blocks: &[Comparison], logits: &Tensor, first_loss: f64) {
    let Some(fault) = findings.iter_mut().find(|finding| finding.verdict.is_wrong()) else { return };
    let wrong: Vec<String> = blocks
        .iter()
        .filter(|block| block.verdict.is_wrong())
        .map(|block| format!("{} is off by {} on average", block.block, short(block.mean_difference)))
        .collect();
    if !wrong.is_empty() {
        fault.evidence.push(Evidence::stating(format!("This is why, in the network, {}.", wrong.join(", "))));
    }
    let (rows, classes) = (logits.shape()[0] as f64, logits.shape().last().copied().unwrap_or(1) as f64);
    let small = logits.iter().all(|logit| logit.abs() < 0.5);
    let unknowing = classes.ln();
    if small && matches!(fault.cause, Some(Cause::SoftmaxOverBatch | Cause::SoftmaxDownColumns)) {
        let instead =
            if matches!(fault.cause, Some(Cause::SoftmaxOverBatch)) { rows * classes } else { rows };
        fault.evidence.push(Evidence::stating(format!(
            "This is why the first loss is {first_loss:.2} (near ln {instead} = {:.2}), not ln {classes} = {unknowing:.2}.",
            instead.ln()
        )));
    }
}

/// Four digits, as the notebook's reader would quote them.
fn short(value: f64) -> String {
    if value.abs() >= 1e-3 { format!("{value:.4}") } else { format!("{value:.2e}") }
}
