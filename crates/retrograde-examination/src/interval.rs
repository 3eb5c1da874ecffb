//! Exact confidence intervals of a proportion (Clopper and Pearson, 1934).

/// The bounds of the probability of an event that was seen `seen` times of `count`, at 95 %: no smaller probability would
/// show as many, nor a larger one as few, in more than 2.5 % of all examinations.
pub fn clopper_pearson(seen: usize, count: usize) -> (f64, f64) {
    if count == 0 {
        return (0.0, 1.0);
    }
    // P(X ≥ seen) grows with p, and so does P(X > seen).
    let lower = if seen == 0 { 0.0 } else { bisect(|p| 1.0 - at_most(seen - 1, count, p) < 0.025) };
    let upper = if seen == count { 1.0 } else { bisect(|p| at_most(seen, count, p) > 0.025) };
    (lower, upper)
}

/// The largest p at which the condition, which holds for small ones, holds.
fn bisect(holds: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if holds(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// P(X ≤ seen) of the binomial distribution, term by term in logarithms.
fn at_most(seen: usize, count: usize, p: f64) -> f64 {
    let mut term = count as f64 * (-p).ln_1p();
    let mut sum = term.exp();
    for k in 0..seen {
        term += ((count - k) as f64 / (k + 1) as f64).ln() + p.ln() - (-p).ln_1p();
        sum += term.exp();
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without an event the bound is 1 − 0.025^(1/n); others are R's `binom.test`.
    #[test]
    fn bounds_are_those_of_tables() {
        let near = |(low, high): (f64, f64), expected: (f64, f64)| {
            assert!((low - expected.0).abs() < 1e-6 && (high - expected.1).abs() < 1e-6, "{low} {high}");
        };
        near(clopper_pearson(0, 1000), (0.0, 1.0 - 0.025_f64.powf(1e-3)));
        near(clopper_pearson(10, 10), (0.025_f64.powf(0.1), 1.0));
        near(clopper_pearson(3, 20), (0.032_070_9, 0.378_926_8));
        near(clopper_pearson(0, 0), (0.0, 1.0));
    }
}
