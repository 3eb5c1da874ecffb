//! Whole trainings on the embedded digits: accuracy, and stopping, resuming and repeating.

use retrograde::data::{Dataset, Sampling};
use retrograde::nn::{Init, Mlp, Model, Precision};
use retrograde::optim::{OptimizerConfig, OptimizerKind, Schedule, Sgd};
use retrograde::train::{Event, History, RunDir, Session, Trainer, TrainingConfig};
use retrograde::{Error, Result};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn net() -> Result<Mlp> {
    Mlp::new([784, 50, 10]).init(Init::Normal(0.01)).seed(0).build()
}

fn trainer(steps: u64) -> Trainer {
    Trainer::new(Sgd::new(0.1)).batch(100).steps(steps)
}

fn temp_dir() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn the_notebooks_network_learns_the_embedded_digits() -> Result<()> {
    let data = Dataset::embedded()?;
    for precision in [Precision::F32, Precision::F64] {
        let mut net = net()?;
        let history = trainer(3000).precision(precision).fit(&mut net, &data)?;
        // The first loss is ln 10, because the weights are small.
        assert!((history.losses[0] - 10_f64.ln()).abs() < 0.02, "{}", history.losses[0]);
        let last = history.last().expect("evaluated at the end");
        assert!(last.held_out().accuracy >= Some(0.92), "{precision}: {last:?}");
        assert_eq!((history.steps(), last.step, history.epochs.len()), (3000, 3000, 75));
    }
    Ok(())
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() -> Result<()> {
    let data = Dataset::embedded()?;
    let run = |threads: usize, precision| -> Result<(History, Mlp)> {
        // Wide enough that all steps of the plan are split.
        let mut net = Mlp::new([784, 120, 60, 10]).init(Init::He).build()?;
        let history = trainer(40).threads(threads).precision(precision).fit(&mut net, &data)?;
        Ok((history, net))
    };
    for precision in [Precision::F32, Precision::F64] {
        let (history, net) = run(1, precision)?;
        for threads in [2, 8] {
            let (other, same) = run(threads, precision)?;
            assert_eq!(history.losses, other.losses, "{threads} threads, {precision}");
            assert_eq!(net, same);
        }
    }
    Ok(())
}

#[test]
fn a_stopped_training_resumes_bit_for_bit() -> Result<()> {
    // Also within a schedule, and with optimizer states.
    let adam = OptimizerConfig {
        clip: Some(1.0),
        weight_decay: 0.01,
        ..OptimizerConfig::default_for(OptimizerKind::AdamW)
    };
    assert_resumes(trainer)?;
    assert_resumes(|steps| {
        let optimizer = adam.build().expect("good settings");
        Trainer::new(optimizer).schedule(Schedule::cosine().warmup(20)).steps(steps)
    })
}

fn assert_resumes(trainer: impl Fn(u64) -> Trainer) -> Result<()> {
    let data = Dataset::embedded()?;
    let (complete, parts) = (temp_dir(), temp_dir());
    let mut expected = net()?;
    let history = trainer(150).run_dir(complete.path()).fit(&mut expected, &data)?;

    // Stopped after step 70, in the middle of an epoch.
    let stop = &mut |event: Event<'_>| match event {
        Event::Step { step: 70, .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let first = trainer(150).run_dir(parts.path()).fit_with(&mut net()?, &data, stop)?;
    assert!(first.stopped && first.steps() == 70);

    let mut resumed = net()?;
    let second = trainer(150).threads(1).resume(parts.path()).fit(&mut resumed, &data)?;
    // The evaluation at the stop is not part of the history.
    assert_eq!((&second.losses, &second.epochs), (&history.losses, &history.epochs));
    assert_eq!(resumed, expected);
    assert_eq!((second.timed_steps, second.stopped), (80, false));
    let [a, b] = [&complete, &parts].map(|folder| Mlp::load(RunDir::model_file(folder.path())));
    assert_eq!(a?, b?);
    Ok(())
}

/// A killed training resumes from its last checkpoint, which may be of any step.
#[test]
fn a_checkpoint_of_any_step_resumes_to_the_same_history() -> Result<()> {
    let data = Dataset::embedded()?;
    let adam = OptimizerConfig { clip: Some(1.0), ..OptimizerConfig::default_for(OptimizerKind::AdamW) };
    for sampling in [Sampling::WithReplacement, Sampling::WithoutReplacement] {
        let trainer = || {
            let optimizer = adam.build().expect("good settings");
            // 4,000 rows are not a multiple of 300: epochs end within batches, after steps 14, 27, 40 and 54.
            let trainer = Trainer::new(optimizer).schedule(Schedule::cosine().warmup(20)).batch(300);
            trainer.steps(60).sampling(sampling).collect_metrics(true)
        };
        let (run, copies) = (temp_dir(), temp_dir());
        let kept = [1, 13, 14, 15, 33, 59];
        let copy = |step: u64| copies.path().join(step.to_string());
        let mut written = Vec::new();
        let mut expected = net()?;
        let watch = &mut |event: Event<'_>| {
            if let Event::Checkpoint { step } = event {
                written.push(step);
                if kept.contains(&step) {
                    std::fs::create_dir(copy(step)).expect("a folder");
                    let [from, to] = [run.path(), &copy(step)].map(RunDir::checkpoint_file);
                    std::fs::copy(from, to).expect("a copy");
                }
            }
            ControlFlow::Continue(())
        };
        let complete = trainer().run_dir(run.path()).checkpoint_every(Duration::ZERO);
        let complete = complete.fit_with(&mut expected, &data, watch)?;
        assert_eq!(written, (1..60).collect::<Vec<u64>>());
        for step in kept {
            let before = RunDir::read_checkpoint(copy(step))?;
            let evaluated: Vec<u64> = before.history().epochs.iter().map(|epoch| epoch.step).collect();
            let expected_epochs: Vec<u64> = [14, 27, 40, 54].into_iter().filter(|&end| end <= step).collect();
            assert_eq!((before.step(), evaluated), (step, expected_epochs));
            let mut net = net()?;
            let history = trainer().resume(copy(step)).fit(&mut net, &data)?;
            assert_eq!(
                (&history.losses, &history.epochs),
                (&complete.losses, &complete.epochs),
                "step {step}"
            );
            assert_eq!((&history.metrics, &net), (&complete.metrics, &expected), "step {step}");
            assert_eq!(history.timed_steps, 60 - step);
            let all = before.history().train_seconds + history.timed_seconds;
            assert!((history.train_seconds - all).abs() < 1e-9 && before.history().train_seconds > 0.0);
            assert!(history.evaluation_seconds > before.history().evaluation_seconds);
        }
    }
    Ok(())
}

/// A killed training loses at most the interval and one step.
#[test]
fn a_checkpoint_is_written_after_the_step_that_exceeds_the_interval() -> Result<()> {
    let (data, dir) = (Dataset::embedded()?, temp_dir());
    let every = Duration::from_millis(150);
    let (mut written, mut before) = (Instant::now(), Instant::now());
    let (mut is_due, mut newest, mut count) = (false, 0, 0);
    let watch = &mut |event: Event<'_>| {
        match event {
            Event::Begin { .. } => written = Instant::now(),
            Event::Step { step, .. } => {
                assert!(!is_due, "no checkpoint between the steps {newest} and {step}");
                // This step ended after the previous event, and the last checkpoint before its own event.
                is_due = before.saturating_duration_since(written) >= every;
                (newest, before) = (step, Instant::now());
            }
            Event::Checkpoint { step } => {
                assert_eq!(step, newest);
                (is_due, written) = (false, Instant::now());
                count += 1;
            }
            _ => {}
        }
        if count < 10 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let trainer = trainer(1_000_000).run_dir(dir.path()).checkpoint_every(every);
    let history = trainer.fit_with(&mut net()?, &data, watch)?;
    assert!(history.stopped && history.last().map(|last| last.step) == Some(newest));
    Ok(())
}

#[test]
fn the_learning_rate_follows_its_schedule() -> Result<()> {
    let data = Dataset::embedded()?;
    let schedule = Schedule::step(3, 0.5).warmup(2);
    let trainer = trainer(10).schedule(schedule);
    let mut session = Session::<f64>::new(&trainer, &net()?, &data)?;
    let mut unchanged = net()?;
    for step in 0..8 {
        assert_eq!(session.learning_rate(), 0.1 * schedule.factor(step, 10), "step {step}");
        session.step()?;
    }
    session.set_learning_rate(0.0)?;
    session.store(&mut unchanged)?;
    session.step()?;
    let mut after = net()?;
    session.store(&mut after)?;
    assert_eq!(unchanged, after, "a rate of zero changes nothing");
    assert!(session.set_learning_rate(-1.0).is_err());

    // A cosine without a length differs in a longer training; a cosine with a length resumes.
    let dir = temp_dir();
    let cosine = |schedule, steps| self::trainer(steps).schedule(schedule);
    cosine(Schedule::cosine(), 5).run_dir(dir.path()).fit(&mut net()?, &data)?;
    let error = cosine(Schedule::cosine(), 9).resume(dir.path()).fit(&mut net()?, &data);
    let message = error.expect_err("another schedule").to_string();
    assert!(message.contains("cosine:5") && message.contains("cosine:9"), "{message}");
    cosine(Schedule::cosine_until(5), 9).resume(dir.path()).fit(&mut net()?, &data)?;
    Ok(())
}

#[test]
fn a_checkpoint_stores_the_complete_config() -> Result<()> {
    let dir = temp_dir();
    let config = TrainingConfig {
        data: "mnist-5k".into(),
        optimizer: OptimizerConfig {
            clip: Some(0.5),
            ..OptimizerConfig::default_for(OptimizerKind::Nesterov)
        },
        schedule: Schedule::step(2, 0.25),
        length: retrograde::train::Length::Steps(3),
        ..TrainingConfig::default()
    };
    let data = Dataset::embedded()?;
    config.trainer()?.run_dir(dir.path()).fit(&mut config.model(&data)?, &data)?;
    assert_eq!(RunDir::read_checkpoint(dir.path())?.config(), Some(&config));
    Ok(())
}

#[test]
fn a_diverging_training_stops_and_keeps_the_last_good_checkpoint() -> Result<()> {
    let data = Dataset::embedded()?;
    let dir = temp_dir();
    let trainer = Trainer::new(Sgd::new(1e30)).batch(100).steps(50).run_dir(dir.path());
    let error = trainer.fit(&mut net()?, &data).expect_err("a learning rate of 1e30");
    let Error::Diverged { step, .. } = error else { panic!("{error}") };
    assert!((2..10).contains(&step), "step {step}");
    let kept = Mlp::load(RunDir::model_file(dir.path()))?;
    assert!(kept.parameters().iter().all(|(_, value)| value.values().iter().all(|x| x.is_finite())));
    Ok(())
}

#[test]
fn run_directories_are_protected() -> Result<()> {
    let data = Dataset::embedded()?;
    let dir = temp_dir();
    trainer(3).run_dir(dir.path()).fit(&mut net()?, &data)?;

    let again = trainer(3).run_dir(dir.path()).fit(&mut net()?, &data).expect_err("a run exists");
    assert!(again.to_string().contains("it already contains a run"), "{again}");

    let mut other = Mlp::new([784, 30, 10]).build()?;
    let error = trainer(5).resume(dir.path()).fit(&mut other, &data).expect_err("another model");
    let message = error.to_string();
    assert!(message.contains("mlp 784-50-10") && message.contains("mlp 784-30-10"), "{message}");

    let locked = RunDir::open(dir.path())?;
    let error = trainer(5).resume(dir.path()).fit(&mut net()?, &data).expect_err("locked");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    drop(locked);

    let file = RunDir::checkpoint_file(dir.path());
    let bytes = std::fs::read(&file).expect("the checkpoint");
    for damaged in [&bytes[..bytes.len() / 2], &bytes[..20], b"", b"not a checkpoint at all, but text"] {
        std::fs::write(&file, damaged).expect("a writable file");
        let error = trainer(5).resume(dir.path()).fit(&mut net()?, &data).expect_err("a damaged file");
        assert!(matches!(error, Error::Format { .. }), "{error}");
    }

    let error =
        trainer(5).resume(dir.path().join("nowhere")).fit(&mut net()?, &data).expect_err("no directory");
    assert!(error.to_string().contains("`checkpoint.safetensors` is missing"), "{error}");
    assert!(!dir.path().join("nowhere").exists());
    Ok(())
}

#[test]
fn settings_out_of_range_are_errors() -> Result<()> {
    let data = Dataset::embedded()?;
    for rate in [-0.1, f64::NAN, f64::INFINITY] {
        let error = Trainer::new(Sgd::new(rate))
            .steps(1)
            .fit(&mut net()?, &data)
            .expect_err("an invalid learning rate");
        assert!(error.to_string().contains("learning rate"), "{error}");
    }
    assert!(trainer(1).batch(0).fit(&mut net()?, &data).is_err());
    assert!(trainer(1).threads(0).fit(&mut net()?, &data).is_err());
    assert!(Mlp::new([784, 0, 10]).build().is_err());
    assert!(Mlp::new([784]).build().is_err());
    assert!(Mlp::new([784, usize::MAX, 10]).build().is_err());
    let error = trainer(1).fit(&mut Mlp::new([784, 9]).build()?, &data).expect_err("nine outputs");
    assert!(error.to_string().contains("10 classes"), "{error}");
    let error = trainer(1).fit(&mut Mlp::new([700, 10]).build()?, &data).expect_err("700 inputs");
    assert!(error.to_string().contains("784"), "{error}");
    Ok(())
}

#[test]
fn parameters_survive_a_file() -> Result<()> {
    let dir = temp_dir();
    let path = dir.path().join("net.safetensors");
    let mut net = net()?;
    trainer(5).fit(&mut net, &Dataset::embedded()?)?;
    // Trained in f32, all values are f32, which both precisions represent exactly.
    for precision in [Precision::F32, Precision::F64] {
        net.save(&path, precision)?;
        assert_eq!(Mlp::load(&path)?, net);
        let mut other = Mlp::new([784, 50, 10]).seed(9).build()?;
        other.parameters_mut().load(&path)?;
        assert_eq!(other.parameters(), net.parameters());
        assert!(Mlp::new([784, 40, 10]).build()?.parameters_mut().load(&path).is_err());
    }
    Ok(())
}
