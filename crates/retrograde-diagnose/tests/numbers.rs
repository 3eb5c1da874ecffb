//! Numbers that people posted, and that theory gives to the printed digits. The programs are public questions; the numbers are those of
//! their authors' runs.

use retrograde::Result;
use retrograde::data::Matrix;
use retrograde::diagnose::{
    Block, CauseName, Diagnosis, Finding, Formula, Function, Network, Options, Reduction, Rows, Training,
    diagnose,
};
use retrograde::nn::{Activation, Layer, Linear, Precision};
use retrograde::optim::{OptimizerConfig, OptimizerKind};

fn sgd(learning_rate: f64) -> OptimizerConfig {
    OptimizerConfig { learning_rate, ..OptimizerConfig::default() }
}

/// A linear layer in `f64`, on all rows at once.
fn line(x: &[f64], columns: usize, y: &[f64], rate: f64, steps: u64) -> Result<Training> {
    let rows = Rows::new(Matrix::new(y.len(), x.to_vec())?, Matrix::new(y.len(), y.to_vec())?)?;
    let network = Network::dense(columns, [(1, None)]);
    let training = Training::new(rows, network, Formula::SquaredError.into(), sgd(rate));
    Ok(Training { batch: y.len(), steps, precision: Precision::F64, ..training })
}

/// The number of the evidence for a cause.
fn number(diagnosis: &Diagnosis, cause: CauseName, name: &str) -> f64 {
    let advice = diagnosis
        .advice
        .iter()
        .filter(|finding| finding.cause == cause)
        .map(|Finding { evidence, .. }| evidence);
    let own = diagnosis.evidence.iter().filter(|_| diagnosis.cause == Some(cause));
    own.chain(advice).find_map(|evidence| evidence.number(name)).unwrap_or(f64::NAN)
}

fn assert_close(found: f64, expected: f64, digits: f64) {
    assert!((found - expected).abs() <= digits, "{found} instead of {expected}");
}

/// The loss of one row grows by (1 − η · 2|x|²)² in each step: 141.114354831206, as its author posted of six steps.
#[test]
fn a_loss_that_multiplies() -> Result<()> {
    let y: Vec<f64> =
        (0..100).map(|at| -10.0 + 20.0 * f64::from(at) / 99.0).map(|x| x * x * x + x * x + x).collect();
    let rows = Rows::new(Matrix::new(1, y[..80].to_vec())?, Matrix::new(1, y[80..].to_vec())?)?;
    let network = Network::new([80], [Block::from(Layer::Linear(Linear::new(20).bias(false)))]);
    let loss = retrograde::diagnose::Loss::from(Formula::SquaredError).reduced(Reduction::Sum);
    let training = Training {
        batch: 1,
        steps: 10,
        precision: Precision::F64,
        ..Training::new(rows, network, loss, sgd(1e-6))
    };
    let diagnosis = diagnose(&training, &Options::default())?;
    assert_close(number(&diagnosis, CauseName::RateHigh, "predicted"), 141.114_354_831_206, 1e-9);
    assert_close(number(&diagnosis, CauseName::RateHigh, "measured"), 141.114_354_831_206, 1e-9);
    Ok(())
}

/// 1603.0852 / 450.9794 in a posted log, 3.55470 by theory.
#[test]
fn a_loss_that_increases() -> Result<()> {
    let x: Vec<f64> = (1..=20).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| x / 2.0).collect();
    let diagnosis = diagnose(&line(&x, 1, &y, 0.01, 10)?, &Options::default())?;
    assert_eq!(diagnosis.cause, Some(CauseName::RateHigh));
    assert_close(number(&diagnosis, CauseName::RateHigh, "predicted"), 3.5547, 5e-5);
    assert_close(number(&diagnosis, CauseName::RateHigh, "measured"), 3.5547, 5e-5);
    Ok(())
}

/// Rates that diverged, and the largest that does not: 2 / λ, 2 (1 + μ) / λ with momentum.
#[test]
fn the_largest_stable_rates() -> Result<()> {
    let limit = |training: &Training| -> Result<f64> {
        Ok(number(&diagnose(training, &Options::default())?, CauseName::RateHigh, "limit"))
    };
    // 0.01 diverges, 0.001 works.
    let x: Vec<f64> = (1..=8).map(|at| 5.0 * f64::from(at)).collect();
    let y: Vec<f64> = x.iter().map(|x| x / 2.5).collect();
    assert_close(limit(&line(&x, 1, &y, 0.01, 1000)?)?, 0.001_567, 5e-7);
    // Half of the mean squared error of 2x + 4 for x from 0 to 99: 0.5 diverges.
    let x: Vec<f64> = (0..100).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| 2.0 * x + 4.0).collect();
    let mut half = line(&x, 1, &y, 0.5, 300)?;
    half.loss = half.loss.times(0.5);
    assert_close(limit(&half)?, 6.09e-4, 5e-7);
    // The sum of squared errors of a polynomial through three points, momentum 0.9: 0.01 diverges.
    let x = [2.0, 3.5, 5.0_f64];
    let rows: Vec<f64> = x.iter().flat_map(|x| [x * x, *x]).collect();
    let mut sum = line(&rows, 2, &x.map(f64::sin), 0.01, 10_000)?;
    sum.loss = sum.loss.reduced(Reduction::Sum);
    sum.optimizer =
        OptimizerConfig { learning_rate: 0.01, ..OptimizerConfig::default_for(OptimizerKind::Momentum) };
    assert_close(limit(&sum)?, 0.002_28, 5e-6);
    Ok(())
}

/// Losses that stay where they are.
#[test]
fn pinned_losses() -> Result<()> {
    // Half of the labels are 1 and a softmax over one unit is always 1: 7.6666 in `f32` with Keras's clipping.
    let x = Matrix::new(40, (0..40).flat_map(|row| [f64::from(row % 2); 8]).collect())?;
    let rows = Rows::new(x.clone(), Matrix::new(40, (0..40).map(|row| f64::from(row % 2)).collect())?)?;
    let network = Network::dense(8, [(5, Some(Activation::Relu.into())), (1, Some(Function::Softmax))]);
    let one = Training {
        steps: 20,
        ..Training::new(rows, network, Formula::KERAS_BINARY_CROSS_ENTROPY.into(), sgd(0.1))
    };
    let diagnosis = diagnose(&one, &Options::default())?;
    assert_eq!(diagnosis.cause, Some(CauseName::SoftmaxOfOne));
    assert_close(number(&diagnosis, CauseName::SoftmaxOfOne, "loss"), 7.6666, 5e-5);

    // One unit for ten digits: with mean label 4.4517 the loss is pinned at (1 − 4.4517) · 15.942 = −55.03.
    let mut labels: Vec<f64> = (0..10_000).map(|row| f64::from(row % 10)).collect();
    let wanted = 4.4517 * 10_000.0;
    let mut missing = labels.iter().sum::<f64>() - wanted;
    for label in &mut labels {
        if missing >= 1.0 && *label >= 1.0 {
            *label -= 1.0;
            missing -= 1.0;
        }
    }
    let x = Matrix::new(10_000, labels.clone())?;
    let network = Network::dense(1, [(1, Some(Activation::Sigmoid.into()))]);
    let loss = Formula::BinaryCrossEntropy { clip: Some(1e-7) };
    let digit = Training {
        steps: 20,
        ..Training::new(Rows::new(x, Matrix::new(10_000, labels)?)?, network, loss.into(), sgd(0.1))
    };
    let diagnosis = diagnose(&digit, &Options::default())?;
    assert_eq!(diagnosis.cause, Some(CauseName::LossMismatch));
    // Without the ε that newer versions add in the logarithm.
    let logarithm = f64::from(1.0_f32 - (1.0_f32 - 1e-7)).ln();
    assert_close((4.4517 - 1.0) * logarithm, -55.03, 5e-3);
    let newer = f64::from(1.0_f32 - (1.0_f32 - 1e-7) + 1e-7).ln();
    assert_close(number(&diagnosis, CauseName::LossMismatch, "pinned"), (4.4517 - 1.0) * newer, 2e-3);
    Ok(())
}

/// The floor of a softmax of a softmax, and the accuracy of zeros as bits of one-hot rows.
#[test]
fn floors() -> Result<()> {
    let labels: Vec<u32> = (0..690).map(|row| row % 69).collect();
    let x = Matrix::new(690, labels.iter().map(|label| f64::from(*label) / 69.0).collect())?;
    let network = Network::dense(1, [(69, Some(Activation::Sigmoid.into()))]);
    let rows = Rows::of_classes(x, &labels, 69)?;
    let bits = Training {
        steps: 20,
        ..Training::new(rows, network, Formula::KERAS_BINARY_CROSS_ENTROPY.into(), sgd(0.1))
    };
    let diagnosis = diagnose(&bits, &Options::default())?;
    assert_close(number(&diagnosis, CauseName::LossMismatch, "share"), 0.985_507, 5e-7);

    let labels: Vec<u32> = (0..100).map(|row| row % 10).collect();
    let x = Matrix::new(100, labels.iter().map(|label| f64::from(*label)).collect())?;
    let network = Network::dense(1, [(10, Some(Function::Softmax))]);
    let twice = Training {
        steps: 20,
        ..Training::new(
            Rows::of_classes(x, &labels, 10)?,
            network,
            Formula::SoftmaxCrossEntropy.into(),
            sgd(0.1),
        )
    };
    let diagnosis = diagnose(&twice, &Options::default())?;
    assert_close(number(&diagnosis, CauseName::DoubleActivation, "floor"), 1.4612, 5e-5);
    Ok(())
}
