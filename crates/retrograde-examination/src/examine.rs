//! The examination: draws cases, runs the check on each, and counts.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::adapter::{self, Answer, NamedCause, Said};
use crate::case::{Case, Precision};
use crate::draw;
use crate::fault::{self, Fault, Outcome};
use crate::interval::clopper_pearson;
use crate::judge::{Evidence, Meaning, Trial};
use crate::random::Random;
use crate::visible::{self, Beyond};

/// What is to be examined.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many right cases.
    pub right: usize,
    /// How many faulty ones.
    pub faulty: usize,
    /// The seed of all.
    pub seed: u64,
    /// Only cases of this base layer, or of this subject (`layer`, `loss`, `network`).
    pub only: Option<String>,
    /// Only cases whose code computes in this precision: few draws do in a lower one.
    pub precision: Option<Precision>,
    /// On how many threads.
    pub threads: usize,
}

/// What can go wrong in one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Failure {
    /// Right code was called wrong.
    RightCalledWrong,
    /// Of right code, neither could be said.
    RightInconclusive,
    /// The check refused right code, or panicked.
    RightFailed,
    /// Faulty code was not called wrong.
    NotDetected,
    /// The first wrong layer is another.
    WrongPlace,
    /// A cause was named that is not true.
    FalseCause,
    /// The fault has a plain cause, and it was not named.
    CauseNotNamed,
}

/// A case in which something went wrong, as text that repeats and shows it.
#[derive(Debug, Clone)]
pub struct Failed {
    /// What went wrong.
    pub failure: Failure,
    /// The seed of the case.
    pub seed: u64,
    /// How many numbers the case has: the smallest are shown first.
    pub size: usize,
    /// The sources, the numbers and the report.
    pub text: String,
}

/// What was counted.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Events by name.
    pub counts: BTreeMap<&'static str, usize>,
    /// What became of draws that are no cases, by reason.
    pub left_out: BTreeMap<String, usize>,
    /// The titles of named causes, with how often each was true, false, or a reader's to judge.
    pub causes: BTreeMap<(String, Trial), usize>,
    /// Cases in which something went wrong.
    pub failed: Vec<Failed>,
    /// The last case and what the check said of it.
    pub last: String,
}

impl Tally {
    fn count(&mut self, event: &'static str) {
        *self.counts.entry(event).or_default() += 1;
    }

    /// How often something happened.
    pub fn of(&self, event: &str) -> usize {
        self.counts.get(event).copied().unwrap_or(0)
    }

    fn add(&mut self, other: Tally) {
        for (event, count) in other.counts {
            *self.counts.entry(event).or_default() += count;
        }
        for (reason, count) in other.left_out {
            *self.left_out.entry(reason).or_default() += count;
        }
        for (cause, count) in other.causes {
            *self.causes.entry(cause).or_default() += count;
        }
        self.failed.extend(other.failed);
        self.last = other.last;
    }

    fn fail(&mut self, failure: Failure, seed: u64, case: &Case, head: &str, said: &Said) {
        let text = format!("{head}{}\nThe check said:\n\n{}", case.describe(), said.text);
        self.failed.push(Failed { failure, seed, size: text.len(), text });
    }
}

/// Runs the examination. `progress` is called with the number of cases that are done, now and then.
///
/// # Panics
///
/// When the generator contradicts itself: right code whose claim is not the derivative.
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

/// The case of this number: draws until one can be examined.
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

/// Examines the right case of a seed; false where it is left out.
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
        *tally.left_out.entry(format!("right: {reason:?}")).or_default() += 1;
        return false;
    }
    let said = adapter::run(&case);
    tally.last = format!("{}\nThe check said:\n\n{}", case.describe(), said.text);
    tally.count("right");
    let (event, failure) = match said.verdict {
        Answer::Right => return true,
        Answer::Wrong => ("right called wrong", Failure::RightCalledWrong),
        Answer::Inconclusive => ("right inconclusive", Failure::RightInconclusive),
        Answer::Failed => ("right failed", Failure::RightFailed),
    };
    tally.count(event);
    tally.fail(failure, seed, &case, "", &said);
    true
}

/// Examines the mutant of a seed; false where it is left out.
pub fn faulty(seed: u64, only: Option<&str>, tally: &mut Tally) -> bool {
    let fault = match fault::faulty(seed, only) {
        Outcome::Faulty(fault) => fault,
        other => {
            *tally.left_out.entry(format!("faulty: {}", other.name())).or_default() += 1;
            return false;
        }
    };
    let said = adapter::run(&fault.case);
    let head = format!(
        "{:?} in {}, wrong: {:?}\n{}\n",
        fault.kind, fault.case.units[fault.unit].program.name, fault.wrong, fault.difference
    );
    tally.last = format!("{head}{}\nThe check said:\n\n{}", fault.case.describe(), said.text);
    tally.count("faulty");
    if said.verdict != Answer::Wrong {
        tally.fail(Failure::NotDetected, seed, &fault.case, &head, &said);
        return true;
    }
    tally.count("detected");
    if said.first_wrong == Some(fault.unit) {
        tally.count("place");
    } else {
        tally.fail(Failure::WrongPlace, seed, &fault.case, &head, &said);
    }
    causes(seed, &fault, &said, &head, tally);
    true
}

/// Tries the causes that the check named.
fn causes(seed: u64, fault: &Fault, said: &Said, head: &str, tally: &mut Tally) {
    let Some(evidence) = Evidence::new(fault, &mut Random::new(seed)) else { return };
    let wrong = evidence.wrong();
    let plain: Vec<Vec<Meaning>> = wrong.iter().map(|&block| evidence.plain(block)).collect();
    let is_plain = !wrong.is_empty() && plain.iter().all(|meanings| !meanings.is_empty());
    let head = format!("{head}plain causes, for blocks {wrong:?}: {plain:?}\n");
    let mut trials = Vec::new();
    for named in &said.causes {
        let trial = trial(&evidence, fault, named, &said.causes);
        *tally.causes.entry((named.title.clone(), trial)).or_default() += 1;
        trials.push(trial);
    }
    let named = !trials.is_empty();
    let is_true = trials.contains(&Trial::True);
    tally.count(if is_plain { "plain" } else { "not plain" });
    if named {
        tally.count(if is_plain { "plain, named" } else { "not plain, named" });
    }
    if is_true {
        tally.count(if is_plain { "plain, true" } else { "not plain, true" });
    }
    if trials.contains(&Trial::False) {
        tally.count("false cause");
        tally.fail(Failure::FalseCause, seed, &fault.case, &head, said);
    }
    if is_plain && !named {
        tally.fail(Failure::CauseNotNamed, seed, &fault.case, &head, said);
    }
}

fn trial(evidence: &Evidence, fault: &Fault, named: &NamedCause, all: &[NamedCause]) -> Trial {
    match named.unit {
        None => return Trial::Open,
        Some(unit) if unit != fault.unit => return Trial::False,
        Some(_) => {}
    }
    let blocks: Option<Vec<usize>> = named.blocks.iter().map(|name| evidence.block(name)).collect();
    let Some(blocks) = blocks.filter(|blocks| !blocks.is_empty()) else { return Trial::Open };
    let holds = blocks.iter().all(|&block| evidence.holds(&named.meaning, block));
    // Of several causes of one block each is true of what the others leave.
    let of_the_block = |one: &&NamedCause| one.unit == named.unit && one.blocks == named.blocks;
    let together: Vec<&Meaning> = all.iter().filter(of_the_block).map(|one| &one.meaning).collect();
    match &named.meaning {
        Meaning::Other => Trial::Open,
        _ if holds => Trial::True,
        _ if together.len() > 1 => {
            let all: Option<Vec<bool>> =
                blocks.iter().map(|&block| evidence.holds_together(&together, block)).collect();
            match all {
                None => Trial::Open,
                Some(all) if all.iter().all(|holds| *holds) => Trial::True,
                Some(_) => Trial::False,
            }
        }
        // Positions are those of the input that the report shows, which may have other rows.
        Meaning::ZeroAt(0, _) | Meaning::Shares(0, _) => Trial::Open,
        _ => Trial::False,
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
        row(f, "right: refused, or a panic", self.of("right failed"), right, "0")?;
        row(f, "right: inconclusive", self.of("right inconclusive"), right, "at most 1 %")?;
        row(f, "right draws beyond f64", self.of("right beyond f64"), self.of("right drawn"), "at most 2 %")?;
        let (faulty, detected) = (self.of("faulty"), self.of("detected"));
        row(f, "faulty: detected", detected, faulty, "99 %")?;
        row(f, "first wrong place, of detected", self.of("place"), detected, "99 %")?;
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
        writeln!(f, "\nDraws that are no cases:")?;
        self.left_out.iter().try_for_each(|(reason, count)| writeln!(f, "  {count:6}  {reason}"))
    }
}

impl Tally {
    /// The causes that were named, the most frequent first.
    pub fn named_causes(&self) -> String {
        let mut rows: Vec<_> = self.causes.iter().collect();
        rows.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        rows.iter().fold(String::new(), |mut text, ((title, trial), count)| {
            let _ = writeln!(text, "  {count:6}  {trial:?}  {title}");
            text
        })
    }
}
