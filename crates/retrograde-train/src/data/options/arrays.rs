//! Data sets of NumPy's arrays.

use super::DataOptions;
use crate::data::npy::NpzFile;
use crate::data::{Dataset, Features, Matrix, NpyArray, NpyValues, Samples, StoredRows, Targets, Task};
use retrograde_base::{Error, Result};
use std::collections::HashMap;
use std::path::Path;

/// The arrays that are features.
const FEATURES: [&str; 3] = ["x", "x_train", "x_test"];

/// Reads the arrays of an NPZ file. They are used as they are: nothing is standardized.
pub(super) fn read(options: &DataOptions, name: &str, path: &Path) -> Result<Dataset> {
    let in_pieces =
        options.is_in_pieces(std::fs::metadata(path).map_or(0, |file| file.len()), NpyArray::MAX_BYTES);
    let stored = if in_pieces { Some(read_stored(path)) } else { None };
    let (arrays, stored) = match stored {
        Some(Ok(found)) => found,
        Some(Err(error)) if options.in_pieces => return Err(error),
        // What cannot be read by position is tried in memory.
        _ => (NpyArray::read_npz(path)?.into_iter().collect(), HashMap::new()),
    };
    let in_pieces = !stored.is_empty();
    let mut names: Vec<String> = arrays.keys().chain(stored.keys()).cloned().collect();
    names.sort();
    let take = |wanted: &str| {
        arrays.get(wanted).ok_or_else(|| {
            let help = "give the arrays x and y, or x_train, y_train, x_test and y_test: np.savez(\"data.npz\", x=x, y=y)";
            let problem = format!("it has no array {wanted}; it has {}", names.join(", "));
            Error::format(path, problem, help)
        })
    };
    let invalid = |array: &str, error: &Error| {
        Error::format(path, format!("{array}: {}", error.message()), error.help())
    };
    let set = |x: &str, y: &str, weights: &str, classes: Option<usize>| {
        let features = match stored.get(x) {
            Some(rows) => Features::Stored(rows.clone()),
            None => features(take(x)?).map_err(|error| invalid(x, &error))?,
        };
        let targets = targets(take(y)?, options.task, classes).map_err(|error| invalid(y, &error))?;
        let samples = Samples::new(features, targets).map_err(|error| invalid(x, &error))?;
        match arrays.get(weights) {
            None => Ok(samples),
            Some(array) => array
                .to_f64()
                .and_then(|numbers| samples.weighted(numbers))
                .map_err(|error| invalid(weights, &error)),
        }
    };
    let (train, test) = if names.iter().any(|name| name == "x_test") {
        let classes = ["y_train", "y_test"].map(|y| take(y).ok().and_then(count_classes));
        let classes = classes[0].max(classes[1]);
        (
            set("x_train", "y_train", "weights_train", classes)?,
            set("x_test", "y_test", "weights_test", classes)?,
        )
    } else {
        let all = set("x", "y", "weights", None)?;
        let [train, test] = options.split(all.len(), all.labels())?;
        (all.select(&train)?, all.select(&test)?)
    };
    let data = Dataset::new(name, train, test)?;
    let data = if in_pieces { data.with_note(super::pieces::NOTE) } else { data };
    match options.task {
        Some(task) => data.with_task(task),
        // Truth values are labels; one for each row is a label alone.
        None if take("y").or_else(|_| take("y_train")).is_ok_and(are_labels) => {
            data.with_task(Task::MultiLabel)
        }
        None => Ok(data),
    }
}

/// The arrays of an NPZ file, and the rows of features, which stay in it.
fn read_stored(path: &Path) -> Result<(HashMap<String, NpyArray>, HashMap<String, StoredRows>)> {
    let (mut arrays, mut stored) = (HashMap::new(), HashMap::new());
    let mut file = NpzFile::open(path)?;
    for name in file.names() {
        if let Some(rows) = FEATURES.contains(&&*name).then(|| file.rows(&name)).transpose()?.flatten() {
            stored.insert(name, rows);
        } else if let Some(array) = file.array(&name)? {
            arrays.insert(name, array);
        }
    }
    Ok((arrays, stored))
}

fn are_labels(array: &NpyArray) -> bool {
    matches!(array.values(), NpyValues::Bool(_)) && array.shape().len() == 2
}

/// The rows and the numbers of each.
fn sides(array: &NpyArray) -> Result<(usize, Vec<usize>)> {
    match array.shape() {
        [] => {
            Err(Error::invalid("array", "it is a single number", "give an array with a row for each sample"))
        }
        [rows, row @ ..] => Ok((*rows, row.to_vec())),
    }
}

fn features(array: &NpyArray) -> Result<Features> {
    let (rows, row) = sides(array)?;
    match array.values() {
        // The value of a byte is that of a pixel.
        NpyValues::U8(bytes) if !row.is_empty() => {
            Ok(Features::Bytes { values: bytes.clone().into(), shape: row })
        }
        _ => Matrix::new(rows, array.to_f64()?).map(Features::Reals),
    }
}

/// The number of classes of an array of labels.
fn count_classes(array: &NpyArray) -> Option<usize> {
    let labels = array.to_labels().ok()?;
    labels.iter().max().map(|largest| *largest as usize + 1)
}

fn targets(array: &NpyArray, task: Option<Task>, classes: Option<usize>) -> Result<Targets> {
    let (rows, row) = sides(array)?;
    let are_classes = row.is_empty() && !matches!(array.values(), NpyValues::F32(_) | NpyValues::F64(_));
    if are_classes && task != Some(Task::Regression) {
        let classes = classes.or_else(|| count_classes(array)).unwrap_or(0);
        return Targets::classes(array.to_labels()?, classes);
    }
    Matrix::new(rows, array.to_f64()?).map(Targets::Reals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// An NPZ file of these arrays: name, type, shape and bytes.
    fn npz(arrays: &[(&str, &str, &str, &[u8])]) -> tempfile::TempPath {
        let mut file = tempfile::Builder::new().suffix(".npz").tempfile().unwrap();
        let mut archive = zip::ZipWriter::new(&mut file);
        for (name, kind, shape, bytes) in arrays {
            let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
            archive.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
            let length = (header.len() as u16).to_le_bytes();
            archive
                .write_all(&[b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), bytes].concat())
                .unwrap();
        }
        archive.finish().unwrap();
        file.into_temp_path()
    }

    fn reals(numbers: &[f64]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    #[test]
    fn arrays_become_samples_of_their_task() {
        let x = reals(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        let read = |y: (&str, &str, &[u8]), options: &DataOptions| {
            let file = npz(&[("x", "<f8", "(4, 2)", &x), ("y", y.0, y.1, y.2)]);
            options.read(&file)
        };
        let options = DataOptions { test_fraction: 0.5, ..DataOptions::default() };
        let classes = read(("|u1", "(4,)", &[2, 0, 2, 0]), &options).unwrap();
        assert_eq!(
            (classes.task(), classes.train().outputs(), classes.train().len()),
            (Task::Classification, 3, 2)
        );
        let numbers = read(("<f8", "(4,)", &reals(&[0.5, 1.5, 2.5, 3.5])), &options).unwrap();
        assert_eq!((numbers.task(), numbers.test().outputs()), (Task::Regression, 1));
        let labels = read(("|b1", "(4, 3)", &[1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0]), &options).unwrap();
        assert_eq!((labels.task(), labels.test().outputs()), (Task::MultiLabel, 3));
        let counts = DataOptions { task: Some(Task::Regression), ..options.clone() };
        assert_eq!(read(("|u1", "(4,)", &[7, 0, 2, 1]), &counts).unwrap().task(), Task::Regression);
        let error = read(("|u1", "(3,)", &[1, 0, 1]), &options).unwrap_err().to_string();
        assert!(error.contains("3 targets for 4 rows"), "{error}");
        let error =
            read(("<f8", "(4,)", &reals(&[0.5, f64::NAN, 2.5, 3.5])), &options).unwrap_err().to_string();
        assert!(error.contains("y: element [1] is NaN"), "{error}");
        let error = options.read(npz(&[("a", "|u1", "(1,)", &[1])])).unwrap_err().to_string();
        assert!(error.contains("no array x; it has a") && error.contains("np.savez"), "{error}");
    }

    #[test]
    fn a_split_of_the_file_and_bytes_are_kept() {
        let file = npz(&[
            ("x_train", "|u1", "(2, 1, 2)", &[0, 255, 255, 0]),
            ("y_train", "<i4", "(2,)", &[0, 0, 0, 0, 1, 0, 0, 0]),
            ("x_test", "|u1", "(1, 1, 2)", &[9, 10]),
            ("y_test", "<i4", "(1,)", &[2, 0, 0, 0]),
            ("weights_train", "<f8", "(2,)", &reals(&[1.0, 0.25])),
        ]);
        let data = DataOptions::default().read(&file).unwrap();
        // A class that the test set alone has counts.
        assert_eq!((data.train().outputs(), data.image_shape()), (3, Some([1, 2])));
        assert_eq!((data.test().bytes(), data.train().weights()), (&[9, 10][..], Some(&[1.0, 0.25][..])));
    }
}
