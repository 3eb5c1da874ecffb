//! Runs a case in any number type: forward from left to right, backward from right to left.

use crate::case::Case;
use crate::interpreter::{Interpreter, RuntimeError};
use crate::number::Number;
use crate::program::Role;

/// The gradients of one unit: that of its input, then those of its parameters.
pub type Blocks<T> = Vec<Vec<T>>;

/// The interpreters of a case.
#[derive(Debug, Clone)]
pub struct LayerSequence<T> {
    machines: Vec<Interpreter<T>>,
    decay: f64,
    has_loss: bool,
}

impl<T: Number> LayerSequence<T> {
    /// Creates the interpreters of a case and sets the labels of its loss.
    pub fn new(case: &Case) -> Result<Self, RuntimeError> {
        let machines =
            case.units.iter().map(crate::case::Unit::interpreter).collect::<Result<Vec<_>, _>>()?;
        let mut row = LayerSequence { machines, decay: case.decay, has_loss: case.loss().is_some() };
        row.set_labels(&case.labels);
        Ok(row)
    }

    fn set_labels(&mut self, labels: &[f64]) {
        let Some(loss) = self.machines.last_mut().filter(|_| self.has_loss) else { return };
        let is_labels = |role: &Role| matches!(role, Role::Classes(_) | Role::Distributions);
        let array = loss.program().arrays.iter().position(|array| is_labels(&array.role));
        loss.fill(array.expect("a loss has labels"), labels.iter().map(|&label| T::of(label)));
    }

    /// Puts numbers into a parameter of a unit.
    pub fn set_parameter(&mut self, unit: usize, parameter: usize, numbers: impl IntoIterator<Item = T>) {
        let array = self.machines[unit].program().parameters()[parameter];
        self.machines[unit].fill(array, numbers);
    }

    /// The output: of a network, its loss.
    pub fn forward(&mut self, x: &[T]) -> Result<Vec<T>, RuntimeError> {
        let mut x = x.to_vec();
        for interpreter in &mut self.machines {
            let input = interpreter.program().with_role(&Role::Input);
            let output = interpreter.program().with_role(&Role::Output);
            interpreter.fill(input, x);
            interpreter.forward()?;
            x = interpreter.numbers(output).to_vec();
        }
        if self.decay > 0.0 {
            for interpreter in &self.machines {
                for array in interpreter.program().parameters() {
                    for &w in interpreter.numbers(array) {
                        x[0] = x[0] + T::of(0.5 * self.decay) * w * w;
                    }
                }
            }
        }
        Ok(x)
    }

    /// The gradients of all units, from the gradient of the output.
    pub fn backward(&mut self, dout: &[T]) -> Result<Vec<Blocks<T>>, RuntimeError> {
        let mut dout = dout.to_vec();
        let mut gradients = Vec::new();
        for interpreter in self.machines.iter_mut().rev() {
            let program = interpreter.program().clone();
            interpreter.fill(program.with_role(&Role::Upstream), dout);
            interpreter.backward()?;
            let input = program.with_role(&Role::Input);
            dout = interpreter.numbers(program.gradient_of(input)).to_vec();
            let mut blocks = vec![dout.clone()];
            for array in program.parameters() {
                let mut block = interpreter.numbers(program.gradient_of(array)).to_vec();
                for (element, &w) in block.iter_mut().zip(interpreter.numbers(array)) {
                    if self.decay > 0.0 {
                        *element = *element + T::of(self.decay) * w;
                    }
                }
                blocks.push(block);
            }
            gradients.push(blocks);
        }
        gradients.reverse();
        Ok(gradients)
    }

    /// The input of each unit in the last forward.
    pub fn inputs(&self) -> Vec<Vec<T>> {
        let input = |interpreter: &Interpreter<T>| {
            interpreter.numbers(interpreter.program().with_role(&Role::Input)).to_vec()
        };
        self.machines.iter().map(input).collect()
    }

    /// The shape of the input of each unit, and that of the output last.
    pub fn shapes(&self) -> Vec<Vec<usize>> {
        let of = |interpreter: &Interpreter<T>, role: &Role| {
            interpreter.shape(interpreter.program().with_role(role)).to_vec()
        };
        let inputs = self.machines.iter().map(|interpreter| of(interpreter, &Role::Input));
        inputs.chain(self.machines.last().map(|interpreter| of(interpreter, &Role::Output))).collect()
    }
}
