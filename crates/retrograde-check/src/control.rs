//! Calls of the user's code: each may be slow, may panic, and may be the last one that the user waits for.
//!
//! A check calls one thread's code some thousand times. The state of the running check is that thread's own: layers are
//! called in many places, and all of them count.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::time::Duration;

use super::Message;
use super::message::text;
use retrograde_base::clock::Instant;
use retrograde_base::{Error, Result};

/// How far a check has come.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// What is being checked: the name of a layer, or of the whole.
    pub subject: String,
    /// The part of the work that is done, from 0 to 1: an estimate. A wrong gradient takes longer than a right one.
    pub fraction: f64,
    /// Calls of `forward` and `backward` so far.
    pub calls: u64,
    /// The time since the check began.
    pub elapsed: Duration,
}

/// Limits for a check of slow code: a time budget, and a function that sees the progress and can end the check.
///
/// ```
/// use retrograde::check::{self, Control, Verdict};
/// use retrograde::textbook::{Sigmoid, Tensor};
/// use std::ops::ControlFlow;
/// use std::time::Duration;
///
/// let control = Control::new().budget(Duration::from_secs(20)).on_progress(|progress| {
///     eprintln!("{}: {:.0} %", progress.subject, 100.0 * progress.fraction);
///     ControlFlow::Continue(())
/// });
/// let report = control.run(|| check::layer(&mut Sigmoid::new(), &Tensor::zeros(vec![3, 4])))?;
/// assert_eq!(report.verdict, Verdict::Right);
/// # Ok::<(), retrograde::Error>(())
/// ```
#[derive(Default)]
#[must_use]
pub struct Control {
    budget: Option<Duration>,
    on_progress: Option<OnProgress>,
}

type OnProgress = Box<dyn FnMut(&Progress) -> ControlFlow<()>>;

impl Control {
    /// No limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// About how long the check may take on a machine that does nothing else. Fewer elements of each block are differentiated
    /// one by one, and fewer causes are tried, if the code is too slow for all; the report says so. Random directions cover whole
    /// blocks in any case. With a budget, what is compared depends on the machine's speed, but not on its load: of each few calls
    /// the fastest is what counts.
    pub fn budget(mut self, time: Duration) -> Self {
        self.budget = Some(time);
        self
    }

    /// Calls `see` from time to time, between two calls of the user's code. [`ControlFlow::Break`] ends the check with
    /// [`Error::Interrupted`].
    pub fn on_progress(mut self, see: impl FnMut(&Progress) -> ControlFlow<()> + 'static) -> Self {
        self.on_progress = Some(Box::new(see));
        self
    }

    /// Runs a check under these limits. They hold for the checks that `check` runs on this thread.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`], and the errors of the check.
    pub fn run<T>(self, check: impl FnOnce() -> Result<T>) -> Result<T> {
        let running = Running {
            control: self,
            began: Instant::now(),
            shown: Duration::ZERO,
            calls: 0,
            spent: Duration::ZERO,
            latest: BTreeMap::new(),
            subject: String::new(),
            range: (0.0, 1.0),
            done: 0.0,
            interrupted: None,
            spared: false,
        };
        let before = CURRENT.replace(Some(running));
        // Also after a panic of the function that sees the progress.
        let restored = Restored(before);
        let outcome = check();
        let interrupted =
            CURRENT.with_borrow_mut(|running| running.as_mut().and_then(|one| one.interrupted.take()));
        drop(restored);
        interrupted.map_or(outcome, Err)
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("budget", &self.budget).finish_non_exhaustive()
    }
}

/// The check that runs on this thread.
struct Running {
    control: Control,
    began: Instant,
    /// When the progress was last shown, since the beginning.
    shown: Duration,
    calls: u64,
    /// The time that the calls would have taken on a machine that does nothing else.
    spent: Duration,
    /// The latest calls of each kind, which are not in it yet.
    latest: BTreeMap<String, Calls>,
    subject: String,
    /// The part of the whole work that the current stage is, and how much of the stage is done.
    range: (f64, f64),
    done: f64,
    /// Why the check ends.
    interrupted: Option<Error>,
    /// Whether something was left out for want of time.
    spared: bool,
}

/// Some calls of one kind: how many, and the time of the fastest.
#[derive(Clone, Copy)]
struct Calls {
    count: u32,
    least: Duration,
}

impl Running {
    /// Counts a call.
    fn count(&mut self, kind: String, took: Duration) {
        self.calls += 1;
        let latest = self.latest.entry(kind).or_insert(Calls { count: 0, least: took });
        (latest.count, latest.least) = (latest.count + 1, latest.least.min(took));
        if latest.count == ALIKE {
            self.spent += latest.least * ALIKE;
            latest.count = 0;
            latest.least = Duration::MAX;
        }
    }

    /// The time that all calls would have taken on a machine that does nothing else.
    fn cost(&self) -> Duration {
        let latest = self.latest.values().filter(|latest| latest.count > 0);
        self.spent + latest.map(|latest| latest.least * latest.count).sum::<Duration>()
    }

    /// The part of the whole work that is done when this part of the current stage is.
    fn at(&self, part: f64) -> f64 {
        let (begin, end) = self.range;
        begin + part * (end - begin)
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Running>> = const { RefCell::new(None) };
    /// Whether a panic on this thread is one of the user's code, which is reported as an error; and where it was.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static PANICKED_AT: RefCell<Option<String>> = const { RefCell::new(None) };
}

struct Restored(Option<Running>);

impl Drop for Restored {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// The progress is shown at most this often.
const INTERVAL: Duration = Duration::from_millis(50);
/// About how many calls of `forward` the derivative by one element takes.
const CALLS_PER_ELEMENT: f64 = 8.0;
/// Of so many calls of one kind in a row the fastest tells what each takes; calls at another size come after them.
const ALIKE: u32 = 8;
/// At least so many elements of a block are differentiated, whatever the budget.
const LEAST: usize = 4;

/// One of so many parts of the time that is left may be spent on the next block, whatever its share.
const SPARE: u32 = 8;

/// Runs a check within limits: those of the [`Control`] that it is called under, or none.
pub(super) fn scope<T>(check: impl FnOnce() -> Result<T>) -> Result<T> {
    if CURRENT.with_borrow(Option::is_some) { check() } else { Control::new().run(check) }
}

/// Runs the stage of a check that does the part from `from` to `to` of the current stage's work.
pub(super) fn stage<T>(subject: &str, (from, to): (f64, f64), run: impl FnOnce() -> T) -> T {
    let enter = |running: &mut Option<Running>| {
        let running = running.as_mut()?;
        let (begin, end) = running.range;
        let outer = std::mem::replace(&mut running.subject, subject.to_owned());
        running.range = (running.at(from), running.at(to));
        Some((outer, (begin, end), std::mem::take(&mut running.done)))
    };
    let outer = CURRENT.with_borrow_mut(enter);
    let found = run();
    CURRENT.with_borrow_mut(|running| {
        if let (Some(running), Some((subject, range, done))) = (running, outer) {
            (running.subject, running.range, running.done) = (subject, range, done.max(to));
        }
    });
    found
}

/// Says that this part of the current stage is done.
pub(super) fn done(part: f64) {
    CURRENT.with_borrow_mut(|running| running.iter_mut().for_each(|running| running.done = part));
}

/// In how many elements of each of `blocks` blocks the function can be differentiated until this part of the current stage
/// should be done: at most `most`.
pub(super) fn affordable(most: usize, blocks: usize, until: f64) -> usize {
    CURRENT.with_borrow_mut(|running| {
        let Some(running) = running else { return most };
        let Some(budget) = running.control.budget else { return most };
        let spent = running.cost();
        // Its share of the time; more where what came before left much of it.
        let share = budget.mul_f64(running.at(until)).saturating_sub(spent);
        let left = share.max(budget.saturating_sub(spent) / SPARE);
        let cost = spent.as_secs_f64() / running.calls.max(1) as f64;
        let elements =
            left.as_secs_f64() / (cost * CALLS_PER_ELEMENT * blocks.max(1) as f64).max(f64::MIN_POSITIVE);
        let affordable = most.min(elements as usize).max(LEAST.min(most));
        running.spared |= affordable < most;
        affordable
    })
}

/// Whether the time for the check is over.
pub(super) fn is_spent() -> bool {
    CURRENT.with_borrow_mut(|running| {
        let Some(running) = running else { return false };
        let spent = running.control.budget.is_some_and(|budget| running.cost() >= budget);
        running.spared |= spent;
        spent
    })
}

/// What the report says of a check that left something out for want of time.
pub(super) fn limited() -> Option<Message> {
    let budget = CURRENT.with_borrow(|running| {
        running.as_ref().filter(|running| running.spared).and_then(|running| running.control.budget)
    })?;
    Some(text!("method-limited", seconds = format!("{:.1}", budget.as_secs_f64())))
}

/// Calls the user's code: a panic is an error, and after an interrupt nothing is called any more.
pub(super) fn guard<T>(name: &str, call: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    before_a_call()?;
    let began = Instant::now();
    hide_panics();
    let outer = GUARDED.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(run));
    GUARDED.set(outer);
    let result = outcome.unwrap_or_else(|panic| {
        let at = PANICKED_AT.take().map(|at| format!(" at {at}")).unwrap_or_default();
        Err(Error::invalid(
            format!("{name}, {call}"),
            format!("it panicked{at}: {}", message(panic.as_ref())),
            "return an error that says which shapes fit, or let the shapes fit",
        ))
    });
    CURRENT.with_borrow_mut(|running| {
        let Some(running) = running else { return };
        running.count(format!("{name} {call}"), began.elapsed());
        if let Err(error @ Error::Interrupted { .. }) = &result {
            running.interrupted.get_or_insert_with(|| error.clone());
        }
    });
    result
}

/// Shows the progress if it is time to, and refuses the call after an interrupt.
fn before_a_call() -> Result<()> {
    let due = CURRENT.with_borrow_mut(|running| -> Result<_> {
        let Some(running) = running else { return Ok(None) };
        if let Some(error) = &running.interrupted {
            return Err(error.clone());
        }
        let elapsed = running.began.elapsed();
        if elapsed < running.shown + INTERVAL {
            return Ok(None);
        }
        running.shown = elapsed;
        let progress = Progress {
            subject: running.subject.clone(),
            fraction: running.at(running.done),
            calls: running.calls,
            elapsed,
        };
        // The function may run a check of its own: nothing is borrowed while it does.
        Ok(running.control.on_progress.take().map(|see| (see, progress)))
    })?;
    let Some((mut see, progress)) = due else { return Ok(()) };
    let flow = see(&progress);
    CURRENT.with_borrow_mut(|running| {
        let Some(running) = running else { return Ok(()) };
        running.control.on_progress = Some(see);
        if flow.is_continue() {
            return Ok(());
        }
        let error = Error::Interrupted {
            what: format!("the check of {}, after {} calls", progress.subject, progress.calls),
        };
        running.interrupted = Some(error.clone());
        Err(error)
    })
}

/// Panics of guarded code are reported as errors: the panic hook of the program prints the others only.
fn hide_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if GUARDED.get() {
                PANICKED_AT.set(info.location().map(ToString::to_string));
            } else {
                print(info);
            }
        }));
    });
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".into())
}
