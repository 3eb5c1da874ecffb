//! Trainings on real numbers: tables and arrays, regressions and several labels, sample weights, early stopping.

use retrograde::Result;
use retrograde::data::{
    DataOptions, Dataset, Features, Matrix, Preprocessing, Samples, Sampling, Table, Targets, Task,
};
use retrograde::nn::{Init, Mlp, Model, Precision};
use retrograde::optim::{Adam, Sgd};
use retrograde::train::{
    CrossEntropy, Event, History, Loss, RowPrediction, RunDir, Session, TablePredictor, Trainer,
};
use std::ops::ControlFlow;
use tempfile::TempDir;

fn temp_dir() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn iris() -> Dataset {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/iris.csv");
    let table = Table::read(path).expect("the fixture");
    Preprocessing::new("species").fit(&table).and_then(|prepared| prepared.dataset("iris")).expect("iris")
}

fn matrix(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f64) -> Matrix {
    let values = (0..rows * columns).map(|i| value(i / columns, i % columns)).collect();
    Matrix::new(rows, values).expect("finite numbers")
}

/// Numbers without a pattern.
fn noise(i: usize) -> f64 {
    (12.9898 * (i + 1) as f64).sin() * 43758.5453 % 1.0
}

/// y = (2a - b, a + 3b) of two features.
fn lines() -> Dataset {
    let samples = |from: usize, rows: usize| {
        let x = matrix(rows, 2, |row, column| noise(2 * (from + row) + column));
        let target = |row: usize, column: usize| {
            let (a, b) = (noise(2 * (from + row)), noise(2 * (from + row) + 1));
            if column == 0 { 2.0 * a - b } else { a + 3.0 * b }
        };
        Samples::new(x, Targets::Reals(matrix(rows, 2, target))).expect("samples")
    };
    Dataset::new("lines", samples(0, 200), samples(200, 50)).expect("a data set")
}

#[test]
fn iris_is_learned() -> Result<()> {
    let data = iris();
    for precision in [Precision::F32, Precision::F64] {
        let mut net = Mlp::new([4, 20, 3]).init(Init::He).build()?;
        let trainer = Trainer::new(Adam::new(0.01)).batch(20).epochs(60).precision(precision).top_k(2);
        let last = *trainer.fit(&mut net, &data)?.last().expect("an evaluation");
        // The classes are equally frequent: chance is a third. Two species overlap.
        assert!(
            last.held_out().accuracy >= Some(26.0 / 30.0) && last.train.accuracy > Some(0.95),
            "{last:?}"
        );
        assert!(
            last.held_out().top_k_accuracy >= last.held_out().accuracy && last.held_out().auc.is_none(),
            "{last:?}"
        );
    }
    Ok(())
}

/// Least squares has an exact solution, which gradient descent reaches.
#[test]
fn a_regression_finds_the_coefficients() -> Result<()> {
    let data = lines();
    for loss in ["squared-error", "absolute-error", "huber:0.5"] {
        let mut net = Mlp::new([2, 2]).build()?;
        let loss: Loss = loss.parse()?;
        // The absolute error has the same slope next to its minimum, where steps of one size do not settle.
        let schedule = retrograde::optim::Schedule::cosine();
        let trainer =
            Trainer::new(Adam::new(0.05)).schedule(schedule).batch(50).epochs(400).loss(loss.clone());
        let history = trainer.precision(Precision::F64).fit(&mut net, &data)?;
        let weight = net.parameters().get("affine1.weight").expect("a weight").values();
        for (found, expected) in weight.iter().zip([2.0, 1.0, -1.0, 3.0]) {
            assert!((found - expected).abs() < 2e-3, "{loss}: {weight:?}");
        }
        let last = history.last().expect("an evaluation");
        assert!(
            last.held_out().r2 > Some(0.99999) && last.held_out().mean_absolute_error < Some(2e-3),
            "{loss}: {last:?}"
        );
        assert_eq!(last.held_out().accuracy, None);
    }
    Ok(())
}

#[test]
fn several_labels_are_learned() -> Result<()> {
    // Two labels of two features: a > 0, and a + b > 0.
    let samples = |from: usize, rows: usize| {
        let feature = |row: usize, column: usize| noise(2 * (from + row) + column);
        let label = |row: usize, column: usize| {
            let sum = feature(row, 0) + if column == 1 { feature(row, 1) } else { 0.0 };
            f64::from(u8::from(sum > 0.0))
        };
        Samples::new(matrix(rows, 2, feature), Targets::Reals(matrix(rows, 2, label))).expect("samples")
    };
    let data = Dataset::new("labels", samples(0, 200), samples(200, 60))?.with_task(Task::MultiLabel)?;
    let mut net = Mlp::new([2, 2]).build()?;
    let history = Trainer::new(Adam::new(0.05)).batch(20).epochs(60).fit(&mut net, &data)?;
    let last = history.last().expect("an evaluation");
    assert!(last.held_out().accuracy > Some(0.95) && last.held_out().auc > Some(0.99), "{last:?}");
    Ok(())
}

/// Rows of whole numbers as weights teach what the same rows, repeated, teach.
#[test]
fn a_weight_of_two_is_a_row_twice() -> Result<()> {
    let rows = matrix(6, 2, |row, column| noise(2 * row + column));
    let targets = Targets::classes(vec![0, 1, 2, 0, 1, 2], 3)?;
    let single = Samples::new(rows, targets)?;
    let repeated = single.select(&[0, 1, 1, 2, 4, 5, 5, 5])?;
    let weighted = single.weighted(vec![1.0, 2.0, 1.0, 0.0, 1.0, 3.0])?;
    let train = |samples: &Samples, loss: &Loss| -> Result<(Mlp, f64)> {
        let data = Dataset::new("rows", samples.clone(), samples.clone())?;
        let mut net = Mlp::new([2, 5, 3]).init(Init::He).build()?;
        // One batch is the whole set, so that the order does not matter.
        let trainer = Trainer::new(Sgd::new(0.1)).batch(samples.len()).sampling(Sampling::WithoutReplacement);
        let history = trainer.steps(20).loss(loss.clone()).precision(Precision::F64).fit(&mut net, &data)?;
        Ok((net, history.last().expect("an evaluation").held_out().loss))
    };
    let smooth = CrossEntropy {
        label_smoothing: 0.1,
        class_weights: Some(vec![1.0, 2.0, 0.5]),
        ..CrossEntropy::default()
    };
    for loss in [Loss::default(), smooth.into()] {
        let ((net, value), (other, other_value)) = (train(&weighted, &loss)?, train(&repeated, &loss)?);
        // Sums in another order: some roundings of 2⁻⁵³ in each of 20 steps.
        assert!((value - other_value).abs() < 1e-13, "{loss}: {value} and {other_value}");
        for ((name, a), (_, b)) in net.parameters().iter().zip(other.parameters().iter()) {
            let worst = a.values().iter().zip(b.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-13, "{loss}, {name}: {worst}");
        }
    }
    Ok(())
}

/// Images as bytes and the same numbers as a matrix give the same training.
#[test]
fn reals_train_as_bytes_do() -> Result<()> {
    let digits = Dataset::embedded()?;
    let rows: Vec<u32> = (0..300).collect();
    let bytes = digits.train().select(&rows)?;
    let reals = {
        let values = bytes.features().values().into_owned();
        let features = Features::from(Matrix::new(300, values)?);
        Samples::new(features, bytes.targets().clone())?
    };
    let train = |samples: &Samples| -> Result<(History, Mlp)> {
        let data = Dataset::new("digits", samples.clone(), samples.clone())?;
        let mut net = Mlp::new([784, 20, 10]).build()?;
        let history = Trainer::new(Sgd::new(0.1)).steps(30).precision(Precision::F64).fit(&mut net, &data)?;
        Ok((history, net))
    };
    let ((a, _), (b, _)) = (train(&bytes)?, train(&reals)?);
    for (a, b) in a.losses.iter().zip(&b.losses) {
        // A byte times 1/255 and a byte divided by 255 differ in the last bit.
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }
    Ok(())
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() -> Result<()> {
    let data = iris();
    let run = |threads| -> Result<(History, Mlp)> {
        let mut net = Mlp::new([4, 300, 200, 3]).init(Init::He).build()?;
        let history =
            Trainer::new(Adam::new(0.01)).batch(60).steps(20).threads(threads).fit(&mut net, &data)?;
        Ok((history, net))
    };
    let (history, net) = run(1)?;
    for threads in [2, 3] {
        let (other, same) = run(threads)?;
        assert_eq!((&history.losses, &history.epochs, &net), (&other.losses, &other.epochs, &same));
    }
    Ok(())
}

/// A training that loses patience stops at the same step, with the same best network, however often it is interrupted.
#[test]
fn early_stopping_and_the_best_network_survive_a_resume() -> Result<()> {
    let data = lines();
    // A learning rate with which the loss rises and falls.
    let trainer = || {
        Trainer::new(Sgd::new(0.9))
            .batch(20)
            .epochs(200)
            .patience(4)
            .keep_best(true)
            .precision(Precision::F64)
    };
    let net = || Mlp::new([2, 8, 2]).init(Init::He).build();
    let (whole, parts) = (temp_dir(), temp_dir());
    let mut expected = net()?;
    let history = trainer().run_dir(whole.path()).fit(&mut expected, &data)?;
    assert!(history.stopped_early && !history.stopped && history.steps() < 2000, "{} steps", history.steps());
    let best = *history.best().expect("an epoch");
    assert!(best.step < history.steps() && history.epochs.len() >= 5);

    // The network is that of the best epoch.
    let mut session = Session::<f64>::new(&trainer(), &expected, &data)?;
    assert_eq!(Some(session.evaluate()?.1), best.test);

    // Interrupted within the epoch of the best evaluation, and again after it.
    let mut resumed = net()?;
    let mut pause = best.step + 3;
    let first = trainer().run_dir(parts.path()).fit_with(&mut resumed, &data, &mut |event| match event {
        Event::Step { step, .. } if step == pause => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })?;
    assert!(first.stopped);
    pause += 9;
    let mut resumed = net()?;
    let stop = &mut |event: Event<'_>| match event {
        Event::Step { step, .. } if step == pause => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    trainer().resume(parts.path()).fit_with(&mut resumed, &data, stop)?;
    let last = trainer().resume(parts.path()).fit(&mut resumed, &data)?;
    assert_eq!((&last.losses, &last.epochs, &resumed), (&history.losses, &history.epochs, &expected));
    assert!(last.stopped_early);
    let [a, b] = [&whole, &parts].map(|folder| Mlp::load(RunDir::model_file(folder.path())));
    assert_eq!(a?, b?);

    // Already complete.
    let again = trainer().resume(parts.path()).fit(&mut resumed, &data)?;
    assert_eq!((again.steps(), again.timed_steps, again.stopped_early), (history.steps(), 0, true));
    Ok(())
}

#[test]
fn a_run_on_a_table_predicts_of_new_rows() -> Result<()> {
    let folder = temp_dir();
    let path = folder.path().join("homes.csv");
    let rows: String = (0..60)
        .map(|i| {
            let (kind, factor) = [("flat", 2.0), ("house", 3.0)][i % 2];
            let size = 50.0 + i as f64;
            format!("{size};{kind};{:.1}\n", size * factor).replace('.', ",")
        })
        .collect();
    std::fs::write(&path, format!("size;kind;price\n{rows}")).expect("written");
    let data = DataOptions { target: Some("price".into()), ..DataOptions::default() }.read(&path)?;
    assert_eq!(data.task(), Task::Regression);
    let mut net = Mlp::new([3, 20, 1]).init(Init::He).build()?;
    let run = folder.path().join("run");
    Trainer::new(Adam::new(0.01)).batch(16).epochs(300).run_dir(&run).fit(&mut net, &data)?;

    let mut predictor = TablePredictor::open(&run)?;
    let new = predictor.reader().parse("new.csv", b"kind;note;size\nhouse;x;70,5\nflat;y;100\n")?;
    let predictions = predictor.predict(&new)?;
    for (prediction, expected) in predictions.iter().zip([211.5, 200.0]) {
        let RowPrediction::Number(number) = prediction else { panic!("{prediction:?}") };
        assert!((number - expected).abs() < 6.0, "{number}, not {expected}");
    }
    let text = new.to_csv(&predictor.columns(&predictions))?;
    assert!(text.starts_with("kind;note;size;predicted price\nhouse;x;70,5;2"), "{text}");
    let unseen = predictor.reader().parse("new.csv", b"kind;size\nhouse;70\nboat;10\n")?;
    let error = predictor.predict(&unseen).unwrap_err().to_string();
    for part in ["line 3", "kind", "boat", "flat, house"] {
        assert!(error.contains(part), "{error}");
    }
    let error = TablePredictor::open(folder.path().join("run/other")).unwrap_err().to_string();
    assert!(error.contains("no such file"), "{error}");
    Ok(())
}

#[test]
fn a_loss_must_fit_the_task() -> Result<()> {
    let (iris, lines) = (iris(), lines());
    let problem = |loss: &str, data: &Dataset| {
        let trainer = Trainer::new(Sgd::new(0.1)).batch(10).loss(loss.parse::<Loss>().expect(loss));
        trainer.check_for(data).map_err(|error| error.to_string())
    };
    assert_eq!(problem("cross-entropy+ignore:2", &iris), Ok(()));
    for (loss, data, words) in [
        ("squared-error", &iris, "squared-error is for a regression"),
        ("cross-entropy", &lines, "the task of `lines` is a regression"),
        ("bce", &lines, "use squared-error"),
        ("cross-entropy+ignore:3", &iris, "3 is out of range for 3 classes"),
        ("cross-entropy+weights:1,2", &iris, "2 weights for 3 classes"),
    ] {
        let error = problem(loss, data).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
    let net = Mlp::new([4, 2]).build()?;
    let trainer = Trainer::new(Sgd::new(0.1)).batch(10);
    let error = Session::<f32>::new(&trainer, &net, &iris).unwrap_err().to_string();
    assert!(error.contains("one output for each of the 3 classes of `iris`"), "{error}");
    let large = Samples::new(matrix(2, 1, |row, _| 1e39 * row as f64), Targets::reals(vec![0.0, 1.0])?)?;
    let large = Dataset::new("large", large.clone(), large)?;
    let (net, trainer) = (Mlp::new([1, 1]).build()?, trainer.batch(2));
    let error = Session::<f32>::new(&trainer, &net, &large).unwrap_err().to_string();
    assert!(error.contains("row 2, column 1") && error.contains("f64"), "{error}");
    Session::<f64>::new(&trainer, &net, &large)?;
    Ok(())
}

/// What a plan holds does not grow with the table: real numbers are given batch by batch.
#[test]
fn a_large_table_is_not_copied_into_plans() -> Result<()> {
    let data = |rows: usize| -> Result<Dataset> {
        let samples = Samples::new(matrix(rows, 10, |row, _| row as f64), Targets::reals(vec![1.0; rows])?)?;
        Dataset::new("rows", samples.clone(), samples.select(&[0, 1])?)
    };
    let net = Mlp::new([10, 1]).build()?;
    let memory = |rows: usize| -> Result<_> {
        Ok(Session::<f32>::new(&Trainer::new(Sgd::new(0.1)).batch(10), &net, &data(rows)?)?.memory())
    };
    let (few, many) = (memory(1000)?, memory(100_000)?);
    assert_eq!((few.activations, few.parameters), (many.activations, many.parameters));
    // Eight bytes a number, and the target.
    assert_eq!(many.data - few.data, 99_000 * 11 * 8);
    Ok(())
}
