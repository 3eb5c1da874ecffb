//! Calls of the user's code, which may be slow, may panic, and may be interrupted.
//!
//! A check calls the user's code some thousand times on one thread. The state of the running check is thread-local, because
//! layers are called in many places and all calls count.

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

/// The progress of a check.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The subject being checked: the name of a layer, or of the whole subject.
    pub subject: String,
    /// The finished fraction of the work, from 0 to 1: an estimate. A wrong gradient takes longer than a right one.
    pub fraction: f64,
    /// Calls of `forward` and `backward` so far.
    pub calls: u64,
    /// The time since the check began.
    pub elapsed: Duration,
}

/// Limits for a check of slow code: a time budget, and a callback that receives the progress and can end the check.
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

    /// The approximate time limit of the check on an idle machine. If the code is too slow for all elements and causes,
    /// fewer are tried, and the report says so. Random directions cover whole blocks in any case. With a budget, the
    /// compared elements depend on the machine's speed but not on its load: the fastest of every few calls counts.
    pub fn budget(mut self, time: Duration) -> Self {
        self.budget = Some(time);
        self
    }

    /// Calls `see` repeatedly between two calls of the user's code. [`ControlFlow::Break`] ends the check with
    /// [`Error::Interrupted`].
    pub fn on_progress(mut self, see: impl FnMut(&Progress) -> ControlFlow<()> + 'static) -> Self {
        self.on_progress = Some(Box::new(see));
        self
    }

    /// Runs a check under these limits. They apply to the checks that `check` runs on this thread.
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
        // Also after a panic of the callback.
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

/// The check that is running on this thread.
struct Running {
    control: Control,
    began: Instant,
    /// The time of the last progress call, since the beginning.
    shown: Duration,
    calls: u64,
    /// The time of the calls on an idle machine.
    spent: Duration,
    /// The latest calls of each kind, which are not yet included.
    latest: BTreeMap<String, Calls>,
    subject: String,
    /// The range of the whole work that the current stage covers, and the finished fraction of the stage.
    range: (f64, f64),
    done: f64,
    /// The reason to end the check.
    interrupted: Option<Error>,
    /// Whether something was skipped for lack of time.
    spared: bool,
}

/// Calls of one kind: their number, and the time of the fastest.
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

    /// The time of all calls on an idle machine.
    fn cost(&self) -> Duration {
        let latest = self.latest.values().filter(|latest| latest.count > 0);
        self.spent + latest.map(|latest| latest.least * latest.count).sum::<Duration>()
    }

    /// The finished fraction of the whole work at this fraction of the current stage.
    fn at(&self, part: f64) -> f64 {
        let (begin, end) = self.range;
        begin + part * (end - begin)
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Running>> = const { RefCell::new(None) };
    /// Whether a panic on this thread comes from the user's code and is reported as an error; and its location.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static PANICKED_AT: RefCell<Option<String>> = const { RefCell::new(None) };
}

struct Restored(Option<Running>);

impl Drop for Restored {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// The shortest time between two progress calls.
const INTERVAL: Duration = Duration::from_millis(50);
/// The approximate number of calls of `forward` for the derivative by one element.
const CALLS_PER_ELEMENT: f64 = 8.0;
/// The fastest of this many consecutive calls of one kind gives the time of each; calls at another size follow them.
const ALIKE: u32 = 8;
/// The smallest number of elements of a block with differences, whatever the budget.
const LEAST: usize = 4;

/// The next block may spend at least the remaining time divided by this.
const SPARE: u32 = 8;

/// Runs a check within the limits of the surrounding [`Control`], if there is one.
pub(super) fn scope<T>(check: impl FnOnce() -> Result<T>) -> Result<T> {
    if CURRENT.with_borrow(Option::is_some) { check() } else { Control::new().run(check) }
}

/// Runs a stage that covers the range from `from` to `to` of the current stage.
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

/// Reports this fraction of the current stage as finished.
pub(super) fn done(part: f64) {
    CURRENT.with_borrow_mut(|running| running.iter_mut().for_each(|running| running.done = part));
}

/// The number of elements, at most `most`, in which each of `blocks` blocks can be differentiated before this fraction of
/// the current stage should be finished.
pub(super) fn affordable(most: usize, blocks: usize, until: f64) -> usize {
    CURRENT.with_borrow_mut(|running| {
        let Some(running) = running else { return most };
        let Some(budget) = running.control.budget else { return most };
        let spent = running.cost();
        // Its part of the time; more if earlier work left much of it.
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

/// Whether the time is over.
pub(super) fn is_spent() -> bool {
    CURRENT.with_borrow_mut(|running| {
        let Some(running) = running else { return false };
        let spent = running.control.budget.is_some_and(|budget| running.cost() >= budget);
        running.spared |= spent;
        spent
    })
}

/// The message of a check that skipped something for lack of time.
pub(super) fn limited() -> Option<Message> {
    let budget = CURRENT.with_borrow(|running| {
        running.as_ref().filter(|running| running.spared).and_then(|running| running.control.budget)
    })?;
    Some(text!("method-limited", seconds = format!("{:.1}", budget.as_secs_f64())))
}

/// Calls the user's code: a panic becomes an error, and after an interrupt no code is called.
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
            "return an error that names the expected shapes, or pass matching shapes",
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

/// Reports the progress if it is due, and returns an error after an interrupt.
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
        // The callback may run a check of its own: nothing is borrowed during the call.
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

/// Panics of guarded code are reported as errors: the program's panic hook prints only the others.
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
