//! The extension module of the Python package: the gradient check, called with readings of Python code.
//!
//! The Python side determines what a piece of code is (`retrograde.reading`); the library checks it. Each function here
//! takes readings and returns a report in four formats.

mod bridge;
mod dataset;
mod diagnose;
mod failure;
mod graph;
mod model;
mod net;
mod training;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use bridge::{PyLayer, PyLoss, Session, SharedArrays, array, tensor};
use failure::{EngineError, InternalError, ShapeError, panicked, raised};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use retrograde::check::{self, Control, Language, Report};
use retrograde::textbook::{Network, Penalty, Tensor};

/// The time limit of a check in seconds, and its progress callback: a function of the finished fraction and of the layer's
/// name. An exception in it ends the check.
type Limits = (Option<f64>, Option<Py<PyAny>>);

/// Runs a check and converts its result for Python: the report, the user's own exception, or an error.
fn report<'py>(
    py: Python<'py>,
    session: &Rc<Session>,
    limits: Limits,
    run: impl FnOnce() -> retrograde::Result<Report>,
) -> PyResult<Bound<'py, PyDict>> {
    let (budget, progress) = limits;
    let mut control = Control::new();
    if let Some(seconds) = budget.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        control = control.budget(seconds);
    }
    if let Some(see) = progress {
        let session = Rc::clone(session);
        control = control.on_progress(move |now| {
            let seen = session.call("progress", |py| see.call1(py, (now.fraction, &now.subject)));
            if seen.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    let result = catch_unwind(AssertUnwindSafe(|| control.run(run)));
    let failed = !matches!(result, Ok(Ok(_)));
    if let Some(exception) = session.exception(failed) {
        return Err(exception);
    }
    let report = match result {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => return Err(raised(&error)),
        Err(panic) => return Err(panicked(panic.as_ref())),
    };
    let forms = in_language(py, &report, Language::English)?;
    forms.set_item("html", report.html())?;
    forms.set_item(Language::Korean.code(), in_language(py, &report, Language::Korean)?)?;
    Ok(forms)
}

/// The formats of a report in one language.
fn in_language<'py>(py: Python<'py>, report: &Report, language: Language) -> PyResult<Bound<'py, PyDict>> {
    let forms = PyDict::new(py);
    let json = report.json(language).map_err(|error| InternalError::new_err(error.to_string()))?;
    forms.set_item("json", json.to_string())?;
    forms.set_item("text", report.text(language))?;
    forms.set_item("markdown", report.markdown(language))?;
    Ok(forms)
}

/// Checks one layer.
#[pyfunction]
fn check_layer<'py>(
    py: Python<'py>,
    reading: Bound<'py, PyAny>,
    x: Bound<'py, PyAny>,
    limits: Limits,
) -> PyResult<Bound<'py, PyDict>> {
    let session = Rc::new(Session::default());
    let mut layer = PyLayer::new(&session, &reading, &Vec::new())?;
    let (x, input): (_, String) = (tensor(&x)?, reading.getattr("input")?.extract()?);
    report(py, &session, limits, || check::layer_named(&mut layer, &x, &input))
}

/// Checks one loss.
#[pyfunction]
fn check_loss<'py>(
    py: Python<'py>,
    reading: Bound<'py, PyAny>,
    x: Bound<'py, PyAny>,
    labels: Bound<'py, PyAny>,
    limits: Limits,
) -> PyResult<Bound<'py, PyDict>> {
    let session = Rc::new(Session::default());
    let mut loss = PyLoss::new(&session, &reading)?;
    let (x, labels) = (tensor(&x)?, bridge::labels(&labels)?);
    report(py, &session, limits, || check::loss(&mut loss, &x, &labels))
}

/// Weight decay by the full names of parameters, as in the loss and in the gradients of the code: two λ, which should be
/// equal.
struct Decay(HashMap<String, (f64, f64)>);

impl Penalty for Decay {
    fn loss(&self, name: &str, value: &Tensor) -> f64 {
        let (lambda, _) = self.0.get(name).copied().unwrap_or_default();
        0.5 * lambda * value.iter().map(|value| value * value).sum::<f64>()
    }

    fn gradient(&self, name: &str, value: &Tensor) -> Tensor {
        value * self.0.get(name).copied().unwrap_or_default().1
    }
}

/// Checks a sequence of named layers with a loss at the end. `names` has the user's own names of parameters; `decay` has
/// the weight decay of each in the loss and in the gradient.
#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "each is an argument of the Python call")]
fn check_network<'py>(
    py: Python<'py>,
    layers: Vec<(String, Bound<'py, PyAny>)>,
    loss: Bound<'py, PyAny>,
    x: Bound<'py, PyAny>,
    labels: Bound<'py, PyAny>,
    names: HashMap<String, String>,
    decay: HashMap<String, (f64, f64)>,
    limits: Limits,
) -> PyResult<Bound<'py, PyDict>> {
    let session = Rc::new(Session::default());
    let shared = shared_arrays(layers.iter().map(|(_, reading)| reading))?;
    let mut network = Network::new(PyLoss::new(&session, &loss)?);
    for (name, reading) in &layers {
        network = network.then_named(name, PyLayer::new(&session, reading, &shared)?);
    }
    if !decay.is_empty() {
        network = network.penalized(Decay(decay));
    }
    let (x, labels) = (tensor(&x)?, bridge::labels(&labels)?);
    let name = |full: &str| names.get(full).cloned().unwrap_or_else(|| full.to_owned());
    report(py, &session, limits, || check::network_named(&mut network, &x, &labels, &name))
}

/// The arrays that several of these readings hold.
fn shared_arrays<'a, 'py: 'a>(
    readings: impl Iterator<Item = &'a Bound<'py, PyAny>>,
) -> PyResult<SharedArrays> {
    let mut seen: Vec<(usize, Bound<'py, PyAny>, usize)> = Vec::new();
    for reading in readings {
        for item in reading.getattr("parameters")?.try_iter()? {
            let (_, array): (String, Bound<'py, PyAny>) = item?.extract()?;
            let address = array.as_ptr() as usize;
            match seen.iter_mut().find(|(other, ..)| *other == address) {
                Some((.., uses)) => *uses += 1,
                None => seen.push((address, array, 1)),
            }
        }
    }
    let several = seen.into_iter().filter(|(.., uses)| *uses > 1);
    several.map(|(address, array, _)| Ok((address, Rc::new(tensor(&array)?.into())))).collect()
}

/// Checks a loss that is a function of all its arguments.
#[pyfunction]
fn check_function<'py>(
    py: Python<'py>,
    name: String,
    arguments: Vec<(String, Bound<'py, PyAny>)>,
    data: Vec<Bound<'py, PyAny>>,
    loss: Bound<'py, PyAny>,
    gradients: Bound<'py, PyAny>,
    limits: Limits,
) -> PyResult<Bound<'py, PyDict>> {
    let session = Rc::new(Session::default());
    let arguments = values(&arguments)?;
    let named: Vec<(&str, Tensor)> =
        arguments.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let data = data.iter().map(tensor).collect::<PyResult<Vec<Tensor>>>()?;
    let loss =
        |values: &[Tensor]| session.call("loss", |py| loss.call1((list(py, values)?,))?.extract::<f64>());
    let gradients = |values: &[Tensor]| {
        session.call("gradients", |py| {
            gradients.call1((list(py, values)?,))?.try_iter()?.map(|one| tensor(&one?)).collect()
        })
    };
    report(py, &session, limits, || check::function_named(&name, &named, &data, loss, gradients))
}

/// Checks the vector-Jacobian product of a function with several arguments and outputs.
#[pyfunction]
fn check_vjp<'py>(
    py: Python<'py>,
    name: String,
    arguments: Vec<(String, Bound<'py, PyAny>)>,
    forward: Bound<'py, PyAny>,
    backward: Bound<'py, PyAny>,
    limits: Limits,
) -> PyResult<Bound<'py, PyDict>> {
    let session = Rc::new(Session::default());
    let arguments = values(&arguments)?;
    let named: Vec<(&str, Tensor)> =
        arguments.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let forward = |values: &[Tensor]| {
        session.call("forward", |py| {
            forward.call1((list(py, values)?,))?.try_iter()?.map(|one| tensor(&one?)).collect()
        })
    };
    let backward = |values: &[Tensor], upstream: &[Tensor]| {
        session.call("backward", |py| {
            let gradients = backward.call1((list(py, values)?, list(py, upstream)?))?;
            gradients
                .try_iter()?
                .map(|one| {
                    let one = one?;
                    if one.is_none() { Ok(None) } else { tensor(&one).map(Some) }
                })
                .collect()
        })
    };
    report(py, &session, limits, || check::vjp_named(&name, &named, forward, backward))
}

fn values(arguments: &[(String, Bound<'_, PyAny>)]) -> PyResult<Vec<(String, Tensor)>> {
    arguments.iter().map(|(name, value)| Ok((name.clone(), tensor(value)?))).collect()
}

fn list<'py>(py: Python<'py>, values: &[Tensor]) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, values.iter().map(|value| array(py, value)))
}

/// The extension module.
#[pymodule]
fn _retrograde(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("EngineError", module.py().get_type::<EngineError>())?;
    module.add("ShapeError", module.py().get_type::<ShapeError>())?;
    module.add("InternalError", module.py().get_type::<InternalError>())?;
    module.add_class::<graph::PyGraph>()?;
    module.add_class::<graph::PyVar>()?;
    module.add_class::<graph::PyGradients>()?;
    module.add_class::<model::PyModel>()?;
    module.add_class::<dataset::PyDataset>()?;
    module.add_class::<diagnose::PyTraining>()?;
    module.add_class::<diagnose::PyDiagnosis>()?;
    module.add_function(wrap_pyfunction!(graph::calling_line, module)?)?;
    module.add_function(wrap_pyfunction!(graph::concatenate, module)?)?;
    module.add_function(wrap_pyfunction!(dataset::digits, module)?)?;
    module.add_function(wrap_pyfunction!(check_layer, module)?)?;
    module.add_function(wrap_pyfunction!(check_loss, module)?)?;
    module.add_function(wrap_pyfunction!(check_network, module)?)?;
    module.add_function(wrap_pyfunction!(check_function, module)?)?;
    module.add_function(wrap_pyfunction!(check_vjp, module)?)
}
