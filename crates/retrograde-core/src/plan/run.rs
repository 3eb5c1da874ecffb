//! A plan: values in, run, values out.

use super::bounds::{out_of_range, too_large};
use super::ir::PlanIr;
use crate::graph::{Graph, Kind, Leaf, Node, NodeId, Shape, Tensor, Type, Var};
use crate::kernel::Real;
use crate::kernel::arena::Place;
use crate::kernel::program::{Nested, Program};
use retrograde_base::error::{Error, ErrorKind, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// A graph made ready to run, for one precision. Made by a [`Planner`](super::Planner).
///
/// Values of inputs are [set](Plan::set), the plan is [run](Plan::run), and fetched values are [read](Plan::read).
/// Parameters and states begin with the values that the graph has for them and keep theirs from run to run. They are the
/// plan's own: another plan is given them by [`Plan::set_parameters_from`], the graph by [`Graph::set_parameters_from`].
#[derive(Debug)]
pub struct Plan<T: Real> {
    graph: Graph,
    program: Program<T>,
    slots: HashMap<NodeId, Slot>,
    /// The inputs that have not been given a value yet.
    missing: Vec<Arc<Node>>,
    /// The nodes that each step makes.
    steps: Vec<Vec<Arc<Node>>>,
    /// Whether it has run: before, computed values are missing.
    has_run: bool,
}

/// A value that can be read or set.
#[derive(Debug)]
struct Slot {
    place: Place,
    value_type: Type,
    settable: bool,
    /// Whether a run computes it.
    computed: bool,
    /// What indices must be below.
    bound: Option<usize>,
}

impl<T: Real> Plan<T> {
    /// The plan of a program; the values of the nodes `kept` can be read.
    pub(super) fn new(ir: &PlanIr, program: Program<T>, kept: &[NodeId]) -> Self {
        let mut slots = HashMap::new();
        let mut missing = Vec::new();
        let leaves = ir.values.iter().filter(|value| value.node.leaf().is_some()).map(|value| value.node.id);
        for id in leaves.chain(kept.iter().copied()) {
            let value = &ir.values[ir.of[&id]];
            let (node, offset, length) =
                (&value.node, value.source.view.offset, value.source.view.elements());
            let place = match ir.values[value.source.base].place {
                Some(Place::Real { start, .. }) => Place::Real { start: start + offset, length },
                Some(Place::Index { start, .. }) => Place::Index { start: start + offset, length },
                Some(Place::Bytes { .. } | Place::Forwarded { .. } | Place::Compressed { .. }) | None => {
                    continue;
                }
            };
            let leaf = node.leaf().filter(|_| node.id == id);
            let settable = matches!(leaf, Some(Leaf::Input | Leaf::Parameter(_) | Leaf::State(_)));
            if matches!(leaf, Some(Leaf::Input)) && !slots.contains_key(&id) {
                missing.push(Arc::clone(node));
            }
            let value_type = node.value_type.clone();
            let computed = leaf.is_none();
            slots.insert(id, Slot { place, value_type, settable, computed, bound: value.bound });
        }
        let nodes = |groups: &Vec<usize>| {
            let values = groups.iter().flat_map(|&group| &ir.groups[group].values);
            values.map(|&value| Arc::clone(&ir.values[value].node)).collect()
        };
        let steps = ir.steps.iter().map(|step| nodes(&step.groups)).collect();
        Plan { graph: ir.graph.clone(), program, slots, missing, steps, has_run: false }
    }

    /// Gives an input, a parameter or a state its values, row by row: `f32` or `f64`, rounded to the plan's precision. What
    /// [`read`](Self::read) gives of one plan, another takes.
    pub fn set<V: Real>(&mut self, var: &Var, values: &[V]) -> Result<()> {
        let target = self.real_slot(var, values.len())?;
        self.write(target, values);
        self.given(var.id());
        Ok(())
    }

    /// Gives one number of an input, a parameter or a state its value: the one at `position`, counted row by row. The
    /// others stay as they are, and an input counts as given only by [`set`](Self::set).
    pub fn set_element(&mut self, var: &Var, position: usize, value: f64) -> Result<()> {
        let count = self.slot(var)?.value_type.shape.elements();
        let target = self.real_slot(var, count)?;
        if position >= count {
            let label = format!("`{}`", var.node().label());
            let problem = format!("it has {count} elements and none at position {position}");
            return Err(Error::invalid(label, problem, "count positions row by row from 0"));
        }
        self.program.arena().real.all()[target.start + position] = T::of(value);
        Ok(())
    }

    /// Gives an input its indices, row by row. Errors when one is out of range for what it is used for.
    pub fn set_indices(&mut self, var: &Var, indices: &[u32]) -> Result<()> {
        let slot = self.settable(var, indices.len())?;
        let Place::Index { start, length } = slot.place else {
            return Err(wrong_kind(var, "real numbers", "`set`"));
        };
        if let Some((at, bound)) = slot.bound.and_then(|bound| Some((too_large(indices, bound)?, bound))) {
            return Err(out_of_range(&var.node().label(), at, indices[at], bound));
        }
        self.program.arena().index.all()[start..start + length].copy_from_slice(indices);
        self.given(var.id());
        Ok(())
    }

    /// Runs all of it once. Allocates nothing. Errors when an input was never given a value, and when a kernel of a plan calls
    /// it. Panics with the payload of a kernel that panics, on whichever thread.
    pub fn run(&mut self) -> Result<()> {
        if !self.missing.is_empty() {
            let names: Vec<String> = self.missing.iter().map(|node| format!("`{}`", node.label())).collect();
            let problem = format!("no value was given to {}", names.join(", "));
            return Err(Error::missing(
                "a run",
                problem,
                "give each input a value by `set` or `set_indices`",
            ));
        }
        self.program.run().map_err(|Nested| {
            let problem = "a kernel of a plan runs a plan, whose threads would wait for themselves";
            Error::invalid("a run", problem, "compute it in the kernel, or run the plan before")
        })?;
        self.has_run = true;
        Ok(())
    }

    /// The values of a fetched variable, row by row, after a run, or of a leaf at any time.
    ///
    /// # Errors
    /// [`Error::MissingValue`] if the plan does not keep the value, or computes it and has not run yet.
    pub fn read(&self, var: &Var) -> Result<&[T]> {
        match self.slot(var)?.place {
            Place::Real { start, length } => Ok(&self.program.reals()[start..start + length]),
            _ => Err(wrong_kind(var, "indices", "`read_indices`")),
        }
    }

    /// The indices of a fetched variable or of a leaf.
    pub fn read_indices(&self, var: &Var) -> Result<&[u32]> {
        match self.slot(var)?.place {
            Place::Index { start, length } => Ok(&self.program.indices()[start..start + length]),
            _ => Err(wrong_kind(var, "real numbers", "`read`")),
        }
    }

    /// The value of a fetched variable or of a leaf, with its shape.
    pub fn value(&self, var: &Var) -> Result<Tensor> {
        let shape: Shape = self.slot(var)?.value_type.shape.clone();
        let values = self.read(var)?.iter().map(|value| value.widen()).collect();
        Tensor::new(shape, values)
    }

    /// The value of a fetched variable that has one element.
    pub fn scalar(&self, var: &Var) -> Result<f64> {
        match self.read(var)? {
            [value] => Ok(value.widen()),
            _ => self.value(var)?.scalar(),
        }
    }

    /// The values of a parameter, a state or an input, if the plan has it.
    pub(super) fn leaf(&self, id: NodeId) -> Option<&[T]> {
        let range = self.leaf_range(id)?;
        Some(&self.program.reals()[range])
    }

    /// Gives a parameter or a state that the plan has as many values as it has elements.
    pub(super) fn set_leaf<V: Real>(&mut self, id: NodeId, values: &[V]) {
        if let Some(target) = self.leaf_range(id) {
            self.write(target, values);
        }
    }

    fn leaf_range(&self, id: NodeId) -> Option<std::ops::Range<usize>> {
        match self.slots.get(&id).filter(|slot| slot.settable)?.place {
            Place::Real { start, length } => Some(start..start + length),
            _ => None,
        }
    }

    fn write<V: Real>(&mut self, target: std::ops::Range<usize>, values: &[V]) {
        let memory = &mut self.program.arena().real.all()[target];
        memory.iter_mut().zip(values).for_each(|(to, from)| *to = T::of(from.widen()));
    }

    /// The graph that it was compiled from.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The steps of a run, in order, each with the nodes that it makes: several where pointwise operations became one
    /// pass over memory, none where an update's value is copied into its leaf.
    pub fn steps(&self) -> &[Vec<Arc<Node>>] {
        &self.steps
    }

    /// The bytes of memory in which all values lie, tables of bytes not counted.
    pub fn memory(&self) -> usize {
        self.program.bytes()
    }

    pub(super) fn program(&self) -> &Program<T> {
        &self.program
    }

    pub(super) fn program_mut(&mut self) -> &mut Program<T> {
        &mut self.program
    }

    fn slot(&self, var: &Var) -> Result<&Slot> {
        let var = var.clone().checked()?;
        let missing =
            |problem: &str, help: &str| Error::missing(format!("`{}`", var.node().label()), problem, help);
        let slot = self.slots.get(&var.id()).ok_or_else(|| {
            let help = "name it by `fetch` before `compile`, or keep all values by `keep_all`";
            missing("this plan does not keep its value", help)
        })?;
        if slot.computed && !self.has_run {
            return Err(missing("this plan has not computed it yet", "call `run` before"));
        }
        Ok(slot)
    }

    fn settable(&self, var: &Var, given: usize) -> Result<&Slot> {
        let slot = self.slot(var)?;
        let label = || format!("`{}`", var.node().label());
        if !slot.settable {
            let help = "set inputs, parameters and states";
            return Err(Error::invalid(label(), "it is computed or constant, and cannot be set", help));
        }
        let (shape, needed) = (&slot.value_type.shape, slot.value_type.shape.elements());
        if given != needed {
            let problem = format!("{given} values were given for the shape {shape}");
            return Err(Error::invalid(label(), problem, format!("give {needed}")));
        }
        Ok(slot)
    }

    fn real_slot(&self, var: &Var, given: usize) -> Result<std::ops::Range<usize>> {
        match self.settable(var, given)?.place {
            Place::Real { start, length } => Ok(start..start + length),
            _ => Err(wrong_kind(var, "indices", "`set_indices`")),
        }
    }

    fn given(&mut self, id: NodeId) {
        self.missing.retain(|node| node.id != id);
    }
}

fn wrong_kind(var: &Var, kind: &str, method: &str) -> Error {
    let label = format!("`{}`", var.node().label());
    Error::invalid(label, format!("it is made of {kind}"), format!("use {method}"))
}

impl Var {
    /// Its value in `f64`, computed from the initial values of parameters, whatever a plan has made of them since:
    /// [`Graph::set_parameters_from`] makes those of a plan the initial ones. For a look at a small graph; to run one often
    /// or with inputs, compile a plan. Indices are given as numbers.
    ///
    /// # Errors
    /// [`Error::MissingValue`] if it depends on an input.
    pub fn value(&self) -> Result<Tensor> {
        let mut plan = super::Planner::new(self.graph()).fetch(self).compile::<f64>()?;
        plan.run().map_err(|error| match error.kind() {
            ErrorKind::MissingValue => {
                error.with_help("compile a plan with `Planner`, and `set` the inputs there")
            }
            _ => error,
        })?;
        match self.kind() {
            // The planner refuses bytes.
            Kind::Real | Kind::Byte => plan.value(self),
            Kind::Index => {
                let values = plan.read_indices(self)?.iter().map(|&index| f64::from(index)).collect();
                Tensor::new(self.shape(), values)
            }
        }
    }
}
