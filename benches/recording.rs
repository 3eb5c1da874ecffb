//! What a report costs: the notebook's training with and without one, in turn, as a table of medians.
//!
//! A share of two times, which are far apart in size, is more than a benchmark of one function can tell; so this measures
//! and prints by itself. `cargo bench -p retrograde --features report --bench recording -- [FOLDER OF MNIST]`

use retrograde::Result;
use retrograde::data::{DataSource, Dataset};
use retrograde::nn::{Init, Mlp};
use retrograde::optim::Sgd;
use retrograde::train::{History, Trainer};
use retrograde::view::report::{Reporter, TrainingReport};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

const ROUNDS: usize = 7;
const STEPS: u64 = 6_000;

/// One training, without a report or with one in this folder: its history, and its whole time in seconds.
fn train(data: &Dataset, threads: usize, report: Option<&Path>) -> Result<(History, f64)> {
    let mut net = Mlp::new([784, 50, 10]).init(Init::Normal(0.01)).build()?;
    let trainer = Trainer::new(Sgd::new(0.1)).steps(STEPS).threads(threads).collect_metrics(report.is_some());
    let mut reporter = Reporter::new(TrainingReport::new(data));
    if let Some(folder) = report {
        reporter = reporter.page(folder.join("report.html"));
    }
    let begin = Instant::now();
    let history = trainer.fit_with(&mut net, data, &mut |event| match reporter.watch(event) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    })?;
    Ok((history, begin.elapsed().as_secs_f64()))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn main() -> Result<()> {
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let source = folder.map_or(DataSource::Embedded, |folder| DataSource::Path(PathBuf::from(folder)));
    let (_, data) = source.open()?;
    let place = tempfile::tempdir().expect("a temporary folder");
    println!("784-50-10, batch 100, SGD, {STEPS} steps on {}, medians of {ROUNDS} rounds\n", data.name());
    println!(
        "| threads | a step without, µs | a step with, µs | recording ÷ steps | whole training with ÷ without |"
    );
    println!("| --- | --- | --- | --- | --- |");
    for threads in [1, 2] {
        let mut columns: [Vec<f64>; 4] = Default::default();
        for _ in 0..ROUNDS {
            let (without, plain) = train(&data, threads, None)?;
            let (with, reported) = train(&data, threads, Some(place.path()))?;
            assert!(!with.stopped, "the report could not be written");
            let figures = [
                without.microseconds_per_step(),
                with.microseconds_per_step(),
                100.0 * with.metrics_seconds / with.train_seconds,
                reported / plain,
            ];
            columns.iter_mut().zip(figures).for_each(|(column, figure)| column.push(figure));
        }
        let [without, with, share, whole] = columns.map(median);
        println!("| {threads} | {without:.1} | {with:.1} | {share:.1} % | {whole:.3} |");
    }
    Ok(())
}
