//! Writes reports during a training.

use super::csv::csv;
use super::events::EventDirectory;
use super::page::TrainingReport;
use retrograde_base::clock::Instant;
use retrograde_base::error::Result;
use retrograde_base::files::{remove_stale, write_whole};
use retrograde_train::train::{Event, Progress, RunId, Status};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The shortest time between two writes.
const EVERY: Duration = Duration::from_secs(2);

/// The same as a multiple of the duration of the last write: writing takes at most 2 % of the time.
const PATIENCE: u32 = 50;

/// Writes a training's report into files, at its beginning, during the training, and at its end.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// # let place = tempfile::tempdir().expect("a temporary folder");
/// # let folder = place.path();
/// use retrograde::data::Dataset;
/// use retrograde::nn::Mlp;
/// use retrograde::optim::Sgd;
/// use retrograde::train::Trainer;
/// use retrograde::view::report::{Reporter, TrainingReport};
/// use std::ops::ControlFlow;
///
/// let data = Dataset::embedded()?;
/// let mut net = Mlp::new([784, 50, 10]).build()?;
/// let page = folder.join("report.html");
/// let mut reporter = Reporter::new(TrainingReport::new(&data)).page(&page).csv(folder.join("report.csv"));
/// Trainer::new(Sgd::new(0.1)).steps(200).collect_metrics(true).fit_with(&mut net, &data, &mut |event| {
///     match reporter.watch(event) {
///         Ok(()) => ControlFlow::Continue(()),
///         Err(_) => ControlFlow::Break(()),
///     }
/// })?;
/// assert!(std::fs::read_to_string(page).is_ok_and(|page| page.starts_with("<!doctype html>")));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Reporter<'a> {
    report: TrainingReport<'a>,
    page: Option<PathBuf>,
    csv: Option<PathBuf>,
    events: Option<EventDirectory>,
    /// The time of the next write.
    next: Option<Instant>,
}

impl<'a> Reporter<'a> {
    /// A reporter for a training that `report` describes; it writes nothing until a file is set.
    pub fn new(report: TrainingReport<'a>) -> Self {
        Reporter { report, page: None, csv: None, events: None, next: None }
    }

    /// Writes the page into this file.
    pub fn page(mut self, path: impl Into<PathBuf>) -> Self {
        self.page = Some(path.into());
        self
    }

    /// Writes the metrics into this CSV file.
    pub fn csv(mut self, path: impl Into<PathBuf>) -> Self {
        self.csv = Some(path.into());
        self
    }

    /// Writes the metrics as event files into this directory, for TensorBoard. A resumed run replaces its own earlier
    /// files; those of another run are an error.
    pub fn tensorboard(mut self, folder: impl Into<PathBuf>) -> Self {
        self.events = Some(EventDirectory::new(folder.into()));
        self
    }

    /// Whether a directory contains these event files.
    pub fn has_events(folder: impl AsRef<Path>) -> bool {
        EventDirectory::is_in(folder.as_ref())
    }

    /// Returns an error if event files cannot be written into this directory, or if it has those of a run other than `run`,
    /// which is `None` for a new one: call it before a training begins.
    pub fn check_tensorboard(folder: impl AsRef<Path>, run: Option<RunId>) -> Result<()> {
        EventDirectory::new(folder.as_ref().to_path_buf()).check(run)
    }

    /// Handles an event of a training. Writes the files when they are due: at the first [`Event::Progress`], then every two
    /// seconds or less often, so that writing takes at most 2 % of the time, and at the end.
    pub fn watch(&mut self, event: Event<'_>) -> Result<()> {
        let Event::Progress(progress) = event else { return Ok(()) };
        let goes_on = matches!(progress.status, Status::Running);
        let begin = Instant::now();
        if goes_on && self.next.is_some_and(|next| begin < next) {
            return Ok(());
        }
        if self.next.is_none() {
            let files = [&self.page, &self.csv].into_iter().flatten();
            files.filter_map(|file| file.parent()).for_each(remove_stale);
        }
        let written = self.write(progress);
        self.next = Some(Instant::now() + EVERY.max(begin.elapsed() * PATIENCE));
        written
    }

    /// Writes all files now.
    pub fn write(&mut self, progress: &Progress<'_>) -> Result<()> {
        if let Some(path) = &self.page {
            write_whole(path, self.report.html(progress)?.as_bytes())?;
        }
        if let Some(path) = &self.csv {
            write_whole(path, csv(progress.history).as_bytes())?;
        }
        match &mut self.events {
            Some(events) => events.write(progress.run, progress.history),
            None => Ok(()),
        }
    }
}
