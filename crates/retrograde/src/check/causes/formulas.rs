//! Short formulas for the slope of a function of one number, in its input x, its output y and its right slope s.

/// What the formula is computed from: x, y and s.
pub(super) type Point = (f64, f64, f64);

/// A formula that was found: as it is written, and as it is computed.
pub(super) type Formula = (String, Box<dyn Fn(Point) -> f64>);

/// A factor of a formula: as it is written, and as it is computed.
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
];

/// Formulas that are no product of two factors.
const WHOLE: &[Factor] = &[
    ("1", |_| 1.0),
    ("0", |_| 0.0),
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
    ("[x > 0]", |(x, _, _)| f64::from(u8::from(x > 0.0))),
    ("[x < 0]", |(x, _, _)| f64::from(u8::from(x < 0.0))),
    ("x³", |(x, _, _)| x.powi(3)),
    ("1/y²", |(_, y, _)| 1.0 / (y * y)),
    ("1/x²", |(x, _, _)| 1.0 / (x * x)),
    ("y/x", |(x, y, _)| y / x),
    ("sigmoid(x) + y · (1 − sigmoid(x))", |(x, y, _)| sigmoid(x) + y * (1.0 - sigmoid(x))),
    ("x · sigmoid(x) · (1 − sigmoid(x))", |(x, _, _)| x * sigmoid(x) * (1.0 - sigmoid(x))),
    ("1/s", |(_, _, s)| 1.0 / s),
    ("1 − s", |(_, _, s)| 1.0 - s),
    ("√s", |(_, _, s)| s.sqrt()),
    ("|s|", |(_, _, s)| s.abs()),
    ("s − y/x, the share of the other factor alone", |(x, y, s)| s - y / x),
    ("Φ(x)", |(x, _, _)| normal(x)),
    ("x · φ(x)", |(x, _, _)| x * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()),
];

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

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The distribution function of the normal distribution, by its series: for |x| below 6 to 1e-13.
fn normal(x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (x, x, 1.0);
    while k < 400.0 && term.abs() > 1e-18 {
        k += 2.0;
        term *= x * x / k;
        sum += term;
    }
    0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// The first short formula that gives `wanted` at all points, to the tolerance of each. With `with_slope` it may speak
/// of s, the right slope.
pub(super) fn search(points: &[(Point, f64, f64)], with_slope: bool) -> Option<Formula> {
    // Few points fit anything.
    if points.len() < 4 {
        return None;
    }
    let speaks = |name: &str| {
        with_slope
            || !name.contains('s')
            || name.contains("sig")
            || name.contains("sin")
            || name.contains("cos")
    };
    let fits = |formula: &dyn Fn(Point) -> f64| {
        points.iter().all(|&(point, wanted, tolerance)| {
            let value = formula(point);
            // An infinity is as near to anything as it is large.
            value.is_finite() && (value - wanted).abs() <= tolerance + 1e-8 * value.abs()
        })
    };
    for &(constant, sign) in CONSTANTS {
        for &(name, formula) in FACTORS.iter().chain(WHOLE).filter(|(name, _)| speaks(name)) {
            if fits(&|point| constant * formula(point)) {
                let alone = name.strip_prefix('(').and_then(|name| name.strip_suffix(')'));
                let name = alone.filter(|_| sign.is_empty()).unwrap_or(name);
                return Some((format!("{sign}{name}"), Box::new(move |point| constant * formula(point))));
            }
        }
        for (at, &(a, first)) in FACTORS.iter().enumerate().filter(|(_, (name, _))| speaks(name)) {
            for &(b, second) in FACTORS[at..].iter().filter(|(name, _)| speaks(name)) {
                if fits(&|point| constant * first(point) * second(point)) {
                    let name = if a == b { format!("{sign}{a}²") } else { format!("{sign}{a} · {b}") };
                    return Some((name, Box::new(move |point| constant * first(point) * second(point))));
                }
            }
        }
    }
    None
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
        assert_eq!(found(|x, y| (x * 17.0).sin() + y), None);
        assert!((normal(1.0) - 0.841_344_746_068_542_9).abs() < 1e-14);
    }
}
