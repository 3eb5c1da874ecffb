//! A case: a sequence of layers, optionally with a loss at its end, its parameters, an input, labels, and a precision.

use std::fmt::Write as _;
use std::rc::Rc;

use crate::interpreter::{Interpreter, RuntimeError};
use crate::number::Number;
use crate::program::{Program, Role};

/// A layer or a loss with its numbers.
#[derive(Debug, Clone)]
pub struct Unit {
    /// What it computes.
    pub program: Rc<Program>,
    /// Its sizes at the case's input.
    pub sizes: Vec<i64>,
    /// The values of its parameters, in the order of [`Program::parameters`].
    pub parameters: Vec<Vec<f64>>,
    /// The random arrays of indices and masks.
    pub drawn: Vec<(usize, Vec<f64>)>,
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A single layer.
    Layer,
    /// A single loss.
    Loss,
    /// A sequence of layers with a loss at its end.
    Network,
}

/// The arithmetic of the code under check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names of the variants say all")]
pub enum Precision {
    F64,
    F32,
    Bf16,
}

/// A case.
#[derive(Debug, Clone)]
pub struct Case {
    /// What is checked.
    pub subject: Subject,
    /// The layers from left to right, then the loss, if there is one.
    pub units: Vec<Unit>,
    /// The shape of the input.
    pub shape: Vec<usize>,
    /// The input.
    pub x: Vec<f64>,
    /// The labels as the loss's array has them; none without a loss.
    pub labels: Vec<f64>,
    /// The arithmetic of the code.
    pub precision: Precision,
    /// The λ of a weight decay in loss and gradient, ½ λ w² for each parameter; 0 without one.
    pub decay: f64,
    /// The conventions of the code: unusual, but right.
    pub conventions: Vec<&'static str>,
    /// Whether the input lies on a kink of the function by construction.
    pub on_a_kink: bool,
}

impl Unit {
    /// The interpreter of the program, with parameters and random arrays set.
    pub fn interpreter<T: Number>(&self) -> Result<Interpreter<T>, RuntimeError> {
        let mut interpreter = Interpreter::new(Rc::clone(&self.program), self.sizes.clone())?;
        for (array, numbers) in &self.drawn {
            interpreter.fill(*array, numbers.iter().map(|&number| T::of(number)));
        }
        for (array, numbers) in self.program.parameters().into_iter().zip(&self.parameters) {
            interpreter.fill(array, numbers.iter().map(|&number| T::of(number)));
        }
        Ok(interpreter)
    }
}

impl Case {
    /// The loss, if there is one.
    pub fn loss(&self) -> Option<&Unit> {
        self.units.last().filter(|unit| unit.program.is_loss)
    }

    /// Whether the labels are classes.
    pub fn has_classes(&self) -> bool {
        let classes = |array: &crate::program::Array| matches!(array.role, Role::Classes(_));
        self.loss().is_some_and(|loss| loss.program.arrays.iter().any(classes))
    }

    /// The number of elements of the input and the parameters.
    pub fn size(&self) -> usize {
        self.x.len() + self.units.iter().flat_map(|unit| &unit.parameters).map(Vec::len).sum::<usize>()
    }

    /// The case as text: sources and numbers.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{:?} in {:?}, x {:?}, conventions {:?}, weight decay {}",
            self.subject, self.precision, self.shape, self.conventions, self.decay
        );
        let _ = writeln!(text, "x = {:?}\nlabels = {:?}", self.x, self.labels);
        for unit in &self.units {
            let sizes = unit.program.sizes.iter().zip(&unit.sizes);
            let sizes: Vec<_> = sizes.map(|(size, value)| format!("{} = {value}", size.name)).collect();
            let _ = writeln!(text, "\n{}# {}", unit.program, sizes.join(", "));
            let named = unit.program.parameters().into_iter().zip(&unit.parameters);
            for (array, numbers) in named.chain(unit.drawn.iter().map(|(array, numbers)| (*array, numbers))) {
                let _ = writeln!(text, "# {} = {numbers:?}", unit.program.arrays[array].name);
            }
        }
        text
    }
}
