use super::{Expr, Node};

fn x() -> Expr {
    Expr::input(0)
}

fn y() -> Expr {
    Expr::input(1)
}

fn gelu() -> Expr {
    let x = x();
    0.5 * &x * (1.0 + (0.797_884_56 * (&x + 0.044_715 * x.power(3.0))).tanh())
}

/// Expressions that use every function, with numbers at which they are differentiable.
fn various() -> Vec<(Expr, [f64; 2])> {
    let (x, y) = (x(), y());
    vec![
        (&x + &y, [0.3, -1.2]),
        (&x - 3.0 * &y, [0.3, -1.2]),
        (&x * &y * &x, [0.3, -1.2]),
        (2.0 / &x - &y / &x, [0.3, -1.2]),
        (-(&x * &x).sqrt() + y.abs(), [0.3, -1.2]),
        (x.exp() * y.ln(), [0.3, 1.2]),
        (x.tanh() * y.sigmoid(), [0.3, -1.2]),
        (x.erf() * y.softplus(), [0.3, -1.2]),
        (x.max(&y) + 2.0 * x.min(&y), [0.3, -1.2]),
        (x.power(&y) + x.power(3.0) - x.power(-1.5), [0.7, 1.3]),
        (Expr::select(x.gt(&y), &x * &y, x.exp()), [0.3, -1.2]),
        (Expr::select(x.le(&y), &x * &y, x.exp()), [0.3, -1.2]),
        (Expr::select(x.lt(0.5), y.sign() * &x, 7.0), [0.3, -1.2]),
        (Expr::select(x.ge(0.5), y.clone(), &x * 2.0), [0.3, -1.2]),
        (Expr::select(x.equals(0.5), y.clone(), (0.9 * &x + 0.1 * &y).flush()), [0.3, -1.2]),
        (gelu() * &y, [0.3, -1.2]),
    ]
}

#[test]
fn a_formula_has_no_more_parentheses_than_it_needs() {
    let (x, y) = (x(), y());
    let cases = [
        (x.max(0.0), "max(x, 0)"),
        ((&x + 1.0) * 2.0 - &x, "(x + 1) * 2 - x"),
        (&x + (&y + 1.0), "a + b + 1"),
        (&x - (&y - 1.0), "a - (b - 1)"),
        (&x * (&y / 2.0), "a * b / 2"),
        (&x / (&y * 2.0), "a / (b * 2)"),
        (-(&x * &y), "-a * b"),
        (-(&x + &y), "-(a + b)"),
        (-&x - &y, "-a - b"),
        (-(-&x), "-(-x)"),
        (-&x * &y, "-a * b"),
        (x.power(2.0).power(&y), "(a ^ 2) ^ b"),
        (x.power(&y - 1.0), "a ^ (b - 1)"),
        (-x.power(2.0), "-x ^ 2"),
        ((-&x).power(2.0), "(-x) ^ 2"),
        (&x * -2.0, "x * (-2)"),
        (x.min(-2.0), "min(x, -2)"),
        (Expr::select(x.gt(0.0), y.clone(), 0.0), "a > 0 ? b : 0"),
        (Expr::select(x.lt(0.0), -1.0, Expr::select(x.gt(0.0), 1.0, &x)), "x < 0 ? -1 : x > 0 ? 1 : x"),
        (1.0 + Expr::select(x.gt(&y + 1.0), 1.0, 0.0), "1 + (a > b + 1 ? 1 : 0)"),
        (x.abs() * x.sign(), "|x| * sign(x)"),
        (2.0 * x.sigmoid(), "2 * sigmoid(x)"),
        (x.sigmoid(), "1 / (1 + exp(-x))"),
        ((-&x).tanh(), "(exp(-x) - exp(-(-x))) / (exp(-x) + exp(-(-x)))"),
        ((0.9 * &x + 0.1 * &y).flush(), "0.9 * a + 0.1 * b"),
        (x.sqrt() + x.exp().ln().tanh(), "sqrt(x) + tanh(log(exp(x)))"),
        (x.softplus().erf(), "erf(softplus(x))"),
        (&x * 1e-300, "x * 1e-300"),
    ];
    for (expr, formula) in cases {
        assert_eq!(expr.to_string(), formula);
    }
}

#[test]
fn equal_parts_exist_once() {
    let part = x().exp() + 1.0;
    let expr = &part * &part + x().exp();
    assert_eq!(expr.nodes().len(), 6, "{:?}", expr.nodes());
    assert_eq!(expr, (x().exp() + 1.0) * (x().exp() + 1.0) + x().exp());
    // A part that is not needed any more is not kept.
    assert_eq!(Expr::select(x().gt(0.0), y(), y()).nodes().len(), 4);
    assert!(Node::Input(0).operands().next().is_none());
}

#[test]
fn derivatives_are_those_of_differences() {
    for (expr, at) in various() {
        for input in 0..2 {
            let step = 1e-6;
            let (mut above, mut below) = (at, at);
            above[input] += step;
            below[input] -= step;
            let difference = (expr.evaluate(&above) - expr.evaluate(&below)) / (2.0 * step);
            let derivative = expr.derivative(input).evaluate(&at);
            assert!(
                (derivative - difference).abs() <= 1e-8 * (1.0 + difference.abs()),
                "d({expr})/d{input} = {derivative}, not {difference}"
            );
            // The vector-Jacobian product with an upstream gradient is its product with the derivative.
            let product = expr.vjp(&Expr::input(2), None).into_iter().nth(input).flatten();
            let product = product.map_or(0.0, |product| product.evaluate(&[at[0], at[1], -1.7]));
            assert!((product + 1.7 * derivative).abs() <= 1e-12 * (1.0 + derivative.abs()), "{expr}");
        }
    }
}

#[test]
fn derivatives_are_simplified_and_share_their_parts() {
    let (x, y) = (x(), y());
    let cases = [
        (&x + &y, "1"),
        (&x * &y, "b"),
        (x.power(2.0), "2 * x"),
        (x.power(1.0), "1"),
        (x.exp(), "exp(x)"),
        (x.max(0.0), "x > 0 ? 1 : 0"),
        (x.max(&y), "a > b ? 1 : a == b ? 0.5 : 0"),
        (x.min(&y), "a < b ? 1 : a == b ? 0.5 : 0"),
        (Expr::select(x.gt(0.0), x.clone(), 0.0), "x > 0 ? 1 : 0"),
        (x.tanh(), "1 - tanh(x) * tanh(x)"),
        (Expr::constant(2.0), "0"),
        (Expr::select(x.gt(0.0), 1.0, 2.0), "0"),
    ];
    for (expr, formula) in cases {
        assert_eq!(expr.derivative(0).to_string(), formula, "of {expr}");
    }
    assert_eq!(x.tanh().derivative(0).nodes().len(), 5);
    // The value of the expression need not be computed again.
    let (upstream, output) = (Expr::input(1), Expr::input(2));
    let tanh = x.tanh().vjp(&upstream, Some(&output));
    assert_eq!(tanh[0].as_ref().map(ToString::to_string).as_deref(), Some("b * (1 - c * c)"));
}

#[test]
fn an_infinite_gradient_stays_out_of_what_is_not_selected() {
    let gate = Expr::select(x().gt(0.0), x(), 0.0).vjp(&Expr::input(1), None);
    let gate = gate[0].as_ref().expect("a gradient");
    assert_eq!((gate.evaluate(&[1.0, 3.0]), gate.evaluate(&[-1.0, f64::INFINITY])), (3.0, 0.0));
}

#[test]
fn inputs_are_counted_and_substituted() {
    let expr = x() * Expr::input(3);
    assert_eq!((expr.inputs(), expr.reads(1), expr.reads(3)), (4, false, true));
    let squared = expr.substitute(|_| y() + 1.0);
    assert_eq!((squared.to_string(), squared.inputs()), ("(b + 1) * (b + 1)".into(), 2));
    assert!(expr.evaluate(&[1.0]).is_nan(), "an input that is not given");
    assert_eq!((Expr::constant(2.5).as_constant(), x().as_constant()), (Some(2.5), None));
}

#[test]
fn deep_and_shared_expressions_are_no_problem() {
    let mut doubled = x();
    for _ in 0..100 {
        doubled = &doubled + &doubled;
    }
    assert_eq!(doubled.evaluate(&[1.0]), 2_f64.powi(100));
    assert_eq!(doubled.derivative(0).evaluate(&[1.0]), 2_f64.powi(100));
    assert!(doubled.to_string().len() < 20_000);
    let mut deep = x();
    for _ in 0..2000 {
        deep = deep.tanh() + 1.0;
    }
    assert!(deep.derivative(0).evaluate(&[0.5]).is_finite() && deep.to_string().len() < 20_000);
}
