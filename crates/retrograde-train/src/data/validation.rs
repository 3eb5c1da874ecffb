//! A validation set, taken from the training set.

use super::{Dataset, Features, Samples, Split, Targets, Windows};
use retrograde_base::{Error, Result};

impl Dataset {
    /// The data set with a part of its training rows as a validation set: it decides when a training stops, and which network is
    /// kept (`Trainer::patience`, `Trainer::keep_best`). The test rows are then evaluated once, at the end, and their loss is an
    /// unbiased estimate for new data.
    ///
    /// Rows are drawn by `seed`, the same share of each class; of a text it is the last part. The numbers of a table stay
    /// scaled by the mean and the deviation of all its training rows.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the fraction is not between 0 and 1, or the training set is too small for it;
    /// [`Error::OutOfMemory`].
    ///
    /// # Examples
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::data::Dataset;
    ///
    /// let digits = Dataset::embedded()?.with_validation_fraction(0.1, 0)?;
    /// let validation = digits.validation().expect("one was taken");
    /// assert_eq!((digits.train().len(), validation.len(), digits.test().len()), (3600, 400, 1000));
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_validation_fraction(self, fraction: f64, seed: u64) -> Result<Self> {
        let invalid = |error: Error| match error {
            Error::OutOfMemory { .. } => error,
            error => Error::invalid("validation fraction", error.message(), error.help()),
        };
        let (train, validation) = split(self.train(), fraction, seed).map_err(invalid)?;
        Ok(self.with_validation(train, validation))
    }
}

fn split(samples: &Samples, fraction: f64, seed: u64) -> Result<(Samples, Samples)> {
    if let (Features::Tokens(windows), Targets::NextTokens { vocabulary, .. }) =
        (samples.features(), samples.targets())
        && windows.are_all()
    {
        if !(fraction > 0.0 && fraction < 1.0) {
            let problem = format!("{fraction} is not between 0 and 1");
            return Err(Error::invalid("fraction", problem, "give a number such as 0.1"));
        }
        // Windows move in a training: those of both parts must not see the other part.
        let tokens = windows.sequence();
        let parts = tokens.split_at((tokens.len() as f64 * (1.0 - fraction)).round() as usize);
        let part =
            |tokens: &[u32]| Samples::from_tokens(Windows::new(tokens, windows.context())?, *vocabulary);
        return Ok((part(parts.0)?, part(parts.1)?));
    }
    let split = if samples.labels().is_empty() {
        Split::random(samples.len(), fraction, seed)?
    } else {
        Split::stratified(samples.labels(), fraction, seed)?
    };
    let [train, validation] =
        [split.train, split.test].map(|rows| rows.into_iter().map(|row| row as u32).collect::<Vec<u32>>());
    Ok((samples.select(&train)?, samples.select(&validation)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Matrix;

    #[test]
    fn each_training_row_is_in_one_part() {
        let digits = Dataset::embedded().unwrap();
        let parts = digits.clone().with_validation_fraction(0.25, 3).unwrap();
        let validation = parts.validation().unwrap();
        assert_eq!((parts.train().len(), validation.len(), parts.test()), (3000, 1000, digits.test()));
        let count = |class| validation.labels().iter().filter(|&&label| label == class).count();
        assert!((0..10).all(|class| count(class) == 100));
        let rows =
            |samples: &Samples| samples.bytes().chunks_exact(784).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let mut all = [rows(parts.train()), rows(validation)].concat();
        let mut expected = rows(digits.train());
        all.sort();
        expected.sort();
        assert_eq!(all, expected);
        let other = digits.clone().with_validation_fraction(0.25, 4).unwrap();
        assert_ne!(other.train(), parts.train());
        assert_eq!(digits.with_validation_fraction(0.25, 3).unwrap(), parts);
    }

    #[test]
    fn the_parts_of_a_text_have_no_common_token() {
        let windows = |from: u32, count| Windows::new((from..from + count).collect::<Vec<u32>>(), 4).unwrap();
        let part = |from, count| Samples::from_tokens(windows(from, count), 200).unwrap();
        let text = Dataset::new("text", part(0, 100), part(100, 50)).unwrap();
        let parts = text.with_validation_fraction(0.3, 0).unwrap();
        assert_eq!(parts.train(), &part(0, 70));
        assert_eq!(parts.validation(), Some(&part(70, 30)));
    }

    #[test]
    fn parts_that_are_too_small_are_errors() {
        let rows = |count: usize| {
            let samples = Samples::new(
                Matrix::new(count, vec![0.5; count]).unwrap(),
                Targets::reals(vec![1.0; count]).unwrap(),
            );
            let samples = samples.unwrap();
            Dataset::new("rows", samples.clone(), samples).unwrap()
        };
        for (count, fraction, words) in
            [(1, 0.5, "cannot be split"), (5, 0.0, "0 is not between"), (5, f64::NAN, "NaN")]
        {
            let error = rows(count).with_validation_fraction(fraction, 0).unwrap_err().to_string();
            assert!(error.contains("validation fraction") && error.contains(words), "{error}");
        }
        let windows = Windows::new(vec![0; 20], 8).unwrap();
        let samples = Samples::from_tokens(windows, 1).unwrap();
        let text = Dataset::new("text", samples.clone(), samples).unwrap();
        for fraction in [0.1, 1.0] {
            let error = text.clone().with_validation_fraction(fraction, 0).unwrap_err().to_string();
            assert!(error.contains("validation fraction"), "{error}");
        }
    }
}
