//! Exact confidence intervals of a share: Clopper and Pearson (1934).

/// The least and the greatest share with which `hits` of `count` are not rarer than 2.5 % on either side.
pub fn exact(hits: usize, count: usize) -> (f64, f64) {
    const TAIL: f64 = 0.025;
    // The probability of at least `hits` rises with the share, that of at most `hits` falls.
    let low = if hits == 0 { 0.0 } else { bisect(|share| 1.0 - at_most(hits - 1, count, share) > TAIL) };
    let high = if hits == count { 1.0 } else { bisect(|share| at_most(hits, count, share) < TAIL) };
    (low, high)
}

/// The share between 0 and 1 where the test begins to hold.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if holds(middle) { high = middle } else { low = middle }
    }
    f64::midpoint(low, high)
}

/// The probability of at most `hits` of `count`.
fn at_most(hits: usize, count: usize, share: f64) -> f64 {
    let mut logarithm = count as f64 * (1.0 - share).ln();
    let odds = (share / (1.0 - share)).ln();
    let mut sum = logarithm.exp();
    for index in 0..hits {
        logarithm += odds + ((count - index) as f64 / (index + 1) as f64).ln();
        sum += logarithm.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_tables() {
        // scipy.stats.binomtest(k, n).proportion_ci(method="exact").
        for (hits, count, low, high) in [
            (0, 149, 0.0, 0.024_453_6),
            (1, 236, 0.000_107_3, 0.023_381_3),
            (50, 52, 0.867_871_6, 0.995_307_7),
            (10, 10, 0.691_502_9, 1.0),
        ] {
            let found = exact(hits, count);
            assert!(
                (found.0 - low).abs() < 2e-6 && (found.1 - high).abs() < 2e-6,
                "{hits}/{count}: {found:?}"
            );
        }
    }
}
