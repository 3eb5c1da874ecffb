//! Values that are given to a graph or read from a plan.

use super::shape::Shape;
use retrograde_base::error::{Error, Result};
use std::fmt;
use std::sync::Arc;

/// Values with a shape, outside of any graph: the initial value of a parameter, or a result of a run.
///
/// The values are `f64`, which represents every `f32` exactly, so that one type serves plans of both precisions. Clones share
/// them until one is written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tensor {
    shape: Shape,
    values: Arc<Vec<f64>>,
}

impl Tensor {
    /// A tensor of these values in row-major order.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the shape has another number of elements.
    pub fn new(shape: impl Into<Shape>, values: Vec<f64>) -> Result<Self> {
        let shape = shape.into();
        if shape.elements() == values.len() {
            return Ok(Tensor { shape, values: Arc::new(values) });
        }
        Err(Error::invalid(
            "a tensor",
            format!("{} values for the shape {shape}", values.len()),
            format!("give {} values, or another shape", shape.elements()),
        ))
    }

    /// A tensor with all elements equal to `value`.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if there is not enough memory.
    pub fn full(shape: impl Into<Shape>, value: f64) -> Result<Self> {
        let shape = shape.into();
        // `vec!` takes zeros from the system without writing them, but ends the process where memory is missing.
        reserved(&shape)?;
        let values = vec![value; shape.elements()];
        Tensor::new(shape, values)
    }

    /// A tensor of zeros.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if there is not enough memory.
    pub fn zeros(shape: impl Into<Shape>) -> Result<Self> {
        Self::full(shape, 0.0)
    }

    /// A tensor whose elements are computed from their row-major index.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] if there is not enough memory.
    pub fn from_fn(shape: impl Into<Shape>, value: impl FnMut(usize) -> f64) -> Result<Self> {
        let shape = shape.into();
        let mut values = reserved(&shape)?;
        values.extend((0..shape.elements()).map(value));
        Tensor::new(shape, values)
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The values in row-major order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values in row-major order, mutable. They are copied if a clone shares them.
    pub fn values_mut(&mut self) -> &mut [f64] {
        Arc::make_mut(&mut self.values).as_mut_slice()
    }

    /// The values in row-major order, without the shape. They are copied if a clone shares them.
    pub fn into_values(self) -> Vec<f64> {
        Arc::unwrap_or_clone(self.values)
    }

    /// The value of a tensor with one element.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are more or none.
    pub fn scalar(&self) -> Result<f64> {
        match self.values.as_slice() {
            &[value] => Ok(value),
            _ => Err(Error::invalid(
                "a scalar",
                format!("a tensor of shape {} does not have exactly one element", self.shape),
                "take one of its elements, or sum them",
            )),
        }
    }
}

/// Memory for the elements of a tensor.
fn reserved(shape: &Shape) -> Result<Vec<f64>> {
    let mut values = Vec::new();
    let too_large = |_| {
        let bytes = shape.elements() as f64 * size_of::<f64>() as f64;
        Error::memory(format!("a tensor of shape {shape}"), bytes, "make the tensor smaller")
    };
    values.try_reserve_exact(shape.elements()).map_err(too_large)?;
    Ok(values)
}

impl fmt::Display for Tensor {
    /// Nested brackets as in source code, with all digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn level(f: &mut fmt::Formatter<'_>, shape: &[usize], values: &[f64]) -> fmt::Result {
            let Some((&length, inner)) = shape.split_first() else {
                return write!(f, "{}", values[0]);
            };
            let step = inner.iter().product::<usize>();
            f.write_str("[")?;
            for i in 0..length {
                if i > 0 {
                    f.write_str(", ")?;
                }
                level(f, inner, &values[i * step..(i + 1) * step])?;
            }
            f.write_str("]")
        }
        level(f, &self.shape, &self.values)
    }
}

impl From<f64> for Tensor {
    fn from(value: f64) -> Self {
        Tensor { shape: Shape::from([]), values: Arc::new(vec![value]) }
    }
}

impl From<&[f64]> for Tensor {
    fn from(values: &[f64]) -> Self {
        Tensor::from(values.to_vec())
    }
}

impl From<Vec<f64>> for Tensor {
    fn from(values: Vec<f64>) -> Self {
        Tensor { shape: Shape::from([values.len()]), values: Arc::new(values) }
    }
}

impl<const N: usize> From<[f64; N]> for Tensor {
    fn from(values: [f64; N]) -> Self {
        Tensor::from(values.to_vec())
    }
}

impl<const M: usize, const N: usize> From<[[f64; N]; M]> for Tensor {
    fn from(values: [[f64; N]; M]) -> Self {
        Tensor { shape: Shape::from([M, N]), values: Arc::new(values.concat()) }
    }
}

#[cfg(test)]
mod tests {
    use super::Tensor;
    use retrograde_base::ErrorKind;

    #[test]
    fn the_number_of_values_must_match_the_shape() {
        let error = Tensor::new([2, 3], vec![0.0; 5]).expect_err("5 is not 6").to_string();
        assert!(
            error.contains("5 values") && error.contains("[2, 3]") && error.contains("give 6"),
            "{error}"
        );
        assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).to_string(), "[[1, 2], [3, 4]]");
        assert_eq!(Tensor::from(0.5).scalar().expect("one number"), 0.5);
        assert!(Tensor::zeros([0]).expect("no elements").scalar().is_err());
    }

    #[test]
    fn more_elements_than_there_is_memory_are_an_error() {
        let huge: [&[usize]; 4] = [&[1 << 62], &[1 << 32, 1 << 32], &[usize::MAX], &[usize::MAX, 2]];
        for shape in huge {
            for tensor in
                [Tensor::zeros(shape), Tensor::full(shape, 1.0), Tensor::from_fn(shape, |i| i as f64)]
            {
                let error = tensor.expect_err("too large");
                assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
            }
        }
    }
}
