//! Initial weights (Saito, section 6.2).

use ndarray::{Array, IntoDimension};
use rand_distr::{Distribution, Normal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::Tensor;
use retrograde_base::{Error, Result};

/// The standard deviation of the normal distribution from which a layer's weights are drawn.
///
/// | | deviation | for |
/// | --- | --- | --- |
/// | [`Std`](WeightInit::Std) | the given one | 0.01 in most of the book; with many layers the activations vanish |
/// | [`Xavier`](WeightInit::Xavier) | √(1/n) | sigmoid and tanh: Glorot and Bengio (2010), as the book has it |
/// | [`He`](WeightInit::He) | √(2/n) | relu, which drops one half: He et al. (2015) |
///
/// n is the number of inputs of a neuron: the rows of an affine layer's weights, `C·FH·FW` of a filter. Then the sum of n products
/// has the variance of one input (Xavier), or twice that (He).
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum WeightInit {
    /// This standard deviation, whatever the number of inputs: the book's `weight_init_std`.
    Std(f64),
    /// √(1/n).
    Xavier,
    /// √(2/n).
    He,
}

/// The largest number of weights of one layer: one gigabyte. Larger widths are typing errors.
const MOST_WEIGHTS: usize = 1 << 27;

impl WeightInit {
    /// The standard deviation for `inputs` inputs of a neuron.
    ///
    /// ```
    /// use retrograde::textbook::WeightInit;
    ///
    /// assert_eq!(WeightInit::Std(0.01).std(100), 0.01);
    /// assert_eq!(WeightInit::Xavier.std(100), 0.1);
    /// assert_eq!(WeightInit::He.std(200), 0.1);
    /// ```
    pub fn std(self, inputs: usize) -> f64 {
        let n = inputs.max(1) as f64;
        match self {
            WeightInit::Std(std) => std,
            WeightInit::Xavier => (1.0 / n).sqrt(),
            WeightInit::He => (2.0 / n).sqrt(),
        }
    }

    /// Weights of this shape for neurons with so many inputs. The same seed gives the same weights.
    ///
    /// An error for a deviation that is negative or not finite, and for no weight or more than fit into a gigabyte.
    pub fn weights(self, shape: &[usize], inputs: usize, seed: u64) -> Result<Tensor> {
        self.draw("WeightInit", shape, inputs, &mut Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// The next weights of a sequence of random numbers, for the network of this name.
    pub(super) fn draw<S: IntoDimension + AsRef<[usize]>>(
        self,
        network: &str,
        shape: S,
        inputs: usize,
        random: &mut Xoshiro256PlusPlus,
    ) -> Result<Array<f64, S::Dim>> {
        let std = self.std(inputs);
        let normal = Some(std).filter(|&std| std >= 0.0).and_then(|std| Normal::new(0.0, std).ok());
        let normal = normal.ok_or_else(|| {
            Error::invalid("weight_init_std", format!("it is {std}"), "pass a number ≥ 0, such as 0.01")
        })?;
        let count = shape.as_ref().iter().try_fold(1_usize, |count, &length| count.checked_mul(length));
        if !count.is_some_and(|count| (1..=MOST_WEIGHTS).contains(&count)) {
            let lengths: Vec<String> = shape.as_ref().iter().map(ToString::to_string).collect();
            return Err(Error::invalid(
                network,
                format!("a layer has {} weights", lengths.join(" × ")),
                format!("pass widths from 1, with at most {MOST_WEIGHTS} weights between two layers"),
            ));
        }
        Ok(Array::from_shape_simple_fn(shape.into_dimension(), || normal.sample(random)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_have_the_deviation() -> Result<()> {
        for (init, expected) in
            [(WeightInit::Std(0.01), 0.01), (WeightInit::Xavier, 0.05), (WeightInit::He, 0.005_f64.sqrt())]
        {
            let weights = init.weights(&[400, 100], 400, 3)?;
            // 40,000 draws: standard errors of σ/200 and σ/283; five of them.
            assert!(weights.mean().unwrap().abs() <= 5.0 * expected / 200.0);
            assert!((weights.std(0.0) / expected - 1.0).abs() <= 5.0 / 283.0, "{init:?}");
            assert_eq!(weights, init.weights(&[400, 100], 400, 3)?);
            assert_ne!(weights, init.weights(&[400, 100], 400, 4)?);
        }
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        for std in [-1.0, f64::NAN, f64::INFINITY] {
            let message = WeightInit::Std(std).weights(&[2], 2, 0).unwrap_err().to_string();
            assert!(message.contains("weight_init_std"), "{message}");
        }
        for shape in [[0, 2], [usize::MAX, 2], [1 << 20, 1 << 20]] {
            assert!(WeightInit::He.weights(&shape, 2, 0).unwrap_err().to_string().contains("widths from 1"));
        }
    }
}
