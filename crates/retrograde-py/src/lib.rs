//! The extension module of the Python package: the gradient check, called with readings of Python code.
//!
//! Thin by intent. What a piece of code is, the Python side finds out (`retrograde.reading`); what is wrong with it, the
//! library does. Each function here takes readings and returns a report in four forms.

mod bridge;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use bridge::{PyLayer, PyLoss, Session, SharedArrays, array, tensor};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use retrograde::check::{self, Report};
use retrograde::textbook::{Network, Tensor};

pyo3::create_exception!(
    _retrograde,
    EngineError,
    pyo3::exceptions::PyValueError,
    "What the library refuses."
);
pyo3::create_exception!(
    _retrograde,
    InternalError,
    PyRuntimeError,
    "A fault of Retrograde itself; please report it."
);

/// Runs a check and turns what comes of it into what Python gets: the report, the user's own exception, or an error.
fn report<'py>(
    py: Python<'py>,
    session: &Session,
    run: impl FnOnce() -> retrograde::Result<Report>,
) -> PyResult<Bound<'py, PyDict>> {
    let result = catch_unwind(AssertUnwindSafe(run));
    let failed = !matches!(result, Ok(Ok(_)));
    if let Some(exception) = session.exception(failed) {
        return Err(exception);
    }
    let report = match result {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => return Err(EngineError::new_err(error.to_string())),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            return Err(InternalError::new_err(text.unwrap_or_else(|| "a panic without a message".into())));
        }
    };
    let forms = PyDict::new(py);
    let json = serde_json::to_string(&report).map_err(|error| InternalError::new_err(error.to_string()))?;
    forms.set_item("json", json)?;
    forms.set_item("text", report.to_string())?;
    forms.set_item("html", report.html())?;
    forms.set_item("markdown", report.markdown())?;
    Ok(forms)
}

/// Checks one layer.
#[pyfunction]
fn check_layer<'py>(
    py: Python<'py>,
    reading: Bound<'py, PyAny>,
    x: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let session = Rc::new(Session::default());
    let mut layer = PyLayer::new(&session, &reading, &Vec::new())?;
    let x = tensor(&x)?;
    report(py, &session, || check::layer(&mut layer, &x))
}

/// Checks one loss.
#[pyfunction]
fn check_loss<'py>(
    py: Python<'py>,
    reading: Bound<'py, PyAny>,
    x: Bound<'py, PyAny>,
    labels: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let session = Rc::new(Session::default());
    let mut loss = PyLoss::new(&session, &reading)?;
    let (x, labels) = (tensor(&x)?, bridge::labels(&labels)?);
    report(py, &session, || check::loss(&mut loss, &x, &labels))
}

/// Checks layers in a row, each with its name, with a loss at the end. `names` has the user's own names of parameters.
#[pyfunction]
fn check_network<'py>(
    py: Python<'py>,
    layers: Vec<(String, Bound<'py, PyAny>)>,
    loss: Bound<'py, PyAny>,
    x: Bound<'py, PyAny>,
    labels: Bound<'py, PyAny>,
    names: HashMap<String, String>,
) -> PyResult<Bound<'py, PyDict>> {
    let session = Rc::new(Session::default());
    let shared = shared_arrays(layers.iter().map(|(_, reading)| reading))?;
    let mut network = Network::new(PyLoss::new(&session, &loss)?);
    for (name, reading) in &layers {
        network = network.then_named(name, PyLayer::new(&session, reading, &shared)?);
    }
    let (x, labels) = (tensor(&x)?, bridge::labels(&labels)?);
    let name = |full: &str| names.get(full).cloned().unwrap_or_else(|| full.to_owned());
    report(py, &session, || check::network_named(&mut network, &x, &labels, &name))
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
    arguments: Vec<(String, Bound<'py, PyAny>)>,
    loss: Bound<'py, PyAny>,
    gradients: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let session = Session::default();
    let arguments = values(&arguments)?;
    let named: Vec<(&str, Tensor)> =
        arguments.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let loss =
        |values: &[Tensor]| session.call("loss", |py| loss.call1((list(py, values)?,))?.extract::<f64>());
    let gradients = |values: &[Tensor]| {
        session.call("gradients", |py| {
            gradients.call1((list(py, values)?,))?.try_iter()?.map(|one| tensor(&one?)).collect()
        })
    };
    report(py, &session, || check::function(&named, loss, gradients))
}

/// Checks the vector-Jacobian product of a function with several arguments and outputs.
#[pyfunction]
fn check_vjp<'py>(
    py: Python<'py>,
    arguments: Vec<(String, Bound<'py, PyAny>)>,
    forward: Bound<'py, PyAny>,
    backward: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyDict>> {
    let session = Session::default();
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
    report(py, &session, || check::vjp(&named, forward, backward))
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
    module.add("InternalError", module.py().get_type::<InternalError>())?;
    module.add_function(wrap_pyfunction!(check_layer, module)?)?;
    module.add_function(wrap_pyfunction!(check_loss, module)?)?;
    module.add_function(wrap_pyfunction!(check_network, module)?)?;
    module.add_function(wrap_pyfunction!(check_function, module)?)?;
    module.add_function(wrap_pyfunction!(check_vjp, module)?)
}
