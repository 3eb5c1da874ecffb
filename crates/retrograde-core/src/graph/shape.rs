//! Shapes, and the two kinds of values.

use std::fmt;
use std::ops::Deref;

/// The lengths of a tensor's axes, outermost first. A scalar has the shape `[]`.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Shape(Box<[usize]>);

/// The most elements of one tensor. Sizes in bytes below it can be computed without overflow.
pub(crate) const MAX_ELEMENTS: usize = isize::MAX as usize / 64;

impl Shape {
    /// The number of elements; 1 for a scalar. It saturates instead of overflowing.
    pub fn elements(&self) -> usize {
        self.0.iter().fold(1, |product: usize, &length| product.saturating_mul(length))
    }

    /// The number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl From<&[usize]> for Shape {
    fn from(axes: &[usize]) -> Self {
        Shape(axes.into())
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl From<Vec<usize>> for Shape {
    fn from(axes: Vec<usize>) -> Self {
        Shape(axes.into())
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(axes: [usize; N]) -> Self {
        Shape(axes.into())
    }
}

impl<const N: usize> From<&[usize; N]> for Shape {
    fn from(axes: &[usize; N]) -> Self {
        Shape(axes.as_slice().into())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// The kind of the elements of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Real numbers, in the precision of the plan.
    Real,
    /// Indices: labels, token ids, rows to gather. They have no gradient.
    Index,
    /// Real numbers stored as bytes, each `byte × scale`: a table, of which rows are gathered as real numbers. They have no
    /// gradient.
    Byte,
}

/// The shape and the kind of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Type {
    /// The kind of the elements.
    pub kind: Kind,
    /// The lengths of the axes.
    pub shape: Shape,
}

impl Type {
    /// Real numbers of this shape.
    pub fn real(shape: impl Into<Shape>) -> Self {
        Type { kind: Kind::Real, shape: shape.into() }
    }

    /// Indices of this shape.
    pub fn index(shape: impl Into<Shape>) -> Self {
        Type { kind: Kind::Index, shape: shape.into() }
    }

    /// Bytes of this shape.
    pub fn byte(shape: impl Into<Shape>) -> Self {
        Type { kind: Kind::Byte, shape: shape.into() }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Real => write!(f, "{}", self.shape),
            Kind::Index => write!(f, "indices {}", self.shape),
            Kind::Byte => write!(f, "bytes {}", self.shape),
        }
    }
}
