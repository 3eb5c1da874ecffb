//! The arithmetic of each node, forward and backward: its formula with names, and the same with numbers.
//!
//! Formulas are those of the list of operations, whose letters are replaced. Of tensors one element is calculated: the
//! largest of the result. Where a formula says how an element comes about (pointwise, a matrix product, a sum over
//! rows), its numbers are told; where it does not, none are.

use super::summary::{exact, rough};
use super::text::label;
use super::trace::{Trace, TracedNode, Value, What};
use crate::graph::Tensor;
use serde::Serialize;

/// How many terms of a sum are written out.
const TERMS: usize = 3;

/// One operation: what it computes, and what it hands back.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// `apple_price × tax`.
    pub(super) formula: String,
    pub(super) numbers: Option<Arithmetic>,
    /// What goes on to each operand that has a gradient.
    pub(super) shares: Vec<Share>,
}

/// What goes back to one operand.
#[derive(Debug, Serialize)]
pub(super) struct Share {
    /// The place of its edge in [`Trace::edges`].
    pub(super) edge: usize,
    pub(super) operand: String,
    /// `g × tax`.
    pub(super) rule: Option<String>,
    pub(super) numbers: Option<Arithmetic>,
}

/// A calculation with its result, of one element where there are several.
#[derive(Debug, Serialize)]
pub(super) struct Arithmetic {
    /// `[0, 3]`; nothing for the only one.
    pub(super) element: Option<String>,
    /// `1 × 1.1`.
    pub(super) numbers: String,
    /// `1.1`.
    pub(super) result: String,
}

/// The step of a node; `None` of a given value.
pub(super) fn step(trace: &Trace, node: &TracedNode) -> Option<Step> {
    let What::Operation { name, entry, .. } = &node.what else {
        return None;
    };
    let operands: Vec<&TracedNode> =
        node.inputs.iter().map(|&edge| &trace.nodes()[trace.edges()[edge].from]).collect();
    let names: Vec<String> = operands.iter().map(|operand| label(operand)).collect();
    let in_names = |letter: char| match letter {
        'g' => Some("g".to_string()),
        'y' => Some(label(node)),
        _ => operand_of(letter, names.len()).map(|operand| names[operand].clone()),
    };
    let letters = |letter: char| match letter {
        'g' => node.gradient.as_deref(),
        'y' => real(&node.value),
        _ => real(&operands[operand_of(letter, operands.len())?].value),
    };
    let labels = |letter: char| match &operands.get(operand_of(letter, operands.len())?)?.value {
        Value::Indices(_, indices) => Some(&**indices),
        Value::Real(_) | Value::Bytes(_) => None,
    };
    let own = entry.and_then(|entry| entry.formula.strip_prefix("y = "));
    let call = || format!("{name}({})", names.join(", "));
    let numbers =
        own.zip(real(&node.value)).and_then(|(formula, value)| arithmetic(formula, value, &labels, &letters));
    let mut shares = Vec::new();
    for (input, &edge) in node.inputs.iter().enumerate() {
        let Some(share) = &trace.edges()[edge].gradient else {
            continue;
        };
        let rule = entry.and_then(|entry| rule(entry.derivative, input, names.len()));
        shares.push(Share {
            edge,
            operand: names[input].clone(),
            rule: rule.and_then(|rule| substituted(rule, &in_names)),
            numbers: rule.and_then(|rule| arithmetic(rule, share, &labels, &letters)),
        });
    }
    let formula = own.and_then(|formula| substituted(formula, &in_names)).unwrap_or_else(call);
    Some(Step { formula, numbers, shares })
}

/// The shares of a number's gradient, `1 + (-2)`, where paths meet.
pub(super) fn meeting(trace: &Trace, node: &TracedNode) -> Option<String> {
    let shares = node.outputs.iter().rev().filter_map(|&edge| trace.edges()[edge].gradient.as_ref());
    let shares: Vec<&Tensor> = shares.map(|share| &**share).collect();
    let numbers: Option<Vec<String>> =
        shares.iter().map(|share| share.scalar().ok().map(in_parentheses)).collect();
    numbers.filter(|numbers| numbers.len() > 1).map(|numbers| numbers.join(" + "))
}

fn real(value: &Value) -> Option<&Tensor> {
    if let Value::Real(tensor) = value { Some(tensor) } else { None }
}

/// A number as a part of a larger expression.
fn in_parentheses(number: f64) -> String {
    parenthesised(exact(number))
}

fn parenthesised(text: String) -> String {
    if text.starts_with('-') { format!("({text})") } else { text }
}

/// The calculation by which a formula makes `result`, if it says so of each element.
fn arithmetic<'a>(
    formula: &str,
    result: &Tensor,
    labels: &dyn Fn(char) -> Option<&'a [u32]>,
    letters: &dyn Fn(char) -> Option<&'a Tensor>,
) -> Option<Arithmetic> {
    if result.shape().rank() == 0 {
        let number = result.scalar().ok()?;
        // A sum to one number is about tensors; of numbers alone, everything is written exactly.
        let in_numbers = |letter: char| {
            let tensor = letters(letter)?;
            tensor.scalar().ok().filter(|_| tensor.shape().rank() == 0).map(in_parentheses)
        };
        let is_plain = words(formula)
            .all(|(letter, _)| letter.is_none_or(|l| in_numbers(l).is_some() || letters(l).is_none()));
        let numbers = substituted(formula, &in_numbers).filter(|_| is_plain)?;
        return Some(Arithmetic { element: None, numbers, result: exact(number) });
    }
    let values = result.values();
    let size = |&at: &usize| if values[at].is_finite() { values[at].abs() } else { f64::INFINITY };
    let largest = (0..values.len()).max_by(|a, b| size(a).total_cmp(&size(b)))?;
    let numbers = pointwise(formula, result, largest, letters)
        .or_else(|| product(formula, result, largest, letters))
        .or_else(|| column_sum(formula, result, largest, letters))
        .or_else(|| by_rows(formula, result, largest, labels, letters))?;
    Some(Arithmetic { element: Some(place(result, largest)), numbers, result: rough(values[largest]) })
}

/// The indices of an element: `[0, 3]`.
fn place(tensor: &Tensor, element: usize) -> String {
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

/// `max(x, 0)`, with the numbers of one element of tensors of one shape.
fn pointwise<'a>(
    formula: &str,
    result: &Tensor,
    element: usize,
    letters: &dyn Fn(char) -> Option<&'a Tensor>,
) -> Option<String> {
    let fits = |letter| letters(letter).is_some_and(|tensor| tensor.shape() == result.shape());
    let is_plain = formula.is_ascii()
        && words(formula).all(|(letter, word)| match letter {
            Some(letter) => fits(letter),
            None => FUNCTIONS.contains(&word) || word.starts_with(|first: char| first.is_ascii_digit()),
        });
    let number = |letter: char| Some(parenthesised(rough(letters(letter)?.values()[element])));
    if is_plain { substituted(formula, &number) } else { None }
}

/// `aᵀ · g`: the row of one matrix times the column of another, its first terms that are not zero.
fn product<'a>(
    formula: &str,
    result: &Tensor,
    element: usize,
    letters: &dyn Fn(char) -> Option<&'a Tensor>,
) -> Option<String> {
    let (left, right) = formula.split_once(" · ")?;
    let factor = |text: &str| {
        let mut rest = text.chars();
        let tensor = letters(rest.next()?)?;
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

/// `sum over i of g[i, j]`: a column, its first terms.
fn column_sum<'a>(
    formula: &str,
    result: &Tensor,
    element: usize,
    letters: &dyn Fn(char) -> Option<&'a Tensor>,
) -> Option<String> {
    let letter = formula.strip_prefix("sum over i of ")?.strip_suffix("[i, j]")?;
    let tensor = letters(letter.chars().next()?)?;
    let [rows, columns] = tensor.shape()[..] else {
        return None;
    };
    // The formula has the axes of its example; these may be others.
    if result.shape()[..] != [columns] {
        return None;
    }
    let column = (0..rows).map(|row| tensor.values()[row * columns + element]);
    if !agrees(column.clone(), result.values()[element]) {
        return None;
    }
    let terms: Vec<String> = column.take(TERMS).map(|x| parenthesised(rough(x))).collect();
    Some(with_rest(&terms, rows))
}

/// `(softmax(a) * sum(b) - b) * g / N`: one element, where functions go over its row, class indices are rows with a one,
/// and N is the number of rows.
fn by_rows<'a>(
    formula: &str,
    result: &Tensor,
    element: usize,
    labels: &dyn Fn(char) -> Option<&'a [u32]>,
    letters: &dyn Fn(char) -> Option<&'a Tensor>,
) -> Option<String> {
    let [rows, columns] = result.shape()[..] else {
        return None;
    };
    let (row, column) = (element / columns, element % columns);
    let entries = |letter: char| -> Option<Vec<f64>> {
        if let Some(labels) = labels(letter) {
            let label = *labels.get(row)?;
            return Some((0..columns).map(|class| f64::from(u8::from(class == label as usize))).collect());
        }
        let tensor = letters(letter).filter(|tensor| tensor.shape() == result.shape())?;
        Some(tensor.values()[row * columns..][..columns].to_vec())
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
    let number = |letter: char| {
        if letter == 'N' {
            return Some(rows.to_string());
        }
        let alone = letters(letter).filter(|tensor| tensor.shape().rank() == 0);
        let number = alone.and_then(|tensor| tensor.scalar().ok()).or_else(|| Some(entries(letter)?[column]));
        number.map(|number| parenthesised(rough(number)))
    };
    // Numbers such as 1e-4 are words too.
    let is_number = |word: &str| word.starts_with(|first: char| first.is_ascii_digit());
    let is_plain =
        words(&text).all(|(letter, word)| is_number(word) || letter.is_some_and(|l| number(l).is_some()));
    if is_plain && text != formula { substituted(&text, &number) } else { None }
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

/// Which operand a letter of a formula stands for: `x` for an only one, else `a`, `b`, ….
fn operand_of(letter: char, operands: usize) -> Option<usize> {
    let operand = match letter {
        'x' if operands == 1 => 0,
        'a'..='f' if operands > 1 => letter as usize - 'a' as usize,
        _ => return None,
    };
    (operand < operands).then_some(operand)
}

/// The right-hand side of `da = …` in a list such as `da = g * b, db = g * a`.
fn rule(derivative: &'static str, input: usize, operands: usize) -> Option<&'static str> {
    // Indices between brackets are separated by commas too, so a rule ends where the next begins.
    let letter_of = |part: &str| operand_of(part.strip_prefix('d')?.chars().next()?, operands);
    let begins = |at: usize| {
        let part = &derivative[at..];
        letter_of(part).filter(|_| part.split(" = ").next().is_some_and(is_left_side))
    };
    let starts: Vec<(usize, usize)> = std::iter::once(0)
        .chain(derivative.match_indices(", ").map(|(at, _)| at + 2))
        .filter_map(|at| Some((at, begins(at)?)))
        .collect();
    let own = starts.iter().position(|&(_, operand)| operand == input)?;
    let end = starts.get(own + 1).map_or(derivative.len(), |(next, _)| next - 2);
    Some(derivative[starts[own].0..end].split_once(" = ")?.1)
}

/// `dx`, `dx[j]` or `dx[i, j]`.
fn is_left_side(text: &str) -> bool {
    let rest = &text[2.min(text.len())..];
    rest.is_empty() || rest.starts_with('[') && rest.ends_with(']')
}

/// The words of a formula, and the letter of those that are one.
fn words(formula: &str) -> impl Iterator<Item = (Option<char>, &str)> {
    formula
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
        .map(|word| {
            let mut letters = word.trim_end_matches('ᵀ').chars();
            let first = letters.next().filter(|letter| letters.next().is_none() && letter.is_alphabetic());
            (first, word)
        })
}

/// A formula with something else for each of its letters; `None` if it is not one of plain numbers.
fn substituted(formula: &str, of: &dyn Fn(char) -> Option<String>) -> Option<String> {
    // Indexed letters and sums are about tensors.
    if formula.contains(['[', '{']) || formula.contains("sum") || formula.contains(" in ") {
        return None;
    }
    let mut text = String::new();
    let mut word = String::new();
    for letter in formula.chars().chain([' ']) {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        let (base, turned) = word.strip_suffix('ᵀ').map_or((word.as_str(), ""), |base| (base, "ᵀ"));
        let mut letters = base.chars();
        let replacement = letters.next().filter(|_| letters.next().is_none()).and_then(of);
        text.push_str(&replacement.map_or_else(|| word.clone(), |replacement| replacement + turned));
        word.clear();
        text.push(if letter == '*' { '×' } else { letter });
    }
    text.pop();
    Some(text)
}
