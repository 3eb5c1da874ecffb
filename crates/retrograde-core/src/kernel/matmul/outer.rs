//! Products of so few steps that writing C takes longer than making it: the gradient of a weight for a batch of one.

use super::{FEW_STEPS, Matrix};
use crate::kernel::simd::{Body, InstructionSet, Real, Vector, dispatch};

/// Whether a product of `k` steps is better done so.
pub(super) fn suits<T>(b: &Matrix<'_, T>, k: usize) -> bool {
    k <= FEW_STEPS && b.column == 1
}

/// Rows of C = A·B for so few steps, as they lie in memory.
pub(super) fn product<T: Real>(a: Matrix<'_, T>, b: Matrix<'_, T>, (k, n): (usize, usize), c: &mut [T]) {
    match k {
        1 => dispatch(Outer::<T, 1> { a, b, n, c }),
        2 => dispatch(Outer::<T, 2> { a, b, n, c }),
        _ => dispatch(Outer::<T, 3> { a, b, n, c }),
    }
}

struct Outer<'a, 'b, T, const STEPS: usize> {
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    n: usize,
    c: &'b mut [T],
}

impl<T: Real, const STEPS: usize> Body for Outer<'_, '_, T, STEPS> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Outer { a, b, n, c } = self;
        let lanes = T::Register::<I>::LANES;
        assert!(b.column == 1 && b.holds(STEPS, n) && a.holds(c.len() / n.max(1), STEPS), "the operands");
        let lines: [&[T]; STEPS] = std::array::from_fn(|p| &b.values[p * b.row..][..n]);
        let whole = n - n % lanes;
        for (row, c) in c.chunks_exact_mut(n).enumerate() {
            // SAFETY: `dispatch` has found the processor to have the instruction set `I`. Of each line of B and of the row
            // of C, n numbers long, `whole` are read and written register by register, and then the rest.
            unsafe {
                let factors: [_; STEPS] =
                    std::array::from_fn(|p| T::Register::<I>::splat(a.values[row * a.row + p * a.column]));
                for column in (0..whole).step_by(lanes) {
                    let mut sum = T::Register::<I>::splat(T::zero());
                    for (factor, line) in factors.iter().zip(&lines) {
                        sum = factor.multiply_add(T::Register::<I>::load(line.as_ptr().add(column)), sum);
                    }
                    sum.store(c.as_mut_ptr().add(column));
                }
                if whole < n {
                    let mut sum = T::Register::<I>::splat(T::zero());
                    for (factor, line) in factors.iter().zip(&lines) {
                        let line = T::Register::<I>::load_part(line.as_ptr().add(whole), n - whole);
                        sum = factor.multiply_add(line, sum);
                    }
                    sum.store_part(c.as_mut_ptr().add(whole), n - whole);
                }
            }
        }
    }
}
