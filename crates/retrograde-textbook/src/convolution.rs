//! The convolution layer (Saito, sections 7.2 and 7.4.3).

use ndarray::{Array1, Array2, Array4, Axis, Ix4};

use super::im2col::{col2im, im2col_padded};
use super::layer::expect_dout_shape;
use super::{Layer, Parameter, Tensor, Window, remembered};
use retrograde_base::{Error, Result};

/// A convolution of images, by one matrix product.
///
/// ```text
/// forward    col = im2col(x)                    [N, C, H, W] → [N·OH·OW, C·FH·FW]
///            out = col · wᵀ + b, as images      [N·OH·OW, F] → [N, F, OH, OW]
/// backward   dout as rows                       [N, F, OH, OW] → [N·OH·OW, F]
///            dw   = doutᵀ · col, as filters     [F, C·FH·FW] → [F, C, FH, FW]
///            db   = Σ over rows of dout         [F]
///            dx   = col2im(dout · w)            [N·OH·OW, C·FH·FW] → [N, C, H, W]
/// ```
///
/// where `w`, `[F, C, FH, FW]`, is read as a matrix `[F, C·FH·FW]`: one filter is one row. So it is an [`Affine`](super::Affine)
/// layer on the windows, and its derivative that of the affine layer, with `im2col` before it, whose derivative is
/// [`col2im`]. As in all libraries, the filter is not flipped: the mathematical name is cross-correlation.
///
/// Its parameters are named `w` and `b`.
#[derive(Debug, Clone)]
pub struct Convolution {
    w: Array4<f64>, // [F, C, FH, FW]
    b: Array1<f64>, // [F]
    stride: usize,
    pad: usize,
    memory: Option<Memory>,
    dw: Option<Array4<f64>>, // [F, C, FH, FW]
    db: Option<Array1<f64>>, // [F]
}

/// What `backward` needs of the last `forward`.
#[derive(Debug, Clone)]
struct Memory {
    x: [usize; 4],
    out: [usize; 4],
    col: Array2<f64>, // [N·OH·OW, C·FH·FW]
}

impl Convolution {
    /// A layer with the filters `w`, `[F, C, FH, FW]`, and a bias for each, `b`, `[F]`. The stride is 1, without padding.
    ///
    /// An error if their numbers differ or there is no weight.
    pub fn new(w: Array4<f64>, b: Array1<f64>) -> Result<Self> {
        if w.is_empty() || w.shape()[0] != b.len() {
            return Err(Error::invalid(
                "Convolution",
                format!("w has shape {:?} and b has shape {:?}", w.shape(), b.shape()),
                "pass w of shape [F, C, FH, FW] without a 0, and b of shape [F]",
            ));
        }
        Ok(Convolution { w, b, stride: 1, pad: 0, memory: None, dw: None, db: None })
    }

    /// With this distance between two positions of a filter.
    pub fn stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    /// With so many zeros on each side of an image.
    pub fn pad(mut self, pad: usize) -> Self {
        self.pad = pad;
        self
    }

    fn window(&self) -> Window {
        Window::new(self.w.shape()[2], self.w.shape()[3]).stride(self.stride).pad(self.pad)
    }

    /// The filters as rows, `[F, C·FH·FW]`.
    fn filters(&self) -> Array2<f64> {
        let count = self.w.shape()[0];
        self.w.to_shape((count, self.w.len() / count)).expect("as many numbers").into_owned()
    }
}

impl Layer for Convolution {
    // x: [N, C, H, W] → out: [N, F, OH, OW]
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let images = x.view().into_dimensionality::<Ix4>().ok();
        let images = images.filter(|x| x.shape()[1] == self.w.shape()[1]).ok_or_else(|| {
            Error::invalid(
                "Convolution, forward",
                format!("x has shape {:?}, w has shape {:?}", x.shape(), self.w.shape()),
                format!("pass images [N, {}, H, W]", self.w.shape()[1]),
            )
        })?;
        let (n, c, h, w) = images.dim();
        let [oh, ow] = self.window().output([h, w])?;
        let col = im2col_padded(&images, self.window(), 0.0)?;
        let rows = col.dot(&self.filters().t()) + &self.b;
        let out = rows.into_shape_clone((n, oh, ow, self.b.len())).expect("a row for each position");
        let out = out.permuted_axes([0, 3, 1, 2]).as_standard_layout().into_owned();
        self.memory = Some(Memory { x: [n, c, h, w], out: [n, self.b.len(), oh, ow], col });
        Ok(out.into_dyn())
    }

    // dout: [N, F, OH, OW] → dx: [N, C, H, W]
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let Memory { x, out, col } = remembered(self.memory.as_ref(), "Convolution")?;
        expect_dout_shape("Convolution", dout, out)?;
        let dout = dout.view().into_dimensionality::<Ix4>().expect("the output has four axes");
        let [n, f, oh, ow] = *out;
        let rows = dout.permuted_axes([0, 2, 3, 1]);
        let rows = rows.to_shape((n * oh * ow, f)).expect("as many numbers");
        let dx = col2im(&rows.dot(&self.filters()), *x, self.window())?;
        let dw = rows.t().dot(col).into_shape_clone(self.w.dim()).expect("a row for each filter");
        self.db = Some(rows.sum_axis(Axis(0)));
        self.dw = Some(dw);
        Ok(dx.into_dyn())
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![Parameter::new("w", &mut self.w, &self.dw), Parameter::new("b", &mut self.b, &self.db)]
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array, arr1};

    use super::*;
    use crate::numerical_gradient;

    fn numbers(shape: &[usize], phase: f64) -> Tensor {
        let count = shape.iter().product::<usize>();
        let values = (0..count).map(|i| (phase + 1.7 * i as f64).sin());
        Array::from_iter(values).into_shape_with_order(shape).unwrap()
    }

    fn layer(f: usize, c: usize, fh: usize, fw: usize) -> Convolution {
        let w = numbers(&[f, c, fh, fw], 0.3).into_dimensionality().unwrap();
        Convolution::new(w, numbers(&[f], 0.8).into_dimensionality().unwrap()).unwrap()
    }

    /// The book's figures 7-3 to 7-5.
    #[test]
    fn the_example_of_the_book() -> Result<()> {
        let x = [1, 2, 3, 0, 0, 1, 2, 3, 3, 0, 1, 2, 2, 3, 0, 1].map(f64::from).to_vec();
        let w = [2, 0, 1, 0, 1, 2, 1, 0, 2].map(f64::from).to_vec();
        let w = Array4::from_shape_vec((1, 1, 3, 3), w).unwrap();
        let mut layer = Convolution::new(w, arr1(&[3.0]))?;
        let out = layer.forward(&Tensor::from_shape_vec(vec![1, 1, 4, 4], x).unwrap())?;
        assert_eq!(out.iter().copied().collect::<Vec<_>>(), [18.0, 19.0, 9.0, 18.0]);
        Ok(())
    }

    #[test]
    fn backward_is_the_slope_of_forward() -> Result<()> {
        let cases = [
            ([2, 2, 4, 5], [3, 2, 3, 2], 1, 0),
            ([1, 1, 5, 5], [2, 1, 2, 3], 2, 1),
            ([2, 3, 2, 2], [1, 3, 2, 2], 3, 2),
        ];
        for (shape, [f, c, fh, fw], stride, pad) in cases {
            let mut layer = layer(f, c, fh, fw).stride(stride).pad(pad);
            let mut x = numbers(&shape, 0.1);
            let upstream = numbers(layer.forward(&x)?.shape(), 2.0);
            let dx = layer.backward(&upstream)?;
            let mut at = layer.clone();
            let expected = numerical_gradient(|x| Ok((at.forward(x)? * &upstream).sum()), &mut x)?;
            // Linear, so that rounding of a sum up to 100 remains: 1.4e-14 / 1.5e-5.
            assert!((dx - expected).iter().all(|error| error.abs() <= 2e-9), "{shape:?}");
            for name in ["w", "b"] {
                let gradient = layer.parameter(name)?.gradient.unwrap().to_owned();
                let mut value = layer.parameter(name)?.value.to_owned();
                let mut at = layer.clone();
                let loss = |value: &Tensor| {
                    at.parameter(name)?.value.assign(value);
                    Ok((at.forward(&x)? * &upstream).sum())
                };
                let expected = numerical_gradient(loss, &mut value)?;
                assert!((gradient - expected).iter().all(|error| error.abs() <= 2e-9), "{shape:?} {name}");
            }
        }
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        for (w, b) in [((2, 1, 3, 3), 3), ((0, 1, 3, 3), 0), ((2, 1, 0, 3), 2)] {
            assert!(Convolution::new(Array4::zeros(w), Array1::zeros(b)).is_err());
        }
        let mut layer = layer(2, 3, 2, 2);
        assert!(
            layer
                .backward(&Tensor::zeros(vec![1, 2, 1, 1]))
                .unwrap_err()
                .to_string()
                .contains("call forward first")
        );
        for shape in [vec![], vec![3, 4, 4], vec![1, 2, 4, 4], vec![1, 3, 1, 4]] {
            assert!(layer.forward(&Tensor::zeros(shape)).is_err());
        }
        assert!(layer.clone().stride(0).forward(&Tensor::zeros(vec![1, 3, 4, 4])).is_err());
        layer.forward(&Tensor::zeros(vec![1, 3, 4, 4])).unwrap();
        let message = layer.backward(&Tensor::zeros(vec![1, 2, 4, 4])).unwrap_err().to_string();
        assert!(message.contains("[1, 2, 3, 3]"), "{message}");
    }
}
