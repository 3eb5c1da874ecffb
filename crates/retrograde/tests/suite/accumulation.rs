//! Gradient accumulation: several batches of a step are one batch of all their rows.

use retrograde::Result;
use retrograde::data::{Dataset, Matrix, Samples, Sampling, Targets, Windows};
use retrograde::nn::{
    Dropout, Flatten, GptConfig, Init, Layer, Layers, Linear, Mlp, Model, NetworkConfig, Precision,
};
use retrograde::optim::{OptimizerConfig, OptimizerKind, Schedule, Sgd};
use retrograde::train::{CrossEntropy, Event, History, Loss, RunDir, Session, Trainer};
use std::ops::ControlFlow;
use tempfile::TempDir;

fn temp_dir() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

/// Numbers without a pattern, in (-1, 1).
fn noise(i: usize) -> f64 {
    (12.9898 * (i + 1) as f64).sin() * 43758.5453 % 1.0
}

fn matrix(rows: usize, columns: usize) -> Matrix {
    Matrix::new(rows, (0..rows * columns).map(noise).collect()).expect("finite numbers")
}

/// Rows whose weights differ by a factor of more than a hundred.
fn weighted(targets: Targets) -> Result<Dataset> {
    let samples = Samples::new(matrix(120, 4), targets)?
        .weighted((0..120).map(|row| 10_f64.powf(noise(7 * row))).collect::<Vec<f64>>())?;
    Dataset::new("rows", samples.clone(), samples)
}

fn adam() -> Trainer {
    let settings = OptimizerConfig {
        clip: Some(0.5),
        weight_decay: 0.01,
        ..OptimizerConfig::default_for(OptimizerKind::AdamW)
    };
    Trainer::new(settings.build().expect("valid settings")).schedule(Schedule::cosine().warmup(3))
}

/// Batches of 10 rows, four a step, and one batch of 40.
fn assert_same<M: Model + Clone>(data: &Dataset, net: &M, loss: impl Into<Option<Loss>>) -> Result<()> {
    let loss = loss.into();
    let train = |batch, accumulate| -> Result<(History, M)> {
        let mut net = net.clone();
        let trainer = adam().batch(batch).accumulate(accumulate).steps(12).precision(Precision::F64);
        let trainer = trainer.collect_metrics(true).sampling(Sampling::WithoutReplacement);
        let trainer = match &loss {
            Some(loss) => trainer.loss(loss.clone()),
            None => trainer,
        };
        Ok((trainer.fit(&mut net, data)?, net))
    };
    let ((parts, net), (whole, other)) = (train(10, 4)?, train(40, 1)?);
    assert_eq!((parts.losses.len(), parts.epochs.len()), (12, whole.epochs.len()));
    // Sums in another order: roundings of 2⁻⁵³ in each of 12 steps, and Adam divides by small roots.
    for (a, b) in parts.losses.iter().zip(&whole.losses) {
        assert!((a - b).abs() < 1e-11, "{a} {b}");
    }
    for ((name, a), (_, b)) in net.parameters().iter().zip(other.parameters().iter()) {
        let worst = a.values().iter().zip(b.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-9, "{name}: {worst}");
    }
    let norms = |history: &History| {
        let steps = &history.metrics.as_ref().expect("metrics").steps;
        steps.iter().flat_map(|step| step.norms.iter().map(|norm| norm.gradient)).collect::<Vec<f64>>()
    };
    let (a, b) = (norms(&parts), norms(&whole));
    assert!(!a.is_empty() && a.len() == b.len());
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-9), "{a:?} {b:?}");
    Ok(())
}

#[test]
fn batches_of_a_step_are_one_batch() -> Result<()> {
    let classes = weighted(Targets::classes((0..120).map(|row| row % 3).collect::<Vec<u32>>(), 3)?)?;
    let net = Mlp::new([4, 6, 3]).init(Init::He).build()?;
    assert_same(&classes, &net, None)?;
    let smooth = CrossEntropy {
        label_smoothing: 0.1,
        class_weights: Some(vec![0.2, 1.0, 5.0]),
        ..CrossEntropy::default()
    };
    assert_same(&classes, &net, Some(smooth.into()))?;
    // Whole batches of ignored rows have no weight.
    let labels: Vec<u32> = (0..120).map(|row| u32::from(row % 10 == 0)).collect();
    let ignored = CrossEntropy { ignore_index: Some(0), ..CrossEntropy::default() };
    assert_same(&weighted(Targets::classes(labels, 3)?)?, &net, Some(ignored.into()))?;
    let numbers = weighted(Targets::Reals(matrix(120, 3)))?;
    for loss in ["squared-error", "huber:0.3"] {
        assert_same(&numbers, &net, Some(loss.parse()?))?;
    }
    Ok(())
}

#[test]
fn batches_of_images_and_of_tokens_are_one_batch() -> Result<()> {
    let digits = Dataset::embedded()?;
    let rows: Vec<u32> = (0..120).collect();
    let few = Dataset::new("digits", digits.train().select(&rows)?, digits.test().select(&rows)?)?;
    assert_same(&few, &Mlp::new([784, 12, 10]).init(Init::He).build()?, None)?;
    let tokens: Vec<u32> = (0..=8 * 120).map(|i| ((noise(i) + 1.0) * 2.5) as u32).collect();
    let samples = Samples::from_tokens(Windows::new(tokens, 8)?, 5)?;
    let text = Dataset::new("text", samples.clone(), samples)?;
    let gpt = GptConfig { vocabulary: 5, context: 8, blocks: 1, heads: 2, width: 8, dropout: 0.0 };
    let ignored = CrossEntropy { ignore_index: Some(2), ..CrossEntropy::default() };
    assert_same(&text, &gpt.network().build(1)?, Some(ignored.into()))
}

fn with_dropout() -> Result<impl Model> {
    let layers = vec![
        Layer::Flatten(Flatten::new()),
        Layer::Linear(Linear::new(60)),
        Layer::Relu,
        Layer::Dropout(Dropout::new(0.3)),
        Layer::Linear(Linear::new(10)),
    ];
    NetworkConfig { input: vec![28, 28], layers: Layers(layers) }.build(3)
}

/// Each batch of a step has other random numbers; none depend on the threads, or on where a training was interrupted.
#[test]
fn an_accumulated_training_resumes_bit_for_bit_on_any_number_of_threads() -> Result<()> {
    let data = Dataset::embedded()?;
    let trainer = |threads| adam().batch(30).accumulate(3).steps(60).threads(threads);
    let mut expected = with_dropout()?;
    let history = trainer(1).fit(&mut expected, &data)?;
    assert_eq!(history.epochs.len(), 2, "90 of 4,000 rows a step: an epoch ends after 45 steps");
    for threads in [2, 3, 8] {
        let folder = temp_dir();
        let mut first = with_dropout()?;
        let stop = &mut |event: Event<'_>| match event {
            Event::Step { step: 23, .. } => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        assert!(trainer(threads).run_dir(folder.path()).fit_with(&mut first, &data, stop)?.stopped);
        let mut resumed = with_dropout()?;
        let second = trainer(1).resume(folder.path()).fit(&mut resumed, &data)?;
        assert_eq!((&second.losses, &second.epochs), (&history.losses, &history.epochs));
        assert_eq!(resumed.parameters(), expected.parameters());
        // A training of another number of batches is another training.
        let checkpoint = RunDir::read_checkpoint(folder.path())?;
        assert_eq!((checkpoint.fingerprint().batch, checkpoint.fingerprint().accumulate), (30, 3));
        let other = trainer(1).accumulate(1).steps(70).resume(folder.path());
        let error = other.fit(&mut with_dropout()?, &data).expect_err("another training").to_string();
        assert!(error.contains("accumulated batches is `3`, not `1`"), "{error}");
    }
    Ok(())
}

/// What an interrupted step has summed is not part of a later one.
#[test]
fn a_step_begins_without_the_sums_of_an_earlier_one() -> Result<()> {
    let data = Dataset::embedded()?;
    let net = Mlp::new([784, 8, 10]).init(Init::He).build()?;
    let trainer = Trainer::new(Sgd::new(0.1)).batch(20).accumulate(2).threads(1);
    let mut session = Session::<f64>::new(&trainer, &net, &data)?;
    let start = session.checkpoint()?;
    let first = session.step()?;
    let after = session.parameters()?;
    session.step()?;
    session.resume(&start, std::path::Path::new("a checkpoint"))?;
    assert_eq!(session.step()?, first);
    assert_eq!(session.parameters()?, after);
    Ok(())
}

#[test]
fn invalid_numbers_of_batches_are_errors() -> Result<()> {
    let data = Dataset::embedded()?;
    let error = |batch, accumulate| {
        let net = &mut Mlp::new([784, 10]).build().expect("a network");
        let trainer = adam().batch(batch).accumulate(accumulate).steps(1);
        trainer.fit(net, &data).expect_err("an invalid number").to_string()
    };
    assert!(error(10, 0).contains("accumulated batches: their number is 0"), "{}", error(10, 0));
    let found = error(100, 41);
    assert!(found.contains("41 of 100 rows are more than the 4000") && found.contains("1 to 40"), "{found}");
    assert!(error(2, usize::MAX).contains("accumulated batches"));
    Ok(())
}
