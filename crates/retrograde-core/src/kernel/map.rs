//! Loops over slices of equal length, compiled for the processor's instruction set.

use super::dispatch::{Body, InstructionSet, dispatch};

/// `output[i] = f(x[i])`.
pub(crate) fn unary<T: Copy, F: Fn(T) -> T>(x: &[T], output: &mut [T], f: F) {
    struct Loop<'a, T, F>(&'a [T], &'a mut [T], F);
    impl<T: Copy, F: Fn(T) -> T> Body for Loop<'_, T, F> {
        type Output = ();
        #[inline(always)]
        fn run<I: InstructionSet>(self) {
            for (output, &x) in self.1.iter_mut().zip(self.0) {
                *output = (self.2)(x);
            }
        }
    }
    dispatch(Loop(x, output, f));
}

/// `output[i] = f(x[i], y[i])`.
pub(crate) fn binary<T: Copy, F: Fn(T, T) -> T>(x: &[T], y: &[T], output: &mut [T], f: F) {
    struct Loop<'a, T, F>(&'a [T], &'a [T], &'a mut [T], F);
    impl<T: Copy, F: Fn(T, T) -> T> Body for Loop<'_, T, F> {
        type Output = ();
        #[inline(always)]
        fn run<I: InstructionSet>(self) {
            for ((output, &x), &y) in self.2.iter_mut().zip(self.0).zip(self.1) {
                *output = (self.3)(x, y);
            }
        }
    }
    dispatch(Loop(x, y, output, f));
}

/// `output[i] = f(x[i], y[i], z[i])`.
pub(crate) fn ternary<T: Copy, F: Fn(T, T, T) -> T>(x: &[T], y: &[T], z: &[T], output: &mut [T], f: F) {
    struct Loop<'a, T, F>(&'a [T], &'a [T], &'a [T], &'a mut [T], F);
    impl<T: Copy, F: Fn(T, T, T) -> T> Body for Loop<'_, T, F> {
        type Output = ();
        #[inline(always)]
        fn run<I: InstructionSet>(self) {
            for (((output, &x), &y), &z) in self.3.iter_mut().zip(self.0).zip(self.1).zip(self.2) {
                *output = (self.4)(x, y, z);
            }
        }
    }
    dispatch(Loop(x, y, z, output, f));
}
