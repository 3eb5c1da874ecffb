//! The graphs of the notebook and of the book's chapter 5.

use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Var};
use retrograde_train::data::{Dataset, Samples};
use retrograde_train::nn::{Mlp, Mode, Model};
use retrograde_train::train::Loss;

/// A named example graph.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its description, in one line.
    pub summary: &'static str,
    /// Records it into a graph; returns the variable to trace.
    pub record: fn(&Graph) -> Result<Var>,
}

/// All examples.
pub static EXAMPLES: &[Example] = &[
    Example {
        name: "apple",
        summary: "Two apples at 100 each with 10 % tax: two multiplications (the book's section 5.4.1).",
        record: |graph| Ok(apple(graph)),
    },
    Example {
        name: "apples-and-oranges",
        summary: "Two apples and three oranges with tax: an addition among multiplications (section 5.4.2).",
        record: |graph| Ok(apples_and_oranges(graph)),
    },
    Example {
        name: "two-layer",
        summary: "The notebook's two-layer network, 784-50-10, and its loss on three digits (section 5.7).",
        record: |graph| two_layer(graph, Dataset::embedded()?.train()),
    },
];

/// The price of two apples: `apple × apple_count × tax`.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::{Graph, view};
///
/// let price = view::apple(&Graph::new());
/// assert_eq!(price.value()?.scalar()?, 220.00000000000003);
/// # Ok(())
/// # }
/// ```
pub fn apple(graph: &Graph) -> Var {
    let apple = graph.parameter("apple", 100.0);
    let count = graph.parameter("apple_count", 2.0);
    let tax = graph.parameter("tax", 1.1);
    let apple_price = (apple * count).named("apple_price");
    (apple_price * tax).named("price")
}

/// The price of two apples and three oranges: `(apple × apple_count + orange × orange_count) × tax`.
pub fn apples_and_oranges(graph: &Graph) -> Var {
    let apple = graph.parameter("apple", 100.0);
    let apple_count = graph.parameter("apple_count", 2.0);
    let orange = graph.parameter("orange", 150.0);
    let orange_count = graph.parameter("orange_count", 3.0);
    let tax = graph.parameter("tax", 1.1);
    let apple_price = (apple * apple_count).named("apple_price");
    let orange_price = (orange * orange_count).named("orange_price");
    let fruit_price = (apple_price + orange_price).named("fruit_price");
    (fruit_price * tax).named("price")
}

/// The loss of the notebook's two-layer network, untrained, on the first three of these samples.
pub fn two_layer(graph: &Graph, samples: &Samples) -> Result<Var> {
    let net = Mlp::new([samples.row_len(), 50, samples.outputs()]).build()?;
    loss_of(graph, &net, samples, &Loss::default())
}

/// The description of [`loss_of`].
pub const LOSS_OF: &str = "its loss on three rows";

/// The loss of a model on the first three of these samples. Errors if the model takes other rows or has other outputs.
pub fn loss_of(graph: &Graph, net: &impl Model, samples: &Samples, loss: &Loss) -> Result<Var> {
    let rows: Vec<u32> = (0..samples.len().min(3) as u32).collect();
    loss.of_model(graph, net, &samples.select(&rows)?, Mode::Train)
}
