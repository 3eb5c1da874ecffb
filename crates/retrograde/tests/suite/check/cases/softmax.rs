//! Softmax and the losses behind it.

use std::cell::RefCell;

use ndarray::{Array2, Axis};
use retrograde::Result;
use retrograde::check::{self, Report, Verdict};
use retrograde::textbook::{Labels, LossLayer, Tensor, remembered, softmax};

use crate::check::support::{
    Expect, assert_near, each, matrix, numbers, scalar, softmax_rows, step, tensor, text,
};

/// A3, stackoverflow 76450489: `exp(z) / sum(exp(z))` with Python's `sum`, which adds the rows.
fn down_the_columns(z: &Array2<f64>) -> Array2<f64> {
    let powers = z.mapv(f64::exp);
    let sums = powers.sum_axis(Axis(0));
    powers / sums
}

/// −(1/m) Σ y ln a, and its gradient (a − y)/m, which belongs to a softmax along the rows.
struct SoftmaxLoss {
    softmax: fn(&Array2<f64>) -> Array2<f64>,
    memory: Option<(Array2<f64>, Array2<f64>)>,
}

impl LossLayer for SoftmaxLoss {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        let (a, y) = ((self.softmax)(&matrix(logits)), matrix(&labels.to_rows(logits)?));
        let loss = -(&y * &a.mapv(f64::ln)).sum() / y.nrows() as f64;
        self.memory = Some((a, y));
        Ok(loss)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        let (a, y) = remembered(self.memory.as_ref(), "SoftmaxLoss")?;
        Ok(((a - y) * (dout / y.nrows() as f64)).into_dyn())
    }
}

const COLUMNS: &[&str] = &["softmax down the columns"];

#[test]
fn a3_softmax_down_the_columns() -> Result<()> {
    let z = tensor(&[3, 2], &[1.0, 0.0, 0.0, 1.0, 2.0, -1.0]);
    let labels: Labels = vec![0, 1, 0].into();
    let mut loss = SoftmaxLoss { softmax: down_the_columns, memory: None };
    loss.forward(&z, &labels)?;
    assert_near(loss.backward(1.0)?.index_axis(Axis(1), 0), &[-0.2518, 0.0300, -0.1116], 5.1e-5);

    for (z, labels) in [(z, labels), (numbers(&[5, 3], 31), vec![2, 0, 0, 1, 2].into())] {
        let check = |softmax| check::loss(&mut SoftmaxLoss { softmax, memory: None }, &z, &labels);
        // No maximum is subtracted either.
        Expect::wrong("x", COLUMNS).also_true("x", &["overflow"]).of(&check(down_the_columns)?);
        Expect::right().of(&check(softmax_rows)?);
    }
    Ok(())
}

/// The asker's free functions for the whole network: all images as one batch, a rectifier between.
fn all_of_one_batch(softmax: fn(&Array2<f64>) -> Array2<f64>) -> Result<Report> {
    const CLASSES: [usize; 6] = [0, 1, 0, 2, 2, 0];
    let x = matrix(&numbers(&[6, 5], 17));
    let y = Array2::from_shape_fn((6, 3), |(row, class)| f64::from(u8::from(CLASSES[row] == class)));
    let forward = |p: &[Tensor]| {
        let z1 = x.dot(&matrix(&p[0])) + matrix(&p[1]);
        let a1 = z1.mapv(|z| z.max(0.0));
        let a2 = softmax(&(a1.dot(&matrix(&p[2])) + matrix(&p[3])));
        [z1, a1, a2]
    };
    let rows = |dz: &Array2<f64>| dz.sum_axis(Axis(0)).insert_axis(Axis(0)).into_dyn();
    let start = [
        ("w1", numbers(&[5, 4], 60)),
        ("b1", numbers(&[1, 4], 90)),
        ("w2", numbers(&[4, 3], 120)),
        ("b2", numbers(&[1, 3], 150)),
    ];
    check::function(
        &start,
        |p| {
            let [.., a2] = forward(p);
            Ok(-(&y * &a2.mapv(f64::ln)).sum() / 6.0)
        },
        |p| {
            let [z1, a1, a2] = forward(p);
            let dz2 = (a2 - &y) / 6.0;
            let dz1 = dz2.dot(&matrix(&p[2]).t()) * z1.mapv(step);
            Ok(vec![x.t().dot(&dz1).into_dyn(), rows(&dz1), a1.t().dot(&dz2).into_dyn(), rows(&dz2)])
        },
    )
}

#[test]
fn a3_in_the_whole_network() -> Result<()> {
    Expect::wrong_at(&["w1", "b1", "w2", "b2"], COLUMNS)
        .cause_may_be_unknown()
        .of(&all_of_one_batch(down_the_columns)?);
    Expect::right().of(&all_of_one_batch(softmax_rows)?);
    Ok(())
}

/// What backward makes of p and the upstream gradient.
type Backward = fn(&Tensor, &Tensor) -> Tensor;

fn without_the_dot(p: &Tensor, g: &Tensor) -> Tensor {
    p * g
}

fn the_diagonal_only(p: &Tensor, g: &Tensor) -> Tensor {
    each(p, g, |p, g| p * (1.0 - p) * g)
}

fn of_softmax(p: &Tensor, g: &Tensor) -> Tensor {
    let last = Axis(p.ndim() - 1);
    p * &(g - &(p * g).sum_axis(last).insert_axis(last))
}

/// A13, github HomericIntelligence/Odyssey issue 2134: softmax with a cache of its probabilities.
fn softmax_by_hand(z: &Tensor, backward: Backward) -> Result<Report> {
    let cache = RefCell::new(z.clone());
    check::vjp(
        &[("z", z.clone())],
        |p| {
            cache.replace(softmax(&p[0]));
            Ok(vec![cache.borrow().clone()])
        },
        |_, g| Ok(vec![Some(backward(&cache.borrow(), &g[0]))]),
    )
}

#[test]
fn a13_softmax_backward_without_the_dot_product() -> Result<()> {
    let (z, g) = (tensor(&[3], &[0.2, -1.0, 0.7]), tensor(&[3], &[1.0, -2.0, 0.5]));
    let published: [(Backward, [f64; 3]); 3] = [
        (without_the_dot, [0.3390, -0.2042, 0.2795]),
        (the_diagonal_only, [0.2241, -0.1834, 0.1233]),
        (of_softmax, [0.1986, -0.2465, 0.0479]),
    ];
    for (backward, expected) in published {
        assert_near(&backward(&softmax(&z), &g), &expected, 5.1e-5);
    }
    for z in [z, numbers(&[4, 3], 21), numbers(&[2, 5], 3)] {
        Expect::wrong("z", &["softmax backward is"]).of(&softmax_by_hand(&z, without_the_dot)?);
        Expect::wrong("z", &["softmax backward is", "only each output's own input"])
            .of(&softmax_by_hand(&z, the_diagonal_only)?);
        Expect::right().of(&softmax_by_hand(&z, of_softmax)?);
    }
    Ok(())
}

/// A31, github SeanNaren/warp-ctc issue 69: forward computes the gradient and saves it, backward returns it. The loss of
/// each sequence is a number of its own.
fn saved_gradient(with_upstream: bool) -> Result<Report> {
    const CLASSES: [usize; 3] = [1, 3, 0];
    let saved = RefCell::new(Tensor::zeros(vec![0]));
    check::vjp(
        &[("activations", numbers(&[3, 4], 8))],
        |p| {
            let mut y = softmax(&p[0]);
            let costs = Tensor::from_shape_fn(vec![3], |row| -y[[row[0], CLASSES[row[0]]]].ln());
            for (row, class) in CLASSES.into_iter().enumerate() {
                y[[row, class]] -= 1.0;
            }
            saved.replace(y);
            Ok(vec![costs])
        },
        |_, g| {
            let saved = saved.borrow().clone();
            Ok(vec![Some(if with_upstream { saved * g[0].clone().insert_axis(Axis(1)) } else { saved })])
        },
    )
}

const IGNORED: &[&str] = &["dout ignored", "upstream ignored", "upstream gradient ignored"];

#[test]
fn a31_upstream_gradient_ignored() -> Result<()> {
    Expect::wrong("activations", IGNORED).of(&saved_gradient(false)?);
    Expect::right().of(&saved_gradient(true)?);
    Ok(())
}

#[test]
fn a31_upstream_gradient_ignored_in_one_term() -> Result<()> {
    // y = x² + x · w: the second term of dx is used as it is.
    let check = |right: bool| {
        check::vjp(
            &[("x", numbers(&[3, 2], 8)), ("w", numbers(&[3, 2], 90))],
            |p| Ok(vec![&p[0] * &p[0] + &p[0] * &p[1]]),
            |p, g| {
                let second = if right { &g[0] * &p[1] } else { p[1].clone() };
                Ok(vec![Some(2.0 * &p[0] * &g[0] + second), Some(&g[0] * &p[0])])
            },
        )
    };
    Expect::wrong("x", IGNORED)
        .cause_may_be_unknown()
        .says(&["not 0 for", "not linear", "ignored"])
        .of(&check(false)?);
    Expect::right().of(&check(true)?);
    Ok(())
}

/// A39, github huggingface/candle pull 3724: a fused softmax whose backward gives no gradient.
fn fused(backward: impl Fn(&Tensor, &Tensor) -> Option<Tensor>) -> Result<Report> {
    check::vjp(
        &[("x", numbers(&[2, 4], 50))],
        |p| Ok(vec![softmax(&p[0])]),
        |p, g| Ok(vec![backward(&softmax(&p[0]), &g[0])]),
    )
}

#[test]
fn a39_no_gradient_is_neither_right_nor_zero() -> Result<()> {
    let missing = fused(|_, _| None)?;
    assert!(!matches!(missing.verdict, Verdict::Right | Verdict::Kink | Verdict::Rounding), "{missing}");
    assert!(
        missing.findings.iter().any(|finding| finding.title().to_string().starts_with("no gradient")),
        "{missing}"
    );
    assert!(!text(&missing).contains("cut off"), "{missing}");

    Expect::wrong("x", &["zero: cut off"]).of(&fused(|p, _| Some(p * 0.0))?);
    Expect::right().of(&fused(|p, g| Some(of_softmax(p, g)))?);
    Ok(())
}

/// A41, github tsotchke/eshkol issue 552: the log-sum over all logits, minus the logits at the flat places where the
/// labels, taken for weights, are not zero.
fn flattened(logits: &Tensor, weights: &[f64]) -> (f64, Tensor) {
    let largest = logits.fold(f64::NEG_INFINITY, |most, z| most.max(*z));
    let powers = logits.mapv(|z| (z - largest).exp());
    let sum = powers.sum();
    let all: f64 = weights.iter().sum();
    let mut gradient = powers * (all / sum);
    let mut loss = all * (largest + sum.ln());
    for ((gradient, z), weight) in gradient.iter_mut().zip(logits).zip(weights) {
        loss -= weight * z;
        *gradient -= weight;
    }
    (loss, gradient)
}

/// The mean of the rows' −ln softmax at the label.
fn row_by_row(logits: &Tensor, labels: &[f64]) -> (f64, Tensor) {
    let (p, rows) = (softmax(logits), labels.len() as f64);
    let mut gradient = &p / rows;
    let mut loss = 0.0;
    for (row, label) in labels.iter().enumerate() {
        loss -= p[[row, *label as usize]].ln() / rows;
        gradient[[row, *label as usize]] -= 1.0 / rows;
    }
    (loss, gradient)
}

type CrossEntropy = fn(&Tensor, &[f64]) -> (f64, Tensor);

#[test]
fn a41_the_engines_gradient_is_right_for_the_loss_that_it_computes() -> Result<()> {
    let (logits, labels) = (tensor(&[2, 2], &[2.0, 0.0, 0.0, 2.0]), tensor(&[2], &[0.0, 1.0]));
    let published: [(CrossEntropy, f64); 2] = [(flattened, 2.820_075_191_6), (row_by_row, 0.126_928_011_0)];
    for (loss, expected) in published {
        let of = |p: &[Tensor]| loss(&p[0], &p[1].iter().copied().collect::<Vec<_>>());
        assert!((of(&[logits.clone(), labels.clone()]).0 - expected).abs() < 1e-10);
        // An engine differentiates what it was given: nothing here says that it was to be a cross entropy.
        Expect::right().of(&check::vjp(
            &[("logits", logits.clone()), ("labels", labels.clone())],
            |p| Ok(vec![scalar(of(p).0)]),
            |p, g| Ok(vec![Some(of(p).1 * g[0].sum()), None]),
        )?);
    }
    Ok(())
}

/// The same as a loss, which gets its labels as labels.
struct Logits {
    cross_entropy: CrossEntropy,
    gradient: Option<Tensor>,
}

impl LossLayer for Logits {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        let t = labels.to_rows(logits)?;
        let classes = t.rows().into_iter().map(|row| row.iter().position(|t| *t == 1.0).unwrap_or(0) as f64);
        let (loss, gradient) = (self.cross_entropy)(logits, &classes.collect::<Vec<_>>());
        self.gradient = Some(gradient);
        Ok(loss)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        Ok(remembered(self.gradient.as_ref(), "Logits")? * dout)
    }
}

#[test]
fn a41_as_a_loss_both_have_the_gradient_of_what_they_compute() -> Result<()> {
    // That labels were meant as indices is not seen: the loss of the one that takes them for weights is another loss.
    let logits = tensor(&[2, 2], &[2.0, 0.0, 0.0, 2.0]);
    for (logits, labels) in [(logits, vec![0, 1]), (numbers(&[3, 4], 9), vec![2, 0, 3])] {
        for cross_entropy in [flattened as CrossEntropy, row_by_row] {
            let mut loss = Logits { cross_entropy, gradient: None };
            Expect::right().of(&check::loss(&mut loss, &logits, &labels.clone().into())?);
        }
    }
    Ok(())
}

/// B3, z.id.vn p=348969: −Σ y ln s, divided by what `len` gives for one sample: the number of classes.
fn divided_by(length: f64) -> Result<Report> {
    let z = tensor(&[4], &[1.1, 2.2, 0.3, -1.7]);
    let gradient = |z: &Tensor| softmax(z) - &tensor(&[4], &[0.0, 0.0, 1.0, 0.0]);
    assert_near(&gradient(&z), &[0.2215, 0.6655, -0.9005, 0.0135], 5.1e-5);
    check::function(&[("z", z)], |p| Ok(-softmax(&p[0])[[2]].ln() / length), |p| Ok(vec![gradient(&p[0])]))
}

#[test]
fn b3_loss_divided_by_the_number_of_classes() -> Result<()> {
    Expect::wrong("z", &["factor 4", "factor C"]).of(&divided_by(4.0)?);
    Expect::right().of(&divided_by(1.0)?);
    Ok(())
}

/// The same for a batch: the loss is divided by the classes, its gradient by the rows.
struct MeanOver {
    length: fn(&[usize]) -> f64,
    memory: Option<Tensor>,
}

impl LossLayer for MeanOver {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        let (s, y) = (softmax(logits), labels.to_rows(logits)?);
        let loss = -(&y * &s.mapv(f64::ln)).sum() / (self.length)(y.shape());
        self.memory = Some(s - y);
        Ok(loss)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        let difference = remembered(self.memory.as_ref(), "MeanOver")?;
        Ok(difference * (dout / difference.shape()[0] as f64))
    }
}

#[test]
fn b3_as_a_loss() -> Result<()> {
    for (z, labels) in
        [(tensor(&[1, 4], &[1.1, 2.2, 0.3, -1.7]), vec![2]), (numbers(&[3, 5], 6), vec![4, 0, 2])]
    {
        let check = |length| check::loss(&mut MeanOver { length, memory: None }, &z, &labels.clone().into());
        Expect::wrong("x", &["factor C", "factor D"]).of(&check(|shape| shape[1] as f64)?);
        Expect::right().of(&check(|shape| shape[0] as f64)?);
    }
    Ok(())
}
