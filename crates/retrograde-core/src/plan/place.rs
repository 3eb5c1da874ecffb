//! A place in memory for each value: values that are not alive at the same time share memory.
//!
//! A value is alive from the step that computes it to the last one that reads it. On one thread its memory is free after that
//! step. On several, a thread may be ahead of the others within a region: there the memory of a value goes to one that is
//! partitioned into the same chunks of the same length, since each thread then overwrites only its own chunks; all other memory
//! is free where the region ends.

use super::ir::{GroupId, GroupKind, PlanIr, ValueId};
use crate::graph::{Kind, Leaf};
use crate::kernel::arena::{ALIGNMENT, Place};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The steps between which a value is alive, counted in the order of execution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lifetime {
    pub(super) first: usize,
    /// `usize::MAX` if it is read after the run.
    pub(super) last: usize,
}

/// Gives each value that needs memory its place, for so many threads.
pub(super) fn place(ir: &mut PlanIr, threads: usize) {
    find_lifetimes(ir);
    let mut memory = Memory { threads, ..Memory::default() };
    let mut tables = 0;
    for value in 0..ir.values.len() {
        match ir.values[value].node.leaf() {
            Some(Leaf::Bytes { values, .. }) => {
                ir.values[value].place = Some(Place::Bytes { table: tables, start: 0, length: values.len() });
                tables += 1;
            }
            Some(_) => memory.take(ir, value, None),
            None => {}
        }
    }
    for group in ir.constants.clone() {
        memory.take_all(ir, group);
    }
    let mut ends: BTreeMap<usize, Vec<ValueId>> = BTreeMap::new();
    for (value, lifetime) in
        ir.values.iter().enumerate().filter_map(|(at, value)| Some((at, value.lifetime?)))
    {
        ends.entry(lifetime.last).or_default().push(value);
    }
    let mut position = 0;
    for region in ir.regions.clone() {
        for group in region {
            if ir.groups[group].epilogue.is_none() {
                memory.take_all(ir, group);
                let dead = ends.get(&position).map(Vec::as_slice).unwrap_or_default();
                dead.iter().for_each(|&value| memory.end(ir, value, ir.groups[group].region));
            }
            position += 1;
        }
        memory.end_region();
    }
    ir.arena = (memory.real.length(), memory.index.length());
}

/// From where to where each value that needs memory is alive.
fn find_lifetimes(ir: &mut PlanIr) {
    // A row kernel runs where its epilogue stands.
    let mut position = vec![0; ir.groups.len()];
    ir.executed().enumerate().for_each(|(at, group)| position[group] = at);
    let position: Vec<usize> =
        (0..position.len()).map(|group| position[ir.groups[group].epilogue.unwrap_or(group)]).collect();
    let mut lifetimes: Vec<Option<Lifetime>> = vec![None; ir.values.len()];
    let mut extend = |ir: &PlanIr, base: ValueId, to: usize| {
        let Some(producer) = ir.values[base].group else {
            return;
        };
        let to = if ir.groups[producer].region.is_none() { usize::MAX } else { to };
        let lifetime = lifetimes[base].get_or_insert(Lifetime { first: position[producer], last: 0 });
        lifetime.last = lifetime.last.max(to);
    };
    for (group, &position) in position.iter().enumerate() {
        ir.reads(group).filter(|&base| ir.values[base].group != Some(group)).for_each(|base| {
            extend(ir, base, position);
        });
        // A row kernel and a copy need memory for their output even if nothing reads it.
        if ir.groups[group].kind != GroupKind::Elementwise {
            extend(ir, ir.groups[group].values[0], position);
        }
    }
    let kept = (0..ir.values.len()).filter(|&value| ir.values[value].kept);
    let stored = ir.updates.iter().filter(|update| !update.in_place).map(|update| update.value);
    for value in kept.chain(stored) {
        extend(ir, ir.source(value).base, usize::MAX);
    }
    for group in ir.groups.iter().filter(|group| group.epilogue.is_some()) {
        lifetimes[group.values[0]] = None;
    }
    for (value, lifetime) in ir.values.iter_mut().zip(lifetimes) {
        value.lifetime = lifetime;
    }
}

/// How the elements of a value are partitioned within a region: the length of a chunk, and that of the value.
type Partition = (usize, usize);

/// The memory that is taken and free.
#[derive(Default)]
struct Memory {
    threads: usize,
    real: Allocator,
    index: Allocator,
    /// Starts of real numbers that are free within this region, by their partition.
    free_in_region: HashMap<Partition, Vec<usize>>,
    /// Places that are free when this region ends.
    free_after_region: Vec<Place>,
}

impl Memory {
    /// Places for the values of a group that need memory.
    fn take_all(&mut self, ir: &mut PlanIr, group: GroupId) {
        let head = ir.groups[group].epilogue_of;
        for group in head.into_iter().chain([group]) {
            for value in ir.groups[group].values.clone() {
                if ir.values[value].lifetime.is_some() {
                    self.take(ir, value, Some(group));
                }
            }
        }
    }

    fn take(&mut self, ir: &mut PlanIr, value: ValueId, group: Option<GroupId>) {
        let length = ir.elements(value);
        let partition = group.map(|group| (ir.chunk_elements(group), length));
        let mut real = || {
            let free = partition.and_then(|partition| self.free_in_region.get_mut(&partition)?.pop());
            free.unwrap_or_else(|| self.real.take(length))
        };
        let place = match (&ir.values[value].compressed, ir.values[value].node.value_type.kind) {
            (Some(compressed), _) => {
                let Some(Place::Bytes { table, .. }) =
                    ir.values[ir.source(ir.values[value].inputs[0]).base].place
                else {
                    unreachable!("compressed rows are those of a table of bytes");
                };
                let (width, words, rows) =
                    (compressed.width(), compressed.words_per_row(), ir.shape(value)[0]);
                Place::Compressed { table, width, start: self.index.take(rows * words), words, rows }
            }
            (None, Kind::Real) => Place::Real { start: real(), length },
            (None, Kind::Byte) => unreachable!("a table of bytes has its place as a leaf"),
            (None, Kind::Index) => Place::Index { start: self.index.take(length), length },
        };
        ir.values[value].place = Some(place);
    }

    /// The memory of a value that was read for the last time, in this region.
    fn end(&mut self, ir: &PlanIr, value: ValueId, region: Option<usize>) {
        let Some(place) = ir.values[value].place else {
            return;
        };
        let producer = ir.values[value].group;
        match (place, producer) {
            _ if self.threads == 1 => self.give_back(place),
            (Place::Real { start, length }, Some(producer))
                if ir.groups[producer].region == region && ir.groups[producer].chunks() > 1 =>
            {
                self.free_in_region.entry((ir.chunk_elements(producer), length)).or_default().push(start);
            }
            _ => self.free_after_region.push(place),
        }
    }

    fn end_region(&mut self) {
        let mut free: Vec<(Partition, Vec<usize>)> = self.free_in_region.drain().collect();
        free.sort_unstable();
        for ((_, length), starts) in free {
            starts.into_iter().for_each(|start| self.real.give_back(start, length));
        }
        for place in std::mem::take(&mut self.free_after_region) {
            self.give_back(place);
        }
    }

    fn give_back(&mut self, place: Place) {
        match place {
            Place::Real { start, length } => self.real.give_back(start, length),
            Place::Index { start, length } => self.index.give_back(start, length),
            Place::Compressed { start, words, rows, .. } => self.index.give_back(start, rows * words),
            Place::Bytes { .. } | Place::Forwarded { .. } => {}
        }
    }
}

/// Hands out pieces of one block of memory and takes them back. Each call takes logarithmic time.
#[derive(Debug, Default)]
struct Allocator {
    /// The length of each free piece, by its start.
    free: BTreeMap<usize, usize>,
    /// The same pieces by length.
    by_length: BTreeSet<(usize, usize)>,
    /// The block's length so far.
    length: usize,
}

impl Allocator {
    /// The start of a piece of `length` elements: the smallest free one that is long enough, or new memory.
    fn take(&mut self, length: usize) -> usize {
        let length = rounded(length);
        if let Some(&(available, start)) = self.by_length.range((length, 0)..).next() {
            self.remove(start, available);
            if available > length {
                self.insert(start + length, available - length);
            }
            return start;
        }
        // A free piece at the end of the block is made longer.
        let start = match self.free.last_key_value() {
            Some((&start, &available)) if start.saturating_add(available) == self.length => {
                self.remove(start, available);
                start
            }
            _ => self.length,
        };
        self.length = start.saturating_add(length);
        start
    }

    /// Takes a piece back.
    fn give_back(&mut self, start: usize, length: usize) {
        let (mut start, mut length) = (start, rounded(length));
        if length == 0 {
            return;
        }
        // Neighbours become one piece.
        let before = self.free.range(..start).next_back().map(|(&start, &length)| (start, length));
        if let Some((before, available)) = before.filter(|(before, available)| before + available == start) {
            self.remove(before, available);
            (start, length) = (before, available + length);
        }
        if let Some(&available) = self.free.get(&start.saturating_add(length)) {
            self.remove(start + length, available);
            length += available;
        }
        self.insert(start, length);
    }

    fn insert(&mut self, start: usize, length: usize) {
        self.free.insert(start, length);
        self.by_length.insert((length, start));
    }

    fn remove(&mut self, start: usize, length: usize) {
        self.free.remove(&start);
        self.by_length.remove(&(length, start));
    }

    /// How long the block must be.
    fn length(&self) -> usize {
        self.length
    }
}

/// Saturates: a length that exceeds memory stays so, and is refused when the memory is taken.
fn rounded(length: usize) -> usize {
    length.checked_next_multiple_of(ALIGNMENT).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{ALIGNMENT, Allocator};

    #[test]
    fn pieces_never_overlap_and_memory_is_used_again() {
        let mut allocator = Allocator::default();
        let mut alive: Vec<(usize, usize)> = Vec::new();
        let mut random = 12345_usize;
        for round in 0..2000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if random >> 60 < 8 && !alive.is_empty() {
                let (start, length) = alive.swap_remove((random >> 20) % alive.len());
                allocator.give_back(start, length);
            } else if alive.len() < 20 {
                let length = (random >> 30) % 300;
                let start = allocator.take(length);
                assert_eq!(start % ALIGNMENT, 0);
                for &(other, other_length) in &alive {
                    let apart = start + length <= other || other + other_length <= start;
                    assert!(apart, "round {round}");
                }
                assert!(start + length <= allocator.length());
                alive.push((start, length));
            }
        }
        assert!(allocator.length() < 20 * 300 * 2, "{}", allocator.length());
        for (start, length) in alive {
            allocator.give_back(start, length);
        }
        let length = allocator.length();
        assert_eq!(allocator.take(length), 0, "all of it is one free piece again");
    }
}
