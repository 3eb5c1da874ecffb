//! Figures of random graphs read back by following their lines, as a learner does.

use proptest::prelude::*;
use retrograde::view::Explain;
use retrograde::view::{self, Diagram, Style};
use retrograde::{Graph, Var};
use std::collections::{BTreeSet, HashSet};

/// An edge as it is drawn: from, to, the value above and the gradient below.
type Drawn = (String, String, String, String);

/// A figure of scalars read back as a learner does: from each arrow's head along its line to where it comes from.
struct Reader {
    rows: Vec<Vec<char>>,
}

impl Reader {
    fn at(&self, row: usize, column: usize) -> char {
        self.rows.get(row).and_then(|row| row.get(column)).copied().unwrap_or(' ')
    }

    fn edges(&self) -> BTreeSet<Drawn> {
        let mut edges = BTreeSet::new();
        for (row, letters) in self.rows.iter().enumerate() {
            for (column, _) in letters.iter().enumerate().filter(|(_, letter)| **letter == '▶') {
                let number = |row: usize| {
                    let before: String = (0..column).map(|at| self.at(row, at)).collect();
                    before.split_whitespace().last().unwrap_or_default().to_string()
                };
                let to = match self.at(row, column + 1) {
                    '│' => self.framed(row, column + 1, true),
                    _ => letters[column + 1..].iter().collect::<String>().trim().to_string(),
                };
                edges.insert((self.source(row, column), to, number(row - 1), number(row + 1)));
            }
        }
        edges
    }

    /// The label of the box with a side here.
    fn framed(&self, row: usize, side: usize, is_left: bool) -> String {
        let [top, bottom] = [['╭', '╮'], ['╰', '╯']].map(|corners| corners[usize::from(!is_left)]);
        let top = (0..row).rev().find(|&row| self.at(row, side) == top).expect("a box has a top");
        let bottom =
            (row..self.rows.len()).find(|&row| self.at(row, side) == bottom).expect("a box has a bottom");
        let across: Vec<usize> = if is_left {
            (side + 1..).collect_until(self, top)
        } else {
            (0..side).rev().collect_until(self, top)
        };
        let inside = (top + 1..bottom).flat_map(|row| across.iter().map(move |&column| self.at(row, column)));
        let label: String = inside.filter(|letter| letter.is_alphanumeric()).collect();
        if is_left { label } else { label.chars().rev().collect() }
    }

    /// The start of the line that ends here; there must be exactly one.
    fn source(&self, row: usize, column: usize) -> String {
        // Steps as (rows, columns): right, down, left, up.
        const STEPS: [(isize, isize); 4] = [(0, 1), (1, 0), (0, -1), (-1, 0)];
        let opens = |letter: char| -> [bool; 4] {
            match letter {
                '─' | '▶' => [true, false, true, false],
                '│' => [false, true, false, true],
                '╭' => [true, true, false, false],
                '╮' => [false, true, true, false],
                '╰' => [true, false, false, true],
                '╯' => [false, false, true, true],
                '┼' | '●' => [true; 4],
                '├' => [true, false, false, false],
                _ => [false; 4],
            }
        };
        let (mut seen, mut sources) = (HashSet::new(), BTreeSet::new());
        let mut walk = vec![(row, column - 1, 2)];
        while let Some((row, column, heading)) = walk.pop() {
            if !seen.insert((row, column, heading)) {
                continue;
            }
            let letter = self.at(row, column);
            let back = (heading + 2) % 4;
            match letter {
                '▶' => continue,
                '├' if heading == 2 => {
                    sources.insert(self.framed(row, column, false));
                    continue;
                }
                ' ' if heading == 2 => {
                    let name: String = (0..column).map(|at| self.at(row, at)).collect();
                    sources
                        .insert(name.split_whitespace().last().expect("a line starts at a name").to_string());
                    continue;
                }
                _ => {}
            }
            assert!(opens(letter)[back], "the line breaks off at `{letter}` in row {row}, column {column}");
            for (way, &(rows, columns)) in STEPS.iter().enumerate() {
                let (row, column) = (row.wrapping_add_signed(rows), column.wrapping_add_signed(columns));
                let goes_on = match letter {
                    '┼' => way == heading,
                    // A joint has as many arms as lines touch it.
                    '●' => way != back && opens(self.at(row, column))[(way + 2) % 4],
                    _ => way != back && opens(letter)[way],
                };
                if goes_on {
                    walk.push((row, column, way));
                }
            }
        }
        assert_eq!(sources.len(), 1, "one value a line: {sources:?}");
        sources.pop_first().expect("there is one")
    }
}

/// Columns along a frame's top up to its other corner.
trait CollectUntil {
    fn collect_until(self, reader: &Reader, top: usize) -> Vec<usize>;
}

impl<I: Iterator<Item = usize>> CollectUntil for I {
    fn collect_until(self, reader: &Reader, top: usize) -> Vec<usize> {
        self.take_while(|&column| reader.at(top, column) == '─').collect()
    }
}

/// A number as figures write it.
fn written(number: f64) -> String {
    if number != 0.0 && number.is_finite() && !(1e-5..1e16).contains(&number.abs()) {
        format!("{number:e}")
    } else {
        number.to_string()
    }
}

/// The edges as the trace has them.
fn edges(diagram: &Diagram) -> BTreeSet<Drawn> {
    let label = |block: usize| diagram.blocks[block].label.clone();
    let edge = |wire: &view::Wire| {
        let gradient = wire.gradient.as_ref().and_then(|gradient| gradient.scalar().ok());
        let [value, gradient] =
            [wire.value.scalar(), gradient].map(|number| written(number.expect("a scalar")));
        (label(wire.from), label(wire.to), value, gradient)
    };
    diagram.wires.iter().map(edge).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Random graphs of sums and products, each in a scope of its own so that its box has a name.
    #[test]
    fn figures_read_back_as_their_graphs(
        leaves in 1..5_usize,
        steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..20),
    ) {
        let graph = Graph::new();
        let numbers = [1.0, -2.0, 0.5, -1.0, 3.0];
        let mut vars: Vec<Var> = (0..leaves).map(|i| graph.parameter(&format!("x{i}"), numbers[i])).collect();
        for (number, (is_sum, a, b)) in steps.iter().enumerate() {
            let (a, b) = (a.get(&vars).clone(), b.get(&vars).clone());
            vars.push(graph.scope(&format!("n{number}"), || if *is_sum { a + b } else { a * b * 0.5 }));
        }
        let last = vars.pop().expect("there is a step").named("loss");
        let name = last.name().expect("it was named");
        let trace = last.trace().expect("it can be traced");
        let diagram = Diagram::folded(&trace);
        let figure = trace.text(Style { width: 10_000, ..Style::default() });
        prop_assert!(figure.contains(&format!("▶ {name}")), "{figure}");
        let reader = Reader { rows: figure.lines().map(|line| line.chars().collect()).collect() };
        prop_assert_eq!(reader.edges(), edges(&diagram), "\n{}", figure);
        // In bands, no line is wider than the terminal; in a table, all numbers are there.
        let narrow = trace.text(Style { width: 80, ..Style::default() });
        let table = trace.listing(Style::default());
        let widest = narrow.lines().map(|line| line.chars().count()).max();
        prop_assert!(narrow == table || widest <= Some(80), "{}", narrow);
        for (_, _, value, gradient) in edges(&diagram) {
            prop_assert!(table.contains(&value), "{value}\n{table}");
            // The table lists each edge where a folded box has their sum.
            let is_told = narrow == table || narrow.contains(&gradient);
            prop_assert!(narrow.contains(&value) && is_told, "{value} {gradient}\n{narrow}");
        }
    }
}
