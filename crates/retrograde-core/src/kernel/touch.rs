//! Who touches what: where the threads of a program must meet.
//!
//! Each step is cut into a share for each thread. Two steps may run without a meeting between them if no thread writes
//! what another one reads or writes in the other step; in a network, what a thread does to its rows of the batch goes
//! through all layers without waiting for anybody. That is not taken on trust from the planner: it is seen from the
//! very places that the steps lend out.

use super::arena::{Memory, Place};
use super::chain::Chain;
use super::form::Operand;
use super::work::{RowsWork, Work};
use std::ops::Range;

/// A piece of the arena that a step touches.
#[derive(Debug)]
pub(super) struct Touch {
    memory: Memory,
    writes: bool,
    extent: Extent,
}

#[derive(Debug)]
enum Extent {
    /// Two threads or more touch all of it.
    Everybody(Range<usize>),
    /// Thread `t` touches what lies between cuts `t` and `t + 1`.
    Parts(Vec<usize>),
}

/// All that a step of this work touches when it is cut into these shares.
pub(super) fn touches(work: &Work, shares: &[Range<usize>]) -> Vec<Touch> {
    match work {
        Work::Chain(chain) => of_chain(chain, shares),
        Work::Rows(RowsWork { inputs, output, rows, tail, .. }) => {
            let lent = |operand: &Operand, writes: bool| {
                let place = operand.place;
                if writes || operand.by_row {
                    parts(shares, writes, |share| place.rows(share, *rows))
                } else {
                    everything(place, shares)
                }
            };
            let own = inputs.iter().flat_map(|input| lent(input, false)).chain(lent(output, true));
            let tail = tail.iter().flat_map(|tail| {
                let row = tail.chain.elements / (*rows).max(1);
                let shares: Vec<Range<usize>> =
                    shares.iter().map(|share| share.start * row..share.end * row).collect();
                of_chain(&tail.chain, &shares)
            });
            own.chain(tail).collect()
        }
        Work::Indices { from, to, .. } => {
            let place = |start, length| Place::Index { start, length };
            let written = parts(shares, true, |share| place(to + share.start, share.len()));
            everything(place(from.0, from.1), shares).into_iter().chain(written).collect()
        }
    }
}

fn of_chain(chain: &Chain, shares: &[Range<usize>]) -> Vec<Touch> {
    let place = |start, length| Place::Real { start, length };
    let mut touches = Vec::new();
    for load in &chain.loads {
        touches.extend(match load.rows {
            Some(rows) => parts(shares, false, |share| {
                let lent = rows.lent(load.length, load.view.offset, share);
                place(load.start + lent.start, lent.len())
            }),
            None => everything(place(load.start, load.length), shares),
        });
    }
    for start in chain.numbers() {
        touches.extend(everything(place(start, 1), shares));
    }
    for (start, writes) in chain.memory() {
        touches.extend(parts(shares, writes, |share| place(start + share.start, share.len())));
    }
    touches
}

/// All of a place, read by all who have a share.
fn everything(place: Place, shares: &[Range<usize>]) -> Vec<Touch> {
    place.memory().map(|(memory, range)| whole(memory, range, false, shares)).into_iter().collect()
}

fn whole(memory: Memory, range: Range<usize>, writes: bool, shares: &[Range<usize>]) -> Touch {
    let extent = match shares {
        [_] => Extent::Parts(vec![range.start, range.end]),
        _ => Extent::Everybody(range),
    };
    Touch { memory, writes, extent }
}

/// A place for each share, one behind the other.
fn parts(shares: &[Range<usize>], writes: bool, part: impl Fn(&Range<usize>) -> Place) -> Vec<Touch> {
    let pieces: Option<Vec<(Memory, Range<usize>)>> =
        shares.iter().map(|share| part(share).memory()).collect();
    let Some((memory, first)) = pieces.as_ref().and_then(|pieces| pieces.first()) else {
        return Vec::new();
    };
    let (memory, ranges) = (*memory, pieces.iter().flatten().map(|(_, range)| range));
    let mut cuts = vec![first.start];
    for range in ranges.clone() {
        let last = cuts[cuts.len() - 1];
        if range.start < last && !range.is_empty() {
            // Rows that reach into each other: nobody's own.
            let end = ranges.map(|range| range.end).max().unwrap_or(last);
            return vec![whole(memory, cuts[0]..end, writes, shares)];
        }
        cuts.push(if range.is_empty() { last } else { range.end });
    }
    vec![Touch { memory, writes, extent: Extent::Parts(cuts) }]
}

impl Touch {
    /// Whether a thread touches here what another one touches there, and one of them writes.
    pub(super) fn collides(&self, other: &Touch) -> bool {
        if self.memory != other.memory || !(self.writes || other.writes) {
            return false;
        }
        match (&self.extent, &other.extent) {
            (Extent::Everybody(a), Extent::Everybody(b)) => overlap(a, b),
            (Extent::Everybody(all), Extent::Parts(cuts)) | (Extent::Parts(cuts), Extent::Everybody(all)) => {
                overlap(all, &hull(cuts))
            }
            (Extent::Parts(a), Extent::Parts(b)) => {
                let (whole_a, whole_b) = (hull(a), hull(b));
                overlap(&whole_a, &whole_b)
                    && a.windows(2).enumerate().any(|(thread, cut)| {
                        let mine = cut[0]..cut[1];
                        // A thread beyond the last of the other step has nothing there; all of it is others'.
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

fn hull(cuts: &[usize]) -> Range<usize> {
    cuts[0]..cuts[cuts.len() - 1]
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < a.end && b.start < b.end && a.start < b.end && b.start < a.end
}

#[cfg(test)]
mod tests {
    use super::{Extent, Memory, Touch};
    use std::ops::Range;

    fn parts(cuts: &[usize], writes: bool) -> Touch {
        Touch { memory: Memory::Real, writes, extent: Extent::Parts(cuts.to_vec()) }
    }

    fn everybody(range: Range<usize>) -> Touch {
        Touch { memory: Memory::Real, writes: false, extent: Extent::Everybody(range) }
    }

    #[test]
    fn threads_that_keep_to_their_own_need_not_meet() {
        // The same rows, read and written by the same threads; two rows of different length do not fit.
        assert!(!parts(&[0, 50, 100], true).collides(&parts(&[0, 50, 100], false)));
        assert!(parts(&[0, 50, 100], true).collides(&parts(&[0, 48, 100], false)));
        assert!(parts(&[0, 48, 100], false).collides(&parts(&[0, 50, 100], true)));
        // Two who read never collide; nor do places that are apart.
        assert!(!parts(&[0, 50, 100], false).collides(&parts(&[0, 10, 100], false)));
        assert!(!parts(&[0, 50, 100], true).collides(&parts(&[100, 150, 200], true)));
    }

    #[test]
    fn what_everybody_reads_must_be_finished() {
        assert!(parts(&[0, 50, 100], true).collides(&everybody(90..95)));
        assert!(everybody(90..95).collides(&parts(&[0, 50, 100], true)));
        assert!(!parts(&[0, 50, 90], true).collides(&everybody(90..95)));
        // One thread alone wrote it, and several read it.
        assert!(parts(&[0, 100], true).collides(&everybody(0..100)));
        // One thread alone did both.
        assert!(!parts(&[0, 100], true).collides(&parts(&[0, 100], false)));
        // One thread wrote all, and several read their part of it.
        assert!(parts(&[0, 100], true).collides(&parts(&[0, 50, 100], false)));
    }
}
