//! The column that a network is to predict.

use retrograde_base::Result;
use serde::{Deserialize, Serialize};

use super::categories::{Categories, missing_target};
use super::options::Task;
use super::standardization::Standardization;
use crate::data::table::Table;
use crate::data::{Matrix, Targets};

/// The target: its column, and its classes or its scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    pub(super) column: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Classes(Categories),
    Real(Standardization),
}

impl Target {
    /// Learns the classes from `all` rows, or the scale from the rows `train`.
    pub(super) fn fit(
        table: &Table,
        column: usize,
        task: Task,
        all: &[usize],
        scale_by: Option<&[usize]>,
    ) -> Result<Self> {
        let name = table.columns()[column].name().to_owned();
        let kind = match task {
            Task::Classification => Kind::Classes(Categories::of(table, column, all)?),
            Task::Regression | Task::MultiLabel | Task::NextToken => {
                Kind::Real(Standardization::of_column(table, column, scale_by.unwrap_or(&[]))?)
            }
        };
        Ok(Target { column: name, kind })
    }

    /// A target of these classes.
    pub(super) fn of_classes(table: &Table, column: usize, classes: Categories) -> Self {
        Target { column: table.columns()[column].name().to_owned(), kind: Kind::Classes(classes) }
    }

    /// A target of real numbers.
    pub(super) fn of_reals(table: &Table, column: usize, scale: Standardization) -> Self {
        Target { column: table.columns()[column].name().to_owned(), kind: Kind::Real(scale) }
    }

    /// The name of the column.
    pub fn column(&self) -> &str {
        &self.column
    }

    /// Whether classes or real numbers are predicted.
    pub fn task(&self) -> Task {
        match self.kind {
            Kind::Classes(_) => Task::Classification,
            Kind::Real(_) => Task::Regression,
        }
    }

    /// The names of the classes, by class number; empty for a regression.
    pub fn classes(&self) -> &[String] {
        match &self.kind {
            Kind::Classes(classes) => &classes.names,
            Kind::Real(_) => &[],
        }
    }

    /// How targets of a regression are scaled: [`Standardization::invert`] of a network's output is a prediction in the unit
    /// of the table. [`Standardization::IDENTITY`] for a classification.
    pub fn scale(&self) -> Standardization {
        match self.kind {
            Kind::Classes(_) => Standardization::IDENTITY,
            Kind::Real(scale) => scale,
        }
    }

    /// The targets of rows, which must have one.
    pub(super) fn encode(&self, table: &Table, column: usize, rows: &[usize]) -> Result<Targets> {
        match &self.kind {
            Kind::Classes(classes) => {
                let labels = classes.numbers(table, column, rows)?;
                Targets::classes(labels, classes.names.len())
            }
            Kind::Real(scale) => {
                let numbers =
                    rows.iter().map(|row| real(scale, table, column, *row)).collect::<Result<_>>()?;
                Matrix::new(rows.len(), numbers).map(Targets::Reals)
            }
        }
    }
}

fn real(scale: &Standardization, table: &Table, column: usize, row: usize) -> Result<f64> {
    let number = table.number(row, column)?.ok_or_else(|| missing_target(table, row, column))?;
    let scaled = scale.apply(number);
    let too_far =
        || table.invalid_cell(row, column, "is too far from the numbers of the training", "check its unit");
    scaled.is_finite().then_some(scaled).ok_or_else(too_far)
}
