//! The full MNIST: 60,000 training and 10,000 test images, fetched on request and cached.
//!
//! [`Mnist::cached`] only reads the user's cache folder; [`Mnist::fetch`] is the only function with network access. It uses
//! plain HTTP without TLS. The SHA-256 of the uncompressed bytes of each file is pinned in this source: a modified or
//! truncated file is rejected, and the next mirror is tried. The files are stored gzipped under their usual names, each
//! atomically after verification. An interrupted fetch therefore continues, and [`Dataset::from_folder`] can read the folder.

use std::env;
use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};

use super::dataset::{DIGITS, FILE_NAMES};
use super::fetch::{Timeouts, fetch};
use super::{Dataset, IdxArray};
use retrograde_base::printable::shown;
use retrograde_base::{Error, Result, files};

/// The most bytes of one file, compressed or not. The largest has 47,040,016.
const MAX_FILE: u64 = 64 << 20;

/// The full MNIST: its cache folder, mirrors and checksums.
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
    timeouts: Timeouts,
}

/// The progress of the download of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownloadProgress<'a> {
    /// The name of the file.
    pub file: &'a str,
    /// The received bytes.
    pub received: u64,
    /// The size of the file in bytes, if the mirror sends it.
    pub total: Option<u64>,
}

impl Mnist {
    /// The public mirrors, in the order in which they are tried.
    pub const MIRRORS: [&str; 2] = [
        "http://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://storage.googleapis.com/cvdf-datasets/mnist/",
    ];

    /// SHA-256 of the uncompressed files: training images and labels, test images and labels.
    pub const CHECKSUMS: [&str; 4] = [
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ];

    /// MNIST in the user's cache folder: `mnist` in `$RETROGRADE_CACHE`, otherwise in `retrograde` in the system's
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

    /// MNIST in this folder, which need not exist. The environment is not read.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Mnist {
            folder: folder.into(),
            mirrors: Self::MIRRORS.map(str::to_owned).to_vec(),
            checksums: Self::CHECKSUMS.map(str::to_owned),
            timeouts: Timeouts { idle: Duration::from_secs(30), total: Duration::from_secs(30 * 60) },
        }
    }

    /// Sets the mirrors, which are tried in this order. Each is the `http://` address of a folder with the four files.
    pub fn mirrors(self, mirrors: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Mnist { mirrors: mirrors.into_iter().map(Into::into).collect(), ..self }
    }

    /// Sets the SHA-256 sums in hexadecimal, in the order of [`Mnist::CHECKSUMS`], for another data set of the same format.
    pub fn checksums(self, checksums: [impl Into<String>; 4]) -> Self {
        Mnist { checksums: checksums.map(|sum| sum.into().to_ascii_lowercase()), ..self }
    }

    /// Sets the timeouts: without received data (default: 30 s), and for a whole file (default: 30 minutes).
    pub fn timeouts(self, idle: Duration, total: Duration) -> Self {
        Mnist { timeouts: Timeouts { idle, total }, ..self }
    }

    /// The cache folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The cached data set; `None` if a file is missing. Does not access the network.
    ///
    /// # Errors
    /// [`Error::Format`] if a file is damaged ([`Mnist::fetch`] replaces it), [`Error::File`] if it cannot be read.
    pub fn cached(&self) -> Result<Option<Dataset>> {
        let paths = self.paths();
        if !paths.iter().all(|path| path.exists()) {
            return Ok(None);
        }
        Dataset::assemble("mnist", &paths, DIGITS, |file| self.read_cached(file)).map(Some)
    }

    /// Fetches missing and damaged files, verifies and caches them, and returns the data set. `progress` is called for each
    /// received piece.
    ///
    /// # Errors
    /// [`Error::Download`] with each mirror's reason if no mirror has a valid file, [`Error::Invalid`] if there are no
    /// mirrors, [`Error::File`] if the folder cannot be written. Complete files stay in the cache.
    pub fn fetch(&self, mut progress: impl FnMut(DownloadProgress<'_>)) -> Result<Dataset> {
        let paths = self.paths();
        for (file, path) in paths.iter().enumerate() {
            if self.read_cached(file).is_err() {
                let compressed = self.download(file, &mut progress)?;
                fs::create_dir_all(&self.folder)
                    .map_err(|error| Error::file("create", &self.folder, error))?;
                files::write_whole(path, &compressed)?;
            }
        }
        Dataset::assemble("mnist", &paths, DIGITS, |file| self.read_cached(file))
    }

    fn paths(&self) -> [PathBuf; 4] {
        FILE_NAMES.map(|name| self.folder.join(format!("{name}.gz")))
    }

    /// Reads and verifies a cached file.
    fn read_cached(&self, file: usize) -> Result<IdxArray> {
        let path = &self.paths()[file];
        self.verified(file, path, &files::read_bounded(path, MAX_FILE)?)
    }

    /// Decompresses a file and verifies its checksum: the hash of header and elements, which are exactly the uncompressed file.
    fn verified(&self, file: usize, path: &Path, compressed: &[u8]) -> Result<IdxArray> {
        let array = IdxArray::decode(path, compressed, MAX_FILE)?;
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
        let problem = format!("the SHA-256 of its uncompressed bytes is {found}, not {expected}");
        Err(Error::format(path, problem, "fetch it again"))
    }

    /// Downloads and verifies a file from the first mirror that has it.
    fn download(&self, file: usize, progress: &mut impl FnMut(DownloadProgress<'_>)) -> Result<Vec<u8>> {
        if self.mirrors.is_empty() {
            return Err(Error::invalid("mirrors", "there are none", "give at least one http:// address"));
        }
        let name = format!("{}.gz", FILE_NAMES[file]);
        let mut reasons = Vec::new();
        for mirror in &self.mirrors {
            let url = format!("{}/{name}", mirror.trim_end_matches('/'));
            let received = |received, total| progress(DownloadProgress { file: &name, received, total });
            let result = fetch(&url, MAX_FILE, self.timeouts, received).and_then(|compressed| {
                match self.verified(file, Path::new(&name), &compressed) {
                    Ok(_) => Ok(compressed),
                    Err(Error::Format { problem, .. }) => Err(problem),
                    Err(error) => Err(error.to_string()),
                }
            });
            match result {
                Ok(compressed) => return Ok(compressed),
                Err(reason) => reasons.push(format!("{url}: {reason}")),
            }
        }
        Err(Error::Download {
            what: name,
            problem: format!("no mirror has a valid file\n  {}", reasons.join("\n  ")),
            help: format!(
                "try again, set other mirrors in RETROGRADE_MIRRORS, or copy the four files to {}",
                shown(&self.folder)
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_sets_the_cache_folder_and_the_mirrors() {
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
