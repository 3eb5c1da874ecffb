//! The memory that the system can still give, and the refusal of what does not fit.
//!
//! Many systems promise more memory than they have, and end a process that writes to all of it. Large demands are therefore
//! compared with what is available before they are made.

use crate::{Error, Result};
use std::fs;

/// The bytes that the system can still give to this process, if it says so: on Linux, the smaller of the available memory and
/// of what the control group leaves.
pub fn available() -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).ok();
    let number = |path: &str| read(path)?.trim().parse::<u64>().ok();
    let system = read("/proc/meminfo").and_then(|text| available_in(&text));
    let group = number("/sys/fs/cgroup/memory.max")
        .map(|most| most.saturating_sub(number("/sys/fs/cgroup/memory.current").unwrap_or(0)));
    [system, group].into_iter().flatten().min()
}

/// The available memory in the text of `/proc/meminfo`.
fn available_in(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Returns an error if `what` needs more bytes than are available. Where the system does not say how much that is, everything
/// fits.
///
/// # Errors
/// [`Error::OutOfMemory`].
pub fn must_fit(what: &str, bytes: u64, help: &str) -> Result<()> {
    must_fit_in(available(), what, bytes, help)
}

fn must_fit_in(available: Option<u64>, what: &str, bytes: u64, help: &str) -> Result<()> {
    let Some(available) = available.filter(|available| bytes > *available) else {
        return Ok(());
    };
    let [needed, left] = [bytes, available].map(|bytes| bytes as f64 / f64::from(1 << 30));
    let problem = format!("it needs {needed:.2} GiB of memory, and {left:.2} GiB are available");
    Err(Error::OutOfMemory { what: what.into(), problem, help: help.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn what_does_not_fit_is_refused() {
        let gib = 1 << 30;
        for (available, fits) in
            [(Some(3 * gib), true), (Some(3 * gib - 1), false), (Some(0), false), (None, true)]
        {
            let result = must_fit_in(available, "the training", 3 * gib, "use a smaller batch");
            assert_eq!(result.is_ok(), fits, "{available:?}");
        }
        let error =
            must_fit_in(Some(gib), "the training", 3 * gib, "use a smaller batch").expect_err("too much");
        assert_eq!(error.kind(), ErrorKind::OutOfMemory);
        assert_eq!(error.message(), "the training: it needs 3.00 GiB of memory, and 1.00 GiB are available");
    }

    #[test]
    fn the_text_of_the_system_is_understood() {
        let text = "MemTotal:       16384 kB\nMemFree:         1024 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(available_in(text), Some(2048 * 1024));
        for text in ["", "MemAvailable: many kB", "MemAvailable: 1", "MemAvailable: 99999999999999999999 kB"]
        {
            assert_eq!(available_in(text), None, "{text}");
        }
        #[cfg(target_os = "linux")]
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
    }
}
