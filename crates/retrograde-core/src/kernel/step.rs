//! The steps of a program: work, partitioned into a range for each thread.

use super::access::{AccessMap, accesses};
use super::arena::Arena;
use super::simd::Real;
use super::threads::Threads;
use super::work::{Work, estimated_cost, units};
use std::ops::Range;

/// The least number of elements that a thread is given of an elementwise group that may be partitioned anywhere.
const MIN_CHUNK: usize = 256;

/// A step: work, partitioned into a range for each thread.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) work: Work,
    /// The rows or elements that each thread executes; one range if one thread executes all of it.
    pub(super) ranges: Vec<Range<usize>>,
    /// Whether all threads wait for each other before it.
    pub(super) barrier: bool,
}

/// Partitions the work of each region, and finds where threads must wait.
pub(super) fn steps<T: Real>(regions: Vec<Vec<Work>>, arena: &Arena<T>, threads: &Threads) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut since_barrier = AccessMap::default();
    let cost_of = |region: &Vec<Work>| -> usize {
        region.iter().map(|work| estimated_cost(work, arena)).fold(0, usize::saturating_add)
    };
    let whole = regions.iter().map(cost_of).fold(0, usize::saturating_add);
    for region in regions {
        let count = threads.count_for(whole, cost_of(&region));
        for work in region {
            let ranges = ranges(&work, count, if threads.splits_everything() { 1 } else { MIN_CHUNK });
            // One thread never waits for another.
            let accesses = if threads.count() == 1 { Vec::new() } else { accesses(&work, &ranges) };
            let barrier = accesses.iter().any(|access| since_barrier.conflicts_with(access));
            if barrier {
                since_barrier = AccessMap::default();
            }
            accesses.into_iter().for_each(|access| since_barrier.insert(access));
            steps.push(Step { work, ranges, barrier });
        }
    }
    steps
}

/// Partitions work into a range for each of `threads` threads, or fewer where it has fewer rows.
fn ranges(work: &Work, threads: usize, min_chunk: usize) -> Vec<Range<usize>> {
    let units = units(work);
    let chunk = match work {
        Work::Chain(chain) if chain.chunk > 0 => chain.chunk,
        Work::Chain(_) => min_chunk,
        Work::Rows(rows) => rows.chunk,
        Work::Indices { .. } => 1,
    };
    let chunks = units.div_ceil(chunk);
    let threads = threads.min(chunks).max(1);
    let each = chunks.div_ceil(threads) * chunk;
    (0..threads).map(|thread| (thread * each).min(units)..((thread + 1) * each).min(units)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::arena::Place;
    use super::super::reads::Reads;
    use super::super::samples::{arena, row_work};
    use super::super::work::RowsWork;
    use super::*;

    const ROWS: usize = 10;

    /// Work that reads one place, row by row or as a whole, and writes another. Places are counted in units of one place.
    fn work(from: usize, by_row: bool, to: usize) -> Work {
        let reads = if by_row { Reads::by_row(&[ROWS], ROWS) } else { Reads::ALL };
        work_of(from, reads, to, 1)
    }

    fn work_of(from: usize, reads: Reads, to: usize, chunk: usize) -> Work {
        let place = |number: usize| Place::Real { start: number * ROWS, length: ROWS };
        Work::Rows(RowsWork { chunk, ..row_work(ROWS, (place(from), reads), place(to)) })
    }

    /// Before which steps threads wait at a barrier.
    fn barriers(region: Vec<Work>, threads: usize) -> Vec<bool> {
        let threads = Threads::new(threads).min_work(0);
        steps(vec![region], &arena(), &threads).iter().map(|step| step.barrier).collect()
    }

    #[test]
    fn a_barrier_stands_where_one_thread_accesses_what_another_writes() {
        let rows = || vec![work(0, true, 1), work(1, true, 2), work(2, true, 3)];
        assert_eq!(barriers(rows(), 2), [false; 3], "each thread continues with its own rows");
        let all = || vec![work(0, true, 1), work(1, false, 2), work(2, true, 3)];
        assert_eq!(barriers(all(), 2), [false, true, false], "the second step reads the rows of all threads");
        assert_eq!(barriers(all(), 1), [false; 3], "one thread does not wait");
        let over = vec![work(0, false, 1), work(2, true, 0)];
        assert_eq!(barriers(over, 2), [false, true], "the second step writes what all threads read");
    }

    #[test]
    fn threads_that_own_whole_blocks_do_not_wait() {
        let blocks = |chunk: usize| {
            let by_row = work_of(0, Reads::by_row(&[ROWS], ROWS), 1, chunk);
            vec![by_row, work_of(1, Reads::blocks(2, 2), 2, chunk)]
        };
        assert_eq!(barriers(blocks(2), 2), [false; 2], "threads own 6 and 4 rows: whole blocks of 2");
        assert_eq!(
            barriers(blocks(1), 2),
            [false, true],
            "threads own 5 rows each, and a block has rows of both"
        );
    }

    #[test]
    fn the_number_of_threads_follows_the_work() {
        let threads = |elements: usize, regions: usize| -> Vec<usize> {
            let place = |start| Place::Real { start, length: elements };
            let region = || vec![Work::Rows(row_work(ROWS, (place(0), Reads::ALL), place(elements)))];
            let regions = (0..regions).map(|_| region()).collect();
            steps(regions, &arena(), &Threads::new(2)).iter().map(|step| step.ranges.len()).collect()
        };
        assert_eq!(threads(1000, 1), [1], "a little");
        assert_eq!(threads(200_000, 1), [1], "enough for a region, too little for a run");
        assert_eq!(threads(200_000, 5), [2; 5], "a run of several");
        assert_eq!(threads(20_000, 100), [1; 100], "a run of many with little each");
    }
}
