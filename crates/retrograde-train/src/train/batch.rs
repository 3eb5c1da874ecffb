//! The batch of a plan: how rows of samples enter a recorded graph.
//!
//! Bytes are gathered inside the plan, from a table that all plans share: the batch of a step is then a list of rows. Real
//! numbers, and weights, are inputs that get the values of each batch: a plan holds no copy of the table.

use crate::data::{Features, MAX_PIXEL, Matrix, Samples, Targets};
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Tensor, Var};
use retrograde_core::kernel::Real;
use retrograde_core::plan::Plan;

/// A recorded batch of samples.
#[derive(Debug)]
pub(super) struct Batch {
    /// The features, `[rows, features]`.
    pub(super) x: Var,
    /// The targets: class indices `[rows]`, or `[rows, outputs]`.
    pub(super) targets: Var,
    /// The weights, `[rows]`, if the samples have weights.
    pub(super) weights: Option<Var>,
    /// The rows of bytes to gather, and those of the next batch, which is prefetched.
    pub(super) rows: Option<Var>,
    pub(super) next_rows: Option<Var>,
    /// Reused for each batch, so that a step does not allocate.
    numbers: Vec<f64>,
    labels: Vec<u32>,
}

impl Batch {
    /// Records a batch of `size` rows.
    pub(super) fn record(graph: &Graph, samples: &Samples, size: usize, prefetches: bool) -> Self {
        let (count, width) = (samples.len(), samples.row_len());
        let (mut rows, mut next_rows) = (None, None);
        let (x, targets) = match (samples.features(), samples.targets()) {
            (Features::Bytes { values, .. }, targets) => {
                let gathered = graph.index_input("rows", [size]);
                next_rows = prefetches.then(|| graph.index_input("next_rows", [size]));
                let images = graph.bytes("images", [count, width], values, 1.0 / MAX_PIXEL);
                let recorded = match targets {
                    Targets::Classes { labels, .. } => {
                        let labels = graph.indices("labels", [count], labels.clone());
                        let x = images.gather_rows(&gathered).named("x");
                        (x, labels.gather_rows(&gathered).named("t"))
                    }
                    Targets::Reals(rows) => {
                        (images.gather_rows(&gathered).named("x"), graph.input("t", [size, rows.shape()[1]]))
                    }
                };
                rows = Some(gathered);
                recorded
            }
            (Features::Reals(_), Targets::Classes { .. }) => {
                (graph.input("x", [size, width]), graph.index_input("t", [size]))
            }
            (Features::Reals(_), Targets::Reals(rows)) => {
                (graph.input("x", [size, width]), graph.input("t", [size, rows.shape()[1]]))
            }
        };
        let weights = samples.weights().map(|_| graph.input("weights", [size]));
        Batch { x, targets, weights, rows, next_rows, numbers: Vec::new(), labels: Vec::new() }
    }

    /// Gives a plan the batch of these rows, as many as were recorded.
    pub(super) fn set<T: Real>(&mut self, plan: &mut Plan<T>, samples: &Samples, rows: &[u32]) -> Result<()> {
        match (&self.rows, samples.features()) {
            (Some(gathered), _) => plan.set_indices(gathered, rows)?,
            (None, Features::Reals(matrix)) => set_rows(plan, &self.x, matrix, rows, &mut self.numbers)?,
            // Bytes are always gathered.
            (None, Features::Bytes { .. }) => {}
        }
        match samples.targets() {
            Targets::Classes { .. } if self.rows.is_some() => {}
            Targets::Classes { labels, .. } => {
                self.labels.clear();
                self.labels.extend(rows.iter().map(|row| labels[*row as usize]));
                plan.set_indices(&self.targets, &self.labels)?;
            }
            Targets::Reals(matrix) => set_rows(plan, &self.targets, matrix, rows, &mut self.numbers)?,
        }
        if let (Some(input), Some(weights)) = (&self.weights, samples.weights()) {
            self.numbers.clear();
            self.numbers.extend(rows.iter().map(|row| weights[*row as usize]));
            plan.set(input, &self.numbers)?;
        }
        Ok(())
    }
}

fn set_rows<T: Real>(
    plan: &mut Plan<T>,
    input: &Var,
    matrix: &Matrix,
    rows: &[u32],
    numbers: &mut Vec<f64>,
) -> Result<()> {
    numbers.resize(rows.len() * matrix.shape()[1], 0.0);
    matrix.copy_rows(rows, numbers);
    plan.set(input, numbers)
}

/// Records all rows of samples as constants: the features `[rows, features]`, the targets, and the weights.
pub(super) fn record_constants(graph: &Graph, samples: &Samples) -> Result<(Var, Var, Option<Var>)> {
    let rows = samples.len();
    let x = Tensor::new([rows, samples.row_len()], samples.features().values().into_owned())?;
    let x = graph.constant(x).named("x");
    let targets = match samples.targets() {
        Targets::Classes { labels, .. } => graph.indices("t", [rows], labels.clone()),
        Targets::Reals(matrix) => {
            graph.constant(Tensor::new(matrix.shape(), matrix.values().to_vec())?).named("t")
        }
    };
    let weights = samples.weights().map(|weights| graph.constant(Tensor::from(weights)).named("weights"));
    Ok((x, targets, weights))
}
