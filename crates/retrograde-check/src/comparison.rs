//! The comparison of a block of claimed gradients with the numerical ones.

use serde::Serialize;

use super::Verdict;

/// An element of a block with both values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Element {
    /// Its index along each axis, counted from 0.
    pub index: Vec<usize>,
    /// The claimed gradient.
    pub claimed: f64,
    /// The numerical gradient.
    pub numeric: f64,
}

/// The comparison of a block of claimed gradients (a parameter, an input) with the numerical ones.
///
/// The relative error of an element is |a − n| / max(|a|, |n|); in the denominator, numbers below a ten-thousandth of
/// the block's largest count as that large: near 0, a small difference is rounding.
///
/// The cosine and the ratio of norms indicate the kind of a fault: a wrong factor leaves the cosine at 1, a wrong
/// sign makes it −1, a detached gradient has the ratio 0.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The block: `x` for a layer's input, else the parameter's name.
    pub block: String,
    /// The block's shape.
    pub shape: Vec<usize>,
    /// The number of compared elements.
    pub compared: usize,
    /// The largest relative error.
    pub largest: f64,
    /// The median relative error.
    pub median: f64,
    /// The mean absolute difference, which is what the notebook prints.
    pub mean_difference: f64,
    /// The cosine of the angle between the two; 1 if both are 0, and 0 if one is.
    pub cosine: f64,
    /// The norm of the claimed over the norm of the numerical; 1 if both are 0, infinite if the numerical is.
    pub ratio: f64,
    /// The element with the largest relative error; `None` if there is nothing to compare.
    pub worst: Option<Element>,
    /// The verdict on this block.
    pub verdict: Verdict,
}

/// In the denominator of a relative error, numbers below this fraction of the block's largest count as that large.
const FLOOR: f64 = 1e-4;

impl Comparison {
    /// Compares all elements of a block, in row-major order. The caller decides the verdict, because it knows the
    /// accuracy of the differences.
    ///
    /// Elements with a numerical value of NaN were not differentiated and are excluded. A claimed NaN is an infinite
    /// error.
    ///
    /// # Panics
    ///
    /// If the two differ in length.
    pub fn new(block: &str, shape: &[usize], claimed: &[f64], numeric: &[f64], verdict: Verdict) -> Self {
        assert_eq!(claimed.len(), numeric.len(), "block {block}: as many claimed as numerical gradients");
        let pairs: Vec<(usize, f64, f64)> = claimed
            .iter()
            .zip(numeric)
            .enumerate()
            .filter(|(_, (_, numeric))| !numeric.is_nan())
            .map(|(at, (&claimed, &numeric))| (at, claimed, numeric))
            .collect();
        let scale = pairs.iter().map(|(_, a, n)| a.abs().max(n.abs())).fold(0.0, f64::max);
        let error = |a: f64, n: f64| {
            let error = (a - n).abs() / a.abs().max(n.abs()).max(FLOOR * scale).max(f64::MIN_POSITIVE);
            if error.is_nan() { f64::INFINITY } else { error }
        };
        let mut errors: Vec<f64> = pairs.iter().map(|&(_, a, n)| error(a, n)).collect();
        let worst = (0..pairs.len()).reduce(|best, at| if errors[at] > errors[best] { at } else { best });
        let worst = worst.map(|at| Element {
            index: index_of(pairs[at].0, shape),
            claimed: pairs[at].1,
            numeric: pairs[at].2,
        });
        errors.sort_by(f64::total_cmp);

        let product = |f: fn(f64, f64) -> f64| pairs.iter().map(|&(_, a, n)| f(a, n)).sum::<f64>();
        let (aa, nn, an) = (product(|a, _| a * a), product(|_, n| n * n), product(|a, n| a * n));
        Comparison {
            block: block.to_owned(),
            shape: shape.to_vec(),
            compared: pairs.len(),
            largest: errors.last().copied().unwrap_or(0.0),
            median: errors.get(errors.len() / 2).copied().unwrap_or(0.0),
            mean_difference: product(|a, n| (a - n).abs()) / pairs.len().max(1) as f64,
            cosine: match (aa > 0.0, nn > 0.0) {
                (true, true) => an / (aa.sqrt() * nn.sqrt()),
                (false, false) => 1.0,
                _ => 0.0,
            },
            ratio: if aa == nn { 1.0 } else { (aa / nn).sqrt() },
            worst,
            verdict,
        }
    }
}

/// The index for each axis of an element in row-major order.
pub(super) fn index_of(at: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = at;
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&length| {
            let here = rest % length.max(1);
            rest /= length.max(1);
            here
        })
        .collect();
    index.reverse();
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_block() {
        let c = Comparison::new("w", &[2, 2], &[1.0, 2.0, 3.0, 5.0], &[1.0, 2.0, 3.0, 4.0], Verdict::Wrong);
        assert_eq!((c.largest, c.median, c.mean_difference), (0.2, 0.0, 0.25));
        assert_eq!(c.worst, Some(Element { index: vec![1, 1], claimed: 5.0, numeric: 4.0 }));
        // (1 + 4 + 9 + 20)/√(39 · 30) and √(39/30).
        assert!((c.cosine - 34.0 / 1170.0_f64.sqrt()).abs() < 1e-15);
        assert!((c.ratio - 1.3_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn signs_zeros_and_what_is_not_a_number() {
        let compare = |a: &[f64], n: &[f64]| Comparison::new("w", &[a.len()], a, n, Verdict::Right);
        assert!((compare(&[-1.0, 2.0], &[1.0, -2.0]).cosine + 1.0).abs() < 1e-15);
        let detached = compare(&[0.0, 0.0], &[1.0, -2.0]);
        assert_eq!((detached.cosine, detached.ratio, detached.largest), (0.0, 0.0, 1.0));
        let both = compare(&[0.0], &[0.0]);
        assert_eq!((both.cosine, both.ratio, both.largest), (1.0, 1.0, 0.0));
        assert_eq!(compare(&[f64::NAN, 1.0], &[1.0, 1.0]).largest, f64::INFINITY);
        assert_eq!(compare(&[7.0, 1.0], &[f64::NAN, 1.0]).compared, 1);
        let empty = compare(&[], &[]);
        assert_eq!((empty.compared, empty.largest, empty.worst), (0, 0.0, None));
    }

    #[test]
    fn near_zero_a_small_difference_is_not_a_large_error() {
        let c = Comparison::new("w", &[2], &[1.0, 1e-12], &[1.0, 2e-12], Verdict::Right);
        assert!(c.largest < 1e-7, "{}", c.largest);
    }
}
