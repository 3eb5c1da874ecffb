//! Windows of a sequence of tokens: the samples of a language model.

use retrograde_base::error::{Error, Result};
use std::sync::Arc;

/// Windows of `context` tokens of a sequence, one behind the other, as features; the targets are the same windows one token later.
/// Clones share the sequence.
///
/// In a training the windows of a batch all move by the same number of tokens, so that it sees each part of the sequence in each
/// position.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::Windows;
///
/// let windows = Windows::new(vec![5, 6, 7, 8, 9, 0], 2)?;
/// assert_eq!((windows.len(), windows.context()), (2, 2));
/// assert_eq!((windows.tokens(1, 0), windows.next_tokens(1, 0)), (&[7, 8][..], &[8, 9][..]));
/// // Moved by one token.
/// assert_eq!(windows.tokens(1, 1), [8, 9]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    sequence: Arc<[u32]>,
    /// Where each begins; none: one behind the other.
    starts: Option<Arc<[u32]>>,
    context: usize,
}

impl Windows {
    /// The windows of a sequence.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the context is 0, or the sequence has fewer than `context` + 1 tokens or more than 2³² − 1.
    pub fn new(sequence: impl Into<Arc<[u32]>>, context: usize) -> Result<Self> {
        let sequence = sequence.into();
        if context == 0 {
            return Err(Error::invalid("context", "it is 0", "give at least 1 token"));
        }
        if sequence.len() <= context || u32::try_from(sequence.len()).is_err() {
            let problem =
                format!("{} tokens for windows of {context} and the token behind them", sequence.len());
            let help = "give a longer sequence of at most 4294967295 tokens, or a shorter context";
            return Err(Error::invalid("sequence of tokens", problem, help));
        }
        Ok(Windows { sequence, starts: None, context })
    }

    /// The tokens of a window.
    pub fn context(&self) -> usize {
        self.context
    }

    /// The number of windows; at least 1.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.starts.as_ref().map_or((self.sequence.len() - 1) / self.context, |starts| starts.len())
    }

    /// Whether they are all windows of the sequence, one behind the other.
    pub(in crate::data) fn are_all(&self) -> bool {
        self.starts.is_none()
    }

    /// The whole sequence.
    pub fn sequence(&self) -> &[u32] {
        &self.sequence
    }

    /// The tokens of a window that has moved by `shift` tokens, or by fewer at the end of the sequence.
    ///
    /// # Panics
    /// If there is no such window.
    pub fn tokens(&self, window: usize, shift: usize) -> &[u32] {
        let start = self.start(window, shift);
        &self.sequence[start..start + self.context]
    }

    /// The token behind each token of [`tokens`](Self::tokens).
    ///
    /// # Panics
    /// If there is no such window.
    pub fn next_tokens(&self, window: usize, shift: usize) -> &[u32] {
        let start = self.start(window, shift) + 1;
        &self.sequence[start..start + self.context]
    }

    fn start(&self, window: usize, shift: usize) -> usize {
        assert!(window < self.len(), "window {window} of {}", self.len());
        let start = self.starts.as_ref().map_or(window * self.context, |starts| starts[window] as usize);
        start.saturating_add(shift).min(self.sequence.len() - 1 - self.context)
    }

    /// These windows, which exist.
    pub(super) fn select(&self, windows: &[u32]) -> Self {
        let starts = windows.iter().map(|&window| self.start(window as usize, 0) as u32).collect();
        Windows { starts: Some(starts), ..self.clone() }
    }

    /// The bytes of memory.
    pub(super) fn memory(&self) -> usize {
        self.starts.as_ref().map_or(0, |starts| size_of_val(&**starts)) + size_of_val(&*self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_end_before_the_last_token_and_are_selected() {
        let windows = Windows::new((0..10).collect::<Vec<u32>>(), 3).unwrap();
        assert_eq!(windows.len(), 3);
        assert_eq!((windows.tokens(2, 0), windows.next_tokens(2, 0)), (&[6, 7, 8][..], &[7, 8, 9][..]));
        // At the end of the sequence it does not move any further.
        assert_eq!(windows.next_tokens(2, usize::MAX), [7, 8, 9]);
        assert_eq!(windows.tokens(0, 2), [2, 3, 4]);
        let selected = windows.select(&[2, 0]);
        assert_eq!(
            (selected.len(), selected.tokens(0, 0), selected.tokens(1, 1)),
            (2, &[6, 7, 8][..], &[1, 2, 3][..])
        );
    }

    #[test]
    fn sequences_that_are_too_short_are_errors() {
        assert_eq!(Windows::new(vec![1, 2], 1).unwrap().len(), 1);
        let error = Windows::new(vec![1, 2], 2).unwrap_err().to_string();
        assert!(error.contains("2 tokens for windows of 2"), "{error}");
        assert!(Windows::new(vec![1, 2], 0).unwrap_err().to_string().contains("context"));
    }
}
