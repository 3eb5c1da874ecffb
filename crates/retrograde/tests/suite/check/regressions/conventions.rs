//! Kind 8: Right only together: the gradient of the loss decides, and the isolated layers give the location if it is wrong.

use ndarray::{Array1, Axis};
use retrograde::Result;
use retrograde::check::{self, Report};
use retrograde::textbook::{
    Affine, Labels, Layer, LossLayer, Network, Parameter, Relu, Sigmoid, SoftmaxWithLoss, Tensor,
    cross_entropy_error, remembered, softmax,
};

use super::rows;
use crate::check::support::{Expect, matrix, numbers, tensor};

/// The mean cross entropy with a gradient that is a sum, and, as in the book, takes no dout.
struct Summed {
    with_dout: bool,
    memory: Option<Tensor>,
}

impl LossLayer for Summed {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        self.memory = Some(softmax(logits) - labels.to_rows(logits)?);
        cross_entropy_error(logits, labels)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        let difference = remembered(self.memory.as_ref(), "Summed")?;
        Ok(if self.with_dout { difference * dout } else { difference.clone() })
    }
}

/// x · w + b, whose parameters' gradients are divided by the rows, and dx is not.
struct Coursera {
    w: Tensor,
    b: Tensor,
    gradients: Option<(Tensor, Tensor)>,
    x: Option<Tensor>,
    divided: bool,
}

impl Coursera {
    fn new(w: Tensor, divided: bool) -> Self {
        let b = numbers(&[w.shape()[1]], 201);
        Coursera { w, b, gradients: None, x: None, divided }
    }
}

impl Layer for Coursera {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.x = Some(x.clone());
        Ok(matrix(x).dot(&matrix(&self.w)).into_dyn() + &self.b)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let x = matrix(remembered(self.x.as_ref(), "Coursera")?);
        let m = if self.divided { x.nrows() as f64 } else { 1.0 };
        let d = matrix(dout);
        self.gradients = Some(((x.t().dot(&d) / m).into_dyn(), (d.sum_axis(Axis(0)) / m).into_dyn()));
        Ok(d.dot(&matrix(&self.w).t()).into_dyn())
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let (dw, db) = self.gradients.as_ref().map(|(dw, db)| (dw, db)).unzip();
        vec![Parameter::new("w", &mut self.w, dw), Parameter::new("b", &mut self.b, db)]
    }
}

/// Two layers of these, with which of them divided by the rows.
fn two_layers(
    widths: [usize; 3],
    activation: impl Layer + 'static,
    divided: [bool; 2],
    (x, labels): (&Tensor, &Labels),
) -> Result<Report> {
    let [inputs, hidden, classes] = widths;
    let mut network = Network::new(Summed { with_dout: true, memory: None })
        .then(Coursera::new(numbers(&[inputs, hidden], 11), divided[0]))
        .then(activation)
        .then(Coursera::new(numbers(&[hidden, classes], 90), divided[1]));
    check::network(&mut network, x, labels)
}

#[test]
fn the_mean_taken_in_the_parameters_gradients_only() -> Result<()> {
    let (x, labels) = rows();
    Expect::right().says(&["1/N", "divide by N", "together"]).of_network(&two_layers(
        [2, 2, 2],
        Relu::new(),
        [true, true],
        (&x, &labels),
    )?);
    let (x, labels) = (numbers(&[5, 3], 40), vec![1, 0, 1, 1, 0].into());
    Expect::right().of_network(&two_layers([3, 4, 2], Sigmoid::new(), [true, true], (&x, &labels))?);
    Ok(())
}

#[test]
fn the_mean_taken_in_one_layer_only() -> Result<()> {
    // Then two parameters are N times too large. It is their layer that lacks 1/N, or the loss that lacks it and the other
    // layer that has it too often: both readings are true, and both lead to a right network.
    let (x, labels) = (numbers(&[5, 3], 40), vec![1, 0, 1, 1, 0].into());
    let cases: [([bool; 2], [&'static str; 2], &'static str); 2] = [
        ([true, false], ["coursera2.w", "coursera2.b"], "coursera1"),
        ([false, true], ["coursera1.w", "coursera1.b"], "coursera2"),
    ];
    for (divided, wrong, other) in cases {
        let report = two_layers([3, 4, 2], Sigmoid::new(), divided, (&x, &labels))?;
        Expect::wrong_at(&wrong, &["factor N", "factor 5", "sum for mean over the samples"])
            .cause_may_be_unknown()
            .also_true("summed", &["factor N", "sum for mean over the samples"])
            .also_true(other, &["factor 1/N", "mean for sum over the samples"])
            .of_whole(&report);
    }
    Ok(())
}

/// The first layer, whose dx is unused: it returns zeros, or another cheap result.
struct First(Affine);

impl Layer for First {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.0.forward(x)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        Ok(self.0.backward(dout)? * 0.0)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.0.parameters()
    }
}

fn affine(shape: [usize; 2], seed: usize) -> Result<Affine> {
    Affine::new(matrix(&numbers(&shape, seed)), Array1::zeros(shape[1]))
}

#[test]
fn the_first_layers_dx_is_needed_by_none() -> Result<()> {
    for (widths, x, labels) in [
        ([2, 3, 2], rows().0, rows().1),
        ([4, 2, 3], numbers(&[6, 4], 8), Labels::Classes(vec![0, 1, 2, 2, 0, 1])),
    ] {
        let [inputs, hidden, classes] = widths;
        let mut network = Network::new(SoftmaxWithLoss::new())
            .then(First(affine([inputs, hidden], 31)?))
            .then(Relu::new())
            .then(affine([hidden, classes], 60)?);
        Expect::right().of_network(&check::network(&mut network, &x, &labels)?);
    }
    Ok(())
}

#[test]
fn a_layer_in_the_middle_that_returns_zeros_is_wrong() -> Result<()> {
    let mut network = Network::new(SoftmaxWithLoss::new())
        .then(affine([2, 3], 31)?)
        .then(First(affine([3, 3], 47)?))
        .then(affine([3, 2], 60)?);
    let (x, labels) = rows();
    Expect::wrong("first1", &["zero: cut off"]).of_network(&check::network(&mut network, &x, &labels)?);
    Ok(())
}

/// As in the book: (y − t)/N, whatever dout is.
struct Book(Option<Tensor>);

impl LossLayer for Book {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        self.0 = Some((softmax(logits) - labels.to_rows(logits)?) / logits.shape()[0] as f64);
        cross_entropy_error(logits, labels)
    }

    fn backward(&mut self, _: f64) -> Result<Tensor> {
        Ok(remembered(self.0.as_ref(), "Book")?.clone())
    }
}

#[test]
fn the_books_loss_at_the_end_of_a_network() -> Result<()> {
    for (x, labels) in [rows(), (tensor(&[1, 2], &[0.4, -1.1]), vec![1].into())] {
        let mut network =
            Network::new(Book(None)).then(affine([2, 3], 31)?).then(Relu::new()).then(affine([3, 2], 60)?);
        Expect::right().says(&["dout ignored", "ignores dout", "takes no dout"]).of_network(&check::network(
            &mut network,
            &x,
            &labels,
        )?);
    }
    // With Coursera's layers before it both conventions are in one network.
    let (x, labels) = (numbers(&[4, 3], 5), vec![0, 1, 1, 0].into());
    let mut network = Network::new(Summed { with_dout: false, memory: None })
        .then(Coursera::new(numbers(&[3, 3], 11), true))
        .then(Sigmoid::new())
        .then(Coursera::new(numbers(&[3, 2], 90), true));
    Expect::right().of_network(&check::network(&mut network, &x, &labels)?);
    Ok(())
}
