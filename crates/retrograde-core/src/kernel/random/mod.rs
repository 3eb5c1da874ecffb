//! Random numbers by a counter-based generator: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, *Parallel random numbers:
//! as easy as 1, 2, 3*, SC 2011).
//!
//! A counter-based generator has no state: its numbers are a function of a key and a counter. So element `i` depends on nothing
//! but the [`Key`] and `i`, whatever the number of threads and the instruction set.
//!
//! Philox makes four words of 32 bits of a counter of four words and a key of two. The key is the seed. The counter is
//! `[block, stream, low half of the step, high half of the step]`. Eight blocks are computed side by side, one in each lane of a
//! register: a group. Element `i` is in group `i / 32`, and there word `i % 32 / 8` of block `i % 8`, so that no words are
//! exchanged between lanes. That word is the upper part of the number. An `f64` has a lower part, too: the word at the same place
//! of the block whose number has the highest bit set.

mod normal;

pub(crate) use normal::Normal;

use super::simd::{Body, InstructionSet, Real, dispatch};
use std::fmt::Debug;
use std::marker::PhantomData;

/// The blocks that are computed side by side.
const BLOCKS: usize = 8;

/// The elements of a group.
const GROUP: usize = 4 * BLOCKS;

/// The most elements that a key has numbers for: the block is a word without its highest bit.
pub(crate) const MOST_ELEMENTS: u64 = 4 << 31;

/// The highest bit of the number of a block.
const LOWER_PART: u32 = 1 << 31;

/// What the numbers depend on, apart from their place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) seed: u64,
    pub(crate) stream: u32,
    pub(crate) step: u64,
}

impl Key {
    /// Writes the numbers of a distribution from element `first` on.
    pub(crate) fn fill<T: Real, D: Distribution<T>>(self, first: usize, output: &mut [T]) {
        dispatch(Fill::<T, D> { key: self, first, output, distribution: PhantomData });
    }

    /// The words of eight blocks, in the lower halves of the lanes. `part` is added to the numbers of the blocks.
    #[inline(always)]
    fn words(self, group: usize, part: u32) -> [[u64; BLOCKS]; 4] {
        let block = (group * BLOCKS) as u32 | part;
        let (low, high) = halves(self.step);
        philox(
            [
                std::array::from_fn(|lane| u64::from(block) + lane as u64),
                [u64::from(self.stream); BLOCKS],
                [u64::from(low); BLOCKS],
                [u64::from(high); BLOCKS],
            ],
            halves(self.seed),
        )
    }
}

/// The low and the high half.
#[inline(always)]
fn halves(number: u64) -> (u32, u32) {
    (number as u32, (number >> 32) as u32)
}

/// How random numbers are distributed.
pub(crate) trait Distribution<T>: Debug + Send + Sync + 'static {
    /// The numbers of a group.
    fn group(key: Key, group: usize) -> [T; GROUP];
}

/// Multiples of 2⁻²⁴ for `f32` and of 2⁻⁵³ for `f64`, from 0 on and below 1. An `f32` is the `f64` rounded down.
#[derive(Debug)]
pub(crate) struct Uniform;

impl Distribution<f32> for Uniform {
    #[inline(always)]
    fn group(key: Key, group: usize) -> [f32; GROUP] {
        const SCALE: f32 = 1.0 / (1 << 24) as f32;
        let upper = key.words(group, 0);
        // Fewer than 32 bits as a signed integer, which every instruction set can convert.
        std::array::from_fn(|i| (upper[i / BLOCKS][i % BLOCKS] as u32 >> 8) as i32 as f32 * SCALE)
    }
}

/// The 53 bits of an `f64`, of an upper and a lower word.
#[inline(always)]
fn significand(upper: u64, lower: u64) -> u64 {
    u64::from(upper as u32) << 21 | u64::from(lower as u32) >> 11
}

impl Distribution<f64> for Uniform {
    #[inline(always)]
    fn group(key: Key, group: usize) -> [f64; GROUP] {
        const SCALE: f64 = 1.0 / (1_u64 << 53) as f64;
        let (upper, lower) = (key.words(group, 0), key.words(group, LOWER_PART));
        std::array::from_fn(|i| {
            let (row, lane) = (i / BLOCKS, i % BLOCKS);
            significand(upper[row][lane], lower[row][lane]) as f64 * SCALE
        })
    }
}

/// The words for some counters and a key. Of each lane the lower half counts.
#[inline(always)]
fn philox<const LANES: usize>(counter: [[u64; LANES]; 4], (mut k0, mut k1): (u32, u32)) -> [[u64; LANES]; 4] {
    const LOW: u64 = u32::MAX as u64;
    let [mut a, mut b, mut c, mut d] = counter;
    for _ in 0..10 {
        for lane in 0..LANES {
            let (x, y) = ((a[lane] & LOW) * 0xd251_1f53, (c[lane] & LOW) * 0xcd9e_8d57);
            a[lane] = (y >> 32) ^ b[lane] ^ u64::from(k0);
            c[lane] = (x >> 32) ^ d[lane] ^ u64::from(k1);
            b[lane] = y;
            d[lane] = x;
        }
        // The golden ratio, and √3 − 1.
        (k0, k1) = (k0.wrapping_add(0x9e37_79b9), k1.wrapping_add(0xbb67_ae85));
    }
    [a, b, c, d]
}

struct Fill<'a, T, D> {
    key: Key,
    first: usize,
    output: &'a mut [T],
    distribution: PhantomData<D>,
}

impl<T: Real, D: Distribution<T>> Body for Fill<'_, T, D> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Fill { key, first, output, .. } = self;
        let (mut group, within) = (first / GROUP, first % GROUP);
        // The rest of a group that began before.
        let (begun, output) = output.split_at_mut(((GROUP - within) % GROUP).min(output.len()));
        if !begun.is_empty() {
            begun.copy_from_slice(&D::group(key, group)[within..within + begun.len()]);
            group += 1;
        }
        for output in output.chunks_mut(GROUP) {
            let numbers = D::group(key, group);
            match <&mut [T; GROUP]>::try_from(&mut *output) {
                Ok(output) => *output = numbers,
                Err(_) => output.copy_from_slice(&numbers[..output.len()]),
            }
            group += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::{dispatch_to, levels};
    use super::{Distribution, Fill, Key, MOST_ELEMENTS, Uniform, philox};
    use crate::kernel::Real;
    use std::marker::PhantomData;

    /// The known answers that come with Random123, the implementation of the paper's authors.
    #[test]
    fn philox_gives_the_known_answers() {
        let pi = ([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], (0xa409_3822, 0x299f_31d0));
        let ones = u64::from(u32::MAX);
        for ((counter, key), words) in [
            (([0; 4], (0, 0)), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            (([ones; 4], (u32::MAX, u32::MAX)), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (pi, [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1_u32]),
        ] {
            let found = philox(counter.map(|word| [word; 1]), key);
            assert_eq!(found.map(|[word]| word as u32), words);
        }
    }

    pub(super) const KEY: Key = Key { seed: 0x0123_4567_89ab_cdef, stream: 5, step: 0xfedc_ba98_7654_3210 };

    /// The two words of an element, from the definition in the module's documentation.
    pub(super) fn words(key: Key, element: usize) -> [u32; 2] {
        let (block, word) = (element / 32 * 8 + element % 8, element % 32 / 8);
        [block, block + (1 << 31)].map(|block| {
            let counter = [block as u64, u64::from(key.stream), key.step & 0xffff_ffff, key.step >> 32];
            philox(counter.map(|word| [word]), (key.seed as u32, (key.seed >> 32) as u32))[word][0] as u32
        })
    }

    /// The numbers `first..first + count` on every instruction set.
    pub(super) fn fill<T: Real, D: Distribution<T>>(key: Key, first: usize, count: usize) -> Vec<Vec<T>> {
        let on = |level| {
            let mut output = vec![T::nan(); count];
            let fill = Fill::<T, D> { key, first, output: &mut output, distribution: PhantomData };
            // SAFETY: `levels` has seen that the processor has it.
            unsafe { dispatch_to(level, fill) };
            output
        };
        levels().into_iter().map(on).collect()
    }

    #[test]
    fn an_element_is_a_function_of_the_key_and_its_place() {
        for (first, count) in
            [(0, 1), (0, 200), (7, 3), (31, 2), (33, 95), (MOST_ELEMENTS as usize - 40, 40), (5, 0)]
        {
            let expected: Vec<[u32; 2]> = (first..first + count).map(|i| words(KEY, i)).collect();
            for single in fill::<f32, Uniform>(KEY, first, count) {
                let bits = expected.iter().map(|[upper, _]| (upper >> 8) as f32 / 16_777_216.0);
                assert_eq!(single, bits.collect::<Vec<f32>>(), "{count} from {first}");
            }
            for double in fill::<f64, Uniform>(KEY, first, count) {
                let bits = expected.iter().map(|&[upper, lower]| {
                    f64::from(upper) / 2_f64.powi(32) + f64::from(lower >> 11) / 2_f64.powi(53)
                });
                assert_eq!(double, bits.collect::<Vec<f64>>(), "{count} from {first}");
            }
        }
    }

    #[test]
    fn each_part_of_the_key_changes_the_numbers() {
        let of = |key| fill::<f64, Uniform>(key, 0, 64).swap_remove(0);
        for key in [
            Key { seed: KEY.seed ^ 1, ..KEY },
            Key { seed: KEY.seed ^ 1 << 32, ..KEY },
            Key { stream: KEY.stream ^ 1, ..KEY },
            Key { step: KEY.step ^ 1, ..KEY },
            Key { step: KEY.step ^ 1 << 32, ..KEY },
        ] {
            assert!(of(key).iter().zip(of(KEY)).all(|(a, b)| *a != b), "{key:?}");
        }
    }

    /// Of n independent uniform numbers the mean is 1/2 and the variance 1/12, each within five standard deviations, and so is
    /// the covariance of neighbours, which is 0.
    #[test]
    fn mean_variance_and_covariance_are_those_of_uniform_numbers() {
        let n = 1 << 18;
        let x: Vec<f64> = fill::<f32, Uniform>(KEY, 0, n)[0].iter().map(|&x| f64::from(x) - 0.5).collect();
        let mean = |terms: &mut dyn Iterator<Item = f64>| terms.sum::<f64>() / n as f64;
        let bound = |variance: f64| 5.0 * (variance / n as f64).sqrt();
        assert!(mean(&mut x.iter().copied()).abs() < bound(1.0 / 12.0));
        assert!((mean(&mut x.iter().map(|x| x * x)) - 1.0 / 12.0).abs() < bound(1.0 / 180.0));
        for distance in [1, 2, 4, 8, 32] {
            let covariance = mean(&mut x.iter().zip(&x[distance..]).map(|(a, b)| a * b));
            assert!(covariance.abs() < bound(1.0 / 144.0), "{covariance} at a distance of {distance}");
        }
    }
}
