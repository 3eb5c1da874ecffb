//! Losses as programs write them.

use retrograde_core::graph::Var;
use std::fmt;

/// What is computed of an output and its target, `[rows, outputs]` both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Formula {
    /// Cross entropy of the softmax of logits.
    SoftmaxCrossEntropy,
    /// Binary cross entropy of the sigmoid of logits.
    SigmoidCrossEntropy,
    /// − Σ t · ln p of probabilities.
    CrossEntropy {
        /// p is limited to [ε, 1 − ε].
        clip: Option<f64>,
        /// Each row is divided by its sum first, as in Keras.
        normalizes: bool,
    },
    /// − t · ln p − (1 − t) · ln(1 − p) of probabilities.
    BinaryCrossEntropy {
        /// p is limited to [ε, 1 − ε], and ε is added in the logarithms, as in Keras.
        clip: Option<f64>,
    },
    /// (y − t)².
    SquaredError,
    /// |y − t|.
    AbsoluteError,
    /// max(0, 1 + max of (1 − t) · y − Σ t · y), Keras's categorical hinge.
    CategoricalHinge,
    /// max(0, 1 − t · y), with targets of −1 and 1; of 0 and 1 they are converted, as in Keras.
    Hinge,
}

impl Formula {
    /// Keras's `categorical_crossentropy`.
    pub const KERAS_CROSS_ENTROPY: Formula = Formula::CrossEntropy { clip: Some(1e-7), normalizes: true };
    /// Keras's `binary_crossentropy`.
    pub const KERAS_BINARY_CROSS_ENTROPY: Formula = Formula::BinaryCrossEntropy { clip: Some(1e-7) };

    /// Whether its outputs are logits: an activation is part of the formula.
    pub fn takes_logits(self) -> bool {
        matches!(self, Formula::SoftmaxCrossEntropy | Formula::SigmoidCrossEntropy)
    }

    /// Whether its outputs are probabilities.
    pub fn takes_probabilities(self) -> bool {
        matches!(self, Formula::CrossEntropy { .. } | Formula::BinaryCrossEntropy { .. })
    }

    /// Whether it is made for targets that are classes.
    pub fn is_for_classes(self) -> bool {
        !matches!(self, Formula::SquaredError | Formula::AbsoluteError)
    }

    /// Whether it has one number for each row; otherwise for each output of each row.
    fn is_of_rows(self) -> bool {
        matches!(
            self,
            Formula::SoftmaxCrossEntropy | Formula::CrossEntropy { .. } | Formula::CategoricalHinge
        )
    }

    /// Its numbers, `[rows]` or `[rows, outputs]`.
    fn record(self, output: &Var, targets: &Var) -> Var {
        let shape = output.shape_or_scalar();
        let ones = || output.graph().full(shape.clone(), 1.0);
        match self {
            Formula::SoftmaxCrossEntropy => -(targets * output.log_softmax(-1)).sum(-1),
            Formula::SigmoidCrossEntropy => output.softplus() - targets * output,
            Formula::CrossEntropy { clip, normalizes } => {
                let p = if normalizes {
                    output / output.sum_keepdims(-1).broadcast(shape.clone())
                } else {
                    output.clone()
                };
                let p = clip.map_or(p.clone(), |limit| p.clamp(limit, 1.0 - limit));
                -(targets * p.log()).sum(-1)
            }
            Formula::BinaryCrossEntropy { clip } => {
                let p = clip.map_or(output.clone(), |limit| output.clamp(limit, 1.0 - limit));
                let limit = clip.unwrap_or(0.0);
                let yes = targets * (&p + limit).log();
                -(yes + (ones() - targets) * (ones() - &p + limit).log())
            }
            Formula::SquaredError => {
                let error = output - targets;
                &error * &error
            }
            Formula::AbsoluteError => (output - targets).abs(),
            Formula::CategoricalHinge => {
                let positive = (targets * output).sum(-1);
                let negative = ((ones() - targets) * output).max(-1);
                (negative - positive + 1.0).relu()
            }
            Formula::Hinge => {
                let signs = targets * 2.0 - 1.0;
                (ones() - signs * output).relu()
            }
        }
    }
}

/// How the numbers of a batch become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// The mean of all.
    Mean,
    /// The sum over the outputs, the mean over the rows.
    SumOfOutputs,
    /// The mean over the outputs, the sum over the rows.
    SumOfRows,
    /// The sum of all.
    Sum,
    /// The mean over all pairs of a row's output and another row's target: what NumPy, TensorFlow and PyTorch compute of an output
    /// `[rows, 1]` and targets `[rows]`.
    MeanOfPairs,
}

/// The loss of a batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// What is computed of each row.
    pub formula: Formula,
    /// How the rows become one number.
    pub reduction: Reduction,
    /// A factor, such as ½.
    pub factor: f64,
}

impl From<Formula> for Loss {
    /// The mean.
    fn from(formula: Formula) -> Self {
        Loss { formula, reduction: Reduction::Mean, factor: 1.0 }
    }
}

impl Loss {
    /// With another reduction.
    #[must_use]
    pub fn reduced(self, reduction: Reduction) -> Self {
        Loss { reduction, ..self }
    }

    /// With a factor.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Loss { factor, ..self }
    }

    /// Records the loss of a batch: a scalar of outputs and targets `[rows, outputs]`.
    pub fn record(&self, output: &Var, targets: &Var) -> Var {
        let (rows, outputs) = match output.shape_or_scalar()[..] {
            [rows, outputs] => (rows.max(1) as f64, outputs.max(1) as f64),
            _ => (1.0, 1.0),
        };
        let loss = if self.reduction == Reduction::MeanOfPairs {
            let count = rows as usize;
            let across = [count, count];
            let columns = output.broadcast(across);
            let others = targets.transpose([1, 0]).broadcast(across);
            self.formula.record(&columns, &others).mean_all()
        } else {
            let numbers = self.formula.record(output, targets);
            let count = if self.formula.is_of_rows() { 1.0 } else { outputs };
            match self.reduction {
                Reduction::Mean | Reduction::MeanOfPairs => numbers.mean_all(),
                Reduction::SumOfOutputs => numbers.sum_all() * (1.0 / rows),
                Reduction::SumOfRows => numbers.sum_all() * (1.0 / count),
                Reduction::Sum => numbers.sum_all(),
            }
        };
        if self.factor == 1.0 { loss } else { loss * self.factor }
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Formula::SoftmaxCrossEntropy => "cross entropy of logits",
            Formula::SigmoidCrossEntropy => "binary cross entropy of logits",
            Formula::CrossEntropy { .. } => "cross entropy",
            Formula::BinaryCrossEntropy { .. } => "binary cross entropy",
            Formula::SquaredError => "squared error",
            Formula::AbsoluteError => "absolute error",
            Formula::CategoricalHinge => "categorical hinge",
            Formula::Hinge => "hinge",
        })
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reduction = match self.reduction {
            Reduction::Mean => "mean",
            Reduction::SumOfOutputs => "sum over the outputs, mean over the rows",
            Reduction::SumOfRows => "sum over the rows",
            Reduction::Sum => "sum",
            Reduction::MeanOfPairs => "mean over all pairs of rows",
        };
        write!(f, "{} ({reduction})", self.formula)
    }
}
