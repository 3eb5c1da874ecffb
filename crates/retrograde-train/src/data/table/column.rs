//! A column of a table: its name, its type, and what its cells have in common.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::number::DecimalMark;

/// How the cells of a column are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ColumnType {
    /// Numbers.
    Number,
    /// Words that come again: classes.
    Category,
    /// Words that do not: names, notes, row numbers. Not used as a feature unless it is asked for.
    Text,
}

impl ColumnType {
    /// The name for messages: "numbers", "categories", "text".
    pub fn name(self) -> &'static str {
        match self {
            ColumnType::Number => "numbers",
            ColumnType::Category => "categories",
            ColumnType::Text => "text",
        }
    }
}

/// A column of a [`Table`](super::Table) without its cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub(super) name: String,
    pub(super) kind: ColumnType,
    pub(super) missing: usize,
    pub(super) numbers: Numbers,
    pub(super) words: Words,
    pub(super) rows: usize,
}

/// The numbers of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Numbers {
    pub(super) count: usize,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) are_whole: bool,
    /// Whether each number is the one before it plus 1.
    are_consecutive: bool,
    last: Option<f64>,
    /// The first row whose cell is neither missing nor a number.
    pub(super) exception: Option<usize>,
}

/// The different words of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Words {
    /// The column has numbers.
    NotCounted,
    /// The words in order, and how often each comes.
    Counted(Vec<(String, usize)>),
    /// More than [`MAX_CATEGORIES`].
    TooMany,
}

/// The most categories of a column that is not text.
pub const MAX_CATEGORIES: usize = 1000;

/// The share of numbers from which on a column has numbers, and other cells are mistakes.
const SHARE_OF_NUMBERS: f64 = 0.9;

/// A column with fewer values may have nearly as many categories.
const FEW_VALUES: usize = 20;

/// Names of columns that number the rows, if the numbers are consecutive.
const ROW_NUMBER_NAMES: [&str; 9] =
    ["unnamed 1", "unnamed: 0", "id", "index", "row", "no", "no.", "번호", "순번"];

impl Column {
    /// Examines the cells of a column, without the missing ones (`None`). `given` is the type that the caller gives.
    pub(super) fn examine<'a>(
        name: String,
        cells: &(impl Iterator<Item = Option<&'a str>> + Clone),
        mark: DecimalMark,
        given: Option<ColumnType>,
    ) -> Self {
        let mut numbers = Numbers::new();
        for (row, cell) in cells.clone().enumerate() {
            numbers.push(row, cell, mark);
        }
        let words = || {
            let mut words = WordCounts::default();
            cells.clone().flatten().for_each(|cell| words.push(cell));
            words.counted()
        };
        let missing = cells.clone().filter(Option::is_none).count();
        Self::of(name, (cells.clone().count(), missing), numbers, words, given)
    }

    /// A column of so many rows, some of them missing.
    fn of(
        name: String,
        (rows, missing): (usize, usize),
        numbers: Numbers,
        words: impl FnOnce() -> Words,
        given: Option<ColumnType>,
    ) -> Self {
        let present = rows - missing;
        let is_number = numbers.count > 0 && numbers.count as f64 >= SHARE_OF_NUMBERS * present as f64;
        let is_number = given.map_or(is_number, |given| given == ColumnType::Number);
        let words = if is_number { Words::NotCounted } else { words() };
        let kind = given.unwrap_or_else(|| match &words {
            Words::NotCounted if numbers.are_row_numbers(&name, rows) => ColumnType::Text,
            Words::NotCounted => ColumnType::Number,
            Words::Counted(words) if is_category(words.len(), present) => ColumnType::Category,
            Words::Counted(_) | Words::TooMany => ColumnType::Text,
        });
        Column { name, kind, missing, numbers, words, rows }
    }

    /// The name in the header: "unnamed 3" if it is empty there, and "column 3" without a header.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the cells are read.
    pub fn column_type(&self) -> ColumnType {
        self.kind
    }

    /// The number of cells without a value.
    pub fn missing(&self) -> usize {
        self.missing
    }

    /// The least and the greatest number; `None` if the column is not of numbers or has no value.
    pub fn range(&self) -> Option<(f64, f64)> {
        let has_numbers = self.kind == ColumnType::Number && self.numbers.count > 0;
        has_numbers.then_some((self.numbers.min, self.numbers.max))
    }

    /// The categories in order, each with the number of its rows; empty if the column is not of categories.
    pub fn categories(&self) -> &[(String, usize)] {
        match &self.words {
            Words::Counted(words) if self.kind == ColumnType::Category => words,
            _ => &[],
        }
    }
}

/// Whether words are categories: some come again, and of many values half.
fn is_category(different: usize, present: usize) -> bool {
    different < present && (present < FEW_VALUES || 2 * different <= present)
}

impl Numbers {
    fn new() -> Self {
        Numbers {
            count: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            are_whole: true,
            are_consecutive: true,
            last: None,
            exception: None,
        }
    }

    /// Adds the cell of a row.
    fn push(&mut self, row: usize, cell: Option<&str>, mark: DecimalMark) {
        let Some(cell) = cell else { return };
        let Some(number) = mark.parse(cell) else {
            self.exception = self.exception.or(Some(row));
            return;
        };
        self.count += 1;
        self.min = self.min.min(number);
        self.max = self.max.max(number);
        self.are_whole &= number.fract() == 0.0;
        self.are_consecutive &= self.last.is_none_or(|last| number == last + 1.0);
        self.last = Some(number);
    }

    /// Whether these are the numbers of the rows, by name and value.
    fn are_row_numbers(&self, name: &str, rows: usize) -> bool {
        let is_named = ROW_NUMBER_NAMES.contains(&name.to_lowercase().as_str());
        is_named && self.count == rows && rows > 1 && self.are_whole && self.are_consecutive
    }
}

/// Counts the different words of a column.
struct WordCounts {
    /// None: there are more than [`MAX_CATEGORIES`].
    counts: Option<HashMap<String, usize>>,
}

impl Default for WordCounts {
    fn default() -> Self {
        WordCounts { counts: Some(HashMap::new()) }
    }
}

impl WordCounts {
    fn push(&mut self, word: &str) {
        let Some(counts) = &mut self.counts else { return };
        if let Some(count) = counts.get_mut(word) {
            *count += 1;
        } else if counts.len() == MAX_CATEGORIES {
            self.counts = None;
        } else {
            counts.insert(word.to_owned(), 1);
        }
    }

    fn counted(self) -> Words {
        let Some(counts) = self.counts else { return Words::TooMany };
        let mut words: Vec<(String, usize)> = counts.into_iter().collect();
        words.sort_unstable();
        Words::Counted(words)
    }
}

/// Examines a column whose cells come one after the other.
pub(super) struct ColumnScan {
    mark: DecimalMark,
    rows: usize,
    missing: usize,
    numbers: Numbers,
    words: WordCounts,
}

impl ColumnScan {
    pub(super) fn new(mark: DecimalMark) -> Self {
        ColumnScan { mark, rows: 0, missing: 0, numbers: Numbers::new(), words: WordCounts::default() }
    }

    /// Adds a cell; none: it is missing.
    pub(super) fn push(&mut self, cell: Option<&str>) {
        self.numbers.push(self.rows, cell, self.mark);
        self.rows += 1;
        match cell {
            Some(cell) => self.words.push(cell),
            None => self.missing += 1,
        }
    }

    /// The column, of the type that the caller gives.
    pub(super) fn finish(self, name: String, given: Option<ColumnType>) -> Column {
        let ColumnScan { rows, missing, numbers, words, .. } = self;
        Column::of(name, (rows, missing), numbers, || words.counted(), given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, cells: &[&str]) -> Column {
        let cells = cells.iter().map(|cell| (!cell.is_empty()).then_some(*cell));
        Column::examine(name.to_owned(), &cells, DecimalMark::Point, None)
    }

    #[test]
    fn types_are_recognized() {
        use ColumnType::{Category, Number, Text};
        let hundred: Vec<String> = (0..100).map(|row| format!("A{row}")).collect();
        let hundred: Vec<&str> = hundred.iter().map(String::as_str).collect();
        let mostly: Vec<&str> = [vec!["5"; 19], vec!["12a"]].concat();
        for (name, cells, expected) in [
            ("x", &["1", "2.5", ""][..], Number),
            ("x", &["a", "b", "a"], Category),
            ("x", &["a", "b", "c"], Text),
            ("x", &["", ""], Text),
            ("x", &[], Text),
            ("x", &["a"], Text),
            ("x", &hundred, Text),
            ("x", &mostly, Number),
            // Two of three are no mistake.
            ("x", &["1", "2", "b", "b"], Category),
            ("x", &["1", "2", "3"], Number),
            ("id", &["1", "2", "3"], Text),
            ("ID", &["7", "8"], Text),
            ("id", &["3", "1", "2"], Number),
            ("id", &["5"], Number),
        ] {
            assert_eq!(column(name, cells).column_type(), expected, "{name}: {cells:?}");
        }
        assert_eq!(column("x", &mostly).numbers.exception, Some(19));
    }

    #[test]
    fn a_column_knows_its_range_categories_and_missing_values() {
        let numbers = column("x", &["2", "", "-1.5"]);
        assert_eq!((numbers.range(), numbers.missing()), (Some((-1.5, 2.0)), 1));
        assert!(numbers.categories().is_empty());
        let words = column("x", &["b", "a", "b", ""]);
        assert_eq!(words.categories(), [("a".to_owned(), 1), ("b".to_owned(), 2)]);
        assert_eq!((words.range(), words.missing()), (None, 1));
    }

    #[test]
    fn different_words_are_counted_up_to_a_bound() {
        let cells: Vec<String> =
            (0..3 * MAX_CATEGORIES).map(|row| format!("w{}", row % (MAX_CATEGORIES + 1))).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        assert_eq!(column("x", &cells).column_type(), ColumnType::Text);
        assert_eq!(column("x", &cells).words, Words::TooMany);
        let fewer: Vec<&str> = cells.iter().copied().filter(|cell| *cell != "w1000").collect();
        assert_eq!(column("x", &fewer).categories().len(), MAX_CATEGORIES);
    }

    #[test]
    fn a_given_type_is_used() {
        let cells = ["01", "02", "01"].map(Some).into_iter();
        let column =
            Column::examine("zip".to_owned(), &cells, DecimalMark::Point, Some(ColumnType::Category));
        assert_eq!(column.categories(), [("01".to_owned(), 2), ("02".to_owned(), 1)]);
    }
}
