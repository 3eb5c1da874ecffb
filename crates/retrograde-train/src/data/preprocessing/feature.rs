//! How a column becomes columns of a matrix: a standardized number, or one column for each category.

use std::collections::HashMap;

use retrograde_base::{Error, Result};
use serde::{Deserialize, Serialize};

use super::categories::Categories;
use super::options::{MissingValues, UnseenCategories};
use super::standardization::Standardization;
use crate::data::Matrix;
use crate::data::table::{ColumnType, Table};

/// A column that is used, and what was learned of it from the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Feature {
    pub(super) column: String,
    pub(super) encoding: FeatureEncoding,
}

/// The encoding of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FeatureEncoding {
    /// One column: the number, standardized. A missing one is the mean.
    Number { mean: f64, scale: Standardization },
    /// A column for each category, which is 1 in its rows and 0 in others. Missing values have a column of their own, the
    /// last, if the table had any.
    OneHot { categories: Categories, has_missing: bool },
}

/// What is done where a cell has no number or category of the training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Policies {
    pub(super) missing: MissingValues,
    pub(super) unseen: UnseenCategories,
}

/// A feature's cells: a table, a column of it, and rows.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    pub(super) table: &'a Table,
    pub(super) column: usize,
    pub(super) rows: &'a [usize],
}

impl Feature {
    /// Learns an encoding: categories from `all` rows, the mean and the deviation from the rows `train`.
    pub(super) fn fit(all: Cells<'_>, train: &[usize], standardize: bool) -> Result<Self> {
        let Cells { table, column, rows } = all;
        let encoding = if table.usable_type(column) == ColumnType::Number {
            let learned = Standardization::of_column(table, column, train)?;
            let scale = if standardize { learned } else { Standardization::IDENTITY };
            FeatureEncoding::Number { mean: learned.mean, scale }
        } else {
            let has_missing = rows.iter().any(|row| table.present(*row, column).is_none());
            FeatureEncoding::OneHot { categories: Categories::of(table, column, rows)?, has_missing }
        };
        Ok(Feature { column: table.columns()[column].name().to_owned(), encoding })
    }

    /// The number of columns of the matrix.
    pub(super) fn width(&self) -> usize {
        match &self.encoding {
            FeatureEncoding::Number { .. } => 1,
            FeatureEncoding::OneHot { categories, has_missing } => {
                categories.names.len() + usize::from(*has_missing)
            }
        }
    }

    /// The names of the columns of the matrix: "age", "sex=male", "sex missing".
    pub(super) fn names(&self) -> Vec<String> {
        let column = &self.column;
        match &self.encoding {
            FeatureEncoding::Number { .. } => vec![column.clone()],
            FeatureEncoding::OneHot { categories, has_missing } => {
                let missing = has_missing.then(|| format!("{column} missing"));
                categories.names.iter().map(|name| format!("{column}={name}")).chain(missing).collect()
            }
        }
    }

    /// Writes the encoded cells into the columns of `matrix` from `first` on.
    pub(super) fn encode(
        &self,
        cells: Cells<'_>,
        policies: Policies,
        matrix: &mut Matrix,
        first: usize,
    ) -> Result<()> {
        let width = matrix.shape()[1];
        let of_row = matrix.values_mut().chunks_exact_mut(width);
        let mut values = of_row.zip(cells.rows).map(|(values, row)| (&mut values[first..], *row));
        match &self.encoding {
            FeatureEncoding::Number { mean, scale } => values.try_for_each(|(values, row)| {
                values[0] = encoded_number(cells, row, policies.missing, *mean, scale)?;
                Ok(())
            }),
            FeatureEncoding::OneHot { categories, has_missing } => {
                let hot = OneHot { categories, positions: categories.positions(), has_missing: *has_missing };
                values.try_for_each(|(values, row)| {
                    if let Some(position) = hot.position(cells, row, policies)? {
                        values[position] = 1.0;
                    }
                    Ok(())
                })
            }
        }
    }
}

fn encoded_number(
    cells: Cells<'_>,
    row: usize,
    missing: MissingValues,
    mean: f64,
    scale: &Standardization,
) -> Result<f64> {
    let Cells { table, column, .. } = cells;
    let number = match (table.number(row, column)?, missing) {
        (Some(number), _) => number,
        (None, MissingValues::Fill) => mean,
        (None, MissingValues::Refuse) => return Err(refused(table, row, column)),
    };
    let encoded = scale.apply(number);
    if encoded.is_finite() {
        return Ok(encoded);
    }
    Err(table.invalid_cell(row, column, "is too far from the numbers of the training", "check its unit"))
}

/// The categories of a feature, to be looked up.
struct OneHot<'a> {
    categories: &'a Categories,
    positions: HashMap<&'a str, usize>,
    has_missing: bool,
}

impl OneHot<'_> {
    /// The column that is 1 for a row; `None` if all are 0.
    fn position(&self, cells: Cells<'_>, row: usize, policies: Policies) -> Result<Option<usize>> {
        let Cells { table, column, .. } = cells;
        let name = self.categories.name_of(table, row, column)?;
        let position = match &name {
            Some(name) => self.positions.get(&**name).copied(),
            None if policies.missing == MissingValues::Refuse => return Err(refused(table, row, column)),
            None => self.has_missing.then_some(self.positions.len()),
        };
        if position.is_none() && policies.unseen == UnseenCategories::Refuse {
            let help = "; `Preprocessing::unseen_categories` can make all columns of the feature 0 instead";
            return Err(self.categories.unseen(table, row, column, help));
        }
        Ok(position)
    }
}

/// The error for a missing value that is not filled.
fn refused(table: &Table, row: usize, column: usize) -> Error {
    let help = "complete the row or remove it; `Preprocessing::missing_values` can fill missing values";
    table.invalid_cell(row, column, "is a missing value", help)
}
