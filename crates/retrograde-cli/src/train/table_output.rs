//! The output of a training as a table: the settings, a progress bar, a row per epoch, and the result.

use super::Training;
use super::allocations::Allocations;
use super::interrupt;
use super::output::{Start, TrainingOutput};
use crate::failure::Failure;
use crate::output;
use crate::text;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use retrograde::data::{DataSource, Task};
use retrograde::kernel::Peak;
use retrograde::nn::ModelConfig;
use retrograde::nn::Precision;
use retrograde::plan::Profile;
use retrograde::train::{EpochStats, Evaluation, History, RunDir};
use retrograde::view;
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// The interval between updates of the progress bar.
const BAR_INTERVAL: Duration = Duration::from_millis(80);

/// The approximate number of rows of the table.
const MAX_ROWS: u64 = 20;
/// The number of consecutive rows at the start of the table.
const FIRST_ROWS: u64 = 3;

/// Prints a training to a terminal or a log.
pub struct TableOutput<'a> {
    training: &'a Training,
    quiet: bool,
    steps: u64,
    /// The interval of printed rows.
    every: u64,
    /// The number of rows so far.
    rows: u64,
    /// The last row, if it is not printed.
    skipped_row: Option<String>,
    started: Instant,
    bar: Option<ProgressBar>,
    drawn: Instant,
    /// The last main score on the held-out set.
    score: Option<f64>,
    /// The formatted profile.
    profile: Option<String>,
}

impl<'a> TableOutput<'a> {
    pub fn new(training: &'a Training, quiet: bool) -> Self {
        let now = Instant::now();
        TableOutput {
            training,
            quiet,
            steps: 0,
            every: 1,
            rows: 0,
            skipped_row: None,
            started: now,
            bar: None,
            drawn: now,
            score: None,
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

    /// The settings of the training.
    fn settings(&self, start: &Start) -> String {
        let Start { done, threads, memory, .. } = *start;
        let Training { config, is_auto, data, model, parameters, run_dir, .. } = self.training;
        let (train, test) = (text::length(data.train().len()), text::length(data.test().len()));
        let rows = if data.train().features().are_bytes() { "images" } else { "rows" };
        let name =
            if config.data == DataSource::Embedded { "mnist-5k, embedded" } else { &config.data.to_string() };
        let validation = data.validation();
        let validation =
            validation.map_or_else(String::new, |set| format!("{} validation, ", text::length(set.len())));
        let mut source =
            format!("{}: {train} training, {validation}{test} test {rows}", text::printable(name));
        for note in &data.description().notes {
            source += "\n             ";
            source += &text::printable(note);
        }
        if *is_auto && config.data == DataSource::Embedded {
            source += "\n             (`retrograde data fetch` gets the full MNIST, 60,000 and 10,000)";
        }
        let architecture = match model {
            Some(ModelConfig::Mlp(mlp)) => {
                let layers: Vec<String> = mlp.sizes.iter().map(ToString::to_string).collect();
                format!("{}, {}, weights {}", layers.join(" → "), config.activation, config.init)
            }
            Some(ModelConfig::Network(network)) => {
                let input: Vec<String> = network.input.iter().map(ToString::to_string).collect();
                format!("{} layers for rows of {}", network.layers.0.len(), input.join(" × "))
            }
            _ => "a module".to_owned(),
        };
        let network =
            format!("{architecture}: {} parameters, {}", text::length(*parameters), config.precision);
        let steps = format!(
            "{}{} of {}{} {rows}, seed {}, {}",
            text::count(self.steps),
            if self.steps == 1 { " step" } else { " steps" },
            if config.accumulate > 1 { format!("{} × ", config.accumulate) } else { String::new() },
            text::length(config.batch),
            config.seed,
            if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") },
        );
        let mut optimizer = config.optimizer.to_string();
        if !config.schedule.is_constant() {
            // Writing to a string cannot fail.
            let _ = write!(optimizer, ", schedule {}", config.schedule);
        }
        let parts = [
            ("parameters", memory.parameters),
            ("optimizer", memory.optimizer),
            ("activations", memory.activations),
            ("data", memory.data),
            ("checkpoints", memory.checkpoint),
        ];
        let parts = parts.iter().filter(|(_, bytes)| *bytes > 0);
        let parts: Vec<String> =
            parts.map(|(part, bytes)| format!("{part} {}", text::bytes(*bytes))).collect();
        let memory = format!("{}: {}", text::bytes(memory.total()), parts.join(", "));
        let loss = self.training.loss.to_string();
        let mut pairs = vec![
            ("data", source),
            ("network", network),
            ("loss", loss),
            ("optimizer", optimizer),
            ("training", steps),
            ("memory", memory),
        ];
        if let Some(run_dir) = run_dir {
            let from =
                if done > 0 { format!(", resumed after step {}", text::count(done)) } else { String::new() };
            pairs.push(("run", format!("{}{from}", text::shown(run_dir))));
        }
        text::pairs(&pairs)
    }

    /// The score in the table: accuracy, or R².
    fn score_name(&self) -> &'static str {
        if self.training.data.task() == Task::Regression { "R²" } else { "accuracy" }
    }

    /// The set that decides what is best.
    fn held_out(&self) -> &'static str {
        if self.training.data.validation().is_some() { "validation" } else { "test" }
    }

    fn start_bar(&mut self, done: u64) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let rate = |state: &ProgressState, text: &mut dyn Write| {
            // Writing to the buffer of the bar cannot fail.
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

/// The scores of an evaluation: the main one, the others with their names.
fn scores_alone(evaluation: &Evaluation) -> String {
    let score = |(index, (name, score)): (usize, (&str, f64))| match name {
        _ if index == 0 => format!("{score:.4}"),
        "mean_absolute_error" => format!("mean absolute error {score:.4}"),
        "auc" => format!("AUC {score:.4}"),
        "top_k_accuracy" => format!("top-k accuracy {score:.4}"),
        name => format!("{name} {score:.4}"),
    };
    evaluation.scores().enumerate().map(score).collect::<Vec<_>>().join(", ")
}

/// The scores and the loss.
fn scores(evaluation: &Evaluation) -> String {
    format!("{}, loss {:.4}", scores_alone(evaluation), evaluation.loss)
}

impl TrainingOutput for TableOutput<'_> {
    fn begin(&mut self, start: Start) -> Result<(), Failure> {
        let Start { done, steps, evaluations, .. } = start;
        self.every = if evaluations <= MAX_ROWS { 1 } else { evaluations.div_ceil(MAX_ROWS - FIRST_ROWS) };
        (self.steps, self.started) = (steps, Instant::now());
        if self.quiet || done >= steps && done > 0 {
            return Ok(());
        }
        self.line(&self.settings(&start))?;
        let score = self.score_name();
        self.line(&format!(
            "\n  epoch      step     loss   {:>14}   {:>13}   time",
            format!("train {score}"),
            format!("{} {score}", self.held_out().replace("validation", "valid."))
        ))?;
        self.start_bar(done);
        Ok(())
    }

    fn step(&mut self, step: u64, loss: f64) {
        let Some(bar) = &self.bar else { return };
        if self.drawn.elapsed() < BAR_INTERVAL {
            return;
        }
        self.drawn = Instant::now();
        let accuracy =
            self.score.map_or_else(String::new, |score| format!("{} {score:.4}, ", self.held_out()));
        bar.set_message(format!("loss {loss:.4}, {accuracy}"));
        bar.set_position(step);
    }

    fn epoch(&mut self, epoch: &EpochStats) -> Result<(), Failure> {
        self.score = epoch.held_out().main_score();
        if self.quiet {
            return Ok(());
        }
        let row = format!(
            "{:>7.1} {:>9} {:>8.4} {:>16.4} {:>15.4}   {}",
            epoch.epoch,
            text::count(epoch.step),
            epoch.loss,
            epoch.train.main_score().unwrap_or(f64::NAN),
            epoch.held_out().main_score().unwrap_or(f64::NAN),
            text::seconds(self.started.elapsed().as_secs_f64()),
        );
        self.rows += 1;
        if self.rows <= FIRST_ROWS || self.rows.is_multiple_of(self.every) || epoch.step >= self.steps {
            self.skipped_row = None;
            return self.line(&row);
        }
        self.skipped_row = Some(row);
        Ok(())
    }

    fn profile(&mut self, profile: &Profile, allocations: &Allocations) -> Result<(), Failure> {
        let peak = match self.training.config.precision {
            Precision::F64 => Peak::measure::<f64>(profile.threads),
            _ => Peak::measure::<f32>(profile.threads),
        };
        let Allocations { count, steps, .. } = *allocations;
        self.profile = Some(format!(
            "{}\n{} allocations in {} steps{}.",
            view::profile(profile, &peak),
            text::count(count),
            text::count(steps),
            if self.training.report_files.any() { ", including those sampled for the report" } else { "" },
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
        // The last row is always printed.
        if let Some(row) = self.skipped_row.take() {
            output::line(row)?;
        }
        let run_dir = self.training.run_dir.as_deref();
        let (steps, of) = (text::count(history.steps()), text::count(self.steps));
        let title = if history.stopped {
            format!("Interrupted after step {steps} of {of}.")
        } else if history.stopped_early {
            let patience = self.training.config.patience.unwrap_or(0);
            format!(
                "Stopped after step {steps} of {of}: the loss on the {} set has not fallen for {patience} epochs.",
                self.held_out()
            )
        } else if history.timed_steps == 0 && run_dir.is_some() && self.steps > 0 {
            format!("Already complete: {steps} of {of} steps. Use a larger --steps to continue.")
        } else {
            format!("Trained {steps} steps.")
        };
        let [test, validation, train] = match self.score_name() {
            "accuracy" => ["test accuracy", "validation accuracy", "train accuracy"],
            _ => ["test R²", "validation R²", "train R²"],
        };
        // With a validation set the test set has been evaluated once.
        let mut pairs =
            vec![(test, history.test.or(last.test).map_or_else(String::new, |test| scores(&test)))];
        pairs.extend(last.validation.map(|found| (validation, scores(&found))));
        pairs.push((train, scores(&last.train)));
        if let Some(best) = history.best().filter(|_| self.training.config.keep_best) {
            let held_out = best.held_out();
            let loss = held_out.loss;
            pairs.push((
                "best",
                format!(
                    "after epoch {:.1}, step {}: {}, loss {loss:.4}",
                    best.epoch,
                    text::count(best.step),
                    scores_alone(&held_out)
                ),
            ));
        }
        if history.timed_steps > 0 {
            let threads = if history.threads == 1 { "thread" } else { "threads" };
            pairs.push((
                "steps",
                format!(
                    "{} in {}: {:.1} µs per step with {} {threads}",
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
            run_dir.map_or_else(
                || "not saved; use --out FOLDER".to_owned(),
                |run_dir| text::shown(&RunDir::model_file(run_dir)),
            ),
        ));
        pairs.extend(self.training.report_files.pairs());
        let gap = if self.quiet { "" } else { "\n" };
        output::line(format!("{gap}{title}\n\n{}", text::pairs(&pairs)))?;
        if let Some(profile) = &self.profile {
            output::line(format!("\n{profile}"))?;
        }
        if history.stopped {
            return output::line(format!("\n{}", interrupt::resume_hint(self.training)));
        }
        match run_dir {
            Some(run_dir) => {
                let file = match self.training.data.description().preprocessor {
                    Some(_) => "NEW.csv",
                    None if !self.training.data.train().features().are_bytes() => return Ok(()),
                    None => "IMAGE.png",
                };
                let run_dir = text::shell_quoted(run_dir);
                output::line(format!("\nPredict with:   retrograde predict --model {run_dir} {file}"))
            }
            None => Ok(()),
        }
    }
}
