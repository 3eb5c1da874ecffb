//! The diagnosis and the rules of others, counted on the same runs.

use crate::interval::exact;
use crate::programs::{DataKind, Facts};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What was said of one run.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Whether something is said to be wrong.
    pub alarm: bool,
    /// The causes in the order in which they are named.
    pub causes: Vec<String>,
    /// Whether a rerun with the change learned.
    pub repaired: bool,
    /// Seconds until it was said.
    pub seconds: f64,
}

/// All answers of one tool.
pub struct Tally {
    pub name: String,
    /// Of programs: id and the answer of each seed.
    pub programs: BTreeMap<String, Vec<Answer>>,
    /// Of healthy runs that are held out, and of those for calibration.
    pub healthy: [Vec<(String, Answer)>; 2],
}

impl Tally {
    pub fn new(name: impl Into<String>) -> Self {
        Tally { name: name.into(), programs: BTreeMap::new(), healthy: [Vec::new(), Vec::new()] }
    }

    /// Lines of a table: programs that are plainly faulty, by these facts.
    pub fn lines(&self, facts: &[Facts]) -> String {
        let mut text = String::new();
        let is_complete = |facts: &&Facts| facts.data != DataKind::StandIn;
        let faulty: Vec<&Facts> = facts.iter().filter(|facts| facts.class == "faulty").collect();
        let complete: Vec<&Facts> = faulty.iter().copied().filter(is_complete).collect();
        let stand_in: Vec<&Facts> = faulty.iter().copied().filter(|facts| !is_complete(facts)).collect();
        for (what, of) in [("faulty, rows as described", complete), ("faulty, stand-in rows", stand_in)] {
            let line = |text: &mut String, count: &str, test: &dyn Fn(&Answer, &Facts) -> bool| {
                let _ = writeln!(text, "  {what}: {count} {}", self.share(&of, test));
            };
            line(&mut text, "detected", &|answer, _| answer.alarm);
            line(&mut text, "first cause right", &|answer, facts| is_right(answer.causes.first(), facts));
            line(&mut text, "any cause right", &|answer, facts| {
                answer.causes.iter().any(|c| is_right(Some(c), facts))
            });
            line(&mut text, "repair verified", &|answer, _| answer.repaired);
        }
        let doubtful: Vec<&Facts> = facts.iter().filter(|facts| facts.class == "doubtful").collect();
        let is_fitting = |answer: &Answer, facts: &Facts| {
            let may_be_healthy = facts.accept.iter().any(|cause| cause.starts_with("healthy"));
            if answer.alarm { is_right(answer.causes.first(), facts) } else { may_be_healthy }
        };
        let _ = writeln!(text, "  doubtful: fitting answer {}", self.share(&doubtful, &is_fitting));
        let healthy: Vec<&Facts> = facts.iter().filter(|facts| facts.class == "healthy").collect();
        let _ = writeln!(
            text,
            "  healthy programs of the file: alarm {}",
            self.share(&healthy, &|answer, _| answer.alarm)
        );
        text
    }

    /// Alarms on healthy runs, and which.
    pub fn alarms(&self) -> String {
        let mut text = String::new();
        for (part, runs) in ["held out", "calibration"].iter().zip(&self.healthy) {
            let alarms: Vec<&(String, Answer)> = runs.iter().filter(|(_, answer)| answer.alarm).collect();
            let _ = writeln!(text, "  healthy runs, {part}: alarms {}", shown(alarms.len(), runs.len()));
            let mut by: BTreeMap<String, usize> = BTreeMap::new();
            for (id, answer) in alarms {
                let cause = answer.causes.first().map_or("?", String::as_str);
                *by.entry(format!("{id} {cause}")).or_default() += 1;
            }
            for (what, count) in by {
                let _ = writeln!(text, "    {what}: {count}");
            }
        }
        text
    }

    /// The share of programs with more than half of their runs so, by program and by family.
    fn share(&self, facts: &[&Facts], test: &dyn Fn(&Answer, &Facts) -> bool) -> String {
        let mut families: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
        let (mut hits, mut count, mut run_hits, mut runs) = (0, 0, 0, 0);
        for facts in facts {
            let Some(answers) = self.programs.get(&facts.id) else { continue };
            let right = answers.iter().filter(|answer| test(answer, facts)).count();
            let is_hit = 2 * right > answers.len();
            run_hits += right;
            runs += answers.len();
            hits += usize::from(is_hit);
            count += 1;
            let family = families.entry(&facts.family).or_default();
            family[0] += usize::from(is_hit);
            family[1] += 1;
        }
        let whole = families.values().filter(|[hits, count]| 2 * hits > *count).count();
        format!(
            "{} of programs, {} of families, {run_hits} of {runs} runs",
            shown(hits, count),
            shown(whole, families.len())
        )
    }
}

fn is_right(cause: Option<&String>, facts: &Facts) -> bool {
    cause.is_some_and(|cause| facts.accept.contains(cause))
}

fn shown(hits: usize, count: usize) -> String {
    if count == 0 {
        return "none".into();
    }
    let (low, high) = exact(hits, count);
    let percent = |share: f64| 100.0 * share;
    format!(
        "{hits}/{count} = {:.1} % [{:.1}, {:.1}]",
        percent(hits as f64 / count as f64),
        percent(low),
        percent(high)
    )
}
