//! The layered graph of a figure: items in columns, and links from the ports of one to the ports of another.
//!
//! Columns are counted from the left, and every link goes to the right. Before the layout, a link over several columns is
//! cut at dummy items, one in each column between. A dummy is placed like any other item, so that no line runs through a
//! box.

use std::collections::HashMap;

/// A layered graph.
#[derive(Debug, Default)]
pub(crate) struct LayeredGraph {
    pub(crate) items: Vec<Item>,
    pub(crate) links: Vec<Link>,
}

/// An item of a column.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) shape: NodeShape,
    /// Its block of the diagram, if it has one.
    pub(crate) block: Option<usize>,
    pub(crate) column: usize,
    pub(crate) outputs: usize,
    /// Blank rows between its inputs.
    pub(crate) spread: usize,
}

/// The shape of an item.
#[derive(Debug)]
pub(crate) enum NodeShape {
    /// A label in a frame.
    Box(String),
    /// A name, and a line below it.
    Name(String, Option<String>),
    /// A dummy: a straight piece of a line.
    Dummy,
}

/// A port of an item: the item, and the index of its input or output.
pub(crate) type Port = (usize, usize);

/// A line from an output to an input, with annotations above and below its end.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) from: Port,
    pub(crate) to: Port,
    /// Its wire of the diagram, or a part of it.
    pub(crate) wire: usize,
    pub(crate) above: Vec<String>,
    pub(crate) below: Vec<String>,
}

/// The rows of an item, relative to its first.
#[derive(Debug)]
pub(crate) struct Extent {
    pub(crate) height: usize,
    /// The rows of its inputs and outputs.
    pub(crate) inputs: Vec<usize>,
    pub(crate) outputs: Vec<usize>,
    /// The first and the last row of its frame.
    pub(crate) frame: (usize, usize),
}

impl LayeredGraph {
    /// Adds an item and returns its index.
    pub(crate) fn add(
        &mut self,
        shape: NodeShape,
        block: Option<usize>,
        column: usize,
        outputs: usize,
    ) -> usize {
        self.items.push(Item { shape, block, column, outputs, spread: 1 });
        self.items.len() - 1
    }

    /// The number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.items.iter().map(|item| item.column + 1).max().unwrap_or(0)
    }

    /// Cuts links over several columns; links of one output share their dummies.
    pub(crate) fn cut(&mut self) {
        let mut dummies: HashMap<(Port, usize), usize> = HashMap::new();
        for mut link in std::mem::take(&mut self.links) {
            let (origin, mut from) = (link.from, link.from);
            for column in self.items[link.from.0].column + 1..self.items[link.to.0].column {
                let known = dummies.get(&(origin, column)).copied();
                let dummy = known.unwrap_or_else(|| {
                    let dummy = self.add(NodeShape::Dummy, None, column, 1);
                    self.links.push(Link {
                        from,
                        to: (dummy, 0),
                        wire: link.wire,
                        above: Vec::new(),
                        below: Vec::new(),
                    });
                    dummies.insert((origin, column), dummy);
                    dummy
                });
                from = (dummy, 0);
            }
            link.from = from;
            self.links.push(link);
        }
    }

    /// The links into an item, by its inputs.
    pub(crate) fn inputs(&self) -> Vec<Vec<&Link>> {
        let mut inputs: Vec<Vec<&Link>> = self.items.iter().map(|_| Vec::new()).collect();
        for link in &self.links {
            inputs[link.to.0].push(link);
        }
        for links in &mut inputs {
            links.sort_by_key(|link| link.to.1);
        }
        inputs
    }

    /// The rows that each item takes.
    pub(crate) fn extents(&self) -> Vec<Extent> {
        let inputs = self.inputs();
        self.items.iter().zip(&inputs).map(|(item, links)| extent(item, links)).collect()
    }
}

fn extent(item: &Item, links: &[&Link]) -> Extent {
    // Each input has its annotations above, its line, and its annotations below; blank rows separate those of adjacent
    // inputs.
    let frame_above = usize::from(matches!(item.shape, NodeShape::Box(_)));
    let mut inputs = Vec::new();
    let mut next = 0;
    for link in links {
        let row = (next + link.above.len()).max(if inputs.is_empty() { frame_above } else { 0 });
        inputs.push(row);
        next = row + link.below.len() + 1 + item.spread;
    }
    let written = next.saturating_sub(item.spread);
    match &item.shape {
        NodeShape::Dummy | NodeShape::Name(..) => {
            let row = inputs.first().copied().unwrap_or(0);
            let below = usize::from(matches!(item.shape, NodeShape::Name(_, Some(_))));
            Extent {
                height: written.max(row + 1 + below),
                inputs,
                outputs: vec![row; item.outputs],
                frame: (row, row),
            }
        }
        NodeShape::Box(_) => {
            let top = inputs.first().map_or(0, |first| first - 1);
            // Outputs are two rows apart; a single one is in the middle.
            let needed = top + 2 * item.outputs.max(1);
            let bottom = inputs.last().map_or(needed, |last| (last + 1).max(needed));
            let middle = usize::midpoint(top, bottom);
            let first = middle - item.outputs.saturating_sub(1);
            Extent {
                height: written.max(bottom + 1),
                inputs,
                outputs: (0..item.outputs).map(|output| first + 2 * output).collect(),
                frame: (top, bottom),
            }
        }
    }
}
