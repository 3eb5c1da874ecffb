//! Sums of contributions that are zero outside of a part.
//!
//! The contributions of the slices of a value stand beside each other. Their sum is one concatenation, which costs as much as
//! the value has elements; additions would cost this for each slice. The states of a recurrent network and the gates of an LSTM
//! are such slices.

use crate::graph::{NodeId, Var};
use std::ops::Range;

/// Where a value stands among zeros, if that is how it was made.
pub(super) fn placement(contribution: &Var) -> Option<Placement> {
    let node = contribution.node();
    let (axis, before) = node.operation()?.placement()?;
    let &part = node.inputs.first()?;
    let length = *contribution.graph().node(part).value_type.shape.get(axis)?;
    let end = before.checked_add(length).filter(|end| node.value_type.shape.get(axis) >= Some(end))?;
    Some(Placement { axis, before, end, part })
}

/// A part, and the range of an axis in which it stands.
pub(super) struct Placement {
    axis: usize,
    before: usize,
    end: usize,
    part: NodeId,
}

/// The sum of contributions: the sum of the other ones, and those with a placement.
pub(super) fn with_parts(others: Option<Var>, contributions: Vec<Var>) -> Var {
    let mut placed: Vec<(Placement, Var)> = contributions
        .into_iter()
        .filter_map(|contribution| Some((placement(&contribution)?, contribution)))
        .collect();
    placed.sort_by_key(|(placement, _)| (placement.axis, placement.before, placement.end));
    let mut total = others;
    while !placed.is_empty() {
        // From the left, each that begins where those before it have ended.
        let (mut beside, mut rest): (Vec<(Placement, Var)>, Vec<_>) = (Vec::new(), Vec::new());
        for (next, contribution) in placed {
            let fits =
                beside.last().is_none_or(|(last, _)| last.axis == next.axis && last.end <= next.before);
            if fits { &mut beside } else { &mut rest }.push((next, contribution));
        }
        let joined = joined(beside);
        total = Some(match total {
            Some(total) => total + joined,
            None => joined,
        });
        placed = rest;
    }
    total.expect("at least one contribution")
}

/// The sum of contributions that stand beside each other along an axis, in order.
fn joined(mut beside: Vec<(Placement, Var)>) -> Var {
    if beside.len() == 1 {
        return beside.remove(0).1;
    }
    let (axis, whole) = (beside[0].0.axis, beside[0].1.shape());
    let graph = beside[0].1.graph().clone();
    let zeros = |range: Range<usize>| {
        (!range.is_empty()).then(|| {
            let mut shape = whole.to_vec();
            shape[axis] = range.len();
            graph.full(shape, 0.0)
        })
    };
    let (mut pieces, mut end) = (Vec::new(), 0);
    for (placement, _) in &beside {
        pieces.extend(zeros(end..placement.before));
        pieces.push(graph.var(placement.part));
        end = placement.end;
    }
    pieces.extend(zeros(end..whole[axis]));
    pieces[0].concat(&pieces[1..].iter().collect::<Vec<_>>(), axis)
}
