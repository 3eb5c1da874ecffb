//! Data sets in folders: valid and invalid ones.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use retrograde::Error;
use retrograde::data::{Dataset, IdxArray, Samples};
use tempfile::TempDir;

const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

fn idx(sizes: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, sizes.len() as u8];
    for size in sizes {
        file.extend([0, 0, 0, *size]);
    }
    [&file, bytes].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Three training and two test images of 2 × 3 pixels.
fn contents() -> [Vec<u8>; 4] {
    [
        idx(&[3, 2, 3], &(0..18).collect::<Vec<u8>>()),
        idx(&[3], &[9, 0, 4]),
        idx(&[2, 2, 3], &(100..112).collect::<Vec<u8>>()),
        idx(&[2], &[1, 0]),
    ]
}

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

/// The valid folder with other content of one file.
fn folder_with(file: usize, content: &[u8]) -> TempDir {
    let contents = contents();
    let mut files: Vec<(&str, &[u8])> = NAMES.into_iter().zip(contents.iter().map(Vec::as_slice)).collect();
    files[file].1 = content;
    folder(&files)
}

fn problem(folder: &Path) -> String {
    let error = Dataset::from_folder(folder).unwrap_err();
    assert!(matches!(error, Error::Format { .. }), "{error:?}");
    error.to_string()
}

fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn all_variants_of_file_names_are_read() {
    let [a, b, c, d] = contents();
    let [packed_a, packed_c] = [gzip(&a), gzip(&c)];
    let train = Samples::from_images((0..18).collect::<Vec<u8>>(), [2, 3], vec![9, 0, 4], 10).unwrap();
    let test = Samples::from_images((100..112).collect::<Vec<u8>>(), [2, 3], vec![1, 0], 10).unwrap();
    let variants: [[(&str, &[u8]); 4]; 3] = [
        [(NAMES[0], &a), (NAMES[1], &b), (NAMES[2], &c), (NAMES[3], &d)],
        [
            ("train-images-idx3-ubyte.gz", &packed_a),
            ("train-labels.idx1-ubyte", &b),
            ("t10k-images.idx3-ubyte.gz", &packed_c),
            ("t10k-labels-idx1-ubyte", &d),
        ],
        // Gzip is detected from the content, not the name.
        [(NAMES[0], &packed_a), ("train-labels-idx1-ubyte.gz", &b), (NAMES[2], &packed_c), (NAMES[3], &d)],
    ];
    for files in variants {
        let folder = folder(&files);
        // A folder with the name of a file, as in some archives, is ignored.
        let _ = fs::create_dir(folder.path().join(NAMES[1]));
        let data = Dataset::from_folder(folder.path()).unwrap();
        assert_eq!((data.train(), data.test()), (&train, &test));
        assert_eq!(Some(data.name()), folder.path().file_name().unwrap().to_str());
    }
}

#[test]
fn embedded_digits_equal_the_files_in_their_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../retrograde-digits/mnist-5k");
    assert_eq!(Dataset::from_folder(folder).unwrap(), Dataset::embedded().unwrap());
}

#[test]
fn missing_files_are_listed_with_the_contents_of_the_folder() {
    let empty = folder(&[]);
    assert_contains(
        &problem(empty.path()),
        &["it contains nothing", NAMES[0], NAMES[1], NAMES[2], NAMES[3], ".gz"],
    );

    let [a, _, c, d] = contents();
    let some = folder(&[(NAMES[0], &a), (NAMES[2], &c), (NAMES[3], &d), ("notes.txt", b"")]);
    fs::create_dir(some.path().join(NAMES[1])).unwrap();
    let text = problem(some.path());
    assert_contains(
        &text,
        &["missing files: train-labels-idx1-ubyte;", "notes.txt", "train-labels-idx1-ubyte/"],
    );

    let many: Vec<String> = (10..40).map(|number| format!("picture-{number}.png")).collect();
    let many = folder(&many.iter().map(|name| (name.as_str(), &b""[..])).collect::<Vec<_>>());
    assert_contains(&problem(many.path()), &["picture-10.png, picture-11.png", "picture-21.png and 18 more"]);

    assert_contains(&problem(&empty.path().join("absent")), &["absent", "no such folder", "give a folder"]);
    assert_contains(&problem(&some.path().join("notes.txt")), &["it is not a folder", NAMES[0]]);
}

#[test]
fn errors_name_the_invalid_file() {
    let [images, labels, ..] = contents();
    let swapped = folder_with(0, &labels);
    assert_contains(
        &problem(swapped.path()),
        &[NAMES[0], "[3] is that of labels", "expected images (count × rows × columns)"],
    );
    let swapped = folder_with(3, &images);
    assert_contains(
        &problem(swapped.path()),
        &[NAMES[3], "[3, 2, 3] is that of images", "expected labels (count)"],
    );
    let counts = folder_with(1, &idx(&[4], &[0; 4]));
    assert_contains(&problem(counts.path()), &[NAMES[1], "4 labels", NAMES[0], "3 images"]);
    let range = folder_with(3, &idx(&[2], &[1, 10]));
    assert_contains(&problem(range.path()), &[NAMES[3], "label 10 of row 1", "10 classes", NAMES[2]]);
    let sizes = folder_with(2, &idx(&[2, 3, 2], &[0; 12]));
    assert_contains(&problem(sizes.path()), &[NAMES[2], "3 × 2 pixels", NAMES[0], "2 × 3"]);
    let cut = folder_with(0, &images[..images.len() - 1]);
    assert_contains(&problem(cut.path()), &[NAMES[0], "3 × 2 × 3 = 18 bytes", "ends after 17"]);
    let promise = folder_with(0, &[0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 0, 28, 0, 0, 0, 28]);
    assert_contains(&problem(promise.path()), &[NAMES[0], "4294967295 × 28 × 28", "contains at most 16"]);
    let packed = gzip(&images);
    let corrupt = folder_with(0, &packed[..packed.len() / 2]);
    assert_contains(&problem(corrupt.path()), &[NAMES[0], "corrupt or truncated"]);
    let nothing = folder_with(1, b"");
    assert_contains(&problem(nothing.path()), &[NAMES[1], "it is empty"]);
}

#[test]
fn the_number_of_classes_can_be_set() {
    let letters = folder_with(1, &idx(&[3], &[0, 25, 10]));
    assert_contains(&problem(letters.path()), &["label 25 of row 1", "10 classes"]);
    let letters = Dataset::from_folder_with_classes(letters.path(), 26).unwrap();
    assert_eq!((letters.train().outputs(), letters.train().labels()), (26, &[0, 25, 10][..]));
}

#[test]
fn single_files_are_read_as_labeled_images() {
    let folder = folder_with(0, &contents()[0]);
    let [images, labels] = [NAMES[0], NAMES[1]].map(|name| folder.path().join(name));
    assert_eq!(Samples::read_idx(&images, &labels, 10).unwrap().len(), 3);
    let error = Samples::read_idx(&labels, &images, 10).unwrap_err().to_string();
    assert_contains(&error, &[NAMES[1], "that of labels, expected images"]);
}

/// The full MNIST, if it is available.
#[test]
fn the_full_mnist_is_read() {
    let Some(folder) = crate::digits::full_mnist_folder() else { return };
    let mnist = Dataset::from_folder(&folder).unwrap();
    assert_eq!(
        (mnist.train().len(), mnist.test().len(), mnist.image_shape()),
        (60_000, 10_000, Some([28, 28]))
    );
    // The sums and counts were computed with Python.
    let sum = |set: &Samples| set.bytes().iter().map(|byte| u64::from(*byte)).sum::<u64>();
    assert_eq!((sum(mnist.train()), sum(mnist.test())), (1_567_298_545, 264_923_200));
    assert_eq!(mnist.train().labels()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(mnist.test().labels().iter().filter(|label| **label == 5).count(), 892);

    let name = format!("{}.gz", NAMES[2]);
    let packed = fs::read(folder.join(&name)).unwrap();
    let mut unpacked = Vec::new();
    GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(
        IdxArray::from_bytes(&name, &packed).unwrap(),
        IdxArray::from_bytes(&name, &unpacked).unwrap()
    );
}
