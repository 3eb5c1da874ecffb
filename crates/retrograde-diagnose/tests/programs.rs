//! Small public programs whose fault is known, and healthy ones. benches/doctor has all of them, with their sources.

use retrograde::data::{Dataset, Matrix};
use retrograde::diagnose::{
    Augmentation, CauseName, ClaimedGradient, Diagnosis, Distribution, Formula, Function, Initialization,
    LoopCode, Network, Options, Order, Reduction, Rows, Training, Verdict, diagnose,
};
use retrograde::nn::Activation;
use retrograde::optim::{OptimizerConfig, OptimizerKind};
use retrograde::{Error, Result};

fn rows(x: Vec<f64>, y: Vec<f64>, count: usize) -> Result<Rows> {
    Rows::new(Matrix::new(count, x)?, Matrix::new(count, y)?)
}

fn xor() -> Result<Rows> {
    rows(vec![1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0], vec![0.0, 1.0, 0.0, 1.0], 4)
}

fn curve(x: impl Iterator<Item = f64> + Clone, y: impl Fn(f64) -> f64) -> Result<Rows> {
    let count = x.clone().count();
    rows(x.clone().collect(), x.map(y).collect(), count)
}

fn digits() -> Result<Rows> {
    let data = Dataset::embedded()?;
    let samples = data.train();
    let x = Matrix::new(samples.len(), samples.features().values().into_owned())?;
    Rows::of_classes(x, samples.labels(), 10)
}

fn optimizer(kind: OptimizerKind, learning_rate: f64) -> OptimizerConfig {
    OptimizerConfig { learning_rate, ..OptimizerConfig::default_for(kind) }
}

const SIGMOID: Option<Function> = Some(Function::Elementwise(Activation::Sigmoid));
const RELU: Option<Function> = Some(Function::Elementwise(Activation::Relu));
const SOFTMAX: Option<Function> = Some(Function::Softmax);

/// The book's network on digits.
fn book() -> Result<Training> {
    let network = Network::dense(784, [(50, RELU), (10, SOFTMAX)]);
    let loss = Formula::CrossEntropy { clip: Some(1e-7), normalizes: false };
    let training = Training::new(digits()?, network, loss.into(), optimizer(OptimizerKind::Sgd, 0.1));
    let initialization = Initialization::with(Distribution::Normal(0.0, 0.01));
    Ok(Training { batch: 100, steps: 2_000, order: Order::WithReplacement, initialization, ..training })
}

fn run(training: &Training) -> Result<Diagnosis> {
    diagnose(training, &Options::default())
}

fn expect_fault(name: &str, training: &Training, causes: &[CauseName]) -> Result<Diagnosis> {
    let diagnosis = run(training)?;
    assert_eq!(diagnosis.verdict, Verdict::Fault, "{name}: {diagnosis}");
    assert!(diagnosis.cause.is_some_and(|cause| causes.contains(&cause)), "{name}: {diagnosis}");
    Ok(diagnosis)
}

fn expect_healthy(name: &str, training: &Training) -> Result<()> {
    let diagnosis = run(training)?;
    assert_eq!(diagnosis.verdict, Verdict::Healthy, "{name}: {diagnosis}");
    Ok(())
}

#[test]
fn what_the_output_cannot_be() -> Result<()> {
    let one = Network::dense(2, [(2, SIGMOID), (3, SIGMOID), (1, SOFTMAX)]);
    let momentum = optimizer(OptimizerKind::Momentum, 0.001);
    let one = Training { steps: 20, ..Training::new(xor()?, one, Formula::SquaredError.into(), momentum) };
    expect_fault("so-34311586", &one, &[CauseName::SoftmaxOfOne])?;

    // Standard-normal targets behind a relu.
    let noise: Vec<f64> = (0..40).map(|at| (f64::from(at) * 2.3).sin() * 1.4).collect();
    let relu = Network::dense(1, [(4, RELU), (1, RELU)]);
    let relu = Training::new(
        rows((0..40).map(f64::from).map(|x| x / 20.0 - 1.0).collect(), noise, 40)?,
        relu,
        Formula::SquaredError.into(),
        optimizer(OptimizerKind::Sgd, 0.01),
    );
    expect_fault("so-48251943", &relu, &[CauseName::OutputRange])?;
    Ok(())
}

#[test]
fn rates_and_steps() -> Result<()> {
    let network = Network::dense(2, [(4, SIGMOID), (1, SIGMOID)]);
    let low =
        Training::new(xor()?, network, Formula::AbsoluteError.into(), optimizer(OptimizerKind::Sgd, 0.05));
    let low = Training { batch: 4, ..low };
    let low_causes = [CauseName::RateLow, CauseName::FewSteps, CauseName::LossMismatch, CauseName::Optimizer];
    expect_fault("so-31556268", &low, &low_causes)?;

    let line = curve((1..=10).map(f64::from), |x| 10.0 * x)?;
    let far = Training::new(
        line,
        Network::dense(1, [(1, None)]),
        Formula::SquaredError.into(),
        optimizer(OptimizerKind::RmsProp, 0.005),
    );
    expect_fault(
        "so-78199673",
        &Training { batch: 10, steps: 100, ..far },
        &[CauseName::RateLow, CauseName::FewSteps],
    )?;

    // One row: the weight moves by 0.001 in each of 1,000 steps, and 42 is further away.
    let one = rows(vec![0.0], vec![42.0], 1)?;
    let one = Training::new(
        one,
        Network::dense(1, [(1, None)]),
        Formula::AbsoluteError.into(),
        optimizer(OptimizerKind::RmsProp, 0.001),
    );
    expect_fault("so-49867234", &Training { batch: 1, ..one }, &[CauseName::RateLow, CauseName::FewSteps])?;

    let high = Network::dense(784, [(30, None), (10, None)]);
    let initialization = Initialization::with(Distribution::Normal(0.0, 1.0));
    let high =
        Training::new(digits()?, high, Formula::SquaredError.into(), optimizer(OptimizerKind::Sgd, 3.0));
    let high_causes =
        [CauseName::RateHigh, CauseName::ActivationMissing, CauseName::OutputMissing, CauseName::LargeInit];
    expect_fault("so-48385830", &Training { batch: 10, initialization, ..high }, &high_causes)?;
    Ok(())
}

#[test]
fn data() -> Result<()> {
    let quarter = curve((0..400).map(|at| 0.5 * f64::from(at) - 100.0), |x| x.powi(4))?;
    let elu = Some(Activation::Elu.into());
    let quarter = Training::new(
        quarter,
        Network::dense(1, [(50, SIGMOID), (50, elu), (1, None)]),
        Formula::SquaredError.into(),
        optimizer(OptimizerKind::Adam, 0.001),
    );
    let scales = [CauseName::TargetScale, CauseName::InputScale];
    expect_fault("so-52800582", &Training { batch: 400, ..quarter }, &scales)?;

    let mut shuffled = book()?;
    shuffled.code = LoopCode { shuffles_targets: true, ..LoopCode::default() };
    expect_fault("shuffled targets", &shuffled, &[CauseName::Misaligned])?;
    Ok(())
}

#[test]
fn losses_of_batches() -> Result<()> {
    let mut over_the_batch = book()?;
    over_the_batch.network.blocks.pop();
    over_the_batch.network.blocks.push(Function::SoftmaxOfBatch.into());
    over_the_batch.code =
        LoopCode { claimed: Some(ClaimedGradient::OutputMinusTarget), ..LoopCode::default() };
    let diagnosis = expect_fault("the notebook", &over_the_batch, &[CauseName::LossReduction])?;
    assert!(diagnosis.repair.is_some_and(|trial| trial.repairs()));

    let plane = curve((0..64).map(|at| f64::from(at) / 32.0 - 1.0), |x| 3.0 * x)?;
    let pairs = Training::new(
        plane,
        Network::dense(1, [(1, None)]),
        retrograde::diagnose::Loss::from(Formula::SquaredError).reduced(Reduction::MeanOfPairs),
        optimizer(OptimizerKind::Sgd, 0.1),
    );
    expect_fault("broadcast", &pairs, &[CauseName::LossReduction])?;
    Ok(())
}

#[test]
fn steps_that_are_not_the_optimizers() -> Result<()> {
    for (code, cause) in [
        (LoopCode { ascends: true, ..LoopCode::default() }, CauseName::GradientSign),
        (LoopCode { accumulates: true, ..LoopCode::default() }, CauseName::StaleGradient),
    ] {
        let mut training = book()?;
        training.optimizer.learning_rate = 0.5;
        training.code = code;
        expect_fault(cause.name(), &training, &[cause])?;
    }
    Ok(())
}

#[test]
fn healthy_trainings() -> Result<()> {
    expect_healthy("the book's", &book()?)?;
    let network = Network::dense(2, [(8, Some(Activation::Tanh.into())), (1, SIGMOID)]);
    let xor = Training::new(
        xor()?,
        network,
        Formula::KERAS_BINARY_CROSS_ENTROPY.into(),
        optimizer(OptimizerKind::Sgd, 0.1),
    );
    expect_healthy("d4ml-046", &Training { batch: 1, steps: 4_000, ..xor })?;
    let linear = curve((0..100).map(|at| f64::from(at) / 50.0 - 1.0), |x| 0.5 * x + 0.2)?;
    let linear = Training::new(
        linear,
        Network::dense(1, [(2, None), (1, None)]),
        Formula::SquaredError.into(),
        optimizer(OptimizerKind::Sgd, 0.1),
    );
    expect_healthy("a linear network for a line", &linear)?;
    let mut frozen = book()?;
    frozen.code = LoopCode { frozen: vec!["0.weight".into()], ..LoopCode::default() };
    frozen.initialization = Initialization::with(Distribution::He);
    expect_healthy("a frozen layer that is enough", &frozen)?;
    let mut noisy = book()?;
    noisy.code = LoopCode {
        augmentation: Some(Augmentation { probability: 0.5, noise: 0.1, erased: (0.0, 0.0) }),
        ..LoopCode::default()
    };
    expect_healthy("augmented rows", &noisy)?;
    Ok(())
}

#[test]
fn noise_has_no_signal() -> Result<()> {
    // A linear congruential generator: labels that have nothing to do with the rows.
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    let x: Vec<f64> = (0..2_000 * 3).map(|_| next()).collect();
    let y: Vec<f64> = (0..2_000).map(|_| f64::from(next() > 0.5)).collect();
    let network = Network::dense(3, [(4, RELU), (1, SIGMOID)]);
    let noise = Training::new(
        rows(x, y, 2_000)?,
        network,
        Formula::KERAS_BINARY_CROSS_ENTROPY.into(),
        optimizer(OptimizerKind::Adam, 0.001),
    );
    assert_ne!(run(&noise)?.verdict, Verdict::Fault);
    Ok(())
}

#[test]
fn a_training_that_cannot_run_is_an_error() -> Result<()> {
    let network = Network::dense(3, [(1, None)]);
    let wrong =
        Training::new(xor()?, network, Formula::SquaredError.into(), optimizer(OptimizerKind::Sgd, 0.1));
    let error: Error = diagnose(&wrong, &Options::default()).expect_err("three inputs for rows of two");
    assert!(error.to_string().contains("rows of 3 numbers"), "{error}");
    let none = Training { batch: 0, ..book()? };
    assert!(diagnose(&none, &Options::default()).is_err());
    Ok(())
}
