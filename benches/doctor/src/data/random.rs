//! Random numbers of a seed.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Poisson, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A stream of random numbers.
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x5851_f42d_4c95_7f2d))
    }

    /// Uniform between two numbers.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// Normal.
    pub fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let standard: f64 = StandardNormal.sample(&mut self.0);
        mean + deviation * standard
    }

    /// A whole number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        self.0.random_range(0..count.max(1))
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.random::<f64>() < probability
    }

    /// A count with this mean; 0 for a mean of 0.
    pub fn poisson(&mut self, mean: f64) -> usize {
        Poisson::new(mean).map_or(0, |poisson| poisson.sample(&mut self.0) as usize)
    }

    /// An index, each as often as its weight.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut rest = self.uniform(0.0, weights.iter().sum());
        for (index, weight) in weights.iter().enumerate() {
            rest -= weight;
            if rest < 0.0 {
                return index;
            }
        }
        weights.len().saturating_sub(1)
    }

    /// The numbers below `count` in random order.
    pub fn order(&mut self, count: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..count as u32).collect();
        order.shuffle(&mut self.0);
        order
    }

    /// Shuffles.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.0);
    }
}
