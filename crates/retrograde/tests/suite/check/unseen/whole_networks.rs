//! Networks that are written without layers: a loss of the parameters, and all gradients at once.

use ndarray::{Array2, Axis};

use super::{numbers, said, sigmoid};
use retrograde::Result;
use retrograde::check::{self, Report, Verdict};
use retrograde::textbook::Tensor;

type Matrix = Array2<f64>;

/// What one way to write backward has for each of its steps.
struct Backward {
    /// The gradient of the last sums, of predictions and targets.
    last: fn(&Matrix, &Matrix) -> Matrix,
    /// The slope of the hidden layers, as a function of their output.
    slope: fn(f64) -> f64,
    /// The weights by which the last layer hands back.
    handed: fn(&Matrix) -> Matrix,
    /// What the last weights are multiplied by, of the layer's input and output.
    input: fn(&Matrix, &Matrix) -> Matrix,
    /// A factor in the gradient of the last weights.
    factor: f64,
}

const RIGHT: Backward = Backward {
    last: |y, t| y - t,
    slope: |a| 1.0 - a * a,
    handed: |w| w.t().to_owned(),
    input: |a, _| a.clone(),
    factor: 1.0,
};

fn softmax(z: &Matrix) -> Matrix {
    let e = z.mapv(f64::exp);
    &e / &e.sum_axis(Axis(1)).insert_axis(Axis(1))
}

fn down_columns(z: &Matrix) -> Matrix {
    softmax(&z.t().to_owned()).reversed_axes()
}

/// Two layers with tanh between them, a sample in each row, and the mean of the cross entropy.
struct TwoLayers {
    x: Matrix,
    t: Matrix,
    softmax: fn(&Matrix) -> Matrix,
}

impl TwoLayers {
    fn new(softmax: fn(&Matrix) -> Matrix) -> Self {
        let (x, mut t) = (super::matrix(&numbers(&[5, 4], 40)), Matrix::zeros((5, 3)));
        (0..5).for_each(|row| t[[row, row % 3]] = 1.0);
        TwoLayers { x, t, softmax }
    }

    fn forward(&self, p: &[Tensor]) -> [Matrix; 2] {
        let a = (self.x.dot(&super::matrix(&p[0])) + &p[1]).mapv(f64::tanh);
        let a: Matrix = a.into_dimensionality().expect("rows");
        let z = (a.dot(&super::matrix(&p[2])) + &p[3]).into_dimensionality().expect("rows");
        [a, (self.softmax)(&z)]
    }

    fn loss(&self, p: &[Tensor]) -> f64 {
        let [_, y] = self.forward(p);
        -(&self.t * &y.mapv(f64::ln)).sum() / 5.0
    }

    fn gradients(&self, p: &[Tensor], how: &Backward) -> Vec<Tensor> {
        let [a, y] = self.forward(p);
        let z = super::matrix(&p[2]);
        let dz = (how.last)(&y, &self.t) / 5.0;
        let db = dz.sum_axis(Axis(0)).into_dyn();
        let dw = (how.input)(&a, &y).t().dot(&dz) * how.factor;
        let dh = dz.dot(&(how.handed)(&z)) * a.mapv(how.slope);
        vec![self.x.t().dot(&dh).into_dyn(), dh.sum_axis(Axis(0)).into_dyn(), dw.into_dyn(), db]
    }

    fn check(&self, hidden: usize, how: &Backward) -> Result<Report> {
        let arguments = [
            ("w1", numbers(&[4, hidden], 3)),
            ("b1", numbers(&[hidden], 5)),
            ("w2", numbers(&[hidden, 3], 7)),
            ("b2", numbers(&[3], 9)),
        ];
        let data = [self.x.clone().into_dyn(), self.t.clone().into_dyn()];
        check::function_named("net", &arguments, &data, |p| Ok(self.loss(p)), |p| Ok(self.gradients(p, how)))
    }
}

#[test]
fn one_step_of_backward_is_another() -> Result<()> {
    let net = TwoLayers::new(softmax);
    let right = net.check(6, &RIGHT)?;
    assert_eq!(right.verdict, Verdict::Right, "{right}");
    let wrong: [(&str, &str, usize, Backward); 8] = [
        ("slope missing", "slope missing", 6, Backward { slope: |_| 1.0, ..RIGHT }),
        (
            "the slope of a sigmoid",
            "wrong slope a · (1 − a)",
            6,
            Backward { slope: |a| a * (1.0 - a), ..RIGHT },
        ),
        ("not transposed", "w2 changed: w2.T", 3, Backward { handed: Matrix::clone, ..RIGHT }),
        ("the own output", "own output", 3, Backward { input: |_, y| y.clone(), ..RIGHT }),
        (
            "the slope of softmax twice",
            "cross entropy backward is (y − t) · y · (1 − y)",
            6,
            Backward { last: |y, t| (y - t) * y.mapv(|y| y * (1.0 - y)), ..RIGHT },
        ),
        (
            "the slope of a logistic loss",
            "cross entropy backward is e",
            6,
            Backward { last: |y, t| -t / y, ..RIGHT },
        ),
        // In the gradient of one parameter: the steps after it are right.
        ("twice", "factor 2", 6, Backward { factor: 2.0, ..RIGHT }),
        (
            "the sums for the outputs",
            "x changed: z1",
            6,
            Backward { input: |a, _| a.mapv(f64::atanh), ..RIGHT },
        ),
    ];
    for (what, cause, hidden, how) in &wrong {
        let report = net.check(*hidden, how)?;
        let found = said(&report);
        assert!(report.verdict.is_wrong(), "{what}\n{report}");
        assert!(found.len() == 1 && found[0].starts_with(cause), "{what}: {found:?}, not {cause}\n{report}");
    }
    Ok(())
}

#[test]
fn a_softmax_down_the_columns_is_one_finding() -> Result<()> {
    let report = TwoLayers::new(down_columns).check(6, &RIGHT)?;
    assert_eq!(said(&report), ["softmax down the columns"], "{report}");
    assert_eq!(report.findings[0].blocks.len(), 4, "{report}");
    Ok(())
}

/// A sample in each column, weights of outputs × inputs, listed from the last layer to the first, sigmoids and squares.
#[test]
fn columns_and_squares() -> Result<()> {
    let x = super::matrix(&numbers(&[4, 5], 40));
    let t = super::matrix(&numbers(&[2, 5], 44)).mapv(|t| f64::from(u8::from(t > 0.0)));
    let forward = |p: &[Tensor]| {
        let a = super::matrix(&p[1]).dot(&x).mapv(sigmoid);
        let y = super::matrix(&p[0]).dot(&a).mapv(sigmoid);
        (a, y)
    };
    let loss = |p: &[Tensor]| Ok(0.5 * (forward(p).1 - &t).mapv(|e| e * e).sum() / 5.0);
    for (slope, cause) in [(true, ""), (false, "wrong slope y − t")] {
        let gradients = |p: &[Tensor]| {
            let (a, y) = forward(p);
            let mut dz = (&y - &t) / 5.0;
            if slope {
                dz *= &y.mapv(|y| y * (1.0 - y));
            }
            let dh = super::matrix(&p[0]).t().dot(&dz) * a.mapv(|a| a * (1.0 - a));
            Ok(vec![dz.dot(&a.t()).into_dyn(), dh.dot(&x.t()).into_dyn()])
        };
        let arguments = [("w2", numbers(&[2, 3], 7)), ("w1", numbers(&[3, 4], 3))];
        let data = [x.clone().into_dyn(), t.clone().into_dyn()];
        let report = check::function_named("net", &arguments, &data, loss, gradients)?;
        assert_eq!(report.verdict == Verdict::Right, slope, "{report}");
        assert!(slope || said(&report).iter().all(|said| said.starts_with(cause)), "{report}");
        assert!(slope || said(&report).len() == 1, "{report}");
    }
    Ok(())
}
