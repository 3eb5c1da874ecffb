//! Numbers as text: a scalar in full, a tensor by its shape and a few statistics.

use super::trace::Value;
use retrograde_core::graph::Tensor;
use std::sync::Arc;

/// Tensors of at most this many elements are printed in full, if that is short enough.
const WRITTEN_OUT: usize = 4;
/// The largest length of that text.
const SHORT: usize = 20;

/// A few statistics of a tensor. NaN is counted, and excluded from the minimum and the maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The number of elements.
    pub elements: usize,
    /// The smallest; infinity if there is none.
    pub minimum: f64,
    /// The largest; minus infinity if there is none.
    pub maximum: f64,
    /// The mean; zero without elements.
    pub mean: f64,
    /// The standard deviation: the root of the mean squared distance from the mean.
    pub deviation: f64,
    /// The Euclidean norm, √Σx².
    pub norm: f64,
    /// The number of zeros.
    pub zeros: usize,
    /// The number of NaN.
    pub nans: usize,
}

impl Summary {
    /// The summary of these numbers.
    pub fn of(values: &[f64]) -> Self {
        let largest = values.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
        // Scaled by the largest, so that squares neither overflow nor vanish.
        let norm = if largest > 0.0 && largest.is_finite() {
            largest * values.iter().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt()
        } else {
            values.iter().map(|x| x * x).sum::<f64>().sqrt()
        };
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        Summary {
            elements: values.len(),
            minimum: values.iter().copied().fold(f64::INFINITY, f64::min),
            maximum: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            mean,
            deviation: (squares / values.len().max(1) as f64).sqrt(),
            norm,
            zeros: values.iter().filter(|&&x| x == 0.0).count(),
            nans: values.iter().filter(|x| x.is_nan()).count(),
        }
    }
}

/// The distribution of a tensor's elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Histogram {
    /// The count of elements in each of equally wide intervals from the smallest to the largest finite one.
    pub(super) counts: Vec<usize>,
}

impl Histogram {
    /// The histogram of the finite ones of these numbers, in this many intervals; empty if the range is empty.
    pub(super) fn of(values: &[f64], intervals: usize) -> Self {
        let finite = || values.iter().copied().filter(|x| x.is_finite());
        let (low, high) =
            (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        // Halved, so that the largest numbers do not overflow.
        let span = high / 2.0 - low / 2.0;
        let is_range = span > 0.0 && span.is_finite();
        let mut counts = vec![0; if is_range { intervals } else { 0 }];
        for x in finite().filter(|_| is_range) {
            let place = ((x / 2.0 - low / 2.0) / span * intervals as f64) as usize;
            counts[place.min(intervals - 1)] += 1;
        }
        Histogram { counts }
    }
}

/// The sum of tensors of one shape; `None` for none.
pub(super) fn sum<'a>(tensors: impl IntoIterator<Item = &'a Arc<Tensor>>) -> Option<Arc<Tensor>> {
    let mut tensors = tensors.into_iter();
    let mut total = Arc::clone(tensors.next()?);
    for tensor in tensors {
        let values = Arc::make_mut(&mut total).values_mut();
        values.iter_mut().zip(tensor.values()).for_each(|(to, from)| *to += from);
    }
    Some(total)
}

/// A number in full, with the fewest digits that identify it, and an exponent if it is very large or small.
pub(super) fn exact(x: f64) -> String {
    let size = x.abs();
    if x.is_finite() && x != 0.0 && !(1e-5..1e16).contains(&size) { format!("{x:e}") } else { x.to_string() }
}

/// A number with three significant digits.
pub(super) fn rough(x: f64) -> String {
    let size = x.abs();
    if !x.is_finite() || x == 0.0 {
        return x.to_string();
    }
    if !(1e-3..1e5).contains(&size) {
        let text = format!("{x:.2e}");
        return text.replace(".00e", "e");
    }
    let decimals = (2 - size.log10().floor() as i32).max(0) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

/// The text above an edge: the number, or the shape, the mean and the range.
pub(super) fn value_lines(value: &Value) -> Vec<String> {
    let shape = value.shape();
    match value {
        Value::Real(tensor) => {
            if let Some(text) = written_out(tensor.values().len(), tensor, tensor.values()) {
                return vec![text];
            }
            let mut lines = vec![format!("shape {shape}")];
            let summary = Summary::of(tensor.values());
            if summary.elements == 0 {
                return lines;
            }
            lines.push(format!("mean {}", rough(summary.mean)));
            if summary.nans < summary.elements {
                lines.push(format!("{} to {}", rough(summary.minimum), rough(summary.maximum)));
            }
            if summary.nans > 0 {
                lines.push(format!("NaN: {} of {}", summary.nans, summary.elements));
            }
            lines
        }
        Value::Indices(_, indices) => {
            let range = indices.iter().min().zip(indices.iter().max());
            match (&indices[..], range) {
                (_, None) => vec![format!("shape {shape}")],
                ([index], _) if shape.rank() == 0 => vec![index.to_string()],
                (_, Some(_)) if shape.rank() == 1 && format!("{indices:?}").len() <= SHORT => {
                    vec![format!("{indices:?}")]
                }
                (_, Some((low, high))) => vec![format!("shape {shape}"), format!("{low} to {high}")],
            }
        }
        Value::Bytes(_) => vec![format!("shape {shape}")],
    }
}

/// The text below an edge: the number, or the gradient's norm.
pub(super) fn gradient_lines(gradient: &Tensor) -> Vec<String> {
    let values = gradient.values();
    match written_out(values.len(), gradient, values) {
        Some(text) => vec![text],
        None if values.is_empty() => Vec::new(),
        None => vec![format!("norm {}", rough(Summary::of(values).norm))],
    }
}

/// The elements themselves, if there are few.
fn written_out(elements: usize, tensor: &Tensor, values: &[f64]) -> Option<String> {
    if tensor.shape().rank() == 0 {
        return Some(exact(values[0]));
    }
    // With more than two axes there would be more brackets than numbers.
    if !(1..=WRITTEN_OUT).contains(&elements) || tensor.shape().rank() > 2 {
        return None;
    }
    Some(tensor.to_string()).filter(|text| text.len() <= SHORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_exact() {
        for (number, text) in [
            (220.000_000_000_000_03, "220.00000000000003"),
            (200.0, "200"),
            (0.0, "0"),
            (-0.0, "-0"),
            (1e-5, "0.00001"),
            (1e300, "1e300"),
            (5e-324, "5e-324"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(exact(number), text);
            assert!(number.is_nan() || text.parse() == Ok(number), "{text} reads back");
        }
    }

    #[test]
    fn rough_numbers_have_three_digits() {
        for (number, text) in [
            (0.123_456, "0.123"),
            (-12.345, "-12.3"),
            (0.5, "0.5"),
            (100.0, "100"),
            (99_999.0, "99999"),
            (123_456.0, "1.23e5"),
            (0.000_1, "1e-4"),
            (0.0, "0"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(rough(number), text);
        }
    }

    #[test]
    fn statistics_survive_extremes() {
        let huge = 2_f64.powi(600);
        let summary = Summary::of(&[3.0 * huge, -4.0 * huge, 0.0]);
        assert_eq!((summary.norm, summary.minimum, summary.zeros), (5.0 * huge, -4.0 * huge, 1));
        let summary = Summary::of(&[f64::NAN, 2.0]);
        assert_eq!((summary.nans, summary.minimum, summary.maximum), (1, 2.0, 2.0));
        assert!(summary.mean.is_nan() && summary.norm.is_nan());
        assert_eq!(Summary::of(&[]).mean, 0.0);
    }

    #[test]
    fn histograms_count_every_finite_number_once() {
        let counts = |values: &[f64]| Histogram::of(values, 4).counts;
        assert_eq!(counts(&[0.0, 1.0, 1.5, 2.0, 4.0, f64::NAN, f64::INFINITY]), [1, 2, 1, 1]);
        assert_eq!(counts(&[-f64::MAX, f64::MAX]), [1, 0, 0, 1]);
        for values in [&[][..], &[3.0, 3.0], &[f64::NAN]] {
            assert!(counts(values).is_empty());
        }
        // Deviation: of 1, 2, 3 and 4 it is the root of 5/4.
        assert_eq!(Summary::of(&[1.0, 2.0, 3.0, 4.0]).deviation, 1.25_f64.sqrt());
    }

    #[test]
    fn tensors_are_summarized() {
        let lines = |tensor: Tensor| value_lines(&Value::Real(Arc::new(tensor)));
        assert_eq!(lines([1.0, -0.5].into()), ["[1, -0.5]"]);
        assert_eq!(lines(Tensor::zeros([0, 4]).unwrap()), ["shape [0, 4]"]);
        let tensor = Tensor::from_fn([3, 50], |i| i as f64).unwrap();
        assert_eq!(lines(tensor), ["shape [3, 50]", "mean 74.5", "0 to 149"]);
        assert_eq!(lines(Tensor::full([9], f64::NAN).unwrap()), ["shape [9]", "mean NaN", "NaN: 9 of 9"]);
        assert_eq!(gradient_lines(&Tensor::full([9], 1.0).unwrap()), ["norm 3"]);
        let indices = Value::Indices([3].into(), [5, 0, 4].as_slice().into());
        assert_eq!(value_lines(&indices), ["[5, 0, 4]"]);
    }
}
