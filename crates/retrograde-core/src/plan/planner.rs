//! The planner: from what a program wants of a graph to a plan.

use super::ir::PlanIr;
use super::lower::{lower, too_much};
use super::passes::{self, Pass};
use super::run::Plan;
use crate::graph::{Graph, Leaf, MAX_ELEMENTS, NodeId, Var, ancestors};
use crate::kernel::{Real, Threads};
use retrograde_base::error::{Error, Result};

/// What is wanted of a graph, to be compiled into a [`Plan`].
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::{Graph, Planner};
///
/// let graph = Graph::new();
/// let x = graph.input("x", [3]);
/// let w = graph.parameter("w", [1.0, 2.0, 3.0]);
/// let loss = (&x * &w).sum_all();
/// let gradient = loss.backward()?.wrt(&w)?;
/// // A step of gradient descent: w becomes w - 0.1 · gradient, in place.
/// let mut plan = Planner::new(&graph).want(&loss).update(&w, &(&w - 0.1 * &gradient)).compile::<f32>()?;
/// plan.set(&x, &[1.0, 0.0, -1.0])?;
/// plan.run()?;
/// assert_eq!(plan.scalar(&loss)?, -2.0);
/// assert_eq!(plan.read(&w)?, [0.9, 2.0, 3.1]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a planner does nothing until `compile`"]
pub struct Planner {
    graph: Graph,
    wanted: Vec<Var>,
    updates: Vec<(Var, Var)>,
    everything: bool,
    threads: Option<Threads>,
}

impl Planner {
    /// Nothing wanted of `graph` yet, on one thread.
    pub fn new(graph: &Graph) -> Self {
        Planner {
            graph: graph.clone(),
            wanted: Vec::new(),
            updates: Vec::new(),
            everything: false,
            threads: None,
        }
    }

    /// A loss, and its gradients by all parameters that it depends on, on one thread.
    ///
    /// # Errors
    /// Those of [`Var::backward`](crate::Var::backward).
    pub fn of_gradients(loss: &Var) -> Result<Self> {
        let loss = loss.clone().checked()?;
        let leaves = ancestors(loss.graph(), &[loss.id()])?;
        let gradients = loss.backward()?;
        let mut planner = Planner::new(loss.graph()).want(&loss);
        for node in leaves.iter().filter(|node| matches!(node.leaf(), Some(Leaf::Parameter(_)))) {
            planner = planner.want(&gradients.wrt_or_zero(&loss.graph().var(node.id))?);
        }
        Ok(planner)
    }

    /// A value that can be read after a run.
    pub fn want(mut self, value: &Var) -> Self {
        self.wanted.push(value.clone());
        self
    }

    /// Several such values.
    pub fn want_all<'a>(mut self, values: impl IntoIterator<Item = &'a Var>) -> Self {
        self.wanted.extend(values.into_iter().cloned());
        self
    }

    /// At the end of each run, the parameter or state `leaf` gets the value of `value`. All new values are computed
    /// from the old ones.
    pub fn update(mut self, leaf: &Var, value: &Var) -> Self {
        self.updates.push((leaf.clone(), value.clone()));
        self
    }

    /// Keeps the value of every node that what is wanted depends on: the glass box. The same nodes and kernels, but
    /// nothing is left out and no memory is used twice.
    pub fn keep_every_value(mut self) -> Self {
        self.everything = true;
        self
    }

    /// Runs on these threads: a number of new ones, or those of another plan. The bits of the results do not depend on
    /// how many there are.
    pub fn threads(mut self, threads: impl Into<Threads>) -> Self {
        self.threads = Some(threads.into());
        self
    }

    /// Compiles the plan, for `f32` or `f64`. Here the errors of all that could not be recorded arrive.
    ///
    /// Its parameters and states begin with the graph's initial values, also where another plan has trained them: hand those
    /// over by [`Plan::set_parameters_from`], or make them the graph's by [`Graph::set_parameters_from`].
    pub fn compile<T: Real>(self) -> Result<Plan<T>> {
        let threads = self.threads.clone().unwrap_or_else(|| Threads::new(1));
        let (mut ir, kept) = self.passes::<T>(Pass::Place, threads.count(), cfg!(debug_assertions))?;
        let program = lower::<T>(&mut ir, threads)?;
        Ok(Plan::new(&ir, program, &kept))
    }

    /// The plan as it is after a pass, to be printed or drawn. Errors as [`compile`](Self::compile) does.
    ///
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::Graph;
    /// use retrograde::plan::{Pass, Planner};
    ///
    /// let graph = Graph::new();
    /// let x = graph.parameter("x", [1.0, 2.0, 3.0]);
    /// let y = (&x * &x).tanh().sum_all();
    /// let plan = Planner::new(&graph).want(&y).ir::<f32>(Pass::Lower)?.to_string();
    /// assert!(plan.contains("elementwise"), "{plan}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn ir<T: Real>(self, after: Pass) -> Result<PlanIr> {
        let threads = self.threads.clone().unwrap_or_else(|| Threads::new(1));
        let (mut ir, _) = self.passes::<T>(after, threads.count(), true)?;
        if after == Pass::Lower {
            lower::<T>(&mut ir, threads)?;
        }
        Ok(ir)
    }

    /// Runs the passes up to `last`; also returns the nodes whose values can be read after a run.
    fn passes<T: Real>(self, last: Pass, threads: usize, verified: bool) -> Result<(PlanIr, Vec<NodeId>)> {
        let mut targets: Vec<NodeId> = Vec::new();
        for var in self.wanted.iter().chain(self.updates.iter().flat_map(|(leaf, value)| [leaf, value])) {
            if !var.graph().is(&self.graph) {
                let problem = format!("`{}` belongs to another graph", var.node().label());
                return Err(Error::invalid("a plan", problem, "plan values of one graph"));
            }
            targets.push(var.clone().checked()?.id());
        }
        let updates = self.updates()?;
        targets.extend(updates.iter().map(|(_, value)| value.id()));
        let updates: Vec<(NodeId, NodeId)> =
            updates.iter().map(|(leaf, value)| (leaf.id(), value.id())).collect();
        let mut ir = PlanIr::new(&self.graph, &targets, &updates)?;
        if let Some(size) =
            (0..ir.values.len()).map(|value| ir.elements(value)).find(|&size| size > MAX_ELEMENTS)
        {
            return Err(too_much::<T>(size));
        }
        let wanted = || self.wanted.iter().map(Var::id);
        ir.fetched =
            wanted().map(|node| ir.of[&node]).chain(ir.updates.iter().map(|update| update.value)).collect();
        let kept: Vec<NodeId> = if self.everything {
            ancestors(&self.graph, &targets)?.iter().map(|node| node.id).collect()
        } else {
            wanted().collect()
        };
        let kept: Vec<NodeId> = kept.into_iter().filter(|node| !ir.is_bytes(ir.of[node])).collect();
        for node in &kept {
            let value = ir.of[node];
            ir.values[value].kept = true;
        }
        passes::run(&mut ir, last, threads, verified)?;
        Ok((ir, kept))
    }

    /// The updates, checked. A value that is itself a leaf is seen through a view, so that it is copied in time.
    fn updates(&self) -> Result<Vec<(Var, Var)>> {
        let mut updates: Vec<(Var, Var)> = Vec::new();
        for (leaf, value) in &self.updates {
            let node = leaf.node();
            let invalid = |problem: String, help: &str| Err(Error::invalid("an update", problem, help));
            if !matches!(node.leaf(), Some(Leaf::Parameter(_) | Leaf::State(_))) {
                return invalid(
                    format!("`{}` cannot be updated", node.label()),
                    "update a `parameter` or a `state`",
                );
            }
            if node.value_type != value.node().value_type {
                let (shape, given) = (&node.value_type, value.node().value_type.clone());
                let problem = format!("`{}` is {shape}, its new value {given}", node.label());
                return invalid(problem, "give a new value of the same shape");
            }
            if updates.iter().any(|(other, _)| other.id() == leaf.id()) {
                return invalid(format!("`{}` is updated twice", node.label()), "update each leaf once");
            }
            let is_leaf = value.node().leaf().is_some();
            let value = if is_leaf { value.broadcast(value.shape()) } else { value.clone() };
            updates.push((leaf.clone(), value));
        }
        Ok(updates)
    }
}
