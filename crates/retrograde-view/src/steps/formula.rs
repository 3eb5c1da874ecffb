//! The formulas of the list of operations, taken apart: their words, their letters, and the rule of each operand.

/// Which operand a letter of a formula stands for: `x` or `a` for an only one, else `a`, `b`, ….
pub(super) fn operand_of(letter: char, operands: usize) -> Option<usize> {
    let operand = match letter {
        'x' if operands == 1 => 0,
        'a'..='f' => letter as usize - 'a' as usize,
        _ => return None,
    };
    (operand < operands).then_some(operand)
}

/// The right-hand side of `da = …` in a list such as `da = g * b, db = g * a`.
pub(super) fn rule(derivative: &'static str, input: usize, operands: usize) -> Option<&'static str> {
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
pub(super) fn words(formula: &str) -> impl Iterator<Item = (Option<char>, &str)> {
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
pub(super) fn substituted(formula: &str, of: &dyn Fn(char) -> Option<String>) -> Option<String> {
    // Indexed letters and sums are about tensors.
    if formula.contains(['[', '{']) || formula.contains("sum over") || formula.contains(" in ") {
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
    Some(tidied(&text))
}

/// A negative number needs no parentheses of its own where a call has them: `exp((-2))` is `exp(-2)`.
pub(super) fn tidied(text: &str) -> String {
    let mut tidy = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("(-") {
        tidy.push_str(before);
        let inside = from.split(')').next().unwrap_or_default();
        let behind = from.get(inside.len() + 1..).unwrap_or_default();
        let is_alone = (tidy.ends_with('(') || tidy.ends_with(", ")) && behind.starts_with([')', ',']);
        if is_alone && inside.parse::<f64>().is_ok() {
            tidy.push('-');
            tidy.push_str(inside);
            rest = behind;
        } else {
            tidy.push_str("(-");
            rest = from;
        }
    }
    tidy + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_needs_no_second_parentheses() {
        for (text, tidy) in [
            ("1 / (1 + exp((-2.5)))", "1 / (1 + exp(-2.5))"),
            ("max((-0.2), 0)", "max(-0.2, 0)"),
            ("share(1, (-2), (-3))", "share(1, -2, -3)"),
            ("(-2.5) > 0 ? 1 : 0", "(-2.5) > 0 ? 1 : 0"),
            ("2 × ((-1) - (-3)) × 1 / 6", "2 × ((-1) - (-3)) × 1 / 6"),
            ("(-x) + exp(-(-1))", "(-x) + exp(-(-1))"),
            ("(-", "(-"),
        ] {
            assert_eq!(tidied(text), tidy);
        }
    }
}
