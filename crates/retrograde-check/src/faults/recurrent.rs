//! A recurrent layer whose backward through time is cut.

use ndarray::{Array1, Array2, ArrayView2, Axis, Ix1, Ix2, Ix3};

use super::shaped::Shaped;
use super::{Fault, Make};
use retrograde_base::{Error, Result};
use retrograde_textbook::{Layer, Parameter, Tensor, remembered};

/// The steps and the width of the sequences.
const SEQUENCES: Shaped = Shaped::new(&[4, 3]);
const UNITS: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mistake {
    /// No step gets a gradient from the next one.
    Cut,
    /// A gradient comes back one step and no further.
    OneStep,
    NotTransposed,
}

/// h[t] = tanh(x[t] · wx + h[t − 1] · wh + b): `[N, T, D]` → `[N, T, H]`.
struct Rnn {
    mistake: Mistake,
    values: [Tensor; 3],
    gradients: [Option<Tensor>; 3],
    memory: Option<(Tensor, Tensor)>,
}

fn rnn(mistake: Mistake) -> Box<dyn Layer> {
    let numbers = |shape: &[usize], phase: f64| {
        let mut at = phase;
        Tensor::from_shape_simple_fn(shape, || {
            at += 1.7;
            0.8 * at.sin()
        })
    };
    let values = [numbers(&[3, UNITS], 0.3), numbers(&[UNITS, UNITS], 0.9), numbers(&[UNITS], 1.9)];
    Box::new(Rnn { mistake, values, gradients: [None, None, None], memory: None })
}

fn matrix(values: &Tensor) -> ArrayView2<'_, f64> {
    values.view().into_dimensionality::<Ix2>().expect("two axes")
}

fn step(values: &Tensor, t: usize) -> Array2<f64> {
    values.index_axis(Axis(1), t).into_dimensionality::<Ix2>().expect("three axes").to_owned()
}

impl Layer for Rnn {
    fn name(&self) -> &'static str {
        "Rnn"
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let shape = x.view().into_dimensionality::<Ix3>().map(|x| x.dim()).map_err(|_| {
            Error::invalid("Rnn", format!("x has shape {:?}", x.shape()), "pass sequences [N, T, D]")
        })?;
        let (rows, steps, _) = shape;
        let [wx, wh, b] = &self.values;
        let b: Array1<f64> = b.view().into_dimensionality::<Ix1>().expect("one axis").to_owned();
        let mut out = Tensor::zeros(vec![rows, steps, UNITS]);
        let mut h = Array2::zeros((rows, UNITS));
        for t in 0..steps {
            h = (step(x, t).dot(&matrix(wx)) + h.dot(&matrix(wh)) + &b).mapv(f64::tanh);
            out.index_axis_mut(Axis(1), t).assign(&h);
        }
        self.memory = Some((x.clone(), out.clone()));
        Ok(out)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (x, out) = remembered(self.memory.as_ref(), "backward")?;
        let [wx, wh, _] = &self.values;
        let mut dx = x * 0.0;
        let [mut dwx, mut dwh, mut db] = self.values.each_ref().map(|value| value * 0.0);
        let mut from_next = Array2::zeros((x.shape()[0], UNITS));
        for t in (0..x.shape()[1]).rev() {
            let slope = step(out, t).mapv(|h| 1.0 - h * h);
            let own = step(dout, t) * &slope;
            let da = &own + &from_next * &slope;
            let before = if t == 0 { &slope * 0.0 } else { step(out, t - 1) };
            dx.index_axis_mut(Axis(1), t).assign(&da.dot(&matrix(wx).t()));
            dwx += &step(x, t).t().dot(&da).into_dyn();
            dwh += &before.t().dot(&da).into_dyn();
            db += &da.sum_axis(Axis(0)).into_dyn();
            from_next = match self.mistake {
                Mistake::Cut => from_next * 0.0,
                Mistake::OneStep => own.dot(&matrix(wh).t()),
                Mistake::NotTransposed => da.dot(&matrix(wh)),
            };
        }
        self.gradients = [dwx, dwh, db].map(Some);
        Ok(dx)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let named = ["wx", "wh", "b"].into_iter().zip(&mut self.values).zip(&self.gradients);
        named.map(|((name, value), gradient)| Parameter::new(name, value, gradient)).collect()
    }
}

macro_rules! faults {
    ($($name:literal, $cause:literal, $mistake:ident;)*) => {
        /// Faults of a recurrent layer.
        pub(super) const ALL: &[Fault] = &[$(Fault {
            name: $name,
            cause: $cause,
            make: Make::Shaped(SEQUENCES, || rnn(Mistake::$mistake)),
        }),*];
    };
}

faults! {
    "rnn-cut", "no gradient to the previous step", Cut;
    "rnn-one-step", "no gradient over more than 1 of the steps", OneStep;
    "rnn-not-transposed", "wh not transposed in the gradient to the previous step", NotTransposed;
}
