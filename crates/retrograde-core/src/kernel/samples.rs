//! Kernels, work and memory for the tests of the kernel.

use super::arena::{Arena, Block, Place, Table};
use super::bytes::Bytes;
use super::form::{Call, Operand, Rows, RowsForm, RowsKernel};
use super::layouts::Layouts;
use super::reads::Reads;
use super::simd::Real;
use super::work::RowsWork;
use std::sync::Arc;

/// A row kernel that does nothing.
#[derive(Debug)]
pub(super) struct Idle;

impl<T: Real> Rows<T> for Idle {
    fn evaluate(&self, _: Call<'_, T>) {}
}

impl RowsKernel for Idle {
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output[0]
    }
}

/// The form of a kernel that does nothing, with these layouts.
pub(super) fn idle(layouts: Option<Layouts>) -> RowsForm {
    match layouts {
        Some(layouts) => RowsForm::with_layouts(Arc::new(Idle), layouts),
        None => RowsForm::from(Arc::new(Idle)),
    }
}

/// Where an operand lies, and what rows of the output read of it.
pub(super) fn operand(place: Place, reads: Reads) -> Operand {
    Operand { place, shape: vec![place.elements()], reads }
}

/// Work of so many rows that reads one place and writes another.
pub(super) fn row_work(rows: usize, (from, reads): (Place, Reads), to: Place) -> RowsWork {
    let (inputs, output) = (vec![operand(from, reads)], operand(to, Reads::ALL));
    let form = idle(Some(Layouts::Product { transposed: true }));
    RowsWork { form, inputs, output, rows, chunk: 1, epilogue: None }
}

/// Some memory, and a table of 12 bytes.
pub(super) fn arena() -> Arena<f32> {
    let table = Table::new(Bytes::from(vec![1_u8; 12]), 1.0, None);
    let (real, index) = (Block::new(48).expect("memory"), Block::new(16).expect("memory"));
    Arena { real, index, tables: vec![table] }
}
