//! The header of an NPY file: a Python dictionary with the element type, the order of the elements, and the shape.

use std::iter::Peekable;
use std::str::Chars;

/// A header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The element type, as "<f4".
    pub(super) element_type: String,
    /// Whether the first axis runs fastest.
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
}

/// The most axes of an array of NumPy.
const MAX_RANK: usize = 64;

/// The start of each NPY file.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";

/// The header of a file, and the elements after it. The error is the problem as text.
pub(super) fn split(file: &[u8]) -> Result<(Header, &[u8]), String> {
    let rest = file.strip_prefix(MAGIC).ok_or("it does not begin as an NPY file")?;
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (u32::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]), rest),
        [version, ..] if !(1..=3).contains(version) => {
            return Err(format!("its version {version} is not known"));
        }
        _ => return Err("it ends within its header".to_owned()),
    };
    let (text, elements) =
        rest.split_at_checked(length as usize).ok_or("its header is longer than the file")?;
    let text = std::str::from_utf8(text).map_err(|_| "its header is no text")?;
    let header = parse(text)
        .ok_or_else(|| format!("its header is not that of an array of numbers: {}", start(text)))?;
    Ok((header, elements))
}

/// The start of a header for a message.
fn start(text: &str) -> String {
    text.trim().chars().take(80).collect()
}

/// A value of the dictionary.
enum Value {
    Text(String),
    Flag(bool),
    Sizes(Vec<usize>),
}

/// Parses the dictionary; `None` if it is another Python value, or lacks a key.
fn parse(text: &str) -> Option<Header> {
    let (mut element_type, mut fortran_order, mut shape) = (None, None, None);
    let mut tokens = Tokens { characters: text.chars().peekable() };
    tokens.expect('{')?;
    while !tokens.accept('}') {
        let key = tokens.text()?;
        tokens.expect(':')?;
        match (key.as_str(), tokens.value()?) {
            ("descr", Value::Text(text)) => element_type = Some(text),
            ("fortran_order", Value::Flag(flag)) => fortran_order = Some(flag),
            ("shape", Value::Sizes(sizes)) => shape = Some(sizes),
            _ => return None,
        }
        if !tokens.accept(',') {
            tokens.expect('}')?;
            break;
        }
    }
    tokens.is_at_end().then_some(())?;
    Some(Header { element_type: element_type?, fortran_order: fortran_order?, shape: shape? })
}

/// The tokens of the dictionary; spaces between them are skipped.
struct Tokens<'a> {
    characters: Peekable<Chars<'a>>,
}

impl Tokens<'_> {
    fn peek(&mut self) -> Option<char> {
        while self.characters.next_if(char::is_ascii_whitespace).is_some() {}
        self.characters.peek().copied()
    }

    fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    fn accept(&mut self, character: char) -> bool {
        self.peek() == Some(character) && self.characters.next().is_some()
    }

    fn expect(&mut self, character: char) -> Option<()> {
        self.accept(character).then_some(())
    }

    fn value(&mut self) -> Option<Value> {
        match self.peek()? {
            '\'' | '"' => self.text().map(Value::Text),
            '(' => self.sizes().map(Value::Sizes),
            _ => match self.word().as_str() {
                "True" => Some(Value::Flag(true)),
                "False" => Some(Value::Flag(false)),
                _ => None,
            },
        }
    }

    /// A text in quotation marks. Element types have no escapes.
    fn text(&mut self) -> Option<String> {
        let mark = self.peek().filter(|mark| matches!(mark, '\'' | '"'))?;
        self.characters.next();
        let mut text = String::new();
        loop {
            match self.characters.next()? {
                end if end == mark => return Some(text),
                '\\' => return None,
                other => text.push(other),
            }
        }
    }

    /// A tuple of sizes: (), (3,), (3, 4).
    fn sizes(&mut self) -> Option<Vec<usize>> {
        let mut sizes = Vec::new();
        self.expect('(')?;
        while !self.accept(')') {
            self.peek();
            // Python 2 wrote long integers with an L.
            sizes.push(self.word().trim_end_matches('L').parse().ok()?);
            if !self.accept(',') {
                self.expect(')')?;
                break;
            }
        }
        (sizes.len() <= MAX_RANK).then_some(sizes)
    }

    fn word(&mut self) -> String {
        std::iter::from_fn(|| self.characters.next_if(char::is_ascii_alphanumeric)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_of_different_writers_are_parsed() {
        for text in [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }          \n",
            "{\"shape\":(3,4),\"fortran_order\":False,\"descr\":\"<f4\"}",
            "{ 'descr' : '<f4' ,\n'fortran_order' : False , 'shape' : ( 3L , 4L , ) }",
        ] {
            let header = parse(text).unwrap();
            assert_eq!((header.element_type.as_str(), header.fortran_order), ("<f4", false));
            assert_eq!(header.shape, [3, 4]);
        }
        let shape = |shape: &str| {
            parse(&format!("{{'descr': 'x', 'fortran_order': True, 'shape': {shape}}}"))
                .map(|header| header.shape)
        };
        assert_eq!(shape("()"), Some(vec![]));
        assert_eq!(shape("(5,)"), Some(vec![5]));
        assert_eq!(shape("(0, 1)"), Some(vec![0, 1]));
        for other in ["(-1,)", "(1 2)", "(,)", "[1]", "(99999999999999999999,)", "(1.5,)", "(1", "5", "'a'"] {
            assert_eq!(shape(other), None, "{other}");
        }
        assert_eq!(shape(&format!("({})", "1,".repeat(65))), None);
    }

    #[test]
    fn other_dictionaries_are_refused() {
        for text in [
            "",
            "{}",
            "{'descr': '<f4', 'shape': ()}",
            "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': True}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': ()} x",
            "{'descr': '<f4",
            "{'descr': '\\x3c'}",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
