//! Standardization of numbers to mean 0 and deviation 1.

use retrograde_base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::data::table::{Table, column_of};

/// The mean and the standard deviation of numbers: x becomes (x − mean) / deviation.
///
/// The deviation is that of the population (divided by n), and 1 if all numbers are equal, as in scikit-learn's
/// `StandardScaler`.
///
/// # Examples
/// ```
/// use retrograde::data::Standardization;
///
/// let scale = Standardization::of(&[1.0, 3.0]).expect("finite");
/// assert_eq!((scale.mean, scale.deviation), (2.0, 1.0));
/// assert_eq!(scale.apply(5.0), 3.0);
/// assert_eq!(scale.invert(3.0), 5.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Standardization {
    /// The mean.
    pub mean: f64,
    /// The standard deviation; not 0.
    pub deviation: f64,
}

impl Standardization {
    /// Numbers as they are: mean 0, deviation 1.
    pub const IDENTITY: Self = Standardization { mean: 0.0, deviation: 1.0 };

    /// The mean and the deviation of numbers; `None` if they are not finite. Of no numbers they are 0 and 1.
    pub fn of(numbers: &[f64]) -> Option<Self> {
        let mut scan = StandardizationScan::default();
        for pass in 0..StandardizationScan::PASSES {
            numbers.iter().for_each(|number| scan.push(pass, *number));
            scan.end(pass);
        }
        scan.finish()
    }

    /// The mean and the deviation of the numbers of a column in these rows, without the missing ones.
    ///
    /// # Errors
    /// [`Error::Format`] if a cell is no number, or the deviation is too large for one.
    pub(super) fn of_column(table: &Table, column: usize, rows: &[usize]) -> Result<Self> {
        let mut numbers = Vec::with_capacity(rows.len());
        for row in rows {
            numbers.extend(table.number(*row, column)?);
        }
        Self::of(&numbers).ok_or_else(|| Self::too_large(table, column))
    }

    /// The error for a column whose deviation is too large for a number.
    pub(super) fn too_large(table: &Table, column: usize) -> Error {
        let name = table.columns()[column].name();
        let problem = format!("the numbers of {} are too large for a standard deviation", column_of(name));
        Error::format(table.path(), problem, "write them in another unit, or leave the column out")
    }

    /// The standardized number.
    pub fn apply(&self, number: f64) -> f64 {
        (number - self.mean) / self.deviation
    }

    /// The number in its original unit.
    pub fn invert(&self, standardized: f64) -> f64 {
        standardized * self.deviation + self.mean
    }
}

/// Computes a [`Standardization`] of numbers that come one after the other, several times in the same order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StandardizationScan {
    count: f64,
    /// The sum of the current pass.
    sum: f64,
    first_number: f64,
    are_different: bool,
    /// The mean with the rounding error of the first pass.
    first_mean: f64,
    mean: f64,
    variance: f64,
}

impl StandardizationScan {
    /// How often the numbers come: for their mean, for its rounding error, and for their deviation.
    pub(super) const PASSES: usize = 3;

    /// Adds a number of a pass, counted from 0.
    pub(super) fn push(&mut self, pass: usize, number: f64) {
        match pass {
            0 => {
                if self.count == 0.0 {
                    self.first_number = number;
                }
                self.are_different |= number != self.first_number;
                self.count += 1.0;
                self.sum += number;
            }
            1 => self.sum += number - self.first_mean,
            _ => self.sum += (number - self.mean) * (number - self.mean),
        }
    }

    /// Ends a pass.
    pub(super) fn end(&mut self, pass: usize) {
        let mean = std::mem::take(&mut self.sum) / self.count;
        match pass {
            0 => self.first_mean = mean,
            1 => self.mean = self.first_mean + mean,
            _ => self.variance = mean,
        }
    }

    /// The mean and the deviation, as [`Standardization::of`].
    pub(super) fn finish(self) -> Option<Standardization> {
        if self.count == 0.0 {
            return Some(Standardization::IDENTITY);
        }
        let (mean, deviation) = (self.mean, self.variance.sqrt());
        let deviation = if !self.are_different || deviation == 0.0 { 1.0 } else { deviation };
        (mean.is_finite() && deviation.is_finite()).then_some(Standardization { mean, deviation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_and_extreme_numbers_have_a_scale() {
        let of = |numbers: &[f64]| Standardization::of(numbers).map(|scale| (scale.mean, scale.deviation));
        assert_eq!(of(&[]), Some((0.0, 1.0)));
        assert_eq!(of(&[0.1; 7]).map(|(_, deviation)| deviation), Some(1.0));
        assert_eq!(of(&[1e-200, -1e-200]), Some((0.0, 1.0)));
        assert_eq!(of(&[1e308, 1e308, -1e308]), None);
        assert_eq!(of(&[f64::NAN]), None);
    }

    /// The shift of 1e9 leaves numbers near 1 seven digits.
    #[test]
    fn a_large_mean_takes_no_digits_from_the_deviation() {
        let shifted: Vec<f64> = [1.0, 2.0, 3.0, 4.0].iter().map(|x| x + 1e9).collect();
        let scale = Standardization::of(&shifted).unwrap();
        assert_eq!((scale.mean, scale.deviation), (1e9 + 2.5, 1.25_f64.sqrt()));
    }
}
