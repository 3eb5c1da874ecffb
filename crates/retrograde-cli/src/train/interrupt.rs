//! Interrupts: the first stops a training after its step, the second exits immediately.

use super::Training;
use crate::failure::{Failure, INTERRUPTED, eprint_line};
use crate::text;
use retrograde::train::History;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether there was an interrupt.
#[derive(Debug, Clone)]
pub struct Interrupted(Arc<AtomicBool>);

impl Interrupted {
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Installs handlers of SIGINT and SIGTERM.
pub fn install() -> Result<Interrupted, Failure> {
    let raised = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the second interrupt finds the flag that the first has set.
        flag::register_conditional_shutdown(signal, i32::from(INTERRUPTED), Arc::clone(&raised))
            .and_then(|_| flag::register(signal, Arc::clone(&raised)))
            .map_err(Failure::Output)?;
    }
    Ok(Interrupted(raised))
}

/// How to resume after an interrupt, or that nothing was saved.
pub fn resume_hint(training: &Training) -> String {
    match &training.run_dir {
        Some(run_dir) => {
            let mut words = vec![format!("retrograde train --resume {}", text::shell_quoted(run_dir))];
            words.extend(training.report_files.options(run_dir));
            format!("Resume with:   {}", words.join(" "))
        }
        None => "Nothing was saved: use --out FOLDER to be able to resume.".to_owned(),
    }
}

/// Prints to standard error that the training was stopped because standard output failed.
pub fn report_output_failure(failure: &Failure, history: &History, training: &Training) {
    let steps = text::count(history.steps());
    let reason = match failure {
        Failure::OutputClosed => "was closed",
        _ => "cannot be written",
    };
    eprint_line(&format!("stopped after step {steps}: standard output {reason}\n{}", resume_hint(training)));
}
