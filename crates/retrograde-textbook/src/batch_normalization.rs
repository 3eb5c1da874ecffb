//! Batch normalization (Saito, section 6.3; Ioffe and Szegedy, 2015).

use ndarray::{Array1, Array2, Axis, Ix2};

use super::flatten::flattened;
use super::layer::expect_dout_shape;
use super::{Layer, Parameter, Tensor, remembered};
use retrograde_base::{Error, Result};

/// Each column of a batch gets the mean 0 and the variance 1, and is then scaled and shifted.
///
/// ```text
/// forward    μ = Σ x / N    xc = x − μ    σ² = Σ xc² / N    s = √(σ² + ε)    xn = xc / s    out = γ · xn + β
/// backward   dβ  = Σ dout
///            dγ  = Σ dout · xn
///            dxn = γ · dout
///            ds  = − Σ dxn · xc / s²
///            dxc = dxn / s + ds · xc / (N · s)
///            dx  = dxc − Σ dxc / N
/// ```
///
/// All sums run over the N rows of the batch. The derivative, from right to left: `out` depends on `xn` with the slope `γ`; a
/// quotient `xc / s` has the slopes `1/s` and `−xc/s²`, and all rows share `s`, so that its contributions are added; `s`
/// depends on `σ²` with the slope `1/(2s)`, and `σ²` on `xc` with `2xc/N`, in all `xc/(N·s)`; `xc` is `x` less the mean, which each
/// row changes by `1/N`.
///
/// In evaluation ([`Layer::set_training`]) running statistics take the place of `μ` and `σ²`, so that the output of a row does not
/// depend on the others. They are constants there: `dx = γ · dout / s`. Each `forward` of the training updates them:
/// `running = momentum · running + (1 − momentum) · that of the batch`.
///
/// As in the book, the momentum is 0.9, ε 1e-6 (the code has `10e-7`), the running statistics begin with 0, and images
/// `[N, C, H, W]` are rows of `C·H·W` columns. PyTorch and the engine differ: ε is 1e-5, the running variance begins with 1
/// and is that of the sample, divided by N − 1, and images are normalized by channel.
///
/// The book's backward for the evaluation is missing; here it is the one above. Its parameters are named `gamma` and `beta`.
#[derive(Debug, Clone)]
pub struct BatchNormalization {
    gamma: Array1<f64>, // [D]
    beta: Array1<f64>,  // [D]
    momentum: f64,
    epsilon: f64,
    training: bool,
    running_mean: Array1<f64>, // [D]
    running_var: Array1<f64>,  // [D]
    memory: Option<Memory>,
    dgamma: Option<Array1<f64>>, // [D]
    dbeta: Option<Array1<f64>>,  // [D]
}

/// What `backward` needs of the last `forward`.
#[derive(Debug, Clone)]
struct Memory {
    shape: Vec<usize>,
    xc: Array2<f64>, // [N, D]
    xn: Array2<f64>, // [N, D]
    s: Array1<f64>,  // [D]
    training: bool,
}

impl BatchNormalization {
    /// A layer with the scales `gamma` and the shifts `beta`, both `[D]`; an error if their lengths differ.
    pub fn new(gamma: Array1<f64>, beta: Array1<f64>) -> Result<Self> {
        if gamma.len() != beta.len() {
            return Err(Error::invalid(
                "BatchNormalization",
                format!("gamma has shape {:?} and beta has shape {:?}", gamma.shape(), beta.shape()),
                "pass a scale and a shift for each column",
            ));
        }
        let zeros = Array1::zeros(gamma.len());
        Ok(BatchNormalization {
            running_mean: zeros.clone(),
            running_var: zeros,
            gamma,
            beta,
            momentum: 0.9,
            epsilon: 10e-7,
            training: true,
            memory: None,
            dgamma: None,
            dbeta: None,
        })
    }

    /// With another momentum: the weight of the past in the running statistics, from 0 to 1.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// With another ε, which is added to the variance.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// With these running statistics, both `[D]`; an error for other lengths.
    pub fn running_statistics(mut self, mean: Array1<f64>, variance: Array1<f64>) -> Result<Self> {
        if [mean.len(), variance.len()] != [self.gamma.len(); 2] {
            return Err(Error::invalid(
                "BatchNormalization",
                format!("the running statistics have shapes {:?} and {:?}", mean.shape(), variance.shape()),
                format!("pass {} means and as many variances", self.gamma.len()),
            ));
        }
        (self.running_mean, self.running_var) = (mean, variance);
        Ok(self)
    }

    /// The running mean, `[D]`.
    pub fn running_mean(&self) -> &Array1<f64> {
        &self.running_mean
    }

    /// The running variance, `[D]`.
    pub fn running_var(&self) -> &Array1<f64> {
        &self.running_var
    }

    /// The batch as a matrix `[N, D]`.
    fn rows(&self, x: &Tensor) -> Result<Array2<f64>> {
        let rows = flattened(x).filter(|rows| rows.shape()[1] == self.gamma.len() && x.ndim() >= 2);
        let rows = rows.filter(|rows| !self.training || rows.shape()[0] > 0).ok_or_else(|| {
            Error::invalid(
                "BatchNormalization, forward",
                format!("x has shape {:?}, gamma has shape {:?}", x.shape(), self.gamma.shape()),
                format!("pass a batch of at least one row of {} numbers", self.gamma.len()),
            )
        })?;
        Ok(matrix(rows))
    }
}

impl Layer for BatchNormalization {
    // x: [N, ...] → out: [N, ...]
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let x2 = self.rows(x)?;
        let (mean, variance) = if self.training {
            let mean = x2.sum_axis(Axis(0)) / x2.nrows() as f64;
            let xc = &x2 - &mean;
            let variance = (&xc * &xc).sum_axis(Axis(0)) / x2.nrows() as f64;
            let keep = self.momentum;
            self.running_mean = keep * &self.running_mean + (1.0 - keep) * &mean;
            self.running_var = keep * &self.running_var + (1.0 - keep) * &variance;
            (mean, variance)
        } else {
            (self.running_mean.clone(), self.running_var.clone())
        };
        let s = (variance + self.epsilon).mapv(f64::sqrt);
        let xc = x2 - mean;
        let xn = &xc / &s;
        let out = &self.gamma * &xn + &self.beta;
        self.memory = Some(Memory { shape: x.shape().to_vec(), xc, xn, s, training: self.training });
        Ok(out.into_shape_clone(x.shape()).expect("the same numbers"))
    }

    // dout: [N, ...] → dx: [N, ...]
    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let Memory { shape, xc, xn, s, training } = remembered(self.memory.as_ref(), "BatchNormalization")?;
        expect_dout_shape("BatchNormalization", dout, shape)?;
        let dout = matrix(flattened(dout).expect("the output has rows"));
        self.dbeta = Some(dout.sum_axis(Axis(0)));
        self.dgamma = Some((&dout * xn).sum_axis(Axis(0)));
        let dxn = dout * &self.gamma;
        let mut dx = &dxn / s;
        if *training {
            let n = xc.nrows() as f64;
            let ds = -(&dxn * xc).sum_axis(Axis(0)) / (s * s);
            dx += &(xc * &(ds / (n * s)));
            let mean = dx.sum_axis(Axis(0)) / n;
            dx -= &mean;
        }
        Ok(dx.into_shape_clone(shape.as_slice()).expect("the same numbers"))
    }

    fn set_training(&mut self, training: bool) {
        self.training = training;
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![
            Parameter::new("gamma", &mut self.gamma, &self.dgamma),
            Parameter::new("beta", &mut self.beta, &self.dbeta),
        ]
    }
}

fn matrix(rows: Tensor) -> Array2<f64> {
    rows.into_dimensionality::<Ix2>().expect("flattened arrays have two axes")
}

#[cfg(test)]
mod tests {
    use ndarray::{arr1, arr2};

    use super::*;
    use crate::numerical_gradient;

    fn layer() -> BatchNormalization {
        BatchNormalization::new(arr1(&[2.0, -0.5, 1.0]), arr1(&[0.1, 0.2, 0.3])).unwrap()
    }

    fn x() -> Tensor {
        arr2(&[[1.0, 0.3, -2.0], [3.0, -0.4, 0.5], [-1.0, 0.8, 0.1], [0.5, 0.2, 0.9]]).into_dyn()
    }

    #[test]
    fn columns_have_mean_beta_and_deviation_gamma() -> Result<()> {
        let out = layer().forward(&x())?;
        for (column, (gamma, beta)) in [(2.0, 0.1), (0.5, 0.2), (1.0, 0.3)].into_iter().enumerate() {
            let column = out.index_axis(Axis(1), column);
            assert!((column.mean().unwrap() - beta).abs() <= 1e-15);
            // σ²/(σ² + ε): the variances are at least 0.19, ε is 1e-6.
            assert!((column.std(0.0) / gamma - 1.0).abs() <= 3e-6);
        }
        Ok(())
    }

    /// Against differences of Σ out·w, in training and in evaluation, for the input and both parameters.
    #[test]
    fn backward_is_the_slope_of_forward() -> Result<()> {
        let upstream =
            Tensor::from_shape_fn(vec![4, 3], |at| (1.0 + 3.0 * at[0] as f64 + at[1] as f64).sin());
        for training in [true, false] {
            let mut layer = layer().running_statistics(arr1(&[0.2, 0.1, 0.0]), arr1(&[1.0, 0.2, 3.0]))?;
            layer.set_training(training);
            layer.forward(&x())?;
            let dx = layer.backward(&upstream)?;
            let mut at = layer.clone();
            let expected = numerical_gradient(|x| Ok((at.forward(x)? * &upstream).sum()), &mut x())?;
            // Slopes and outputs are of the size of 1: see `STEP`.
            assert!((dx - expected).iter().all(|error| error.abs() <= 1e-9), "training: {training}");
            for name in ["gamma", "beta"] {
                let gradient = layer.parameter(name)?.gradient.unwrap().to_owned();
                let mut value = layer.parameter(name)?.value.to_owned();
                let mut at = layer.clone();
                let loss = |value: &Tensor| {
                    at.parameter(name)?.value.assign(value);
                    Ok((at.forward(&x())? * &upstream).sum())
                };
                let expected = numerical_gradient(loss, &mut value)?;
                assert!((gradient - expected).iter().all(|error| error.abs() <= 1e-9), "{name}");
            }
        }
        Ok(())
    }

    #[test]
    fn evaluation_uses_the_running_statistics_and_leaves_them() -> Result<()> {
        let mut layer = layer().momentum(0.75);
        layer.forward(&x())?;
        layer.forward(&x())?;
        let mean = x().mean_axis(Axis(0)).unwrap();
        // 0.25 + 0.75 · 0.25 of the batch's.
        assert!((layer.running_mean() - 0.4375 * mean).iter().all(|error| error.abs() <= 1e-15));
        assert!((layer.running_var() - 0.4375 * x().var_axis(Axis(0), 0.0)).iter().all(|e| e.abs() <= 1e-15));
        layer.set_training(false);
        let before = layer.running_mean().clone();
        let one = layer.forward(&arr2(&[[1.0, 0.3, -2.0]]).into_dyn())?;
        let all = layer.forward(&x())?;
        assert_eq!(one.index_axis(Axis(0), 0), all.index_axis(Axis(0), 0), "a row does not see the others");
        assert_eq!(layer.running_mean(), before);
        Ok(())
    }

    #[test]
    fn images_are_rows_of_all_their_numbers() -> Result<()> {
        let images = x().into_shape_clone(vec![4, 1, 3, 1]).unwrap();
        let out = layer().forward(&images)?;
        assert_eq!(out.shape(), [4, 1, 3, 1]);
        assert_eq!(out.into_shape_clone(vec![4, 3]).unwrap(), layer().forward(&x())?);
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        assert!(BatchNormalization::new(Array1::ones(2), Array1::ones(3)).is_err());
        assert!(layer().running_statistics(Array1::ones(2), Array1::ones(3)).is_err());
        let mut layer = layer();
        assert!(layer.backward(&x()).unwrap_err().to_string().contains("call forward first"));
        for shape in [vec![], vec![3], vec![2, 2], vec![0, 3], vec![2, 3, 2]] {
            let message = layer.forward(&Tensor::zeros(shape)).unwrap_err().to_string();
            assert!(message.contains("row of 3 numbers"), "{message}");
        }
        layer.forward(&x()).unwrap();
        assert!(layer.backward(&Tensor::zeros(vec![3, 4])).unwrap_err().to_string().contains("[4, 3]"));
    }
}
