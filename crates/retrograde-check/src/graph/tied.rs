//! Kinks of a node with several tied elements: the largest of several equal ones, the larger of two equal ones.
//!
//! Perturbed alone, each of them has slopes from 0 to 1, and a derivative that counts all of them passes. So elements that
//! move the same output, of all inputs of the node, are judged together, as in the check of layers.

use super::super::Verdict;
use super::super::kinks::AtKink;
use super::super::observe::observe_at_given;
use super::evaluation::Evaluation;
use super::node::{InputCheck, IsolatedNode};
use super::values::InputValues;
use ndarray::Array1;
use retrograde_base::error::Result;
use retrograde_core::graph::Tensor as Value;
use retrograde_textbook::{Layer, Tensor};
use std::collections::BTreeMap;

/// The limits on elements at kinks, on elements judged together, and on groups of them.
const LOOKED_AT: usize = 256;
const TOGETHER: usize = 20;
const GROUPS: usize = 12;

/// An element of a node's inputs: the index of its check, and the element.
type Number = (usize, usize);

/// The verdict on tied elements.
pub(super) struct Tied {
    pub(super) numbers: Vec<Number>,
    pub(super) state: AtKink,
}

/// Judges the elements of a node that are at kinks, or look wrong, and that move an output together with others. `starts`
/// are the values of the checked inputs.
pub(super) fn judge(
    isolated: &IsolatedNode,
    starts: Vec<Vec<f64>>,
    checks: &[InputCheck],
) -> Result<Vec<Tied>> {
    let at_kink = |(number, check): (usize, &InputCheck)| -> Vec<Number> {
        let not_right = |verdict| matches!(verdict, Verdict::Kink | Verdict::Wrong);
        check.measured.those(not_right).into_iter().map(|element| (number, element)).collect()
    };
    let numbers: Vec<Number> = checks.iter().enumerate().flat_map(at_kink).take(LOOKED_AT).collect();
    let mut node = Function::new(isolated, starts)?;
    let mut judged = Vec::new();
    for (mut numbers, outputs) in node.groups(&numbers)?.into_iter().take(GROUPS) {
        numbers.truncate(TOGETHER);
        let x: Array1<f64> = numbers.iter().map(|&(input, element)| node.starts[input][element]).collect();
        let x = x.into_dyn();
        let mut layer = NumbersAsLayer { node: &mut node, numbers: numbers.clone(), outputs, x: x.clone() };
        let Ok(Ok(mut observations)) = observe_at_given(&mut layer, &x, None) else {
            continue;
        };
        observations.differentiate(&mut layer, 0, 0, TOGETHER, 3)?;
        observations.judge_kinks(&mut layer, 0)?;
        let Some(states) = &observations.probes[0].at_kinks[0] else {
            continue;
        };
        let wrong = states.iter().map(|(_, state)| *state).find(|state| *state != AtKink::Admissible);
        judged.push(Tied { numbers, state: wrong.unwrap_or(AtKink::Admissible) });
    }
    Ok(judged)
}

/// A node as a function of its inputs, with its vector-Jacobian product.
struct Function {
    starts: Vec<Vec<f64>>,
    output: Evaluation,
    /// The number of outputs.
    outputs: usize,
    /// The vector-Jacobian products, as a function of the inputs and the upstream gradient.
    vjp: Evaluation,
}

impl Function {
    fn new(isolated: &IsolatedNode, starts: Vec<Vec<f64>>) -> Result<Self> {
        let shape = isolated.output.shape();
        let upstream = isolated.output.graph().parameter("upstream", Value::full(shape.clone(), 0.0)?);
        let blocks = [isolated.inputs.as_slice(), std::slice::from_ref(&upstream)].concat();
        let given = InputValues::default();
        Ok(Function {
            starts,
            output: Evaluation::new(std::slice::from_ref(&isolated.output), &isolated.inputs, &given)?,
            outputs: shape.elements(),
            vjp: Evaluation::new(&isolated.vjp(&upstream)?, &blocks, &given)?,
        })
    }

    /// The inputs with some elements replaced.
    fn moved(&self, numbers: &[Number], there: impl IntoIterator<Item = f64>) -> Vec<Vec<f64>> {
        let mut values = self.starts.clone();
        for (&(input, element), there) in numbers.iter().zip(there) {
            values[input][element] = there;
        }
        values
    }

    /// The output with some elements of the inputs replaced.
    fn run(&mut self, numbers: &[Number], there: impl IntoIterator<Item = f64>) -> Result<Vec<f64>> {
        self.output.run(&self.moved(numbers, there))?;
        Ok(self.output.read(0)?.to_vec())
    }

    /// Elements that move one output, with all outputs that they move.
    fn groups(&mut self, numbers: &[Number]) -> Result<Vec<(Vec<Number>, Vec<usize>)>> {
        let middle = self.run(&[], [])?;
        // By output, the elements that move it.
        let mut moved: BTreeMap<usize, Vec<Number>> = BTreeMap::new();
        for &number in numbers {
            let at = self.starts[number.0][number.1];
            let step = at.abs().max(1.0) / 1024.0;
            for there in [at - step, at + step] {
                let out = self.run(&[number], [there])?;
                for output in (0..out.len()).filter(|&output| out[output] != middle[output]) {
                    let numbers = moved.entry(output).or_default();
                    if numbers.last() != Some(&number) {
                        numbers.push(number);
                    }
                }
            }
        }
        let mut groups: Vec<(Vec<Number>, Vec<usize>)> = Vec::new();
        for (output, numbers) in moved.into_iter().filter(|(_, numbers)| numbers.len() > 1) {
            match groups.iter_mut().find(|(known, _)| *known == numbers) {
                Some((_, outputs)) => outputs.push(output),
                None => groups.push((numbers, vec![output])),
            }
        }
        Ok(groups)
    }
}

/// Some outputs of a node as a function of some elements of its inputs.
struct NumbersAsLayer<'a> {
    node: &'a mut Function,
    numbers: Vec<Number>,
    outputs: Vec<usize>,
    x: Tensor,
}

impl Layer for NumbersAsLayer<'_> {
    fn name(&self) -> &'static str {
        "node"
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.x.clone_from(x);
        let out = self.node.run(&self.numbers, x.iter().copied())?;
        Ok(self.outputs.iter().map(|&output| out[output]).collect::<Array1<f64>>().into_dyn())
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let mut upstream = vec![0.0; self.node.outputs];
        for (&output, d) in self.outputs.iter().zip(dout) {
            upstream[output] = *d;
        }
        let mut values = self.node.moved(&self.numbers, self.x.iter().copied());
        values.push(upstream);
        self.node.vjp.run(&values)?;
        let mut gradient = Vec::with_capacity(self.numbers.len());
        for &(input, element) in &self.numbers {
            gradient.push(self.node.vjp.read(input)?[element]);
        }
        Ok(Array1::from(gradient).into_dyn())
    }
}
