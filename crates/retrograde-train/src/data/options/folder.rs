//! Data sets of folders: the four files of MNIST, or images by class.

use super::DataOptions;
use super::pieces::NOTE;
use crate::data::dataset::FILE_NAMES;
use crate::data::{Dataset, IdxArray};
use retrograde_base::Result;
use std::path::Path;

/// Reads a folder: images, if it has folders and none of the four files.
pub(super) fn read(options: &DataOptions, name: &str, folder: &Path) -> Result<Dataset> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let (mut has_folders, mut has_idx) = (false, false);
    for entry in entries {
        let file = entry.file_name().to_string_lossy().into_owned();
        has_idx |= FILE_NAMES
            .iter()
            .any(|name| file.starts_with(name.split('-').next().unwrap_or(name)) && file.contains("ubyte"));
        has_folders |= entry.path().is_dir();
    }
    if has_folders && !has_idx {
        return images(options, name, folder);
    }
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum();
    if options.is_in_pieces(bytes, 2 * IdxArray::MAX_BYTES) {
        return Ok(Dataset::from_folder_in_pieces(folder, &options.scratch_folder())?.with_note(NOTE));
    }
    Dataset::from_folder(folder)
}

/// Reads images. The planes of colors come one after the other.
#[cfg(feature = "images")]
fn images(options: &DataOptions, name: &str, folder: &Path) -> Result<Dataset> {
    use crate::data::image_folder::planes;
    use crate::data::{ImageFolderReader, Samples, Targets};
    let mut reader = ImageFolderReader::new();
    if let Some(size) = options.image_size {
        reader = reader.size(size);
    }
    let (found, bytes) = reader.find(folder)?;
    if options.is_in_pieces(bytes, u64::MAX) {
        let (rows, labels, classes) = reader.stored(&found, folder, &options.scratch_folder())?;
        let all = Samples::new(rows, Targets::classes(labels, classes.len())?)?;
        let [train, test] = options.split(all.len(), all.labels())?;
        let data = Dataset::new(name, all.select(&train)?, all.select(&test)?)?;
        return Ok(data.with_class_names(classes)?.with_note(NOTE));
    }
    let images = reader.load(folder, found)?;
    let (classes, labels) = (images.classes().to_vec(), images.labels().to_vec());
    let ([rows, columns], channels) = (images.image_shape(), images.channels());
    let pixels = images.into_pixels();
    let (shape, pixels) = if channels == 1 {
        (vec![rows, columns], pixels)
    } else {
        let images = pixels.chunks_exact(channels * rows * columns);
        (vec![channels, rows, columns], images.flat_map(|image| planes(image, channels)).collect())
    };
    let all = Samples::from_images(pixels, shape, labels, classes.len())?;
    let [train, test] = options.split(all.len(), all.labels())?;
    Dataset::new(name, all.select(&train)?, all.select(&test)?)?.with_class_names(classes)
}

/// The error of a build without the feature `images`.
#[cfg(not(feature = "images"))]
fn images(_: &DataOptions, _: &str, folder: &Path) -> Result<Dataset> {
    let help = "build with the feature `images`, or give the four files of MNIST";
    Err(retrograde_base::Error::format(folder, "this build does not read folders of images", help))
}
