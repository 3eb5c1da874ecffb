//! The glass box: a graph with every value and every gradient, as text, SVG, DOT, JSON or a page.
//!
//! A [`Tracer`] runs a graph forward and backward and keeps every number: the [`Trace`], nodes and edges with their values
//! and gradients. A [`Diagram`] is the drawn part of it: layers are folded into boxes. [`Trace::text`] draws it as the
//! book's figure for a terminal. [`Explain::explain`] combines the figure and the chain rule with its numbers.
//!
//! This crate computes no gradient and names no operation: numbers come from the run, symbols and formulas from the
//! [list of operations](retrograde_core::ops::ALL).

mod diagram;
mod document;
mod dot;
mod explain;
mod heat_map;
mod html;
mod layout;
mod notebook;
mod page;
mod prediction;
mod profile;
#[cfg(feature = "report")]
pub mod report;
mod scene;
mod steps;
mod summary;
mod svg;
mod text;
mod thumbnail;
mod trace;

pub use diagram::{Block, BlockKind, Diagram, Wire};
pub use explain::Explanation;
pub use heat_map::{HeatMap, Shades};
pub use notebook::{EXAMPLES, Example, LOSS_OF, apple, apples_and_oranges, loss_of, two_layer};
pub use prediction::{InputContribution, PredictionExplanation, UnitContribution};
pub use profile::profile;
pub use retrograde_base::file_signature::FileSignature;
pub use summary::Summary;
pub use text::Style;
pub use trace::{Intermediate, NodeKind, Trace, TracedEdge, TracedNode, Tracer, Value};

use retrograde_base::error::{ErrorKind, Result};
use retrograde_base::files::write_whole;
use retrograde_core::graph::Var;
use std::path::Path;

/// Writes a drawing into a file, completely or not at all; an existing file is replaced.
pub fn save(path: impl AsRef<Path>, drawing: &str) -> Result<()> {
    write_whole(path.as_ref(), drawing.as_bytes())
}

/// Returns an error if a drawing cannot be written to this path, as far as that is visible without writing: the path is a
/// directory, or its directory is missing or read-only.
pub fn must_be_writable(path: impl AsRef<Path>) -> Result<()> {
    retrograde_base::files::must_be_writable(path.as_ref())
}

/// Views of the graph of a [`Var`].
pub trait Explain {
    /// Runs this scalar's graph forward and backward and keeps every number. Parameters have their initial values, whatever
    /// a plan has trained: [`Graph::set_parameters_from`](retrograde_core::Graph::set_parameters_from) makes those of a
    /// plan the initial ones. [`Tracer`] also sets inputs.
    #[track_caller]
    fn trace(&self) -> Result<Trace>;

    /// The book's figure of this scalar's graph, and the chain rule with its numbers, as printable text. Parameters have
    /// their initial values, as in [`trace`](Self::trace).
    ///
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::prelude::*;
    ///
    /// let graph = Graph::new();
    /// let (apple, count) = (graph.parameter("apple", 100.0), graph.parameter("count", 2.0));
    /// let explanation = (apple * count).named("price").explain()?.to_string();
    /// assert!(explanation.contains("∂apple = g × count = 1 × 2 = 2"), "{explanation}");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    fn explain(&self) -> Result<Explanation>;
}

impl Explain for Var {
    #[track_caller]
    fn trace(&self) -> Result<Trace> {
        Tracer::new(self).trace().map_err(|error| match error.kind() {
            ErrorKind::MissingValue => {
                error.with_help("use `Tracer`, and its `set` or `set_indices` for inputs")
            }
            _ => error,
        })
    }

    #[track_caller]
    fn explain(&self) -> Result<Explanation> {
        self.trace().map(Explanation::new)
    }
}
