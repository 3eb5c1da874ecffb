//! The expression of up to three operations that a function of one number has, by its values.
//!
//! The search takes the last operation off the values: what is left must be an expression of one operation less. A number in
//! the expression need not be known: it follows from the values, as does each number of `a·g + b`, of `a·u(b·x)` and of
//! products and quotients of `x + a` and `x + b`. Inner expressions are drawn from all expressions of one and of two
//! operations with the usual numbers.

use crate::numbers::sigmoid;
use retrograde_core::kernel::{Binary, Expr, Unary};
use std::sync::LazyLock;

/// A point of a function: a number and its value.
pub(crate) type Sample = (f64, f64);

/// An operation with a number, on values and as an expression.
type WithNumber = (fn(f64, f64) -> f64, fn(&Expr, f64) -> Expr);

/// Fewer points fit many expressions.
const LEAST: usize = 8;

/// How far a value may be from that of the expression, relative to its size.
const TOLERANCE: f64 = 1e-9;

/// The usual numbers of expressions.
const USUAL: [f64; 9] = [1.0, 2.0, 0.5, -1.0, 3.0, 0.1, 0.01, 6.0, 4.0];

/// A function, and its inverse where it has one.
type Function = (Unary, fn(f64) -> f64, Option<fn(f64) -> f64>);

const FUNCTIONS: [Function; 7] = [
    (Unary::Negate, |x| -x, Some(|y| -y)),
    (Unary::Exp, f64::exp, Some(f64::ln)),
    // Close to its limits the inverse has too few digits.
    (Unary::Tanh, f64::tanh, Some(|y| if y.abs() < 0.999 { y.atanh() } else { f64::NAN })),
    (
        Unary::Sigmoid,
        sigmoid,
        Some(|y| if (y - 0.5).abs() < 0.499 { (y / (1.0 - y)).ln() } else { f64::NAN }),
    ),
    (Unary::Ln, f64::ln, Some(f64::exp)),
    (Unary::Sqrt, f64::sqrt, Some(|y| y * y)),
    (Unary::Abs, f64::abs, None),
];

const OPERATIONS: [Binary; 7] = [
    Binary::Add,
    Binary::Subtract,
    Binary::Multiply,
    Binary::Divide,
    Binary::Maximum,
    Binary::Minimum,
    Binary::Power,
];

/// The expressions of one operation, and of two, with the usual numbers.
static SHORT: LazyLock<[Vec<Expr>; 2]> = LazyLock::new(|| {
    let x = Expr::input(0);
    let leaves: Vec<Expr> = std::iter::once(x.clone()).chain(USUAL.map(Expr::constant)).collect();
    let next = |inner: &[Expr]| {
        let mut all = Vec::new();
        for g in inner {
            all.extend(FUNCTIONS.map(|(function, ..)| Expr::unary(function, g)));
            for leaf in &leaves {
                all.extend(OPERATIONS.map(|operation| Expr::binary(operation, g, leaf)));
                all.extend(OPERATIONS.map(|operation| Expr::binary(operation, leaf, g)));
            }
        }
        all
    };
    let one = next(&[x]);
    let two = next(&one);
    [one, two]
});

/// The expression of at most three operations with these values; `None` if there is none, or if the points are too few.
pub(crate) fn recognize(samples: &[Sample]) -> Option<Expr> {
    let mut samples: Vec<Sample> = samples.to_vec();
    samples.retain(|(x, y)| x.is_finite() && y.is_finite());
    samples.sort_by(|a, b| a.0.total_cmp(&b.0));
    samples.dedup_by_key(|(x, _)| *x);
    let search = Search::new(samples.iter().map(|(x, _)| *x).collect());
    let y: Vec<f64> = samples.iter().map(|(_, y)| *y).collect();
    let found = (0..=3).find_map(|operations| search.solve(&y, operations))?;
    // Numbers that follow from the values have their rounding.
    let rounded = found.with_constants(|number| format!("{number:.7e}").parse().unwrap_or(number));
    Some(if search.has(&rounded, &y) { rounded } else { found })
}

/// A search over expressions at some points.
struct Search {
    x: Vec<f64>,
    /// The values of the expressions of one operation in [`SHORT`].
    one: Vec<Vec<f64>>,
}

fn near(a: f64, b: f64) -> bool {
    let off = (a - b).abs();
    off.is_finite() && (off <= TOLERANCE * (a.abs() + b.abs()) || off <= 1e-13)
}

fn values(expr: &Expr, x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| expr.evaluate(&[*x])).collect()
}

fn mapped(values: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
    values.iter().map(|value| f(*value)).collect()
}

fn joined(a: &[f64], b: &[f64], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect()
}

impl Search {
    fn new(x: Vec<f64>) -> Self {
        let one = SHORT[0].iter().map(|expr| values(expr, &x)).collect();
        Search { x, one }
    }

    /// The expression of so many operations with these values. Points without a finite value are left out.
    fn solve(&self, y: &[f64], operations: usize) -> Option<Expr> {
        let known: Vec<Sample> =
            self.x.iter().copied().zip(y.iter().copied()).filter(|(_, y)| y.is_finite()).collect();
        if known.len() < LEAST.max(y.len() / 3) {
            return None;
        }
        if known.len() < y.len() {
            let (x, y): (Vec<f64>, Vec<f64>) = known.into_iter().unzip();
            return Search::new(x).solve(&y, operations);
        }
        let found = match operations {
            0 if y.iter().all(|value| near(*value, y[0])) => Some(y[0].into()),
            0 => Some(Expr::input(0)),
            _ => self.by_last(y, operations),
        };
        found.filter(|expr| self.has(expr, y))
    }

    /// Whether an expression has these values.
    fn has(&self, expr: &Expr, y: &[f64]) -> bool {
        self.x.iter().zip(y).all(|(x, y)| near(expr.evaluate(&[*x]), *y))
    }

    fn by_last(&self, y: &[f64], operations: usize) -> Option<Expr> {
        let checked = |expr: Option<Expr>| expr.filter(|expr| self.has(expr, y));
        if operations == 1 {
            return last(&Expr::input(0), &self.x, &self.x, y).and_then(|found| checked(Some(found)));
        }
        let inner = operations - 1;
        // The last operation on an expression with usual numbers.
        let of_short = if operations == 2 {
            SHORT[0].iter().zip(&self.one).find_map(|(g, values)| checked(last(g, values, &self.x, y)))
        } else {
            SHORT[1].iter().find_map(|g| {
                let first: Vec<f64> = values(g, &self.x[..2]);
                let is_useful = first.iter().all(|value| value.is_finite());
                is_useful.then(|| values(g, &self.x)).and_then(|all| checked(last(g, &all, &self.x, y)))
            })
        };
        of_short
            .or_else(|| self.by_inverse(y, inner))
            .or_else(|| self.by_linear(y, operations))
            .or_else(|| self.by_side(y, inner))
            .or_else(|| if operations == 3 { self.by_inner_number(y) } else { None })
            .or_else(|| self.by_selection(y, inner))
    }

    /// The last operation is taken back: a function, or an operation with x or with an expression of one operation.
    fn by_inverse(&self, y: &[f64], inner: usize) -> Option<Expr> {
        for (function, _, inverse) in FUNCTIONS {
            let Some(inverse) = inverse else { continue };
            let found = self.solve(&mapped(y, inverse), inner).map(|g| Expr::unary(function, &g));
            if let Some(found) = found.filter(|expr| self.has(expr, y)) {
                return Some(found);
            }
        }
        let x = Expr::input(0);
        if let Some(found) = self.by_operand(&x, &self.x, y, inner) {
            return Some(found);
        }
        // The other operand has one operation, which leaves one.
        let pairs = SHORT[0].iter().zip(&self.one).filter(|_| inner == 2);
        pairs.into_iter().find_map(|(g, values)| self.by_operand(g, values, y, 1))
    }

    /// y is an operation on an operand of these values and an expression of so many operations.
    fn by_operand(&self, operand: &Expr, values: &[f64], y: &[f64], inner: usize) -> Option<Expr> {
        let solve = |rest: fn(f64, f64) -> f64| self.solve(&joined(y, values, rest), inner);
        let whole = |expr: Expr| Some(expr).filter(|expr| self.has(expr, y));
        None.or_else(|| solve(|y, g| y - g).and_then(|h| whole(h + operand)))
            .or_else(|| solve(|y, g| y + g).and_then(|h| whole(h - operand)))
            .or_else(|| solve(|y, g| g - y).and_then(|h| whole(operand - h)))
            .or_else(|| solve(|y, g| y / g).and_then(|h| whole(h * operand)))
            .or_else(|| solve(|y, g| y * g).and_then(|h| whole(h / operand)))
            .or_else(|| solve(|y, g| g / y).and_then(|h| whole(operand / h)))
    }

    /// a·g + b with any numbers; the product or the quotient of x + a and x + b.
    fn by_linear(&self, y: &[f64], operations: usize) -> Option<Expr> {
        let x = Expr::input(0);
        let affine = |g: &Expr, values: &[f64]| {
            let [a, b] = fitted(&[values, &vec![1.0; y.len()]], y)?;
            Some(a * g + b).filter(|expr| self.has(expr, y))
        };
        if operations == 2 {
            return affine(&x, &self.x);
        }
        let of_one = SHORT[0].iter().zip(&self.one).find_map(|(g, values)| affine(g, values));
        let product = || {
            let rest = joined(y, &self.x, |y, x| y - x * x);
            let [sum, product] = fitted(&[&self.x, &vec![1.0; y.len()]], &rest)?;
            let root = (sum * sum / 4.0 - product).sqrt();
            Some((&x + (sum / 2.0 + root)) * (&x + (sum / 2.0 - root)))
        };
        let quotient = || {
            // y·x + b·y = x + a
            let left = joined(y, &self.x, |y, x| y * x - x);
            let [a, b] = fitted(&[&vec![1.0; y.len()], &mapped(y, |y| -y)], &left)?;
            Some((&x + a) / (&x + b))
        };
        let checked = |expr: &Expr| self.has(expr, y);
        of_one.or_else(|| product().filter(checked)).or_else(|| quotient().filter(checked))
    }

    /// The larger or smaller of a number and an expression, which has the values on one side of the number; the absolute value
    /// of an expression that changes its sign between two points.
    fn by_side(&self, y: &[f64], inner: usize) -> Option<Expr> {
        for operation in [Binary::Maximum, Binary::Minimum] {
            let limit = if operation == Binary::Maximum {
                y.iter().copied().fold(f64::INFINITY, f64::min)
            } else {
                y.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            };
            let (clipped, rest): (Vec<Sample>, Vec<Sample>) =
                self.x.iter().copied().zip(y.iter().copied()).partition(|(_, y)| near(*y, limit));
            if clipped.len() < 2 {
                continue;
            }
            let (x, y_of_rest): (Vec<f64>, Vec<f64>) = rest.into_iter().unzip();
            let part = (x.len() >= LEAST).then(|| Search::new(x));
            let found = part.and_then(|part| part.solve(&y_of_rest, inner));
            let found = found.map(|g| Expr::binary(operation, &g, &limit.into()));
            if let Some(found) = found.filter(|expr| self.has(expr, y)) {
                return Some(found);
            }
        }
        let is_least = |at: &usize| y[*at] <= y[at - 1] && y[*at] <= y[(at + 1).min(y.len() - 1)];
        let turns = (1..y.len()).filter(is_least).take(3).flat_map(|at| [at, at + 1]);
        turns.into_iter().find_map(|turn| {
            let signed: Vec<f64> =
                y.iter().enumerate().map(|(at, y)| if at < turn { -y } else { *y }).collect();
            let found = self.solve(&signed, inner)?.abs();
            Some(found).filter(|expr| self.has(expr, y))
        })
    }

    /// a·u(b·x), a + u(x + b) and the like: two numbers, of which the outer one follows from the inner one, and the inner one
    /// is a root.
    fn by_inner_number(&self, y: &[f64]) -> Option<Expr> {
        let inside: [WithNumber; 4] = [
            (|x, b| b * x, |x, b| b * x),
            (|x, b| x + b, |x, b| x + b),
            (|x, b| b - x, |x, b| b - x),
            (|x, b| b / x, |x, b| b / x),
        ];
        let x = Expr::input(0);
        let [p, q] = [y.len() / 3, y.len() - 1];
        for (function, value, _) in FUNCTIONS {
            for (inside, written) in inside {
                let u = |b: f64, at: usize| value(inside(self.x[at], b));
                let g = |b: f64| Expr::unary(function, &written(&x, b));
                // Zero where two values have the ratio, the difference or the sum of those of the function.
                let of_product = roots(|b| y[p] * u(b, q) - y[q] * u(b, p));
                let products = of_product.into_iter().map(|b| (y[q] / u(b, q)) * g(b));
                let of_sum = roots(|b| y[p] - y[q] - u(b, p) + u(b, q));
                let sums = of_sum.into_iter().map(|b| g(b) + (y[q] - u(b, q)));
                let of_difference = roots(|b| y[p] - y[q] + u(b, p) - u(b, q));
                let differences = of_difference.into_iter().map(|b| (y[q] + u(b, q)) - g(b));
                let found = products.chain(sums).chain(differences).find(|found| self.has(found, y));
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// One expression for x > 0 and another one for the rest.
    fn by_selection(&self, y: &[f64], inner: usize) -> Option<Expr> {
        let split = self.x.iter().filter(|x| **x <= 0.0).count();
        let side = |range: std::ops::Range<usize>| {
            let (x, y) = (self.x.get(range.clone())?.to_vec(), y.get(range)?);
            (x.len() >= LEAST).then(|| Search::new(x)).map(|search| (search, y))
        };
        let ((low, below), (high, above)) = (side(0..split)?, side(split..y.len())?);
        for operations in 0..=inner {
            let Some(then) = high.solve(above, operations) else { continue };
            let otherwise = (0..=inner - operations).find_map(|rest| low.solve(below, rest))?;
            return Some(Expr::select(Expr::input(0).gt(0.0), then, otherwise));
        }
        None
    }
}

/// The last operation on an expression g of these values: a function, or an operation with a number or with x.
fn last(g: &Expr, values: &[f64], x: &[f64], y: &[f64]) -> Option<Expr> {
    // Where g is neither 0 nor 1, a number follows from one point. Two more points sort out most expressions.
    let at = (0..y.len()).find(|&at| values[at].abs() > 1e-3 && (values[at] - 1.0).abs() > 1e-3)?;
    let others = [y.len() / 2, y.len() - 1, 0];
    let fits = |f: &dyn Fn(f64) -> f64| others.iter().all(|&at| near(f(values[at]), y[at]));
    let (g0, y0) = (values[at], y[at]);
    for (function, value, _) in FUNCTIONS {
        if near(value(g0), y0) && fits(&value) {
            return Some(Expr::unary(function, g));
        }
    }
    if fits(&|g| g * g) {
        return Some(g * g);
    }
    let with: [(f64, WithNumber); 7] = [
        (y0 - g0, (|g, c| g + c, |g, c| if c < 0.0 { g - -c } else { g + c })),
        (y0 + g0, (|g, c| c - g, |g, c| c - g)),
        (y0 / g0, (|g, c| c * g, |g, c| c * g)),
        (y0 * g0, (|g, c| c / g, |g, c| c / g)),
        (y0.ln() / g0.ln(), (f64::powf, |g, c| g.power(c))),
        ((y0.ln() / g0).exp(), (|g, c| c.powf(g), |g, c| Expr::constant(c).power(g))),
        (y0.abs().ln() / g0.abs().ln(), (|g, c| g.powf(c.round()), |g, c| g.power(c.round()))),
    ];
    for (number, (function, written)) in with {
        if number.is_finite() && fits(&|g| function(g, number)) {
            return Some(written(g, number));
        }
    }
    let of_x = OPERATIONS.iter().find_map(|&operation| {
        let both = [[Expr::input(0), Expr::input(1)], [Expr::input(1), Expr::input(0)]];
        both.into_iter().find_map(|[a, b]| {
            let pair = Expr::binary(operation, &a, &b);
            let fits = others.iter().all(|&at| near(pair.evaluate(&[values[at], x[at]]), y[at]));
            fits.then(|| pair.substitute(|input| if input == 0 { g.clone() } else { Expr::input(0) }))
        })
    });
    of_x.or_else(|| {
        let least = y.iter().copied().fold(f64::INFINITY, f64::min);
        let most = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let limits = [(Binary::Maximum, least), (Binary::Minimum, most)];
        limits.into_iter().find_map(|(operation, limit)| {
            let pair = Expr::binary(operation, &Expr::input(0), &limit.into());
            fits(&|g| pair.evaluate(&[g])).then(|| Expr::binary(operation, g, &limit.into()))
        })
    })
}

/// The numbers by which two functions sum to y, by least squares over all points.
fn fitted(functions: &[&[f64]; 2], y: &[f64]) -> Option<[f64; 2]> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let [f, g] = functions;
    let (ff, fg, gg) = (dot(f, f), dot(f, g), dot(g, g));
    let (fy, gy) = (dot(f, y), dot(g, y));
    let determinant = ff * gg - fg * fg;
    let found = [(fy * gg - gy * fg) / determinant, (gy * ff - fy * fg) / determinant];
    found.iter().all(|number| number.is_finite()).then_some(found)
}

/// Numbers at which a function is 0.
fn roots(f: impl Fn(f64) -> f64) -> Vec<f64> {
    let sizes = (-24..=16).map(|exponent| 2.0_f64.powf(f64::from(exponent) / 4.0) * 1.013);
    let positive: Vec<f64> = sizes.collect();
    let grid = positive.iter().rev().map(|size| -size).chain(positive.iter().copied());
    let points: Vec<Sample> = grid.map(|b| (b, f(b))).filter(|(_, value)| value.is_finite()).collect();
    let brackets = points.windows(2).filter(|pair| pair[0].1 * pair[1].1 < 0.0);
    brackets
        .map(|pair| {
            let ([mut low, mut high], sign) = ([pair[0].0, pair[1].0], pair[0].1);
            for _ in 0..80 {
                let middle = f64::midpoint(low, high);
                if f(middle) * sign > 0.0 { low = middle } else { high = middle }
            }
            f64::midpoint(low, high)
        })
        .collect()
}

#[cfg(test)]
mod tests;
