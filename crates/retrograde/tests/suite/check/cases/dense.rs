//! Dense layers, and whole networks of them.

use std::cell::RefCell;

use ndarray::{Array2, Axis, arr2};
use retrograde::Result;
use retrograde::check::{self, Report};
use retrograde::textbook::{Labels, Layer, LossLayer, Parameter, Tensor, remembered};

use crate::check::support::{
    Expect, assert_near, matrix, numbers, scalar, sigmoid, softmax_of, softmax_rows, step, tensor,
};

const OWN_OUTPUT: &[&str] = &["own output for input", "x changed: y", "x changed: out"];

/// A1, datascience.stackexchange 25394: one sigmoid neuron, all in one class.
struct Neuron {
    /// What stands beside dz in dw, of the input and the activation.
    beside: fn(f64, f64) -> f64,
}

impl Neuron {
    const X: [f64; 4] = [-3.0, -2.0, 3.0, 2.0];
    const Y: [f64; 4] = [0.0, 0.0, 1.0, 1.0];

    fn activations(p: &[Tensor]) -> [f64; 4] {
        Self::X.map(|x| sigmoid(p[0][[0]] * x + p[1][[0]]))
    }

    fn cost(p: &[Tensor]) -> f64 {
        let costs = Self::activations(p).into_iter().zip(Self::Y);
        -costs.map(|(h, y)| y * h.ln() + (1.0 - y) * (1.0 - h).ln()).sum::<f64>() / 4.0
    }

    fn gradients(&self, p: &[Tensor]) -> Vec<Tensor> {
        let (mut dw, mut db) = (0.0, 0.0);
        for ((h, x), y) in Self::activations(p).into_iter().zip(Self::X).zip(Self::Y) {
            let dz = h - y;
            dw += dz * (self.beside)(x, h) / 4.0;
            db += dz / 4.0;
        }
        vec![tensor(&[1], &[dw]), tensor(&[1], &[db])]
    }

    fn check(&self, w: f64, b: f64) -> Result<Report> {
        let start = [("w", tensor(&[1], &[w])), ("b", tensor(&[1], &[b]))];
        check::function(&start, |p| Ok(Self::cost(p)), |p| Ok(self.gradients(p)))
    }
}

#[test]
fn a1_weight_gradient_from_the_layers_own_output() -> Result<()> {
    // The function hides what the activations are: that the place is right is all that can be asked for.
    let wrong = Expect::wrong("w", OWN_OUTPUT).cause_may_be_unknown();
    for (w, b) in [(0.1, 0.0), (-0.1, 0.0), (-0.4, 0.3)] {
        wrong.of(&Neuron { beside: |_, h| h }.check(w, b)?);
        Expect::right().of(&Neuron { beside: |x, _| x }.check(w, b)?);
    }
    Ok(())
}

/// The same neuron as a layer, which shows its input and its output.
struct Dense {
    w: Tensor,
    b: Tensor,
    gradients: Option<(Tensor, Tensor)>,
    memory: Option<(Tensor, Tensor)>,
    own_output: bool,
}

impl Layer for Dense {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let y = (matrix(x).dot(&matrix(&self.w)).into_dyn() + &self.b).mapv(sigmoid);
        self.memory = Some((x.clone(), y.clone()));
        Ok(y)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (x, y) = remembered(self.memory.as_ref(), "Dense")?;
        let dz = matrix(&(dout * y * (1.0 - y)));
        let before = matrix(if self.own_output { y } else { x });
        self.gradients = Some((before.t().dot(&dz).into_dyn(), dz.sum_axis(Axis(0)).into_dyn()));
        Ok(dz.dot(&matrix(&self.w).t()).into_dyn())
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let (dw, db) = self.gradients.as_ref().map(|(dw, db)| (dw, db)).unzip();
        vec![Parameter::new("w", &mut self.w, dw), Parameter::new("b", &mut self.b, db)]
    }
}

#[test]
fn a1_as_a_layer() -> Result<()> {
    for (rows, width) in [(4, 1), (3, 2), (5, 3)] {
        let x = if width == 1 { tensor(&[4, 1], &Neuron::X) } else { numbers(&[rows, width], 5) };
        let check = |own_output| {
            let (w, b) = (numbers(&[width, width], 40), numbers(&[width], 70));
            check::layer(&mut Dense { w, b, gradients: None, memory: None, own_output }, &x)
        };
        Expect::wrong("w", OWN_OUTPUT).of(&check(true)?);
        Expect::right().of(&check(false)?);
    }
    Ok(())
}

/// A2, github casper-hansen/Neural-Network-From-Scratch pull 1: three layers, one image at a time, squares.
struct ThreeLayers {
    x: Vec<f64>,
    target: Vec<f64>,
    version: Version,
}

#[derive(Clone, Copy, PartialEq)]
enum Version {
    /// The tutorial: one number, e · a, with the layer's own output.
    Published,
    /// The accepted correction: outer products, but only the diagonal of softmax's Jacobian.
    Merged,
    Right,
}

/// w · a, for W [outputs, inputs].
fn times(w: &Array2<f64>, a: &[f64]) -> Vec<f64> {
    w.rows().into_iter().map(|row| row.iter().zip(a).map(|(w, a)| w * a).sum()).collect()
}

fn outer(e: &[f64], a: &[f64]) -> Tensor {
    Tensor::from_shape_fn(vec![e.len(), a.len()], |at| e[at[0]] * a[at[1]])
}

/// p · (e − Σ e p), or its diagonal p · (1 − p) · e.
fn through_softmax(p: &[f64], e: &[f64], version: Version) -> Vec<f64> {
    let dot: f64 = p.iter().zip(e).map(|(p, e)| p * e).sum();
    let through =
        |(p, e): (&f64, &f64)| if version == Version::Right { p * (e - dot) } else { p * (1.0 - p) * e };
    p.iter().zip(e).map(through).collect()
}

impl ThreeLayers {
    /// The outputs of the three layers.
    fn forward(&self, p: &[Tensor]) -> [Vec<f64>; 3] {
        let a1: Vec<f64> = times(&matrix(&p[0]), &self.x).into_iter().map(sigmoid).collect();
        let a2: Vec<f64> = times(&matrix(&p[1]), &a1).into_iter().map(sigmoid).collect();
        let a3 = softmax_of(&ndarray::aview1(&times(&matrix(&p[2]), &a2)));
        [a1, a2, a3]
    }

    fn loss(&self, p: &[Tensor]) -> f64 {
        let [.., a3] = self.forward(p);
        a3.iter().zip(&self.target).map(|(p, t)| (p - t).powi(2)).sum::<f64>() / a3.len() as f64
    }

    fn gradients(&self, p: &[Tensor]) -> Vec<Tensor> {
        let [a1, a2, a3] = self.forward(p);
        let squares: Vec<f64> =
            a3.iter().zip(&self.target).map(|(p, t)| 2.0 * (p - t) / a3.len() as f64).collect();
        let back = |w: &Tensor, e: &[f64], a: &[f64]| -> Vec<f64> {
            let through = times(&matrix(w).t().to_owned(), e);
            through.iter().zip(a).map(|(e, a)| e * a * (1.0 - a)).collect()
        };
        let e3 = through_softmax(&a3, &squares, self.version);
        let e2 = back(&p[2], &e3, &a2);
        let e1 = back(&p[1], &e2, &a1);
        let of = |e: &[f64], own: &[f64], before: &[f64]| {
            if self.version == Version::Published {
                scalar(e.iter().zip(own).map(|(e, a)| e * a).sum())
            } else {
                outer(e, before)
            }
        };
        vec![of(&e1, &a1, &self.x), of(&e2, &a2, &a1), of(&e3, &a3, &a2)]
    }

    fn check(version: Version) -> Result<Report> {
        let x = numbers(&[5], 3).iter().map(|x| x.abs()).collect();
        let net = ThreeLayers { x, target: vec![0.0, 0.0, 1.0], version };
        let start =
            [("w1", numbers(&[4, 5], 20)), ("w2", numbers(&[6, 4], 90)), ("w3", numbers(&[3, 6], 130))];
        check::function(&start, |p| Ok(net.loss(p)), |p| Ok(net.gradients(p)))
    }
}

const DIAGONAL: &[&str] = &["softmax backward is", "only each output's own input"];

#[test]
fn a2_a_number_for_an_outer_product() -> Result<()> {
    Expect::wrong_at(&["w1", "w2", "w3"], &["shape [] instead of"])
        .of(&ThreeLayers::check(Version::Published)?);
    Expect::right().of(&ThreeLayers::check(Version::Right)?);
    Ok(())
}

#[test]
fn a2_the_accepted_correction_has_only_the_diagonal_of_softmax() -> Result<()> {
    // All three weights are wrong by one fault, which lies after the last of them.
    Expect::wrong_at(&["w1", "w2", "w3"], DIAGONAL)
        .cause_may_be_unknown()
        .of(&ThreeLayers::check(Version::Merged)?);
    Ok(())
}

/// Softmax and squares as the loss at the end: (1/NC) Σ (p − t)².
struct SoftmaxSquares {
    version: Version,
    memory: Option<(Array2<f64>, Array2<f64>)>,
}

impl LossLayer for SoftmaxSquares {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        let (p, t) = (softmax_rows(&matrix(logits)), matrix(&labels.to_rows(logits)?));
        let squares = (&p - &t).mapv(|d| d * d).mean().unwrap_or(0.0);
        self.memory = Some((p, t));
        Ok(squares)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        let (p, t) = remembered(self.memory.as_ref(), "SoftmaxSquares")?;
        let e = (p - t) * (2.0 * dout / p.len() as f64);
        let rows = p.rows().into_iter().zip(e.rows());
        let dz = rows.flat_map(|(p, e)| through_softmax(&p.to_vec(), &e.to_vec(), self.version));
        Ok(tensor(&[p.nrows(), p.ncols()], &dz.collect::<Vec<_>>()))
    }
}

#[test]
fn a2_as_a_loss() -> Result<()> {
    let logits = tensor(&[1, 3], &[0.2, 0.3, 0.5]).mapv(f64::ln);
    let check = |version, expected: &[f64]| {
        let mut loss = SoftmaxSquares { version, memory: None };
        loss.forward(&logits, &vec![2].into())?;
        assert_near(&loss.backward(1.0)?, expected, 5.1e-5);
        check::loss(&mut loss, &logits, &vec![2].into())
    };
    // Through a loss of squares the diagonal is seen as wrong; its cause is not named.
    Expect::wrong("x", DIAGONAL)
        .cause_may_be_unknown()
        .of(&check(Version::Merged, &[0.0213, 0.0420, -0.0833])?);
    Expect::right().of(&check(Version::Right, &[0.0427, 0.0840, -0.1267])?);

    let (logits, labels) = (numbers(&[3, 4], 11), vec![1, 3, 0].into());
    let loss = |version| check::loss(&mut SoftmaxSquares { version, memory: None }, &logits, &labels);
    Expect::wrong("x", DIAGONAL).cause_may_be_unknown().of(&loss(Version::Merged)?);
    Expect::right().of(&loss(Version::Right)?);
    Ok(())
}

/// A5, datascience.stackexchange 120115: a script for 3-4-1 without biases, a rectifier on both layers.
struct Script {
    x: Array2<f64>,
    y: Array2<f64>,
}

impl Script {
    fn new() -> Self {
        // Scaled so that the loss of the answer 0 is the asker's plateau, 6.22519.
        let pattern = matrix(&numbers(&[10, 1], 200)).mapv(f64::abs);
        let scale = (6.22519 * 20.0 / pattern.mapv(|y| y * y).sum()).sqrt();
        Script { x: matrix(&numbers(&[10, 3], 3)), y: pattern * scale }
    }

    /// s1, y1, s2, y2
    fn forward(&self, p: &[Tensor]) -> [Array2<f64>; 4] {
        let s1 = self.x.dot(&matrix(&p[0]));
        let y1 = s1.mapv(|s| s.max(0.0));
        let s2 = y1.dot(&matrix(&p[1]));
        let y2 = s2.mapv(|s| s.max(0.0));
        [s1, y1, s2, y2]
    }

    fn loss(&self, p: &[Tensor]) -> f64 {
        let [.., y2] = self.forward(p);
        (y2 - &self.y).mapv(|d| d * d).sum() / (2.0 * 10.0)
    }

    fn published(&self, p: &[Tensor]) -> Vec<Tensor> {
        let [_, y1, _, y2] = self.forward(p);
        let e = y2 - &self.y;
        let dw1 = self.x.t().dot(&e.dot(&matrix(&p[1]).t()));
        vec![dw1.into_dyn(), y1.t().dot(&e).into_dyn()]
    }

    fn right(&self, p: &[Tensor]) -> Vec<Tensor> {
        let [s1, y1, s2, y2] = self.forward(p);
        let e = (y2 - &self.y) * s2.mapv(step) / 10.0;
        let dw1 = self.x.t().dot(&(e.dot(&matrix(&p[1]).t()) * s1.mapv(step)));
        vec![dw1.into_dyn(), y1.t().dot(&e).into_dyn()]
    }

    fn check(&self, w1: &Tensor, w2: &Tensor) -> Result<[Report; 2]> {
        let start = [("w1", w1.clone()), ("w2", w2.clone())];
        Ok([
            check::function(&start, |p| Ok(self.loss(p)), |p| Ok(self.published(p)))?,
            check::function(&start, |p| Ok(self.loss(p)), |p| Ok(self.right(p)))?,
        ])
    }
}

#[test]
fn a5_both_rectifiers_slopes_and_the_mean_left_out() -> Result<()> {
    let script = Script::new();
    let (w1, w2) = (numbers(&[3, 4], 60).mapv(f64::abs), numbers(&[4, 1], 90).mapv(f64::abs));
    let [published, right] = script.check(&w1, &w2)?;
    let both = &["mask missing", "slope missing", "factor 10", "sum for mean over the samples"];
    Expect::wrong_at(&["w1", "w2"], both).cause_may_be_unknown().of(&published);
    Expect::right().of(&right);
    Ok(())
}

#[test]
fn a5_if_all_units_are_active_only_the_factor_remains() -> Result<()> {
    let mut script = Script::new();
    script.x.mapv_inplace(f64::abs);
    let (w1, w2) =
        (numbers(&[3, 4], 60).mapv(|w| w.abs() + 0.1), numbers(&[4, 1], 90).mapv(|w| w.abs() + 0.1));
    let [published, right] = script.check(&w1, &w2)?;
    let factor = &["factor 10", "factor N", "sum for mean over the samples", "mask missing"];
    // At the given weights the factor is all; at others the mask is missing, too, and of two faults at once neither is named.
    Expect::wrong_at(&["w1", "w2"], factor).cause_may_be_unknown().of(&published);
    Expect::right().of(&right);
    Ok(())
}

#[test]
fn a5_where_the_output_is_dead_the_right_gradient_is_zero() -> Result<()> {
    let script = Script::new();
    let (w1, w2) = (numbers(&[3, 4], 60), numbers(&[4, 1], 90).mapv(|w| -w.abs()));
    assert!((script.loss(&[w1.clone(), w2.clone()]) - 6.22519).abs() < 1e-9);
    let [published, right] = script.check(&w1, &w2)?;
    let missing = &["mask missing", "slope missing"];
    Expect::wrong_at(&["w1", "w2"], missing).cause_may_be_unknown().of(&published);
    Expect::right().of(&right);
    Ok(())
}

/// A7, community.deeplearning.ai 63071: Coursera's pair of functions with a cache, samples in columns, tanh then sigmoid.
struct Planar {
    m: usize,
    /// What the mean is taken by in dZ1.
    in_dz1: fn(f64) -> f64,
    cache: RefCell<[Array2<f64>; 2]>,
}

impl Planar {
    fn forward(&self, p: &[Tensor]) -> Vec<Tensor> {
        let [x, y, w1, b1, w2, b2] = [0, 1, 2, 3, 4, 5].map(|at| matrix(&p[at]));
        let a1 = (w1.dot(&x) + b1).mapv(f64::tanh);
        let a2 = (w2.dot(&a1) + b2).mapv(sigmoid);
        let logprobs = &y * &a2.mapv(f64::ln) + (1.0 - &y) * &a2.mapv(|a| (1.0 - a).ln());
        self.cache.replace([a1, a2]);
        vec![scalar(-logprobs.sum() / self.m as f64)]
    }

    fn backward(&self, p: &[Tensor], dcost: &[Tensor]) -> Vec<Option<Tensor>> {
        let [x, y, w2] = [0, 1, 4].map(|at| matrix(&p[at]));
        let [a1, a2] = &*self.cache.borrow();
        let (m, dcost) = (self.m as f64, dcost[0].sum());
        let columns = |dz: &Array2<f64>| dz.sum_axis(Axis(1)).insert_axis(Axis(1));
        let dz2 = a2 - &y;
        let dz1 = w2.t().dot(&dz2) * a1.mapv(|a| 1.0 - a * a) * (self.in_dz1)(m);
        let gradients = [dz1.dot(&x.t()), columns(&dz1), dz2.dot(&a1.t()), columns(&dz2)];
        let of_cost = gradients.map(|gradient| Some((gradient * (dcost / m)).into_dyn()));
        [None, None].into_iter().chain(of_cost).collect()
    }

    fn check(m: usize, in_dz1: fn(f64) -> f64) -> Result<Report> {
        let net = Planar { m, in_dz1, cache: RefCell::default() };
        let y = Tensor::from_shape_fn(vec![1, m], |at| (at[1] % 3 % 2) as f64);
        let arguments = [
            ("x", numbers(&[2, m], 7)),
            ("y", y),
            ("w1", numbers(&[4, 2], 50)),
            ("b1", numbers(&[4, 1], 80)),
            ("w2", numbers(&[1, 4], 110)),
            ("b2", numbers(&[1, 1], 140)),
        ];
        check::vjp(&arguments, |p| Ok(net.forward(p)), |p, g| Ok(net.backward(p, g)))
    }
}

#[test]
fn a7_the_mean_taken_twice_in_the_first_layer() -> Result<()> {
    let wrong = [
        (5, &["factor 1/m", "factor 1/N", "factor 1/5"] as &[&str]),
        (7, &["factor 1/m", "factor 1/N", "factor 1/7"]),
    ];
    for (m, causes) in wrong {
        Expect::wrong_at(&["w1", "b1"], causes).of(&Planar::check(m, |m| 1.0 / m)?);
        Expect::right().of(&Planar::check(m, |_| 1.0)?);
    }
    Ok(())
}

/// A8, github bighuang624/Andrew-Ng-Deep-Learning-notes issue 10: Coursera's exercise, 4-5-3-1 with its own numbers.
struct Exercise {
    x: Array2<f64>,
    y: Array2<f64>,
    /// By what dW2 and db1 are multiplied.
    planted: [f64; 2],
}

type Start = [(&'static str, Tensor); 6];

impl Exercise {
    /// The parameters of the course, `np.random.seed(1)`.
    fn start() -> Start {
        let w1 = arr2(&[
            [-0.322_417_2, -0.384_054_35, 1.133_769_44, -1.099_891_27],
            [-0.172_428_21, -0.877_858_42, 0.042_213_75, 0.582_815_21],
            [-1.100_619_18, 1.144_723_71, 0.901_590_72, 0.502_494_34],
            [0.900_855_95, -0.683_727_86, -0.122_890_23, -0.935_769_43],
            [-0.267_888_08, 0.530_355_47, -0.691_660_75, -0.396_753_53],
        ]);
        let w2 = arr2(&[
            [0.234_415_7, 1.659_802_18, 0.742_044_16, -0.191_835_55, -0.887_628_96],
            [-0.747_158_29, 1.692_454_6, 0.050_807_75, -0.636_995_65, 0.190_915_48],
            [2.100_255_14, 0.120_158_95, 0.617_203_11, 0.300_170_32, -0.352_249_85],
        ]);
        let b1 = [-0.687_172_7, -0.845_205_64, -0.671_246_13, -0.012_664_6, -1.117_310_35];
        [
            ("w1", w1.into_dyn()),
            ("b1", tensor(&[5, 1], &b1)),
            ("w2", w2.into_dyn()),
            ("b2", tensor(&[3, 1], &[-1.142_518_2, -0.349_342_72, -0.208_894_23])),
            ("w3", tensor(&[1, 3], &[0.586_623_19, 0.838_983_41, 0.931_102_08])),
            ("b3", tensor(&[1, 1], &[0.285_587_33])),
        ]
    }

    fn new(planted: [f64; 2]) -> Self {
        let x = arr2(&[
            [1.624_345_36, -0.611_756_41, -0.528_171_75],
            [-1.072_968_62, 0.865_407_63, -2.301_538_7],
            [1.744_811_76, -0.761_206_9, 0.319_039_1],
            [-0.249_370_38, 1.462_107_94, -2.060_140_71],
        ]);
        let y = tensor(&[1, 3], &[1.0, 1.0, 0.0]);
        Exercise { x, y: matrix(&y), planted }
    }

    fn forward(&self, p: &[Tensor]) -> [Array2<f64>; 3] {
        let layer = |w: usize, a: &Array2<f64>| matrix(&p[w]).dot(a) + matrix(&p[w + 1]);
        let a1 = layer(0, &self.x).mapv(|z| z.max(0.0));
        let a2 = layer(2, &a1).mapv(|z| z.max(0.0));
        let a3 = layer(4, &a2).mapv(sigmoid);
        [a1, a2, a3]
    }

    fn cost(&self, p: &[Tensor]) -> f64 {
        let [.., a3] = self.forward(p);
        -(&self.y * &a3.mapv(f64::ln) + (1.0 - &self.y) * a3.mapv(|a| (1.0 - a).ln())).sum() / 3.0
    }

    fn gradients(&self, p: &[Tensor]) -> Vec<Tensor> {
        let [a1, a2, a3] = self.forward(p);
        let [twice, four] = self.planted;
        let columns = |dz: &Array2<f64>| dz.sum_axis(Axis(1)).insert_axis(Axis(1)) / 3.0;
        let dz3 = &a3 - &self.y;
        let dz2 = matrix(&p[4]).t().dot(&dz3) * a2.mapv(step);
        let dz1 = matrix(&p[2]).t().dot(&dz2) * a1.mapv(step);
        let gradients = [
            dz1.dot(&self.x.t()) / 3.0,
            columns(&dz1) * four,
            dz2.dot(&a1.t()) * (twice / 3.0),
            columns(&dz2),
            dz3.dot(&a2.t()) / 3.0,
            columns(&dz3),
        ];
        gradients.map(ndarray::ArrayBase::into_dyn).into()
    }

    /// The course's measure: ‖g − n‖ / (‖g‖ + ‖n‖).
    fn distance(&self) -> f64 {
        let start: Vec<Tensor> = Self::start().into_iter().map(|(_, value)| value).collect();
        let right = Exercise::new([1.0, 1.0]).gradients(&start);
        let (mut apart, mut claimed, mut all) = (0.0, 0.0, 0.0);
        for (g, n) in self.gradients(&start).iter().zip(&right) {
            apart += (g - n).mapv(|d| d * d).sum();
            claimed += g.mapv(|g| g * g).sum();
            all += n.mapv(|n| n * n).sum();
        }
        f64::sqrt(apart) / (f64::sqrt(claimed) + f64::sqrt(all))
    }

    fn check(&self) -> Result<Report> {
        check::function(&Self::start(), |p| Ok(self.cost(p)), |p| Ok(self.gradients(p)))
    }
}

#[test]
fn a8_two_planted_factors() -> Result<()> {
    // The published distances come from differences with a step of 1e-7, and from all digits of the numbers.
    let both = Exercise::new([2.0, 4.0]);
    assert!((both.distance() - 0.285_093_156_781).abs() < 1e-6, "{}", both.distance());
    Expect::wrong("w2", &["factor 2"]).and("b1", &["factor 4"]).of(&both.check()?);

    let one = Exercise::new([2.0, 1.0]);
    assert!((one.distance() - 0.173_441_968_931).abs() < 1e-6, "{}", one.distance());
    Expect::wrong("w2", &["factor 2"]).of(&one.check()?);

    Expect::right().of(&Exercise::new([1.0, 1.0]).check()?);
    Ok(())
}

/// A19, github jimfleming/differentiation issue 1: the operation x + b of an own engine.
fn bias(rows: usize, of_bias: fn(&Tensor) -> Tensor) -> Result<Report> {
    let arguments = [("x", numbers(&[rows, 4], 9)), ("b", numbers(&[4], 77))];
    check::vjp(
        &arguments,
        |p| Ok(vec![&p[0] + &p[1]]),
        |_, g| Ok(vec![Some(g[0].clone()), Some(of_bias(&g[0]))]),
    )
}

#[test]
fn a19_bias_gradient_of_the_shape_of_the_batch() -> Result<()> {
    let not_summed: [&[&str]; 2] = [
        &["sum over the rows missing", "shape [4, 4] instead of [4]"],
        &["sum over the rows missing", "shape [3, 4] instead of [4]"],
    ];
    // A square batch hides it from what goes by shapes.
    for (rows, causes) in [4, 3].into_iter().zip(not_summed) {
        Expect::wrong("b", causes).of(&bias(rows, Clone::clone)?);
        Expect::right().of(&bias(rows, |g| g.sum_axis(Axis(0)))?);
    }
    Ok(())
}

#[test]
fn a19_bias_gradient_as_a_mean() -> Result<()> {
    let mean = |g: &Tensor| g.sum_axis(Axis(0)) / g.shape()[0] as f64;
    Expect::wrong("b", &["mean for sum over the samples", "factor 1/N", "factor 1/4"]).of(&bias(4, mean)?);
    Expect::wrong("b", &["mean for sum over the samples", "factor 1/N", "factor 1/3"]).of(&bias(3, mean)?);
    Ok(())
}
