//! The rows of the programs: printed, generated from a recipe, of a standard set, or a stand-in for one.

mod digits;
mod iris;
mod random;
pub mod stand_in;

pub use digits::Digits;
pub use iris::{iris, standardized};
pub use random::Random;

use retrograde::Result;
use retrograde::data::Matrix;
use retrograde::diagnose::Rows;

/// Rows of inputs and targets, each made by a function of its number.
pub fn rows(count: usize, mut row: impl FnMut(usize) -> (Vec<f64>, Vec<f64>)) -> Result<Rows> {
    let (mut x, mut targets) = (Vec::new(), Vec::new());
    for index in 0..count {
        let (inputs, target) = row(index);
        x.extend(inputs);
        targets.extend(target);
    }
    Rows::new(Matrix::new(count, x)?, Matrix::new(count, targets)?)
}

/// Rows of one input and one target.
pub fn curve(x: impl IntoIterator<Item = f64>, y: impl Fn(f64) -> f64) -> Result<Rows> {
    let x: Vec<f64> = x.into_iter().collect();
    rows(x.len(), |row| (vec![x[row]], vec![y(x[row])]))
}

/// A row of zeros with a one.
pub fn one_hot(class: usize, classes: usize) -> Vec<f64> {
    (0..classes).map(|index| f64::from(u8::from(index == class))).collect()
}

/// `count` numbers from `first` to `last`, evenly spaced.
pub fn linspace(first: f64, last: f64, count: usize) -> Vec<f64> {
    let step = (last - first) / (count.max(2) - 1) as f64;
    (0..count).map(|index| first + step * index as f64).collect()
}

/// Some of the rows for training, the others held out.
pub fn split(rows: &Rows, train: usize, random: &mut Random) -> Result<(Rows, Rows)> {
    let order = random.order(rows.len());
    let (train, held_out) = order.split_at(train);
    Ok((rows.select(train)?, rows.select(held_out)?))
}

/// The first rows for training, the last held out.
pub fn split_in_order(rows: &Rows, train: usize) -> Result<(Rows, Rows)> {
    let order: Vec<u32> = (0..rows.len() as u32).collect();
    let (train, held_out) = order.split_at(train);
    Ok((rows.select(train)?, rows.select(held_out)?))
}

/// The rows with each column of the inputs changed by a function of its numbers: its mean, its deviation, its least and its greatest.
pub fn with_columns(rows: &Rows, change: impl Fn(f64, &Column) -> f64) -> Result<Rows> {
    Rows::new(changed(rows.x(), change)?, rows.targets().clone())
}

/// The rows with each column of the targets changed likewise.
pub fn with_targets(rows: &Rows, change: impl Fn(f64, &Column) -> f64) -> Result<Rows> {
    Rows::new(rows.x().clone(), changed(rows.targets(), change)?)
}

/// What a column of numbers is like.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub mean: f64,
    pub deviation: f64,
    pub least: f64,
    pub greatest: f64,
}

impl Column {
    /// From 0 to 1.
    pub fn unit(value: f64, column: &Column) -> f64 {
        (value - column.least) / column.range()
    }

    /// Mean 0 and deviation 1.
    pub fn standard(value: f64, column: &Column) -> f64 {
        (value - column.mean) / column.deviation.max(1e-12)
    }

    /// The distance between the least and the greatest.
    pub fn range(&self) -> f64 {
        (self.greatest - self.least).max(1e-12)
    }
}

fn changed(matrix: &Matrix, change: impl Fn(f64, &Column) -> f64) -> Result<Matrix> {
    let [count, width] = matrix.shape();
    let columns: Vec<Column> = (0..width).map(|column| column_of(matrix, column)).collect();
    let values = matrix.values().chunks_exact(width.max(1));
    Matrix::new(
        count,
        values
            .flat_map(|row| row.iter().zip(&columns).map(|(value, column)| change(*value, column)))
            .collect(),
    )
}

fn column_of(matrix: &Matrix, column: usize) -> Column {
    let [count, width] = matrix.shape();
    let values = || matrix.values().iter().skip(column).step_by(width);
    let mean = values().sum::<f64>() / count as f64;
    let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / count as f64;
    Column {
        mean,
        deviation: variance.sqrt(),
        least: values().copied().fold(f64::INFINITY, f64::min),
        greatest: values().copied().fold(f64::NEG_INFINITY, f64::max),
    }
}
