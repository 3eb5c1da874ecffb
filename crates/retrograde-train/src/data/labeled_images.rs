//! Images with labels.
//!
//! [`LabeledImages`] holds the bytes of the images as in the file and one class index per image. Both are shared and read
//! only, so that a clone is cheap and a batch is gathered directly from the bytes. The constructors establish the
//! invariants: as many labels as images, every label below the number of classes, at least one image of at least one pixel.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::IdxArray;
use retrograde_base::printable::shown;
use retrograde_base::{Error, Result};
use retrograde_core::kernel::Bytes;

/// The largest byte of a pixel. Pixels are divided by it, so that black and white are 0 and 1.
pub const MAX_PIXEL: f64 = 255.0;

/// The axes of images. The values and their order are the same for all three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageLayout {
    /// `[n, rows · columns]`: each image is a row, for dense layers.
    Flat,
    /// `[n, rows, columns]`.
    Plane,
    /// `[n, 1, rows, columns]`: with the one channel of a gray image, for convolutions.
    Channel,
}

/// Images of one size, as bytes, with one label each; never empty.
///
/// # Examples
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::{ImageLayout, LabeledImages};
///
/// // Two images of 1 × 3 pixels, of the classes 1 and 0 out of two.
/// let images = LabeledImages::new(vec![0, 51, 255, 255, 0, 0], [1, 3], vec![1, 0], 2)?;
/// assert_eq!(images.shape(ImageLayout::Flat), [2, 3]);
/// assert_eq!(images.normalized(), [0.0, 0.2, 1.0, 1.0, 0.0, 0.0]);
/// assert_eq!(images.one_hot()?, [0.0, 1.0, 1.0, 0.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct LabeledImages {
    images: Bytes,
    image_shape: [usize; 2],
    labels: Arc<[u32]>,
    classes: usize,
}

/// Problem and help; the caller adds the file or the argument.
type Invalid = (String, String);

#[expect(clippy::len_without_is_empty, reason = "it is never empty")]
impl LabeledImages {
    /// Images of the program's own: `images` holds one image after another, each row by row; `image_shape` is
    /// `[rows, columns]`; `labels` are class indices below `classes`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no image or no pixel, the number of bytes is wrong, a label is not below `classes`, or
    /// there are more than 2³² − 1 images.
    pub fn new(
        images: impl Into<Bytes>,
        image_shape: [usize; 2],
        labels: impl Into<Arc<[u32]>>,
        classes: usize,
    ) -> Result<Self> {
        let (images, labels) = (images.into(), labels.into());
        let invalid = |(problem, help): Invalid| Error::invalid("labeled images", problem, help);
        let [rows, columns] = image_shape;
        if rows.checked_mul(columns).and_then(|pixels| pixels.checked_mul(labels.len())) != Some(images.len())
        {
            let problem = format!(
                "{} labels for images of {rows} × {columns} pixels in {} bytes",
                labels.len(),
                images.len()
            );
            return Err(invalid((problem, "give labels · rows · columns bytes".to_owned())));
        }
        Self::checked(images, image_shape, labels, classes).map_err(invalid)
    }

    /// Reads an IDX file of images and an IDX file of labels, gzipped or not.
    ///
    /// # Errors
    /// As [`IdxArray::read`]; [`Error::Format`] if the files are swapped or have another rank, their counts differ, or a label
    /// is not below `classes`.
    pub fn read(images: impl AsRef<Path>, labels: impl AsRef<Path>, classes: usize) -> Result<Self> {
        let (images, labels) = (images.as_ref(), labels.as_ref());
        Self::from_arrays((images, IdxArray::read(images)?), (labels, IdxArray::read(labels)?), classes)
    }

    /// Labeled images from two arrays and their files.
    pub(super) fn from_arrays(
        (image_file, images): (&Path, IdxArray),
        (label_file, labels): (&Path, IdxArray),
        classes: usize,
    ) -> Result<Self> {
        let &[count, rows, columns] = images.shape() else {
            return Err(wrong_rank(image_file, &images, "images (count × rows × columns)"));
        };
        let &[label_count] = labels.shape() else {
            return Err(wrong_rank(label_file, &labels, "labels (count)"));
        };
        if count != label_count {
            return Err(Error::format(
                label_file,
                format!("it has {label_count} labels, but {} has {count} images", shown(image_file)),
                "give two files of the same set",
            ));
        }
        let label_values: Arc<[u32]> = labels.bytes().iter().map(|label| u32::from(*label)).collect();
        Self::checked(images.into_bytes().into(), [rows, columns], label_values, classes).map_err(
            |(problem, help)| {
                let problem = format!("{problem} (images: {})", shown(image_file));
                Error::format(label_file, problem, help)
            },
        )
    }

    /// All checks except those of the counts, which have other messages.
    fn checked(
        images: Bytes,
        image_shape: [usize; 2],
        labels: Arc<[u32]>,
        classes: usize,
    ) -> Result<Self, Invalid> {
        let invalid = |problem: String, help: &str| Err((problem, help.to_owned()));
        if images.is_empty() {
            let [rows, columns] = image_shape;
            let problem = format!("{} images of {rows} × {columns} pixels are empty", labels.len());
            return invalid(problem, "give at least one image of at least one pixel");
        }
        if u32::try_from(labels.len()).is_err() {
            return invalid(format!("{} images", labels.len()), "give at most 4294967295 images");
        }
        let beyond = labels.iter().enumerate().find(|(_, label)| **label as usize >= classes);
        if let Some((row, label)) = beyond {
            let problem = format!("label {label} of row {row} is out of range for {classes} classes");
            return invalid(problem, "give labels from 0 to the number of classes - 1");
        }
        Ok(LabeledImages { images, image_shape, labels, classes })
    }

    /// The number of images; at least 1.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// The number of pixels of an image: rows · columns; at least 1.
    pub fn row_len(&self) -> usize {
        self.image_shape[0] * self.image_shape[1]
    }

    /// The image size: `[rows, columns]`.
    pub fn image_shape(&self) -> [usize; 2] {
        self.image_shape
    }

    /// The number of classes; every label is below it.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The bytes of all images, `[n, rows, columns]`, in row-major order.
    pub fn images(&self) -> &Bytes {
        &self.images
    }

    /// The bytes of an image, `[rows, columns]`; `None` if `index` is out of range.
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        self.images.chunks_exact(self.row_len()).nth(index)
    }

    /// About how many bytes of memory a training on these images takes for them: the images, the labels, and the compressed
    /// rows, which a plan makes of images that are mostly zero.
    pub(crate) fn memory(&self) -> usize {
        let nonzeros = self.images.iter().filter(|&&byte| byte != 0).count();
        let blocks = self.row_len().div_ceil(64);
        // For each block a mask of 64 bits and a count of 16.
        let compressed = nonzeros + self.len() * (10 * blocks + 6);
        let is_mostly_zero = 5 * nonzeros <= 2 * self.images.len();
        self.images.len() + self.len() * size_of::<u32>() + if is_mostly_zero { compressed } else { 0 }
    }

    /// The class index of each image, `[n]`.
    pub fn labels(&self) -> &Arc<[u32]> {
        &self.labels
    }

    /// The shape of [`LabeledImages::normalized`] in this layout.
    pub fn shape(&self, layout: ImageLayout) -> Vec<usize> {
        let [rows, columns] = self.image_shape;
        match layout {
            ImageLayout::Flat => vec![self.len(), self.row_len()],
            ImageLayout::Plane => vec![self.len(), rows, columns],
            ImageLayout::Channel => vec![self.len(), 1, rows, columns],
        }
    }

    /// All pixels as values from 0 to 1: byte / [`MAX_PIXEL`], in the order of [`LabeledImages::images`].
    pub fn normalized(&self) -> Vec<f64> {
        self.images.iter().map(|byte| f64::from(*byte) / MAX_PIXEL).collect()
    }

    /// The one-hot labels, `[n, classes]`.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if there is not enough memory.
    pub fn one_hot(&self) -> Result<Vec<f64>> {
        let mut rows: Vec<f64> = Vec::new();
        let reserved =
            self.len().checked_mul(self.classes).filter(|size| rows.try_reserve_exact(*size).is_ok());
        let Some(size) = reserved else {
            let what = format!("one-hot labels, {} rows of {} classes", self.len(), self.classes);
            let bytes = self.len() as f64 * self.classes as f64 * size_of::<f64>() as f64;
            return Err(Error::memory(what, bytes, "use the labels as indices"));
        };
        rows.resize(size, 0.0);
        for (row, label) in rows.chunks_exact_mut(self.classes).zip(self.labels.iter()) {
            row[*label as usize] = 1.0;
        }
        Ok(rows)
    }

    /// The images at these rows, in this order, with repetitions.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `rows` is empty, [`Error::IndexOutOfRange`] if a row is out of range.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// let digits = retrograde::data::Dataset::embedded()?;
    /// let first_three = digits.train().select(&[0, 1, 2])?;
    /// assert_eq!(first_three.labels()[..], [0, 1, 2]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn select(&self, rows: &[u32]) -> Result<Self> {
        if rows.is_empty() {
            return Err(Error::invalid("selected rows", "there are none", "give at least one row"));
        }
        let mut images = Vec::new();
        let mut labels = Vec::new();
        for row in rows {
            let Some(image) = self.image(*row as usize) else {
                let problem = format!("row {row} is out of range for {} rows", self.len());
                return Err(Error::index(
                    "selected rows",
                    problem,
                    format!("give rows from 0 to {}", self.len() - 1),
                ));
            };
            images.extend_from_slice(image);
            labels.push(self.labels[*row as usize]);
        }
        Ok(LabeledImages {
            images: images.into(),
            image_shape: self.image_shape,
            labels: labels.into(),
            classes: self.classes,
        })
    }
}

/// The error for an array of the wrong rank.
fn wrong_rank(file: &Path, array: &IdxArray, expected: &str) -> Error {
    let found = match array.shape().len() {
        1 => "labels",
        3 => "images",
        _ => "neither images nor labels",
    };
    let shape = array.shape();
    Error::format(
        file,
        format!("its shape {shape:?} is that of {found}, expected {expected}"),
        "check that the files are not swapped or renamed",
    )
}

impl fmt::Debug for LabeledImages {
    /// Only the sizes, not the bytes.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = formatter.debug_struct("LabeledImages");
        text.field("len", &self.len());
        text.field("image_shape", &self.image_shape).field("classes", &self.classes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> LabeledImages {
        LabeledImages::new((0..18).collect::<Vec<u8>>(), [2, 3], vec![2, 0, 1], 3).unwrap()
    }

    fn array(sizes: &[u8], bytes: &[u8]) -> IdxArray {
        let mut file = vec![0, 0, 8, sizes.len() as u8];
        for size in sizes {
            file.extend([0, 0, 0, *size]);
        }
        IdxArray::from_bytes("array", &[&file, bytes].concat()).unwrap()
    }

    #[test]
    fn images_and_labels_are_stored() {
        let samples = three();
        assert_eq!((samples.len(), samples.row_len(), samples.image_shape()), (3, 6, [2, 3]));
        assert_eq!(samples.image(1), Some(&[6, 7, 8, 9, 10, 11][..]));
        assert_eq!((samples.image(3), samples.image(usize::MAX)), (None, None));
        assert_eq!(samples.labels()[..], [2, 0, 1]);
        assert_eq!(samples.shape(ImageLayout::Flat), [3, 6]);
        assert_eq!(samples.shape(ImageLayout::Plane), [3, 2, 3]);
        assert_eq!(samples.shape(ImageLayout::Channel), [3, 1, 2, 3]);
        assert_eq!(samples.one_hot().unwrap(), [0., 0., 1., 1., 0., 0., 0., 1., 0.]);
        assert_eq!(format!("{samples:?}"), "LabeledImages { len: 3, image_shape: [2, 3], classes: 3, .. }");
    }

    #[test]
    fn bytes_are_normalized_as_in_numpy() {
        let samples = LabeledImages::new((0..=255).collect::<Vec<u8>>(), [16, 16], vec![0], 1).unwrap();
        let values = samples.normalized();
        assert_eq!((values[0], values[255]), (0.0, 1.0));
        // np.arange(256) / 255: division, not multiplication by 1/255, which differs in the last bit at some bytes.
        assert_eq!(
            (values[3], values[49], values[128]),
            (3.0 / 255.0, 49.0 / 255.0, 0.501_960_784_313_725_5)
        );
    }

    #[test]
    fn rows_are_selected_in_order_and_repeatedly() {
        let selected = three().select(&[2, 0, 2]).unwrap();
        assert_eq!(selected.labels()[..], [1, 2, 1]);
        assert_eq!(selected.image(0), selected.image(2));
        assert_eq!(selected.image(1), Some(&[0, 1, 2, 3, 4, 5][..]));
        assert_eq!(selected.classes(), 3);
        let error = three().select(&[0, 3]).unwrap_err().to_string();
        assert!(error.contains("row 3 is out of range for 3 rows"), "{error}");
        three().select(&[]).unwrap_err();
    }

    #[test]
    fn invalid_arguments_are_errors() {
        let problem = |images: usize, shape, labels: &[u32], classes| {
            let error = LabeledImages::new(vec![0; images], shape, labels, classes).unwrap_err();
            assert!(matches!(error, Error::Invalid { .. }));
            error.to_string()
        };
        assert!(problem(11, [2, 3], &[0, 1], 2).contains("2 labels for images of 2 × 3 pixels in 11 bytes"));
        assert!(problem(0, [2, 3], &[], 2).contains("0 images of 2 × 3 pixels are empty"));
        assert!(problem(0, [0, 3], &[0, 0], 2).contains("2 images of 0 × 3 pixels are empty"));
        assert!(problem(12, [2, 3], &[0, 2], 2).contains("label 2 of row 1 is out of range for 2 classes"));
        assert!(problem(6, [2, 3], &[0], 0).contains("out of range for 0 classes"));
        assert!(problem(6, [usize::MAX, 2], &[0], 1).contains("1 labels for images"));
    }

    #[test]
    fn too_many_classes_for_one_hot_rows_are_an_error() {
        let samples = LabeledImages::new(vec![0, 0], [1, 1], vec![0, 1], usize::MAX).unwrap();
        let error = samples.one_hot().unwrap_err().to_string();
        assert!(error.contains("2 rows") && error.contains("more than there is"), "{error}");
    }

    #[test]
    fn errors_of_inconsistent_files_name_both_files() {
        let make = |images, labels, classes| {
            LabeledImages::from_arrays(
                (Path::new("some/images"), images),
                (Path::new("some/labels"), labels),
                classes,
            )
        };
        let good = || array(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
        let samples = make(good(), array(&[2], &[9, 0]), 10).unwrap();
        assert_eq!(samples, LabeledImages::new(vec![1, 2, 3, 4, 5, 6], [1, 3], vec![9, 0], 10).unwrap());

        let text = |images, labels| make(images, labels, 10).unwrap_err().to_string();
        let swapped = text(array(&[2], &[1, 2]), good());
        assert!(swapped.contains("some/images") && swapped.contains("[2] is that of labels"), "{swapped}");
        let twice = text(good(), good());
        assert!(twice.contains("some/labels") && twice.contains("[2, 1, 3] is that of images"), "{twice}");
        let rank = text(array(&[2, 2], &[1, 2, 3, 4]), array(&[2], &[1, 2]));
        assert!(rank.contains("neither images nor labels"), "{rank}");
        let range = text(good(), array(&[2], &[3, 10]));
        for part in ["some/labels", "some/images", "label 10 of row 1", "10 classes"] {
            assert!(range.contains(part), "{range}");
        }
        let counts = text(good(), array(&[3], &[0, 0, 0]));
        for part in ["some/labels", "3 labels", "some/images has 2 images"] {
            assert!(counts.contains(part), "{counts}");
        }
        assert!(text(array(&[0, 1, 1], &[]), array(&[0], &[])).contains("are empty"));
    }
}
