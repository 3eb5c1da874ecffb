//! The gradient of the loss by each block of parameters: element by element on all cores, or along a random direction.

use super::super::numerical::{Differences, Slope};
use super::super::{Comparison, Verdict};
use super::downstream::{DownstreamGraph, Runner};
use super::evaluation::Evaluation;
use super::judge::{Measured, detection_limit, judge};
use super::node::weight;
use super::rounding::Rounding;
use super::values::{InputValues, Values, dependent};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::Var;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of elements in one work item of a thread.
const PIECE: usize = 64;

/// The approximate number of values computed for all perturbed elements of a block: half a second of work.
const AFFORDABLE: usize = 1 << 25;

/// The smallest number of perturbed elements of a block.
const LEAST: usize = 256;

/// The number of elements of a block that are perturbed one by one within the time limit, by the amount of computation
/// downstream of the block.
pub(super) fn affordable(values: &Values, block: &Var) -> usize {
    let downstream = dependent(&values.nodes, |node| node.id == block.id());
    let nodes = values
        .nodes
        .iter()
        .zip(downstream)
        .filter(|(node, is_downstream)| *is_downstream && node.id != block.id());
    let computed: usize = nodes.map(|(node, _)| node.value_type.shape.elements()).sum();
    (AFFORDABLE / computed.max(1)).max(LEAST)
}

/// The slopes of the loss by some elements of a block, on `threads` threads; the result does not depend on their number.
/// `known` is the absolute rounding of a value of the loss and of a claimed gradient.
pub(super) fn measure(
    values: &Values,
    loss: &Var,
    (block, claimed): (&Var, &[f64]),
    elements: Vec<usize>,
    (floor, rounding): (f64, f64),
    threads: usize,
) -> Result<Measured> {
    let differences = Differences::double();
    let Some(part) = DownstreamGraph::new(values, loss, block)? else {
        // The loss does not depend on it.
        let at = values.of(block)?.values();
        let slopes = elements.iter().map(|&element| differences.slope(|_| 0.0, at[element])).collect();
        return Ok(Measured::new(claimed.to_vec(), elements, slopes, rounding));
    };
    let (next, pieces) = (AtomicUsize::new(0), elements.len().div_ceil(PIECE));
    let done: Mutex<Vec<(usize, Vec<Slope>)>> = Mutex::new(Vec::new());
    let work = || -> Result<()> {
        let mut runner: Option<Runner<'_>> = None;
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            let Some(elements) = elements.chunks(PIECE).nth(piece) else {
                return Ok(());
            };
            let runner = match &mut runner {
                Some(runner) => runner,
                none => none.insert(part.runner()?),
            };
            let slope = |&element: &usize| runner.slope(&differences, element, Some(claimed[element]), floor);
            let slopes = elements.iter().map(slope).collect();
            done.lock().map_err(|_| stopped())?.push((piece, slopes));
        }
    };
    let helpers = threads.min(pieces).saturating_sub(1);
    std::thread::scope(|scope| -> Result<()> {
        let helpers: Vec<_> = (0..helpers).map(|_| scope.spawn(work)).collect();
        let own = work();
        helpers.into_iter().try_for_each(|helper| helper.join().map_err(|_| stopped())?)?;
        own
    })?;
    let mut done = done.into_inner().map_err(|_| stopped())?;
    done.sort_by_key(|(piece, _)| *piece);
    let slopes = done.into_iter().flat_map(|(_, slopes)| slopes).collect();
    Ok(Measured::new(claimed.to_vec(), elements, slopes, rounding))
}

fn stopped() -> Error {
    Error::invalid("a check", "an operation panicked", "fix the panic of the operation")
}

/// The comparison of a block along a random direction.
pub(super) struct Along {
    pub(super) claimed: f64,
    pub(super) slope: Slope,
    pub(super) verdict: Verdict,
    /// The smallest mistake that the comparison detects, relative to the block's gradient.
    pub(super) detection_limit: f64,
}

impl Along {
    /// The direction as a block of one element.
    pub(super) fn comparison(&self, name: &str, verdict: Verdict) -> Comparison {
        let numeric = if self.slope.is_smooth() { self.slope.value } else { f64::NAN };
        Comparison::new(name, &[], &[self.claimed], &[numeric], verdict)
    }
}

/// The slopes of the loss along one random direction for each block, and along all of them together, which comes last. They
/// take a few runs each, whatever the size of the blocks. `known` is as for [`measure`], by block.
pub(super) fn along(
    values: &Values,
    given: &InputValues,
    loss: &Var,
    (blocks, claims): (&[Var], &[Vec<f64>]),
    known: &Rounding,
    seed: u64,
) -> Result<Vec<Along>> {
    let mut of_loss = Evaluation::new(std::slice::from_ref(loss), blocks, given)?;
    let starts = values.of_all(blocks)?;
    of_loss.run(&starts)?;
    let middle = of_loss.read(0)?[0];
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let directions: Vec<Vec<f64>> =
        claims.iter().map(|claim| claim.iter().map(|_| weight(&mut random)).collect()).collect();
    let mut found = Vec::new();
    let mut moved = starts.clone();
    for only in (0..blocks.len()).map(Some).chain([None]) {
        let moving: Vec<usize> =
            (0..blocks.len()).filter(|&block| only.is_none_or(|only| only == block)).collect();
        let products = moving.iter().flat_map(|&block| claims[block].iter().zip(&directions[block]));
        let (claimed, squares) = products.fold((0.0, 0.0), |(sum, squares), (claim, along)| {
            (sum + claim * along, squares + (claim * along) * (claim * along))
        });
        let rounding: f64 = (moving.iter())
            .map(|&block| 2.0 * (claims[block].len() as f64).sqrt() * known.gradient(block))
            .sum();
        let mut move_to = |t: f64| {
            for &block in &moving {
                let parts = starts[block].iter().zip(&directions[block]);
                moved[block].iter_mut().zip(parts).for_each(|(x, (at, along))| *x = at + t * along);
            }
            let value = of_loss.run(&moved).and_then(|()| Ok(of_loss.read(0)?[0]));
            value.unwrap_or(f64::NAN)
        };
        let slope = Differences::double().slope_above(&mut move_to, 0.0, middle, known.value, Some(claimed));
        move_to(0.0);
        let length = squares.sqrt();
        let (verdict, detection_limit) =
            (judge(claimed, &slope, length, rounding), detection_limit(&slope, length, rounding));
        found.push(Along { claimed, slope, verdict, detection_limit });
    }
    Ok(found)
}
