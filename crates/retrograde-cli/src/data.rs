//! `data`: lists, fetches and shows data sets.

use crate::arguments::{DataCommand, ShowArguments};
use crate::failure::{Failure, eprint_line};
use crate::output;
use crate::picture;
use crate::text;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use retrograde::data::{Dataset, DownloadProgress, Mnist};
use retrograde::{Error, Result};
use std::io::IsTerminal;
use std::process::ExitCode;

/// Runs the subcommand.
pub fn run(command: &DataCommand) -> Result<ExitCode, Failure> {
    match command {
        DataCommand::List => list(),
        DataCommand::Fetch => fetch(),
        DataCommand::Show(arguments) => show(arguments),
    }
}

fn list() -> Result<ExitCode, Failure> {
    let mnist = Mnist::new()?;
    let (digits, state) = match mnist.cached() {
        Ok(Some(digits)) => (Some(digits), "in the folder below, SHA-256 verified"),
        Ok(None) => (None, "not fetched: `retrograde data fetch`"),
        Err(_) => (None, "damaged: `retrograde data fetch` repairs it"),
    };
    output::line(format!("{:8}  {:>6}  {:>6}  {:7}  where", "name", "train", "test", "pixels"))?;
    output::line(row("mnist-5k", Some(&Dataset::embedded()?), "embedded"))?;
    output::line(row("mnist", digits.as_ref(), state))?;
    output::line(format!("\nThe cache folder of MNIST is {}.", mnist.folder().display()))?;
    output::line("A folder with four IDX files is also a data set: --data FOLDER.")?;
    Ok(ExitCode::SUCCESS)
}

fn row(name: &str, digits: Option<&Dataset>, place: &str) -> String {
    let (train, test, pixels) = match digits {
        Some(digits) => {
            let [rows, columns] = digits.image_shape().unwrap_or_default();
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
        output::line(format!("MNIST is already cached and verified: {}", mnist.folder().display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut bar = DownloadBar::default();
    let digits = mnist.fetch(|progress| bar.update(progress));
    bar.finish();
    let digits = digits?;
    let (train, test) = (text::length(digits.train().len()), text::length(digits.test().len()));
    output::line(format!(
        "MNIST: {train} training and {test} test images, verified, in {}",
        mnist.folder().display()
    ))?;
    output::line("Train with:   retrograde train --data mnist")?;
    Ok(ExitCode::SUCCESS)
}

/// The progress bar of each file on a terminal; otherwise one line per file.
#[derive(Default)]
struct DownloadBar {
    file: String,
    bar: Option<ProgressBar>,
}

impl DownloadBar {
    fn update(&mut self, progress: DownloadProgress<'_>) {
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

/// The number of columns: `COLUMNS`, or 80.
fn columns() -> usize {
    std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(80)
}

fn show(arguments: &ShowArguments) -> Result<ExitCode, Failure> {
    let (source, digits) = arguments.data.open()?;
    let samples = if arguments.test { digits.test() } else { digits.train() };
    let rows: Vec<usize> = (0..samples.len())
        .filter(|row| arguments.label.is_none_or(|label| samples.labels().get(*row) == Some(&label)))
        .skip(arguments.skip)
        .take(arguments.count)
        .collect();
    let set = if arguments.test { "test" } else { "training" };
    if rows.is_empty() {
        let filter = arguments.label.map_or_else(String::new, |label| format!(" with the label {label}"));
        let problem = format!("no image{filter} to show among its {} {set} images", samples.len());
        let help =
            format!("use labels 0 to {}, a smaller --skip, or a larger --count", samples.outputs() - 1);
        return Err(Error::invalid(format!("data set {source}"), problem, help).into());
    }
    let Some([_, width]) = samples.image_shape() else {
        let help =
            "give images with one channel; a table is shown by `train --data FILE.csv --target COLUMN`";
        return Err(Error::invalid(format!("data set {source}"), "its rows are no pictures", help).into());
    };
    let per_line = ((columns() + 2) / (width + 2)).max(1);
    let color = output::use_color();
    output::line(format!(
        "{source}: {} of {} {set} images",
        text::length(rows.len()),
        text::length(samples.len())
    ))?;
    for group in rows.chunks(per_line) {
        let title = |row: &usize| {
            format!(
                "{:width$}",
                format!("{} (index {row})", digits.description().class_name(samples.labels()[*row] as usize))
            )
        };
        output::line("")?;
        output::line(group.iter().map(title).collect::<Vec<_>>().join("  ").trim_end())?;
        let drawn: Vec<Vec<String>> = group
            .iter()
            .map(|row| picture::draw(samples.image(*row).unwrap_or_default(), width, color))
            .collect();
        for line in 0..drawn.iter().map(Vec::len).max().unwrap_or(0) {
            let parts: Vec<&str> = drawn.iter().map(|image| image[line].as_str()).collect();
            output::line(parts.join("  ").trim_end())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
