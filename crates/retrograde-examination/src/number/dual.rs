//! Dual numbers: a value and its derivative along one direction. They give the derivative of `forward` without `backward`.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Number;

/// A value, and its derivative along a direction.
#[derive(Debug, Clone, Copy)]
pub struct Dual<T> {
    /// The value.
    pub value: T,
    /// The derivative.
    pub tangent: T,
}

impl<T: Number> Dual<T> {
    /// f(value), with the slope of f there.
    fn through(self, value: T, slope: T) -> Self {
        Dual { value, tangent: slope * self.tangent }
    }
}

impl<T: Number> Add for Dual<T> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Dual { value: self.value + other.value, tangent: self.tangent + other.tangent }
    }
}

impl<T: Number> Sub for Dual<T> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Dual { value: self.value - other.value, tangent: self.tangent - other.tangent }
    }
}

impl<T: Number> Neg for Dual<T> {
    type Output = Self;
    fn neg(self) -> Self {
        Dual { value: -self.value, tangent: -self.tangent }
    }
}

impl<T: Number> Mul for Dual<T> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Dual {
            value: self.value * other.value,
            tangent: self.tangent * other.value + self.value * other.tangent,
        }
    }
}

impl<T: Number> Div for Dual<T> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Dual { value, tangent: (self.tangent - value * other.tangent) / other.value }
    }
}

impl<T: Number> Number for Dual<T> {
    fn of(value: f64) -> Self {
        Dual { value: T::of(value), tangent: T::of(0.0) }
    }
    fn value(self) -> f64 {
        self.value.value()
    }
    fn is_less(self, other: Self) -> bool {
        self.value.is_less(other.value)
    }
    fn exp(self) -> Self {
        let value = self.value.exp();
        self.through(value, value)
    }
    fn ln(self) -> Self {
        self.through(self.value.ln(), T::of(1.0) / self.value)
    }
    fn tanh(self) -> Self {
        let value = self.value.tanh();
        self.through(value, T::of(1.0) - value * value)
    }
    fn sqrt(self) -> Self {
        let value = self.value.sqrt();
        self.through(value, T::of(0.5) / value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slopes of elementary functions, from any table of derivatives.
    #[test]
    fn tangents_are_derivatives() {
        let x = Dual { value: 0.7_f64, tangent: 1.0 };
        let near =
            |dual: Dual<f64>, slope: f64| assert!((dual.tangent - slope).abs() < 1e-14, "{dual:?} {slope}");
        near(x.exp(), 0.7_f64.exp());
        near(x.ln(), 1.0 / 0.7);
        near(x.tanh(), 1.0 / 0.7_f64.cosh().powi(2));
        near(x.sqrt(), 0.5 / 0.7_f64.sqrt());
        near(x * x * x, 3.0 * 0.49);
        near(Dual::of(1.0) / x, -1.0 / 0.49);
        near(-x - x, -2.0);
        near((-x).abs(), 1.0);
        near(x.max(Dual::of(1.0)), 0.0);
    }
}
