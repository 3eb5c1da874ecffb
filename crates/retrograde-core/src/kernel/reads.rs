//! Which part of an input some rows of an output are computed from.

use std::ops::Range;

/// Which elements of an input a range of a row kernel's output is computed from: block `b` of the output's rows reads block
/// `b` of the input. An input that is read row by row has as many blocks as the output has rows; one that is read as a whole
/// has one block; the operands of a stack of matrix products have a block for each matrix.
///
/// It is data and not a function, so that the compiler can compare partitions, and memory is lent by what was validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reads {
    rows: usize,
    elements: usize,
}

impl Reads {
    /// All rows are computed from the whole input.
    pub const ALL: Reads = Reads { rows: usize::MAX, elements: usize::MAX };

    /// Each `rows` consecutive rows of the output are computed from as many consecutive `elements` of the input, in the order
    /// of memory. The last block of both may be shorter.
    pub fn blocks(rows: usize, elements: usize) -> Self {
        Reads { rows: rows.max(1), elements }
    }

    /// Row `i` of the output, which has so many `rows`, is computed from row `i` of an input of this shape.
    pub fn by_row(input: &[usize], rows: usize) -> Self {
        Reads::blocks(1, input.iter().product::<usize>() / rows.max(1))
    }

    /// The rows of a block.
    pub(crate) fn block_rows(&self) -> usize {
        self.rows
    }

    /// The elements of a block.
    pub(crate) fn block_elements(&self) -> usize {
        self.elements
    }

    /// The elements of an input of `length` elements that the `rows` of the output are computed from. The range for some of
    /// these rows lies within the range for all of them.
    pub fn range(&self, rows: &Range<usize>, length: usize) -> Range<usize> {
        let at = |block: usize| block.saturating_mul(self.elements).min(length);
        at(rows.start / self.rows)..at(rows.end.div_ceil(self.rows))
    }

    /// Whether an output of so many rows and an input of `length` elements have equally many blocks.
    pub(crate) fn fits(&self, rows: usize, length: usize) -> bool {
        length == 0 || length.div_ceil(self.elements.max(1)) == rows.div_ceil(self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::Reads;

    #[test]
    fn blocks_of_rows_read_blocks_of_elements() {
        assert_eq!(Reads::ALL.range(&(3..5), 100), 0..100);
        assert_eq!(Reads::by_row(&[5, 3], 5).range(&(1..3), 15), 3..9);
        // Two matrices of 4 rows, the last block of elements shorter.
        let stack = Reads::blocks(4, 12);
        assert_eq!((stack.range(&(1..3), 20), stack.range(&(3..5), 20)), (0..12, 0..20));
        assert_eq!((stack.range(&(4..8), 20), stack.range(&(4..4), 20)), (12..20, 12..12));
    }

    #[test]
    fn blocks_of_different_number_do_not_fit() {
        assert!(Reads::ALL.fits(7, 100) && Reads::ALL.fits(1, 0));
        assert!(Reads::by_row(&[6], 3).fits(3, 6) && !Reads::by_row(&[7], 3).fits(3, 7));
        assert!(Reads::blocks(4, 12).fits(8, 24) && Reads::blocks(4, 12).fits(7, 20));
        assert!(!Reads::blocks(4, 12).fits(12, 24) && !Reads::blocks(4, 12).fits(4, 24));
    }
}
