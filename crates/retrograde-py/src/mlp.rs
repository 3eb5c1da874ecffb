//! Networks of the engine, trained on NumPy arrays.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use numpy::{IntoPyArray, PyArray1, PyArrayDyn, PyReadonlyArray2};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use retrograde::data::{Dataset, Samples};
use retrograde::nn::{Activation, Init, Mlp, Mode, Model, Precision, Recorded};
use retrograde::optim::OptimizerConfig;
use retrograde::train::{EpochStats, Event, History, Trainer};
use retrograde::{Error, Graph, Planner, Result, Tensor, Var};

use crate::failure::{guarded, raised};
use crate::graph::{PyVar, array};

/// The interval at which a training tests for an interrupt.
const LOOK: Duration = Duration::from_millis(50);

/// The number of rows classified together.
const ROWS: usize = 500;

/// A multi-layer perceptron.
#[pyclass(frozen, name = "Mlp", module = "retrograde._retrograde")]
pub struct PyMlp(Mutex<Mlp>);

impl PyMlp {
    fn net(&self) -> MutexGuard<'_, Mlp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rows of 64-bit floats.
type Rows<'py> = PyReadonlyArray2<'py, f64>;
/// Rows of bytes.
type Images<'py> = PyReadonlyArray2<'py, u8>;

fn samples(images: &Images<'_>, labels: Vec<u32>, classes: usize) -> Result<Samples> {
    let images = images.as_array();
    // The bytes are copied once, into memory that Python cannot change.
    let bytes: Vec<u8> = images.iter().copied().collect();
    Samples::from_images(bytes, [1, images.ncols()], labels, classes)
}

fn constant(graph: &Graph, rows: &Rows<'_>) -> Result<Var> {
    let rows = rows.as_array();
    Ok(graph.constant(Tensor::new(rows.shape(), rows.iter().copied().collect())?).named("x"))
}

/// The loss of a network on rows and labels, with its parameters.
fn loss(net: &Mlp, rows: &Rows<'_>, labels: Vec<u32>) -> Result<(Var, Vec<Var>)> {
    let graph = Graph::new();
    let x = constant(&graph, rows)?;
    let labels = graph.indices("t", [labels.len()], labels);
    let Recorded { output, parameters, .. } = net.record(&x, Mode::Train);
    let loss = output.softmax_with_loss(&labels).named("loss").checked()?;
    Ok((loss, parameters))
}

fn tensor_of(net: &Mlp, name: &str) -> Result<Tensor> {
    let names = || net.parameters().iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>().join(", ");
    let unknown = || Error::invalid("a parameter", format!("there is no `{name}`"), names());
    net.parameters().get(name).cloned().ok_or_else(unknown)
}

#[pymethods]
impl PyMlp {
    #[new]
    fn new(sizes: Vec<usize>, activation: &str, init: &str, seed: u64) -> PyResult<Self> {
        let build = || {
            let activation: Activation = activation.parse()?;
            let init: Init = init.parse()?;
            Mlp::new(sizes).activation(activation).init(init).seed(seed).build()
        };
        Ok(PyMlp(Mutex::new(guarded(build)?)))
    }

    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Self> {
        Ok(PyMlp(Mutex::new(guarded(|| Mlp::load(path))?)))
    }

    fn save(&self, path: PathBuf) -> PyResult<()> {
        guarded(|| self.net().save(&path, Precision::F32))
    }

    #[getter]
    fn sizes(&self) -> Vec<usize> {
        self.net().config().sizes.clone()
    }

    #[getter]
    fn activation(&self) -> &'static str {
        self.net().config().activation.name()
    }

    #[getter]
    fn names(&self) -> Vec<String> {
        self.net().parameters().iter().map(|(name, _)| name.to_owned()).collect()
    }

    fn parameter<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        array(py, guarded(|| tensor_of(&self.net(), name))?)
    }

    fn set_parameter(&self, name: &str, value: numpy::PyReadonlyArrayDyn<'_, f64>) -> PyResult<()> {
        let value = value.as_array();
        guarded(|| {
            let mut net = self.net();
            let before = tensor_of(&net, name)?;
            if before.shape()[..] != *value.shape() {
                let problem =
                    format!("`{name}` has the shape {}, the array {:?}", before.shape(), value.shape());
                return Err(Error::invalid("a parameter", problem, "give an array of its shape"));
            }
            if let Some((_, tensor)) = net.parameters_mut().iter_mut().find(|(known, _)| *known == name) {
                tensor.values_mut().iter_mut().zip(&value).for_each(|(to, from)| *to = *from);
            }
            Ok(())
        })
    }

    /// The logits, for rows of numbers.
    fn logits<'py>(&self, py: Python<'py>, rows: Rows<'py>) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let net = self.net().clone();
        let rows = rows.as_array();
        let all = guarded(|| {
            let outputs = net.config().sizes.last().copied().unwrap_or(0);
            let mut all = Vec::with_capacity(rows.nrows() * outputs);
            for part in rows.axis_chunks_iter(ndarray::Axis(0), ROWS) {
                let graph = Graph::new();
                let x = graph.constant(Tensor::new(part.shape(), part.iter().copied().collect())?);
                let logits = net.record(&x, Mode::Evaluate).output.checked()?;
                let mut plan = Planner::new(&graph).fetch(&logits).compile::<f64>()?;
                plan.run()?;
                all.extend_from_slice(plan.read(&logits)?);
            }
            Tensor::new([rows.nrows(), outputs], all)
        })?;
        array(py, all)
    }

    /// The loss of rows of numbers and labels, and its gradient by each parameter.
    fn gradient<'py>(
        &self,
        py: Python<'py>,
        rows: Rows<'py>,
        labels: Vec<u32>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let net = self.net().clone();
        let (value, gradients) = guarded(|| {
            let (loss, parameters) = loss(&net, &rows, labels)?;
            let gradients = loss.backward()?;
            let gradients: Vec<Var> =
                parameters.iter().map(|one| gradients.wrt(one)).collect::<Result<_>>()?;
            let mut plan = Planner::new(loss.graph()).fetch(&loss).fetch_all(&gradients).compile::<f64>()?;
            plan.run()?;
            let values: Vec<Tensor> = gradients.iter().map(|one| plan.value(one)).collect::<Result<_>>()?;
            Ok((plan.scalar(&loss)?, values))
        })?;
        let found = PyDict::new(py);
        for (name, gradient) in self.names().into_iter().zip(gradients) {
            found.set_item(name, array(py, gradient)?)?;
        }
        (value, found).into_pyobject(py)
    }

    /// The graph of the loss on rows of numbers and labels.
    fn graph(&self, rows: Rows<'_>, labels: Vec<u32>) -> PyResult<PyVar> {
        guarded(|| loss(&self.net(), &rows, labels)).map(|(loss, _)| PyVar(loss))
    }

    /// Trains on rows of bytes. `settings` is the optimizer as JSON; `length` is steps or epochs. `see` is called after
    /// each epoch, and ends the training by returning `False`. The interpreter lock is released during the training.
    #[expect(clippy::too_many_arguments, reason = "each is a keyword of `fit` in Python")]
    #[pyo3(signature = (images, labels, validation, settings, epochs, steps, batch, seed, threads, folder, resume, see))]
    fn fit<'py>(
        &self,
        py: Python<'py>,
        images: Images<'py>,
        labels: Vec<u32>,
        validation: Option<(Images<'py>, Vec<u32>)>,
        settings: &str,
        epochs: Option<u64>,
        steps: Option<u64>,
        batch: usize,
        seed: u64,
        threads: Option<usize>,
        folder: Option<PathBuf>,
        resume: bool,
        see: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let mut net = self.net().clone();
        let data = guarded(|| {
            let classes = net.config().sizes.last().copied().unwrap_or(0);
            let train = samples(&images, labels, classes)?;
            let test = match validation {
                Some((images, labels)) => samples(&images, labels, classes)?,
                None => train.clone(),
            };
            Dataset::new("arrays", train, test)
        })?;
        let trainer = guarded(|| {
            let settings: OptimizerConfig = serde_json::from_str(settings).map_err(|error| {
                Error::invalid("an optimizer", error.to_string(), "pass rg.Sgd(0.1) or the like")
            })?;
            let mut trainer = Trainer::new(settings.build()?).batch(batch).seed(seed);
            trainer = match (steps, epochs) {
                (Some(steps), _) => trainer.steps(steps),
                (None, epochs) => trainer.epochs(epochs.unwrap_or(1)),
            };
            if let Some(threads) = threads {
                trainer = trainer.threads(threads);
            }
            if let Some(folder) = folder {
                trainer = if resume { trainer.resume(folder) } else { trainer.run_dir(folder) };
            }
            Ok(trainer)
        })?;
        drop(images);
        let mut watch = Watch { see, looked: Instant::now(), failure: None };
        let (history, failure) = py.detach(|| {
            let history = guarded(|| trainer.fit_with(&mut net, &data, &mut |event| watch.see(event)));
            (history, watch.failure)
        });
        // Training before an interrupt is kept.
        if history.is_ok() {
            *self.net() = net;
        }
        let history = history?;
        let found = history_to_python(py, &history)?;
        found.set_item(
            "interrupted",
            failure
                .as_ref()
                .is_some_and(|error| error.is_instance_of::<pyo3::exceptions::PyKeyboardInterrupt>(py)),
        )?;
        match failure {
            Some(error) if !error.is_instance_of::<pyo3::exceptions::PyKeyboardInterrupt>(py) => Err(error),
            _ => Ok(found),
        }
    }

    fn __repr__(&self) -> String {
        format!("<retrograde.Mlp {}>", self.net().description())
    }

    fn __getnewargs__(&self) -> (Vec<usize>, &'static str, &'static str, u64) {
        (self.sizes(), self.activation(), "zero", 0)
    }

    fn __getstate__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let state = PyDict::new(py);
        for name in self.names() {
            state.set_item(&name, self.parameter(py, &name)?)?;
        }
        Ok(state)
    }

    fn __setstate__(&self, state: &Bound<'_, PyDict>) -> PyResult<()> {
        for (name, value) in state {
            self.set_parameter(&name.extract::<String>()?, value.extract()?)?;
        }
        Ok(())
    }
}

/// The observer of a training: signals, and the user's function.
struct Watch {
    see: Option<Py<PyAny>>,
    looked: Instant,
    failure: Option<PyErr>,
}

impl Watch {
    fn see(&mut self, event: Event<'_>) -> ControlFlow<()> {
        if self.failure.is_some() {
            return ControlFlow::Break(());
        }
        let due = self.looked.elapsed() >= LOOK;
        let epoch = match event {
            Event::Epoch(record) if self.see.is_some() => Some(record),
            _ => None,
        };
        if !due && epoch.is_none() {
            return ControlFlow::Continue(());
        }
        self.looked = Instant::now();
        let goes_on = Python::attach(|py| {
            py.check_signals()?;
            let (Some(record), Some(see)) = (epoch, &self.see) else { return Ok(true) };
            let answer = see.bind(py).call1((record_to_python(py, record)?,))?;
            Ok(answer.is_none() || answer.is_truthy()?)
        });
        match goes_on {
            Ok(true) => ControlFlow::Continue(()),
            Ok(false) => ControlFlow::Break(()),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

fn record_to_python<'py>(py: Python<'py>, record: &EpochStats) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    found.set_item("epoch", record.epoch)?;
    found.set_item("step", record.step)?;
    found.set_item("loss", record.loss)?;
    found.set_item("train_loss", record.train.loss)?;
    found.set_item("train_accuracy", record.train.accuracy)?;
    found.set_item("test_loss", record.test.loss)?;
    found.set_item("test_accuracy", record.test.accuracy)?;
    Ok(found)
}

fn history_to_python<'py>(py: Python<'py>, history: &History) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    found.set_item("losses", history.losses.clone().into_pyarray(py))?;
    let column = |of: &dyn Fn(&EpochStats) -> f64| PyArray1::from_iter(py, history.epochs.iter().map(of));
    found.set_item("epoch", column(&|one| one.epoch))?;
    found.set_item("step", PyArray1::from_iter(py, history.epochs.iter().map(|one| one.step)))?;
    found.set_item("loss", column(&|one| one.loss))?;
    found.set_item("train_loss", column(&|one| one.train.loss))?;
    found.set_item("train_accuracy", column(&|one| one.train.accuracy.unwrap_or(f64::NAN)))?;
    found.set_item("test_loss", column(&|one| one.test.loss))?;
    found.set_item("test_accuracy", column(&|one| one.test.accuracy.unwrap_or(f64::NAN)))?;
    found.set_item("seconds", history.train_seconds)?;
    found.set_item("microseconds_per_step", history.microseconds_per_step())?;
    found.set_item("threads", history.threads)?;
    found.set_item("stopped", history.stopped)?;
    Ok(found)
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
