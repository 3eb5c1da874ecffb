//! Convolutions.

use ndarray::Array2;
use retrograde::Result;
use retrograde::check::{self, Report};
use retrograde::textbook::{
    Affine, Labels, Layer, Network, Parameter, Relu, SoftmaxWithLoss, Tensor, remembered,
};

use crate::check::support::{Expect, assert_near, matrix, numbers, tensor};

/// A15, end-to-end-machine-learning.teachable.com course 322, lecture 2.5: a kernel moved along each row, without padding.
struct Convolution {
    k: Tensor,
    dk: Option<Tensor>,
    x: Option<Tensor>,
    exchanged: bool,
}

/// Σ over i of a[i] b[i + j], for each j.
fn correlate(a: &[f64], b: &[f64]) -> Vec<f64> {
    (0..=b.len() - a.len()).map(|j| a.iter().zip(&b[j..]).map(|(a, b)| a * b).sum()).collect()
}

/// The rows of an array.
fn rows(x: &Tensor) -> Vec<Vec<f64>> {
    x.rows().into_iter().map(|row| row.to_vec()).collect()
}

fn array(rows: &[Vec<f64>]) -> Tensor {
    tensor(&[rows.len(), rows[0].len()], &rows.concat())
}

impl Layer for Convolution {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.x = Some(x.clone());
        let k: Vec<f64> = self.k.iter().copied().collect();
        Ok(array(&rows(x).iter().map(|x| correlate(&k, x)).collect::<Vec<_>>()))
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let x = remembered(self.x.as_ref(), "Convolution")?;
        let (mut dx, mut dk) = (x * 0.0, &self.k * 0.0);
        for (row, (x, g)) in rows(x).iter().zip(&rows(dout)).enumerate() {
            let mut of_row = correlate(g, x);
            if self.exchanged {
                // With its arguments exchanged the correlation comes out from its other end.
                of_row.reverse();
            }
            dk += &tensor(&[of_row.len()], &of_row);
            for (i, g) in g.iter().enumerate() {
                for (j, k) in self.k.iter().enumerate() {
                    dx[[row, i + j]] += g * k;
                }
            }
        }
        self.dk = Some(dk);
        Ok(dx)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![Parameter::new("k", &mut self.k, &self.dk)]
    }
}

#[test]
fn a15_kernel_gradient_reversed() -> Result<()> {
    let x = tensor(&[1, 5], &[1.0, 2.0, 4.0, -1.0, 3.0]);
    for (x, k) in [(x, tensor(&[3], &[0.5, -1.0, 2.0])), (numbers(&[3, 7], 4), numbers(&[4], 51))] {
        let layer = |exchanged| Convolution { k: k.clone(), dk: None, x: None, exchanged };
        if x.shape() == [1, 5] {
            for (exchanged, expected) in [(true, [7.5, -6.5, -1.0]), (false, [-1.0, -6.5, 7.5])] {
                let mut layer = layer(exchanged);
                layer.forward(&x)?;
                layer.backward(&tensor(&[1, 3], &[1.0, -2.0, 0.5]))?;
                assert_near(layer.dk.as_ref().expect("backward ran"), &expected, 0.0);
            }
        }
        Expect::wrong("k", &["rearranged: np.flip(dk"]).of(&check::layer(&mut layer(true), &x)?);
        Expect::right().of(&check::layer(&mut layer(false), &x)?);
    }
    Ok(())
}

/// A17, github renmengye/np-conv2d pull 2: a convolution with SAME padding, [N, H, W, C] and [kh, kw, C, K].
#[derive(Clone, Copy)]
struct Same {
    stride: usize,
    /// Whether the input gradient computes the width's padding from the output's height.
    from_height: bool,
}

/// The size of the output, and the padding before and in all, for one axis.
fn same(size: usize, kernel: usize, stride: usize) -> (usize, usize, usize) {
    let output = size.div_ceil(stride);
    let padding = padding(output, size, kernel, stride);
    (output, padding / 2, padding)
}

fn padding(output: usize, size: usize, kernel: usize, stride: usize) -> usize {
    ((output - 1) * stride + kernel).saturating_sub(size)
}

impl Same {
    /// Calls `f` with the positions in y, in the padded x, and in w, of each product.
    fn products(self, x: &[usize], w: &[usize], mut f: impl FnMut([usize; 4], [usize; 4], [usize; 4])) {
        let (h, _, _) = same(x[1], w[0], self.stride);
        let (width, _, _) = same(x[2], w[1], self.stride);
        for n in 0..x[0] {
            for (i, j) in (0..h).flat_map(|i| (0..width).map(move |j| (i, j))) {
                for (a, b) in (0..w[0]).flat_map(|a| (0..w[1]).map(move |b| (a, b))) {
                    for (c, k) in (0..w[2]).flat_map(|c| (0..w[3]).map(move |k| (c, k))) {
                        f([n, i, j, k], [n, i * self.stride + a, j * self.stride + b, c], [a, b, c, k]);
                    }
                }
            }
        }
    }

    fn padded(self, x: &Tensor, w: &[usize]) -> Tensor {
        let (_, top, height) = same(x.shape()[1], w[0], self.stride);
        let (_, left, width) = same(x.shape()[2], w[1], self.stride);
        let shape = vec![x.shape()[0], x.shape()[1] + height, x.shape()[2] + width, x.shape()[3]];
        let mut padded = Tensor::zeros(shape);
        for (at, x) in x.indexed_iter() {
            padded[[at[0], at[1] + top, at[2] + left, at[3]]] = *x;
        }
        padded
    }

    fn forward(self, x: &Tensor, w: &Tensor) -> Tensor {
        let padded = self.padded(x, w.shape());
        let (h, _, _) = same(x.shape()[1], w.shape()[0], self.stride);
        let (width, _, _) = same(x.shape()[2], w.shape()[1], self.stride);
        let mut y = Tensor::zeros(vec![x.shape()[0], h, width, w.shape()[3]]);
        self.products(x.shape(), w.shape(), |to, from, at| y[to] += padded[from] * w[at]);
        y
    }

    fn backward(self, x: &Tensor, w: &Tensor, g: &Tensor) -> [Tensor; 2] {
        let padded = self.padded(x, w.shape());
        let (mut dpadded, mut dw) = (&padded * 0.0, w * 0.0);
        self.products(x.shape(), w.shape(), |from, to, at| {
            dpadded[to] += g[from] * w[at];
            dw[at] += g[from] * padded[to];
        });
        let (h, top, _) = same(x.shape()[1], w.shape()[0], self.stride);
        let (_, mut left, _) = same(x.shape()[2], w.shape()[1], self.stride);
        if self.from_height {
            left = padding(h, x.shape()[2], w.shape()[1], self.stride) / 2;
        }
        let dx = Tensor::from_shape_fn(x.shape(), |at| {
            dpadded.get([at[0], at[1] + top, at[2] + left, at[3]]).copied().unwrap_or(0.0)
        });
        [dx, dw]
    }

    fn check(self, x: &Tensor, w: &Tensor) -> Result<Report> {
        check::vjp(
            &[("x", x.clone()), ("w", w.clone())],
            |p| Ok(vec![self.forward(&p[0], &p[1])]),
            |p, g| Ok(self.backward(&p[0], &p[1], &g[0]).map(Some).into()),
        )
    }
}

#[test]
fn a17_padding_of_the_width_computed_from_the_height() -> Result<()> {
    let causes = &["rearranged: ", "padding of the width computed from the height", "height for width"];
    // Higher than wide, and wider than high.
    for (h, width, kernel, stride) in [(6, 4, [3, 3], 1), (4, 7, [2, 3], 1), (9, 5, [3, 4], 2)] {
        let (x, w) = (numbers(&[2, h, width, 1], 8), numbers(&[kernel[0], kernel[1], 1, 2], 93));
        Expect::wrong("x", causes).of(&Same { stride, from_height: true }.check(&x, &w)?);
    }
    Ok(())
}

#[test]
fn a17_done_right_at_sizes_that_the_stride_does_not_divide() -> Result<()> {
    let shapes = [
        ([2, 6, 4, 1], [3, 3, 1, 2], 1),
        ([1, 5, 7, 2], [2, 3, 2, 1], 2),
        ([2, 4, 8, 1], [3, 2, 1, 2], 3),
        // A kernel smaller than the stride: what lies between has no gradient.
        ([1, 7, 5, 1], [1, 2, 1, 2], 3),
    ];
    for (x, w, stride) in shapes {
        Expect::right().of(&Same { stride, from_height: false }.check(&numbers(&x, 8), &numbers(&w, 93))?);
    }
    Ok(())
}

/// Channels moved over images, without padding: [N, C, H, W] → [N, K, H', W'], for B11.
struct Images {
    w: Tensor,
    dw: Option<Tensor>,
    x: Option<Tensor>,
}

impl Images {
    fn new(w: Tensor) -> Self {
        Images { w, dw: None, x: None }
    }

    /// Calls `f` with the positions in y, x and w of each product.
    fn products(x: &[usize], w: &[usize], mut f: impl FnMut([usize; 4], [usize; 4], [usize; 4])) {
        for n in 0..x[0] {
            for (i, j) in (0..=x[2] - w[2]).flat_map(|i| (0..=x[3] - w[3]).map(move |j| (i, j))) {
                for (a, b) in (0..w[2]).flat_map(|a| (0..w[3]).map(move |b| (a, b))) {
                    for (k, c) in (0..w[0]).flat_map(|k| (0..w[1]).map(move |c| (k, c))) {
                        f([n, k, i, j], [n, c, i + a, j + b], [k, c, a, b]);
                    }
                }
            }
        }
    }
}

impl Layer for Images {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let (from, w) = (x.shape(), self.w.shape());
        let mut y = Tensor::zeros(vec![from[0], w[0], from[2] - w[2] + 1, from[3] - w[3] + 1]);
        Images::products(from, w, |to, from, at| y[to] += x[from] * self.w[at]);
        self.x = Some(x.clone());
        Ok(y)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let x = remembered(self.x.as_ref(), "Images")?;
        let (mut dx, mut dw) = (x * 0.0, &self.w * 0.0);
        Images::products(x.shape(), self.w.shape(), |from, to, at| {
            dx[to] += dout[from] * self.w[at];
            dw[at] += dout[from] * x[to];
        });
        self.dw = Some(dw);
        Ok(dx)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![Parameter::new("w", &mut self.w, &self.dw)]
    }
}

/// The largest of each window of 2 × 2, the first of equals.
struct Pool {
    /// The shape of x, and the position in x that each output came from.
    memory: Option<(Vec<usize>, Vec<[usize; 4]>)>,
}

impl Layer for Pool {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let shape = x.shape();
        let mut from = Vec::new();
        let y = Tensor::from_shape_fn(vec![shape[0], shape[1], shape[2] / 2, shape[3] / 2], |at| {
            let window = [[0, 0], [0, 1], [1, 0], [1, 1]];
            let all = window.map(|[a, b]| [at[0], at[1], 2 * at[2] + a, 2 * at[3] + b]);
            let largest = all.into_iter().reduce(|best, at| if x[at] > x[best] { at } else { best });
            from.push(largest.expect("four"));
            x[largest.expect("four")]
        });
        self.memory = Some((shape.to_vec(), from));
        Ok(y)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (shape, from) = remembered(self.memory.as_ref(), "Pool")?;
        let mut dx = Tensor::zeros(shape.clone());
        from.iter().zip(dout).for_each(|(at, d)| dx[*at] += d);
        Ok(dx)
    }
}

/// [N, ...] → [N, D]
struct Flatten(Vec<usize>);

impl Layer for Flatten {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.0 = x.shape().to_vec();
        let numbers: Vec<f64> = x.iter().copied().collect();
        Ok(tensor(&[self.0[0], x.len() / self.0[0]], &numbers))
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        Ok(tensor(&self.0, &dout.iter().copied().collect::<Vec<_>>()))
    }
}

/// B11, stats.stackexchange 184220: a network of convolutions whose gradients are right, and agree with differences to
/// fewer digits the nearer a kernel is to the input, since each of its numbers moves many rectifiers and maxima.
#[test]
fn b11_fewer_digits_in_the_first_layer_are_no_fault() -> Result<()> {
    for (rows, scale) in [(2, 1.0), (3, 0.05)] {
        let weights: Array2<f64> = matrix(&(numbers(&[3 * 2 * 2, 4], 300)));
        let mut network = Network::new(SoftmaxWithLoss::new())
            .then(Images::new(numbers(&[2, 1, 3, 3], 31) * scale))
            .then(Relu::new())
            .then(Pool { memory: None })
            .then(Images::new(numbers(&[3, 2, 2, 2], 77) * scale))
            .then(Relu::new())
            .then(Flatten(Vec::new()))
            .then(Affine::new(weights, ndarray::Array1::zeros(4))?);
        let mut x = numbers(&[rows, 1, 8, 8], 3);
        // A dark corner: ties in its windows, and rectifiers at exactly 0.
        x.slice_each_axis_mut(|axis| if axis.axis.index() < 2 { (..).into() } else { (..5).into() })
            .fill(0.0);
        let labels = Labels::Classes((0..rows).collect());
        Expect::right().of_network(&check::network(&mut network, &x, &labels)?);
    }
    Ok(())
}
