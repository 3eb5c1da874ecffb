//! The means of the windows of a plane, and their gradient.

use super::Windows;
use crate::kernel::Real;

fn size<T: Real>(windows: &Windows) -> T {
    T::of(windows.kernel[0] as f64 * windows.kernel[1] as f64)
}

/// The means; elements beyond the plane are zeros.
#[inline(always)]
pub(super) fn mean<T: Real, const S: usize>(windows: &Windows, x: &[T], to: &mut [T], scratch: &mut [T]) {
    let size = size::<T>(windows);
    for (block, to) in to.chunks_mut(windows.block() * windows.output[1]).enumerate() {
        let sum = (T::zero(), |a: T, b: T| a + b);
        windows.join::<T, S>(x, block * windows.block(), to, scratch, sum);
        to.iter_mut().for_each(|sum| *sum /= size);
    }
}

/// Each element, divided by the size of a window, added to its window of the plane `to`.
#[inline(always)]
pub(super) fn scatter<T: Real, const S: usize>(windows: &Windows, g: &[T], to: &mut [T], scratch: &mut [T]) {
    let (size, stride, width) = (size::<T>(windows), windows.stride::<S>(), windows.image[1]);
    to.fill(T::zero());
    let along = &mut scratch[..width];
    for (y, g) in g.chunks_exact(windows.output[1]).enumerate() {
        // Along the windows, and then the same for all lines of the windows.
        along.fill(T::zero());
        for j in 0..windows.kernel[1] {
            let (positions, column) = windows.column::<S>(j);
            if !positions.is_empty() {
                let shares = g[positions].iter().map(|&g| g / size);
                along[column..].chunks_mut(stride).zip(shares).for_each(|(to, share)| to[0] += share);
            }
        }
        for line in windows.lines(y) {
            to[line * width..][..width].iter_mut().zip(&*along).for_each(|(to, &share)| *to += share);
        }
    }
}
