//! No false positives: layers and networks of many shapes, inputs at and near kinks, in `f64` and rounded to `f32`.

use ndarray::{Array1, Array2, Axis};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use retrograde::Result;
use retrograde::check::{self, Report, Verdict};
use retrograde::textbook::{
    AddLayer, Affine, Labels, Layer, LossLayer, MulLayer, Network, Parameter, Relu, Sigmoid, SoftmaxWithLoss,
    Tensor, TwoLayerNet, log_softmax, remembered, softmax,
};

/// A right layer without parameters, by what forward gives and what backward makes of x, y and dout.
struct Plain {
    forward: fn(&Tensor) -> Tensor,
    backward: fn(&Tensor, &Tensor, &Tensor) -> Tensor,
    memory: Option<(Tensor, Tensor)>,
}

impl Layer for Plain {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let y = (self.forward)(x);
        self.memory = Some((x.clone(), y.clone()));
        Ok(y)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (x, y) = remembered(self.memory.as_ref(), "Plain")?;
        Ok((self.backward)(x, y, dout))
    }
}

fn plain(
    forward: fn(&Tensor) -> Tensor,
    backward: fn(&Tensor, &Tensor, &Tensor) -> Tensor,
) -> Box<dyn Layer> {
    Box::new(Plain { forward, backward, memory: None })
}

/// What f32 leaves of numbers.
fn single(values: &Tensor) -> Tensor {
    values.mapv(|value| f64::from(value as f32))
}

/// A layer computed in `f32`, as near as a layer in `f64` comes to it: everything that goes in and out is rounded.
struct Single(Box<dyn Layer>);

impl Layer for Single {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        Ok(single(&self.0.forward(&single(x))?))
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        Ok(single(&self.0.backward(&single(dout))?))
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.0.parameters()
    }
}

fn row_sum(x: &Tensor) -> Tensor {
    let last = Axis(x.ndim() - 1);
    x.sum_axis(last).insert_axis(last)
}

fn each(f: impl Fn(f64, f64) -> f64, x: &Tensor, dout: &Tensor) -> Tensor {
    ndarray::Zip::from(x).and(dout).map_collect(|x, dout| f(*x, *dout))
}

/// What a layer is called here, and how it is made.
type Kind = (&'static str, fn() -> Box<dyn Layer>);

/// Layers without parameters that take any rows.
fn kinds() -> Vec<Kind> {
    vec![
        ("relu", || Box::new(Relu::new())),
        ("sigmoid", || Box::new(Sigmoid::new())),
        ("tanh", || plain(|x| x.mapv(f64::tanh), |_, y, d| d * &y.mapv(|y| 1.0 - y * y))),
        ("leaky relu", || {
            plain(
                |x| x.mapv(|x| if x > 0.0 { x } else { 0.1 * x }),
                |x, _, d| each(|x, d| if x > 0.0 { d } else { 0.1 * d }, x, d),
            )
        }),
        ("absolute value", || plain(|x| x.mapv(f64::abs), |x, _, d| each(|x, d| d * x.signum(), x, d))),
        ("relu with slope 1 at 0", || {
            plain(|x| x.mapv(|x| x.max(0.0)), |x, _, d| each(|x, d| if x >= 0.0 { d } else { 0.0 }, x, d))
        }),
        ("clamp", || {
            plain(
                |x| x.mapv(|x| x.clamp(-1.0, 1.0)),
                |x, _, d| each(|x, d| if x.abs() <= 1.0 { d } else { 0.0 }, x, d),
            )
        }),
        ("exp", || plain(|x| x.mapv(f64::exp), |_, y, d| d * y)),
        ("square", || plain(|x| x.mapv(|x| x * x), |x, _, d| d * &(x * 2.0))),
        ("logarithm", || plain(|x| x.mapv(f64::ln), |x, _, d| d / x)),
        ("softmax", || plain(softmax, |_, y, d| y * &(d - &row_sum(&(d * y))))),
        ("log-softmax", || plain(log_softmax, |_, y, d| d - &(y.mapv(f64::exp) * row_sum(d)))),
        ("center the batch", || {
            let off = |x: &Tensor| x - &(x.sum_axis(Axis(0)) / x.shape()[0] as f64);
            plain(off, |_, _, d| d - &(d.sum_axis(Axis(0)) / d.shape()[0] as f64))
        }),
        ("largest of the row", || {
            fn largest(x: &Tensor) -> Tensor {
                x.map_axis(Axis(x.ndim() - 1), |row| row.fold(f64::NEG_INFINITY, |max, x| max.max(*x)))
            }
            plain(largest, |x, y, d| {
                let mut dx = x * 0.0;
                for ((mut to, from), (max, d)) in dx.rows_mut().into_iter().zip(x.rows()).zip(y.iter().zip(d))
                {
                    if let Some(at) = from.iter().position(|x| x == max) {
                        to[at] = *d;
                    }
                }
                dx
            })
        }),
        ("sum of the row", || {
            plain(
                |x| x.sum_axis(Axis(x.ndim() - 1)),
                |x, _, d| x * 0.0 + d.clone().insert_axis(Axis(x.ndim() - 1)),
            )
        }),
        ("the same", || plain(Clone::clone, |_, _, d| d.clone())),
        ("a constant", || plain(|x| x * 0.0 + 1.0, |x, _, _| x * 0.0)),
        ("negative", || plain(|x| -x, |_, _, d| -d)),
    ]
}

fn normal(random: &mut Xoshiro256PlusPlus, shape: &[usize], width: f64) -> Tensor {
    Tensor::from_shape_simple_fn(shape, || {
        let drawn: f64 = StandardNormal.sample(random);
        width * drawn
    })
}

fn not_wrong(report: &Report, what: &str) {
    assert_ne!(report.verdict, Verdict::Wrong, "{what}\n{report}");
}

#[test]
fn layers_of_all_kinds_and_shapes() -> Result<()> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(11);
    let mut count = 0;
    for (name, make) in kinds() {
        for shape in [vec![1, 1], vec![1, 5], vec![4, 3], vec![3, 3], vec![2, 3, 4], vec![64, 2]] {
            let x = normal(&mut random, &shape, 1.0);
            let x = if name == "logarithm" { x.mapv(|x| x.abs() + 0.1) } else { x };
            let report = check::layer(&mut make(), &x)?;
            not_wrong(&report, &format!("{name} at {shape:?}"));
            assert!(
                matches!(report.verdict, Verdict::Right | Verdict::Kink),
                "{name} at {shape:?}\n{report}"
            );
            count += 1;
        }
    }
    assert!(count >= 100, "{count}");
    Ok(())
}

#[test]
fn inputs_at_and_near_kinks() -> Result<()> {
    for (name, make) in kinds().into_iter().filter(|(name, _)| *name != "logarithm") {
        for near in [0.0, 1e-300, 1e-12, -1e-12, 1e-9, -1e-9, 1e-7, -1e-6, 1e-5, -1e-4, 1e-3, 1.0, -1.0] {
            let mut x = Tensor::from_elem(vec![2, 3], near);
            x[[1, 1]] = 0.7;
            not_wrong(&check::layer(&mut make(), &x)?, &format!("{name} at {near:e}"));
        }
    }
    let report = check::layer(&mut Relu::new(), &Tensor::zeros(vec![2, 3]))?;
    assert_eq!(report.verdict, Verdict::Kink, "{report}");
    Ok(())
}

#[test]
fn layers_in_single_precision() -> Result<()> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(12);
    for (name, make) in kinds() {
        let x = normal(&mut random, &[3, 4], 1.0).mapv(|x| x.abs() + 0.2);
        not_wrong(&check::layer(&mut Single(make()), &x)?, &format!("{name} in f32"));
    }
    let affine =
        Affine::new(Array2::from_shape_fn((4, 3), |(i, j)| (i as f64 - j as f64) / 3.0), Array1::zeros(3))?;
    let report = check::layer(&mut Single(Box::new(affine)), &normal(&mut random, &[5, 4], 1.0))?;
    assert!(matches!(report.verdict, Verdict::Rounding | Verdict::Right), "{report}");
    Ok(())
}

#[test]
fn the_layers_of_the_book() -> Result<()> {
    for x in [[100.0, 2.0], [0.0, 0.0], [-3.0, 1e-9], [650.0, 1.1]] {
        let x = ndarray::arr1(&x).into_dyn();
        for layer in [&mut MulLayer::new() as &mut dyn Layer, &mut AddLayer::new()] {
            assert_eq!(check::layer(layer, &x)?.verdict, Verdict::Right);
        }
    }
    let mut random = Xoshiro256PlusPlus::seed_from_u64(13);
    for rows in [1, 2, 3, 10, 64] {
        for classes in [2, 3, 10] {
            for width in [0.0, 1e-3, 1.0, 20.0] {
                let logits = normal(&mut random, &[rows, classes], width);
                let labels = Labels::Classes((0..rows).map(|row| row % classes).collect());
                let report = check::loss(&mut SoftmaxWithLoss::new(), &logits, &labels)?;
                assert_eq!(report.verdict, Verdict::Right, "{rows} × {classes}, {width}\n{report}");
            }
        }
    }
    Ok(())
}

#[test]
fn networks_of_random_depths_widths_and_batches() -> Result<()> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(14);
    let kinds = kinds();
    // What is defined everywhere, keeps its shape and does not blow up in a row of five.
    let between: Vec<_> = kinds
        .iter()
        .filter(|(name, _)| {
            ["relu", "sigmoid", "tanh", "leaky relu", "clamp", "softmax", "negative", "center the batch"]
                .contains(name)
        })
        .collect();
    for number in 0..40 {
        let mut below = |most: usize| 1 + (random.next_u64() % most as u64) as usize;
        let rows = [1, 2, 3, 5, 16, 64][below(6) - 1];
        let depth = below(4);
        let mut widths: Vec<usize> = (0..=depth).map(|_| below(6)).collect();
        widths.push(1 + below(4));
        let chosen: Vec<usize> = (0..depth).map(|_| below(between.len()) - 1).collect();
        let (mut network, mut said) = (Network::new(SoftmaxWithLoss::new()), Vec::new());
        for at in 0..=depth {
            let (inputs, outputs) = (widths[at], widths[at + 1]);
            // Weights as the notebook's, or as large as they get; biases of 0, which puts rectifiers on their kink.
            let width = if number % 3 == 0 { 0.01 } else { 0.7 };
            let w = normal(&mut random, &[inputs, outputs], width).into_dimensionality().expect("two axes");
            network = network.then(Affine::new(w, Array1::zeros(outputs))?);
            if at < depth {
                network = network.then(between[chosen[at]].1());
                said.push(between[chosen[at]].0);
            }
        }
        let mut x = normal(&mut random, &[rows, widths[0]], 1.0);
        if number % 2 == 0 {
            // Black images: the rectifier's input is exactly 0.
            x.row_mut(0).fill(0.0);
        }
        let labels = Labels::Classes((0..rows).map(|row| row % widths[depth + 1]).collect());
        let report = check::network(&mut network, &x, &labels)?;
        not_wrong(&report, &format!("{rows} rows, widths {widths:?}, {said:?}"));
    }
    Ok(())
}

/// Rows of an array.
trait Row {
    fn row_mut(&mut self, row: usize) -> ndarray::ArrayViewMutD<'_, f64>;
}

impl Row for Tensor {
    fn row_mut(&mut self, row: usize) -> ndarray::ArrayViewMutD<'_, f64> {
        self.index_axis_mut(Axis(0), row)
    }
}

#[test]
fn the_notebooks_network_done_right() -> Result<()> {
    let (x, labels) = crate::digits::first_three()?;
    let mut network = TwoLayerNet::new(784, 50, 10, 0.01, 0)?;
    let report = check::two_layer_net(&mut network, &x, &labels)?;
    assert!(matches!(report.verdict, Verdict::Right | Verdict::Kink), "{report}");
    let names: Vec<_> = report.blocks.iter().map(|block| block.block.as_str()).collect();
    assert_eq!(names, ["w1", "b1", "w2", "b2"]);
    assert!(report.blocks.iter().all(|block| block.mean_difference <= 1e-9), "{report}");
    assert!(report.first_wrong().is_none());
    Ok(())
}

/// A loss in `f32`.
struct SingleLoss(SoftmaxWithLoss);

impl LossLayer for SingleLoss {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        Ok(f64::from(self.0.forward(&single(logits), labels)? as f32))
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        Ok(single(&self.0.backward(dout)?))
    }
}

#[test]
fn a_network_in_single_precision() -> Result<()> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(15);
    for rows in [1, 3, 16] {
        let w = |random: &mut Xoshiro256PlusPlus, shape: [usize; 2]| {
            normal(random, &shape, 0.5).into_dimensionality().expect("two axes")
        };
        let mut network = Network::new(SingleLoss(SoftmaxWithLoss::new()))
            .then(Single(Box::new(Affine::new(w(&mut random, [6, 5]), Array1::zeros(5))?)))
            .then(Single(Box::new(Relu::new())))
            .then(Single(Box::new(Affine::new(w(&mut random, [5, 4]), Array1::zeros(4))?)));
        let labels = Labels::Classes((0..rows).map(|row| row % 4).collect());
        let report = check::network(&mut network, &normal(&mut random, &[rows, 6], 1.0), &labels)?;
        not_wrong(&report, &format!("{rows} rows in f32"));
    }
    Ok(())
}

/// A layer that computes forward in `f64` and hands out gradients in `f32`.
struct SingleBackward(Box<dyn Layer>);

impl Layer for SingleBackward {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.0.forward(x)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        Ok(single(&self.0.backward(dout)?))
    }
}

/// The same of a loss.
struct SingleGradient(SoftmaxWithLoss);

impl LossLayer for SingleGradient {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        self.0.forward(logits, labels)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        Ok(single(&self.0.backward(dout)?))
    }
}

#[test]
fn gradients_in_single_precision_of_values_in_double() -> Result<()> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(16);
    let mut rounded = 0;
    for (name, make) in kinds() {
        let x = normal(&mut random, &[3, 4], 1.0).mapv(|x| x.abs() + 0.2);
        let report = check::layer(&mut SingleBackward(make()), &x)?;
        not_wrong(&report, &format!("{name} with gradients in f32"));
        rounded += usize::from(report.verdict == Verdict::Rounding);
    }
    assert!(rounded >= 5, "{rounded}");
    for rows in [1, 3, 16] {
        let x = normal(&mut random, &[rows, 4], 1.0);
        let labels = Labels::Classes((0..rows).map(|row| row % 4).collect());
        not_wrong(&check::loss(&mut SingleGradient(SoftmaxWithLoss::new()), &x, &labels)?, "loss");
        let w = normal(&mut random, &[4, 4], 0.5).into_dimensionality().expect("two axes");
        let mut network = Network::new(SingleGradient(SoftmaxWithLoss::new()))
            .then(Affine::new(w, Array1::zeros(4))?)
            .then(SingleBackward(Box::new(Sigmoid::new())));
        not_wrong(&check::network(&mut network, &x, &labels)?, &format!("{rows} rows"));
    }
    Ok(())
}
