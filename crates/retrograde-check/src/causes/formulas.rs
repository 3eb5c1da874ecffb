//! Short formulas for the slope of a function of one number, in its input x, its output y and its right slope s.

use crate::numbers::sigmoid;
pub(crate) use retrograde_base::number::plain;

/// The arguments of a formula: x, y and s.
pub(super) type Point = (f64, f64, f64);

/// A formula: its text and its function.
pub(super) type Formula = (String, Box<dyn Fn(Point) -> f64>);

/// A factor of a formula: its text and its function.
type Factor = (&'static str, fn(Point) -> f64);

const FACTORS: &[Factor] = &[
    ("y", |(_, y, _)| y),
    ("x", |(x, _, _)| x),
    ("(1 − y)", |(_, y, _)| 1.0 - y),
    ("(1 − x)", |(x, _, _)| 1.0 - x),
    ("(1 + y)", |(_, y, _)| 1.0 + y),
    ("(1 + x)", |(x, _, _)| 1.0 + x),
    ("(1 − y²)", |(_, y, _)| 1.0 - y * y),
    ("(1 − x²)", |(x, _, _)| 1.0 - x * x),
    ("exp(x)", |(x, _, _)| x.exp()),
    ("exp(−x)", |(x, _, _)| (-x).exp()),
    ("1/x", |(x, _, _)| 1.0 / x),
    ("1/y", |(_, y, _)| 1.0 / y),
    ("sigmoid(x)", |(x, _, _)| sigmoid(x)),
    ("(1 − sigmoid(x))", |(x, _, _)| 1.0 - sigmoid(x)),
    ("tanh(x)", |(x, _, _)| x.tanh()),
    ("s", |(_, _, s)| s),
    ("[x > 0]", |(x, _, _)| f64::from(u8::from(x > 0.0))),
    ("[x < 0]", |(x, _, _)| f64::from(u8::from(x < 0.0))),
];

/// Formulas that are 0; they come first.
const NUMBERS: &[Factor] = &[("1", |_| 1.0), ("0", |_| 0.0)];

/// Formulas that are not a product of two factors.
const WHOLE: &[Factor] = &[
    ("1 − y²", |(_, y, _)| 1.0 - y * y),
    ("1 + y²", |(_, y, _)| 1.0 + y * y),
    ("1 − x²", |(x, _, _)| 1.0 - x * x),
    ("1 + x²", |(x, _, _)| 1.0 + x * x),
    ("1 − tanh(x)", |(x, _, _)| 1.0 - x.tanh()),
    ("1 − tanh²(x)", |(x, _, _)| 1.0 - x.tanh().powi(2)),
    ("1 − exp(−y)", |(_, y, _)| 1.0 - (-y).exp()),
    ("1 − exp(−x)", |(x, _, _)| 1.0 - (-x).exp()),
    ("y + 1", |(_, y, _)| y + 1.0),
    ("exp(y)", |(_, y, _)| y.exp()),
    ("1/(1 + x²)", |(x, _, _)| 1.0 / (1.0 + x * x)),
    ("1/(1 + |x|)²", |(x, _, _)| 1.0 / (1.0 + x.abs()).powi(2)),
    ("1/√x", |(x, _, _)| 1.0 / x.sqrt()),
    ("√x", |(x, _, _)| x.sqrt()),
    ("|x|", |(x, _, _)| x.abs()),
    ("sin(x)", |(x, _, _)| x.sin()),
    ("cos(x)", |(x, _, _)| x.cos()),
    ("sign(x)", |(x, _, _)| x.signum()),
    ("x³", |(x, _, _)| x.powi(3)),
    ("1/y²", |(_, y, _)| 1.0 / (y * y)),
    ("1/x²", |(x, _, _)| 1.0 / (x * x)),
    ("x²", |(x, _, _)| x * x),
    ("y/x", |(x, y, _)| y / x),
    ("sigmoid(x) + y · (1 − sigmoid(x))", |(x, y, _)| sigmoid(x) + y * (1.0 - sigmoid(x))),
    ("x · sigmoid(x) · (1 − sigmoid(x))", |(x, _, _)| x * sigmoid(x) * (1.0 - sigmoid(x))),
    ("1/s", |(_, _, s)| 1.0 / s),
    ("1 − s", |(_, _, s)| 1.0 - s),
    ("√s", |(_, _, s)| s.sqrt()),
    ("|s|", |(_, _, s)| s.abs()),
    ("s − y/x", |(x, y, s)| s - y / x),
    ("Φ(x)", |(x, _, _)| normal(x)),
    ("x · φ(x)", |(x, _, _)| x * density(x)),
    ("Φ(x) + x · φ(x)", |(x, _, _)| normal(x) + x * density(x)),
    ("½(1 + t) + ½ · x · (1 − t²) · t₁", |(x, _, _)| {
        let t = by_tanh(x);
        0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * ROOT * (1.0 + 3.0 * CUBE * x * x)
    }),
    ("½(1 + t) + ½ · x · (1 − t²)", |(x, _, _)| {
        let t = by_tanh(x);
        0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t)
    }),
    ("½(1 + t) + ½ · x · (1 − t²) · √(2/π)", |(x, _, _)| {
        let t = by_tanh(x);
        0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * ROOT
    }),
    ("sigmoid(1.702 · x)", |(x, _, _)| sigmoid(1.702 * x)),
    ("y + sigmoid(x)", |(x, y, _)| y + sigmoid(x)),
    ("y · (1 − y) + sigmoid(x)", |(x, y, _)| y * (1.0 - y) + sigmoid(x)),
    ("t + x · (1 − t²) · sigmoid(x), t = y/x", |(x, y, _)| {
        y / x + x * (1.0 - (y / x).powi(2)) * sigmoid(x)
    }),
    ("t + x · (1 − t²), t = y/x", |(x, y, _)| y / x + x * (1.0 - (y / x).powi(2))),
    ("t + x · (1 − t²) · sigmoid(x) · (1 − sigmoid(x)), t = y/x", |(x, y, _)| {
        y / x + x * (1.0 - (y / x).powi(2)) * sigmoid(x) * (1.0 - sigmoid(x))
    }),
    ("t + x · sigmoid(x), t = y/x", |(x, y, _)| y / x + x * sigmoid(x)),
    ("t + x · (1 − t) · sigmoid(x), t = y/x", |(x, y, _)| y / x + x * (1.0 - y / x) * sigmoid(x)),
    ("t + x, t = y/x", |(x, y, _)| y / x + x),
    ("t + (s − t)/x, t = y/x", |(x, y, s)| y / x + (s - y / x) / x),
    ("2 · t − s, t = y/x", |(x, y, s)| 2.0 * y / x - s),
    ("½ · (s + t), t = y/x", |(x, y, s)| 0.5 * (s + y / x)),
    ("2 · s − t, t = y/x", |(x, y, s)| 2.0 * s - y / x),
    ("s + y", |(_, y, s)| s + y),
    ("s − y", |(_, y, s)| s - y),
    ("s + 1", |(_, _, s)| s + 1.0),
];

/// √(2/π) and the factor of the cube, in GELU by tanh.
const ROOT: f64 = 0.797_884_560_802_865_4;
const CUBE: f64 = 0.044_715;

/// The tanh of GELU by tanh.
fn by_tanh(x: f64) -> f64 {
    (ROOT * (x + CUBE * x.powi(3))).tanh()
}

const CONSTANTS: &[(f64, &str)] = &[
    (1.0, ""),
    (-1.0, "−"),
    (2.0, "2 · "),
    (-2.0, "−2 · "),
    (0.5, "½ · "),
    (-0.5, "−½ · "),
    (3.0, "3 · "),
    (4.0, "4 · "),
    (0.25, "¼ · "),
    (1.0 / 3.0, "⅓ · "),
];

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

/// A target value of a formula: the point, the value, and its accuracy.
pub(super) type Sought = (Point, f64, f64);

/// Whether a formula has the target value.
fn fits(points: &[Sought], formula: &dyn Fn(Point) -> f64) -> bool {
    points.iter().all(|&(point, wanted, tolerance)| {
        let value = formula(point);
        // An infinite value would be within an infinite tolerance.
        value.is_finite() && (value - wanted).abs() <= tolerance + 1e-8 * value.abs()
    })
}

/// The first short formula that gives `wanted` at all points, to the tolerance of each. With `with_slope` it may contain s,
/// the right slope.
pub(super) fn search(points: &[Sought], with_slope: bool) -> Option<Formula> {
    // A few points fit any formula.
    if points.len() < 4 {
        return None;
    }
    let speaks = |name: &str| with_slope || !speaks_of(name, 's');
    let whole = || NUMBERS.iter().chain(FACTORS).chain(WHOLE).filter(|(name, _)| speaks(name));
    for &(constant, sign) in CONSTANTS {
        for &(name, formula) in whole() {
            if fits(points, &|point| constant * formula(point)) {
                return Some((times(sign, name), Box::new(move |point| constant * formula(point))));
            }
        }
        for (at, &(a, first)) in FACTORS.iter().enumerate().filter(|(_, (name, _))| speaks(name)) {
            for &(b, second) in FACTORS[at..].iter().filter(|(name, _)| speaks(name)) {
                if fits(points, &|point| constant * first(point) * second(point)) {
                    let name = if a == b { format!("{sign}{a}²") } else { format!("{sign}{a} · {b}") };
                    return Some((name, Box::new(move |point| constant * first(point) * second(point))));
                }
            }
        }
    }
    whole().find_map(|&(name, formula)| with_constant(points, name, formula))
}

/// The product of a number, unless it is 1, and a formula: a sum is put in parentheses.
fn times(number: &str, formula: &str) -> String {
    let (sum, with) = formula.split_once(", ").map_or((formula, None), |(sum, with)| (sum, Some(with)));
    let is_sum = {
        let mut depth = 0;
        let mut of_level = sum.chars().filter(|letter| {
            depth += i32::from(*letter == '(') - i32::from(*letter == ')');
            depth == 0
        });
        of_level.any(|letter| "+−".contains(letter)) && !sum.starts_with('−')
    };
    // A sum that is already in parentheses needs no others.
    let closes_first = |inner: &&str| {
        let mut depth = 0;
        inner.chars().any(|letter| {
            depth += i32::from(letter == '(') - i32::from(letter == ')');
            depth < 0
        })
    };
    let alone =
        sum.strip_prefix('(').and_then(|sum| sum.strip_suffix(')')).filter(|inner| !closes_first(inner));
    let product = match (number, alone) {
        ("", Some(alone)) => alone.to_owned(),
        ("", None) => sum.to_owned(),
        _ if is_sum => format!("{number}({sum})"),
        _ => format!("{number}{sum}"),
    };
    with.map_or(product.clone(), |with| format!("{product}, {with}"))
}

/// The formula with one unknown constant, as a factor or added: many points determine one number.
fn with_constant(points: &[Sought], name: &'static str, formula: fn(Point) -> f64) -> Option<Formula> {
    let values: Vec<f64> = points.iter().map(|(point, ..)| formula(*point)).collect();
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
    // A multiple of the right slope is reported as a factor.
    if name != "s" && factor.abs() > 1e-6 && fits(points, &|point| factor * formula(point)) {
        let written = times(&format!("{} · ", plain(factor)), name);
        return Some((written, Box::new(move |point| factor * formula(point))));
    }
    let off = values.iter().zip(points).map(|(value, (_, wanted, _))| wanted - value).sum::<f64>()
        / points.len() as f64;
    // A formula with a number of its own gets no second one.
    let has_number = name.starts_with(['1', '(']) || name.ends_with('1');
    if !has_number && off.abs() > 1e-6 && fits(points, &|point| off + formula(point)) {
        let sign = if off < 0.0 { '−' } else { '+' };
        return Some((
            format!("{name} {sign} {}", plain(off.abs())),
            Box::new(move |point| off + formula(point)),
        ));
    }
    None
}

/// Whether a formula has this variable, as opposed to the letter in a function's name.
pub(super) fn speaks_of(formula: &str, variable: char) -> bool {
    let formula = formula.split(',').next().unwrap_or(formula);
    renamed(formula, variable, "") != formula
}

/// The formula with another name for a variable.
pub(super) fn renamed(formula: &str, variable: char, name: &str) -> String {
    let is_letter = |c: Option<&char>| c.is_some_and(|c| c.is_alphabetic());
    let letters: Vec<char> = formula.chars().collect();
    let mut text = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        if letter == variable && !is_letter(before) && !is_letter(letters.get(at + 1)) {
            text.push_str(name);
        } else {
            text.push(letter);
        }
    }
    text
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
        let found = |formula| search(&at(formula), false).map(|(name, _)| name);
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
