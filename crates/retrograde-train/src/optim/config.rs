//! Optimizers by name, and their settings as plain data.

use super::{AdaGrad, Adam, ClipNorm, Momentum, Optimizer, RmsProp, Sgd, WeightDecay};
use retrograde_base::error::{Error, Result};
use retrograde_base::number::short;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An optimizer by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OptimizerKind {
    /// [`Sgd`].
    #[default]
    Sgd,
    /// [`Momentum`].
    Momentum,
    /// [`Momentum::nesterov`].
    Nesterov,
    /// [`AdaGrad`].
    AdaGrad,
    /// [`RmsProp`].
    RmsProp,
    /// [`Adam`].
    Adam,
    /// [`Adam::with_decay`].
    AdamW,
}

impl OptimizerKind {
    /// All optimizers.
    pub const ALL: [OptimizerKind; 7] = [
        OptimizerKind::Sgd,
        OptimizerKind::Momentum,
        OptimizerKind::Nesterov,
        OptimizerKind::AdaGrad,
        OptimizerKind::RmsProp,
        OptimizerKind::Adam,
        OptimizerKind::AdamW,
    ];

    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            OptimizerKind::Sgd => "sgd",
            OptimizerKind::Momentum => "momentum",
            OptimizerKind::Nesterov => "nesterov",
            OptimizerKind::AdaGrad => "adagrad",
            OptimizerKind::RmsProp => "rmsprop",
            OptimizerKind::Adam => "adam",
            OptimizerKind::AdamW => "adamw",
        }
    }

    /// A summary in one line.
    pub fn summary(self) -> &'static str {
        match self {
            OptimizerKind::Sgd => "stochastic gradient descent: a step against the gradient",
            OptimizerKind::Momentum => "gradients accumulate into a decaying velocity",
            OptimizerKind::Nesterov => "momentum with a look-ahead of one step",
            OptimizerKind::AdaGrad => {
                "a learning rate for each weight, which decreases with its past gradients"
            }
            OptimizerKind::RmsProp => "adagrad with a decaying mean of past gradients",
            OptimizerKind::Adam => "rmsprop with momentum, both with bias correction",
            OptimizerKind::AdamW => "adam with decoupled weight decay",
        }
    }

    /// The default learning rate: the book's for gradient descent, a tenth of it with momentum, because 1/(1 − μ) steps add
    /// up, and PyTorch's for the others.
    pub fn learning_rate(self) -> f64 {
        match self {
            OptimizerKind::Sgd => 0.1,
            OptimizerKind::Momentum
            | OptimizerKind::Nesterov
            | OptimizerKind::AdaGrad
            | OptimizerKind::RmsProp => 0.01,
            OptimizerKind::Adam | OptimizerKind::AdamW => 0.001,
        }
    }

    /// The default momentum μ, if the optimizer has one.
    pub fn momentum(self) -> Option<f64> {
        matches!(self, OptimizerKind::Momentum | OptimizerKind::Nesterov).then_some(0.9)
    }

    /// The default ε, if the optimizer has one: PyTorch's.
    pub fn epsilon(self) -> Option<f64> {
        match self {
            OptimizerKind::Sgd | OptimizerKind::Momentum | OptimizerKind::Nesterov => None,
            OptimizerKind::AdaGrad => Some(1e-10),
            OptimizerKind::RmsProp | OptimizerKind::Adam | OptimizerKind::AdamW => Some(1e-8),
        }
    }

    /// The default weight decay λ.
    pub fn weight_decay(self) -> f64 {
        if self == OptimizerKind::AdamW { 0.01 } else { 0.0 }
    }
}

impl fmt::Display for OptimizerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for OptimizerKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(OptimizerKind::name).join(", ");
            Error::invalid("optimizer", format!("unknown value `{text}`"), format!("use one of {names}"))
        })
    }
}

/// An optimizer and its settings as plain data.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::optim::{Optimizer, OptimizerKind, OptimizerConfig};
///
/// let config = OptimizerConfig { clip: Some(1.0), ..OptimizerConfig::default_for(OptimizerKind::AdamW) };
/// assert_eq!(config.to_string(), "adamw, learning rate 0.001, weight decay 0.01, clipped to 1");
/// assert_eq!(config.build()?.learning_rate(), 0.001);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OptimizerConfig {
    /// The optimizer.
    #[serde(rename = "optimizer", default)]
    pub kind: OptimizerKind,
    /// The learning rate η.
    pub learning_rate: f64,
    /// The momentum μ; `None` for the default, and for optimizers without momentum.
    #[serde(default)]
    pub momentum: Option<f64>,
    /// The decay α of the mean of squares of [`OptimizerKind::RmsProp`]; `None` for the default, 0.99 as in PyTorch. Keras's is 0.9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decay: Option<f64>,
    /// ε, which is added to the root of the squares; `None` for the default, and for optimizers without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epsilon: Option<f64>,
    /// The weight decay λ: decoupled with [`OptimizerKind::AdamW`], else part of the gradient.
    #[serde(default)]
    pub weight_decay: f64,
    /// The largest global gradient norm; `None` for no clipping.
    #[serde(default)]
    pub clip: Option<f64>,
}

impl OptimizerConfig {
    /// The default settings of an optimizer.
    pub fn default_for(kind: OptimizerKind) -> Self {
        OptimizerConfig {
            kind,
            learning_rate: kind.learning_rate(),
            momentum: kind.momentum(),
            decay: None,
            epsilon: None,
            weight_decay: kind.weight_decay(),
            clip: None,
        }
    }

    /// # Errors
    /// [`Error::Invalid`] for a momentum or an ε of an optimizer without one, or a number out of its range.
    pub fn check(&self) -> Result<()> {
        check_learning_rate(self.learning_rate)?;
        let invalid = |what: &str, problem: String, help: &str| Err(Error::invalid(what, problem, help));
        if let Some(momentum) = self.momentum {
            if self.kind.momentum().is_none() {
                let problem = format!("`{}` has no momentum, {} given", self.kind, short(momentum));
                return invalid("momentum", problem, "leave it out, or use `momentum` or `nesterov`");
            }
            if !(0.0..1.0).contains(&momentum) {
                let problem = format!("{} makes the velocity diverge", short(momentum));
                return invalid("momentum", problem, "give a number >= 0 and < 1, for example 0.9");
            }
        }
        if let Some(decay) = self.decay {
            if self.kind != OptimizerKind::RmsProp {
                let problem = format!("`{}` has no mean of squares with a decay of its own", self.kind);
                return invalid("decay", problem, "leave it out, or use `rmsprop`");
            }
            if !(0.0..1.0).contains(&decay) {
                let problem = format!("{} is out of range", short(decay));
                return invalid("decay", problem, "give a number >= 0 and < 1, for example 0.9");
            }
        }
        if let Some(epsilon) = self.epsilon {
            if self.kind.epsilon().is_none() {
                let problem = format!("`{}` has no epsilon, {} given", self.kind, short(epsilon));
                return invalid(
                    "epsilon",
                    problem,
                    "leave it out, or use `adagrad`, `rmsprop`, `adam` or `adamw`",
                );
            }
            if !(epsilon.is_finite() && epsilon >= 0.0) {
                let problem = format!("{} is out of range", short(epsilon));
                return invalid("epsilon", problem, "give a finite number >= 0, for example 1e-8");
            }
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            let problem = format!("{} is out of range", short(self.weight_decay));
            return invalid("weight decay", problem, "give a finite number >= 0");
        }
        if let Some(clip) = self.clip.filter(|clip| !(clip.is_finite() && *clip > 0.0)) {
            let problem = format!("{} is out of range", short(clip));
            return invalid("gradient clipping norm", problem, "give a finite number > 0, for example 1");
        }
        Ok(())
    }

    /// The optimizer. Gradients are clipped first, then weight decay is added, as in PyTorch.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn build(&self) -> Result<Box<dyn Optimizer + Send + Sync>> {
        self.check()?;
        let OptimizerConfig { kind, learning_rate, weight_decay, .. } = *self;
        let momentum = self.momentum.or(kind.momentum()).unwrap_or_default();
        let epsilon = self.epsilon.or(kind.epsilon()).unwrap_or_default();
        let mut optimizer: Box<dyn Optimizer + Send + Sync> = match kind {
            OptimizerKind::Sgd => Box::new(Sgd::new(learning_rate)),
            OptimizerKind::Momentum => Box::new(Momentum::new(learning_rate, momentum)),
            OptimizerKind::Nesterov => Box::new(Momentum::nesterov(learning_rate, momentum)),
            OptimizerKind::AdaGrad => Box::new(AdaGrad::new(learning_rate).epsilon(epsilon)),
            OptimizerKind::RmsProp => {
                let optimizer = RmsProp::new(learning_rate).epsilon(epsilon);
                Box::new(self.decay.map_or(optimizer, |decay| optimizer.decay(decay)))
            }
            OptimizerKind::Adam => Box::new(Adam::new(learning_rate).epsilon(epsilon)),
            OptimizerKind::AdamW => Box::new(Adam::with_decay(learning_rate, weight_decay).epsilon(epsilon)),
        };
        if weight_decay > 0.0 && kind != OptimizerKind::AdamW {
            optimizer = Box::new(WeightDecay::new(weight_decay, optimizer));
        }
        if let Some(clip) = self.clip {
            optimizer = Box::new(ClipNorm::new(clip, optimizer));
        }
        Ok(optimizer)
    }
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        OptimizerConfig::default_for(OptimizerKind::default())
    }
}

impl fmt::Display for OptimizerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, learning rate {}", self.kind, short(self.learning_rate))?;
        if let Some(momentum) = self.momentum {
            write!(f, ", momentum {}", short(momentum))?;
        }
        if let Some(decay) = self.decay {
            write!(f, ", decay {}", short(decay))?;
        }
        if let Some(epsilon) = self.epsilon {
            write!(f, ", epsilon {}", short(epsilon))?;
        }
        if self.weight_decay > 0.0 {
            write!(f, ", weight decay {}", short(self.weight_decay))?;
        }
        self.clip.map_or(Ok(()), |clip| write!(f, ", clipped to {}", short(clip)))
    }
}

/// Checks that a learning rate is finite and not negative.
pub(crate) fn check_learning_rate(rate: f64) -> Result<()> {
    if rate.is_finite() && rate >= 0.0 {
        return Ok(());
    }
    let problem = format!("{} is out of range", short(rate));
    Err(Error::invalid("learning rate", problem, "give a finite number >= 0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_optimizer_is_parsed_and_built_with_its_defaults() -> Result<()> {
        for kind in OptimizerKind::ALL {
            assert_eq!(kind.name().parse::<OptimizerKind>()?, kind);
            let optimizer = OptimizerConfig::default_for(kind).build()?;
            assert!(optimizer.description().starts_with(kind.name()), "{}", optimizer.description());
            assert_eq!(optimizer.learning_rate(), kind.learning_rate());
        }
        // A default that is given has the bits of one that is not.
        for kind in OptimizerKind::ALL {
            let config = OptimizerConfig::default_for(kind);
            let given = OptimizerConfig { epsilon: kind.epsilon(), ..config };
            assert_eq!(given.build()?.description(), config.build()?.description());
        }
        "sdg".parse::<OptimizerKind>().expect_err("a misspelled name");
        let all = OptimizerConfig {
            weight_decay: 0.1,
            clip: Some(2.0),
            ..OptimizerConfig::default_for(OptimizerKind::Nesterov)
        };
        assert_eq!(all.build()?.description(), "nesterov 0.9, weight decay 0.1, clipped to 2");
        Ok(())
    }

    #[test]
    fn settings_out_of_range_are_errors() {
        let sgd = OptimizerConfig::default();
        let momentum = OptimizerConfig::default_for(OptimizerKind::Momentum);
        let rmsprop = OptimizerConfig::default_for(OptimizerKind::RmsProp);
        let adam = OptimizerConfig::default_for(OptimizerKind::Adam);
        for (config, text) in [
            (OptimizerConfig { momentum: Some(0.9), ..sgd }, "`sgd` has no momentum"),
            (OptimizerConfig { momentum: Some(1.0), ..momentum }, "< 1"),
            (OptimizerConfig { momentum: Some(f64::NAN), ..momentum }, "NaN"),
            (OptimizerConfig { decay: Some(0.9), ..sgd }, "no mean of squares"),
            (OptimizerConfig { decay: Some(1.0), ..rmsprop }, "decay: 1"),
            (OptimizerConfig { weight_decay: -0.1, ..sgd }, "-0.1"),
            (OptimizerConfig { epsilon: Some(1e-8), ..sgd }, "`sgd` has no epsilon"),
            (OptimizerConfig { epsilon: Some(-1e-8), ..adam }, "out of range"),
            (OptimizerConfig { epsilon: Some(f64::NAN), ..adam }, "out of range"),
            (OptimizerConfig { clip: Some(0.0), ..sgd }, "norm: 0"),
            (OptimizerConfig { learning_rate: f64::INFINITY, ..sgd }, "inf"),
        ] {
            let error = config.build().err().expect(text).to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
