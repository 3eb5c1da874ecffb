//! Double-double arithmetic: about 31 significant digits as the sum of two `f64` (Dekker, 1971; Hida, Li and Bailey,
//! 2001).

use std::f64::consts::{LN_2, LOG2_E};
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Number;

/// `high + low`, where `high` is the sum rounded to `f64`.
#[derive(Debug, Clone, Copy)]
pub struct Double {
    high: f64,
    low: f64,
}

/// ln 2 without its nearest `f64`: the next 53 bits of the logarithm of 2.
const LN_2_LOW: f64 = 2.319_046_813_846_299_6e-17;

/// Where `exp` stops to grow, so that squares of its results stay finite: 1e150 is as good as infinite in programs whose
/// other numbers are below 1e20.
const LARGEST_EXPONENT: f64 = 345.0;

impl Double {
    /// From two numbers of which the first is the larger.
    fn renormalized(high: f64, low: f64) -> Self {
        let sum = high + low;
        if sum.is_finite() {
            Double { high: sum, low: low - (sum - high) }
        } else {
            Double { high: sum, low: 0.0 }
        }
    }

    /// Times a power of 2, which is exact.
    fn scaled(self, factor: f64) -> Self {
        Double { high: self.high * factor, low: self.low * factor }
    }
}

/// a + b, and what rounding took from it.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

impl Add for Double {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (high, error) = two_sum(self.high, other.high);
        let (low, low_error) = two_sum(self.low, other.low);
        if !high.is_finite() {
            return Double { high, low: 0.0 };
        }
        let first = Double::renormalized(high, error + low);
        Double::renormalized(first.high, first.low + low_error)
    }
}

impl Sub for Double {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Neg for Double {
    type Output = Self;
    fn neg(self) -> Self {
        Double { high: -self.high, low: -self.low }
    }
}

impl Mul for Double {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let high = self.high * other.high;
        if !high.is_finite() {
            return Double { high, low: 0.0 };
        }
        let error = self.high.mul_add(other.high, -high);
        Double::renormalized(high, error + (self.high * other.low + self.low * other.high))
    }
}

impl Div for Double {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = self.high / other.high;
        if !first.is_finite() || !other.high.is_finite() {
            return Double { high: first, low: 0.0 };
        }
        let rest = self - other * Double::of(first);
        let second = rest.high / other.high;
        let rest = rest - other * Double::of(second);
        Double::renormalized(first, second) + Double::of(rest.high / other.high)
    }
}

impl Number for Double {
    fn of(value: f64) -> Self {
        Double { high: value, low: 0.0 }
    }

    fn value(self) -> f64 {
        self.high
    }

    fn is_less(self, other: Self) -> bool {
        self.high < other.high || (self.high == other.high && self.low < other.low)
    }

    /// exp(x) = 2^k · exp(r / 256)^256 with x = k ln 2 + r, by the series.
    fn exp(self) -> Self {
        if self.high.is_nan() {
            return self;
        }
        if self.high > LARGEST_EXPONENT {
            return Double::of(LARGEST_EXPONENT).exp();
        }
        if self.high < -700.0 {
            return Double::of(0.0);
        }
        let exponent = (self.high * LOG2_E).round();
        let ln_2 = Double { high: LN_2, low: LN_2_LOW };
        let rest = (self - ln_2 * Double::of(exponent)).scaled(1.0 / 256.0);
        // exp(rest) − 1, whose square is taken as (1 + s)² − 1 = 2 s + s²: it loses no digits of a small s.
        let mut term = rest;
        let mut sum = rest;
        for n in 2..12 {
            term = term * rest / Double::of(f64::from(n));
            sum = sum + term;
        }
        for _ in 0..8 {
            sum = sum.scaled(2.0) + sum * sum;
        }
        // In two factors, as 2^−1000 and less would lose bits in one.
        let half = (exponent / 2.0).trunc();
        (sum + Double::of(1.0)).scaled(half.exp2()).scaled((exponent - half).exp2())
    }

    /// Newton's steps on exp(y) = x; each doubles the digits of the logarithm in `f64`.
    fn ln(self) -> Self {
        let estimate = self.high.ln();
        // Where exp is cut off, the plain logarithm serves: such numbers are no results of programs that stay finite.
        if !estimate.is_finite() || estimate.abs() > 340.0 {
            return Double::of(estimate);
        }
        let mut y = Double::of(estimate);
        for _ in 0..2 {
            y = y + self * (-y).exp() - Double::of(1.0);
        }
        y
    }

    /// tanh(x) = (1 − e)/(1 + e) with e = exp(−2|x|); the first terms of its series near 0, where that loses digits.
    fn tanh(self) -> Self {
        if self.high.abs() < 1e-5 {
            let square = self * self;
            let higher =
                square * (Double::of(2.0) / Double::of(15.0)) - square * square * Double::of(17.0 / 315.0);
            return self - self * square * (Double::of(1.0) / Double::of(3.0) - higher);
        }
        let e = (self.abs().scaled(-2.0)).exp();
        let size = (Double::of(1.0) - e) / (Double::of(1.0) + e);
        if self.high < 0.0 { -size } else { size }
    }

    fn sqrt(self) -> Self {
        let estimate = self.high.sqrt();
        if estimate == 0.0 || !estimate.is_finite() {
            return Double::of(estimate);
        }
        let root = Double::of(estimate);
        root + (self - root * root) / root.scaled(2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative error bound: 106 bits are 32 digits; the functions lose two or three.
    const BOUND: f64 = 1e-28;

    fn assert_near(a: Double, b: Double, what: &str) {
        let error = (a - b).high.abs();
        assert!(error <= BOUND * b.high.abs().max(1e-300), "{what}: {a:?} {b:?}");
    }

    /// Numbers with two full halves.
    fn samples() -> impl Iterator<Item = Double> {
        (-40..=40).map(|n| Double::of(f64::from(n)) / Double::of(7.0) + Double::of(1e-3))
    }

    #[test]
    fn arithmetic_inverts_itself() {
        let third = Double::of(1.0) / Double::of(3.0);
        assert_near(third + third + third, Double::of(1.0), "three thirds");
        for x in samples() {
            assert_near(x / third, x + x + x, "x / (1/3)");
            assert_near((x * x).sqrt(), x.abs(), "sqrt");
        }
    }

    #[test]
    fn functions_satisfy_their_equations() {
        // e to 50 digits, from Abramowitz and Stegun, table 1.1.
        let e = Double { high: std::f64::consts::E, low: 1.445_646_891_729_250_2e-16 };
        assert_near(Double::of(1.0).exp(), e, "e");
        for x in samples() {
            assert_near(x.exp() * (-x).exp(), Double::of(1.0), "exp(x) exp(−x)");
            assert_near((x + x).exp(), x.exp() * x.exp(), "exp(2x)");
            assert_near(x.exp().ln(), x, "ln exp");
            let t = x.tanh();
            assert_near((x + x).tanh() * (Double::of(1.0) + t * t), t + t, "tanh(2x)");
        }
        // tanh(3x) = (3 t + t³)/(1 + 3 t²), across the border of the series.
        let x = Double::of(4.0e-6) + Double::of(1e-23);
        let (t, triple) = (x.tanh(), (x + x + x).tanh());
        let expected = (t + t + t + t * t * t) / (Double::of(1.0) + Double::of(3.0) * t * t);
        // Beside 1, where the larger of the two loses five digits.
        assert!(((triple - expected) / expected).high.abs() < 1e-24);
    }

    #[test]
    fn what_is_too_large_stays_in_order() {
        assert!(Double::of(1e6).exp().high > 1e149);
        assert_eq!((Double::of(1.0) / (Double::of(1.0) + Double::of(f64::INFINITY))).high, 0.0);
        assert_eq!(Double::of(-1e6).exp().high, 0.0);
        assert_eq!(Double::of(1e6).tanh().high, 1.0);
        assert!(Double::of(-1.0).ln().high.is_nan());
    }
}
