//! Finding the bytes that are not zero.

use super::sparse::BLOCK;

/// The most bytes that are looked at in one call.
pub(super) const SPAN: usize = 8 * BLOCK;

/// Bytes of a row, `first` columns behind its beginning, where `before` others were found that are not zero.
#[derive(Clone, Copy)]
pub(super) struct Span<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) first: usize,
    pub(super) before: usize,
}

/// Writes the bytes that are not zero to `numbers` and their columns to `columns`, and to `marks` how many of the row there
/// are before each block of [`BLOCK`] bytes; returns how many there are. Behind the last of them, what is within the length
/// of the span rounded up to a multiple of 64 may be overwritten.
pub(super) fn nonzeros(
    span: Span<'_>,
    columns: &mut [u32],
    numbers: &mut [u8; SPAN],
    marks: &mut [u32],
) -> usize {
    let length = span.bytes.len();
    assert!(length <= SPAN && columns.len() >= length.next_multiple_of(64), "room for all");
    assert_eq!(marks.len(), length.div_ceil(BLOCK), "a mark for each block");
    #[cfg(target_arch = "x86_64")]
    if super::dispatch::compresses_bytes() {
        // SAFETY: the processor has the instructions, and there is room for all.
        return unsafe { compressed(span, columns, numbers, marks) };
    }
    one_by_one(span, columns, numbers, marks)
}

/// Byte by byte, without a branch: each is written, and overwritten by the next if it was zero.
fn one_by_one(span: Span<'_>, columns: &mut [u32], numbers: &mut [u8; SPAN], marks: &mut [u32]) -> usize {
    let (mut count, mut column) = (0, span.first as u32);
    for (block, mark) in span.bytes.chunks(BLOCK).zip(marks) {
        *mark = (span.before + count) as u32;
        for &byte in block {
            columns[count] = column;
            numbers[count] = byte;
            column += 1;
            count += usize::from(byte != 0);
        }
    }
    count
}

/// 64 bytes at a time, moved together by one instruction.
///
/// # Safety
/// The processor has the instructions; `columns` and `numbers` have room for as many as there are bytes, rounded up to a
/// multiple of 64; `marks` has a mark for each block.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,popcnt,bmi2")]
unsafe fn compressed(
    span: Span<'_>,
    columns: &mut [u32],
    numbers: &mut [u8; SPAN],
    marks: &mut [u32],
) -> usize {
    use std::arch::x86_64::{
        _mm_loadu_si128, _mm512_add_epi32, _mm512_cvtepu8_epi32, _mm512_loadu_si512,
        _mm512_maskz_compress_epi8, _mm512_maskz_loadu_epi8, _mm512_set1_epi32, _mm512_storeu_si512,
        _mm512_test_epi8_mask,
    };
    const PLACES: [u8; 64] = {
        let mut places = [0; 64];
        let mut i = 0;
        while i < 64 {
            places[i] = i as u8;
            i += 1;
        }
        places
    };
    let mut count = 0;
    // SAFETY: groups of 64 bytes are read where there are so many, else as many as are left. Before each group at most as
    // many were found as bytes were looked at, so that 64 more are within the room that there is.
    unsafe {
        let places = _mm512_loadu_si512(PLACES.as_ptr().cast());
        for (number, group) in span.bytes.chunks(64).enumerate() {
            if number * 64 % BLOCK == 0 {
                marks[number * 64 / BLOCK] = (span.before + count) as u32;
            }
            let group = if group.len() == 64 {
                _mm512_loadu_si512(group.as_ptr().cast())
            } else {
                _mm512_maskz_loadu_epi8((1 << group.len()) - 1, group.as_ptr().cast())
            };
            let found = _mm512_test_epi8_mask(group, group);
            if found == 0 {
                continue;
            }
            let together = _mm512_maskz_compress_epi8(found, group);
            _mm512_storeu_si512(numbers.as_mut_ptr().add(count).cast(), together);
            let mut narrow = [0_u8; 64];
            _mm512_storeu_si512(narrow.as_mut_ptr().cast(), _mm512_maskz_compress_epi8(found, places));
            let (first, size) =
                (_mm512_set1_epi32((span.first + 64 * number) as i32), found.count_ones() as usize);
            for at in (0..size).step_by(16) {
                let wide = _mm512_cvtepu8_epi32(_mm_loadu_si128(narrow.as_ptr().add(at).cast()));
                _mm512_storeu_si512(
                    columns.as_mut_ptr().add(count + at).cast(),
                    _mm512_add_epi32(wide, first),
                );
            }
            count += size;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, SPAN, Span, nonzeros, one_by_one};

    #[test]
    fn both_ways_find_the_same() {
        for length in [1_usize, 2, 63, 64, 65, 127, 128, 129, 784, 1024] {
            for density in [0, 1, 5, 11] {
                let bytes: Vec<u8> = (0..length)
                    .map(|i| if i * 7919 % 11 < density { (i % 255 + 1) as u8 } else { 0 })
                    .collect();
                let span = Span { bytes: &bytes, first: 1024, before: 300 };
                let list = |find: fn(Span<'_>, &mut [u32], &mut [u8; SPAN], &mut [u32]) -> usize| {
                    let (mut columns, mut numbers) = (vec![7; length.next_multiple_of(64)], [7; SPAN]);
                    let mut marks = vec![7; length.div_ceil(BLOCK)];
                    let count = find(span, &mut columns, &mut numbers, &mut marks);
                    columns.truncate(count);
                    (columns, numbers[..count].to_vec(), marks)
                };
                let (columns, numbers, marks) = list(nonzeros);
                assert_eq!((columns.clone(), numbers.clone(), marks.clone()), list(one_by_one));
                let found = bytes.iter().enumerate().filter(|(_, byte)| **byte != 0);
                assert!(found.clone().map(|(i, _)| i as u32 + 1024).eq(columns));
                assert!(found.clone().map(|(_, &byte)| byte).eq(numbers));
                for (block, &mark) in marks.iter().enumerate() {
                    let before = found.clone().filter(|(i, _)| *i < block * BLOCK).count();
                    assert_eq!(mark as usize, 300 + before);
                }
            }
        }
    }
}
