//! The examination: draws cases, runs the check on each, and counts.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::adapter::{self, CheckResult, CheckVerdict, NamedCause};
use crate::case::{Case, Precision};
use crate::draw;
use crate::interval::clopper_pearson;
use crate::judge::{CauseVerdict, Evidence, TestableCause};
use crate::mutant::{self, Mutant, Outcome};
use crate::random::Random;
use crate::visible::{self, Beyond};

/// The settings of an examination.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The number of right cases.
    pub right: usize,
    /// The number of faulty cases.
    pub faulty: usize,
    /// The seed of all draws.
    pub seed: u64,
    /// Only cases of this base layer, or of this subject (`layer`, `loss`, `network`).
    pub only: Option<String>,
    /// Only cases in this precision.
    pub precision: Option<Precision>,
    /// The number of threads.
    pub threads: usize,
}

/// A failure of the check in one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// A false positive: right code was called wrong.
    RightCalledWrong,
    /// Right code was inconclusive.
    RightInconclusive,
    /// The check returned an error for right code, or panicked.
    RightFailed,
    /// A false negative: faulty code was not called wrong.
    NotDetected,
    /// The first wrong layer is not the mutated one.
    WrongPlace,
    /// A false cause was named.
    FalseCause,
    /// The mutant has a plain cause, and it was not named.
    CauseNotNamed,
}

/// A failed case.
#[derive(Debug, Clone)]
pub struct Failed {
    /// The failure.
    pub failure: Failure,
    /// The seed of the case.
    pub seed: u64,
    /// The number of elements of the case: the smallest cases are printed first.
    pub size: usize,
    /// The sources, the numbers and the report.
    pub text: String,
}

/// The counts of an examination.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Events by name.
    pub counts: BTreeMap<&'static str, usize>,
    /// The excluded draws, by reason.
    pub excluded: BTreeMap<String, usize>,
    /// The titles of named causes, with the number of times each was true, false, or left to a reader.
    pub causes: BTreeMap<(String, CauseVerdict), usize>,
    /// The failed cases.
    pub failed: Vec<Failed>,
    /// The last case and its report.
    pub last: String,
}

impl Tally {
    fn count(&mut self, event: &'static str) {
        *self.counts.entry(event).or_default() += 1;
    }

    /// The count of an event.
    pub fn of(&self, event: &str) -> usize {
        self.counts.get(event).copied().unwrap_or(0)
    }

    fn add(&mut self, other: Tally) {
        for (event, count) in other.counts {
            *self.counts.entry(event).or_default() += count;
        }
        for (reason, count) in other.excluded {
            *self.excluded.entry(reason).or_default() += count;
        }
        for (cause, count) in other.causes {
            *self.causes.entry(cause).or_default() += count;
        }
        self.failed.extend(other.failed);
        self.last = other.last;
    }

    fn fail(&mut self, failure: Failure, seed: u64, case: &Case, head: &str, result: &CheckResult) {
        let text = format!("{head}{}\nThe report of the check:\n\n{}", case.describe(), result.text);
        self.failed.push(Failed { failure, seed, size: text.len(), text });
    }
}

/// Runs the examination. `progress` is called repeatedly with the number of finished cases and of all cases.
///
/// # Panics
///
/// If the generator contradicts itself: right code whose gradient is not the derivative.
pub fn examine(settings: &Settings, progress: &(dyn Fn(usize, usize) + Sync)) -> Tally {
    let total = settings.right + settings.faulty;
    let next = AtomicUsize::new(0);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..settings.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= total {
                        break;
                    }
                    let done = one(settings, number);
                    tally.lock().expect("no thread panics while it adds").add(done);
                    if number % 1000 == 999 {
                        progress(number + 1, total);
                    }
                }
            });
        }
    });
    let mut tally = tally.into_inner().expect("no thread panics while it adds");
    tally.failed.sort_by_key(|failed| (failed.failure, failed.size, failed.seed));
    tally
}

/// Examines the case of this index: draws until one is not excluded.
fn one(settings: &Settings, number: usize) -> Tally {
    let mut random =
        Random::new(settings.seed.wrapping_add(number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut tally = Tally::default();
    loop {
        let seed = random.seed();
        let only = settings.only.as_deref();
        let drawn = || draw::plain(&mut Random::new(seed), only).precision;
        if settings.precision.is_some_and(|precision| precision != drawn()) {
            continue;
        }
        let examined = if number < settings.right {
            right(seed, only, &mut tally)
        } else {
            faulty(seed, only, &mut tally)
        };
        if examined {
            return tally;
        }
    }
}

/// Examines the right case of a seed; false if it is excluded.
pub fn right(seed: u64, only: Option<&str>, tally: &mut Tally) -> bool {
    let case = draw::right(seed, only);
    let exact = visible::exact(&case, &mut Random::new(seed));
    // Where a convention is not right by consequence, the draw is no right code.
    if !matches!(exact, Err(Beyond::Convention)) {
        tally.count("right drawn");
        if exact.is_err() {
            tally.count("right beyond f64");
        }
    }
    if let Err(reason) = exact {
        *tally.excluded.entry(format!("right: {reason:?}")).or_default() += 1;
        return false;
    }
    let result = adapter::run(&case);
    tally.last = format!("{}\nThe report of the check:\n\n{}", case.describe(), result.text);
    tally.count("right");
    let (event, failure) = match result.verdict {
        CheckVerdict::Right => return true,
        CheckVerdict::Wrong => ("right called wrong", Failure::RightCalledWrong),
        CheckVerdict::Inconclusive => ("right inconclusive", Failure::RightInconclusive),
        CheckVerdict::Failed => ("right failed", Failure::RightFailed),
    };
    tally.count(event);
    tally.fail(failure, seed, &case, "", &result);
    true
}

/// Examines the mutant of a seed; false if it is excluded.
pub fn faulty(seed: u64, only: Option<&str>, tally: &mut Tally) -> bool {
    let mutant = match mutant::faulty(seed, only) {
        Outcome::Faulty(mutant) => mutant,
        other => {
            *tally.excluded.entry(format!("faulty: {}", other.name())).or_default() += 1;
            return false;
        }
    };
    let result = adapter::run(&mutant.case);
    let head = format!(
        "{:?} in {}, wrong: {:?}\n{}\n",
        mutant.kind, mutant.case.units[mutant.unit].program.name, mutant.wrong, mutant.difference
    );
    tally.last = format!("{head}{}\nThe report of the check:\n\n{}", mutant.case.describe(), result.text);
    tally.count("faulty");
    if result.verdict != CheckVerdict::Wrong {
        tally.fail(Failure::NotDetected, seed, &mutant.case, &head, &result);
        return true;
    }
    tally.count("detected");
    if result.first_wrong == Some(mutant.unit) {
        tally.count("place");
    } else {
        tally.fail(Failure::WrongPlace, seed, &mutant.case, &head, &result);
    }
    causes(seed, &mutant, &result, &head, tally);
    true
}

/// Tests the causes that the check named.
fn causes(seed: u64, mutant: &Mutant, result: &CheckResult, head: &str, tally: &mut Tally) {
    let Some(evidence) = Evidence::new(mutant, &mut Random::new(seed)) else { return };
    let wrong = evidence.wrong();
    let plain: Vec<Vec<TestableCause>> = wrong.iter().map(|&block| evidence.plain(block)).collect();
    let is_plain = !wrong.is_empty() && plain.iter().all(|meanings| !meanings.is_empty());
    let head = format!("{head}plain causes, for blocks {wrong:?}: {plain:?}\n");
    let mut trials = Vec::new();
    for named in &result.causes {
        let cause_verdict = cause_verdict(&evidence, mutant, named, &result.causes);
        *tally.causes.entry((named.title.clone(), cause_verdict)).or_default() += 1;
        trials.push(cause_verdict);
    }
    let named = !trials.is_empty();
    let is_true = trials.contains(&CauseVerdict::True);
    tally.count(if is_plain { "plain" } else { "not plain" });
    if named {
        tally.count(if is_plain { "plain, named" } else { "not plain, named" });
    }
    if is_true {
        tally.count(if is_plain { "plain, true" } else { "not plain, true" });
    }
    if trials.contains(&CauseVerdict::False) {
        tally.count("false cause");
        tally.fail(Failure::FalseCause, seed, &mutant.case, &head, result);
    }
    if is_plain && !named {
        tally.fail(Failure::CauseNotNamed, seed, &mutant.case, &head, result);
    }
}

fn cause_verdict(
    evidence: &Evidence,
    mutant: &Mutant,
    named: &NamedCause,
    all: &[NamedCause],
) -> CauseVerdict {
    match named.unit {
        None => return CauseVerdict::Open,
        Some(unit) if unit != mutant.unit => return CauseVerdict::False,
        Some(_) => {}
    }
    let blocks: Option<Vec<usize>> = named.blocks.iter().map(|name| evidence.block(name)).collect();
    let Some(blocks) = blocks.filter(|blocks| !blocks.is_empty()) else { return CauseVerdict::Open };
    let holds = blocks.iter().all(|&block| evidence.holds(&named.testable, block));
    // Of several causes of one block each is true of what the others leave.
    let of_the_block = |one: &&NamedCause| one.unit == named.unit && one.blocks == named.blocks;
    let together: Vec<&TestableCause> = all.iter().filter(of_the_block).map(|one| &one.testable).collect();
    match &named.testable {
        TestableCause::Other => CauseVerdict::Open,
        _ if holds => CauseVerdict::True,
        _ if together.len() > 1 => {
            let all: Option<Vec<bool>> =
                blocks.iter().map(|&block| evidence.holds_together(&together, block)).collect();
            match all {
                None => CauseVerdict::Open,
                Some(all) if all.iter().all(|holds| *holds) => CauseVerdict::True,
                Some(_) => CauseVerdict::False,
            }
        }
        // Positions are those of the input that the report shows, which may have other rows.
        TestableCause::ZeroAt(0, _) | TestableCause::Shares(0, _) => CauseVerdict::Open,
        _ => CauseVerdict::False,
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |f: &mut fmt::Formatter<'_>, what: &str, seen: usize, count: usize, target: &str| {
            let (low, high) = clopper_pearson(seen, count);
            let percent = |share: f64| format!("{:.2} %", 100.0 * share);
            let share = if count == 0 { "–".into() } else { percent(seen as f64 / count as f64) };
            writeln!(
                f,
                "| {what} | {seen} of {count} | {share} | {} to {} | {target} |",
                percent(low),
                percent(high)
            )
        };
        writeln!(f, "| what | count | share | 95 % interval | target |\n| --- | --- | --- | --- | --- |")?;
        let right = self.of("right");
        row(f, "right called wrong", self.of("right called wrong"), right, "0")?;
        row(f, "right: rejected, or a panic", self.of("right failed"), right, "0")?;
        row(f, "right: inconclusive", self.of("right inconclusive"), right, "at most 1 %")?;
        row(f, "right draws beyond f64", self.of("right beyond f64"), self.of("right drawn"), "at most 2 %")?;
        let (faulty, detected) = (self.of("faulty"), self.of("detected"));
        row(f, "faulty: detected", detected, faulty, "99 %")?;
        row(f, "first wrong layer, of detected", self.of("place"), detected, "99 %")?;
        row(f, "true cause, where a plain one is true", self.of("plain, true"), self.of("plain"), "85 %")?;
        row(
            f,
            "any cause there, also one for a reader to judge",
            self.of("plain, named"),
            self.of("plain"),
            "",
        )?;
        row(f, "any cause elsewhere", self.of("not plain, named"), self.of("not plain"), "")?;
        row(f, "false cause", self.of("false cause"), detected, "at most 0.2 %")?;
        writeln!(f, "\nExcluded draws:")?;
        self.excluded.iter().try_for_each(|(reason, count)| writeln!(f, "  {count:6}  {reason}"))
    }
}

impl Tally {
    /// The named causes, the most frequent first.
    pub fn named_causes(&self) -> String {
        let mut rows: Vec<_> = self.causes.iter().collect();
        rows.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        rows.iter().fold(String::new(), |mut text, ((title, cause_verdict), count)| {
            let _ = writeln!(text, "  {count:6}  {cause_verdict:?}  {title}");
            text
        })
    }
}
