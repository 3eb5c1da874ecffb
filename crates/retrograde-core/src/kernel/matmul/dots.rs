//! Products of few rows with a matrix that lies in memory as its transpose: each element is a dot product along memory.
//!
//! To pack such a matrix takes longer than so few rows take to pass over it. Each sum is made in the lanes of a register,
//! which are added in the end; as many columns as a register has lanes stay in the first-level cache for all rows.

use super::{LANES, Matrix};
use crate::kernel::simd::{Body, InstructionSet, Real, Vector, transpose};

/// Up to this many rows.
const FEW: usize = 16;

/// How many columns are gone through at once.
const AT_ONCE: usize = 8;

/// Shorter sums are not worth the additions at their end, but for one row, for which packing is worth still less.
const SHORTEST: usize = 32;

/// Whether a product of `m` rows and `k` steps is better done so: a matter of the whole product, since the order of the
/// sums is another.
pub(super) fn suits<T>(a: &Matrix<'_, T>, b: &Matrix<'_, T>, (m, k): (usize, usize)) -> bool {
    m <= FEW && (k >= SHORTEST || m == 1) && b.row == 1 && b.column != 1 && a.column == 1
}

/// Rows of C: the dot products of rows of A with the columns of B.
pub(super) struct Dots<'a, 'b, T> {
    pub(super) a: Matrix<'a, T>,
    pub(super) b: Matrix<'a, T>,
    pub(super) k: usize,
    pub(super) n: usize,
    pub(super) c: &'b mut [T],
}

impl<T: Real> Body for Dots<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Dots { a, b, k, n, c } = self;
        let lanes = T::Register::<I>::LANES;
        let whole = k - k % lanes;
        assert!(b.row == 1 && b.holds(k, n) && a.column == 1 && lanes <= LANES, "the columns of B");
        for first in (0..n).step_by(lanes) {
            let count = lanes.min(n - first);
            for (row, c) in c.chunks_exact_mut(n).enumerate() {
                let a = &a.from(row, 0).values[..k];
                // SAFETY: `dispatch` has found the processor to have the instruction set `I`. Of each column k numbers are
                // read, and of the row of A as many; of the row of C `count` are written from `first` on.
                unsafe {
                    let mut sums = [T::Register::<I>::splat(T::zero()); LANES];
                    // Few enough at once for their addresses to stay in registers.
                    for (part, sums) in
                        sums.chunks_exact_mut(AT_ONCE).enumerate().take(lanes.div_ceil(AT_ONCE))
                    {
                        let columns: [*const T; AT_ONCE] = std::array::from_fn(|j| {
                            // The last column stands in for those that are not there.
                            let column = first + (part * AT_ONCE + j).min(count - 1);
                            b.values.as_ptr().wrapping_add(column * b.column)
                        });
                        let mut parts = [T::Register::<I>::splat(T::zero()); AT_ONCE];
                        for p in (0..whole).step_by(lanes) {
                            let factor = T::Register::<I>::load(a.as_ptr().add(p));
                            for (sum, &column) in parts.iter_mut().zip(&columns) {
                                *sum =
                                    factor.multiply_add(T::Register::<I>::load(column.wrapping_add(p)), *sum);
                            }
                        }
                        if whole < k {
                            let factor = T::Register::<I>::load_part(a.as_ptr().add(whole), k - whole);
                            for (sum, &column) in parts.iter_mut().zip(&columns) {
                                let column =
                                    T::Register::<I>::load_part(column.wrapping_add(whole), k - whole);
                                *sum = factor.multiply_add(column, *sum);
                            }
                        }
                        sums.copy_from_slice(&parts);
                    }
                    // Lane by lane, two by two.
                    transpose::<T, T::Register<I>>(&mut sums);
                    let mut half = lanes / 2;
                    while half > 0 {
                        for i in 0..half {
                            sums[i] = sums[i].add(sums[i + half]);
                        }
                        half /= 2;
                    }
                    sums[0].store_part(c[first..].as_mut_ptr(), count);
                }
            }
        }
    }
}
