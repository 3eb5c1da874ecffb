//! The check of a row of layers with a loss at the end: each layer alone, then the row.

use super::evidence::finding;
use super::examine::{Examined, examine};
use super::in_row::{in_row, weight_decay};
use super::jacobian::{Which, columns, jacobian};
use super::loss_layer::LossAsLayer;
use super::probe::{Claims, claims, random, relative, values};
use super::view::largest;
use super::{Cause, Comparison, Evidence, Finding, Report, Severity, Verdict, batch};
use crate::Result;
use crate::textbook::{Labels, Network, Tensor, TwoLayerNet};

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
    let penalty = network.penalty();
    // What the whole claims, before differences have called the layers many times.
    let claimed = network.gradient(x, labels);
    let local = claims_in_row(network, x, labels);

    // 2. Each layer alone.
    let (mut layers, mut findings, mut method) = (Vec::new(), Vec::new(), Vec::new());
    let (mut noises, mut precisions) = (Vec::new(), Vec::new());
    let mut add = |examined: Examined| {
        layers.push(examined.station);
        findings.extend(examined.findings);
        method.extend(examined.method);
        noises.push(examined.noise);
        precisions.push(examined.precision);
    };
    for ((layer_name, layer), input) in network.layers_mut().zip(&inputs) {
        add(examine(layer, layer_name, input, None)?);
    }
    let mut loss = LossAsLayer { loss: network.loss_layer_mut(), labels: labels.clone() };
    let loss_name = crate::textbook::Layer::name(&loss).to_lowercase();
    add(examine(&mut loss, &loss_name, &logits, Some(labels))?);

    // 3. The row.
    let mut rows = Vec::new();
    // The loss is as uncertain as what it is computed from.
    let noise = noises.iter().copied().fold(4.0 * f64::EPSILON, f64::max);
    let precision = precisions.iter().copied().fold(relative(noise), f64::max);
    let deterministic = layers.iter().all(|station| station.verdict != Verdict::NotDeterministic);
    let mut whole = None;
    match claimed {
        Ok(claimed) if deterministic => {
            let claimed = whole.insert(claimed);
            for (parameter, gradient) in claimed.iter() {
                rows.push(in_row(
                    network,
                    &inputs,
                    labels,
                    parameter,
                    &name(parameter),
                    gradient,
                    (noise, precision),
                )?);
            }
        }
        // A gradient that is missing is a finding of its layer; anything else is an error of the call.
        Err(error) if findings.iter().all(|finding: &Finding| finding.severity != Severity::Fault) => {
            return Err(error);
        }
        Ok(_) | Err(_) => {}
    }
    let all_right = layers.iter().all(|station| !station.verdict.is_wrong());
    let decay = if all_right { weight_decay(&rows) } else { None };
    let mut blocks: Vec<Comparison> = rows.into_iter().map(|row| row.comparison).collect();
    if let Some(decay) = decay {
        findings.extend(decay);
    } else if all_right && blocks.iter().any(|block| block.verdict.is_wrong()) {
        match between_layers(network, &inputs, &names, &local?, &noises, &precisions)? {
            Some((position, found)) => {
                layers[position].verdict = Verdict::Wrong;
                findings.push(found);
            }
            // By the chain rule the row is right: what its differences say is what many kinks nearby make of them.
            None => blocks
                .iter_mut()
                .filter(|block| block.verdict.is_wrong())
                .for_each(|block| block.verdict = Verdict::Inconclusive),
        }
    }
    if deterministic {
        let fault = findings.iter().any(|finding| finding.verdict.is_wrong());
        let mean = (!fault)
            .then(|| batch::of_loss(network.loss_layer_mut(), &loss_name, &logits, labels))
            .flatten()
            .inspect(|_| layers.last_mut().expect("the loss").verdict = Verdict::Wrong);
        let fault = fault || mean.is_some();
        let loss = first_loss + penalty;
        findings.extend(batch::of_network(network, x, labels, loss, whole.as_ref(), fault));
        findings.extend(mean);
    }
    let first = batch::first_loss(&logits, labels, first_loss);
    let first = follow(&mut findings, &blocks, &loss_name, &logits, first_loss, first);
    findings.extend(first);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let parts = layers.iter().map(|station| station.verdict).chain(blocks.iter().map(|block| block.verdict));
    let verdict = Verdict::of_all(parts.chain(findings.iter().map(|finding| finding.verdict)));
    method.push(format!(
        "the row: the loss differentiated in {} of its parameters' elements",
        blocks.iter().map(|block| block.compared).sum::<usize>()
    ));
    Ok(Report { subject: "network".into(), verdict, layers, blocks, findings, method })
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
    precisions: &[f64],
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
            let elements = columns(value.shape(), 96, &mut random(4));
            let [low, high, error] =
                jacobian(layer, x, which, value, elements, noises[position])?.bounds(&flat);
            let scale = largest(&low).max(largest(&high));
            let mut all = claimed.iter().zip(&error).zip(low.iter().zip(&high));
            Ok(claimed.shape() == low.shape()
                && all.all(|((claimed, error), (low, high))| {
                    let tolerance = 10.0 * error + 10.0 * precisions[position] * scale;
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
                found.help = Some(
                    "give each layer its own memory: self.x = x.copy(), and one object for each layer".into(),
                );
                break;
            }
        }
        return Ok(Some((position, found)));
    }
    Ok(None)
}

/// What follows in the network from the faults of its layers, with the network's own numbers. `first` is what is to be
/// said of the first loss, if it is not said here.
fn follow(
    findings: &mut [Finding],
    blocks: &[Comparison],
    loss_name: &str,
    logits: &Tensor,
    first_loss: f64,
    mut first: Option<Finding>,
) -> Option<Finding> {
    let Some(fault) = findings.iter_mut().find(|finding| finding.verdict.is_wrong()) else { return first };
    let wrong: Vec<String> = blocks
        .iter()
        .filter(|block| block.verdict.is_wrong())
        .map(|block| format!("{} is off by {} on average", block.block, short(block.mean_difference)))
        .collect();
    if !wrong.is_empty() {
        fault.evidence.push(Evidence::stating(format!("This is why, in the network, {}.", wrong.join(", "))));
    }
    // Where the loss is what it should be, or what the fault does not explain, there is nothing to say of it.
    let (rows, classes) = (logits.shape()[0] as f64, logits.shape().last().copied().unwrap_or(1) as f64);
    let instead = match fault.cause {
        Some(Cause::SoftmaxOverBatch) if fault.location == loss_name => rows * classes,
        Some(Cause::SoftmaxDownColumns) if fault.location == loss_name => rows,
        _ => return first,
    };
    if first.take().is_some() {
        fault.evidence.push(Evidence::stating(format!(
            "This is why the first loss is {first_loss:.2} (near ln {instead} = {:.2}), not ln {classes} = {:.2}.",
            instead.ln(),
            classes.ln()
        )));
    }
    first
}

/// Four digits, as the notebook's reader would quote them.
fn short(value: f64) -> String {
    if value.abs() >= 1e-3 { format!("{value:.4}") } else { format!("{value:.2e}") }
}
