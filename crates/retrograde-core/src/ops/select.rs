//! `select`: y = b where a is not 0, else c; `where` in NumPy. The condition a is made by comparisons.
//!
//! It selects rather than multiplies, so that an infinite or undefined number stays out of where it does not belong. NaN as a
//! condition selects b. Derivative: the upstream gradient goes to the selected one. With respect to the condition it is zero
//! wherever it exists, and taken as zero at 0, where y jumps.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "select",
    summary: "One of two numbers: the first where a condition is not zero, else the second.",
    formula: "y = a == 0 ? c : b",
    derivative: "da = 0, db = a == 0 ? 0 : g, dc = a == 0 ? g : 0",
    cases: || elementwise::cases([(-2.0, 2.0); 3], |v| v[0].select(&v[1], &v[2])),
    kinks: || {
        vec![Kink {
            at: vec![
                Tensor::from([0.0; 6]),
                Tensor::from([-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]),
                Tensor::from([0.0, 1.0, -1.0, 1.0, -1.0, 0.0]),
            ],
            record: |v| v[0].select(&v[1], &v[2]),
            slopes: vec![Tensor::from([0.0; 6]), Tensor::from([0.0; 6]), Tensor::from([1.0; 6])],
        }]
    },
    invalid_cases: || elementwise::no_other_shape(3, |v| v[0].select(&v[1], &v[2])),
};

impl Var {
    /// `then` where this is not 0, and `otherwise` where it is. All three have the same shape.
    ///
    /// ```
    /// let graph = retrograde::Graph::new();
    /// let x = graph.constant([-4.0, 9.0]);
    /// let zero = graph.constant([0.0, 0.0]);
    /// let root = x.greater(&zero).select(&x.sqrt(), &zero);
    /// assert_eq!(root.value()?.values(), [0.0, 3.0]);
    /// # Ok::<(), retrograde::Error>(())
    /// ```
    #[track_caller]
    pub fn select(&self, then: &Var, otherwise: &Var) -> Var {
        let expr = Expr::select(Expr::input(0).equals(0.0), Expr::input(2), Expr::input(1));
        self.elementwise(&[then, otherwise], Elementwise::new(&ENTRY, expr))
    }
}
