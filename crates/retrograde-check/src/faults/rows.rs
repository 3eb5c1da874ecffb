//! Layers that work on rows: softmax, its logarithm, dropout, a skip connection, a scale and a shift.

use ndarray::Axis;

use super::{Fault, Make};
use retrograde_base::{Error, Result};
use retrograde_textbook::{Layer, Parameter, Tensor, log_softmax, remembered, softmax};

/// A layer without parameters, by its forward and its backward from x, y and dout.
struct Plain {
    name: &'static str,
    forward: fn(&Tensor) -> Tensor,
    backward: fn(&Tensor, &Tensor, &Tensor) -> Tensor,
    memory: Option<(Tensor, Tensor)>,
}

impl Layer for Plain {
    fn name(&self) -> &str {
        self.name
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        if x.ndim() == 0 {
            return Err(Error::invalid(self.name, "the input has no axis", "pass rows"));
        }
        let y = (self.forward)(x);
        self.memory = Some((x.clone(), y.clone()));
        Ok(y)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (x, y) = remembered(self.memory.as_ref(), self.name)?;
        Ok((self.backward)(x, y, dout))
    }
}

/// The sum of each row, in a column.
fn row_sum(x: &Tensor) -> Tensor {
    let last = Axis(x.ndim() - 1);
    x.sum_axis(last).insert_axis(last)
}

fn softmax_over_batch(x: &Tensor) -> Tensor {
    let max = x.fold(f64::NEG_INFINITY, |max, x| max.max(*x));
    let exp = x.mapv(|x| (x - max).exp());
    let sum = exp.sum();
    exp / sum
}

fn softmax_down_columns(x: &Tensor) -> Tensor {
    let max = x.fold(f64::NEG_INFINITY, |max, x| max.max(*x));
    let exp = x.mapv(|x| (x - max).exp());
    let sum = exp.sum_axis(Axis(0)).insert_axis(Axis(0));
    exp / sum
}

fn softmax_without_max(x: &Tensor) -> Tensor {
    let exp = x.mapv(f64::exp);
    let sum = row_sum(&exp);
    exp / sum
}

fn softmax_backward(y: &Tensor, dout: &Tensor) -> Tensor {
    y * &(dout - &row_sum(&(dout * y)))
}

/// A pseudo-random mask that is the same in each call, with about a quarter of zeros.
fn mask(x: &Tensor) -> Tensor {
    let mut state = 9_u64;
    x.mapv(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if (state >> 33).is_multiple_of(4) { 0.0 } else { 1.0 }
    })
}

const KEEP: f64 = 0.75;

fn dropout(x: &Tensor) -> Tensor {
    x * &mask(x) / KEEP
}

/// out = x + tanh(x): a layer with a skip connection, mixed along the row so that it is not elementwise.
fn skip(x: &Tensor) -> Tensor {
    x + &row_sum(x).mapv(f64::tanh)
}

fn skip_share(x: &Tensor, dout: &Tensor) -> Tensor {
    let slope = row_sum(x).mapv(|sum| 1.0 - sum.tanh().powi(2));
    let share = row_sum(dout) * slope;
    share.broadcast(x.raw_dim()).map_or_else(|| x.clone(), |share| share.to_owned())
}

/// out = gamma · x + beta, for each column.
struct ScaleShift {
    gamma: Tensor,
    beta: Tensor,
    dgamma: Option<Tensor>,
    dbeta: Option<Tensor>,
    x: Option<Tensor>,
}

impl Layer for ScaleShift {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.x = Some(x.clone());
        Ok(x * &self.gamma + &self.beta)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let x = remembered(self.x.as_ref(), "ScaleShift")?;
        // The mistake: each is stored under the other's name.
        self.dbeta = Some((dout * x).sum_axis(Axis(0)));
        self.dgamma = Some(dout.sum_axis(Axis(0)));
        Ok(dout * &self.gamma)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![
            Parameter::new("gamma", &mut self.gamma, &self.dgamma),
            Parameter::new("beta", &mut self.beta, &self.dbeta),
        ]
    }
}

macro_rules! plain {
    ($($name:literal, $cause:literal, $layer:literal, $forward:expr, $backward:expr;)*) => {
        [$(Fault {
            name: $name,
            cause: $cause,
            make: Make::Between(|_| Box::new(Plain {
                name: $layer, forward: $forward, backward: $backward, memory: None,
            })),
        }),*]
    };
}

/// Faults of layers that work on rows.
pub(super) const ALL: &[Fault] = {
    const PLAIN: &[Fault] = &plain! {
        "softmax-diagonal", "softmax backward is dout · y · (1 − y)",
            "Softmax", softmax, |_, y, dout| dout * y * y.mapv(|y| 1.0 - y);
        "softmax-sum-missing", "softmax backward is dout · y", "Softmax", softmax,
            |_, y, dout| dout * y;
        "softmax-unweighted", "softmax backward is y · (dout − Σ dout)",
            "Softmax", softmax, |_, y, dout| y * &(dout - &row_sum(dout));
        "softmax-over-batch", "softmax over the whole",
            "Softmax", softmax_over_batch, |_, y, dout| softmax_backward(y, dout);
        "softmax-down-columns", "softmax down the columns",
            "Softmax", softmax_down_columns, |_, y, dout| softmax_backward(y, dout);
        "softmax-overflow", "overflow", "Softmax", softmax_without_max,
            |_, y, dout| softmax_backward(y, dout);
        "log-softmax-dout", "softmax backward is dout − y", "LogSoftmax",
            log_softmax, |_, y, dout| dout - &y.mapv(f64::exp);
        "log-softmax-as-softmax", "softmax backward is y · (dout − Σ dout · y)", "LogSoftmax", log_softmax,
            |_, y, dout| softmax_backward(&y.mapv(f64::exp), dout);
        "dropout-not-scaled", "dropout not scaled", "Dropout", dropout,
            |x, _, dout| dout * &mask(x);
        "dropout-mask-missing", "mask missing", "Dropout", dropout,
            |_, _, dout| dout / KEEP;
        "dropout-mask-inverted", "mask inverted", "Dropout", dropout,
            |x, _, dout| dout * &mask(x).mapv(|kept| 1.0 - kept) / KEEP;
        "skip-missing", "path missing: the direct", "Skip", skip,
            |x, _, dout| skip_share(x, dout);
        "skip-only", "path missing: all but the direct", "Skip", skip,
            |_, _, dout| dout.clone();
        "batch-mean-ignored", "rows influence", "Centre", |x| x - &x.mean_axis(Axis(0)).unwrap_or_else(|| x.clone()),
            |_, _, dout| dout * (1.0 - 1.0 / dout.shape()[0] as f64);
        "row-mean-ignored", "only each output's own", "AddSum", |x| x + &row_sum(x).mapv(f64::sin),
            |x, _, dout| dout * &row_sum(x).mapv(|sum| 1.0 + sum.cos());
    };
    const SCALE_SHIFT: Fault = Fault {
        name: "scale-shift-exchanged",
        cause: "gradient of",
        make: Make::Between(|width| {
            let gamma = Tensor::from_shape_fn(vec![width], |at| 1.0 + 0.1 * at[0] as f64);
            Box::new(ScaleShift {
                gamma,
                beta: Tensor::zeros(vec![width]),
                dgamma: None,
                dbeta: None,
                x: None,
            })
        }),
    };
    const COUNT: usize = PLAIN.len() + 1;
    const fn joined() -> [Fault; COUNT] {
        let mut all = [SCALE_SHIFT; COUNT];
        let mut at = 0;
        while at < PLAIN.len() {
            all[at] = PLAIN[at];
            at += 1;
        }
        all
    }
    &joined()
};
