//! Kinks of a node at which several numbers meet: the largest of several that are tied, the larger of two that are equal.
//!
//! Moved alone, each of them has slopes from 0 to 1, and a derivative that counts all of them passes. So numbers that move the
//! same output, of all inputs of the node, are judged together, as the check of layers judges them.

use super::super::kinks::AtKink;
use super::super::probe::ask_here;
use super::node::InputCheck;
use super::values::Values;
use crate::error::{Error, Result};
use crate::graph::{Graph, Node, Var};
use crate::plan::{Plan, Planner};
use crate::textbook::{Layer, Tensor};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Numbers at kinks that are looked at, numbers that are judged together, and groups of them.
const LOOKED_AT: usize = 256;
const TOGETHER: usize = 20;
const GROUPS: usize = 12;

/// A number of a node's inputs: which of its checks it belongs to, and which element it is.
type Number = (usize, usize);

/// What is said of numbers that are tied.
pub(super) struct Tied {
    pub(super) numbers: Vec<Number>,
    pub(super) state: AtKink,
}

/// Judges the numbers of a node that are at kinks, or look wrong, and that move an output with others.
pub(super) fn judge(
    values: &Values,
    graph: &Graph,
    node: &Arc<Node>,
    checks: &[InputCheck],
) -> Result<Vec<Tied>> {
    let at_kink = |(number, check): (usize, &InputCheck)| -> Vec<Number> {
        check.measured.not_right().map(|element| (number, element)).collect()
    };
    let numbers: Vec<Number> = checks.iter().enumerate().flat_map(at_kink).take(LOOKED_AT).collect();
    let positions: Vec<usize> = checks.iter().map(|check| check.position).collect();
    let mut alone = NodeAlone::new(values, graph, node, &positions)?;
    let mut judged = Vec::new();
    for (numbers, outputs) in alone.groups(&numbers)?.into_iter().take(GROUPS) {
        let mut numbers = numbers;
        numbers.truncate(TOGETHER);
        let x: Vec<f64> = numbers.iter().map(|&(input, element)| alone.starts[input][element]).collect();
        let x = Tensor::from_shape_vec(vec![x.len()], x).expect("one axis");
        let mut layer = NumbersAsLayer { node: &mut alone, numbers: numbers.clone(), outputs, x: x.clone() };
        let Ok(Ok(mut answers)) = ask_here(&mut layer, &x, None) else {
            continue;
        };
        answers.differentiate(&mut layer, 0, 0, TOGETHER, 3)?;
        answers.judge_kinks(&mut layer, 0)?;
        let Some(states) = &answers.probes[0].at_kinks[0] else {
            continue;
        };
        let wrong = states.iter().map(|(_, state)| *state).find(|state| *state != AtKink::Admissible);
        judged.push(Tied { numbers, state: wrong.unwrap_or(AtKink::Admissible) });
    }
    Ok(judged)
}

/// A node in a graph of its own, as a function of some of its inputs.
struct NodeAlone {
    inputs: Vec<Var>,
    starts: Vec<Vec<f64>>,
    output: Plan<f64>,
    output_var: Var,
    gradients: Plan<f64>,
    upstream: Var,
    gradient_vars: Vec<Var>,
}

impl NodeAlone {
    fn new(values: &Values, graph: &Graph, node: &Arc<Node>, positions: &[usize]) -> Result<Self> {
        let alone = Graph::new();
        let vars: Vec<Var> = (node.inputs.iter().enumerate())
            .map(|(position, &id)| match values.real(id).filter(|_| positions.contains(&position)) {
                Some(value) => alone.parameter(&format!("x{position}"), crate::graph::Tensor::clone(value)),
                None => values.constant(&graph.node(id), &alone),
            })
            .collect();
        let refused = || Error::invalid("a node", "it is no operation", "check operations");
        let output_var =
            alone.again(node, &vars.iter().collect::<Vec<_>>()).ok_or_else(refused)?.checked()?;
        let inputs: Vec<Var> = positions.iter().map(|&position| vars[position].clone()).collect();
        let upstream = alone.input("upstream", output_var.shape());
        let gradients = output_var.backward_from(&upstream)?;
        let gradient_vars: Vec<Var> =
            inputs.iter().map(|input| gradients.wrt_or_zero(input)).collect::<Result<_>>()?;
        Ok(NodeAlone {
            starts: positions
                .iter()
                .map(|&position| {
                    values.real(node.inputs[position]).map_or(Vec::new(), |x| x.values().to_vec())
                })
                .collect(),
            output: Planner::new(&alone).want(&output_var).compile()?,
            gradients: Planner::new(&alone).want_all(&gradient_vars).compile()?,
            inputs,
            output_var,
            upstream,
            gradient_vars,
        })
    }

    /// The output with some numbers of the inputs at others.
    fn run(&mut self, numbers: &[Number], there: impl Iterator<Item = f64>) -> Result<Vec<f64>> {
        set(&mut self.output, &self.inputs, &self.starts, numbers, there)?;
        self.output.run()?;
        Ok(self.output.read(&self.output_var)?.to_vec())
    }

    /// Numbers that move one output, and all outputs that they move.
    fn groups(&mut self, numbers: &[Number]) -> Result<Vec<(Vec<Number>, Vec<usize>)>> {
        let middle = self.run(&[], std::iter::empty())?;
        // By output, the numbers that move it.
        let mut moved: BTreeMap<usize, Vec<Number>> = BTreeMap::new();
        for &number in numbers {
            let at = self.starts[number.0][number.1];
            let step = at.abs().max(1.0) / 1024.0;
            for there in [at - step, at + step] {
                let out = self.run(&[number], std::iter::once(there))?;
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

/// Gives a plan of a node its inputs, with some numbers at others.
fn set(
    plan: &mut Plan<f64>,
    inputs: &[Var],
    starts: &[Vec<f64>],
    numbers: &[Number],
    there: impl Iterator<Item = f64>,
) -> Result<()> {
    let mut values = starts.to_vec();
    for (&(input, element), there) in numbers.iter().zip(there) {
        values[input][element] = there;
    }
    for (input, values) in inputs.iter().zip(&values) {
        // What the output does not depend on is not in its plan.
        if plan.place(input).is_ok() {
            plan.set(input, values)?;
        }
    }
    Ok(())
}

/// Some outputs of a node as a function of some numbers of its inputs.
struct NumbersAsLayer<'a> {
    node: &'a mut NodeAlone,
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
        Ok(self.outputs.iter().map(|&output| out[output]).collect::<ndarray::Array1<f64>>().into_dyn())
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let NodeAlone { inputs, starts, gradients, upstream, gradient_vars, .. } = &mut *self.node;
        set(gradients, inputs, starts, &self.numbers, self.x.iter().copied())?;
        if gradients.place(upstream).is_ok() {
            let mut above = vec![0.0; upstream.shape().elements()];
            for (&output, d) in self.outputs.iter().zip(dout) {
                above[output] = *d;
            }
            gradients.set(upstream, &above)?;
        }
        gradients.run()?;
        let mut all = Vec::with_capacity(self.numbers.len());
        for &(input, element) in &self.numbers {
            all.push(gradients.read(&gradient_vars[input])?[element]);
        }
        Ok(ndarray::Array1::from(all).into_dyn())
    }
}
