//! The area under the ROC curve.

/// Scores of rows that are positive or not.
#[derive(Debug, Default)]
pub(super) struct Auc(Vec<(f64, bool)>);

impl Auc {
    pub(super) fn add(&mut self, score: f64, is_positive: bool) {
        self.0.push((score, is_positive));
    }

    /// The probability that a positive row has a higher score than another, ties counted half: the rank sum of the positives
    /// (Hanley and `McNeil`, 1982). `None` without rows of both kinds, or if a score is NaN.
    pub(super) fn finish(mut self) -> Option<f64> {
        if self.0.iter().any(|(score, _)| score.is_nan()) {
            return None;
        }
        self.0.sort_by(|a, b| a.0.total_cmp(&b.0));
        let positives = self.0.iter().filter(|(_, is_positive)| *is_positive).count() as f64;
        let negatives = self.0.len() as f64 - positives;
        let (mut rank_sum, mut before) = (0.0, 0);
        for tied in self.0.chunk_by(|a, b| a.0 == b.0) {
            let of_positives = tied.iter().filter(|(_, is_positive)| *is_positive).count() as f64;
            rank_sum += of_positives * (before as f64 + (tied.len() + 1) as f64 / 2.0);
            before += tied.len();
        }
        let pairs = positives * negatives;
        (pairs > 0.0).then(|| (rank_sum - positives * (positives + 1.0) / 2.0) / pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The definition: all pairs.
        #[test]
        fn it_is_the_share_of_pairs_in_the_right_order(rows in prop::collection::vec((0_u8..9, any::<bool>()), 0..40)) {
            let mut auc = Auc::default();
            rows.iter().for_each(|(score, positive)| auc.add(f64::from(*score), *positive));
            let of = |kind: bool| rows.iter().filter(move |row| row.1 == kind).map(|row| row.0);
            let (mut right, mut pairs) = (0.0, 0.0);
            for positive in of(true) {
                for negative in of(false) {
                    pairs += 1.0;
                    right += match positive.cmp(&negative) {
                        std::cmp::Ordering::Greater => 1.0,
                        std::cmp::Ordering::Equal => 0.5,
                        std::cmp::Ordering::Less => 0.0,
                    };
                }
            }
            match auc.finish() {
                None => prop_assert_eq!(pairs, 0.0),
                Some(area) => prop_assert!((area - right / pairs).abs() < 1e-12),
            }
        }
    }

    #[test]
    fn a_score_that_is_no_number_has_no_rank() {
        let mut auc = Auc::default();
        auc.add(f64::NAN, true);
        auc.add(1.0, false);
        assert_eq!(auc.finish(), None);
    }
}
