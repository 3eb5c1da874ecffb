//! Numbers in rows: features, and the targets beside them.

use retrograde_base::{Error, Result, memory};

/// Finite numbers in row-major order: one row for each sample, one column for each feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    values: Vec<f64>,
    shape: [usize; 2],
}

impl Matrix {
    /// A matrix of zeros.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(super) fn zeros(rows: usize, columns: usize) -> Result<Self> {
        let what = format!("{rows} rows of {columns} features");
        let help = "use fewer rows or columns, or exclude columns of many categories";
        let bytes = rows as f64 * columns as f64 * size_of::<f64>() as f64;
        memory::must_fit(&what, bytes as u64, help)?;
        let mut values = Vec::new();
        let count = rows.checked_mul(columns).filter(|count| values.try_reserve_exact(*count).is_ok());
        let count = count.ok_or_else(|| Error::memory(what, bytes, help))?;
        values.resize(count, 0.0);
        Ok(Matrix { values, shape: [rows, columns] })
    }

    /// The numbers in row-major order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    pub(super) fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// The numbers in row-major order, without a copy.
    pub fn into_values(self) -> Vec<f64> {
        self.values
    }

    /// The numbers in single precision.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a number is beyond the range of `f32`.
    pub fn to_f32(&self) -> Result<Vec<f32>> {
        let single = |(position, value): (usize, &f64)| {
            let single = *value as f32;
            let place =
                || format!("row {}, column {}", position / self.shape[1] + 1, position % self.shape[1] + 1);
            let beyond = || format!("{value} in {} is beyond the range of f32", place());
            single
                .is_finite()
                .then_some(single)
                .ok_or_else(|| Error::invalid("features", beyond(), "check the value, or train in f64"))
        };
        self.values.iter().enumerate().map(single).collect()
    }

    /// The shape: `[rows, columns]`.
    pub fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// A row; `None` if `index` is out of range.
    pub fn row(&self, index: usize) -> Option<&[f64]> {
        let [rows, columns] = self.shape;
        (index < rows).then(|| &self.values[index * columns..(index + 1) * columns])
    }
}

/// What a network is to predict, one for each row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Targets {
    /// Class numbers, below the number of [`Target::classes`](super::Target::classes).
    Classes(Vec<u32>),
    /// Real numbers, standardized by [`Target::scale`](super::Target::scale).
    Reals(Vec<f64>),
}

impl Targets {
    /// The number of targets.
    pub fn len(&self) -> usize {
        match self {
            Targets::Classes(classes) => classes.len(),
            Targets::Reals(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Features with their targets.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    /// One row for each sample.
    pub features: Matrix,
    /// One target for each row.
    pub targets: Targets,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_precision() {
        let mut matrix = Matrix::zeros(2, 3).unwrap();
        matrix.values_mut().copy_from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 0.1]);
        assert_eq!((matrix.row(1), matrix.row(2)), (Some(&[4.0, 5.0, 0.1][..]), None));
        assert_eq!(matrix.to_f32().unwrap()[5], 0.1_f32);
        matrix.values_mut()[4] = 1e39;
        let error = matrix.to_f32().unwrap_err().to_string();
        assert!(error.contains("row 2, column 2") && error.contains("f64"), "{error}");
        assert_eq!(Matrix::zeros(3, 0).unwrap().row(2), Some(&[][..]));
    }

    #[test]
    fn too_much_memory_is_an_error() {
        for (rows, columns) in [(usize::MAX, 2), (1 << 40, 1 << 10)] {
            let error = Matrix::zeros(rows, columns).unwrap_err();
            assert_eq!(error.kind(), retrograde_base::ErrorKind::OutOfMemory);
        }
    }
}
