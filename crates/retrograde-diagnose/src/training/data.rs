//! The rows of a training, and what their targets are.

use super::{Formula, Loss};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::{Error, Result};
use retrograde_train::data::Matrix;

/// Rows of inputs with their targets. Clones share them.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    x: Matrix,
    targets: Matrix,
}

impl Rows {
    /// Rows of inputs `[rows, features]` and targets `[rows, outputs]`. Classes are one-hot rows.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the numbers of rows differ.
    pub fn new(x: Matrix, targets: Matrix) -> Result<Self> {
        if x.shape()[0] != targets.shape()[0] {
            let problem = format!("{} rows for {} rows of inputs", targets.shape()[0], x.shape()[0]);
            return Err(Error::invalid("targets", problem, "give each row of the inputs one target"));
        }
        Ok(Rows { x, targets })
    }

    /// Rows of inputs with the numbers of their classes, which become one-hot rows.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the numbers of rows differ, or a class is not below `classes`.
    pub fn of_classes(x: Matrix, labels: &[u32], classes: usize) -> Result<Self> {
        if let Some(label) = labels.iter().find(|label| **label as usize >= classes) {
            let problem = format!("class {label} of {classes}");
            return Err(Error::invalid("labels", problem, "count classes from 0"));
        }
        let mut targets = vec![0.0; labels.len() * classes];
        for (row, label) in targets.chunks_exact_mut(classes.max(1)).zip(labels) {
            row[*label as usize] = 1.0;
        }
        Rows::new(x, Matrix::new(labels.len(), targets)?)
    }

    /// The inputs.
    pub fn x(&self) -> &Matrix {
        &self.x
    }

    /// The targets.
    pub fn targets(&self) -> &Matrix {
        &self.targets
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.x.shape()[0]
    }

    /// Whether there are none, which [`Matrix`] excludes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At most `count` of the rows, drawn at random, always the same: of rows at equal distances, data with a period would show one class.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn sample(&self, count: usize) -> Result<Self> {
        let rows = self.len();
        if rows <= count {
            return Ok(self.clone());
        }
        let mut order: Vec<u32> = (0..rows as u32).collect();
        order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(0));
        self.select(&order[..count])
    }

    /// These rows, in this order.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are none.
    pub fn select(&self, rows: &[u32]) -> Result<Self> {
        let pick = |matrix: &Matrix| {
            let values = rows.iter().flat_map(|row| matrix.row(*row as usize).unwrap_or_default());
            Matrix::new(rows.len(), values.copied().collect())
        };
        Ok(Rows { x: pick(&self.x)?, targets: pick(&self.targets)? })
    }
}

/// What the targets are, as far as their numbers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// One of several classes: one-hot rows, or probabilities that sum to one.
    Classes,
    /// One column of zeros and ones.
    Binary,
    /// Several columns of zeros and ones, any number of which are one.
    MultiLabel,
    /// One column with the numbers of more than two classes, which a loss for classes gets.
    ClassNumbers,
    /// Real numbers.
    Reals,
}

/// Probabilities that sum to one up to this are probabilities: rounding of `f32` over some thousand classes.
const ROUNDING: f64 = 1e-4;

impl TargetKind {
    /// The kind of the targets of rows. A column of class numbers is one only where the loss is for classes.
    pub fn of(rows: &Rows, loss: &Loss) -> Self {
        let targets = rows.targets();
        let width = targets.shape()[1];
        let zeros_and_ones = targets.values().iter().all(|value| *value == 0.0 || *value == 1.0);
        let probabilities = width > 1
            && targets.values().chunks_exact(width).all(|row| {
                row.iter().all(|value| *value >= 0.0) && (row.iter().sum::<f64>() - 1.0).abs() < ROUNDING
            });
        let whole = targets.values().iter().all(|value| *value >= 0.0 && value.fract() == 0.0);
        match width {
            1 if zeros_and_ones => TargetKind::Binary,
            1 if whole && loss.formula.is_for_classes() => TargetKind::ClassNumbers,
            _ if probabilities && (zeros_and_ones || loss.formula.is_for_classes()) => TargetKind::Classes,
            _ if zeros_and_ones && width > 1 => TargetKind::MultiLabel,
            _ => TargetKind::Reals,
        }
    }

    /// The loss that fits the targets, of outputs without an activation.
    pub fn fitting_formula(self) -> Formula {
        match self {
            TargetKind::Classes | TargetKind::ClassNumbers => Formula::SoftmaxCrossEntropy,
            TargetKind::Binary | TargetKind::MultiLabel => Formula::SigmoidCrossEntropy,
            TargetKind::Reals => Formula::SquaredError,
        }
    }
}
