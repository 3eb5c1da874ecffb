//! The parts of dense layers and their losses: activations, measures, and variants of their slopes.

use ndarray::{Array2, Axis};

use super::softmax::{Over, log_softmax};
use crate::numbers::sigmoid;

pub(super) type Matrix = Array2<f64>;

/// An elementwise function of the sum z and the activation a.
pub(super) type Pointwise = fn(f64, f64) -> f64;

/// An activation, with the formula of its slope.
pub(super) struct Activation {
    pub(super) name: &'static str,
    pub(super) value: fn(f64) -> f64,
    pub(super) slope: (&'static str, Pointwise),
}

pub(super) const SIGMOID: Activation =
    Activation { name: "sigmoid", value: sigmoid, slope: ("a · (1 − a)", |_, a| a * (1.0 - a)) };
pub(super) const TANH: Activation =
    Activation { name: "tanh", value: f64::tanh, slope: ("1 − a²", |_, a| 1.0 - a * a) };
pub(super) const RELU: Activation = Activation {
    name: "relu",
    value: |z| z.max(0.0),
    slope: ("[z > 0]", |z, _| f64::from(u8::from(z > 0.0))),
};
pub(super) const IDENTITY: Activation =
    Activation { name: "identity", value: |z| z, slope: ("1", |_, _| 1.0) };

pub(super) const HIDDEN: [&Activation; 4] = [&SIGMOID, &TANH, &RELU, &IDENTITY];

/// The variants of the slope of an activation.
pub(super) const SLOPES: [(&str, Pointwise); 12] = [
    ("1", |_, _| 1.0),
    ("a · (1 − a)", |_, a| a * (1.0 - a)),
    ("1 − a²", |_, a| 1.0 - a * a),
    ("z · (1 − z)", |z, _| z * (1.0 - z)),
    ("1 − z²", |z, _| 1.0 - z * z),
    ("[z > 0]", |z, _| f64::from(u8::from(z > 0.0))),
    ("a", |_, a| a),
    ("1 − a", |_, a| 1.0 - a),
    ("sigmoid′(a)", |_, a| sigmoid(a) * (1.0 - sigmoid(a))),
    ("tanh′(a)", |_, a| 1.0 - a.tanh().powi(2)),
    ("(a · (1 − a))²", |_, a| (a * (1.0 - a)).powi(2)),
    ("(1 − a²)²", |_, a| (1.0 - a * a).powi(2)),
];

/// The output function, from the last sums to predictions.
#[derive(Clone, Copy)]
pub(super) enum Last {
    Softmax(Over),
    Each(&'static Activation),
}

pub(super) const LAST: [Last; 6] = [
    Last::Softmax(Over::Row),
    Last::Softmax(Over::Batch),
    Last::Softmax(Over::Columns),
    Last::Each(&SIGMOID),
    Last::Each(&IDENTITY),
    Last::Each(&TANH),
];

/// The loss of a prediction y and a target t, and its slope in y.
pub(super) struct Measure {
    pub(super) value: Pointwise,
    pub(super) slope: (&'static str, Pointwise),
}

pub(super) const CROSS_ENTROPY: Measure =
    Measure { value: |y, t| if t == 0.0 { 0.0 } else { -t * y.ln() }, slope: ("−t/y", |y, t| -t / y) };
pub(super) const BINARY: Measure = Measure {
    value: |y, t| (CROSS_ENTROPY.value)(y, t) + (CROSS_ENTROPY.value)(1.0 - y, 1.0 - t),
    slope: ("(y − t)/(y · (1 − y))", |y, t| (y - t) / (y * (1.0 - y))),
};
pub(super) const HALF_SQUARES: Measure =
    Measure { value: |y, t| 0.5 * (y - t).powi(2), slope: ("y − t", |y, t| y - t) };
pub(super) const SQUARES: Measure =
    Measure { value: |y, t| (y - t).powi(2), slope: ("2 · (y − t)", |y, t| 2.0 * (y - t)) };

/// A gradient of the last sums.
pub(super) type Delta = fn(&Ending<'_>) -> Matrix;

/// The variants of the gradient of the last sums z, where e is the slope of the loss in y.
pub(super) const DELTAS: [(&str, Delta); 11] = [
    ("y − t", |of| &of.y - of.t),
    ("2 · (y − t)", |of| 2.0 * (&of.y - of.t)),
    ("y · (e − Σ e · y)", |of| of.through_softmax()),
    ("y", |of| of.y.clone()),
    ("−t", |of| -of.t),
    ("e", |of| of.e.clone()),
    ("e · y · (1 − y)", |of| &of.e * &of.y.mapv(|y| y * (1.0 - y))),
    ("e · y", |of| &of.e * &of.y),
    ("(y − t) · y · (1 − y)", |of| (&of.y - of.t) * of.y.mapv(|y| y * (1.0 - y))),
    ("e · (1 − y²)", |of| &of.e * &of.y.mapv(|y| 1.0 - y * y)),
    ("e · sigmoid′(y)", |of| &of.e * &of.y.mapv(|y| sigmoid(y) * (1.0 - sigmoid(y)))),
];

/// The output and the loss of a network at one probe.
pub(super) struct Ending<'a> {
    pub(super) y: Matrix,
    pub(super) t: &'a Matrix,
    pub(super) e: Matrix,
}

impl Ending<'_> {
    pub(super) fn through_softmax(&self) -> Matrix {
        let along = (&self.e * &self.y).sum_axis(Axis(1)).insert_axis(Axis(1));
        &self.y * &(&self.e - &along)
    }
}

impl Last {
    /// The predictions for the last sums.
    pub(super) fn of(self, z: &Matrix) -> Matrix {
        match self {
            Last::Softmax(over) => {
                let y = log_softmax(&z.clone().into_dyn(), over).mapv(f64::exp);
                y.into_dimensionality().expect("of the shape of its input")
            }
            Last::Each(activation) => z.mapv(activation.value),
        }
    }

    /// The right gradient of the last sums, except for a softmax over the wrong axis, whose backward is replaced by that of
    /// rows.
    pub(super) fn delta(self, ending: &Ending<'_>, z: &Matrix) -> Matrix {
        match self {
            Last::Softmax(_) => ending.through_softmax(),
            Last::Each(activation) => {
                Matrix::from_shape_fn(z.dim(), |at| ending.e[at] * (activation.slope.1)(z[at], ending.y[at]))
            }
        }
    }

    /// Its formula.
    pub(super) fn formula(self, measure: &Measure) -> String {
        match self {
            Last::Softmax(_) if measure.slope.0 == CROSS_ENTROPY.slope.0 => "y − t".to_owned(),
            Last::Softmax(_) => "y · (e − Σ e · y)".to_owned(),
            Last::Each(activation) if activation.name == "sigmoid" && measure.slope.0 == BINARY.slope.0 => {
                "y − t".to_owned()
            }
            Last::Each(activation) if activation.name == "identity" => "e".to_owned(),
            Last::Each(activation) => format!("e · ({})", activation.slope.0.replace('a', "y")),
        }
    }
}

impl Measure {
    pub(super) fn sum(&self, y: &Matrix, t: &Matrix) -> f64 {
        y.iter().zip(t).map(|(y, t)| (self.value)(*y, *t)).sum()
    }
}
