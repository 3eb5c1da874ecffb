//! Kind 11: Layers made for one batch: the probes must be inputs that a layer accepts, and a user's panic must not be the
//! check's.

use ndarray::Array1;
use retrograde::check;
use retrograde::textbook::{
    Affine, Labels, Layer, LossLayer, Network, Parameter, Relu, SoftmaxWithLoss, Tensor,
};
use retrograde::{Error, Result};

use super::rows;
use crate::check::support::{Expect, matrix, numbers, tensor};

/// How a layer refuses other numbers of rows.
#[derive(Clone, Copy)]
enum Refusal {
    Assertion,
    Error,
    /// ndarray's own, of arrays that do not fit together.
    Shapes,
}

/// x · w + b for a number of rows that was known when it was written.
struct Fixed {
    affine: Affine,
    rows: usize,
    refusal: Refusal,
}

impl Fixed {
    fn new(shape: [usize; 2], rows: usize, refusal: Refusal) -> Result<Self> {
        let affine = Affine::new(matrix(&numbers(&shape, 17)), Array1::zeros(shape[1]))?;
        Ok(Fixed { affine, rows, refusal })
    }
}

impl Layer for Fixed {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        match self.refusal {
            Refusal::Assertion => assert_eq!(x.shape()[0], self.rows),
            Refusal::Error if x.shape()[0] != self.rows => {
                return Err(Error::invalid("Fixed", "another number of rows", "give the rows of the batch"));
            }
            Refusal::Error => {}
            Refusal::Shapes => {
                let mut own = Tensor::zeros(vec![self.rows, x.shape()[1]]);
                own.assign(x);
                // A single row would fit all rows of it.
                assert!(x.shape()[0] > 1, "the batch is one row");
                return self.affine.forward(&own);
            }
        }
        self.affine.forward(x)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        self.affine.backward(dout)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.affine.parameters()
    }
}

#[test]
fn layers_that_take_the_rows_of_one_batch() -> Result<()> {
    for refusal in [Refusal::Assertion, Refusal::Error, Refusal::Shapes] {
        for (count, inputs) in [(3, 2), (5, 4)] {
            let x = numbers(&[count, inputs], 40);
            let labels: Vec<usize> = (0..count).map(|row| row % 3).collect();
            let layer = || Fixed::new([inputs, 3], count, refusal);
            Expect::right().of(&check::layer(&mut layer()?, &x)?);
            let mut network = Network::new(SoftmaxWithLoss::new()).then(layer()?).then(Relu::new());
            Expect::right()
                .says(&["accepts only the given number of rows", "takes no other number of rows"])
                .of_network(&check::network(&mut network, &x, &labels.into())?);
        }
    }
    Ok(())
}

/// A loss for the rows of one batch.
struct FixedLoss {
    loss: SoftmaxWithLoss,
    rows: usize,
}

impl LossLayer for FixedLoss {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        assert_eq!(logits.shape()[0], self.rows, "one row for each sample");
        self.loss.forward(logits, labels)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        self.loss.backward(dout)
    }
}

#[test]
fn losses_that_take_the_rows_of_one_batch() -> Result<()> {
    for (logits, labels) in [(rows().0, rows().1), (numbers(&[4, 5], 6), vec![4, 0, 2, 1].into())] {
        let loss = || FixedLoss { loss: SoftmaxWithLoss::new(), rows: logits.shape()[0] };
        Expect::right().of(&check::loss(&mut loss(), &logits, &labels)?);
        let width = logits.shape()[1];
        let mut network = Network::new(loss())
            .then(Affine::new(matrix(&numbers(&[width, width], 8)), Array1::zeros(width))?);
        Expect::right().of_network(&check::network(&mut network, &logits, &labels)?);
    }
    Ok(())
}

#[test]
fn a_mask_that_is_kept_for_the_shape_of_the_batch() -> Result<()> {
    /// A single row is spread over all rows of the mask.
    struct Dropout(Tensor);
    impl Layer for Dropout {
        fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
            Ok(x * &self.0)
        }
        fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
            Ok(dout * &self.0)
        }
    }
    let (x, labels) = rows();
    let mask = tensor(&[3, 2], &[2.0, 0.0, 2.0, 2.0, 0.0, 2.0]);
    Expect::right().of(&check::layer(&mut Dropout(mask.clone()), &x)?);
    let wide = numbers(&[5, 4], 9).mapv(|x| if x > 0.0 { 1.25 } else { 0.0 });
    Expect::right().of(&check::layer(&mut Dropout(wide), &numbers(&[5, 4], 55))?);

    let mut network = Network::new(SoftmaxWithLoss::new())
        .then(Affine::new(matrix(&numbers(&[2, 2], 8)), Array1::zeros(2))?)
        .then(Dropout(mask))
        .then(Affine::new(matrix(&numbers(&[2, 2], 30)), Array1::zeros(2))?);
    Expect::right().of_network(&check::network(&mut network, &x, &labels)?);
    Ok(())
}

#[test]
fn a_layer_for_one_batch_hides_no_fault() -> Result<()> {
    struct Twice(Fixed);
    impl Layer for Twice {
        fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
            self.0.forward(x)
        }
        fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
            Ok(self.0.backward(dout)? * 2.0)
        }
    }
    for refusal in [Refusal::Assertion, Refusal::Error] {
        let mut layer = Twice(Fixed::new([2, 3], 3, refusal)?);
        Expect::wrong("x", &["factor 2"]).of(&check::layer(&mut layer, &rows().0)?);
    }
    Ok(())
}

/// An affine layer whose weights' gradient leaves out all rows from this one on.
struct Leaves {
    affine: Affine,
    rows: usize,
}

impl Layer for Leaves {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.affine.forward(x)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let mut seen = dout.clone();
        seen.slice_each_axis_mut(|axis| match axis.axis.index() {
            0 => ndarray::Slice::from(self.rows.min(axis.len)..),
            _ => ndarray::Slice::from(..),
        })
        .fill(0.0);
        self.affine.backward(&seen)?;
        let right = Affine::backward(&mut self.affine.clone(), dout)?;
        Ok(right)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.affine.parameters()
    }
}

/// Isolated layers get the first rows of many. A fault in other rows is found in the network, and then in the layer.
#[test]
fn a_fault_in_rows_beyond_those_of_the_layer_checks() -> Result<()> {
    let x = numbers(&[30, 4], 40);
    let labels: Vec<usize> = (0..30).map(|row| row % 3).collect();
    for (rows, wrong) in [(30, false), (20, true)] {
        let affine = Affine::new(matrix(&numbers(&[4, 3], 17)), Array1::zeros(3))?;
        let mut network = Network::new(SoftmaxWithLoss::new()).then(Leaves { affine, rows });
        let report = check::network(&mut network, &x, &labels.clone().into())?;
        assert_eq!(report.verdict.is_wrong(), wrong, "{report}");
        assert_eq!(report.first_wrong().is_some(), wrong, "{report}");
    }
    Ok(())
}
