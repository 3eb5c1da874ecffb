//! Operations that return different results from call to call: no memory is aliased, and an invalid plan is an error, not
//! a panic.

use retrograde::graph::{Mismatch, Operation, Type, VjpContext};
use retrograde::kernel::{Call, Expr, Form, Output, Reads, Real, Rows, RowsKernel, Values, View, Viewing};
use retrograde::{Error, Graph, Planner, Result, Tensor, Var};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The elements of every tensor here.
const ELEMENTS: usize = 8;

/// The results of consecutive calls as bits, repeated after the last one.
#[derive(Debug)]
struct Pattern {
    bits: usize,
    length: usize,
    calls: AtomicUsize,
}

impl Pattern {
    fn new(bits: usize, length: usize) -> Self {
        Pattern { bits, length, calls: AtomicUsize::new(0) }
    }

    fn next(&self) -> bool {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        self.bits >> (call % self.length) & 1 == 1
    }
}

/// Asserts that inputs and output do not overlap in memory.
fn assert_disjoint<T>(inputs: &[&[T]], output: &[T]) {
    let Range { start, end } = output.as_ptr_range();
    for input in inputs {
        let input = input.as_ptr_range();
        assert!(input.end <= start || end <= input.start, "an input overlaps the output");
    }
}

/// x + 1 or −x by an expression, −x by rows, x by a view or a reshape: chosen by the pattern.
#[derive(Debug)]
struct Inconsistent {
    form: Arc<Pattern>,
    /// The forms from which the pattern chooses.
    between: [TestForm; 2],
    /// The results of the methods of the row kernel and of the view.
    kernel: Pattern,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum TestForm {
    Increment,
    Negation,
    View,
    Reshape,
    Rows,
}

impl Operation for Inconsistent {
    fn name(&self) -> &'static str {
        "inconsistent"
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        Ok(inputs[0].clone())
    }

    fn form(self: Arc<Self>) -> Form {
        match self.between[usize::from(self.form.next())] {
            TestForm::Increment => Form::Elementwise(Expr::input(0) + 1.0),
            TestForm::Negation => Form::Elementwise(-Expr::input(0)),
            TestForm::View => Form::View(self),
            TestForm::Reshape => Form::Reshape,
            TestForm::Rows => Form::rows(self),
        }
    }

    fn vjp(&self, _: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![None]
    }
}

impl<T: Real> Rows<T> for Inconsistent {
    fn evaluate(&self, call: Call<'_, T>) {
        let input = call.inputs.get(0).values;
        if let (Values::Real(x), Output::Real(y)) = (input, call.output) {
            assert_disjoint(&[x, call.scratch], y);
            // Depending on the pattern, `x` has all rows or only those of this call.
            let from = if x.len() == y.len() { 0 } else { call.rows.start * (ELEMENTS / 4) };
            y.iter_mut().zip(x.iter().skip(from)).for_each(|(y, &x)| *y = -x);
        }
    }
}

impl RowsKernel for Inconsistent {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        if self.kernel.next() { 4 } else { 3 }
    }

    fn reads(&self, _: usize, _: &[&[usize]], _: &[usize]) -> Reads {
        if self.kernel.next() { Reads::by_row(&[ELEMENTS], 4) } else { Reads::ALL }
    }

    fn scratch(&self, _: &[&[usize]], _: &[usize]) -> usize {
        if self.kernel.next() { ELEMENTS } else { 0 }
    }
}

impl Viewing for Inconsistent {
    fn view(&self, of: &View) -> View {
        // The same view, or one that is out of bounds.
        if self.kernel.next() { of.clone() } else { View { offset: of.offset + 3, ..of.clone() } }
    }
}

/// Compiles and runs a plan that updates p in place with the operation of p, where the memory of `p` could be both input and
/// output.
fn run(operation: Inconsistent, threads: usize) -> Result<()> {
    let graph = Graph::new();
    let p = graph.parameter("p", Tensor::from_fn([ELEMENTS], |at| at as f64).unwrap());
    let y = graph.apply(operation, &[&p]).checked()?;
    let mut plan = Planner::new(&graph).update(&p, &y).threads(threads).compile::<f64>()?;
    plan.run()?;
    plan.run()
}

#[test]
fn form_is_called_once() -> Result<()> {
    for threads in [1, 2] {
        let form = Arc::new(Pattern::new(0b10, 2));
        let between = [TestForm::Increment, TestForm::Negation];
        run(Inconsistent { form: Arc::clone(&form), between, kernel: Pattern::new(1, 1) }, threads)?;
        assert_eq!(form.calls.load(Ordering::SeqCst), 1);
    }
    Ok(())
}

/// The number of calls of `form` before its result was stored: 13 while recording and compiling, and one in the run.
const CALLS: usize = 14;

#[test]
fn no_pattern_of_forms_aliases_memory() -> Result<()> {
    for bits in 0..1 << CALLS {
        let form = Arc::new(Pattern::new(bits, CALLS));
        let between = [TestForm::Negation, TestForm::Increment];
        run(Inconsistent { form, between, kernel: Pattern::new(1, 1) }, 1)?;
    }
    Ok(())
}

#[test]
fn no_change_between_two_forms_aliases_memory() {
    let forms = [TestForm::Increment, TestForm::Negation, TestForm::View, TestForm::Reshape, TestForm::Rows];
    for between in forms.iter().flat_map(|&a| forms.iter().map(move |&b| [a, b])) {
        for bits in 0..1 << 4 {
            let form = Arc::new(Pattern::new(bits, 4));
            let result = run(Inconsistent { form, between, kernel: Pattern::new(1, 1) }, 1);
            assert!(result.is_ok(), "{between:?} {bits:b}: {result:?}");
        }
    }
}

#[test]
fn an_inconsistent_kernel_is_an_error_or_runs() {
    for test_form in [TestForm::Rows, TestForm::View] {
        let (mut ran, mut failed) = (0, 0);
        for bits in 0..1 << 11 {
            let form = Arc::new(Pattern::new(0, 1));
            match run(
                Inconsistent { form, between: [test_form; 2], kernel: Pattern::new(bits, 11) },
                1 + bits % 2,
            ) {
                Ok(()) => ran += 1,
                Err(Error::Recording { operation, .. }) if operation == "inconsistent" => failed += 1,
                Err(error) => {
                    let message = error.to_string();
                    assert!(
                        message.contains("a step is not sound") && message.contains("Inconsistent"),
                        "{message}"
                    );
                    failed += 1;
                }
            }
        }
        assert!(ran > 0 && failed > 0, "{test_form:?}: {ran} ran, {failed} failed");
    }
}
