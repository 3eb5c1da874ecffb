//! Whole trainings on the embedded digits: what they reach, and that they can be stopped, continued and repeated.

use retrograde::data::{Dataset, Drawing};
use retrograde::nn::{Init, Mlp, Model, Precision};
use retrograde::optim::{Rule, Schedule, Settings, Sgd};
use retrograde::train::{Event, History, Recipe, RunFolder, Session, Trainer};
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

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn the_notebooks_network_learns_the_embedded_digits() -> Result<()> {
    let data = Dataset::embedded()?;
    for precision in [Precision::F32, Precision::F64] {
        let mut net = net()?;
        let history = trainer(3000).precision(precision).fit(&mut net, &data)?;
        // The first loss is ln 10 at small weights: nothing is known yet.
        assert!((history.losses[0] - 10_f64.ln()).abs() < 0.02, "{}", history.losses[0]);
        let last = history.last().expect("evaluated at the end");
        assert!(last.test.accuracy >= 0.92, "{precision}: {last:?}");
        assert_eq!((history.steps(), last.step, history.epochs.len()), (3000, 3000, 75));
    }
    Ok(())
}

#[test]
fn the_number_of_threads_changes_no_bit() -> Result<()> {
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
fn a_stopped_training_continues_bit_for_bit() -> Result<()> {
    // Also in the middle of a schedule, and with all that an optimiser may have to remember.
    let adam = Settings { clip: Some(1.0), weight_decay: 0.01, ..Settings::of(Rule::AdamW) };
    continues(trainer)?;
    continues(|steps| {
        let optimizer = adam.build().expect("good settings");
        Trainer::new(optimizer).schedule(Schedule::cosine().warmup(20)).steps(steps)
    })
}

fn continues(trainer: impl Fn(u64) -> Trainer) -> Result<()> {
    let data = Dataset::embedded()?;
    let (whole, parts) = (folder(), folder());
    let mut expected = net()?;
    let history = trainer(150).folder(whole.path()).fit(&mut expected, &data)?;

    // Stopped after step 70, in the middle of an epoch.
    let stop = &mut |event: Event<'_>| match event {
        Event::Step { step: 70, .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let first = trainer(150).folder(parts.path()).fit_watched(&mut net()?, &data, stop)?;
    assert!(first.stopped && first.steps() == 70);

    let mut continued = net()?;
    let second = trainer(150).threads(1).resume(parts.path()).fit(&mut continued, &data)?;
    // The evaluation at the stop is none of a training that goes through.
    assert_eq!((&second.losses, &second.epochs), (&history.losses, &history.epochs));
    assert_eq!(continued, expected);
    assert_eq!((second.timed_steps, second.stopped), (80, false));
    let [a, b] = [&whole, &parts].map(|folder| Mlp::load(RunFolder::model_file(folder.path())));
    assert_eq!(a?, b?);
    Ok(())
}

/// A killed training continues from whatever checkpoint it has left: each of these is one of the middle.
#[test]
fn a_checkpoint_of_any_step_continues_to_the_same_history() -> Result<()> {
    let data = Dataset::embedded()?;
    let adam = Settings { clip: Some(1.0), ..Settings::of(Rule::AdamW) };
    for drawing in [Drawing::WithReplacement, Drawing::WithoutReplacement] {
        let trainer = || {
            let optimizer = adam.build().expect("good settings");
            // 4,000 rows are no multiple of 300: epochs end within batches, after steps 14, 27, 40 and 54.
            let trainer = Trainer::new(optimizer).schedule(Schedule::cosine().warmup(20)).batch(300);
            trainer.steps(60).drawing(drawing).recording(true)
        };
        let (run, places) = (folder(), folder());
        let kept = [1, 13, 14, 15, 33, 59];
        let place = |step: u64| places.path().join(step.to_string());
        let mut written = Vec::new();
        let mut expected = net()?;
        let watch = &mut |event: Event<'_>| {
            if let Event::Checkpoint { step } = event {
                written.push(step);
                if kept.contains(&step) {
                    std::fs::create_dir(place(step)).expect("a folder");
                    let [from, to] = [run.path(), &place(step)].map(RunFolder::checkpoint_file);
                    std::fs::copy(from, to).expect("a copy");
                }
            }
            ControlFlow::Continue(())
        };
        let whole = trainer().folder(run.path()).checkpoint_every(Duration::ZERO);
        let whole = whole.fit_watched(&mut expected, &data, watch)?;
        assert_eq!(written, (1..60).collect::<Vec<u64>>());
        for step in kept {
            let before = RunFolder::read_checkpoint(place(step))?;
            let evaluated: Vec<u64> = before.history().epochs.iter().map(|record| record.step).collect();
            let expected_epochs: Vec<u64> = [14, 27, 40, 54].into_iter().filter(|&end| end <= step).collect();
            assert_eq!((before.step(), evaluated), (step, expected_epochs));
            let mut net = net()?;
            let history = trainer().resume(place(step)).fit(&mut net, &data)?;
            assert_eq!((&history.losses, &history.epochs), (&whole.losses, &whole.epochs), "step {step}");
            assert_eq!((&history.recording, &net), (&whole.recording, &expected), "step {step}");
            // The seconds of all steps, and those of this call.
            assert_eq!(history.timed_steps, 60 - step);
            let all = before.history().train_seconds + history.timed_seconds;
            assert!((history.train_seconds - all).abs() < 1e-9 && before.history().train_seconds > 0.0);
            assert!(history.evaluation_seconds > before.history().evaluation_seconds);
        }
    }
    Ok(())
}

/// What a killed training loses: the time since the last checkpoint is at most that which was asked for, and a step.
#[test]
fn a_checkpoint_is_written_after_the_step_that_exceeds_the_time() -> Result<()> {
    let (data, place) = (Dataset::embedded()?, folder());
    let every = Duration::from_millis(150);
    let (mut written, mut before) = (Instant::now(), Instant::now());
    let (mut is_due, mut newest, mut count) = (false, 0, 0);
    let watch = &mut |event: Event<'_>| {
        match event {
            Event::Begin { .. } => written = Instant::now(),
            Event::Step { step, .. } => {
                assert!(!is_due, "no checkpoint between the steps {newest} and {step}");
                // This step ended after the event of the last one, and the last checkpoint before its event.
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
    let trainer = trainer(1_000_000).folder(place.path()).checkpoint_every(every);
    let history = trainer.fit_watched(&mut net()?, &data, watch)?;
    assert!(history.stopped && history.last().map(|last| last.step) == Some(newest));
    Ok(())
}

#[test]
fn the_learning_rate_follows_its_schedule() -> Result<()> {
    let data = Dataset::embedded()?;
    let schedule = Schedule::step(3, 0.5).warmup(2);
    let trainer = trainer(10).schedule(schedule);
    let mut session = Session::<f64>::new(&trainer, &net()?, &data)?;
    let mut still = net()?;
    for step in 0..8 {
        assert_eq!(session.learning_rate(), 0.1 * schedule.factor(step, 10), "step {step}");
        session.step()?;
    }
    session.set_learning_rate(0.0)?;
    session.store(&mut still)?;
    session.step()?;
    let mut after = net()?;
    session.store(&mut after)?;
    assert_eq!(still, after, "a rate of zero changes nothing, and the schedule multiplies it");
    assert!(session.set_learning_rate(-1.0).is_err());

    // A cosine that ends with the training is another in a longer one; one of its own length goes on.
    let place = folder();
    let cosine = |schedule, steps| self::trainer(steps).schedule(schedule);
    cosine(Schedule::cosine(), 5).folder(place.path()).fit(&mut net()?, &data)?;
    let error = cosine(Schedule::cosine(), 9).resume(place.path()).fit(&mut net()?, &data);
    let message = error.expect_err("another schedule").to_string();
    assert!(message.contains("cosine:5") && message.contains("cosine:9"), "{message}");
    cosine(Schedule::cosine_until(5), 9).resume(place.path()).fit(&mut net()?, &data)?;
    Ok(())
}

#[test]
fn a_recipe_is_remembered_whole() -> Result<()> {
    let place = folder();
    let recipe = Recipe {
        data: "mnist-5k".into(),
        optimizer: Settings { clip: Some(0.5), ..Settings::of(Rule::Nesterov) },
        schedule: Schedule::step(2, 0.25),
        length: retrograde::train::Length::Steps(3),
        ..Recipe::default()
    };
    let data = Dataset::embedded()?;
    recipe.trainer()?.folder(place.path()).fit(&mut recipe.model(&data)?, &data)?;
    assert_eq!(RunFolder::read_checkpoint(place.path())?.recipe(), Some(&recipe));
    Ok(())
}

#[test]
fn a_diverging_training_stops_and_keeps_the_last_good_checkpoint() -> Result<()> {
    let data = Dataset::embedded()?;
    let folder = folder();
    let trainer = Trainer::new(Sgd::new(1e30)).batch(100).steps(50).folder(folder.path());
    let error = trainer.fit(&mut net()?, &data).expect_err("a learning rate of 1e30");
    let Error::Diverged { step, .. } = error else { panic!("{error}") };
    assert!((2..10).contains(&step), "step {step}");
    let kept = Mlp::load(RunFolder::model_file(folder.path()))?;
    assert!(kept.parameters().iter().all(|(_, value)| value.values().iter().all(|x| x.is_finite())));
    Ok(())
}

#[test]
fn folders_are_protected() -> Result<()> {
    let data = Dataset::embedded()?;
    let place = folder();
    trainer(3).folder(place.path()).fit(&mut net()?, &data)?;

    let again = trainer(3).folder(place.path()).fit(&mut net()?, &data).expect_err("a run is there");
    assert!(again.to_string().contains("there is a run in it already"), "{again}");

    let mut other = Mlp::new([784, 30, 10]).build()?;
    let error = trainer(5).resume(place.path()).fit(&mut other, &data).expect_err("another model");
    let message = error.to_string();
    assert!(message.contains("mlp 784-50-10") && message.contains("mlp 784-30-10"), "{message}");

    let locked = RunFolder::open(place.path())?;
    let error = trainer(5).resume(place.path()).fit(&mut net()?, &data).expect_err("locked");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    drop(locked);

    let file = RunFolder::checkpoint_file(place.path());
    let bytes = std::fs::read(&file).expect("the checkpoint");
    for damaged in [&bytes[..bytes.len() / 2], &bytes[..20], b"", b"not a checkpoint at all, but text"] {
        std::fs::write(&file, damaged).expect("a writable file");
        let error = trainer(5).resume(place.path()).fit(&mut net()?, &data).expect_err("a damaged file");
        assert!(matches!(error, Error::Format { .. }), "{error}");
    }

    let error =
        trainer(5).resume(place.path().join("nowhere")).fit(&mut net()?, &data).expect_err("no folder");
    assert!(error.to_string().contains("there is no run in it"), "{error}");
    assert!(!place.path().join("nowhere").exists());
    Ok(())
}

#[test]
fn settings_that_make_no_sense_are_refused() -> Result<()> {
    let data = Dataset::embedded()?;
    for rate in [-0.1, f64::NAN, f64::INFINITY] {
        let error =
            Trainer::new(Sgd::new(rate)).steps(1).fit(&mut net()?, &data).expect_err("no learning rate");
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
fn parameters_go_through_a_file_unchanged() -> Result<()> {
    let place = folder();
    let path = place.path().join("net.safetensors");
    let mut net = net()?;
    trainer(5).fit(&mut net, &Dataset::embedded()?)?;
    // Trained in f32, every number is an f32, and both precisions hold it.
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
