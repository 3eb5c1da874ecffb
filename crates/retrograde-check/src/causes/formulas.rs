//! Short formulas for the slope of a function of one number, in its input x, its output y and its right slope s.
//!
//! They are expressions: products of two factors, and the slopes of activations with one [edit](super::edits) each.

use super::edits::edits;
pub(crate) use retrograde_base::number::plain;
use retrograde_core::kernel::{Expr, FormulaStyle, Node};
use std::sync::LazyLock;

/// The arguments of a formula: x, y and s.
pub(super) type Point = (f64, f64, f64);

/// A target value of a formula: the point, the value, and its accuracy.
pub(super) type Sought = (Point, f64, f64);

/// An input of a formula behind x, y and s: its text, what the text means, and its value.
type Named = (&'static str, &'static str, fn(Point) -> f64);

/// What is no operation of an expression, or has a short name.
const NAMED: [Named; 7] = [
    ("t", "y/x", |(x, y, _)| y / x),
    ("t", "tanh(√(2/π) · (x + 0.044715 · x³))", |(x, ..)| by_tanh(x)),
    ("t₁", "", |(x, ..)| ROOT * (1.0 + 3.0 * CUBE * x * x)),
    ("Φ(x)", "", |(x, ..)| normal(x)),
    ("φ(x)", "", |(x, ..)| density(x)),
    ("sin(x)", "", |(x, ..)| x.sin()),
    ("cos(x)", "", |(x, ..)| x.cos()),
];

const S: usize = 2;
const INPUTS: usize = 3 + NAMED.len();

/// A function of x, y and s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Formula(pub(super) Expr);

/// The inputs of a formula at a point, as far as they are read.
fn inputs((x, y, s): Point, reads: impl Fn(usize) -> bool) -> [f64; INPUTS] {
    let named = |input: usize| if reads(input) { NAMED[input - 3].2((x, y, s)) } else { f64::NAN };
    std::array::from_fn(|input| if input < 3 { [x, y, s][input] } else { named(input) })
}

impl Formula {
    /// The input x.
    pub(super) const X: usize = 0;
    /// The output y.
    pub(super) const Y: usize = 1;

    /// A multiple of the right slope.
    pub(super) fn multiple(factor: f64) -> Self {
        let whole = factor.round();
        let factor = if (factor - whole).abs() < 5e-7 { whole } else { factor };
        Formula(if factor == 0.0 { 0.0.into() } else { times(factor, &Expr::input(S)) })
    }

    /// Its value.
    pub(super) fn at(&self, point: Point) -> f64 {
        self.0.evaluate(&inputs(point, |input| self.0.reads(input)))
    }

    /// Whether it has a value everywhere and that of each point.
    pub(super) fn fits(&self, points: &[Sought]) -> bool {
        points.iter().all(|&(point, wanted, tolerance)| {
            let value = self.at(point);
            // An infinite value would be within an infinite tolerance.
            value.is_finite() && (value - wanted).abs() <= tolerance + 1e-8 * value.abs()
        })
    }

    /// Whether it contains s, the right slope.
    pub(super) fn has_right_slope(&self) -> bool {
        self.0.reads(S)
    }

    /// Whether it contains x.
    pub(super) fn has_x(&self) -> bool {
        self.0.reads(Self::X)
    }

    /// The text with other names for x and y.
    pub(super) fn with_names(&self, x: &str, y: &str) -> String {
        let input = |input: usize| match input {
            0..3 => [x, y, "s"][input].to_owned(),
            _ => NAMED[input - 3].0.to_owned(),
        };
        let constant = |number: f64| match number {
            0.5 => "½".to_owned(),
            0.25 => "¼".to_owned(),
            _ if number == 1.0 / 3.0 => "⅓".to_owned(),
            _ => plain(number),
        };
        let style = FormulaStyle { input: &input, constant: &constant, times: "·", compact: true };
        let meaning = (self.0.reads(3)).then(|| format!(", {} = {}", NAMED[0].0, NAMED[0].1));
        self.0.formula(&style) + &meaning.unwrap_or_default()
    }
}

impl std::fmt::Display for Formula {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.with_names("x", "y"))
    }
}

/// The slope of an activation, as a formula in x and as one in y.
pub(super) struct Slope {
    pub(super) of_x: Expr,
    pub(super) of_y: Option<Expr>,
}

/// The slopes of usual activations, derived from their expressions where they have a short one.
pub(super) static SLOPES: LazyLock<[Slope; 5]> = LazyLock::new(|| {
    let (x, y) = (Expr::input(Formula::X), Expr::input(Formula::Y));
    let of = |function: Expr| {
        let of_y = function.vjp(&1.0.into(), Some(&y)).swap_remove(0);
        Slope { of_x: function.derivative(0), of_y: of_y.filter(|slope| !slope.reads(Formula::X)) }
    };
    let softplus = Slope { of_x: x.sigmoid(), of_y: Some(1.0 - (-&y).exp()) };
    [of(x.sigmoid()), of(x.tanh()), of(x.exp()), of(&x * &x), softplus]
});

/// Whatever may stand in place of a slope: 1, the slope of another activation, the formula in y at x, an edit.
pub(super) fn in_place_of(right: &Expr, input: usize) -> Vec<Formula> {
    let at = |slope: &Expr| slope.substitute(|_| Expr::input(input));
    let others = SLOPES.iter().flat_map(|slope| {
        let of_x = (input == Formula::X).then(|| slope.of_x.clone());
        slope.of_y.iter().map(at).chain(of_x)
    });
    let mut all: Vec<Formula> = std::iter::once(1.0.into()).chain(others).map(Formula).collect();
    all.extend(edits(right).into_iter().map(|edited| Formula(edited.expr)));
    all.retain(|other| other.0 != *right);
    all
}

/// Formulas, each multiplied by some number: short ones, products of two factors in one variable, slopes of activations with
/// their edits, and the other products.
static FORMULAS: LazyLock<[Vec<Expr>; 4]> = LazyLock::new(|| {
    let [x, y, s, t, gelu, gelu1, distribution, density, sin, cos]: [Expr; INPUTS] =
        std::array::from_fn(Expr::input);
    let is = |condition| Expr::select(condition, 1.0, 0.0);
    let mut factors = Vec::new();
    let of_both: [fn(&Expr) -> Expr; 4] = [Expr::clone, |v| 1.0 - v, |v| 1.0 + v, |v| 1.0 - v * v];
    factors.extend(of_both.iter().flat_map(|of| [of(&y), of(&x)]));
    factors.extend([x.exp(), (-&x).exp(), 1.0 / &x, 1.0 / &y]);
    factors.extend([x.sigmoid(), 1.0 - x.sigmoid(), x.tanh(), s.clone(), is(x.gt(0.0)), is(x.lt(0.0))]);

    let mut short: Vec<Expr> = std::iter::once(1.0.into()).chain(factors.iter().cloned()).collect();
    let of_one: [fn(&Expr) -> Expr; 4] = [|v| 1.0 + v * v, |v| 1.0 - (-v).exp(), Expr::sqrt, Expr::abs];
    short.extend(of_one.iter().flat_map(|of| [of(&y), of(&x), of(&s)]));
    short.extend([1.0 - x.tanh(), y.exp(), 1.0 / x.sqrt(), sin, cos, x.sign(), x.power(3.0)]);
    short.extend([
        1.0 / (&y * &y),
        1.0 / (&x * &x),
        &x * &x,
        &y / &x,
        &y + x.sigmoid(),
        (1.702 * &x).sigmoid(),
    ]);
    short.extend([1.0 / &s, 1.0 - &s, &s + &y, &s - &y, &s + 1.0, &s - &y / &x]);
    // A product x · t: the two terms of its slope, t and s − t, with one mistake each.
    let rest = &s - &t;
    short.extend([&t + rest / &x, 2.0 * &t - &s, 0.5 * (&s + &t), 2.0 * &s - &t, &t + &x]);
    // Slopes, each followed by its edits: of the activations above, of arctangent, softsign, swish, Mish and both GELUs.
    let softsign = 1.0 + x.abs();
    let one_less = |t: &Expr| 1.0 - t * t;
    let mut slopes: Vec<Expr> = SLOPES.iter().map(|slope| slope.of_x.clone()).collect();
    slopes.extend([1.0 / (1.0 + &x * &x), 1.0 / (&softsign * &softsign)]);
    slopes.extend([
        x.sigmoid() + &x * x.sigmoid() * (1.0 - x.sigmoid()),
        x.sigmoid() + &y * (1.0 - x.sigmoid()),
    ]);
    slopes.extend([&y * (1.0 - &y) + x.sigmoid(), &t + &x * one_less(&t) * x.sigmoid()]);
    slopes.extend([&distribution + &x * &density]);
    slopes.extend([0.5 * (1.0 + &gelu) + 0.5 * &x * one_less(&gelu) * &gelu1]);
    slopes.extend([0.5 * (1.0 + &gelu) + 0.5 * &x * one_less(&gelu) * ROOT]);
    let edited = slopes.iter().flat_map(|slope| edits(slope).into_iter().map(|edited| edited.expr));
    let slopes: Vec<Expr> = slopes.iter().cloned().chain(edited).collect();
    let pairs = factors.iter().enumerate().flat_map(|(at, a)| factors[at..].iter().map(move |b| a * b));
    let (mixed, products) = pairs.partition(|pair| pair.reads(Formula::X) && pair.reads(Formula::Y));
    let mut known = std::collections::HashSet::new();
    [short, products, slopes, mixed].map(|mut formulas| {
        formulas.retain(|formula: &Expr| known.insert(formula.clone()));
        formulas
    })
});

/// √(2/π) and the factor of the cube, in GELU by tanh.
const ROOT: f64 = 0.797_884_560_802_865_4;
const CUBE: f64 = 0.044_715;

/// The tanh of GELU by tanh.
fn by_tanh(x: f64) -> f64 {
    (ROOT * (x + CUBE * x.powi(3))).tanh()
}

const CONSTANTS: [f64; 10] = [1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, 4.0, 0.25, 1.0 / 3.0];

/// The density of the normal distribution.
fn density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// The distribution function of the normal distribution, by its series, and in the tail by the continued fraction: to
/// 1e-13.
fn normal(x: f64) -> f64 {
    if x.abs() > 5.0 {
        let tail = (1..60).rev().fold(x.abs(), |below, k| x.abs() + f64::from(k) / below);
        return if x > 0.0 { 1.0 - density(x) / tail } else { density(x) / tail };
    }
    let (mut term, mut sum, mut k) = (x, x, 1.0);
    while k < 400.0 && term.abs() > 1e-18 {
        k += 2.0;
        term *= x * x / k;
        sum += term;
    }
    0.5 + sum * density(x)
}

/// The first short formula that gives `wanted` at all points, to the tolerance of each. With `with_slope` it may contain s,
/// the right slope.
pub(super) fn search(points: &[Sought], with_slope: bool) -> Option<Formula> {
    // A few points fit any formula.
    let first = points.first().filter(|_| points.len() >= 4)?;
    let (point, wanted, tolerance) = *first;
    let fits = |formula: &Formula| formula.fits(points);
    if let Some(zero) = Some(Formula(0.0.into())).filter(fits) {
        return Some(zero);
    }
    let allowed = |formula: &&Expr| with_slope || !formula.reads(S);
    let inputs = inputs(point, |_| true);
    for formulas in &*FORMULAS {
        let values: Vec<(&Expr, f64)> =
            formulas.iter().filter(allowed).map(|formula| (formula, formula.evaluate(&inputs))).collect();
        for constant in CONSTANTS {
            let is_near = |value: f64| {
                (constant * value - wanted).abs() <= tolerance + 1e-8 * value.abs() * constant.abs()
            };
            let near = values.iter().filter(|(_, value)| is_near(*value));
            let found = near.map(|(formula, _)| Formula(times(constant, formula))).find(fits);
            if found.is_some() {
                return found;
            }
        }
    }
    let [short, _, slopes, _] = &*FORMULAS;
    short.iter().chain(slopes).filter(allowed).find_map(|formula| with_constant(points, formula))
}

/// A number times a formula.
fn times(number: f64, formula: &Expr) -> Expr {
    match (number, formula.as_constant()) {
        (1.0, _) => formula.clone(),
        (_, Some(constant)) => Expr::constant(number * constant),
        (-1.0, _) => -formula,
        _ => number * formula,
    }
}

/// The formula with one unknown constant, as a factor or added: many points determine one number.
fn with_constant(points: &[Sought], formula: &Expr) -> Option<Formula> {
    let known = Formula(formula.clone());
    let values: Vec<f64> = points.iter().map(|(point, ..)| known.at(*point)).collect();
    let (least, most) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| {
        (least.min(*value), most.max(*value))
    });
    // A formula that hardly varies is a constant.
    if points.len() < 6 || !(most - least).is_finite() || most - least <= 1e-3 * most.abs().max(least.abs()) {
        return None;
    }
    let (top, bottom) = (values.iter().zip(points))
        .fold((0.0, 0.0), |(top, bottom), (value, (_, wanted, _))| {
            (top + value * wanted, bottom + value * value)
        });
    let factor = top / bottom;
    let fitting = |formula: Expr| Some(Formula(formula)).filter(|formula| formula.fits(points));
    // A multiple of the right slope is reported as a factor.
    if *formula != Expr::input(S)
        && factor.abs() > 1e-6
        && let Some(found) = fitting(factor * formula)
    {
        return Some(found);
    }
    let off = values.iter().zip(points).map(|(value, (_, wanted, _))| wanted - value).sum::<f64>()
        / points.len() as f64;
    // A formula with a number of its own gets no second one.
    let has_number = formula.nodes().iter().any(|node| matches!(node, Node::Constant(_)));
    if has_number || off.abs() <= 1e-6 {
        return None;
    }
    fitting(if off < 0.0 { formula - -off } else { formula + off })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_found_by_their_numbers() {
        let at = |formula: fn(f64, f64) -> f64| -> Vec<(Point, f64, f64)> {
            (1..9)
                .map(|k| f64::from(k) * 0.37 - 1.5)
                .map(|x| ((x, x.tanh(), 1.0 - x.tanh().powi(2)), formula(x, x.tanh()), 1e-12))
                .collect()
        };
        let found = |formula| search(&at(formula), false).map(|formula| formula.to_string());
        assert_eq!(found(|_, y| 1.0 - y * y).as_deref(), Some("1 − y²"));
        assert_eq!(found(|x, _| 1.0 - x * x).as_deref(), Some("1 − x²"));
        assert_eq!(found(|_, y| y * (1.0 - y)).as_deref(), Some("y · (1 − y)"));
        assert_eq!(found(|_, y| 2.0 * y).as_deref(), Some("2 · y"));
        assert_eq!(found(|_, y| -(1.0 + y * y)).as_deref(), Some("−(1 + y²)"));
        assert_eq!(found(|_, y| 3.0 * (1.0 - y)).as_deref(), Some("3 · (1 − y)"));
        assert_eq!(found(|_, y| y + 1.7).as_deref(), Some("y + 1.7"));
        assert_eq!(found(|x, _| 1.3 * x.exp()).as_deref(), Some("1.3 · exp(x)"));
        assert_eq!(found(|x, y| (x * 17.0).sin() + y), None);
        assert!((normal(1.0) - 0.841_344_746_068_542_9).abs() < 1e-14);
        // Where the two algorithms meet.
        assert!((normal(5.000_001) - normal(4.999_999) - 2e-6 * density(5.0)).abs() < 1e-14);
    }
}
