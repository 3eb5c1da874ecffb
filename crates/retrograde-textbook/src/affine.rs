//! The affine layer: a matrix product and a bias (Saito, section 5.6).

use ndarray::{Array1, Array2, Axis, CowArray, Ix2};

use super::layer::expect_dout_shape;
use super::{Layer, Parameter, Tensor, remembered};
use retrograde_base::{Error, Result};

/// A matrix product and a bias, on each row of the input.
///
/// ```text
/// forward    out = x · w + b            [N, D] · [D, C] + [C] → [N, C]
/// backward   dx  = dout · wᵀ            [N, C] · [C, D] → [N, D]
///            dw  = xᵀ · dout            [D, N] · [N, C] → [D, C]
///            db  = Σ over rows of dout  [N, C] → [C]
/// ```
///
/// The derivative: `out[n, c] = Σ_d x[n, d] · w[d, c] + b[c]`, so `∂out[n, c]/∂w[d, c] = x[n, d]`. The loss depends on
/// `w[d, c]` through column `c` of every row: `dw[d, c] = Σ_n x[n, d] · dout[n, c]`. All rows share the bias, and
/// contributions of several uses are added: `db[c] = Σ_n dout[n, c]`.
///
/// The notebook takes only batches; the book flattens images. Here the last axis is the row, after any number of leading
/// axes, including none: `[D] → [C]`, `[N, D] → [N, C]`, `[N, T, D] → [N, T, C]`.
///
/// Its parameters are named `w` and `b`.
#[derive(Debug, Clone)]
pub struct Affine {
    w: Array2<f64>,          // [D, C]
    b: Array1<f64>,          // [C]
    x: Option<Tensor>,       // [..., D]
    dw: Option<Array2<f64>>, // [D, C]
    db: Option<Array1<f64>>, // [C]
}

impl Affine {
    /// A layer with the weights `w`, `[D, C]`, and the bias `b`, `[C]`; an error if their sizes differ or a width is 0.
    pub fn new(w: Array2<f64>, b: Array1<f64>) -> Result<Self> {
        if w.is_empty() {
            return Err(Error::invalid(
                "Affine",
                format!("w has shape {:?}, but both widths must be at least 1", w.shape()),
                "pass at least one row and one column of weights",
            ));
        }
        if w.ncols() != b.len() {
            return Err(Error::invalid(
                "Affine",
                format!("w has shape {:?} and b has shape {:?}", w.shape(), b.shape()),
                format!("pass a bias for each of the {} columns of w", w.ncols()),
            ));
        }
        Ok(Affine { w, b, x: None, dw: None, db: None })
    }
}

impl Layer for Affine {
    // x: [..., D] → out: [..., C]
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let &[ref leading @ .., d] = x.shape() else { return Err(self.misfit(x)) };
        if d != self.w.nrows() {
            return Err(self.misfit(x));
        }
        let out = rows(x).dot(&self.w) + &self.b;
        let out = with_shape(out, &[leading, &[self.w.ncols()]].concat());
        self.x = Some(x.clone());
        Ok(out)
    }

    // dout: [..., C] → dx: [..., D]
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let x = remembered(self.x.as_ref(), "Affine")?;
        let leading = &x.shape()[..x.ndim() - 1];
        expect_dout_shape("Affine", dout, &[leading, &[self.w.ncols()]].concat())?;

        let dout = rows(dout);
        let dx = dout.dot(&self.w.t());
        self.dw = Some(rows(x).t().dot(&dout));
        self.db = Some(dout.sum_axis(Axis(0)));
        Ok(with_shape(dx, x.shape()))
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![Parameter::new("w", &mut self.w, &self.dw), Parameter::new("b", &mut self.b, &self.db)]
    }
}

impl Affine {
    fn misfit(&self, x: &Tensor) -> Error {
        Error::invalid(
            "Affine, forward",
            format!("x has shape {:?}, w has shape {:?}", x.shape(), self.w.shape()),
            format!("pass rows of {} numbers", self.w.nrows()),
        )
    }
}

/// All rows of an array with at least one axis, as a matrix: `[..., D]` → `[N, D]`.
fn rows(x: &Tensor) -> CowArray<'_, f64, Ix2> {
    let (&width, leading) =
        x.shape().split_last().expect("a row is an axis: `forward` takes no array without one");
    let count = leading.iter().product::<usize>();
    x.to_shape((count, width)).expect("the same numbers, in as many rows as there are")
}

/// The inverse of [`rows`]: the rows of a matrix in the original shape.
fn with_shape(matrix: Array2<f64>, shape: &[usize]) -> Tensor {
    matrix.into_shape_clone(shape).expect("the same number of rows, each of the last axis' length")
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2, arr3};

    use super::*;

    /// w = [[1, 2, 3], [4, 5, 6]], b = [10, 20, 30]: rows of two numbers in, of three out.
    fn layer() -> Affine {
        Affine::new(arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), arr1(&[10.0, 20.0, 30.0])).unwrap()
    }

    #[test]
    fn a_batch_by_hand() -> Result<()> {
        let mut layer = layer();
        let out = layer.forward(&arr2(&[[1.0, 0.0], [2.0, -1.0]]).into_dyn())?;
        assert_eq!(out, arr2(&[[11.0, 22.0, 33.0], [8.0, 19.0, 30.0]]).into_dyn());

        let dx = layer.backward(&arr2(&[[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]]).into_dyn())?;
        assert_eq!(dx, arr2(&[[1.0, 4.0], [-1.0, -1.0]]).into_dyn());
        assert_eq!(layer.dw, Some(arr2(&[[1.0, 2.0, -2.0], [0.0, -1.0, 1.0]])));
        assert_eq!(layer.db, Some(arr1(&[1.0, 1.0, -1.0])));
        Ok(())
    }

    /// One row, a batch, a batch of sequences and a batch in column-major order give the same numbers in the input's shape.
    #[test]
    fn any_number_of_leading_axes() -> Result<()> {
        let mut layer = layer();
        let one = layer.forward(&arr1(&[1.0, 0.0]).into_dyn())?;
        assert_eq!(one, arr1(&[11.0, 22.0, 33.0]).into_dyn());
        assert_eq!(layer.backward(&arr1(&[0.0, 1.0, -1.0]).into_dyn())?, arr1(&[-1.0, -1.0]).into_dyn());

        let x = arr3(&[[[1.0, 0.0], [2.0, -1.0]], [[0.0, 0.0], [0.0, 1.0]]]).into_dyn();
        let out = layer.forward(&x)?;
        assert_eq!(out.shape(), [2, 2, 3]);
        assert_eq!(out.rows().into_iter().nth(1), Some(arr1(&[8.0, 19.0, 30.0]).view()));
        let dx = layer.backward(&out)?;
        assert_eq!(dx.shape(), [2, 2, 2]);

        let mut by_columns = Tensor::zeros(ndarray::ShapeBuilder::f(vec![2, 2, 2]));
        by_columns.assign(&x);
        assert_eq!(layer.forward(&by_columns)?, out);
        assert_eq!(layer.backward(&out)?, dx);
        Ok(())
    }

    #[test]
    fn no_rows_give_no_rows_and_gradients_of_zero() -> Result<()> {
        let mut layer = layer();
        let out = layer.forward(&Tensor::zeros(vec![0, 2]))?;
        assert_eq!(out.shape(), [0, 3]);
        assert_eq!(layer.backward(&out)?.shape(), [0, 2]);
        assert_eq!(layer.dw, Some(Array2::zeros((2, 3))));
        assert_eq!(layer.db, Some(Array1::zeros(3)));
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        let message = Affine::new(Array2::zeros((2, 3)), Array1::zeros(2)).unwrap_err().to_string();
        assert!(message.contains("[2, 3]") && message.contains("3 columns"), "{message}");

        for shape in [(0, 3), (2, 0)] {
            let message = Affine::new(Array2::zeros(shape), Array1::zeros(shape.1)).unwrap_err().to_string();
            assert!(message.contains("at least one row and one column"), "{message}");
        }

        let mut layer = layer();
        let message = layer.backward(&Tensor::zeros(vec![3])).unwrap_err().to_string();
        assert!(message.contains("call forward first"), "{message}");
        for shape in [vec![], vec![3], vec![2, 3], vec![0]] {
            let message = layer.forward(&Tensor::zeros(shape)).unwrap_err().to_string();
            assert!(message.contains("rows of 2 numbers"), "{message}");
        }
        layer.forward(&Tensor::zeros(vec![4, 2])).unwrap();
        for shape in [vec![], vec![3], vec![4, 2], vec![1, 4, 3]] {
            let message = layer.backward(&Tensor::zeros(shape)).unwrap_err().to_string();
            assert!(message.contains("[4, 3]"), "{message}");
        }
    }
}
