//! The categories of a column: classes of a target, or the columns of a one-hot feature.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use retrograde_base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::data::table::{ColumnType, Table, column_of};

/// The names of categories, in order. Numbers are named in their shortest form, so that 1 and 1.0 are the same category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Categories {
    pub(super) names: Vec<String>,
    are_numbers: bool,
}

/// The most categories of a column.
const MAX_CATEGORIES: usize = 1 << 16;

impl Categories {
    /// The categories of a column in these rows, without the missing one.
    ///
    /// # Errors
    /// [`Error::Format`] if a cell of a column of numbers is none, or there are too many categories.
    pub(super) fn of(table: &Table, column: usize, rows: &[usize]) -> Result<Self> {
        let are_numbers = table.columns()[column].column_type() == ColumnType::Number;
        let mut names: BTreeSet<Cow<'_, str>> = BTreeSet::new();
        for row in rows {
            names.extend(name_of(table, *row, column, are_numbers)?);
            Self::must_be_few(table, column, names.len())?;
        }
        Ok(Self::named(names.into_iter().map(Cow::into_owned).collect(), are_numbers))
    }

    /// Checks that a column has no more categories than a network can have classes.
    pub(super) fn must_be_few(table: &Table, column: usize, count: usize) -> Result<()> {
        if count <= MAX_CATEGORIES {
            return Ok(());
        }
        let name = table.columns()[column].name();
        let problem = format!("{} has more than {MAX_CATEGORIES} categories", column_of(name));
        Err(Error::format(table.path(), problem, "leave it out, or use it as numbers"))
    }

    /// The categories with these names.
    pub(super) fn named(names: BTreeSet<String>, are_numbers: bool) -> Self {
        let mut names: Vec<String> = names.into_iter().collect();
        if are_numbers {
            let value = |name: &String| name.parse::<f64>().unwrap_or(f64::NAN);
            names.sort_by(|a, b| value(a).total_cmp(&value(b)));
        }
        Categories { names, are_numbers }
    }

    /// The position of each name.
    pub(super) fn positions(&self) -> HashMap<&str, usize> {
        self.names.iter().enumerate().map(|(position, name)| (name.as_str(), position)).collect()
    }

    /// The name of the category of a cell; `None` if it is missing.
    ///
    /// # Errors
    /// [`Error::Format`] if these are numbers and the cell is none.
    pub(super) fn name_of<'a>(
        &self,
        table: &'a Table,
        row: usize,
        column: usize,
    ) -> Result<Option<Cow<'a, str>>> {
        name_of(table, row, column, self.are_numbers)
    }

    /// The class numbers of rows, which must have a class.
    pub(super) fn numbers(&self, table: &Table, column: usize, rows: &[usize]) -> Result<Vec<u32>> {
        let positions = self.positions();
        let number = |row: &usize| {
            let name =
                self.name_of(table, *row, column)?.ok_or_else(|| missing_target(table, *row, column))?;
            let position = positions.get(&*name).ok_or_else(|| self.unseen(table, *row, column, ""))?;
            Ok(*position as u32)
        };
        rows.iter().map(number).collect()
    }

    /// The error for a cell whose category is not among these.
    pub(super) fn unseen(&self, table: &Table, row: usize, column: usize, help: &str) -> Error {
        let known = crate::data::table::listed(self.names.iter().map(String::as_str));
        let problem = "is none of the categories of the training";
        table.invalid_cell(row, column, problem, format!("give one of {known}{help}"))
    }
}

/// The error for a row without a target.
pub(super) fn missing_target(table: &Table, row: usize, column: usize) -> Error {
    table.invalid_cell(row, column, "is a missing target", "give a row its target, or remove it")
}

/// The name of the category of a cell; `None` if it is missing.
pub(super) fn name_of(
    table: &Table,
    row: usize,
    column: usize,
    as_number: bool,
) -> Result<Option<Cow<'_, str>>> {
    if !as_number {
        return Ok(table.present(row, column).map(Cow::Borrowed));
    }
    // Adding 0 makes −0 the same category as 0.
    Ok(table.number(row, column)?.map(|number| Cow::Owned((number + 0.0).to_string())))
}
