//! One isolated node: its vector-Jacobian product, for a random upstream gradient, against differences of its own output.
//!
//! An isolated node has its own graph, with its values in the whole: its inputs are the blocks, and the loss is Σ upstream
//! · (output − its value here). So it is compared like the loss of a whole graph.

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

/// The smallest number of elements of an input that are perturbed one by one; the others only along a random direction.
const ELEMENTS: usize = 24;

/// The part of a block's work spent on an input in which nothing looks wrong.
const PART: usize = 256;

/// The number of elements once something is wrong.
const ALL: usize = 4096;

/// A node in a graph of its own: a function of some of its inputs, with the others held at their values.
pub(super) struct IsolatedNode {
    /// The inputs that it is a function of.
    pub(super) inputs: Vec<Var>,
    pub(super) output: Var,
}

impl IsolatedNode {
    /// `start` returns the initial values of those inputs, by position.
    pub(super) fn new(
        values: &Values,
        graph: &Graph,
        node: &Node,
        start: impl Fn(usize) -> Option<Tensor>,
    ) -> Result<Self> {
        let isolated = Graph::new();
        let mut inputs = Vec::new();
        let mut vars = Vec::new();
        for (position, &id) in node.inputs.iter().enumerate() {
            vars.push(match start(position) {
                Some(value) => {
                    inputs.push(isolated.parameter(&format!("x{position}"), value));
                    inputs[inputs.len() - 1].clone()
                }
                None => values.constant(&graph.node(id), &isolated),
            });
        }
        let refused = || Error::invalid("a node", "it is not an operation", "check operations");
        let output =
            isolated.re_record(node, &vars.iter().collect::<Vec<_>>()).ok_or_else(refused)?.checked()?;
        Ok(IsolatedNode { inputs, output })
    }

    /// The vector-Jacobian product with an upstream gradient, by input.
    pub(super) fn vjp(&self, upstream: &Var) -> Result<Vec<Var>> {
        let gradients = self.output.backward_from(upstream)?;
        self.inputs.iter().map(|input| gradients.wrt_or_zero(input)).collect()
    }
}

/// The check of one input of a node.
pub(super) struct InputCheck {
    /// Which of the node's inputs it is.
    pub(super) position: usize,
    pub(super) label: String,
    pub(super) shape: Vec<usize>,
    pub(super) measured: Measured,
    /// The claimed and the numerical slope along a random direction of all elements.
    pub(super) along: Option<Along>,
    pub(super) verdict: Verdict,
    /// The fault in tied elements, if there is one.
    pub(super) tied: Option<AtKink>,
}

/// A node with the loss of its comparison.
pub(super) struct NodeLoss<'a> {
    graph: &'a Graph,
    node: &'a Node,
    /// The inputs with a gradient.
    positions: Vec<usize>,
    isolated: IsolatedNode,
    /// Their vector-Jacobian products.
    claims: Vec<Var>,
    loss: Var,
    /// The rounding of a value of the loss: that of the outputs.
    floor: f64,
    options: Options,
}

impl<'a> NodeLoss<'a> {
    /// The isolated node. `wanted` selects the inputs with a gradient, and `options` are those of the whole check. Errors
    /// if its derivative cannot be recorded.
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
        let isolated = IsolatedNode::new(values, graph, node, start)?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let upstream = Tensor::from_fn(isolated.output.shape(), |_| weight(&mut random))?;
        let middle = values.of(&graph.var(node.id))?;
        let products = middle.values().iter().zip(upstream.values());
        let magnitude: f64 = products.map(|(value, weight)| (value * weight).abs()).sum();
        let own = isolated.output.graph();
        let upstream = own.constant(upstream);
        let claims = isolated.vjp(&upstream)?;
        let moved = &isolated.output - &own.constant(Tensor::clone(middle));
        let loss = (moved * &upstream).sum_all().checked()?;
        let options = Options { seed, sample: None, directions: false, ..options };
        let floor = 2.0 * f64::EPSILON * magnitude;
        Ok(NodeLoss { graph, node, positions, isolated, claims, loss, floor, options })
    }

    /// Checks each input with a gradient. With `each`, elements are perturbed one by one even if all is right.
    pub(super) fn check(&self, each: bool) -> Result<Vec<InputCheck>> {
        let blocks = &self.isolated.inputs;
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
            // If something is wrong, all of it is measured.
            let is_right = few.comparison.verdict == Verdict::Right && along.verdict == Verdict::Right;
            rows.push(if is_right { few } else { numbers(most.min(ALL))? });
        }
        subject.compare_elsewhere(&point, &mut rows)?;
        let found = self.positions.iter().zip(rows.into_iter().zip(along));
        let mut checks: Vec<InputCheck> =
            found.filter_map(|(&position, (row, along))| self.found(position, row, along)).collect();
        // If each element moves its own output, none are tied.
        let apart = checks.len() == 1 && self.is_pointwise();
        if !apart && checks.iter().any(|check| check.measured.verdicts.contains(&Verdict::Kink)) {
            let starts = point.values.of_all(blocks)?;
            for group in tied::judge(&self.isolated, starts, &checks)? {
                InputCheck::settle(&mut checks, &group);
            }
        }
        Ok(checks)
    }

    fn is_pointwise(&self) -> bool {
        let output = self.isolated.output.shape();
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
    /// Whether only the choice at tied elements is wrong.
    pub(super) fn is_wrong_at_ties(&self) -> bool {
        self.verdict.is_wrong() && self.tied.is_some()
    }

    /// Applies the verdict on tied elements.
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

    /// The comparison for the table.
    pub(super) fn comparison(&self) -> Comparison {
        match &self.along {
            // Only the direction was measured.
            Some(along) if self.measured.elements.is_empty() => along.comparison(&self.label, self.verdict),
            _ => self.measured.comparison(&self.label, &self.shape, self.verdict),
        }
    }
}

/// Between 0.5 and 2 in size, of either sign, so that no weight is negligible.
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
