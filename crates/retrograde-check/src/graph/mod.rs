//! The check of a recorded graph: the gradient of a loss by its parameters, and each node alone.
//!
//! Two questions are asked. *Is the gradient right?* Every parameter is moved, the loss is run anew, and the slope is
//! compared with what backpropagation says. *If not, which operation is to blame?* Each node is taken out of the graph,
//! with the values it had in it, and its own vector-Jacobian product is checked for a random upstream gradient: so the
//! first wrong one is named, rather than everything behind it.
//!
//! | file | what it does |
//! | --- | --- |
//! | `subject` | what is compared, and whether there is anything to compare |
//! | `values` | the values of all nodes of one run |
//! | `part` | what lies downstream of one block, ready to be run for one moved number after the other |
//! | `blocks` | the blocks of parameters, number by number or in a random direction |
//! | `claims` | the gradient as backpropagation or the user has it, in either precision |
//! | `node`, `alone` | one node alone, and all of them |
//! | `whole` | the gradient of the whole: what decides |
//! | `consequences` | what follows from the whole for the nodes, and from the nodes for kinks of the whole |
//! | `by_hand` | why a gradient that was derived by hand is wrong |
//! | `tied` | kinks of a node at which several numbers meet |
//! | `evaluation` | a loss, or its gradients, as a function of the blocks |
//! | `rounding` | how well the loss and its gradients are known |
//! | `judge` | what the differences say of a claimed derivative |
//! | `model` | a model of the library on some samples, ready to be checked |
//! | `as_layer` | a node seen as a layer, to find the cause |
//! | `findings` | what is said about it |

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

pub use model::model;

use super::message::text;
use super::report::{SECOND_ORDER, place};
use super::{Comparison, Report, Verdict};
use loss_check::{CheckedLoss, Point};
use node_checks::NodeChecks;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Kind, NodeId, Tensor, Var, ancestors};
use std::collections::HashSet;
use values::{InputValues, Values};

/// Checks the gradient of `loss` with respect to `parameters`, and every node on the way.
///
/// Parameters have their initial values, whatever a plan has made of them since;
/// [`Graph::set_parameters_from`](retrograde_core::Graph::set_parameters_from) makes those of a plan the initial ones. For inputs,
/// samples, random directions or the second order, see [`GraphCheck`].
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
    GraphCheck::new(loss).parameters(parameters.iter().copied()).run()
}

/// A check of the gradient of a recorded loss, to be run at the parameters' initial values, or at those that are
/// [set](Self::set).
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

/// How blocks are compared.
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

    /// Only with respect to these parameters and inputs.
    pub fn parameters<'a>(mut self, parameters: impl IntoIterator<Item = &'a Var>) -> Self {
        self.parameters = Some(parameters.into_iter().cloned().collect());
        self
    }

    /// Checks `gradient` as the gradient with respect to `parameter`, instead of what backpropagation records: one that
    /// was derived by hand. If it is wrong, the cause is looked for: one that is recorded as a function of the parameters is
    /// tried at other values of these, too; one that is given as numbers at the present ones alone.
    pub fn claim(mut self, parameter: &Var, gradient: &Var) -> Self {
        self.claims.push((parameter.clone(), gradient.clone()));
        self
    }

    /// Gives an input its values, or a parameter others than it starts from, row by row.
    pub fn set(mut self, var: &Var, values: &[f64]) -> Self {
        self.given.real.push((var.clone(), values.to_vec()));
        self
    }

    /// Gives an input its indices, row by row.
    pub fn set_indices(mut self, var: &Var, indices: &[u32]) -> Self {
        self.given.indices.push((var.clone(), indices.to_vec()));
        self
    }

    /// Moves only so many numbers of each block, at least one, drawn with the seed; `usize::MAX` for all of them. Unless it is
    /// called, all are moved as far as that takes no more than about a second; of larger blocks a sample, and each of
    /// these along a random direction, too.
    pub fn sample(mut self, count: usize) -> Self {
        self.options.sample = Some(count);
        self
    }

    /// The seed of everything drawn: samples, directions, upstream gradients.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = seed;
        self
    }

    /// Checks the derivative of the gradient, too: that of its product with a random vector, for a sample of numbers.
    pub fn second_order(mut self) -> Self {
        self.second_order = true;
        self
    }

    /// Instead of one number after the other, moves each block in a random direction. The time does not grow with the
    /// number of parameters but for the run itself. What is wrong in a single number only is seen less sharply.
    pub fn in_random_directions(mut self) -> Self {
        self.options.directions = true;
        self
    }

    /// Checks the gradient as a plan in `f32` computes it, which is what training uses. The differences stay in `f64`, and
    /// so does a second gradient: where that agrees with them, what the first is off by is rounding, no fault.
    pub fn in_single_precision(mut self) -> Self {
        self.single = true;
        self
    }

    /// On how many threads; all cores unless said otherwise. The result does not depend on it.
    pub fn threads(mut self, threads: usize) -> Self {
        self.options.threads = threads.max(1);
        self
    }

    /// Runs the check, in `f64` unless said otherwise. Errors when something could not be recorded, when the loss is not one real number,
    /// when an input has no value, and when there is nothing to compare; never because a gradient is wrong. Where the
    /// parameters or the loss are not finite, the verdict is [`Verdict::Inconclusive`].
    pub fn run(self) -> Result<Report> {
        let loss = self.loss.clone().checked()?;
        if loss.shape().elements() != 1 || loss.kind() != Kind::Real {
            let problem = format!("`{}` is {}", loss.node().label(), loss.node().value_type);
            let remedy = "check the gradient of one real number: reduce it by `sum_all` or `mean_all`";
            return Err(Error::invalid("a gradient check", problem, remedy));
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

    /// One order: the nodes that are not `known` already, then the blocks. Whether there was anything to measure.
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
        let mut alone = self.alone(&values, loss, blocks, known)?;
        let subject = match CheckedLoss::new(self, loss, blocks, title) {
            Ok(subject) => subject,
            // The node that is to blame has said so.
            Err(_) if alone.first_wrong.is_some() => {
                report.layers.extend(alone.layers);
                report.findings.extend(alone.findings);
                report.verdict = Verdict::Wrong;
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        let point = subject.at(values, self.given.clone())?;
        let whole = self.whole(&subject, &point, &mut alone, report)?;
        let wrong = alone.layers.iter().any(|node| node.verdict.is_wrong()).then_some(Verdict::Wrong);
        report.verdict = Verdict::of_all([report.verdict, whole].into_iter().chain(wrong));
        report.layers.extend(alone.layers);
        report.findings.extend(alone.findings);
        Ok(true)
    }

    /// The gradient of the whole, and what follows from it for the nodes.
    fn whole(
        &self,
        subject: &CheckedLoss<'_>,
        point: &Point,
        alone: &mut NodeChecks,
        report: &mut Report,
    ) -> Result<Verdict> {
        let title = subject.title;
        let mut rows = subject.compare(point)?;
        consequences::settle(subject, point, &mut rows, alone)?;
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
        let said = report.findings.iter().chain(&alone.findings).any(|found| found.verdict.is_wrong());
        if !recorded.is_empty() && !said {
            report.findings.push(findings::whole(&recorded));
        }
        report.findings.extend(findings::elsewhere(&rows, title));
        let (nodes, count) = (alone.layers.len(), subject.blocks.len());
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
            let vector = Tensor::from_fn(block.shape(), |_| node::weight(&mut random));
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

/// How many numbers of each block are moved in second order, unless said otherwise: the whole gradient is run for each.
const FEW: usize = 32;
