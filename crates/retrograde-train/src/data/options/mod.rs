//! How a data set is read from a file or a folder of the user's.

mod arrays;
mod folder;
mod pieces;
mod text;

use super::preprocessing::prepare_in_pieces;
use super::table::TablePieces;
use super::{
    Dataset, DecimalMark, MissingValues, Preprocessing, Split, Table, TableReader, Task, UnseenCategories,
};
use retrograde_base::printable::shown;
use retrograde_base::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// How a data set is read, as plain data: part of a training's config, so that a resumed training reads it in the same way.
///
/// | file | what is read |
/// | --- | --- |
/// | `.csv`, `.tsv`, and `.txt` with a target; gzipped with `.gz` | a table: [`TableReader`], then [`Preprocessing`] |
/// | `.txt`, `.txt.gz` | a text by character: the next character is predicted |
/// | `.npz` | the arrays `x` and `y` of NumPy, maybe `weights`; with `x_test` and `y_test`, `x_train` and `y_train` too, no split |
/// | a folder with the four files of MNIST | [`Dataset::from_folder`] |
/// | a folder with a folder of PNG or JPEG files for each class | `ImageFolderReader` (feature `images`) |
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::{DataOptions, Task};
///
/// # let folder = tempfile::tempdir().expect("a folder");
/// # let path = folder.path().join("homes.csv");
/// std::fs::write(&path, "size,kind,price\n50,flat,100\n70,flat,140\n90,house,210\n110,house,230\n").expect("written");
/// let homes = DataOptions { target: Some("price".into()), ..DataOptions::default() }.read(&path)?;
/// assert_eq!((homes.name(), homes.task()), ("homes.csv", Task::Regression));
/// assert_eq!(homes.description().feature_names, ["size", "kind=flat", "kind=house"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataOptions {
    /// The column of a table that is predicted, by name or number.
    pub target: Option<String>,
    /// The task. None: by the targets.
    pub task: Option<Task>,
    /// The columns of a table that are features. None: all columns of numbers and categories beside the target.
    pub features: Option<Vec<String>>,
    /// Columns of a table that are no features.
    pub excluded: Vec<String>,
    /// What missing values of features become.
    pub missing: MissingValues,
    /// What categories that only new rows have become.
    pub unseen: UnseenCategories,
    /// Whether the features of a table, and the targets of a regression, are standardized.
    pub standardize: bool,
    /// The share of the rows that are test rows.
    pub test_fraction: f64,
    /// The seed of the split into training and test rows.
    pub split_seed: u64,
    /// The characters of a text that a network sees.
    pub context: usize,
    /// The encoding of a table or text. None: recognized.
    pub encoding: Option<String>,
    /// The delimiter of a table. None: recognized.
    pub delimiter: Option<char>,
    /// The decimal mark of a table. None: recognized.
    pub decimal_mark: Option<DecimalMark>,
    /// Whether the first line of a table has names. None: recognized.
    pub header: Option<bool>,
    /// The size of images, `[rows, columns]`. None: their own.
    pub image_size: Option<[usize; 2]>,
    /// Whether features stay in their file and are read when they are needed, with the same results: for sets that are larger than
    /// memory. They do without this choice if they might take more than half of the memory that is available. Features of
    /// tables and of images, and gzipped ones, are written to a [scratch](Self::scratch) file first. Texts are always in memory.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub in_pieces: bool,
    /// The folder of scratch files, which are removed when the data set is dropped. None: that of the system for temporary files.
    #[serde(skip)]
    pub scratch: Option<PathBuf>,
}

impl Default for DataOptions {
    fn default() -> Self {
        DataOptions {
            target: None,
            task: None,
            features: None,
            excluded: Vec::new(),
            missing: MissingValues::default(),
            unseen: UnseenCategories::default(),
            standardize: true,
            test_fraction: 0.2,
            split_seed: 0,
            context: 64,
            encoding: None,
            delimiter: None,
            decimal_mark: None,
            header: None,
            image_size: None,
            in_pieces: false,
            scratch: None,
        }
    }
}

/// The kinds of files by the end of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Table,
    Arrays,
    Text,
}

impl FileKind {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let plain = name.strip_suffix(".gz").unwrap_or(&name);
        match Path::new(plain).extension()?.to_str()? {
            "csv" | "tsv" => Some(FileKind::Table),
            "txt" => Some(FileKind::Text),
            // Compressed by itself.
            "npz" if plain == name => Some(FileKind::Arrays),
            _ => None,
        }
    }
}

impl DataOptions {
    /// Whether a path is that of a table, by the end of its name.
    pub fn is_table(path: &Path) -> bool {
        matches!(FileKind::of(path), Some(FileKind::Table | FileKind::Text))
    }

    /// Reads a data set.
    ///
    /// # Errors
    /// Those of the reader. [`Error::Invalid`] if an option is out of range, or a table has no target chosen.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Dataset> {
        let path = path.as_ref();
        let name = path.file_name().map_or_else(|| shown(path), shown);
        let help = "give a table (.csv, .tsv or .txt), a text (.txt), arrays (.npz), a folder with a folder of images for each class, or one with \
            the four files of MNIST";
        if path.is_dir() {
            return folder::read(self, &name, path);
        }
        if !path.exists() {
            let kind = if FileKind::of(path).is_some() { "file" } else { "folder" };
            return Err(Error::format(path, format!("there is no such {kind}"), help));
        }
        match FileKind::of(path) {
            Some(FileKind::Text) if self.target.is_none() => text::read(self, &name, path),
            Some(FileKind::Table | FileKind::Text) => self.table(&name, path),
            Some(FileKind::Arrays) => arrays::read(self, &name, path),
            None => Err(Error::format(path, "the end of its name does not tell what it is", help)),
        }
    }

    fn table(&self, name: &str, path: &Path) -> Result<Dataset> {
        let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
        if self.is_in_pieces(bytes, TableReader::MAX_BYTES) {
            let pieces = TablePieces::open(&self.reader(), path)?;
            let choices = self.preprocessing(pieces.columns())?;
            let prepared = prepare_in_pieces(&choices, &pieces, &self.scratch_folder())?;
            let data = prepared.dataset(name)?;
            return Ok(data.with_first_note(pieces.columns().dialect_summary()).with_note(pieces::NOTE));
        }
        let table = self.reader().read(path)?;
        let data = self.preprocessing(&table)?.fit(&table)?.dataset(name)?;
        Ok(data.with_first_note(table.dialect_summary()))
    }

    /// The choices for a table with these columns.
    fn preprocessing(&self, table: &Table) -> Result<Preprocessing> {
        let Some(target) = &self.target else {
            let names: Vec<&str> = table.columns().iter().map(super::Column::name).collect();
            let problem = "the column to predict is not chosen";
            let columns = super::table::listed(names);
            return Err(Error::invalid(
                "target",
                problem,
                format!("give the name of a column, by --target on the command line: {columns}"),
            ));
        };
        let preprocessing = Preprocessing::new(target)
            .exclude(&self.excluded)
            .missing_values(self.missing)
            .unseen_categories(self.unseen)
            .standardize(self.standardize)
            .standardize_target(self.standardize)
            .test_fraction(self.test_fraction)
            .seed(self.split_seed);
        let preprocessing = match self.task {
            Some(task) => preprocessing.task(task),
            None => preprocessing,
        };
        Ok(match &self.features {
            Some(features) => preprocessing.features(features),
            None => preprocessing,
        })
    }

    /// The reader of tables.
    pub fn reader(&self) -> TableReader {
        let mut reader = TableReader::new();
        if let Some(encoding) = &self.encoding {
            reader = reader.encoding(encoding);
        }
        if let Some(delimiter) = self.delimiter {
            reader = reader.delimiter(delimiter);
        }
        if let Some(mark) = self.decimal_mark {
            reader = reader.decimal_mark(mark);
        }
        if let Some(present) = self.header {
            reader = reader.header(present);
        }
        reader
    }

    /// A split of rows, stratified by labels if there are any.
    fn split(&self, rows: usize, labels: &[u32]) -> Result<[Vec<u32>; 2]> {
        let split = if labels.is_empty() {
            Split::random(rows, self.test_fraction, self.split_seed)?
        } else {
            Split::stratified(labels, self.test_fraction, self.split_seed)?
        };
        Ok([split.train, split.test].map(|rows| rows.into_iter().map(|row| row as u32).collect()))
    }
}
