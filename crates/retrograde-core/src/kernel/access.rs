//! Which memory the steps of a program access, and where threads must therefore wait at a barrier.
//!
//! Each step is partitioned into a range for each thread. Two steps may run without a barrier between them if no thread
//! writes what another thread reads or writes in the other step: in a network, a thread takes its rows of the batch through
//! all layers without waiting. The analysis does not rely on the planner: it derives the accesses from the places that the
//! steps read and write.

use super::arena::{Memory, Place};
use super::chain::Chain;
use super::work::{RowsWork, Work};
use std::collections::BTreeMap;
use std::ops::Range;

/// A piece of the arena that a step accesses.
#[derive(Debug, PartialEq)]
pub(super) struct Access {
    memory: Memory,
    writes: bool,
    extent: Extent,
}

#[derive(Debug, PartialEq)]
enum Extent {
    /// Two threads or more access all of it.
    Shared(Range<usize>),
    /// Thread `t` accesses what lies between cuts `t` and `t + 1`.
    Parts(Vec<usize>),
}

/// What a step of this work accesses when it is partitioned into these ranges.
pub(super) fn accesses(work: &Work, ranges: &[Range<usize>]) -> Vec<Access> {
    match work {
        Work::Chain(chain) => of_chain(chain, ranges),
        Work::Rows(RowsWork { inputs, output, rows, epilogue, .. }) => {
            let read = inputs.iter().flat_map(|input| parts(ranges, false, |range| input.accessed(range)));
            let own = read.chain(parts(ranges, true, |range| output.place.rows(range, *rows)));
            let epilogue = epilogue.iter().flat_map(|epilogue| {
                let row = epilogue.chain.elements / (*rows).max(1);
                let ranges: Vec<Range<usize>> =
                    ranges.iter().map(|range| range.start * row..range.end * row).collect();
                of_chain(&epilogue.chain, &ranges)
            });
            own.chain(epilogue).collect()
        }
        Work::Indices { from, to, .. } => {
            let place = |start, length| Place::Index { start, length };
            let written = parts(ranges, true, |range| place(to + range.start, range.len()));
            all_of(place(from.0, from.1), ranges).into_iter().chain(written).collect()
        }
    }
}

fn of_chain(chain: &Chain, ranges: &[Range<usize>]) -> Vec<Access> {
    let place = |start, length| Place::Real { start, length };
    let mut accesses = Vec::new();
    for load in &chain.loads {
        accesses.extend(match load.rows {
            Some(rows) => parts(ranges, false, |range| {
                let read = rows.lent(load.length, load.view.offset, range);
                place(load.start + read.start, read.len())
            }),
            None => all_of(place(load.start, load.length), ranges),
        });
    }
    for start in chain.numbers() {
        accesses.extend(all_of(place(start, 1), ranges));
    }
    for (start, writes) in chain.memory() {
        accesses.extend(parts(ranges, writes, |range| place(start + range.start, range.len())));
    }
    accesses
}

/// All of a place, read by each thread that has a range.
fn all_of(place: Place, ranges: &[Range<usize>]) -> Vec<Access> {
    place.memory().map(|(memory, range)| whole(memory, range, false, ranges)).into_iter().collect()
}

fn whole(memory: Memory, range: Range<usize>, writes: bool, ranges: &[Range<usize>]) -> Access {
    let extent = match ranges {
        [_] => Extent::Parts(vec![range.start, range.end]),
        _ => Extent::Shared(range),
    };
    Access { memory, writes, extent }
}

/// A place for each range, one behind the other.
fn parts(ranges: &[Range<usize>], writes: bool, part: impl Fn(&Range<usize>) -> Place) -> Vec<Access> {
    let pieces: Option<Vec<(Memory, Range<usize>)>> =
        ranges.iter().map(|range| part(range).memory()).collect();
    let Some((memory, first)) = pieces.as_ref().and_then(|pieces| pieces.first()) else {
        return Vec::new();
    };
    let (memory, parts) = (*memory, pieces.iter().flatten().map(|(_, range)| range));
    let mut cuts = vec![first.start];
    for range in parts.clone() {
        let last = cuts[cuts.len() - 1];
        if range.start < last && !range.is_empty() {
            // Parts that overlap belong to no thread alone.
            let end = parts.map(|range| range.end).max().unwrap_or(last);
            return vec![whole(memory, cuts[0]..end, writes, ranges)];
        }
        cuts.push(if range.is_empty() { last } else { range.end });
    }
    vec![Access { memory, writes, extent: Extent::Parts(cuts) }]
}

impl Access {
    /// What it accesses, over all threads.
    fn range(&self) -> Range<usize> {
        match &self.extent {
            Extent::Shared(range) => range.clone(),
            Extent::Parts(cuts) => bounds(cuts),
        }
    }

    /// Whether one thread accesses here what another thread accesses there, and one of the two writes.
    pub(super) fn conflicts(&self, other: &Access) -> bool {
        if self.memory != other.memory || !(self.writes || other.writes) {
            return false;
        }
        match (&self.extent, &other.extent) {
            (Extent::Shared(a), Extent::Shared(b)) => overlap(a, b),
            (Extent::Shared(all), Extent::Parts(cuts)) | (Extent::Parts(cuts), Extent::Shared(all)) => {
                overlap(all, &bounds(cuts))
            }
            (Extent::Parts(a), Extent::Parts(b)) => {
                let (whole_a, whole_b) = (bounds(a), bounds(b));
                overlap(&whole_a, &whole_b)
                    && a.windows(2).enumerate().any(|(thread, cut)| {
                        let mine = cut[0]..cut[1];
                        // The other step gives nothing to a thread beyond its last; all of it belongs to other threads.
                        let (from, to) = match (b.get(thread), b.get(thread + 1)) {
                            (Some(&from), Some(&to)) => (from, to),
                            _ => (whole_b.end, whole_b.end),
                        };
                        overlap(&mine, &(whole_b.start..from)) || overlap(&mine, &(to..whole_b.end))
                    })
            }
        }
    }
}

/// The accesses since the last barrier, by memory: a new access is compared only with those that overlap it.
#[derive(Debug, Default)]
pub(super) struct AccessMap {
    /// Disjoint pieces of memory, by their starts: the end, and the accesses to the piece.
    pieces: [BTreeMap<usize, (usize, Vec<Access>)>; 2],
}

impl AccessMap {
    fn pieces(&mut self, memory: Memory) -> &mut BTreeMap<usize, (usize, Vec<Access>)> {
        &mut self.pieces[usize::from(memory == Memory::Index)]
    }

    /// Whether one of them conflicts with this one.
    pub(super) fn conflicts_with(&mut self, access: &Access) -> bool {
        let range = access.range();
        let overlapping = self.pieces(access.memory).range(..range.end).rev();
        let mut overlapping = overlapping.take_while(|(_, (end, _))| *end > range.start);
        overlapping.any(|(_, (_, accesses))| accesses.iter().any(|other| access.conflicts(other)))
    }

    pub(super) fn insert(&mut self, access: Access) {
        let Range { mut start, mut end } = access.range();
        if start >= end {
            return;
        }
        // The pieces that it overlaps become one.
        let pieces = self.pieces(access.memory);
        let mut all = Vec::new();
        while let Some((&before, &(before_end, _))) =
            pieces.range(..end).next_back().filter(|(_, (before_end, _))| *before_end > start)
        {
            let (_, accesses) = pieces.remove(&before).unwrap_or_default();
            (start, end) = (start.min(before), end.max(before_end));
            all.extend(accesses);
        }
        if !all.contains(&access) {
            all.push(access);
        }
        pieces.insert(start, (end, all));
    }
}

fn bounds(cuts: &[usize]) -> Range<usize> {
    cuts[0]..cuts[cuts.len() - 1]
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < a.end && b.start < b.end && a.start < b.end && b.start < a.end
}

#[cfg(test)]
mod tests {
    use super::{Access, Extent, Memory};
    use std::ops::Range;

    fn parts(cuts: &[usize], writes: bool) -> Access {
        Access { memory: Memory::Real, writes, extent: Extent::Parts(cuts.to_vec()) }
    }

    fn shared(range: Range<usize>) -> Access {
        Access { memory: Memory::Real, writes: false, extent: Extent::Shared(range) }
    }

    #[test]
    fn threads_that_keep_to_their_own_rows_need_no_barrier() {
        // The same rows, read and written by the same threads; two rows of different length do not fit.
        assert!(!parts(&[0, 50, 100], true).conflicts(&parts(&[0, 50, 100], false)));
        assert!(parts(&[0, 50, 100], true).conflicts(&parts(&[0, 48, 100], false)));
        assert!(parts(&[0, 48, 100], false).conflicts(&parts(&[0, 50, 100], true)));
        // Two reads never conflict, nor do disjoint places.
        assert!(!parts(&[0, 50, 100], false).conflicts(&parts(&[0, 10, 100], false)));
        assert!(!parts(&[0, 50, 100], true).conflicts(&parts(&[100, 150, 200], true)));
    }

    #[test]
    fn what_several_threads_read_must_be_finished() {
        assert!(parts(&[0, 50, 100], true).conflicts(&shared(90..95)));
        assert!(shared(90..95).conflicts(&parts(&[0, 50, 100], true)));
        assert!(!parts(&[0, 50, 90], true).conflicts(&shared(90..95)));
        // One thread alone wrote it, and several read it.
        assert!(parts(&[0, 100], true).conflicts(&shared(0..100)));
        // One thread alone did both.
        assert!(!parts(&[0, 100], true).conflicts(&parts(&[0, 100], false)));
        // One thread wrote all, and several read their part of it.
        assert!(parts(&[0, 100], true).conflicts(&parts(&[0, 50, 100], false)));
    }
}
