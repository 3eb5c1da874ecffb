//! The library's errors and panics as Python's exceptions.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use retrograde::Error;

pyo3::create_exception!(_retrograde, EngineError, PyValueError, "What the library refuses.");
pyo3::create_exception!(
    _retrograde,
    ShapeError,
    EngineError,
    "Arrays whose shapes or kinds do not fit together."
);
pyo3::create_exception!(
    _retrograde,
    InternalError,
    PyRuntimeError,
    "A fault of Retrograde itself; please report it."
);

/// The exception for an error of the library.
pub fn raised(error: &Error) -> PyErr {
    match error {
        Error::Recording { .. } => ShapeError::new_err(format!("{error:?}")),
        _ => EngineError::new_err(format!("{error:?}")),
    }
}

/// The exception for a panic of the library.
pub fn panicked(panic: &(dyn Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    InternalError::new_err(text.unwrap_or_else(|| "a panic without a message".into()))
}

/// Runs a function of the library: its errors and panics become exceptions.
pub fn guarded<T>(run: impl FnOnce() -> retrograde::Result<T>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(result) => result.map_err(|error| raised(&error)),
        Err(panic) => Err(panicked(panic.as_ref())),
    }
}
