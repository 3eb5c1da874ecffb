//! The work of a step: its operands, execution, cost and validation.

use super::arena::{Arena, Memory, Place};
use super::chain::Chain;
use super::epilogue::Epilogue;
use super::form::{Call, Inputs, Operand, Output, RowsForm};
use super::gather::widen_rows;
use super::layouts::Layouts;
use super::simd::Real;
use super::sparse::{self, SkippedRows};
use super::strided::View;
use std::ops::Range;

/// The work of one step.
#[derive(Debug)]
pub(crate) enum Work {
    /// Elementwise operations.
    Chain(Chain),
    /// A row kernel.
    Rows(RowsWork),
    /// A copy of indices.
    Indices {
        /// The view to copy, merged.
        view: View,
        /// The start and the length of the memory behind the view.
        from: (usize, usize),
        /// The start of the copy.
        to: usize,
    },
}

/// Why a kernel gets operands of the layouts that it needs.
const VALIDATED: &str = "`validate` has accepted the layouts of the operands";

/// A row kernel with its operands.
#[derive(Debug)]
pub(crate) struct RowsWork {
    pub(crate) form: RowsForm,
    pub(crate) inputs: Vec<Operand>,
    pub(crate) output: Operand,
    /// The number of rows of the output.
    pub(crate) rows: usize,
    /// How many consecutive rows one thread fills at least: ranges of rows end at multiples.
    pub(crate) chunk: usize,
    /// What goes on with the rows at once, if the output is passed on.
    pub(crate) epilogue: Option<Epilogue>,
}

/// Executes the rows or elements `range` of the work.
///
/// # Safety
/// [`validate`] has accepted the work. During the call nothing else writes what it reads, or accesses what it writes, in this range.
pub(super) unsafe fn execute<T: Real>(work: &Work, arena: &Arena<T>, range: Range<usize>, scratch: &mut [T]) {
    match work {
        // SAFETY: the caller promises it.
        Work::Chain(chain) => unsafe {
            let whole = std::iter::once(0..range.len());
            chain.run(arena, range, whole, &[], scratch);
        },
        // SAFETY: the caller promises it.
        Work::Rows(rows) => unsafe { rows.execute(arena, range, scratch) },
        Work::Indices { view, from, to } => {
            // SAFETY: `validate` has found the two places to be disjoint; the caller excludes other accesses.
            let (memory, into) = unsafe {
                (arena.index.slice(from.0, from.1), arena.index.slice_mut(*to + range.start, range.len()))
            };
            view.copy(memory, view.offset, range, into);
        }
    }
}

impl RowsWork {
    /// The preferred number of rows of a block, if there is an epilogue.
    pub(crate) fn preferred_block_rows(&self) -> usize {
        self.form.kernel().preferred_block_rows(&self.shapes(), &self.output.shape)
    }

    /// The layouts of the operands, if one is not dense.
    fn layouts(&self) -> Option<Layouts> {
        let is_dense = |operand: &Operand| matches!(operand.place, Place::Real { .. } | Place::Index { .. });
        if self.inputs.iter().all(is_dense) { None } else { self.form.layouts() }
    }

    /// # Safety
    /// As for [`execute`].
    unsafe fn execute<T: Real>(&self, arena: &Arena<T>, range: Range<usize>, scratch: &mut [T]) {
        if let Some(epilogue) = &self.epilogue {
            let skips = self.layouts().is_some();
            // SAFETY: the caller promises it for these rows; `evaluate` writes to nothing but its output and scratch memory.
            unsafe {
                epilogue.execute(
                    arena,
                    (range, self.rows),
                    skips,
                    scratch,
                    |rows, block, scratch, skipped| {
                        self.evaluate(arena, rows, Output::Real(block), scratch, skipped);
                    },
                );
            }
            return;
        }
        // SAFETY: nothing else accesses the rows of the output, as the caller promises; `validate` has found the inputs to be
        // disjoint from the output.
        unsafe {
            let output = match self.output.place.rows(&range, self.rows).memory() {
                Some((Memory::Real, memory)) => {
                    Output::Real(arena.real.slice_mut(memory.start, memory.len()))
                }
                Some((Memory::Index, memory)) => {
                    Output::Index(arena.index.slice_mut(memory.start, memory.len()))
                }
                None => return,
            };
            self.evaluate(arena, range, output, scratch, None);
        }
    }

    /// Computes some rows. If `skipped` is given, rows of zeros may be skipped and recorded there.
    ///
    /// # Safety
    /// Nothing writes to the inputs, and `output` is disjoint from them.
    unsafe fn evaluate<T: Real>(
        &self,
        arena: &Arena<T>,
        rows: Range<usize>,
        output: Output<'_, T>,
        scratch: &mut [T],
        skipped: Option<&mut SkippedRows>,
    ) {
        // SAFETY: the caller promises it.
        let inputs = unsafe { Inputs::new(arena, &self.inputs, &rows) };
        let shape = &self.output.shape[..];
        match self.layouts() {
            None => {
                self.form.rows::<T>().evaluate(Call { inputs, shape, rows: rows.clone(), output, scratch });
            }
            Some(Layouts::Gather) => {
                let indices = inputs.get(1).index();
                let next = if inputs.len() > 2 { inputs.get(2).index() } else { &[] };
                match (self.output.place, output, inputs.bytes(0)) {
                    (Place::Compressed { table, .. }, Output::Index(words), _) => {
                        let table = arena.tables[table].compressed.as_deref();
                        sparse::gather(table.expect(VALIDATED), indices, next, words);
                    }
                    (_, Output::Real(output), Some(table)) => {
                        widen_rows(table, indices, next, shape[1..].iter().product(), output);
                    }
                    _ => unreachable!("{VALIDATED}"),
                }
            }
            Some(Layouts::Product { transposed }) => {
                let (a, b, n) = (inputs.compressed(0).expect(VALIDATED), inputs.get(1).real(), shape[1]);
                if transposed {
                    sparse::transposed_product(a, b, n, rows.clone(), output.real(), scratch, skipped);
                } else {
                    sparse::product(a, b, n, output.real(), scratch);
                }
            }
        }
    }

    fn shapes(&self) -> Vec<&[usize]> {
        self.inputs.iter().map(|operand| &operand.shape[..]).collect()
    }
}

/// The elements of scratch memory that a thread needs for this work.
pub(super) fn scratch<T: Real>(work: &Work) -> usize {
    match work {
        Work::Chain(chain) => chain.scratch::<T>(),
        Work::Rows(rows) => {
            let own = match rows.layouts() {
                None => rows.form.kernel().scratch(&rows.shapes(), &rows.output.shape),
                Some(Layouts::Gather) => 0,
                Some(Layouts::Product { transposed }) => {
                    sparse::scratch(rows.inputs[0].shape[usize::from(!transposed)])
                }
            };
            rows.epilogue.as_ref().map_or(own, |epilogue| epilogue.scratch::<T>(rows.rows, own))
        }
        Work::Indices { .. } => 0,
    }
}

/// The flops of the work, zeros of compressed rows included.
pub(super) fn flops(work: &Work) -> usize {
    match work {
        Work::Chain(chain) => chain.flops(),
        Work::Rows(rows) => {
            let own = rows.form.kernel().flops(&rows.shapes(), &rows.output.shape);
            own.saturating_add(rows.epilogue.as_ref().map_or(0, |epilogue| epilogue.chain.flops()))
        }
        Work::Indices { view, .. } => view.elements(),
    }
}

/// The estimated cost of the work in flops, zeros of compressed rows excluded.
pub(super) fn estimated_cost<T: Real>(work: &Work, arena: &Arena<T>) -> usize {
    let Work::Rows(RowsWork { inputs, epilogue, .. }) = work else {
        return flops(work);
    };
    let compressed = inputs.iter().find_map(|input| match input.place {
        Place::Compressed { table, rows, .. } => Some((arena.tables[table].compressed.as_ref()?, rows)),
        _ => None,
    });
    let Some((table, rows)) = compressed else {
        return flops(work);
    };
    let density = (table.mean_row_bytes() as f64 / table.width().max(1) as f64).min(1.0);
    // The fraction of rows of the output that the epilogue does not skip.
    let computed = if epilogue.as_ref().is_some_and(Epilogue::can_skip_zeros) {
        (density * rows as f64).min(1.0)
    } else {
        1.0
    };
    let of_epilogue = epilogue.as_ref().map_or(0, |epilogue| epilogue.chain.flops());
    let own = flops(work) - of_epilogue;
    (own as f64 * density + of_epilogue as f64 * computed) as usize
}

/// The bytes that the work reads and writes, each counted once.
pub(super) fn bytes_moved<T: Real>(work: &Work, arena: &Arena<T>) -> usize {
    match work {
        Work::Chain(chain) => chain.elements_moved() * size_of::<T>(),
        Work::Rows(RowsWork { inputs, output, epilogue, .. }) => {
            let compressed = |place: &Place| match *place {
                Place::Compressed { table, rows, .. } => {
                    arena.tables[table].compressed.as_ref().map(|table| rows * table.mean_row_bytes())
                }
                _ => None,
            };
            let bytes = |place: &Place| match *place {
                Place::Real { length, .. } => length * size_of::<T>(),
                Place::Index { length, .. } => length * size_of::<u32>(),
                // Of a table only the gathered rows are read: of compressed rows, as many bytes as are written.
                Place::Bytes { length, .. } => {
                    compressed(&output.place).unwrap_or_else(|| length.min(output.shape.iter().product()))
                }
                Place::Compressed { .. } => compressed(place).unwrap_or(0),
                Place::Forwarded { .. } => 0,
            };
            let own: usize = inputs.iter().chain([output]).map(|operand| bytes(&operand.place)).sum();
            own + epilogue.as_ref().map_or(0, |epilogue| epilogue.chain.elements_moved() * size_of::<T>())
        }
        Work::Indices { view, .. } => 2 * view.elements() * size_of::<u32>(),
    }
}

/// The number of rows or elements into which the work can be partitioned.
pub(super) fn units(work: &Work) -> usize {
    match work {
        Work::Chain(chain) => chain.elements,
        Work::Rows(rows) => rows.rows,
        Work::Indices { view, .. } => view.elements(),
    }
}

/// Checks that the work writes nothing that it reads, and that its operands lie in the arena and fit its kernel.
pub(super) fn validate<T: Real>(arena: &Arena<T>, work: &Work) -> Result<(), &'static str> {
    let inside = |place: &Place| {
        let in_table = match *place {
            Place::Bytes { table, start, length } => {
                arena.tables.get(table).is_some_and(|table| start + length <= table.bytes.len())
            }
            Place::Compressed { table, width, words, .. } => {
                let table = arena.tables.get(table).and_then(|table| table.compressed.as_ref());
                table.is_some_and(|table| table.width() == width && table.words_per_row() == words)
            }
            Place::Real { .. } | Place::Index { .. } | Place::Forwarded { .. } => true,
        };
        in_table
            && place.memory().is_none_or(|(memory, range)| match memory {
                Memory::Real => range.end <= arena.real.len(),
                Memory::Index => range.end <= arena.index.len(),
            })
    };
    match work {
        Work::Chain(chain) if chain.is_epilogue() => Err("an epilogue without a row kernel"),
        Work::Chain(chain) => chain.verify().map_or(Ok(()), Err),
        Work::Rows(RowsWork { form, inputs, output, rows, chunk: _, epilogue }) => {
            if matches!(output.place, Place::Bytes { .. }) {
                return Err("bytes are never written");
            }
            let elements = output.place.elements();
            if elements > 0 && (*rows == 0 || !elements.is_multiple_of(*rows)) {
                return Err("rows of unequal length");
            }
            if elements > 0 && inputs.iter().any(|input| !input.reads.fits(*rows, input.place.elements())) {
                return Err("an input that has not as many blocks as the output");
            }
            if !layouts_fit(form.layouts(), inputs, &output.place) {
                return Err("a layout for which there is no kernel");
            }
            if !inputs.iter().chain([output]).all(|operand| inside(&operand.place)) {
                return Err("an operand outside of the arena");
            }
            if matches!(output.place, Place::Forwarded { .. }) != epilogue.is_some() {
                return Err("an output is forwarded exactly if there is an epilogue");
            }
            if inputs.iter().any(|input| overlaps(&input.place, &output.place)) {
                return Err("a row kernel reads what it writes");
            }
            let places = inputs.iter().map(|input| &input.place);
            epilogue.as_ref().map_or(Ok(()), |epilogue| epilogue.validate(places, output.place.elements()))
        }
        Work::Indices { view, from, to } => {
            let place = |start, length| Place::Index { start, length };
            let (source, target) = (place(from.0, from.1), place(*to, view.elements()));
            let valid = inside(&source) && inside(&target) && !overlaps(&source, &target);
            if valid { Ok(()) } else { Err("a copy of indices onto itself or outside of the arena") }
        }
    }
}

/// Whether there is a kernel for these layouts. The first input alone may be other than dense, as may the rows of a gather.
fn layouts_fit(layouts: Option<Layouts>, inputs: &[Operand], output: &Place) -> bool {
    let is_dense = |place: &Place| matches!(place, Place::Real { .. } | Place::Index { .. });
    let (first, rest) = match inputs {
        [first, rest @ ..] => (Some(&first.place), rest),
        [] => (None, inputs),
    };
    let first_fits = match (first, layouts) {
        (Some(Place::Bytes { table, .. }), Some(Layouts::Gather)) => match output {
            Place::Compressed { table: of, .. } => of == table,
            _ => matches!(output, Place::Real { .. }),
        },
        (Some(Place::Compressed { .. }), Some(Layouts::Product { .. })) => {
            matches!(output, Place::Real { .. } | Place::Forwarded { .. })
        }
        (first, _) => first.is_none_or(is_dense) && !matches!(output, Place::Compressed { .. }),
    };
    first_fits && rest.iter().all(|operand| is_dense(&operand.place))
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
    use super::super::samples::{arena, idle, operand, row_work};
    use super::*;
    use crate::kernel::{Bytes, Expr, Reads};

    #[test]
    fn places_overlap_if_they_have_a_common_element() {
        let place = |start, length| Place::Real { start, length };
        assert!(overlaps(&place(0, 10), &place(9, 1)));
        assert!(!overlaps(&place(0, 10), &place(10, 5)));
        assert!(!overlaps(&place(0, 10), &place(5, 0)));
        assert!(!overlaps(&place(0, 10), &Place::Index { start: 0, length: 10 }));
    }

    fn real(start: usize, length: usize) -> Place {
        Place::Real { start, length }
    }

    /// A product of four rows.
    fn rows(input: Place, output: Place) -> RowsWork {
        row_work(4, (input, Reads::ALL), output)
    }

    /// A gather of four rows.
    fn gather(input: Place, output: Place) -> RowsWork {
        RowsWork { form: idle(Some(Layouts::Gather)), ..rows(input, output) }
    }

    fn dense() -> RowsForm {
        idle(None)
    }

    #[test]
    fn skipped_zeros_are_not_in_the_estimated_cost() {
        let bytes: Vec<u8> = (0..64 * 64).map(|i| u8::from(i % 16 == 0)).collect();
        let bytes = Bytes::from(bytes);
        let compressed = bytes.compressed_rows(64).expect("mostly zero");
        let words = compressed.words_per_row();
        let table = Table::new(bytes, 1.0, Some(compressed));
        let arena = Arena { tables: vec![table], ..arena() };
        let batch = Place::Compressed { table: 0, width: 64, start: 0, words, rows: 4 };
        let (sparse, dense) =
            (Work::Rows(rows(batch, real(0, 4))), Work::Rows(rows(real(8, 256), real(0, 4))));
        assert_eq!(flops(&sparse), flops(&dense));
        assert_eq!(estimated_cost(&dense, &arena), flops(&dense));
        assert!(estimated_cost(&sparse, &arena) < flops(&sparse) / 2, "a sixteenth, and the bit masks");
    }

    /// An epilogue that adds its input to a place.
    fn chain(elements: usize, place: usize) -> Chain {
        let inputs = vec![Value::Forwarded, Value::Memory(place)];
        let add = Operation { expr: Expr::input(0) + Expr::input(1), inputs };
        let output = Output { value: Value::Operation(0), to: place };
        Chain::new((elements, 0), Vec::new(), &[add], &[output])
    }

    #[test]
    fn invalid_work_is_refused() {
        let arena = arena();
        let of = |work: RowsWork| validate(&arena, &Work::Rows(work)).err();
        assert_eq!(of(rows(real(0, 12), real(16, 12))), None);
        assert_eq!(of(rows(real(0, 12), real(8, 12))), Some("a row kernel reads what it writes"));
        assert_eq!(of(rows(real(0, 12), real(40, 12))), Some("an operand outside of the arena"));
        assert_eq!(of(rows(real(40, 12), real(0, 12))), Some("an operand outside of the arena"));
        assert_eq!(of(rows(real(0, 12), real(16, 10))), Some("rows of unequal length"));
        assert_eq!(
            of(RowsWork { rows: 0, ..rows(real(0, 12), real(16, 12)) }),
            Some("rows of unequal length")
        );
        let uneven = RowsWork {
            inputs: vec![operand(real(0, 10), Reads::by_row(&[10], 4))],
            ..rows(real(0, 12), real(16, 12))
        };
        assert_eq!(of(uneven), Some("an input that has not as many blocks as the output"));
        let bytes = |length| Place::Bytes { table: 0, start: 0, length };
        assert_eq!(of(gather(bytes(12), real(16, 12))), None);
        assert_eq!(of(gather(bytes(16), real(16, 12))), Some("an operand outside of the arena"));
        assert_eq!(of(rows(real(0, 12), bytes(12))), Some("bytes are never written"));
        let compressed = Place::Compressed { table: 0, width: 3, start: 0, words: 2, rows: 4 };
        assert_eq!(
            of(rows(compressed, real(16, 12))),
            Some("an operand outside of the arena"),
            "not compressed"
        );
        let no_kernel = Some("a layout for which there is no kernel");
        assert_eq!(of(rows(bytes(12), real(16, 12))), no_kernel);
        assert_eq!(of(rows(real(0, 12), compressed)), no_kernel);
        assert_eq!(of(gather(compressed, real(16, 12))), no_kernel);
        assert_eq!(of(gather(bytes(12), Place::Index { start: 0, length: 12 })), no_kernel);
        assert_eq!(of(RowsWork { form: dense(), ..rows(compressed, real(16, 12)) }), no_kernel);
        assert_eq!(of(RowsWork { form: dense(), ..gather(bytes(12), real(16, 12)) }), no_kernel);
        let second = RowsWork {
            inputs: vec![operand(real(0, 12), Reads::ALL), operand(bytes(12), Reads::ALL)],
            ..gather(bytes(12), real(16, 12))
        };
        assert_eq!(of(second), no_kernel);

        let indices = |start: usize, to: usize| {
            validate(&arena, &Work::Indices { view: View::whole(&[4]), from: (start, 4), to }).err()
        };
        assert_eq!(indices(0, 4), None);
        let onto = Some("a copy of indices onto itself or outside of the arena");
        assert!(indices(0, 3) == onto && indices(0, 14) == onto && indices(14, 0) == onto);
    }

    #[test]
    fn invalid_epilogues_are_refused() {
        let arena = arena();
        let with = |output: Place, epilogue: Option<Chain>| {
            let epilogue = epilogue.map(|chain| Epilogue::new(chain, 1, 12));
            validate(&arena, &Work::Rows(RowsWork { epilogue, ..rows(real(0, 12), output) })).err()
        };
        let forwarded = Place::Forwarded { length: 12 };
        assert_eq!(with(forwarded, Some(chain(12, 16))), None);
        assert_eq!(with(forwarded, Some(chain(12, 8))), Some("an epilogue writes what its kernel reads"));
        assert_eq!(
            with(forwarded, Some(chain(8, 16))),
            Some("an epilogue of another number of elements than its kernel")
        );
        assert_eq!(with(forwarded, None), Some("an output is forwarded exactly if there is an epilogue"));
        assert_eq!(
            with(real(16, 12), Some(chain(12, 32))),
            Some("an output is forwarded exactly if there is an epilogue")
        );
        assert_eq!(validate(&arena, &Work::Chain(chain(12, 16))), Err("an epilogue without a row kernel"));
    }
}
