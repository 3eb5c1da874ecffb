//! Values that are given to a graph or read from a plan.

use super::shape::Shape;
use retrograde_base::error::{Error, Result};
use std::fmt;

/// Values with a shape, outside of any graph: the initial value of a parameter, or a result of a run.
///
/// The values are `f64`, which represents every `f32` exactly, so that one type serves plans of both precisions.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tensor {
    shape: Shape,
    values: Vec<f64>,
}

impl Tensor {
    /// A tensor of these values in row-major order.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the shape has another number of elements.
    pub fn new(shape: impl Into<Shape>, values: Vec<f64>) -> Result<Self> {
        let shape = shape.into();
        if shape.elements() == values.len() {
            return Ok(Tensor { shape, values });
        }
        Err(Error::invalid(
            "a tensor",
            format!("{} values for the shape {shape}", values.len()),
            format!("give {} values, or another shape", shape.elements()),
        ))
    }

    /// A tensor with all elements equal to `value`.
    pub fn full(shape: impl Into<Shape>, value: f64) -> Self {
        let shape = shape.into();
        let values = vec![value; shape.elements()];
        Tensor { shape, values }
    }

    /// A tensor of zeros.
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Self::full(shape, 0.0)
    }

    /// A tensor whose elements are computed from their row-major index.
    pub fn from_fn(shape: impl Into<Shape>, value: impl FnMut(usize) -> f64) -> Self {
        let shape = shape.into();
        let values = (0..shape.elements()).map(value).collect();
        Tensor { shape, values }
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The values in row-major order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The values in row-major order, mutable.
    pub fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// The values in row-major order, without the shape.
    pub fn into_values(self) -> Vec<f64> {
        self.values
    }

    /// The value of a tensor with one element.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are more or none.
    pub fn scalar(&self) -> Result<f64> {
        match self.values[..] {
            [value] => Ok(value),
            _ => Err(Error::invalid(
                "a scalar",
                format!("a tensor of shape {} does not have exactly one element", self.shape),
                "take one of its elements, or sum them",
            )),
        }
    }
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
        Tensor { shape: Shape::from([]), values: vec![value] }
    }
}

impl From<&[f64]> for Tensor {
    fn from(values: &[f64]) -> Self {
        Tensor { shape: Shape::from([values.len()]), values: values.to_vec() }
    }
}

impl From<Vec<f64>> for Tensor {
    fn from(values: Vec<f64>) -> Self {
        Tensor { shape: Shape::from([values.len()]), values }
    }
}

impl<const N: usize> From<[f64; N]> for Tensor {
    fn from(values: [f64; N]) -> Self {
        Tensor { shape: Shape::from([N]), values: values.to_vec() }
    }
}

impl<const M: usize, const N: usize> From<[[f64; N]; M]> for Tensor {
    fn from(values: [[f64; N]; M]) -> Self {
        Tensor { shape: Shape::from([M, N]), values: values.concat() }
    }
}

#[cfg(test)]
mod tests {
    use super::Tensor;

    #[test]
    fn the_number_of_values_must_match_the_shape() {
        let error = Tensor::new([2, 3], vec![0.0; 5]).expect_err("5 is not 6").to_string();
        assert!(
            error.contains("5 values") && error.contains("[2, 3]") && error.contains("give 6"),
            "{error}"
        );
        assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0]]).to_string(), "[[1, 2], [3, 4]]");
        assert_eq!(Tensor::from(0.5).scalar().expect("one number"), 0.5);
        assert!(Tensor::zeros([0]).scalar().is_err());
    }
}
