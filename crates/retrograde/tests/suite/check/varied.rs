//! Right layers and losses in many styles, at inputs where rounding, ties and saturation decide: no false positives. Their
//! gradients were derived by hand.

#![expect(clippy::too_many_lines, reason = "lists of cases")]

use ndarray::{Axis, Ix2};
use retrograde::Result;
use retrograde::check::{self, Verdict};
use retrograde::textbook::{Layer, Parameter, Tensor, remembered};

/// What a backward is made from: the input, the parameters, the output and the upstream gradient.
struct Given<'a> {
    x: &'a Tensor,
    p: &'a [Tensor],
    y: &'a Tensor,
    d: &'a Tensor,
}

type Forward = fn(&Tensor, &[Tensor]) -> Tensor;
type Backward = fn(&Given<'_>) -> (Tensor, Vec<Tensor>);

/// A layer from a forward and a backward; every array that it takes or gives is rounded.
struct Hand {
    parameters: Vec<Tensor>,
    gradients: Option<Vec<Tensor>>,
    forward: Forward,
    backward: Backward,
    memory: Option<(Tensor, Tensor)>,
    round: fn(f64) -> f64,
}

const NAMES: [&str; 4] = ["a", "b", "c", "e"];

impl Hand {
    fn rounded(&self, values: &Tensor) -> Tensor {
        values.mapv(self.round)
    }

    fn values(&self) -> Vec<Tensor> {
        self.parameters.iter().map(|value| self.rounded(value)).collect()
    }
}

impl Layer for Hand {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let x = self.rounded(x);
        let y = self.rounded(&(self.forward)(&x, &self.values()));
        self.memory = Some((x, y.clone()));
        Ok(y)
    }

    fn backward(&mut self, d: &Tensor) -> Result<Tensor> {
        let (x, y) = remembered(self.memory.as_ref(), "Hand")?;
        let (dx, gradients) = (self.backward)(&Given { x, p: &self.values(), y, d: &self.rounded(d) });
        self.gradients = Some(gradients.iter().map(|one| self.rounded(one)).collect());
        Ok(self.rounded(&dx))
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let gradients = self.gradients.as_ref();
        let named = self.parameters.iter_mut().enumerate();
        named.map(|(at, value)| Parameter::new(NAMES[at], value, gradients.map(|all| &all[at]))).collect()
    }
}

/// A case: its name, the input, the parameters, and both passes.
type Case = (&'static str, Tensor, Vec<Tensor>, Forward, Backward);

fn t(shape: &[usize], numbers: &[f64]) -> Tensor {
    Tensor::from_shape_vec(shape.to_vec(), numbers.to_vec()).expect("as many numbers as the shape has")
}

/// Numbers between −1 and 1 of either sign.
fn some(shape: &[usize], seed: usize) -> Tensor {
    let mut at = seed;
    Tensor::from_shape_simple_fn(shape.to_vec(), || {
        at += 1;
        ((at * 7919 + 13) % 1009) as f64 / 504.5 - 1.0
    })
}

fn each(x: &Tensor, d: &Tensor, f: impl Fn(f64, f64) -> f64) -> Tensor {
    ndarray::Zip::from(x).and(d).map_collect(|x, d| f(*x, *d))
}

fn dot(a: &Tensor, b: &Tensor) -> Tensor {
    let matrix = |x: &Tensor| x.view().into_dimensionality::<Ix2>().expect("two axes").to_owned();
    matrix(a).dot(&matrix(b)).into_dyn()
}

fn tr(a: &Tensor) -> Tensor {
    a.t().to_owned()
}

/// The sum of each row, as a column.
fn rows(x: &Tensor) -> Tensor {
    x.sum_axis(Axis(1)).insert_axis(Axis(1))
}

fn most(x: &Tensor) -> Tensor {
    x.fold_axis(Axis(1), f64::NEG_INFINITY, |most, x| most.max(*x)).insert_axis(Axis(1))
}

fn scalar(number: f64) -> Tensor {
    t(&[], &[number])
}

fn soft(x: &Tensor) -> Tensor {
    let e = (x - &most(x)).mapv(f64::exp);
    &e / &rows(&e)
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn single(x: f64) -> f64 {
    f64::from(x as f32)
}

/// Eight significant bits.
fn brain(x: f64) -> f64 {
    let bits = (x as f32).to_bits();
    f64::from(f32::from_bits((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff_0000))
}

/// An elementwise function.
macro_rules! pointwise {
    ($name:expr, $x:expr, |$v:ident| $forward:expr, $slope:expr) => {
        (
            $name,
            $x,
            vec![],
            |x, _| x.mapv(|$v: f64| $forward),
            |g| (each(g.x, g.d, |$v, d| d * $slope), vec![]),
        )
    };
}

/// A loss that is a sum over all numbers.
macro_rules! summed {
    ($name:expr, $x:expr, |$v:ident| $forward:expr, $slope:expr) => {
        (
            $name,
            $x,
            vec![],
            |x, _| scalar(x.iter().map(|&$v: &f64| $forward).sum()),
            |g| (g.x.mapv(|$v: f64| g.d.sum() * $slope), vec![]),
        )
    };
}

fn normalizations() -> Vec<Case> {
    fn centered(x: &Tensor, axis: usize) -> (Tensor, Tensor) {
        let count = x.shape()[axis] as f64;
        let c = x - &(x.sum_axis(Axis(axis)) / count).insert_axis(Axis(axis));
        let v = ((&c * &c).sum_axis(Axis(axis)) / count).insert_axis(Axis(axis));
        (c, v)
    }
    fn back(x: &Tensor, d: &Tensor, axis: usize, eps: f64) -> Tensor {
        let count = x.shape()[axis] as f64;
        let (c, v) = centered(x, axis);
        let r = v.mapv(|v| 1.0 / (v + eps).sqrt());
        let mean = |x: &Tensor| (x.sum_axis(Axis(axis)) / count).insert_axis(Axis(axis));
        let h = &c * &r;
        &r * &(d - &mean(d) - &h * &mean(&(d * &h)))
    }
    let batch: Forward = |x, p| {
        let (c, v) = centered(x, 0);
        c * v.mapv(|v| 1.0 / (v + 1e-5).sqrt()) * &p[0] + &p[1]
    };
    let batch_back: Backward = |g| {
        let (c, v) = centered(g.x, 0);
        let h = c * v.mapv(|v| 1.0 / (v + 1e-5).sqrt());
        let dx = back(g.x, &(g.d * &g.p[0]), 0, 1e-5);
        (dx, vec![(g.d * &h).sum_axis(Axis(0)), g.d.sum_axis(Axis(0))])
    };
    let row: Forward = |x, _| {
        let (c, v) = centered(x, 1);
        c * v.mapv(|v| 1.0 / (v + 1e-5).sqrt())
    };
    let row_back: Backward = |g| (back(g.x, g.d, 1, 1e-5), vec![]);
    let gain = || vec![t(&[3], &[1.0, 1.0, 1.0]), t(&[3], &[0.0, 0.0, 0.0])];
    vec![
        ("batch norm far from 0", some(&[4, 3], 1) + 1e6, gain(), batch, batch_back),
        ("batch norm of tiny numbers", some(&[4, 3], 2) * 1e-9, gain(), batch, batch_back),
        ("batch norm of one row", some(&[1, 3], 3), gain(), batch, batch_back),
        ("batch norm of two rows", some(&[2, 3], 3), gain(), batch, batch_back),
        ("layer norm of constant rows", t(&[2, 3], &[4.0; 6]), vec![], row, row_back),
        ("layer norm of width 1", some(&[3, 1], 4), vec![], row, row_back),
        ("layer norm of huge numbers", some(&[3, 4], 5) * 1e8, vec![], row, row_back),
        ("layer norm of width 2", some(&[3, 2], 6), vec![], row, row_back),
        (
            "variance as a difference of means",
            some(&[4, 3], 7) * 0.1 + 300.0,
            vec![],
            |x, _| {
                let n = x.shape()[0] as f64;
                let m = x.sum_axis(Axis(0)) / n;
                let v = (x * x).sum_axis(Axis(0)) / n - &m * &m;
                (x - &m) / &v.mapv(|v| (v + 1e-5).sqrt())
            },
            |g| (back(g.x, g.d, 0, 1e-5), vec![]),
        ),
        (
            "rms norm with a row of zeros",
            t(&[2, 3], &[0.0, 0.0, 0.0, 1.0, -2.0, 0.5]),
            vec![],
            |x, _| x / &(rows(&(x * x)) / x.shape()[1] as f64).mapv(|v| (v + 1e-6).sqrt()),
            |g| {
                let n = g.x.shape()[1] as f64;
                let r = (rows(&(g.x * g.x)) / n).mapv(|v| 1.0 / (v + 1e-6).sqrt());
                (&r * g.d - g.x * &(rows(&(g.d * g.x)) * &r.mapv(|r| r.powi(3)) / n), vec![])
            },
        ),
        (
            "length of each row, tiny",
            some(&[3, 2], 9) * 1e-9,
            vec![],
            |x, _| rows(&(x * x)).mapv(f64::sqrt),
            |g| (g.d * g.x / g.y, vec![]),
        ),
        (
            "normalized weight",
            some(&[3, 2], 10),
            vec![t(&[2], &[3.0, -1e-3]), t(&[1], &[0.7])],
            |x, p| {
                let n = p[0].iter().map(|v| v * v).sum::<f64>().sqrt();
                rows(&(x * &p[0])) / n * p[1].sum()
            },
            |g| {
                let (v, s) = (&g.p[0], g.p[1].sum());
                let n = v.iter().map(|v| v * v).sum::<f64>().sqrt();
                let xd = (g.x * g.d).sum_axis(Axis(0));
                let along = (&xd * v).sum();
                let dv = (&xd / n - v * (along / n.powi(3))) * s;
                (g.d * v * (s / n), vec![dv, t(&[1], &[along / n])])
            },
        ),
        (
            "cosine similarity with a short vector",
            t(&[2, 3], &[1e-4, -2e-4, 1e-4, 3.0, 1.0, -2.0]),
            vec![t(&[3], &[0.3, -0.8, 0.5])],
            |x, p| {
                let w = p[0].iter().map(|v| v * v).sum::<f64>().sqrt();
                rows(&(x * &p[0])) / (rows(&(x * x)).mapv(f64::sqrt) * w)
            },
            |g| {
                let w = &g.p[0];
                let n = w.iter().map(|v| v * v).sum::<f64>().sqrt();
                let l = rows(&(g.x * g.x)).mapv(f64::sqrt);
                let dx = g.d * &(w / n / &l - g.x * &(g.y / &(&l * &l)));
                let per = g.x / &l / n - g.y * &(w / (n * n));
                (dx, vec![(g.d * &per).sum_axis(Axis(0))])
            },
        ),
        (
            "divided by the largest",
            t(&[2, 3], &[3.0, -1.0, 2.0, 0.5, 0.25, 0.125]),
            vec![],
            |x, _| x / &most(x),
            |g| {
                let m = most(g.x);
                let loss = rows(&(g.d * g.x)) / &(&m * &m);
                let mut dx = g.d / &m;
                for ((mut to, from), (m, loss)) in
                    dx.rows_mut().into_iter().zip(g.x.rows()).zip(m.iter().zip(&loss))
                {
                    let at = from.iter().position(|x| x == m).expect("a largest number");
                    to[at] -= loss;
                }
                (dx, vec![])
            },
        ),
    ]
}

fn activations() -> Vec<Case> {
    let far = || t(&[2, 3], &[-40.0, -18.0, -1.0, 0.5, 19.0, 38.0]);
    let zeros = || t(&[2, 3], &[0.0, -1.0, 0.0, 2.0, 0.0, 1.0]);
    vec![
        pointwise!("sigmoid far out", far(), |x| sigmoid(x), sigmoid(x) * (1.0 - sigmoid(x))),
        pointwise!("tanh far out", far(), |x| x.tanh(), 1.0 - x.tanh() * x.tanh()),
        pointwise!("naive softplus", far(), |x| x.exp().ln_1p(), sigmoid(x)),
        pointwise!("exp of large numbers", far() * 7.0, |x| x.exp(), x.exp()),
        pointwise!("absolute value at 0", zeros(), |x| x.abs(), if x == 0.0 { 0.0 } else { x.signum() }),
        pointwise!("relu of exact zeros", zeros(), |x| x.max(0.0), f64::from(u8::from(x > 0.0))),
        pointwise!(
            "clip at its border",
            zeros(),
            |x| x.clamp(-1.0, 1.0),
            f64::from(u8::from(x.abs() <= 1.0))
        ),
        pointwise!("relu6", zeros() * 6.0, |x| x.clamp(0.0, 6.0), f64::from(u8::from(x > 0.0 && x < 6.0))),
        pointwise!(
            "leaky relu of zeros",
            zeros(),
            |x| if x > 0.0 { x } else { 0.01 * x },
            if x > 0.0 { 1.0 } else { 0.01 }
        ),
        pointwise!("a fast sine", some(&[2, 3], 3), |x| (100.0 * x).sin(), 100.0 * (100.0 * x).cos()),
        pointwise!("power three halves", t(&[3], &[1e-6, 0.5, 4.0]), |x| x.powf(1.5), 1.5 * x.sqrt()),
        pointwise!("square root near 0", t(&[3], &[1e-8, 1e-4, 2.0]), |x| x.sqrt(), 0.5 / x.sqrt()),
        pointwise!("inverse near 0", t(&[3], &[1e-5, -2e-3, 2.0]), |x| 1.0 / x, -1.0 / (x * x)),
        pointwise!("logarithm of tiny numbers", t(&[3], &[1e-30, 1e-8, 2.0]), |x| x.ln(), 1.0 / x),
        pointwise!("affine with a huge slope", some(&[2, 3], 4) * 1e-6, |x| 1e12 * x + 3.0, 1e12 + 0.0 * x),
        pointwise!("affine with a tiny slope", some(&[2, 3], 4), |x| 1e-12 * x + 3.0, 1e-12 + 0.0 * x),
        pointwise!(
            "hard sigmoid",
            zeros() * 2.5,
            |x| (0.2 * x + 0.5).clamp(0.0, 1.0),
            if x > -2.5 && x < 2.5 { 0.2 } else { 0.0 }
        ),
        pointwise!(
            "hard swish",
            zeros() * 3.0,
            |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            if x <= -3.0 {
                0.0
            } else if x >= 3.0 {
                1.0
            } else {
                (2.0 * x + 3.0) / 6.0
            }
        ),
        pointwise!(
            "cast to f32 on the way",
            some(&[2, 3], 5),
            |x| f64::from((x as f32 * 1.7).tanh()) * 2.0,
            3.4 * (1.0 - (1.7 * x).tanh().powi(2))
        ),
        pointwise!(
            "cast to bf16 on the way",
            some(&[2, 3], 6),
            |x| brain(brain(x).tanh()) + x,
            2.0 - x.tanh().powi(2)
        ),
        pointwise!(
            "identity as two rectifiers",
            t(&[3], &[0.0, 1.0, -2.0]),
            |x| x.max(0.0) - (-x).max(0.0),
            f64::from(u8::from(x != 0.0)).max(1.0)
        ),
    ]
}

fn losses() -> Vec<Case> {
    let zeros = || t(&[2, 3], &[0.0, -1.0, 0.0, 2.0, 0.0, 1.0]);
    vec![
        summed!(
            "huber at its border",
            zeros(),
            |e| if e.abs() <= 1.0 { 0.5 * e * e } else { e.abs() - 0.5 },
            e.clamp(-1.0, 1.0)
        ),
        summed!("hinge at its margin", zeros(), |x| (1.0 - x).max(0.0), if x < 1.0 { -1.0 } else { 0.0 }),
        summed!("squared hinge", zeros(), |x| (1.0 - x).max(0.0).powi(2), -2.0 * (1.0 - x).max(0.0)),
        summed!(
            "quantile loss at 0",
            zeros(),
            |e| if e >= 0.0 { 0.9 * e } else { -0.1 * e },
            if e >= 0.0 { 0.9 } else { -0.1 }
        ),
        summed!("charbonnier at 0", zeros(), |e| (e * e + 1e-6).sqrt(), e / (e * e + 1e-6).sqrt()),
        summed!("log cosh far out", zeros() * 40.0, |e| e.cosh().ln(), e.tanh()),
        summed!("squared error of a fit", some(&[3, 2], 8) * 1e-7, |e| 0.5 * e * e, e),
        summed!("squared error of a perfect fit", t(&[3, 2], &[0.0; 6]), |e| 0.5 * e * e, e),
        summed!("thousand rows", some(&[1000, 1], 9), |e| 0.5 * e * e / 1000.0, e / 1000.0),
        summed!(
            "hinge, all inactive",
            zeros() + 5.0,
            |x| (1.0 - x).max(0.0),
            if x < 1.0 { -1.0 } else { 0.0 }
        ),
        summed!(
            "binary cross entropy with logits",
            zeros() * 20.0,
            |z| z.max(0.0) - z + (-z.abs()).exp().ln_1p(),
            sigmoid(z) - 1.0
        ),
        summed!(
            "negative binomial",
            some(&[2, 2], 3),
            |x| 3.0 * x.exp().ln_1p() - 2.0 * x,
            3.0 * sigmoid(x) - 2.0
        ),
        summed!(
            "divergence with zeros in the target",
            t(&[3], &[0.2, 0.5, 0.3]),
            |q| if q > 0.4 { 0.0 } else { 0.5 * (0.5 / q).ln() },
            if q > 0.4 { 0.0 } else { -0.5 / q }
        ),
        summed!("focal loss", some(&[2, 3], 5) * 6.0, |z| -(1.0 - sigmoid(z)).powi(2) * sigmoid(z).ln(), {
            let p = sigmoid(z);
            2.0 * (1.0 - p).powi(2) * p * p.ln() - (1.0 - p).powi(3)
        }),
        (
            "one class",
            some(&[3, 1], 2),
            vec![],
            |x, _| scalar(-soft(x).iter().map(|y| y.ln()).sum::<f64>() / 3.0),
            |g| ((soft(g.x) - 1.0) * (g.d.sum() / 3.0), vec![]),
        ),
        (
            "log-sum-exp with ties, large",
            t(&[2, 3], &[900.0, 900.0, 900.0, -900.0, -905.0, -2000.0]),
            vec![],
            |x, _| most(x) + rows(&(x - &most(x)).mapv(f64::exp)).mapv(f64::ln),
            |g| (g.d * &soft(g.x), vec![]),
        ),
        (
            "softmax at a low temperature",
            some(&[2, 4], 3),
            vec![],
            |x, _| soft(&(x * 1000.0)),
            |g| ((g.d - &rows(&(g.d * g.y))) * g.y * 1000.0, vec![]),
        ),
        (
            "cross entropy over many confident rows",
            Tensor::from_shape_fn(
                vec![50, 4],
                |at| if at[1] == at[0] % 4 { 25.0 } else { 0.1 * at[1] as f64 },
            ),
            vec![],
            |x, _| {
                let count = x.shape()[0];
                scalar((0..count).map(|n| -soft(x)[[n, n % 4]].ln()).sum::<f64>() / count as f64)
            },
            |g| {
                let mut dx = soft(g.x);
                let count = g.x.shape()[0];
                (0..count).for_each(|n| dx[[n, n % 4]] -= 1.0);
                (dx * (g.d.sum() / count as f64), vec![])
            },
        ),
        (
            "multi-class hinge with ties",
            t(&[2, 3], &[1.0, 0.0, 0.0, 2.0, 2.0, 1.0]),
            vec![],
            |x, _| {
                let margin =
                    |n: usize, c: usize| if c == n { 0.0 } else { (x[[n, c]] - x[[n, n]] + 1.0).max(0.0) };
                scalar((0..2).map(|n| (0..3).map(|c| margin(n, c)).sum::<f64>()).sum())
            },
            |g| {
                let mut dx = g.x * 0.0;
                for n in 0..2 {
                    for c in (0..3).filter(|c| *c != n) {
                        if g.x[[n, c]] - g.x[[n, n]] + 1.0 > 0.0 {
                            dx[[n, c]] += g.d.sum();
                            dx[[n, n]] -= g.d.sum();
                        }
                    }
                }
                (dx, vec![])
            },
        ),
        (
            "triplets beyond their margin",
            t(&[1, 3], &[0.0, 0.1, 5.0]),
            vec![],
            |x, _| scalar(((x[[0, 0]] - x[[0, 1]]).powi(2) - (x[[0, 0]] - x[[0, 2]]).powi(2) + 1.0).max(0.0)),
            |g| {
                let (a, p, n) = (g.x[[0, 0]], g.x[[0, 1]], g.x[[0, 2]]);
                let on = f64::from(u8::from((a - p).powi(2) - (a - n).powi(2) + 1.0 > 0.0)) * g.d.sum();
                let mut dx = g.x * 0.0;
                (dx[[0, 0]], dx[[0, 1]], dx[[0, 2]]) =
                    (2.0 * (n - p) * on, -2.0 * (a - p) * on, 2.0 * (a - n) * on);
                (dx, vec![])
            },
        ),
    ]
}

fn structures() -> Vec<Case> {
    let columns: Forward = |x, p| dot(&p[0], x) + &p[1];
    let columns_back: Backward = |g| (dot(&tr(&g.p[0]), g.d), vec![dot(g.d, &tr(g.x)), rows(g.d)]);
    let affine: Forward = |x, p| dot(x, &p[0]) + &p[1];
    let affine_back: Backward = |g| (dot(g.d, &tr(&g.p[0])), vec![dot(&tr(g.x), g.d), g.d.sum_axis(Axis(0))]);
    vec![
        (
            "samples in columns",
            some(&[2, 4], 1),
            vec![some(&[3, 2], 2), some(&[3, 1], 3)],
            columns,
            columns_back,
        ),
        ("one number", some(&[1, 1], 1), vec![some(&[1, 1], 2), some(&[1], 3)], affine, affine_back),
        (
            "affine, inputs in the millions",
            some(&[3, 2], 1) * 1e6,
            vec![some(&[2, 2], 2), some(&[2], 3)],
            affine,
            affine_back,
        ),
        (
            "affine, tiny weights",
            some(&[3, 2], 1),
            vec![some(&[2, 2], 2) * 1e-10, some(&[2], 3)],
            affine,
            affine_back,
        ),
        (
            "affine, whole numbers",
            t(&[2, 2], &[1.0, 2.0, 3.0, 4.0]),
            vec![t(&[2, 2], &[1.0, 0.0, 0.0, 1.0]), t(&[2], &[0.0, 0.0])],
            affine,
            affine_back,
        ),
        (
            "the two rectifiers of one number",
            t(&[3, 1], &[0.0, 1.0, -1.0]),
            vec![t(&[1, 2], &[1.5, -2.0]), t(&[2, 1], &[0.7, 1.1])],
            |x, p| dot(&dot(x, &p[0]).mapv(|z| z.max(0.0)), &p[1]),
            |g| {
                let z = dot(g.x, &g.p[0]);
                let dz = each(&z, &dot(g.d, &tr(&g.p[1])), |z, d| if z > 0.0 { d } else { 0.0 });
                (dot(&dz, &tr(&g.p[0])), vec![dot(&tr(g.x), &dz), dot(&tr(&z.mapv(|z| z.max(0.0))), g.d)])
            },
        ),
        (
            "a skip around two rectifiers",
            t(&[3, 1], &[0.0, 1.0, -1.0]),
            vec![t(&[1, 2], &[1.0, -1.0]), t(&[2, 1], &[1.0, -1.0])],
            |x, p| x + &dot(&dot(x, &p[0]).mapv(|z| z.max(0.0)), &p[1]),
            |g| {
                let z = dot(g.x, &g.p[0]);
                let dz = each(&z, &dot(g.d, &tr(&g.p[1])), |z, d| if z > 0.0 { d } else { 0.0 });
                let dv = dot(&tr(&z.mapv(|z| z.max(0.0))), g.d);
                (g.d + &dot(&dz, &tr(&g.p[0])), vec![dot(&tr(g.x), &dz), dv])
            },
        ),
        (
            "pool of rectified zeros",
            t(&[2, 4], &[-1.0, -2.0, -0.5, -3.0, 0.0, 0.0, 1.0, -1.0]),
            vec![],
            |x, _| most(&x.mapv(|x| x.max(0.0))),
            |g| {
                let mut dx = g.x * 0.0;
                for ((mut to, from), (y, d)) in
                    dx.rows_mut().into_iter().zip(g.x.rows()).zip(g.y.iter().zip(g.d))
                {
                    let at = from.iter().position(|x| x.max(0.0) == *y).expect("a largest number");
                    to[at] = if from[at] > 0.0 { *d } else { 0.0 };
                }
                (dx, vec![])
            },
        ),
        (
            "equal shares of a tied maximum",
            t(&[2, 3], &[1.0, 1.0, 0.0, 2.0, 2.0, 2.0]),
            vec![],
            |x, _| most(x),
            |g| {
                let tied = each(g.x, &(g.y + &(g.x * 0.0)), |x, y| f64::from(u8::from(x == y)));
                (g.d * &tied / &rows(&tied), vec![])
            },
        ),
        (
            "sorted, with ties",
            t(&[2, 3], &[1.0, 1.0, 0.0, 3.0, 2.0, 2.0]),
            vec![],
            |x, _| {
                let mut y = x.clone();
                y.rows_mut()
                    .into_iter()
                    .for_each(|mut row| row.as_slice_mut().expect("rows").sort_by(f64::total_cmp));
                y
            },
            |g| {
                let mut dx = g.x * 0.0;
                for (n, row) in g.x.rows().into_iter().enumerate() {
                    let mut order: Vec<usize> = (0..row.len()).collect();
                    order.sort_by(|a, b| row[*a].total_cmp(&row[*b]));
                    order.iter().enumerate().for_each(|(to, from)| dx[[n, *from]] = g.d[[n, to]]);
                }
                (dx, vec![])
            },
        ),
        (
            "product of a row with zeros",
            t(&[3, 3], &[0.0, 2.0, 3.0, 0.0, 0.0, 5.0, 1.0, -2.0, 4.0]),
            vec![],
            |x, _| x.map_axis(Axis(1), |row| row.product()).insert_axis(Axis(1)),
            |g| {
                let others = |n: usize, at: usize| -> f64 {
                    (0..3).filter(|c| *c != at).map(|c| g.x[[n, c]]).product()
                };
                (
                    Tensor::from_shape_fn(vec![g.x.shape()[0], 3], |at| {
                        g.d[[at[0], 0]] * others(at[0], at[1])
                    }),
                    vec![],
                )
            },
        ),
        (
            "rows of a table, one twice",
            t(&[3], &[1.0, 0.0, 1.0]),
            vec![some(&[2, 3], 4)],
            |x, p| Tensor::from_shape_fn(vec![x.len(), 3], |at| p[0][[x[at[0]].abs() as usize % 2, at[1]]]),
            |g| {
                let mut table = &g.p[0] * 0.0;
                for (n, x) in g.x.iter().enumerate() {
                    (0..3).for_each(|c| table[[x.abs() as usize % 2, c]] += g.d[[n, c]]);
                }
                (g.x * 0.0, vec![table])
            },
        ),
        (
            "a fixed mask",
            some(&[3, 2], 5),
            vec![],
            |x, _| x * &t(&[2], &[2.0, 0.0]),
            |g| (g.d * &t(&[2], &[2.0, 0.0]), vec![]),
        ),
        (
            "causal attention that is sure",
            some(&[3, 2], 6) * 30.0,
            vec![],
            |x, _| {
                let mut s = dot(x, &tr(x));
                (0..3).for_each(|i| (i + 1..3).for_each(|j| s[[i, j]] = -1e9));
                dot(&soft(&s), x)
            },
            |g| {
                let mut s = dot(g.x, &tr(g.x));
                (0..3).for_each(|i| (i + 1..3).for_each(|j| s[[i, j]] = -1e9));
                let a = soft(&s);
                let da = dot(g.d, &tr(g.x));
                let mut ds = &a * &(&da - &rows(&(&a * &da)));
                (0..3).for_each(|i| (i + 1..3).for_each(|j| ds[[i, j]] = 0.0));
                (dot(&tr(&a), g.d) + dot(&ds, g.x) + dot(&tr(&ds), g.x), vec![])
            },
        ),
        (
            "paths summed in logarithms",
            some(&[4, 3], 7) * 3.0,
            vec![],
            |x, _| {
                // Forward variables of a chain in which only steps to the same or the next state are allowed.
                let mut a = t(&[3], &[x[[0, 0]], -1e30, -1e30]);
                for step in 1..4 {
                    let before = a.clone();
                    for s in 0..3 {
                        let from = if s == 0 { -1e30 } else { before[s - 1] };
                        let m = before[s].max(from);
                        a[s] = m + ((before[s] - m).exp() + (from - m).exp()).ln() + x[[step, s]];
                    }
                }
                scalar(a[2])
            },
            |g| {
                let mut all = vec![t(&[3], &[g.x[[0, 0]], -1e30, -1e30])];
                for step in 1..4 {
                    let before = &all[step - 1];
                    let at = |s: usize| {
                        let from = if s == 0 { -1e30 } else { before[s - 1] };
                        let m = before[s].max(from);
                        m + ((before[s] - m).exp() + (from - m).exp()).ln() + g.x[[step, s]]
                    };
                    all.push(t(&[3], &[at(0), at(1), at(2)]));
                }
                let mut dx = g.x * 0.0;
                let mut da = t(&[3], &[0.0, 0.0, g.d.sum()]);
                for step in (1..4).rev() {
                    let before = &all[step - 1];
                    let mut next = t(&[3], &[0.0; 3]);
                    for s in 0..3 {
                        dx[[step, s]] = da[s];
                        let from = if s == 0 { -1e30 } else { before[s - 1] };
                        let stay = 1.0 / (1.0 + (from - before[s]).exp());
                        next[s] += da[s] * stay;
                        if s > 0 {
                            next[s - 1] += da[s] * (1.0 - stay);
                        }
                    }
                    da = next;
                }
                dx[[0, 0]] = da[0];
                (dx, vec![])
            },
        ),
        (
            "logarithm of a determinant",
            t(&[1, 2, 2], &[2.0, 0.5, 0.3, 1.0]),
            vec![],
            |x, _| scalar((x[[0, 0, 0]] * x[[0, 1, 1]] - x[[0, 0, 1]] * x[[0, 1, 0]]).abs().ln()),
            |g| {
                let (a, b, c, e) = (g.x[[0, 0, 0]], g.x[[0, 0, 1]], g.x[[0, 1, 0]], g.x[[0, 1, 1]]);
                let det = a * e - b * c;
                let mut dx = g.x * 0.0;
                dx.index_axis_mut(Axis(0), 0).assign(&(t(&[2, 2], &[e, -c, -b, a]) * (g.d.sum() / det)));
                (dx, vec![])
            },
        ),
        (
            "a recurrence that dies out",
            some(&[2, 6], 8) * 4.0,
            vec![t(&[1], &[3.0]), t(&[1], &[2.0])],
            |x, p| {
                let mut h = x.index_axis(Axis(1), 0).to_owned() * 0.0;
                for step in 0..6 {
                    h = (x.index_axis(Axis(1), step).to_owned() * p[0].sum() + h * p[1].sum())
                        .mapv(f64::tanh);
                }
                h
            },
            |g| {
                let (w, u) = (g.p[0].sum(), g.p[1].sum());
                let mut h = vec![g.x.index_axis(Axis(1), 0).to_owned() * 0.0];
                for step in 0..6 {
                    h.push((g.x.index_axis(Axis(1), step).to_owned() * w + &h[step] * u).mapv(f64::tanh));
                }
                let (mut dx, mut dw, mut du, mut dh) = (g.x * 0.0, 0.0, 0.0, g.d.clone());
                for step in (0..6).rev() {
                    let da = &dh * &h[step + 1].mapv(|h| 1.0 - h * h);
                    dw += (&da * &g.x.index_axis(Axis(1), step)).sum();
                    du += (&da * &h[step]).sum();
                    dx.index_axis_mut(Axis(1), step).assign(&(&da * w));
                    dh = da * u;
                }
                (dx, vec![t(&[1], &[dw]), t(&[1], &[du])])
            },
        ),
        (
            "convolution of a row with itself around",
            some(&[2, 5], 9),
            vec![some(&[3], 1)],
            |x, p| {
                Tensor::from_shape_fn(vec![x.shape()[0], 5], |at| {
                    (0..3).map(|k| x[[at[0], (at[1] + k) % 5]] * p[0][k]).sum()
                })
            },
            |g| {
                let (mut dx, mut dw) = (g.x * 0.0, &g.p[0] * 0.0);
                for n in 0..g.x.shape()[0] {
                    for i in 0..5 {
                        for k in 0..3 {
                            dx[[n, (i + k) % 5]] += g.d[[n, i]] * g.p[0][k];
                            dw[k] += g.d[[n, i]] * g.x[[n, (i + k) % 5]];
                        }
                    }
                }
                (dx, vec![dw])
            },
        ),
    ]
}

fn called_wrong(cases: Vec<Case>, round: fn(f64) -> f64) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, x, parameters, forward, backward) in cases {
        let mut layer = Hand { parameters, gradients: None, forward, backward, memory: None, round };
        match check::layer(&mut layer, &x) {
            Ok(report) if report.verdict == Verdict::Wrong => wrong.push(format!("{name}\n{report}")),
            Ok(report) => println!("{name}: {:?}", report.verdict),
            Err(error) => wrong.push(format!("{name}\n{error}")),
        }
    }
    wrong
}

#[track_caller]
fn none_is_wrong(cases: fn() -> Vec<Case>) {
    let in_each = |round: fn(f64) -> f64| called_wrong(cases(), round);
    let wrong = [in_each(|x| x), in_each(single), in_each(brain)].concat();
    assert!(wrong.is_empty(), "{} called wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn right_normalizations() {
    none_is_wrong(normalizations);
}

#[test]
fn right_activations() {
    none_is_wrong(activations);
}

#[test]
fn right_losses() {
    none_is_wrong(losses);
}

#[test]
fn right_structures() {
    none_is_wrong(structures);
}
