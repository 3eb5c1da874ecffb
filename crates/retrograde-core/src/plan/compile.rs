//! From what is wanted of a graph to a plan.

use super::fuse::fuse;
use super::lower::{lower, too_much};
use super::phases::phases;
use super::run::Plan;
use super::schedule::{Update, schedule};
use super::simplify::{Items, simplify};
use super::sparsity::sparse;
use super::tails::tails;
use super::views::{Sources, sources};
use crate::graph::{Graph, Kind, LARGEST, Leaf, NodeId, Origin, Type, Var, ancestors};
use crate::kernel::{Form, Real, Threads};
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
        let leaves: Vec<NodeId> = updates.iter().map(|(leaf, _)| leaf.id()).collect();
        let items = simplify(&self.graph, &targets, &leaves)?;
        if let Some(size) =
            (0..items.list.len()).map(|item| items.elements(item)).find(|&size| size > LARGEST)
        {
            return Err(too_much::<T>(size));
        }
        let mut wanted = vec![false; items.list.len()];
        let kept: Vec<NodeId> = if self.everything {
            ancestors(&self.graph, &targets)?.iter().map(|node| node.id).collect()
        } else {
            self.wanted.iter().map(Var::id).collect()
        };
        let kept: Vec<NodeId> = kept.into_iter().filter(|node| !is_bytes(&items, items.of[node])).collect();
        for node in &kept {
            wanted[items.of[node]] = true;
        }
        let mut updated = vec![false; items.list.len()];
        let updates: Vec<Update> = updates
            .iter()
            .map(|(leaf, value)| Update { leaf: items.of[&leaf.id()], value: items.of[&value.id()] })
            .collect();
        for update in &updates {
            updated[update.leaf] = true;
            // Views of values must be copied before they are stored; operations store into memory anyway.
            wanted[update.value] |= is_view(&items, update.value);
        }
        let sources = sources(&items, &wanted, &updated)?;
        let asked_for = self.wanted.iter().map(|var| items.of[&var.id()]);
        check_bytes(&items, &sources, asked_for.chain(updates.iter().map(|update| update.value)))?;
        let bounds = index_bounds(&items)?;
        let units = fuse(&items, &sources);
        let schedule = schedule(&items, &sources, &units, &updates);
        let phases = phases(&items, &sources, &units, &schedule, &updates);
        let sparse = sparse(&items, &sources, &units, &wanted);
        let threads = self.threads.unwrap_or_else(|| Threads::new(1));
        let tails = tails(&items, &sources, &units, &phases, &updates, (&wanted, &sparse));
        let lowered = lower::<T>(
            &items,
            &sources,
            &units,
            (&schedule, &phases, &tails),
            &updates,
            (&wanted, &sparse),
            threads,
        )?;
        Ok(Plan::new(self.graph, &items, &sources, lowered, &kept, &bounds))
    }

    /// The updates, checked. A value that is itself a leaf is seen through a view, so that it is copied in time.
    fn updates(&self) -> Result<Vec<(Var, Var)>> {
        let mut updates: Vec<(Var, Var)> = Vec::new();
        for (leaf, value) in &self.updates {
            let node = leaf.node();
            let invalid = |problem: String, remedy: &str| Err(Error::invalid("an update", problem, remedy));
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

fn is_bytes(items: &Items, item: usize) -> bool {
    matches!(items.list[item].node.leaf(), Some(Leaf::Bytes { .. }))
}

fn is_view(items: &Items, item: usize) -> bool {
    matches!(items.form(item), Some(Form::View(_) | Form::Reshape))
}

/// Tables of bytes can only be gathered from; a table in another shape can be neither `asked_for` nor stored.
fn check_bytes(items: &Items, sources: &Sources, asked_for: impl Iterator<Item = usize>) -> Result<()> {
    let refused = |item: usize, base: usize| {
        let node = &items.list[item].node;
        Err(Error::Recording {
            operation: node.operation().map_or_else(|| node.label(), |operation| operation.name().into()),
            location: node.location.clone(),
            problem: format!("`{}` is kept as bytes", items.list[base].node.label()),
            remedy: "take rows of it by `gather_rows`, which makes real numbers of them".into(),
        })
    };
    for (number, item) in items.list.iter().enumerate() {
        let Some(form) = item.node.form() else {
            continue;
        };
        for (position, &input) in item.inputs.iter().enumerate() {
            let base = sources.of[input].base;
            let takes = match form {
                Form::Rows(kernel) => kernel.takes_bytes(position),
                Form::Reshape => true,
                Form::Arithmetic(_) | Form::Pointwise(_) | Form::View(_) => false,
            };
            if is_bytes(items, base) && !takes {
                return refused(number, base);
            }
        }
    }
    for item in asked_for.filter(|&item| !is_bytes(items, item)) {
        let base = sources.of[item].base;
        if is_bytes(items, base) {
            return refused(item, base);
        }
    }
    Ok(())
}

/// Below what the indices of each item must be; checks those that are known already.
fn index_bounds(items: &Items) -> Result<Vec<Option<usize>>> {
    let mut bounds: Vec<Option<usize>> = vec![None; items.list.len()];
    for (index, item) in items.list.iter().enumerate().rev() {
        match &item.node.origin {
            Origin::Operation(operation, _) => {
                let types: Vec<Type> =
                    item.inputs.iter().map(|&input| items.list[input].node.value_type.clone()).collect();
                for (position, &input) in item.inputs.iter().enumerate() {
                    if types[position].kind == Kind::Index {
                        let bound = operation.index_bound(position, &types, bounds[index]);
                        bounds[input] = [bounds[input], bound].into_iter().flatten().min();
                    }
                }
            }
            Origin::Leaf(Leaf::Indices(values)) => {
                let found = bounds[index].and_then(|bound| too_large(values, bound).map(|at| (at, bound)));
                if let Some((at, bound)) = found {
                    return Err(out_of_range(&item.node.label(), at, values[at], bound));
                }
            }
            Origin::Leaf(_) | Origin::Fault(_) => {}
        }
    }
    Ok(bounds)
}

/// The position of the first index that is not below `bound`.
pub(super) fn too_large(indices: &[u32], bound: usize) -> Option<usize> {
    indices.iter().position(|&index| index as usize >= bound)
}

/// The error for an index out of range.
pub(super) fn out_of_range(label: &str, at: usize, index: u32, bound: usize) -> Error {
    Error::invalid(
        format!("`{label}`"),
        format!("index {index} at position {at} is out of range"),
        match bound.checked_sub(1) {
            Some(last) => format!("what it is used for has room for 0 to {last}"),
            None => "what it is used for is empty: give no indices".into(),
        },
    )
}
