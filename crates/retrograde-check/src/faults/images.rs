//! Convolutions and poolings whose windows give their gradients to other places than they have read.
//!
//! Forward is the textbook's. Backward is its sum over the windows, with one mistake.

use ndarray::{Array, Array2, Array4, Array6, ArrayViewMut4, Ix4, s};

use super::shaped::Shaped;
use super::{Fault, Make};
use retrograde_base::Result;
use retrograde_textbook::{Convolution, Layer, Parameter, Pooling, Tensor, Window, im2col, remembered};

/// The channels, the height and the width of the images.
const IMAGE: [usize; 3] = [2, 4, 5];
const IMAGES: Shaped = Shaped::new(&IMAGE);
/// Images whose rows come in equal pairs, as after an upsampling: each window has its maximum twice. They are so small that
/// every number is differentiated.
const UPSAMPLED: Shaped = Shaped::new(&[1, 2, 2]).upsampled();

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mistake {
    Flipped,
    StrideInInput,
    StrideInWeight,
    Padding,
    Replaced,
    Averaged,
    /// Each of several largest numbers of a window gets dout.
    Ties,
}

/// A convolution, or a pooling by the maximum, with one mistake.
struct Moving {
    right: Right,
    size: [usize; 2],
    stride: usize,
    pad: usize,
    mistake: Mistake,
    x: Option<Array4<f64>>,
    dw: Option<Tensor>,
}

/// The layer without the mistake.
enum Right {
    Convolution(Box<Convolution>),
    Pooling(Pooling),
}

impl Right {
    fn layer(&mut self) -> &mut dyn Layer {
        match self {
            Right::Convolution(layer) => layer.as_mut(),
            Right::Pooling(layer) => layer,
        }
    }
}

fn convolution(mistake: Mistake) -> Box<dyn Layer> {
    let ([filters, height, width], [stride, pad]) = ([3, 3, 2], [2, 1]);
    let shape = (filters, IMAGE[0], height, width);
    let w = Array::from_iter((0..filters * IMAGE[0] * height * width).map(|i| (1.7 * i as f64 + 0.3).sin()));
    let w = w.into_shape_with_order(shape).expect("as many numbers");
    let b = Array::from_shape_fn(filters, |filter| 0.1 * filter as f64);
    let right = Convolution::new(w, b).expect("a bias for each filter").stride(stride).pad(pad);
    Box::new(Moving {
        right: Right::Convolution(Box::new(right)),
        size: [height, width],
        stride,
        pad,
        mistake,
        x: None,
        dw: None,
    })
}

fn pooling(mistake: Mistake) -> Box<dyn Layer> {
    let (size, stride) = (if mistake == Mistake::Ties { [2, 2] } else { [2, 3] }, 2);
    let window = Window::new(size[0], size[1]).stride(stride);
    let right = Right::Pooling(Pooling::new(window).expect("a window without padding"));
    Box::new(Moving { right, size, stride, pad: 0, mistake, x: None, dw: None })
}

/// The numbers of padded images below one place of the window, at its positions, with this stride.
fn below(
    padded: &mut Array4<f64>,
    [y, x]: [usize; 2],
    [oh, ow]: [usize; 2],
    stride: usize,
) -> ArrayViewMut4<'_, f64> {
    let [rows, columns] = [(y, oh), (x, ow)].map(|(start, count)| start..start + (count - 1) * stride + 1);
    padded.slice_mut(s![.., .., rows;stride, columns;stride])
}

impl Moving {
    fn stride(&self, wrong: Mistake) -> usize {
        if self.mistake == wrong { 1 } else { self.stride }
    }

    /// The sum of the gradients of the windows, `[N, OH, OW, C, FH, FW]`, as images like `x`.
    fn col2im(&self, dcol: &Array6<f64>, x: &Array4<f64>) -> Array4<f64> {
        let ((n, c, h, w), pad) = (x.dim(), self.pad);
        let (_, oh, ow, _, fh, fw) = dcol.dim();
        let mut padded = Array4::zeros((n, c, h + 2 * pad, w + 2 * pad));
        for y in 0..fh {
            for x in 0..fw {
                let place = if self.mistake == Mistake::Flipped { [fh - 1 - y, fw - 1 - x] } else { [y, x] };
                let mut below = below(&mut padded, place, [oh, ow], self.stride(Mistake::StrideInInput));
                let share = dcol.slice(s![.., .., .., .., y, x]).permuted_axes([0, 3, 1, 2]);
                if self.mistake == Mistake::Replaced {
                    below.assign(&share);
                } else {
                    below += &share;
                }
            }
        }
        let first = if self.mistake == Mistake::Padding { 0 } else { pad };
        padded.slice(s![.., .., first..first + h, first..first + w]).to_owned()
    }

    /// The gradient of the filters, by each place of the window.
    fn dw(&self, dout: &Array4<f64>, x: &Array4<f64>, shape: &[usize]) -> Tensor {
        let ((n, c, h, w), pad) = (x.dim(), self.pad);
        let (_, filters, oh, ow) = dout.dim();
        let mut padded = Array4::zeros((n, c, h + 2 * pad, w + 2 * pad));
        padded.slice_mut(s![.., .., pad..pad + h, pad..pad + w]).assign(x);
        Tensor::from_shape_fn(shape.to_vec(), |at| {
            let stride = self.stride(Mistake::StrideInWeight);
            let below = below(&mut padded, [at[2], at[3]], [oh, ow], stride);
            (0..n * filters)
                .filter(|number| number % filters == at[0])
                .map(|number| {
                    let sample = number / filters;
                    let seen = below.slice(s![sample, at[1], .., ..]);
                    (&seen * &dout.slice(s![sample, at[0], .., ..])).sum()
                })
                .sum()
        })
    }
}

impl Layer for Moving {
    fn name(&self) -> &str {
        match self.right {
            Right::Convolution(_) => "Convolution",
            Right::Pooling(_) => "Pooling",
        }
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let out = self.right.layer().forward(x)?;
        self.x = x.clone().into_dimensionality::<Ix4>().ok();
        Ok(out)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        // It compares the shapes, and is right about the biases.
        self.right.layer().backward(dout)?;
        let x = remembered(self.x.as_ref(), "backward")?.clone();
        let dout = dout.clone().into_dimensionality::<Ix4>().expect("a convolution has compared the axes");
        let ((n, f, oh, ow), (_, c, ..), [fh, fw]) = (dout.dim(), x.dim(), self.size);
        let shape = (n, oh, ow, c, fh, fw);
        let mut dw = None;
        let dcol: Array6<f64> = if let Right::Convolution(layer) = &mut self.right {
            let w = layer.parameter("w")?.value.to_owned();
            let rows = dout.view().permuted_axes([0, 2, 3, 1]);
            let rows: Array2<f64> = rows.to_shape((n * oh * ow, f)).expect("as many numbers").into_owned();
            let filters: Array2<f64> = w.to_shape((f, c * fh * fw)).expect("as many numbers").into_owned();
            dw = Some(w.shape().to_vec());
            rows.dot(&filters).into_shape_with_order(shape).expect("a row for each position")
        } else {
            let col = im2col(&x, Window::new(fh, fw).stride(self.stride))?
                .into_shape_with_order(shape)
                .expect("a row for each position");
            Array6::from_shape_fn(shape, |(n, i, j, c, y, x)| {
                let window = col.slice(s![n, i, j, c, .., ..]);
                let largest = window.fold(f64::NEG_INFINITY, |largest, x| largest.max(*x));
                match self.mistake {
                    Mistake::Averaged => dout[[n, c, i, j]] / (fh * fw) as f64,
                    _ if window[[y, x]] == largest => dout[[n, c, i, j]],
                    _ => 0.0,
                }
            })
        };
        self.dw = dw.map(|shape| self.dw(&dout, &x, &shape));
        Ok(self.col2im(&dcol, &x).into_dyn())
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let mut all = self.right.layer().parameters();
        if let Some(w) = all.first_mut() {
            w.gradient = self.dw.as_ref().map(|dw| dw.view());
        }
        all
    }
}

macro_rules! faults {
    ($($name:literal, $cause:literal, $images:ident, $layer:ident, $mistake:ident;)*) => {
        /// Faults of layers that move windows over images.
        pub(super) const ALL: &[Fault] = &[$(Fault {
            name: $name,
            cause: $cause,
            make: Make::Shaped($images, || $layer(Mistake::$mistake)),
        }),*];
    };
}

faults! {
    "conv-dx-flipped", "convolution backward with a flipped kernel", IMAGES, convolution, Flipped;
    "conv-dx-stride", "convolution backward without the stride", IMAGES, convolution, StrideInInput;
    "conv-dw-stride", "convolution backward without the stride", IMAGES, convolution, StrideInWeight;
    "conv-dx-padding", "convolution backward without the padding", IMAGES, convolution, Padding;
    "conv-dx-replaced", "convolution backward with windows that replace each other", IMAGES, convolution, Replaced;
    "pool-stride", "max pooling backward without the stride", IMAGES, pooling, StrideInInput;
    "pool-replaced", "max pooling backward with windows that replace each other", IMAGES, pooling, Replaced;
    "pool-ties", "ties counted 2 times", UPSAMPLED, pooling, Ties;
    "pool-averaged", "dout of a maximum given by dx[window] += dout / n", IMAGES, pooling, Averaged;
}
