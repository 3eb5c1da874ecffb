//! Adapts Python objects to layers and losses.
//!
//! The Python side has already normalized the user's code to `forward`, `backward`, `parameters` and `gradients` on arrays
//! of 64-bit floats. This module copies arrays across and keeps exceptions.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use numpy::{IntoPyArray, PyArray1, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use retrograde::textbook::{Labels, Layer, LossLayer, Parameter, SharedParameter, Tensor};
use retrograde::{Error, Result};

/// The common state of the layers of one check.
#[derive(Default)]
pub struct Session {
    /// The last exception, and whether it ends the check: `KeyboardInterrupt`, `SystemExit`.
    failure: RefCell<Option<PyErr>>,
    ended: Cell<bool>,
    /// The number of backward calls: any of them may change the gradients of any layer.
    backwards: Cell<u64>,
}

impl Session {
    /// Runs Python code; an exception is stored and becomes an error.
    pub fn call<T>(&self, what: &str, run: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T> {
        if self.ended.get() {
            return Err(interrupted(what));
        }
        Python::attach(|py| {
            run(py).map_err(|error| {
                self.ended.set(!error.is_instance_of::<PyException>(py));
                let message = error.to_string();
                *self.failure.borrow_mut() = Some(error);
                Error::invalid(what, message, "see the exception")
            })
        })
    }

    /// The exception to raise if a check returned an error, or was interrupted.
    pub fn exception(&self, failed: bool) -> Option<PyErr> {
        if failed || self.ended.get() { self.failure.borrow_mut().take() } else { None }
    }
}

fn interrupted(what: &str) -> Error {
    Error::invalid(what, "the check was interrupted", "run it again")
}

/// An array from Python, in row-major order.
pub fn tensor(array: &Bound<'_, PyAny>) -> PyResult<Tensor> {
    let array: PyReadonlyArrayDyn<'_, f64> = array.extract()?;
    Ok(array.as_array().as_standard_layout().into_owned())
}

/// A new array for Python, which may write into it.
pub fn array<'py>(py: Python<'py>, tensor: &Tensor) -> Bound<'py, PyArrayDyn<f64>> {
    tensor.clone().into_pyarray(py)
}

/// The labels as Python code takes them: integers, or rows.
fn labels_to_python<'py>(py: Python<'py>, labels: &Labels) -> Bound<'py, PyAny> {
    match labels {
        Labels::Classes(classes) => {
            let classes = classes.iter().map(|&class| i64::try_from(class).unwrap_or(i64::MAX));
            PyArray1::from_iter(py, classes).into_any()
        }
        Labels::Rows(rows) => array(py, rows).into_any(),
    }
}

/// Labels from Python: an array of classes, or of rows.
pub fn labels(value: &Bound<'_, PyAny>) -> PyResult<Labels> {
    if let Ok(classes) = value.extract::<Vec<usize>>() {
        return Ok(Labels::Classes(classes));
    }
    Ok(Labels::Rows(tensor(value)?))
}

/// A parameter of a reading: its name, its live array, and whether other layers hold the same array.
struct Held {
    name: String,
    array: Py<PyArrayDyn<f64>>,
    shared: Option<Rc<RefCell<Tensor>>>,
}

/// The arrays that several layers of a network hold, by their addresses.
pub type SharedArrays = Vec<(usize, Rc<RefCell<Tensor>>)>;

/// A Python object as a layer.
pub struct PyLayer {
    session: Rc<Session>,
    reading: Py<PyAny>,
    kind: String,
    held: Vec<Held>,
    values: Vec<Tensor>,
    gradients: Vec<Option<Tensor>>,
    read_at: u64,
    /// Whether the values may have changed since they were last copied into Python's arrays.
    touched: bool,
}

impl PyLayer {
    /// A layer of a reading. Arrays in `shared` are shared parameters.
    pub fn new(session: &Rc<Session>, reading: &Bound<'_, PyAny>, shared: &SharedArrays) -> PyResult<Self> {
        let mut held = Vec::new();
        for item in reading.getattr("parameters")?.try_iter()? {
            let (name, array): (String, Bound<'_, PyArrayDyn<f64>>) = item?.extract()?;
            let address = array.as_ptr() as usize;
            let known = shared.iter().find(|(other, _)| *other == address);
            held.push(Held { name, array: array.unbind(), shared: known.map(|(_, value)| Rc::clone(value)) });
        }
        // Shared ones last, as in the check.
        held.sort_by_key(|one| one.shared.is_some());
        let py = reading.py();
        let values = held.iter().map(|one| tensor(one.array.bind(py).as_any())).collect::<PyResult<_>>()?;
        Ok(PyLayer {
            session: Rc::clone(session),
            reading: reading.clone().unbind(),
            kind: reading.getattr("kind")?.extract()?,
            gradients: vec![None; held.len()],
            held,
            values,
            read_at: u64::MAX,
            touched: true,
        })
    }

    /// Copies the values into Python's arrays.
    fn push(&self, py: Python<'_>) -> PyResult<()> {
        for (held, value) in self.held.iter().zip(&self.values) {
            let mut there = held.array.bind(py).try_readwrite()?;
            match &held.shared {
                Some(shared) => there.as_array_mut().assign(&*shared.borrow()),
                None => there.as_array_mut().assign(value),
            }
        }
        Ok(())
    }

    /// Fetches the gradients, unless no backward has run since.
    fn pull(&mut self) {
        let now = self.session.backwards.get();
        if self.read_at == now || self.held.is_empty() {
            return;
        }
        let names: Vec<&str> = self.held.iter().map(|held| held.name.as_str()).collect();
        let found = self.session.call(&self.kind, |py| {
            let gradients = self.reading.bind(py).call_method0("gradients")?;
            names
                .iter()
                .map(|name| {
                    let one = gradients.get_item(name)?;
                    if one.is_none() { Ok(None) } else { tensor(&one).map(Some) }
                })
                .collect::<PyResult<Vec<Option<Tensor>>>>()
        });
        self.gradients = found.unwrap_or_else(|_| vec![None; self.held.len()]);
        self.read_at = now;
    }

    fn run(&self, method: &str, given: &mut Tensor) -> Result<Tensor> {
        let (out, then) = self.session.call(&self.kind, |py| {
            let argument = array(py, given);
            let out = tensor(&self.reading.bind(py).call_method1(method, (&argument,))?)?;
            Ok((out, tensor(argument.as_any())?))
        })?;
        *given = then;
        Ok(out)
    }
}

impl Layer for PyLayer {
    fn name(&self) -> &str {
        &self.kind
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.forward_in_place(&mut x.clone())
    }

    fn forward_in_place(&mut self, x: &mut Tensor) -> Result<Tensor> {
        if self.touched {
            self.session.call(&self.kind, |py| self.push(py))?;
            // Another layer may change a shared array.
            self.touched = self.held.iter().any(|held| held.shared.is_some());
        }
        self.run("forward", x)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        self.backward_in_place(&mut dout.clone())
    }

    fn backward_in_place(&mut self, dout: &mut Tensor) -> Result<Tensor> {
        self.session.backwards.set(self.session.backwards.get() + 1);
        self.run("backward", dout)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.pull();
        self.touched = true;
        let all = self.held.iter().zip(&mut self.values).zip(&self.gradients);
        all.filter(|((held, _), _)| held.shared.is_none())
            .map(|((held, value), gradient)| Parameter {
                name: &held.name,
                value: value.view_mut(),
                gradient: gradient.as_ref().map(|gradient| gradient.view()),
            })
            .collect()
    }

    fn shared_parameters(&self) -> Vec<SharedParameter> {
        let all = self.held.iter().zip(&self.gradients);
        all.filter_map(|(held, gradient)| {
            Some(SharedParameter::new(&held.name, held.shared.as_ref()?, gradient.as_ref()))
        })
        .collect()
    }
}

/// A Python object as a loss.
pub struct PyLoss {
    session: Rc<Session>,
    reading: Py<PyAny>,
    kind: String,
}

impl PyLoss {
    /// A loss of a reading.
    pub fn new(session: &Rc<Session>, reading: &Bound<'_, PyAny>) -> PyResult<Self> {
        let kind = reading.getattr("kind")?.extract()?;
        Ok(PyLoss { session: Rc::clone(session), reading: reading.clone().unbind(), kind })
    }
}

impl LossLayer for PyLoss {
    fn name(&self) -> &str {
        &self.kind
    }

    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        self.forward_in_place(&mut logits.clone(), labels)
    }

    fn forward_in_place(&mut self, logits: &mut Tensor, labels: &Labels) -> Result<f64> {
        let (loss, then) = self.session.call(&self.kind, |py| {
            let argument = array(py, logits);
            let labels = labels_to_python(py, labels);
            let loss = self.reading.bind(py).call_method1("forward", (&argument, labels))?.extract()?;
            Ok((loss, tensor(argument.as_any())?))
        })?;
        *logits = then;
        Ok(loss)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        self.session.backwards.set(self.session.backwards.get() + 1);
        self.session.call(&self.kind, |py| tensor(&self.reading.bind(py).call_method1("backward", (dout,))?))
    }
}
