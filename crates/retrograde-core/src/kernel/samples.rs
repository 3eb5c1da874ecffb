//! Operations and work that the tests of this room make steps of.

use super::arena::{Arena, Block, Place, Table};
use super::form::{Call, Operand, Rows, RowsKernel};
use super::real::Real;
use super::table::Bytes;
use super::work::RowsWork;
use std::sync::Arc;

/// A row kernel that makes nothing.
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

/// Where an operand lies, and whether it is read row by row.
pub(super) fn operand(place: Place, by_row: bool) -> Operand {
    Operand { place, shape: vec![place.elements()], by_row }
}

/// Work of so many rows that reads one place, row by row or not, and writes another.
pub(super) fn row_work(rows: usize, (from, by_row): (Place, bool), to: Place) -> RowsWork {
    let (inputs, output) = (vec![operand(from, by_row)], operand(to, false));
    RowsWork { kernel: Arc::new(Idle), inputs, output, rows, epilogue: None }
}

/// Some memory, and a table of 12 bytes.
pub(super) fn arena() -> Arena<f32> {
    let table = Table::new(Bytes::from(vec![1_u8; 12]), 1.0, None);
    let (real, index) = (Block::new(48).expect("memory"), Block::new(16).expect("memory"));
    Arena { real, index, tables: vec![table] }
}
