//! The application of a preprocessing to a table that is larger than memory.
//!
//! The file is read several times: for the types of its columns, for classes and categories, three times for means and deviations,
//! and for the features, which are written to a scratch file. What is learned, and every feature, has the bits of
//! [`Preprocessing::fit`](super::Preprocessing::fit). Of a row its target and its place stay in memory.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use retrograde_base::{Error, Result};

use super::categories::{Categories, name_of};
use super::feature::{Feature, FeatureEncoding, Policies};
use super::options::{Preprocessing, Task};
use super::prepared::{Prepared, WholeClasses, feature_columns, must_have_classes, notes, task_of};
use super::preprocessor::Preprocessor;
use super::split::Split;
use super::standardization::{Standardization, StandardizationScan};
use super::target::Target;
use crate::data::stored::{Element, RowWriter};
use crate::data::table::{ColumnType, Table, TablePieces};
use crate::data::{Matrix, Samples, Targets};

/// Applies `choices` to a table in pieces, with the features in a scratch file in this folder.
pub(in crate::data) fn prepare(
    choices: &Preprocessing,
    pieces: &TablePieces,
    scratch: &Path,
) -> Result<Prepared> {
    let table = pieces.columns();
    let target = table.find(&choices.target)?;
    let (task, reason) = task_of(choices, table, target, || whole_classes(pieces, target))?;
    let columns = feature_columns(choices, table, target)?;
    let categorical = |column: &usize| table.usable_type(*column) != ColumnType::Number;
    let found = Found::new(pieces, target, task, columns.iter().copied().filter(categorical).collect())?;
    let classes = found.classes;
    let split = match &classes {
        Some((classes, labels)) => {
            must_have_classes(&classes.names)?;
            Split::stratified(labels, choices.test_fraction, choices.seed)?
        }
        None => Split::random(found.rows, choices.test_fraction, choices.seed)?,
    };
    let is_number = |column: &usize| !categorical(column);
    let numbers: Vec<usize> = columns.iter().copied().filter(is_number).collect();
    let scale_target = task != Task::Classification && choices.standardize_target;
    let scaled: Vec<usize> = numbers.iter().copied().chain(scale_target.then_some(target)).collect();
    let scales = scales(pieces, target, &scaled, &split)?;
    let learned = if scale_target { scales[&target] } else { Standardization::IDENTITY };
    let learned_target = match &classes {
        Some((classes, _)) => Target::of_classes(table, target, classes.clone()),
        None => Target::of_reals(table, target, learned),
    };
    let feature = |&column: &usize| {
        let encoding = if let Some((categories, has_missing)) = found.categories.get(&column) {
            FeatureEncoding::OneHot { categories: categories.clone(), has_missing: *has_missing }
        } else {
            let learned = scales[&column];
            let scale = if choices.standardize { learned } else { Standardization::IDENTITY };
            FeatureEncoding::Number { mean: learned.mean, scale }
        };
        Feature { column: table.columns()[column].name().to_owned(), encoding }
    };
    let features = columns.iter().map(feature).collect();
    let policies = Policies { missing: choices.missing, unseen: choices.unseen };
    let preprocessor = Preprocessor::new(table, features, learned_target, policies);

    let mut writer = RowWriter::create(scratch)?;
    let mut reals = Vec::new();
    for_each_with_target(pieces, target, |piece, rows| {
        writer.reals(preprocessor.encode(piece, rows)?.values())?;
        if classes.is_none()
            && let Targets::Reals(matrix) = preprocessor.target().encode(piece, target, rows)?
        {
            reals.extend_from_slice(matrix.values());
        }
        Ok(())
    })?;
    let stored = writer.rows(table.path(), found.rows, vec![preprocessor.width()], Element::F64)?;
    let targets = match &classes {
        Some((classes, labels)) => Targets::classes(labels.clone(), classes.names.len())?,
        None => Targets::Reals(Matrix::new(found.rows, reals)?),
    };
    let all = Samples::new(stored, targets)?;
    let samples = |rows: &[usize]| all.select(&rows.iter().map(|row| *row as u32).collect::<Vec<u32>>());
    let (train, test) = (samples(&split.train)?, samples(&split.test)?);
    let reason = format!("{task} ({reason})");
    let notes = notes(choices, (table, pieces.rows()), &preprocessor, &columns, target, &split, &reason);
    Ok(Prepared { preprocessor, train, test, notes })
}

/// What the rows with a target have.
struct Found {
    rows: usize,
    /// The classes, and the class of each row, of a classification.
    classes: Option<(Categories, Vec<u32>)>,
    /// The categories of columns, and whether a row has none.
    categories: HashMap<usize, (Categories, bool)>,
}

impl Found {
    fn new(pieces: &TablePieces, target: usize, task: Task, categorical: Vec<usize>) -> Result<Self> {
        let table = pieces.columns();
        let are_numbers = |column: usize| table.columns()[column].column_type() == ColumnType::Number;
        let mut rows = 0;
        // Classes by the order in which they come.
        let (mut numbers, mut labels) = (HashMap::<String, u32>::new(), Vec::new());
        let mut names = vec![(BTreeSet::<String>::new(), false); categorical.len()];
        for_each_with_target(pieces, target, |piece, of_piece| {
            rows += of_piece.len();
            for &row in of_piece {
                if task == Task::Classification {
                    let name = name_of(piece, row, target, are_numbers(target))?.unwrap_or_default();
                    let next = numbers.len() as u32;
                    labels.push(match numbers.get(&*name) {
                        Some(number) => *number,
                        None => *numbers.entry(name.into_owned()).or_insert(next),
                    });
                    Categories::must_be_few(table, target, numbers.len())?;
                }
                for (&column, (names, has_missing)) in categorical.iter().zip(&mut names) {
                    match name_of(piece, row, column, are_numbers(column))? {
                        None => *has_missing = true,
                        Some(name) if names.contains(&*name) => {}
                        Some(name) => {
                            names.insert(name.into_owned());
                            Categories::must_be_few(table, column, names.len())?;
                        }
                    }
                }
            }
            Ok(())
        })?;
        let named = |(column, (names, has_missing)): (usize, (BTreeSet<String>, bool))| {
            (column, (Categories::named(names, are_numbers(column)), has_missing))
        };
        let categories = categorical.into_iter().zip(names).map(named).collect();
        let classes = (task == Task::Classification).then(|| {
            let classes = Categories::named(numbers.keys().cloned().collect(), are_numbers(target));
            let positions = classes.positions();
            let mut places = vec![0; numbers.len()];
            for (name, number) in &numbers {
                places[*number as usize] = positions[name.as_str()] as u32;
            }
            labels.iter_mut().for_each(|label| *label = places[*label as usize]);
            drop(positions);
            (classes, labels)
        });
        Ok(Found { rows, classes, categories })
    }
}

/// The means and deviations of columns in the training rows.
fn scales(
    pieces: &TablePieces,
    target: usize,
    columns: &[usize],
    split: &Split,
) -> Result<HashMap<usize, Standardization>> {
    let mut scans = vec![StandardizationScan::default(); columns.len()];
    for pass in 0..StandardizationScan::PASSES {
        let (mut row, mut train) = (0, split.train.iter().peekable());
        for_each_with_target(pieces, target, |piece, of_piece| {
            for &place in of_piece {
                let is_train = train.next_if_eq(&&row).is_some();
                row += 1;
                for (&column, scan) in columns.iter().zip(&mut scans).filter(|_| is_train) {
                    if let Some(number) = piece.number(place, column)? {
                        scan.push(pass, number);
                    }
                }
            }
            Ok(())
        })?;
        scans.iter_mut().for_each(|scan| scan.end(pass));
    }
    let table = pieces.columns();
    let finished = |(&column, scan): (&usize, StandardizationScan)| {
        Ok((column, scan.finish().ok_or_else(|| Standardization::too_large(table, column))?))
    };
    columns.iter().zip(scans).map(finished).collect()
}

/// Visits the rows that have a target: pieces, and their rows.
fn for_each_with_target(
    pieces: &TablePieces,
    target: usize,
    mut visit: impl FnMut(&Table, &[usize]) -> Result<()>,
) -> Result<()> {
    let mut rows = Vec::new();
    pieces.for_each(|piece| {
        rows.clear();
        rows.extend((0..piece.rows()).filter(|row| piece.present(*row, target).is_some()));
        if rows.is_empty() { Ok(()) } else { visit(piece, &rows) }
    })
}

/// The number of different targets, if they are few whole numbers and each comes twice on average.
fn whole_classes(pieces: &TablePieces, target: usize) -> Result<Option<usize>> {
    let mut found = WholeClasses::default();
    let seen = pieces.for_each(|piece| {
        for row in 0..piece.rows() {
            if let Some(number) = piece.number(row, target)?
                && !found.push(number)
            {
                // Ends the reading of a large file: these are no classes.
                return Err(Error::invalid("target", "its numbers are no classes", ""));
            }
        }
        Ok(())
    });
    if found.are_other() { Ok(None) } else { seen.map(|()| found.count()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::table::TableReader;
    use crate::data::{DataOptions, Dataset, Features, MissingValues};
    use std::fmt::Write;

    /// A table of many rows: numbers with missing ones, words, whole numbers as categories, and rows without a target.
    fn table(rows: usize) -> String {
        let mut text = String::from("size,kind,rooms,note,price,class\n");
        let noise = |i: usize| (12.9898 * (i + 1) as f64).sin() * 43758.5453 % 1.0;
        for row in 0..rows {
            let kind = ["flat", "house", "\"tiny, \"\"house\"\"\nby the lake\"", ""][row * 7 % 4];
            let size = if row % 11 == 3 { "NA".to_owned() } else { (1e3 + 50.0 * noise(row)).to_string() };
            let price = if row % 13 == 5 { String::new() } else { (1e6 * noise(2 * row)).to_string() };
            let class = ["b", "a", "c"][row * row % 3];
            writeln!(text, "{size},{kind},{},note {row},{price},{class}", row % 5).expect("a string");
        }
        text
    }

    fn both(content: &[u8], options: &DataOptions) -> [Dataset; 2] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("homes.csv");
        std::fs::write(&path, content).expect("written");
        [false, true].map(|in_pieces| {
            let scratch = Some(folder.path().to_owned());
            DataOptions { in_pieces, scratch, ..options.clone() }.read(&path).expect("a table")
        })
    }

    /// The same rows, targets, description and preprocessor, bit for bit.
    fn assert_same([memory, pieces]: [Dataset; 2]) {
        assert!(matches!(pieces.train().features(), Features::Stored(_)));
        assert!(matches!(memory.train().features(), Features::Reals(_)));
        let mut description = pieces.description().clone();
        description.notes.pop();
        assert_eq!(&description, memory.description());
        for (a, b) in [(memory.train(), pieces.train()), (memory.test(), pieces.test())] {
            assert_eq!(a, &b.in_memory().expect("it fits"));
        }
    }

    #[test]
    fn tables_in_pieces_have_the_bits_of_those_in_memory() {
        // More cells than a piece has.
        let text = table(50_000);
        let options = DataOptions { target: Some("price".into()), ..DataOptions::default() };
        assert_same(both(text.as_bytes(), &options));
        let options = DataOptions { target: Some("class".into()), split_seed: 3, ..DataOptions::default() };
        assert_same(both(text.as_bytes(), &options));
        // Whole numbers are classes.
        let options =
            DataOptions { target: Some("rooms".into()), standardize: false, ..DataOptions::default() };
        assert_same(both(text.as_bytes(), &options));
    }

    #[test]
    fn other_encodings_and_files_without_a_header_are_read_in_pieces() {
        let options = |target: &str| DataOptions { target: Some(target.into()), ..DataOptions::default() };
        let text = "\u{c774}\u{b984};\u{ac12}\n\u{ac00};1,5\n\u{b098};2,5\n".to_owned()
            + &"\u{ac00};3,25\n\u{b098};-1,5\n".repeat(20);
        let (korean, _, _) = encoding_rs::EUC_KR.encode(&text);
        assert_same(both(&korean, &options("\u{ac12}")));
        let (utf16, marked) = (text.encode_utf16(), [0xff, 0xfe]);
        let utf16: Vec<u8> = marked.into_iter().chain(utf16.flat_map(u16::to_le_bytes)).collect();
        assert_same(both(&utf16, &options("\u{ac12}")));
        assert_same(both("1,2\r\n3,4\r\n5,7\r\n\r\n8,9.5\r\n".as_bytes(), &options("2")));
    }

    #[test]
    fn errors_are_those_of_tables_in_memory() {
        let message = |content: &str, options: &DataOptions| {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("homes.csv");
            std::fs::write(&path, content).expect("written");
            let read = |in_pieces| {
                let options = DataOptions { in_pieces, target: Some("b".into()), ..options.clone() };
                options.read(&path).expect_err("an error").to_string()
            };
            assert_eq!(read(true), read(false));
        };
        let default = DataOptions::default();
        let rows = "1,2.5\n2,3.5\n".repeat(20);
        message("", &default);
        message("a,b\n", &default);
        message(&format!("a,b\n{rows}1,2,3\n"), &default);
        message(&format!("a,b\n{rows}1,x\n"), &default);
        message(&format!("a,b\n{rows}x,1.5\n"), &default);
        message(&format!("a,c\n{rows}"), &default);
        message("a,b\n1,x\n2,x\n3,x\n", &default);
        let refuse = DataOptions { missing: MissingValues::Refuse, ..default };
        message(&format!("a,b\n{rows},1.5\n"), &refuse);
        let reader = TableReader::new().delimiter('x');
        assert!(TablePieces::open(&reader, Path::new("none.csv")).is_err());
    }
}
