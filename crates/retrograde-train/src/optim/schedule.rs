//! Learning rate schedules.

use retrograde_base::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

/// The factor of the learning rate at each step: a pure function of the step, so that a resumed training gives the same
/// result.
///
/// As text: `constant`, `step:1000:0.5`, `cosine` (until the last step of the training), `cosine:20000` or `restarts:1000`, each with an
/// optional `+warmup:500` for a linear warmup.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Schedule {
    shape: Shape,
    warmup: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Shape {
    #[default]
    Constant,
    Step {
        every: u64,
        factor: f64,
    },
    /// `end` is the number of steps until zero; `None` for the length of the training.
    Cosine {
        end: Option<u64>,
    },
    Restarts {
        every: u64,
    },
}

impl Schedule {
    /// The factor is always 1.
    pub fn constant() -> Self {
        Self::default()
    }

    /// Multiplied by `factor` every `every` steps, as PyTorch's `StepLR`.
    pub fn step(every: u64, factor: f64) -> Self {
        Schedule { shape: Shape::Step { every, factor }, warmup: 0 }
    }

    /// Half a period of the cosine, from 1 to 0 at the last step: Loshchilov and Hutter (2017), as PyTorch's
    /// `CosineAnnealingLR`.
    pub fn cosine() -> Self {
        Schedule { shape: Shape::Cosine { end: None }, warmup: 0 }
    }

    /// A cosine that reaches 0 after `end` steps and stays there, for any length of the training.
    pub fn cosine_until(end: u64) -> Self {
        Schedule { shape: Shape::Cosine { end: Some(end) }, warmup: 0 }
    }

    /// Half a period of the cosine, again every `every` steps: Loshchilov and Hutter (2017), as PyTorch's
    /// `CosineAnnealingWarmRestarts`.
    pub fn restarts(every: u64) -> Self {
        Schedule { shape: Shape::Restarts { every }, warmup: 0 }
    }

    /// The schedule for a training of `steps` steps, with its length made explicit: trainings with equal fixed schedules have
    /// the same learning rate at each step.
    pub fn fixed(mut self, steps: u64) -> Self {
        if let Shape::Cosine { end } = &mut self.shape {
            // At least 1, so that the schedule of a training without steps can be parsed.
            end.get_or_insert(steps.max(1));
        }
        self
    }

    /// Whether the factor is always 1.
    pub fn is_constant(&self) -> bool {
        self.shape == Shape::Constant && self.warmup == 0
    }

    /// # Errors
    /// [`Error::Invalid`] if a step or a cosine has the length 0, or a factor is negative or not finite.
    pub fn check(&self) -> Result<()> {
        match self.shape {
            Shape::Step { every, factor } if every == 0 || !factor.is_finite() || factor < 0.0 => {
                Err(Error::invalid(
                    "learning rate schedule",
                    format!("`{self}` is out of range"),
                    "step:STEPS:FACTOR needs at least one step and a finite factor >= 0",
                ))
            }
            Shape::Restarts { every: 0 } => Err(Error::invalid(
                "learning rate schedule",
                format!("`{self}` never gets on"),
                "restarts:STEPS needs at least one step",
            )),
            Shape::Cosine { end: Some(0) } => Err(Error::invalid(
                "learning rate schedule",
                format!("`{self}` is zero from the first step"),
                "cosine:STEPS needs at least one step; cosine lasts as long as the training",
            )),
            _ => Ok(()),
        }
    }

    /// The schedule after a linear warmup of `steps` steps.
    pub fn warmup(mut self, steps: u64) -> Self {
        self.warmup = steps;
        self
    }

    /// The factor of step `step`, counted from 0, of `steps` in all.
    pub fn factor(&self, step: u64, steps: u64) -> f64 {
        if step < self.warmup {
            return (step + 1) as f64 / self.warmup as f64;
        }
        let elapsed = step - self.warmup;
        match self.shape {
            Shape::Constant => 1.0,
            Shape::Step { every, factor } => factor.powf((elapsed / every.max(1)) as f64),
            Shape::Cosine { end } => {
                let length = end.unwrap_or(steps).saturating_sub(self.warmup).max(1);
                0.5 * (1.0 + (PI * (elapsed.min(length) as f64 / length as f64)).cos())
            }
            Shape::Restarts { every } => {
                let every = every.max(1);
                0.5 * (1.0 + (PI * ((elapsed % every) as f64 / every as f64)).cos())
            }
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shape {
            Shape::Constant => f.write_str("constant")?,
            Shape::Step { every, factor } => write!(f, "step:{every}:{factor}")?,
            Shape::Cosine { end: None } => f.write_str("cosine")?,
            Shape::Cosine { end: Some(end) } => write!(f, "cosine:{end}")?,
            Shape::Restarts { every } => write!(f, "restarts:{every}")?,
        }
        if self.warmup > 0 { write!(f, "+warmup:{}", self.warmup) } else { Ok(()) }
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let unknown = || {
            Error::invalid(
                "learning rate schedule",
                format!("unknown value `{text}`"),
                "use constant, step:STEPS:FACTOR, cosine, cosine:STEPS or restarts:STEPS, each with an optional +warmup:STEPS",
            )
        };
        let (shape, warmup) = match text.split_once("+warmup:") {
            Some((shape, steps)) => (shape, steps.parse().map_err(|_| unknown())?),
            None => (text, 0),
        };
        let schedule = match shape.split(':').collect::<Vec<_>>()[..] {
            ["constant"] => Schedule::constant(),
            ["cosine"] => Schedule::cosine(),
            ["cosine", end] => Schedule::cosine_until(end.parse().map_err(|_| unknown())?),
            ["restarts", every] => Schedule::restarts(every.parse().map_err(|_| unknown())?),
            ["step", every, factor] => {
                let (every, factor): (u64, f64) =
                    (every.parse().map_err(|_| unknown())?, factor.parse().map_err(|_| unknown())?);
                Schedule::step(every, factor)
            }
            _ => return Err(unknown()),
        };
        schedule.check()?;
        Ok(schedule.warmup(warmup))
    }
}

crate::as_text::as_text!(Schedule);

#[cfg(test)]
mod tests {
    use super::Schedule;
    use retrograde_base::Result;

    #[test]
    fn factors_agree_with_pytorch() {
        // StepLR(step_size=30, gamma=0.1) and CosineAnnealingLR(T_max=100) after 0, 29, 30, 60 and 99 steps.
        let step = Schedule::step(30, 0.1);
        let factors = [0, 29, 30, 60, 99].map(|at| step.factor(at, 100));
        for (ours, theirs) in factors.into_iter().zip([1.0, 1.0, 0.1, 0.01, 0.001]) {
            assert!((ours - theirs).abs() < 1e-15);
        }
        let cosine = Schedule::cosine();
        let expected = [
            1.0,
            0.806_453_526_826_488_3,
            0.793_892_626_146_236_6,
            0.345_491_502_812_526_4,
            2.467_198_171_342e-4,
        ];
        for (at, theirs) in [0, 29, 30, 60, 99].into_iter().zip(expected) {
            assert!((cosine.factor(at, 100) - theirs).abs() < 1e-12, "{at}: {}", cosine.factor(at, 100));
        }
        let warm = Schedule::cosine().warmup(10);
        assert_eq!((warm.factor(0, 110), warm.factor(9, 110), warm.factor(10, 110)), (0.1, 1.0, 1.0));
        assert!((warm.factor(110, 110)).abs() < 1e-15);
        // CosineAnnealingWarmRestarts(T_0=40) after 0, 39, 40 and 50 steps.
        let restarts = Schedule::restarts(40);
        for (at, theirs) in [(0, 1.0), (39, 0.001_541_333_133_436), (40, 1.0), (50, 0.853_553_390_593_273_7)]
        {
            assert!((restarts.factor(at, 100) - theirs).abs() < 1e-12, "{at}: {}", restarts.factor(at, 100));
        }
        // A fixed length applies in a longer training; after its end the factor is constant.
        for at in [0, 9, 10, 60, 109, 500] {
            assert_eq!(warm.fixed(110).factor(at, 1000), warm.factor(at, 110));
        }
        assert_eq!(warm.fixed(110), Schedule::cosine_until(110).warmup(10));
    }

    #[test]
    fn texts_are_parsed() -> Result<()> {
        for text in [
            "constant",
            "step:1000:0.5",
            "cosine",
            "cosine:70",
            "restarts:9",
            "cosine+warmup:500",
            "step:3:1+warmup:2",
        ] {
            assert_eq!(text.parse::<Schedule>()?.to_string(), text);
        }
        for invalid in [
            "",
            "step",
            "step:0:0.5",
            "step:10:NaN",
            "step:10:-1",
            "cosine:",
            "cosine:0",
            "restarts:0",
            "restarts",
            "cosine:0+warmup:5",
            "cosine+warmup:x",
            "linear",
        ] {
            assert!(invalid.parse::<Schedule>().is_err(), "{invalid}");
        }
        Ok(())
    }
}
