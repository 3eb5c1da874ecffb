//! The catalogue of faults: layers and losses written by hand, each with one mistake.
//!
//! It is teaching material (how a wrong mask looks in a gradient check), and a test of the check: each fault must be
//! detected, in the right layer, with its cause.
//!
//! ```
//! use retrograde::{check, faults};
//!
//! let fault = faults::find("relu-mask-inverted").expect("a fault of the catalogue");
//! let (x, labels) = faults::example(4);
//! let report = check::network(&mut fault.network(6, 5, 5, 0)?, &x, &labels)?;
//! assert!(report.verdict.is_wrong());
//! assert!(report.causes().any(|cause| cause.to_string().starts_with(fault.cause)));
//! # Ok::<(), retrograde::Error>(())
//! ```

mod affine;
mod attention;
mod elementwise;
mod images;
mod in_place;
mod losses;
mod normalization;
mod recurrent;
mod rows;
mod shaped;

use ndarray::{Array1, Array2};
use rand_distr::{Distribution, Normal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use crate::message::text;
use crate::{Finding, Message, Report, Severity};
use retrograde_base::{Error, Result};
use retrograde_textbook::{
    Affine, Flatten, Labels, Layer, LossLayer, Network, Relu, SoftmaxWithLoss, Tensor,
};
use shaped::Shaped;

/// A mistake in a layer or a loss.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// Its name on the command line: `relu-mask-inverted`.
    pub name: &'static str,
    /// The expected cause: the beginning of its text.
    pub cause: &'static str,
    make: Make,
}

/// The constructor of a faulty layer, and its position in a network of two affine layers.
#[derive(Debug, Clone, Copy)]
enum Make {
    /// In place of the second affine layer, with these weights and biases.
    Affine(fn(Array2<f64>, Array1<f64>) -> Box<dyn Layer>),
    /// In place of the rectifier, for rows of this length.
    Between(fn(usize) -> Box<dyn Layer>),
    /// In place of the rectifier, for images or sequences of one size, which the first affine layer makes.
    Shaped(Shaped, fn() -> Box<dyn Layer>),
    /// In place of the loss.
    Loss(fn() -> Box<dyn LossLayer>),
}

/// A layer or a loss with a fault.
pub enum Faulty {
    /// A layer, with an input for it.
    Layer(Box<dyn Layer>, Tensor),
    /// A loss, with logits and labels for it.
    Loss(Box<dyn LossLayer>, Tensor, Labels),
}

/// All faults, layer by layer.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    [
        affine::ALL,
        elementwise::ALL,
        in_place::ALL,
        rows::ALL,
        normalization::ALL,
        images::ALL,
        attention::ALL,
        recurrent::ALL,
        losses::ALL,
    ]
    .into_iter()
    .flatten()
}

/// The fault of this name.
pub fn find(name: &str) -> Option<&'static Fault> {
    all().find(|fault| fault.name == name)
}

/// The number of recognized faults.
pub fn recognized(count: usize, tried: usize) -> Message {
    text!("faults-recognised", count, tried)
}

/// The texts in place of a layer and of a cause that were not named.
pub fn no_fault_named_texts() -> [Message; 2] {
    [text!("faults-no_layer"), text!("unexplained.title")]
}

/// Rows of six numbers and their labels, for a network `6 → … → 5`.
pub fn example(rows: usize) -> (Tensor, Labels) {
    let x = Tensor::from_shape_fn(vec![rows, 6], |at| ((at[0] * 7 + at[1] * 5) % 11) as f64 / 5.0 - 1.0);
    (x, Labels::Classes((0..rows).map(|row| (2 * row + 1) % 5).collect()))
}

impl Fault {
    /// The subject of a report on a hand-written network with this fault.
    pub fn subject(&self) -> Message {
        text!("whole-by_hand", summary = self.summary())
    }

    /// The fault in a few words.
    pub fn summary(&self) -> Message {
        text!(format!("fault-{}", self.name))
    }

    /// A network `inputs → hidden → outputs` like the notebook's, with this fault in one of its layers or in its loss. A layer
    /// for images or sequences has a fixed number of hidden units, and is between their reshape and that back to rows.
    ///
    /// An error if a width is 0.
    pub fn network(&self, inputs: usize, hidden: usize, outputs: usize, seed: u64) -> Result<Network> {
        self.network_with(inputs, hidden, outputs, 0.5, seed)
    }

    /// [`Fault::network`] with weights from N(0, `deviation`²), such as the notebook's 0.01.
    ///
    /// An error if a width is 0, or if the deviation is negative or not finite.
    pub fn network_with(
        &self,
        inputs: usize,
        hidden: usize,
        outputs: usize,
        deviation: f64,
        seed: u64,
    ) -> Result<Network> {
        let normal = Normal::new(0.0, deviation).map_err(|_| {
            Error::invalid("deviation", format!("it is {deviation}"), "pass a number ≥ 0, such as 0.01")
        })?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut weights =
            |rows, columns| Array2::from_shape_simple_fn((rows, columns), || normal.sample(&mut random));
        if let Make::Shaped(shaped, make) = self.make {
            let hidden = shaped.width();
            let first = Affine::new(weights(inputs, hidden), Array1::zeros(hidden))?;
            let out = make().forward(&shaped.forward_of(&Tensor::zeros(vec![1, hidden]))?)?;
            let second = Affine::new(weights(out.len(), outputs), Array1::zeros(outputs))?;
            let network = Network::new(SoftmaxWithLoss::new()).then(first).then(shaped).then(make());
            return Ok(network.then(Flatten::new()).then(second));
        }
        let (w1, w2) = (weights(inputs, hidden), weights(hidden, outputs));
        let b2 = Array1::zeros(outputs);
        let first = Affine::new(w1, Array1::zeros(hidden))?;
        let loss: Box<dyn LossLayer> = match self.make {
            Make::Loss(make) => make(),
            _ => Box::new(SoftmaxWithLoss::new()),
        };
        let between: Box<dyn Layer> = match self.make {
            Make::Between(make) => make(hidden),
            _ => Box::new(Relu::new()),
        };
        let second: Box<dyn Layer> = match self.make {
            Make::Affine(make) => make(w2, b2),
            _ => Box::new(Affine::new(w2, b2)?),
        };
        Ok(Network::new(loss).then(first).then(between).then(second))
    }

    /// The severity in [`Fault::network`]: a fault that leaves all gradients right is a warning or a remark.
    pub fn severity(&self) -> Severity {
        match self.cause {
            "overflow" => Severity::Warning,
            "dout written into" | "x written into" => Severity::Remark,
            "dout ignored" if matches!(self.make, Make::Loss(_)) => Severity::Remark,
            _ => Severity::Fault,
        }
    }

    /// Whether a report of a network or a layer with this fault names its cause in the layer `name`, with a wrong verdict
    /// if the gradient is wrong.
    pub fn is_recognized(&self, report: &Report, name: &str) -> bool {
        let named = |finding: &Finding| {
            finding.location == name
                && finding.cause.as_ref().is_some_and(|cause| cause.to_string().starts_with(self.cause))
        };
        let wrong = report.first_wrong().map(|layer| layer.name.as_str());
        let expected = (self.severity() == Severity::Fault).then_some(name);
        wrong == expected && report.findings.iter().any(named)
    }

    /// The position of the fault in [`Fault::network`], from 0; the loss of a network without images is 3.
    pub fn position(&self) -> usize {
        match self.make {
            Make::Between(_) => 1,
            Make::Affine(_) | Make::Shaped(..) => 2,
            Make::Loss(_) => 3,
        }
    }

    /// The faulty layer in isolation, with an input of `rows` rows of `width` numbers, or of `rows` images or sequences of one size.
    ///
    /// # Panics
    ///
    /// Never: the shapes of the catalogue fit each other.
    pub fn isolated(&self, rows: usize, width: usize) -> Faulty {
        let number = |at: usize| ((at * 37 + 11) % 17) as f64 / 8.0 - 1.0;
        let x = Tensor::from_shape_fn(vec![rows, width], |at| number(at[0] * width + at[1]));
        match self.make {
            Make::Between(make) => Faulty::Layer(make(width), x),
            Make::Shaped(shaped, make) => {
                let width = shaped.width();
                let rows = Tensor::from_shape_fn(vec![rows, width], |at| number(at[0] * width + at[1]));
                Faulty::Layer(make(), shaped.forward_of(&rows).expect("rows of this width"))
            }
            Make::Affine(make) => {
                let w = Array2::from_shape_fn((width, width), |(i, j)| number(5 * i + 3 * j + 1));
                Faulty::Layer(make(w, Array1::from_shape_fn(width, |i| number(i + 2))), x)
            }
            Make::Loss(make) => {
                Faulty::Loss(make(), x, Labels::Classes((0..rows).map(|row| (row * 3) % width).collect()))
            }
        }
    }
}
