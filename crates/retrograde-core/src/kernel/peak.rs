//! The measured limits of the machine, with which a profile compares the steps of a plan.

use super::reduce::sum;
use super::simd::{Body, InstructionSet, Real, Vector, dispatch};
use retrograde_base::clock::Instant;
use std::marker::PhantomData;

/// The limits of all threads together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Billions of floating-point operations per second, in registers.
    pub gigaflops: f64,
    /// Billions of bytes per second, read from main memory.
    pub gigabytes_per_second: f64,
}

/// The number of measurements of each limit, of which the best counts.
const MEASUREMENTS: usize = 5;

/// The number of independent sums: more than two units with a latency of four cycles need.
const SUMS: usize = 12;

/// The additions to each sum in one measurement: about a millisecond.
const STEPS: usize = 100_000;

/// The bytes that each thread reads: more than any cache holds.
const BYTES: usize = 32 << 20;

impl Peak {
    /// Measures both limits for numbers of the type `T`. Takes some hundredths of a second.
    pub fn measure<T: Real>(threads: usize) -> Peak {
        let threads = threads.max(1);
        let memory: Vec<Vec<T>> = (0..threads).map(|_| vec![T::one(); BYTES / size_of::<T>()]).collect();
        let reading = best(threads, |thread| {
            std::hint::black_box(sum(&memory[thread]));
            BYTES as f64
        });
        Peak { gigaflops: Self::gigaflops::<T>(threads), gigabytes_per_second: reading / 1e9 }
    }

    /// Measures the first limit alone. Takes some thousandths of a second.
    pub fn gigaflops<T: Real>(threads: usize) -> f64 {
        let done = best(threads.max(1), |_| {
            let lanes = dispatch(Sums::<T>(PhantomData));
            (lanes * SUMS * STEPS * 2) as f64
        });
        done / 1e9
    }
}

/// The best rate per second of `work` on several threads; it returns its own count.
fn best(threads: usize, work: impl Fn(usize) -> f64 + Sync) -> f64 {
    let once = || {
        let start = Instant::now();
        let done: f64 = std::thread::scope(|scope| {
            let work = &work;
            let others: Vec<_> = (1..threads).map(|thread| scope.spawn(move || work(thread))).collect();
            work(0) + others.into_iter().map(|other| other.join().unwrap_or(0.0)).sum::<f64>()
        });
        done / start.elapsed().as_secs_f64().max(1e-9)
    };
    (0..MEASUREMENTS).map(|_| once()).fold(0.0, f64::max)
}

/// Multiplies and adds in registers. Returns the lanes of a register.
struct Sums<T>(PhantomData<T>);

impl<T: Real> Body for Sums<T> {
    type Output = usize;

    #[inline(always)]
    fn run<I: InstructionSet>(self) -> usize {
        // SAFETY: `dispatch` has checked that the processor has the instruction set `I`. No memory is accessed but `end`, which is longer
        // than any register.
        unsafe {
            let number = |x: f64| T::Register::<I>::splat(T::of(std::hint::black_box(x)));
            let (factor, addend) = (number(0.999), number(0.001));
            let mut sums = [number(1.0); SUMS];
            for _ in 0..STEPS {
                for sum in &mut sums {
                    *sum = sum.multiply_add(factor, addend);
                }
            }
            let total = sums.into_iter().reduce(|a, b| a.add(b)).unwrap_or(factor);
            let mut end = [T::zero(); 64];
            total.store(end.as_mut_ptr());
            std::hint::black_box(&end);
        }
        T::Register::<I>::LANES
    }
}

#[cfg(test)]
mod tests {
    use super::Peak;

    #[test]
    fn the_limits_are_positive() {
        let peak = Peak::measure::<f32>(2);
        assert!(peak.gigaflops > 0.0 && peak.gigabytes_per_second > 0.0, "{peak:?}");
    }
}
