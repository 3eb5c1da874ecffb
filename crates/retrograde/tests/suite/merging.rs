//! Common subexpression elimination of the user's operations: a plan merges those with equal keys, and no others.

use retrograde::graph::{Mismatch, Operation, Type, VjpContext};
use retrograde::kernel::{Expr, Form};
use retrograde::{Graph, Planner, Result, Tensor, Var};
use std::fmt;
use std::sync::Arc;

/// Declares y = factor · x as an operation; `$key` is its merge key.
macro_rules! scale {
    ($type:ident $(, $key:expr)?) => {
        impl Operation for $type {
            fn name(&self) -> &'static str {
                "scale"
            }

            $(fn merge_key(&self) -> Option<String> {
                let key: fn(&Self) -> Option<String> = $key;
                key(self)
            })?

            fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
                Ok(inputs[0].clone())
            }

            fn form(self: Arc<Self>) -> Form {
                Form::Elementwise(self.factor() * Expr::input(0))
            }

            fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
                vec![context.if_needed(0, || context.upstream() * self.factor())]
            }
        }
    };
}

#[derive(Debug)]
struct Scale(f64);

impl Scale {
    fn factor(&self) -> f64 {
        self.0
    }
}

scale!(Scale);

/// Its `Debug` does not show its field.
struct Hidden(f64);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}

impl Hidden {
    fn factor(&self) -> f64 {
        self.0
    }
}

scale!(Hidden);

/// It has a merge key.
#[derive(Debug)]
struct Keyed(f64);

impl Keyed {
    fn factor(&self) -> f64 {
        self.0
    }
}

scale!(Keyed, |keyed| Some(format!("{keyed:?}")));

/// Another type with the name and the keys of `Keyed`, which computes the opposite values.
struct SameKey(f64);

impl fmt::Debug for SameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", Keyed(self.0))
    }
}

impl SameKey {
    fn factor(&self) -> f64 {
        -self.0
    }
}

scale!(SameKey, |keyed| Some(format!("{keyed:?}")));

/// A type without fields, whose values are all equal.
#[derive(Debug)]
struct Double;

impl Double {
    #[allow(clippy::unused_self, reason = "the macro asks a value for its factor")]
    fn factor(&self) -> f64 {
        2.0
    }
}

scale!(Double);

/// x = [1, 2], and two operations on it.
fn two(first: impl Operation + 'static, second: impl Operation + 'static) -> (Var, Var, Var) {
    let graph = Graph::new();
    let x = graph.parameter("x", [1.0, 2.0]);
    let (a, b) = (graph.apply(first, &[&x]), graph.apply(second, &[&x]));
    (x, a, b)
}

/// The values of both in one plan.
fn together(a: &Var, b: &Var, keep: bool) -> Result<[Vec<f64>; 2]> {
    let planner = Planner::new(a.graph()).fetch(a).fetch(b);
    let mut plan = if keep { planner.keep_all() } else { planner }.compile::<f64>()?;
    plan.run()?;
    Ok([plan.read(a)?.to_vec(), plan.read(b)?.to_vec()])
}

/// Asserts that scaling by 2 and by `factor` are not merged in values, sums, losses and gradients.
fn assert_not_merged(
    first: impl Operation + 'static,
    second: impl Operation + 'static,
    factor: f64,
) -> Result<()> {
    let (x, a, b) = two(first, second);
    let expected = [vec![2.0, 4.0], vec![factor, 2.0 * factor]];
    for keep in [false, true] {
        assert_eq!(together(&a, &b, keep)?, expected);
    }
    assert_eq!((&a + &b).value()?.values(), [2.0 + factor, 4.0 + 2.0 * factor]);
    let loss = (&a + &b).sum_all();
    assert_eq!(loss.value()?, Tensor::from(6.0 + 3.0 * factor));
    assert_eq!(loss.backward()?.wrt(&x)?.value()?.values(), [2.0 + factor; 2]);
    Ok(())
}

#[test]
fn operations_without_a_key_are_never_merged() -> Result<()> {
    assert_not_merged(Scale(2.0), Scale(3.0), 3.0)?;
    assert_not_merged(Hidden(2.0), Hidden(3.0), 3.0)
}

#[test]
fn different_keys_or_types_are_never_merged() -> Result<()> {
    assert_not_merged(Keyed(2.0), Keyed(3.0), 3.0)?;
    assert_not_merged(Keyed(2.0), SameKey(2.0), -2.0)?;
    let zeros = two(Keyed(0.0), Keyed(-0.0));
    let [plus, minus] = together(&zeros.1, &zeros.2, false)?;
    assert!(plus[0].is_sign_positive() && minus[0].is_sign_negative(), "zeros of both signs are not merged");
    Ok(())
}

/// The number of nodes that the plan of both computes.
fn computed((_, a, b): (Var, Var, Var)) -> Result<usize> {
    let plan = Planner::new(a.graph()).fetch(&a).fetch(&b).compile::<f64>()?;
    Ok(plan.steps().iter().map(Vec::len).sum())
}

#[test]
fn equal_keys_of_one_type_are_merged() -> Result<()> {
    assert_eq!(computed(two(Keyed(2.0), Keyed(2.0)))?, 1);
    assert_eq!(computed(two(Double, Double))?, 1);
    assert_eq!(computed(two(Scale(2.0), Scale(2.0)))?, 2);
    Ok(())
}
