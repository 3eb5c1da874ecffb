//! Finding the bytes that are not zero, and putting them back.

/// The columns of a row fall into blocks of this many: one bit of a word for each.
pub(super) const BLOCK: usize = 64;

/// Finds the bytes of a row that are not zero. For each block of [`BLOCK`], the bits of a word in `masks` say which, and
/// `marks` how many there are before it, with the number of all at the end. They themselves go to `numbers`, which has room
/// for as many as the row has, rounded up to a multiple of [`BLOCK`]; what lies behind the last may be overwritten. Returns
/// how many there are.
pub(super) fn find(row: &[u8], masks: &mut [u64], marks: &mut [u16], numbers: &mut [u8]) -> usize {
    let blocks = row.len().div_ceil(BLOCK);
    assert!(masks.len() == blocks && marks.len() == blocks + 1, "a mask and a mark for each block");
    assert!(numbers.len() >= blocks * BLOCK, "room for all");
    let mut count = 0;
    for ((block, mask), mark) in row.chunks(BLOCK).zip(masks).zip(marks.iter_mut()) {
        *mark = count as u16;
        let room = &mut numbers[count..count + BLOCK];
        *mask = compress(block, room);
        count += mask.count_ones() as usize;
    }
    marks[blocks] = count as u16;
    count
}

/// Moves the bytes of a block that are not zero together, and says which they were.
fn compress(block: &[u8], to: &mut [u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if super::dispatch::compresses_bytes() && block.len() == BLOCK && to.len() == BLOCK {
        // SAFETY: the processor has the instructions, and there are as many bytes as a register holds.
        return unsafe { compress_by_register(block, to) };
    }
    compress_one_by_one(block, to)
}

/// Byte by byte, without a branch: each is written, and overwritten by the next if it was zero.
fn compress_one_by_one(block: &[u8], to: &mut [u8]) -> u64 {
    let (mut mask, mut count) = (0, 0);
    for (i, &byte) in block.iter().enumerate() {
        to[count] = byte;
        mask |= u64::from(byte != 0) << i;
        count += usize::from(byte != 0);
    }
    mask
}

/// # Safety
/// The processor has the instructions; both are [`BLOCK`] long.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
unsafe fn compress_by_register(block: &[u8], to: &mut [u8]) -> u64 {
    use std::arch::x86_64::{
        _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_storeu_si512, _mm512_test_epi8_mask,
    };
    // SAFETY: 64 bytes are read and 64 are written.
    unsafe {
        let block = _mm512_loadu_si512(block.as_ptr().cast());
        let mask = _mm512_test_epi8_mask(block, block);
        _mm512_storeu_si512(to.as_mut_ptr().cast(), _mm512_maskz_compress_epi8(mask, block));
        mask
    }
}

/// The block that was [compressed](compress) to the numbers with which `numbers(i)` begins and to mask `i`, for each mask.
#[inline(always)]
pub(super) fn expand<'a>(masks: &[u64], numbers: impl Fn(usize) -> &'a [u8], blocks: &mut [[u8; BLOCK]]) {
    #[cfg(target_arch = "x86_64")]
    if super::dispatch::compresses_bytes() {
        // SAFETY: the processor has the instructions.
        return unsafe { expand_by_register(masks, numbers, blocks) };
    }
    expand_one_by_one(masks, numbers, blocks);
}

#[inline(always)]
fn expand_one_by_one<'a>(masks: &[u64], numbers: impl Fn(usize) -> &'a [u8], blocks: &mut [[u8; BLOCK]]) {
    for (i, (&mask, block)) in masks.iter().zip(blocks).enumerate() {
        block.fill(0);
        let mut left = mask;
        for &number in &numbers(i)[..mask.count_ones() as usize] {
            block[left.trailing_zeros() as usize] = number;
            left &= left - 1;
        }
    }
}

/// # Safety
/// The processor has the instructions.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,popcnt")]
unsafe fn expand_by_register<'a>(
    masks: &[u64],
    numbers: impl Fn(usize) -> &'a [u8],
    blocks: &mut [[u8; BLOCK]],
) {
    use std::arch::x86_64::{_mm512_maskz_expandloadu_epi8, _mm512_storeu_si512};
    for (i, (&mask, block)) in masks.iter().zip(blocks).enumerate() {
        let numbers = &numbers(i)[..mask.count_ones() as usize];
        // SAFETY: as many numbers are read as there are bits, and 64 bytes are written.
        unsafe {
            let expanded = _mm512_maskz_expandloadu_epi8(mask, numbers.as_ptr().cast());
            _mm512_storeu_si512(block.as_mut_ptr().cast(), expanded);
        }
    }
}

/// Exchanges rows and columns of 64 × 64 bits: bit j of word i becomes bit i of word j (Warren, Hacker's Delight, 7-3).
#[inline(always)]
pub(super) fn transpose(words: &mut [u64; BLOCK]) {
    exchange::<32>(words, 0x0000_0000_ffff_ffff);
    exchange::<16>(words, 0x0000_ffff_0000_ffff);
    exchange::<8>(words, 0x00ff_00ff_00ff_00ff);
    exchange::<4>(words, 0x0f0f_0f0f_0f0f_0f0f);
    exchange::<2>(words, 0x3333_3333_3333_3333);
    exchange::<1>(words, 0x5555_5555_5555_5555);
}

/// Exchanges the corners of squares: the bits of a word that are not `low` and the low ones of the word `DISTANCE` behind it.
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
    use super::{BLOCK, compress, compress_one_by_one, expand, expand_one_by_one, find, transpose};

    #[test]
    fn what_was_found_is_there_and_can_be_put_back() {
        for length in [1_usize, 2, 63, 64, 65, 127, 128, 129, 784, 1024] {
            for density in [0, 1, 5, 11] {
                let bytes: Vec<u8> = (0..length)
                    .map(|i| if i * 7919 % 11 < density { (i % 255 + 1) as u8 } else { 0 })
                    .collect();
                let blocks = length.div_ceil(BLOCK);
                let (mut masks, mut marks) = (vec![7; blocks], vec![7; blocks + 1]);
                let mut numbers = vec![7; blocks * BLOCK];
                let count = find(&bytes, &mut masks, &mut marks, &mut numbers);
                assert!(bytes.iter().filter(|byte| **byte != 0).eq(&numbers[..count]));
                for (number, there) in bytes.chunks(BLOCK).enumerate() {
                    let before = bytes[..number * BLOCK].iter().filter(|byte| **byte != 0).count();
                    assert_eq!(usize::from(marks[number]), before);
                    let (mut block, mut other) = ([[7; BLOCK]], [[7; BLOCK]]);
                    expand(&masks[number..=number], |_| &numbers[before..count], &mut block);
                    expand_one_by_one(&masks[number..=number], |_| &numbers[before..count], &mut other);
                    assert!(block == other && block[0].starts_with(there));
                }
                assert_eq!(usize::from(marks[blocks]), count);
            }
        }
    }

    #[test]
    fn both_ways_find_the_same() {
        let block: [u8; BLOCK] = std::array::from_fn(|i| if i % 3 == 1 { i as u8 } else { 0 });
        let (mut one, mut other) = ([0; BLOCK], [0; BLOCK]);
        let (mask, found) = (compress(&block, &mut one), compress_one_by_one(&block, &mut other));
        let count = mask.count_ones() as usize;
        assert_eq!((mask, &one[..count]), (found, &other[..count]));
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
