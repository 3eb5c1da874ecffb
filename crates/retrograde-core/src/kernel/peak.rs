//! What the machine can do at the most, measured: the limits beside which the times of a plan are seen.

use super::dispatch::{Body, InstructionSet, dispatch};
use super::real::Real;
use super::reduce::sum;
use super::vector::Vector;
use retrograde_base::clock::Instant;
use std::marker::PhantomData;

/// What all threads together can do at the most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Billions of additions and multiplications a second, in registers.
    pub gigaflops: f64,
    /// Billions of bytes read a second, from memory that no cache holds.
    pub gigabytes_per_second: f64,
}

/// How often each limit is measured; the best counts.
const TIMES: usize = 5;

/// Chains of sums that do not wait for each other, as a processor with two units of four cycles needs.
const CHAINS: usize = 12;

/// Steps of a chain in one measurement: about a millisecond.
const STEPS: usize = 100_000;

/// Bytes that each thread reads: more than its share of any cache.
const BYTES: usize = 32 << 20;

impl Peak {
    /// Measures both limits for numbers of the type `T`, in some hundredths of a second.
    pub fn measure<T: Real>(threads: usize) -> Peak {
        let threads = threads.max(1);
        let memory: Vec<Vec<T>> = (0..threads).map(|_| vec![T::one(); BYTES / size_of::<T>()]).collect();
        let reading = best(threads, |thread| {
            std::hint::black_box(sum(&memory[thread]));
            BYTES as f64
        });
        Peak { gigaflops: Self::arithmetic::<T>(threads), gigabytes_per_second: reading / 1e9 }
    }

    /// Measures the first limit alone, in some thousandths of a second: billions of additions and multiplications a second.
    pub fn arithmetic<T: Real>(threads: usize) -> f64 {
        let done = best(threads.max(1), |_| {
            let lanes = dispatch(Sums::<T>(PhantomData));
            (lanes * CHAINS * STEPS * 2) as f64
        });
        done / 1e9
    }
}

/// The most that `work` did in a second, on so many threads at once, by its own count.
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
    (0..TIMES).map(|_| once()).fold(0.0, f64::max)
}

/// Multiplies and adds in registers; returns how many numbers a register holds.
struct Sums<T>(PhantomData<T>);

impl<T: Real> Body for Sums<T> {
    type Output = usize;

    #[inline(always)]
    fn run<I: InstructionSet>(self) -> usize {
        // SAFETY: `dispatch` has found the processor to have the instruction set `I`; no memory is touched but `end`.
        unsafe {
            let number = |x: f64| T::Register::<I>::splat(T::of(std::hint::black_box(x)));
            let (factor, addend) = (number(0.999), number(0.001));
            let mut sums = [number(1.0); CHAINS];
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
