//! The diagnosis of a program's own loop, from the numbers of its first step.

use crate::failure::guarded;
use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use retrograde::check::Language;
use retrograde::data::Matrix;
use retrograde::diagnose::{
    Diagnosis, Options, RecordedStep, Rows, Training, Verdict, diagnose, judge, prove,
};
use retrograde::{Error, Result, Tensor};
use std::time::Duration;

type Array<'py> = PyReadonlyArray2<'py, f64>;
/// Weights and biases; a bias is `[1, outputs]`.
type Layers<'py> = Vec<(Array<'py>, Option<Array<'py>>)>;

/// The training that a program's loop was found to be.
#[pyclass(frozen, name = "Training", module = "retrograde._retrograde")]
pub struct PyTraining(Training);

fn matrix(array: &Array<'_>) -> Result<Matrix> {
    let array = array.as_array();
    Matrix::new(array.nrows(), array.iter().copied().collect())
}

fn tensor(array: &Array<'_>) -> Result<Tensor> {
    let array = array.as_array();
    Tensor::new([array.nrows(), array.ncols()], array.iter().copied().collect())
}

fn bias(array: &Array<'_>) -> Result<Tensor> {
    let values: Vec<f64> = array.as_array().iter().copied().collect();
    Tensor::new([values.len()], values)
}

fn layers(arrays: &Layers<'_>) -> Result<Vec<(Tensor, Option<Tensor>)>> {
    let layer = |(weight, own): &(Array<'_>, Option<Array<'_>>)| {
        Ok((tensor(weight)?, own.as_ref().map(bias).transpose()?))
    };
    arrays.iter().map(layer).collect()
}

#[pymethods]
impl PyTraining {
    /// Finds the training whose first step has these numbers: the batch, its output and loss, the layers before and after. `rows` are
    /// inputs and targets that the program has used. `None` if it is none that is known.
    #[staticmethod]
    #[allow(clippy::too_many_arguments, reason = "each is an argument of the Python call")]
    fn find(
        batch: (Array<'_>, Array<'_>),
        output: Array<'_>,
        loss: Option<f64>,
        before: Layers<'_>,
        after: Layers<'_>,
        rows: (Array<'_>, Array<'_>),
        steps: u64,
    ) -> PyResult<Option<Self>> {
        guarded(|| {
            let of = |(x, targets): &(Array<'_>, Array<'_>)| Rows::new(matrix(x)?, matrix(targets)?);
            let step = RecordedStep {
                batch: of(&batch)?,
                output: tensor(&output)?,
                loss,
                before: layers(&before)?,
                after: layers(&after)?,
            };
            let size = step.batch.len();
            Ok(step.identify(of(&rows)?, size, steps)?.map(PyTraining))
        })
    }

    /// What it was found to be: network, loss and optimizer.
    fn description(&self) -> (String, String, String) {
        (self.0.network.to_string(), self.0.loss.to_string(), self.0.optimizer.to_string())
    }

    /// Whether something is proved that prevents learning.
    fn is_prevented(&self) -> PyResult<bool> {
        guarded(|| Ok(prove(&self.0)?.iter().any(|finding| finding.prevents)))
    }

    /// The skill of outputs for rows with these targets, from 0 for the best constant to 1, and whether they have learned.
    fn judge(&self, targets: Array<'_>, outputs: Array<'_>) -> PyResult<(f64, f64, bool)> {
        guarded(|| {
            let outputs: Vec<f64> = outputs.as_array().iter().copied().collect();
            let judged = judge(&matrix(&targets)?, &outputs, &self.0.loss)?;
            Ok((judged.score.skill, judged.score.value, judged.has_learned))
        })
    }

    /// The diagnosis, within a budget in seconds.
    fn diagnose(&self, py: Python<'_>, budget: f64) -> PyResult<PyDiagnosis> {
        guarded(|| {
            let budget = Duration::try_from_secs_f64(budget).map_err(|error| {
                Error::invalid("budget", error.to_string(), "give a positive number of seconds")
            })?;
            let options = Options { budget, ..Options::default() };
            py.detach(|| diagnose(&self.0, &options)).map(PyDiagnosis)
        })
    }
}

/// A diagnosis.
#[pyclass(frozen, name = "Diagnosis", module = "retrograde._retrograde")]
pub struct PyDiagnosis(Diagnosis);

#[pymethods]
impl PyDiagnosis {
    /// Its forms by language: text and HTML; and its data as JSON.
    fn forms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let forms = PyDict::new(py);
        for language in Language::ALL {
            let own = PyDict::new(py);
            own.set_item("text", self.0.text(language))?;
            own.set_item("html", self.0.html(language))?;
            forms.set_item(language.code(), own)?;
        }
        let json = serde_json::to_string(&self.0);
        forms.set_item(
            "json",
            json.map_err(|error| crate::failure::InternalError::new_err(error.to_string()))?,
        )?;
        Ok(forms)
    }

    /// Whether there is a fault.
    fn is_fault(&self) -> bool {
        self.0.verdict == Verdict::Fault
    }

    /// Writes it as a page.
    fn save(&self, path: std::path::PathBuf) -> PyResult<()> {
        guarded(|| self.0.save_html(&path))
    }
}
