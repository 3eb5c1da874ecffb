//! The steps of a program: work, cut into a share for each thread.

use super::arena::Arena;
use super::program::Threads;
use super::real::Real;
use super::touch::{Touch, touches};
use super::work::{Work, effort, units};
use std::ops::Range;

/// Elements of a chain that may be cut anywhere go to threads by this many: none is left with a crumb.
const GRAIN: usize = 256;

/// A step: work, cut into a share for each thread.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) work: Work,
    /// The rows or elements that each thread does; one share if one thread does all of it.
    pub(super) shares: Vec<Range<usize>>,
    /// Whether all threads meet before it.
    pub(super) meet: bool,
}

/// Cuts the work of each phase into shares, and finds where the threads must meet.
pub(super) fn steps<T: Real>(phases: Vec<Vec<Work>>, arena: &Arena<T>, threads: &Threads) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut since: Vec<Touch> = Vec::new();
    let effort_of = |phase: &Vec<Work>| -> usize {
        phase.iter().map(|work| effort(work, arena)).fold(0, usize::saturating_add)
    };
    let whole = phases.iter().map(effort_of).fold(0, usize::saturating_add);
    for phase in phases {
        let alone = whole < threads.worth_sharing || effort_of(&phase) < threads.worth_splitting;
        let count = if alone { 1 } else { threads.count };
        for work in phase {
            let shares = shares(&work, count, threads.worth_splitting == 0);
            let touched = touches(&work, &shares);
            let meet = touched.iter().any(|mine| since.iter().any(|other| mine.collides(other)));
            if meet {
                since.clear();
            }
            since.extend(touched);
            steps.push(Step { work, shares, meet });
        }
    }
    steps
}

/// Cuts work into a share for each of `threads` threads, or fewer where it has fewer rows.
fn shares(work: &Work, threads: usize, crumbs: bool) -> Vec<Range<usize>> {
    let units = units(work);
    let grain = match work {
        Work::Chain(chain) if chain.rows > 0 => chain.elements / chain.rows,
        // Large parts of tiles, so that no thread is left with a crumb, unless crumbs are asked for.
        Work::Chain(_) if !crumbs => GRAIN,
        _ => 1,
    };
    let grains = units.div_ceil(grain);
    let threads = threads.min(grains).max(1);
    let each = grains.div_ceil(threads) * grain;
    (0..threads).map(|thread| (thread * each).min(units)..((thread + 1) * each).min(units)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::arena::Place;
    use super::super::samples::{arena, row_work};
    use super::*;

    const ROWS: usize = 10;

    /// Work that reads one place, row by row or not, and writes another; they are counted by the size of one.
    fn work(from: usize, by_row: bool, to: usize) -> Work {
        let place = |number: usize| Place::Real { start: number * ROWS, length: ROWS };
        Work::Rows(row_work(ROWS, (place(from), by_row), place(to)))
    }

    /// Before which steps threads meet.
    fn meetings(phase: Vec<Work>, threads: usize) -> Vec<bool> {
        let threads = Threads::new(threads).splitting_everything();
        steps(vec![phase], &arena(), &threads).iter().map(|step| step.meet).collect()
    }

    #[test]
    fn threads_meet_where_one_touches_what_another_does() {
        let rows = || vec![work(0, true, 1), work(1, true, 2), work(2, true, 3)];
        assert_eq!(meetings(rows(), 2), [false; 3], "each goes on with its own rows");
        let all = || vec![work(0, true, 1), work(1, false, 2), work(2, true, 3)];
        assert_eq!(meetings(all(), 2), [false, true, false], "the second one reads what all have made");
        assert_eq!(meetings(all(), 1), [false; 3], "one thread is never alone");
        let over = vec![work(0, false, 1), work(2, true, 0)];
        assert_eq!(meetings(over, 2), [false, true], "the second one writes what all read");
    }

    #[test]
    fn little_work_is_done_by_one_thread() {
        let shares = |elements: usize, phases: usize| -> Vec<usize> {
            let place = |start| Place::Real { start, length: elements };
            let phase = || vec![Work::Rows(row_work(ROWS, (place(0), false), place(elements)))];
            let phases = (0..phases).map(|_| phase()).collect();
            steps(phases, &arena(), &Threads::new(2)).iter().map(|step| step.shares.len()).collect()
        };
        assert_eq!(shares(1000, 1), [1], "a little");
        assert_eq!(shares(200_000, 1), [1], "enough for a phase, too little for a run");
        assert_eq!(shares(200_000, 5), [2; 5], "a run of several");
        assert_eq!(shares(20_000, 100), [1; 100], "a run of many with little each");
    }
}
