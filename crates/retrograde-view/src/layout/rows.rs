//! Assigns rows to items: lines as straight as the order allows.
//!
//! Column by column, each item has preferred rows, in which its lines would be straight. They are met as well as possible,
//! keeping the order and a blank row between neighbors: the smallest sum of distances, by pooling adjacent violators around
//! their medians (isotonic regression; Ayer et al. 1955). Sweeps in both directions reconcile them; the straightest result
//! is used.

use super::layered_graph::{Extent, LayeredGraph, NodeShape};

/// The number of sweeps.
const SWEEPS: usize = 12;
/// The weights of a line between two dummy items, of a line at one dummy item, and of any other.
const WEIGHTS: [usize; 3] = [1, 2, 4];

/// The first row of each item, and the cost of the bends of all lines.
pub(super) fn rows(graph: &LayeredGraph, columns: &[Vec<usize>], extents: &[Extent]) -> (Vec<usize>, usize) {
    let mut rows = vec![0_isize; graph.items.len()];
    for column in columns {
        let mut next = 0;
        for &item in column {
            rows[item] = next;
            next += signed(extents[item].height) + 1;
        }
    }
    let mut best = (usize::MAX, rows.clone());
    for sweep in 0..SWEEPS {
        for step in 0..columns.len() {
            let column = if sweep % 2 == 0 { step } else { columns.len() - 1 - step };
            // The last sweeps use both sides.
            let sides = if sweep >= SWEEPS / 2 { [true, true] } else { [sweep % 2 == 0, sweep % 2 == 1] };
            let preferred_rows = columns[column]
                .iter()
                .map(|&item| preferred_rows(item, graph, extents, &rows, sides))
                .collect();
            settle(&columns[column], preferred_rows, extents, &mut rows);
        }
        let cost = bends(graph, extents, &rows);
        if cost < best.0 {
            best = (cost, rows.clone());
        }
    }
    let (cost, rows) = best;
    let first = rows.iter().copied().min().unwrap_or(0);
    (rows.iter().map(|row| (row - first) as usize).collect(), cost)
}

/// The first rows at which an item's lines to the left, and to the right, would be straight.
fn preferred_rows(
    item: usize,
    graph: &LayeredGraph,
    extents: &[Extent],
    rows: &[isize],
    sides: [bool; 2],
) -> Vec<isize> {
    let mut preferred_rows = Vec::new();
    for link in &graph.links {
        let (from, to) = (link.from, link.to);
        let (out, into) = (signed(extents[from.0].outputs[from.1]), signed(extents[to.0].inputs[to.1]));
        let wish = match (from.0 == item, to.0 == item) {
            (_, true) if sides[0] => rows[from.0] + out - into,
            (true, _) if sides[1] => rows[to.0] + into - out,
            _ => continue,
        };
        let dummies =
            [from.0, to.0].iter().filter(|&&end| matches!(graph.items[end].shape, NodeShape::Dummy)).count();
        preferred_rows.extend(std::iter::repeat_n(wish, WEIGHTS[dummies]));
    }
    if preferred_rows.is_empty() { vec![rows[item]] } else { preferred_rows }
}

/// Neighbors that move together: all their preferred rows, and their common position.
struct Pool {
    preferred_rows: Vec<isize>,
    place: isize,
    items: usize,
}

/// Assigns the rows of one column.
fn settle(column: &[usize], preferred_rows: Vec<Vec<isize>>, extents: &[Extent], rows: &mut [isize]) {
    // With the heights of the previous items subtracted, positions only have to be non-decreasing.
    let mut before = Vec::new();
    let mut next = 0;
    for &item in column {
        before.push(next);
        next += signed(extents[item].height) + 1;
    }
    let mut pools: Vec<Pool> = Vec::new();
    for (position, preferred_rows) in preferred_rows.into_iter().enumerate() {
        let preferred_rows: Vec<isize> =
            preferred_rows.into_iter().map(|wish| wish - before[position]).collect();
        let mut pool = Pool { place: median(&preferred_rows), preferred_rows, items: 1 };
        while let Some(last) = pools.pop_if(|last| last.place >= pool.place) {
            pool.preferred_rows.extend(last.preferred_rows);
            pool.items += last.items;
            pool.place = median(&pool.preferred_rows);
        }
        pools.push(pool);
    }
    let places = pools.iter().flat_map(|pool| std::iter::repeat_n(pool.place, pool.items));
    for ((&item, place), before) in column.iter().zip(places).zip(before) {
        rows[item] = place + before;
    }
}

/// Row numbers are far below half of the maximum.
fn signed(rows: usize) -> isize {
    isize::try_from(rows).unwrap_or(isize::MAX)
}

/// The median; the mean of the two middle ones of an even number, so that a box is centered on its operands.
fn median(preferred_rows: &[isize]) -> isize {
    let mut sorted = preferred_rows.to_vec();
    sorted.sort_unstable();
    let upper = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[upper] } else { (sorted[upper - 1] + sorted[upper]).div_euclid(2) }
}

/// The cost of a bend, in rows.
pub(super) const BEND: usize = 4;

/// The cost of all lines: the rows that they climb, and an extra cost for each bent one.
fn bends(graph: &LayeredGraph, extents: &[Extent], rows: &[isize]) -> usize {
    let climb = |link: &super::layered_graph::Link| {
        let from = rows[link.from.0] + signed(extents[link.from.0].outputs[link.from.1]);
        let to = rows[link.to.0] + signed(extents[link.to.0].inputs[link.to.1]);
        from.abs_diff(to)
    };
    graph.links.iter().map(climb).map(|climb| if climb == 0 { 0 } else { climb + BEND }).sum()
}
