//! The profile of a plan as a table for the terminal.

use retrograde_core::graph::Role;
use retrograde_core::kernel::Peak;
use retrograde_core::plan::{Profile, StepProfile};
use std::fmt::Write;

/// The table: a line for each step of the plan in execution order, with its part of the time, its rate relative to the
/// machine's `peak`, and its output.
pub fn profile(profile: &Profile, peak: &Peak) -> String {
    let whole = profile.time().as_secs_f64().max(1e-12);
    let mut table = format!(
        "{:>7} {:>9} {:>8} {:>8} {:>7}  what it makes\n",
        "share", "µs", "GFLOP/s", "GB/s", "threads"
    );
    for step in &profile.steps {
        let seconds = step.time.as_secs_f64();
        let barrier = if step.barrier { "── barrier ──\n" } else { "" };
        let _ = writeln!(
            table,
            "{barrier}{:>6.1}% {:>9.2} {:>8.1} {:>8.1} {:>7}  {}",
            seconds / whole * 100.0,
            seconds * 1e6,
            step.gigaflops(),
            step.gigabytes_per_second(),
            step.threads,
            made(step),
        );
    }
    let threads =
        if profile.threads == 1 { "one thread".to_owned() } else { format!("{} threads", profile.threads) };
    let _ = write!(
        table,
        "\n{:.1} µs a step, over {} steps, with {threads}, {}; this machine's peak: {:.0} GFLOP/s, {:.1} GB/s read\n\
         memory of all values: {:.2} MB\n\
         Arithmetic and bytes are counted as if no element of a batch were zero; zeros are passed over, so that a product\n\
         may show more than the peak. What lies in a cache is read faster than memory.",
        whole * 1e6,
        profile.runs,
        profile.instruction_set,
        peak.gigaflops,
        peak.gigabytes_per_second,
        profile.memory as f64 / 1e6,
    );
    table
}

/// The nodes of a step: the last one's shape and scope, and all their operations.
fn made(step: &StepProfile) -> String {
    let Some(last) = step.nodes.last() else {
        return "an update stored".to_owned();
    };
    let operations: Vec<&str> =
        step.nodes.iter().filter_map(|node| node.operation().map(|operation| operation.name())).collect();
    let route = match last.role {
        Role::Forward => "",
        Role::Backward { .. } => "backward: ",
    };
    let scope = if last.scope.is_empty() { String::new() } else { format!(", {}", last.scope) };
    let name = last.name.as_ref().map_or(String::new(), |name| format!(" `{name}`"));
    format!("{route}{} {}{name}{scope}", operations.join(" "), last.value_type.shape)
}
