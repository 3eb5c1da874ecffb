//! `matmul`: the matrix product C = A·B, of single matrices or of stacks of them, either operand transposed.
//!
//! A: `[…, m, k]`, B: `[…, k, n]`, C: `[…, m, n]`, with equal axes in front, or such as broadcast to equal ones. Derivative: with G the upstream
//! gradient, dA = G·Bᵀ and dB = Aᵀ·G (the book's chapter 5.6.1; Goodfellow et al., Deep Learning, 6.5.6), which are
//! again matrix products with transposed operands; no transpose is executed. Differentiable everywhere.
//!
//! Each element is summed in ascending order over k. So the gradient of a weight is summed over the batch in the order of its
//! rows, and not in the tree of a reduction: the products of two halves of a batch do not add up to its bits.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, Shape, Type, Var, VjpContext};
use crate::kernel::layouts::Layouts;
use crate::kernel::matmul::{self, Matrix, product};
use crate::kernel::{Call, Form, Reads, Real, Rows, RowsForm, RowsKernel};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "matmul",
    summary: "The matrix product, of single matrices or stacks of them, either operand transposed.",
    formula: "y = a · b",
    derivative: "da = g · bᵀ, db = aᵀ · g",
    cases: || {
        let mut samples = Vec::new();
        for (m, k, n) in [(1, 1, 1), (3, 4, 5), (7, 17, 9), (2, 0, 3), (0, 2, 3), (2, 3, 0)] {
            samples.push(OpCase::new([InputSpec::real([m, k]), InputSpec::real([k, n])], |v| v[0].matmul(&v[1])));
            samples.push(OpCase::new([InputSpec::real([k, m]), InputSpec::real([k, n])], |v| v[0].t_matmul(&v[1])));
            samples.push(OpCase::new([InputSpec::real([m, k]), InputSpec::real([n, k])], |v| v[0].matmul_t(&v[1])));
        }
        samples.push(OpCase::new([InputSpec::real([2, 3, 4]), InputSpec::real([2, 4, 5])], |v| v[0].matmul(&v[1])));
        samples.push(OpCase::new([InputSpec::real([2, 2, 4, 3]), InputSpec::real([2, 2, 4, 5])], |v| v[0].t_matmul(&v[1])));
        let one_matrix = |v: &[Var]| v[0].matmul(&v[1].broadcast([2, 4, 5]));
        let stack = || InputSpec::real([2, 3, 4]);
        samples.push(OpCase::new([stack(), InputSpec::real([4, 5])], |v| v[0].matmul(&v[1])).with_reference(one_matrix));
        samples.push(OpCase::new([stack(), InputSpec::real([5, 4])], |v| v[0].matmul_t(&v[1])));
        // Leading axes that broadcast.
        let stacks = |v: &[Var]| v[0].broadcast([2, 3, 4, 5]).matmul(&v[1].broadcast([2, 3, 5, 2]));
        let pair = [InputSpec::real([3, 4, 5]), InputSpec::real([2, 1, 5, 2])];
        samples.push(OpCase::new(pair, |v| v[0].matmul(&v[1])).with_reference(stacks));
        samples.push(OpCase::new([InputSpec::real([5, 4]), InputSpec::real([2, 5, 3])], |v| v[0].t_matmul(&v[1])));
        samples.push(OpCase::new([InputSpec::real([2, 5, 4]), InputSpec::real([5, 3])], |v| v[0].t_matmul(&v[1])));
        samples.push(OpCase::new([InputSpec::real([4, 5]), InputSpec::real([2, 3, 5])], |v| v[0].matmul_t(&v[1])));
        samples.push(OpCase::new([InputSpec::real([1, 4, 5]), InputSpec::real([0, 3, 5])], |v| v[0].matmul_t(&v[1])));
        samples.push(OpCase::new([InputSpec::real([3, 3])], |v| v[0].matmul(&v[0]).matmul_t(&v[0])));
        samples
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([100, 784]), Type::real([50, 784])],
                record: |v| v[0].matmul(&v[1]),
                mentions: &["[100, 784]", "[50, 784]", "784", "50", "`matmul_t`"],
            },
            InvalidCase {
                types: vec![Type::real([784]), Type::real([784, 50])],
                record: |v| v[0].matmul(&v[1]),
                mentions: &["[784]", "two axes", ".reshape([1, 784])"],
            },
            InvalidCase {
                types: vec![Type::real([2, 3, 4]), Type::real([3, 4, 5])],
                record: |v| v[0].matmul(&v[1]),
                mentions: &["[2, 3, 4]", "[3, 4, 5]", "leading axes"],
            },
            InvalidCase {
                types: vec![Type::real([2, 3, 4]), Type::real([5, 4])],
                record: |v| v[0].matmul(&v[1]),
                mentions: &["[2, 3, 4]", "[5, 4]", "`matmul_t`"],
            },
        ]
    },
};

#[derive(Debug)]
struct MatMul {
    /// Whether the left operand is transposed.
    left: bool,
    /// Whether the right operand is transposed.
    right: bool,
}

impl Var {
    /// The matrix product `self · other`: `[…, m, k]` times `[…, k, n]` gives `[…, m, n]`. The leading axes broadcast, as in
    /// `numpy.matmul`: aligned at the last of them, each has the same length in both, or 1. What is repeated is copied, but for one
    /// matrix `other` for all of `self`.
    #[track_caller]
    pub fn matmul(&self, other: &Var) -> Var {
        self.product(MatMul { left: false, right: false }, other)
    }

    /// `selfᵀ · other`: `[…, k, m]` and `[…, k, n]` give `[…, m, n]`. The leading axes broadcast.
    #[track_caller]
    pub fn t_matmul(&self, other: &Var) -> Var {
        self.product(MatMul { left: true, right: false }, other)
    }

    /// `self · otherᵀ`: `[…, m, k]` and `[…, n, k]` give `[…, m, n]`. The leading axes broadcast, as for [`matmul`](Self::matmul).
    #[track_caller]
    pub fn matmul_t(&self, other: &Var) -> Var {
        self.product(MatMul { left: false, right: true }, other)
    }

    /// Rows of a stack times one matrix are the rows of one product, which needs no copies of the matrix.
    #[track_caller]
    fn product(&self, operation: MatMul, other: &Var) -> Var {
        let (a, b) = (self.shape_or_scalar(), other.shape_or_scalar());
        let location = std::panic::Location::caller();
        if operation.left || a.rank() < 3 || b.rank() != 2 || a[a.rank() - 1] != matrix(&b, operation.right).0 {
            // Of matrices that do not fit, the message has the shapes that were given.
            let fits = matrix(&a, operation.left).1 == matrix(&b, operation.right).0;
            return match common_stack(&a, &b).filter(|_| fits) {
                Some(stack) => self.repeated(&stack).record(operation, &[&other.repeated(&stack)], location),
                None => self.record(operation, &[other], location),
            };
        }
        let (rows, columns) = (&a[..a.rank() - 1], matrix(&b, operation.right).1);
        let flat = self.reshape([Shape::from(rows).elements(), a[a.rank() - 1]]);
        flat.record(operation, &[other], location).reshape([rows, &[columns]].concat())
    }

    /// These matrices with other leading axes, to which their own broadcast.
    #[track_caller]
    fn repeated(&self, stack: &[usize]) -> Var {
        let own = self.shape_or_scalar();
        let shape = Shape::from([stack, &own[own.rank() - 2..]].concat());
        if shape == own { self.clone() } else { self.broadcast(shape) }
    }
}

/// The leading axes to which those of both operands broadcast, if they do and differ.
fn common_stack(a: &Shape, b: &Shape) -> Option<Vec<usize>> {
    let (a, b) = (a.split_last_chunk::<2>()?.0, b.split_last_chunk::<2>()?.0);
    if a == b {
        return None;
    }
    let axis = |shape: &[usize], from_last: usize| {
        shape.len().checked_sub(from_last).map_or(1, |axis| shape[axis])
    };
    let longest = a.len().max(b.len());
    let lengths = (1..=longest).rev().map(|from_last| match (axis(a, from_last), axis(b, from_last)) {
        (1, length) | (length, 1) => Some(length),
        (length, other) => (length == other).then_some(length),
    });
    lengths.collect()
}

/// The last two axes, swapped if `transposed`.
fn matrix(shape: &[usize], transposed: bool) -> (usize, usize) {
    match shape {
        [.., a, b] if transposed => (*b, *a),
        [.., a, b] => (*a, *b),
        _ => (1, 1),
    }
}

/// Whether a product is one row, whose columns are partitioned.
fn is_row(output: &[usize]) -> bool {
    output[..output.len() - 1].iter().all(|&length| length == 1)
}

impl Operation for MatMul {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        if self.left || self.right { self.notation(&["a".into(), "b".into()]) } else { String::new() }
    }

    fn notation(&self, inputs: &[String]) -> String {
        let factor = |input: usize, transposed| {
            let name = &inputs[input];
            let name = if name.contains(' ') { format!("({name})") } else { name.clone() };
            if transposed { name + "ᵀ" } else { name }
        };
        format!("{} · {}", factor(0, self.left), factor(1, self.right))
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::all_real(inputs)?;
        let (a, b) = (&inputs[0].shape, &inputs[1].shape);
        if let Some(flat) = [a, b].into_iter().find(|shape| shape.rank() < 2) {
            let help = match flat.first() {
                Some(length) => format!("make it a row with `.reshape([1, {length}])` or a column with `.reshape([{length}, 1])`"),
                None => "multiply by a scalar with `*`".into(),
            };
            return Err(Mismatch::new(format!("{flat} is not a matrix: it needs at least two axes"), help));
        }
        let ((m, k), (other, n)) = (matrix(a, self.left), matrix(b, self.right));
        let (stack, other_stack) = (&a[..a.rank() - 2], &b[..b.rank() - 2]);
        if k != other {
            let (last_of_a, last_of_b) = (matrix(a, false), matrix(b, false));
            let help = if last_of_a.1 == last_of_b.1 {
                "use `matmul_t`, which transposes the second operand: the last axes agree"
            } else if last_of_a.0 == last_of_b.0 {
                "use `t_matmul`, which transposes the first operand: the second to last axes agree"
            } else {
                "the number of columns of the first operand must be the number of rows of the second"
            };
            return Err(Mismatch::new(
                format!("the shapes {a} and {b} do not fit: {k} columns and {other} rows"),
                help,
            ));
        }
        if stack != other_stack {
            return Err(Mismatch::new(
                format!("the leading axes {stack:?} and {other_stack:?} of the shapes {a} and {b} differ"),
                "give both the same leading axes with `broadcast` or `reshape`",
            ));
        }
        Ok(Type::real([stack, &[m, n]].concat()))
    }

    fn form(self: Arc<Self>) -> Form {
        if self.right {
            return Form::rows(self);
        }
        let layouts = Layouts::Product { transposed: self.left };
        Form::Rows(RowsForm::with_layouts(self, layouts))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (a, b, g) = (context.input(0), context.input(1), context.upstream());
        let (ta, tb) = (self.left, self.right);
        let product = |x: &Var, left: bool, y: &Var, right: bool| {
            x.record(MatMul { left, right }, &[y], std::panic::Location::caller())
        };
        vec![
            context.if_needed(0, || if ta { product(b, tb, g, true) } else { product(g, false, b, !tb) }),
            context.if_needed(1, || if tb { product(g, true, a, ta) } else { product(a, !ta, g, false) }),
        ]
    }

    /// C[i, j] = Σ A[i, l]·B[l, j]: A[i, l] is in row i of C with B's row l, B[l, j] in column j with A's column l.
    fn jacobian_column(
        &self,
        input: usize,
        element: usize,
        types: &[Type],
        values: &[&[f64]],
        emit: &mut dyn FnMut(usize, f64),
    ) -> bool {
        let ((m, k), (_, n)) = (matrix(&types[0].shape, self.left), matrix(&types[1].shape, self.right));
        let size = if input == 0 { m * k } else { k * n };
        let (matrix_index, offset) = (element / size, element % size);
        let (a, b) = (&values[0][matrix_index * m * k..], &values[1][matrix_index * k * n..]);
        let split = |transposed: bool, (rows, columns): (usize, usize)| {
            if transposed { (offset % rows, offset / rows) } else { (offset / columns, offset % columns) }
        };
        if input == 0 {
            let (i, l) = split(self.left, (m, k));
            for j in 0..n {
                emit(matrix_index * m * n + i * n + j, b[if self.right { j * k + l } else { l * n + j }]);
            }
        } else {
            let (l, j) = split(self.right, (k, n));
            for i in 0..m {
                emit(matrix_index * m * n + i * n + j, a[if self.left { l * m + i } else { i * k + l }]);
            }
        }
        true
    }
}

impl RowsKernel for MatMul {
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        // The columns of a single row can be computed apart.
        let (row, columns) = (is_row(output), output[output.len() - 1]);
        if row { columns } else { output[..output.len() - 1].iter().product() }
    }

    fn reads(&self, input: usize, inputs: &[&[usize]], output: &[usize]) -> Reads {
        let ((m, k), (_, n)) = (matrix(inputs[0], self.left), matrix(inputs[1], self.right));
        match input {
            _ if is_row(output) => Reads::ALL,
            0 if !self.left => Reads::blocks(1, k),
            _ if output.len() == 2 => Reads::ALL,
            0 => Reads::blocks(m, m * k),
            _ => Reads::blocks(m, k * n),
        }
    }

    fn flops(&self, inputs: &[&[usize]], output: &[usize]) -> usize {
        output.iter().product::<usize>().saturating_mul(2 * matrix(inputs[0], self.left).1)
    }

    fn preferred_block_rows(&self, inputs: &[&[usize]], output: &[usize]) -> usize {
        matmul::preferred_block_rows(matrix(inputs[0], self.left).1, matrix(output, false).1)
    }

    fn scratch(&self, inputs: &[&[usize]], output: &[usize]) -> usize {
        let ((m, n), (_, k)) = (matrix(output, false), matrix(inputs[0], self.left));
        // Of a single row, a call may have any number of columns.
        let fewer = if is_row(output) { matmul::scratch(m, k, n.min(matmul::FEW_COLUMNS)) } else { 0 };
        matmul::scratch(m, k, n).max(fewer)
    }
}

impl<T: Real> Rows<T> for MatMul {
    fn evaluate(&self, call: Call<'_, T>) {
        let (a, b) = (call.inputs.get(0), call.inputs.get(1));
        let ((m, k), (_, n)) = (matrix(a.shape, self.left), matrix(b.shape, self.right));
        let (a_row, a_column) = if self.left { (1, m) } else { (k, 1) };
        let (b_row, b_column) = if self.right { (1, k) } else { (n, 1) };
        let output = call.output.real();
        if is_row(call.shape) {
            let a = Matrix { values: a.real(), row: a_row, column: a_column };
            let b = Matrix { values: b.real(), row: b_row, column: b_column }.from(0, call.rows.start);
            return product(a, b, (1, k, call.rows.len()), 1, output, call.scratch);
        }
        // Rows are numbered through the whole stack of matrices; the call has the matrices of its rows.
        let (mut row, mut written, items) = (call.rows.start, 0, call.rows.start / m.max(1));
        while row < call.rows.end && n > 0 {
            let (item, first) = (row / m - items, row % m);
            let last = m.min(first + call.rows.end - row);
            // A left operand that is not transposed has only the rows of this call.
            let (at, skipped) = if self.left { (item * m * k, first) } else { ((row - call.rows.start) * k, 0) };
            let a = Matrix { values: &a.real()[at..], row: a_row, column: a_column }.from(skipped, 0);
            let b = Matrix { values: &b.real()[item * k * n..(item + 1) * k * n], row: b_row, column: b_column };
            let count = (last - first) * n;
            let c = &mut output[written..written + count];
            product(a, b, (m, k, n), last - first, c, call.scratch);
            written += count;
            row += last - first;
        }
    }
}
