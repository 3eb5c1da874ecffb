//! A random sample of indices.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::collections::BTreeSet;

/// `count` different numbers below `of`, in ascending order; all of them if there are no more. The same seed gives the same
/// sample. (Floyd's algorithm: Bentley and Floyd 1987.)
pub fn sample(of: usize, count: usize, seed: u64) -> Vec<usize> {
    if count >= of {
        return (0..of).collect();
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut drawn = BTreeSet::new();
    for last in of - count..of {
        let candidate = random.random_range(0..=last);
        if !drawn.insert(candidate) {
            drawn.insert(last);
        }
    }
    drawn.into_iter().collect()
}
