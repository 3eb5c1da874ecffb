//! The training report: its numbers are those of the history, it is one safe file, and it continues after a stop.

use retrograde::Result;
use retrograde::data::Dataset;
use retrograde::nn::{Init, Mlp};
use retrograde::optim::{OptimizerConfig, OptimizerKind, Schedule, Sgd};
use retrograde::train::{Event, History, Trainer};
use retrograde::view::report::{Reporter, TrainingReport, csv, series};
use serde_json::Value;
use std::ops::ControlFlow;
use std::path::Path;
use tempfile::TempDir;

fn place() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn net() -> Result<Mlp> {
    Mlp::new([784, 20, 10]).init(Init::He).build()
}

/// Trains with a report on this data, in a folder: the history, and the page.
fn report(trainer: Trainer, data: &Dataset, folder: &Path) -> Result<(History, String)> {
    let page = folder.join("report.html");
    let mut reporter = Reporter::new(TrainingReport::new(data).command("train <again> --out 'a & b'"))
        .page(&page)
        .csv(folder.join("report.csv"))
        .tensorboard(folder.join("events"));
    let history = trainer.collect_metrics(true).fit_with(&mut net()?, data, &mut |event| {
        reporter.watch(event).expect("a writable place");
        ControlFlow::Continue(())
    })?;
    Ok((history, std::fs::read_to_string(page).expect("the page")))
}

/// The numbers that the page's script reads.
fn numbers(page: &str) -> Value {
    let json = page.split("id=\"numbers\">").nth(1).and_then(|rest| rest.split("</script>").next());
    serde_json::from_str(json.expect("the numbers")).expect("JSON")
}

#[test]
fn page_and_csv_have_the_numbers_of_the_history() -> Result<()> {
    let place = place();
    let optimizer =
        OptimizerConfig { clip: Some(1.0), ..OptimizerConfig::default_for(OptimizerKind::Adam) }.build()?;
    let trainer = Trainer::new(optimizer).schedule(Schedule::cosine()).steps(240);
    let (history, page) = report(trainer, &Dataset::embedded()?, place.path())?;
    let (all, plots) = (series(&history), numbers(&page));
    // loss of batch, train and test; two accuracies; the learning rate; three norms of four parameters; the units of
    // one layer.
    assert_eq!(all.len(), 3 + 2 + 1 + 3 * 4 + 1);
    for metric in all.iter().map(|series| series.metric) {
        let curves = plots[metric.name()]["curves"].as_array().expect("curves");
        let expected: Vec<_> = all.iter().filter(|series| series.metric == metric).collect();
        assert_eq!(curves.len(), expected.len(), "{metric:?}");
        for (curve, series) in curves.iter().zip(expected) {
            let list = |field: &str| -> Vec<f64> {
                curve[field].as_array().expect(field).iter().filter_map(Value::as_f64).collect()
            };
            let (steps, values): (Vec<f64>, Vec<f64>) =
                series.points.iter().map(|&(step, value)| (step as f64, value)).unzip();
            assert_eq!((list("steps"), list("values")), (steps, values), "{series:?}");
        }
    }
    let rows: Vec<(String, String, u64, f64)> = csv(&history)
        .lines()
        .skip(1)
        .map(|row| {
            let fields: Vec<&str> = row.split(',').collect();
            let (step, value) = (fields[2].parse().expect("a step"), fields[3].parse().expect("a number"));
            (fields[0].to_string(), fields[1].to_string(), step, value)
        })
        .collect();
    let expected: Vec<_> = all
        .iter()
        .flat_map(|series| {
            let row = |&(step, value): &(u64, f64)| {
                (series.metric.name().to_string(), series.of.clone(), step, value)
            };
            series.points.iter().map(row)
        })
        .collect();
    assert_eq!(rows[..expected.len()], expected);
    let confusions: f64 = rows[expected.len()..].iter().map(|row| row.3).sum();
    assert_eq!((rows.len() - expected.len(), confusions), (100, 1000.0));
    assert_eq!(std::fs::read_to_string(place.path().join("report.csv")).expect("a file"), csv(&history));
    for epoch in &history.epochs {
        assert!(page.contains(&format!(
            "<td>{}</td><td>{}</td>",
            epoch.held_out().loss,
            epoch.held_out().accuracy.unwrap()
        )));
    }
    let found = history.metrics.and_then(|metrics| metrics.classification).expect("evaluated");
    assert_eq!(page.matches("<figcaption><b>").count(), found.misclassifications.len());
    assert_eq!(
        page.matches("<td class=\"right\"").count(),
        (0..10).filter(|&k| found.count(k, k) > 0).count()
    );
    Ok(())
}

#[test]
fn the_page_is_one_file_and_what_comes_from_outside_stays_text() -> Result<()> {
    let (place, digits) = (place(), Dataset::embedded()?);
    let evil = "<script>alert(1)</script>\"'&";
    let data = Dataset::new(evil, digits.train().clone(), digits.test().clone())?;
    let (_, page) = report(Trainer::new(Sgd::new(0.1)).steps(600), &data, place.path())?;
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;") && !page.contains(evil));
    assert!(page.contains("train &lt;again&gt; --out &#39;a &amp; b&#39;"));
    assert_eq!(page.matches("<script").count(), 2);
    // The page requests no resource.
    for word in ["src=\"http", "href=", "url(", "@import", "<link", "<iframe", "fetch("] {
        assert!(!page.contains(word), "the page has `{word}`");
    }
    assert!(page.len() < 300_000, "{} bytes", page.len());
    // The same words in both languages.
    assert_eq!(page.matches("<span lang=\"en\">").count(), page.matches("<span lang=\"ko\">").count());
    assert!(page.contains("혼동 행렬") && page.contains("죽은 뉴런"));
    Ok(())
}

#[test]
fn a_stopped_training_goes_on_with_its_whole_report() -> Result<()> {
    let (parts, whole, data) = (place(), place(), Dataset::embedded()?);
    let trainer = |steps| Trainer::new(Sgd::new(0.1)).steps(steps);
    let run = parts.path().join("run");
    let (_, page) = report(trainer(130).run_dir(&run), &data, parts.path())?;
    assert!(page.contains("Complete: 130 steps."), "the page says that it is done");
    report(trainer(260).resume(&run), &data, parts.path())?;
    report(trainer(260), &data, whole.path())?;
    let [a, b] = [&parts, &whole]
        .map(|place| std::fs::read_to_string(place.path().join("report.csv")).expect("the figures"));
    // Also without the evaluation at the end of the first part, which is none of the whole.
    assert_eq!(a, b);
    let events = std::fs::read_dir(parts.path().join("events")).expect("the events");
    assert!(events.count() >= 1);
    // Another training does not mix its events with these.
    let mut reporter = Reporter::new(TrainingReport::new(&data)).tensorboard(parts.path().join("events"));
    let mut complaint = None;
    trainer(5).collect_metrics(true).fit_with(&mut net()?, &data, &mut |event| {
        if let Err(error) = reporter.watch(event) {
            complaint.get_or_insert(error.to_string());
        }
        ControlFlow::Continue(())
    })?;
    assert!(complaint.is_some_and(|complaint| complaint.contains("another training")));
    Ok(())
}

#[test]
fn a_failed_training_says_so_on_its_page() -> Result<()> {
    let (place, data) = (place(), Dataset::embedded()?);
    let page = place.path().join("report.html");
    let mut reporter = Reporter::new(TrainingReport::new(&data)).page(&page);
    let mut seen = Vec::new();
    let trainer = Trainer::new(Sgd::new(1e30)).collect_metrics(true);
    trainer
        .fit_with(&mut net()?, &data, &mut |event| {
            reporter.watch(event).expect("a writable place");
            if let Event::Progress(_) = event {
                seen.push(std::fs::read_to_string(&page).expect("the page"));
            }
            ControlFlow::Continue(())
        })
        .expect_err("a learning rate of 1e30");
    assert!(seen[0].contains("data-running=\"true\""), "it is there from the beginning");
    let last = seen.last().expect("a page");
    assert!(last.contains("data-running=\"false\"") && last.contains("diverged"), "{last}");
    assert!(
        numbers(last)["gradient_norm"]["curves"][0]["steps"].as_array().is_some_and(|steps| steps.len() > 1)
    );
    Ok(())
}
