//! Fisher's Iris flowers, which are in the repository.

use super::{Column, one_hot, rows, with_columns};
use retrograde::Result;
use retrograde::diagnose::Rows;

const FILE: &str = include_str!("../../../../crates/retrograde/tests/data/iris.csv");
const KINDS: [&str; 3] = ["setosa", "versicolor", "virginica"];

/// 150 rows of 4 lengths in centimetres, in the order of their kinds, which are one-hot.
pub fn iris() -> Result<Rows> {
    let lines: Vec<&str> = FILE.lines().skip(1).collect();
    rows(lines.len(), |line| {
        let fields: Vec<&str> = lines[line].split(',').collect();
        let lengths = fields.iter().take(4).map(|field| field.parse().unwrap_or(f64::NAN)).collect();
        let kind = KINDS.iter().position(|kind| Some(kind) == fields.get(4)).unwrap_or(0);
        (lengths, one_hot(kind, 3))
    })
}

/// With columns of mean 0 and deviation 1.
pub fn standardized(rows: &Rows) -> Result<Rows> {
    with_columns(rows, Column::standard)
}
