//! A plan as text, and as a drawing for Graphviz.

use super::ir::{Group, GroupId, GroupKind, PlanIr, Source, ValueId};
use crate::graph::Leaf;
use crate::kernel::arena::Place;
use std::fmt::{self, Write};

impl fmt::Display for PlanIr {
    /// Values as `%12 = multiply(%3, %7): [100, 50]`, groups with their operations, regions with their groups in the order of
    /// execution, and the steps with their flops, bytes, threads and barriers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "values")?;
        for value in 0..self.values.len() {
            writeln!(f, "  {}", self.value_line(value))?;
        }
        if !self.updates.is_empty() {
            writeln!(f, "updates")?;
        }
        for update in &self.updates {
            let how = if update.in_place { "in place" } else { "copied after the run" };
            writeln!(f, "  %{} <- %{}  {how}", update.leaf, update.value)?;
        }
        if !self.constants.is_empty() {
            writeln!(f, "constants, computed once")?;
        }
        for &group in &self.constants {
            writeln!(f, "  {}", self.group_line(group))?;
        }
        if self.regions.is_empty() && !self.groups.is_empty() {
            writeln!(f, "groups")?;
            let order =
                if self.order.is_empty() { (0..self.groups.len()).collect() } else { self.order.clone() };
            for group in order {
                writeln!(f, "  {}", self.group_line(group))?;
            }
        }
        for (region, groups) in self.regions.iter().enumerate() {
            writeln!(f, "region {region}")?;
            for &group in groups {
                writeln!(f, "  {}", self.group_line(group))?;
            }
        }
        if self.arena != (0, 0) {
            writeln!(f, "memory: {} real numbers, {} indices", self.arena.0, self.arena.1)?;
        }
        if !self.steps.is_empty() {
            writeln!(f, "steps")?;
        }
        for (number, step) in self.steps.iter().enumerate() {
            if step.barrier {
                writeln!(f, "  barrier")?;
            }
            let groups: Vec<String> = step.groups.iter().map(|group| format!("g{group}")).collect();
            let groups = if groups.is_empty() { "copy of an update".into() } else { groups.join(" + ") };
            let (flops, bytes, threads) = (step.flops, step.bytes, step.threads);
            writeln!(f, "  {number}: {groups}  {flops} flops, {bytes} bytes, threads {threads}")?;
        }
        Ok(())
    }
}

impl PlanIr {
    /// The groups and what flows between them, as a drawing for Graphviz: one cluster for each region, and dashed edges into
    /// epilogues.
    pub fn dot(&self) -> String {
        let mut text = String::from("digraph plan {\n  node [shape=box, fontname=\"monospace\"];\n");
        let mut cluster = |name: String, groups: &[GroupId]| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  subgraph \"cluster_{name}\" {{\n    label=\"{name}\";");
            for &group in groups {
                let operations = self.operations(&self.groups[group]).join("\\n");
                let _ = writeln!(text, "    g{group} [label=\"g{group}\\n{operations}\"];");
            }
            text.push_str("  }\n");
        };
        if !self.constants.is_empty() {
            cluster("constants".into(), &self.constants);
        }
        self.regions
            .iter()
            .enumerate()
            .for_each(|(region, groups)| cluster(format!("region {region}"), groups));
        for (base, readers) in self.readers().into_iter().enumerate() {
            let Some(producer) = self.values[base].group else {
                continue;
            };
            let shape = &self.values[base].node.value_type.shape;
            for reader in readers.into_iter().filter(|&reader| reader != producer) {
                let fused = self.groups[producer].epilogue == Some(reader);
                let style = if fused { ", style=dashed" } else { "" };
                let _ = writeln!(text, "  g{producer} -> g{reader} [label=\"{shape}\"{style}];");
            }
        }
        text.push_str("}\n");
        text
    }

    fn value_line(&self, value: ValueId) -> String {
        let this = &self.values[value];
        let inputs: Vec<String> = this.inputs.iter().map(|input| format!("%{input}")).collect();
        let what = match this.node.leaf() {
            Some(leaf) => {
                let kind = match leaf {
                    Leaf::Input => "input",
                    Leaf::Parameter(_) => "parameter",
                    Leaf::State(_) => "state",
                    Leaf::Constant(_) => "constant",
                    Leaf::Indices(_) => "indices",
                    Leaf::Bytes { .. } => "bytes",
                };
                this.node.name.as_ref().map_or_else(|| kind.into(), |name| format!("{kind} `{name}`"))
            }
            None => format!("{}({})", self.operation(value), inputs.join(", ")),
        };
        let mut line = format!("%{value} = {what}: {}", this.node.value_type);
        if this.source.base != value {
            let _ = write!(line, "  reads %{}{}", this.source.base, through(&this.source));
        }
        if let Some(source) = &this.copied_from {
            let _ = write!(line, "  copied from %{}{}", source.base, through(source));
        }
        if let Some(bound) = this.bound {
            let _ = write!(line, "  below {bound}");
        }
        if let Some(next) = this.next {
            let _ = write!(line, "  next %{next}");
        }
        if let Some(group) = this.group {
            let _ = write!(line, "  g{group}");
        }
        if this.compressed.is_some() {
            line.push_str("  compressed rows");
        }
        let at = |kind: &str, start: usize, length: usize| format!("  at {kind}{start}..{}", start + length);
        let place = match this.place {
            Some(Place::Real { start, length }) => at("", start, length),
            Some(Place::Index { start, length }) => at("index ", start, length),
            Some(Place::Bytes { table, .. }) => format!("  in table {table}"),
            Some(Place::Compressed { start, rows, words, .. }) => at("index ", start, rows * words),
            Some(Place::Forwarded { .. }) | None => String::new(),
        };
        line.push_str(&place);
        if this.kept {
            line.push_str("  kept");
        }
        line
    }

    fn group_line(&self, group: GroupId) -> String {
        let this = &self.groups[group];
        let kind = match this.kind {
            GroupKind::Elementwise => "elementwise",
            GroupKind::Rows => "rows",
            GroupKind::Copy => "copy",
        };
        let mut line = format!("g{group} {kind} {}", self.operations(this).join("; "));
        if this.rows > 0 {
            let _ = write!(line, "  in {} rows", this.rows);
        }
        if this.chunk > 1 {
            let _ = write!(line, ", {} to a thread at least", this.chunk);
        }
        if let Some(head) = this.epilogue_of {
            let _ = write!(line, "  epilogue of g{head}");
        }
        line
    }

    fn operations(&self, group: &Group) -> Vec<String> {
        group.values.iter().map(|&value| format!("%{value} {}", self.operation(value))).collect()
    }

    fn operation(&self, value: ValueId) -> &str {
        self.values[value].node.operation().map_or("leaf", |operation| operation.name())
    }
}

/// How a view reads the memory, if not all of it in order.
fn through(source: &Source) -> String {
    let view = &source.view;
    if view.is_contiguous() {
        return if view.offset == 0 { String::new() } else { format!(" from {}", view.offset) };
    }
    format!(" by {:?} from {}", view.strides, view.offset)
}
