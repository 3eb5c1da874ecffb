//! Convolutions whose windows are not gathered: vectors are read where they lie in the lines of an image.
//!
//! The windows at neighbouring positions of a line begin at neighbouring elements if the stride is 1. Gathering a window takes as
//! long as some filters take to pass over it, so few filters read it in place. The gradient by the weight of few places has its
//! sums in the lanes of registers: no window is turned. Lanes beyond the end of a line are lost, a quarter at 24 positions.

use super::columns::Windows;
use crate::kernel::Real;
use crate::kernel::simd::{Body, InstructionSet, Vector, dispatch};

/// The filters of a tile.
const FILTERS: usize = 6;

/// The most lanes of a register.
const LANES: usize = 16;

/// Up to so many filters, gathering or turning the windows takes longer than the lanes that are lost.
const FEW_FILTERS: usize = 12;

/// The sums of so many places stay in the second-level cache.
const FEW_PLACES: usize = 48;

/// In shorter lines too many lanes are lost.
const SHORTEST: usize = 12;

impl Windows {
    fn lie_side_by_side(&self) -> bool {
        self.stride == [1, 1] && self.output[1] >= SHORTEST
    }

    /// Whether the output of so many filters is better computed so.
    pub(super) fn suit_lines(&self, filters: usize) -> bool {
        filters <= FEW_FILTERS && self.lie_side_by_side()
    }

    /// Whether the gradient by the weight of so many filters, each of so many places, is better computed so.
    pub(super) fn suit_sums(&self, filters: usize, places: usize) -> bool {
        filters <= FEW_FILTERS && places <= FEW_PLACES && self.lie_side_by_side()
    }
}

/// The scratch memory of [`lines`], in numbers.
pub(super) fn lines_scratch(filters: usize, places: usize) -> usize {
    filters.next_multiple_of(FILTERS).saturating_mul(places)
}

/// The output of filters, `weight` `[filters, places]`, for an image in its frame.
pub(super) fn lines<T: Real>(windows: Windows, image: &[T], weight: &[T], c: &mut [T], scratch: &mut [T]) {
    let positions = windows.output[0] * windows.output[1];
    let (filters, places) = (c.len() / positions.max(1), windows.places());
    let places = weight.len() / filters.max(1) / places.max(1) * places;
    for (tile, c) in c.chunks_mut((FILTERS * positions).max(1)).enumerate() {
        // Place by place, the factors of all filters beside each other; the last filter stands in for those that are not there.
        let packed = &mut scratch[..FILTERS * places];
        for (i, line) in (0..FILTERS).map(|i| (i, (tile * FILTERS + i).min(filters - 1) * places)) {
            let weight = &weight[line..line + places];
            packed.iter_mut().skip(i).step_by(FILTERS).zip(weight).for_each(|(to, &factor)| *to = factor);
        }
        dispatch(Lines { windows, image, packed, c });
    }
}

struct Lines<'a, T> {
    windows: Windows,
    image: &'a [T],
    packed: &'a [T],
    /// The lines of at most [`FILTERS`] filters.
    c: &'a mut [T],
}

impl<T: Real> Body for Lines<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        // The sums of two lines take 24 registers.
        if I::MANY_REGISTERS { self.tiles::<I, 2>() } else { self.tiles::<I, 1>() }
    }
}

impl<T: Real> Lines<'_, T> {
    #[inline(always)]
    fn tiles<I: InstructionSet, const L: usize>(self) {
        let [height, width] = self.windows.output;
        let lanes = T::Register::<I>::LANES;
        let Lines { windows, image, packed, c } = self;
        let last = windows.last_offset(packed.len() / FILTERS);
        assert!(
            last + (height - 1) * windows.padded[1] + width <= image.len(),
            "a window outside of its image"
        );
        assert!(c.len().is_multiple_of(height * width) && c.len() <= FILTERS * height * width, "a tile");
        for y in (0..height).step_by(L) {
            for x in (0..width).step_by(2 * lanes) {
                let at = [y, x];
                // SAFETY: the dispatcher has seen the instruction set; the assertions cover what is read and written.
                unsafe {
                    if x + 2 * lanes <= width {
                        tile::<T, I, L, true>(&windows, image, packed, c, at);
                    } else {
                        tile::<T, I, L, false>(&windows, image, packed, c, at);
                    }
                }
            }
        }
    }
}

impl Windows {
    /// The last element of the window at position 0, of so many rows of the matrix.
    fn last_offset(&self, rows: usize) -> usize {
        let [height, width] = self.kernel;
        let channels = rows / self.places().max(1);
        (channels - 1) * self.plane()
            + (height - 1) * self.dilation[0] * self.padded[1]
            + (width - 1) * self.dilation[1]
    }
}

/// `L` lines of at most two registers of the output of all filters.
///
/// # Safety
/// The processor has the instruction set `I`; position `at` is one of the output, and two registers fit behind it if `FULL`.
#[inline(always)]
unsafe fn tile<T: Real, I: InstructionSet, const L: usize, const FULL: bool>(
    windows: &Windows,
    image: &[T],
    packed: &[T],
    c: &mut [T],
    [y, x]: [usize; 2],
) {
    let ([height, width], [_, padded]) = (windows.output, windows.padded);
    let lanes = T::Register::<I>::LANES;
    let counts = [lanes.min(width - x), (width - x).saturating_sub(lanes).min(lanes)];
    // The last line stands in for those that are not there.
    let lines: [usize; L] = std::array::from_fn(|l| (y + l).min(height - 1));
    let starts = lines.map(|line| image.as_ptr().wrapping_add(line * padded + x));
    // SAFETY: the caller promises that the windows at these positions lie within the image.
    unsafe {
        let load = |from: *const T, w: usize| {
            if FULL {
                T::Register::<I>::load(from.wrapping_add(w * lanes))
            } else {
                T::Register::<I>::load_part(from.wrapping_add(w * lanes), counts[w])
            }
        };
        let mut sums = [[[T::Register::<I>::splat(T::zero()); 2]; L]; FILTERS];
        let mut factors = packed.as_ptr();
        for channel in 0..packed.len() / (FILTERS * windows.places()) {
            for i in 0..windows.kernel[0] {
                let mut offset = channel * windows.plane() + i * windows.dilation[0] * padded;
                for _ in 0..windows.kernel[1] {
                    let values: [[_; 2]; L] = std::array::from_fn(|l| {
                        std::array::from_fn(|w| load(starts[l].wrapping_add(offset), w))
                    });
                    for (f, sums) in sums.iter_mut().enumerate() {
                        let factor = T::Register::<I>::splat(*factors.add(f));
                        for (sums, values) in sums.iter_mut().zip(&values) {
                            for (sum, &value) in sums.iter_mut().zip(values) {
                                *sum = factor.multiply_add(value, *sum);
                            }
                        }
                    }
                    factors = factors.wrapping_add(FILTERS);
                    offset += windows.dilation[1];
                }
            }
        }
        for (sums, c) in sums.iter().zip(c.chunks_exact_mut(height * width)) {
            for (sums, line) in sums.iter().zip(lines) {
                for (w, &sum) in sums.iter().enumerate() {
                    let to = c.as_mut_ptr().wrapping_add(line * width + x + w * lanes);
                    if FULL { sum.store(to) } else { sum.store_part(to, counts[w]) }
                }
            }
        }
    }
}

/// The scratch memory of [`Sums`], in numbers.
pub(super) fn sums_scratch(filters: usize, places: usize) -> usize {
    filters.saturating_add(FILTERS).saturating_mul(places.saturating_add(FILTERS)).saturating_mul(LANES)
}

/// The gradient by the weight, summed over images, in lanes.
pub(super) struct Sums<'a, T> {
    windows: Windows,
    filters: usize,
    places: usize,
    lanes: &'a mut [T],
}

impl<'a, T: Real> Sums<'a, T> {
    /// Zeros for so many filters of so many places. Scratch memory as [`sums_scratch`] says.
    pub(super) fn new(windows: Windows, filters: usize, places: usize, scratch: &'a mut [T]) -> Self {
        let lanes = &mut scratch[..sums_scratch(filters, places)];
        lanes.fill(T::zero());
        Sums { windows, filters, places, lanes }
    }

    /// Adds an image in its frame and the gradient of its output, a line of positions for each filter.
    pub(super) fn add(&mut self, image: &[T], gradient: &[T]) {
        dispatch(AddImage { sums: self, image, gradient });
    }

    /// The sums, `[filters, places]`.
    pub(super) fn finish(self, to: &mut [T]) {
        dispatch(Finish(self, to));
    }
}

struct AddImage<'a, 'b, T> {
    sums: &'a mut Sums<'b, T>,
    image: &'a [T],
    gradient: &'a [T],
}

impl<T: Real> Body for AddImage<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        // The sums, an element of the gradient for each filter, and one of the image.
        if I::MANY_REGISTERS { self.tiles::<I, 6, 4>() } else { self.tiles::<I, 3, 3>() }
    }
}

impl<T: Real> AddImage<'_, '_, T> {
    #[inline(always)]
    fn tiles<I: InstructionSet, const F: usize, const P: usize>(self) {
        let AddImage { sums: Sums { windows, filters, places, lanes: all }, image, gradient } = self;
        let ([height, width], padded, lanes) = (windows.output, windows.padded[1], T::Register::<I>::LANES);
        assert!(*places > 0 && *filters > 0 && gradient.len() == *filters * height * width && lanes <= LANES);
        let last = windows.last_offset(*places);
        assert!(last + (height - 1) * padded + width <= image.len(), "a window outside of its image");
        let mut tiles = all.chunks_exact_mut(F * P * lanes);
        for filter in (0..*filters).step_by(F) {
            // The last filter and the last place stand in for those that are not there.
            let upstream: [*const T; F] = std::array::from_fn(|f| {
                gradient.as_ptr().wrapping_add((filter + f).min(*filters - 1) * height * width)
            });
            for place in (0..*places).step_by(P) {
                let values: [*const T; P] = std::array::from_fn(|p| {
                    image.as_ptr().wrapping_add(windows.offset((place + p).min(*places - 1)))
                });
                let tile = tiles.next().expect("scratch memory for all tiles");
                // SAFETY: the dispatcher has seen the instruction set; the tile has F · P registers; of each line `width` numbers
                // are read, which lie within the gradient and the image, as asserted.
                unsafe {
                    let mut sums: [[T::Register<I>; P]; F] = std::array::from_fn(|f| {
                        std::array::from_fn(|p| {
                            T::Register::<I>::load(tile.as_ptr().add((f * P + p) * lanes))
                        })
                    });
                    let whole = width - width % lanes;
                    for y in 0..height {
                        let upstream: [_; F] = std::array::from_fn(|f| upstream[f].wrapping_add(y * width));
                        let values: [_; P] = std::array::from_fn(|p| values[p].wrapping_add(y * padded));
                        for x in (0..whole).step_by(lanes) {
                            add::<T, _, F, P, false>(&mut sums, upstream, values, x, lanes);
                        }
                        if whole < width {
                            add::<T, _, F, P, true>(&mut sums, upstream, values, whole, width - whole);
                        }
                    }
                    for (f, sums) in sums.iter().enumerate() {
                        for (p, sum) in sums.iter().enumerate() {
                            sum.store(tile.as_mut_ptr().add((f * P + p) * lanes));
                        }
                    }
                }
            }
        }
    }
}

/// Adds the products of `count` numbers of the lines from `x` on: a register, or a part of one at an `EDGE`.
///
/// # Safety
/// The numbers can be read, and the processor has the instruction set of `V`.
#[inline(always)]
unsafe fn add<T: Real, V: Vector<T>, const F: usize, const P: usize, const EDGE: bool>(
    sums: &mut [[V; P]; F],
    upstream: [*const T; F],
    values: [*const T; P],
    x: usize,
    count: usize,
) {
    // SAFETY: the caller promises it.
    unsafe {
        let load = |line: *const T| {
            let from = line.wrapping_add(x);
            if EDGE { V::load_part(from, count) } else { V::load(from) }
        };
        let values: [V; P] = std::array::from_fn(|p| load(values[p]));
        for (sums, line) in sums.iter_mut().zip(upstream) {
            let factor = load(line);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = factor.multiply_add(value, *sum);
            }
        }
    }
}

struct Finish<'a, 'b, T>(Sums<'b, T>, &'a mut [T]);

impl<T: Real> Body for Finish<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Finish(Sums { filters, places, lanes: all, .. }, to) = self;
        let lanes = T::Register::<I>::LANES;
        let [f, p] = if I::MANY_REGISTERS { [6, 4] } else { [3, 3] };
        let tiles_of_line = places.div_ceil(p);
        for (filter, line) in to.chunks_exact_mut(places).enumerate().take(filters) {
            for (place, to) in line.iter_mut().enumerate() {
                let tile = filter / f * tiles_of_line + place / p;
                let at = tile * f * p + filter % f * p + place % p;
                let sums = &mut all[at * lanes..][..lanes];
                // Two halves, and again two halves.
                let mut half = lanes / 2;
                while half > 0 {
                    let (low, high) = sums.split_at_mut(half);
                    low.iter_mut().zip(high).for_each(|(low, high)| *low += *high);
                    half /= 2;
                }
                *to = sums[0];
            }
        }
    }
}
