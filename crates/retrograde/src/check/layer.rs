//! The check of one layer or one loss, written by hand.

use super::examine::{Examined, examine};
use super::loss_layer::LossAsLayer;
use super::{Report, Verdict};
use crate::Result;
use crate::textbook::{Labels, Layer, LossLayer, Tensor};

/// Checks a layer alone: with `x`, with random inputs of its shape and with other numbers of rows, each with a random
/// gradient from above, for its input and for each parameter.
///
/// The layer keeps its parameters' values; what it remembers of the last call is another afterwards.
///
/// ```
/// use retrograde::check::{self, Verdict};
/// use retrograde::textbook::{Sigmoid, Tensor};
///
/// let report = check::layer(&mut Sigmoid::new(), &Tensor::zeros(vec![3, 4]))?;
/// assert_eq!(report.verdict, Verdict::Right);
/// # Ok::<(), retrograde::Error>(())
/// ```
///
/// # Errors
///
/// When `x` has no element, or the layer refuses it.
pub fn layer(layer: &mut dyn Layer, x: &Tensor) -> Result<Report> {
    let name = layer.name().to_owned();
    Ok(report(&name, examine(layer, &name, x, None)?))
}

/// Checks a loss alone, in the same way, with `logits` and `labels`. For other numbers of rows the labels are taken in
/// turn.
///
/// # Errors
///
/// When there are no logits, or the loss refuses them.
pub fn loss(loss: &mut dyn LossLayer, logits: &Tensor, labels: &Labels) -> Result<Report> {
    let name = loss.name().to_owned();
    let mut layer = LossAsLayer { loss, labels: labels.clone() };
    Ok(report(&name, examine(&mut layer, &name, logits, Some(labels))?))
}

fn report(name: &str, examined: Examined) -> Report {
    let Examined { station, findings, method } = examined;
    let verdict = Verdict::of_all([station.verdict]);
    Report {
        subject: name.to_owned(),
        verdict,
        stations: vec![station],
        blocks: Vec::new(),
        findings,
        method,
    }
}

#[cfg(test)]
mod scratch {
    use super::*;
    use crate::textbook::{
        AddLayer, Affine, MulLayer, Relu, Sigmoid, SoftmaxWithLoss, TwoLayerNet, remembered,
    };
    #[derive(Default)]
    struct Notebook {
        memory: Option<(Tensor, Tensor)>,
    }
    impl LossLayer for Notebook {
        fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
            let max = logits.fold(f64::NEG_INFINITY, |max, &x| max.max(x));
            let e = logits.mapv(|x| (x - max).exp());
            let s = e.sum();
            let (y, t) = (e / s, labels.to_rows(logits)?);
            let loss = -(&t * y.mapv(|y| (y + 1e-7).ln())).sum() / y.shape()[0] as f64;
            self.memory = Some((y, t));
            Ok(loss)
        }
        fn backward(&mut self, _dout: f64) -> Result<Tensor> {
            let (y, t) = remembered(self.memory.as_ref(), "Notebook")?;
            Ok((y - t) / y.shape()[0] as f64)
        }
    }
    #[test]
    fn all() -> Result<()> {
        println!("{}", layer(&mut Relu::new(), &Tensor::zeros(vec![3, 4]))?);
        println!("{}", layer(&mut Sigmoid::new(), &Tensor::zeros(vec![3, 4]))?);
        println!("{}", layer(&mut MulLayer::new(), &Tensor::ones(vec![2]))?);
        println!("{}", layer(&mut AddLayer::new(), &Tensor::ones(vec![2]))?);
        println!(
            "{}",
            layer(
                &mut Affine::new(
                    ndarray::arr2(&[[1.0, 2.0], [0.5, -0.3], [0.1, 0.2]]),
                    ndarray::arr1(&[0.0, 0.1])
                )?,
                &Tensor::ones(vec![4, 3])
            )?
        );
        println!(
            "{}",
            loss(&mut SoftmaxWithLoss::new(), &Tensor::zeros(vec![3, 10]), &vec![1, 2, 3].into())?
        );
        println!("{}", loss(&mut Notebook::default(), &Tensor::zeros(vec![3, 10]), &vec![1, 2, 3].into())?);
        let start = std::time::Instant::now();
        let mut net = TwoLayerNet::new(784, 50, 10, 0.01, 0)?;
        let x =
            Tensor::from_shape_fn(vec![3, 784], |i| if (i[0] * 31 + i[1] * 17) % 5 == 0 { 0.7 } else { 0.0 });
        println!("{}", crate::check::two_layer_net(&mut net, &x, &vec![5, 0, 4].into())?);
        println!("{:?}", start.elapsed());
        let mut net = TwoLayerNet::new(784, 50, 10, 0.01, 0)?.with_loss(Notebook::default());
        println!("{}", crate::check::two_layer_net(&mut net, &x, &vec![5, 0, 4].into())?);
        Ok(())
    }
}
