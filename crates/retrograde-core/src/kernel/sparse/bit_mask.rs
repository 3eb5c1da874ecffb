//! Bit masks of the nonzero bytes of a row.

/// The columns of a block: one for each bit of a mask.
pub(super) const BLOCK: usize = 64;

/// Finds the nonzero bytes of a row. `masks` gets the bit mask of each block of [`BLOCK`] columns, `prefix_counts` the number of
/// nonzeros before each block and, at the end, of all, and `nonzeros` the bytes themselves. `nonzeros` must be as long as the row,
/// rounded up to a multiple of [`BLOCK`]; its rest is overwritten. Returns the number of nonzeros.
pub(super) fn compress_row(
    row: &[u8],
    masks: &mut [u64],
    prefix_counts: &mut [u16],
    nonzeros: &mut [u8],
) -> usize {
    let blocks = row.len().div_ceil(BLOCK);
    assert!(masks.len() == blocks && prefix_counts.len() == blocks + 1, "a mask and a count for each block");
    assert!(nonzeros.len() >= blocks * BLOCK, "memory for a row without zeros");
    let mut count = 0;
    for ((block, mask), before) in row.chunks(BLOCK).zip(masks).zip(prefix_counts.iter_mut()) {
        *before = count as u16;
        *mask = compress(block, &mut nonzeros[count..count + BLOCK]);
        count += mask.count_ones() as usize;
    }
    prefix_counts[blocks] = count as u16;
    count
}

/// Moves the nonzero bytes of a block to the front of `to` and returns their bit mask.
fn compress(block: &[u8], to: &mut [u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if crate::kernel::simd::compresses_bytes() && block.len() == BLOCK && to.len() == BLOCK {
        // SAFETY: `compresses_bytes` has found the instructions, and both slices are as long as a register.
        return unsafe { compress_avx512(block, to) };
    }
    compress_portable(block, to)
}

/// Branch-free: each byte is written, and overwritten by the next one if it is zero.
fn compress_portable(block: &[u8], to: &mut [u8]) -> u64 {
    let (mut mask, mut count) = (0, 0);
    for (i, &byte) in block.iter().enumerate() {
        to[count] = byte;
        mask |= u64::from(byte != 0) << i;
        count += usize::from(byte != 0);
    }
    mask
}

/// # Safety
/// The processor has the instructions; both slices are [`BLOCK`] long.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
unsafe fn compress_avx512(block: &[u8], to: &mut [u8]) -> u64 {
    use std::arch::x86_64::{
        _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_storeu_si512, _mm512_test_epi8_mask,
    };
    // SAFETY: 64 bytes are read and 64 are written, as the caller promises.
    unsafe {
        let block = _mm512_loadu_si512(block.as_ptr().cast());
        let mask = _mm512_test_epi8_mask(block, block);
        _mm512_storeu_si512(to.as_mut_ptr().cast(), _mm512_maskz_compress_epi8(mask, block));
        mask
    }
}

/// The inverse of [`compress`] for several masks: block `i` gets the bytes at the front of `nonzeros(i)` at the set bits of mask
/// `i`, and zeros elsewhere.
#[inline(always)]
pub(super) fn expand<'a>(masks: &[u64], nonzeros: impl Fn(usize) -> &'a [u8], blocks: &mut [[u8; BLOCK]]) {
    #[cfg(target_arch = "x86_64")]
    if crate::kernel::simd::compresses_bytes() {
        // SAFETY: `compresses_bytes` has found the instructions.
        return unsafe { expand_avx512(masks, nonzeros, blocks) };
    }
    expand_portable(masks, nonzeros, blocks);
}

#[inline(always)]
fn expand_portable<'a>(masks: &[u64], nonzeros: impl Fn(usize) -> &'a [u8], blocks: &mut [[u8; BLOCK]]) {
    for (i, (&mask, block)) in masks.iter().zip(blocks).enumerate() {
        block.fill(0);
        let mut remaining = mask;
        for &nonzero in &nonzeros(i)[..mask.count_ones() as usize] {
            block[remaining.trailing_zeros() as usize] = nonzero;
            remaining &= remaining - 1;
        }
    }
}

/// # Safety
/// The processor has the instructions.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,popcnt")]
unsafe fn expand_avx512<'a>(masks: &[u64], nonzeros: impl Fn(usize) -> &'a [u8], blocks: &mut [[u8; BLOCK]]) {
    use std::arch::x86_64::{_mm512_maskz_expandloadu_epi8, _mm512_storeu_si512};
    for (i, (&mask, block)) in masks.iter().zip(blocks).enumerate() {
        let nonzeros = &nonzeros(i)[..mask.count_ones() as usize];
        // SAFETY: the load reads one byte for each set bit, as many as `nonzeros` has, and the store writes a block.
        unsafe {
            let expanded = _mm512_maskz_expandloadu_epi8(mask, nonzeros.as_ptr().cast());
            _mm512_storeu_si512(block.as_mut_ptr().cast(), expanded);
        }
    }
}

/// Transposes a square of 64 × 64 bits: bit j of word i becomes bit i of word j (Warren, Hacker's Delight, 7-3).
#[inline(always)]
pub(super) fn transpose(words: &mut [u64; BLOCK]) {
    exchange::<32>(words, 0x0000_0000_ffff_ffff);
    exchange::<16>(words, 0x0000_ffff_0000_ffff);
    exchange::<8>(words, 0x00ff_00ff_00ff_00ff);
    exchange::<4>(words, 0x0f0f_0f0f_0f0f_0f0f);
    exchange::<2>(words, 0x3333_3333_3333_3333);
    exchange::<1>(words, 0x5555_5555_5555_5555);
}

/// Exchanges off-diagonal squares: the bits of a word outside of `low` and the bits in `low` of the word `DISTANCE` after it.
#[inline(always)]
fn exchange<const DISTANCE: usize>(words: &mut [u64; BLOCK], low: u64) {
    for pair in words.chunks_exact_mut(2 * DISTANCE) {
        let (front, back) = pair.split_at_mut(DISTANCE);
        for (a, b) in front.iter_mut().zip(back) {
            let exchanged = ((*a >> DISTANCE) ^ *b) & low;
            *a ^= exchanged << DISTANCE;
            *b ^= exchanged;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, compress, compress_portable, compress_row, expand, expand_portable, transpose};

    #[test]
    fn expansion_is_the_inverse_of_compression() {
        for length in [1_usize, 2, 63, 64, 65, 127, 128, 129, 784, 1024] {
            for density in [0, 1, 5, 11] {
                let bytes: Vec<u8> = (0..length)
                    .map(|i| if i * 7919 % 11 < density { (i % 255 + 1) as u8 } else { 0 })
                    .collect();
                let blocks = length.div_ceil(BLOCK);
                let (mut masks, mut prefix_counts) = (vec![7; blocks], vec![7; blocks + 1]);
                let mut nonzeros = vec![7; blocks * BLOCK];
                let count = compress_row(&bytes, &mut masks, &mut prefix_counts, &mut nonzeros);
                assert!(bytes.iter().filter(|byte| **byte != 0).eq(&nonzeros[..count]));
                for (number, dense) in bytes.chunks(BLOCK).enumerate() {
                    let before = bytes[..number * BLOCK].iter().filter(|byte| **byte != 0).count();
                    assert_eq!(usize::from(prefix_counts[number]), before);
                    let (mut block, mut portable) = ([[7; BLOCK]], [[7; BLOCK]]);
                    let mask = &masks[number..=number];
                    expand(mask, |_| &nonzeros[before..count], &mut block);
                    expand_portable(mask, |_| &nonzeros[before..count], &mut portable);
                    assert!(block == portable && block[0].starts_with(dense));
                }
                assert_eq!(usize::from(prefix_counts[blocks]), count);
            }
        }
    }

    #[test]
    fn both_implementations_compress_alike() {
        let block: [u8; BLOCK] = std::array::from_fn(|i| if i % 3 == 1 { i as u8 } else { 0 });
        let (mut one, mut other) = ([0; BLOCK], [0; BLOCK]);
        let (mask, portable) = (compress(&block, &mut one), compress_portable(&block, &mut other));
        let count = mask.count_ones() as usize;
        assert_eq!((mask, &one[..count]), (portable, &other[..count]));
    }

    #[test]
    fn bits_are_transposed() {
        let before: [u64; BLOCK] =
            std::array::from_fn(|i| (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut words = before;
        transpose(&mut words);
        for (i, word) in before.iter().enumerate() {
            assert!((0..BLOCK).all(|j| word >> j & 1 == words[j] >> i & 1));
        }
    }
}
