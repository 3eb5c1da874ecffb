//! What a step of a program does: its operands, what it costs, whether it is sound, and doing it.

use super::arena::{Arena, Memory, Place};
use super::chain::Chain;
use super::epilogue::Epilogue;
use super::form::{Call, Inputs, Operand, Output, RowsKernel};
use super::real::Real;
use super::sparse::{self, SparseRowsMut};
use super::strided::View;
use std::ops::Range;
use std::sync::Arc;

/// What one step does.
#[derive(Debug)]
pub(crate) enum Work {
    /// Pointwise operations.
    Chain(Chain),
    /// A row kernel.
    Rows(RowsWork),
    /// A copy of indices.
    Indices {
        /// How to read them, merged.
        view: View,
        /// Where the memory behind the view begins, and its length.
        from: (usize, usize),
        /// Where to.
        to: usize,
    },
}

/// A row kernel with its operands.
#[derive(Debug)]
pub(crate) struct RowsWork {
    pub(crate) kernel: Arc<dyn RowsKernel>,
    pub(crate) inputs: Vec<Operand>,
    pub(crate) output: Operand,
    /// Into how many rows the output falls.
    pub(crate) rows: usize,
    /// What goes on with the rows at once, if the output is passed on.
    pub(crate) epilogue: Option<Epilogue>,
}

/// # Safety
/// The work has no [`fault`], and while it is done, nobody writes to what it reads, nor reads or writes its share of
/// what it writes.
pub(super) unsafe fn execute<T: Real>(work: &Work, arena: &Arena<T>, share: Range<usize>, scratch: &mut [T]) {
    match work {
        // SAFETY: passed on.
        Work::Chain(chain) => unsafe {
            let whole = std::iter::once(0..share.len());
            chain.run(arena, share, whole, &[], scratch);
        },
        // SAFETY: passed on.
        Work::Rows(work @ RowsWork { epilogue: Some(epilogue), .. }) => unsafe {
            epilogue.execute(work, arena, share, scratch);
        },
        Work::Rows(RowsWork { kernel, inputs, output, rows, .. }) => {
            // SAFETY: the rows of the share belong to this thread, and the output is apart from the inputs.
            let memory = unsafe {
                match output.place.rows(&share, *rows) {
                    Place::Real { start, length } => Output::Real(arena.real.slice_mut(start, length)),
                    Place::Index { start, length } => Output::Index(arena.index.slice_mut(start, length)),
                    Place::Bytes { .. } | Place::Passed { .. } => return,
                    Place::Sparse { table, start, words, rows, .. } => {
                        let Some(lists) = arena.tables[table].lists.as_deref() else {
                            return;
                        };
                        let places = arena.index.slice_mut(start, rows * words);
                        Output::Sparse(SparseRowsMut { lists, places, rows })
                    }
                }
            };
            // SAFETY: nobody writes to the inputs.
            let inputs = unsafe { Inputs::new(arena, inputs, &share, *rows) };
            let (shape, rows) = (&output.shape, share.clone());
            T::rows(&**kernel).evaluate(Call {
                inputs,
                shape,
                rows,
                output: memory,
                scratch,
                left_out: None,
            });
        }
        Work::Indices { view, from, to } => {
            // SAFETY: the two places are apart.
            let (memory, into) = unsafe {
                (arena.index.slice(from.0, from.1), arena.index.slice_mut(*to + share.start, share.len()))
            };
            view.copy(memory, view.offset, share, into);
        }
    }
}

impl RowsWork {
    /// How many rows at a time the kernel is at its best with.
    pub(crate) fn at_once(&self) -> usize {
        self.kernel.at_once(&self.shapes(), &self.output.shape)
    }

    fn shapes(&self) -> Vec<&[usize]> {
        self.inputs.iter().map(|operand| &operand.shape[..]).collect()
    }
}

/// How many numbers of scratch memory a thread needs for this work.
pub(super) fn scratch<T: Real>(work: &Work) -> usize {
    match work {
        Work::Chain(chain) => chain.scratch::<T>(),
        Work::Rows(rows) => {
            let own = rows.kernel.scratch(&rows.shapes(), &rows.output.shape);
            rows.epilogue.as_ref().map_or(own, |epilogue| epilogue.scratch::<T>(rows, own))
        }
        Work::Indices { .. } => 0,
    }
}

/// About how many additions and multiplications the work takes.
pub(super) fn arithmetic(work: &Work) -> usize {
    match work {
        Work::Chain(chain) => chain.arithmetic(),
        Work::Rows(rows) => {
            let own = rows.kernel.work(&rows.shapes(), &rows.output.shape);
            own.saturating_add(rows.epilogue.as_ref().map_or(0, |epilogue| epilogue.chain.arithmetic()))
        }
        Work::Indices { view, .. } => view.elements(),
    }
}

/// About how many additions and multiplications it is expected to take, when zeros are passed over.
pub(super) fn effort<T: Real>(work: &Work, arena: &Arena<T>) -> usize {
    let Work::Rows(RowsWork { inputs, epilogue, .. }) = work else {
        return arithmetic(work);
    };
    let sparse = inputs.iter().find_map(|input| match input.place {
        Place::Sparse { table, rows, .. } => Some((arena.tables[table].lists.as_ref()?, rows)),
        _ => None,
    });
    let Some((lists, rows)) = sparse else {
        return arithmetic(work);
    };
    let dense = lists.usual() as f64 / lists.width().max(1) as f64;
    // A row of which an epilogue leaves out what is zero in all rows of the batch.
    let made = if epilogue.as_ref().is_some_and(Epilogue::leaves_out) {
        (dense * rows as f64).min(1.0)
    } else {
        1.0
    };
    let of_epilogue = epilogue.as_ref().map_or(0, |epilogue| epilogue.chain.arithmetic());
    let own = arithmetic(work) - of_epilogue;
    (own as f64 * dense.min(1.0) + of_epilogue as f64 * made) as usize
}

/// The bytes that the work reads and writes, each counted once.
pub(super) fn traffic<T: Real>(work: &Work, arena: &Arena<T>) -> usize {
    match work {
        Work::Chain(chain) => chain.traffic() * size_of::<T>(),
        Work::Rows(RowsWork { inputs, output, epilogue, .. }) => {
            let records = |place: &Place| match *place {
                Place::Sparse { table, rows, .. } => {
                    arena.tables[table].lists.as_ref().map(|lists| rows * lists.usual())
                }
                _ => None,
            };
            let bytes = |place: &Place| match *place {
                Place::Real { length, .. } => length * size_of::<T>(),
                Place::Index { length, .. } => length * size_of::<u32>(),
                // Of a table only the rows that make the output are read; if they are lists, as much as is written.
                Place::Bytes { length, .. } => {
                    records(&output.place).unwrap_or_else(|| length.min(output.shape.iter().product()))
                }
                Place::Sparse { .. } => records(place).unwrap_or(0),
                Place::Passed { .. } => 0,
            };
            let own: usize = inputs.iter().chain([output]).map(|operand| bytes(&operand.place)).sum();
            own + epilogue.as_ref().map_or(0, |epilogue| epilogue.chain.traffic() * size_of::<T>())
        }
        Work::Indices { view, .. } => 2 * view.elements() * size_of::<u32>(),
    }
}

/// Into how many pieces the work can be cut.
pub(super) fn units(work: &Work) -> usize {
    match work {
        Work::Chain(chain) => chain.elements,
        Work::Rows(rows) => rows.rows,
        Work::Indices { view, .. } => view.elements(),
    }
}

/// Why a step is not sound, if it is not.
pub(super) fn fault<T: Real>(arena: &Arena<T>, work: &Work) -> Option<&'static str> {
    let inside = |place: &Place| {
        let in_table = match *place {
            Place::Bytes { table, start, length } => {
                arena.tables.get(table).is_some_and(|table| start + length <= table.bytes.len())
            }
            Place::Sparse { table, width, words, .. } => {
                let lists = arena.tables.get(table).and_then(|table| table.lists.as_ref());
                lists.is_some_and(|lists| lists.width() == width && sparse::words(lists) == words)
            }
            Place::Real { .. } | Place::Index { .. } | Place::Passed { .. } => true,
        };
        in_table
            && place.memory().is_none_or(|(memory, range)| match memory {
                Memory::Real => range.end <= arena.real.len(),
                Memory::Index => range.end <= arena.index.len(),
            })
    };
    match work {
        Work::Chain(chain) if chain.is_epilogue() => Some("an epilogue of nothing"),
        Work::Chain(chain) => chain.verify(),
        Work::Rows(rows_work @ RowsWork { kernel: _, inputs, output, rows, epilogue }) => {
            if matches!(output.place, Place::Bytes { .. }) {
                return Some("bytes are never written");
            }
            let uneven = |operand: &Operand| !operand.place.elements().is_multiple_of((*rows).max(1));
            if output.place.elements() > 0 && (*rows == 0 || uneven(output)) {
                return Some("rows of unequal length");
            }
            if inputs.iter().any(|input| input.by_row && uneven(input)) {
                return Some("an input that does not fall into rows");
            }
            if !inputs.iter().chain([output]).all(|operand| inside(&operand.place)) {
                return Some("an operand outside of the arena");
            }
            if matches!(output.place, Place::Passed { .. }) != epilogue.is_some() {
                return Some("what is passed on goes to an epilogue");
            }
            if inputs.iter().any(|input| overlaps(&input.place, &output.place)) {
                return Some("a row kernel reads what it writes");
            }
            epilogue.as_ref().and_then(|epilogue| epilogue.fault(rows_work))
        }
        Work::Indices { view, from, to } => {
            let place = |start, length| Place::Index { start, length };
            let (source, target) = (place(from.0, from.1), place(*to, view.elements()));
            let sound = inside(&source) && inside(&target) && !overlaps(&source, &target);
            (!sound).then_some("a copy of indices onto itself or outside of the arena")
        }
    }
}

fn overlaps(a: &Place, b: &Place) -> bool {
    match (a.memory(), b.memory()) {
        (Some((memory, mine)), Some((other, theirs))) => {
            memory == other && mine.start.max(theirs.start) < mine.end.min(theirs.end)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::arena::Table;
    use super::super::chain::{Operation, Output, Value};
    use super::super::samples::{arena, operand, row_work};
    use super::*;
    use crate::kernel::{Bytes, Expr};

    #[test]
    fn places_overlap_when_they_share_an_element() {
        let place = |start, length| Place::Real { start, length };
        assert!(overlaps(&place(0, 10), &place(9, 1)));
        assert!(!overlaps(&place(0, 10), &place(10, 5)));
        assert!(!overlaps(&place(0, 10), &place(5, 0)));
        assert!(!overlaps(&place(0, 10), &Place::Index { start: 0, length: 10 }));
    }

    fn real(start: usize, length: usize) -> Place {
        Place::Real { start, length }
    }

    /// Work of four rows.
    fn rows(input: Place, output: Place) -> RowsWork {
        row_work(4, (input, false), output)
    }

    #[test]
    fn what_is_passed_over_is_no_effort() {
        let bytes: Vec<u8> = (0..64 * 64).map(|i| u8::from(i % 16 == 0)).collect();
        let bytes = Bytes::from(bytes);
        let lists = bytes.lists(64).expect("mostly zero");
        let words = sparse::words(&lists);
        let table = Table::new(bytes, 1.0, Some(lists));
        let arena = Arena { tables: vec![table], ..arena() };
        let batch = Place::Sparse { table: 0, width: 64, start: 0, words, rows: 4 };
        let (sparse, dense) =
            (Work::Rows(rows(batch, real(0, 4))), Work::Rows(rows(real(8, 256), real(0, 4))));
        assert_eq!(arithmetic(&sparse), arithmetic(&dense));
        assert_eq!(effort(&dense, &arena), arithmetic(&dense));
        assert!(effort(&sparse, &arena) < arithmetic(&sparse) / 2, "a sixteenth, and what says where it is");
    }

    /// A chain that adds what is passed on to it to a place.
    fn chain(elements: usize, place: usize) -> Chain {
        let inputs = vec![Value::Passed, Value::Memory(place)];
        let add = Operation { expr: Expr::input(0) + Expr::input(1), inputs };
        let output = Output { value: Value::Operation(0), to: place };
        Chain::new((elements, 4), Vec::new(), &[add], &[output])
    }

    #[test]
    fn each_fault_of_work_is_seen() {
        let arena = arena();
        let of = |work: RowsWork| fault(&arena, &Work::Rows(work));
        assert_eq!(of(rows(real(0, 12), real(16, 12))), None);
        assert_eq!(of(rows(real(0, 12), real(8, 12))), Some("a row kernel reads what it writes"));
        assert_eq!(of(rows(real(0, 12), real(40, 12))), Some("an operand outside of the arena"));
        assert_eq!(of(rows(real(40, 12), real(0, 12))), Some("an operand outside of the arena"));
        assert_eq!(of(rows(real(0, 12), real(16, 10))), Some("rows of unequal length"));
        assert_eq!(
            of(RowsWork { rows: 0, ..rows(real(0, 12), real(16, 12)) }),
            Some("rows of unequal length")
        );
        let uneven = RowsWork { inputs: vec![operand(real(0, 10), true)], ..rows(real(0, 12), real(16, 12)) };
        assert_eq!(of(uneven), Some("an input that does not fall into rows"));
        let bytes = |length| Place::Bytes { table: 0, start: 0, length };
        assert_eq!(of(rows(bytes(12), real(16, 12))), None);
        assert_eq!(of(rows(bytes(16), real(16, 12))), Some("an operand outside of the arena"));
        assert_eq!(of(rows(real(0, 12), bytes(12))), Some("bytes are never written"));
        let records = Place::Sparse { table: 0, width: 3, start: 0, words: 2, rows: 4 };
        assert_eq!(of(rows(records, real(16, 12))), Some("an operand outside of the arena"), "no lists");

        let indices = |start: usize, to: usize| {
            fault(&arena, &Work::Indices { view: View::whole(&[4]), from: (start, 4), to })
        };
        assert_eq!(indices(0, 4), None);
        let onto = Some("a copy of indices onto itself or outside of the arena");
        assert!(indices(0, 3) == onto && indices(0, 14) == onto && indices(14, 0) == onto);
    }

    #[test]
    fn each_fault_of_a_tail_is_seen() {
        let arena = arena();
        let with = |output: Place, epilogue: Option<Chain>| {
            let epilogue = epilogue.map(|chain| Epilogue::new(chain, 1, 12));
            fault(&arena, &Work::Rows(RowsWork { epilogue, ..rows(real(0, 12), output) }))
        };
        let passed = Place::Passed { length: 12 };
        assert_eq!(with(passed, Some(chain(12, 16))), None);
        assert_eq!(with(passed, Some(chain(12, 8))), Some("an epilogue writes what its kernel reads"));
        assert_eq!(
            with(passed, Some(chain(8, 16))),
            Some("an epilogue of other elements than are passed on to it")
        );
        assert_eq!(with(passed, None), Some("what is passed on goes to an epilogue"));
        assert_eq!(with(real(16, 12), Some(chain(12, 32))), Some("what is passed on goes to an epilogue"));
        assert_eq!(fault(&arena, &Work::Chain(chain(12, 16))), Some("an epilogue of nothing"));
    }
}
