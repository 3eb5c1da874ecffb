//! The check of a network: a sequence of layers with a loss at the end. The gradient of the loss by all parameters decides
//! whether the network is wrong; the isolated layers give the location.

use ndarray::{Axis, Slice};

use super::causes::CrossEntropy;
use super::control::{limited, scope, stage};
use super::examine::{Examined, examine, few_digits_finding};
use super::jacobian::{Rounding, columns, jacobian};
use super::loss_check::{self, LossCheck, weight_decay};
use super::loss_layer::LossAsLayer;
use super::message::text;
use super::network_layer::{NetworkAsLayer, Pass, SHARED, SharedUse};
use super::observe::{Unobservable, expect_numbers};
use super::probe::{finite, random, rounding};
use super::probed_block::largest;
use super::report::place;
use super::subject::{Which, values};
use super::{
    Cause, Comparison, Evidence, Finding, LayerReport, Message, Report, Severity, Table, Verdict, batch,
};
use retrograde_base::Result;
use retrograde_textbook::{Labels, Network, Tensor, TwoLayerNet};

/// Checks a network: the gradient of the loss by all parameters, then each layer in isolation, at its input in the network
/// and at random ones.
///
/// The network is wrong if a parameter's gradient disagrees with the differences of the loss. The location is the first
/// wrong layer of the report, from the left. A deviation of a layer without an effect in this network is a remark.
///
/// # Errors
///
/// If there are no rows, or a layer returns an error for its input.
pub fn network(network: &mut Network, x: &Tensor, labels: &Labels) -> Result<Report> {
    network_named(network, x, labels, &|name| name.to_owned())
}

/// [`network`] for the notebook's network, with the notebook's names: `w1`, `b1`, `w2`, `b2`.
///
/// # Errors
///
/// As [`network`].
pub fn two_layer_net(network: &mut TwoLayerNet, x: &Tensor, labels: &Labels) -> Result<Report> {
    let name = |within: &str| {
        let (layer, parameter) = within.split_once('.').unwrap_or((within, ""));
        format!("{parameter}{}", layer.trim_start_matches("affine"))
    };
    network_named(network.network_mut(), x, labels, &name)
}

/// The reports of the layers, with their positions.
struct LayerChecks {
    layers: Vec<LayerReport>,
    findings: Vec<(usize, Finding)>,
    method: Vec<Message>,
    noises: Vec<f64>,
    precisions: Vec<f64>,
    /// The loss without the small epsilon in its logarithm, if it has one.
    epsilon: Option<CrossEntropy>,
}

impl LayerChecks {
    fn is_wrong(&self) -> bool {
        self.findings.iter().any(|(_, found)| found.verdict.is_wrong())
    }
}

/// [`network`] with names for the parameters: `name` maps `affine1.w` to its name in the report.
///
/// # Errors
///
/// As [`network`].
pub fn network_named(
    network: &mut Network,
    x: &Tensor,
    labels: &Labels,
    name: &dyn Fn(&str) -> String,
) -> Result<Report> {
    scope(|| named(network, x, labels, name))
}

fn named(
    network: &mut Network,
    x: &Tensor,
    labels: &Labels,
    name: &dyn Fn(&str) -> String,
) -> Result<Report> {
    expect_numbers("network", x)?;
    // 1. The gradient of the loss, as an update uses it.
    let mut row = NetworkAsLayer::new(network, labels);
    let inputs = row.inputs(x)?.to_vec();
    let logits = inputs.last().expect("the logits").clone();
    let first_loss = row.loss(&logits)?;
    let penalty = row.network().penalty();
    // A few rows are enough for isolated layers.
    let few = some_rows(row.network(), x, labels);
    let (some_inputs, some_labels) =
        few.as_ref().map_or((&inputs, labels), |(inputs, labels)| (inputs, labels));
    let loss = stage("loss", (0.0, 0.1), || {
        isolated_loss(row.network(), some_inputs.last().expect("the logits"), some_labels)
    })?;
    // Otherwise every number of the loss would differ by the effect of the epsilon.
    let unknown = loss.findings.iter().any(|found| matches!(found.cause, Some(Cause::Epsilon { .. })));
    row.loss = loss.epsilon.filter(|_| unknown || loss.layer.verdict.is_wrong());
    let known = row.loss.is_some();
    let mut whole = stage("network", (0.1, 0.4), || loss_check::judge(&mut row, x))?;
    let passes = row.run(x);
    let later = row.overwritten(x).unwrap_or_default();
    let shared = row.shared_uses();

    // 2. Each layer in isolation.
    let mut layer_checks = stage("network", (0.4, 1.0), || check_layers(row.network(), some_inputs, loss))?;
    if few.is_some() && whole.verdict().is_wrong() && !layer_checks.is_wrong() {
        // The fault is in one of the other rows, or in their number.
        let loss = isolated_loss(row.network(), &logits, labels)?;
        layer_checks = check_layers(row.network(), &inputs, loss)?;
    } else if few.is_some() {
        layer_checks.method.push(text!("method-some_rows", count = ROWS, all = x.shape()[0]));
        for (layer, out) in layer_checks.layers.iter_mut().zip(&inputs[1..]) {
            layer.output = out.shape().to_vec();
        }
    }
    if whole.verdict().is_wrong() && layer_checks.epsilon.is_some() && !known {
        row.loss = layer_checks.epsilon;
        whole = loss_check::judge(&mut row, x)?;
    }
    let loss_name = layer_checks.layers.last().expect("the loss").name.clone();
    let deterministic = layer_checks.layers.iter().all(|layer| layer.verdict != Verdict::NotDeterministic)
        && !matches!(whole.unobservable, Some(Unobservable::NotDeterministic(..)));

    // 3. The deviations with consequences.
    let mut findings = Vec::new();
    if deterministic && whole.unobservable.is_none() {
        findings.extend(overwritten(&whole, &later));
        findings.extend(shared.iter().filter_map(|one| shared_use(&whole, one)));
        let wrong = consequences(&mut layer_checks, &whole);
        for found in &findings {
            let layer = layer_checks.layers.iter_mut().find(|layer| layer.name == found.location);
            layer.into_iter().for_each(|layer| layer.verdict = Verdict::Wrong);
        }
        if !wrong
            && whole.verdict().is_wrong()
            && findings.iter().all(|found: &Finding| !found.verdict.is_wrong())
        {
            if let Some(decay) = weight_decay(&whole, name) {
                findings.extend(decay);
            } else if let Some((position, found)) = between_layers(network, &inputs, &passes?, &layer_checks)?
            {
                layer_checks.layers[position].verdict = Verdict::Wrong;
                findings.push(found);
            } else {
                loss_check::confirm(&mut NetworkAsLayer::new(network, labels), x, &mut whole);
            }
        }
        let explained = findings.iter().any(|found| found.verdict.is_wrong())
            || layer_checks.findings.iter().any(|(_, found)| found.verdict.is_wrong());
        if whole.verdict().is_wrong() && !explained {
            let rounded = whole.right_to_few_digits();
            findings.extend(rounded.iter().map(|block| few_digits_finding("network", &name(block))));
            if rounded.is_empty() {
                findings.push(unexplained(&whole, name));
            }
        }
    }
    if whole.elsewhere {
        findings.push(elsewhere(&whole));
    }
    let (all_right, whole_verdict) = (whole.is_right() && deterministic, whole.verdict());
    // An array that several layers hold has a row of the table for each of its names.
    let mut blocks: Vec<Comparison> = Vec::new();
    for one in whole.parameters {
        let names = one.comparison.block.split(SHARED).map(&name).collect::<Vec<_>>();
        blocks.extend(names.into_iter().map(|block| Comparison { block, ..one.comparison.clone() }));
    }
    findings.extend(layer_checks.findings.into_iter().map(|(_, found)| found));
    if deterministic {
        let fault = findings.iter().any(|finding| finding.verdict.is_wrong());
        let loss = first_loss + penalty;
        findings.extend(batch::of_network(network, x, labels, loss, fault));
    }
    let first = batch::first_loss(&logits, labels, first_loss);
    let first = follow(&mut findings, &blocks, &loss_name, &logits, first_loss, first);
    findings.extend(first);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let layers = layer_checks.layers;
    // If all used gradients are right, an inconclusive layer does not matter.
    let of_layers = layers.iter().map(|layer| layer.verdict).filter(|_| !all_right);
    let of_findings =
        findings.iter().map(|found| found.verdict).filter(|verdict| verdict.is_wrong() || !all_right);
    let verdict = Verdict::of_all(of_layers.chain(of_findings).chain([whole_verdict]));
    let mut method = layer_checks.method;
    method.push(text!("method-network", count = blocks.iter().map(|block| block.compared).sum::<usize>()));
    method.extend(limited());
    Ok(Report { subject: place("network"), verdict, layers, blocks, findings, method })
}

/// The largest number of rows for isolated layers.
const ROWS: usize = 12;

/// The input of each layer, the logits and the labels of the first [`ROWS`] rows, if there are more and the network takes
/// fewer.
fn some_rows(network: &mut Network, x: &Tensor, labels: &Labels) -> Option<(Vec<Tensor>, Labels)> {
    let rows = x.shape().first().copied().filter(|rows| *rows > ROWS && x.ndim() > 1)?;
    let labels = match labels {
        Labels::Classes(classes) if classes.len() == rows => Labels::Classes(classes[..ROWS].to_vec()),
        Labels::Rows(all) if all.shape().first() == Some(&rows) => {
            Labels::Rows(all.slice_axis(Axis(0), Slice::from(..ROWS)).to_owned())
        }
        _ => return None,
    };
    let x = x.slice_axis(Axis(0), Slice::from(..ROWS)).to_owned();
    let inputs = NetworkAsLayer::new(network, &labels).inputs(&x).ok()?.to_vec();
    let are_rows = |input: &Tensor| input.shape().first() == Some(&ROWS) && finite(input);
    inputs.iter().all(are_rows).then_some((inputs, labels))
}

/// Examines the loss in isolation.
fn isolated_loss(network: &mut Network, logits: &Tensor, labels: &Labels) -> Result<Examined> {
    let mut loss = LossAsLayer { loss: network.loss_layer_mut(), labels: labels.clone() };
    let name = retrograde_textbook::Layer::name(&loss).to_owned();
    let mut examined = examine(&mut loss, &name, logits, Some(labels))?;
    if !examined.findings.iter().any(|found| found.verdict.is_wrong())
        && examined.layer.verdict != Verdict::NotDeterministic
        && let Some(found) =
            batch::of_loss(network.loss_layer_mut(), &name, logits, labels, examined.precision)
    {
        examined.layer.verdict = Verdict::Wrong;
        examined.findings.insert(0, found);
    }
    Ok(examined)
}

/// Examines each layer in isolation, at its input in the network. The loss has been examined.
fn check_layers(network: &mut Network, inputs: &[Tensor], loss: Examined) -> Result<LayerChecks> {
    let mut layer_checks = LayerChecks {
        layers: Vec::new(),
        findings: Vec::new(),
        method: Vec::new(),
        noises: Vec::new(),
        precisions: Vec::new(),
        epsilon: None,
    };
    let mut add = |examined: Examined| {
        layer_checks.epsilon = examined.epsilon;
        let position = layer_checks.layers.len();
        layer_checks.layers.push(examined.layer);
        layer_checks.findings.extend(examined.findings.into_iter().map(|found| (position, found)));
        layer_checks.method.extend(examined.method);
        layer_checks.noises.push(examined.noise);
        layer_checks.precisions.push(examined.precision);
    };
    let parts = network.layers_mut().count() as f64;
    for (position, ((layer_name, layer), input)) in network.layers_mut().zip(inputs).enumerate() {
        let range = (position as f64 / parts, (position + 1) as f64 / parts);
        add(stage(layer_name, range, || examine(layer, layer_name, input, None))?);
    }
    add(loss);
    Ok(layer_checks)
}

/// Turns findings without a consequence in this network into remarks; whether any finding of a layer has one.
///
/// A deviation of a parameter's gradient matters if that gradient of the loss is wrong. A deviation of dx matters if the
/// gradient of a parameter before the layer is wrong and none is right: a deviation without effect is compensated by
/// another layer.
fn consequences(layer_checks: &mut LayerChecks, whole: &LossCheck) -> bool {
    let position_of = |name: &str| {
        let layer = name.split_once('.').map_or(name, |(layer, _)| layer);
        layer_checks.layers.iter().position(|report| report.name == layer)
    };
    // Shared arrays carry several names.
    let parameters: Vec<(usize, bool)> = whole
        .parameters
        .iter()
        .filter(|one| one.comparison.verdict != Verdict::Inconclusive)
        .filter(|one| !one.is_zero)
        .filter_map(|one| Some((position_of(&one.comparison.block)?, one.comparison.verdict.is_wrong())))
        .collect();
    let wrong_before = |position: usize| {
        let before = || parameters.iter().filter(|(at, _)| *at < position);
        before().any(|(_, wrong)| *wrong) && !before().any(|(_, wrong)| !*wrong)
    };
    let names: Vec<String> = layer_checks.layers.iter().map(|layer| layer.name.clone()).collect();
    let matters = |position: usize, block: &str| match block {
        "x" => wrong_before(position),
        parameter => whole.is_wrong(&format!("{}.{parameter}", names[position])),
    };
    let mut harmful = false;
    for (position, found) in layer_checks.findings.iter_mut().filter(|(_, found)| found.verdict.is_wrong()) {
        let blocks = if found.blocks.is_empty() { vec!["x".to_owned()] } else { found.blocks.clone() };
        let (kept, harmless): (Vec<String>, Vec<String>) =
            blocks.into_iter().partition(|block| matters(*position, block));
        // At the end of the graph the upstream gradient is 1.
        let at_the_end = *position + 1 == names.len() && found.cause == Some(Cause::DoutIgnored);
        if kept.is_empty() || at_the_end {
            *found = without_consequence(found.clone(), whole.is_right());
        } else {
            harmful = true;
            if !harmless.is_empty() {
                found.blocks = kept;
            }
        }
    }
    for (position, layer) in layer_checks.layers.iter_mut().enumerate() {
        let own = layer_checks.findings.iter().filter(|(at, _)| *at == position);
        if layer.verdict.is_wrong() && !own.clone().any(|(_, found)| found.verdict.is_wrong()) {
            layer.verdict = Verdict::Together;
            for block in layer.blocks.iter_mut().filter(|block| block.verdict.is_wrong()) {
                block.verdict = Verdict::Together;
            }
        }
    }
    harmful
}

/// The finding as a remark, with the condition under which it would matter.
fn without_consequence(found: Finding, all_right: bool) -> Finding {
    let condition = match &found.cause {
        Some(Cause::DoutIgnored) => "matters-scaled",
        Some(Cause::WrittenInto { .. }) => "matters-used_twice",
        Some(Cause::Detached | Cause::PartDetached { .. }) => "matters-parameters_before",
        Some(Cause::Accumulated) => "matters-without_reset",
        _ => "matters-with_others",
    };
    let here = if all_right { "harmless-network" } else { "harmless-elsewhere" };
    found.harmless([text!(here), text!(condition)])
}

/// Gradients that were right when their layer's backward returned and differ at the end.
fn overwritten(whole: &LossCheck, later: &[(String, String)]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (parameter, by) in later.iter().filter(|(parameter, _)| whole.is_wrong(parameter)) {
        let (layer, own) = parameter.split_once('.').unwrap_or((parameter, ""));
        let sentence = text!("overwritten", block = own, layer, by, parameter);
        let found = Finding::new(Severity::Fault, Verdict::Wrong, layer, vec![own.to_owned()], sentence);
        findings.push(found.of(Cause::Overwritten { by: by.clone() }));
    }
    findings
}

/// The finding for an array that several layers hold.
fn shared_use(whole: &LossCheck, one: &SharedUse) -> Option<Finding> {
    let name = one.names.join(SHARED);
    let block = whole.parameters.iter().find(|other| other.comparison.block == name)?;
    let wrong = block.comparison.verdict.is_wrong();
    let id = match (wrong, one.alike) {
        (false, true) => "shared_parameter-sum",
        (false, false) => "shared_parameter-contributions",
        (true, true) => "shared_parameter-no_sum",
        (true, false) => "shared_parameter-does_not_add_up",
    };
    let sentence = text!(id, names = one.names.clone(), count = one.names.len());
    let (severity, verdict) =
        if wrong { (Severity::Fault, Verdict::Wrong) } else { (Severity::Remark, Verdict::Right) };
    let found = Finding::new(severity, verdict, "network", one.names.clone(), sentence);
    Some(if wrong { found } else { found.of(Cause::SharedParameter { names: one.names.clone() }) })
}

/// Every layer is right in isolation, and the network is wrong without a known cause.
fn unexplained(whole: &LossCheck, name: &dyn Fn(&str) -> String) -> Finding {
    let wrong = || whole.parameters.iter().filter(|one| one.comparison.verdict.is_wrong());
    let names: Vec<String> = wrong().map(|one| name(&one.comparison.block)).collect();
    let sentence = text!("whole-unexplained", names = names.clone());
    let mut found = Finding::new(Severity::Fault, Verdict::Wrong, "network", names, sentence);
    let numbers = wrong().map(|one| {
        let block = &one.comparison;
        (name(&block.block), vec![block.cosine, block.ratio])
    });
    let table =
        Table { columns: vec![text!("column-cosine"), text!("column-ratio")], rows: numbers.collect() };
    found.evidence.push(Evidence { statement: text!("whole-compared"), table: Some(table) });
    found
}

/// The loss is so near its minimum here that only rounding can be compared.
fn elsewhere(whole: &LossCheck) -> Finding {
    let compared = whole.parameters.iter().any(|one| one.comparison.verdict != Verdict::Inconclusive);
    let id = if compared { "elsewhere-compared" } else { "elsewhere" };
    let verdict = if compared { Verdict::Right } else { Verdict::Inconclusive };
    Finding::new(Severity::Remark, verdict, "network", Vec::new(), text!(id))
}

/// Searches for a layer that behaves differently in the network than in isolation. Returns its position and the finding;
/// `None` if every layer has the right gradient for its arguments in the network, so that by the chain rule the network is
/// right.
fn between_layers(
    network: &mut Network,
    inputs: &[Tensor],
    passes: &[Pass],
    layer_checks: &LayerChecks,
) -> Result<Option<(usize, Finding)>> {
    let names: Vec<&str> = layer_checks.layers.iter().map(|layer| layer.name.as_str()).collect();
    for (position, Pass { dout, claimed }) in passes.iter().enumerate() {
        let (_, layer) = network.layers_mut().nth(position).expect("a position of a layer");
        let flat: Vec<f64> = dout.iter().copied().collect();
        let parameters = values(layer);
        let mut is_from = |x: &Tensor, block: usize| -> Result<bool> {
            let Some(claimed) = claimed[block].as_ref() else { return Ok(false) };
            let value = if block == 0 { x } else { &parameters[block - 1] };
            let elements = columns(value.shape(), 96, &mut random(4));
            let rounding = rounding(layer_checks.noises[position], 0.0, dout);
            let rounding = Rounding { floor: Vec::new(), ..rounding };
            let found = jacobian(layer, x, Which::of(block), value, elements, &rounding)?;
            let [low, high, error] = found.bounds(&flat);
            // After cancellation the rounding of the terms remains.
            let scale = largest(&found.gross(&flat));
            let mut all = claimed.iter().zip(&error).zip(low.iter().zip(&high));
            Ok(claimed.shape() == low.shape()
                && all.all(|((claimed, error), (low, high))| {
                    let tolerance = 10.0 * error + 10.0 * layer_checks.precisions[position] * scale;
                    !low.is_finite() || (*claimed >= low - tolerance && *claimed <= high + tolerance)
                }))
        };
        // The dx of the first layers without parameters is not used.
        let is_used = passes[..position].iter().any(|pass| pass.claimed.len() > 1);
        let blocks = usize::from(!is_used)..claimed.len();
        let mut wrong = Vec::new();
        for block in blocks.clone() {
            if !is_from(&inputs[position], block)? {
                wrong.push(block);
            }
        }
        if wrong.is_empty() {
            continue;
        }
        let mut sentence = text!("shared_buffer-unknown", layer = names[position]);
        let mut cause = None;
        for (other, input) in inputs[..passes.len()].iter().enumerate() {
            if other == position || input.shape() != inputs[position].shape() {
                continue;
            }
            let mut explains = true;
            for block in blocks.clone() {
                explains &= is_from(input, block)?;
            }
            if explains {
                let shared = Cause::SharedBuffer { with: names[other].to_owned() };
                sentence = shared.message().with("layer", names[position]);
                cause = Some(shared);
                break;
            }
        }
        let found = Finding::new(Severity::Fault, Verdict::Wrong, names[position], Vec::new(), sentence);
        return Ok(Some((position, Finding { cause, ..found })));
    }
    Ok(None)
}

/// The consequences of the layers' faults in the network, with the network's own numbers. `first` is the message about the
/// first loss, unless one is added here.
fn follow(
    findings: &mut [Finding],
    blocks: &[Comparison],
    loss_name: &str,
    logits: &Tensor,
    first_loss: f64,
    mut first: Option<Finding>,
) -> Option<Finding> {
    let Some(fault) = findings.iter_mut().find(|finding| finding.verdict.is_wrong()) else { return first };
    let wrong: Vec<Message> = blocks
        .iter()
        .filter(|block| block.verdict.is_wrong())
        .map(|block| text!("network-off", block = &block.block, apart = short(block.mean_difference)))
        .collect();
    if !wrong.is_empty() {
        fault.evidence.push(Evidence::stating(text!("network-why", wrong)));
    }
    // No message if the first loss is right, or if the fault does not explain it.
    let (rows, classes) = (logits.shape()[0] as f64, logits.shape().last().copied().unwrap_or(1) as f64);
    let instead = match fault.cause {
        Some(Cause::SoftmaxOverBatch) if fault.location == loss_name => rows * classes,
        Some(Cause::SoftmaxDownColumns) if fault.location == loss_name => rows,
        _ => return first,
    };
    if first.take().is_some() {
        // The network's own first loss replaces the general statement for small weights.
        fault.evidence.retain(|one| !one.statement.id().ends_with("-first_loss"));
        fault.evidence.push(Evidence::stating(text!(
            "network-first_loss",
            loss = format!("{first_loss:.2}"),
            instead,
            log = format!("{:.2}", instead.ln()),
            classes,
            expected = format!("{:.2}", classes.ln())
        )));
    }
    first
}

/// Four digits, as the notebook prints them.
fn short(value: f64) -> String {
    if value.abs() >= 1e-3 { format!("{value:.4}") } else { format!("{value:.2e}") }
}
