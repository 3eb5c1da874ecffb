//! From units in order to a program: a place in memory for each value, and the kernels that make them.

mod chains;

use crate::graph::{Kind, Leaf};
use crate::kernel::arena::{Arena, Block, Place, Table};
use crate::kernel::chain::{Chain, Load, Store};
use crate::kernel::program::{Program, Refusal};
use crate::kernel::sparse;
use crate::kernel::table::Lists;
use crate::kernel::tail::Tail;
use crate::kernel::work::{RowsWork, Work};
use crate::kernel::{Bytes, Form, Operand, Real, Threads};
use crate::plan::fuse::{Unit, Units};
use crate::plan::phases::Phases;
use crate::plan::place::Allocator;
use crate::plan::schedule::{Schedule, Update};
use crate::plan::simplify::Items;
use crate::plan::tails::Tails;
use crate::plan::views::{Source, Sources};
use retrograde_base::error::{Error, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// A program, and where the values with memory of their own lie in it.
#[derive(Debug)]
pub(in crate::plan) struct Lowered<T> {
    pub(in crate::plan) program: Program<T>,
    pub(in crate::plan) places: Vec<Option<Place>>,
    /// The items that each step makes; none for the copies of updates at the end.
    pub(in crate::plan) steps: Vec<Vec<usize>>,
}

/// Makes the program.
pub(in crate::plan) fn lower<T: Real>(
    items: &Items,
    sources: &Sources,
    units: &Units,
    (schedule, phases, tails): (&Schedule, &Phases, &Tails),
    updates: &[Update],
    (wanted, sparse): (&[bool], &[Option<Arc<Lists>>]),
    threads: Threads,
) -> Result<Lowered<T>> {
    let mut lowering = Lowering {
        items,
        sources,
        units,
        tails,
        sparse,
        bytes: size_of::<T>(),
        places: vec![None; items.list.len()],
        real: Allocator::default(),
        index: Allocator::default(),
        tables: Vec::new(),
    };
    for item in 0..items.list.len() {
        lowering.place_leaf(item);
    }
    let lifetimes = lowering.lifetimes(phases, schedule, updates, wanted);
    let mut in_place: HashMap<usize, Vec<usize>> = HashMap::new();
    for (update, _) in updates.iter().zip(&schedule.in_place).filter(|(_, in_place)| **in_place) {
        in_place.entry(update.value).or_default().push(update.leaf);
    }
    let once: Vec<Work> =
        phases.once.iter().filter_map(|&unit| lowering.unit(unit, phases, &lifetimes, &in_place)).collect();
    let (mut work, mut steps) = (Vec::new(), Vec::new());
    for (number, phase) in phases.list.iter().enumerate() {
        let mut made = Vec::new();
        for &unit in phase {
            if let Some(step) = lowering.unit(unit, phases, &lifetimes, &in_place) {
                made.push(step);
                let head = tails.of[unit].map(|head| units.list[head].items());
                steps.push([head.unwrap_or_default(), units.list[unit].items()].concat());
            }
        }
        work.push(made);
        // Values whose last reader has run give their memory back: at the end of the phase, since before that another
        // thread may still be at work on them.
        for (item, _) in lifetimes.iter().enumerate().filter(|(_, last)| **last == Some(number)) {
            lowering.give_back(item);
        }
    }
    let copies = updates.iter().zip(&schedule.in_place).filter(|(_, in_place)| !**in_place);
    let copies: Vec<Work> = copies.map(|(update, _)| Work::Chain(lowering.store(update))).collect();
    steps.resize(steps.len() + copies.len(), Vec::new());
    work.push(copies);
    let numbers = lowering.real.length();
    let arena = lowering.arena::<T>().ok_or_else(|| too_much::<T>(numbers))?;
    let program = Program::new(arena, &once, work, threads).map_err(|refusal| match refusal {
        Refusal::Memory => too_much::<T>(numbers),
        Refusal::Unsound(step) => Error::invalid(
            "a plan",
            format!("a step is not sound: {step}"),
            "let the methods of a `RowsKernel` depend on nothing but its fields and the shapes that they are given",
        ),
    })?;
    Ok(Lowered { program, places: lowering.places, steps })
}

/// The error for a plan that memory does not hold.
pub(in crate::plan) fn too_much<T: Real>(numbers: usize) -> Error {
    let bytes = numbers as f64 * size_of::<T>() as f64;
    let problem = format!("it needs {:.1} GiB of memory, which cannot be had", bytes / f64::from(1 << 30));
    Error::invalid("a plan", problem, "make the tensors smaller, or the batches")
}

struct Lowering<'a> {
    items: &'a Items,
    sources: &'a Sources,
    units: &'a Units,
    tails: &'a Tails,
    sparse: &'a [Option<Arc<Lists>>],
    /// Of a real number.
    bytes: usize,
    places: Vec<Option<Place>>,
    real: Allocator,
    index: Allocator,
    tables: Vec<(Bytes, f64, Option<Arc<Lists>>)>,
}

impl Lowering<'_> {
    fn place_leaf(&mut self, item: usize) {
        match self.items.list[item].node.leaf() {
            Some(Leaf::Bytes { values, scale }) => {
                let place = Place::Bytes { table: self.tables.len(), start: 0, length: values.len() };
                self.tables.push((values.clone(), *scale, None));
                self.places[item] = Some(place);
            }
            Some(_) => self.place(item),
            None => {}
        }
    }

    fn place(&mut self, item: usize) {
        let length = self.items.elements(item);
        if let Some(lists) = &self.sparse[item] {
            let table = self.sources.of[self.items.list[item].inputs[0]].base;
            let Some(Place::Bytes { table, .. }) = self.places[table] else {
                unreachable!("lists are those of a table of bytes");
            };
            self.tables[table].2 = Some(Arc::clone(lists));
            let (width, words) = (lists.width(), sparse::words(lists));
            let rows = self.items.list[item].node.value_type.shape[0];
            let start = self.index.take(rows * words);
            self.places[item] = Some(Place::Sparse { table, width, start, words, rows });
            return;
        }
        self.places[item] = Some(match self.items.list[item].node.value_type.kind {
            Kind::Real => Place::Real { start: self.real.take(length), length },
            Kind::Index => Place::Index { start: self.index.take(length), length },
        });
    }

    fn give_back(&mut self, item: usize) {
        match self.places[item] {
            Some(Place::Real { start, length }) => self.real.give_back(start, length),
            Some(Place::Index { start, length }) => self.index.give_back(start, length),
            Some(Place::Sparse { start, words, rows, .. }) => self.index.give_back(start, rows * words),
            Some(Place::Bytes { .. } | Place::Passed { .. }) | None => {}
        }
    }

    /// The work of a unit, with memory for what it makes; none if that has no elements: it takes no work, and may lie
    /// anywhere; and none if it is done with its tail.
    fn unit(
        &mut self,
        unit: usize,
        phases: &Phases,
        lifetimes: &[Option<usize>],
        in_place: &HashMap<usize, Vec<usize>>,
    ) -> Option<Work> {
        if self.tails.has[unit] {
            return None;
        }
        let made = self.units.list[unit].items();
        for &item in made.iter().filter(|&&item| lifetimes[item].is_some()) {
            self.place(item);
        }
        let rows = phases.rows[unit];
        (self.items.elements(made[0]) > 0).then(|| match &self.units.list[unit] {
            Unit::Chain(members) => match self.tails.of[unit].map(|head| &self.units.list[head]) {
                Some(&Unit::Rows(head)) => {
                    Work::Rows(self.with_tail(head, self.chain(members, rows, Some(head), in_place), rows))
                }
                _ => Work::Chain(self.chain(members, rows, None, in_place)),
            },
            Unit::Rows(item) => Work::Rows(self.rows(*item, self.operand(*item), rows)),
            Unit::Copy(item) => self.copy(*item),
        })
    }

    /// For each computed item that needs memory, after which phase it no longer does: `usize::MAX` for those that are
    /// read after the run, or are computed once.
    fn lifetimes(
        &self,
        phases: &Phases,
        schedule: &Schedule,
        updates: &[Update],
        wanted: &[bool],
    ) -> Vec<Option<usize>> {
        let mut lifetimes: Vec<Option<usize>> = vec![None; self.items.list.len()];
        let once = phases.once.iter().map(|&unit| (usize::MAX, unit));
        let phased = phases.list.iter().enumerate();
        let phased = phased.flat_map(|(number, phase)| phase.iter().map(move |&unit| (number, unit)));
        let constant = |maker: usize| phases.once.contains(&maker);
        for (phase, unit) in once.chain(phased) {
            for base in self.units.reads(unit, self.items, self.sources) {
                if let Some(maker) = self.units.of[base].filter(|&maker| maker != unit) {
                    lifetimes[base] = Some(if constant(maker) { usize::MAX } else { phase });
                }
            }
            // What a row kernel or a copy makes needs memory even if nobody reads it.
            if let Unit::Rows(item) | Unit::Copy(item) = self.units.list[unit] {
                lifetimes[item].get_or_insert(phase);
            }
        }
        // What is passed on to a tail does not.
        for head in self.tails.of.iter().flatten() {
            self.units.list[*head].items().iter().for_each(|&item| lifetimes[item] = None);
        }
        let mut forever = |base: usize| {
            if self.units.of[base].is_some() {
                lifetimes[base] = Some(usize::MAX);
            }
        };
        for item in (0..wanted.len()).filter(|&item| wanted[item]) {
            forever(self.sources.of[item].base);
        }
        for (update, _) in updates.iter().zip(&schedule.in_place).filter(|(_, in_place)| !**in_place) {
            forever(self.sources.of[update.value].base);
        }
        lifetimes
    }

    fn start(&self, item: usize) -> usize {
        match self.places[item] {
            Some(Place::Real { start, .. } | Place::Index { start, .. }) => start,
            Some(Place::Bytes { .. } | Place::Passed { .. } | Place::Sparse { .. }) | None => {
                unreachable!("what is read has memory of its own")
            }
        }
    }

    fn load(&self, source: &Source, register: usize) -> Load {
        let (start, length) = (self.start(source.base), self.items.elements(source.base));
        Load { start, length, view: source.view.merged(), register, rows: None }
    }

    /// The place and shape of a value that lies in memory as it is.
    fn operand(&self, item: usize) -> Operand {
        let Source { base, view } = &self.sources.of[item];
        let (offset, length) = (view.offset, view.elements());
        let place = match self.places[*base] {
            Some(Place::Real { start, .. }) => Place::Real { start: start + offset, length },
            Some(Place::Index { start, .. }) => Place::Index { start: start + offset, length },
            Some(Place::Bytes { table, .. }) => Place::Bytes { table, start: offset, length },
            // Only whole matrices are kept so.
            Some(sparse @ Place::Sparse { .. }) => sparse,
            Some(Place::Passed { .. }) | None => unreachable!("what is read has memory of its own"),
        };
        Operand { place, shape: self.items.list[item].node.value_type.shape.to_vec(), by_row: false }
    }

    /// A row kernel whose output is passed on to a chain.
    fn with_tail(&self, item: usize, chain: Chain, rows: usize) -> RowsWork {
        let (length, shape) =
            (self.items.elements(item), self.items.list[item].node.value_type.shape.to_vec());
        let output = Operand { place: Place::Passed { length }, shape, by_row: false };
        let work = self.rows(item, output, rows);
        let at_once = work.at_once();
        let tail = Tail::new(chain, at_once, length / rows.max(1) * self.bytes);
        RowsWork { tail: Some(tail), ..work }
    }

    fn rows(&self, item: usize, output: Operand, rows: usize) -> RowsWork {
        let mut inputs: Vec<Operand> =
            self.items.list[item].inputs.iter().map(|&input| self.operand(input)).collect();
        let Some(Form::Rows(kernel)) = self.items.form(item) else {
            unreachable!("`fuse` makes such units of row kernels");
        };
        let shapes: Vec<Vec<usize>> = inputs.iter().map(|input| input.shape.clone()).collect();
        let shapes: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
        for (position, input) in inputs.iter_mut().enumerate() {
            input.by_row = kernel.row_by_row(position, &shapes, &output.shape);
        }
        RowsWork { kernel: Arc::clone(kernel), inputs, output, rows, tail: None }
    }

    /// A view's values as neighbours in memory.
    fn copy(&self, item: usize) -> Work {
        let Some(source) = &self.sources.copied[item] else {
            unreachable!("`fuse` makes such units of copied views");
        };
        match self.items.list[item].node.value_type.kind {
            Kind::Real => Work::Chain(self.transfer(source, self.start(item))),
            Kind::Index => Work::Indices {
                from: (self.start(source.base), self.items.elements(source.base)),
                view: source.view.merged(),
                to: self.start(item),
            },
        }
    }

    /// At the end of the run: an update's value is copied into its leaf.
    fn store(&self, update: &Update) -> Chain {
        self.transfer(&self.sources.of[update.value], self.start(update.leaf))
    }

    fn transfer(&self, from: &Source, to: usize) -> Chain {
        let store = Store { register: 0, to };
        Chain::new((from.view.elements(), 0), vec![self.load(from, 0)], Vec::new(), vec![store], 1)
    }

    /// The memory, with the values that leaves start from; nothing if there is not so much.
    fn arena<T: Real>(&self) -> Option<Arena<T>> {
        let mut arena = Arena {
            real: Block::new(self.real.length())?,
            index: Block::new(self.index.length())?,
            tables: self
                .tables
                .iter()
                .map(|(bytes, scale, lists)| Table::new(bytes.clone(), T::of(*scale), lists.clone()))
                .collect(),
        };
        for (item, place) in self.items.list.iter().zip(&self.places) {
            match (item.node.leaf(), place) {
                (
                    Some(Leaf::Parameter(value) | Leaf::State(value) | Leaf::Constant(value)),
                    &Some(Place::Real { start, length }),
                ) => {
                    let memory = &mut arena.real.all()[start..start + length];
                    memory.iter_mut().zip(value.values()).for_each(|(to, &from)| *to = T::of(from));
                }
                (Some(Leaf::Indices(values)), &Some(Place::Index { start, length })) => {
                    arena.index.all()[start..start + length].copy_from_slice(values);
                }
                _ => {}
            }
        }
        Some(arena)
    }
}
