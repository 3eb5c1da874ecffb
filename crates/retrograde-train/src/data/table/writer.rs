//! Writing a table with more columns.

use retrograde_base::{Error, Result};

use super::number::DecimalMark;
use super::table::Table;

/// A column that is written beside those of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct AddedColumn {
    /// Its name.
    pub name: String,
    /// Its values, one for each row.
    pub values: AddedValues,
}

/// The values of an added column.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AddedValues {
    /// Texts.
    Texts(Vec<String>),
    /// Numbers, written with the decimal mark of the table.
    Numbers(Vec<f64>),
}

impl AddedValues {
    fn len(&self) -> usize {
        match self {
            AddedValues::Texts(texts) => texts.len(),
            AddedValues::Numbers(numbers) => numbers.len(),
        }
    }

    fn text(&self, row: usize, mark: DecimalMark) -> String {
        match (self, mark) {
            (AddedValues::Texts(texts), _) => texts[row].clone(),
            (AddedValues::Numbers(numbers), DecimalMark::Point) => numbers[row].to_string(),
            (AddedValues::Numbers(numbers), DecimalMark::Comma) => numbers[row].to_string().replace('.', ","),
        }
    }
}

impl Table {
    /// The table as CSV with the names of its columns in the first line, and more columns after its own. Delimiter and decimal mark
    /// are those of the table, the encoding is UTF-8.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a column has another number of values than the table has rows.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::data::{AddedColumn, AddedValues, TableReader};
    ///
    /// let table = TableReader::new().parse("a.csv", b"length;name\n1,5;a\n2,5;\"b;c\"\n")?;
    /// let double = AddedColumn { name: "double".into(), values: AddedValues::Numbers(vec![3.0, 5.25]) };
    /// assert_eq!(table.to_csv(&[double])?, "length;name;double\n1,5;a;3\n2,5;\"b;c\";5,25\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_csv(&self, added: &[AddedColumn]) -> Result<String> {
        if let Some(column) = added.iter().find(|column| column.values.len() != self.rows()) {
            let problem = format!("{} values for {} rows", column.values.len(), self.rows());
            return Err(Error::invalid(super::column_of(&column.name), problem, "give one for each row"));
        }
        let failed = |error: csv::Error| Error::invalid("table", error.to_string(), "give another delimiter");
        // A delimiter is ASCII.
        let mut writer =
            csv::WriterBuilder::new().delimiter(self.dialect.delimiter as u8).from_writer(Vec::new());
        let names = self.columns.iter().map(super::Column::name);
        writer.write_record(names.chain(added.iter().map(|column| column.name.as_str()))).map_err(failed)?;
        for row in 0..self.rows() {
            let own = (0..self.columns.len()).map(|column| self.cells.get(row, column).to_owned());
            let more = added.iter().map(|column| column.values.text(row, self.dialect.decimal_mark));
            writer.write_record(own.chain(more)).map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(|error| failed(error.into_error().into()))?;
        String::from_utf8(bytes).map_err(|error| Error::invalid("table", error.to_string(), "give UTF-8"))
    }
}
