//! The check of a recorded graph: the gradient of a loss by its parameters, and each node in isolation.
//!
//! *Is the gradient right?* Every parameter is perturbed, the loss is computed again, and the slope is compared with the
//! gradient of backpropagation. *If not, which operation is wrong?* Each node is taken out of the graph with its values,
//! and its own vector-Jacobian product is checked for a random upstream gradient, so that only the first wrong node is
//! named, not all nodes downstream.
//!
//! | file | contents |
//! | --- | --- |
//! | `subject` | the blocks to compare, and errors if there is nothing to compare |
//! | `values` | the values of all nodes of one run |
//! | `downstream` | the subgraph downstream of one block, run for one perturbed element after the other |
//! | `blocks` | the blocks of parameters, element by element or along a random direction |
//! | `claims` | the claimed gradient, recorded or given by the user, in either precision |
//! | `node`, `node_checks` | one isolated node, and all of them |
//! | `loss_check` | the gradient of the loss, which decides |
//! | `consequences` | the consequences of the loss gradient for the nodes, and of the nodes for kinks of the loss |
//! | `by_hand` | the causes of a wrong gradient derived by hand |
//! | `tied` | kinks of a node with several tied elements |
//! | `evaluation` | a loss, or its gradients, as a function of the blocks |
//! | `rounding` | the rounding of the loss and its gradients |
//! | `judge` | the verdict on a claimed derivative by differences |
//! | `model` | a model of the library on some samples, ready to be checked |
//! | `as_layer` | a node as a layer, to find the cause |
//! | `findings` | the findings |

mod as_layer;
mod blocks;
mod by_hand;
mod claims;
mod consequences;
mod downstream;
mod evaluation;
mod findings;
mod judge;
mod loss_check;
mod model;
mod node;
mod node_checks;
mod rounding;
mod subject;
mod tied;
mod values;

pub use model::{model, model_with_loss};

use super::message::text;
use super::report::{SECOND_ORDER, place};
use super::{Comparison, Report, Verdict};
use loss_check::{CheckedLoss, Point};
use node_checks::NodeChecks;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::error::{Error, ErrorKind, Result};
use retrograde_core::graph::{Kind, NodeId, Tensor, Var, ancestors};
use std::collections::HashSet;
use values::{InputValues, Values};

/// Checks the gradient of `loss` with respect to `parameters`, and every node in between.
///
/// Parameters have their initial values, whatever a plan has trained;
/// [`Graph::set_parameters_from`](retrograde_core::Graph::set_parameters_from) makes those of a plan the initial ones. For
/// inputs, samples, random directions or the second order, see [`GraphCheck`].
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::{Graph, check};
///
/// let graph = Graph::new();
/// let (w, x) = (graph.parameter("w", [0.5, -1.0]), graph.constant([3.0, 4.0]));
/// let loss = (&w * &x).tanh().sum_all();
/// let report = check::gradients(&loss, &[&w])?;
/// assert_eq!(report.verdict, check::Verdict::Right);
/// assert!(report.blocks[0].largest < 1e-8);
/// # Ok(())
/// # }
/// ```
pub fn gradients(loss: &Var, parameters: &[&Var]) -> Result<Report> {
    let report = GraphCheck::new(loss).parameters(parameters.iter().copied()).run();
    report.map_err(|error| match error.kind() {
        ErrorKind::MissingValue => {
            error.with_help("use `GraphCheck`, and its `set` or `set_indices` for inputs")
        }
        _ => error,
    })
}

/// A check of the gradient of a recorded loss, at the parameters' initial values or at those that are [set](Self::set).
#[derive(Debug, Clone)]
#[must_use = "a check does nothing until `run`"]
pub struct GraphCheck {
    loss: Var,
    parameters: Option<Vec<Var>>,
    claims: Vec<(Var, Var)>,
    given: InputValues,
    options: Options,
    second_order: bool,
    single: bool,
}

/// The settings of the comparison.
#[derive(Debug, Clone, Copy)]
struct Options {
    sample: Option<usize>,
    seed: u64,
    directions: bool,
    threads: usize,
}

impl GraphCheck {
    /// Checks the gradient of `loss`, which is one number, with respect to all parameters that it depends on.
    pub fn new(loss: &Var) -> Self {
        GraphCheck {
            loss: loss.clone(),
            parameters: None,
            claims: Vec::new(),
            given: InputValues::default(),
            options: Options {
                sample: None,
                seed: 0,
                directions: false,
                threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            },
            second_order: false,
            single: false,
        }
    }

    /// Restricts the check to these parameters and inputs.
    pub fn parameters<'a>(mut self, parameters: impl IntoIterator<Item = &'a Var>) -> Self {
        self.parameters = Some(parameters.into_iter().cloned().collect());
        self
    }

    /// Checks `gradient` as the gradient with respect to `parameter`, instead of the recorded one. If it is wrong, the
    /// cause is searched: one recorded as a function of the parameters is tested at other values, too; a constant one only
    /// at the present values.
    pub fn claim(mut self, parameter: &Var, gradient: &Var) -> Self {
        self.claims.push((parameter.clone(), gradient.clone()));
        self
    }

    /// Sets the values of an input, or of a parameter in place of its initial ones, row by row.
    pub fn set(mut self, var: &Var, values: &[f64]) -> Self {
        self.given.real.push((var.clone(), values.to_vec()));
        self
    }

    /// Sets the indices of an input, row by row.
    pub fn set_indices(mut self, var: &Var, indices: &[u32]) -> Self {
        self.given.indices.push((var.clone(), indices.to_vec()));
        self
    }

    /// Perturbs only this many elements of each block, at least one, drawn with the seed; `usize::MAX` for all of them. By
    /// default all are perturbed if that takes no more than about a second; of larger blocks a sample, with the whole block
    /// along a random direction.
    pub fn sample(mut self, count: usize) -> Self {
        self.options.sample = Some(count);
        self
    }

    /// Sets the seed of samples, directions and upstream gradients.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = seed;
        self
    }

    /// Also checks the derivative of the gradient: that of its product with a random vector, for a sample of elements.
    pub fn second_order(mut self) -> Self {
        self.second_order = true;
        self
    }

    /// Perturbs each block along a random direction instead of element by element. The time does not depend on the number
    /// of parameters, except for the run itself. A fault in a single element is detected less reliably.
    pub fn in_random_directions(mut self) -> Self {
        self.options.directions = true;
        self
    }

    /// Checks the gradient computed by a plan in `f32`, as in training. The differences stay in `f64`, and so does a second
    /// gradient: if that one agrees with them, the error of the first is rounding.
    pub fn in_single_precision(mut self) -> Self {
        self.single = true;
        self
    }

    /// Sets the number of threads; by default all cores. The result does not depend on it.
    pub fn threads(mut self, threads: usize) -> Self {
        self.options.threads = threads.max(1);
        self
    }

    /// Runs the check, in `f64` by default. Returns an error if an operation could not be recorded, the loss is not one
    /// real number, an input has no value, or there is nothing to compare; never because a gradient is wrong. If the
    /// parameters or the loss are not finite, the verdict is [`Verdict::Inconclusive`].
    pub fn run(self) -> Result<Report> {
        let loss = self.loss.clone().checked()?;
        if loss.shape().elements() != 1 || loss.kind() != Kind::Real {
            let problem = format!("`{}` is {}", loss.node().label(), loss.node().value_type);
            let help = "check the gradient of one real number: reduce it by `sum_all` or `mean_all`";
            return Err(Error::invalid("a gradient check", problem, help));
        }
        let blocks = self.blocks(&loss)?;
        self.expect_something(&loss, &blocks)?;
        let mut report = Report {
            subject: place(&loss.node().label()),
            verdict: Verdict::Right,
            layers: Vec::new(),
            blocks: Vec::new(),
            findings: Vec::new(),
            method: Vec::new(),
        };
        let measured = self.order(&loss, &blocks, &HashSet::new(), "", &mut report)?;
        if measured && self.second_order && report.verdict != Verdict::Wrong {
            self.second(&loss, &blocks, &mut report)?;
        }
        report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(report)
    }

    /// Checks one order: the nodes that are not `known`, then the blocks. Returns whether there was anything to measure.
    fn order(
        &self,
        loss: &Var,
        blocks: &[Var],
        known: &HashSet<NodeId>,
        title: &str,
        report: &mut Report,
    ) -> Result<bool> {
        let values = Values::new(loss, &self.given)?;
        if let Some(node) = &values.nondeterministic {
            report.verdict = Verdict::NotDeterministic;
            report.findings.push(findings::nondeterministic(node));
            return Ok(false);
        }
        if let Some(found) = subject::not_finite(&values, loss, blocks, title) {
            report.verdict = Verdict::of_all([report.verdict, found.verdict]);
            report.findings.push(found);
            return Ok(false);
        }
        let mut node_checks = self.check_nodes(&values, loss, blocks, known)?;
        let subject = match CheckedLoss::new(self, loss, blocks, title) {
            Ok(subject) => subject,
            // The wrong node has its own finding.
            Err(_) if node_checks.first_wrong.is_some() => {
                report.layers.extend(node_checks.layers);
                report.findings.extend(node_checks.findings);
                report.verdict = Verdict::Wrong;
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        let point = subject.at(values, self.given.clone())?;
        let whole = self.check_loss(&subject, &point, &mut node_checks, report)?;
        let wrong = node_checks.layers.iter().any(|node| node.verdict.is_wrong()).then_some(Verdict::Wrong);
        report.verdict = Verdict::of_all([report.verdict, whole].into_iter().chain(wrong));
        report.layers.extend(node_checks.layers);
        report.findings.extend(node_checks.findings);
        Ok(true)
    }

    /// Checks the loss gradient, and its consequences for the nodes.
    fn check_loss(
        &self,
        subject: &CheckedLoss<'_>,
        point: &Point,
        node_checks: &mut NodeChecks,
        report: &mut Report,
    ) -> Result<Verdict> {
        let title = subject.title;
        let mut rows = subject.compare(point)?;
        consequences::settle(subject, point, &mut rows, node_checks)?;
        let by_hand: Vec<usize> = (0..subject.blocks.len())
            .filter(|&block| rows[block].comparison.verdict.is_wrong() && subject.is_claimed(block))
            .collect();
        if !by_hand.is_empty() {
            report.findings.extend(by_hand::findings(subject, point, &by_hand)?);
        }
        if self.single {
            let single = claims::computed::<f32>(&subject.claims, &self.given)?;
            for (block, single) in single.iter().enumerate() {
                let row = &mut rows[block];
                let exact = &point.claims[block];
                if !self.options.directions && !row.elsewhere {
                    row.show(single);
                }
                report.findings.extend(claims::in_single(&mut row.comparison, exact, single));
            }
        }
        let verdict = loss_check::verdict(&rows);
        let recorded: Vec<&Comparison> = rows
            .iter()
            .enumerate()
            .filter(|(row, one)| one.comparison.verdict.is_wrong() && !by_hand.contains(row))
            .map(|(_, one)| &one.comparison)
            .collect();
        let said = report.findings.iter().chain(&node_checks.findings).any(|found| found.verdict.is_wrong());
        if !recorded.is_empty() && !said {
            report.findings.push(findings::loss_gradient(&recorded));
        }
        report.findings.extend(findings::elsewhere(&rows, title));
        let (nodes, count) = (node_checks.layers.len(), subject.blocks.len());
        let parameters: usize = rows.iter().map(|row| row.moved).sum();
        let id = match (self.options.directions, self.single) {
            (true, _) => "method-directions",
            (false, true) => "method-single",
            (false, false) => "method-parameters",
        };
        let second = !title.is_empty();
        report.method.push(text!(id, blocks = count, parameters, nodes, second));
        let all: usize = point.claims.iter().map(Vec::len).sum();
        if !self.options.directions && self.options.sample.is_none() && parameters < all {
            report.method.push(text!("method-covered", parameters, all));
        }
        report.blocks.extend(rows.into_iter().map(|row| row.comparison));
        Ok(verdict)
    }

    /// The derivative of the gradient: of Σ gradient · a random vector.
    fn second(&self, loss: &Var, blocks: &[Var], report: &mut Report) -> Result<()> {
        let gradients = loss.backward()?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.options.seed ^ 0x02);
        let mut product: Option<Var> = None;
        for block in blocks {
            let vector = Tensor::from_fn(block.shape(), |_| node::weight(&mut random))?;
            let along = (gradients.wrt_or_zero(block)? * loss.graph().constant(vector)).sum_all();
            product = Some(product.map_or(along.clone(), |sum| sum + &along));
        }
        let Some(product) = product else {
            return Ok(());
        };
        // Parameters on which the gradient does not depend have a second derivative of zero, which needs no check.
        let product = product.checked()?;
        let nodes = |of: &Var| -> Result<HashSet<NodeId>> {
            Ok(ancestors(loss.graph(), &[of.id()])?.iter().map(|node| node.id).collect())
        };
        let (known, reached) = (nodes(loss)?, nodes(&product)?);
        let blocks: Vec<Var> = blocks.iter().filter(|block| reached.contains(&block.id())).cloned().collect();
        let again = GraphCheck {
            claims: Vec::new(),
            options: Options { sample: Some(self.options.sample.unwrap_or(FEW)), ..self.options },
            ..self.clone()
        };
        again.order(&product, &blocks, &known, SECOND_ORDER, report)?;
        Ok(())
    }
}

/// The default number of perturbed elements of each block in second order: the whole gradient runs for each.
const FEW: usize = 32;
