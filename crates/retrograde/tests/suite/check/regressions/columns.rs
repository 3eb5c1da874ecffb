//! Kind 9: Samples in columns: axis 0 is not always the batch.

use ndarray::{Array2, Axis};
use retrograde::check::{self, Report};
use retrograde::textbook::{Labels, LossLayer, Tensor, remembered};
use retrograde::{Error, Result};

use super::{Backward, Given, Own};
use crate::check::support::{Expect, matrix, numbers, softmax_rows, tensor};

/// Softmax down axis 0, and −(1/m) Σ y ln a over m columns.
struct Columns {
    /// What the gradient's mean is taken by, of the classes and the columns.
    over: fn(f64, f64) -> f64,
    memory: Option<(Array2<f64>, Array2<f64>)>,
}

impl LossLayer for Columns {
    fn forward(&mut self, z: &Tensor, labels: &Labels) -> Result<f64> {
        let Labels::Rows(y) = labels else {
            return Err(Error::invalid("Columns", "there are indices", "give one-hot columns"));
        };
        if y.shape() != z.shape() {
            return Err(Error::invalid(
                "Columns",
                "z and y differ in shape",
                "give a column for each sample",
            ));
        }
        let (y, a) = (matrix(y), softmax_rows(&matrix(z).t().to_owned()).t().to_owned());
        let loss = -(&y * &a.mapv(f64::ln)).sum() / y.ncols() as f64;
        self.memory = Some((a, y));
        Ok(loss)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        let (a, y) = remembered(self.memory.as_ref(), "Columns")?;
        let over = (self.over)(y.nrows() as f64, y.ncols() as f64);
        Ok(((a - y) * (dout / over)).into_dyn())
    }
}

fn one_hot(classes: usize, labels: &[usize]) -> Labels {
    let y =
        Array2::from_shape_fn((classes, labels.len()), |(class, m)| f64::from(u8::from(labels[m] == class)));
    y.into()
}

#[test]
fn a_loss_of_columns() -> Result<()> {
    let cases = [
        (tensor(&[3, 2], &[1.0, 0.0, 0.2, 1.0, -0.5, 0.3]), one_hot(3, &[0, 2])),
        (numbers(&[2, 5], 7), one_hot(2, &[0, 1, 1, 0, 1])),
        (numbers(&[4, 3], 33), one_hot(4, &[3, 3, 0])),
        (numbers(&[3, 1], 50), one_hot(3, &[1])),
    ];
    for (z, y) in cases {
        let columns = z.shape()[1];
        let check = |over| check::loss(&mut Columns { over, memory: None }, &z, &y);
        Expect::right().of(&check(|_, m| m)?);
        // The mean forgotten: there is nothing to forget in one column.
        if columns > 1 {
            Expect::wrong("x", &["factor m", "factor N", "sum for mean over the columns"])
                .says(&["columns"])
                .of(&check(|_, _| 1.0)?);
        }
    }
    // The mean taken over the classes.
    let (z, y) = (numbers(&[4, 3], 33), one_hot(4, &[3, 3, 0]));
    let over_classes = check::loss(&mut Columns { over: |c, _| c, memory: None }, &z, &y)?;
    Expect::wrong("x", &["factor m/C", "factor 3/4", "factor N/C"]).of(&over_classes);
    Ok(())
}

/// w · x + b, x [D, m].
fn dense(inputs: usize, outputs: usize, m: usize, backward: Backward) -> Result<Report> {
    let parameters = vec![("w", numbers(&[outputs, inputs], 80)), ("b", numbers(&[outputs, 1], 120))];
    let forward = |x: &Tensor, p: &[Tensor]| (matrix(&p[0]).dot(&matrix(x)) + matrix(&p[1])).into_dyn();
    check::layer(&mut Own::new(parameters, forward, backward), &numbers(&[inputs, m], 4))
}

/// The gradients, those of w and b divided by these.
fn gradients(g: &Given<'_>, of_w: f64, of_b: f64) -> (Tensor, Vec<Tensor>) {
    let (x, d, w) = (matrix(g.x), matrix(g.d), matrix(&g.p[0]));
    let db = d.sum_axis(Axis(1)).insert_axis(Axis(1)) / of_b;
    (w.t().dot(&d).into_dyn(), vec![(d.dot(&x.t()) / of_w).into_dyn(), db.into_dyn()])
}

fn columns(g: &Given<'_>) -> f64 {
    g.x.shape()[1] as f64
}

#[test]
fn a_dense_layer_of_columns() -> Result<()> {
    const MEAN: &[&str] = &["factor 1/m", "mean for sum over the columns"];
    for (inputs, outputs, m) in [(2, 3, 6), (3, 2, 4), (4, 1, 5)] {
        Expect::right().of(&dense(inputs, outputs, m, |g| gradients(g, 1.0, 1.0))?);
        Expect::wrong("w", MEAN)
            .says(&["columns"])
            .of(&dense(inputs, outputs, m, |g| gradients(g, columns(g), 1.0))?);
        Expect::wrong("b", MEAN).of(&dense(inputs, outputs, m, |g| gradients(g, 1.0, columns(g)))?);
        Expect::wrong_at(&["w", "b"], MEAN)
            .of(&dense(inputs, outputs, m, |g| gradients(g, columns(g), columns(g)))?);
    }
    Ok(())
}
