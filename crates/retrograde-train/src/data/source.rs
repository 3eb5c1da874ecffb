//! Where a data set comes from, as a person says it and a checkpoint remembers it.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Dataset;
#[cfg(feature = "download")]
use super::Mnist;
use retrograde_base::{Error, Result};

/// Where a data set comes from.
///
/// As text: `auto`, `mnist-5k`, `mnist`, and anything else is a folder; a folder with one of these names is written
/// `./mnist`.
///
/// # Examples
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::Source;
///
/// let (source, digits) = Source::from("mnist-5k").open()?;
/// assert_eq!((source.to_string(), digits.train().len()), ("mnist-5k".into(), 4000));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Source {
    /// The full MNIST if it has been fetched, else the embedded digits.
    #[default]
    Auto,
    /// The embedded digits: [`Dataset::embedded`].
    Embedded,
    /// The full MNIST in the user's cache folder: `Mnist` (feature `download`).
    Mnist,
    /// A folder with four IDX files: [`Dataset::from_folder`].
    Folder(PathBuf),
}

impl Source {
    /// Reads the data set. With it comes the source it was read from, which is the same one from any working folder:
    /// never [`Source::Auto`], and a folder with its whole path. Does not touch the network.
    ///
    /// # Errors
    /// As [`Dataset::from_folder`] and `Mnist::cached`; [`Error::Invalid`] if MNIST is asked for and has not been
    /// fetched.
    pub fn open(&self) -> Result<(Source, Dataset)> {
        match self {
            Source::Auto => match fetched() {
                Ok(Some(digits)) => Ok((Source::Mnist, digits)),
                Err(error @ Error::Format { .. }) => Err(error),
                // Without a cache folder, or one that may be read, nothing can have been fetched into it.
                Ok(None) | Err(_) => Source::Embedded.open(),
            },
            Source::Embedded => Ok((Source::Embedded, Dataset::embedded()?)),
            Source::Mnist => match fetched()? {
                Some(digits) => Ok((Source::Mnist, digits)),
                None => Err(Error::invalid(
                    "data set mnist",
                    "it has not been fetched",
                    "fetch it (`retrograde data fetch`, or `Mnist::fetch`), or take mnist-5k, the embedded digits",
                )),
            },
            Source::Folder(folder) => {
                let digits = Dataset::from_folder(folder)?;
                let whole =
                    std::path::absolute(folder).map_err(|error| Error::file("find", folder, &error))?;
                Ok((Source::Folder(whole), digits))
            }
        }
    }
}

#[cfg(feature = "download")]
fn fetched() -> Result<Option<Dataset>> {
    Mnist::new()?.cached()
}

#[cfg(not(feature = "download"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature `download` there are errors")]
fn fetched() -> Result<Option<Dataset>> {
    Ok(None)
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Auto => formatter.write_str("auto"),
            Source::Embedded => formatter.write_str("mnist-5k"),
            Source::Mnist => formatter.write_str("mnist"),
            Source::Folder(folder) => folder.display().fmt(formatter),
        }
    }
}

impl From<OsString> for Source {
    fn from(text: OsString) -> Self {
        match text.to_str() {
            Some("auto") => Source::Auto,
            Some("mnist-5k") => Source::Embedded,
            Some("mnist") => Source::Mnist,
            _ => Source::Folder(text.into()),
        }
    }
}

impl From<&str> for Source {
    fn from(text: &str) -> Self {
        OsString::from(text).into()
    }
}

impl From<String> for Source {
    fn from(text: String) -> Self {
        OsString::from(text).into()
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_folders_are_told_apart_and_read_back() {
        let folder = |path: &str| Source::Folder(path.into());
        for (text, source) in [
            ("auto", Source::Auto),
            ("mnist-5k", Source::Embedded),
            ("mnist", Source::Mnist),
            ("./mnist", folder("./mnist")),
            ("data/of mine", folder("data/of mine")),
            ("", folder("")),
        ] {
            assert_eq!(Source::from(text), source);
            assert_eq!(source.to_string(), text);
        }
    }

    #[test]
    fn a_folder_is_remembered_with_its_whole_path() {
        // The working folder of a test is its package's.
        let (source, digits) = Source::from("../retrograde-digits/mnist-5k").open().unwrap();
        let Source::Folder(path) = source else { panic!("{source}") };
        assert!(path.is_absolute() && path.ends_with("retrograde-digits/mnist-5k"), "{}", path.display());
        assert_eq!(digits.test().len(), 1000);
    }
}
