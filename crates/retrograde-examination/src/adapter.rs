//! The check, as the examination sees it: the only file that names it. When the check's public names change, this file
//! changes with them and nothing else does.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use retrograde::Result;
use retrograde::check::{self, Cause, Report, Severity, Verdict};

use crate::case::{Case, Subject};
use crate::hand;
use crate::judge::Meaning;

/// What the check said.
#[derive(Debug, Clone)]
pub struct Said {
    /// Its verdict.
    pub verdict: Answer,
    /// The position of the first wrong layer, the loss last.
    pub first_wrong: Option<usize>,
    /// The causes that it named as faults, in words, with what they are about.
    pub causes: Vec<NamedCause>,
    /// The report as text, or the error or panic.
    pub text: String,
}

/// A verdict in three kinds, and what is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// Right, also at a kink or within rounding.
    Right,
    /// Wrong.
    Wrong,
    /// Neither can be said.
    Inconclusive,
    /// The check refused a case that it should take, or panicked.
    Failed,
}

/// A cause that the check named.
#[derive(Debug, Clone)]
pub struct NamedCause {
    /// The position of the layer.
    pub unit: Option<usize>,
    /// The blocks: `x`, or parameters' names.
    pub blocks: Vec<String>,
    /// In words.
    pub title: String,
    /// What it says of the numbers.
    pub meaning: Meaning,
}

thread_local! {
    static IN_THE_CHECK: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread runs the check at the moment: a panic is then a failure that is counted, and needs no trace.
pub fn runs_the_check() -> bool {
    IN_THE_CHECK.get()
}

/// Runs the check on a case.
pub fn run(case: &Case) -> Said {
    IN_THE_CHECK.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| report(case)));
    IN_THE_CHECK.set(false);
    match outcome {
        Ok(Ok(report)) => said(&report),
        Ok(Err(error)) => failed(format!("the check refused: {error}")),
        Err(panic) => {
            let message = panic.downcast_ref::<String>().cloned();
            let message = message.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
            failed(format!("the check panicked: {}", message.unwrap_or_default()))
        }
    }
}

fn failed(text: String) -> Said {
    Said { verdict: Answer::Failed, first_wrong: None, causes: Vec::new(), text }
}

fn report(case: &Case) -> Result<Report> {
    let x = hand::input(case);
    match case.subject {
        Subject::Layer => check::layer(&mut hand::layer(&case.units[0], case.precision)?, &x),
        Subject::Loss => {
            check::loss(&mut hand::loss(&case.units[0], case.precision)?, &x, &hand::labels(case))
        }
        Subject::Network => check::network(&mut hand::network(case)?, &x, &hand::labels(case)),
    }
}

fn said(report: &Report) -> Said {
    let verdict = match report.verdict {
        Verdict::Right | Verdict::Kink | Verdict::Rounding | Verdict::Together => Answer::Right,
        Verdict::Wrong => Answer::Wrong,
        _ => Answer::Inconclusive,
    };
    let position = |name: &str| report.layers.iter().position(|layer| layer.name == name);
    let mut causes = Vec::new();
    for finding in report.findings.iter().filter(|finding| finding.severity == Severity::Fault) {
        if let Some(cause) = &finding.cause {
            causes.push(NamedCause {
                unit: position(&finding.location),
                blocks: finding.blocks.clone(),
                title: cause.to_string(),
                meaning: meaning(cause),
            });
        }
    }
    let first_wrong = report.first_wrong().and_then(|layer| position(&layer.name));
    Said { verdict, first_wrong, causes, text: report.to_string() }
}

/// What a cause says, as far as it is tried.
fn meaning(cause: &Cause) -> Meaning {
    match cause {
        Cause::Sign => Meaning::Sign,
        Cause::Factor { .. } => Meaning::Factor,
        Cause::MeanForSum | Cause::SumForMean => Meaning::Rows,
        Cause::Transposed => Meaning::Transposed,
        Cause::AxesExchanged { order } => Meaning::Permuted(order.clone()),
        Cause::Detached => Meaning::Zero,
        Cause::DoutIgnored => Meaning::DoutIgnored,
        Cause::Accumulated => Meaning::Accumulated,
        Cause::Stale { .. } => Meaning::History,
        Cause::AnotherParameter { of } => Meaning::Another(of.clone()),
        Cause::PartDetached { axis, missing } => Meaning::ZeroAt(*axis, missing.clone()),
        Cause::SharesMissing { axis, present } => Meaning::Shares(*axis, present.clone()),
        Cause::SlopeMissing => Meaning::Passes,
        _ => Meaning::Other,
    }
}
