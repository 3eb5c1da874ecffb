//! The scores of a block of queries: from scores to weights, and from the gradients of weights to those of scores.
//!
//! A line has the scores of all queries with one key, so that reductions over the keys run in registers, a lane for each query. The
//! sums run in the order of the keys.

use super::QUERIES;
use crate::kernel::Real;
use crate::kernel::reduce::larger;
use crate::kernel::simd::{Body, InstructionSet, dispatch};

/// The score of padding: its weight is 0 beside any other. A query of nothing but padding has equal weights.
const PADDED: f64 = -1e30;

/// Which keys the queries of a block attend to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mask<'a, T> {
    /// The position of the first query, if none attends to later keys.
    pub(super) causal: Option<usize>,
    /// Not 0 where a key is padding; empty for no padding.
    pub(super) padding: &'a [T],
}

/// A number for each query.
pub(super) type PerQuery<T> = [T; QUERIES];

/// Turns lines of scores into powers exp(scale · (score − largest score)), zero where a query does not attend. Returns for each
/// query the factor that makes weights of them, whose sum is 1.
pub(super) fn powers<T: Real>(scores: &mut [T], mask: Mask<'_, T>, scale: T) -> PerQuery<T> {
    dispatch(Powers { scores, mask, scale })
}

struct Powers<'a, T> {
    scores: &'a mut [T],
    mask: Mask<'a, T>,
    scale: T,
}

impl<T: Real> Body for Powers<'_, T> {
    type Output = PerQuery<T>;

    #[inline(always)]
    fn run<I: InstructionSet>(self) -> PerQuery<T> {
        let Powers { scores, mask: Mask { causal, padding }, scale } = self;
        let (lines, _) = scores.as_chunks_mut::<QUERIES>();
        for (line, _) in lines.iter_mut().zip(padding).filter(|(_, padding)| **padding != T::zero()) {
            line.fill(T::of(PADDED));
        }
        if let Some(first) = causal {
            for (key, line) in lines[first..].iter_mut().enumerate() {
                line[..key].fill(T::neg_infinity());
            }
        }
        let mut largest = [T::neg_infinity(); QUERIES];
        for line in lines.iter() {
            for (largest, &score) in largest.iter_mut().zip(line) {
                *largest = larger(*largest, score);
            }
        }
        let mut totals = [T::zero(); QUERIES];
        for line in lines.iter_mut() {
            for ((score, &largest), total) in line.iter_mut().zip(&largest).zip(&mut totals) {
                *score = ((*score - largest) * scale).fast_exp();
                *total += *score;
            }
        }
        totals.map(|total| T::one() / total)
    }
}

/// Turns powers into weights by the factors of [`powers`], and the gradients of the weights into those of the products of queries and
/// keys.
pub(super) fn gradients<T: Real>(
    powers: &mut [T],
    gradients: &mut [T],
    padding: &[T],
    scale: T,
    factors: &PerQuery<T>,
) {
    dispatch(Gradients { powers, gradients, padding, scale, factors });
}

struct Gradients<'a, T> {
    powers: &'a mut [T],
    gradients: &'a mut [T],
    padding: &'a [T],
    scale: T,
    factors: &'a PerQuery<T>,
}

impl<T: Real> Body for Gradients<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Gradients { powers, gradients, padding, scale, factors } = self;
        let ((weights, _), (gradients, _)) =
            (powers.as_chunks_mut::<QUERIES>(), gradients.as_chunks_mut::<QUERIES>());
        let mut totals = [T::zero(); QUERIES];
        for (weights, gradients) in weights.iter_mut().zip(gradients.iter_mut()) {
            let pairs = weights.iter_mut().zip(gradients.iter_mut());
            for (((weight, gradient), &factor), total) in pairs.zip(factors).zip(&mut totals) {
                *weight *= factor;
                *gradient *= *weight;
                *total += *gradient;
            }
        }
        for (weights, gradients) in weights.iter().zip(gradients.iter_mut()) {
            for ((&weight, gradient), &total) in weights.iter().zip(gradients.iter_mut()).zip(&totals) {
                *gradient = (*gradient - weight * total) * scale;
            }
        }
        // The score of padding is a constant.
        for (line, _) in gradients.iter_mut().zip(padding).filter(|(_, padding)| **padding != T::zero()) {
            line.fill(T::zero());
        }
    }
}
