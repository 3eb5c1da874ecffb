//! One node alone: its vector-Jacobian product, for a random upstream gradient, against differences of its own output.
//!
//! A node alone is a graph of its own, with the values that the node has in the whole: its inputs are the blocks, and the
//! loss is Σ upstream · (output − its value here). So it is compared as the loss of a whole graph is.

use super::super::kinks::AtKink;
use super::super::{Comparison, Verdict};
use super::blocks::{Along, affordable};
use super::judge::Measured;
use super::loss_check::{CheckedLoss, Compared};
use super::values::{InputValues, Values};
use super::{Options, tied};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Kind, Node, Tensor, Var};
use retrograde_core::kernel::Form;

/// How many elements of an input are moved one by one at least; the others only all at once, in a random direction.
const ELEMENTS: usize = 24;

/// What is spent on the elements of an input in which nothing looks wrong, as a part of what a block may take.
const PART: usize = 256;

/// How many are, once something is wrong.
const ALL: usize = 4096;

/// A node in a graph of its own: a function of some of its inputs, with the others held at their values.
pub(super) struct IsolatedNode {
    /// What it is a function of.
    pub(super) inputs: Vec<Var>,
    pub(super) output: Var,
}

impl IsolatedNode {
    /// `start` gives those inputs that it is a function of their values, by their positions.
    pub(super) fn new(
        values: &Values,
        graph: &Graph,
        node: &Node,
        start: impl Fn(usize) -> Option<Tensor>,
    ) -> Result<Self> {
        let alone = Graph::new();
        let mut inputs = Vec::new();
        let mut vars = Vec::new();
        for (position, &id) in node.inputs.iter().enumerate() {
            vars.push(match start(position) {
                Some(value) => {
                    inputs.push(alone.parameter(&format!("x{position}"), value));
                    inputs[inputs.len() - 1].clone()
                }
                None => values.constant(&graph.node(id), &alone),
            });
        }
        let refused = || Error::invalid("a node", "it is no operation", "check operations");
        let output =
            alone.re_record(node, &vars.iter().collect::<Vec<_>>()).ok_or_else(refused)?.checked()?;
        Ok(IsolatedNode { inputs, output })
    }

    /// The vector-Jacobian product with an upstream gradient, by input.
    pub(super) fn vjp(&self, upstream: &Var) -> Result<Vec<Var>> {
        let gradients = self.output.backward_from(upstream)?;
        self.inputs.iter().map(|input| gradients.wrt_or_zero(input)).collect()
    }
}

/// What was found of one input of a node.
pub(super) struct InputCheck {
    /// Which of the node's inputs it is.
    pub(super) position: usize,
    pub(super) label: String,
    pub(super) shape: Vec<usize>,
    pub(super) measured: Measured,
    /// The claim along a random direction of all elements, and the slope.
    pub(super) along: Option<Along>,
    pub(super) verdict: Verdict,
    /// What is wrong with numbers that are tied, if that is what is wrong.
    pub(super) tied: Option<AtKink>,
}

/// A node with the loss that it is compared by.
pub(super) struct NodeLoss<'a> {
    graph: &'a Graph,
    node: &'a Node,
    /// Which of the node's inputs have a gradient.
    positions: Vec<usize>,
    alone: IsolatedNode,
    /// Their vector-Jacobian products.
    claims: Vec<Var>,
    loss: Var,
    /// The rounding of a value of the loss: that of the outputs.
    floor: f64,
    options: Options,
}

impl<'a> NodeLoss<'a> {
    /// The node alone. `wanted` says which of its inputs have a gradient, and `options` are those of the whole. Errors when its derivative cannot be recorded.
    pub(super) fn new(
        values: &Values,
        graph: &'a Graph,
        node: &'a Node,
        wanted: &[bool],
        options: Options,
    ) -> Result<Self> {
        let seed = options.seed.wrapping_add(1 + node.id.index() as u64);
        let start = |position: usize| {
            values.real(node.inputs[position]).filter(|_| wanted[position]).map(|value| Tensor::clone(value))
        };
        let positions = (0..wanted.len()).filter(|&position| start(position).is_some()).collect();
        let alone = IsolatedNode::new(values, graph, node, start)?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let upstream = Tensor::from_fn(alone.output.shape(), |_| weight(&mut random));
        let middle = values.of(&graph.var(node.id))?;
        let products = middle.values().iter().zip(upstream.values());
        let magnitude: f64 = products.map(|(value, weight)| (value * weight).abs()).sum();
        let own = alone.output.graph();
        let upstream = own.constant(upstream);
        let claims = alone.vjp(&upstream)?;
        let moved = &alone.output - &own.constant(Tensor::clone(middle));
        let loss = (moved * &upstream).sum_all().checked()?;
        let options = Options { seed, sample: None, directions: false, ..options };
        let floor = 2.0 * f64::EPSILON * magnitude;
        Ok(NodeLoss { graph, node, positions, alone, claims, loss, floor, options })
    }

    /// Each input that has a gradient. `each` says whether elements are moved one by one, too, where all is right.
    pub(super) fn check(&self, each: bool) -> Result<Vec<InputCheck>> {
        let blocks = &self.alone.inputs;
        let subject = CheckedLoss {
            options: self.options,
            loss: &self.loss,
            blocks,
            title: "",
            claims: self.claims.clone(),
            recorded: self.claims.clone(),
            floor: self.floor,
        };
        let point = subject.at(Values::new(&self.loss, &InputValues::default())?, InputValues::default())?;
        let mut along = subject.along(&point)?;
        along.truncate(blocks.len());
        let mut rows: Vec<Compared> = Vec::new();
        for (block, along) in along.iter().enumerate() {
            let count = point.claims[block].len();
            let numbers = |most: usize| -> Result<Compared> {
                let mut row = subject.numbers(&point, vec![block], Some(most))?.swap_remove(0);
                if row.moved < count {
                    row.comparison.verdict = Verdict::of_all([row.comparison.verdict, along.verdict]);
                }
                Ok(row)
            };
            let most = affordable(&point.values, &blocks[block]);
            let few = numbers(if each || count <= 1 { ELEMENTS.max(most / PART) } else { 0 })?;
            // Where something is wrong, all of it is looked at.
            let is_right = few.comparison.verdict == Verdict::Right && along.verdict == Verdict::Right;
            rows.push(if is_right { few } else { numbers(most.min(ALL))? });
        }
        subject.compare_elsewhere(&point, &mut rows)?;
        let found = self.positions.iter().zip(rows.into_iter().zip(along));
        let mut checks: Vec<InputCheck> =
            found.filter_map(|(&position, (row, along))| self.found(position, row, along)).collect();
        // Where each number moves an output of its own, none is tied with another.
        let apart = checks.len() == 1 && self.is_pointwise();
        if !apart && checks.iter().any(|check| check.measured.verdicts.contains(&Verdict::Kink)) {
            let starts = point.values.of_all(blocks)?;
            for group in tied::judge(&self.alone, starts, &checks)? {
                InputCheck::settle(&mut checks, &group);
            }
        }
        Ok(checks)
    }

    fn is_pointwise(&self) -> bool {
        let output = self.alone.output.shape();
        matches!(self.node.form(), Some(Form::Elementwise(_)))
            && self.node.inputs.iter().all(|&input| self.graph.node(input).value_type.shape == output)
    }

    fn found(&self, position: usize, row: Compared, along: Along) -> Option<InputCheck> {
        let given = self.graph.node(self.node.inputs[position]);
        let label = match &given.name {
            Some(name) => name.clone(),
            None => format!("input {position}, {}", given.label()),
        };
        Some(InputCheck {
            position,
            label,
            shape: given.value_type.shape.to_vec(),
            measured: row.measured?,
            along: (!row.elsewhere).then_some(along),
            verdict: row.comparison.verdict,
            tied: None,
        })
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
            Some(along) if self.measured.elements.is_empty() => along.comparison(&self.label, self.verdict),
            _ => self.measured.comparison(&self.label, &self.shape, self.verdict),
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
