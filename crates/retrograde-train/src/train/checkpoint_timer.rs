//! The intervals between checkpoints.

use retrograde_base::clock::Instant;
use std::time::Duration;

/// The least interval by default.
const MIN_INTERVAL: Duration = Duration::from_secs(2);

/// The least interval by default, relative to the time of a write: checkpoints take at most 1 % of the time.
const MIN_COST_RATIO: u32 = 100;

/// Decides when the next checkpoint is due.
#[derive(Debug)]
pub(super) struct CheckpointTimer {
    /// The interval set by the user.
    interval: Option<Duration>,
    /// The duration of the last write.
    cost: Duration,
    /// The end of the last write.
    written: Instant,
}

impl CheckpointTimer {
    pub fn new(interval: Option<Duration>, now: Instant) -> Self {
        CheckpointTimer { interval, cost: Duration::ZERO, written: now }
    }

    /// Whether a checkpoint is due.
    pub fn is_due(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.written) >= self.interval()
    }

    /// Restarts the timer after a write from `begin` to `end`.
    pub fn restart(&mut self, begin: Instant, end: Instant) {
        self.cost = end.saturating_duration_since(begin);
        self.written = end;
    }

    fn interval(&self) -> Duration {
        self.interval.unwrap_or_else(|| MIN_INTERVAL.max(self.cost.saturating_mul(MIN_COST_RATIO)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_take_one_percent_of_the_time_at_most() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut timer = CheckpointTimer::new(None, start);
        assert!(!timer.is_due(at(1_999)) && timer.is_due(at(2_000)));
        // 20 milliseconds are 1 % of 2 seconds; 70 of 7.
        for (cost, interval) in [(5, 2_000), (20, 2_000), (70, 7_000)] {
            timer.restart(at(1_000), at(1_000 + cost));
            assert!(!timer.is_due(at(1_000 + cost + interval - 1)), "{cost}");
            assert!(timer.is_due(at(1_000 + cost + interval)), "{cost}");
        }
        // A clock that goes back does not make a checkpoint due.
        assert!(!timer.is_due(start));
    }

    #[test]
    fn an_explicit_interval_does_not_depend_on_the_cost() {
        let start = Instant::now();
        let mut timer = CheckpointTimer::new(Some(Duration::from_millis(300)), start);
        timer.restart(start, start + Duration::from_secs(1));
        assert!(!timer.is_due(start + Duration::from_millis(1_299)));
        assert!(timer.is_due(start + Duration::from_millis(1_300)));
        assert!(CheckpointTimer::new(Some(Duration::ZERO), start).is_due(start));
        assert!(
            !CheckpointTimer::new(Some(Duration::MAX), start).is_due(start + Duration::from_secs(1 << 30))
        );
    }
}
