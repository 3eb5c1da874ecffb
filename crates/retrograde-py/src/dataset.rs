//! Data sets from NumPy arrays and from tables.

use std::path::PathBuf;

use numpy::{IntoPyArray, PyArrayDyn, PyReadonlyArray1, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use retrograde::data::{DataOptions, Dataset, Features, Matrix, Samples, Targets, Task, Windows};
use retrograde::{Error, Result, Tensor};

use crate::failure::{guarded, raised};
use crate::graph::array;

/// Rows of an array: bytes of images, numbers, or indices.
#[derive(FromPyObject)]
pub enum Rows<'py> {
    Bytes(PyReadonlyArray2<'py, u8>),
    Reals(PyReadonlyArray2<'py, f64>),
    Indices(PyReadonlyArray2<'py, u32>),
}

/// Targets: a class for each row, or rows of numbers.
#[derive(FromPyObject)]
pub enum Answers<'py> {
    Classes(PyReadonlyArray1<'py, u32>),
    Reals(PyReadonlyArray2<'py, f64>),
}

/// Rows, their targets, and maybe a weight of each.
type Arrays<'py> = (Rows<'py>, Answers<'py>, Option<PyReadonlyArray1<'py, f64>>);

impl Rows<'_> {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Rows::Bytes(rows) => rows.as_array().nrows(),
            Rows::Reals(rows) => rows.as_array().nrows(),
            Rows::Indices(rows) => rows.as_array().nrows(),
        }
    }

    /// A copy, which Python cannot change.
    pub fn features(&self) -> Result<Features> {
        match self {
            Rows::Bytes(rows) => {
                let rows = rows.as_array();
                let values: Vec<u8> = rows.iter().copied().collect();
                // The shape of an image of one line, as that of all data sets of bytes.
                Ok(Features::Bytes { values: values.into(), shape: vec![1, rows.ncols()] })
            }
            Rows::Reals(rows) => {
                let rows = rows.as_array();
                Ok(Matrix::new(rows.nrows(), rows.iter().copied().collect())?.into())
            }
            Rows::Indices(rows) => {
                let rows = rows.as_array();
                // Windows end before the last token of their sequence.
                let sequence: Vec<u32> = rows.iter().copied().chain([0]).collect();
                Ok(Windows::new(sequence, rows.ncols())?.into())
            }
        }
    }
}

fn samples((rows, answers, weights): &Arrays<'_>, outputs: usize) -> Result<Samples> {
    let targets = match answers {
        Answers::Classes(labels) => {
            Targets::classes(labels.as_array().iter().copied().collect::<Vec<u32>>(), outputs)?
        }
        Answers::Reals(numbers) => {
            let numbers = numbers.as_array();
            Targets::Reals(Matrix::new(numbers.nrows(), numbers.iter().copied().collect())?)
        }
    };
    let samples = Samples::new(rows.features()?, targets)?;
    match weights {
        Some(weights) => samples.weighted(weights.as_array().iter().copied().collect::<Vec<f64>>()),
        None => Ok(samples),
    }
}

/// The task of this name, as in files: `classification`, `multi_label`, `regression`.
fn task(name: &str) -> Result<Task> {
    serde_json::from_value(name.into()).map_err(|error| {
        Error::invalid("task", error.to_string(), "use classification, multi_label or regression")
    })
}

/// A training set and a test set.
#[pyclass(frozen, name = "Dataset", module = "retrograde._retrograde")]
pub struct PyDataset(pub Dataset);

impl PyDataset {
    fn set(&self, training: bool) -> &Samples {
        if training { self.0.train() } else { self.0.test() }
    }
}

#[pymethods]
impl PyDataset {
    /// A data set of arrays. Without validation data the test set is the training set.
    #[staticmethod]
    #[pyo3(signature = (train, validation, outputs, task_name, class_names))]
    fn of_arrays(
        train: Arrays<'_>,
        validation: Option<Arrays<'_>>,
        outputs: usize,
        task_name: &str,
        class_names: Vec<String>,
    ) -> PyResult<Self> {
        guarded(|| {
            let train = samples(&train, outputs)?;
            let test =
                validation.as_ref().map_or_else(|| Ok(train.clone()), |test| samples(test, outputs))?;
            let data = Dataset::new("arrays", train, test)?.with_task(task(task_name)?)?;
            Ok(PyDataset(if class_names.is_empty() { data } else { data.with_class_names(class_names)? }))
        })
    }

    /// Reads a table; `options` are the fields of the library's `DataOptions` as JSON.
    #[staticmethod]
    fn read(path: PathBuf, options: &str) -> PyResult<Self> {
        guarded(|| {
            let options: DataOptions = serde_json::from_str(options).map_err(|error| {
                Error::invalid("options of a table", error.to_string(), "see rg.Dataset.from_csv")
            })?;
            options.read(path).map(PyDataset)
        })
    }

    /// What is known of it beside its numbers, as JSON.
    #[getter]
    fn description(&self) -> PyResult<String> {
        serde_json::to_string(self.0.description())
            .map_err(|error| raised(&Error::invalid("data", error.to_string(), "give finite numbers")))
    }

    /// The mean and the deviation of the target of a table, which it is scaled by.
    #[getter]
    fn scale(&self) -> (f64, f64) {
        scale(self.0.description())
    }

    #[getter]
    fn outputs(&self) -> usize {
        self.0.train().outputs()
    }

    /// The features of the training set or of the test set, `[rows, width]`.
    fn features<'py>(&self, py: Python<'py>, training: bool) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let set = guarded(|| self.set(training).in_memory())?;
        array(py, guarded(|| Tensor::new([set.len(), set.row_len()], set.features().values().into_owned()))?)
    }

    /// The targets of the training set or of the test set: class numbers `[rows]`, or numbers `[rows, outputs]`.
    fn targets<'py>(&self, py: Python<'py>, training: bool) -> PyResult<Bound<'py, PyAny>> {
        let set = self.set(training);
        match set.targets() {
            Targets::Reals(matrix) => {
                let tensor = guarded(|| Tensor::new(matrix.shape(), matrix.values().to_vec()))?;
                Ok(array(py, tensor)?.into_any())
            }
            _ => Ok(set
                .labels()
                .iter()
                .map(|&label| i64::from(label))
                .collect::<Vec<_>>()
                .into_pyarray(py)
                .into_any()),
        }
    }
}

/// The scale of a table's target; of others mean 0 and deviation 1.
pub fn scale(description: &retrograde::data::DatasetDescription) -> (f64, f64) {
    let target = description.preprocessor.as_ref().map(|one| one.target().scale());
    target.map_or((0.0, 1.0), |scale| (scale.mean, scale.deviation))
}

/// The embedded digits: images and labels for training, images and labels for tests.
#[pyfunction]
pub fn digits(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    let data = Dataset::embedded().map_err(|error| raised(&error))?;
    let mut arrays = Vec::new();
    for samples in [data.train(), data.test()] {
        let [rows, columns] = samples.image_shape().unwrap_or_default();
        let images = samples.bytes().to_vec().into_pyarray(py).into_any();
        arrays.push(images.call_method1("reshape", (samples.len(), rows, columns))?);
        let labels: Vec<i64> = samples.labels().iter().map(|&label| i64::from(label)).collect();
        arrays.push(labels.into_pyarray(py).into_any());
    }
    PyTuple::new(py, arrays)
}
