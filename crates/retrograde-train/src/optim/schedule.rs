//! How the learning rate changes while training goes on.

use retrograde_base::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

/// The factor by which the learning rate of each step is multiplied: a pure function of the step, so that a resumed
/// training goes on as it would have.
///
/// Written `constant`, `step:1000:0.5`, `cosine` (as long as the training) or `cosine:20000`, each with `+warmup:500`
/// behind it for a linear beginning.
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
    /// With the step at which it ends, counted from the training's beginning; none for the training's last.
    Cosine {
        end: Option<u64>,
    },
}

impl Schedule {
    /// The same learning rate throughout.
    pub fn constant() -> Self {
        Self::default()
    }

    /// Multiplied by `factor` after each `every` steps, as PyTorch's `StepLR`.
    pub fn step(every: u64, factor: f64) -> Self {
        Schedule { shape: Shape::Step { every, factor }, warmup: 0 }
    }

    /// Half a wave of the cosine, from one down to zero at the last step: Loshchilov and Hutter (2017), as PyTorch's
    /// `CosineAnnealingLR`.
    pub fn cosine() -> Self {
        Schedule { shape: Shape::Cosine { end: None }, warmup: 0 }
    }

    /// The same, but at zero after `end` steps of the training, however long that is; zero it remains.
    pub fn cosine_until(end: u64) -> Self {
        Schedule { shape: Shape::Cosine { end: Some(end) }, warmup: 0 }
    }

    /// The same schedule with the length of a training of `steps` steps written into it, if it depends on that: two
    /// trainings with the same fixed schedule have the same learning rate at each step.
    pub fn fixed(mut self, steps: u64) -> Self {
        if let Shape::Cosine { end } = &mut self.shape {
            // Of a training without steps, too, it is one that can be read again.
            end.get_or_insert(steps.max(1));
        }
        self
    }

    /// Whether the factor is always 1.
    pub fn is_constant(&self) -> bool {
        self.shape == Shape::Constant && self.warmup == 0
    }

    /// Errors when it makes no sense: a step or a cosine of no length, a factor that is negative or no number.
    pub fn check(&self) -> Result<()> {
        match self.shape {
            Shape::Step { every, factor } if every == 0 || !factor.is_finite() || factor < 0.0 => {
                Err(Error::invalid(
                    "a schedule of the learning rate",
                    format!("`{self}` makes no sense"),
                    "step:STEPS:FACTOR takes one step or more, and a factor that is not negative",
                ))
            }
            Shape::Cosine { end: Some(0) } => Err(Error::invalid(
                "a schedule of the learning rate",
                format!("`{self}` is zero from the first step on, and nothing is learned"),
                "cosine:STEPS takes one step or more; cosine alone is as long as the training",
            )),
            _ => Ok(()),
        }
    }

    /// Begins with `steps` steps over which the rate rises in a line; the rest of the schedule follows behind them.
    pub fn warmup(mut self, steps: u64) -> Self {
        self.warmup = steps;
        self
    }

    /// The factor for step number `step`, counted from 0, of `steps` in all.
    pub fn factor(&self, step: u64, steps: u64) -> f64 {
        if step < self.warmup {
            return (step + 1) as f64 / self.warmup as f64;
        }
        let done = step - self.warmup;
        match self.shape {
            Shape::Constant => 1.0,
            Shape::Step { every, factor } => factor.powf((done / every.max(1)) as f64),
            Shape::Cosine { end } => {
                let all = end.unwrap_or(steps).saturating_sub(self.warmup).max(1);
                0.5 * (1.0 + (PI * (done.min(all) as f64 / all as f64)).cos())
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
        }
        if self.warmup > 0 { write!(f, "+warmup:{}", self.warmup) } else { Ok(()) }
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid(
                "a schedule of the learning rate",
                format!("`{text}` is none that is known"),
                "constant, step:STEPS:FACTOR (such as step:1000:0.5), cosine or cosine:STEPS, with +warmup:STEPS behind it if need be",
            )
        };
        let (shape, warmup) = match text.split_once("+warmup:") {
            Some((shape, steps)) => (shape, steps.parse().map_err(|_| wrong())?),
            None => (text, 0),
        };
        let schedule = match shape.split(':').collect::<Vec<_>>()[..] {
            ["constant"] => Schedule::constant(),
            ["cosine"] => Schedule::cosine(),
            ["cosine", end] => Schedule::cosine_until(end.parse().map_err(|_| wrong())?),
            ["step", every, factor] => {
                let (every, factor): (u64, f64) =
                    (every.parse().map_err(|_| wrong())?, factor.parse().map_err(|_| wrong())?);
                Schedule::step(every, factor)
            }
            _ => return Err(wrong()),
        };
        schedule.check()?;
        Ok(schedule.warmup(warmup))
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}

impl TryFrom<String> for Schedule {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;
    use retrograde_base::Result;

    #[test]
    fn factors_are_pytorchs() {
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
        // A fixed length holds in a longer training, and behind its end nothing moves any more.
        for at in [0, 9, 10, 60, 109, 500] {
            assert_eq!(warm.fixed(110).factor(at, 1000), warm.factor(at, 110));
        }
        assert_eq!(warm.fixed(110), Schedule::cosine_until(110).warmup(10));
    }

    #[test]
    fn names_are_read_back() -> Result<()> {
        for text in
            ["constant", "step:1000:0.5", "cosine", "cosine:70", "cosine+warmup:500", "step:3:1+warmup:2"]
        {
            assert_eq!(text.parse::<Schedule>()?.to_string(), text);
        }
        for wrong in [
            "",
            "step",
            "step:0:0.5",
            "step:10:NaN",
            "step:10:-1",
            "cosine:",
            "cosine:0",
            "cosine:0+warmup:5",
            "cosine+warmup:x",
            "linear",
        ] {
            assert!(wrong.parse::<Schedule>().is_err(), "{wrong}");
        }
        Ok(())
    }
}
