//! The number types of programs: the three precisions of the code under check, and the two of the ground truth (double-double,
//! and dual numbers over it).

mod bf16;
mod double;
mod dual;

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

pub use bf16::Bf16;
pub use double::Double;
pub use dual::Dual;

/// The operations of a number that the interpreter needs.
pub trait Number:
    Copy
    + Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The nearest number of this kind.
    fn of(value: f64) -> Self;
    /// The nearest `f64`.
    fn value(self) -> f64;
    /// Whether it is less than the other: of its value, without a tangent.
    fn is_less(self, other: Self) -> bool;
    /// The exponential.
    fn exp(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;

    /// The number without its sign.
    fn abs(self) -> Self {
        if self.is_less(Self::of(0.0)) { -self } else { self }
    }

    /// The larger of two; the first of equals.
    fn max(self, other: Self) -> Self {
        if self.is_less(other) { other } else { self }
    }
}

macro_rules! native {
    ($type:ty) => {
        impl Number for $type {
            fn of(value: f64) -> Self {
                value as $type
            }
            fn value(self) -> f64 {
                f64::from(self)
            }
            fn is_less(self, other: Self) -> bool {
                self < other
            }
            fn exp(self) -> Self {
                <$type>::exp(self)
            }
            fn ln(self) -> Self {
                <$type>::ln(self)
            }
            fn tanh(self) -> Self {
                <$type>::tanh(self)
            }
            fn sqrt(self) -> Self {
                <$type>::sqrt(self)
            }
        }
    };
}

native!(f32);
native!(f64);
