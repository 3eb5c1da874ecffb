//! Initial weights.

use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Shape, Tensor};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The initial distribution of a layer's weights. Biases start at zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Init {
    /// Normal with mean 0 and this standard deviation; the notebook's is 0.01.
    Normal(f64),
    /// Normal with standard deviation √(1 / inputs), which preserves the variance of activations through linear layers
    /// (*Efficient Backprop*, 1998). The book calls it Xavier (chapter 6.2.2), and `xavier` is parsed as an
    /// alias; Glorot and Bengio's (2010) is √(2 / (inputs + outputs)).
    LeCun,
    /// Normal with standard deviation √(2 / inputs), which preserves it through relu (He et al. 2015; the book's chapter
    /// 6.2.3).
    He,
    /// All zero: all units of a layer stay equal.
    Zero,
}

impl Init {
    /// The initial weights of a layer, `[inputs, outputs]`. The same seed gives the same weights.
    ///
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::nn::Init;
    ///
    /// let graph = retrograde::Graph::new();
    /// let weight = graph.parameter("weight", Init::He.weights(784, 50, 0)?);
    /// assert_eq!(weight.shape()[..], [784, 50]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] as [`check`](Self::check), [`Error::OutOfMemory`] if there is not enough memory.
    pub fn weights(self, inputs: usize, outputs: usize, seed: u64) -> Result<Tensor> {
        self.check()?.draw(inputs, outputs, &mut Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// The next weights of a sequence of random numbers.
    pub(super) fn draw(self, inputs: usize, outputs: usize, random: &mut impl Rng) -> Result<Tensor> {
        self.for_fan_in(inputs).draw([inputs, outputs], random)
    }

    /// The initial values of a parameter of any shape of which each output is computed from so many inputs: those of a neuron,
    /// or of one position of a kernel times its channels.
    pub fn for_fan_in(self, inputs: usize) -> Initial {
        let inputs = inputs.max(1) as f64;
        let deviation = match self {
            Init::Normal(deviation) => deviation,
            Init::LeCun => (1.0 / inputs).sqrt(),
            Init::He => (2.0 / inputs).sqrt(),
            Init::Zero => return Initial::Constant(0.0),
        };
        Initial::Normal { deviation }
    }

    /// # Errors
    /// [`Error::Invalid`] if the standard deviation is negative or not finite.
    pub fn check(self) -> Result<Self> {
        match self {
            Init::Normal(deviation) if !(deviation >= 0.0 && deviation.is_finite()) => Err(Error::invalid(
                "standard deviation of initial weights",
                format!("{deviation} is out of range"),
                "give a finite number >= 0, for example normal:0.01",
            )),
            _ => Ok(self),
        }
    }
}

/// The initial values of a parameter of a [module](super::Module).
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Initial {
    /// All equal. A number is converted into it.
    Constant(f64),
    /// Normal with mean 0. Made by [`Init::for_fan_in`].
    Normal {
        /// The standard deviation.
        deviation: f64,
    },
}

impl From<f64> for Initial {
    fn from(value: f64) -> Self {
        Initial::Constant(value)
    }
}

impl Initial {
    /// The next values of a sequence of random numbers.
    pub(super) fn draw(self, shape: impl Into<Shape>, random: &mut impl Rng) -> Result<Tensor> {
        match self {
            Initial::Constant(0.0) => Tensor::zeros(shape),
            Initial::Constant(value) => Tensor::full(shape, value),
            Initial::Normal { deviation } => Tensor::from_fn(shape, |_| {
                let standard: f64 = StandardNormal.sample(random);
                deviation * standard
            }),
        }
    }
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Init::Normal(deviation) => write!(f, "normal:{deviation}"),
            Init::LeCun => f.write_str("lecun"),
            Init::He => f.write_str("he"),
            Init::Zero => f.write_str("zero"),
        }
    }
}

impl FromStr for Init {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "lecun" | "xavier" => Ok(Init::LeCun),
            "he" => Ok(Init::He),
            "zero" => Ok(Init::Zero),
            _ => match text.strip_prefix("normal:").map(str::parse) {
                Some(Ok(deviation)) => Init::Normal(deviation).check(),
                _ => Err(Error::invalid(
                    "initial weights",
                    format!("unknown value `{text}`"),
                    "use normal:DEVIATION (for example normal:0.01), lecun, he or zero",
                )),
            },
        }
    }
}

crate::as_text::as_text!(Init);

#[cfg(test)]
mod tests {
    use super::Init;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;
    use retrograde_base::Result;

    #[test]
    fn weights_have_the_documented_deviation() -> Result<()> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        for (init, expected) in
            [(Init::Normal(0.01), 0.01), (Init::LeCun, 0.05), (Init::He, 0.005_f64.sqrt())]
        {
            let weights = init.draw(400, 100, &mut random)?;
            let (n, sum, squares) = weights
                .values()
                .iter()
                .fold((0.0, 0.0, 0.0), |(n, sum, squares), w| (n + 1.0, sum + w, squares + w * w));
            let (mean, deviation) = (sum / n, (squares / n).sqrt());
            // Standard errors for 40,000 samples: σ/200 of the mean, σ/283 of the deviation. The tolerance is five of them.
            assert!(f64::abs(mean) < 5.0 * expected / 200.0, "{init}: mean {mean}");
            assert!((deviation - expected).abs() < 5.0 * expected / 283.0, "{init}: deviation {deviation}");
        }
        assert!(Init::Zero.draw(3, 4, &mut random)?.values().iter().all(|&weight| weight == 0.0));
        assert_eq!(Init::He.weights(4, 3, 7)?, Init::He.weights(4, 3, 7)?);
        assert_ne!(Init::He.weights(4, 3, 7)?, Init::He.weights(4, 3, 8)?);
        assert!(Init::Normal(f64::NAN).weights(4, 3, 7).is_err());
        assert!(Init::He.weights(usize::MAX, 3, 7).is_err());
        Ok(())
    }

    #[test]
    fn texts_are_parsed() -> Result<()> {
        for init in [Init::Normal(0.01), Init::Normal(1e-7), Init::LeCun, Init::He, Init::Zero] {
            assert_eq!(init.to_string().parse::<Init>()?, init);
        }
        assert_eq!("xavier".parse::<Init>()?, Init::LeCun, "files of earlier versions");
        for invalid in
            ["", "normal", "normal:", "normal:x", "normal:-1", "normal:inf", "normal:NaN", "Xavier"]
        {
            assert!(invalid.parse::<Init>().is_err(), "{invalid}");
        }
        Ok(())
    }
}
