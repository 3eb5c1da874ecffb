//! The classes of a folder and the images of each.

use std::fs;
use std::path::{Path, PathBuf};

use retrograde_base::printable::shown;
use retrograde_base::{Error, Result};

/// The image files of a folder, by class.
pub(super) struct ClassFiles {
    /// The names of the folders, in order.
    pub(super) classes: Vec<String>,
    /// For each image its file and its class.
    pub(super) images: Vec<(PathBuf, u32)>,
    /// The number of files in the class folders that are no images by their names.
    pub(super) others: usize,
    /// The names of folders without an image.
    pub(super) empty: Vec<String>,
}

const EXPECTED: &str = "give a folder with a folder for each class, each with PNG or JPEG files";

/// The most images: their numbers have 32 bits.
const MAX_IMAGES: usize = u32::MAX as usize;

/// Finds the images of a folder. Hidden files and folders are skipped.
///
/// # Errors
/// [`Error::Format`] if there are fewer than two classes with images. [`Error::File`] if a folder cannot be read.
pub(super) fn find(folder: &Path) -> Result<ClassFiles> {
    let mut found = ClassFiles { classes: Vec::new(), images: Vec::new(), others: 0, empty: Vec::new() };
    let mut nested = None;
    let (folders, top): (Vec<PathBuf>, Vec<PathBuf>) =
        entries(folder)?.into_iter().partition(|path| path.is_dir());
    for class in folders {
        let (images, others): (Vec<PathBuf>, Vec<PathBuf>) =
            entries(&class)?.into_iter().partition(|path| is_image(path));
        let name = class.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if images.is_empty() {
            nested = nested.or_else(|| others.into_iter().find(|path| path.is_dir()));
            found.empty.push(name);
            continue;
        }
        found.others += others.len();
        let label = found.classes.len() as u32;
        found.classes.push(name);
        found.images.extend(images.into_iter().map(|image| (image, label)));
    }
    if found.images.len() > MAX_IMAGES {
        return Err(Error::format(folder, "it has more than 4294967295 images", "give fewer images"));
    }
    if found.classes.len() < 2 {
        return Err(too_few_classes(folder, &found, &top, nested.as_deref()));
    }
    Ok(found)
}

/// The error for a folder without classes; it names what was found instead.
fn too_few_classes(folder: &Path, found: &ClassFiles, top: &[PathBuf], nested: Option<&Path>) -> Error {
    let problem = match (&found.classes[..], nested) {
        ([only], _) => format!("it has a single class, {only}"),
        (_, Some(nested)) => format!("the images are not one folder deep: there is {}", shown(nested)),
        _ if top.iter().any(|path| is_image(path)) => "its images are not in folders of classes".to_owned(),
        _ => "it has no folder with images".to_owned(),
    };
    let help = match nested.and_then(Path::parent).filter(|_| found.classes.is_empty()) {
        Some(parent) => format!("give the folder of the classes, such as {}", shown(parent)),
        None => EXPECTED.to_owned(),
    };
    Error::format(folder, problem, help)
}

/// The entries of a folder in the order of their names, without hidden ones.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::file("read", folder, error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether a name is that of an image.
fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| matches!(&*extension, "png" | "jpg" | "jpeg")) && !path.is_dir()
}
