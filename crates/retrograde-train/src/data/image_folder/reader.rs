//! Reading a folder of images.

use std::path::Path;

use image::RgbImage;
use image::imageops::{self, FilterType};
use retrograde_base::{Error, Result, memory};

use super::folder::ImageFolder;
use super::{decode, files};
use crate::data::stored::{Element, RowWriter};
use crate::data::{Channels, StoredRows};

/// Reads a folder with a folder of PNG and JPEG files for each class.
///
/// | property | default | option |
/// | --- | --- | --- |
/// | size | that of all images if they agree and no side is longer than 64; otherwise the longest sides, at most 64 | [`size`](Self::size) |
/// | channels | one if every pixel is gray, otherwise red, green and blue | [`channels`](Self::channels) |
///
/// Images of another size are scaled, without regard to their aspect ratio. They are turned as their EXIF orientation says,
/// 16 bits become 8, and transparent pixels are put on white.
///
/// # Examples
/// ```no_run
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::ImageFolderReader;
///
/// let animals = ImageFolderReader::new().size([32, 32]).read("animals")?;
/// println!("{animals}");
/// assert_eq!(animals.image_shape(), [32, 32]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImageFolderReader {
    size: Option<[usize; 2]>,
    channels: Option<Channels>,
}

/// The images of a folder before they are read.
pub(in crate::data) struct FoundImages {
    files: files::ClassFiles,
    /// The size that they get.
    shape: [usize; 2],
    /// How many have another size.
    scaled: usize,
}

/// The longest side of images whose size is not given.
const DEFAULT_SIDE: usize = 64;

/// The longest side that may be asked for.
const MAX_SIDE: usize = 4096;

impl ImageFolderReader {
    /// A reader with the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The size of all images: `[rows, columns]`.
    pub fn size(mut self, shape: [usize; 2]) -> Self {
        self.size = Some(shape);
        self
    }

    /// [`Channels::Gray`] or [`Channels::Rgb`]. Colors become gray by Rec. 601.
    pub fn channels(mut self, channels: Channels) -> Self {
        self.channels = Some(channels);
        self
    }

    /// Reads a folder.
    ///
    /// # Errors
    /// [`Error::Format`] if there are fewer than two classes with images, or a file cannot be decoded, or is too large.
    /// [`Error::File`] if a file cannot be read. [`Error::Invalid`] if the size has no pixels or a side longer than 4096, or the
    /// channels are neither gray nor RGB. [`Error::OutOfMemory`].
    pub fn read(&self, folder: impl AsRef<Path>) -> Result<ImageFolder> {
        let folder = folder.as_ref();
        let (found, _) = self.find(folder)?;
        self.load(folder, found)
    }

    /// The images of a folder, and the bytes of their pixels.
    pub(in crate::data) fn find(&self, folder: &Path) -> Result<(FoundImages, u64)> {
        self.must_be_valid()?;
        let files = files::find(folder)?;
        let sizes = files.images.iter().map(|(path, _)| decode::size(path)).collect::<Result<Vec<_>>>()?;
        let shape = self.size.unwrap_or_else(|| default_size(&sizes));
        let bytes = 3.0 * (shape[0] * shape[1]) as f64 * sizes.len() as f64;
        let scaled = sizes.iter().filter(|size| **size != shape).count();
        Ok((FoundImages { files, shape, scaled }, bytes as u64))
    }

    /// Reads the pixels of images.
    pub(in crate::data) fn load(&self, folder: &Path, found: FoundImages) -> Result<ImageFolder> {
        let FoundImages { files: found, shape, scaled: count } = found;
        let bytes = 3 * shape[0] as u64 * shape[1] as u64 * found.images.len() as u64;
        memory::must_fit("images", bytes, "choose a smaller size, or give fewer images")?;
        let mut pixels = Vec::with_capacity(bytes as usize);
        for (path, _) in &found.images {
            pixels.extend_from_slice(scaled(decode::pixels(path)?, shape).as_raw());
        }
        let is_gray = || pixels.chunks_exact(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]);
        let is_gray = self.channels.map_or_else(is_gray, |channels| channels == Channels::Gray);
        let pixels = if is_gray { pixels.chunks_exact(3).map(lightness).collect() } else { pixels };
        Ok(ImageFolder::new(folder, found, pixels, shape, is_gray, count))
    }

    /// The pixels of images in a scratch file, with their classes and the names of these: as in memory, an image at a time.
    pub(in crate::data) fn stored(
        &self,
        found: &FoundImages,
        folder: &Path,
        scratch: &Path,
    ) -> Result<(StoredRows, Vec<u32>, Vec<String>)> {
        let FoundImages { files, shape: [rows, columns], .. } = found;
        let shape = [*rows, *columns];
        let image = |path: &Path| Ok(scaled(decode::pixels(path)?, shape).into_raw());
        let gray =
            |image: &[u8]| image.chunks_exact(3).all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]);
        let are_gray = || {
            files.images.iter().try_fold(true, |all, (path, _)| Ok::<bool, Error>(all && gray(&image(path)?)))
        };
        let are_gray = match self.channels {
            Some(channels) => channels == Channels::Gray,
            None => are_gray()?,
        };
        let mut writer = RowWriter::create(scratch)?;
        for (path, _) in &files.images {
            let pixels = image(path)?;
            let row =
                if are_gray { pixels.chunks_exact(3).map(lightness).collect() } else { planes(&pixels, 3) };
            writer.bytes(&row)?;
        }
        let row_shape = if are_gray { shape.to_vec() } else { vec![3, *rows, *columns] };
        let stored = writer.rows(folder, files.images.len(), row_shape, Element::Pixel)?;
        Ok((stored, files.images.iter().map(|(_, class)| *class).collect(), files.classes.clone()))
    }

    /// Reads one image for a network that was trained on a folder of images: the bytes of its row, gray for the shape
    /// `[rows, columns]`, and the planes of red, green and blue for `[3, rows, columns]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another shape; [`Error::Format`] and [`Error::File`] as [`ImageFolderReader::read`].
    pub fn read_image(path: impl AsRef<Path>, row_shape: &[usize]) -> Result<Vec<u8>> {
        let (is_gray, shape) = match *row_shape {
            [rows, columns] => (true, [rows, columns]),
            [3, rows, columns] => (false, [rows, columns]),
            _ => {
                let problem = format!("{row_shape:?} is no shape of images");
                return Err(Error::invalid("row", problem, "give [rows, columns] or [3, rows, columns]"));
            }
        };
        let reader = ImageFolderReader::new().size(shape);
        reader.must_be_valid()?;
        let pixels = scaled(decode::pixels(path.as_ref())?, shape);
        Ok(if is_gray {
            pixels.as_raw().chunks_exact(3).map(lightness).collect()
        } else {
            planes(pixels.as_raw(), 3)
        })
    }

    fn must_be_valid(&self) -> Result<()> {
        if let Some([rows, columns]) = self.size
            && !((1..=MAX_SIDE).contains(&rows) && (1..=MAX_SIDE).contains(&columns))
        {
            let problem = format!("{rows} × {columns} is no size of images");
            return Err(Error::invalid("size", problem, format!("give sides from 1 to {MAX_SIDE}")));
        }
        match self.channels {
            None | Some(Channels::Gray | Channels::Rgb) => Ok(()),
            Some(other) => {
                let problem = format!("{other:?} has an opacity");
                Err(Error::invalid("channels", problem, "give Channels::Gray or Channels::Rgb"))
            }
        }
    }
}

/// The longest sides of all images, at most [`DEFAULT_SIDE`].
fn default_size(sizes: &[[usize; 2]]) -> [usize; 2] {
    [0, 1].map(|axis| sizes.iter().map(|size| size[axis]).max().unwrap_or(1).min(DEFAULT_SIDE))
}

/// The image in another size. A pixel is a weighted mean of those that it covers.
fn scaled(image: RgbImage, [rows, columns]: [usize; 2]) -> RgbImage {
    let (width, height) = (columns as u32, rows as u32);
    if image.dimensions() == (width, height) {
        return image;
    }
    imageops::resize(&image, width, height, FilterType::Triangle)
}

/// The channels of an image one after the other, as networks of convolutions take them.
pub(in crate::data) fn planes(image: &[u8], channels: usize) -> Vec<u8> {
    (0..channels).flat_map(|channel| image.iter().skip(channel).step_by(channels).copied()).collect()
}

/// The lightness of a pixel by Rec. 601.
fn lightness(pixel: &[u8]) -> u8 {
    let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
    ((299 * red + 587 * green + 114 * blue + 500) / 1000) as u8
}
