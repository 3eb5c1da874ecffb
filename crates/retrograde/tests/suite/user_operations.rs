//! A user's operation whose form cannot compute its declared type, or whose vjp does not match its inputs, is an error at
//! the line that recorded it.

use retrograde::graph::{Mismatch, Operation, Type, VjpContext};
use retrograde::kernel::{Call, Expr, Form, Reads, Real, Rows, RowsKernel, View, Viewing};
use retrograde::{Error, Graph, Result, Tensor, Var};
use std::sync::Arc;

/// A user's operation with a form and a declared type, which may contradict each other.
#[derive(Debug, Clone)]
struct UserOperation {
    form: TestForm,
    output: Type,
    /// The number of gradients that its vjp returns, and their shape.
    vjp: (usize, Vec<usize>),
}

#[derive(Debug, Clone)]
enum TestForm {
    /// The sum of this number of inputs.
    Sum(usize),
    Expr(Expr),
    /// The input's view with factors of the strides, and an addend of the offset.
    View(Vec<usize>, usize),
    /// Every second element, from the start of the memory rather than of the view.
    ViewOfMemory,
    Reshape,
    Rows(usize),
}

impl UserOperation {
    fn new(form: TestForm, output: impl Into<Vec<usize>>) -> Self {
        let output: Vec<usize> = output.into();
        UserOperation { form, output: Type::real(output.clone()), vjp: (1, output) }
    }
}

impl Operation for UserOperation {
    fn name(&self) -> &'static str {
        "own"
    }

    fn attributes(&self) -> String {
        format!("{:?}", self.form)
    }

    fn infer(&self, _: &[Type]) -> Result<Type, Mismatch> {
        Ok(self.output.clone())
    }

    fn form(self: Arc<Self>) -> Form {
        match &self.form {
            TestForm::Sum(inputs) => {
                Form::Elementwise((1..*inputs).fold(Expr::input(0), |sum, input| sum + Expr::input(input)))
            }
            TestForm::Expr(expr) => Form::Elementwise(expr.clone()),
            TestForm::View(..) | TestForm::ViewOfMemory => Form::View(self),
            TestForm::Reshape => Form::Reshape,
            TestForm::Rows(_) => Form::rows(self),
        }
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (count, shape) = &self.vjp;
        (0..*count).map(|_| Some(context.upstream().graph().full(shape.clone(), 1.0))).collect()
    }
}

impl Viewing for UserOperation {
    fn view(&self, of: &View) -> View {
        let shape = self.output.shape.to_vec();
        match &self.form {
            TestForm::View(strides, offset) => {
                let last = of.strides.last().copied().unwrap_or(1);
                let strides = strides.iter().map(|stride| stride * last).collect();
                View { shape, strides, offset: of.offset + offset * last }
            }
            _ => View { strides: vec![2; shape.len()], shape, offset: 0 },
        }
    }
}

impl<T: Real> Rows<T> for UserOperation {
    fn evaluate(&self, call: Call<'_, T>) {
        call.output.real().fill(T::one());
    }
}

impl RowsKernel for UserOperation {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        match self.form {
            TestForm::Rows(rows) => rows,
            _ => 1,
        }
    }

    fn reads(&self, input: usize, inputs: &[&[usize]], output: &[usize]) -> Reads {
        Reads::by_row(inputs[input], self.rows(inputs, output))
    }
}

/// The shapes of some inputs.
type Shapes = &'static [&'static [usize]];

/// Inputs of these shapes.
fn inputs(graph: &Graph, shapes: &[&[usize]]) -> Vec<Var> {
    let input = |(position, shape): (usize, &&[usize])| {
        graph.parameter(
            &format!("x{position}"),
            Tensor::from_fn(*shape, |i| (10 * position + i) as f64).unwrap(),
        )
    };
    shapes.iter().enumerate().map(input).collect()
}

#[track_caller]
fn record(operation: UserOperation, inputs: &[Var]) -> Var {
    inputs[0].graph().apply(operation, &inputs.iter().collect::<Vec<_>>())
}

#[test]
fn a_valid_form_runs() -> Result<()> {
    let cases: [(UserOperation, Shapes, &[f64]); 7] = [
        (UserOperation::new(TestForm::Sum(5), [2]), &[&[2], &[2], &[2], &[2], &[2]], &[100.0, 105.0]),
        (
            UserOperation::new(TestForm::Expr(Expr::input(0) - Expr::input(1)), [2]),
            &[&[2], &[2]],
            &[-10.0, -10.0],
        ),
        (UserOperation::new(TestForm::Expr(-Expr::input(0)), [2]), &[&[2]], &[-0.0, -1.0]),
        (UserOperation::new(TestForm::View(vec![2], 1), [2]), &[&[4]], &[1.0, 3.0]),
        (UserOperation::new(TestForm::View(vec![0, 1], 0), [2, 2]), &[&[2]], &[0.0, 1.0, 0.0, 1.0]),
        (UserOperation::new(TestForm::Reshape, [2, 2]), &[&[4]], &[0.0, 1.0, 2.0, 3.0]),
        (UserOperation::new(TestForm::Rows(2), [2, 2]), &[&[4]], &[1.0; 4]),
    ];
    for (operation, shapes, expected) in cases {
        let label = format!("{operation:?}");
        let inputs = inputs(&Graph::new(), shapes);
        assert_eq!(record(operation, &inputs).value()?.values(), expected, "{label}");
    }
    Ok(())
}

#[test]
fn an_invalid_form_is_an_error_that_states_its_rule() {
    let index = |form: TestForm| UserOperation { output: Type::index([4]), ..UserOperation::new(form, [4]) };
    let cases: [(UserOperation, Shapes, &str); 18] = [
        (UserOperation::new(TestForm::Sum(3), [2]), &[&[2], &[2]], "takes 3 inputs, 2 given"),
        (UserOperation::new(TestForm::Sum(1), [5]), &[&[2]], "of [2] returns [5]"),
        (UserOperation::new(TestForm::Sum(2), [4]), &[&[4], &[2]], "[2] does not fit"),
        (UserOperation::new(TestForm::Sum(1), [4]), &[&[2, 2]], "of [2, 2] returns [4]"),
        (index(TestForm::Sum(1)), &[&[4]], "of [4] returns indices [4]"),
        (
            UserOperation::new(TestForm::Expr(Expr::input(0) + Expr::input(1)), [4]),
            &[&[4]],
            "takes 2 inputs, 1 given",
        ),
        (UserOperation::new(TestForm::Expr(-Expr::input(0)), [4]), &[&[4], &[4]], "takes 1 input, 2 given"),
        (
            UserOperation::new(TestForm::Expr(Expr::input(0) + Expr::input(1)), [4]),
            &[&[4], &[1]],
            "[1] does not fit",
        ),
        (UserOperation::new(TestForm::View(vec![1], 0), [5]), &[&[4]], "reads outside of its input [4]"),
        (UserOperation::new(TestForm::View(vec![1], 1), [4]), &[&[4]], "reads outside of its input [4]"),
        (UserOperation::new(TestForm::View(vec![usize::MAX, 1], 0), [3, 4]), &[&[4]], "reads outside"),
        (UserOperation::new(TestForm::View(vec![1, 1], 0), [4]), &[&[4]], "one stride for each axis"),
        (UserOperation::new(TestForm::ViewOfMemory, [2]), &[&[4]], "reads outside of its input [4]"),
        (UserOperation::new(TestForm::View(vec![1], 0), [4]), &[&[4], &[4]], "takes 1 input, 2 given"),
        (UserOperation::new(TestForm::Reshape, [5]), &[&[4]], "keep the number of elements"),
        (index(TestForm::Reshape), &[&[4]], "of [4] returns indices [4]"),
        (
            UserOperation::new(TestForm::Rows(3), [4]),
            &[&[3]],
            "4 elements of its output [4] are not divisible by 3 rows",
        ),
        (
            UserOperation::new(TestForm::Rows(2), [4]),
            &[&[3]],
            "2 rows of its output read its input 0, [3], by Reads",
        ),
    ];
    for (invalid, shapes, expected) in cases {
        let label = format!("{invalid:?} of {shapes:?}");
        let inputs = inputs(&Graph::new(), shapes);
        let (output, line) = (record(invalid, &inputs), line!());
        let error = output.checked().map(|_| ()).expect_err(&label);
        let message = error.to_string();
        let Error::Recording { operation, location, .. } = error else { panic!("{label}: {message}") };
        assert_eq!((operation.as_str(), location.file(), location.line()), ("own", file!(), line), "{label}");
        assert!(message.contains(expected), "{label}: {message}");
    }
}

#[test]
fn a_vjp_returns_one_gradient_for_each_input() {
    let with = |vjp| UserOperation { vjp, ..UserOperation::new(TestForm::Sum(2), [2]) };
    let cases = [
        (with((1, vec![2])), "returns 1 gradients for 2 inputs"),
        (with((0, vec![2])), "returns 0 gradients for 2 inputs"),
        (with((3, vec![2])), "returns 3 gradients for 2 inputs"),
        (with((2, vec![1, 2])), "returns the gradient [1, 2] for the input [2]"),
    ];
    for (invalid, expected) in cases {
        let inputs = inputs(&Graph::new(), &[&[2], &[2]]);
        let (output, line) = (record(invalid, &inputs), line!());
        let error = output.sum_all().backward().map(|_| ()).expect_err(expected);
        let message = error.to_string();
        let Error::Recording { operation, location, .. } = error else { panic!("{message}") };
        assert_eq!((operation.as_str(), location.line()), ("own", line), "{message}");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_missing_gradient_is_an_error_at_the_line_of_the_call() -> Result<()> {
    let (graph, other) = (Graph::new(), Graph::new());
    let (x, unused) = (graph.parameter("x", 2.0), graph.parameter("unused", 1.0));
    let foreign: Vec<Var> = (0..9).map(|i| other.parameter(&format!("z{i}"), 1.0)).collect();
    let loss = (&x * &x).named("loss");
    let gradients = loss.backward()?;
    let (missing, another) = ("does not depend differentiably on `unused`", "belongs to another graph");
    let mut errors: Vec<(Result<Var>, u32, &str)> = vec![
        (gradients.wrt(&unused), line!(), missing),
        (loss.gradient(&[&x, &unused]).map(|all| all[0].clone()), line!(), missing),
        (loss.backward_from(&foreign[0]).map(|all| all.loss().clone()), line!(), another),
    ];
    // Also with an id that a node of the loss's graph has.
    for foreign in &foreign {
        errors.push((gradients.wrt(foreign), line!(), another));
        errors.push((gradients.wrt_or_zero(foreign), line!(), another));
        errors.push((loss.gradient(&[foreign]).map(|all| all[0].clone()), line!(), another));
    }
    for (result, line, expected) in errors {
        let error = result.map(|_| ()).expect_err(expected);
        let message = error.to_string();
        let Error::Recording { location, .. } = error else { panic!("{message}") };
        assert_eq!((location.file(), location.line()), (file!(), line), "{message}");
        assert!(message.contains(expected), "{message}");
    }
    Ok(())
}
