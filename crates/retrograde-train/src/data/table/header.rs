//! Whether the first row of a table is a header, and the names of the columns.

use super::cells::Cells;
use super::number::DecimalMark;
use std::collections::{HashMap, HashSet};

/// The most rows that are compared with the first.
const SAMPLE_ROWS: usize = 1000;

/// Whether the first row has names and not values.
///
/// It has if a column of numbers begins with a word. It has not if no such column exists and the row has a number. A table
/// of words has a header if the first row's words are different and do not come again in their columns.
pub(super) fn is_header(cells: &Cells, mark: DecimalMark, is_missing: impl Fn(&str) -> bool) -> bool {
    let is_number = |cell: &str| mark.parse(cell).is_some();
    let is_word = |cell: &str| !is_missing(cell) && !is_number(cell);
    let rest =
        |column: usize| cells.column(column).skip(1).take(SAMPLE_ROWS).filter(|cell| !is_missing(cell));
    let first = |column: usize| cells.get(0, column);
    let is_of_numbers = |column: usize| {
        let (numbers, all) = rest(column)
            .fold((0, 0), |(numbers, all), cell| (numbers + usize::from(is_number(cell)), all + 1));
        numbers > 0 && 10 * numbers >= 9 * all
    };
    let columns = || 0..cells.columns();
    if columns().any(|column| is_word(first(column)) && is_of_numbers(column)) {
        return true;
    }
    if columns().any(|column| is_number(first(column))) {
        return false;
    }
    let names: HashSet<&str> = columns().map(first).collect();
    names.len() == cells.columns() && columns().all(|column| rest(column).all(|cell| cell != first(column)))
}

/// The names of columns from a header: an empty name becomes "unnamed 3", a repeated one gets a number, as in
/// pandas ("a", "a.1").
pub(super) fn names(header: Vec<String>) -> Vec<String> {
    let mut taken: HashSet<String> = header.iter().cloned().collect();
    // For each name the number of its columns so far.
    let mut counts: HashMap<String, usize> = HashMap::new();
    let named = |(column, name): (usize, String)| {
        let name = if name.is_empty() { format!("unnamed {}", column + 1) } else { name };
        let count = counts.entry(name.clone()).or_default();
        let mut unique = name.clone();
        while *count > 0 && taken.contains(&unique) {
            unique = format!("{name}.{count}");
            *count += 1;
        }
        *count = (*count).max(1);
        taken.insert(unique.clone());
        unique
    };
    header.into_iter().enumerate().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn has_header(text: &str) -> bool {
        let cells = Cells::parse(Path::new("a"), text, ',').unwrap();
        is_header(&cells, DecimalMark::Point, |cell| matches!(cell, "" | "NA"))
    }

    #[test]
    fn headers_are_recognized() {
        for (text, header) in [
            ("a,b\n1,2\n", true),
            ("1,2\n3,4\n", false),
            // A year as a name.
            ("name,score,2019\nx,1,2\n", true),
            ("5.1,setosa\n4.9,setosa\n", false),
            ("length,species\n4.9,setosa\n", true),
            // Words only.
            ("outlook,play\nsunny,no\nrain,yes\n", true),
            ("sunny,no\nrain,yes\nsunny,yes\n", false),
            ("no,no\nrain,yes\n", false),
            // An index column of pandas has no name.
            (",a\n0,1.5\n1,2.5\n", true),
            // Missing values in the first row.
            ("NA,1\n2,3\n", false),
            ("a,b\nNA,NA\n", true),
            ("a,b\n", true),
            ("1,2\n", false),
        ] {
            assert_eq!(has_header(text), header, "{text:?}");
        }
    }

    #[test]
    fn names_are_completed_and_made_different() {
        let named = |header: &[&str]| names(header.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(named(&["a", "", "b"]), ["a", "unnamed 2", "b"]);
        assert_eq!(named(&["a", "a", "a.1", "a"]), ["a", "a.2", "a.1", "a.3"]);
        assert_eq!(named(&["", "unnamed 1"]), ["unnamed 1", "unnamed 1.1"]);
    }

    #[test]
    fn many_equal_names_are_numbered_in_linear_time() {
        let named = names(vec!["a".to_owned(); 1 << 16]);
        assert_eq!((named[0].as_str(), named[65_535].as_str()), ("a", "a.65535"));
    }
}
