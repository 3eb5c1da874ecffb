//! Recurrent networks, through time.

use std::cell::RefCell;

use ndarray::{Array1, Array2, Axis};
use retrograde::Result;
use retrograde::check::{self, Report};
use retrograde::textbook::Tensor;

use crate::check::support::{Expect, assert_near, matrix, numbers, sigmoid, softmax_of, tensor};

/// A9, datascience.stackexchange 10545: tags for words by h = tanh(x Wx + h Wh + b), row vectors, free functions.
struct Tagger {
    x: Array2<f64>,
    labels: Vec<usize>,
    /// What the step before is handed through, made of Wh.
    back: fn(&Array2<f64>) -> Array2<f64>,
}

fn vector(b: &Tensor) -> Array1<f64> {
    b.iter().copied().collect()
}

fn transposed(w: &Array2<f64>) -> Array2<f64> {
    w.t().to_owned()
}

impl Tagger {
    /// The hidden states, before the first step included, and the probabilities.
    fn forward(&self, p: &[Tensor]) -> (Vec<Array1<f64>>, Vec<Array1<f64>>) {
        let [wx, wh, wy] = [0, 1, 3].map(|at| matrix(&p[at]));
        let b = vector(&p[2]);
        let mut h = vec![Array1::zeros(b.len())];
        let mut y = Vec::new();
        for (t, x) in self.x.rows().into_iter().enumerate() {
            h.push((x.dot(&wx) + h[t].dot(&wh) + &b).mapv(f64::tanh));
            y.push(Array1::from(softmax_of(&h[t + 1].dot(&wy).view())));
        }
        (h, y)
    }

    fn loss(&self, p: &[Tensor]) -> f64 {
        let (_, y) = self.forward(p);
        -y.iter().zip(&self.labels).map(|(y, label)| y[*label].ln()).sum::<f64>()
    }

    fn gradients(&self, p: &[Tensor]) -> Vec<Tensor> {
        let (h, y) = self.forward(p);
        let (wh, wy) = (matrix(&p[1]), matrix(&p[3]));
        let mut gradients: Vec<Tensor> = p.iter().map(|p| p * 0.0).collect();
        let mut handed = Array1::zeros(wh.nrows());
        let outer = |a: &Array1<f64>, b: &Array1<f64>| {
            a.view().insert_axis(Axis(1)).dot(&b.view().insert_axis(Axis(0))).into_dyn()
        };
        for t in (0..self.labels.len()).rev() {
            let mut dy = y[t].clone();
            dy[self.labels[t]] -= 1.0;
            let da = (dy.dot(&wy.t()) + &handed) * h[t + 1].mapv(|h| 1.0 - h * h);
            gradients[0] += &outer(&self.x.row(t).to_owned(), &da);
            gradients[1] += &outer(&h[t], &da);
            gradients[2] += &da;
            gradients[3] += &outer(&h[t + 1], &dy);
            handed = da.dot(&(self.back)(&wh));
        }
        gradients
    }

    fn check(&self, start: [Tensor; 4]) -> Result<Report> {
        let [wx, wh, b, wy] = start;
        let start = [("wx", wx), ("wh", wh), ("b", b), ("wy", wy)];
        check::function(&start, |p| Ok(self.loss(p)), |p| Ok(self.gradients(p)))
    }
}

fn tagger(x: &[f64], labels: &[usize], back: fn(&Array2<f64>) -> Array2<f64>) -> Tagger {
    Tagger { x: matrix(&tensor(&[x.len(), 1], x)), labels: labels.to_vec(), back }
}

fn start() -> [Tensor; 4] {
    [
        tensor(&[1, 2], &[0.4, -0.6]),
        tensor(&[2, 2], &[0.5, -0.3, 0.8, 0.1]),
        tensor(&[2], &[0.1, 0.0]),
        tensor(&[2, 2], &[0.7, -0.2, 0.3, 0.9]),
    ]
}

/// The loss alone shows nothing of the steps between.
const NOT_TRANSPOSED: &[&str] = &["wh not transposed", "wh changed: wh.T"];

#[test]
fn a9_recurrent_weights_not_transposed() -> Result<()> {
    let (wrong, right) = (
        tagger(&[1.0, -0.5, 2.0], &[0, 1, 0], Array2::clone),
        tagger(&[1.0, -0.5, 2.0], &[0, 1, 0], transposed),
    );
    assert_near(&right.gradients(&start())[1], &[0.1623, -0.1716, -0.1612, 0.1871], 5.1e-5);
    assert_near(&wrong.gradients(&start())[1], &[0.1873, -0.1117, -0.1903, 0.1175], 5.1e-5);
    let expect = || Expect::wrong_at(&["wx", "wh", "b"], NOT_TRANSPOSED).cause_may_be_unknown();
    expect().of(&wrong.check(start())?);
    Expect::right().of(&right.check(start())?);

    // Weights as the asker draws them, next to 0: an error of a hundredth.
    let [wx, wh, b, wy] = start();
    let small = [wx, wh * 0.02, b * 0.02, wy];
    expect().of(&wrong.check(small.clone())?);
    Expect::right().of(&right.check(small)?);
    Ok(())
}

#[test]
fn a9_one_step_returns_no_gradient() -> Result<()> {
    for back in [Array2::clone as fn(&Array2<f64>) -> Array2<f64>, transposed] {
        Expect::right().of(&tagger(&[1.0], &[1], back).check(start())?);
    }
    Ok(())
}

/// A11, community.deeplearning.ai 22398, 8480 and 67533: Coursera's LSTM, samples in columns. What the askers' code was is
/// not public. The faults here have the published symptoms.
#[derive(Clone, Copy, PartialEq)]
enum Lstm {
    /// 22398: what the cell's value gets from the output is without tanh′ in the gates f, i and c.
    GatesWithoutTanh,
    /// 8480: dx is right at the last step alone, since what is handed back is not added.
    NothingHandedBack,
    /// 67533: dx is wrong at the first step alone.
    FirstStepWithoutItsCell,
    Right,
}

/// What a step remembers.
struct Step {
    /// The hidden state before the step, and below it x.
    concat: Array2<f64>,
    c_prev: Array2<f64>,
    c: Array2<f64>,
    /// The gates f, i and o, and the candidate.
    gates: [Array2<f64>; 4],
}

/// The parameters: Wf, bf, Wi, bi, Wo, bo, Wc, bc.
fn lstm_step(x: &Array2<f64>, a: &Array2<f64>, c: &Array2<f64>, p: &[Tensor]) -> (Array2<f64>, Step) {
    let concat = ndarray::concatenate(Axis(0), &[a.view(), x.view()]).expect("as many samples");
    let gate =
        |at: usize, f: fn(f64) -> f64| (matrix(&p[2 * at]).dot(&concat) + matrix(&p[2 * at + 1])).mapv(f);
    let gates = [gate(0, sigmoid), gate(1, sigmoid), gate(2, sigmoid), gate(3, f64::tanh)];
    let next = &gates[0] * c + &gates[1] * &gates[3];
    let a = &gates[2] * &next.mapv(f64::tanh);
    (a, Step { concat, c_prev: c.clone(), c: next, gates })
}

/// The gradients of x, of what the step before handed on as a and as c, and of the parameters.
fn lstm_step_back(
    da: &Array2<f64>,
    dc: &Array2<f64>,
    step: &Step,
    p: &[Tensor],
    without_tanh: bool,
) -> ([Array2<f64>; 3], Vec<Tensor>) {
    let [f, i, o, candidate] = &step.gates;
    let tanh_c = step.c.mapv(f64::tanh);
    let from_output = o * da;
    let whole = dc + &(&from_output * &tanh_c.mapv(|t| 1.0 - t * t));
    let of_gates = if without_tanh { dc + &from_output } else { whole.clone() };
    let slope = |gate: &Array2<f64>| gate.mapv(|g| g * (1.0 - g));
    let d = [
        &of_gates * &step.c_prev * slope(f),
        &of_gates * candidate * slope(i),
        da * &tanh_c * slope(o),
        &of_gates * i * candidate.mapv(|c| 1.0 - c * c),
    ];
    let mut dconcat = Array2::zeros(step.concat.raw_dim());
    let mut gradients = Vec::new();
    for (at, d) in d.iter().enumerate() {
        gradients.push(d.dot(&step.concat.t()).into_dyn());
        gradients.push(d.sum_axis(Axis(1)).insert_axis(Axis(1)).into_dyn());
        dconcat = dconcat + matrix(&p[2 * at]).t().dot(d);
    }
    let (da_prev, dx) = dconcat.view().split_at(Axis(0), da.nrows());
    ([dx.to_owned(), da_prev.to_owned(), whole * f], gradients)
}

const INPUTS: usize = 3;
const HIDDEN: usize = 2;
const SAMPLES: usize = 4;
const STEPS: usize = 4;
const WEIGHTS: [&str; 8] = ["wf", "bf", "wi", "bi", "wo", "bo", "wc", "bc"];

fn weights() -> Vec<(&'static str, Tensor)> {
    let shape = |at: usize| if at.is_multiple_of(2) { [HIDDEN, HIDDEN + INPUTS] } else { [HIDDEN, 1] };
    (0..8).map(|at| (WEIGHTS[at], numbers(&shape(at), 100 + 40 * at))).collect()
}

/// One cell: from x, a and c to the next a and c.
fn cell(version: Lstm) -> Result<Report> {
    let cache = RefCell::new(None);
    let mut arguments = vec![
        ("xt", numbers(&[INPUTS, SAMPLES], 7)),
        ("a_prev", numbers(&[HIDDEN, SAMPLES], 35)),
        ("c_prev", numbers(&[HIDDEN, SAMPLES], 66)),
    ];
    arguments.extend(weights());
    check::vjp(
        &arguments,
        |p| {
            let [x, a, c] = [0, 1, 2].map(|at| matrix(&p[at]));
            let (a, step) = lstm_step(&x, &a, &c, &p[3..]);
            let c = step.c.clone();
            cache.replace(Some(step));
            Ok(vec![a.into_dyn(), c.into_dyn()])
        },
        |p, g| {
            let cache = cache.borrow();
            let step = cache.as_ref().expect("forward ran");
            let (inputs, gradients) = lstm_step_back(
                &matrix(&g[0]),
                &matrix(&g[1]),
                step,
                &p[3..],
                version == Lstm::GatesWithoutTanh,
            );
            Ok(inputs
                .map(|dx| Some(dx.into_dyn()))
                .into_iter()
                .chain(gradients.into_iter().map(Some))
                .collect())
        },
    )
}

#[test]
fn a11_all_gates_but_the_output() -> Result<()> {
    let wrong = ["wf", "bf", "wi", "bi", "wc", "bc", "xt", "a_prev"];
    Expect::wrong_at(&wrong, &[]).of(&cell(Lstm::GatesWithoutTanh)?);
    Expect::right().of(&cell(Lstm::Right)?);
    Ok(())
}

/// The sequence: from x [inputs, samples, steps] and the first a to all a [hidden, samples, steps].
struct Sequence {
    version: Lstm,
    cache: RefCell<Vec<Step>>,
}

impl Sequence {
    fn forward(&self, p: &[Tensor]) -> Tensor {
        let (mut a, mut c) = (matrix(&p[1]), Array2::zeros((HIDDEN, SAMPLES)));
        let mut all = Tensor::zeros(vec![HIDDEN, SAMPLES, STEPS]);
        self.cache.borrow_mut().clear();
        for t in 0..STEPS {
            let x = matrix(&p[0].index_axis(Axis(2), t).to_owned());
            let (next, step) = lstm_step(&x, &a, &c, &p[2..]);
            c.assign(&step.c);
            all.index_axis_mut(Axis(2), t).assign(&next);
            self.cache.borrow_mut().push(step);
            a = next;
        }
        all
    }

    fn backward(&self, p: &[Tensor], da: &Tensor) -> Vec<Option<Tensor>> {
        let mut handed = Array2::zeros((HIDDEN, SAMPLES));
        let mut dc = handed.clone();
        let mut dx = Tensor::zeros(vec![INPUTS, SAMPLES, STEPS]);
        let mut sums: Vec<Tensor> = p[2..].iter().map(|p| p * 0.0).collect();
        for t in (0..STEPS).rev() {
            if self.version == Lstm::NothingHandedBack {
                handed.fill(0.0);
            }
            let da = matrix(&da.index_axis(Axis(2), t).to_owned()) + &handed;
            let ([of_x, of_a, of_c], gradients) =
                lstm_step_back(&da, &dc, &self.cache.borrow()[t], &p[2..], false);
            dx.index_axis_mut(Axis(2), t).assign(&of_x);
            sums.iter_mut().zip(gradients).for_each(|(sum, gradient)| *sum += &gradient);
            // What the first step gets for its cell is dropped.
            let dropped = self.version == Lstm::FirstStepWithoutItsCell && t == 1;
            dc = if dropped { of_c * 0.0 } else { of_c };
            handed = of_a;
        }
        [Some(dx), Some(handed.into_dyn())].into_iter().chain(sums.into_iter().map(Some)).collect()
    }

    fn check(version: Lstm) -> Result<Report> {
        let sequence = Sequence { version, cache: RefCell::default() };
        let mut arguments =
            vec![("x", numbers(&[INPUTS, SAMPLES, STEPS], 7)), ("a0", numbers(&[HIDDEN, SAMPLES], 35))];
        arguments.extend(weights());
        check::vjp(&arguments, |p| Ok(vec![sequence.forward(p)]), |p, g| Ok(sequence.backward(p, &g[0])))
    }
}

#[test]
fn a11_right_at_the_last_step_only() -> Result<()> {
    let all: Vec<&str> = ["x", "a0"].into_iter().chain(WEIGHTS).collect();
    Expect::wrong_at(&all, &[])
        .says(&["last step", "[3] along axis 2", "[0, 1, 2] along axis 2"])
        .of(&Sequence::check(Lstm::NothingHandedBack)?);
    Expect::right().of(&Sequence::check(Lstm::Right)?);
    Ok(())
}

#[test]
fn a11_wrong_at_the_first_step_only() -> Result<()> {
    // The output gate gets nothing from the cell, and the forget gate multiplies a cell that is 0 before the first step.
    let wrong = ["x", "a0", "wi", "bi", "wc", "bc"];
    Expect::wrong_at(&wrong, &[])
        .says(&["first step", "[0] along axis 2"])
        .of(&Sequence::check(Lstm::FirstStepWithoutItsCell)?);
    Ok(())
}
