//! The planner: which values of a graph are fetched, and how.

use super::ir::PlanIr;
use super::lower::{lower, too_much};
use super::passes::{self, Pass};
use super::run::Plan;
use crate::graph::{Graph, Kind, Leaf, MAX_ELEMENTS, NodeId, Var, ancestors};
use crate::kernel::{Real, Threads};
use retrograde_base::error::{Error, Result};
use std::marker::PhantomData;

/// Values of a graph to fetch and leaves to update, to be compiled into a [`Plan`].
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
/// let mut plan = Planner::new(&graph).fetch(&loss).update(&w, &(&w - 0.1 * &gradient)).compile::<f32>()?;
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
    fetched: Vec<Var>,
    updates: Vec<(Var, Var)>,
    prefetches: Vec<(Var, Var)>,
    keep_all: bool,
    threads: Option<Threads>,
}

/// A compiled plan that has no memory yet, to see how much it needs. Made by [`Planner::lay_out`].
#[derive(Debug)]
#[must_use = "a layout does nothing until `allocate`"]
pub struct PlanLayout<T> {
    ir: PlanIr,
    kept: Vec<NodeId>,
    threads: Threads,
    precision: PhantomData<T>,
}

impl<T: Real> PlanLayout<T> {
    /// The bytes of memory in which all values lie, tables of bytes and scratch space not counted.
    pub fn memory(&self) -> usize {
        let (real, index) = self.ir.arena;
        real.saturating_mul(size_of::<T>()).saturating_add(index.saturating_mul(size_of::<u32>()))
    }

    /// Takes the memory and fills it with the initial values.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if there is not enough memory.
    pub fn allocate(mut self) -> Result<Plan<T>> {
        let program = lower::<T>(&mut self.ir, self.threads)?;
        Ok(Plan::new(&self.ir, program, &self.kept))
    }
}

impl Planner {
    /// Fetches nothing of `graph` yet, on one thread.
    pub fn new(graph: &Graph) -> Self {
        Planner {
            graph: graph.clone(),
            fetched: Vec::new(),
            updates: Vec::new(),
            prefetches: Vec::new(),
            keep_all: false,
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
        let mut planner = Planner::new(loss.graph()).fetch(&loss);
        for node in leaves.iter().filter(|node| matches!(node.leaf(), Some(Leaf::Parameter(_)))) {
            planner = planner.fetch(&gradients.wrt_or_zero(&loss.graph().var(node.id))?);
        }
        Ok(planner)
    }

    /// Fetches a value: it can be read after a run.
    pub fn fetch(mut self, value: &Var) -> Self {
        self.fetched.push(value.clone());
        self
    }

    /// Fetches several values.
    pub fn fetch_all<'a>(mut self, values: impl IntoIterator<Item = &'a Var>) -> Self {
        self.fetched.extend(values.into_iter().cloned());
        self
    }

    /// At the end of each run, the parameter or state `leaf` gets the value of `value`. All new values are computed
    /// from the old ones.
    pub fn update(mut self, leaf: &Var, value: &Var) -> Self {
        self.updates.push((leaf.clone(), value.clone()));
        self
    }

    /// Prefetches rows of tables of bytes for the next run: each gather at the indices `rows` prefetches the rows `next`. Both are
    /// inputs of indices, of equal shape. A batch of random rows otherwise waits for main memory. No result depends on it.
    pub fn prefetch(mut self, rows: &Var, next: &Var) -> Self {
        self.prefetches.push((rows.clone(), next.clone()));
        self
    }

    /// Keeps the value of every node that the fetched values depend on: the glass box. The same nodes and kernels, but nothing is
    /// removed and no memory is reused.
    pub fn keep_all(mut self) -> Self {
        self.keep_all = true;
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
        self.lay_out()?.allocate()
    }

    /// Compiles the plan up to its memory, which is not taken yet. Errors as [`compile`](Self::compile) does.
    ///
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::{Graph, Planner};
    ///
    /// let graph = Graph::new();
    /// let y = graph.full([1 << 20, 1 << 20], 1.0).sum_all();
    /// let layout = Planner::new(&graph).fetch(&y).lay_out::<f32>()?;
    /// assert!(layout.memory() > 1 << 42, "4 TiB, which `allocate` would ask the system for");
    /// # Ok(())
    /// # }
    /// ```
    pub fn lay_out<T: Real>(self) -> Result<PlanLayout<T>> {
        let threads = self.threads.clone().unwrap_or_else(|| Threads::new(1));
        let (ir, kept) = self.passes::<T>(Pass::Place, &threads, cfg!(debug_assertions))?;
        Ok(PlanLayout { ir, kept, threads, precision: PhantomData })
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
    /// let plan = Planner::new(&graph).fetch(&y).ir::<f32>(Pass::Lower)?.to_string();
    /// assert!(plan.contains("elementwise"), "{plan}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn ir<T: Real>(self, after: Pass) -> Result<PlanIr> {
        let threads = self.threads.clone().unwrap_or_else(|| Threads::new(1));
        let (mut ir, _) = self.passes::<T>(after, &threads, true)?;
        if after == Pass::Lower {
            lower::<T>(&mut ir, threads)?;
        }
        Ok(ir)
    }

    /// Runs the passes up to `last`; also returns the nodes whose values can be read after a run.
    fn passes<T: Real>(self, last: Pass, threads: &Threads, verified: bool) -> Result<(PlanIr, Vec<NodeId>)> {
        let mut targets: Vec<NodeId> = Vec::new();
        let pairs = self.updates.iter().chain(&self.prefetches).flat_map(|(a, b)| [a, b]);
        for var in self.fetched.iter().chain(pairs) {
            if !var.graph().is(&self.graph) {
                let problem = format!("`{}` belongs to another graph", var.node().label());
                return Err(Error::invalid("a plan", problem, "plan values of one graph"));
            }
            targets.push(var.clone().checked()?.id());
        }
        if let Some(bytes) = self.fetched.iter().find(|var| var.kind() == Kind::Byte) {
            let label = format!("`{}`", bytes.node().label());
            let help = "take rows of it by `gather_rows`, which makes real numbers of them";
            return Err(Error::invalid(label, "it is a table of bytes, which a plan does not read", help));
        }
        let updates = self.updates()?;
        targets.extend(updates.iter().map(|(_, value)| value.id()));
        let updates: Vec<(NodeId, NodeId)> =
            updates.iter().map(|(leaf, value)| (leaf.id(), value.id())).collect();
        self.check_prefetches()?;
        let mut ir = PlanIr::new(&self.graph, &targets, &updates)?;
        for (rows, next) in &self.prefetches {
            ir.values[ir.of[&rows.id()]].next = Some(ir.of[&next.id()]);
        }
        if let Some(size) =
            (0..ir.values.len()).map(|value| ir.elements(value)).find(|&size| size > MAX_ELEMENTS)
        {
            return Err(too_much::<T>(size));
        }
        let fetched = || self.fetched.iter().map(Var::id);
        ir.fetched =
            fetched().map(|node| ir.of[&node]).chain(ir.updates.iter().map(|update| update.value)).collect();
        let kept: Vec<NodeId> = if self.keep_all {
            ancestors(&self.graph, &targets)?.iter().map(|node| node.id).collect()
        } else {
            fetched().collect()
        };
        let kept: Vec<NodeId> = kept.into_iter().filter(|node| !ir.is_bytes(ir.of[node])).collect();
        for node in &kept {
            let value = ir.of[node];
            ir.values[value].kept = true;
        }
        passes::run(&mut ir, last, threads, verified)?;
        Ok((ir, kept))
    }

    fn check_prefetches(&self) -> Result<()> {
        let is_input =
            |var: &Var| matches!(var.node().leaf(), Some(Leaf::Input)) && var.kind() == Kind::Index;
        let is_valid =
            |rows: &Var, next: &Var| is_input(rows) && is_input(next) && rows.shape() == next.shape();
        match self.prefetches.iter().find(|(rows, next)| !is_valid(rows, next)) {
            None => Ok(()),
            Some((rows, next)) => {
                let problem = format!(
                    "`{}`: {} cannot be the rows of the run after `{}`: {}",
                    next.node().label(),
                    next.node().value_type,
                    rows.node().label(),
                    rows.node().value_type
                );
                Err(Error::invalid("a prefetch", problem, "give two index inputs of the same shape"))
            }
        }
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
