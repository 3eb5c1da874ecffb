//! Tests of reading tables as a whole.

use std::fmt::Write;
use std::path::Path;

use super::*;
use proptest::prelude::*;
use retrograde_base::{ErrorKind, Result};

fn parse(text: &str) -> Result<Table> {
    TableReader::new().parse("some.csv", text.as_bytes())
}

fn names(table: &Table) -> Vec<&str> {
    table.columns().iter().map(Column::name).collect()
}

#[test]
fn the_summary_states_what_was_recognized() {
    let mut text = "id;Größe;Art;Notiz;leer\n".to_owned();
    for row in 0..20 {
        let size = if row == 7 { "NA".to_owned() } else { format!("{row},5") };
        let _ = writeln!(text, "{row};{size};{};n{row};", if row % 2 == 0 { "a" } else { "b" });
    }
    let table = parse(&text).unwrap();
    let expected = "\
some.csv: 20 rows of 5 columns
  UTF-8, delimiter semicolon, decimal comma, names in the first line
    1 id    text       numbers of rows
    2 Größe numbers    0.5 to 19.5; 1 missing
    3 Art   categories a (10), b (10)
    4 Notiz text       every value different
    5 leer  text       no values; 20 missing
";
    assert_eq!(table.to_string(), expected);
}

#[test]
fn a_mistake_in_a_column_of_numbers_is_in_the_summary_and_an_error_of_its_use() {
    let rows: Vec<String> =
        (0..30).map(|row| if row == 20 { "12a,x".to_owned() } else { format!("{row},x") }).collect();
    let table = parse(&format!("age,kind\n{}\n", rows.join("\n"))).unwrap();
    assert!(table.to_string().contains("0 to 29; 1 value is no number: \"12a\" in line 22"), "{table}");
    let error = table.numbers(0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Format);
    for part in ["some.csv", "line 22", "column 1 (age)", "\"12a\"", "help", "missing_values"] {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn options_fix_each_guess() {
    let text = "1|2,5\n3|4,5\n";
    let table = TableReader::new()
        .delimiter('|')
        .decimal_mark(DecimalMark::Comma)
        .header(false)
        .encoding("utf-8")
        .missing_values(["3"])
        .column_type("2", ColumnType::Category)
        .parse("a", text.as_bytes())
        .unwrap();
    assert_eq!(names(&table), ["column 1", "column 2"]);
    assert_eq!(table.numbers(0).unwrap(), [Some(1.0), None]);
    assert_eq!(table.numbers(1).unwrap(), [Some(2.5), Some(4.5)]);
    assert_eq!(table.columns()[1].column_type(), ColumnType::Category);
    // A point is no decimal mark, and NA is no missing value any more.
    let table = TableReader::new().missing_values(["-"]).parse("a", b"x,y\nNA,-\nNA,1\nb,2").unwrap();
    assert_eq!(table.columns()[0].categories()[0], ("NA".to_owned(), 2));
    assert_eq!(table.numbers(1).unwrap(), [None, Some(1.0), Some(2.0)]);
}

#[test]
fn invalid_options_are_errors() {
    for delimiter in ['a', '"', '\n', '가', '0'] {
        let error = TableReader::new().delimiter(delimiter).parse("a", b"a,b\n1,2").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
    let error = TableReader::new().column_type("c", ColumnType::Text).parse("a", b"a,b\n1,2").unwrap_err();
    assert!(error.to_string().contains("no column \"c\"") && error.to_string().contains("a, b"), "{error}");
    let error = TableReader::new().column_type("0", ColumnType::Text).parse("a", b"a,b\n1,2").unwrap_err();
    assert!(error.to_string().contains("from 1 to 2"), "{error}");
}

#[test]
fn columns_are_found_by_name_then_by_number() {
    let table = parse("a,3,b\n1,2,x\n").unwrap();
    assert_eq!(names(&table), ["a", "3", "b"]);
    assert_eq!(["a", "3", "1"].map(|column| table.find(column).unwrap()), [0, 1, 0]);
    for column in ["0", "4", "c", "-1", ""] {
        let error = table.find(column).unwrap_err().to_string();
        assert!(error.contains("a, 3, b"), "{error}");
    }
    assert_eq!(table.cell(0, 2).unwrap(), Some("x"));
    assert_eq!(table.cell(1, 0).unwrap_err().kind(), ErrorKind::IndexOutOfRange);
    assert_eq!(table.cell(0, 3).unwrap_err().kind(), ErrorKind::IndexOutOfRange);
    assert_eq!(table.numbers(3).unwrap_err().kind(), ErrorKind::IndexOutOfRange);
}

#[test]
fn old_line_ends_and_missing_last_line_ends_are_read() {
    for text in ["a,b\r1,2\r3,4\r", "a,b\r\n1,2\r\n3,4\r\n", "a,b\n1,2\n3,4\n", "a,b\n1,2\n3,4"] {
        assert_eq!(parse(text).unwrap().numbers(1).unwrap(), [Some(2.0), Some(4.0)], "{text:?}");
    }
    for text in ["a,b\r1,2\r3\r", "a,b\r\n1,2\r\n3\r\n", "a,b\n1,2\n3"] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains("line 3 has 1 cell,"), "{error}");
    }
}

#[test]
fn files_without_rows_are_errors() {
    for (text, words) in
        [("", "it is empty"), ("a,b\n", "no rows"), ("\u{feff}", "it is empty"), ("\n", "it is empty")]
    {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text:?}: {error}");
    }
}

#[test]
fn one_cell_is_a_table() {
    let table = parse("5").unwrap();
    assert_eq!((table.rows(), names(&table)), (1, vec!["column 1"]));
    assert_eq!(table.numbers(0).unwrap(), [Some(5.0)]);
}

#[test]
fn thousands_of_columns_are_read() {
    let columns = 20_000;
    let line = |value: &dyn Fn(usize) -> String| (0..columns).map(value).collect::<Vec<_>>().join(",");
    let text = format!("{}\n{}\n", line(&|column| format!("x{column}")), line(&|column| column.to_string()));
    let table = parse(&text).unwrap();
    assert_eq!(table.columns().len(), columns);
    assert_eq!(table.numbers(19_999).unwrap(), [Some(19_999.0)]);
    let summary = table.to_string();
    assert!(
        summary.lines().count() < 60 && summary.contains("and 19950 more: 19950 of numbers"),
        "{summary}"
    );
}

#[test]
fn names_with_control_characters_are_escaped_in_the_summary() {
    let table = parse("a\u{1b}[2J,b\nx\u{7},1\nx\u{7},2\n").unwrap();
    assert!(!table.to_string().contains(['\u{1b}', '\u{7}']), "{table}");
}

#[cfg(unix)]
#[test]
fn pipes_and_folders_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(Table::read(&pipe).unwrap_err().to_string().contains("a device or a pipe"));
    assert!(Table::read(folder.path()).unwrap_err().to_string().contains("it is a folder"));
    assert_eq!(Table::read(folder.path().join("absent")).unwrap_err().kind(), ErrorKind::File);
}

/// A sparse file takes no space on the device.
#[test]
fn a_file_that_is_too_long_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.csv");
    std::fs::File::create(&path).unwrap().set_len(TableReader::MAX_BYTES + 1).unwrap();
    assert!(Table::read(&path).unwrap_err().to_string().contains("longer than 1073741824 bytes"));
}

/// A cell as a program that writes CSV quotes it.
fn quote(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

proptest! {
    /// What is written is read again, in each dialect.
    #[test]
    fn cells_survive_writing_and_reading(
        cells in prop::collection::vec(prop::collection::vec("[a-zé가\" ,;\t\n.0-9-]{0,8}", 3), 1..12),
        delimiter in prop::sample::select(vec![',', ';', '\t']),
        line_end in prop::sample::select(vec!["\n", "\r\n"]),
        korean: bool,
    ) {
        let text: String = cells
            .iter()
            .map(|row| {
                let row: Vec<String> = row.iter().map(|cell| quote(cell)).collect();
                row.join(&delimiter.to_string()) + line_end
            })
            .collect();
        let is_korean = korean && !text.contains('é');
        let bytes = if is_korean { encoding_rs::EUC_KR.encode(&text).0.into_owned() } else { text.into_bytes() };
        let reader = TableReader::new().delimiter(delimiter).header(false).missing_values([""]);
        let table = reader.parse("a", &bytes).unwrap();
        prop_assert_eq!(table.rows(), cells.len());
        for (row, values) in cells.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                let value = Some(value.trim()).filter(|value| !value.is_empty());
                prop_assert_eq!(table.cell(row, column).unwrap(), value);
            }
        }
    }

    /// Arbitrary bytes are a table or an error.
    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(table) = TableReader::new().parse("a", &bytes) {
            let _ = table.to_string();
        }
    }

    #[test]
    fn arbitrary_tables_do_not_panic(text in "[a,;\t\"\n\r0-9.e?-]{0,120}") {
        match TableReader::new().parse(Path::new("a"), text.as_bytes()) {
            Ok(table) => {
                let _ = table.to_string();
                for column in 0..table.columns().len() {
                    if let Ok(numbers) = table.numbers(column) {
                        prop_assert!(numbers.into_iter().flatten().all(f64::is_finite));
                    }
                }
            }
            Err(error) => prop_assert!(error.kind() == ErrorKind::Format && !error.help().is_empty()),
        }
    }
}
