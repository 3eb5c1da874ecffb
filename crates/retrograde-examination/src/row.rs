//! A case run in any kind of number: forward from left to right, backward from right to left.

use crate::case::Case;
use crate::machine::{Machine, Stop};
use crate::number::Number;
use crate::program::Role;

/// The gradients of one unit: that of its input, then those of its parameters.
pub type Blocks<T> = Vec<Vec<T>>;

/// The machines of a case.
#[derive(Debug, Clone)]
pub struct Row<T> {
    machines: Vec<Machine<T>>,
    decay: f64,
    has_loss: bool,
}

impl<T: Number> Row<T> {
    /// The machines of a case, with its labels in the loss.
    pub fn new(case: &Case) -> Result<Self, Stop> {
        let machines = case.units.iter().map(crate::case::Unit::machine).collect::<Result<Vec<_>, _>>()?;
        let mut row = Row { machines, decay: case.decay, has_loss: case.loss().is_some() };
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
    pub fn forward(&mut self, x: &[T]) -> Result<Vec<T>, Stop> {
        let mut x = x.to_vec();
        for machine in &mut self.machines {
            let input = machine.program().with_role(&Role::Input);
            let output = machine.program().with_role(&Role::Output);
            machine.fill(input, x);
            machine.forward()?;
            x = machine.numbers(output).to_vec();
        }
        if self.decay > 0.0 {
            for machine in &self.machines {
                for array in machine.program().parameters() {
                    for &w in machine.numbers(array) {
                        x[0] = x[0] + T::of(0.5 * self.decay) * w * w;
                    }
                }
            }
        }
        Ok(x)
    }

    /// The gradients of all units, from the gradient of the output.
    pub fn backward(&mut self, dout: &[T]) -> Result<Vec<Blocks<T>>, Stop> {
        let mut dout = dout.to_vec();
        let mut gradients = Vec::new();
        for machine in self.machines.iter_mut().rev() {
            let program = machine.program().clone();
            machine.fill(program.with_role(&Role::Upstream), dout);
            machine.backward()?;
            let input = program.with_role(&Role::Input);
            dout = machine.numbers(program.gradient_of(input)).to_vec();
            let mut blocks = vec![dout.clone()];
            for array in program.parameters() {
                let mut block = machine.numbers(program.gradient_of(array)).to_vec();
                for (element, &w) in block.iter_mut().zip(machine.numbers(array)) {
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
        let input =
            |machine: &Machine<T>| machine.numbers(machine.program().with_role(&Role::Input)).to_vec();
        self.machines.iter().map(input).collect()
    }

    /// The shape of the input of each unit, and that of the output last.
    pub fn shapes(&self) -> Vec<Vec<usize>> {
        let of =
            |machine: &Machine<T>, role: &Role| machine.shape(machine.program().with_role(role)).to_vec();
        let inputs = self.machines.iter().map(|machine| of(machine, &Role::Input));
        inputs.chain(self.machines.last().map(|machine| of(machine, &Role::Output))).collect()
    }
}
