//! Losses as text: in configs, in checkpoints and on the command line.

use super::{BinaryCrossEntropy, CrossEntropy, Loss};
use retrograde_base::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// Numbers with commas between them.
pub(super) fn list(numbers: &[f64]) -> String {
    numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(",")
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::CrossEntropy(options) => options.fmt(f),
            Loss::BinaryCrossEntropy(options) => options.fmt(f),
            Loss::SquaredError => f.write_str("squared-error"),
            Loss::AbsoluteError => f.write_str("absolute-error"),
            Loss::Huber { delta } => write!(f, "huber:{delta}"),
        }
    }
}

impl FromStr for Loss {
    type Err = Error;

    /// `cross-entropy[+smoothing:ε][+ignore:LABEL][+weights:W,W…]`, `binary-cross-entropy[+positive:W,W…]`, `squared-error`,
    /// `absolute-error` or `huber[:δ]`; `bce`, `mse` and `mae` are short for three of them.
    fn from_str(text: &str) -> Result<Self> {
        let unknown = || {
            let help = "use cross-entropy (with +smoothing:0.1, +ignore:LABEL or +weights:W,W…), binary-cross-entropy (with +positive:W), \
                squared-error, absolute-error or huber:DELTA";
            Error::invalid("loss", format!("unknown value `{text}`"), help)
        };
        let (name, options) = text.split_once('+').map_or((text, None), |(name, rest)| (name, Some(rest)));
        let options = options.into_iter().flat_map(|options| options.split('+'));
        let mut options = options.map(|option| option.split_once(':').ok_or_else(unknown));
        let loss = match name {
            "cross-entropy" => Loss::CrossEntropy(options.try_fold(
                CrossEntropy::default(),
                |loss, option| -> Result<CrossEntropy> {
                    let (key, value) = option?;
                    match key {
                        "smoothing" => Ok(CrossEntropy {
                            label_smoothing: value.parse().map_err(|_| unknown())?,
                            ..loss
                        }),
                        "ignore" => Ok(CrossEntropy {
                            ignore_index: Some(value.parse().map_err(|_| unknown())?),
                            ..loss
                        }),
                        "weights" => Ok(CrossEntropy {
                            class_weights: Some(numbers(value).ok_or_else(unknown)?),
                            ..loss
                        }),
                        _ => Err(unknown()),
                    }
                },
            )?),
            "binary-cross-entropy" | "bce" => {
                Loss::BinaryCrossEntropy(options.try_fold(BinaryCrossEntropy::default(), |_, option| {
                    match option? {
                        ("positive", value) => Ok(BinaryCrossEntropy {
                            positive_weights: Some(numbers(value).ok_or_else(unknown)?),
                        }),
                        _ => Err(unknown()),
                    }
                })?)
            }
            "squared-error" | "mse" => Loss::SquaredError,
            "absolute-error" | "mae" => Loss::AbsoluteError,
            "huber" => Loss::Huber { delta: 1.0 },
            _ => match name.strip_prefix("huber:").map(str::parse) {
                Some(Ok(delta)) => Loss::Huber { delta },
                _ => return Err(unknown()),
            },
        };
        if options.next().is_some() {
            return Err(unknown());
        }
        loss.check()?;
        Ok(loss)
    }
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    text.split(',').map(|number| number.parse().ok()).collect()
}

crate::as_text::as_text!(Loss);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_parsed() -> Result<()> {
        let smooth = CrossEntropy {
            label_smoothing: 0.1,
            ignore_index: Some(3),
            class_weights: Some(vec![1.0, 0.5, 1e-7, 0.0]),
        };
        for loss in [
            Loss::default(),
            Loss::CrossEntropy(smooth),
            Loss::BinaryCrossEntropy(BinaryCrossEntropy::default()),
            Loss::BinaryCrossEntropy(BinaryCrossEntropy { positive_weights: Some(vec![3.0, 0.25]) }),
            Loss::SquaredError,
            Loss::AbsoluteError,
            Loss::Huber { delta: 1.35 },
        ] {
            assert_eq!(loss.to_string().parse::<Loss>()?, loss);
            assert_eq!(serde_json::from_str::<Loss>(&serde_json::to_string(&loss).unwrap()).unwrap(), loss);
        }
        assert_eq!("mse".parse::<Loss>()?, Loss::SquaredError);
        assert_eq!("huber".parse::<Loss>()?, Loss::Huber { delta: 1.0 });
        for invalid in [
            "",
            "crossentropy",
            "cross-entropy+",
            "cross-entropy+smoothing",
            "cross-entropy+smoothing:1",
            "cross-entropy+smoothing:NaN",
            "cross-entropy+weights:1,,2",
            "cross-entropy+weights:0,0",
            "cross-entropy+ignore:-1",
            "bce+positive:0",
            "bce+smoothing:0.1",
            "mse+smoothing:0.1",
            "huber:0",
            "huber:inf",
            "huber:1+x:2",
        ] {
            assert!(invalid.parse::<Loss>().is_err(), "{invalid}");
        }
        Ok(())
    }
}
