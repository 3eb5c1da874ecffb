//! The registers of AVX2 and AVX-512.

#![allow(clippy::wildcard_imports, reason = "some seventy intrinsics, whose names say where they are from")]

use super::Vector;
use std::arch::x86_64::*;

/// The bits of an exponent, which are zero for zero and subnormal numbers alone.
const EXPONENT_OF_SINGLE: i32 = 0x7f80_0000;
const EXPONENT_OF_DOUBLE: i64 = 0x7ff0_0000_0000_0000;

/// `$numbers · 2^$exponent` by two powers of two, so that results at both ends of the range are exact. A power comes from its
/// bits: `$round + $bias + n` has `$bias + n` in its low bits, where `$round` is 1.5·2^m for a mantissa of m bits.
macro_rules! scale {
    ($numbers:ident, $exponent:ident, $round:literal, $bias:literal, $splat:ident, $add:ident, $subtract:ident, $multiply:ident,
        |$sum:ident| $power:expr) => {{
        let round = $splat($round);
        let half = $subtract($add($multiply($exponent, $splat(0.5)), round), round);
        let $sum = $add(half, $splat($round + $bias));
        let first = $power;
        let $sum = $add($subtract($exponent, half), $splat($round + $bias));
        $multiply($multiply($numbers, first), $power)
    }};
}

vector!(
    __m256,
    f32,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_sqrt_ps,
    [add: _mm256_add_ps, subtract: _mm256_sub_ps, multiply: _mm256_mul_ps, divide: _mm256_div_ps],
    part: |count| {
        _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
    },
    load_part: |from, mask| _mm256_maskload_ps(from, mask),
    store_part: |to, mask, lanes| _mm256_maskstore_ps(to, mask, lanes),
    multiply_add: |x, y, z| _mm256_fmadd_ps(x, y, z),
    exchange: |a, b| match DISTANCE {
        4 => (_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b)),
        2 => {
            let (a, b) = (_mm256_castps_pd(a), _mm256_castps_pd(b));
            (_mm256_castpd_ps(_mm256_unpacklo_pd(a, b)), _mm256_castpd_ps(_mm256_unpackhi_pd(a, b)))
        }
        _ => (
            _mm256_blend_ps::<0b1010_1010>(a, _mm256_moveldup_ps(b)),
            _mm256_blend_ps::<0b1010_1010>(_mm256_movehdup_ps(a), b),
        ),
    },
    normal_or_zero: |numbers| {
        let bits = _mm256_castps_si256(numbers);
        let exponents = _mm256_and_si256(bits, _mm256_set1_epi32(EXPONENT_OF_SINGLE));
        let small = _mm256_cmpeq_epi32(exponents, _mm256_setzero_si256());
        _mm256_castsi256_ps(_mm256_andnot_si256(small, bits))
    },
    select: |a, b, then, otherwise| _mm256_blendv_ps(otherwise, then, _mm256_cmp_ps::<COMPARISON>(a, b)),
    scale: |numbers, exponent| scale!(
        numbers,
        exponent,
        12_582_912.0,
        127.0,
        _mm256_set1_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        _mm256_mul_ps,
        |sum| _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(sum)))
    ),
);

vector!(
    __m256d,
    f64,
    4,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_sqrt_pd,
    [add: _mm256_add_pd, subtract: _mm256_sub_pd, multiply: _mm256_mul_pd, divide: _mm256_div_pd],
    part: |count| _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), _mm256_setr_epi64x(0, 1, 2, 3)),
    load_part: |from, mask| _mm256_maskload_pd(from, mask),
    store_part: |to, mask, lanes| _mm256_maskstore_pd(to, mask, lanes),
    multiply_add: |x, y, z| _mm256_fmadd_pd(x, y, z),
    exchange: |a, b| match DISTANCE {
        2 => (_mm256_permute2f128_pd::<0x20>(a, b), _mm256_permute2f128_pd::<0x31>(a, b)),
        _ => (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b)),
    },
    normal_or_zero: |numbers| {
        let bits = _mm256_castpd_si256(numbers);
        let exponents = _mm256_and_si256(bits, _mm256_set1_epi64x(EXPONENT_OF_DOUBLE));
        let small = _mm256_cmpeq_epi64(exponents, _mm256_setzero_si256());
        _mm256_castsi256_pd(_mm256_andnot_si256(small, bits))
    },
    select: |a, b, then, otherwise| _mm256_blendv_pd(otherwise, then, _mm256_cmp_pd::<COMPARISON>(a, b)),
    scale: |numbers, exponent| scale!(
        numbers,
        exponent,
        6_755_399_441_055_744.0,
        1023.0,
        _mm256_set1_pd,
        _mm256_add_pd,
        _mm256_sub_pd,
        _mm256_mul_pd,
        |sum| _mm256_castsi256_pd(_mm256_slli_epi64::<52>(_mm256_castpd_si256(sum)))
    ),
);

/// For both results of an exchange, the lanes of the two registers, one behind the other, that they consist of.
const fn exchanged<const LANES: usize, const DISTANCE: usize>() -> [[usize; LANES]; 2] {
    let mut from = [[0; LANES]; 2];
    let mut i = 0;
    while i < LANES {
        let is_other = i & DISTANCE != 0;
        from[0][i] = if is_other { LANES + i - DISTANCE } else { i };
        from[1][i] = if is_other { LANES + i } else { i + DISTANCE };
        i += 1;
    }
    from
}

/// [`exchanged`] as registers.
struct Exchanged<const DISTANCE: usize>;

impl<const DISTANCE: usize> Exchanged<DISTANCE> {
    const DOUBLES: [[usize; 8]; 2] = exchanged::<8, DISTANCE>();
    const SINGLES: [[u32; 16]; 2] = {
        let (from, mut lanes, mut i) = (exchanged::<16, DISTANCE>(), [[0; 16]; 2], 0);
        while i < 16 {
            lanes[0][i] = from[0][i] as u32;
            lanes[1][i] = from[1][i] as u32;
            i += 1;
        }
        lanes
    };
}

vector!(
    __m512,
    f32,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_sqrt_ps,
    [add: _mm512_add_ps, subtract: _mm512_sub_ps, multiply: _mm512_mul_ps, divide: _mm512_div_ps],
    part: |count| ((1_u32 << count) - 1) as u16,
    load_part: |from, mask| _mm512_maskz_loadu_ps(mask, from),
    store_part: |to, mask, lanes| _mm512_mask_storeu_ps(to, mask, lanes),
    multiply_add: |x, y, z| _mm512_fmadd_ps(x, y, z),
    exchange: |a, b| {
        let from = Exchanged::<DISTANCE>::SINGLES.map(|lanes| _mm512_loadu_si512(lanes.as_ptr().cast()));
        (_mm512_permutex2var_ps(a, from[0], b), _mm512_permutex2var_ps(a, from[1], b))
    },
    normal_or_zero: |numbers| {
        let exponents = _mm512_set1_epi32(EXPONENT_OF_SINGLE);
        _mm512_maskz_mov_ps(_mm512_test_epi32_mask(_mm512_castps_si512(numbers), exponents), numbers)
    },
    select: |a, b, then, otherwise| {
        _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<COMPARISON>(a, b), otherwise, then)
    },
    scale: |numbers, exponent| _mm512_scalef_ps(numbers, exponent),
);

vector!(
    __m512d,
    f64,
    8,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_sqrt_pd,
    [add: _mm512_add_pd, subtract: _mm512_sub_pd, multiply: _mm512_mul_pd, divide: _mm512_div_pd],
    part: |count| ((1_u32 << count) - 1) as u8,
    load_part: |from, mask| _mm512_maskz_loadu_pd(mask, from),
    store_part: |to, mask, lanes| _mm512_mask_storeu_pd(to, mask, lanes),
    multiply_add: |x, y, z| _mm512_fmadd_pd(x, y, z),
    exchange: |a, b| {
        let from = Exchanged::<DISTANCE>::DOUBLES.map(|lanes| _mm512_loadu_si512(lanes.as_ptr().cast()));
        (_mm512_permutex2var_pd(a, from[0], b), _mm512_permutex2var_pd(a, from[1], b))
    },
    normal_or_zero: |numbers| {
        let exponents = _mm512_set1_epi64(EXPONENT_OF_DOUBLE);
        _mm512_maskz_mov_pd(_mm512_test_epi64_mask(_mm512_castpd_si512(numbers), exponents), numbers)
    },
    select: |a, b, then, otherwise| {
        _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<COMPARISON>(a, b), otherwise, then)
    },
    scale: |numbers, exponent| _mm512_scalef_pd(numbers, exponent),
);
