//! The causes of a wrong gradient derived by hand: the loss with the claimed gradients is examined as a function of all
//! blocks, so that the causes of layers apply to a whole graph.

use super::super::function::function_at;
use super::super::message::text;
use super::super::numbers::flat;
use super::super::observe::Inputs;
use super::super::{Finding, Report, Severity, Verdict};
use super::evaluation::Evaluation;
use super::loss_check::{CheckedLoss, Point};
use retrograde_base::error::Result;
use retrograde_core::graph::{Shape, Var};
use retrograde_textbook::Tensor;

/// The findings about the `wrong` blocks, whose gradients the user has given.
///
/// Gradients recorded as functions of the parameters are examined at other values, too, where causes that coincide at the
/// given ones differ. Constant gradients hold only at the given values.
pub(super) fn findings(subject: &CheckedLoss<'_>, point: &Point, wrong: &[usize]) -> Result<Vec<Finding>> {
    let (mut follow, mut constant) = (Vec::new(), Vec::new());
    for &block in wrong {
        if subject.follows(block)? { follow.push(block) } else { constant.push(block) }
    }
    let mut found = Vec::new();
    for (blocks, inputs) in [(follow, Inputs::Random), (constant, Inputs::Given)] {
        if !blocks.is_empty() {
            let report = examined(subject, point, inputs)?;
            found.extend(about(subject, &blocks, report));
        }
    }
    Ok(found)
}

/// The verdict on the given gradients of some blocks at a kink of the loss: whether they are admissible, all elements
/// together.
pub(super) fn at_kinks(
    subject: &CheckedLoss<'_>,
    point: &Point,
    blocks: &[usize],
) -> Result<Vec<(usize, Verdict)>> {
    let report = examined(subject, point, Inputs::Given)?;
    let names = names(subject);
    let of = |block: usize| {
        let mut all = report.layers.iter().flat_map(|layer| &layer.blocks);
        all.find(|one| one.block == names[block]).map(|one| one.verdict)
    };
    let verdict = |&block: &usize| match of(block)? {
        Verdict::Wrong => Some((block, Verdict::Wrong)),
        Verdict::Right | Verdict::Kink | Verdict::Rounding => Some((block, Verdict::Kink)),
        _ => None,
    };
    Ok(blocks.iter().filter_map(verdict).collect())
}

/// The loss and the claimed gradients as a function of all blocks. At random inputs the recorded gradient replaces claimed
/// gradients that are constant.
fn examined(subject: &CheckedLoss<'_>, point: &Point, inputs: Inputs) -> Result<Report> {
    let mut claims = subject.claims.clone();
    if inputs == Inputs::Random {
        for (block, claim) in claims.iter_mut().enumerate() {
            if !subject.follows(block)? {
                claim.clone_from(&subject.recorded[block]);
            }
        }
    }
    let mut of_loss = Evaluation::new(std::slice::from_ref(subject.loss), subject.blocks, &point.given)?;
    let mut of_claims = Evaluation::new(&claims, subject.blocks, &point.given)?;
    let shapes: Vec<Shape> = subject.blocks.iter().map(Var::shape).collect();
    let array = |numbers: &[f64], shape: &Shape| {
        let mut numbers = numbers.iter().copied();
        Tensor::from_shape_simple_fn(shape.to_vec(), || numbers.next().unwrap_or(f64::NAN))
    };
    let flat = |values: &[Tensor]| -> Vec<Vec<f64>> { values.iter().map(flat).collect() };
    let names = names(subject);
    let mut arguments = Vec::new();
    for ((block, name), shape) in subject.blocks.iter().zip(&names).zip(&shapes) {
        arguments.push((name.as_str(), array(point.values.of(block)?.values(), shape)));
    }
    let loss = |values: &[Tensor]| {
        of_loss.run(&flat(values))?;
        Ok(of_loss.read(0)?[0])
    };
    let gradients = |values: &[Tensor]| {
        of_claims.run(&flat(values))?;
        let read = |(block, shape): (usize, &Shape)| Ok(array(of_claims.read(block)?, shape));
        shapes.iter().enumerate().map(read).collect()
    };
    function_at(("function", inputs), &arguments, &[], loss, gradients)
}

/// The names of the blocks, made unique.
fn names(subject: &CheckedLoss<'_>) -> Vec<String> {
    let labels: Vec<String> = subject.blocks.iter().map(|block| block.node().label()).collect();
    let name = |(number, label): (usize, &String)| {
        let alike = labels.iter().filter(|other| *other == label).count() > 1;
        if alike { format!("{label}#{number}") } else { label.clone() }
    };
    labels.iter().enumerate().map(name).collect()
}

/// The findings of an examination about some blocks, with their names in the report.
fn about(subject: &CheckedLoss<'_>, blocks: &[usize], report: Report) -> Vec<Finding> {
    let names = names(subject);
    let named = |name: &String| blocks.iter().find(|&&block| names[block] == *name).copied();
    let mut found = Vec::new();
    for one in report.findings.into_iter().filter(|one| one.severity == Severity::Fault) {
        let concerned: Vec<usize> = one.blocks.iter().filter_map(named).collect();
        if !concerned.is_empty() {
            found.push(given(subject, &concerned, Some(one)));
        }
    }
    let is_reported =
        |block: &usize| found.iter().any(|one: &Finding| one.blocks.contains(&subject.name(*block)));
    let unreported: Vec<usize> = blocks.iter().copied().filter(|block| !is_reported(block)).collect();
    found.extend(unreported.iter().map(|&block| given(subject, &[block], None)));
    found
}

/// A finding about given gradients.
fn given(subject: &CheckedLoss<'_>, blocks: &[usize], found: Option<Finding>) -> Finding {
    let names: Vec<String> = blocks.iter().map(|&block| subject.name(block)).collect();
    let place = names.join(", ");
    let sentence = text!("claim-wrong", names = names.clone());
    let mut claim = Finding::new(Severity::Fault, Verdict::Wrong, place.clone(), names.clone(), sentence);
    if let Some(found) = found {
        let sentences = [claim.sentences, found.sentences].concat();
        claim = Finding { location: place, blocks: names, sentences, ..found };
    }
    claim
}
