//! Batch and layer normalization with a path missing in backward.

use ndarray::Axis;

use super::{Fault, Make};
use retrograde_base::{Error, Result};
use retrograde_textbook::{Layer, Parameter, Tensor, remembered};

/// A normalization over the rows of the batch or along each row, with one mistake.
struct Norm {
    batch: bool,
    mistake: Mistake,
    gamma: Tensor,
    beta: Tensor,
    dgamma: Option<Tensor>,
    dbeta: Option<Tensor>,
    /// The running variance.
    running: Tensor,
    /// x, x̂ and σ.
    memory: Option<(Tensor, Tensor, Tensor)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mistake {
    MeanPath,
    VariancePath,
    BothPaths,
    GammaMissing,
    RawInput,
    Running,
}

const EPSILON: f64 = 1e-5;

impl Norm {
    fn boxed(batch: bool, width: usize, mistake: Mistake) -> Box<dyn Layer> {
        let gamma = Tensor::from_shape_fn(vec![width], |at| 1.0 + 0.2 * at[0] as f64);
        let beta = Tensor::from_shape_fn(vec![width], |at| 0.1 * at[0] as f64);
        let running = Tensor::ones(vec![1, 1]);
        Box::new(Norm { batch, mistake, gamma, beta, dgamma: None, dbeta: None, running, memory: None })
    }

    fn mean(&self, values: &Tensor) -> Tensor {
        let axis = if self.batch { Axis(0) } else { Axis(values.ndim() - 1) };
        (values.sum_axis(axis) / values.len_of(axis) as f64).insert_axis(axis)
    }
}

impl Layer for Norm {
    fn name(&self) -> &str {
        if self.batch { "BatchNorm" } else { "LayerNorm" }
    }

    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        if x.ndim() != 2 || x.shape()[1] != self.gamma.len() {
            let problem = format!("x has shape {:?}", x.shape());
            return Err(Error::invalid("normalization", problem, "pass rows of the length of gamma"));
        }
        let centered = x - &self.mean(x);
        let variance = self.mean(&(&centered * &centered));
        let sigma = variance.mapv(|variance| (variance + EPSILON).sqrt());
        let xhat = &centered / &sigma;
        let out = &xhat * &self.gamma + &self.beta;
        self.running = if self.running.shape() == variance.shape() {
            &self.running * 0.9 + &variance * 0.1
        } else {
            &variance * 0.1 + 0.9
        };
        self.memory = Some((x.clone(), xhat, sigma));
        Ok(out)
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let (x, xhat, sigma) = remembered(self.memory.as_ref(), "normalization")?;
        let dxhat = if self.mistake == Mistake::GammaMissing { dout.clone() } else { dout * &self.gamma };
        let through_mean = self.mean(&dxhat);
        let through_variance = xhat * &self.mean(&(&dxhat * xhat));
        let dx = match self.mistake {
            Mistake::MeanPath => &dxhat - &through_variance,
            Mistake::VariancePath => &dxhat - &through_mean,
            Mistake::BothPaths | Mistake::Running => dxhat,
            Mistake::GammaMissing | Mistake::RawInput => &dxhat - &through_mean - &through_variance,
        };
        let sigma = if self.mistake == Mistake::Running {
            &self.running.mapv(|variance| (variance + EPSILON).sqrt())
        } else {
            sigma
        };
        let (dx, factor) = (dx / sigma, if self.mistake == Mistake::RawInput { x } else { xhat });
        let dgamma = (dout * factor).sum_axis(Axis(0));
        self.dgamma = Some(dgamma);
        self.dbeta = Some(dout.sum_axis(Axis(0)));
        Ok(dx)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![
            Parameter::new("gamma", &mut self.gamma, &self.dgamma),
            Parameter::new("beta", &mut self.beta, &self.dbeta),
        ]
    }
}

macro_rules! faults {
    ($($name:literal, $cause:literal, $batch:literal, $mistake:ident;)*) => {
        /// Faults of normalizations.
        pub(super) const ALL: &[Fault] = &[$(Fault {
            name: $name,
            cause: $cause,
            make: Make::Between(|width| Norm::boxed($batch, width, Mistake::$mistake)),
        }),*];
    };
}

faults! {
    "batch-norm-mean", "batch normalization without the path through the mean", true, MeanPath;
    "batch-norm-variance", "batch normalization without the path through the variance", true, VariancePath;
    "batch-norm-both", "batch normalization without the path through the mean and variance", true, BothPaths;
    "batch-norm-gamma-raw", "batch normalization without the path through the x̂", true, RawInput;
    "batch-norm-running", "batch normalization backward is dx̂ / σ of the running statistics", true, Running;
    "layer-norm-mean", "layer normalization without the path through the mean", false, MeanPath;
    "layer-norm-variance", "layer normalization without the path through the variance", false, VariancePath;
    "layer-norm-both", "layer normalization without the path through the mean and variance", false, BothPaths;
    "layer-norm-gamma", "layer normalization without the path through the gamma", false, GammaMissing;
}
