//! Convolutions and poolings: right ones at many strides and paddings pass, and mistakes that the catalogue has not get no
//! cause that they do not have.

use ndarray::{Array, Axis};
use retrograde::Result;
use retrograde::check::{self, Cause};
use retrograde::textbook::{Convolution, Layer, Parameter, Pooling, Tensor, Window};

fn numbers(shape: &[usize], phase: f64) -> Tensor {
    let count = shape.iter().product::<usize>();
    let values = (0..count).map(|i| (phase + 1.7 * i as f64).sin());
    Array::from_iter(values).into_shape_with_order(shape).expect("as many numbers")
}

fn convolution([filters, channels, height, width]: [usize; 4]) -> Result<Convolution> {
    let w = numbers(&[filters, channels, height, width], 0.3).into_dimensionality().expect("four axes");
    Convolution::new(w, numbers(&[filters], 0.8).into_dimensionality().expect("one axis"))
}

#[test]
fn right_convolutions_and_poolings_pass() -> Result<()> {
    for (shape, filters, stride, pad) in [
        ([2, 2, 4, 3], [3, 2, 3, 2], 1, 0),
        ([2, 1, 5, 4], [2, 1, 2, 3], 2, 1),
        ([1, 2, 3, 3], [1, 2, 1, 1], 3, 2),
    ] {
        let mut layer = convolution(filters)?.stride(stride).pad(pad);
        let report = check::layer(&mut layer, &numbers(&shape, 0.1))?;
        assert!(!report.verdict.is_wrong() && report.causes().next().is_none(), "{report}");
    }
    for window in [Window::new(2, 2).stride(2), Window::new(3, 2), Window::new(2, 3).stride(2).pad(1)] {
        let report = check::layer(&mut Pooling::new(window)?, &numbers(&[2, 2, 4, 5], 0.1))?;
        assert!(!report.verdict.is_wrong() && report.causes().next().is_none(), "{report}");
    }
    Ok(())
}

/// A convolution whose dx is changed.
struct Changed {
    layer: Convolution,
    change: fn(&Tensor) -> Tensor,
}

impl Layer for Changed {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.layer.forward(x)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        Ok((self.change)(&self.layer.backward(dout)?))
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.layer.parameters()
    }
}

#[test]
fn other_mistakes_are_no_misplaced_windows() -> Result<()> {
    let changes: [fn(&Tensor) -> Tensor; 3] = [
        |dx| dx * 2.0,
        |dx| {
            let mut dx = dx.clone();
            dx.index_axis_mut(Axis(3), 0).fill(0.0);
            dx
        },
        |dx| dx.mapv(|dx| dx + 0.1 * dx * dx),
    ];
    for change in changes {
        let mut layer = Changed { layer: convolution([3, 2, 3, 2])?.stride(2).pad(1), change };
        let report = check::layer(&mut layer, &numbers(&[3, 2, 4, 5], 0.1))?;
        assert!(report.verdict.is_wrong(), "{report}");
        assert!(report.causes().all(|cause| !matches!(cause, Cause::WindowsMisplaced { .. })), "{report}");
    }
    Ok(())
}
