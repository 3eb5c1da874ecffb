//! How a group is partitioned: into rows, of which threads own whole chunks.
//!
//! Where row `i` of a consumer reads only row `i` of a value, both are partitioned alike, and the thread that computed the row
//! reads it. Where several rows together read a block of a value, such as a matrix of a stack, threads own chunks of as many
//! rows: the chunks of all groups that are partitioned alike grow.

use super::ir::{GroupId, GroupKind, PlanIr, Source, ValueId};
use crate::kernel::{Reads, RowsOfLoad};

/// Groups that are partitioned at the same places: chunk by chunk, each thread reads what it has computed itself.
pub(super) struct Partitions {
    /// The set of each group.
    set: Vec<usize>,
    /// The groups of each set.
    members: Vec<Vec<GroupId>>,
    threads: usize,
}

/// A way to partition a group, and the first region in which it can run so.
#[derive(Default)]
struct Candidate {
    region: usize,
    rows: usize,
    chunk: usize,
    /// The sets that it joins, each with the factor by which their chunks grow.
    joined: Vec<(usize, usize)>,
    /// The producers that may be partitioned anywhere, and the rows that they get.
    free: Vec<(GroupId, usize)>,
}

impl Partitions {
    /// A thread may have more rows than the mean by a fraction of 1/50.
    const UNEVEN: usize = 50;

    pub(super) fn new(groups: usize, threads: usize) -> Self {
        Partitions {
            set: (0..groups).collect(),
            members: (0..groups).map(|group| vec![group]).collect(),
            threads,
        }
    }

    /// Decides how a group is partitioned, and returns the first region in which it can run.
    pub(super) fn partition(&mut self, ir: &mut PlanIr, group: GroupId) -> usize {
        let best = if ir.groups[group].kind == GroupKind::Rows {
            self.candidate(ir, group, rows_of_kernel(ir, ir.groups[group].values[0]))
        } else {
            // Like the producer that lets it run first.
            let elements = ir.group_elements(group);
            let mut choices: Vec<usize> =
                edges(ir, group).into_iter().map(|(producer, _, _)| ir.groups[producer].rows).collect();
            choices.retain(|&rows| rows > 1 && elements.is_multiple_of(rows));
            choices.dedup();
            let anywhere = self.candidate(ir, group, 0);
            choices.into_iter().fold(anywhere, |best, rows| {
                let other = self.candidate(ir, group, rows);
                if other.region < best.region { other } else { best }
            })
        };
        self.commit(ir, group, &best);
        best.region
    }

    /// A group in so many rows. Chunks grow where it reads blocks that are longer than rows, but not so far that threads would
    /// have unequal work.
    fn candidate(&self, ir: &PlanIr, group: GroupId, rows: usize) -> Candidate {
        let edges = edges(ir, group);
        let Some(last) = edges.iter().filter_map(|&(producer, _, _)| ir.groups[producer].region).max() else {
            return Candidate { rows, chunk: 1, ..Candidate::default() };
        };
        let behind = Candidate { region: last + 1, rows, chunk: 1, ..Candidate::default() };
        let mut found = Candidate { region: last, rows, chunk: 1, ..Candidate::default() };
        for &(producer, value, position) in &edges {
            let of = &ir.groups[producer];
            if of.region == Some(last) {
                let reads = if rows == 0 { None } else { reads(ir, group, value, position, rows) };
                if reads.and_then(|reads| self.align(ir, &mut found, producer, reads)).is_none() {
                    return behind;
                }
            }
        }
        let most = rows.div_ceil(found.chunk).div_ceil(self.threads) * found.chunk;
        let even = most * self.threads * Self::UNEVEN <= rows * (Self::UNEVEN + 1);
        let alone = found.joined.len() == found.free.len();
        let grown = found.joined.iter().any(|&(_, factor)| factor > 1) || alone && found.chunk > 1;
        if grown && !even { behind } else { found }
    }

    /// Aligns a candidate with a producer of which `block.0` of its rows read `block.1` elements; none if that cannot be.
    fn align(
        &self,
        ir: &PlanIr,
        found: &mut Candidate,
        producer: GroupId,
        block: (usize, usize),
    ) -> Option<()> {
        let (this, elements) = (&ir.groups[producer], ir.group_elements(producer));
        let known = found.free.iter().find(|&&(group, _)| group == producer).map(|&(_, rows)| rows);
        // A producer that may be partitioned anywhere is partitioned like its first consumer.
        let rows = match this.rows {
            0 => known.unwrap_or_else(|| found.rows.div_ceil(block.0)),
            rows => rows,
        };
        let joined = found.joined.iter().position(|&(set, _)| set == self.set[producer]);
        let factor = joined.map_or(1, |at| found.joined[at].1);
        // The least multiples of both chunks that are the same elements.
        let chunk = lcm(found.chunk, block.0);
        let (read, made) = (chunk / block.0 * block.1, elements / rows * this.chunk * factor);
        let both = lcm(read, made);
        let (grows, grow) = (chunk / found.chunk * (both / read.max(1)), both / made.max(1));
        let whole =
            elements.is_multiple_of(rows) && (1..=elements).contains(&both) && (this.rows > 0 || rows > 1);
        if !whole || joined.is_some() && grows != grow {
            return None;
        }
        let chunks = rows.div_ceil(this.chunk * factor * grow);
        if found.rows.div_ceil(found.chunk * grows) != chunks {
            return None;
        }
        found.chunk *= grows;
        found.joined.iter_mut().for_each(|(_, factor)| *factor *= grows);
        if joined.is_none() {
            found.joined.push((self.set[producer], grow));
        }
        if this.rows == 0 && known.is_none() {
            found.free.push((producer, rows));
        }
        Some(())
    }

    fn commit(&mut self, ir: &mut PlanIr, group: GroupId, found: &Candidate) {
        (ir.groups[group].rows, ir.groups[group].chunk) = (found.rows, found.chunk);
        found.free.iter().for_each(|&(producer, rows)| ir.groups[producer].rows = rows);
        for &(set, factor) in &found.joined {
            if factor > 1 {
                self.members[set].iter().for_each(|&member| ir.groups[member].chunk *= factor);
            }
            // The smaller set joins the larger one.
            let (mut from, mut to) = (self.set[group], set);
            if self.members[from].len() > self.members[to].len() {
                std::mem::swap(&mut from, &mut to);
            }
            let moved = std::mem::take(&mut self.members[from]);
            moved.iter().for_each(|&member| self.set[member] = to);
            self.members[to].extend(moved);
        }
    }
}

fn lcm(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    (a / x.max(1)).saturating_mul(b)
}

/// The producers of what a group reads, each with the reading value and the input's position; constants left out.
fn edges(ir: &PlanIr, group: GroupId) -> Vec<(GroupId, ValueId, usize)> {
    let mut edges = Vec::new();
    for &value in &ir.groups[group].values {
        for (position, &input) in ir.values[value].inputs.iter().enumerate() {
            let producer = ir.values[ir.source(input).base].group;
            let producer = producer.filter(|&other| other != group && ir.groups[other].region.is_some());
            edges.extend(producer.map(|producer| (producer, value, position)));
        }
    }
    edges
}

/// How many of the `rows` of a group read how many consecutive elements of the memory behind this input of this value, block by
/// block; none if all read all of it, or parts that overlap.
fn reads(
    ir: &PlanIr,
    group: GroupId,
    value: ValueId,
    position: usize,
    rows: usize,
) -> Option<(usize, usize)> {
    let source = ir.source(ir.values[value].inputs[position]);
    let whole = source.is_in_place() && source.view.elements() == ir.elements(source.base);
    match ir.groups[group].kind {
        GroupKind::Rows => {
            let reads = ir.kernel(value)?.reads(position, &ir.input_shapes(value), ir.shape(value));
            (whole && reads != Reads::ALL).then(|| (reads.block_rows(), reads.block_elements()))
        }
        GroupKind::Elementwise if whole => Some((1, ir.group_elements(group) / rows)),
        GroupKind::Elementwise => rows_of_load(ir, source, rows).map(|load| (1, load.apart)),
        GroupKind::Copy => None,
    }
}

/// Into how many rows the output of a row kernel falls. Kernels of compressed rows fill whole rows of matrices.
fn rows_of_kernel(ir: &PlanIr, value: ValueId) -> usize {
    if ir.values[value].inputs.iter().any(|&input| ir.values[input].compressed.is_some()) {
        return ir.shape(value)[0];
    }
    ir.kernel(value).map_or(0, |kernel| kernel.rows(&ir.input_shapes(value), ir.shape(value)))
}

/// How an elementwise group of `rows` rows reads a value that it loads, if each of its rows reads only the same row of it.
pub(super) fn rows_of_load(ir: &PlanIr, source: &Source, rows: usize) -> Option<RowsOfLoad> {
    let length = ir.elements(source.base);
    let load = RowsOfLoad::of(&source.view.merged(), rows)?;
    let fits = load.apart * rows == length && source.view.offset + load.extent <= load.apart;
    fits.then_some(load)
}
