//! The digits that tests train on, as the textbook room takes them.

use std::io::Read;
use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis};
use retrograde::textbook::{Labels, Tensor};

/// Some digits: images of 784 numbers from 0 to 1, and the class of each.
pub struct Digits {
    pub images: Array2<f64>,
    pub classes: Vec<usize>,
}

impl Digits {
    /// The 4,000 embedded digits for training.
    pub fn embedded_train() -> Self {
        Self::read(&embedded(), "train", usize::MAX)
    }

    /// The 1,000 embedded digits for testing.
    pub fn embedded_test() -> Self {
        Self::read(&embedded(), "t10k", usize::MAX)
    }

    /// The first three training images of the full MNIST if it is there, which are a 5, a 0 and a 4; else of the
    /// embedded digits, a 0, a 1 and a 2.
    pub fn first_three() -> Self {
        Self::read(&full_mnist().unwrap_or_else(embedded), "train", 3)
    }

    /// The classes of the full MNIST's training images, if it is there.
    pub fn full_train_classes() -> Option<Vec<usize>> {
        full_mnist().map(|folder| classes(&folder, "train", usize::MAX))
    }

    fn read(folder: &Path, part: &str, most: usize) -> Self {
        let classes = classes(folder, part, most);
        let pixels = unpacked(
            &folder.join(format!("{part}-images-idx3-ubyte.gz")),
            16,
            classes.len().saturating_mul(784),
        );
        let pixels = pixels.into_iter().map(|pixel| f64::from(pixel) / 255.0).collect();
        Digits { images: Array2::from_shape_vec((classes.len(), 784), pixels).unwrap(), classes }
    }

    /// These rows of images with their labels.
    pub fn rows(&self, indices: &[usize]) -> (Tensor, Labels) {
        let images = self.images.select(Axis(0), indices).into_dyn();
        (images, indices.iter().map(|&index| self.classes[index]).collect::<Vec<_>>().into())
    }

    /// All images with their labels.
    pub fn all(&self) -> (Tensor, Labels) {
        (self.images.clone().into_dyn(), self.classes.clone().into())
    }
}

fn embedded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mnist-5k")
}

/// The folder of the full MNIST: what `RETROGRADE_MNIST` names, else `shared/data/mnist` beside the workspace.
fn full_mnist() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/mnist");
    let folder = std::env::var_os("RETROGRADE_MNIST").map_or_else(beside, PathBuf::from);
    if folder.join("train-images-idx3-ubyte.gz").is_file() {
        return Some(folder);
    }
    println!("the full MNIST is not at {}: skipped, or the embedded digits taken", folder.display());
    None
}

fn classes(folder: &Path, part: &str, most: usize) -> Vec<usize> {
    let bytes = unpacked(&folder.join(format!("{part}-labels-idx1-ubyte.gz")), 8, most);
    bytes.into_iter().map(usize::from).collect()
}

/// At most so many bytes of a gzipped file's content after its header.
fn unpacked(path: &Path, header: usize, most: usize) -> Vec<u8> {
    let file = std::fs::File::open(path).unwrap();
    let mut content = Vec::new();
    let most = most.saturating_add(header) as u64;
    flate2::read::GzDecoder::new(file).take(most).read_to_end(&mut content).unwrap();
    content.split_off(header)
}
