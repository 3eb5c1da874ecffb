//! The columns of numbers that prove a finding, or that localise what could not be explained.

use super::causes::Diagnosis;
use super::comparison::index_of;
use super::message::text;
use super::numbers::nth;
use super::probe::{Answers, GIVEN};
use super::view::View;
use super::{Evidence, Finding, Message, Severity, Table, Verdict, extent};
use retrograde_textbook::Tensor;

/// How many rows a table of evidence has at most.
const SHOWN: usize = 6;

/// A statement about elements of a block of a shape, with the numbers of the first of them.
pub(super) fn elements(
    statement: Message,
    shape: &[usize],
    columns: Vec<Message>,
    rows: impl IntoIterator<Item = (usize, Vec<f64>)>,
) -> Evidence {
    let row = |(element, numbers)| (format!("{:?}", index_of(element, shape)), numbers);
    let rows = rows.into_iter().take(SHOWN).map(row).collect();
    Evidence { statement, table: Some(Table { columns, rows }) }
}

/// The differentiated elements, those that are furthest off first.
fn furthest(view: &View<'_>) -> Vec<usize> {
    let mut all: Vec<(usize, f64)> = view.jacobian.columns.iter().map(|&at| (at, view.off(at))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut shown: Vec<usize> = all.into_iter().take(SHOWN).map(|(at, _)| at).collect();
    shown.sort_unstable();
    shown
}

/// That a diagnosis reproduces the code's numbers, with the columns side by side.
pub(super) fn numbers(answers: &Answers, block: usize, diagnosis: &Diagnosis) -> Option<Evidence> {
    let ones: Vec<Tensor> = answers.probes.iter().map(|probe| Tensor::ones(probe.d.shape())).collect();
    let view =
        |number: usize| View::new(answers, number, block, diagnosis.from_one.then(|| &ones[number]), None);
    let views: Vec<View<'_>> = (0..answers.probes.len()).filter_map(view).collect();
    let pairs: Vec<_> = views
        .iter()
        .zip(&diagnosis.predicted)
        .filter_map(|(view, predicted)| Some((view, predicted.as_ref()?)))
        .collect();
    let told = |view: &View<'_>, predicted| view.tells(predicted) > 0;
    let &(view, predicted) = pairs
        .iter()
        .find(|(view, predicted)| view.number == GIVEN && told(view, predicted))
        .or_else(|| pairs.iter().find(|(view, predicted)| told(view, predicted)))
        .or_else(|| pairs.first())?;
    let (mut count, mut worst, mut off) = (0, 0.0_f64, 0.0_f64);
    for (view, predicted) in &pairs {
        for (claimed, predicted, _) in view.elements(predicted) {
            count += 1;
            worst = worst.max((claimed - predicted).abs());
        }
        for (claimed, truth, _) in view.elements(&view.truth) {
            off = off.max((claimed - truth).abs());
        }
    }
    let statement = text!(
        if worst == 0.0 { "evidence-reproduced_exactly" } else { "evidence-reproduced" },
        count,
        inputs = pairs.len(),
        worst = format!("{worst:.0e}"),
        off = format!("{off:.2e}")
    );
    let columns = vec![text!("column-code"), text!("column-fault"), text!("column-differences")];
    let numbers =
        |element: usize| [&view.claimed, predicted, &view.truth].map(|one| nth(one, element)).to_vec();
    let rows = furthest(view).into_iter().map(|element| (element, numbers(element)));
    Some(elements(statement, &view.jacobian.shape, columns, rows))
}

/// A block that is wrong for no cause that could be proved: where, and how.
pub(super) fn unexplained(answers: &Answers, place: &str, block: usize, views: &[View<'_>]) -> Finding {
    let name = &answers.names[block];
    let missing = answers.probes.iter().any(|probe| probe.claimed[block].is_none());
    let endless = views.iter().find_map(|view| {
        let (at, value) = view.claimed.iter().enumerate().find(|(_, value)| !value.is_finite())?;
        Some((index_of(at, view.claimed.shape()), *value))
    });
    let sentence = match endless {
        Some((at, value)) => text!("unexplained-infinite", block = name, at, value = value.to_string()),
        None if missing => text!("unexplained-missing", block = name),
        None => text!("unexplained", block = name),
    };
    let mut found = Finding::new(Severity::Fault, Verdict::Wrong, place, vec![name.clone()], sentence);
    let Some(view) = views
        .iter()
        .find(|v| v.verdict.is_wrong() && v.number == GIVEN)
        .or_else(|| views.iter().find(|v| v.verdict.is_wrong()))
    else {
        found.evidence.push(Evidence::stating(text!("unexplained-few")));
        return found;
    };
    let comparison = view.comparison(name);
    let wrong: Vec<usize> = view
        .jacobian
        .columns
        .iter()
        .copied()
        .filter(|&element| view.off(element) > nth(&view.tolerance, element))
        .collect();
    let statement = text!(
        "evidence-compared",
        wrong = wrong.len(),
        all = view.jacobian.columns.len(),
        cosine = format!("{:.4}", comparison.cosine),
        ratio = format!("{:.4}", comparison.ratio)
    );
    let columns = vec![text!("column-code"), text!("column-differences")];
    let numbers = |element: usize| [&view.claimed, &view.truth].map(|one| nth(one, element)).to_vec();
    let rows = furthest(view).into_iter().map(|element| (element, numbers(element)));
    found.evidence.push(elements(statement, &view.jacobian.shape, columns, rows));
    found.evidence.extend(extent::sentences(answers, block, views).into_iter().map(Evidence::stating));
    found
}
