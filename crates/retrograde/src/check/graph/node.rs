//! One node alone: its vector-Jacobian product, for a random upstream gradient, against differences of its own output.

use super::super::kinks::AtKink;
use super::super::numerical::{Differences, Slope, sample};
use super::super::{Comparison, Verdict};
use super::judge::{Measured, judge};
use super::rounding::{Rounding, elsewhere, largest, measured};
use super::tied;
use super::values::Values;
use crate::error::Result;
use crate::graph::{Graph, Kind, Node, Tensor, Var};
use crate::kernel::Form;
use crate::plan::{Plan, Planner};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::sync::Arc;

/// How many elements of an input are moved one by one, when it is not pointwise; the others only all at once, in a random
/// direction.
const ELEMENTS: usize = 24;

/// How many are, once something is wrong.
const ALL: usize = 4096;

/// A node in a graph of its own, with the values that its inputs have.
pub(super) struct Local {
    /// Its inputs: those that have a gradient are parameters.
    inputs: Vec<Input>,
    output: Var,
    plan: Plan<f64>,
    upstream: Vec<f64>,
    middle: Vec<f64>,
    pointwise: bool,
}

struct Input {
    label: String,
    var: Var,
    value: Arc<Tensor>,
    /// The vector-Jacobian product, if this input has a gradient.
    claimed: Option<Vec<f64>>,
}

/// What was found of one input of a node.
pub(super) struct InputCheck {
    /// Which of the node's inputs it is.
    pub(super) position: usize,
    pub(super) label: String,
    pub(super) shape: Vec<usize>,
    pub(super) claimed: Vec<f64>,
    pub(super) measured: Measured,
    /// The claim along a random direction of all elements, and the slope.
    pub(super) along: Option<(f64, Slope)>,
    pub(super) verdict: Verdict,
    /// What is wrong with numbers that are tied, if that is what is wrong.
    pub(super) tied: Option<AtKink>,
}

impl Local {
    /// The node alone. `wanted` says which of its inputs have a gradient. Errors when its derivative cannot be recorded.
    pub(super) fn new(
        values: &Values,
        graph: &Graph,
        node: &Arc<Node>,
        wanted: &[bool],
        seed: u64,
    ) -> Result<Self> {
        let alone = Graph::new();
        let mut inputs: Vec<Input> = Vec::new();
        for (position, (&id, &wanted)) in node.inputs.iter().zip(wanted).enumerate() {
            let given = graph.node(id);
            let label = match &given.name {
                Some(name) => name.clone(),
                None => format!("input {position}, {}", given.label()),
            };
            let input = match values.real(id).filter(|_| wanted) {
                Some(value) => Input {
                    var: alone.parameter(&format!("x{position}"), Tensor::clone(value)),
                    value: Arc::clone(value),
                    claimed: Some(Vec::new()),
                    label,
                },
                None => Input {
                    var: values.constant(&given, &alone),
                    value: Arc::default(),
                    claimed: None,
                    label,
                },
            };
            inputs.push(input);
        }
        let vars: Vec<&Var> = inputs.iter().map(|input| &input.var).collect();
        let output = match alone.again(node, &vars) {
            Some(output) => output.checked()?,
            None => graph.var(node.id),
        };
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let upstream: Vec<f64> = (0..output.shape().elements()).map(|_| weight(&mut random)).collect();
        let above = alone.constant(Tensor::new(output.shape(), upstream.clone())?);
        let gradients = output.backward_from(&above)?;
        let claims: Vec<Option<Var>> = inputs
            .iter()
            .map(|input| input.claimed.as_ref().map(|_| gradients.wrt_or_zero(&input.var)).transpose())
            .collect::<Result<_>>()?;
        let mut plan =
            Planner::new(&alone).want(&output).want_all(claims.iter().flatten()).compile::<f64>()?;
        plan.run()?;
        for (input, claim) in inputs.iter_mut().zip(&claims) {
            if let Some(claim) = claim {
                input.claimed = Some(plan.read(claim)?.to_vec());
            }
        }
        // From now on only the output is asked for.
        let mut plan = Planner::new(&alone).want(&output).compile::<f64>()?;
        plan.run()?;
        let middle = plan.read(&output)?.to_vec();
        let pointwise = node.form().is_some_and(Form::is_pointwise)
            && inputs.iter().all(|input| input.var.shape() == output.shape());
        Ok(Local { inputs, output, plan, upstream, middle, pointwise })
    }

    /// Each input that has a gradient. `each` says whether elements are moved one by one, too. Where the first comparison
    /// does not agree, the rounding is measured; and where it hides the derivative here, the node is compared at other
    /// values of its inputs.
    pub(super) fn check(
        &mut self,
        values: &Values,
        graph: &Graph,
        node: &Arc<Node>,
        each: bool,
        seed: u64,
    ) -> Result<Vec<InputCheck>> {
        let wanted: Vec<bool> = self.inputs.iter().map(|input| input.claimed.is_some()).collect();
        let positions: Vec<usize> = (0..wanted.len()).filter(|&position| wanted[position]).collect();
        let mut checks = Vec::new();
        for &position in &positions {
            checks.push(self.check_input(position, each, seed, (0.0, 0.0))?);
        }
        if checks.iter().all(|check| check.verdict == Verdict::Right) {
            return Ok(checks);
        }
        let starts: Vec<Vec<f64>> =
            positions.iter().map(|&position| self.inputs[position].value.values().to_vec()).collect();
        let there = |moved: Vec<Vec<f64>>| -> Option<Local> {
            let parts = positions.iter().zip(moved);
            let changed = parts.filter_map(|(&position, moved)| {
                Some((node.inputs[position], Tensor::new(self.inputs[position].value.shape(), moved).ok()?))
            });
            let local = Local::new(&values.with(changed), graph, node, &wanted, seed).ok()?;
            local.is_finite().then_some(local)
        };
        let mut others: Vec<Local> = elsewhere(&starts, seed).into_iter().filter_map(there).collect();
        let rounding = self.rounding(&positions, &starts, &others, seed)?;
        for (number, check) in checks.iter_mut().enumerate() {
            if check.verdict == Verdict::Right {
                continue;
            }
            let known = (rounding.value, rounding.gradient(number));
            *check = self.check_input(positions[number], each, seed, known)?;
            for other in others.iter_mut().filter(|_| check.verdict == Verdict::Inconclusive) {
                let found = other.check_input(positions[number], each, seed, known)?;
                if matches!(found.verdict, Verdict::Right | Verdict::Wrong) {
                    *check = found;
                    break;
                }
            }
        }
        // Where each number moves an output of its own, none is tied with another.
        let apart = self.pointwise && checks.len() == 1;
        if !apart && checks.iter().any(|check| check.measured.verdicts.contains(&Verdict::Kink)) {
            for group in tied::judge(values, graph, node, &checks)? {
                InputCheck::settle(&mut checks, &group);
            }
        }
        Ok(checks)
    }

    /// The rounding of Σ upstream · output, or of a single output of a pointwise operation, and of the derivatives.
    fn rounding(
        &mut self,
        positions: &[usize],
        starts: &[Vec<f64>],
        others: &[Local],
        seed: u64,
    ) -> Result<Rounding> {
        let vars: Vec<Var> = positions.iter().map(|&position| self.inputs[position].var.clone()).collect();
        let mut run = |blocks: &[Vec<f64>]| -> Result<f64> {
            for (var, block) in vars.iter().zip(blocks) {
                if self.plan.place(var).is_ok() {
                    self.plan.set(var, block)?;
                }
            }
            self.moved()
        };
        let seen = measured(starts, seed, &mut run)?;
        run(starts)?;
        let all = || std::iter::once(&*self).chain(others);
        let claims = |&position: &usize| {
            all().filter_map(|local| local.inputs[position].claimed.as_deref().map(largest)).collect()
        };
        let gradients = positions.iter().map(claims).collect();
        Ok(if self.pointwise {
            let seen = seen / (self.middle.len().max(1) as f64).sqrt();
            Rounding::new(seen, all().map(|local| largest(&local.middle)).collect(), gradients)
        } else {
            Rounding::new(seen, all().map(Local::magnitude).collect(), gradients)
        })
    }

    /// Whether the outputs and the derivatives are finite.
    fn is_finite(&self) -> bool {
        let claims = self.inputs.iter().filter_map(|input| input.claimed.as_ref());
        claims.chain([&self.middle]).flatten().all(|value| value.is_finite())
    }

    /// One input. `known` is how far a value of the output and a derivative may be off by rounding whatever their size.
    fn check_input(
        &mut self,
        position: usize,
        each: bool,
        seed: u64,
        known: (f64, f64),
    ) -> Result<InputCheck> {
        let claimed = self.inputs[position].claimed.clone().unwrap_or_default();
        let count = claimed.len();
        let (label, shape) =
            (self.inputs[position].label.clone(), self.inputs[position].value.shape().to_vec());
        if self.pointwise {
            let slopes = self.pointwise(position, known.0)?;
            let measured = Measured::new(&claimed, (0..count).collect(), slopes, known.1);
            let verdict = measured.verdict();
            return Ok(InputCheck {
                position,
                label,
                shape,
                verdict,
                claimed,
                measured,
                along: None,
                tied: None,
            });
        }
        let along = self.along(position, &claimed, seed, known.0)?;
        let few = if each || count <= 1 { ELEMENTS } else { 0 };
        let mut measured = self.elements(position, &claimed, sample(count, few, seed), known);
        let length = claimed.iter().map(|value| value * value).sum::<f64>().sqrt();
        // A sum over as many numbers, each off by so much.
        let rounding = 2.0 * (count as f64).sqrt() * known.1;
        let mut verdict = Verdict::of_all([measured.verdict(), judge(along.0, &along.1, length, rounding)]);
        if verdict != Verdict::Right {
            // Where something is, all of it is looked at.
            measured = self.elements(position, &claimed, sample(count, ALL, seed), known);
            if measured.elements.len() == count {
                verdict = measured.verdict();
            }
        }
        Ok(InputCheck { position, label, shape, verdict, claimed, measured, along: Some(along), tied: None })
    }

    /// Σ upstream · (output − its value in the middle).
    fn moved(&mut self) -> Result<f64> {
        self.plan.run()?;
        let output = self.plan.read(&self.output)?;
        let parts = output.iter().zip(&self.middle).zip(&self.upstream);
        Ok(parts.map(|((now, before), weight)| weight * (now - before)).sum())
    }

    /// The magnitude to which the rounding of that is relative.
    fn magnitude(&self) -> f64 {
        self.middle.iter().zip(&self.upstream).map(|(value, weight)| (value * weight).abs()).sum()
    }

    /// The rounding of that, `least` at least.
    fn floor(&self, least: f64) -> f64 {
        least.max(2.0 * f64::EPSILON * self.magnitude())
    }

    /// The slopes for some elements of an input, one after the other.
    fn elements(
        &mut self,
        position: usize,
        claimed: &[f64],
        elements: Vec<usize>,
        (floor, rounding): (f64, f64),
    ) -> Measured {
        let differences = Differences::double();
        let (var, value) = (self.inputs[position].var.clone(), Arc::clone(&self.inputs[position].value));
        let floor = self.floor(floor);
        let mut slopes = Vec::with_capacity(elements.len());
        let place = self.plan.place(&var);
        for &element in &elements {
            let at = value.values()[element];
            // What the output does not depend on is not in its plan.
            let Ok(place) = &place else {
                slopes.push(differences.slope_above(|_| 0.0, at, 0.0, floor, None));
                continue;
            };
            let slope = differences.slope_above(
                |to| {
                    self.plan.numbers()[place.start + element] = to;
                    self.moved().unwrap_or(f64::NAN)
                },
                at,
                0.0,
                floor,
                Some(claimed[element]),
            );
            self.plan.numbers()[place.start + element] = at;
            slopes.push(slope);
        }
        Measured::new(claimed, elements, slopes, rounding)
    }

    /// The slope along a random direction of all elements of an input, beside what is claimed for it.
    fn along(&mut self, position: usize, claimed: &[f64], seed: u64, floor: f64) -> Result<(f64, Slope)> {
        let (var, value) = (self.inputs[position].var.clone(), Arc::clone(&self.inputs[position].value));
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x5eed);
        let direction: Vec<f64> = value.values().iter().map(|_| weight(&mut random)).collect();
        let claim = claimed.iter().zip(&direction).map(|(claim, along)| claim * along).sum();
        let mut x = value.values().to_vec();
        let (floor, mut error) = (self.floor(floor), None);
        let slope = Differences::double().slope_above(
            |t| {
                x.iter_mut()
                    .zip(value.values())
                    .zip(&direction)
                    .for_each(|((x, at), along)| *x = at + t * along);
                let set = if self.plan.place(&var).is_ok() { self.plan.set(&var, &x) } else { Ok(()) };
                set.and_then(|()| self.moved()).unwrap_or_else(|problem| {
                    error = Some(problem);
                    f64::NAN
                })
            },
            0.0,
            0.0,
            floor,
            Some(claim),
        );
        if self.plan.place(&var).is_ok() {
            self.plan.set(&var, value.values())?;
        }
        match error {
            Some(error) => Err(error),
            None => Ok((claim, slope)),
        }
    }

    /// The slopes for all elements of an input of a pointwise operation, at once: each moves its own output alone.
    fn pointwise(&mut self, position: usize, floor: f64) -> Result<Vec<Slope>> {
        let differences = Differences::double();
        let (var, value) = (self.inputs[position].var.clone(), Arc::clone(&self.inputs[position].value));
        let claimed = self.inputs[position].claimed.clone().unwrap_or_default();
        if self.plan.place(&var).is_err() {
            return Ok(value.values().iter().map(|&at| differences.slope(|_| 0.0, at)).collect());
        }
        let (upstream, middle) = (self.upstream.clone(), self.middle.clone());
        let slopes = differences.each(
            |x, y| {
                let run = self.plan.set(&var, x).and_then(|()| self.plan.run());
                match run.and_then(|()| self.plan.read(&self.output)) {
                    Ok(output) => y.copy_from_slice(output),
                    Err(_) => y.fill(f64::NAN),
                }
            },
            value.values(),
            &middle,
            &upstream,
            &claimed,
            floor,
        );
        self.plan.set(&var, value.values())?;
        Ok(slopes)
    }
}

impl InputCheck {
    /// Whether what is wrong is what it takes where several numbers are tied.
    pub(super) fn is_wrong_at_ties(&self) -> bool {
        self.verdict.is_wrong() && self.tied.is_some()
    }

    /// Says of the numbers that are tied what was found of them together.
    fn settle(checks: &mut [InputCheck], group: &tied::Tied) {
        let admissible = group.state == AtKink::Admissible;
        let verdict = if admissible { Verdict::Kink } else { Verdict::Wrong };
        for &(number, element) in &group.numbers {
            let check = &mut checks[number];
            check.tied = if admissible { check.tied } else { Some(group.state) };
            check.measured.set(element, verdict);
            check.verdict = check.measured.verdict();
        }
    }

    /// For the table.
    pub(super) fn comparison(&self) -> Comparison {
        match &self.along {
            // Nothing but the direction was measured.
            Some((claimed, slope)) if self.measured.elements.is_empty() => {
                let numeric = if slope.is_smooth() { slope.value } else { f64::NAN };
                Comparison::new(&self.label, &[], &[*claimed], &[numeric], self.verdict)
            }
            _ => self.measured.comparison(&self.label, &self.shape, &self.claimed, self.verdict),
        }
    }
}

/// Between a half and two in size, of either sign: nothing is weighed by nearly nothing.
pub(super) fn weight(random: &mut Xoshiro256PlusPlus) -> f64 {
    let size = random.random_range(0.5..2.0);
    if random.random() { size } else { -size }
}

/// Whether a node has a derivative to be checked, and with respect to which of its inputs.
pub(super) fn wanted(graph: &Graph, node: &Node, has_gradient: impl Fn(&Node) -> bool) -> Option<Vec<bool>> {
    node.operation()?;
    let wanted: Vec<bool> = node.inputs.iter().map(|&input| has_gradient(&graph.node(input))).collect();
    (node.value_type.kind == Kind::Real && wanted.contains(&true)).then_some(wanted)
}
