//! `softplus`: y = log(1 + eˣ), a smooth `relu`.
//!
//! It is max(x, 0) + log(1 + e^−|x|), whose power never overflows, and whose logarithm is accurate for tiny powers, too.
//! Derivative: sigmoid(x). Differentiable everywhere. Dugas et al. (2001).

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, none};
use crate::graph::Var;
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "softplus",
    summary: "The logarithm of 1 + exp(x), a smooth relu.",
    formula: "y = log(1 + exp(x))",
    derivative: "dx = g * sigmoid(x)",
    cases: || {
        elementwise::cases_with_reference([(-6.0, 6.0)], |v| v[0].softplus(), |v| (1.0 + v[0].exp()).log())
    },
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| v[0].softplus()),
};

impl Var {
    /// log(1 + eˣ), element by element.
    #[track_caller]
    pub fn softplus(&self) -> Var {
        let operation = Elementwise::new(&ENTRY, Expr::input(0).softplus());
        self.elementwise(
            &[],
            operation.with_vjp(|context| {
                vec![context.if_needed(0, || context.upstream() * context.input(0).sigmoid())]
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::{Graph, Result};

    #[test]
    fn both_ends_are_accurate() -> Result<()> {
        let x = [-700.0, -40.0, 40.0, 800.0, f64::NEG_INFINITY, f64::INFINITY, f64::NAN];
        let graph = Graph::new();
        let given = graph.parameter("x", x);
        let y = given.softplus();
        let value = y.value()?;
        let relative = |i: usize| value.values()[i] / x[i].exp() - 1.0;
        assert!(relative(0).abs() < 1e-15 && relative(1).abs() < 1e-15, "{value}");
        assert_eq!(value.values()[2..6], [40.0, 800.0, 0.0, f64::INFINITY]);
        assert!(value.values()[6].is_nan());
        let slopes = y.sum_all().backward()?.wrt(&given)?.value()?;
        assert_eq!(slopes.values()[2..6], [1.0, 1.0, 0.0, 1.0]);
        Ok(())
    }
}
