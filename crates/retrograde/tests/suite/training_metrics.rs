//! Training metrics: their values, that they change no bit of the training, and that they survive a stop.

use retrograde::Result;
use retrograde::data::Dataset;
use retrograde::nn::{Init, Mlp, Model, Precision};
use retrograde::optim::{Schedule, Sgd};
use retrograde::plan::StepProfile;
use retrograde::train::{Event, Progress, RunDir, Session, Status, Trainer};
use std::ops::ControlFlow;

fn net() -> Result<Mlp> {
    Mlp::new([784, 20, 15, 10]).init(Init::He).build()
}

fn trainer(steps: u64) -> Trainer {
    Trainer::new(Sgd::new(0.1)).schedule(Schedule::cosine()).steps(steps).collect_metrics(true)
}

#[test]
fn norms_are_those_of_the_gradients_of_the_training() -> Result<()> {
    let data = Dataset::embedded()?;
    let settings = || trainer(300).precision(Precision::F64);
    let mut trained = net()?;
    let history = settings().fit(&mut trained, &data)?;
    let metrics = history.metrics.expect("metrics");
    let names: Vec<&str> = trained.parameters().iter().map(|(name, _)| name).collect();
    assert_eq!(
        (metrics.parameters.as_slice(), metrics.layers.as_slice()),
        (
            &names.into_iter().map(String::from).collect::<Vec<_>>()[..],
            &["relu1".to_string(), "relu2".to_string()][..]
        )
    );
    let steps: Vec<u64> = metrics.steps.iter().map(|stats| stats.step).collect();
    assert_eq!(steps, [1, 2, 5, 10, 20, 50, 100, 200, 300]);

    // The same training step by step, with its parameters before and after each sampled step.
    let mut session = Session::<f64>::new(&settings(), &net()?, &data)?;
    for stats in &metrics.steps {
        while session.steps() + 1 < stats.step {
            session.step()?;
        }
        assert_eq!(stats.learning_rate, session.learning_rate());
        let before = session.parameters()?;
        session.step()?;
        let after = session.parameters()?;
        for (((name, old), (_, new)), norms) in before.iter().zip(after.iter()).zip(&stats.norms) {
            let norm = |numbers: Vec<f64>| numbers.iter().map(|x| x * x).sum::<f64>().sqrt();
            let update = norm(new.values().iter().zip(old.values()).map(|(new, old)| new - old).collect());
            // Sums of at most 15,680 squares in another order, with roundings of 1e-16 each.
            let near = |seen: f64, expected: f64| (seen - expected).abs() <= 1e-12 * expected;
            assert!(near(norms.weight, norm(old.values().to_vec())), "{name}");
            assert!(near(norms.update, update), "{name}");
            // Gradient descent: the update is the gradient times the learning rate, rounded to the precision of the weights.
            let error = (norms.update - stats.learning_rate * norms.gradient).abs();
            assert!(error <= 1e-9 * norms.update, "{name} at step {}: off by {error}", stats.step);
        }
    }
    for units in &metrics.units {
        assert!(units.images >= 500 && units.fractions.iter().all(|fraction| (0.0..=1.0).contains(fraction)));
    }
    let classification = metrics.classification.expect("evaluated");
    assert_eq!(classification.images(), 1000);
    assert_eq!(
        Some(classification.accuracy()),
        history.epochs.last().and_then(|epoch| epoch.held_out().accuracy)
    );
    assert!(
        classification.misclassifications.windows(2).all(|pair| pair[0].probability >= pair[1].probability)
    );
    Ok(())
}

#[test]
fn metrics_change_no_bit_of_the_training() -> Result<()> {
    let data = Dataset::embedded()?;
    let (mut with, mut without) = (net()?, net()?);
    let with_metrics = trainer(120).fit(&mut with, &data)?;
    let plain = trainer(120).collect_metrics(false).fit(&mut without, &data)?;
    assert_eq!((with_metrics.losses, &with_metrics.epochs), (plain.losses, &plain.epochs));
    assert_eq!(with, without);
    assert_eq!((plain.metrics, plain.metrics_seconds), (None, 0.0));
    Ok(())
}

/// The plan of the training is the same, step for step, with and without metrics.
#[test]
fn metrics_change_no_step_of_the_plan() -> Result<()> {
    let data = Dataset::embedded()?;
    let plan = |collect_metrics: bool| -> Result<(usize, u64, Vec<String>)> {
        let mut plan = (0, 0, Vec::new());
        trainer(60).collect_metrics(collect_metrics).profiling(true).fit_with(
            &mut net()?,
            &data,
            &mut |event| {
                if let Event::Profile(profile) = event {
                    let step = |step: &StepProfile| {
                        let StepProfile { nodes, flops, bytes, threads, barrier, .. } = step;
                        format!("{nodes:?} {flops} {bytes} {threads} {barrier}")
                    };
                    plan = (profile.memory, profile.runs, profile.steps.iter().map(step).collect());
                }
                ControlFlow::Continue(())
            },
        )?;
        Ok(plan)
    };
    let without = plan(false)?;
    assert_eq!(plan(true)?, without);
    assert!(without.1 == 60 && without.2.len() > 5, "{without:?}");
    Ok(())
}

#[test]
fn metrics_survive_a_stop() -> Result<()> {
    let data = Dataset::embedded()?;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let complete = trainer(700).fit(&mut net()?, &data)?;
    for stop in [230, 640] {
        let mut progress = Vec::new();
        let watch = &mut |event: Event<'_>| {
            if let Event::Progress(Progress { history, status, .. }) = event {
                progress.push((history.steps(), matches!(status, Status::Running)));
            }
            let stops = matches!(event, Event::Step { step, .. } if step == stop);
            if stops { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let training =
            if stop == 230 { trainer(700).run_dir(dir.path()) } else { trainer(700).resume(dir.path()) };
        training.fit_with(&mut net()?, &data, watch)?;
        assert_eq!(progress.last(), Some(&(stop, false)));
        assert!(progress.len() > 1 && progress[0].1);
    }
    let resumed = trainer(700).resume(dir.path()).fit(&mut net()?, &data)?;
    assert_eq!((&resumed.losses, &resumed.epochs), (&complete.losses, &complete.epochs));
    let [a, b] = [&resumed, &complete].map(|history| history.metrics.as_ref().expect("metrics"));
    assert_eq!(a, b);

    // A training without metrics keeps those of the checkpoint.
    let kept = trainer(700).collect_metrics(false).resume(dir.path()).fit(&mut net()?, &data)?;
    assert_eq!(kept.metrics.as_ref(), Some(a));
    assert_eq!(RunDir::read_checkpoint(dir.path())?.history().metrics.as_ref(), Some(a));
    Ok(())
}

#[test]
fn a_diverging_training_has_metrics_of_its_last_step() -> Result<()> {
    let data = Dataset::embedded()?;
    let mut last = None;
    let watch = &mut |event: Event<'_>| {
        if let Event::Progress(Progress { history, status: Status::Failed(error), .. }) = event {
            let metrics = history.metrics.as_ref().expect("metrics");
            last = Some((metrics.steps.len(), error.to_string()));
        }
        ControlFlow::Continue(())
    };
    let trainer = Trainer::new(Sgd::new(1e30)).collect_metrics(true);
    trainer.fit_with(&mut net()?, &data, watch).expect_err("a learning rate of 1e30");
    let (steps, message) = last.expect("a progress event at the end");
    assert!(steps >= 2 && message.contains("diverged"), "{steps} steps, {message}");
    Ok(())
}
