//! Images with labels, from memory and from IDX files.

use std::path::Path;
use std::sync::Arc;

use super::{Features, Samples, Targets};
use crate::data::IdxArray;
use retrograde_base::printable::shown;
use retrograde_base::{Error, Result};
use retrograde_core::kernel::Bytes;

/// Problem and help; the caller adds the file or the argument.
type Invalid = (String, String);

impl Samples {
    /// Images of one size as bytes, with a label each: `images` holds one image after another; `image_shape` is
    /// `[rows, columns]`, or `[channels, rows, columns]` for planes of colors; `labels` are class indices below `classes`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no image or no pixel, the number of bytes is wrong, a label is not below `classes`, or
    /// there are more than 2³² − 1 images.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::data::Samples;
    ///
    /// // Two images of 1 × 3 pixels, of the classes 1 and 0 out of two.
    /// let images = Samples::from_images(vec![0, 51, 255, 255, 0, 0], [1, 3], vec![1, 0], 2)?;
    /// assert_eq!((images.len(), images.row_len(), images.labels()), (2, 3, &[1, 0][..]));
    /// assert_eq!(images.features().values()[..], [0.0, 0.2, 1.0, 1.0, 0.0, 0.0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_images(
        images: impl Into<Bytes>,
        image_shape: impl Into<Vec<usize>>,
        labels: impl Into<Arc<[u32]>>,
        classes: usize,
    ) -> Result<Self> {
        let (images, shape, labels) = (images.into(), image_shape.into(), labels.into());
        let invalid = |(problem, help): Invalid| Error::invalid("labeled images", problem, help);
        let count = shape.iter().try_fold(labels.len(), |count, side| count.checked_mul(*side));
        if count != Some(images.len()) {
            let (labels, bytes) = (labels.len(), images.len());
            let problem = format!("{labels} labels for images of {} pixels in {bytes} bytes", sides(&shape));
            return Err(invalid((problem, "give labels · rows · columns bytes".to_owned())));
        }
        Self::checked(images, shape, labels, classes).map_err(invalid)
    }

    /// Reads an IDX file of images and an IDX file of labels, gzipped or not.
    ///
    /// # Errors
    /// As [`IdxArray::read`]; [`Error::Format`] if the files are swapped or have another rank, their counts differ, or a label
    /// is not below `classes`.
    pub fn read_idx(images: impl AsRef<Path>, labels: impl AsRef<Path>, classes: usize) -> Result<Self> {
        let (images, labels) = (images.as_ref(), labels.as_ref());
        Self::from_arrays((images, IdxArray::read(images)?), (labels, IdxArray::read(labels)?), classes)
    }

    /// Labeled images from two arrays and their files.
    pub(in crate::data) fn from_arrays(
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
        Self::checked(images.into_bytes().into(), vec![rows, columns], label_values, classes).map_err(
            |(problem, help)| {
                let problem = format!("{problem} (images: {})", shown(image_file));
                Error::format(label_file, problem, help)
            },
        )
    }

    /// Checks what does not depend on where the images come from.
    fn checked(
        images: Bytes,
        shape: Vec<usize>,
        labels: Arc<[u32]>,
        classes: usize,
    ) -> Result<Self, Invalid> {
        if images.is_empty() {
            let problem = format!("{} images of {} pixels are empty", labels.len(), sides(&shape));
            return Err((problem, "give at least one image of at least one pixel".to_owned()));
        }
        if u32::try_from(labels.len()).is_err() {
            let problem = format!("{} images", labels.len());
            return Err((problem, "give at most 4294967295 images".to_owned()));
        }
        let beyond = labels.iter().enumerate().find(|(_, label)| **label as usize >= classes);
        if let Some((row, label)) = beyond {
            let problem = format!("label {label} of row {row} is out of range for {classes} classes");
            return Err((problem, "give labels from 0 to the number of classes - 1".to_owned()));
        }
        let (features, targets) =
            (Features::Bytes { values: images, shape }, Targets::Classes { labels, classes });
        Ok(Samples { features, targets, weights: None })
    }
}

/// The lengths of the sides: "28 × 28".
fn sides(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Samples {
        Samples::from_images((0..18).collect::<Vec<u8>>(), [2, 3], vec![2, 0, 1], 3).unwrap()
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
        assert_eq!((samples.len(), samples.row_len(), samples.image_shape()), (3, 6, Some([2, 3])));
        assert_eq!(samples.image(1), Some(&[6, 7, 8, 9, 10, 11][..]));
        assert_eq!((samples.image(3), samples.image(usize::MAX)), (None, None));
        assert_eq!(samples.labels()[..], [2, 0, 1]);
        assert_eq!(
            format!("{samples:?}"),
            "Samples { len: 3, row: [2, 3], outputs: 3, weighted: false, .. }"
        );
    }

    #[test]
    fn bytes_are_normalized_as_in_numpy() {
        let samples = Samples::from_images((0..=255).collect::<Vec<u8>>(), [16, 16], vec![0], 1).unwrap();
        let values = samples.features().values();
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
        assert_eq!(selected.outputs(), 3);
        let error = three().select(&[0, 3]).unwrap_err().to_string();
        assert!(error.contains("row 3 is out of range for 3 rows"), "{error}");
        three().select(&[]).unwrap_err();
    }

    #[test]
    fn invalid_arguments_are_errors() {
        let problem = |images: usize, shape, labels: &[u32], classes| {
            let error = Samples::from_images(vec![0; images], shape, labels, classes).unwrap_err();
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
    fn errors_of_inconsistent_files_name_both_files() {
        let make = |images, labels, classes| {
            Samples::from_arrays(
                (Path::new("some/images"), images),
                (Path::new("some/labels"), labels),
                classes,
            )
        };
        let good = || array(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
        let samples = make(good(), array(&[2], &[9, 0]), 10).unwrap();
        assert_eq!(samples, Samples::from_images(vec![1, 2, 3, 4, 5, 6], [1, 3], vec![9, 0], 10).unwrap());

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
