//! What is laid out: items in columns, and links from the ports of one to the ports of another.
//!
//! Columns are counted from the left, and every link goes to the right. Before the layout, a link over several columns is
//! cut into pieces of one: between them stand *passes*, items that are nothing but a straight line. So a line that has
//! to get past a box is placed beside it like any other item, and none can run through one.

use std::collections::HashMap;

/// Items and links, to be laid out.
#[derive(Debug, Default)]
pub(in crate::view) struct Sheet {
    pub(in crate::view) items: Vec<Item>,
    pub(in crate::view) links: Vec<Link>,
}

/// Something with a place on the sheet.
#[derive(Debug)]
pub(in crate::view) struct Item {
    pub(in crate::view) look: Look,
    /// The block of the diagram that it shows, if it is one.
    pub(in crate::view) block: Option<usize>,
    pub(in crate::view) column: usize,
    pub(in crate::view) outputs: usize,
    /// Blank rows between its inputs.
    pub(in crate::view) spread: usize,
}

/// How an item is drawn.
#[derive(Debug)]
pub(in crate::view) enum Look {
    /// A label in a frame.
    Box(String),
    /// A name, and a line below it.
    Name(String, Option<String>),
    /// A line that goes on.
    Pass,
}

/// An item's port: the item, and which of its inputs or outputs.
pub(in crate::view) type Port = (usize, usize);

/// A line from an output to an input, with what is written above and below its end.
#[derive(Debug)]
pub(in crate::view) struct Link {
    pub(in crate::view) from: Port,
    pub(in crate::view) to: Port,
    /// The wire of the diagram that it shows, or a part of it.
    pub(in crate::view) wire: usize,
    pub(in crate::view) above: Vec<String>,
    pub(in crate::view) below: Vec<String>,
}

/// The rows that an item takes, counted from its first.
#[derive(Debug)]
pub(in crate::view) struct Extent {
    pub(in crate::view) height: usize,
    /// The rows of its inputs and outputs.
    pub(in crate::view) inputs: Vec<usize>,
    pub(in crate::view) outputs: Vec<usize>,
    /// The first and the last row of its frame.
    pub(in crate::view) frame: (usize, usize),
}

impl Sheet {
    /// Adds an item and returns its number.
    pub(in crate::view) fn add(
        &mut self,
        look: Look,
        block: Option<usize>,
        column: usize,
        outputs: usize,
    ) -> usize {
        self.items.push(Item { look, block, column, outputs, spread: 1 });
        self.items.len() - 1
    }

    /// How many columns there are.
    pub(in crate::view) fn columns(&self) -> usize {
        self.items.iter().map(|item| item.column + 1).max().unwrap_or(0)
    }

    /// Cuts links over several columns into pieces; links of one output share their passes.
    pub(in crate::view) fn cut(&mut self) {
        let mut passes: HashMap<(Port, usize), usize> = HashMap::new();
        for mut link in std::mem::take(&mut self.links) {
            let (origin, mut from) = (link.from, link.from);
            for column in self.items[link.from.0].column + 1..self.items[link.to.0].column {
                let known = passes.get(&(origin, column)).copied();
                let pass = known.unwrap_or_else(|| {
                    let pass = self.add(Look::Pass, None, column, 1);
                    self.links.push(Link {
                        from,
                        to: (pass, 0),
                        wire: link.wire,
                        above: Vec::new(),
                        below: Vec::new(),
                    });
                    passes.insert((origin, column), pass);
                    pass
                });
                from = (pass, 0);
            }
            link.from = from;
            self.links.push(link);
        }
    }

    /// The links into an item, by its inputs.
    pub(in crate::view) fn inputs(&self) -> Vec<Vec<&Link>> {
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
    pub(in crate::view) fn extents(&self) -> Vec<Extent> {
        let inputs = self.inputs();
        self.items.iter().zip(&inputs).map(|(item, links)| extent(item, links)).collect()
    }
}

fn extent(item: &Item, links: &[&Link]) -> Extent {
    // Each input has what is written above it, its line, and what is written below it; blank rows keep apart what is
    // below one and above the next.
    let frame_above = usize::from(matches!(item.look, Look::Box(_)));
    let mut inputs = Vec::new();
    let mut next = 0;
    for link in links {
        let row = (next + link.above.len()).max(if inputs.is_empty() { frame_above } else { 0 });
        inputs.push(row);
        next = row + link.below.len() + 1 + item.spread;
    }
    let written = next.saturating_sub(item.spread);
    match &item.look {
        Look::Pass | Look::Name(..) => {
            let row = inputs.first().copied().unwrap_or(0);
            let below = usize::from(matches!(item.look, Look::Name(_, Some(_))));
            Extent {
                height: written.max(row + 1 + below),
                inputs,
                outputs: vec![row; item.outputs],
                frame: (row, row),
            }
        }
        Look::Box(_) => {
            let top = inputs.first().map_or(0, |first| first - 1);
            // Room for outputs two rows apart; for one, the middle.
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
