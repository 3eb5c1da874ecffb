//! Phases: units between which no thread has to wait for another.
//!
//! A unit is cut into rows, and each thread does some of them. Where row `i` of a value is all that row `i` of its reader
//! needs, the thread that made it goes on with it at once; only where a reader needs rows that other threads made does a
//! new phase begin. In a network a phase reaches from the batch through all layers to the loss and back to the first
//! layer's gradient; the next one adds up the parameters' gradients and updates them.
//!
//! Here, too, is decided what depends on constants alone, and is computed once.

use super::fuse::{Unit, Units};
use super::schedule::{Schedule, Update};
use super::simplify::Items;
use super::views::{Source, Sources};
use crate::graph::Leaf;
use crate::kernel::{Form, RowsKernel, RowsOfLoad};

/// The phases of a plan.
#[derive(Debug)]
pub(super) struct Phases {
    /// The units, by phases, each phase in the order in which its units run.
    pub(super) list: Vec<Vec<usize>>,
    /// The units that depend on constants alone, in order.
    pub(super) once: Vec<usize>,
    /// Into how many rows each unit is cut; 0 if its elements may be cut anywhere.
    pub(super) rows: Vec<usize>,
}

/// Finds the phases.
pub(super) fn phases(
    items: &Items,
    sources: &Sources,
    units: &Units,
    schedule: &Schedule,
    updates: &[Update],
) -> Phases {
    let mut cutting = Cutting {
        items,
        sources,
        units,
        rows: vec![0; units.list.len()],
        phase: vec![0; units.list.len()],
        constant: vec![false; units.list.len()],
    };
    let mut list: Vec<Vec<usize>> = Vec::new();
    let mut once = Vec::new();
    let in_place = updates.iter().zip(&schedule.in_place).filter(|(_, in_place)| **in_place);
    let in_place: Vec<(Option<usize>, usize)> =
        in_place.map(|(update, _)| (units.of[update.value], update.leaf)).collect();
    for (position, &unit) in schedule.order.iter().enumerate() {
        let mut phase = cutting.cut(unit);
        let overwritten: Vec<usize> =
            in_place.iter().filter(|(by, _)| *by == Some(unit)).map(|(_, leaf)| *leaf).collect();
        if overwritten.is_empty() && cutting.is_constant(unit) {
            cutting.constant[unit] = true;
            once.push(unit);
            continue;
        }
        // An update in place overwrites what others read: all of them must have done so.
        for &earlier in schedule.order[..position].iter().filter(|_| !overwritten.is_empty()) {
            if units.reads(earlier, items, sources).any(|base| overwritten.contains(&base)) {
                phase = phase.max(cutting.phase[earlier] + 1);
            }
        }
        cutting.phase[unit] = phase;
        if list.len() <= phase {
            list.resize(phase + 1, Vec::new());
        }
        list[phase].push(unit);
    }
    let list = list.into_iter().map(|phase| cutting.readers_next(&phase)).collect();
    Phases { list, once, rows: cutting.rows }
}

struct Cutting<'a> {
    items: &'a Items,
    sources: &'a Sources,
    units: &'a Units,
    rows: Vec<usize>,
    phase: Vec<usize>,
    constant: Vec<bool>,
}

impl Cutting<'_> {
    fn is_constant(&self, unit: usize) -> bool {
        self.units.reads(unit, self.items, self.sources).all(|base| match self.units.of[base] {
            Some(maker) => maker == unit || self.constant[maker],
            None => matches!(
                self.items.list[base].node.leaf(),
                Some(Leaf::Constant(_) | Leaf::Indices(_) | Leaf::Bytes { .. })
            ),
        })
    }

    /// The units of a phase, each followed by its reader where that can be: what it made is then still in the cache.
    fn readers_next(&self, phase: &[usize]) -> Vec<usize> {
        let mut ordered: Vec<usize> = Vec::with_capacity(phase.len());
        let mut left: Vec<usize> = phase.to_vec();
        while !left.is_empty() {
            let is_ready = |unit: usize| self.makers(unit).all(|(maker, _, _)| !left.contains(&maker));
            let reads = |unit: usize, made: usize| self.makers(unit).any(|(maker, _, _)| maker == made);
            let next = ordered
                .last()
                .and_then(|&last| left.iter().position(|&unit| reads(unit, last) && is_ready(unit)));
            // The first that is left is ready: the phase came in a topological order.
            ordered.push(left.remove(next.unwrap_or(0)));
        }
        ordered
    }

    /// Decides how a unit is cut, and returns the first phase in which it can run.
    fn cut(&mut self, unit: usize) -> usize {
        match &self.units.list[unit] {
            Unit::Rows(item) => {
                let item = *item;
                self.rows[unit] = self.kernel(item, |kernel, inputs, output| kernel.rows(inputs, output));
                self.first_phase(unit)
            }
            Unit::Chain(_) | Unit::Copy(_) => {
                // As that maker of what it reads which lets it run first.
                let makers: Vec<usize> = self.makers(unit).map(|(maker, _, _)| self.rows[maker]).collect();
                let elements = self.items.elements(self.units.list[unit].items()[0]);
                let choices = makers.into_iter().filter(|&rows| rows > 1 && elements.is_multiple_of(rows));
                let mut best = (self.first_phase(unit), 0);
                for rows in choices {
                    self.rows[unit] = rows;
                    let phase = self.first_phase(unit);
                    if phase < best.0 {
                        best = (phase, rows);
                    }
                }
                self.rows[unit] = best.1;
                best.0
            }
        }
    }

    /// The units that make what a unit reads, with the reading item and its input's number.
    fn makers(&self, unit: usize) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        self.units.list[unit].items().iter().flat_map(move |&item| {
            let inputs = self.items.list[item].inputs.iter().enumerate();
            inputs.filter_map(move |(position, &input)| {
                let maker = self.units.of[self.sources.of[input].base]?;
                (maker != unit && !self.constant[maker]).then_some((maker, item, position))
            })
        })
    }

    fn first_phase(&mut self, unit: usize) -> usize {
        let makers: Vec<(usize, usize, usize)> = self.makers(unit).collect();
        let mut first = 0;
        for (maker, item, position) in makers {
            // What may be cut anywhere is cut as its first reader is.
            let (rows, free) = (self.rows[unit], self.rows[maker] == 0);
            let cuttable = self.items.elements(self.units.list[maker].items()[0]).is_multiple_of(rows.max(1));
            if free && rows > 1 && cuttable && self.is_local(unit, item, position, rows) {
                self.rows[maker] = rows;
            }
            let local = self.rows[maker] == rows && rows > 0 && self.is_local(unit, item, position, rows);
            first = first.max(self.phase[maker] + usize::from(!local));
        }
        first
    }

    /// Whether row `i` of `rows` of a unit reads, through this input of this item, only row `i` of the memory behind it.
    fn is_local(&self, unit: usize, item: usize, position: usize, rows: usize) -> bool {
        let input = self.items.list[item].inputs[position];
        let source = &self.sources.of[input];
        let whole = source.view.is_contiguous()
            && source.view.offset == 0
            && source.view.elements() == self.items.elements(source.base);
        match &self.units.list[unit] {
            Unit::Rows(item) => {
                whole
                    && self
                        .kernel(*item, |kernel, inputs, output| kernel.row_by_row(position, inputs, output))
            }
            Unit::Chain(_) => whole || reads_row_by_row(self.items, source, rows).is_some(),
            Unit::Copy(_) => false,
        }
    }

    fn kernel<R: Default>(
        &self,
        item: usize,
        ask: impl FnOnce(&dyn RowsKernel, &[&[usize]], &[usize]) -> R,
    ) -> R {
        let shape = |item: usize| &self.items.list[item].node.value_type.shape[..];
        let inputs: Vec<&[usize]> = self.items.list[item].inputs.iter().map(|&input| shape(input)).collect();
        match self.items.form(item) {
            Some(Form::Rows(kernel)) => ask(&**kernel, &inputs, shape(item)),
            _ => R::default(),
        }
    }
}

/// How a chain of so many rows reads a value that it loads, if each row of the chain reads only the same row of it.
pub(super) fn reads_row_by_row(items: &Items, source: &Source, rows: usize) -> Option<RowsOfLoad> {
    let length = items.elements(source.base);
    let load = RowsOfLoad::of(&source.view.merged(), rows)?;
    let fits = load.apart * rows == length && source.view.offset + load.extent <= load.apart;
    fits.then_some(load)
}
