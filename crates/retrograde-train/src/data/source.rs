//! The source of a data set, as text and in checkpoints.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

#[cfg(feature = "download")]
use super::Mnist;
use super::{DataOptions, Dataset};
use retrograde_base::{Error, Result};

/// The source of a data set.
///
/// As text: `auto`, `mnist-5k`, `mnist`, or the path of a file or folder. A folder with one of these names is written `./mnist`.
///
/// # Examples
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::DataSource;
///
/// let (source, digits) = DataSource::from("mnist-5k").open()?;
/// assert_eq!((source.to_string(), digits.train().len()), ("mnist-5k".into(), 4000));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum DataSource {
    /// The full MNIST if it is cached, otherwise the embedded digits.
    #[default]
    Auto,
    /// The embedded digits: [`Dataset::embedded`].
    Embedded,
    /// The full MNIST in the user's cache folder: `Mnist` (feature `download`).
    Mnist,
    /// A file or folder, read with [`DataOptions`].
    Path(PathBuf),
}

impl DataSource {
    /// Reads the data set with the default options.
    ///
    /// # Errors
    /// As [`DataSource::open_with`].
    pub fn open(&self) -> Result<(DataSource, Dataset)> {
        self.open_with(&DataOptions::default())
    }

    /// Reads the data set. The returned source does not depend on the environment: it is never [`DataSource::Auto`], and a
    /// path is absolute. Does not access the network.
    ///
    /// # Errors
    /// As [`DataOptions::read`] and `Mnist::cached`; [`Error::Invalid`] if MNIST is not cached.
    pub fn open_with(&self, options: &DataOptions) -> Result<(DataSource, Dataset)> {
        match self {
            DataSource::Auto => match cached() {
                Ok(Some(digits)) => Ok((DataSource::Mnist, digits)),
                Err(error @ Error::Format { .. }) => Err(error),
                // Without a readable cache folder there is no cached data set.
                Ok(None) | Err(_) => DataSource::Embedded.open(),
            },
            DataSource::Embedded => Ok((DataSource::Embedded, Dataset::embedded()?)),
            DataSource::Mnist => match cached()? {
                Some(digits) => Ok((DataSource::Mnist, digits)),
                None => Err(Error::invalid(
                    "data set mnist",
                    "it is not cached",
                    "fetch it (`retrograde data fetch`, or `Mnist::fetch`), or use mnist-5k, the embedded digits",
                )),
            },
            DataSource::Path(path) => {
                let data = options.read(path)?;
                let absolute = std::path::absolute(path).map_err(|error| Error::file("find", path, error))?;
                Ok((DataSource::Path(absolute), data))
            }
        }
    }
}

#[cfg(feature = "download")]
fn cached() -> Result<Option<Dataset>> {
    Mnist::new()?.cached()
}

#[cfg(not(feature = "download"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature `download` it can fail")]
fn cached() -> Result<Option<Dataset>> {
    Ok(None)
}

impl fmt::Display for DataSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataSource::Auto => formatter.write_str("auto"),
            DataSource::Embedded => formatter.write_str("mnist-5k"),
            DataSource::Mnist => formatter.write_str("mnist"),
            DataSource::Path(path) => path.display().fmt(formatter),
        }
    }
}

impl From<OsString> for DataSource {
    fn from(text: OsString) -> Self {
        match text.to_str() {
            Some("auto") => DataSource::Auto,
            Some("mnist-5k") => DataSource::Embedded,
            Some("mnist") => DataSource::Mnist,
            _ => DataSource::Path(text.into()),
        }
    }
}

impl From<&str> for DataSource {
    fn from(text: &str) -> Self {
        OsString::from(text).into()
    }
}

impl From<String> for DataSource {
    fn from(text: String) -> Self {
        OsString::from(text).into()
    }
}

impl From<DataSource> for String {
    fn from(source: DataSource) -> Self {
        source.to_string()
    }
}

impl FromStr for DataSource {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::dataset::FILE_NAMES;
    use super::*;

    #[test]
    fn names_and_folders_are_parsed() {
        let folder = |path: &str| DataSource::Path(path.into());
        for (text, source) in [
            ("auto", DataSource::Auto),
            ("mnist-5k", DataSource::Embedded),
            ("mnist", DataSource::Mnist),
            ("./mnist", folder("./mnist")),
            ("data/of mine", folder("data/of mine")),
            ("", folder("")),
        ] {
            assert_eq!(DataSource::from(text), source);
            assert_eq!(source.to_string(), text);
        }
    }

    #[test]
    fn a_folder_gets_its_absolute_path() {
        // Beside the package, which is the working directory of its tests.
        let folder = tempfile::Builder::new().prefix("digits").tempdir_in(".").unwrap();
        for (name, content) in FILE_NAMES.iter().zip([
            retrograde_digits::TRAIN_IMAGES,
            retrograde_digits::TRAIN_LABELS,
            retrograde_digits::TEST_IMAGES,
            retrograde_digits::TEST_LABELS,
        ]) {
            std::fs::write(folder.path().join(format!("{name}.gz")), content).unwrap();
        }
        let relative = folder.path().file_name().unwrap();
        let (source, digits) = DataSource::from(relative.to_owned()).open().unwrap();
        let DataSource::Path(path) = source else { panic!("{source}") };
        assert!(path.is_absolute() && path.ends_with(relative), "{}", path.display());
        assert_eq!(digits.test().len(), 1000);
    }
}
