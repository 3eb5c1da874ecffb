//! 5,000 handwritten digits of MNIST, embedded: 4,000 training and 1,000 test images, 28 × 28 pixels, with equally frequent
//! classes in the order 0 1 2 … 9 0 1 2 …
//!
//! Each constant is one file of the data set in IDX format (LeCun's page on MNIST), compressed with gzip. The digits have
//! the license CC BY-SA 3.0 (Yann LeCun and Corinna Cortes); see README.md for their origin. The licenses of Retrograde's
//! code do not apply to them.

/// 4,000 training images: 4000 × 28 × 28 bytes, 0 for background.
pub const TRAIN_IMAGES: &[u8] = include_bytes!("../mnist-5k/train-images-idx3-ubyte.gz");

/// The classes of [`TRAIN_IMAGES`]: 4000 bytes from 0 to 9.
pub const TRAIN_LABELS: &[u8] = include_bytes!("../mnist-5k/train-labels-idx1-ubyte.gz");

/// 1,000 test images: 1000 × 28 × 28 bytes, 0 for background.
pub const TEST_IMAGES: &[u8] = include_bytes!("../mnist-5k/t10k-images-idx3-ubyte.gz");

/// The classes of [`TEST_IMAGES`]: 1000 bytes from 0 to 9.
pub const TEST_LABELS: &[u8] = include_bytes!("../mnist-5k/t10k-labels-idx1-ubyte.gz");
