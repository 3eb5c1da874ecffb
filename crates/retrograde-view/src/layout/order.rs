//! The order of the items in each column, from top to bottom: few crossings.
//!
//! A depth-first walk from the right through the operands, first operand first, draws any tree without crossings. For other
//! graphs it is the initial order for sweeps: each item moves to the mean position of its neighbors in the adjacent column
//! (Sugiyama, Tagawa and Toda 1981). The best order found is used.

use super::layered_graph::{LayeredGraph, Link};

/// The number of sweeps over all columns.
const SWEEPS: usize = 8;

/// The items of each column, from top to bottom. The links must be cut.
pub(super) fn order(graph: &LayeredGraph) -> Vec<Vec<usize>> {
    let mut columns = walk(graph);
    let mut best = (crossings(graph, &columns), columns.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        sort_by_neighbors(graph, &mut columns, sweep % 2 == 0);
        let crossings = crossings(graph, &columns);
        if crossings < best.0 {
            best = (crossings, columns.clone());
        }
    }
    best.1
}

fn walk(graph: &LayeredGraph) -> Vec<Vec<usize>> {
    fn visit(
        item: usize,
        graph: &LayeredGraph,
        inputs: &[Vec<&Link>],
        seen: &mut [bool],
        columns: &mut [Vec<usize>],
    ) {
        if std::mem::replace(&mut seen[item], true) {
            return;
        }
        // The depth is at most the number of columns, which fit into a terminal.
        for link in &inputs[item] {
            visit(link.from.0, graph, inputs, seen, columns);
        }
        columns[graph.items[item].column].push(item);
    }
    let inputs = graph.inputs();
    let mut seen = vec![false; graph.items.len()];
    let mut columns = vec![Vec::new(); graph.columns()];
    let mut ends: Vec<usize> = (0..graph.items.len()).collect();
    ends.sort_by_key(|&item| std::cmp::Reverse(graph.items[item].column));
    for item in ends {
        visit(item, graph, &inputs, &mut seen, &mut columns);
    }
    columns
}

/// Sorts each column by the mean position of the neighbors of its items on the left, or on the right.
fn sort_by_neighbors(graph: &LayeredGraph, columns: &mut [Vec<usize>], to_the_left: bool) {
    let count = columns.len();
    for step in 1..count {
        let column = if to_the_left { step } else { count - 1 - step };
        let beside = if to_the_left { column - 1 } else { column + 1 };
        let positions = positions(graph, &columns[beside]);
        let mean = |item: usize| {
            let linked = graph.links.iter().filter_map(|link| match to_the_left {
                true if link.to.0 == item => {
                    positions[link.from.0].map(|at| at + fraction(graph, link.from.1))
                }
                false if link.from.0 == item => {
                    positions[link.to.0].map(|at| at + fraction(graph, link.to.1))
                }
                _ => None,
            });
            let (sum, number) = linked.fold((0.0, 0), |(sum, number), at| (sum + at, number + 1));
            (number > 0).then(|| sum / f64::from(number))
        };
        let mut keyed: Vec<(f64, usize)> = Vec::new();
        for &item in &columns[column] {
            // An item without neighbors stays behind the previous one.
            let key = mean(item).unwrap_or_else(|| keyed.last().map_or(0.0, |&(key, _)| key));
            keyed.push((key, item));
        }
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        columns[column] = keyed.into_iter().map(|(_, item)| item).collect();
    }
}

fn positions(graph: &LayeredGraph, column: &[usize]) -> Vec<Option<f64>> {
    let mut positions = vec![None; graph.items.len()];
    for (position, &item) in column.iter().enumerate() {
        positions[item] = Some(position as f64);
    }
    positions
}

/// A port's place within its item, below 1.
fn fraction(graph: &LayeredGraph, port: usize) -> f64 {
    port as f64 / (graph.links.len() + 1) as f64
}

/// The number of crossings of links.
fn crossings(graph: &LayeredGraph, columns: &[Vec<usize>]) -> usize {
    let mut place = vec![0; graph.items.len()];
    for column in columns {
        for (position, &item) in column.iter().enumerate() {
            place[item] = position;
        }
    }
    let ends: Vec<Vec<_>> = (0..columns.len())
        .map(|column| {
            let starting = graph.links.iter().filter(|link| graph.items[link.from.0].column == column);
            starting.map(|link| ((place[link.from.0], link.from.1), (place[link.to.0], link.to.1))).collect()
        })
        .collect();
    let mut crossings = 0;
    for gap in &ends {
        for (number, (from, to)) in gap.iter().enumerate() {
            crossings +=
                gap[..number].iter().filter(|(f, t)| (f < from && t > to) || (f > from && t < to)).count();
        }
    }
    crossings
}
