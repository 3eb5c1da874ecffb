//! Losses other than the cross entropy.

use super::{numbers, said, sigmoid};
use retrograde::Result;
use retrograde::check::{self, Verdict};
use retrograde::textbook::{Labels, LossLayer, Tensor, remembered};

/// A loss that is a sum of one term for each logit and its label.
struct Terms {
    term: fn(f64, f64) -> f64,
    slope: fn(f64, f64) -> f64,
    /// What the sum is divided by, for N rows of C: in forward and in backward.
    divisors: [fn(f64, f64) -> f64; 2],
    memory: Option<(Tensor, Tensor)>,
}

impl LossLayer for Terms {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        let t = labels.to_rows(logits)?;
        let sum: f64 = logits.iter().zip(&t).map(|(x, t)| (self.term)(*x, *t)).sum();
        let (n, c) = (logits.shape()[0] as f64, logits.shape()[1] as f64);
        self.memory = Some((logits.clone(), t));
        Ok(sum / (self.divisors[0])(n, c))
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        let (x, t) = remembered(self.memory.as_ref(), "Terms")?;
        let divisor = (self.divisors[1])(x.shape()[0] as f64, x.shape()[1] as f64);
        Ok(super::zip(x, t, |x, t| dout * (self.slope)(x, t) / divisor))
    }
}

fn entropy(x: f64, t: f64) -> f64 {
    x.max(0.0) - x * t + (-x.abs()).exp().ln_1p()
}

fn squared(x: f64, t: f64) -> f64 {
    (x - t).powi(2)
}

fn on_sigmoid(x: f64, t: f64) -> f64 {
    (sigmoid(x) - t).powi(2)
}

fn rows(n: f64, _: f64) -> f64 {
    n
}

fn elements(n: f64, c: f64) -> f64 {
    n * c
}

fn one(_: f64, _: f64) -> f64 {
    1.0
}

/// What it is, the loss, its slope, the divisors, and the cause; none for a right one.
type Case = (&'static str, fn(f64, f64) -> f64, fn(f64, f64) -> f64, [fn(f64, f64) -> f64; 2], &'static str);

#[test]
fn losses_of_terms() -> Result<()> {
    let slope_on_sigmoid = |x: f64, t: f64| 2.0 * (sigmoid(x) - t) * sigmoid(x) * (1.0 - sigmoid(x));
    let cases: [Case; 13] = [
        ("squares", squared, |x, t| 2.0 * (x - t), [rows, rows], ""),
        ("squares without 2", squared, |x, t| x - t, [rows, rows], "factor 1/2"),
        ("squares without 1/N", squared, |x, t| 2.0 * (x - t), [rows, one], "sum for mean over the samples"),
        (
            "a mean over rows for one over elements",
            squared,
            |x, t| 2.0 * (x - t),
            [elements, rows],
            "factor 4",
        ),
        ("squares the wrong way round", squared, |x, t| 2.0 * (t - x), [rows, rows], "wrong sign"),
        (
            "the sign for squares",
            squared,
            |x, t| (x - t).signum(),
            [rows, rows],
            "loss backward is sign(x − t) / N",
        ),
        ("absolute value", |x, t| (x - t).abs(), |x, t| (x - t).signum(), [rows, rows], ""),
        (
            "x − t for the absolute value",
            |x, t| (x - t).abs(),
            |x, t| x - t,
            [rows, rows],
            "loss backward is (x − t) / N",
        ),
        ("binary cross entropy", entropy, |x, t| sigmoid(x) - t, [elements, elements], ""),
        (
            "its slope twice",
            entropy,
            |x, t| (sigmoid(x) - t) * sigmoid(x) * (1.0 - sigmoid(x)),
            [rows, rows],
            "each element times sigmoid(x) · (1 − sigmoid(x))",
        ),
        ("of x, not of its sigmoid", entropy, |x, t| x - t, [rows, rows], "loss backward is (x − t) / N"),
        ("squares of a sigmoid", on_sigmoid, slope_on_sigmoid, [rows, rows], ""),
        (
            "without the sigmoid's slope",
            on_sigmoid,
            |x, t| 2.0 * (sigmoid(x) - t),
            [rows, rows],
            "loss backward is 2 · (sigmoid(x) − t) / N",
        ),
    ];
    let x = numbers(&[3, 4], 17);
    let labels = Labels::Rows(Tensor::from_shape_fn(vec![3, 4], |at| {
        f64::from(u8::from(at[1] == (2 * at[0] + 1) % 4))
    }));
    let mut trouble = Vec::new();
    for (what, term, slope, divisors, cause) in cases {
        let report = check::loss(&mut Terms { term, slope, divisors, memory: None }, &x, &labels)?;
        let named = said(&report).iter().any(|said| said.starts_with(cause));
        let fits = if cause.is_empty() {
            report.verdict == Verdict::Right
        } else {
            report.verdict.is_wrong() && named
        };
        if !fits {
            trouble.push(format!("{what}: {} {:?}, not {cause}", report.verdict, said(&report)));
        }
    }
    assert!(trouble.is_empty(), "{}", trouble.join("\n"));
    Ok(())
}
