//! Functions drawn by a generator of its own are recognised by their values, and no other ones are.

use super::super::edits::edits;
use super::{Sample, recognize};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_core::kernel::Expr;
use std::rc::Rc;

type Function = Rc<dyn Fn(f64) -> f64>;

/// A function with its text, as code would compute it, and its slope.
#[derive(Clone)]
struct Drawn {
    text: String,
    value: Function,
    slope: Function,
    /// Slopes that lack a term or a factor, or have another sign.
    wrong: Vec<(&'static str, Function)>,
}

fn number(random: &mut Xoshiro256PlusPlus) -> Drawn {
    let number = match random.random_range(0..4) {
        0 => f64::from(random.random_range(1..=6)),
        1 => -f64::from(random.random_range(1..=30)) / 10.0,
        2 => f64::from(random.random_range(1..=99)) / 100.0,
        _ => f64::from(random.random_range(1..=50)) / 10.0,
    };
    Drawn {
        text: format!("({number})"),
        value: Rc::new(move |_| number),
        slope: Rc::new(|_| 0.0),
        wrong: Vec::new(),
    }
}

/// A function of a function.
fn of(name: &str, function: fn(f64) -> f64, slope: fn(f64) -> f64, inner: &Drawn) -> Drawn {
    let [f, g, h] = [0; 3].map(|_| Rc::clone(&inner.value));
    let [inner_slope, alone] = [0; 2].map(|_| Rc::clone(&inner.slope));
    Drawn {
        text: format!("{name}({})", inner.text),
        value: Rc::new(move |x| function(f(x))),
        slope: Rc::new(move |x| slope(g(x)) * inner_slope(x)),
        wrong: vec![("inner slope alone", alone), ("outer slope alone", Rc::new(move |x| slope(h(x))))],
    }
}

/// An operation on two functions, by its value, and its two contributions to the slope.
fn of_two(
    text: String,
    [a, b]: &[Drawn; 2],
    value: fn(f64, f64) -> f64,
    by_first: fn(f64, f64) -> f64,
    by_second: fn(f64, f64) -> f64,
) -> Drawn {
    let sum = |first: f64, second: f64| -> Function {
        let ([f, g], [df, dg]) = ([&a.value, &b.value].map(Rc::clone), [&a.slope, &b.slope].map(Rc::clone));
        Rc::new(move |x| {
            let (f, g) = (f(x), g(x));
            // What is left out may be infinite.
            let term = |size: f64, slope: f64, by: f64| {
                if size == 0.0 || slope == 0.0 { 0.0 } else { size * slope * by }
            };
            term(first, df(x), by_first(f, g)) + term(second, dg(x), by_second(f, g))
        })
    };
    let (f, g) = (Rc::clone(&a.value), Rc::clone(&b.value));
    let wrong = vec![("first term", sum(1.0, 0.0)), ("second term", sum(0.0, 1.0)), ("sign", sum(1.0, -1.0))];
    Drawn { text, value: Rc::new(move |x| value(f(x), g(x))), slope: sum(1.0, 1.0), wrong }
}

/// A function of so many operations.
fn draw(operations: usize, random: &mut Xoshiro256PlusPlus) -> Drawn {
    if operations == 0 {
        return Drawn { text: "x".into(), value: Rc::new(|x| x), slope: Rc::new(|_| 1.0), wrong: Vec::new() };
    }
    let kind = random.random_range(0..20);
    if kind < 9 {
        let inner = draw(operations - 1, random);
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        return match kind {
            0 | 1 => of("exp", f64::exp, f64::exp, &inner),
            2 | 3 => of("tanh", f64::tanh, |x| 1.0 / x.cosh().powi(2), &inner),
            4 => of("sigmoid", sigmoid, |x| 1.0 / (2.0 + x.exp() + (-x).exp()), &inner),
            5 => of("log", f64::ln, f64::recip, &inner),
            6 => of("sqrt", f64::sqrt, |x| 0.5 / x.sqrt(), &inner),
            7 => of("abs", f64::abs, f64::signum, &inner),
            _ => of("-", |x| -x, |_| -1.0, &inner),
        };
    }
    let left = random.random_range(0..operations);
    let mut sides = [draw(left, random), draw(operations - 1 - left, random)];
    // A side without operations is more often a number than x.
    for (side, count) in sides.iter_mut().zip([left, operations - 1 - left]) {
        if count == 0 && (operations == 1 || random.random_range(0..3) > 0) {
            *side = number(random);
            break;
        }
    }
    if random.random() {
        sides.swap(0, 1);
    }
    let [a, b] = [&sides[0].text, &sides[1].text];
    let above = |a: f64, b: f64| f64::from(u8::from(a > b));
    let below = |a: f64, b: f64| f64::from(u8::from(a <= b));
    match kind {
        9 | 10 => of_two(format!("({a} + {b})"), &sides, |a, b| a + b, |_, _| 1.0, |_, _| 1.0),
        11 | 12 => of_two(format!("({a} - {b})"), &sides, |a, b| a - b, |_, _| 1.0, |_, _| -1.0),
        13..=15 => of_two(format!("({a} * {b})"), &sides, |a, b| a * b, |_, b| b, |a, _| a),
        16 => of_two(format!("({a} / {b})"), &sides, |a, b| a / b, |_, b| 1.0 / b, |a, b| -a / b / b),
        17 => of_two(format!("max({a}, {b})"), &sides, f64::max, above, below),
        18 => of_two(format!("min({a}, {b})"), &sides, f64::min, below, above),
        _ => {
            let [f, g] = [0, 1].map(|side: usize| Rc::clone(&sides[side].value));
            let [df, dg] = [0, 1].map(|side: usize| Rc::clone(&sides[side].slope));
            let (first, second) = (Rc::clone(&df), Rc::clone(&dg));
            Drawn {
                text: format!("(x > 0 ? {a} : {b})"),
                value: Rc::new(move |x| if x > 0.0 { f(x) } else { g(x) }),
                slope: Rc::new(move |x| if x > 0.0 { df(x) } else { dg(x) }),
                wrong: vec![("one side", first), ("the other side", second)],
            }
        }
    }
}

/// The points of a function at which it has a usual size.
fn samples(value: &dyn Fn(f64) -> f64, random: &mut Xoshiro256PlusPlus, count: usize) -> Vec<Sample> {
    let points = (0..count).map(|_| random.random_range(-4.0..4.0)).map(|x| (x, value(x)));
    points.filter(|(_, y)| y.is_finite() && y.abs() < 1e6).collect()
}

/// Whether an expression was found, and whether it has the values at other points.
fn outcome(drawn: &Drawn, random: &mut Xoshiro256PlusPlus) -> (bool, bool, String) {
    let seen = samples(&*drawn.value, random, 64);
    let Some(expr) = recognize(&seen) else { return (false, true, "none".into()) };
    let [low, high] = [f64::min, f64::max].map(|f: fn(f64, f64) -> f64| seen.iter().map(|s| s.0).reduce(f));
    let others = samples(&*drawn.value, random, 400);
    let within = others.iter().filter(|(x, _)| Some(*x) >= low && Some(*x) <= high);
    let near = |(x, y): &Sample| (expr.evaluate(&[*x]) - y).abs() <= 1e-7 * (1.0 + y.abs());
    (true, within.into_iter().all(near), expr.to_string())
}

/// 200 functions that vary, of one to three operations.
fn functions() -> Vec<Drawn> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(41);
    let mut all = Vec::new();
    while all.len() < 200 {
        let function = draw(1 + all.len() % 3, &mut random);
        let values = samples(&*function.value, &mut random, 64);
        let varies = values.iter().any(|(_, y)| (y - values[0].1).abs() > 1e-3 * (1.0 + y.abs()));
        if values.len() >= 24 && varies {
            all.push(function);
        }
    }
    all
}

#[test]
fn expressions_of_three_operations_are_recognized_by_their_values() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut missed = Vec::new();
    for function in functions() {
        let (is_found, is_right, found) = outcome(&function, &mut random);
        assert!(is_right, "{} was taken for {found}", function.text);
        if !is_found {
            missed.push(function.text);
        }
    }
    assert!(missed.len() <= 20, "{} of 200 were not recognised: {missed:#?}", missed.len());
}

#[test]
fn the_edit_that_makes_a_wrong_slope_is_named() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(8);
    let (mut count, mut missed) = (0, Vec::new());
    for function in functions() {
        let Some(expr) = recognize(&samples(&*function.value, &mut random, 64)) else { continue };
        let right = expr.derivative(0);
        for (what, wrong) in &function.wrong {
            let points: Vec<[f64; 3]> = (0..40)
                .map(|_| random.random_range(-4.0..4.0))
                .map(|x| [x, (function.slope)(x), wrong(x)])
                .filter(|point| {
                    point.iter().all(|value| value.is_finite()) && (function.value)(point[0]).is_finite()
                })
                .collect();
            // A wrong slope is no multiple of the right one, which is another cause.
            let ratio = points.first().map_or(f64::NAN, |[_, right, wrong]| wrong / right);
            let is_multiple =
                |[_, right, wrong]: &[f64; 3]| (wrong - ratio * right).abs() <= 1e-6 * wrong.abs();
            if points.len() < 10 || ratio.is_finite() && points.iter().all(is_multiple) {
                continue;
            }
            count += 1;
            let fits = |expr: &Expr| {
                points
                    .iter()
                    .all(|[x, _, wrong]| (expr.evaluate(&[*x]) - wrong).abs() <= 1e-6 * (1e-3 + wrong.abs()))
            };
            if !edits(&right).iter().any(|edited| fits(&edited.expr)) {
                missed.push(format!("{}: {what}; {right}", function.text));
            }
        }
    }
    assert!(count > 100, "only {count} wrong slopes");
    // 110 of 193 are named. The rest are edits of the chain rule in slopes whose simplified form no longer has it, as
    // 0.25 · x^(-0.75) of √√x.
    assert!(missed.len() * 2 <= count, "{} of {count} edits were not found: {missed:#?}", missed.len());
}

#[test]
fn other_functions_are_not_recognized() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
    let others: [fn(f64) -> f64; 8] = [
        f64::sin,
        |x| (3.0 * x).cos(),
        f64::atan,
        |x| x.tanh() + 0.3 * (x * x).tanh() - 0.2 * x,
        |x| (0.797_884_56 * (x + 0.044_715 * x.powi(3))).tanh() * x,
        |x| (x.sin() * 4.0).exp(),
        |x| x.floor(),
        |x| x + 1e-6 * (5.0 * x).sin(),
    ];
    for other in others {
        let other = Drawn { text: String::new(), value: Rc::new(other), ..draw(0, &mut random) };
        let (is_found, _, found) = outcome(&other, &mut random);
        assert!(!is_found, "it was taken for {found}");
    }
    assert!(recognize(&[(1.0, 1.0), (2.0, 2.0), (3.0, 3.0)]).is_none(), "three points are too few");
}
