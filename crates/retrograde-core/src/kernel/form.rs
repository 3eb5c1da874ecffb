//! The ways in which an operation can be executed.
//!
//! An operation says which [`Form`] it has; that is all the plan knows of it. The form owns its kernel, so that what was
//! validated is what is executed: the operation is not asked again. Each form leaves the plan as much freedom as its nature
//! allows:
//!
//! | form | the output is made | what the plan may do |
//! | --- | --- | --- |
//! | [`Form::Elementwise`] | element by element | compile a chain of them to one pass over memory |
//! | [`Form::View`] | by reading its input at other places | leave it out, and let the reader read there |
//! | [`Form::Reshape`] | as its input is, in another shape | leave it out |
//! | [`Form::Rows`] | row by row | split the rows over threads |

use super::Real;
use super::arena::{Arena, Place};
use super::expr::Expr;
use super::left_out::LeftOut;
use super::sparse::{SparseRows, SparseRowsMut};
use super::strided::View;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

/// How an operation is executed.
#[derive(Debug, Clone)]
pub enum Form {
    /// Element `i` of the output is this expression of element `i` of each input.
    Elementwise(Expr),
    /// The output is the input seen through other strides (broadcast, transpose, slice).
    View(Arc<dyn Viewing>),
    /// The output has the elements of its input, in the same order.
    Reshape,
    /// The output consists of rows of equal length, each of which can be made without the others.
    Rows(Arc<dyn RowsKernel>),
}

impl Form {
    /// The expression of an elementwise operation.
    pub fn expr(&self) -> Option<&Expr> {
        if let Form::Elementwise(expr) = self { Some(expr) } else { None }
    }
}

/// A way of seeing a tensor through other strides.
pub trait Viewing: Debug + Send + Sync {
    /// The output's view of the memory that the input is a view of.
    fn view(&self, of: &View) -> View;
}

/// A kernel that fills its output row by row, for one precision.
pub trait Rows<T: Real> {
    /// Fills the rows `call.rows` of the output, which are `call.output`.
    fn evaluate(&self, call: Call<'_, T>);
}

/// A row kernel for both precisions, with what the plan asks of it before it runs. The shapes are those of the
/// inputs and the output.
pub trait RowsKernel: Rows<f32> + Rows<f64> + Debug + Send + Sync {
    /// Into how many rows of equal length, one behind the other in memory, the output falls. 1 says that it can
    /// only be made as a whole.
    fn rows(&self, inputs: &[&[usize]], output: &[usize]) -> usize;

    /// About how many additions and multiplications all rows take together.
    fn work(&self, inputs: &[&[usize]], output: &[usize]) -> usize {
        let _ = output;
        inputs.iter().map(|shape| shape.iter().product::<usize>()).sum()
    }

    /// Whether row `i` of the output is made of row `i` of this input and of nothing else of it, where the input falls
    /// into as many rows as the output. The kernel is then [lent](Call::inputs) the rows of the input that belong to the
    /// rows which it fills, and nobody waits for the others.
    fn row_by_row(&self, input: usize, inputs: &[&[usize]], output: &[usize]) -> bool {
        let _ = (input, inputs, output);
        false
    }

    /// Whether this input may be a table kept as bytes.
    fn takes_bytes(&self, input: usize) -> bool {
        let _ = input;
        false
    }

    /// Whether it can fill rows of which most elements are zero as lists of those that are not, when it makes them of a
    /// table of bytes.
    fn makes_sparse(&self) -> bool {
        false
    }

    /// Whether it gains by being given this input as such lists.
    fn takes_sparse(&self, input: usize, inputs: &[&[usize]], output: &[usize]) -> bool {
        let _ = (input, inputs, output);
        false
    }

    /// How many rows at a time it needs to be at its best, when what reads them goes on with them at once.
    fn at_once(&self, inputs: &[&[usize]], output: &[usize]) -> usize {
        let _ = (inputs, output);
        1
    }

    /// How many numbers of scratch memory each thread needs.
    fn scratch(&self, inputs: &[&[usize]], output: &[usize]) -> usize {
        let _ = (inputs, output);
        0
    }
}

/// One call of a row kernel.
pub struct Call<'a, T> {
    /// The inputs: whole, or of an input that is read [row by row](RowsKernel::row_by_row) only the rows that belong to
    /// `rows`.
    pub inputs: Inputs<'a, T>,
    /// The shape of the whole output.
    pub shape: &'a [usize],
    /// Which rows of the output to fill.
    pub rows: Range<usize>,
    /// The memory of those rows.
    pub output: Output<'a, T>,
    /// Scratch memory, with anything in it.
    pub scratch: &'a mut [T],
    /// If there is something, rows that are zero throughout may be left out, since nobody will look at them then; it is told
    /// which were, as the library's product of sparse rows does. Whoever makes all rows may pass over it.
    pub left_out: Option<&'a mut LeftOut>,
}

/// The inputs of a row kernel.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a, T> {
    arena: &'a Arena<T>,
    operands: &'a [Operand],
    /// Which of how many rows are being filled.
    share: &'a Range<usize>,
    rows: usize,
}

/// Where an input of a row kernel lies, and its shape.
#[derive(Debug, Clone)]
pub(crate) struct Operand {
    pub(crate) place: Place,
    pub(crate) shape: Vec<usize>,
    /// Whether it is read row by row.
    pub(crate) by_row: bool,
}

impl Operand {
    /// The place of what is lent for the rows `share` out of `rows`.
    pub(super) fn lent(&self, share: &Range<usize>, rows: usize) -> Place {
        if self.by_row { self.place.rows(share, rows) } else { self.place }
    }
}

impl<'a, T: Real> Inputs<'a, T> {
    /// The inputs for the rows `share` out of `rows`.
    ///
    /// # Safety
    /// While the result is used, nobody writes to any of the places [lent](Operand::lent).
    pub(crate) unsafe fn new(
        arena: &'a Arena<T>,
        operands: &'a [Operand],
        share: &'a Range<usize>,
        rows: usize,
    ) -> Self {
        Inputs { arena, operands, share, rows }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.operands.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.operands.is_empty()
    }

    /// Input number `index`, counted from 0.
    ///
    /// # Panics
    /// When there are not so many: an operation knows how many it has.
    pub fn get(&self, index: usize) -> Input<'a, T> {
        let operand = &self.operands[index];
        // SAFETY: whoever made this promised that nobody writes to these places.
        let values = unsafe {
            match operand.lent(self.share, self.rows) {
                Place::Real { start, length } => Values::Real(self.arena.real.slice(start, length)),
                Place::Index { start, length } => Values::Index(self.arena.index.slice(start, length)),
                // Only an output is passed on.
                Place::Passed { .. } => Values::Real(&[]),
                Place::Bytes { table, start, length } => {
                    let table = &self.arena.tables[table];
                    Values::Bytes(&table.bytes[start..start + length], table.scale)
                }
                Place::Sparse { table, start, words, rows, .. } => {
                    let table = &self.arena.tables[table];
                    let lists =
                        table.lists.as_deref().expect("a table in whose lists somebody reads has some");
                    let places = self.arena.index.slice(start, rows * words);
                    Values::Sparse(SparseRows { lists, numbers: &table.numbers, places, words, rows })
                }
            }
        };
        Input { shape: &operand.shape, values }
    }
}

/// An input of a row kernel.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a, T> {
    /// The shape of all of it.
    pub shape: &'a [usize],
    /// Its values, or those of the rows that are lent.
    pub values: Values<'a, T>,
}

/// The values of an input, in the order of memory.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a, T> {
    /// Real numbers.
    Real(&'a [T]),
    /// Indices.
    Index(&'a [u32]),
    /// Real numbers kept as bytes: each is `byte × scale`. Only who [takes](RowsKernel::takes_bytes) them is given these.
    Bytes(&'a [u8], T),
    /// Rows of which most elements are zero. Only who [takes](RowsKernel::takes_sparse) them is given these.
    Sparse(SparseRows<'a, T>),
}

impl<'a, T> Input<'a, T> {
    /// The real numbers; none when the input is of another kind, which the operation's shape rule excludes.
    pub fn real(&self) -> &'a [T] {
        match self.values {
            Values::Real(values) => values,
            Values::Index(_) | Values::Bytes(..) | Values::Sparse(_) => &[],
        }
    }

    /// The indices; none when the input is of another kind, which the operation's shape rule excludes.
    pub fn index(&self) -> &'a [u32] {
        match self.values {
            Values::Index(values) => values,
            Values::Real(_) | Values::Bytes(..) | Values::Sparse(_) => &[],
        }
    }
}

/// The memory of some rows of an output.
#[derive(Debug)]
pub enum Output<'a, T> {
    /// Real numbers.
    Real(&'a mut [T]),
    /// Indices.
    Index(&'a mut [u32]),
    /// Rows of which most elements are zero. Only who [makes](RowsKernel::makes_sparse) them is given these.
    Sparse(SparseRowsMut<'a>),
}

impl<'a, T> Output<'a, T> {
    /// The memory of real numbers; empty when the output holds indices, which the shape rule excludes.
    pub fn real(self) -> &'a mut [T] {
        match self {
            Output::Real(values) => values,
            Output::Index(_) | Output::Sparse(_) => &mut [],
        }
    }
}
