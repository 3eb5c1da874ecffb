//! Initial weights.

use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::Tensor;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How the weights of a layer are drawn before training. Biases begin at zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Init {
    /// From a normal distribution with mean 0 and this standard deviation; the notebook's is 0.01.
    Normal(f64),
    /// Normal with deviation √(1 / inputs): keeps the spread of activations through sigmoid and tanh (Glorot and Bengio
    /// 2010, in the book's form, chapter 6.2.2).
    Xavier,
    /// Normal with deviation √(2 / inputs): the same through relu, which cuts half of them off (He et al. 2015; the
    /// book's chapter 6.2.3).
    He,
    /// All zero: every unit of a layer then stays like every other, which is worth seeing once.
    Zero,
}

impl Init {
    /// Draws the weights of a layer, `[inputs, outputs]`.
    pub fn draw(self, inputs: usize, outputs: usize, random: &mut impl Rng) -> Tensor {
        let deviation = match self {
            Init::Normal(deviation) => deviation,
            Init::Xavier => (1.0 / inputs as f64).sqrt(),
            Init::He => (2.0 / inputs as f64).sqrt(),
            Init::Zero => return Tensor::zeros([inputs, outputs]),
        };
        Tensor::from_fn([inputs, outputs], |_| {
            let standard: f64 = StandardNormal.sample(random);
            deviation * standard
        })
    }

    /// Whether it can be drawn from; a deviation must be a finite number that is not negative.
    pub fn check(self) -> Result<Self> {
        match self {
            Init::Normal(deviation) if !(deviation >= 0.0 && deviation.is_finite()) => Err(Error::invalid(
                "the deviation of initial weights",
                format!("{deviation} is no deviation"),
                "give a finite number that is not negative, such as normal:0.01",
            )),
            _ => Ok(self),
        }
    }
}

impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Init::Normal(deviation) => write!(f, "normal:{deviation}"),
            Init::Xavier => f.write_str("xavier"),
            Init::He => f.write_str("he"),
            Init::Zero => f.write_str("zero"),
        }
    }
}

impl FromStr for Init {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "xavier" => Ok(Init::Xavier),
            "he" => Ok(Init::He),
            "zero" => Ok(Init::Zero),
            _ => match text.strip_prefix("normal:").map(str::parse) {
                Some(Ok(deviation)) => Init::Normal(deviation).check(),
                _ => Err(Error::invalid(
                    "initial weights",
                    format!("`{text}` is none that is known"),
                    "normal:DEVIATION (such as normal:0.01), xavier, he or zero",
                )),
            },
        }
    }
}

impl From<Init> for String {
    fn from(init: Init) -> Self {
        init.to_string()
    }
}

impl TryFrom<String> for Init {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::Init;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;
    use retrograde_base::Result;

    #[test]
    fn weights_have_the_promised_deviation() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
        for (init, expected) in
            [(Init::Normal(0.01), 0.01), (Init::Xavier, 0.05), (Init::He, 0.005_f64.sqrt())]
        {
            let weights = init.draw(400, 100, &mut random);
            let (n, sum, squares) = weights
                .values()
                .iter()
                .fold((0.0, 0.0, 0.0), |(n, sum, squares), w| (n + 1.0, sum + w, squares + w * w));
            let (mean, deviation) = (sum / n, (squares / n).sqrt());
            // Of 40,000 draws, the mean is off by σ/200 and the deviation by σ/283, each within five of these.
            assert!(f64::abs(mean) < 5.0 * expected / 200.0, "{init}: mean {mean}");
            assert!((deviation - expected).abs() < 5.0 * expected / 283.0, "{init}: deviation {deviation}");
        }
        assert!(Init::Zero.draw(3, 4, &mut random).values().iter().all(|&weight| weight == 0.0));
    }

    #[test]
    fn names_are_read_back() -> Result<()> {
        for init in [Init::Normal(0.01), Init::Normal(1e-7), Init::Xavier, Init::He, Init::Zero] {
            assert_eq!(init.to_string().parse::<Init>()?, init);
        }
        for wrong in ["", "normal", "normal:", "normal:x", "normal:-1", "normal:inf", "normal:NaN", "Xavier"]
        {
            assert!(wrong.parse::<Init>().is_err(), "{wrong}");
        }
        Ok(())
    }
}
