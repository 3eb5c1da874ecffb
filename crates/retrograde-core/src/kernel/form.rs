//! The forms of operations: how they are executed.
//!
//! The compiler knows an operation by its [`Form`] alone. The form owns its kernel, so that what was validated is what is executed.
//!
//! | form | output | freedom of the compiler |
//! | --- | --- | --- |
//! | [`Form::Elementwise`] | element by element | fuse a chain of them into one pass over memory |
//! | [`Form::View`] | the input through other strides | remove it: consumers read through the strides |
//! | [`Form::Reshape`] | the input in another shape | remove it |
//! | [`Form::Rows`] | row by row | partition the rows over threads |

use super::arena::{Arena, Place, Table};
use super::expr::Expr;
use super::layouts::Layouts;
use super::reads::Reads;
use super::simd::{PerReal, Real};
use super::sparse::GatheredRows;
use super::strided::View;
use std::fmt::Debug;
use std::marker::PhantomData;
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
    /// The output consists of rows of equal length, which are computed independently. Made by [`Form::rows`].
    Rows(RowsForm),
}

/// The kernel of a [`Form::Rows`].
#[derive(Debug, Clone)]
pub struct RowsForm {
    kernel: Arc<dyn RowsKernel>,
    /// The other layouts for which an operation of the library has kernels.
    layouts: Option<Layouts>,
}

impl RowsForm {
    /// The kernel for dense rows.
    pub fn kernel(&self) -> &Arc<dyn RowsKernel> {
        &self.kernel
    }

    /// A kernel of the library, with kernels for other layouts, whose results have the same bits.
    pub(crate) fn with_layouts(kernel: Arc<impl RowsKernel + 'static>, layouts: Layouts) -> Self {
        RowsForm { kernel, layouts: Some(layouts) }
    }

    pub(crate) fn layouts(&self) -> Option<Layouts> {
        self.layouts
    }

    /// The kernel for one precision.
    pub(super) fn rows<T: Real>(&self) -> &dyn Rows<T> {
        struct RowsOf<'a>(PhantomData<&'a ()>);
        impl<'a> PerReal for RowsOf<'a> {
            type Of<T: Real> = &'a dyn Rows<T>;
        }
        T::member::<RowsOf<'_>>(&*self.kernel, &*self.kernel)
    }
}

impl<K: RowsKernel + 'static> From<Arc<K>> for RowsForm {
    fn from(kernel: Arc<K>) -> Self {
        RowsForm { kernel, layouts: None }
    }
}

impl Form {
    /// The form of an operation that fills its output row by row.
    pub fn rows(kernel: Arc<impl RowsKernel + 'static>) -> Self {
        Form::Rows(kernel.into())
    }

    /// The expression of an elementwise operation.
    pub fn expr(&self) -> Option<&Expr> {
        if let Form::Elementwise(expr) = self { Some(expr) } else { None }
    }
}

/// A view of a tensor through other strides.
pub trait Viewing: Debug + Send + Sync {
    /// The output as a view of the memory behind the input, given the input as a view of it.
    fn view(&self, of: &View) -> View;
}

/// A kernel that fills its output row by row, for one precision.
pub trait Rows<T: Real> {
    /// Computes the rows `call.rows` of the output into `call.output`.
    fn evaluate(&self, call: Call<'_, T>);
}

/// A row kernel for both precisions, with the properties that the compiler asks for. `inputs` and `output` are shapes.
pub trait RowsKernel: Rows<f32> + Rows<f64> + Debug + Send + Sync {
    /// The number of rows of equal length, contiguous in memory, of the output. 1 means that it is computed as a whole.
    fn rows(&self, inputs: &[&[usize]], output: &[usize]) -> usize;

    /// The approximate flops of all rows.
    fn flops(&self, inputs: &[&[usize]], output: &[usize]) -> usize {
        let _ = output;
        inputs.iter().map(|shape| shape.iter().product::<usize>()).sum()
    }

    /// Which elements of this input a range of the output's rows is computed from. A [call](Call::inputs) has these elements
    /// of the input, and no thread waits for others. A plan asks once. By default all.
    fn reads(&self, input: usize, inputs: &[&[usize]], output: &[usize]) -> Reads {
        let _ = (input, inputs, output);
        Reads::ALL
    }

    /// The same computation in two kernels, for a reduction whose rows are too few for several threads. By default none.
    fn stages(&self, inputs: &[&[usize]], output: &[usize]) -> Option<Stages> {
        let _ = (inputs, output);
        None
    }

    /// The preferred number of rows of a block, if an epilogue is executed on each block.
    fn preferred_block_rows(&self, inputs: &[&[usize]], output: &[usize]) -> usize {
        let _ = (inputs, output);
        1
    }

    /// The elements of scratch memory that each thread needs.
    fn scratch(&self, inputs: &[&[usize]], output: &[usize]) -> usize {
        let _ = (inputs, output);
        0
    }
}

/// The same computation as a row kernel's, in two kernels: partial results that can be computed on several threads, and the
/// output from them. It has the same bits, so that they do not depend on whether a plan uses it.
#[derive(Debug, Clone)]
pub struct Stages {
    /// The shape of the partial results.
    pub shape: Vec<usize>,
    /// Computes the partial results from the inputs.
    pub first: RowsForm,
    /// Computes the output from the partial results, its only input.
    pub second: RowsForm,
}

/// One call of a row kernel.
pub struct Call<'a, T> {
    /// Of each input the elements that `rows` are computed from, as [`RowsKernel::reads`] says.
    pub inputs: Inputs<'a, T>,
    /// The shape of the whole output.
    pub shape: &'a [usize],
    /// The rows of the output to compute.
    pub rows: Range<usize>,
    /// The memory of those rows.
    pub output: Output<'a, T>,
    /// Scratch memory, which holds arbitrary numbers.
    pub scratch: &'a mut [T],
}

/// The inputs of a row kernel.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a, T> {
    arena: &'a Arena<T>,
    operands: &'a [Operand],
    /// The rows of the output that are computed.
    rows: &'a Range<usize>,
}

/// An operand of a row kernel: its place and its shape.
#[derive(Debug, Clone)]
pub(crate) struct Operand {
    pub(crate) place: Place,
    pub(crate) shape: Vec<usize>,
    /// What rows of the output read of it.
    pub(crate) reads: Reads,
}

impl Operand {
    /// The place of the elements that these rows of the output read.
    pub(super) fn accessed(&self, rows: &Range<usize>) -> Place {
        self.place.part(self.reads.range(rows, self.place.elements()))
    }
}

impl<'a, T: Real> Inputs<'a, T> {
    /// The inputs for these rows of the output.
    ///
    /// # Safety
    /// While the result is used, nothing writes to the [accessed](Operand::accessed) places.
    pub(crate) unsafe fn new(arena: &'a Arena<T>, operands: &'a [Operand], rows: &'a Range<usize>) -> Self {
        Inputs { arena, operands, rows }
    }

    /// The number of inputs.
    pub fn len(&self) -> usize {
        self.operands.len()
    }

    /// Whether there are no inputs.
    pub fn is_empty(&self) -> bool {
        self.operands.is_empty()
    }

    /// An input that is rows of a table of bytes; none if it has another layout.
    pub(super) fn bytes(&self, index: usize) -> Option<(&'a [u8], T)> {
        match self.operands[index].place {
            Place::Bytes { table, start, length } => {
                let table = &self.arena.tables[table];
                Some((&table.bytes[start..start + length], table.scale))
            }
            _ => None,
        }
    }

    /// An input that is compressed rows; none if it has another layout.
    pub(super) fn compressed(&self, index: usize) -> Option<GatheredRows<'a, T>> {
        match self.operands[index].accessed(self.rows) {
            Place::Compressed { table, start, words: words_per_row, rows, .. } => {
                let Table { compressed, numbers, .. } = &self.arena.tables[table];
                // SAFETY: the caller of `new` promised that nothing writes to these places.
                let words = unsafe { self.arena.index.slice(start, rows * words_per_row) };
                Some(GatheredRows { table: compressed.as_deref()?, numbers, words, words_per_row, rows })
            }
            _ => None,
        }
    }

    /// An input, by its index.
    ///
    /// # Panics
    /// If the operation has fewer inputs.
    pub fn get(&self, index: usize) -> Input<'a, T> {
        let operand = &self.operands[index];
        // SAFETY: the caller of `new` promised that nothing writes to these places.
        let values = unsafe {
            match operand.accessed(self.rows) {
                Place::Real { start, length } => Values::Real(self.arena.real.slice(start, length)),
                Place::Index { start, length } => Values::Index(self.arena.index.slice(start, length)),
                Place::Bytes { .. } | Place::Compressed { .. } | Place::Forwarded { .. } => {
                    unreachable!("`work::validate` refuses other layouts for a kernel of dense rows")
                }
            }
        };
        Input { shape: &operand.shape, values }
    }
}

/// An input of a row kernel.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a, T> {
    /// The shape of the whole input.
    pub shape: &'a [usize],
    /// The values of the elements that the rows of the call read.
    pub values: Values<'a, T>,
}

/// The values of an input, in the order of memory.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a, T> {
    /// Real numbers.
    Real(&'a [T]),
    /// Indices.
    Index(&'a [u32]),
}

impl<'a, T> Input<'a, T> {
    /// The real numbers; empty for indices, which the shape rule of the operation excludes.
    pub fn real(&self) -> &'a [T] {
        match self.values {
            Values::Real(values) => values,
            Values::Index(_) => &[],
        }
    }

    /// The indices; empty for real numbers, which the shape rule of the operation excludes.
    pub fn index(&self) -> &'a [u32] {
        match self.values {
            Values::Index(values) => values,
            Values::Real(_) => &[],
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
}

impl<'a, T> Output<'a, T> {
    /// The memory of real numbers; empty for indices, which the shape rule of the operation excludes.
    pub fn real(self) -> &'a mut [T] {
        match self {
            Output::Real(values) => values,
            Output::Index(_) => &mut [],
        }
    }

    /// The memory of indices; empty for real numbers, which the shape rule of the operation excludes.
    pub fn index(self) -> &'a mut [u32] {
        match self {
            Output::Index(values) => values,
            Output::Real(_) => &mut [],
        }
    }
}
