//! The gradient of the loss by its blocks, compared with differences of the loss: it decides whether a graph is wrong.

use super::super::numerical::sample;
use super::super::report::ALL_TOGETHER;
use super::super::{Comparison, Verdict};
use super::blocks::{self, Along};
use super::judge::Measured;
use super::rounding::{Rounding, elsewhere};
use super::values::{InputValues, Values};
use super::{GraphCheck, Options, claims};
use retrograde_base::error::Result;
use retrograde_core::graph::{NodeId, Var, ancestors};
use std::collections::HashSet;

/// The number of elements of a block compared at other values of the parameters, besides a random direction.
pub(super) const ELSEWHERE: usize = 64;

/// A loss with its claimed gradients.
pub(super) struct CheckedLoss<'a> {
    pub(super) options: Options,
    pub(super) loss: &'a Var,
    pub(super) blocks: &'a [Var],
    /// The suffix of the blocks' names.
    pub(super) title: &'a str,
    /// By block, the claimed gradient: the user's own, or the recorded one.
    pub(super) claims: Vec<Var>,
    /// By block, the gradient recorded by backpropagation.
    pub(super) recorded: Vec<Var>,
    /// The absolute rounding of a value of the loss, if known.
    pub(super) floor: f64,
}

/// Values of the parameters, and the values computed from them.
pub(super) struct Point {
    pub(super) values: Values,
    pub(super) given: InputValues,
    /// By block, the claimed gradient here.
    pub(super) claims: Vec<Vec<f64>>,
}

/// The comparison of a block, or of a direction through all of them.
#[derive(Clone)]
pub(super) struct Compared {
    pub(super) comparison: Comparison,
    /// The differences, if it was compared element by element.
    pub(super) measured: Option<Measured>,
    /// The smallest mistake that the comparison detects, relative to the block's largest element.
    pub(super) detection_limit: f64,
    /// The number of perturbed elements.
    pub(super) moved: usize,
    /// Whether it was compared at other values than the given ones.
    pub(super) elsewhere: bool,
}

impl Compared {
    pub(super) fn is_wrong(&self) -> bool {
        self.comparison.verdict.is_wrong()
    }

    /// Whether nothing but zeros was compared.
    pub(super) fn is_zero(&self) -> bool {
        let worst = self.comparison.worst.as_ref();
        match &self.measured {
            Some(measured) => measured.is_zero(),
            None => worst.is_none_or(|worst| worst.numeric == 0.0),
        }
    }

    /// Compares other claimed gradients with the same differences.
    pub(super) fn show(&mut self, claimed: &[f64]) {
        let old = &self.comparison;
        if let Some(measured) = &self.measured {
            let shown = Measured { claimed: claimed.to_vec(), ..measured.clone() };
            self.comparison = shown.comparison(&old.block, &old.shape, old.verdict);
        }
    }
}

impl<'a> CheckedLoss<'a> {
    pub(super) fn new(check: &GraphCheck, loss: &'a Var, blocks: &'a [Var], title: &'a str) -> Result<Self> {
        let recorded = claims::recorded(loss, blocks)?;
        let claims = claims::given(blocks, &check.claims, &recorded)?;
        Ok(CheckedLoss { options: check.options, loss, blocks, title, claims, recorded, floor: 0.0 })
    }

    pub(super) fn name(&self, block: usize) -> String {
        format!("{}{}", self.blocks[block].node().label(), self.title)
    }

    /// Whether the user has given the gradient of a block.
    pub(super) fn is_claimed(&self, block: usize) -> bool {
        self.claims[block].id() != self.recorded[block].id()
    }

    /// Whether the claimed gradient of a block holds at other values of the parameters: a constant does not.
    pub(super) fn follows(&self, block: usize) -> Result<bool> {
        if !self.is_claimed(block) {
            return Ok(true);
        }
        let blocks: HashSet<NodeId> = self.blocks.iter().map(Var::id).collect();
        let nodes = ancestors(self.loss.graph(), &[self.claims[block].id()])?;
        Ok(nodes.iter().any(|node| blocks.contains(&node.id)))
    }

    /// The claimed gradients at these values.
    pub(super) fn at(&self, values: Values, given: InputValues) -> Result<Point> {
        let claims = claims::computed::<f64>(&self.claims, &given)?;
        Ok(Point { values, given, claims })
    }

    /// The same for other values of the blocks; `None` if the loss or a gradient is not finite.
    pub(super) fn at_blocks(&self, point: &Point, blocks: Vec<Vec<f64>>) -> Result<Option<Point>> {
        let given = point.given.with(self.blocks, blocks);
        let there = self.at(Values::new(self.loss, &given)?, given)?;
        let loss = there.values.of(self.loss)?.values();
        let finite = loss.iter().chain(there.claims.iter().flatten()).all(|value| value.is_finite());
        Ok(finite.then_some(there))
    }

    /// Compares all blocks at the given values, and at others if only rounding can be compared.
    pub(super) fn compare(&self, point: &Point) -> Result<Vec<Compared>> {
        let mut rows = self.compare_here(point, None)?;
        self.cover(point, &mut rows)?;
        self.compare_elsewhere(point, &mut rows)?;
        Ok(rows)
    }

    /// Compares blocks at other values if only rounding can be compared at the given ones.
    pub(super) fn compare_elsewhere(&self, point: &Point, rows: &mut [Compared]) -> Result<()> {
        let vague = |rows: &[Compared]| {
            let verdicts = || rows.iter().map(|row| row.comparison.verdict);
            verdicts().any(|verdict| verdict == Verdict::Inconclusive) && !verdicts().any(Verdict::is_wrong)
        };
        if !vague(rows) {
            return Ok(());
        }
        let follows: Vec<bool> =
            (0..self.blocks.len()).map(|block| self.follows(block)).collect::<Result<_>>()?;
        for there in elsewhere(&point.values.of_all(self.blocks)?, self.options.seed) {
            let Some(there) = self.at_blocks(point, there)? else {
                continue;
            };
            let is_open = |row: usize, one: &Compared| {
                let follows = follows.get(row).copied().unwrap_or_else(|| follows.iter().all(|one| *one));
                one.comparison.verdict == Verdict::Inconclusive && follows
            };
            let open: Vec<usize> = (0..rows.len()).filter(|&row| is_open(row, &rows[row])).collect();
            let found = if self.options.directions {
                let all = self.directions(&there)?;
                open.iter().map(|&row| all[row].clone()).collect()
            } else {
                self.numbers(
                    &there,
                    open.clone(),
                    Some(self.options.sample.unwrap_or(ELSEWHERE).min(ELSEWHERE)),
                )?
            };
            for (row, found) in open.into_iter().zip(found) {
                if found.comparison.verdict != Verdict::Inconclusive {
                    rows[row] = Compared { moved: rows[row].moved, elsewhere: true, ..found };
                }
            }
            if !vague(rows) {
                break;
            }
        }
        Ok(())
    }

    /// Compares all blocks at these values, in at most `most` elements of each; without a requested sample, in as many as
    /// fit the time limit.
    pub(super) fn compare_here(&self, point: &Point, most: Option<usize>) -> Result<Vec<Compared>> {
        if self.options.directions {
            return self.directions(point);
        }
        let most = [self.options.sample, most].into_iter().flatten().min();
        self.numbers(point, (0..self.blocks.len()).collect(), most)
    }

    /// Compares each sampled block along a random direction, and all of its elements if it is wrong along it.
    fn cover(&self, point: &Point, rows: &mut [Compared]) -> Result<()> {
        let is_part = |(row, claimed): (&Compared, &Vec<f64>)| row.moved < claimed.len();
        if self.options.directions
            || self.options.sample.is_some()
            || !rows.iter().zip(&point.claims).any(is_part)
        {
            return Ok(());
        }
        for (block, along) in self.directions(point)?.into_iter().enumerate().take(rows.len()) {
            if along.is_wrong() && !rows[block].is_wrong() && is_part((&rows[block], &point.claims[block])) {
                rows[block] = self.numbers(point, vec![block], Some(usize::MAX))?.swap_remove(0);
            }
        }
        Ok(())
    }

    /// Compares some blocks element by element: at most `most` of each, or as many as fit the time limit.
    pub(super) fn numbers(
        &self,
        point: &Point,
        which: Vec<usize>,
        most: Option<usize>,
    ) -> Result<Vec<Compared>> {
        let mut rounding: Option<Rounding> = None;
        let mut rows = Vec::new();
        for block in which {
            let claimed = &point.claims[block];
            let measure = |elements: Vec<usize>, known: (f64, f64)| {
                let what = (&self.blocks[block], claimed.as_slice());
                blocks::measure(&point.values, self.loss, what, elements, known, self.options.threads)
            };
            let most = most.unwrap_or_else(|| blocks::affordable(&point.values, &self.blocks[block]));
            let elements = sample(claimed.len(), most, self.options.seed);
            let moved = elements.len();
            let mut measured = measure(elements, (self.floor, 0.0))?;
            let open = measured.those(|verdict| verdict != Verdict::Right);
            if !open.is_empty() {
                let rounding = match &rounding {
                    Some(known) => known,
                    None => rounding.insert(self.rounding(point)?),
                };
                let known = (rounding.value, rounding.gradient(block));
                measured = measured.again(measure(open, known)?, known.1);
            }
            let shape = self.blocks[block].shape();
            let (verdict, detection_limit) = (measured.verdict(), measured.detection_limit);
            let comparison = measured.comparison(&self.name(block), &shape, verdict);
            let measured = Some(measured);
            rows.push(Compared { comparison, measured, detection_limit, moved, elsewhere: false });
        }
        Ok(rows)
    }

    /// Compares each block along a random direction, and all of them together.
    pub(super) fn directions(&self, point: &Point) -> Result<Vec<Compared>> {
        let names = (0..self.blocks.len()).map(|block| self.name(block));
        let names = names.chain([format!("{ALL_TOGETHER}{}", self.title)]);
        let row = |(name, along): (String, Along)| {
            let comparison = along.comparison(&name, along.verdict);
            Compared {
                comparison,
                measured: None,
                detection_limit: along.detection_limit,
                moved: 0,
                elsewhere: false,
            }
        };
        Ok(names.zip(self.along(point)?).map(row).collect())
    }

    /// The same as the slopes are; of all blocks together comes last.
    pub(super) fn along(&self, point: &Point) -> Result<Vec<Along>> {
        let along = |known: &Rounding| {
            let what = (self.blocks, point.claims.as_slice());
            blocks::along(&point.values, &point.given, self.loss, what, known, self.options.seed)
        };
        let all = along(&Rounding { value: self.floor, ..Rounding::default() })?;
        if all.iter().all(|one| one.verdict == Verdict::Right) {
            Ok(all)
        } else {
            along(&self.rounding(point)?)
        }
    }

    fn rounding(&self, point: &Point) -> Result<Rounding> {
        let what = (self.blocks, self.recorded.as_slice());
        let found = Rounding::of_loss(&point.values, &point.given, self.loss, what, self.options.seed)?;
        Ok(Rounding { value: found.value.max(self.floor), ..found })
    }
}

/// The verdict of the loss gradient: blocks that could not be compared are inconclusive only if all are.
pub(super) fn verdict(rows: &[Compared]) -> Verdict {
    let verdicts = || rows.iter().map(|row| row.comparison.verdict);
    let compared = verdicts().any(|verdict| verdict != Verdict::Inconclusive);
    Verdict::of_all(verdicts().filter(|verdict| !compared || *verdict != Verdict::Inconclusive))
}
