//! The kernel's functions for one type of numbers, compiled once.
//!
//! A generic function is compiled in each crate that calls it with a type. All kernels, in each instruction set, would so be
//! compiled again in every crate that compiles a plan. A static belongs to the crate that has it.

use super::arena::Arena;
use super::simd::{PerReal, Real};
use super::step::{Step, steps};
use super::threads::Threads;
use super::work::{Work, bytes_moved, execute, scratch, validate};
use std::ops::Range;

/// [`steps`] for one type of numbers.
type Partition<T> = fn(Vec<Vec<Work>>, &Arena<T>, &Threads) -> Vec<Step>;

/// The functions of the kernel for the numbers `T`, which a program calls.
pub(super) struct Functions<T: 'static> {
    /// [`execute`], with its conditions.
    pub(super) execute: unsafe fn(&Work, &Arena<T>, Range<usize>, &mut [T]),
    pub(super) validate: fn(&Arena<T>, &Work) -> Result<(), &'static str>,
    pub(super) scratch: fn(&Work) -> usize,
    pub(super) steps: Partition<T>,
    pub(super) bytes_moved: fn(&Work, &Arena<T>) -> usize,
}

static SINGLE: Functions<f32> = Functions::OF;
static DOUBLE: Functions<f64> = Functions::OF;

impl<T: Real> Functions<T> {
    const OF: Self = Functions {
        execute: execute::<T>,
        validate: validate::<T>,
        scratch: scratch::<T>,
        steps: steps::<T>,
        bytes_moved: bytes_moved::<T>,
    };

    /// The functions for `T`.
    pub(super) fn get() -> &'static Self {
        struct FunctionsOf;
        impl PerReal for FunctionsOf {
            type Of<T: Real> = &'static Functions<T>;
        }
        T::member::<FunctionsOf>(&SINGLE, &DOUBLE)
    }
}
