//! The batch of a plan: how rows of samples enter a recorded graph.
//!
//! Bytes are gathered inside the plan, from a table that all plans share: the batch of a step is then a list of rows. Real
//! numbers, tokens and weights are inputs that get the values of each batch: a plan holds no copy of the table. So are rows that stay
//! in a file; those of the next batch are read ahead.

use crate::data::{Features, MAX_PIXEL, Matrix, ReadAhead, Samples, Targets};
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Tensor, Var};
use retrograde_core::kernel::Real;
use retrograde_core::plan::Plan;

/// A recorded batch of samples.
#[derive(Debug)]
pub(super) struct Batch {
    /// The features, `[rows, features]`; tokens are indices.
    pub(super) x: Var,
    /// The targets: class indices `[rows]`, `[rows, outputs]`, or tokens `[rows · positions]`.
    pub(super) targets: Var,
    /// The weights, `[rows]`, if the samples have weights.
    pub(super) weights: Option<Var>,
    /// The rows of bytes to gather, and those of the next batch, which is prefetched.
    pub(super) rows: Option<Var>,
    pub(super) next_rows: Option<Var>,
    /// Reads rows that stay in a file, from the first that are read ahead on.
    ahead: Option<ReadAhead>,
    /// Reused for each batch, so that a step does not allocate.
    bytes: Vec<u8>,
    numbers: Vec<f64>,
    indices: Vec<u32>,
}

impl Batch {
    /// Records a batch of `size` rows.
    pub(super) fn record(graph: &Graph, samples: &Samples, size: usize, prefetches: bool) -> Self {
        let (count, width) = (samples.len(), samples.row_len());
        let (mut rows, mut next_rows) = (None, None);
        let x = match samples.features() {
            Features::Bytes { values, .. } => {
                let gathered = graph.index_input("rows", [size]);
                next_rows = prefetches.then(|| graph.index_input("next_rows", [size]));
                let images = graph.bytes("images", [count, width], values, 1.0 / MAX_PIXEL);
                let x = images.gather_rows(&gathered).named("x");
                rows = Some(gathered);
                x
            }
            Features::Reals(_) | Features::Stored(_) => graph.input("x", [size, width]),
            Features::Tokens(_) => graph.index_input("x", [size, width]),
        };
        let targets = match (samples.targets(), &rows) {
            (Targets::Classes { labels, .. }, Some(rows)) => {
                graph.indices("labels", [count], labels.clone()).gather_rows(rows).named("t")
            }
            (Targets::Classes { .. }, None) => graph.index_input("t", [size]),
            (Targets::Reals(rows), _) => graph.input("t", [size, rows.shape()[1]]),
            (Targets::NextTokens { windows, .. }, _) => graph.index_input("t", [size * windows.context()]),
        };
        let weights = samples.weights().map(|_| graph.input("weights", [size]));
        Batch {
            x,
            targets,
            weights,
            rows,
            next_rows,
            ahead: None,
            bytes: Vec::new(),
            numbers: Vec::new(),
            indices: Vec::new(),
        }
    }

    /// Gives a plan the batch of these rows, as many as were recorded. Windows of tokens move by `shift` tokens.
    pub(super) fn set<T: Real>(
        &mut self,
        plan: &mut Plan<T>,
        samples: &Samples,
        rows: &[u32],
        shift: usize,
    ) -> Result<()> {
        match (&self.rows, samples.features()) {
            (Some(gathered), _) => plan.set_indices(gathered, rows)?,
            (None, Features::Reals(matrix)) => set_rows(plan, &self.x, matrix, rows, &mut self.numbers)?,
            (None, Features::Tokens(windows)) => {
                self.indices.clear();
                self.indices.extend(rows.iter().flat_map(|&row| windows.tokens(row as usize, shift)));
                plan.set_indices(&self.x, &self.indices)?;
            }
            (None, Features::Stored(stored)) => {
                let ahead = self.ahead.as_mut().map(|ahead| ahead.take(rows)).transpose()?.flatten();
                if let Some(numbers) = ahead {
                    plan.set(&self.x, numbers)?;
                } else {
                    stored.read_into::<T>(rows, &mut self.bytes, &mut self.numbers)?;
                    plan.set(&self.x, &self.numbers)?;
                }
            }
            // Bytes are always gathered.
            (None, Features::Bytes { .. }) => {}
        }
        match samples.targets() {
            Targets::Classes { .. } if self.rows.is_some() => {}
            Targets::Classes { labels, .. } => {
                self.indices.clear();
                self.indices.extend(rows.iter().map(|row| labels[*row as usize]));
                plan.set_indices(&self.targets, &self.indices)?;
            }
            Targets::NextTokens { windows, .. } => {
                self.indices.clear();
                self.indices.extend(rows.iter().flat_map(|&row| windows.next_tokens(row as usize, shift)));
                plan.set_indices(&self.targets, &self.indices)?;
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

    /// Begins to read these rows, which [`set`](Self::set) will set next, if they stay in a file.
    pub(super) fn read_ahead<T: Real>(&mut self, samples: &Samples, rows: &[u32]) {
        if let Features::Stored(stored) = samples.features() {
            self.ahead.get_or_insert_with(|| ReadAhead::new::<T>(stored.clone())).ask(rows);
        }
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
    let samples = &samples.in_memory()?;
    let rows = samples.len();
    let shape = [rows, samples.row_len()];
    let x = match samples.features() {
        Features::Tokens(windows) => {
            let tokens: Vec<u32> = (0..rows).flat_map(|row| windows.tokens(row, 0)).copied().collect();
            graph.indices("x", shape, tokens)
        }
        features => graph.constant(Tensor::new(shape, features.values().into_owned())?).named("x"),
    };
    let targets = match samples.targets() {
        Targets::Classes { labels, .. } => graph.indices("t", [rows], labels.clone()),
        Targets::Reals(matrix) => {
            graph.constant(Tensor::new(matrix.shape(), matrix.values().to_vec())?).named("t")
        }
        Targets::NextTokens { windows, .. } => {
            let tokens: Vec<u32> = (0..rows).flat_map(|row| windows.next_tokens(row, 0)).copied().collect();
            graph.indices("t", [tokens.len()], tokens)
        }
    };
    let weights = samples.weights().map(|weights| graph.constant(Tensor::from(weights)).named("weights"));
    Ok((x, targets, weights))
}
