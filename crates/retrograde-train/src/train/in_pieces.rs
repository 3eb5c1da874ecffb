//! Tests: a training on rows that stay in a file has the bits of one on rows in memory.

use super::{Event, History, RunDir, Trainer};
use crate::data::{DataOptions, Dataset, Features, Samples, Sampling};
use crate::nn::{Init, Mlp, Model, Precision};
use crate::optim::Adam;
use flate2::{Compression, write::GzEncoder};
use retrograde_base::Result;
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The data at a path, in memory and in pieces.
fn both(path: &Path, options: &DataOptions) -> Result<[Dataset; 2]> {
    let scratch = path.parent().map(Path::to_owned);
    let read = |in_pieces| DataOptions { in_pieces, scratch: scratch.clone(), ..options.clone() }.read(path);
    let [memory, pieces] = [read(false)?, read(true)?];
    let is_stored = |data: &Dataset| data.sets().all(|set| matches!(set.features(), Features::Stored(_)));
    assert!(is_stored(&pieces) && !is_stored(&memory));
    Ok([memory, pieces])
}

fn trainer(precision: Precision) -> Trainer {
    Trainer::new(Adam::new(0.01))
        .batch(10)
        .accumulate(2)
        .sampling(Sampling::WithoutReplacement)
        .steps(23)
        .precision(precision)
        .collect_metrics(true)
}

/// The history that the numbers of a training depend on, and the network.
fn train(trainer: &Trainer, data: &Dataset) -> Result<(History, Mlp)> {
    let mut net = Mlp::new([data.train().row_len(), 30, data.train().outputs()]).init(Init::He).build()?;
    let history = trainer.fit(&mut net, data)?;
    Ok((history, net))
}

fn assert_same_training([memory, pieces]: [Dataset; 2]) -> Result<()> {
    for precision in [Precision::F32, Precision::F64] {
        let (expected, net) = train(&trainer(precision).threads(1), &memory)?;
        for threads in [1, 3] {
            let (found, same) = train(&trainer(precision).threads(threads), &pieces)?;
            assert_eq!((&found.losses, &found.epochs), (&expected.losses, &expected.epochs));
            assert_eq!((&found.metrics, same.parameters()), (&expected.metrics, net.parameters()));
        }
    }
    // A training in memory continues in pieces.
    let folder = tempfile::tempdir().expect("a folder");
    let stop = &mut |event: Event<'_>| match event {
        Event::Step { step: 9, .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let mut net =
        Mlp::new([memory.train().row_len(), 30, memory.train().outputs()]).init(Init::He).build()?;
    trainer(Precision::F32).run_dir(folder.path()).fit_with(&mut net, &memory, stop)?;
    let (resumed, found) = train(&trainer(Precision::F32).resume(folder.path()), &pieces)?;
    let (whole, expected) = train(&trainer(Precision::F32), &memory)?;
    assert_eq!((&resumed.losses, found.parameters()), (&whole.losses, expected.parameters()));
    assert_eq!(RunDir::read_checkpoint(folder.path())?.step(), 23);
    Ok(())
}

fn idx(shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    let sizes = shape.iter().flat_map(|size| (*size as u32).to_be_bytes());
    [0, 0, 8, shape.len() as u8].into_iter().chain(sizes).chain(bytes.iter().copied()).collect()
}

/// Writes some digits as the four files of MNIST, gzipped or not.
fn write_digits(folder: &Path, is_zipped: bool) -> Result<()> {
    let digits = Dataset::embedded()?;
    let few = |samples: &Samples, count| samples.select(&(0..count).collect::<Vec<u32>>());
    for (name, samples) in [("train", few(digits.train(), 70)?), ("t10k", few(digits.test(), 40)?)] {
        let labels: Vec<u8> = samples.labels().iter().map(|label| *label as u8).collect();
        let files = [
            ("images-idx3", idx(&[samples.len(), 28, 28], samples.bytes())),
            ("labels-idx1", idx(&[samples.len()], &labels)),
        ];
        for (kind, content) in files {
            let path = folder.join(format!("{name}-{kind}-ubyte"));
            if is_zipped {
                let file = File::create(path.with_extension("gz")).expect("a file");
                GzEncoder::new(file, Compression::fast()).write_all(&content).expect("written");
            } else {
                std::fs::write(path, content).expect("written");
            }
        }
    }
    Ok(())
}

#[test]
fn images_of_idx_files_train_in_pieces() -> Result<()> {
    for is_zipped in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        write_digits(folder.path(), is_zipped)?;
        let files = || std::fs::read_dir(folder.path()).expect("a folder").count();
        let [memory, pieces] = both(folder.path(), &DataOptions { scratch: None, ..DataOptions::default() })?;
        assert_eq!(pieces.image_shape(), Some([28, 28]));
        assert_same_training([memory, pieces])?;
        assert_eq!(files(), 4, "no scratch file is left");
    }
    Ok(())
}

/// Writes an NPZ file of these arrays: name, type, shape and bytes.
fn write_npz(path: &Path, method: CompressionMethod, arrays: &[(&str, &str, &str, Vec<u8>)]) {
    let mut archive = ZipWriter::new(File::create(path).expect("a file"));
    for (name, kind, shape, bytes) in arrays {
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let options = SimpleFileOptions::default().compression_method(method);
        archive.start_file(format!("{name}.npy"), options).expect("an entry");
        archive.write_all(b"\x93NUMPY\x01\x00").expect("written");
        archive.write_all(&(header.len() as u16).to_le_bytes()).expect("written");
        archive.write_all(header.as_bytes()).expect("written");
        archive.write_all(bytes).expect("written");
    }
    archive.finish().expect("written");
}

/// Numbers without a pattern, in (-1, 1).
fn noise(i: usize) -> f64 {
    (12.9898 * (i + 1) as f64).sin() * 43758.5453 % 1.0
}

#[test]
fn arrays_train_in_pieces() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data.npz");
    let floats = |count: usize| (0..count).flat_map(|i| (noise(i) as f32).to_le_bytes()).collect::<Vec<u8>>();
    let doubles = |count: usize| (0..count).flat_map(|i| noise(i).to_le_bytes()).collect::<Vec<u8>>();
    let labels: Vec<u8> = (0..90_u32).map(|row| (row * row % 4) as u8).collect();
    let weights: Vec<u8> = (0..90).flat_map(|row| (1.0 + noise(row)).to_le_bytes()).collect();
    let stored = CompressionMethod::Stored;
    let options = DataOptions::default();
    write_npz(
        &path,
        stored,
        &[
            ("x", "<f4", "(90, 3, 2)", floats(540)),
            ("y", "|u1", "(90,)", labels.clone()),
            ("weights", "<f8", "(90,)", weights),
        ],
    );
    assert_same_training(both(&path, &options)?)?;
    write_npz(&path, stored, &[("x", "<f8", "(90, 5)", doubles(450)), ("y", "<f8", "(90, 2)", doubles(180))]);
    assert_same_training(both(&path, &options)?)?;
    // A validation set is a part of the file, too.
    let part = |data: Dataset| data.with_validation_fraction(0.25, 1);
    let [memory, pieces] = both(&path, &options)?;
    assert_same_training([part(memory)?, part(pieces)?])?;
    let images: Vec<u8> = (0..90 * 12).map(|i| (i * 7 % 256) as u8).collect();
    let separate = [
        ("x_train", "|u1", "(60, 3, 4)", images[..720].to_vec()),
        ("y_train", "|u1", "(60,)", labels[..60].to_vec()),
        ("x_test", "|u1", "(30, 3, 4)", images[720..].to_vec()),
        ("y_test", "|u1", "(30,)", labels[60..].to_vec()),
    ];
    write_npz(&path, stored, &separate);
    assert_same_training(both(&path, &options)?)
}

#[test]
fn arrays_that_cannot_be_read_by_position_are_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data.npz");
    let options = DataOptions { in_pieces: true, ..DataOptions::default() };
    let labels = || ("y", "|u1", "(4,)", vec![0, 1, 0, 1]);
    for (method, kind, shape, bytes, words) in [
        (CompressionMethod::Deflated, "<f4", "(4, 2)", vec![0; 32], "it is compressed"),
        (CompressionMethod::Stored, ">f4", "(4, 2)", vec![0; 32], "type >f4"),
        (CompressionMethod::Stored, "<i8", "(4, 2)", vec![0; 64], "type <i8"),
        (CompressionMethod::Stored, "<f4", "(4, 3)", vec![0; 32], "does not fit"),
        (CompressionMethod::Stored, "<f4", "(18446744073709551615, 3)", vec![0; 32], "does not fit"),
        (CompressionMethod::Stored, "<f4", "()", vec![0; 4], "a single number"),
        (CompressionMethod::Stored, "<f4", "(3, 2)", vec![0; 24], "4 targets for 3 rows"),
    ] {
        write_npz(&path, method, &[("x", kind, shape, bytes), labels()]);
        let error = options.read(&path).expect_err("no rows").to_string();
        assert!(error.contains(words), "{error}");
    }
    // A number that is not finite is found before the training.
    let bytes = [1.0, 2.0, f64::NAN, 4.0].iter().flat_map(|number| number.to_le_bytes()).collect();
    write_npz(&path, CompressionMethod::Stored, &[("x", "<f8", "(4, 1)", bytes), labels()]);
    let data = options.read(&path).expect("rows");
    let mut net = Mlp::new([1, 2]).build().expect("a network");
    let error = trainer(Precision::F64).batch(1).fit(&mut net, &data).expect_err("NaN").to_string();
    assert!(error.contains("NaN in row 3, column 1 is not finite"), "{error}");
}

#[test]
fn tables_train_in_pieces() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("homes.csv");
    let row = |row: usize| {
        format!("{},{},{}\n", noise(row), ["flat", "house", ""][row * 5 % 3], 1000.0 * noise(3 * row))
    };
    let text: String = ["size,kind,price\n".to_owned()].into_iter().chain((0..150).map(row)).collect();
    std::fs::write(&path, text).expect("written");
    let options = |target: &str| DataOptions { target: Some(target.into()), ..DataOptions::default() };
    assert_same_training(both(&path, &options("price"))?)?;
    assert_same_training(both(&path, &options("kind"))?)
}

#[cfg(feature = "images")]
#[test]
fn folders_of_images_train_in_pieces() -> Result<()> {
    for is_gray in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let images = folder.path().join("animals");
        for (class, first) in [("cat", 0), ("dog", 100)] {
            std::fs::create_dir_all(images.join(class)).expect("a folder");
            for number in 0..20 {
                // Images of two sizes.
                let (width, height) = if number % 5 == 0 { (6, 4) } else { (5, 5) };
                let pixel = |x: u32, y: u32| {
                    let level = ((first + number * 11 + x * 17 + y * 29) % 256) as u8;
                    image::Rgb(if is_gray { [level; 3] } else { [level, 255 - level, level / 2] })
                };
                let path = images.join(class).join(format!("{number}.png"));
                image::RgbImage::from_fn(width, height, pixel).save(path).expect("written");
            }
        }
        let [memory, pieces] = both(&images, &DataOptions::default())?;
        assert_eq!(memory.train().in_memory()?, pieces.train().in_memory()?);
        assert_eq!(memory.description().class_names, pieces.description().class_names);
        assert_same_training([memory, pieces])?;
    }
    Ok(())
}
