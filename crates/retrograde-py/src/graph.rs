//! Graphs, recorded with Python's operators.

use numpy::{IntoPyArray, PyArrayDyn, PyReadonlyArrayDyn};
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySlice, PyTuple};
use retrograde::graph::SourceLine;
use retrograde::view::Explain;
use retrograde::view::{self, Style, Trace};
use retrograde::{Gradients, Graph, Tensor, Var};

use crate::failure::guarded;

/// The calling line in Python: a file or a cell, and the line number. Lines of this package are skipped.
pub fn line(py: Python<'_>) -> PyResult<SourceLine> {
    let mut frame = py.import("sys")?.getattr("_getframe")?.call1((0,))?;
    loop {
        let file: String = frame.getattr("f_code")?.getattr("co_filename")?.extract()?;
        let outer = frame.getattr("f_back")?;
        let own = frame.getattr("f_globals")?.get_item("__name__");
        let own = own.and_then(|name| name.extract::<String>()).unwrap_or_default();
        if outer.is_none() || !(own == "retrograde" || own.starts_with("retrograde.")) {
            return Ok(SourceLine::other(place(py, file)?, frame.getattr("f_lineno")?.extract()?));
        }
        frame = outer;
    }
}

/// The calling line in Python, as its file or cell and its number.
#[pyfunction]
pub fn calling_line(py: Python<'_>) -> PyResult<(String, u32)> {
    line(py).map(|line| (line.file().to_owned(), line.line()))
}

/// The file name, or the name of the notebook cell stored in a file of that name.
fn place(py: Python<'_>, file: String) -> PyResult<String> {
    if !(file.contains("ipykernel_") || file.starts_with("<ipython")) {
        return Ok(file);
    }
    let name: Option<String> =
        py.import("retrograde.reading.sources")?.call_method1("cell", (&file,))?.extract()?;
    Ok(name.unwrap_or(file))
}

/// A tensor from an array of 64-bit floats, prepared by the Python side.
fn tensor(value: &Bound<'_, PyAny>) -> PyResult<Tensor> {
    if let Ok(number) = value.extract::<f64>() {
        return Ok(Tensor::from(number));
    }
    let numpy = value.py().import("numpy")?;
    let as_floats = PyDict::new(value.py());
    as_floats.set_item("dtype", numpy.getattr("float64")?)?;
    let array = numpy.call_method("asarray", (value,), Some(&as_floats))?;
    let array: PyReadonlyArrayDyn<'_, f64> = array.extract()?;
    let array = array.as_array();
    guarded(|| Tensor::new(array.shape(), array.iter().copied().collect()))
}

/// A new array with a tensor's elements.
pub fn array(py: Python<'_>, tensor: Tensor) -> PyResult<Bound<'_, PyArrayDyn<f64>>> {
    let shape = tensor.shape().to_vec();
    let array = ndarray::ArrayD::from_shape_vec(shape, tensor.into_values());
    let array = array.map_err(|error| PyTypeError::new_err(error.to_string()))?;
    Ok(array.into_pyarray(py))
}

/// A computational graph: operations on its variables are recorded, node by node.
#[pyclass(frozen, name = "Graph", module = "retrograde")]
pub struct PyGraph(Graph);

#[pymethods]
impl PyGraph {
    #[new]
    fn new() -> Self {
        PyGraph(Graph::new())
    }

    /// A value with a gradient and a name: a weight, a price.
    fn parameter(&self, py: Python<'_>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<PyVar> {
        let value = tensor(value)?;
        record(py, &self.0, || Ok(self.0.parameter(name, value)))
    }

    /// A value without a gradient: data.
    #[pyo3(signature = (value, name=None))]
    fn constant(&self, py: Python<'_>, value: &Bound<'_, PyAny>, name: Option<&str>) -> PyResult<PyVar> {
        let value = tensor(value)?;
        record(py, &self.0, || {
            let var = self.0.constant(value);
            Ok(name.map_or(var.clone(), |name| var.named(name)))
        })
    }

    /// Labels, or rows to gather: non-negative integers.
    fn indices(&self, py: Python<'_>, name: &str, values: &Bound<'_, PyAny>) -> PyResult<PyVar> {
        let array = py.import("numpy")?.call_method1("asarray", (values,))?;
        let shape: Vec<usize> = array.getattr("shape")?.extract()?;
        let values: Vec<u32> = array.call_method0("ravel")?.call_method0("tolist")?.extract().map_err(|_| {
            PyTypeError::new_err(format!(
                "the indices `{name}` are not whole numbers from 0 to 4294967295\n  help: pass an array of integers"
            ))
        })?;
        record(py, &self.0, || Ok(self.0.indices(name, shape, values)))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __repr__(&self) -> String {
        format!("<retrograde.Graph of {} nodes>", self.0.len())
    }
}

/// Records at the caller's line. Errors are raised immediately.
fn record(py: Python<'_>, graph: &Graph, run: impl FnOnce() -> retrograde::Result<Var>) -> PyResult<PyVar> {
    let line = line(py)?;
    guarded(|| graph.recorded_at(line, run)?.checked()).map(PyVar)
}

/// A variable of a graph: NumPy's operators and functions record more of the graph.
#[pyclass(frozen, name = "Var", module = "retrograde")]
#[derive(Clone)]
pub struct PyVar(pub Var);

/// The other operand of an operator.
enum Operand {
    Number(f64),
    Var(Var),
}

impl PyVar {
    /// The other operand; `None` if it is neither a number, an array, nor a variable.
    fn operand(&self, other: &Bound<'_, PyAny>) -> PyResult<Option<Operand>> {
        if let Ok(other) = other.cast::<PyVar>() {
            return Ok(Some(Operand::Var(other.get().0.clone())));
        }
        if let Ok(number) = other.extract::<f64>() {
            return Ok(Some(Operand::Number(number)));
        }
        let is_array = other.hasattr("__array__")? || other.is_instance_of::<PyList>();
        if !is_array {
            return Ok(None);
        }
        let value = tensor(other)?;
        Ok(Some(Operand::Var(self.0.graph().constant(value))))
    }

    fn binary(
        &self,
        other: &Bound<'_, PyAny>,
        of_var: impl FnOnce(&Var, &Var) -> Var,
        of_number: impl FnOnce(&Var, f64) -> Var,
    ) -> PyResult<Py<PyAny>> {
        let py = other.py();
        let line = line(py)?;
        let graph = self.0.graph();
        let Some(operand) = graph.recorded_at(line.clone(), || self.operand(other))? else {
            return Ok(py.NotImplemented());
        };
        let record = || match &operand {
            Operand::Var(other) => of_var(&self.0, other),
            Operand::Number(number) => of_number(&self.0, *number),
        };
        let var = guarded(|| graph.recorded_at(line, record).checked())?;
        Ok(Py::new(py, PyVar(var))?.into_any())
    }

    /// The same for two operands after broadcasting, as in NumPy.
    fn elementwise(
        &self,
        other: &Bound<'_, PyAny>,
        of_var: impl FnOnce(&Var, &Var) -> Var,
        of_number: impl FnOnce(&Var, f64) -> Var,
    ) -> PyResult<Py<PyAny>> {
        let repeated = |a: &Var, b: &Var| match together(&a.shape(), &b.shape()) {
            Some(shape) => {
                let fill = |var: &Var| {
                    if var.shape()[..] == *shape { var.clone() } else { var.broadcast(&shape[..]) }
                };
                of_var(&fill(a), &fill(b))
            }
            // The operation reports the error.
            None => of_var(a, b),
        };
        self.binary(other, repeated, of_number)
    }

    fn unary(&self, py: Python<'_>, run: impl FnOnce(&Var) -> Var) -> PyResult<PyVar> {
        record(py, self.0.graph(), || Ok(run(&self.0)))
    }

    /// Axes as in NumPy: `None` for all, negative ones from the end.
    fn axes(&self, axis: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Vec<usize>>> {
        let Some(axis) = axis else { return Ok(None) };
        let axes = match axis.extract::<isize>() {
            Ok(one) => vec![one],
            Err(_) => axis.extract::<Vec<isize>>()?,
        };
        axes.into_iter().map(|axis| self.axis(axis)).collect::<PyResult<Vec<_>>>().map(Some)
    }

    fn axis(&self, axis: isize) -> PyResult<usize> {
        let rank = self.0.shape().rank();
        let place = if axis < 0 { rank.checked_sub(axis.unsigned_abs()) } else { usize::try_from(axis).ok() };
        place.filter(|place| *place < rank).ok_or_else(|| {
            PyIndexError::new_err(format!(
                "axis {axis} of shape {:?}: there are {rank} axes\n  help: count them from 0, or from -1 backwards",
                self.shape(),
            ))
        })
    }

    fn trace(&self, py: Python<'_>) -> PyResult<Trace> {
        let line = line(py)?;
        guarded(|| self.0.graph().recorded_at(line, || self.0.trace()))
    }
}

/// The shape to which two shapes broadcast, by NumPy's rule: aligned at the last axis, axes of length 1 are repeated.
fn together(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let length =
        |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    let lengths = (0..rank).map(|axis| match (length(a, axis), length(b, axis)) {
        (a, b) if a == b || b == 1 => Some(a),
        (1, b) => Some(b),
        _ => None,
    });
    lengths.collect()
}

#[pymethods]
impl PyVar {
    /// NumPy defers its operators to the variable.
    #[classattr]
    #[pyo3(name = "__array_ufunc__")]
    const ARRAY_UFUNC: Option<bool> = None;

    fn __add__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.elementwise(other, |a, b| a + b, |a, b| a + b)
    }

    fn __radd__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.elementwise(other, |a, b| b + a, |a, b| b + a)
    }

    fn __sub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.elementwise(other, |a, b| a - b, |a, b| a - b)
    }

    fn __rsub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.elementwise(other, |a, b| b - a, |a, b| b - a)
    }

    fn __mul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.elementwise(other, |a, b| a * b, |a, b| a * b)
    }

    fn __rmul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.elementwise(other, |a, b| b * a, |a, b| b * a)
    }

    fn __truediv__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.elementwise(other, |a, b| a / b, |a, b| a / b)
    }

    fn __rtruediv__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.elementwise(other, |a, b| b / a, |a, b| b / a)
    }

    fn __matmul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.binary(other, Var::matmul, |a, b| a.matmul(&a.graph().constant(b)))
    }

    fn __rmatmul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.binary(other, |a, b| b.matmul(a), |a, b| a.graph().constant(b).matmul(a))
    }

    fn __pow__(&self, other: &Bound<'_, PyAny>, modulo: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        if modulo.is_some() {
            return Ok(other.py().NotImplemented());
        }
        self.elementwise(other, Var::power, Var::powf)
    }

    fn __rpow__(&self, other: &Bound<'_, PyAny>, modulo: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        if modulo.is_some() {
            return Ok(other.py().NotImplemented());
        }
        self.elementwise(other, |a, b| b.power(a), |a, b| a.graph().full(a.shape(), b).power(a))
    }

    fn __neg__(&self, py: Python<'_>) -> PyResult<PyVar> {
        self.unary(py, |x| -x)
    }

    fn __abs__(&self, py: Python<'_>) -> PyResult<PyVar> {
        self.unary(py, Var::abs)
    }

    /// max(x, 0), element by element; its slope at 0 is 0.
    fn relu(&self, py: Python<'_>) -> PyResult<PyVar> {
        self.unary(py, Var::relu)
    }

    /// 1 / (1 + e⁻ˣ), element by element.
    fn sigmoid(&self, py: Python<'_>) -> PyResult<PyVar> {
        self.unary(py, Var::sigmoid)
    }

    /// The hyperbolic tangent, element by element.
    fn tanh(&self, py: Python<'_>) -> PyResult<PyVar> {
        self.unary(py, Var::tanh)
    }

    /// eˣ, element by element.
    fn exp(&self, py: Python<'_>) -> PyResult<PyVar> {
        self.unary(py, Var::exp)
    }

    /// The natural logarithm, element by element.
    fn log(&self, py: Python<'_>) -> PyResult<PyVar> {
        self.unary(py, Var::log)
    }

    /// The square root, element by element.
    fn sqrt(&self, py: Python<'_>) -> PyResult<PyVar> {
        self.unary(py, Var::sqrt)
    }

    /// The larger of two, element by element.
    fn maximum(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.elementwise(other, Var::maximum, |a, b| a.maximum(&a.graph().full(a.shape(), b)))
    }

    /// The smaller of two, element by element.
    fn minimum(&self, other: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.elementwise(other, Var::minimum, |a, b| a.minimum(&a.graph().full(a.shape(), b)))
    }

    /// The sum over one or several axes, or of all elements.
    #[pyo3(signature = (axis=None))]
    fn sum(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>) -> PyResult<PyVar> {
        let axes = self.axes(axis)?;
        self.unary(py, |x| axes.map_or_else(|| x.sum_all(), |axes| x.sum(axes)))
    }

    /// The mean over one or several axes, or of all elements.
    #[pyo3(signature = (axis=None))]
    fn mean(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>) -> PyResult<PyVar> {
        let axes = self.axes(axis)?;
        self.unary(py, |x| axes.map_or_else(|| x.mean_all(), |axes| x.mean(axes)))
    }

    /// The maximum over one or several axes, or of all elements. Tied elements get equal parts of the gradient.
    #[pyo3(signature = (axis=None))]
    fn max(&self, py: Python<'_>, axis: Option<&Bound<'_, PyAny>>) -> PyResult<PyVar> {
        let axes = self.axes(axis)?;
        self.unary(py, |x| axes.map_or_else(|| x.max_all(), |axes| x.max(axes)))
    }

    /// The softmax along an axis.
    #[pyo3(signature = (axis=-1), text_signature = "($self, axis=-1)")]
    fn softmax(&self, py: Python<'_>, axis: isize) -> PyResult<PyVar> {
        let axis = self.axis(axis)?;
        self.unary(py, |x| x.softmax(axis))
    }

    /// The logarithm of the softmax along an axis.
    #[pyo3(signature = (axis=-1), text_signature = "($self, axis=-1)")]
    fn log_softmax(&self, py: Python<'_>, axis: isize) -> PyResult<PyVar> {
        let axis = self.axis(axis)?;
        self.unary(py, |x| x.log_softmax(axis))
    }

    /// The mean cross entropy of the softmax of each row, against labels: `graph.indices(…)`.
    fn softmax_with_loss(&self, py: Python<'_>, labels: &PyVar) -> PyResult<PyVar> {
        self.unary(py, |x| x.softmax_with_loss(&labels.0))
    }

    /// The mean of the squared differences to a target of the same shape.
    fn mean_squared_error(&self, target: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.elementwise(target, Var::mean_squared_error, |a, b| {
            a.mean_squared_error(&a.graph().full(a.shape(), b))
        })
    }

    /// The rows of a matrix at the given indices.
    fn gather_rows(&self, py: Python<'_>, rows: &PyVar) -> PyResult<PyVar> {
        self.unary(py, |x| x.gather_rows(&rows.0))
    }

    /// Labels as one-hot rows.
    fn one_hot(&self, py: Python<'_>, classes: usize) -> PyResult<PyVar> {
        self.unary(py, |x| x.one_hot(classes))
    }

    /// The same elements in another shape; one length may be −1.
    #[pyo3(signature = (*shape))]
    fn reshape(&self, py: Python<'_>, shape: &Bound<'_, PyTuple>) -> PyResult<PyVar> {
        let lengths: Vec<isize> = match shape.len() {
            1 => shape
                .get_item(0)?
                .extract::<Vec<isize>>()
                .or_else(|_| shape.extract::<(isize,)>().map(|s| vec![s.0]))?,
            _ => shape.extract()?,
        };
        let known: usize = lengths.iter().filter_map(|length| usize::try_from(*length).ok()).product();
        let rest = self.0.shape().elements().checked_div(known).unwrap_or(0);
        let lengths: Vec<usize> =
            lengths.iter().map(|length| usize::try_from(*length).unwrap_or(rest)).collect();
        self.unary(py, |x| x.reshape(lengths))
    }

    /// The axes in another order, or in the reverse one.
    #[pyo3(signature = (*order))]
    fn transpose(&self, py: Python<'_>, order: Vec<usize>) -> PyResult<PyVar> {
        let order = if order.is_empty() { (0..self.0.shape().rank()).rev().collect() } else { order };
        self.unary(py, |x| x.transpose(order))
    }

    /// The axes in the reverse order.
    #[getter(T)]
    fn transposed(&self, py: Python<'_>) -> PyResult<PyVar> {
        self.transpose(py, Vec::new())
    }

    /// Slices along each axis, by `a:b` and by numbers, as in NumPy; steps are not supported.
    fn __getitem__(&self, py: Python<'_>, index: &Bound<'_, PyAny>) -> PyResult<PyVar> {
        let parts: Vec<Bound<'_, PyAny>> = match index.cast::<PyTuple>() {
            Ok(tuple) => tuple.iter().collect(),
            Err(_) => vec![index.clone()],
        };
        let shape = self.0.shape().to_vec();
        if parts.len() > shape.len() {
            return Err(PyIndexError::new_err(format!("{} indices for shape {shape:?}", parts.len())));
        }
        let (mut ranges, mut kept) = (Vec::new(), Vec::new());
        for (part, &length) in parts.iter().zip(&shape) {
            if let Ok(slice) = part.cast::<PySlice>() {
                let found = slice.indices(isize::try_from(length).unwrap_or(isize::MAX))?;
                if found.step != 1 {
                    return Err(PyIndexError::new_err("a step other than 1\n  help: take a:b"));
                }
                let start = found.start.unsigned_abs();
                ranges.push(start..start + found.slicelength);
                kept.push(found.slicelength);
            } else {
                let at: isize = part.extract()?;
                let place =
                    if at < 0 { length.checked_sub(at.unsigned_abs()) } else { usize::try_from(at).ok() };
                let place = place.filter(|place| *place < length).ok_or_else(|| {
                    PyIndexError::new_err(format!("index {at} of an axis of length {length}"))
                })?;
                ranges.push(place..place + 1);
            }
        }
        kept.extend(&shape[parts.len()..]);
        self.unary(py, |x| {
            let parts = ranges.into_iter().enumerate();
            parts.fold(x.clone(), |x, (axis, range)| x.slice(axis, range)).reshape(kept)
        })
    }

    /// The gradients of this number by all variables that it depends on, recorded as more graph.
    fn backward(&self, py: Python<'_>) -> PyResult<PyGradients> {
        let line = line(py)?;
        guarded(|| self.0.graph().recorded_at(line, || self.0.backward())).map(PyGradients)
    }

    /// The elements, as a new array.
    #[getter]
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArrayDyn<f64>>> {
        array(py, guarded(|| self.0.value())?)
    }

    /// The number of a variable with one element.
    fn item(&self) -> PyResult<f64> {
        guarded(|| self.0.value()?.scalar())
    }

    fn __float__(&self) -> PyResult<f64> {
        self.item()
    }

    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let _ = copy;
        let value = self.value(py)?.into_any();
        dtype.map_or(Ok(value.clone()), |dtype| value.call_method1("astype", (dtype,)))
    }

    /// The shape.
    #[getter]
    fn shape(&self) -> Vec<usize> {
        self.0.shape().to_vec()
    }

    /// The name.
    #[getter]
    fn name(&self) -> Option<String> {
        self.0.name()
    }

    /// Sets the name, which figures and messages then use.
    fn named(&self, name: &str) -> PyVar {
        PyVar(self.0.clone().named(name))
    }

    /// The line that recorded it: a file or cell, and the line.
    #[getter]
    fn line(&self) -> (String, u32) {
        let line = self.0.node().location.clone();
        (line.file().to_owned(), line.line())
    }

    /// The graph drawn with characters: values above the lines, gradients below.
    fn text(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.trace(py)?.text(Style::default()))
    }

    /// The graph and the chain rule with its numbers, as text.
    fn explain(&self, py: Python<'_>) -> PyResult<String> {
        let line = line(py)?;
        guarded(|| self.0.graph().recorded_at(line, || self.0.explain()))
            .map(|explanation| explanation.to_string())
    }

    /// The graph as an SVG picture; with `fold`, layers are boxes.
    #[pyo3(signature = (fold=false))]
    fn svg(&self, py: Python<'_>, fold: bool) -> PyResult<String> {
        let trace = self.trace(py)?;
        guarded(|| trace.svg(fold))
    }

    /// The graph as DOT for Graphviz.
    #[pyo3(signature = (fold=false))]
    fn dot(&self, py: Python<'_>, fold: bool) -> PyResult<String> {
        Ok(self.trace(py)?.dot(fold))
    }

    /// The graph with all values as JSON.
    fn json(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.trace(py)?.json())
    }

    /// One page to explore the graph, in English and Korean; written to `path` if one is given.
    #[pyo3(signature = (path=None, heading="graph"))]
    fn page(
        &self,
        py: Python<'_>,
        path: Option<std::path::PathBuf>,
        heading: &str,
    ) -> PyResult<Option<String>> {
        let trace = self.trace(py)?;
        let page = guarded(|| trace.html(heading))?;
        match path {
            None => Ok(Some(page)),
            Some(path) => guarded(|| view::save(path, &page)).map(|()| None),
        }
    }

    /// Notebooks show the picture of a graph whose output is one number.
    #[pyo3(signature = (include=None, exclude=None))]
    fn _repr_mimebundle_<'py>(
        &self,
        py: Python<'py>,
        include: Option<&Bound<'py, PyAny>>,
        exclude: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let _ = (include, exclude);
        let bundle = PyDict::new(py);
        bundle.set_item("text/plain", self.__repr__())?;
        if self.0.shape().elements() == 1
            && let Ok(svg) = self.svg(py, true)
        {
            bundle.set_item("image/svg+xml", svg)?;
        }
        Ok(bundle)
    }

    fn __repr__(&self) -> String {
        let name = self.0.name().unwrap_or_else(|| self.0.node().label());
        let shape = self.0.shape();
        match self.0.value().and_then(|value| value.scalar()) {
            Ok(value) if shape.elements() == 1 => format!("<retrograde.Var {name} = {value}>"),
            _ => format!("<retrograde.Var {name} of shape {shape}>"),
        }
    }
}

/// The gradients of a number by all variables that it depends on: `gradients[w]` is a variable, which has gradients, too.
#[pyclass(frozen, name = "Gradients", module = "retrograde")]
pub struct PyGradients(Gradients);

#[pymethods]
impl PyGradients {
    fn __getitem__(&self, py: Python<'_>, var: &PyVar) -> PyResult<PyVar> {
        record(py, var.0.graph(), || self.0.wrt(&var.0))
    }

    fn __repr__(&self) -> String {
        format!("<retrograde.Gradients of {}>", self.0.loss().node().label())
    }
}

/// Concatenates variables along an axis.
#[pyfunction]
#[pyo3(signature = (variables, axis=0))]
pub fn concatenate(py: Python<'_>, variables: Vec<PyRef<'_, PyVar>>, axis: isize) -> PyResult<PyVar> {
    let Some((first, others)) = variables.split_first() else {
        return Err(PyTypeError::new_err("there is nothing to join\n  help: pass one variable at least"));
    };
    let axis = first.axis(axis)?;
    let others: Vec<&Var> = others.iter().map(|one| &one.0).collect();
    record(py, first.0.graph(), || Ok(first.0.concat(&others, axis)))
}
