//! Axes as they are given: counted from 0, or from the end if they are negative.

/// An axis of a tensor: 0 is the first, −1 the last, as in NumPy.
///
/// ```
/// let x = retrograde::Graph::new().constant([[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(x.sum([-1]).value()?, x.sum([1]).value()?);
/// # Ok::<(), retrograde::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis(isize);

impl From<isize> for Axis {
    fn from(axis: isize) -> Self {
        Axis(axis)
    }
}

impl From<i32> for Axis {
    fn from(axis: i32) -> Self {
        Axis(isize::try_from(axis).unwrap_or(isize::MAX))
    }
}

impl From<usize> for Axis {
    fn from(axis: usize) -> Self {
        Axis(isize::try_from(axis).unwrap_or(isize::MAX))
    }
}

impl Axis {
    /// The axis of a tensor of this rank, counted from 0. One that does not exist keeps its bits, so that the shape rule refuses
    /// it by the number that was given.
    pub(super) fn of(self, rank: usize) -> usize {
        if self.0 < 0 { rank.checked_add_signed(self.0).unwrap_or(self.0 as usize) } else { self.0 as usize }
    }
}

/// Some axes of a tensor: an array, a slice or a vector of integers, or one integer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axes(Vec<Axis>);

impl Axes {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The axes of a tensor of this rank, counted from 0, as by [`Axis::of`].
    pub(super) fn of(&self, rank: usize) -> Vec<usize> {
        self.0.iter().map(|axis| axis.of(rank)).collect()
    }
}

impl<A: Into<Axis> + Copy> From<&[A]> for Axes {
    fn from(axes: &[A]) -> Self {
        Axes(axes.iter().map(|&axis| axis.into()).collect())
    }
}

impl<A: Into<Axis> + Copy, const N: usize> From<[A; N]> for Axes {
    fn from(axes: [A; N]) -> Self {
        axes.as_slice().into()
    }
}

impl<A: Into<Axis> + Copy, const N: usize> From<&[A; N]> for Axes {
    fn from(axes: &[A; N]) -> Self {
        axes.as_slice().into()
    }
}

impl<A: Into<Axis> + Copy> From<Vec<A>> for Axes {
    fn from(axes: Vec<A>) -> Self {
        axes.as_slice().into()
    }
}

impl<A: Into<Axis> + Copy> From<&Vec<A>> for Axes {
    fn from(axes: &Vec<A>) -> Self {
        axes.as_slice().into()
    }
}

/// One axis.
macro_rules! single {
    ($($integer:ty),*) => {
        $(impl From<$integer> for Axes {
            fn from(axis: $integer) -> Self {
                [axis].into()
            }
        })*
    };
}

single!(Axis, i32, isize, usize);
