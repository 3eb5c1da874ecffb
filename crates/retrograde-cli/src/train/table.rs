//! A training for people: what it is, a progress bar, a row an epoch, and how it ended.

use super::Training;
use super::allocations::Allocations;
use super::face::Face;
use super::interrupt;
use crate::failure::Failure;
use crate::output;
use crate::text;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use retrograde::data::Source;
use retrograde::kernel::Peak;
use retrograde::nn::Precision;
use retrograde::plan::Profile;
use retrograde::train::{EpochRecord, History, RunFolder};
use retrograde::view;
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How often the bar is drawn: often enough to be smooth, so seldom that it costs nothing.
const EVERY: Duration = Duration::from_millis(80);

/// About how many rows the table has at most: the first ones, then one in so many, and the last.
const ROWS: u64 = 20;
/// How many of them are the first.
const FIRST: u64 = 3;

/// Shows a training on a terminal, or in a log.
pub struct Table<'a> {
    training: &'a Training,
    quiet: bool,
    steps: u64,
    /// Of how many rows one is shown.
    every: u64,
    /// How many rows there have been.
    rows: u64,
    /// The newest row, if it is not shown.
    left_out: Option<String>,
    begun: Instant,
    bar: Option<ProgressBar>,
    drawn: Instant,
    /// The newest accuracy on the test set.
    accuracy: Option<f64>,
    /// Where the time went, if that was asked for.
    profile: Option<String>,
}

impl<'a> Table<'a> {
    pub fn new(training: &'a Training, quiet: bool) -> Self {
        let now = Instant::now();
        Table {
            training,
            quiet,
            steps: 0,
            every: 1,
            rows: 0,
            left_out: None,
            begun: now,
            bar: None,
            drawn: now,
            accuracy: None,
            profile: None,
        }
    }

    /// Prints a line above the bar.
    fn line(&self, text: &str) -> Result<(), Failure> {
        match &self.bar {
            Some(bar) if std::io::stdout().is_terminal() => bar.suspend(|| output::line(text)),
            _ => output::line(text),
        }
    }

    /// What is trained, on what.
    fn introduction(&self, done: u64, threads: usize) -> String {
        let Training { recipe, chosen, data, layers, parameters, folder, .. } = self.training;
        let (train, test) = (text::length(data.train().len()), text::length(data.test().len()));
        let mut source = match &recipe.data {
            Source::Embedded => {
                format!("mnist-5k, in this program: {train} to train on, {test} to test with")
            }
            Source::Mnist => format!("mnist: {train} to train on, {test} to test with"),
            other => format!("{other}: {train} to train on, {test} to test with"),
        };
        if *chosen && recipe.data == Source::Embedded {
            source += "\n             (`retrograde data fetch` gets the full MNIST, 60,000 and 10,000)";
        }
        let layers: Vec<String> = layers.iter().map(ToString::to_string).collect();
        let (activation, init) = (recipe.activation, recipe.init);
        let network = format!(
            "{}, {activation}, weights {init}: {} parameters, {}",
            layers.join(" → "),
            text::length(*parameters),
            recipe.precision
        );
        let steps = format!(
            "{}{} of {} images, seed {}, {}",
            text::count(self.steps),
            if self.steps == 1 { " step" } else { " steps" },
            text::length(recipe.batch),
            recipe.seed,
            if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") },
        );
        let mut optimizer = recipe.optimizer.to_string();
        if !recipe.schedule.is_constant() {
            // Writing to a string cannot fail.
            let _ = write!(optimizer, ", schedule {}", recipe.schedule);
        }
        let mut pairs =
            vec![("data", source), ("network", network), ("optimiser", optimizer), ("training", steps)];
        if let Some(folder) = folder {
            let from = if done > 0 {
                format!(", continued after step {}", text::count(done))
            } else {
                String::new()
            };
            pairs.push(("run", format!("{}{from}", text::shown(folder))));
        }
        text::pairs(&pairs)
    }

    fn start_bar(&mut self, done: u64) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let rate = |state: &ProgressState, text: &mut dyn Write| {
            // Writing into the bar's own buffer cannot fail.
            let _ = write!(text, "{}", text::count(state.per_sec().round() as u128));
        };
        let style = ProgressStyle::with_template("{percent:>3} % {wide_bar} {msg}{rate} steps/s, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .with_key("rate", rate);
        let bar = ProgressBar::with_draw_target(Some(self.steps), ProgressDrawTarget::stderr_with_hz(20));
        bar.set_style(style);
        bar.set_position(done);
        bar.reset_eta();
        self.bar = Some(bar);
    }
}

impl Face for Table<'_> {
    fn begin(&mut self, done: u64, steps: u64, threads: usize, evaluations: u64) -> Result<(), Failure> {
        self.every = if evaluations <= ROWS { 1 } else { evaluations.div_ceil(ROWS - FIRST) };
        (self.steps, self.begun) = (steps, Instant::now());
        if self.quiet || done >= steps && done > 0 {
            return Ok(());
        }
        self.line(&self.introduction(done, threads))?;
        self.line("\n  epoch      step     loss   train accuracy   test accuracy   time")?;
        self.start_bar(done);
        Ok(())
    }

    fn step(&mut self, step: u64, loss: f64) {
        let Some(bar) = &self.bar else { return };
        if self.drawn.elapsed() < EVERY {
            return;
        }
        self.drawn = Instant::now();
        let accuracy = self.accuracy.map_or_else(String::new, |accuracy| format!("test {accuracy:.4}, "));
        bar.set_message(format!("loss {loss:.4}, {accuracy}"));
        bar.set_position(step);
    }

    fn epoch(&mut self, record: &EpochRecord) -> Result<(), Failure> {
        self.accuracy = Some(record.test.accuracy);
        if self.quiet {
            return Ok(());
        }
        let row = format!(
            "{:>7.1} {:>9} {:>8.4} {:>16.4} {:>15.4}   {}",
            record.epoch,
            text::count(record.step),
            record.loss,
            record.train.accuracy,
            record.test.accuracy,
            text::seconds(self.begun.elapsed().as_secs_f64()),
        );
        self.rows += 1;
        if self.rows <= FIRST || self.rows.is_multiple_of(self.every) || record.step >= self.steps {
            self.left_out = None;
            return self.line(&row);
        }
        self.left_out = Some(row);
        Ok(())
    }

    fn profile(&mut self, profile: &Profile, allocations: &Allocations) -> Result<(), Failure> {
        let peak = match self.training.recipe.precision {
            Precision::F32 => Peak::measure::<f32>(profile.threads),
            Precision::F64 => Peak::measure::<f64>(profile.threads),
        };
        let Allocations { count, steps, .. } = *allocations;
        self.profile = Some(format!(
            "{}\nMemory was asked for {} times in {} steps{}.",
            view::profile(profile, &peak),
            text::count(count),
            text::count(steps),
            if self.training.outputs.any() { ", those that the report samples among them" } else { "" },
        ));
        Ok(())
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn done(&mut self, history: &History) -> Result<(), Failure> {
        let Some(last) = history.last() else { return Ok(()) };
        // The last row is shown in any case.
        if let Some(row) = self.left_out.take() {
            output::line(row)?;
        }
        let folder = self.training.folder.as_deref();
        let (steps, of) = (text::count(history.steps()), text::count(self.steps));
        let title = if history.stopped {
            format!("Interrupted after step {steps} of {of}.")
        } else if history.timed_steps == 0 && folder.is_some() && self.steps > 0 {
            format!("Complete already: {steps} of {of} steps are done. Ask for more with --steps.")
        } else {
            format!("Trained {steps} steps.")
        };
        let mut pairs = vec![
            ("test accuracy", format!("{:.4}, loss {:.4}", last.test.accuracy, last.test.loss)),
            ("train accuracy", format!("{:.4}, loss {:.4}", last.train.accuracy, last.train.loss)),
        ];
        if history.timed_steps > 0 {
            let threads = if history.threads == 1 { "thread" } else { "threads" };
            pairs.push((
                "steps",
                format!(
                    "{} in {}: {:.1} µs a step with {} {threads}",
                    text::count(history.timed_steps),
                    text::seconds(history.timed_seconds),
                    history.microseconds_per_step(),
                    history.threads,
                ),
            ));
            let all = if history.timed_steps < history.steps() { " in all" } else { "" };
            pairs.push(("evaluation", text::seconds(history.evaluation_seconds) + all));
        }
        pairs.push(("data", self.training.data.name().to_owned()));
        pairs.push((
            "model",
            folder.map_or_else(
                || "not kept; --out FOLDER keeps it".to_owned(),
                |folder| text::shown(&RunFolder::model_file(folder)),
            ),
        ));
        pairs.extend(self.training.outputs.pairs());
        let gap = if self.quiet { "" } else { "\n" };
        output::line(format!("{gap}{title}\n\n{}", text::pairs(&pairs)))?;
        if let Some(profile) = &self.profile {
            output::line(format!("\n{profile}"))?;
        }
        if history.stopped {
            return output::line(format!("\n{}", interrupt::way_on(self.training)));
        }
        match folder {
            Some(folder) => output::line(format!(
                "\nUse it:   retrograde predict --model {} IMAGE.png",
                text::typed(folder)
            )),
            None => Ok(()),
        }
    }
}
