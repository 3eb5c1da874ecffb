//! The digits that the tests share: the full MNIST where it is at hand, and samples as the textbook room takes them.

use std::path::{Path, PathBuf};

use ndarray::Array2;
use retrograde::Result;
use retrograde::data::{Dataset, Samples};
use retrograde::textbook::{Labels, Tensor};

/// The full MNIST, where it is at hand: in the folder that `RETROGRADE_MNIST` names, else in `shared/data/mnist` beside
/// the workspace. A line says so when it is not.
pub fn full_mnist_folder() -> Option<PathBuf> {
    let near = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/mnist");
    let folder = std::env::var_os("RETROGRADE_MNIST").map_or_else(near, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no MNIST in {} (set RETROGRADE_MNIST)", folder.display());
    None
}

/// The first three training images of the full MNIST where it is at hand, which are a 5, a 0 and a 4; else those of the
/// embedded digits, a 0, a 1 and a 2.
pub fn first_three() -> Result<(Tensor, Labels)> {
    let dataset = full_mnist_folder().map_or_else(Dataset::embedded, Dataset::from_folder)?;
    Ok(for_textbook(&dataset.train().select(&[0, 1, 2])?))
}

/// Images `[N, 784]` from 0 to 1, and their classes.
pub fn for_textbook(samples: &Samples) -> (Tensor, Labels) {
    let images = Array2::from_shape_vec((samples.len(), samples.row_len()), samples.normalised());
    let classes = samples.labels().iter().map(|&label| label as usize).collect::<Vec<_>>();
    (images.unwrap().into_dyn(), classes.into())
}
