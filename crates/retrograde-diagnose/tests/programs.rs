//! Small public programs whose fault is known, and healthy ones.

use retrograde::data::{Dataset, Features, Matrix, Samples};
use retrograde::diagnose::{
    CauseName, ClaimedGradient, Diagnosis, Formula, Function, LoopCode, Network, Options, Order, Rows,
    Training, Verdict, diagnose,
};
use retrograde::nn::Activation;
use retrograde::optim::{OptimizerConfig, OptimizerKind};
use retrograde::{Error, Result};

fn rows(x: &[&[f64]], y: &[&[f64]]) -> Result<Rows> {
    Rows::new(Matrix::new(x.len(), x.concat())?, Matrix::new(y.len(), y.concat())?)
}

fn xor() -> Result<Rows> {
    rows(&[&[1.0, 1.0], &[1.0, 0.0], &[0.0, 0.0], &[0.0, 1.0]], &[&[0.0], &[1.0], &[0.0], &[1.0]])
}

fn with(kind: OptimizerKind, learning_rate: f64) -> OptimizerConfig {
    OptimizerConfig { learning_rate, ..OptimizerConfig::default_for(kind) }
}

fn run(name: &str, training: &Training) -> Result<Diagnosis> {
    let diagnosis = diagnose(training, &Options::default())?;
    println!(
        "{name}: {:?} {:?} skill {:.3} ref {:?} in {:.1} s",
        diagnosis.verdict,
        diagnosis.cause.map(|c| c.name()),
        diagnosis.outcome.score.skill,
        diagnosis.reference.as_ref().map(|r| r.score.skill),
        diagnosis.seconds
    );
    if let Some(evidence) = &diagnosis.evidence {
        println!("   {evidence}");
    }
    for trial in &diagnosis.trials {
        println!(
            "      {:?} {:.3} closed {:.2} p {}",
            trial.changes, trial.outcome.score.skill, trial.closed, trial.outcome.p
        );
    }
    for finding in &diagnosis.advice {
        println!("   advice {} {}", finding.cause, finding.evidence);
    }
    Ok(diagnosis)
}

#[test]
fn known() -> Result<()> {
    let sigmoid = || Some(Function::from(Activation::Sigmoid));
    let relu = || Some(Function::from(Activation::Relu));
    let digits = Dataset::embedded()?;
    let of = |samples: &Samples| -> Result<Rows> {
        let Features::Bytes { .. } = samples.features() else {
            return Err(Error::invalid("digits", "no bytes", ""));
        };
        let x = Matrix::new(samples.len(), samples.features().values().into_owned())?;
        Rows::of_classes(x, samples.labels(), 10)
    };
    let digits = of(digits.train())?;
    let book = Training {
        batch: 100,
        steps: 2000,
        order: Order::WithReplacement,
        ..Training::new(
            digits.clone(),
            Network::dense(784, [(50, relu()), (10, Some(Function::Softmax))]),
            Formula::KERAS_CROSS_ENTROPY.into(),
            with(OptimizerKind::Sgd, 0.1),
        )
    };
    run("book", &book)?;
    let mut nb = book.clone();
    nb.network = Network::dense(784, [(50, relu()), (10, Some(Function::SoftmaxOfBatch))]);
    nb.loss = Formula::CrossEntropy { clip: Some(1e-7), normalizes: false }.into();
    nb.code = LoopCode { claimed: Some(ClaimedGradient::OutputMinusTarget), ..LoopCode::default() };
    run("nb-0", &nb)?;
    let t = Training {
        batch: 4,
        steps: 1000,
        ..Training::new(
            xor()?,
            Network::dense(2, [(4, sigmoid()), (1, sigmoid())]),
            Formula::AbsoluteError.into(),
            with(OptimizerKind::Sgd, 0.05),
        )
    };
    run("so-31556268", &t)?;
    let t = Training {
        batch: 1,
        steps: 4000,
        ..Training::new(
            xor()?,
            Network::dense(2, [(8, Some(Activation::Tanh.into())), (1, sigmoid())]),
            Formula::KERAS_BINARY_CROSS_ENTROPY.into(),
            with(OptimizerKind::Sgd, 0.1),
        )
    };
    run("d4ml-046", &t)?;
    let t = Training {
        batch: 32,
        steps: 20,
        ..Training::new(
            xor()?,
            Network::dense(2, [(2, sigmoid()), (3, sigmoid()), (1, Some(Function::Softmax))]),
            Formula::SquaredError.into(),
            with(OptimizerKind::Momentum, 0.001),
        )
    };
    run("so-34311586", &t)?;
    let line = |n: usize, f: &dyn Fn(f64) -> f64| -> Result<Rows> {
        let x: Vec<f64> = (1..=n).map(|i| i as f64).collect();
        let y = x.iter().map(|x| f(*x)).collect();
        Rows::new(Matrix::new(n, x)?, Matrix::new(n, y)?)
    };
    let t = Training {
        batch: 20,
        steps: 10,
        ..Training::new(
            line(20, &|x| x / 2.0)?,
            Network::dense(1, [(1, None)]),
            Formula::SquaredError.into(),
            with(OptimizerKind::Sgd, 0.01),
        )
    };
    run("q-increasing-loss", &t)?;
    let t = Training {
        batch: 10,
        steps: 100,
        ..Training::new(
            line(10, &|x| x * 10.0)?,
            Network::dense(1, [(1, None)]),
            Formula::SquaredError.into(),
            with(OptimizerKind::RmsProp, 0.005),
        )
    };
    run("so-78199673", &t)?;
    let quarter: Vec<f64> = (0..400).map(|i| -100.0 + 0.5 * f64::from(i)).collect();
    let y = quarter.iter().map(|x| x.powi(4)).collect();
    let t = Training {
        batch: 400,
        steps: 1000,
        ..Training::new(
            Rows::new(Matrix::new(400, quarter)?, Matrix::new(400, y)?)?,
            Network::dense(1, [(50, sigmoid()), (50, Some(Activation::Elu.into())), (1, None)]),
            Formula::SquaredError.into(),
            with(OptimizerKind::Adam, 0.001),
        )
    };
    run("so-52800582", &t)?;
    let _ = (CauseName::ALL, Verdict::Healthy);
    Ok(())
}
