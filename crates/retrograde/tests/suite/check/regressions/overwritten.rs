//! Kind 6: A gradient read after another layer has written into it: the network and its layers disagree. Comparing both
//! moments shows it.

use std::cell::RefCell;
use std::rc::Rc;

use ndarray::{Array1, Axis};
use retrograde::Result;
use retrograde::check::{self, Report};
use retrograde::textbook::{Affine, Layer, Network, Parameter, SoftmaxWithLoss, Tensor, remembered};

use super::rows;
use crate::check::support::{Expect, matrix, numbers, sigmoid, tensor};

/// The array of a gradient that one layer hands to the one before it, as in Python: both hold it.
type Handed = Rc<RefCell<Tensor>>;

/// y = x + b. It returns its argument, and sums its rows only when db is read.
struct Bias {
    b: Tensor,
    db: Option<Tensor>,
    handed: Handed,
}

impl Layer for Bias {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        Ok(x + &self.b)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        self.handed.replace(dout.clone());
        Ok(dout.clone())
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.db = Some(match self.handed.borrow() {
            handed if handed.ndim() == 2 => handed.sum_axis(Axis(0)),
            _ => &self.b * 0.0,
        });
        vec![Parameter::new("b", &mut self.b, &self.db)]
    }
}

/// An activation that multiplies the array that it is handed by its slope, in place.
struct InPlace {
    f: fn(f64) -> f64,
    slope_of_output: fn(f64) -> f64,
    y: Option<Tensor>,
    /// The array that the layer behind it still uses; none if it got a copy.
    handed: Option<Handed>,
}

impl Layer for InPlace {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let y = x.mapv(self.f);
        self.y = Some(y.clone());
        Ok(y)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let slope = remembered(self.y.as_ref(), "InPlace")?.mapv(self.slope_of_output);
        if let Some(handed) = &self.handed
            && handed.borrow().shape() == slope.shape()
        {
            *handed.borrow_mut() *= &slope;
        }
        Ok(dout * &slope)
    }
}

fn relu(handed: Option<Handed>) -> InPlace {
    InPlace { f: |x| x.max(0.0), slope_of_output: |y| f64::from(u8::from(y > 0.0)), y: None, handed }
}

fn squashed(handed: Option<Handed>) -> InPlace {
    InPlace { f: sigmoid, slope_of_output: |y| y * (1.0 - y), y: None, handed }
}

fn affine(shape: [usize; 2], w: &[f64]) -> Result<Affine> {
    Affine::new(matrix(&tensor(&shape, w)), Array1::zeros(shape[1]))
}

const WRITTEN: &[&str] = &[
    "dx written into by inplace1",
    "dout written into by inplace1",
    "array written into by inplace1",
    "buffer shared with inplace1",
];

fn with_bias(before: fn(Option<Handed>) -> InPlace, copied: bool) -> Result<Report> {
    let handed = Handed::default();
    let (x, labels) = rows();
    let mut network = Network::new(SoftmaxWithLoss::new())
        .then(affine([2, 2], &[0.5, -0.3, 0.8, 0.1])?)
        .then(before((!copied).then(|| Rc::clone(&handed))))
        .then(Bias { b: tensor(&[2], &[0.1, -0.2]), db: None, handed });
    check::network(&mut network, &x, &labels)
}

#[test]
fn a_rectifier_writes_into_what_the_bias_still_uses() -> Result<()> {
    Expect::wrong("bias1", WRITTEN).says(&["dout.copy()", "copy"]).of_network(&with_bias(relu, false)?);
    Expect::right().of_network(&with_bias(relu, true)?);
    Ok(())
}

#[test]
fn a_sigmoid_does_so() -> Result<()> {
    Expect::wrong("bias1", WRITTEN).of_network(&with_bias(squashed, false)?);
    Expect::right().of_network(&with_bias(squashed, true)?);
    Ok(())
}

#[test]
fn in_the_middle_of_a_network() -> Result<()> {
    let check = |copied: bool| {
        let handed = Handed::default();
        let mut network = Network::new(SoftmaxWithLoss::new())
            .then(Affine::new(matrix(&numbers(&[3, 4], 9)), Array1::zeros(4))?)
            .then(relu((!copied).then(|| Rc::clone(&handed))))
            .then(Bias { b: numbers(&[4], 71), db: None, handed })
            .then(squashed(None))
            .then(Affine::new(matrix(&numbers(&[4, 3], 40)), Array1::zeros(3))?);
        check::network(&mut network, &numbers(&[5, 3], 60), &vec![0, 2, 1, 1, 0].into())
    };
    Expect::wrong("bias1", WRITTEN).of_network(&check(false)?);
    Expect::right().of_network(&check(true)?);
    Ok(())
}
