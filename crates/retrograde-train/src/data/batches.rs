//! The rows of the batch of each step.
//!
//! A batch is a pure function of the seed and the step. No generator state has to be saved: a training resumed at step k
//! samples the same batches, bit for bit, from its seed and k.
//!
//! **With replacement** (as `np.random.choice(train_size, batch_size)`): each row of the batch is uniform over all rows and
//! independent of the others. The generator of step k is seeded by (seed, k).
//!
//! **Without replacement**: the rows are shuffled once per epoch, and the epochs form one endless stream. Step k takes the
//! elements k·batch to (k + 1)·batch − 1 of it. Every row occurs exactly once per epoch, every batch is full, and no row is
//! dropped: a batch may contain the last rows of an epoch and the first rows of the next. The generator of epoch e is
//! seeded by (seed, e).
//!
//! **The bits** are specified by this file and not by the version of a library: Xoshiro256++, seeded by SplitMix64 from a
//! mix of seed, purpose and index; Lemire's method maps its upper 32 bits to a row without bias; the shuffle is Fisher and
//! Yates's. For one seed and purpose the mix is a bijection of the index, so that no two steps share a generator.
//!
//! Sources: D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators", 2021; G. Steele, D. Lea and
//! C. Flood, "Fast splittable pseudorandom number generators", 2014; D. Lemire, "Fast random integer generation in an
//! interval", 2019.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use retrograde_base::{Error, Result};

/// Sampling of batches with or without replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sampling {
    /// Each row of a batch is drawn from all rows, as in the notebook.
    #[default]
    WithReplacement,
    /// Shuffled passes over the rows: every row exactly once per epoch.
    WithoutReplacement,
}

impl Sampling {
    /// The name, which is part of checkpoints: `WithReplacement` or `WithoutReplacement`.
    pub fn name(self) -> &'static str {
        match self {
            Sampling::WithReplacement => "WithReplacement",
            Sampling::WithoutReplacement => "WithoutReplacement",
        }
    }
}

/// Samples the rows of the batch of each step.
///
/// # Examples
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::{Batches, Sampling};
///
/// let mut batches = Batches::new(4000, 100, Sampling::WithReplacement, 0)?;
/// let mut rows = [0; 100];
/// batches.draw(7, &mut rows)?;
///
/// // The batch of step 7 does not depend on earlier draws.
/// let mut again = [0; 100];
/// Batches::new(4000, 100, Sampling::WithReplacement, 0)?.draw(7, &mut again)?;
/// assert_eq!(rows, again);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Batches {
    rows: u32,
    batch: usize,
    seed: u64,
    order: RowOrder,
}

#[derive(Debug, Clone)]
enum RowOrder {
    /// With replacement.
    Independent,
    /// Without replacement: the rows in the order of `epoch`, if they have been shuffled.
    Shuffled { order: Vec<u32>, epoch: Option<u64> },
}

/// The purposes of generators: different purposes give unrelated generators for the same seed.
const PURPOSE_BATCH: u64 = 1;
const PURPOSE_SHUFFLE: u64 = 2;
const PURPOSE_SHIFT: u64 = 3;

impl Batches {
    /// Batches of `batch` rows out of `rows`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are no rows or more than 2³² − 1, if the batch is empty, or if it is larger than the data
    /// and sampled without replacement.
    pub fn new(rows: usize, batch: usize, sampling: Sampling, seed: u64) -> Result<Self> {
        let Ok(count) = u32::try_from(rows) else {
            return Err(Error::invalid(
                "number of rows",
                format!("{rows} is too large"),
                "give at most 4294967295 rows",
            ));
        };
        if rows == 0 {
            return Err(Error::invalid("number of rows", "it is 0", "give data with at least one row"));
        }
        if batch == 0 {
            return Err(Error::invalid("batch size", "it is 0", "give at least 1"));
        }
        let order = match sampling {
            Sampling::WithReplacement => RowOrder::Independent,
            Sampling::WithoutReplacement if batch > rows => {
                let problem = format!("{batch} is larger than the {rows} rows of the data");
                return Err(Error::invalid(
                    "batch size",
                    problem,
                    format!("give 1 to {rows}, or sample with replacement"),
                ));
            }
            Sampling::WithoutReplacement => RowOrder::Shuffled { order: (0..count).collect(), epoch: None },
        };
        Ok(Batches { rows: count, batch, seed, order })
    }

    /// The number of rows of the data.
    pub fn rows(&self) -> usize {
        self.rows as usize
    }

    /// The number of rows of a batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The epoch of the first row of the batch of this step, counted from 0: step · batch / rows, rounded down.
    pub fn epoch_of(&self, step: u64) -> u64 {
        (self.offset_of(step) / u128::from(self.rows)).try_into().unwrap_or(u64::MAX)
    }

    /// Writes the rows of the batch of this step (counted from 0) to `output`, which has the length of a batch. Steps may be
    /// drawn in any order; ascending order shuffles only once per epoch. Does not allocate.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `output` has another length.
    pub fn draw(&mut self, step: u64, output: &mut [u32]) -> Result<()> {
        if output.len() != self.batch {
            let problem = format!("it has {} elements", output.len());
            return Err(Error::invalid("output slice of a batch", problem, format!("give {}", self.batch)));
        }
        let (first_epoch, offset) = (self.epoch_of(step), self.offset_of(step));
        match &mut self.order {
            RowOrder::Independent => {
                let mut generator = generator(self.seed, PURPOSE_BATCH, step);
                output.fill_with(|| below(self.rows, &mut generator));
            }
            RowOrder::Shuffled { order, epoch } => {
                // A batch is not larger than an epoch: its rows are in one or two epochs.
                let start = (offset % u128::from(self.rows)) as usize;
                let in_first = output.len().min(order.len() - start);
                let (first, second) = output.split_at_mut(in_first);
                shuffle(order, epoch, self.seed, first_epoch);
                first.copy_from_slice(&order[start..start + in_first]);
                if !second.is_empty() {
                    shuffle(order, epoch, self.seed, first_epoch + 1);
                    second.copy_from_slice(&order[..second.len()]);
                }
            }
        }
        Ok(())
    }

    /// By how many tokens the windows of the batch of this step move: below `positions`, and 0 for a single position.
    pub(crate) fn shift_of(&self, step: u64, positions: usize) -> usize {
        let Ok(positions @ 2..) = u32::try_from(positions) else { return 0 };
        below(positions, &mut generator(self.seed, PURPOSE_SHIFT, step)) as usize
    }

    /// The offset of the step's first row in the stream of all epochs; u128 cannot overflow.
    fn offset_of(&self, step: u64) -> u128 {
        u128::from(step) * self.batch as u128
    }
}

/// Shuffles `order` for an epoch, unless it already is.
fn shuffle(order: &mut [u32], current: &mut Option<u64>, seed: u64, epoch: u64) {
    if *current == Some(epoch) {
        return;
    }
    // Starts from the identity, so that the result depends only on the epoch.
    order.iter_mut().zip(0..).for_each(|(row, index)| *row = index);
    let mut generator = generator(seed, PURPOSE_SHUFFLE, epoch);
    for last in (1..order.len()).rev() {
        order.swap(last, below(last as u32 + 1, &mut generator) as usize);
    }
    *current = Some(epoch);
}

/// The generator for a purpose and an index.
fn generator(seed: u64, purpose: u64, index: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(mix(mix(mix(seed) ^ purpose) ^ index))
}

/// The next value of SplitMix64 after the state `value`: a bijection in which each bit depends on each.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Uniform over 0 to `bound` − 1 without bias: Lemire's method. The upper half of random · bound is the value; lower halves
/// that would cause a bias are rejected.
fn below(bound: u32, generator: &mut impl Rng) -> u32 {
    let excess = bound.wrapping_neg() % bound;
    loop {
        let product = (generator.next_u64() >> 32) * u64::from(bound);
        if product as u32 >= excess {
            return (product >> 32) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sampling::{WithReplacement, WithoutReplacement};
    use super::*;

    fn draw(batches: &mut Batches, step: u64) -> Vec<u32> {
        let mut rows = vec![0; batches.batch()];
        batches.draw(step, &mut rows).unwrap();
        rows
    }

    /// Pearson's statistic for equal expected counts, in standard deviations from its mean: with `freedom` degrees of freedom
    /// it has mean `freedom` and variance 2 · `freedom`.
    fn deviation(counts: &[u32], freedom: f64) -> f64 {
        let expected = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
        let statistic: f64 =
            counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        (statistic - freedom) / (2.0 * freedom).sqrt()
    }

    /// With tens of degrees of freedom, a fair generator exceeds 5 deviations for less than one of 20,000 seeds; the seeds are
    /// fixed. A generator that favors one of 100 rows by a third exceeds 5.
    fn assert_fair(counts: &[u32], freedom: usize) {
        let deviation = deviation(counts, freedom as f64);
        assert!(deviation.abs() < 5.0, "{deviation} standard deviations from uniform");
    }

    #[test]
    fn the_bits_are_the_specified_ones() {
        // Computed with a Python script that was written from the papers: SplitMix64, Xoshiro256++, Lemire, Fisher and Yates.
        let with = |rows, batch, seed, step| {
            draw(&mut Batches::new(rows, batch, WithReplacement, seed).unwrap(), step)
        };
        assert_eq!(with(60_000, 6, 0, 0), [27342, 46337, 11234, 59311, 35518, 538]);
        assert_eq!(with(3, 12, 1, 7), [1, 2, 0, 2, 0, 2, 2, 0, 0, 0, 0, 0]);
        // For this number of rows, 30 % of the values are rejected.
        let many = [1_899_762_356, 1_309_479_432, 564_974_084, 2_092_101_364, 2_153_279_238, 2_865_183_404];
        assert_eq!(with(3_000_000_000, 6, 5, 9), many);
        let largest = [490_704_617, 2_341_957_431, 2_391_568_988, 3_976_996_484];
        assert_eq!(with(u32::MAX as usize, 4, 42, u64::MAX), largest);

        let mut shuffled = Batches::new(10, 10, WithoutReplacement, 0).unwrap();
        assert_eq!(draw(&mut shuffled, 0), [5, 7, 2, 8, 9, 3, 6, 1, 0, 4]);
        assert_eq!(draw(&mut shuffled, 1), [5, 4, 9, 8, 0, 6, 2, 7, 1, 3]);
    }

    #[test]
    fn rows_drawn_with_replacement_are_uniform() {
        let mut batches = Batches::new(100, 100, WithReplacement, 3).unwrap();
        let mut counts = [0; 100];
        for step in 0..2_000 {
            for row in draw(&mut batches, step) {
                counts[row as usize] += 1;
            }
        }
        assert_fair(&counts, 99);
        // The statistic detects one row that occurs a third too often.
        counts[17] += 2_000 / 3;
        assert!(deviation(&counts, 99.0) > 5.0);
    }

    #[test]
    fn positions_steps_and_seeds_are_independent() {
        // The expected counts of all pairs of rows are equal: 100 cells, 99 degrees of freedom.
        let mut batches = Batches::new(10, 2, WithReplacement, 0).unwrap();
        let mut other_seed = Batches::new(10, 2, WithReplacement, 1).unwrap();
        let [mut positions, mut steps, mut seeds] = [[0; 100]; 3];
        let mut before = draw(&mut batches, 0);
        for step in 1..=20_000 {
            let rows = draw(&mut batches, step);
            positions[(rows[0] * 10 + rows[1]) as usize] += 1;
            steps[(before[0] * 10 + rows[0]) as usize] += 1;
            seeds[(draw(&mut other_seed, step)[0] * 10 + rows[0]) as usize] += 1;
            before = rows;
        }
        assert_fair(&positions, 99);
        assert_fair(&steps, 99);
        assert_fair(&seeds, 99);
    }

    #[test]
    fn every_row_occurs_exactly_once_per_epoch() {
        for (rows, batch) in [(10, 3), (7, 7), (12, 4), (5, 1), (11, 10), (1, 1)] {
            let mut batches = Batches::new(rows, batch, WithoutReplacement, 9).unwrap();
            let stream: Vec<u32> = (0..60).flat_map(|step| draw(&mut batches, step)).collect();
            for epoch in stream.chunks_exact(rows) {
                let mut epoch = epoch.to_vec();
                epoch.sort_unstable();
                assert!(epoch.iter().copied().eq(0..rows as u32), "{rows} rows by {batch}: {epoch:?}");
            }
        }
    }

    #[test]
    fn shuffles_are_uniform_and_epochs_independent() {
        let mut batches = Batches::new(8, 8, WithoutReplacement, 4).unwrap();
        let [mut positions, mut epochs] = [[0; 64]; 2];
        let mut before = draw(&mut batches, 0);
        for epoch in 1..=8_000 {
            let order = draw(&mut batches, epoch);
            for (position, row) in order.iter().enumerate() {
                positions[position * 8 + *row as usize] += 1;
            }
            epochs[(before[0] * 8 + order[0]) as usize] += 1;
            before = order;
        }
        // The row and column sums of the 64 cells are fixed: 7 · 7 degrees of freedom.
        assert_fair(&positions, 49);
        assert_fair(&epochs, 63);
    }

    #[test]
    fn a_step_does_not_depend_on_earlier_draws() {
        for sampling in [WithReplacement, WithoutReplacement] {
            let make = || Batches::new(10, 4, sampling, 77).unwrap();
            let mut in_order = make();
            let steps: Vec<Vec<u32>> = (0..50).map(|step| draw(&mut in_order, step)).collect();
            let mut backwards = make();
            for step in (0..50).rev() {
                assert_eq!(draw(&mut backwards, step), steps[step as usize]);
                assert_eq!(draw(&mut make(), step), steps[step as usize]);
            }
            assert_ne!(draw(&mut Batches::new(10, 4, sampling, 78).unwrap(), 0), steps[0]);
        }
    }

    #[test]
    fn epochs_are_counted_by_rows() {
        let batches = Batches::new(10, 4, WithReplacement, 0).unwrap();
        assert_eq!([0, 2, 3, 5, 25].map(|step| batches.epoch_of(step)), [0, 0, 1, 2, 10]);
    }

    #[test]
    fn the_largest_step_is_valid() {
        for (rows, batch) in [(10, 10), (10, 9), (3, 2)] {
            let mut batches = Batches::new(rows, batch, WithoutReplacement, 0).unwrap();
            let mut drawn = draw(&mut batches, u64::MAX);
            drawn.sort_unstable();
            assert!(drawn.iter().all(|row| (*row as usize) < rows));
        }
        let huge = Batches::new(1, usize::MAX, WithReplacement, 0).unwrap();
        assert_eq!(huge.epoch_of(u64::MAX), u64::MAX);
    }

    #[test]
    fn invalid_batches_are_errors() {
        let problem = |rows, batch, sampling| Batches::new(rows, batch, sampling, 0).unwrap_err().to_string();
        assert!(problem(0, 1, WithReplacement).contains("number of rows: it is 0"));
        assert!(problem(10, 0, WithReplacement).contains("batch size: it is 0"));
        let larger = problem(10, 11, WithoutReplacement);
        assert!(larger.contains("11 is larger than the 10 rows of the data"), "{larger}");
        assert!(larger.contains("give 1 to 10"), "{larger}");
        assert!(Batches::new(10, 11, WithReplacement, 0).is_ok());
        #[cfg(target_pointer_width = "64")]
        assert!(problem(1 << 32, 1, WithReplacement).contains("4294967296"));

        let mut batches = Batches::new(10, 3, WithReplacement, 0).unwrap();
        let error = batches.draw(0, &mut [0; 4]).unwrap_err().to_string();
        assert!(error.contains("it has 4 elements") && error.contains("give 3"), "{error}");
    }
}
