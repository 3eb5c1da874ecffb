//! Operations whose answers change from call to call: whatever they answer, no memory is lent twice, and what the plan
//! cannot do is an error, not a panic.

use retrograde::graph::{Mismatch, Operation, Site, Type};
use retrograde::kernel::{Call, Expr, Form, Output, Real, Rows, RowsKernel, Values, View, Viewing};
use retrograde::{Error, Graph, Planner, Result, Tensor, Var};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The elements of every tensor here.
const ELEMENTS: usize = 8;

/// Bits, one for each call: what the call answers. They begin again after the last one.
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

/// Fails where inputs and output lie in the same memory.
fn assert_apart<T>(inputs: &[&[T]], output: &[T]) {
    let Range { start, end } = output.as_ptr_range();
    for input in inputs {
        let input = input.as_ptr_range();
        assert!(input.end <= start || end <= input.start, "an input is lent with the output");
    }
}

/// x + 1 or −x by an expression, −x by rows, x by a view or a reshape: as the pattern answers.
#[derive(Debug)]
struct Changing {
    form: Arc<Pattern>,
    /// The forms between which the pattern chooses.
    between: [Way; 2],
    /// What the methods of the row kernel and of the view answer.
    kernel: Pattern,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Increment,
    Negation,
    View,
    Reshape,
    Rows,
}

impl Operation for Changing {
    fn name(&self) -> &'static str {
        "changing"
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        Ok(inputs[0].clone())
    }

    fn form(self: Arc<Self>) -> Form {
        match self.between[usize::from(self.form.next())] {
            Way::Increment => Form::Elementwise(Expr::input(0) + 1.0),
            Way::Negation => Form::Elementwise(-Expr::input(0)),
            Way::View => Form::View(self),
            Way::Reshape => Form::Reshape,
            Way::Rows => Form::Rows(self),
        }
    }

    fn derivative(&self, _: &Site<'_>) -> Vec<Option<Var>> {
        vec![None]
    }
}

impl<T: Real> Rows<T> for Changing {
    fn evaluate(&self, call: Call<'_, T>) {
        let input = call.inputs.get(0).values;
        if let (Values::Real(x), Output::Real(y)) = (input, call.output) {
            assert_apart(&[x, call.scratch], y);
            // Whether the rows of `x` or all of it were lent depends on an answer.
            let from = if x.len() == y.len() { 0 } else { call.rows.start * (ELEMENTS / 4) };
            y.iter_mut().zip(x.iter().skip(from)).for_each(|(y, &x)| *y = -x);
        }
    }
}

impl RowsKernel for Changing {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        if self.kernel.next() { 4 } else { 3 }
    }

    fn row_by_row(&self, _: usize, _: &[&[usize]], _: &[usize]) -> bool {
        self.kernel.next()
    }

    fn takes_bytes(&self, _: usize) -> bool {
        self.kernel.next()
    }

    fn makes_sparse(&self) -> bool {
        self.kernel.next()
    }

    fn takes_sparse(&self, _: usize, _: &[&[usize]], _: &[usize]) -> bool {
        self.kernel.next()
    }

    fn scratch(&self, _: &[&[usize]], _: &[usize]) -> usize {
        if self.kernel.next() { ELEMENTS } else { 0 }
    }
}

impl Viewing for Changing {
    fn view(&self, of: &View) -> View {
        // As it is, or with places beyond the memory.
        if self.kernel.next() { of.clone() } else { View { offset: of.offset + 3, ..of.clone() } }
    }
}

/// Records y = the operation of p, and compiles and runs a plan that updates p by it. An update in place is where the
/// memory of `p` could be lent both as the input and as the output.
fn run(operation: Changing, threads: usize) -> Result<()> {
    let graph = Graph::new();
    let p = graph.parameter("p", Tensor::from_fn([ELEMENTS], |at| at as f64));
    let y = graph.apply(operation, &[&p]).checked()?;
    let mut plan = Planner::new(&graph).update(&p, &y).threads(threads).compile::<f64>()?;
    plan.run()?;
    plan.run()
}

#[test]
fn a_form_is_asked_once_and_then_kept() -> Result<()> {
    for threads in [1, 2] {
        let form = Arc::new(Pattern::new(0b10, 2));
        let between = [Way::Increment, Way::Negation];
        run(Changing { form: Arc::clone(&form), between, kernel: Pattern::new(1, 1) }, threads)?;
        assert_eq!(form.calls.load(Ordering::SeqCst), 1);
    }
    Ok(())
}

/// So many answers were asked for before forms were kept: 13 while recording and compiling, and one in the run.
const ANSWERS: usize = 14;

#[test]
fn no_pattern_of_forms_lends_memory_twice() -> Result<()> {
    for bits in 0..1 << ANSWERS {
        let form = Arc::new(Pattern::new(bits, ANSWERS));
        let between = [Way::Negation, Way::Increment];
        run(Changing { form, between, kernel: Pattern::new(1, 1) }, 1)?;
    }
    Ok(())
}

#[test]
fn no_change_between_two_forms_lends_memory_twice() {
    let ways = [Way::Increment, Way::Negation, Way::View, Way::Reshape, Way::Rows];
    for between in ways.iter().flat_map(|&a| ways.iter().map(move |&b| [a, b])) {
        for bits in 0..1 << 4 {
            let form = Arc::new(Pattern::new(bits, 4));
            let result = run(Changing { form, between, kernel: Pattern::new(1, 1) }, 1);
            assert!(result.is_ok(), "{between:?} {bits:b}: {result:?}");
        }
    }
}

#[test]
fn a_kernel_that_changes_its_answers_is_an_error_or_runs() {
    for way in [Way::Rows, Way::View] {
        let (mut ran, mut refused) = (0, 0);
        for bits in 0..1 << 11 {
            let form = Arc::new(Pattern::new(0, 1));
            match run(Changing { form, between: [way; 2], kernel: Pattern::new(bits, 11) }, 1 + bits % 2) {
                Ok(()) => ran += 1,
                Err(Error::Recording { operation, .. }) if operation == "changing" => refused += 1,
                Err(error) => {
                    let message = error.to_string();
                    assert!(
                        message.contains("a step is not sound") && message.contains("Changing"),
                        "{message}"
                    );
                    refused += 1;
                }
            }
        }
        assert!(ran > 0 && refused > 0, "{way:?}: {ran} ran, {refused} were refused");
    }
}
