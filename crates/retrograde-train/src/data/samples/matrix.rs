//! Real numbers in rows.

use retrograde_base::{Error, Result, memory};
use std::fmt;
use std::sync::Arc;

/// Finite numbers in row-major order: one row for each sample, one column for each feature. Clones share them.
#[derive(Clone, PartialEq)]
pub struct Matrix {
    values: Arc<Vec<f64>>,
    shape: [usize; 2],
}

impl Matrix {
    /// A matrix of `rows` rows.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the values do not fill the rows equally, or one is not finite.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// let matrix = retrograde::data::Matrix::new(2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
    /// assert_eq!((matrix.shape(), matrix.row(1)), ([2, 3], Some(&[4.0, 5.0, 6.0][..])));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(rows: usize, values: Vec<f64>) -> Result<Self> {
        if rows == 0 || !values.len().is_multiple_of(rows) {
            let problem = format!("{} numbers for {rows} rows", values.len());
            return Err(Error::invalid("matrix", problem, "give at least one row, and rows of equal length"));
        }
        let columns = values.len() / rows;
        if let Some(position) = values.iter().position(|value| !value.is_finite()) {
            let place = format!("row {}, column {}", position / columns + 1, position % columns + 1);
            let problem = format!("{} in {place} is not finite", values[position]);
            return Err(Error::invalid("matrix", problem, "replace it, or leave its row out"));
        }
        Ok(Matrix { values: Arc::new(values), shape: [rows, columns] })
    }

    /// A matrix of zeros.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub(in crate::data) fn zeros(rows: usize, columns: usize) -> Result<Self> {
        let what = format!("{rows} rows of {columns} features");
        let help = "use fewer rows or columns, or exclude columns of many categories";
        let bytes = rows as f64 * columns as f64 * size_of::<f64>() as f64;
        memory::must_fit(&what, bytes as u64, help)?;
        let mut values = Vec::new();
        let count = rows.checked_mul(columns).filter(|count| values.try_reserve_exact(*count).is_ok());
        let count = count.ok_or_else(|| Error::memory(what, bytes, help))?;
        values.resize(count, 0.0);
        Ok(Matrix { values: Arc::new(values), shape: [rows, columns] })
    }

    /// The numbers in row-major order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    pub(in crate::data) fn values_mut(&mut self) -> &mut [f64] {
        Arc::make_mut(&mut self.values).as_mut_slice()
    }

    /// Checks that the numbers are within the range of `f32`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the place of the first that is not.
    pub(crate) fn must_fit_f32(&self) -> Result<()> {
        match self.values.iter().position(|value| !(*value as f32).is_finite()) {
            None => Ok(()),
            Some(position) => {
                let [row, column] = [position / self.shape[1] + 1, position % self.shape[1] + 1];
                let value = self.values[position];
                let problem = format!("{value} in row {row}, column {column} is beyond the range of f32");
                Err(Error::invalid("matrix", problem, "check the value, or train in f64"))
            }
        }
    }

    /// These rows, in this order, and repeated where one is.
    pub(super) fn select(&self, rows: &[u32]) -> Result<Self> {
        let mut selected = Matrix::zeros(rows.len(), self.shape[1])?;
        self.copy_rows(rows, selected.values_mut());
        Ok(selected)
    }

    /// Copies rows, which exist, into `output`.
    pub(crate) fn copy_rows(&self, rows: &[u32], output: &mut [f64]) {
        let columns = self.shape[1];
        for (row, output) in rows.iter().zip(output.chunks_exact_mut(columns.max(1))) {
            let start = *row as usize * columns;
            output.copy_from_slice(&self.values[start..start + columns]);
        }
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

impl fmt::Debug for Matrix {
    /// Only the shape.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matrix").field("shape", &self.shape).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_precision() {
        let mut matrix = Matrix::zeros(2, 3).unwrap();
        matrix.values_mut().copy_from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0, 0.1]);
        assert_eq!((matrix.row(1), matrix.row(2)), (Some(&[4.0, 5.0, 0.1][..]), None));
        assert_eq!(matrix.select(&[1, 1, 0]).unwrap().values()[3..], [4.0, 5.0, 0.1, 1.0, 2.0, 3.0]);
        matrix.must_fit_f32().unwrap();
        matrix.values_mut()[4] = 1e39;
        let error = matrix.must_fit_f32().unwrap_err().to_string();
        assert!(error.contains("row 2, column 2") && error.contains("f64"), "{error}");
        assert_eq!(Matrix::zeros(3, 0).unwrap().row(2), Some(&[][..]));
    }

    #[test]
    fn invalid_numbers_are_errors() {
        let problem = |rows, values: &[f64]| Matrix::new(rows, values.to_vec()).unwrap_err().to_string();
        assert!(problem(2, &[1.0, 2.0, 3.0]).contains("3 numbers for 2 rows"));
        assert!(problem(0, &[]).contains("0 numbers for 0 rows"));
        assert!(problem(2, &[1.0, 2.0, 3.0, f64::NAN]).contains("NaN in row 2, column 2"));
    }

    #[test]
    fn too_much_memory_is_an_error() {
        for (rows, columns) in [(usize::MAX, 2), (1 << 40, 1 << 10)] {
            let error = Matrix::zeros(rows, columns).unwrap_err();
            assert_eq!(error.kind(), retrograde_base::ErrorKind::OutOfMemory);
        }
    }
}
