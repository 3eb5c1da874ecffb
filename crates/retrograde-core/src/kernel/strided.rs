//! Strided views of a tensor: the loop behind broadcast, transpose and slice.

use std::ops::Range;

/// A strided view: the element at `[i, j, …]` is the element `offset + i·strides[0] + j·strides[1] + …` of the memory behind it.
/// A stride of 0 repeats elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The shape of the view.
    pub shape: Vec<usize>,
    /// The distance in memory of consecutive elements along each axis.
    pub strides: Vec<usize>,
    /// The position of the first element.
    pub offset: usize,
}

impl View {
    /// A whole tensor, row-major.
    pub fn whole(shape: &[usize]) -> Self {
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis].max(1);
        }
        View { shape: shape.to_vec(), strides, offset: 0 }
    }

    /// The number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has a stride for each axis, and reads only positions within `bounds`.
    pub(crate) fn reads_within(&self, bounds: &Range<usize>) -> bool {
        if self.shape.len() != self.strides.len() {
            return false;
        }
        if self.shape.contains(&0) {
            return true;
        }
        let mut steps = self.shape.iter().zip(&self.strides);
        let last = steps.try_fold(self.offset, |last, (length, stride)| {
            last.checked_add((length - 1).checked_mul(*stride)?)
        });
        self.offset >= bounds.start && last.is_some_and(|last| last < bounds.end)
    }

    /// Whether it reads consecutive elements in the order of memory.
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (&length, &stride) in self.shape.iter().zip(&self.strides).rev() {
            if length == 1 {
                continue;
            }
            if stride != expected {
                return false;
            }
            expected *= length;
        }
        true
    }

    /// The view with as few axes as possible: axes of length 1 are dropped, and adjacent axes with a common stride are merged. The
    /// order of the elements stays, the shape does not.
    pub(crate) fn merged(&self) -> Self {
        let (mut shape, mut strides): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
        for (&length, &stride) in self.shape.iter().zip(&self.strides) {
            if length == 1 {
                continue;
            }
            match (shape.last_mut(), strides.last_mut()) {
                (Some(last), Some(outer)) if *outer == stride * length => {
                    *last *= length;
                    *outer = stride;
                }
                _ => {
                    shape.push(length);
                    strides.push(stride);
                }
            }
        }
        View { shape, strides, offset: self.offset }
    }

    /// Copies the elements `range` of the view, in its order, from `memory`, where the first element is at `offset`. A
    /// [`merged`](Self::merged) view has the longest inner loops.
    pub(crate) fn copy<E: Copy>(&self, memory: &[E], offset: usize, range: Range<usize>, into: &mut [E]) {
        debug_assert_eq!(range.len(), into.len());
        let Some((&width, outer_shape)) = self.shape.split_last() else {
            into.fill(memory[offset]);
            return;
        };
        if range.is_empty() {
            return;
        }
        let stride = self.strides[outer_shape.len()];
        if self.strides[..outer_shape.len()] == [0] && width < into.len() {
            // Rows that are all the same, a broadcast bias: one is copied, and then twice as many each time.
            self.copy(memory, offset, range.start..range.start + width, &mut into[..width]);
            let mut filled = width;
            while filled < into.len() {
                let count = filled.min(into.len() - filled);
                into.copy_within(..count, filled);
                filled += count;
            }
            return;
        }
        let mut row = range.start / width;
        let mut column = range.start % width;
        let mut filled = 0;
        while filled < into.len() {
            let count = (width - column).min(into.len() - filled);
            let mut start = offset + column * stride;
            let mut rest = row;
            for (&length, &outer_stride) in outer_shape.iter().zip(&self.strides).rev() {
                start += (rest % length) * outer_stride;
                rest /= length;
            }
            let target = &mut into[filled..filled + count];
            match stride {
                0 => target.fill(memory[start]),
                1 => target.copy_from_slice(&memory[start..start + count]),
                _ => {
                    let source = memory[start..].iter().step_by(stride);
                    target.iter_mut().zip(source).for_each(|(to, &from)| *to = from);
                }
            }
            filled += count;
            row += 1;
            column = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::View;

    /// Element by element, from the definition.
    fn plain(view: &View, memory: &[u32]) -> Vec<u32> {
        (0..view.elements())
            .map(|flat| {
                let (mut rest, mut place) = (flat, view.offset);
                for (&length, &stride) in view.shape.iter().zip(&view.strides).rev() {
                    place += (rest % length) * stride;
                    rest /= length;
                }
                memory[place]
            })
            .collect()
    }

    #[test]
    fn any_range_of_any_view_is_what_the_definition_says() {
        let memory: Vec<u32> = (0..1000).collect();
        let views = [
            View::whole(&[2, 3, 4]),
            View { shape: vec![4, 3], strides: vec![1, 4], offset: 5 },
            View { shape: vec![3, 4, 2], strides: vec![0, 1, 0], offset: 7 },
            View { shape: vec![5, 4], strides: vec![0, 1], offset: 7 },
            View { shape: vec![6, 3], strides: vec![0, 11], offset: 1 },
            View { shape: vec![2, 1, 5], strides: vec![100, 9, 7], offset: 0 },
            View { shape: vec![], strides: vec![], offset: 3 },
            View { shape: vec![0, 4], strides: vec![4, 1], offset: 0 },
            View { shape: vec![1, 1], strides: vec![0, 0], offset: 2 },
        ];
        for view in views {
            let expected = plain(&view, &memory);
            let merged = view.merged();
            for start in 0..=expected.len() {
                for end in start..=expected.len() {
                    let mut seen = vec![0; end - start];
                    merged.copy(&memory, merged.offset, start..end, &mut seen);
                    assert_eq!(seen, expected[start..end], "{view:?} {start}..{end}");
                }
            }
        }
    }

    #[test]
    fn contiguous_views_are_known() {
        assert!(View::whole(&[2, 3, 4]).is_contiguous());
        assert!(View { shape: vec![1, 5], strides: vec![77, 1], offset: 3 }.is_contiguous());
        assert!(!View { shape: vec![5, 2], strides: vec![1, 5], offset: 0 }.is_contiguous());
        assert_eq!(View::whole(&[2, 3, 4]).merged().shape, [24]);
    }
}
