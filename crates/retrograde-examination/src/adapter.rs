//! The adapter to `retrograde::check`: the only file that names it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use retrograde::Result;
use retrograde::check::{self, Cause, Report, Severity, Verdict};

use crate::case::{Case, Subject};
use crate::judge::TestableCause;
use crate::textbook_layers;

/// The result of the check.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// The verdict.
    pub verdict: CheckVerdict,
    /// The position of the first wrong layer, the loss last.
    pub first_wrong: Option<usize>,
    /// The causes of its findings.
    pub causes: Vec<NamedCause>,
    /// The report as text, or the error or panic.
    pub text: String,
}

/// The verdict of the check, in three kinds, or its failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckVerdict {
    /// Right, also at a kink or within rounding.
    Right,
    /// Wrong.
    Wrong,
    /// Inconclusive.
    Inconclusive,
    /// The check returned an error, or panicked.
    Failed,
}

/// A cause that the check named.
#[derive(Debug, Clone)]
pub struct NamedCause {
    /// The position of the layer.
    pub unit: Option<usize>,
    /// The blocks: `x`, or parameters' names.
    pub blocks: Vec<String>,
    /// Its title.
    pub title: String,
    /// Its statement about the numbers.
    pub testable: TestableCause,
}

thread_local! {
    static IN_THE_CHECK: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is running the check: a panic is then counted as a failure, without a backtrace.
pub fn runs_the_check() -> bool {
    IN_THE_CHECK.get()
}

/// Runs the check on a case.
pub fn run(case: &Case) -> CheckResult {
    IN_THE_CHECK.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| report(case)));
    IN_THE_CHECK.set(false);
    match outcome {
        Ok(Ok(report)) => result(&report),
        Ok(Err(error)) => failed(format!("the check rejected the case: {error}")),
        Err(panic) => {
            let message = panic.downcast_ref::<String>().cloned();
            let message = message.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
            failed(format!("the check panicked: {}", message.unwrap_or_default()))
        }
    }
}

fn failed(text: String) -> CheckResult {
    CheckResult { verdict: CheckVerdict::Failed, first_wrong: None, causes: Vec::new(), text }
}

fn report(case: &Case) -> Result<Report> {
    let x = textbook_layers::input(case);
    match case.subject {
        Subject::Layer => check::layer(&mut textbook_layers::layer(&case.units[0], case.precision)?, &x),
        Subject::Loss => check::loss(
            &mut textbook_layers::loss(&case.units[0], case.precision)?,
            &x,
            &textbook_layers::labels(case),
        ),
        Subject::Network => {
            check::network(&mut textbook_layers::network(case)?, &x, &textbook_layers::labels(case))
        }
    }
}

fn result(report: &Report) -> CheckResult {
    let verdict = match report.verdict {
        Verdict::Right | Verdict::Kink | Verdict::Rounding | Verdict::Together => CheckVerdict::Right,
        Verdict::Wrong => CheckVerdict::Wrong,
        _ => CheckVerdict::Inconclusive,
    };
    let position = |name: &str| report.layers.iter().position(|layer| layer.name == name);
    let mut causes = Vec::new();
    for finding in report.findings.iter().filter(|finding| finding.severity == Severity::Fault) {
        if let Some(cause) = &finding.cause {
            causes.push(NamedCause {
                unit: position(&finding.location),
                blocks: finding.blocks.clone(),
                title: cause.to_string(),
                testable: testable(cause),
            });
        }
    }
    let first_wrong = report.first_wrong().and_then(|layer| position(&layer.name));
    CheckResult { verdict, first_wrong, causes, text: report.to_string() }
}

/// The statement of a cause that the examination can test.
fn testable(cause: &Cause) -> TestableCause {
    match cause {
        Cause::Sign => TestableCause::Sign,
        Cause::Factor { .. } => TestableCause::Factor,
        Cause::MeanForSum | Cause::SumForMean => TestableCause::Rows,
        Cause::Transposed => TestableCause::Transposed,
        Cause::AxesExchanged { order } => TestableCause::Permuted(order.clone()),
        Cause::Detached => TestableCause::Zero,
        Cause::DoutIgnored => TestableCause::DoutIgnored,
        Cause::Accumulated => TestableCause::Accumulated,
        Cause::Stale { .. } => TestableCause::History,
        Cause::AnotherParameter { of } => TestableCause::Another(of.clone()),
        Cause::PartDetached { axis, missing } => TestableCause::ZeroAt(*axis, missing.clone()),
        Cause::SharesMissing { axis, present } => TestableCause::Shares(*axis, present.clone()),
        Cause::SlopeMissing => TestableCause::Passes,
        _ => TestableCause::Other,
    }
}
