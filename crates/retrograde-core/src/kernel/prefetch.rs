//! Asking for memory before it is needed.

/// Asks the processor to bring these values into its caches. Rows drawn at random from a large table arrive in time when
/// they are asked for a few rows ahead; else each costs a wait for main memory. Does nothing where there is no such
/// instruction.
#[inline(always)]
pub(crate) fn prefetch<E>(values: &[E]) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..size_of_val(values)).step_by(64) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing and never faults, and SSE is part of every x86-64 processor.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().cast::<i8>().wrapping_add(line)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// The same for the line of the cache in which an address lies, whether there is anything or not.
#[inline(always)]
pub(crate) fn prefetch_line<E>(address: *const E) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: as above: whatever the address is.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast::<i8>()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
