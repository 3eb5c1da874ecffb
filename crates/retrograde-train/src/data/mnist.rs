//! The full MNIST: 60,000 digits to train and 10,000 to test, fetched on request and kept.
//!
//! Nothing here runs unasked: [`Mnist::cached`] only looks into the user's cache folder, and [`Mnist::fetch`] alone
//! goes to the network. It speaks plain HTTP, without TLS. What makes a file good is not where it came from but the
//! SHA-256 of its unpacked bytes, which is pinned in this source: an answer that somebody on the way has changed is
//! refused like one that was cut, and the next mirror is tried. The files are kept gzipped as they came, under their
//! usual names, each written whole once it has been verified; so an interrupted fetch goes on where it stopped, and
//! the folder is one that [`Dataset::from_folder`] reads.

use std::env;
use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};

use super::dataset::{DIGITS, FILE_NAMES};
use super::fetch::{Patience, fetch};
use super::{Dataset, IdxArray};
use retrograde_base::printable::shown;
use retrograde_base::{Error, Result, files};

/// The most bytes that one file may have, packed or unpacked. The largest has 47,040,016.
const MAX_FILE: u64 = 64 << 20;

/// The full MNIST: where it is kept, where it is fetched from and what it must be.
///
/// The digits are by Yann LeCun and Corinna Cortes, CC BY-SA 3.0.
///
/// # Examples
/// ```no_run
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::{Dataset, Mnist};
///
/// let mnist = Mnist::new()?;
/// let digits = match mnist.cached()? {
///     Some(digits) => digits,
///     None => mnist.fetch(|progress| eprintln!("{}: {} bytes", progress.file, progress.received))?,
/// };
/// assert_eq!(digits.train().len(), 60_000);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Mnist {
    folder: PathBuf,
    mirrors: Vec<String>,
    checksums: [String; 4],
    patience: Patience,
}

/// How far the fetching of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file's name.
    pub file: &'a str,
    /// The bytes that have arrived.
    pub received: u64,
    /// The bytes that there are, if the mirror says it.
    pub total: Option<u64>,
}

impl Mnist {
    /// The public mirrors, in the order in which they are tried.
    pub const MIRRORS: [&str; 2] = [
        "http://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://storage.googleapis.com/cvdf-datasets/mnist/",
    ];

    /// SHA-256 of the unpacked files: training images and labels, test images and labels.
    pub const CHECKSUMS: [&str; 4] = [
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ];

    /// MNIST in the user's cache folder: `mnist` in `$RETROGRADE_CACHE`, or else in `retrograde` in the system's
    /// cache folder (`$XDG_CACHE_HOME`, `~/.cache`, or Windows's local application data). The mirrors are those of
    /// `$RETROGRADE_MIRRORS`, separated by spaces or commas, or else [`Mnist::MIRRORS`].
    ///
    /// # Errors
    /// [`Error::Invalid`] if the user has no home folder and `RETROGRADE_CACHE` is not set.
    pub fn new() -> Result<Self> {
        Self::from_environment(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let cache = match variable("RETROGRADE_CACHE") {
            Some(folder) => PathBuf::from(folder),
            None => etcetera::choose_base_strategy()
                .map_err(|error| {
                    Error::invalid("cache folder", error.to_string(), "set RETROGRADE_CACHE to a folder")
                })?
                .cache_dir()
                .join("retrograde"),
        };
        let mnist = Self::in_folder(cache.join("mnist"));
        Ok(match variable("RETROGRADE_MIRRORS") {
            Some(list) => {
                let list = list.to_string_lossy();
                mnist.mirrors(list.split([' ', ',']).filter(|mirror| !mirror.is_empty()))
            }
            None => mnist,
        })
    }

    /// MNIST in this folder, which need not exist yet; the environment is not asked.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Mnist {
            folder: folder.into(),
            mirrors: Self::MIRRORS.map(str::to_owned).to_vec(),
            checksums: Self::CHECKSUMS.map(str::to_owned),
            patience: Patience { silence: Duration::from_secs(30), whole: Duration::from_secs(30 * 60) },
        }
    }

    /// Fetches from these addresses instead, tried in this order. Each is an `http://` folder that holds
    /// `train-images-idx3-ubyte.gz` and its three companions.
    pub fn mirrors(self, mirrors: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Mnist { mirrors: mirrors.into_iter().map(Into::into).collect(), ..self }
    }

    /// Expects files with these SHA-256 sums instead, in hexadecimal, in the order of [`Mnist::CHECKSUMS`]: for
    /// another data set that is laid out like MNIST.
    pub fn checksums(self, checksums: [impl Into<String>; 4]) -> Self {
        Mnist { checksums: checksums.map(|sum| sum.into().to_ascii_lowercase()), ..self }
    }

    /// How long a mirror may be silent before the next one is tried (else 30 s), and how long one file may take in
    /// all (else 30 minutes).
    pub fn timeouts(self, silence: Duration, whole: Duration) -> Self {
        Mnist { patience: Patience { silence, whole }, ..self }
    }

    /// The folder in which the files are kept.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The data set, if it has been fetched; none if one of its files is not there. Does not touch the network.
    ///
    /// # Errors
    /// [`Error::Format`] if a file is there but is not what it should be (then [`Mnist::fetch`] replaces it),
    /// [`Error::File`] if the system refuses to read one.
    pub fn cached(&self) -> Result<Option<Dataset>> {
        let paths = self.paths();
        if !paths.iter().all(|path| path.exists()) {
            return Ok(None);
        }
        Dataset::assemble("mnist", &paths, DIGITS, |file| self.kept(file)).map(Some)
    }

    /// Fetches what is missing or damaged, verifies it, keeps it, and returns the data set. What is already there
    /// and good is not fetched again.
    ///
    /// `progress` hears of each piece that arrives.
    ///
    /// # Errors
    /// [`Error::Download`] with each mirror's reason if a file could not be had from any, [`Error::Invalid`] if
    /// there are no mirrors, [`Error::File`] if the folder cannot be written. The files that were complete by then
    /// are kept.
    pub fn fetch(&self, mut progress: impl FnMut(Progress<'_>)) -> Result<Dataset> {
        let paths = self.paths();
        for (file, path) in paths.iter().enumerate() {
            if self.kept(file).is_err() {
                let packed = self.download(file, &mut progress)?;
                fs::create_dir_all(&self.folder)
                    .map_err(|error| Error::file("create", &self.folder, &error))?;
                files::write_whole(path, &packed)?;
            }
        }
        Dataset::assemble("mnist", &paths, DIGITS, |file| self.kept(file))
    }

    fn paths(&self) -> [PathBuf; 4] {
        FILE_NAMES.map(|name| self.folder.join(format!("{name}.gz")))
    }

    /// The array of a file in the folder, verified.
    fn kept(&self, file: usize) -> Result<IdxArray> {
        let path = &self.paths()[file];
        self.verified(file, path, &files::read_bounded(path, MAX_FILE)?)
    }

    /// The array in these packed bytes, if it has the file's checksum. The header and the elements of an array are
    /// its file, byte for byte, so that is what is hashed.
    fn verified(&self, file: usize, path: &Path, packed: &[u8]) -> Result<IdxArray> {
        let array = IdxArray::decode(path, packed, MAX_FILE)?;
        let digest = Sha256::new().chain_update(array.header()).chain_update(array.bytes()).finalize();
        let found = digest.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let expected = &self.checksums[file];
        if found == *expected {
            return Ok(array);
        }
        let problem = format!("the SHA-256 of its unpacked bytes is {found}, not {expected}");
        Err(Error::format(path, problem, "fetch it again"))
    }

    /// The verified packed bytes of a file, from the first mirror that has them.
    fn download(&self, file: usize, progress: &mut impl FnMut(Progress<'_>)) -> Result<Vec<u8>> {
        if self.mirrors.is_empty() {
            return Err(Error::invalid("mirrors", "there are none", "name at least one http:// address"));
        }
        let name = format!("{}.gz", FILE_NAMES[file]);
        let mut reasons = Vec::new();
        for mirror in &self.mirrors {
            let url = format!("{}/{name}", mirror.trim_end_matches('/'));
            let received = |received, total| progress(Progress { file: &name, received, total });
            let result = fetch(&url, MAX_FILE, self.patience, received).and_then(|packed| {
                match self.verified(file, Path::new(&name), &packed) {
                    Ok(_) => Ok(packed),
                    Err(Error::Format { problem, .. }) => Err(problem),
                    Err(error) => Err(error.to_string()),
                }
            });
            match result {
                Ok(packed) => return Ok(packed),
                Err(reason) => reasons.push(format!("{url}: {reason}")),
            }
        }
        Err(Error::Download {
            what: name,
            problem: format!("no mirror has it\n  {}", reasons.join("\n  ")),
            help: format!(
                "try again, name other mirrors in RETROGRADE_MIRRORS, or put the four files into {}",
                shown(&self.folder)
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_where_it_is_kept_and_fetched_from() {
        let mnist = Mnist::from_environment(|name| match name {
            "RETROGRADE_CACHE" => Some("some/where".into()),
            _ => Some(" http://a/x,http://b/ ".into()),
        });
        let mnist = mnist.unwrap();
        assert_eq!(mnist.folder(), Path::new("some/where/mnist"));
        assert_eq!(mnist.mirrors, ["http://a/x", "http://b/"]);

        let mnist =
            Mnist::from_environment(|name| (name == "RETROGRADE_MIRRORS").then(|| ",".into())).unwrap();
        assert!(mnist.folder().ends_with("retrograde/mnist"), "{}", mnist.folder().display());
        let error = mnist.mirrors([""; 0]).download(0, &mut |_| ()).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");

        let unset = Mnist::from_environment(|_| None).unwrap();
        assert_eq!(unset.mirrors, Mnist::MIRRORS);
        assert_eq!(unset.checksums, Mnist::CHECKSUMS);
    }
}
