//! Rows and their targets.

use super::Finding;
use crate::cause::CauseName;
use crate::observe::Observed;
use crate::search::Change;
use crate::text::Sentence;
use crate::training::{Order, TargetKind};
use retrograde_train::data::Matrix;

pub(super) fn findings(observed: &Observed) -> Vec<Finding> {
    [misaligned(observed), copies(observed), stored_order(observed), unseen_classes(observed)]
        .into_iter()
        .flatten()
        .collect()
}

/// The target of a row is another one in another epoch.
fn misaligned(observed: &Observed) -> Option<Finding> {
    let changed = observed.changed_target?;
    let evidence = Sentence::new("changed-target")
        .with("row", u64::from(changed.row) + 1)
        .with("first", changed.steps.0 + 1)
        .with("second", changed.steps.1 + 1)
        .with("changed", changed.changed)
        .with("again", changed.again);
    let share = changed.changed as f64 / changed.again.max(1) as f64;
    let found = Finding::new(CauseName::Misaligned, evidence);
    Some(if share > 0.2 { found.preventing() } else { found })
}

/// The targets are the rows of the inputs, in another order.
fn copies(observed: &Observed) -> Option<Finding> {
    let train = &observed.training.train;
    let (x, targets) = (train.x(), train.targets());
    if x.shape() != targets.shape() || train.len() < 4 {
        return None;
    }
    let bits = |row: &[f64]| row.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
    let rows =
        |matrix: &Matrix| (0..train.len()).filter_map(|row| matrix.row(row).map(bits)).collect::<Vec<_>>();
    let (mut inputs, mut outputs) = (rows(x), rows(targets));
    let own = inputs.iter().zip(&outputs).filter(|(input, output)| input == output).count();
    inputs.sort_unstable();
    outputs.sort_unstable();
    (inputs == outputs && own * 2 < train.len()).then(|| {
        let evidence = Sentence::new("copies-elsewhere").with("rows", train.len()).with("own", own);
        Finding::new(CauseName::Misaligned, evidence).preventing()
    })
}

/// The rows come in the order of their classes.
fn stored_order(observed: &Observed) -> Option<Finding> {
    let training = &observed.training;
    let in_order = training.order == Order::Stored && training.batch_rows() < training.train.len();
    if !(in_order && matches!(training.kind(), TargetKind::Classes | TargetKind::Binary)) {
        return None;
    }
    let targets = training.train.targets();
    let rows = targets.shape()[0];
    let changes = (1..rows).filter(|row| targets.row(*row) != targets.row(row - 1)).count();
    // Of rows in random order, about as many as there are differ from the one before.
    (changes * 10 < rows).then(|| {
        let evidence = Sentence::new("stored-order").with("runs", changes + 1).with("rows", rows);
        Finding::new(CauseName::NotShuffled, evidence).without(Change::Shuffled)
    })
}

/// Classes of the held-out rows that the training set does not have.
fn unseen_classes(observed: &Observed) -> Option<Finding> {
    let training = &observed.training;
    let held_out = training.held_out.as_ref().filter(|_| training.kind() == TargetKind::Classes)?;
    let width = held_out.targets().shape()[1];
    let count = |targets: &[f64], class: usize| {
        targets.iter().skip(class).step_by(width).filter(|t| **t > 0.5).count()
    };
    let unseen = (0..width).find(|class| {
        count(held_out.targets().values(), *class) > 0
            && count(training.train.targets().values(), *class) == 0
    })?;
    let rows = count(held_out.targets().values(), unseen);
    let evidence = Sentence::new("unseen-class").with("class", unseen).with("rows", rows);
    Some(Finding::new(CauseName::NotShuffled, evidence).preventing())
}
