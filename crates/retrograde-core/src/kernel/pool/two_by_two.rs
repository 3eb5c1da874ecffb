//! The gradient of the largest elements of windows of two by two elements side by side, in registers.
//!
//! Two lines are a register each. [`Vector::exchange`] gives a register of the left elements of the windows and one of the right
//! ones; neighbouring lanes are the two lines of a window. The general loops keep a flag for each window in memory, and take ten
//! times as long: a third of a training step of the book's network of chapter 7.

use super::Windows;
use crate::kernel::Real;
use crate::kernel::simd::{EQUAL, InstructionSet, Vector};

/// Whether the windows are of this kind.
pub(super) fn fits(windows: &Windows) -> bool {
    windows.kernel == [2, 2] && windows.stride == [2, 2] && windows.padding == [0, 0]
}

/// The elements of `g`, each in the plane `to` where its window of `x` has its first largest element. Scratch memory for two lines
/// of the output.
#[inline(always)]
pub(super) fn scatter<T: Real, I: InstructionSet>(
    windows: &Windows,
    (x, g): (&[T], &[T]),
    to: &mut [T],
    scratch: &mut [T],
) {
    let ([height, width], [lines, line]) = (windows.image, windows.output);
    assert!(2 * line <= width && 2 * lines <= height && x.len() == height * width && to.len() == x.len());
    if 2 * line < width || 2 * lines < height {
        to.fill(T::zero());
    }
    let twice = &mut scratch[..2 * line];
    for (y, g) in g.chunks_exact(line).take(lines).enumerate() {
        twice.chunks_exact_mut(2).zip(g).for_each(|(pair, &g)| pair.fill(g));
        let start = 2 * y * width;
        let (x, to) = (&x[start..start + 2 * width], &mut to[start..start + 2 * width]);
        let lanes = T::Register::<I>::LANES;
        for column in (0..2 * line).step_by(lanes) {
            let count = lanes.min(2 * line - column);
            // SAFETY: the dispatcher has seen the instruction set; `x` and `to` have two lines, `twice` has `2 · line` numbers, and
            // column + count is at most 2 · line, which is at most the width of a line.
            unsafe {
                let (x, to) = (x.as_ptr().add(column), to.as_mut_ptr().add(column));
                let load = |from: *const T| load::<T, T::Register<I>>(from, count);
                let (upper, lower) =
                    first_largest(load(x), load(x.add(width)), load(twice.as_ptr().add(column)));
                store(upper, to, count);
                store(lower, to.add(width), count);
            }
        }
    }
}

/// Of two lines of windows, and of a number for each window in two lanes: the number in the lane of the first largest element of
/// the window, and zero in the others.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn first_largest<T: Real, V: Vector<T>>(upper: V, lower: V, number: V) -> (V, V) {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        let zero = V::splat(T::zero());
        // The upper line is in the even lanes, the lower line in the odd ones.
        let (left, right) = upper.exchange::<1>(lower);
        let of_lines = left.maximum(right);
        let (of_upper, of_lower) = of_lines.exchange::<1>(of_lines);
        let largest = of_upper.maximum(of_lower);
        // An element is as large as the largest if it is equal or NaN.
        let if_largest = |x: V, then: V, otherwise: V| {
            x.select::<EQUAL>(largest, then, x.select::<EQUAL>(x, otherwise, then))
        };
        let (in_upper, in_lower) = (number.exchange::<1>(zero).0, zero.exchange::<1>(number).0);
        let number = if_largest(of_upper, in_upper, in_lower);
        let right = if_largest(left, zero, if_largest(right, number, zero));
        let left = if_largest(left, number, zero);
        left.exchange::<1>(right)
    }
}

/// # Safety
/// `count` numbers can be read, at most the lanes; the processor has the instruction set.
#[inline(always)]
unsafe fn load<T: Real, V: Vector<T>>(from: *const T, count: usize) -> V {
    // SAFETY: the caller promises it.
    unsafe { if count == V::LANES { V::load(from) } else { V::load_part(from, count) } }
}

/// # Safety
/// `count` numbers can be written, at most the lanes; the processor has the instruction set.
#[inline(always)]
unsafe fn store<T: Real, V: Vector<T>>(register: V, to: *mut T, count: usize) {
    // SAFETY: the caller promises it.
    unsafe { if count == V::LANES { register.store(to) } else { register.store_part(to, count) } }
}

#[cfg(test)]
mod tests {
    use super::super::max;
    use super::*;
    use crate::kernel::simd::{Body, dispatch_to, levels};

    struct InRegisters<'a, T>(&'a Windows, &'a [T], &'a [T], &'a mut [T], &'a mut [T]);

    impl<T: Real> Body for InRegisters<'_, T> {
        type Output = ();

        #[inline(always)]
        fn run<I: InstructionSet>(self) {
            scatter::<T, I>(self.0, (self.1, self.2), self.3, self.4);
        }
    }

    /// Few values, so that there are ties; among them NaN and both zeros.
    fn agrees<T: Real>() {
        for image in [[2, 2], [4, 6], [5, 7], [24, 24], [3, 35], [2, 64]] {
            let output = image.map(|length| length / 2);
            let windows =
                Windows { planes: 1, image, output, kernel: [2, 2], stride: [2, 2], padding: [0, 0] };
            let (elements, pooled) = (image[0] * image[1], output[0] * output[1]);
            let values = [-0.0, 0.0, 1.5, 2.0, -1.0, f64::NAN];
            for kinds in [2, 5, 6] {
                let x: Vec<T> =
                    (0..elements).map(|position| T::of(values[position * 7919 % 4001 % kinds])).collect();
                let g: Vec<T> = (0..pooled).map(|position| T::of(position as f64 + 1.0)).collect();
                let mut scratch = vec![T::of(7.0); windows.scratch() + 2 * windows.block() * output[1]];
                let mut expected = vec![T::of(9.0); elements];
                max::scatter::<T, 2>(&windows, (&x, &g), &mut expected, &mut scratch);
                for level in levels() {
                    let mut to = vec![T::of(9.0); elements];
                    let body = InRegisters(&windows, &x, &g, &mut to, &mut scratch);
                    // SAFETY: `levels` are those that the processor has.
                    unsafe { dispatch_to(level, body) };
                    assert_eq!(to, expected, "{level:?} {image:?} {x:?}");
                }
            }
        }
    }

    #[test]
    fn registers_and_loops_agree() {
        agrees::<f32>();
        agrees::<f64>();
    }
}
