//! Dropout (Saito, section 6.4.3; Srivastava et al., 2014).

use rand_distr::{Distribution, StandardUniform};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::layer::expect_dout_shape;
use super::{Layer, Tensor, remembered};
use retrograde_base::{Error, Result};

/// In training each number is dropped, that is 0, with a probability: the ratio.
///
/// ```text
/// forward    out = x · mask          mask: 0 with the probability ratio, otherwise 1
/// backward   dx  = dout · mask
/// evaluation out = x · (1 − ratio)   the expectation of the above; dx = dout · (1 − ratio)
/// ```
///
/// PyTorch and the engine divide in training by 1 − ratio instead, so that evaluation does nothing ("inverted dropout"): see
/// [`inverted`](Dropout::inverted).
///
/// Each `forward` draws a mask of its own, so that two forwards differ. To compare a network with another one, or with
/// differences, pass the mask: [`with_mask`](Dropout::with_mask).
#[derive(Debug, Clone)]
pub struct Dropout {
    ratio: f64,
    inverted: bool,
    training: bool,
    source: Source,
    /// What the last `forward` multiplied with, `[...]`.
    factors: Option<Tensor>,
}

/// Where masks come from.
#[derive(Debug, Clone)]
enum Source {
    Drawn(Box<Xoshiro256PlusPlus>),
    Given(Tensor),
}

impl Dropout {
    /// With this ratio, from 0 to 1. The same seed gives the same masks.
    pub fn new(ratio: f64, seed: u64) -> Result<Self> {
        Self::with_source(ratio, Source::Drawn(Box::new(Xoshiro256PlusPlus::seed_from_u64(seed))))
    }

    /// With this ratio, and this mask of zeros and ones in each `forward` of the training: of the input's shape.
    pub fn with_mask(ratio: f64, mask: Tensor) -> Result<Self> {
        if mask.iter().any(|&kept| kept != 0.0 && kept != 1.0) {
            return Err(Error::invalid(
                "Dropout",
                "the mask has other numbers than 0 and 1",
                "pass 0 for a number that is dropped, and 1 for one that is kept",
            ));
        }
        Self::with_source(ratio, Source::Given(mask))
    }

    fn with_source(ratio: f64, source: Source) -> Result<Self> {
        if !(0.0..=1.0).contains(&ratio) {
            return Err(Error::invalid(
                "Dropout",
                format!("the ratio {ratio} is no probability"),
                "pass a number from 0 to 1, such as 0.5",
            ));
        }
        Ok(Dropout { ratio, inverted: false, training: true, source, factors: None })
    }

    /// Divides by 1 − ratio in training, and does nothing in evaluation.
    pub fn inverted(mut self) -> Self {
        self.inverted = true;
        self
    }

    /// The factors of this training step, in the shape of `x`.
    fn draw(&mut self, x: &Tensor) -> Result<Tensor> {
        let ratio = self.ratio;
        // A ratio of 1 keeps nothing.
        let kept = if self.inverted && ratio < 1.0 { 1.0 / (1.0 - ratio) } else { 1.0 };
        match &mut self.source {
            Source::Given(mask) if mask.shape() != x.shape() => Err(Error::invalid(
                "Dropout, forward",
                format!("x has shape {:?}, the given mask {:?}", x.shape(), mask.shape()),
                "pass a mask of the shape of the input",
            )),
            Source::Given(mask) => Ok(&*mask * kept),
            Source::Drawn(random) => Ok(x.map(|_| {
                let uniform: f64 = StandardUniform.sample(random);
                if uniform >= ratio { kept } else { 0.0 }
            })),
        }
    }
}

impl Layer for Dropout {
    // x: [...] → out: [...]
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let factors = if self.training {
            self.draw(x)?
        } else {
            Tensor::from_elem(x.raw_dim(), if self.inverted { 1.0 } else { 1.0 - self.ratio })
        };
        Ok(x * &*self.factors.insert(factors))
    }

    // dout: [...] → dx: [...]
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let factors = remembered(self.factors.as_ref(), "Dropout")?;
        expect_dout_shape("Dropout", dout, factors.shape())?;
        Ok(dout * factors)
    }

    fn set_training(&mut self, training: bool) {
        self.training = training;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;

    use super::*;

    #[test]
    fn a_given_mask_drops_forward_and_backward() -> Result<()> {
        let mask = arr1(&[1.0, 0.0, 1.0]).into_dyn();
        let x = arr1(&[2.0, 3.0, -4.0]).into_dyn();
        let mut layer = Dropout::with_mask(0.25, mask.clone())?;
        assert_eq!(layer.forward(&x)?, arr1(&[2.0, 0.0, -4.0]).into_dyn());
        assert_eq!(layer.backward(&Tensor::ones(vec![3]))?, mask);
        layer.set_training(false);
        assert_eq!(layer.forward(&x)?, &x * 0.75);
        assert_eq!(layer.backward(&x)?, &x * 0.75);

        let mut layer = Dropout::with_mask(0.5, mask)?.inverted();
        assert_eq!(layer.forward(&x)?, arr1(&[4.0, 0.0, -8.0]).into_dyn());
        layer.set_training(false);
        assert_eq!(layer.forward(&x)?, x);
        Ok(())
    }

    #[test]
    fn the_ratio_is_the_share_of_dropped_numbers() -> Result<()> {
        let ones = Tensor::ones(vec![100, 400]);
        let mut layer = Dropout::new(0.3, 5)?;
        let out = layer.forward(&ones)?;
        // 40,000 draws: a standard error of √(0.3 · 0.7 / 40,000) = 0.0023; five of them.
        assert!((out.mean().unwrap() - 0.7).abs() <= 0.0115);
        assert_ne!(layer.forward(&ones)?, out, "each forward draws");
        assert_eq!(Dropout::new(0.3, 5)?.forward(&ones)?, out, "the seed repeats");
        assert_eq!(Dropout::new(0.0, 5)?.forward(&ones)?, ones);
        assert_eq!(Dropout::new(1.0, 5)?.inverted().forward(&ones)?.sum(), 0.0);
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() -> Result<()> {
        for ratio in [-0.1, 1.1, f64::NAN] {
            assert!(Dropout::new(ratio, 0).unwrap_err().to_string().contains("probability"));
        }
        assert!(Dropout::with_mask(0.5, arr1(&[0.5]).into_dyn()).is_err());
        assert!(Dropout::with_mask(0.5, arr1(&[f64::NAN]).into_dyn()).is_err());
        let mut layer = Dropout::with_mask(0.5, Tensor::ones(vec![2]))?;
        assert!(
            layer.backward(&Tensor::ones(vec![2])).unwrap_err().to_string().contains("call forward first")
        );
        assert!(layer.forward(&Tensor::ones(vec![3])).unwrap_err().to_string().contains("[3]"));
        layer.forward(&Tensor::ones(vec![2]))?;
        assert!(layer.backward(&Tensor::ones(vec![3])).is_err());
        Ok(())
    }
}
