//! The images of a folder in memory.

use std::fmt;
use std::path::{Path, PathBuf};

use retrograde_base::printable::{printable, shown};

use super::files::ClassFiles;
use crate::data::table::{counted, listed};

/// Images of one size with their classes, from a folder.
#[derive(Clone, PartialEq, Eq)]
pub struct ImageFolder {
    folder: PathBuf,
    pixels: Vec<u8>,
    shape: [usize; 2],
    channels: usize,
    labels: Vec<u32>,
    classes: Vec<String>,
    paths: Vec<PathBuf>,
    notes: Vec<String>,
}

impl ImageFolder {
    /// A folder's images. `scaled` is the number of images that had another size.
    pub(super) fn new(
        folder: &Path,
        files: ClassFiles,
        pixels: Vec<u8>,
        shape: [usize; 2],
        is_gray: bool,
        scaled: usize,
    ) -> Self {
        let (paths, labels): (Vec<PathBuf>, Vec<u32>) = files.images.into_iter().unzip();
        let mut notes = Vec::new();
        if scaled > 0 {
            notes.push(format!("{} scaled from another size", counted(scaled, "image")));
        }
        if files.others > 0 {
            notes.push(format!(
                "{} that are neither PNG nor JPEG by name left out",
                counted(files.others, "file")
            ));
        }
        if !files.empty.is_empty() {
            let names = listed(files.empty.iter().map(String::as_str));
            notes.push(format!("folders without images left out: {names}"));
        }
        let channels = if is_gray { 1 } else { 3 };
        let folder = folder.to_owned();
        ImageFolder { folder, pixels, shape, channels, labels, classes: files.classes, paths, notes }
    }

    /// The number of images; at least 2.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The pixels of all images, `[n, rows, columns, channels]`, in row-major order.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The pixels without a copy.
    pub fn into_pixels(self) -> Vec<u8> {
        self.pixels
    }

    /// The size of the images: `[rows, columns]`.
    pub fn image_shape(&self) -> [usize; 2] {
        self.shape
    }

    /// The number of channels: 1 (gray) or 3 (red, green, blue).
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The class number of each image, below the number of classes.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The names of the classes, by class number: the names of the folders, in order.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The file of each image.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }
}

impl fmt::Display for ImageFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = vec![0_usize; self.classes.len()];
        self.labels.iter().for_each(|label| counts[*label as usize] += 1);
        let class = |(name, count): (&String, usize)| format!("{} ({count})", printable(name));
        let classes: Vec<String> = self.classes.iter().zip(counts).map(class).collect();
        let images = format!("{} of {}", counted(self.len(), "image"), counted(classes.len(), "class"));
        writeln!(f, "{}: {images}: {}", shown(&self.folder), listed(classes.iter().map(String::as_str)))?;
        let [rows, columns] = self.shape;
        let color = if self.channels == 1 { "gray" } else { "red, green and blue" };
        writeln!(f, "  {rows} × {columns} pixels, {color}")?;
        self.notes.iter().try_for_each(|note| writeln!(f, "  {}", printable(note)))
    }
}

impl fmt::Debug for ImageFolder {
    /// Only the sizes, not the bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("ImageFolder");
        text.field("folder", &self.folder).field("len", &self.len()).field("shape", &self.shape);
        text.field("channels", &self.channels).field("classes", &self.classes).finish_non_exhaustive()
    }
}
