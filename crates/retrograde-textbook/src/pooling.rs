//! The pooling layer (Saito, sections 7.3 and 7.4.4).

use ndarray::{Array2, ArrayView1, Ix4};

use super::im2col::{col2im, im2col_padded};
use super::layer::expect_dout_shape;
use super::{Layer, Tensor, Window, remembered};
use retrograde_base::{Error, Result};

/// The largest number of each window, channel by channel (max pooling).
///
/// ```text
/// forward    out = max over a window of x     [N, C, H, W] → [N, C, OH, OW]
/// backward   dx  = dout at the place of the maximum, 0 elsewhere; a place that is the maximum of several windows gets the sum
/// ```
///
/// Of equal maxima the first gets the gradient, line by line, as `np.argmax` has it. NaN is larger than any number.
///
/// The book pads with zeros, which are larger than negative numbers. Here the padding is never the maximum, as in PyTorch and the
/// engine; so it is at most half of the window.
#[derive(Debug, Clone)]
pub struct Pooling {
    window: Window,
    memory: Option<Memory>,
}

/// What `backward` needs of the last `forward`.
#[derive(Debug, Clone)]
struct Memory {
    x: [usize; 4],
    out: [usize; 4],
    /// The place of the maximum in each window, in the order `[N, OH, OW, C]`.
    arg_max: Vec<usize>,
}

impl Pooling {
    /// With these windows; the book's are `Window::new(2, 2).stride(2)`. An error for a padding of more than half of the window.
    pub fn new(window: Window) -> Result<Self> {
        if window.size().iter().any(|&size| window.padding() > size / 2) {
            return Err(Error::invalid(
                "Pooling",
                format!(
                    "the padding {} is more than half of the window {:?}",
                    window.padding(),
                    window.size()
                ),
                "pass a smaller padding",
            ));
        }
        Ok(Pooling { window, memory: None })
    }
}

impl Layer for Pooling {
    // x: [N, C, H, W] → out: [N, C, OH, OW]
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let images = x.view().into_dimensionality::<Ix4>().map_err(|_| {
            let problem = format!("x has shape {:?}", x.shape());
            Error::invalid("Pooling, forward", problem, "pass images [N, C, H, W]")
        })?;
        let (n, c, h, w) = images.dim();
        let [oh, ow] = self.window.output([h, w])?;
        let [fh, fw] = self.window.size();
        // One window of one channel is one row.
        let col = im2col_padded(&images, self.window, f64::NEG_INFINITY)?;
        let windows = col.into_shape_with_order((n * oh * ow * c, fh * fw)).expect("as many numbers");
        let arg_max: Vec<usize> = windows.rows().into_iter().map(|row| largest(&row)).collect();
        let max = arg_max.iter().zip(windows.rows()).map(|(&place, row)| row[place]).collect();
        let max = ndarray::Array4::from_shape_vec((n, oh, ow, c), max).expect("one for each window");
        let out = max.permuted_axes([0, 3, 1, 2]).as_standard_layout().into_owned();
        self.memory = Some(Memory { x: [n, c, h, w], out: [n, c, oh, ow], arg_max });
        Ok(out.into_dyn())
    }

    // dout: [N, C, OH, OW] → dx: [N, C, H, W]
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let Memory { x, out, arg_max } = remembered(self.memory.as_ref(), "Pooling")?;
        expect_dout_shape("Pooling", dout, out)?;
        let dout = dout.view().into_dimensionality::<Ix4>().expect("the output has four axes");
        let ([n, c, oh, ow], [fh, fw]) = (*out, self.window.size());
        let mut windows = Array2::zeros((n * oh * ow * c, fh * fw));
        let places = windows.rows_mut().into_iter().zip(arg_max);
        for ((mut window, &place), &dout) in places.zip(dout.permuted_axes([0, 2, 3, 1])) {
            window[place] = dout;
        }
        let col = windows.into_shape_with_order((n * oh * ow, c * fh * fw)).expect("as many numbers");
        Ok(col2im(&col, *x, self.window)?.into_dyn())
    }
}

/// The place of the largest number, the first of equals; of NaN, if there is one.
fn largest(window: &ArrayView1<'_, f64>) -> usize {
    let mut best = 0;
    for (place, &value) in window.iter().enumerate() {
        if value > window[best] || (value.is_nan() && !window[best].is_nan()) {
            best = place;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerical_gradient;

    fn images(shape: [usize; 4], values: &[f64]) -> Tensor {
        Tensor::from_shape_vec(shape.to_vec(), values.to_vec()).unwrap()
    }

    /// The book's figure 7-14.
    #[test]
    fn the_example_of_the_book() -> Result<()> {
        let x = [1, 2, 1, 0, 0, 1, 2, 3, 3, 0, 1, 2, 2, 4, 0, 1].map(f64::from);
        let mut layer = Pooling::new(Window::new(2, 2).stride(2))?;
        assert_eq!(layer.forward(&images([1, 1, 4, 4], &x))?, images([1, 1, 2, 2], &[2., 3., 4., 2.]));
        let dx = layer.backward(&images([1, 1, 2, 2], &[1., 2., 3., 4.]))?;
        let expected = [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 4, 0, 3, 0, 0].map(f64::from);
        assert_eq!(dx, images([1, 1, 4, 4], &expected));
        Ok(())
    }

    #[test]
    fn overlapping_windows_add_up_and_the_first_of_equals_gets_the_gradient() -> Result<()> {
        let mut layer = Pooling::new(Window::new(1, 2))?;
        layer.forward(&images([1, 1, 1, 3], &[1.0, 5.0, 2.0]))?;
        assert_eq!(layer.backward(&images([1, 1, 1, 2], &[3., 4.]))?, images([1, 1, 1, 3], &[0., 7., 0.]));
        layer.forward(&images([1, 1, 1, 3], &[5.0, 5.0, 5.0]))?;
        assert_eq!(layer.backward(&images([1, 1, 1, 2], &[3., 4.]))?, images([1, 1, 1, 3], &[3., 4., 0.]));
        Ok(())
    }

    #[test]
    fn the_padding_is_never_the_maximum_and_nan_always_is() -> Result<()> {
        let mut layer = Pooling::new(Window::new(2, 2).stride(2).pad(1))?;
        let out = layer.forward(&images([1, 1, 2, 2], &[-1., -2., -3., f64::NAN]))?;
        assert_eq!(out.iter().copied().take(3).collect::<Vec<_>>(), [-1., -2., -3.]);
        assert!(out[[0, 0, 1, 1]].is_nan());
        Ok(())
    }

    #[test]
    fn backward_is_the_slope_of_forward() -> Result<()> {
        for window in [Window::new(2, 3).stride(1), Window::new(3, 2).stride(2).pad(1)] {
            let mut layer = Pooling::new(window)?;
            let mut x = Tensor::from_shape_fn(vec![2, 3, 4, 5], |at| {
                (5.1 * at[0] as f64 + 7.3 * at[1] as f64 + 1.7 * at[2] as f64 + 2.9 * at[3] as f64).sin()
            });
            let upstream = layer.forward(&x)?.mapv(|y| (3.0 * y).cos());
            let dx = layer.backward(&upstream)?;
            let mut at = layer.clone();
            let expected = numerical_gradient(|x| Ok((at.forward(x)? * &upstream).sum()), &mut x)?;
            // No two numbers of a window are nearer than the step of 1.5e-5, or the slopes would differ by much.
            assert!((dx - expected).iter().all(|error| error.abs() <= 2e-9));
        }
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() -> Result<()> {
        assert!(Pooling::new(Window::new(2, 2).pad(2)).unwrap_err().to_string().contains("half"));
        let mut layer = Pooling::new(Window::new(2, 2))?;
        assert!(
            layer.backward(&Tensor::zeros(vec![1])).unwrap_err().to_string().contains("call forward first")
        );
        for shape in [vec![], vec![4, 4], vec![1, 1, 1, 4]] {
            assert!(layer.forward(&Tensor::zeros(shape)).is_err());
        }
        layer.forward(&Tensor::zeros(vec![1, 1, 3, 3]))?;
        assert!(layer.backward(&Tensor::zeros(vec![1, 1, 3, 3])).is_err());
        Ok(())
    }
}
