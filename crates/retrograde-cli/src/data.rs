//! `data`: what there is, where it is, fetching it, and looking at it.

use crate::arguments::{DataTask, ShowArguments};
use crate::failure::{Failure, eprint_line};
use crate::output;
use crate::picture;
use crate::text;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use retrograde::data::{Dataset, Mnist, Progress};
use retrograde::{Error, Result};
use std::io::IsTerminal;
use std::process::ExitCode;

/// Does what is asked.
pub fn run(task: &DataTask) -> Result<ExitCode, Failure> {
    match task {
        DataTask::List => list(),
        DataTask::Fetch => fetch(),
        DataTask::Show(arguments) => show(arguments),
    }
}

fn list() -> Result<ExitCode, Failure> {
    let mnist = Mnist::new()?;
    let (digits, state) = match mnist.cached() {
        Ok(Some(digits)) => (Some(digits), "in the folder below, SHA-256 verified"),
        Ok(None) => (None, "not fetched yet: `retrograde data fetch`"),
        Err(_) => (None, "damaged: `retrograde data fetch` mends it"),
    };
    output::line(format!("{:8}  {:>6}  {:>6}  {:7}  where", "name", "train", "test", "pixels"))?;
    output::line(row("mnist-5k", Some(&Dataset::embedded()?), "in this program"))?;
    output::line(row("mnist", digits.as_ref(), state))?;
    output::line(format!("\nMNIST is kept in {}.", mnist.folder().display()))?;
    output::line("A folder with four files like MNIST's is a data set too: --data FOLDER.")?;
    Ok(ExitCode::SUCCESS)
}

fn row(name: &str, digits: Option<&Dataset>, place: &str) -> String {
    let (train, test, pixels) = match digits {
        Some(digits) => {
            let [rows, columns] = digits.image_shape();
            let length = |samples: usize| text::length(samples);
            (length(digits.train().len()), length(digits.test().len()), format!("{rows} × {columns}"))
        }
        None => ("-".into(), "-".into(), "-".into()),
    };
    format!("{name:8}  {train:>6}  {test:>6}  {pixels:7}  {place}")
}

fn fetch() -> Result<ExitCode, Failure> {
    let mnist = Mnist::new()?;
    if matches!(mnist.cached(), Ok(Some(_))) {
        output::line(format!("MNIST is there already, verified: {}", mnist.folder().display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut bars = Bars::default();
    let digits = mnist.fetch(|progress| bars.update(progress));
    bars.finish();
    let digits = digits?;
    let (train, test) = (text::length(digits.train().len()), text::length(digits.test().len()));
    output::line(format!(
        "MNIST: {train} digits to train on and {test} to test with, verified, in {}",
        mnist.folder().display()
    ))?;
    output::line("Train on it:   retrograde train --data mnist")?;
    Ok(ExitCode::SUCCESS)
}

/// A progress bar for one file after another, on a terminal; else a line a file.
#[derive(Default)]
struct Bars {
    file: String,
    bar: Option<ProgressBar>,
}

impl Bars {
    fn update(&mut self, progress: Progress<'_>) {
        if self.file != progress.file {
            self.finish();
            progress.file.clone_into(&mut self.file);
            if std::io::stderr().is_terminal() {
                let style = ProgressStyle::with_template(
                    "{msg:29} {wide_bar} {bytes:>9} of {total_bytes} {bytes_per_sec}",
                )
                .unwrap_or_else(|_| ProgressStyle::default_bar());
                let bar =
                    ProgressBar::with_draw_target(progress.total, ProgressDrawTarget::stderr_with_hz(12));
                self.bar = Some(bar.with_style(style).with_message(self.file.clone()));
            } else {
                eprint_line(&format!("fetching {}", self.file));
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position(progress.received);
        }
    }

    fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.abandon();
        }
    }
}

/// How many columns a picture may take at most: that of the narrowest terminal, unless the shell says more.
fn columns() -> usize {
    std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(80)
}

fn show(arguments: &ShowArguments) -> Result<ExitCode, Failure> {
    let (source, digits) = arguments.data.open()?;
    let samples = if arguments.test { digits.test() } else { digits.train() };
    let rows: Vec<usize> = (0..samples.len())
        .filter(|row| arguments.label.is_none_or(|label| samples.labels()[*row] == label))
        .skip(arguments.skip)
        .take(arguments.count)
        .collect();
    let set = if arguments.test { "to test with" } else { "to train on" };
    if rows.is_empty() {
        let wanted = arguments.label.map_or_else(String::new, |label| format!(" with the label {label}"));
        let problem = format!("there is no image{wanted} to be shown among its {} {set}", samples.len());
        let help = format!("labels are 0 to {}; --skip less, --count more", samples.classes() - 1);
        return Err(Error::invalid(format!("data set {source}"), problem, help).into());
    }
    let [_, width] = samples.image_shape();
    let abreast = ((columns() + 2) / (width + 2)).max(1);
    let colour = output::colourful();
    output::line(format!(
        "{source}: {} of {} images {set}",
        text::length(rows.len()),
        text::length(samples.len())
    ))?;
    for group in rows.chunks(abreast) {
        let title = |row: &usize| format!("{:width$}", format!("{} (number {row})", samples.labels()[*row]));
        output::line("")?;
        output::line(group.iter().map(title).collect::<Vec<_>>().join("  ").trim_end())?;
        let drawn: Vec<Vec<String>> = group
            .iter()
            .map(|row| picture::draw(samples.image(*row).unwrap_or_default(), width, colour))
            .collect();
        for line in 0..drawn.iter().map(Vec::len).max().unwrap_or(0) {
            let parts: Vec<&str> = drawn.iter().map(|image| image[line].as_str()).collect();
            output::line(parts.join("  ").trim_end())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
