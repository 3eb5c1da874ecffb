//! Operations of a program's own that promise what their form cannot carry out, or whose derivative does not answer for
//! their inputs, are refused where they are recorded, by name and rule.

use retrograde::graph::{Mismatch, Operation, Site, Type};
use retrograde::kernel::{Call, Expr, Form, Real, Rows, RowsKernel, View, Viewing};
use retrograde::{Error, Graph, Result, Tensor, Var};
use std::sync::Arc;

/// What an operation of this suite does, and into which type.
#[derive(Debug, Clone)]
struct Own {
    way: Way,
    output: Type,
    /// How many gradients its derivative lists, and of which shape each is.
    derivative: (usize, Vec<usize>),
}

#[derive(Debug, Clone)]
enum Way {
    /// The sum of so many inputs.
    Sum(usize),
    Expr(Expr),
    /// The input's view with other strides and another offset: what each is multiplied by, and what is added.
    View(Vec<usize>, usize),
    /// Every second element, from the start of the memory rather than of the view.
    ViewOfMemory,
    Reshape,
    Rows(usize),
}

impl Own {
    fn new(way: Way, output: impl Into<Vec<usize>>) -> Self {
        let output: Vec<usize> = output.into();
        Own { way, output: Type::real(output.clone()), derivative: (1, output) }
    }
}

impl Operation for Own {
    fn name(&self) -> &'static str {
        "own"
    }

    fn attributes(&self) -> String {
        format!("{:?}", self.way)
    }

    fn infer(&self, _: &[Type]) -> Result<Type, Mismatch> {
        Ok(self.output.clone())
    }

    fn form(self: Arc<Self>) -> Form {
        match &self.way {
            Way::Sum(inputs) => {
                Form::Elementwise((1..*inputs).fold(Expr::input(0), |sum, input| sum + Expr::input(input)))
            }
            Way::Expr(expr) => Form::Elementwise(expr.clone()),
            Way::View(..) | Way::ViewOfMemory => Form::View(self),
            Way::Reshape => Form::Reshape,
            Way::Rows(_) => Form::Rows(self),
        }
    }

    fn derivative(&self, site: &Site<'_>) -> Vec<Option<Var>> {
        let (count, shape) = &self.derivative;
        (0..*count).map(|_| Some(site.upstream().graph().full(shape.clone(), 1.0))).collect()
    }
}

impl Viewing for Own {
    fn view(&self, of: &View) -> View {
        let shape = self.output.shape.to_vec();
        match &self.way {
            Way::View(strides, offset) => {
                let last = of.strides.last().copied().unwrap_or(1);
                let strides = strides.iter().map(|stride| stride * last).collect();
                View { shape, strides, offset: of.offset + offset * last }
            }
            _ => View { strides: vec![2; shape.len()], shape, offset: 0 },
        }
    }
}

impl<T: Real> Rows<T> for Own {
    fn evaluate(&self, call: Call<'_, T>) {
        call.output.real().fill(T::one());
    }
}

impl RowsKernel for Own {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        match self.way {
            Way::Rows(rows) => rows,
            _ => 1,
        }
    }

    fn row_by_row(&self, _: usize, _: &[&[usize]], _: &[usize]) -> bool {
        true
    }
}

/// The shapes of some inputs.
type Shapes = &'static [&'static [usize]];

/// Inputs of these shapes, with numbers of their own.
fn inputs(graph: &Graph, shapes: &[&[usize]]) -> Vec<Var> {
    let input = |(number, shape): (usize, &&[usize])| {
        graph.parameter(&format!("x{number}"), Tensor::from_fn(*shape, |at| (10 * number) as f64 + at as f64))
    };
    shapes.iter().enumerate().map(input).collect()
}

#[track_caller]
fn record(own: Own, inputs: &[Var]) -> Var {
    inputs[0].graph().apply(own, &inputs.iter().collect::<Vec<_>>())
}

#[test]
fn what_a_form_can_carry_out_runs() -> Result<()> {
    let cases: [(Own, Shapes, &[f64]); 7] = [
        (Own::new(Way::Sum(5), [2]), &[&[2], &[2], &[2], &[2], &[2]], &[100.0, 105.0]),
        (Own::new(Way::Expr(Expr::input(0) - Expr::input(1)), [2]), &[&[2], &[2]], &[-10.0, -10.0]),
        (Own::new(Way::Expr(-Expr::input(0)), [2]), &[&[2]], &[-0.0, -1.0]),
        (Own::new(Way::View(vec![2], 1), [2]), &[&[4]], &[1.0, 3.0]),
        (Own::new(Way::View(vec![0, 1], 0), [2, 2]), &[&[2]], &[0.0, 1.0, 0.0, 1.0]),
        (Own::new(Way::Reshape, [2, 2]), &[&[4]], &[0.0, 1.0, 2.0, 3.0]),
        (Own::new(Way::Rows(2), [2, 2]), &[&[4]], &[1.0; 4]),
    ];
    for (own, shapes, expected) in cases {
        let label = format!("{own:?}");
        let inputs = inputs(&Graph::new(), shapes);
        assert_eq!(record(own, &inputs).value()?.values(), expected, "{label}");
    }
    Ok(())
}

#[test]
fn what_a_form_cannot_carry_out_is_refused_by_its_rule() {
    let index = |way: Way| Own { output: Type::index([4]), ..Own::new(way, [4]) };
    let cases: [(Own, Shapes, &str); 18] = [
        (Own::new(Way::Sum(3), [2]), &[&[2], &[2]], "takes 3 inputs, 2 given"),
        (Own::new(Way::Sum(1), [5]), &[&[2]], "makes [5] of [2]"),
        (Own::new(Way::Sum(2), [4]), &[&[4], &[2]], "[2] does not fit"),
        (Own::new(Way::Sum(1), [4]), &[&[2, 2]], "makes [4] of [2, 2]"),
        (index(Way::Sum(1)), &[&[4]], "makes indices [4] of [4]"),
        (Own::new(Way::Expr(Expr::input(0) + Expr::input(1)), [4]), &[&[4]], "takes 2 inputs, 1 given"),
        (Own::new(Way::Expr(-Expr::input(0)), [4]), &[&[4], &[4]], "takes 1 input, 2 given"),
        (Own::new(Way::Expr(Expr::input(0) + Expr::input(1)), [4]), &[&[4], &[1]], "[1] does not fit"),
        (Own::new(Way::View(vec![1], 0), [5]), &[&[4]], "reads outside of its input [4]"),
        (Own::new(Way::View(vec![1], 1), [4]), &[&[4]], "reads outside of its input [4]"),
        (Own::new(Way::View(vec![usize::MAX, 1], 0), [3, 4]), &[&[4]], "reads outside"),
        (Own::new(Way::View(vec![1, 1], 0), [4]), &[&[4]], "a stride for each axis"),
        (Own::new(Way::ViewOfMemory, [2]), &[&[4]], "reads outside of its input [4]"),
        (Own::new(Way::View(vec![1], 0), [4]), &[&[4], &[4]], "takes 1 input, 2 given"),
        (Own::new(Way::Reshape, [5]), &[&[4]], "keep the number of elements"),
        (index(Way::Reshape), &[&[4]], "makes indices [4] of [4]"),
        (Own::new(Way::Rows(3), [4]), &[&[3]], "does not fall into 3 rows"),
        (Own::new(Way::Rows(2), [4]), &[&[3]], "its input 0, [3], does not fall into 2 rows"),
    ];
    for (own, shapes, says) in cases {
        let label = format!("{own:?} of {shapes:?}");
        let inputs = inputs(&Graph::new(), shapes);
        let (made, line) = (record(own, &inputs), line!());
        let error = made.checked().map(|_| ()).expect_err(&label);
        let message = error.to_string();
        let Error::Recording { operation, location, .. } = error else { panic!("{label}: {message}") };
        assert_eq!((operation.as_str(), location.file(), location.line()), ("own", file!(), line), "{label}");
        assert!(message.contains(says), "{label}: {message}");
    }
}

#[test]
fn a_derivative_answers_for_each_input() {
    let with = |derivative| Own { derivative, ..Own::new(Way::Sum(2), [2]) };
    let cases = [
        (with((1, vec![2])), "lists 1 gradients for 2 inputs"),
        (with((0, vec![2])), "lists 0 gradients for 2 inputs"),
        (with((3, vec![2])), "lists 3 gradients for 2 inputs"),
        (with((2, vec![1, 2])), "its derivative is [1, 2], its input [2]"),
    ];
    for (own, says) in cases {
        let inputs = inputs(&Graph::new(), &[&[2], &[2]]);
        let (made, line) = (record(own, &inputs), line!());
        let error = made.sum_all().backward().map(|_| ()).expect_err(says);
        let message = error.to_string();
        let Error::Recording { operation, location, .. } = error else { panic!("{message}") };
        assert_eq!((operation.as_str(), location.line()), ("own", line), "{message}");
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn a_gradient_that_is_not_there_is_refused_at_the_line_that_asks() -> Result<()> {
    let (graph, other) = (Graph::new(), Graph::new());
    let (x, unused) = (graph.parameter("x", 2.0), graph.parameter("unused", 1.0));
    let strangers: Vec<Var> = (0..9).map(|number| other.parameter(&format!("z{number}"), 1.0)).collect();
    let loss = (&x * &x).named("loss");
    let gradients = loss.backward()?;
    let another = "belongs to another graph";
    let mut refused: Vec<(Result<Var>, u32, &str)> = vec![
        (gradients.wrt(&unused), line!(), "does not depend on `unused`"),
        (loss.gradient(&[&x, &unused]).map(|all| all[0].clone()), line!(), "does not depend on `unused`"),
        (loss.backward_from(&strangers[0]).map(|all| all.loss().clone()), line!(), another),
    ];
    // Whatever number it has in its own graph, also one that the loss has in this.
    for stranger in &strangers {
        refused.push((gradients.wrt(stranger), line!(), another));
        refused.push((gradients.wrt_or_zero(stranger), line!(), another));
        refused.push((loss.gradient(&[stranger]).map(|all| all[0].clone()), line!(), another));
    }
    for (result, line, says) in refused {
        let error = result.map(|_| ()).expect_err(says);
        let message = error.to_string();
        let Error::Recording { location, .. } = error else { panic!("{message}") };
        assert_eq!((location.file(), location.line()), (file!(), line), "{message}");
        assert!(message.contains(says), "{message}");
    }
    Ok(())
}
