//! One element calculated: by its formula with numbers in place of letters, or by the operation's slopes.

use super::formula::{substituted, tidied, words};
use super::slopes::Alone;
use super::{Arithmetic, Letters, in_parentheses, label, parenthesised, real};
use crate::summary::{exact, rough};
use retrograde_core::graph::Tensor;

/// How many terms of a sum are written out.
const TERMS: usize = 3;

/// The calculation by which a formula makes `result`, if it says so of each element.
pub(super) fn by_formula(formula: &str, result: &Tensor, letters: &Letters<'_>) -> Option<Arithmetic> {
    let values = result.values();
    if result.shape().rank() == 0 {
        let told = |numbers, is_rough| {
            let result = if is_rough { rough(values[0]) } else { exact(values[0]) };
            Arithmetic { element: None, numbers, result, is_rough }
        };
        return of_numbers(formula, letters)
            .map(|numbers| told(numbers, false))
            .or_else(|| total(formula, letters).map(|numbers| told(numbers, true)));
    }
    let largest = largest(values)?;
    let numbers = product(formula, result, largest, letters)
        .or_else(|| by_rows(formula, result, largest, letters))
        .or_else(|| one_of_indices(formula, result, largest, letters))?;
    Some(of_element(result, largest, numbers))
}

/// The calculation by what the operation takes from each number of its inputs: slope × number. It holds of whatever only
/// copies, chooses, adds or averages, and is told only where it does.
pub(super) fn by_slopes_forth(result: &Tensor, letters: &Letters<'_>, alone: &Alone) -> Option<Arithmetic> {
    let element = largest(result.values())?;
    let row = alone.row(element);
    let terms = |input: usize| {
        let (operand, slopes) = (real(&letters.operands[input].value), row[input].as_deref());
        let both = operand.zip(slopes).into_iter();
        both.flat_map(|(operand, slopes)| operand.values().iter().zip(slopes))
            .enumerate()
            .filter(|(_, (_, slope))| **slope != 0.0)
            .map(move |(at, (&number, &slope))| Term { input, at, number, slope })
            .collect::<Vec<_>>()
    };
    let each: Vec<Vec<Term>> = (0..letters.operands.len()).map(terms).collect();
    // All inputs together, as of a concatenation; or each alone, as of a matrix product.
    let sets = std::iter::once(each.concat()).chain(each.iter().cloned());
    let name = |term: &Term| {
        let operand = letters.operands[term.input];
        real(&operand.value)
            .filter(|tensor| tensor.shape().rank() > 0)
            .map(|tensor| format!("{}{}", label(operand), place(tensor, term.at)))
    };
    let is_rough = letters.operands.iter().any(|operand| operand.value.shape().rank() > 0);
    sets.into_iter().find_map(|terms| of_terms(result, element, &terms, is_rough, &name))
}

/// The chain rule: each number that comes from upstream times its local slope.
pub(super) fn by_slopes_back(
    share: &Tensor,
    upstream: &Tensor,
    input: usize,
    alone: &Alone,
) -> Option<Arithmetic> {
    let element = largest(share.values())?;
    let slopes = alone.column(input, element)?;
    let pairs = upstream.values().iter().zip(&slopes).enumerate();
    let terms: Vec<Term> = pairs
        .filter(|(_, (_, slope))| **slope != 0.0)
        .map(|(at, (&number, &slope))| Term { input, at, number, slope })
        .collect();
    let is_rough = share.shape().rank() + upstream.shape().rank() > 0;
    let name = |term: &Term| (upstream.shape().rank() > 0).then(|| format!("g{}", place(upstream, term.at)));
    of_terms(share, element, &terms, is_rough, &name)
}

/// A number times a slope.
#[derive(Debug, Clone, Copy)]
struct Term {
    /// Whose number: an operand's place.
    input: usize,
    /// Its place there.
    at: usize,
    number: f64,
    slope: f64,
}

/// The sum of terms, if it is this element; a number that is only passed on is called by its name.
fn of_terms(
    result: &Tensor,
    element: usize,
    terms: &[Term],
    is_rough: bool,
    name: &dyn Fn(&Term) -> Option<String>,
) -> Option<Arithmetic> {
    let value = result.values()[element];
    if !agrees(terms.iter().map(|term| term.number * term.slope), value) {
        return None;
    }
    let write = |x: f64| parenthesised(if is_rough { rough(x) } else { exact(x) });
    let written = |term: &Term| {
        if term.slope == 1.0 {
            write(term.number)
        } else {
            format!("{} × {}", write(term.number), write(term.slope))
        }
    };
    let numbers = match terms {
        [only] if only.slope == 1.0 => name(only).unwrap_or_else(|| write(only.number)),
        _ => with_rest(&terms.iter().take(TERMS).map(written).collect::<Vec<_>>(), terms.len()),
    };
    if result.shape().rank() == 0 {
        let result = if is_rough { rough(value) } else { exact(value) };
        return Some(Arithmetic { element: None, numbers, result, is_rough });
    }
    Some(of_element(result, element, numbers))
}

fn of_element(result: &Tensor, element: usize, numbers: String) -> Arithmetic {
    let told = rough(result.values()[element]);
    Arithmetic { element: Some(place(result, element)), numbers, result: told, is_rough: true }
}

/// The place of the largest number by size; whatever is no number is the largest.
pub(super) fn largest(values: &[f64]) -> Option<usize> {
    let size = |&at: &usize| if values[at].is_finite() { values[at].abs() } else { f64::INFINITY };
    // Of equal ones the first.
    (0..values.len()).rev().max_by(|a, b| size(a).total_cmp(&size(b)))
}

/// The indices of an element: `[0, 3]`.
pub(super) fn place(tensor: &Tensor, element: usize) -> String {
    let mut rest = element;
    let mut indices: Vec<usize> = tensor
        .shape()
        .iter()
        .rev()
        .map(|&length| {
            let index = rest % length;
            rest /= length;
            index
        })
        .collect();
    indices.reverse();
    format!("{indices:?}")
}

/// Functions of numbers, which formulas may call.
const FUNCTIONS: [&str; 8] = ["max", "min", "exp", "log", "sign", "sqrt", "abs", "tanh"];

fn is_number(word: &str) -> bool {
    // Numbers such as 1e-4 are words too.
    word.starts_with(|first: char| first.is_ascii_digit())
}

/// Of numbers alone, everything is written exactly.
fn of_numbers(formula: &str, letters: &Letters<'_>) -> Option<String> {
    let number = |letter: char| {
        let tensor = letters.tensor(letter).filter(|tensor| tensor.shape().rank() == 0);
        tensor.and_then(|tensor| tensor.scalar().ok()).map(in_parentheses)
    };
    let is_plain = words(formula).all(|(letter, word)| {
        letter.map_or(FUNCTIONS.contains(&word) || is_number(word), |letter| number(letter).is_some())
    });
    substituted(formula, &number).filter(|_| is_plain)
}

/// `max(x, 0)`, with the numbers of one element of tensors of one shape.
fn pointwise(formula: &str, like: &Tensor, element: usize, letters: &Letters<'_>) -> Option<String> {
    let number = |letter: char| {
        let tensor = letters.tensor(letter).filter(|tensor| tensor.shape() == like.shape());
        tensor.map(|tensor| parenthesised(rough(tensor.values()[element])))
    };
    let is_plain = formula.is_ascii()
        && words(formula).all(|(letter, word)| match letter {
            Some(letter) => number(letter).is_some(),
            None => FUNCTIONS.contains(&word) || is_number(word),
        });
    if is_plain { substituted(formula, &number) } else { None }
}

/// `aᵀ · g`: the row of one matrix times the column of another, its first terms that are not zero.
fn product(formula: &str, result: &Tensor, element: usize, letters: &Letters<'_>) -> Option<String> {
    let (left, right) = formula.split_once(" · ")?;
    let factor = |text: &str| {
        let mut rest = text.chars();
        let tensor = letters.tensor(rest.next()?)?;
        let is_transposed = rest.as_str() == "ᵀ";
        (tensor.shape().rank() == 2 && (is_transposed || rest.as_str().is_empty()))
            .then_some((tensor, is_transposed))
    };
    let ((left, left_turned), (right, right_turned)) = (factor(left)?, factor(right)?);
    let [_, columns] = result.shape()[..] else {
        return None;
    };
    let (row, column) = (element / columns, element % columns);
    let entry = |tensor: &Tensor, is_transposed: bool, row: usize, column: usize| {
        let (row, column) = if is_transposed { (column, row) } else { (row, column) };
        tensor.values()[row * tensor.shape()[1] + column]
    };
    let inner = left.shape()[usize::from(!left_turned)];
    let outer = (left.shape()[usize::from(left_turned)], right.shape()[usize::from(!right_turned)]);
    // Where operands were transposed, the formula does not say so.
    if outer != (result.shape()[0], columns) || right.shape()[usize::from(right_turned)] != inner {
        return None;
    }
    let factors = (0..inner)
        .map(|k| [entry(left, left_turned, row, k), entry(right, right_turned, k, column)])
        .filter(|[a, b]| *a != 0.0 && *b != 0.0);
    if !agrees(factors.clone().map(|[a, b]| a * b), result.values()[element]) {
        return None;
    }
    let terms: Vec<String> =
        factors.clone().take(TERMS).map(|pair| pair.map(|x| parenthesised(rough(x))).join(" × ")).collect();
    Some(with_rest(&terms, factors.count()))
}

/// `(softmax(a) * sum(b) - b) * g / N`: one element, where functions go over its row, class indices are rows with a one,
/// N is the number of rows and n that of elements; `sum over j of exp(x[j])` is a sum over its row, and `x[i]` the element. Rows go along the axis that the operation
/// names, or the last.
fn by_rows(formula: &str, like: &Tensor, element: usize, letters: &Letters<'_>) -> Option<String> {
    if !formula.is_ascii() {
        return None;
    }
    let shape = &like.shape()[..];
    let axis = letters.attribute.map_or(usize::MAX, |axis| axis as usize).min(shape.len().checked_sub(1)?);
    // How far its neighbours in its row are from each other, how many there are, and which of them it is.
    let (apart, columns) = (shape[axis + 1..].iter().product::<usize>(), shape[axis]);
    let column = element / apart % columns;
    let entries = |letter: char| -> Option<Vec<f64>> {
        if let Some(indices) = letters.indices(letter) {
            let label = *indices.get(element / columns).filter(|_| apart == 1)? as usize;
            return Some((0..columns).map(|class| f64::from(u8::from(class == label))).collect());
        }
        let tensor = letters.tensor(letter).filter(|tensor| tensor.shape() == like.shape())?;
        let first = element - column * apart;
        Some(tensor.values()[first..].iter().step_by(apart).take(columns).copied().collect())
    };
    let mut text = formula.to_string();
    for (name, of) in ROW_FUNCTIONS {
        for letter in 'a'..='y' {
            let call = format!("{name}({letter})");
            if let (true, Some(entries)) = (text.contains(&call), entries(letter)) {
                text = text.replace(&call, &parenthesised(rough(of(&entries, column))));
            }
        }
    }
    if text.contains("sum over j of ") || text.contains("x[i]") {
        let entries = entries('x')?;
        let term = |x: &f64| format!("exp({})", rough(*x));
        let terms: Vec<String> = entries.iter().take(TERMS).map(term).collect();
        let sum = with_rest(&terms, entries.len());
        text = text.replace("(sum over j of exp(x[j]))", &format!("({sum})"));
        text = text.replace("sum over j of exp(x[j])", &format!("({sum})"));
        text = text.replace("x[i]", &parenthesised(rough(entries[column])));
        return (!text.contains('[')).then(|| tidied(&text));
    }
    let number = |letter: char| {
        let count = match letter {
            'N' => return Some((like.shape().elements() / columns).to_string()),
            'n' => return Some(like.shape().elements().to_string()),
            _ => letters.tensor(letter).filter(|tensor| tensor.shape().rank() == 0),
        };
        let number = count.and_then(|tensor| tensor.scalar().ok()).or_else(|| Some(entries(letter)?[column]));
        number.map(|number| parenthesised(rough(number)))
    };
    let is_plain =
        words(&text).all(|(letter, word)| is_number(word) || letter.is_some_and(|l| number(l).is_some()));
    if is_plain { substituted(&text, &number) } else { None }
}

/// `-(1/N) * sum(b * log_softmax(a))`: a sum over all elements of the first operand, without those times zero.
fn total(formula: &str, letters: &Letters<'_>) -> Option<String> {
    let (before, rest) = formula.split_once("sum(")?;
    let inner = rest.strip_suffix(')')?;
    let like = letters.tensor('a')?;
    let count = like.shape().elements();
    let term = |at: usize| pointwise(inner, like, at, letters).or_else(|| by_rows(inner, like, at, letters));
    let all: Vec<String> = (0..count).map(term).collect::<Option<_>>()?;
    let all: Vec<String> = all.into_iter().filter(|term| !term.starts_with("0 × ")).collect();
    let number = |letter: char| match letter {
        'N' => Some((count / like.shape().last().copied().unwrap_or(1).max(1)).to_string()),
        'n' => Some(count.to_string()),
        _ => None,
    };
    let sum = with_rest(&all[..all.len().min(TERMS)], all.len());
    Some(format!("{}({sum})", substituted(before, &number)?))
}

/// `j == x[i] ? 1 : 0`: the last index, and the number at the others.
fn one_of_indices(formula: &str, like: &Tensor, element: usize, letters: &Letters<'_>) -> Option<String> {
    let columns = *like.shape().last().filter(|columns| **columns > 0)?;
    let index = letters.indices('x')?.get(element / columns)?;
    let text = formula.strip_prefix("j == x[i]")?;
    Some(format!("{} == {index}{text}", element % columns))
}

/// An element of what a function makes of a row.
type OfRow = fn(&[f64], usize) -> f64;

/// Functions of a whole row, by their names in formulas; a name that ends another comes after it.
const ROW_FUNCTIONS: [(&str, OfRow); 3] = [
    ("log_softmax", |row, column| softmax(row, column).ln()),
    ("softmax", softmax),
    ("sum", |row, _| row.iter().sum()),
];

fn softmax(row: &[f64], column: usize) -> f64 {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (row[column] - largest).exp() / row.iter().map(|x| (x - largest).exp()).sum::<f64>()
}

/// Whether terms sum to a number, up to rounding.
fn agrees(terms: impl Iterator<Item = f64>, sum: f64) -> bool {
    let (total, size) = terms.fold((0.0, 0.0), |(total, size), x: f64| (total + x, size + x.abs()));
    (total - sum).abs() <= 1e-9 * size
}

fn with_rest(terms: &[String], count: usize) -> String {
    match count - terms.len() {
        0 if terms.is_empty() => "0".to_string(),
        0 => terms.join(" + "),
        rest => format!("{} + … ({rest})", terms.join(" + ")),
    }
}
