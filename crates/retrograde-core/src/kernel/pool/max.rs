//! The largest elements of the windows of a plane, and where they are.

use super::Windows;
use crate::kernel::Real;

/// The larger of two, the first one at a tie; NaN if either is.
#[inline(always)]
fn larger<T: Real>(first: T, second: T) -> T {
    if (second > first) | second.is_nan() { second } else { first }
}

/// Whether an element is the first that is as large as the largest of its window, which is NaN if an element is.
/// `open` is 1 until that was found, and then 0.
#[inline(always)]
fn is_first<T: Real>(x: T, largest: T, open: &mut T) -> bool {
    let is_largest = (x == largest) | x.is_nan();
    let is_first = is_largest & (*open > T::zero());
    *open = if is_largest { T::zero() } else { *open };
    is_first
}

/// The largest elements.
#[inline(always)]
pub(super) fn largest<T: Real, const S: usize>(windows: &Windows, x: &[T], to: &mut [T], scratch: &mut [T]) {
    for (block, to) in to.chunks_mut(windows.block() * windows.output[1]).enumerate() {
        let join = (T::neg_infinity(), larger);
        windows.join::<T, S>(x, block * windows.block(), to, scratch, join);
    }
}

/// The elements of `g`, each added to the plane `to` where its window of `x` has its first largest element.
#[inline(always)]
pub(super) fn scatter<T: Real, const S: usize>(
    windows: &Windows,
    (x, g): (&[T], &[T]),
    to: &mut [T],
    scratch: &mut [T],
) {
    let (width, stride, zero) = (windows.image[1], windows.stride::<S>(), T::zero());
    to.fill(zero);
    for (block, g) in g.chunks(windows.block() * windows.output[1]).enumerate() {
        let first = block * windows.block();
        let (largest, rest) = scratch.split_at_mut(g.len());
        let (open, rest) = rest.split_at_mut(g.len());
        windows.join::<T, S>(x, first, largest, rest, (T::neg_infinity(), larger));
        // 1 where the window's largest element was not found yet.
        open.fill(T::one());
        let lines = g.chunks_exact(windows.output[1]).zip(largest.chunks_exact(windows.output[1]));
        for (y, ((g, largest), open)) in lines.zip(open.chunks_exact_mut(windows.output[1])).enumerate() {
            for line in windows.lines(first + y) {
                let (x, to) = (&x[line * width..][..width], &mut to[line * width..][..width]);
                if S > 0 && windows.fill_lines() {
                    // All elements of a window at once.
                    let elements = x.chunks_exact(S.max(1)).zip(to.chunks_exact_mut(S.max(1)));
                    let windows_of_line = g.iter().zip(largest).zip(open.iter_mut());
                    for (((&g, &largest), open), (x, to)) in windows_of_line.zip(elements) {
                        for (&x, to) in x.iter().zip(to) {
                            *to += if is_first(x, largest, open) { g } else { zero };
                        }
                    }
                    continue;
                }
                for j in 0..windows.kernel[1] {
                    let (positions, column) = windows.column::<S>(j);
                    if positions.is_empty() {
                        continue;
                    }
                    let elements = x[column..].chunks(stride).zip(to[column..].chunks_mut(stride));
                    let [g, largest] = [g, largest].map(|line| &line[positions.clone()]);
                    let windows_of_line = g.iter().zip(largest).zip(&mut open[positions]);
                    for (((&g, &largest), open), (x, to)) in windows_of_line.zip(elements) {
                        to[0] += if is_first(x[0], largest, open) { g } else { zero };
                    }
                }
            }
        }
    }
}

/// The elements of the plane `from` where the windows of `x` have their first largest element.
#[inline(always)]
pub(super) fn gather<T: Real, const S: usize>(
    windows: &Windows,
    (x, from): (&[T], &[T]),
    to: &mut [T],
    scratch: &mut [T],
) {
    let (width, stride) = (windows.image[1], windows.stride::<S>());
    for (block, to) in to.chunks_mut(windows.block() * windows.output[1]).enumerate() {
        let first = block * windows.block();
        let (largest, rest) = scratch.split_at_mut(to.len());
        let (open, rest) = rest.split_at_mut(to.len());
        windows.join::<T, S>(x, first, largest, rest, (T::neg_infinity(), larger));
        open.fill(T::one());
        let lines = largest.chunks_exact(windows.output[1]).zip(open.chunks_exact_mut(windows.output[1]));
        for (y, (to, (largest, open))) in to.chunks_exact_mut(windows.output[1]).zip(lines).enumerate() {
            for line in windows.lines(first + y) {
                let (x, from) = (&x[line * width..][..width], &from[line * width..][..width]);
                for j in 0..windows.kernel[1] {
                    let (positions, column) = windows.column::<S>(j);
                    if positions.is_empty() {
                        continue;
                    }
                    let elements = x[column..].chunks(stride).zip(from[column..].chunks(stride));
                    let windows_of_line = to[positions.clone()]
                        .iter_mut()
                        .zip(&largest[positions.clone()])
                        .zip(&mut open[positions]);
                    for (((to, &largest), open), (x, from)) in windows_of_line.zip(elements) {
                        *to = if is_first(x[0], largest, open) { from[0] } else { *to };
                    }
                }
            }
        }
    }
}
