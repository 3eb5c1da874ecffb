//! Whether a data set is read in pieces, and where its scratch files are.

use super::DataOptions;
use retrograde_base::memory;
use std::path::PathBuf;

/// The note in the description of a data set that is read in pieces.
pub(super) const NOTE: &str = "rows are read from a file as they are needed";

/// What a set in memory takes at most, in sizes of its file: the bytes of the file, the numbers in double precision, and the selected
/// rows of both parts.
const TIMES: u64 = 5;

impl DataOptions {
    /// Whether a set whose files have so many bytes, and at most `limit` in memory, is read in pieces.
    pub(super) fn is_in_pieces(&self, bytes: u64, limit: u64) -> bool {
        self.in_pieces || is_large(memory::available(), bytes, limit)
    }

    /// The folder of scratch files.
    pub(super) fn scratch_folder(&self) -> PathBuf {
        self.scratch.clone().unwrap_or_else(std::env::temp_dir)
    }
}

fn is_large(available: Option<u64>, bytes: u64, limit: u64) -> bool {
    bytes > limit || available.is_some_and(|available| bytes.saturating_mul(TIMES) > available / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_that_might_take_half_of_the_memory_are_large() {
        let gib = 1 << 30;
        for (available, bytes, limit, large) in [
            (Some(10 * gib), gib, 2 * gib, false),
            (Some(10 * gib), gib + 1, 2 * gib, true),
            (Some(100 * gib), 3 * gib, 2 * gib, true),
            (None, 2 * gib, 2 * gib, false),
            (Some(0), u64::MAX, u64::MAX, true),
        ] {
            assert_eq!(is_large(available, bytes, limit), large, "{available:?}, {bytes}");
        }
    }
}
