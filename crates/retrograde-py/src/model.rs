//! Networks of the engine, trained on NumPy arrays.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use numpy::PyArrayDyn;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use retrograde::data::{DatasetDescription, Features, Samples, Targets};
use retrograde::graph::SourceLine;
use retrograde::nn::{Mode, Model, NetworkConfig, Precision, Recorded};
use retrograde::train::{Loss, RunDir, save_described};
use retrograde::{Error, Graph, Planner, Result, Tensor, Var, check};

use crate::bridge::Session;
use crate::dataset::{PyDataset, Rows, scale};
use crate::failure::{guarded, raised};
use crate::graph::{PyVar, array, line};
use crate::net::Net;
use crate::training::{Settings, Watch, history_to_python};
use crate::{Limits, report};

/// A network, and what is known of the data of its training.
#[derive(Debug, Clone)]
struct State {
    net: Net,
    data: Option<DatasetDescription>,
}

/// A network with its values.
#[pyclass(frozen, name = "Model", module = "retrograde._retrograde")]
pub struct PyModel(Mutex<State>);

impl PyModel {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn net(&self) -> Net {
        self.state().net.clone()
    }
}

impl From<Net> for PyModel {
    fn from(net: Net) -> Self {
        PyModel(Mutex::new(State { net, data: None }))
    }
}

/// The loss of a network on samples, with its parameters. Without a name it is the loss of the task.
fn recorded(net: &Net, data: &PyDataset, loss: Option<&str>, mode: Mode) -> Result<(Var, Vec<Var>)> {
    let (graph, samples) = (Graph::new(), data.0.train().in_memory()?);
    let numbers = |values: &[f64], shape: [usize; 2]| Tensor::new(shape, values.to_vec());
    let x = match samples.features() {
        Features::Tokens(windows) => {
            let tokens = &windows.sequence()[..samples.len() * samples.row_len()];
            graph.indices("x", [samples.len(), samples.row_len()], tokens.to_vec())
        }
        features => {
            graph.constant(numbers(&features.values(), [samples.len(), samples.row_len()])?).named("x")
        }
    };
    let targets = match samples.targets() {
        Targets::Reals(matrix) => graph.constant(numbers(matrix.values(), matrix.shape())?).named("t"),
        _ => graph.indices("t", [samples.len()], samples.labels().to_vec()),
    };
    let weights = samples.weights().map(|weights| graph.constant(Tensor::from(weights.to_vec())));
    let Recorded { output, parameters, .. } = net.record(&x, mode);
    let loss = loss_of(data, loss)?.record(&output, &targets, weights.as_ref()).named("loss").checked()?;
    Ok((loss, parameters))
}

fn loss_of(data: &PyDataset, loss: Option<&str>) -> Result<Loss> {
    loss.map_or_else(|| Ok(Loss::of_task(data.0.task())), str::parse)
}

fn tensor_of(net: &Net, name: &str) -> Result<Tensor> {
    let names = || net.parameters().iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>().join(", ");
    let unknown = || Error::invalid("a parameter", format!("there is no `{name}`"), names());
    net.parameters().get(name).cloned().ok_or_else(unknown)
}

fn precision(name: &str) -> Result<Precision> {
    name.parse()
}

/// The subject of a check: the network and the number of its rows.
fn subject(net: &Net, samples: &Samples) -> check::Message {
    check::Message::on_rows(&net.summary(), samples.len())
}

#[pymethods]
impl PyModel {
    /// The network that `config` describes: `{"sizes", "activation"}` or `{"input", "layers"}`.
    /// `lines` are the places of the layers: a file or a cell and a line each, `None` for that of the call.
    #[new]
    #[pyo3(signature = (config, init = "zero", seed = 0, lines = Vec::new()))]
    fn new(
        py: Python<'_>,
        config: &str,
        init: &str,
        seed: u64,
        lines: Vec<Option<(String, u32)>>,
    ) -> PyResult<Self> {
        let call = line(py)?;
        let lines = lines.into_iter().map(|one| match one {
            Some((file, line)) => SourceLine::other(file, line),
            None => call.clone(),
        });
        guarded(|| Net::new(config, init, seed, lines.collect())).map(PyModel::from)
    }

    /// Reads the description of a network from a TOML file.
    #[staticmethod]
    fn from_toml(py: Python<'_>, path: PathBuf, seed: u64) -> PyResult<Self> {
        let call = line(py)?;
        guarded(|| {
            let config = NetworkConfig::read(path)?;
            let lines = vec![call; config.layers.0.len()];
            Net::of_layers(config, seed, lines).map(PyModel::from)
        })
    }

    /// Reads a model and what is known of its data.
    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Self> {
        guarded(|| {
            let net = Net::of(&RunDir::model(&path)?)?;
            Ok(PyModel(Mutex::new(State { net, data: RunDir::description(&path)? })))
        })
    }

    /// Writes the model and what is known of its data.
    fn save(&self, path: PathBuf, precision_name: &str) -> PyResult<()> {
        let State { net, data } = self.state().clone();
        guarded(|| match &data {
            Some(data) => save_described(&net, data, &path, precision(precision_name)?),
            None => net.save(&path, precision(precision_name)?),
        })
    }

    /// Writes the values for PyTorch's `load_state_dict`.
    fn save_pytorch(&self, path: PathBuf, precision_name: &str) -> PyResult<()> {
        guarded(|| self.state().net.parameters().save_pytorch(path, precision(precision_name)?))
    }

    /// Reads the values of PyTorch's `state_dict`.
    fn load_pytorch(&self, path: PathBuf) -> PyResult<()> {
        guarded(|| self.state().net.parameters_mut().load_pytorch(path))
    }

    /// The architecture as JSON.
    #[getter]
    fn config(&self) -> PyResult<String> {
        let text = serde_json::to_string(&Model::config(&self.state().net));
        text.map_err(|error| raised(&Error::invalid("a network", error.to_string(), "give finite numbers")))
    }

    /// What is known of the data of its training, as JSON; `null` before.
    #[getter]
    fn data(&self) -> PyResult<String> {
        let text = serde_json::to_string(&self.state().data);
        text.map_err(|error| raised(&Error::invalid("data", error.to_string(), "give finite numbers")))
    }

    /// The mean and the deviation of the target of a table.
    #[getter]
    fn scale(&self) -> (f64, f64) {
        self.state().data.as_ref().map_or((0.0, 1.0), scale)
    }

    #[getter]
    fn input(&self) -> Vec<usize> {
        self.state().net.input()
    }

    #[getter]
    fn takes_indices(&self) -> bool {
        self.state().net.takes_indices()
    }

    /// The shape of the output for a row.
    #[getter]
    fn output(&self) -> PyResult<Vec<usize>> {
        let net = self.net();
        guarded(|| net.output())
    }

    #[getter]
    fn description(&self) -> String {
        self.state().net.summary()
    }

    #[getter]
    fn names(&self) -> Vec<String> {
        self.state().net.parameters().iter().map(|(name, _)| name.to_owned()).collect()
    }

    fn parameter<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        array(py, guarded(|| tensor_of(&self.state().net, name))?)
    }

    fn set_parameter(&self, name: &str, value: numpy::PyReadonlyArrayDyn<'_, f64>) -> PyResult<()> {
        let value = value.as_array();
        guarded(|| {
            let mut state = self.state();
            let before = tensor_of(&state.net, name)?;
            if before.shape()[..] != *value.shape() {
                let problem =
                    format!("`{name}` has the shape {}, the array {:?}", before.shape(), value.shape());
                return Err(Error::invalid("a parameter", problem, "give an array of its shape"));
            }
            let parameters = state.net.parameters_mut();
            if let Some((_, tensor)) = parameters.iter_mut().find(|(known, _)| *known == name) {
                tensor.values_mut().iter_mut().zip(&value).for_each(|(to, from)| *to = *from);
            }
            Ok(())
        })
    }

    /// The outputs for rows. The interpreter lock is released.
    fn outputs<'py>(&self, py: Python<'py>, rows: Rows<'py>) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let (net, count) = (self.net(), rows.len());
        let features = guarded(|| rows.features())?;
        array(py, py.detach(|| guarded(|| net.outputs(&features, count)))?)
    }

    /// The features of the rows of a table, for a network that was trained on one.
    fn rows_of_table<'py>(&self, py: Python<'py>, path: PathBuf) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        let data = self.state().data.clone();
        let matrix = guarded(|| {
            let preprocessor = data.and_then(|data| data.preprocessor).ok_or_else(|| {
                let help = "train it on rg.Dataset.from_csv(path, target=…), or pass an array";
                Error::invalid("model", "it was not trained on a table", help)
            })?;
            preprocessor.transform(&preprocessor.reader().read(path)?)
        })?;
        array(py, guarded(|| Tensor::new(matrix.shape(), matrix.values().to_vec()))?)
    }

    /// The loss of the training set of `data`, as in evaluation.
    fn loss(&self, data: &PyDataset, loss: Option<&str>) -> PyResult<f64> {
        let net = self.net();
        guarded(|| recorded(&net, data, loss, Mode::Evaluate)?.0.value()?.scalar())
    }

    /// The gradient by each parameter of the loss of the training set of `data`, as in training.
    fn gradient<'py>(
        &self,
        py: Python<'py>,
        data: &PyDataset,
        loss: Option<&str>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let net = self.net();
        let gradients = guarded(|| {
            let (loss, parameters) = recorded(&net, data, loss, Mode::Train)?;
            let gradients = loss.backward()?;
            let gradients: Vec<Var> =
                parameters.iter().map(|one| gradients.wrt(one)).collect::<Result<_>>()?;
            let mut plan = Planner::new(loss.graph()).fetch_all(&gradients).compile::<f64>()?;
            plan.run()?;
            gradients.iter().map(|one| plan.value(one)).collect::<Result<Vec<Tensor>>>()
        })?;
        let found = PyDict::new(py);
        let parameters = net.parameters();
        let names = parameters.iter().map(|(name, _)| name).filter(|name| !parameters.is_buffer(name));
        for (name, gradient) in names.zip(gradients) {
            found.set_item(name, array(py, gradient)?)?;
        }
        Ok(found)
    }

    /// The graph of the loss of the training set of `data`.
    fn graph(&self, data: &PyDataset, loss: Option<&str>) -> PyResult<PyVar> {
        guarded(|| recorded(&self.net(), data, loss, Mode::Train)).map(|(loss, _)| PyVar(loss))
    }

    /// Checks the gradient of the loss of the training set of `data`.
    fn check<'py>(
        &self,
        py: Python<'py>,
        data: &PyDataset,
        loss: Option<&str>,
        limits: Limits,
    ) -> PyResult<Bound<'py, PyDict>> {
        let net = self.net();
        report(py, &Rc::new(Session::default()), limits, || {
            let samples = data.0.train();
            let found = check::model_with_loss(&net, samples, &loss_of(data, loss)?)?.run()?;
            Ok(check::Report { subject: subject(&net, samples), ..found })
        })
    }

    /// Trains on a data set. `settings` are JSON. `see` is called after each epoch, and ends the training by returning
    /// `False`. The interpreter lock is released during the training.
    #[pyo3(signature = (data, settings, folder, resume, see))]
    fn fit<'py>(
        &self,
        py: Python<'py>,
        data: &PyDataset,
        settings: &str,
        folder: Option<PathBuf>,
        resume: bool,
        see: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let mut net = self.net();
        let (data, trainer) = guarded(|| {
            let settings = Settings::read(settings)?;
            let data = settings.data(&data.0)?;
            let trainer = settings.trainer(&data, folder, resume)?;
            Ok((data, trainer))
        })?;
        let mut watch = Watch::new(see);
        let (history, failure) = py.detach(|| {
            let history = guarded(|| trainer.fit_with(&mut net, &data, &mut |event| watch.see(event)));
            (history, watch.failure)
        });
        // Training before an interrupt is kept.
        if history.is_ok() {
            *self.state() = State { net, data: Some(data.description().clone()) };
        }
        let history = history?;
        let found = history_to_python(py, &history)?;
        let is_interrupt = |error: &PyErr| error.is_instance_of::<pyo3::exceptions::PyKeyboardInterrupt>(py);
        found.set_item("interrupted", failure.as_ref().is_some_and(is_interrupt))?;
        match failure {
            Some(error) if !is_interrupt(&error) => Err(error),
            _ => Ok(found),
        }
    }

    fn __repr__(&self) -> String {
        format!("<retrograde.Model {}>", self.state().net.summary())
    }

    fn __getnewargs__(&self) -> PyResult<(String,)> {
        Ok((self.config()?,))
    }

    fn __getstate__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let values = PyDict::new(py);
        for name in self.names() {
            values.set_item(&name, self.parameter(py, &name)?)?;
        }
        (values, self.data()?).into_pyobject(py)
    }

    fn __setstate__(&self, state: (Bound<'_, PyDict>, String)) -> PyResult<()> {
        let (values, data) = state;
        for (name, value) in values {
            self.set_parameter(&name.extract::<String>()?, value.extract()?)?;
        }
        let data = serde_json::from_str(&data);
        self.state().data = data.map_err(|error| {
            raised(&Error::invalid("a pickled network", error.to_string(), "pickle it again"))
        })?;
        Ok(())
    }
}
