//! Whether a chain is sound.

use super::{Chain, MOST_INPUTS, Value};
use crate::kernel::arithmetic;

impl Chain {
    /// Why the chain is not sound, if it is not: what is written must be apart from what is read, or be the very
    /// same elements, which are then read before they are written or after. Registers must exist, and no operation but
    /// arithmetic reads what it writes.
    pub(in crate::kernel) fn fault(&self) -> Option<&'static str> {
        let apart = |a: usize, length: usize, b: usize| a + length <= b || b + self.elements <= a;
        for (write, _) in self.memory().filter(|(_, writes)| *writes) {
            if self.loads.iter().any(|load| !apart(load.start, load.length, write))
                || self.numbers().any(|place| !apart(place, 1, write))
            {
                return Some("a chain loads what it writes");
            }
            if self.memory().any(|(other, _)| other != write && !apart(other, self.elements, write)) {
                return Some("a chain reads what it writes elsewhere");
            }
        }
        let is_register =
            |value: &Value| matches!(value, Value::Register(register) if *register >= self.registers);
        let missing = self.instructions.iter().any(|instruction| {
            instruction.inputs.len() > MOST_INPUTS
                || instruction.inputs.iter().chain([&instruction.output]).any(is_register)
                || matches!(instruction.output, Value::Number(_) | Value::Passed)
        });
        let kernels = || self.instructions.iter().filter(|instruction| arithmetic::of(instruction).is_none());
        if kernels().any(|kernel| kernel.inputs.contains(&kernel.output)) {
            return Some("an operation of a chain reads what it writes");
        }
        let is_number = |value: &Value| matches!(value, Value::Number(_));
        if kernels().any(|kernel| kernel.inputs.iter().any(is_number)) {
            return Some("an operation of a chain is given one number for all elements");
        }
        let loads_and_stores =
            self.loads.iter().map(|load| load.register).chain(self.stores.iter().map(|s| s.register));
        if missing || loads_and_stores.into_iter().any(|register| register >= self.registers) {
            return Some("a chain uses a register that it does not have");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Elementwise, Instruction, Load, Store};
    use super::*;
    use crate::kernel::Arithmetic;
    use crate::kernel::samples::copied;
    use crate::kernel::strided::View;

    const SUM: Elementwise = Elementwise::Arithmetic(Arithmetic::Add);

    const ELEMENTS: usize = 10;

    /// What is wrong with a chain of one operation that has two inputs.
    fn fault(operation: Elementwise, inputs: [Value; 2], output: Value) -> Option<&'static str> {
        of_chain(operation, inputs.to_vec(), output, Vec::new(), Vec::new())
    }

    fn of_chain(
        operation: Elementwise,
        inputs: Vec<Value>,
        output: Value,
        loads: Vec<Load>,
        stores: Vec<Store>,
    ) -> Option<&'static str> {
        let instruction = Instruction { operation, inputs, output };
        Chain::new((ELEMENTS, 0), loads, vec![instruction], stores, 2).fault()
    }

    #[test]
    fn a_chain_that_is_sound_has_no_fault() {
        let (register, memory) = (Value::Register, Value::Memory);
        assert_eq!(fault(SUM, [memory(0), memory(10)], memory(20)), None);
        assert_eq!(
            fault(SUM, [memory(0), Value::Number(10)], memory(0)),
            None,
            "arithmetic may write where it reads"
        );
        assert_eq!(fault(copied(), [memory(0), register(0)], register(1)), None);
    }

    #[test]
    fn each_fault_of_a_chain_is_seen() {
        let (register, memory) = (Value::Register, Value::Memory);
        let elsewhere = Some("a chain reads what it writes elsewhere");
        assert_eq!(fault(SUM, [memory(0), memory(20)], memory(5)), elsewhere, "they reach into each other");
        assert_eq!(
            fault(SUM, [memory(0), Value::Number(25)], memory(20)),
            Some("a chain loads what it writes")
        );
        let same = Some("an operation of a chain reads what it writes");
        assert_eq!(fault(copied(), [memory(0), register(0)], memory(0)), same);
        assert_eq!(fault(copied(), [memory(0), register(0)], register(0)), same);
        let number = Some("an operation of a chain is given one number for all elements");
        assert_eq!(fault(copied(), [memory(0), Value::Number(0)], register(0)), number);
        let missing = Some("a chain uses a register that it does not have");
        assert_eq!(fault(SUM, [memory(0), register(2)], memory(20)), missing);
        assert_eq!(fault(SUM, [memory(0), memory(10)], register(2)), missing);
        assert_eq!(fault(SUM, [memory(0), memory(10)], Value::Number(20)), missing);
        assert_eq!(fault(SUM, [memory(0), memory(10)], Value::Passed), missing);
        let many = vec![memory(0); MOST_INPUTS + 1];
        assert_eq!(of_chain(copied(), many, memory(20), Vec::new(), Vec::new()), missing);

        let view = View::whole(&[ELEMENTS]);
        let load =
            |start, register| Load { start, length: ELEMENTS, view: view.clone(), register, rows: None };
        let both = || vec![register(0), memory(40)];
        let loaded = |start, number| of_chain(SUM, both(), memory(20), vec![load(start, number)], Vec::new());
        assert_eq!(loaded(0, 0), None);
        assert_eq!(loaded(11, 0), Some("a chain loads what it writes"));
        assert_eq!(loaded(0, 2), missing);
        let stored = |register, to| {
            of_chain(
                SUM,
                vec![memory(0), memory(10)],
                Value::Register(0),
                Vec::new(),
                vec![Store { register, to }],
            )
        };
        assert_eq!(stored(0, 0), None, "what replaces a value is stored last");
        assert_eq!(stored(0, 5), elsewhere);
        assert_eq!(stored(2, 20), missing);
    }
}
