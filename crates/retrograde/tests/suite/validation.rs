//! Trainings with a validation set: it decides, and the test set is evaluated once, at the end.

use retrograde::Result;
use retrograde::data::{Dataset, Samples};
use retrograde::nn::{Init, Mlp, Precision};
use retrograde::optim::Sgd;
use retrograde::train::{Event, History, RunDir, Session, Trainer};
use std::ops::ControlFlow;

/// Few digits, on which a training overfits, with these test rows.
fn digits(test: &[u32]) -> Result<Dataset> {
    let all = Dataset::embedded()?;
    let train = all.train().select(&(0..200).collect::<Vec<u32>>())?;
    Dataset::new("digits", train, all.test().select(test)?)?.with_validation_fraction(0.3, 1)
}

/// A learning rate with which the loss rises and falls.
fn trainer() -> Trainer {
    Trainer::new(Sgd::new(0.8)).batch(20).epochs(100).patience(6).keep_best(true).precision(Precision::F64)
}

fn net() -> Result<Mlp> {
    Mlp::new([784, 20, 10]).init(Init::He).build()
}

#[test]
fn the_test_rows_decide_nothing() -> Result<()> {
    let train = |data: &Dataset| -> Result<(History, Mlp)> {
        let mut net = net()?;
        Ok((trainer().collect_metrics(true).fit(&mut net, data)?, net))
    };
    let (data, other) = (digits(&(0..100).collect::<Vec<u32>>())?, digits(&[7; 30])?);
    let ((history, net), (same, same_net)) = (train(&data)?, train(&other)?);
    assert_eq!((&history.losses, &history.epochs, &net), (&same.losses, &same.epochs, &same_net));
    assert!(history.stopped_early && history.epochs.iter().all(|epoch| epoch.test.is_none()));
    let best = *history.best().expect("an epoch");
    assert!(best.step < history.steps(), "{best:?}");
    // The validation loss has its lowest there, and the test set has been evaluated with those parameters.
    let lowest = history.epochs.iter().map(|epoch| epoch.validation.expect("a validation set").loss);
    assert_eq!(best.held_out().loss, lowest.fold(f64::INFINITY, f64::min));
    let mut session = Session::<f64>::new(&trainer(), &net, &data)?;
    assert_eq!(
        (history.test, best.validation),
        (Some(session.evaluate()?.1), session.evaluate_validation()?)
    );
    assert_ne!(history.test, same.test);
    let classified = history.metrics.and_then(|metrics| metrics.classification).expect("of the test rows");
    assert_eq!(
        (classified.images(), Some(classified.accuracy())),
        (100, history.test.and_then(|test| test.accuracy))
    );
    Ok(())
}

#[test]
fn a_resumed_training_evaluates_the_test_set_once_more() -> Result<()> {
    let data = digits(&(0..100).collect::<Vec<u32>>())?;
    let mut expected = net()?;
    let whole = tempfile::tempdir().expect("a folder");
    let history = trainer().run_dir(whole.path()).fit(&mut expected, &data)?;
    let parts = tempfile::tempdir().expect("a folder");
    let stop = &mut |event: Event<'_>| match event {
        Event::Step { step: 9, .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let first = trainer().run_dir(parts.path()).fit_with(&mut net()?, &data, stop)?;
    assert!(first.stopped && first.test.is_some() && first.test != history.test);
    let mut resumed = net()?;
    let second = trainer().resume(parts.path()).fit(&mut resumed, &data)?;
    assert_eq!((&second.epochs, second.test, &resumed), (&history.epochs, history.test, &expected));
    // A complete run has it in its checkpoint.
    let stored = [&whole, &parts].map(|folder| RunDir::read_checkpoint(folder.path()));
    for checkpoint in stored {
        assert_eq!(checkpoint?.history().test, history.test);
    }
    // Other validation rows make another training.
    let all = Dataset::embedded()?;
    let rows = |samples: &Samples, count| samples.select(&(0..count).collect::<Vec<u32>>());
    let other = Dataset::new("digits", rows(all.train(), 200)?, rows(all.test(), 100)?)?;
    let other = other.with_validation_fraction(0.3, 2)?;
    let error = trainer().resume(parts.path()).fit(&mut net()?, &other).expect_err("other rows").to_string();
    assert!(error.contains("another training") && error.contains("validation 60"), "{error}");
    Ok(())
}
