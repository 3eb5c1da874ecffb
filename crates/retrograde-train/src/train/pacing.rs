//! When the next checkpoint is due.

use retrograde_base::clock::Instant;
use std::time::Duration;

/// Unless said otherwise, this much time passes between two checkpoints at least.
const EVERY: Duration = Duration::from_secs(2);

/// And this many times as long as the last one took: so checkpoints take 1 % of the time at most.
const PATIENCE: u32 = 100;

/// The pauses between checkpoints.
#[derive(Debug)]
pub(super) struct Pacing {
    /// The pause that was asked for.
    asked: Option<Duration>,
    /// How long the last checkpoint took to write.
    cost: Duration,
    /// When it was written.
    written: Instant,
}

impl Pacing {
    pub fn new(asked: Option<Duration>, now: Instant) -> Self {
        Pacing { asked, cost: Duration::ZERO, written: now }
    }

    /// Whether a checkpoint is due.
    pub fn is_due(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.written) >= self.pause()
    }

    /// A checkpoint has been written, from `begin` to `end`.
    pub fn wrote(&mut self, begin: Instant, end: Instant) {
        self.cost = end.saturating_duration_since(begin);
        self.written = end;
    }

    /// The least time between two checkpoints.
    fn pause(&self) -> Duration {
        self.asked.unwrap_or_else(|| EVERY.max(self.cost.saturating_mul(PATIENCE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_take_one_percent_of_the_time_at_most() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut pacing = Pacing::new(None, start);
        assert!(!pacing.is_due(at(1_999)) && pacing.is_due(at(2_000)));
        // 20 milliseconds are 1 % of 2 seconds; 70 of 7.
        for (cost, pause) in [(5, 2_000), (20, 2_000), (70, 7_000)] {
            pacing.wrote(at(1_000), at(1_000 + cost));
            assert!(!pacing.is_due(at(1_000 + cost + pause - 1)), "{cost}");
            assert!(pacing.is_due(at(1_000 + cost + pause)), "{cost}");
        }
        // A clock that seems to go back is no reason to write.
        assert!(!pacing.is_due(start));
    }

    #[test]
    fn what_was_asked_for_holds_whatever_it_costs() {
        let start = Instant::now();
        let mut pacing = Pacing::new(Some(Duration::from_millis(300)), start);
        pacing.wrote(start, start + Duration::from_secs(1));
        assert!(!pacing.is_due(start + Duration::from_millis(1_299)));
        assert!(pacing.is_due(start + Duration::from_millis(1_300)));
        assert!(Pacing::new(Some(Duration::ZERO), start).is_due(start));
        assert!(!Pacing::new(Some(Duration::MAX), start).is_due(start + Duration::from_secs(1 << 30)));
    }
}
