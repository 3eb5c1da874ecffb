//! From the expressions of a chain's operations to the steps of its machine.
//!
//! The expressions become one list of [instructions](Instruction), each of which computes one value from earlier ones; equal
//! instructions exist once, and those that nothing needs are dropped. Then each instruction becomes a few steps: what the
//! next instruction alone reads stays in the accumulator, other values are stored in a register until they are read for the
//! last time. All is decided in the order of the instructions, so that the same chain has the same steps in every process.

use super::{Code, Kind, Operand, Operation, Output, Step, Value};
use crate::kernel::expr::{Binary, Comparison, Constant, Node, Unary};
use std::collections::HashMap;

/// The steps of a chain.
pub(super) struct Compiled {
    pub(super) steps: Vec<Step>,
    pub(super) registers: usize,
    pub(super) constants: Vec<f64>,
    /// How many functions of numbers are computed for each element.
    pub(super) functions: usize,
    pub(super) preserves_on_zero: bool,
}

/// The operand that is the accumulator.
const ACCUMULATOR: Operand = Operand { kind: Kind::Accumulator, number: 0 };

/// What an instruction reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    Instruction(usize),
    Loaded(usize),
    Memory(usize),
    Number(usize),
    Forwarded,
    Constant(Constant),
}

/// A function of one to four values. One of code [`Load`](Code::Load) is its only value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Instruction {
    code: Code,
    sources: [Option<Source>; 4],
}

impl Instruction {
    fn sources(&self) -> impl Iterator<Item = Source> + '_ {
        self.sources.iter().flatten().copied()
    }
}

/// Compiles operations, each of which reads earlier ones, and the values that go to memory.
pub(super) fn compile(operations: &[Operation], outputs: &[Output]) -> Compiled {
    let mut list = Instructions::default();
    let mut results: Vec<Source> = Vec::with_capacity(operations.len());
    for operation in operations {
        let source = |value: &Value| source(*value, &results);
        let inputs: Vec<Source> = operation.inputs.iter().map(source).collect();
        results.push(list.expression(operation.expr.nodes(), &inputs));
    }
    // What goes to memory as it is read from elsewhere takes an instruction, too: then all that is stored is the result of one.
    let stored: Vec<(usize, usize)> = outputs
        .iter()
        .map(|output| match source(output.value, &results) {
            Source::Instruction(place) => (place, output.to),
            other => (list.push(Code::Load, [other]), output.to),
        })
        .collect();
    let preserves_on_zero = preserves_on_zero(&list.all, &stored);
    let (all, stored) = needed(&list.all, &stored);
    let functions = all.len();
    let Emitter { steps, registers, constants, .. } = Emitter::new(&all, &stored).emitted();
    let constants = constants.into_iter().map(Constant::value).collect();
    Compiled { steps, registers, constants, functions, preserves_on_zero }
}

fn source(value: Value, results: &[Source]) -> Source {
    match value {
        Value::Operation(place) => results[place],
        Value::Loaded(slot) => Source::Loaded(slot),
        Value::Memory(start) => Source::Memory(start),
        Value::Number(place) => Source::Number(place),
        Value::Forwarded => Source::Forwarded,
    }
}

/// Instructions without duplicates.
#[derive(Default)]
struct Instructions {
    all: Vec<Instruction>,
    places: HashMap<Instruction, usize>,
}

impl Instructions {
    fn push<const N: usize>(&mut self, code: Code, sources: [Source; N]) -> usize {
        let mut padded = [None; 4];
        padded.iter_mut().zip(sources).for_each(|(to, source)| *to = Some(source));
        let instruction = Instruction { code, sources: padded };
        *self.places.entry(instruction).or_insert_with(|| {
            self.all.push(instruction);
            self.all.len() - 1
        })
    }

    fn compute<const N: usize>(&mut self, code: Code, sources: [Source; N]) -> Source {
        Source::Instruction(self.push(code, sources))
    }

    /// The value of an expression whose inputs are these.
    fn expression(&mut self, nodes: &[Node], inputs: &[Source]) -> Source {
        let mut values: Vec<Source> = Vec::with_capacity(nodes.len());
        for node in nodes {
            values.push(match *node {
                Node::Input(index) => inputs[index],
                Node::Constant(number) => Source::Constant(number),
                Node::Unary(function, x) => self.unary(function, values[x]),
                Node::Binary(function, a, b) => self.binary(function, values[a], values[b]),
                Node::Select(comparison, operands) => {
                    self.select(comparison, operands.map(|operand| values[operand]))
                }
            });
        }
        values[values.len() - 1]
    }

    fn unary(&mut self, function: Unary, x: Source) -> Source {
        // A root is rounded correctly, so that that of a number may be taken once.
        if let (Unary::Sqrt, Some(number)) = (function, number(x)) {
            return constant(number.sqrt());
        }
        let code = match function {
            Unary::Negate => return self.compute(Code::Multiply, [x, constant(-1.0)]),
            Unary::Abs => {
                let negative = self.compute(Code::Subtract, [constant(0.0), x]);
                return self.select(Comparison::Greater, [x, constant(0.0), x, negative]);
            }
            Unary::Sign => {
                let below = self.select(Comparison::Less, [x, constant(0.0), constant(-1.0), x]);
                return self.select(Comparison::Greater, [x, constant(0.0), constant(1.0), below]);
            }
            Unary::Sqrt => Code::Sqrt,
            Unary::Exp => Code::Exp,
            Unary::Ln => Code::Ln,
            Unary::Softplus => Code::Softplus,
            Unary::Erf => Code::Erf,
            Unary::Sin => Code::Sin,
            Unary::Cos => Code::Cos,
            Unary::Tanh => Code::Tanh,
            Unary::Sigmoid => Code::Sigmoid,
            Unary::Flush => return self.flush(x),
        };
        self.compute(code, [x])
    }

    /// x flushed; one instruction if x is α·a + β·b, as in a running mean.
    fn flush(&mut self, x: Source) -> Source {
        let instruction =
            |source| if let Source::Instruction(at) = source { Some(self.all[at]) } else { None };
        let weighted = |source| match instruction(source)? {
            Instruction { code: Code::Multiply, sources: [Some(a), Some(b), None, None] } => {
                let (weight, number) = if number(a).is_some() { (a, b) } else { (b, a) };
                matches!(weight, Source::Constant(_)).then_some((weight, number))
            }
            _ => None,
        };
        if let Some(Instruction { code: Code::Add, sources: [Some(a), Some(b), None, None] }) = instruction(x)
            && let (Some((alpha, a)), Some((beta, b))) = (weighted(a), weighted(b))
            && a != b
        {
            return self.compute(Code::WeightedSum, [a, alpha, beta, b]);
        }
        self.compute(Code::Flush, [x])
    }

    fn binary(&mut self, function: Binary, a: Source, b: Source) -> Source {
        // With a number that is not NaN, one comparison does for a minimum or maximum.
        let (of_a, of_b) = (number(a).filter(|a| !a.is_nan()), number(b).filter(|b| !b.is_nan()));
        match function {
            Binary::Add => self.compute(Code::Add, [a, b]),
            Binary::Subtract => self.compute(Code::Subtract, [a, b]),
            Binary::Multiply => self.compute(Code::Multiply, [a, b]),
            Binary::Divide => self.compute(Code::Divide, [a, b]),
            Binary::Maximum if of_b.is_some() => self.select(Comparison::LessOrEqual, [a, b, b, a]),
            Binary::Maximum if of_a.is_some() => self.select(Comparison::Greater, [a, b, a, b]),
            Binary::Minimum if of_b.is_some() => self.select(Comparison::GreaterOrEqual, [a, b, b, a]),
            Binary::Minimum if of_a.is_some() => self.select(Comparison::Less, [a, b, a, b]),
            Binary::Maximum => self.compute(Code::Maximum, [a, b]),
            Binary::Minimum => self.compute(Code::Minimum, [a, b]),
            Binary::Power => self.power(a, b),
        }
    }

    fn power(&mut self, a: Source, b: Source) -> Source {
        match number(b) {
            Some(1.0) => a,
            Some(2.0) => self.compute(Code::Multiply, [a, a]),
            Some(3.0) => {
                let square = self.compute(Code::Multiply, [a, a]);
                self.compute(Code::Multiply, [square, a])
            }
            Some(-1.0) => self.compute(Code::Divide, [constant(1.0), a]),
            _ => self.compute(Code::Power, [a, b]),
        }
    }

    fn select(&mut self, comparison: Comparison, [a, b, then, otherwise]: [Source; 4]) -> Source {
        let (code, a, b) = match comparison {
            Comparison::Equal => (Code::SelectEqual, a, b),
            Comparison::Greater => (Code::SelectGreater, a, b),
            Comparison::GreaterOrEqual => (Code::SelectAtLeast, a, b),
            Comparison::Less => (Code::SelectGreater, b, a),
            Comparison::LessOrEqual => (Code::SelectAtLeast, b, a),
        };
        self.compute(code, [a, b, then, otherwise])
    }
}

fn constant(number: f64) -> Source {
    Source::Constant(number.into())
}

fn number(source: Source) -> Option<f64> {
    if let Source::Constant(number) = source { Some(number.value()) } else { None }
}

/// The instructions that something stored depends on, and what is stored where among them.
fn needed(all: &[Instruction], stored: &[(usize, usize)]) -> (Vec<Instruction>, Vec<(usize, usize)>) {
    let mut is_needed = vec![false; all.len()];
    stored.iter().for_each(|&(place, _)| is_needed[place] = true);
    for place in (0..all.len()).rev() {
        if is_needed[place] {
            for source in all[place].sources() {
                if let Source::Instruction(read) = source {
                    is_needed[read] = true;
                }
            }
        }
    }
    let mut places = vec![0; all.len()];
    let mut kept = Vec::new();
    for place in (0..all.len()).filter(|&place| is_needed[place]) {
        places[place] = kept.len();
        let moved = |source| match source {
            Source::Instruction(read) => Source::Instruction(places[read]),
            other => other,
        };
        kept.push(Instruction { sources: all[place].sources.map(|source| source.map(moved)), ..all[place] });
    }
    (kept, stored.iter().map(|&(place, to)| (places[place], to)).collect())
}

/// Makes steps of instructions, one after the other.
struct Emitter<'a> {
    all: &'a [Instruction],
    /// Which instruction's value goes where in memory.
    stored: &'a [(usize, usize)],
    /// By which instruction each value is read last, and each place in memory; those that are stored late, by none.
    last_read: HashMap<Source, usize>,
    steps: Vec<Step>,
    /// Where each value lies that is no longer in the accumulator.
    homes: Vec<Option<Operand>>,
    free: Vec<usize>,
    registers: usize,
    constants: Vec<Constant>,
}

impl<'a> Emitter<'a> {
    fn new(all: &'a [Instruction], stored: &'a [(usize, usize)]) -> Self {
        let mut last_read = HashMap::new();
        for (place, instruction) in all.iter().enumerate() {
            last_read.extend(instruction.sources().map(|source| (source, place)));
        }
        let homes = vec![None; all.len()];
        let (steps, free, constants) = (Vec::new(), Vec::new(), Vec::new());
        Emitter { all, stored, last_read, steps, homes, free, registers: 0, constants }
    }

    fn emitted(mut self) -> Self {
        for place in 0..self.all.len() {
            self.instruction(place);
            self.give_back(place);
            self.keep(place);
        }
        // A place that was read until the end is written now.
        for &(place, to) in self.stored.iter().filter(|&&stored| self.is_late(stored)).collect::<Vec<_>>() {
            self.push(Code::Load, self.homes[place].unwrap_or(ACCUMULATOR));
            self.push(Code::Store, Kind::Memory.at(to));
        }
        self
    }

    fn push(&mut self, code: Code, operand: Operand) {
        self.steps.push(Step { code, operand });
    }

    /// Where an instruction finds a value.
    fn operand(&mut self, source: Source, reader: usize) -> Operand {
        match source {
            Source::Instruction(place) if place + 1 == reader => ACCUMULATOR,
            Source::Instruction(place) => self.homes[place].unwrap_or(ACCUMULATOR),
            Source::Loaded(slot) => Kind::Loaded.at(slot),
            Source::Memory(start) => Kind::Memory.at(start),
            Source::Number(place) => Kind::Number.at(place),
            Source::Forwarded => Kind::Forwarded.at(0),
            Source::Constant(number) => {
                let known = self.constants.iter().position(|other| *other == number);
                Kind::Constant.at(known.unwrap_or_else(|| {
                    self.constants.push(number);
                    self.constants.len() - 1
                }))
            }
        }
    }

    fn instruction(&mut self, place: usize) {
        let Instruction { code, sources } = self.all[place];
        let operands = sources.map(|source| source.map(|source| self.operand(source, place)));
        match operands {
            [Some(a), Some(b), None, None] => {
                let (mut code, mut operand) = (code, b);
                if b == ACCUMULATOR && a != b {
                    (code, operand) = (swapped(code), a);
                } else if a != ACCUMULATOR {
                    self.push(Code::Load, a);
                    if sources[0] == sources[1] {
                        operand = ACCUMULATOR;
                    }
                }
                self.push(code, operand);
            }
            [first, rest @ ..] => {
                self.push(code, first.unwrap_or(ACCUMULATOR));
                rest.into_iter().flatten().for_each(|operand| self.push(Code::Argument, operand));
            }
        }
    }

    /// Registers whose values this instruction was the last one to read are free again.
    fn give_back(&mut self, place: usize) {
        for source in self.all[place].sources() {
            if let Source::Instruction(maker) = source
                && self.last_read[&source] == place
                && !self.stored.iter().any(|&stored| stored.0 == maker && self.is_late(stored))
                && let Some(Operand { kind: Kind::Register, number }) = self.homes[maker].take()
            {
                self.free.push(number);
            }
        }
    }

    /// Whether a value is stored late: what was at its place before is still read after it is computed.
    fn is_late(&self, (place, to): (usize, usize)) -> bool {
        self.is_read_after(Source::Memory(to), place)
    }

    fn is_read_after(&self, source: Source, place: usize) -> bool {
        self.last_read.get(&source).is_some_and(|&last| last > place)
    }

    /// Stores the value in the accumulator where it is asked for later: in memory, or in a register.
    fn keep(&mut self, place: usize) {
        // The next instruction finds it in the accumulator.
        let mut is_asked_for = self.is_read_after(Source::Instruction(place), place + 1);
        for &stored in self.stored.iter().filter(|stored| stored.0 == place) {
            if self.is_late(stored) {
                is_asked_for = true;
            } else {
                self.push(Code::Store, Kind::Memory.at(stored.1));
                self.homes[place] = Some(Kind::Memory.at(stored.1));
            }
        }
        if is_asked_for && self.homes[place].is_none() {
            let register = self.free.pop().unwrap_or_else(|| {
                self.registers += 1;
                self.registers - 1
            });
            self.push(Code::Store, Kind::Register.at(register));
            self.homes[place] = Some(Kind::Register.at(register));
        }
    }
}

/// The code for the same function of two numbers with the accumulator as the second.
fn swapped(code: Code) -> Code {
    match code {
        Code::Subtract => Code::SubtractFrom,
        Code::Divide => Code::DivideInto,
        Code::Minimum => Code::MinimumFrom,
        Code::Maximum => Code::MaximumFrom,
        Code::Power => Code::PowerOf,
        other => other,
    }
}

/// What is known of a value where the forwarded input is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Zero,
    /// What was at this place before.
    Before(usize),
    Nothing,
}

/// Whether all outputs keep their values where the forwarded input is zero.
fn preserves_on_zero(all: &[Instruction], stored: &[(usize, usize)]) -> bool {
    let mut known: Vec<Known> = Vec::with_capacity(all.len());
    for instruction in all {
        let of = |source: Option<Source>| match source {
            Some(Source::Forwarded) => Known::Zero,
            Some(Source::Memory(place)) => Known::Before(place),
            Some(Source::Instruction(place)) => known[place],
            _ => Known::Nothing,
        };
        let [a, b, ..] = instruction.sources.map(of);
        known.push(match (instruction.code, a, b) {
            (Code::Multiply | Code::Sqrt, Known::Zero, _) | (Code::Multiply, _, Known::Zero) => Known::Zero,
            (Code::Add | Code::Subtract, value, Known::Zero)
            | (Code::Add, Known::Zero, value)
            | (Code::Load, value, _) => value,
            _ => Known::Nothing,
        });
    }
    stored.iter().all(|&(place, to)| known[place] == Known::Before(to))
}
