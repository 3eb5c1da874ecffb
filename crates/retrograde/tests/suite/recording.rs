//! What a training records of its insides: the right numbers, the same bits, and whole after a stop.

use retrograde::Result;
use retrograde::data::Dataset;
use retrograde::nn::{Init, Mlp, Model, Precision};
use retrograde::optim::{Schedule, Sgd};
use retrograde::plan::StepProfile;
use retrograde::train::{Event, RunFolder, Session, State, Status, Trainer};
use std::ops::ControlFlow;

fn net() -> Result<Mlp> {
    Mlp::new([784, 20, 15, 10]).init(Init::He).build()
}

fn trainer(steps: u64) -> Trainer {
    Trainer::new(Sgd::new(0.1)).schedule(Schedule::cosine()).steps(steps).recording(true)
}

#[test]
fn norms_are_those_of_the_gradients_the_training_used() -> Result<()> {
    let data = Dataset::embedded()?;
    let settings = || trainer(300).precision(Precision::F64);
    let mut trained = net()?;
    let history = settings().fit(&mut trained, &data)?;
    let recording = history.recording.expect("a recording");
    let names: Vec<&str> = trained.parameters().iter().map(|(name, _)| name).collect();
    assert_eq!(
        (recording.parameters.as_slice(), recording.layers.as_slice()),
        (
            &names.into_iter().map(String::from).collect::<Vec<_>>()[..],
            &["relu1".to_string(), "relu2".to_string()][..]
        )
    );
    let steps: Vec<u64> = recording.samples.iter().map(|sample| sample.step).collect();
    assert_eq!(steps, [1, 2, 5, 10, 20, 50, 100, 200, 300]);

    // The same training step by step: its parameters before each sampled step, and after.
    let mut session = Session::<f64>::new(&settings(), &net()?, &data)?;
    for sample in &recording.samples {
        while session.steps() + 1 < sample.step {
            session.step()?;
        }
        assert_eq!(sample.learning_rate, session.learning_rate());
        let before = session.parameters()?;
        session.step()?;
        let after = session.parameters()?;
        for (((name, old), (_, new)), norms) in before.iter().zip(after.iter()).zip(&sample.norms) {
            let norm = |numbers: Vec<f64>| numbers.iter().map(|x| x * x).sum::<f64>().sqrt();
            let update = norm(new.values().iter().zip(old.values()).map(|(new, old)| new - old).collect());
            // Sums of at most 15,680 squares in another order: their roundings are 1e-16 each.
            let near = |seen: f64, expected: f64| (seen - expected).abs() <= 1e-12 * expected;
            assert!(near(norms.weight, norm(old.values().to_vec())), "{name}");
            assert!(near(norms.update, update), "{name}");
            // Gradient descent: the update is the gradient times the learning rate. What it changes is rounded to the
            // weights' own digits.
            let error = (norms.update - sample.learning_rate * norms.gradient).abs();
            assert!(error <= 1e-9 * norms.update, "{name} at step {}: off by {error}", sample.step);
        }
    }
    for units in &recording.units {
        assert!(units.images >= 500 && units.shares.iter().all(|share| (0.0..=1.0).contains(share)));
    }
    let classification = recording.classification.expect("evaluated");
    assert_eq!(classification.images(), 1000);
    assert_eq!(Some(classification.accuracy()), history.epochs.last().map(|epoch| epoch.test.accuracy));
    assert!(classification.mistakes.windows(2).all(|pair| pair[0].probability >= pair[1].probability));
    Ok(())
}

#[test]
fn recording_changes_no_bit() -> Result<()> {
    let data = Dataset::embedded()?;
    let (mut with, mut without) = (net()?, net()?);
    let recorded = trainer(120).fit(&mut with, &data)?;
    let plain = trainer(120).recording(false).fit(&mut without, &data)?;
    assert_eq!((recorded.losses, &recorded.epochs), (plain.losses, &plain.epochs));
    assert_eq!(with, without);
    assert_eq!((plain.recording, plain.recording_seconds), (None, 0.0));
    Ok(())
}

/// Without a recording there is nothing of it: the training's plan is, step for step, the same with one and without.
#[test]
fn recording_changes_no_step_of_the_plan() -> Result<()> {
    let data = Dataset::embedded()?;
    let plan = |recording: bool| -> Result<(usize, u64, Vec<String>)> {
        let mut plan = (0, 0, Vec::new());
        trainer(60).recording(recording).profiling(true).fit_watched(&mut net()?, &data, &mut |event| {
            if let Event::Profile(profile) = event {
                let step = |step: &StepProfile| {
                    let StepProfile { nodes, flops, bytes, threads, barrier, .. } = step;
                    format!("{nodes:?} {flops} {bytes} {threads} {barrier}")
                };
                plan = (profile.memory, profile.runs, profile.steps.iter().map(step).collect());
            }
            ControlFlow::Continue(())
        })?;
        Ok(plan)
    };
    let without = plan(false)?;
    assert_eq!(plan(true)?, without);
    assert!(without.1 == 60 && without.2.len() > 5, "{without:?}");
    Ok(())
}

#[test]
fn a_stopped_recording_continues_whole() -> Result<()> {
    let data = Dataset::embedded()?;
    let place = tempfile::tempdir().expect("a temporary folder");
    let whole = trainer(700).fit(&mut net()?, &data)?;
    for stop in [230, 640] {
        let mut states = Vec::new();
        let watch = &mut |event: Event<'_>| {
            if let Event::State(State { history, status, .. }) = event {
                states.push((history.steps(), matches!(status, Status::Running)));
            }
            let stops = matches!(event, Event::Step { step, .. } if step == stop);
            if stops { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let training =
            if stop == 230 { trainer(700).folder(place.path()) } else { trainer(700).resume(place.path()) };
        training.fit_watched(&mut net()?, &data, watch)?;
        assert_eq!(states.last(), Some(&(stop, false)));
        assert!(states.len() > 1 && states[0].1);
    }
    let resumed = trainer(700).resume(place.path()).fit(&mut net()?, &data)?;
    assert_eq!((&resumed.losses, &resumed.epochs), (&whole.losses, &whole.epochs));
    let [a, b] = [&resumed, &whole].map(|history| history.recording.as_ref().expect("a recording"));
    assert_eq!(a, b);

    // Without --report it is kept as it was.
    let kept = trainer(700).recording(false).resume(place.path()).fit(&mut net()?, &data)?;
    assert_eq!(kept.recording.as_ref(), Some(a));
    assert_eq!(RunFolder::read_checkpoint(place.path())?.history().recording.as_ref(), Some(a));
    Ok(())
}

#[test]
fn a_training_that_diverges_shows_its_last_step() -> Result<()> {
    let data = Dataset::embedded()?;
    let mut last = None;
    let watch = &mut |event: Event<'_>| {
        if let Event::State(State { history, status: Status::Failed(error), .. }) = event {
            let recording = history.recording.as_ref().expect("a recording");
            last = Some((recording.samples.len(), error.to_string()));
        }
        ControlFlow::Continue(())
    };
    let trainer = Trainer::new(Sgd::new(1e30)).recording(true);
    trainer.fit_watched(&mut net()?, &data, watch).expect_err("a learning rate of 1e30");
    let (samples, message) = last.expect("told at its end");
    assert!(samples >= 2 && message.contains("diverged"), "{samples} samples, {message}");
    Ok(())
}
