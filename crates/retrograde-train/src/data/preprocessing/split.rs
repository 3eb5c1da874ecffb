//! A random partition of rows into training and test rows.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::{Error, Result};

/// The rows of the training and of the test set, each in ascending order, without a common row.
///
/// # Examples
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::Split;
///
/// let labels = [0, 0, 0, 0, 1, 1, 1, 1];
/// let split = Split::stratified(&labels, 0.25, 0)?;
/// // Each class has a quarter of its rows in the test set.
/// let of_class = |class: u32| split.test.iter().filter(|row| labels[**row] == class).count();
/// assert_eq!((split.train.len(), of_class(0), of_class(1)), (6, 1, 1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The rows of the training set; at least one.
    pub train: Vec<usize>,
    /// The rows of the test set; at least one.
    pub test: Vec<usize>,
}

impl Split {
    /// Draws `test_fraction` of the rows for the test set, rounded to whole rows, at least one. The same seed draws the same
    /// rows.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are fewer than two rows, or the fraction is not between 0 and 1.
    pub fn random(rows: usize, test_fraction: f64, seed: u64) -> Result<Self> {
        let count = test_rows(rows, test_fraction)?;
        let mut order: Vec<usize> = (0..rows).collect();
        shuffle(&mut order, &mut generator(seed));
        Ok(Self::from_test(rows, order[..count].to_vec()))
    }

    /// As [`Split::random`], with the same fraction of each class. Fractions of a row are rounded by largest remainder, and
    /// each class has a row in the training set.
    ///
    /// # Errors
    /// As [`Split::random`]; [`Error::Invalid`] if each class has only one row.
    pub fn stratified(classes: &[u32], test_fraction: f64, seed: u64) -> Result<Self> {
        let count = test_rows(classes.len(), test_fraction)?;
        let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (row, class) in classes.iter().enumerate() {
            members.entry(*class).or_default().push(row);
        }
        let mut members: Vec<Vec<usize>> = members.into_values().collect();
        let shares = shares(&members, count, classes.len());
        let mut generator = generator(seed);
        let mut test = Vec::new();
        for (rows, share) in members.iter_mut().zip(shares) {
            shuffle(rows, &mut generator);
            test.extend_from_slice(&rows[..share]);
        }
        if test.is_empty() {
            let problem = format!("each of the {} classes has only one row", members.len());
            return Err(Error::invalid("stratified split", problem, "give more rows of each class"));
        }
        Ok(Self::from_test(classes.len(), test))
    }

    /// The split with these test rows.
    fn from_test(rows: usize, mut test: Vec<usize>) -> Self {
        test.sort_unstable();
        let train = (0..rows).filter(|row| test.binary_search(row).is_err()).collect();
        Split { train, test }
    }
}

/// How many rows of each class are test rows: the whole parts of their shares, then one more for the largest remainders.
fn shares(members: &[Vec<usize>], count: usize, rows: usize) -> Vec<usize> {
    let exact: Vec<f64> =
        members.iter().map(|class| class.len() as f64 * count as f64 / rows as f64).collect();
    let most = |class: usize| members[class].len() - 1;
    let mut shares: Vec<usize> =
        exact.iter().enumerate().map(|(class, share)| (share.floor() as usize).min(most(class))).collect();
    let mut order: Vec<usize> = (0..members.len()).collect();
    // A stable sort: of equal remainders the first class comes first.
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()));
    let mut missing = count.saturating_sub(shares.iter().sum());
    while missing > 0 {
        let before = missing;
        for class in &order {
            if missing > 0 && shares[*class] < most(*class) {
                shares[*class] += 1;
                missing -= 1;
            }
        }
        if missing == before {
            break;
        }
    }
    shares
}

/// The number of test rows.
fn test_rows(rows: usize, fraction: f64) -> Result<usize> {
    if !(fraction > 0.0 && fraction < 1.0) {
        let problem = format!("{fraction} is not between 0 and 1");
        return Err(Error::invalid("test fraction", problem, "give a number such as 0.2"));
    }
    if rows < 2 {
        let problem = format!("{rows} cannot be split into training and test rows");
        return Err(Error::invalid("number of rows", problem, "give at least 2 rows"));
    }
    Ok(((rows as f64 * fraction).round() as usize).clamp(1, rows - 1))
}

fn generator(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// Fisher and Yates's shuffle. A remainder of 64 bits has a bias below rows / 2⁶⁴, which nothing can measure.
fn shuffle(rows: &mut [usize], generator: &mut Xoshiro256PlusPlus) {
    for last in (1..rows.len()).rev() {
        rows.swap(last, (generator.next_u64() % (last as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_row_is_in_one_part(
            classes in prop::collection::vec(0_u32..5, 2..80),
            fraction in 0.01..0.99_f64,
            seed: u64,
        ) {
            let count = ((classes.len() as f64 * fraction).round() as usize).clamp(1, classes.len() - 1);
            let random = Split::random(classes.len(), fraction, seed).unwrap();
            prop_assert_eq!(random.test.len(), count);
            let stratified = Split::stratified(&classes, fraction, seed);
            for split in [Some(random), stratified.ok()].into_iter().flatten() {
                let mut all = [&split.train[..], &split.test[..]].concat();
                prop_assert!(!split.train.is_empty() && !split.test.is_empty());
                prop_assert!(split.train.is_sorted() && split.test.is_sorted());
                all.sort_unstable();
                prop_assert_eq!(all, (0..classes.len()).collect::<Vec<_>>());
            }
        }

        /// The share of a class is its exact share, rounded up or down, where no class is too small for it.
        #[test]
        fn classes_keep_their_fraction(
            sizes in prop::collection::vec(20_usize..60, 1..5),
            fraction in 0.1..0.8_f64,
            seed: u64,
        ) {
            let classes: Vec<u32> =
                sizes.iter().enumerate().flat_map(|(class, size)| vec![class as u32; *size]).collect();
            let split = Split::stratified(&classes, fraction, seed).unwrap();
            for (class, size) in sizes.iter().enumerate() {
                let share = split.test.iter().filter(|row| classes[**row] == class as u32).count();
                let exact = *size as f64 * split.test.len() as f64 / classes.len() as f64;
                prop_assert!((share as f64 - exact).abs() < 1.0, "{} of {}", share, exact);
            }
        }
    }

    #[test]
    fn seeds_draw_different_rows_and_repeat_them() {
        let draw = |seed| Split::random(100, 0.3, seed).unwrap();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        // Each row is a test row about equally often: 1000 draws at 0.3 have a deviation of 14.5.
        let mut counts = [0_u32; 100];
        (0..1000).for_each(|seed| draw(seed).test.iter().for_each(|row| counts[*row] += 1));
        assert!(counts.iter().all(|count| (225..375).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_class_of_one_row_is_in_the_training_set() {
        let split = Split::stratified(&[0, 0, 0, 0, 1], 0.4, 7).unwrap();
        assert!(split.train.contains(&4));
        assert_eq!(split.test.len(), 2);
        let error = Split::stratified(&[0, 1, 2], 0.5, 7).unwrap_err().to_string();
        assert!(error.contains("each of the 3 classes has only one row"), "{error}");
    }

    #[test]
    fn invalid_arguments_are_errors() {
        for fraction in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY] {
            Split::random(10, fraction, 0).unwrap_err();
        }
        for rows in [0, 1] {
            Split::random(rows, 0.5, 0).unwrap_err();
        }
        Split::stratified(&[], 0.5, 0).unwrap_err();
        assert_eq!(Split::random(2, 0.01, 0).unwrap().test.len(), 1);
    }
}
