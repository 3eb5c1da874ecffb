//! What x86 needs several instructions for.

use std::arch::x86_64::{
    __m256, __m256d, __m512, __m512d, _mm256_add_pd, _mm256_add_ps, _mm256_and_si256, _mm256_andnot_si256,
    _mm256_blend_ps, _mm256_blendv_pd, _mm256_blendv_ps, _mm256_castpd_ps, _mm256_castpd_si256,
    _mm256_castps_pd, _mm256_castps_si256, _mm256_castsi256_pd, _mm256_castsi256_ps, _mm256_cmp_pd,
    _mm256_cmp_ps, _mm256_cmpeq_epi32, _mm256_cmpeq_epi64, _mm256_cmpgt_epi32, _mm256_cmpgt_epi64,
    _mm256_maskload_pd, _mm256_maskload_ps, _mm256_maskstore_pd, _mm256_maskstore_ps, _mm256_movehdup_ps,
    _mm256_moveldup_ps, _mm256_mul_pd, _mm256_mul_ps, _mm256_permute2f128_pd, _mm256_permute2f128_ps,
    _mm256_set1_epi32, _mm256_set1_epi64x, _mm256_set1_pd, _mm256_set1_ps, _mm256_setr_epi32,
    _mm256_setr_epi64x, _mm256_setzero_si256, _mm256_slli_epi32, _mm256_slli_epi64, _mm256_sub_pd,
    _mm256_sub_ps, _mm256_unpackhi_pd, _mm256_unpacklo_pd, _mm512_castpd_si512, _mm512_castps_si512,
    _mm512_cmp_pd_mask, _mm512_cmp_ps_mask, _mm512_loadu_si512, _mm512_mask_blend_pd, _mm512_mask_blend_ps,
    _mm512_mask_storeu_pd, _mm512_mask_storeu_ps, _mm512_maskz_loadu_pd, _mm512_maskz_loadu_ps,
    _mm512_maskz_mov_pd, _mm512_maskz_mov_ps, _mm512_permutex2var_pd, _mm512_permutex2var_ps,
    _mm512_scalef_pd, _mm512_scalef_ps, _mm512_set1_epi32, _mm512_set1_epi64, _mm512_test_epi32_mask,
    _mm512_test_epi64_mask,
};

/// Functions that read and write the first `count` lanes of a register, the others being zero.
///
/// # Safety
/// The processor has the instruction set; so many numbers can be read or written, and they are no more than the lanes.
macro_rules! some {
    ($load:ident, $store:ident, $register:ident, $number:ident, |$count:ident| $mask:expr,
        |$from:ident, $read:ident| $loaded:expr, |$to:ident, $lanes:ident, $written:ident| $stored:expr) => {
        #[inline(always)]
        pub(super) unsafe fn $load($from: *const $number, $count: usize) -> $register {
            // SAFETY: the caller promises it.
            unsafe {
                let $read = $mask;
                $loaded
            }
        }

        #[inline(always)]
        pub(super) unsafe fn $store($to: *mut $number, $count: usize, $lanes: $register) {
            // SAFETY: the caller promises it.
            unsafe {
                let $written = $mask;
                $stored
            }
        }
    };
}

some!(
    load_some_of_8_singles,
    store_some_of_8_singles,
    __m256,
    f32,
    |count| _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
    |from, mask| _mm256_maskload_ps(from, mask),
    |to, lanes, mask| _mm256_maskstore_ps(to, mask, lanes)
);
some!(
    load_some_of_4_doubles,
    store_some_of_4_doubles,
    __m256d,
    f64,
    |count| _mm256_cmpgt_epi64(_mm256_set1_epi64x(count as i64), _mm256_setr_epi64x(0, 1, 2, 3)),
    |from, mask| _mm256_maskload_pd(from, mask),
    |to, lanes, mask| _mm256_maskstore_pd(to, mask, lanes)
);
some!(
    load_some_of_16_singles,
    store_some_of_16_singles,
    __m512,
    f32,
    |count| ((1_u32 << count) - 1) as u16,
    |from, mask| _mm512_maskz_loadu_ps(mask, from),
    |to, lanes, mask| _mm512_mask_storeu_ps(to, mask, lanes)
);
some!(
    load_some_of_8_doubles,
    store_some_of_8_doubles,
    __m512d,
    f64,
    |count| ((1_u32 << count) - 1) as u8,
    |from, mask| _mm512_maskz_loadu_pd(mask, from),
    |to, lanes, mask| _mm512_mask_storeu_pd(to, mask, lanes)
);

/// [`Vector::exchange`](super::Vector::exchange).
///
/// # Safety
/// The processor has AVX2, or for the larger registers AVX-512.
#[inline(always)]
pub(super) unsafe fn exchange_8_singles<const DISTANCE: usize>(a: __m256, b: __m256) -> (__m256, __m256) {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        match DISTANCE {
            4 => (_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b)),
            2 => {
                let (a, b) = (_mm256_castps_pd(a), _mm256_castps_pd(b));
                (_mm256_castpd_ps(_mm256_unpacklo_pd(a, b)), _mm256_castpd_ps(_mm256_unpackhi_pd(a, b)))
            }
            _ => (
                _mm256_blend_ps::<0b1010_1010>(a, _mm256_moveldup_ps(b)),
                _mm256_blend_ps::<0b1010_1010>(_mm256_movehdup_ps(a), b),
            ),
        }
    }
}

/// [`Vector::exchange`](super::Vector::exchange).
///
/// # Safety
/// The processor has AVX2, or for the larger registers AVX-512.
#[inline(always)]
pub(super) unsafe fn exchange_4_doubles<const DISTANCE: usize>(a: __m256d, b: __m256d) -> (__m256d, __m256d) {
    // SAFETY: the caller promises the instruction set.
    unsafe {
        match DISTANCE {
            2 => (_mm256_permute2f128_pd::<0x20>(a, b), _mm256_permute2f128_pd::<0x31>(a, b)),
            _ => (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b)),
        }
    }
}

/// From which of the lanes of two registers, one behind the other, those of both results come.
struct Lanes<const DISTANCE: usize>;

impl<const DISTANCE: usize> Lanes<DISTANCE> {
    const SINGLES: [[u32; 16]; 2] = {
        let mut lanes = [[0; 16]; 2];
        let mut i = 0;
        while i < 16 {
            let has = i & DISTANCE != 0;
            lanes[0][i] = if has { 16 + i - DISTANCE } else { i } as u32;
            lanes[1][i] = if has { 16 + i } else { i + DISTANCE } as u32;
            i += 1;
        }
        lanes
    };

    const DOUBLES: [[u64; 8]; 2] = {
        let mut lanes = [[0; 8]; 2];
        let mut i = 0;
        while i < 8 {
            let has = i & DISTANCE != 0;
            lanes[0][i] = if has { 8 + i - DISTANCE } else { i } as u64;
            lanes[1][i] = if has { 8 + i } else { i + DISTANCE } as u64;
            i += 1;
        }
        lanes
    };
}

/// [`Vector::exchange`](super::Vector::exchange).
///
/// # Safety
/// The processor has AVX2, or for the larger registers AVX-512.
#[inline(always)]
pub(super) unsafe fn exchange_16_singles<const DISTANCE: usize>(a: __m512, b: __m512) -> (__m512, __m512) {
    // SAFETY: the caller promises the instruction set; an array is a register long.
    unsafe {
        let [first, second] =
            Lanes::<DISTANCE>::SINGLES.map(|lanes| _mm512_loadu_si512(lanes.as_ptr().cast()));
        (_mm512_permutex2var_ps(a, first, b), _mm512_permutex2var_ps(a, second, b))
    }
}

/// [`Vector::exchange`](super::Vector::exchange).
///
/// # Safety
/// The processor has AVX2, or for the larger registers AVX-512.
#[inline(always)]
pub(super) unsafe fn exchange_8_doubles<const DISTANCE: usize>(a: __m512d, b: __m512d) -> (__m512d, __m512d) {
    // SAFETY: the caller promises the instruction set; an array is a register long.
    unsafe {
        let [first, second] =
            Lanes::<DISTANCE>::DOUBLES.map(|lanes| _mm512_loadu_si512(lanes.as_ptr().cast()));
        (_mm512_permutex2var_pd(a, first, b), _mm512_permutex2var_pd(a, second, b))
    }
}

/// The bits of the exponent, which are all zero for what is no normal number, and for zero.
const EXPONENT_OF_SINGLE: i32 = 0x7f80_0000;
const EXPONENT_OF_DOUBLE: i64 = 0x7ff0_0000_0000_0000;

/// [`Vector::normal_or_zero`](super::Vector::normal_or_zero).
///
/// # Safety
/// The processor has the instruction set.
macro_rules! normal {
    ($name:ident, $register:ident, |$numbers:ident| $made:expr) => {
        #[inline(always)]
        pub(super) unsafe fn $name($numbers: $register) -> $register {
            // SAFETY: the caller promises it.
            unsafe { $made }
        }
    };
}

normal!(normal_8_singles, __m256, |numbers| {
    let bits = _mm256_castps_si256(numbers);
    let exponents = _mm256_and_si256(bits, _mm256_set1_epi32(EXPONENT_OF_SINGLE));
    let small = _mm256_cmpeq_epi32(exponents, _mm256_setzero_si256());
    _mm256_castsi256_ps(_mm256_andnot_si256(small, bits))
});
normal!(normal_4_doubles, __m256d, |numbers| {
    let bits = _mm256_castpd_si256(numbers);
    let exponents = _mm256_and_si256(bits, _mm256_set1_epi64x(EXPONENT_OF_DOUBLE));
    let small = _mm256_cmpeq_epi64(exponents, _mm256_setzero_si256());
    _mm256_castsi256_pd(_mm256_andnot_si256(small, bits))
});
normal!(normal_16_singles, __m512, |numbers| {
    let exponents = _mm512_set1_epi32(EXPONENT_OF_SINGLE);
    _mm512_maskz_mov_ps(_mm512_test_epi32_mask(_mm512_castps_si512(numbers), exponents), numbers)
});
normal!(normal_8_doubles, __m512d, |numbers| {
    let exponents = _mm512_set1_epi64(EXPONENT_OF_DOUBLE);
    _mm512_maskz_mov_pd(_mm512_test_epi64_mask(_mm512_castpd_si512(numbers), exponents), numbers)
});

/// [`Vector::select`](super::Vector::select).
macro_rules! select {
    ($name:ident, $register:ident, |$a:ident, $b:ident, $then:ident, $otherwise:ident| $made:expr) => {
        /// [`Vector::select`](super::Vector::select).
        ///
        /// # Safety
        /// The processor has the instruction set.
        #[inline(always)]
        pub(super) unsafe fn $name<const COMPARISON: i32>(
            $a: $register,
            $b: $register,
            $then: $register,
            $otherwise: $register,
        ) -> $register {
            // SAFETY: the caller promises it.
            unsafe { $made }
        }
    };
}

select!(select_8_singles, __m256, |a, b, then, otherwise| {
    _mm256_blendv_ps(otherwise, then, _mm256_cmp_ps::<COMPARISON>(a, b))
});
select!(select_4_doubles, __m256d, |a, b, then, otherwise| {
    _mm256_blendv_pd(otherwise, then, _mm256_cmp_pd::<COMPARISON>(a, b))
});
select!(select_16_singles, __m512, |a, b, then, otherwise| {
    _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<COMPARISON>(a, b), otherwise, then)
});
select!(select_8_doubles, __m512d, |a, b, then, otherwise| {
    _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<COMPARISON>(a, b), otherwise, then)
});

/// [`Vector::scale`](super::Vector::scale) by two powers of two, so that results at both ends of the range are right. A power
/// comes from its bits: 1.5·2^m + bias + n has bias + n in its low bits, where m is the number of bits of a mantissa.
macro_rules! scale {
    ($name:ident, $register:ident, $round:literal, $bias:literal, $bits:literal, $splat:ident, $add:ident, $subtract:ident,
        $multiply:ident, $shift:ident, $to_bits:ident, $from_bits:ident) => {
        /// [`Vector::scale`](super::Vector::scale).
        ///
        /// # Safety
        /// The processor has AVX2.
        #[inline(always)]
        pub(super) unsafe fn $name(numbers: $register, exponent: $register) -> $register {
            // SAFETY: the caller promises it.
            unsafe {
                let round = $splat($round);
                let half = $subtract($add($multiply(exponent, $splat(0.5)), round), round);
                let shifted = $splat($round + $bias);
                let first = $from_bits($shift::<$bits>($to_bits($add(half, shifted))));
                let rest = $subtract(exponent, half);
                let second = $from_bits($shift::<$bits>($to_bits($add(rest, shifted))));
                $multiply($multiply(numbers, first), second)
            }
        }
    };
}

scale!(
    scale_8_singles,
    __m256,
    12_582_912.0,
    127.0,
    23,
    _mm256_set1_ps,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_slli_epi32,
    _mm256_castps_si256,
    _mm256_castsi256_ps
);
scale!(
    scale_4_doubles,
    __m256d,
    6_755_399_441_055_744.0,
    1023.0,
    52,
    _mm256_set1_pd,
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_mul_pd,
    _mm256_slli_epi64,
    _mm256_castpd_si256,
    _mm256_castsi256_pd
);

/// [`Vector::scale`](super::Vector::scale).
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
pub(super) unsafe fn scale_16_singles(numbers: __m512, exponent: __m512) -> __m512 {
    // SAFETY: the caller promises it.
    unsafe { _mm512_scalef_ps(numbers, exponent) }
}

/// [`Vector::scale`](super::Vector::scale).
///
/// # Safety
/// The processor has AVX-512.
#[inline(always)]
pub(super) unsafe fn scale_8_doubles(numbers: __m512d, exponent: __m512d) -> __m512d {
    // SAFETY: the caller promises it.
    unsafe { _mm512_scalef_pd(numbers, exponent) }
}
