//! The scores of a block of queries: from scores to weights, and from the gradients of weights to those of scores.
//!
//! A line has the scores of all queries with one key, so that reductions over the keys run in registers, a lane for each query. The
//! sums run in the order of the keys.

use super::QUERIES;
use crate::kernel::Real;
use crate::kernel::simd::{Body, InstructionSet, Vector, dispatch};

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
        let (lanes, count) = (T::Register::<I>::LANES, lines.len());
        assert!(QUERIES.is_multiple_of(lanes), "queries fill registers");
        let mut factors = [T::zero(); QUERIES];
        // A register of queries after the other: where the compiler sees all of them at once, reductions leave the registers.
        for first in (0..QUERIES).step_by(lanes) {
            // SAFETY: `dispatch` has found the processor to have the instruction set `I`. Of each of the lines, `lanes` numbers from
            // `first` on are read and written, which end within the line, as they do within the factors.
            unsafe {
                let column = lines.as_mut_ptr().cast::<T>().wrapping_add(first);
                let at = |line: usize| column.wrapping_add(line * QUERIES);
                let mut largest = T::Register::<I>::splat(T::neg_infinity());
                for line in 0..count {
                    largest = largest.maximum(T::Register::<I>::load(at(line)));
                }
                let (scale, mut total) = (T::Register::<I>::splat(scale), T::Register::<I>::splat(T::zero()));
                for line in 0..count {
                    let score = T::Register::<I>::load(at(line)).subtract(largest);
                    let power = T::exp_vector(score.multiply(scale));
                    power.store(at(line));
                    total = total.add(power);
                }
                let factor = T::Register::<I>::splat(T::one()).divide(total);
                factor.store(factors.as_mut_ptr().wrapping_add(first));
            }
        }
        factors
    }
}

/// Turns powers into weights by the factors of [`powers`], and the gradients of the weights into those of the products of queries and
/// keys.
pub(super) fn gradients<T: Real>(
    powers: &mut [T],
    to_scores: &mut [T],
    padding: &[T],
    scale: T,
    factors: &PerQuery<T>,
) {
    dispatch(Gradients { powers, to_scores, padding, scale, factors });
}

struct Gradients<'a, T> {
    powers: &'a mut [T],
    /// The gradients of the weights, and then of the scores.
    to_scores: &'a mut [T],
    padding: &'a [T],
    scale: T,
    factors: &'a PerQuery<T>,
}

impl<T: Real> Body for Gradients<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Gradients { powers, to_scores, padding, scale, factors } = self;
        let ((weights, _), (gradients, _)) =
            (powers.as_chunks_mut::<QUERIES>(), to_scores.as_chunks_mut::<QUERIES>());
        let (lanes, count) = (T::Register::<I>::LANES, weights.len());
        assert!(
            QUERIES.is_multiple_of(lanes) && gradients.len() == count,
            "lines of both that fill registers"
        );
        for first in (0..QUERIES).step_by(lanes) {
            // SAFETY: as for the powers, of both, which have equally many lines.
            unsafe {
                let weights = weights.as_mut_ptr().cast::<T>().wrapping_add(first);
                let gradients = gradients.as_mut_ptr().cast::<T>().wrapping_add(first);
                let factor = T::Register::<I>::load(factors.as_ptr().wrapping_add(first));
                let (scale, mut total) = (T::Register::<I>::splat(scale), T::Register::<I>::splat(T::zero()));
                for line in 0..count {
                    let at = line * QUERIES;
                    let weight = T::Register::<I>::load(weights.wrapping_add(at)).multiply(factor);
                    let product = T::Register::<I>::load(gradients.wrapping_add(at)).multiply(weight);
                    weight.store(weights.wrapping_add(at));
                    product.store(gradients.wrapping_add(at));
                    total = total.add(product);
                }
                for line in 0..count {
                    let at = line * QUERIES;
                    let mean = T::Register::<I>::load(weights.wrapping_add(at)).multiply(total);
                    let product = T::Register::<I>::load(gradients.wrapping_add(at));
                    product.subtract(mean).multiply(scale).store(gradients.wrapping_add(at));
                }
            }
        }
        // The score of padding is a constant.
        for (line, _) in gradients.iter_mut().zip(padding).filter(|(_, padding)| **padding != T::zero()) {
            line.fill(T::zero());
        }
    }
}
