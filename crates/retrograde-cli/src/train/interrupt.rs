//! Interrupts: the first asks a training to end after its step, the second ends it at once.

use super::Training;
use crate::failure::{Failure, INTERRUPTED, eprint_line};
use crate::text;
use retrograde::train::History;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether an interrupt has come.
#[derive(Debug, Clone)]
pub struct Interrupted(Arc<AtomicBool>);

impl Interrupted {
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Watches for Ctrl-C and for requests to terminate from now on.
pub fn watch() -> Result<Interrupted, Failure> {
    let raised = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // In this order: the second interrupt finds the flag raised by the first.
        flag::register_conditional_shutdown(signal, i32::from(INTERRUPTED), Arc::clone(&raised))
            .and_then(|_| flag::register(signal, Arc::clone(&raised)))
            .map_err(Failure::Output)?;
    }
    Ok(Interrupted(raised))
}

/// How to go on after an interrupt, or that nothing was kept.
pub fn way_on(training: &Training) -> String {
    match &training.folder {
        Some(folder) => {
            let mut words = vec![format!("retrograde train --resume {}", text::typed(folder))];
            words.extend(training.outputs.options(folder));
            format!("Continue it:   {}", words.join(" "))
        }
        None => "Nothing was kept: with --out FOLDER it could be continued.".to_owned(),
    }
}

/// Says on standard error that the training was stopped because standard output takes nothing more.
pub fn tell_unheard(failure: &Failure, history: &History, training: &Training) {
    let steps = text::count(history.steps());
    let why = match failure {
        Failure::Closed => "was closed",
        _ => "cannot be written",
    };
    eprint_line(&format!("stopped after step {steps}: standard output {why}\n{}", way_on(training)));
}
