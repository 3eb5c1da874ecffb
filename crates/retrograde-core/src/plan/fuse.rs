//! Joining pointwise operations into chains, each of which becomes one pass over memory.
//!
//! Chains are grown in the order of recording. A chain takes in its neighbours (the producers of what a pointwise
//! operation reads) when they have as many elements and when no other unit of work stands between them: joining must
//! not make a circle.

use super::simplify::Items;
use super::views::Sources;
use crate::kernel::Form;

/// The most operations of one chain: beyond, tiles no longer stay in the first-level cache.
const LONGEST: usize = 24;

/// What is carried out as one: items in the order of recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unit {
    /// Pointwise operations on equally many elements.
    Chain(Vec<usize>),
    /// A row kernel.
    Rows(usize),
    /// A copy of real numbers or indices that a reader needs as neighbours.
    Copy(usize),
}

impl Unit {
    pub(super) fn items(&self) -> &[usize] {
        match self {
            Unit::Chain(items) => items,
            Unit::Rows(item) | Unit::Copy(item) => std::slice::from_ref(item),
        }
    }
}

/// The units of work, and which unit makes each item that has memory of its own.
#[derive(Debug)]
pub(super) struct Units {
    pub(super) list: Vec<Unit>,
    pub(super) of: Vec<Option<usize>>,
}

impl Units {
    /// The items whose memory a unit reads, with repetitions; those that it makes itself included.
    pub(super) fn reads<'a>(
        &'a self,
        unit: usize,
        items: &'a Items,
        sources: &'a Sources,
    ) -> impl Iterator<Item = usize> + 'a {
        self.list[unit]
            .items()
            .iter()
            .flat_map(move |&item| items.list[item].inputs.iter().map(move |&input| sources.of[input].base))
    }
}

/// Forms the units.
pub(super) fn fuse(items: &Items, sources: &Sources) -> Units {
    // Every item that is computed begins as a unit of its own; `home` follows the joins.
    let mut members: Vec<Vec<usize>> = Vec::new();
    let mut home: Vec<Option<usize>> = vec![None; items.list.len()];
    for (index, item) in items.list.iter().enumerate() {
        let Some(form) = item.node.form() else {
            continue;
        };
        let own = members.len();
        match form {
            Form::Rows(_) => {}
            Form::View(_) | Form::Reshape if sources.copied[index].is_some() => {}
            Form::View(_) | Form::Reshape => continue,
            Form::Arithmetic(_) | Form::Pointwise(_) => {
                members.push(vec![index]);
                home[index] = Some(own);
                for &input in &item.inputs {
                    let source = &sources.of[input];
                    let in_place = source.view.is_contiguous() && source.view.offset == 0;
                    let Some(other) = home[source.base].filter(|_| in_place) else {
                        continue;
                    };
                    let mine = home[index].unwrap_or(own);
                    if other != mine
                        && is_pointwise(items, source.base)
                        && items.elements(source.base) == items.elements(index)
                        && members[other].len() + members[mine].len() <= LONGEST
                        && !reaches_around(items, sources, &members, &home, other, mine)
                        && !reaches_around(items, sources, &members, &home, mine, other)
                    {
                        let joined = std::mem::take(&mut members[mine]);
                        for &member in &joined {
                            home[member] = Some(other);
                        }
                        members[other].extend(joined);
                    }
                }
                continue;
            }
        }
        members.push(vec![index]);
        home[index] = Some(own);
    }
    gather(items, members)
}

fn gather(items: &Items, members: Vec<Vec<usize>>) -> Units {
    let mut units = Units { list: Vec::new(), of: vec![None; items.list.len()] };
    for mut members in members.into_iter().filter(|members| !members.is_empty()) {
        members.sort_unstable();
        let first = members[0];
        for &member in &members {
            units.of[member] = Some(units.list.len());
        }
        units.list.push(match items.form(first) {
            Some(form) if form.is_pointwise() => Unit::Chain(members),
            Some(Form::Rows(_)) => Unit::Rows(first),
            _ => Unit::Copy(first),
        });
    }
    units
}

fn is_pointwise(items: &Items, item: usize) -> bool {
    items.form(item).is_some_and(Form::is_pointwise)
}

/// Whether `to` depends on `from` by way of a third unit, or directly through a view that must see the finished
/// value: then they cannot be one.
fn reaches_around(
    items: &Items,
    sources: &Sources,
    members: &[Vec<usize>],
    home: &[Option<usize>],
    from: usize,
    to: usize,
) -> bool {
    // Every unit is looked at, also those recorded before `from`: they may have been joined with later ones.
    let mut seen = vec![false; members.len()];
    let mut open = vec![to];
    while let Some(unit) = open.pop() {
        for &member in &members[unit] {
            for &input in &items.list[member].inputs {
                let source = &sources.of[input];
                let Some(next) = home[source.base] else {
                    continue;
                };
                if next == from {
                    let in_place = source.view.is_contiguous()
                        && source.view.offset == 0
                        && items.elements(source.base) == items.elements(member);
                    if unit != to || !in_place {
                        return true;
                    }
                } else if next != unit && !seen[next] {
                    seen[next] = true;
                    open.push(next);
                }
            }
        }
    }
    false
}
