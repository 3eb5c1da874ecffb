//! `a + b`, `a * 2.0`, `1.0 - a`, `-a`: the operators of Rust on variables and numbers.

use crate::graph::Var;
use std::ops::{Add, Div, Mul, Sub};

/// The forms of a binary operator: variables by value and by reference, and a number on either side, which is
/// broadcast to the variable's shape.
macro_rules! binary {
    ($trait:ident, $operator:ident, $record:path) => {
        impl $trait<&Var> for &Var {
            type Output = Var;
            #[track_caller]
            fn $operator(self, other: &Var) -> Var {
                $record(self, other)
            }
        }

        impl $trait<Var> for &Var {
            type Output = Var;
            #[track_caller]
            fn $operator(self, other: Var) -> Var {
                $record(self, &other)
            }
        }

        impl $trait<&Var> for Var {
            type Output = Var;
            #[track_caller]
            fn $operator(self, other: &Var) -> Var {
                $record(&self, other)
            }
        }

        impl $trait<Var> for Var {
            type Output = Var;
            #[track_caller]
            fn $operator(self, other: Var) -> Var {
                $record(&self, &other)
            }
        }

        impl $trait<f64> for &Var {
            type Output = Var;
            #[track_caller]
            fn $operator(self, other: f64) -> Var {
                $record(self, &self.number(other))
            }
        }

        impl $trait<f64> for Var {
            type Output = Var;
            #[track_caller]
            fn $operator(self, other: f64) -> Var {
                $record(&self, &self.number(other))
            }
        }

        impl $trait<&Var> for f64 {
            type Output = Var;
            #[track_caller]
            fn $operator(self, other: &Var) -> Var {
                $record(&other.number(self), other)
            }
        }

        impl $trait<Var> for f64 {
            type Output = Var;
            #[track_caller]
            fn $operator(self, other: Var) -> Var {
                $record(&other.number(self), &other)
            }
        }
    };
}

binary!(Add, add, super::add::record);
binary!(Sub, sub, super::subtract::record);
binary!(Mul, mul, super::multiply::record);
binary!(Div, div, super::divide::record);

impl Var {
    /// A constant of this variable's shape.
    #[track_caller]
    pub(crate) fn number(&self, value: f64) -> Var {
        let Ok(shape) = self.try_shape() else {
            return self.clone();
        };
        if shape.rank() == 0 { self.graph().constant(value) } else { self.graph().full(shape, value) }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Graph, Result};

    #[test]
    fn operators_read_like_the_formula() -> Result<()> {
        let graph = Graph::new();
        let x = graph.parameter("x", [1.0, 2.0]);
        let y = graph.parameter("y", [3.0, 5.0]);
        let z = (2.0 * &x + &y / 2.0 - 1.0) * (1.0 - &x) + (-&y);
        assert_eq!(z.value()?.values(), [-3.0, -10.5]);
        Ok(())
    }
}
