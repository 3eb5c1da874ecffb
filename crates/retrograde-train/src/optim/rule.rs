//! The update rules by name, with their settings as plain data.

use super::{AdaGrad, Adam, ClipNorm, Momentum, Optimizer, RmsProp, Sgd, WeightDecay};
use retrograde_base::error::{Error, Result};
use retrograde_base::number::short;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An update rule by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
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

impl Rule {
    /// All of them.
    pub const ALL: [Rule; 7] =
        [Rule::Sgd, Rule::Momentum, Rule::Nesterov, Rule::AdaGrad, Rule::RmsProp, Rule::Adam, Rule::AdamW];

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Sgd => "sgd",
            Rule::Momentum => "momentum",
            Rule::Nesterov => "nesterov",
            Rule::AdaGrad => "adagrad",
            Rule::RmsProp => "rmsprop",
            Rule::Adam => "adam",
            Rule::AdamW => "adamw",
        }
    }

    /// What it does, in a line.
    pub fn summary(self) -> &'static str {
        match self {
            Rule::Sgd => "stochastic gradient descent: a step against the gradient",
            Rule::Momentum => "steps add up to a velocity, which friction slows down",
            Rule::Nesterov => "momentum that looks a step ahead",
            Rule::AdaGrad => "a learning rate for each weight, which shrinks with what it has moved",
            Rule::RmsProp => "the same, but what is long ago is forgotten",
            Rule::Adam => "rmsprop with momentum, both corrected for beginning at zero",
            Rule::AdamW => "adam with a weight decay that stands beside the gradient",
        }
    }

    /// The learning rate to begin with when nothing better is known: the book's for gradient descent, with momentum a
    /// tenth of it, as 1/(1 − μ) steps add up; PyTorch's for the others.
    pub fn learning_rate(self) -> f64 {
        match self {
            Rule::Sgd => 0.1,
            Rule::Momentum | Rule::Nesterov | Rule::AdaGrad | Rule::RmsProp => 0.01,
            Rule::Adam | Rule::AdamW => 0.001,
        }
    }

    /// The customary momentum μ of a rule that has one.
    pub fn momentum(self) -> Option<f64> {
        matches!(self, Rule::Momentum | Rule::Nesterov).then_some(0.9)
    }

    /// The customary weight decay λ.
    pub fn weight_decay(self) -> f64 {
        if self == Rule::AdamW { 0.01 } else { 0.0 }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Rule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Rule::name).join(", ");
            Error::invalid("an optimiser", format!("there is no `{text}`"), names)
        })
    }
}

/// An optimiser as plain data: a rule, its settings, and what is done to the gradients before.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::optim::{Optimizer, Rule, Settings};
///
/// let settings = Settings { clip: Some(1.0), ..Settings::of(Rule::AdamW) };
/// assert_eq!(settings.to_string(), "adamw, learning rate 0.001, weight decay 0.01, clipped to 1");
/// assert_eq!(settings.build()?.learning_rate(), 0.001);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The rule.
    #[serde(rename = "optimizer", default)]
    pub rule: Rule,
    /// The learning rate η.
    pub learning_rate: f64,
    /// The momentum μ, of a rule that has one; none means the customary.
    #[serde(default)]
    pub momentum: Option<f64>,
    /// The weight decay λ: with [`Rule::AdamW`] beside the gradient, else as part of it.
    #[serde(default)]
    pub weight_decay: f64,
    /// The largest norm that the gradients of all parameters together may have.
    #[serde(default)]
    pub clip: Option<f64>,
}

impl Settings {
    /// The customary settings of a rule.
    pub fn of(rule: Rule) -> Self {
        Settings {
            rule,
            learning_rate: rule.learning_rate(),
            momentum: rule.momentum(),
            weight_decay: rule.weight_decay(),
            clip: None,
        }
    }

    /// Errors when a setting makes no sense: a momentum for a rule without one, or a number out of its range.
    pub fn check(&self) -> Result<()> {
        check_learning_rate(self.learning_rate)?;
        let refuse = |what: &str, problem: String, help: &str| Err(Error::invalid(what, problem, help));
        if let Some(momentum) = self.momentum {
            if self.rule.momentum().is_none() {
                let problem = format!("`{}` has none, and {} was given", self.rule, short(momentum));
                return refuse("the momentum", problem, "leave it out, or choose `momentum` or `nesterov`");
            }
            if !(0.0..1.0).contains(&momentum) {
                let problem = format!("with {} the velocity would grow without end", short(momentum));
                return refuse("the momentum", problem, "give a number from 0 to below 1, such as 0.9");
            }
        }
        if !(self.weight_decay.is_finite() && self.weight_decay >= 0.0) {
            let problem = format!("{} is none", short(self.weight_decay));
            return refuse("the weight decay", problem, "give a finite number that is not negative");
        }
        if let Some(clip) = self.clip.filter(|clip| !(clip.is_finite() && *clip > 0.0)) {
            let problem = format!("gradients cannot be clipped to the norm {}", short(clip));
            return refuse("the clipping", problem, "give a finite number above 0, such as 1");
        }
        Ok(())
    }

    /// The optimiser: gradients are clipped first, then decay is added, then the rule sees them, as in PyTorch.
    pub fn build(&self) -> Result<Box<dyn Optimizer + Send + Sync>> {
        self.check()?;
        let Settings { rule, learning_rate, weight_decay, .. } = *self;
        let momentum = self.momentum.or(rule.momentum()).unwrap_or_default();
        let mut optimizer: Box<dyn Optimizer + Send + Sync> = match rule {
            Rule::Sgd => Box::new(Sgd::new(learning_rate)),
            Rule::Momentum => Box::new(Momentum::new(learning_rate, momentum)),
            Rule::Nesterov => Box::new(Momentum::nesterov(learning_rate, momentum)),
            Rule::AdaGrad => Box::new(AdaGrad::new(learning_rate)),
            Rule::RmsProp => Box::new(RmsProp::new(learning_rate)),
            Rule::Adam => Box::new(Adam::new(learning_rate)),
            Rule::AdamW => Box::new(Adam::with_decay(learning_rate, weight_decay)),
        };
        if weight_decay > 0.0 && rule != Rule::AdamW {
            optimizer = Box::new(WeightDecay::new(weight_decay, optimizer));
        }
        if let Some(clip) = self.clip {
            optimizer = Box::new(ClipNorm::new(clip, optimizer));
        }
        Ok(optimizer)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings::of(Rule::default())
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, learning rate {}", self.rule, short(self.learning_rate))?;
        if let Some(momentum) = self.momentum {
            write!(f, ", momentum {}", short(momentum))?;
        }
        if self.weight_decay > 0.0 {
            write!(f, ", weight decay {}", short(self.weight_decay))?;
        }
        self.clip.map_or(Ok(()), |clip| write!(f, ", clipped to {}", short(clip)))
    }
}

/// Errors when it is no learning rate.
pub(crate) fn check_learning_rate(rate: f64) -> Result<()> {
    if rate.is_finite() && rate >= 0.0 {
        return Ok(());
    }
    let help = "give a finite number that is not negative";
    Err(Error::invalid("the learning rate", format!("{} is no learning rate", short(rate)), help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_read_back_and_built_with_its_customs() -> Result<()> {
        for rule in Rule::ALL {
            assert_eq!(rule.name().parse::<Rule>()?, rule);
            let optimizer = Settings::of(rule).build()?;
            assert!(optimizer.description().starts_with(rule.name()), "{}", optimizer.description());
            assert_eq!(optimizer.learning_rate(), rule.learning_rate());
        }
        "sdg".parse::<Rule>().expect_err("a misspelt one");
        let all = Settings { weight_decay: 0.1, clip: Some(2.0), ..Settings::of(Rule::Nesterov) };
        assert_eq!(all.build()?.description(), "nesterov 0.9, weight decay 0.1, clipped to 2");
        Ok(())
    }

    #[test]
    fn nonsense_is_refused() {
        let sgd = Settings::default();
        let momentum = Settings::of(Rule::Momentum);
        for (settings, word) in [
            (Settings { momentum: Some(0.9), ..sgd }, "`sgd` has none"),
            (Settings { momentum: Some(1.0), ..momentum }, "below 1"),
            (Settings { momentum: Some(f64::NAN), ..momentum }, "NaN"),
            (Settings { weight_decay: -0.1, ..sgd }, "-0.1"),
            (Settings { clip: Some(0.0), ..sgd }, "norm 0"),
            (Settings { learning_rate: f64::INFINITY, ..sgd }, "inf"),
        ] {
            let error = settings.build().err().expect(word).to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
