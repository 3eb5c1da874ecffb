//! Which operations of a program's own a plan computes once: those that say what tells them apart, and no others.

use retrograde::graph::{Mismatch, Operation, Site, Type};
use retrograde::kernel::{Expr, Form};
use retrograde::{Graph, Planner, Result, Tensor, Var};
use std::fmt;
use std::sync::Arc;

/// Declares y = factor · x as an operation with the given name; `$key` is its merge key, if it has one.
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

            fn derivative(&self, site: &Site<'_>) -> Vec<Option<Var>> {
                vec![site.when_wanted(0, || site.upstream() * self.factor())]
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

/// Its hand-written `Debug` shows nothing of its field.
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

/// It says what tells it apart.
#[derive(Debug)]
struct Keyed(f64);

impl Keyed {
    fn factor(&self) -> f64 {
        self.0
    }
}

scale!(Keyed, |keyed| Some(format!("{keyed:?}")));

/// Another type with the name and the keys of `Keyed`, which gives the opposite numbers.
struct Likewise(f64);

impl fmt::Debug for Likewise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", Keyed(self.0))
    }
}

impl Likewise {
    fn factor(&self) -> f64 {
        -self.0
    }
}

scale!(Likewise, |keyed| Some(format!("{keyed:?}")));

/// Without fields: all of its values are equal.
#[derive(Debug)]
struct Double;

impl Double {
    #[allow(clippy::unused_self, reason = "the macro asks a value for its factor")]
    fn factor(&self) -> f64 {
        2.0
    }
}

scale!(Double);

/// x = [1, 2], and two variables made of it.
fn two(first: impl Operation + 'static, second: impl Operation + 'static) -> (Var, Var, Var) {
    let graph = Graph::new();
    let x = graph.parameter("x", [1.0, 2.0]);
    let (a, b) = (graph.apply(first, &[&x]), graph.apply(second, &[&x]));
    (x, a, b)
}

/// The values of both in one plan; with every value kept or not.
fn together(a: &Var, b: &Var, keep: bool) -> Result<[Vec<f64>; 2]> {
    let planner = Planner::new(a.graph()).want(a).want(b);
    let mut plan = if keep { planner.keep_every_value() } else { planner }.compile::<f64>()?;
    plan.run()?;
    Ok([plan.read(a)?.to_vec(), plan.read(b)?.to_vec()])
}

/// Scaled by 2 and by `second`, whatever is asked for together: values, sums, losses and gradients.
fn assert_apart(
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
fn operations_that_say_nothing_are_never_merged() -> Result<()> {
    assert_apart(Scale(2.0), Scale(3.0), 3.0)?;
    assert_apart(Hidden(2.0), Hidden(3.0), 3.0)
}

#[test]
fn keys_tell_operations_of_one_type_apart_and_types_are_always_apart() -> Result<()> {
    assert_apart(Keyed(2.0), Keyed(3.0), 3.0)?;
    assert_apart(Keyed(2.0), Likewise(2.0), -2.0)?;
    let zeros = two(Keyed(0.0), Keyed(-0.0));
    let [plus, minus] = together(&zeros.1, &zeros.2, false)?;
    assert!(plus[0].is_sign_positive() && minus[0].is_sign_negative(), "zeros of both signs are apart");
    Ok(())
}

/// How many nodes the plan of both makes.
fn made((_, a, b): (Var, Var, Var)) -> Result<usize> {
    let plan = Planner::new(a.graph()).want(&a).want(&b).compile::<f64>()?;
    Ok(plan.steps().iter().map(Vec::len).sum())
}

#[test]
fn equal_keys_of_one_type_are_computed_once() -> Result<()> {
    assert_eq!(made(two(Keyed(2.0), Keyed(2.0)))?, 1);
    assert_eq!(made(two(Double, Double))?, 1);
    assert_eq!(made(two(Scale(2.0), Scale(2.0)))?, 2);
    Ok(())
}
