//! `bfloat16`: `f32` arithmetic whose every result is rounded to eight significant bits.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Number;

/// A number of eight significant bits with the range of `f32`.
#[derive(Debug, Clone, Copy)]
pub struct Bf16(f32);

impl Bf16 {
    /// Rounded to the nearest, to even where two are as near.
    fn rounded(value: f32) -> Self {
        if !value.is_finite() {
            return Bf16(value);
        }
        let bits = value.to_bits();
        let half = 0x7fff + ((bits >> 16) & 1);
        Bf16(f32::from_bits(bits.wrapping_add(half) & 0xffff_0000))
    }
}

macro_rules! operator {
    ($name:ident, $method:ident) => {
        impl $name for Bf16 {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Bf16::rounded(self.0.$method(other.0))
            }
        }
    };
}

operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl Neg for Bf16 {
    type Output = Self;
    fn neg(self) -> Self {
        Bf16(-self.0)
    }
}

impl Number for Bf16 {
    fn of(value: f64) -> Self {
        Bf16::rounded(value as f32)
    }
    fn value(self) -> f64 {
        f64::from(self.0)
    }
    fn is_less(self, other: Self) -> bool {
        self.0 < other.0
    }
    fn exp(self) -> Self {
        Bf16::rounded(self.0.exp())
    }
    fn ln(self) -> Self {
        Bf16::rounded(self.0.ln())
    }
    fn tanh(self) -> Self {
        Bf16::rounded(self.0.tanh())
    }
    fn sqrt(self) -> Self {
        Bf16::rounded(self.0.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_significant_bits_are_kept() {
        for (value, rounded) in
            [(1.0, 1.0), (1.003, 1.0), (1.005, 1.007_812_5), (-3.3, -3.296_875), (131_071.0, 131_072.0)]
        {
            assert_eq!(Bf16::of(value).value() as f32, rounded as f32, "{value}");
        }
        assert!(Bf16::of(1e60).value().is_infinite());
    }
}
