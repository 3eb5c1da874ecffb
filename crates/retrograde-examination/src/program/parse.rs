//! From text to a program. Programs are part of this crate, so a mistake in one is a panic that names the line.

use super::{
    Array, Comparison, Condition, Expression, Function, Index, Operator, Place, Program, Role, Rule, Size,
    Statement,
};

impl Program {
    /// Reads a program.
    ///
    /// # Panics
    ///
    /// When the text is no program; the message has the line.
    pub fn parse(text: &str) -> Program {
        let lines: Vec<Line> = text.lines().enumerate().filter_map(Line::new).collect();
        let mut lines = lines.as_slice();
        let mut program = Program {
            name: String::new(),
            is_loss: false,
            sizes: vec![Size { name: "N".into(), rule: Rule::Rows }],
            arrays: Vec::new(),
            variables: Vec::new(),
            forward: Vec::new(),
            backward: Vec::new(),
        };
        while let Some((line, rest)) = lines.split_first() {
            lines = rest;
            let mut words = line.reader(&mut program);
            let word = words.name();
            match word.as_str() {
                "layer" | "loss" => {
                    let name = words.name();
                    (program.is_loss, program.name) = (word == "loss", name);
                }
                "size" => words.list(Reader::size),
                "input" => words.list(|words| words.array(|_| Role::Input)),
                "output" => words.list(|words| words.array(|_| Role::Output)),
                "param" => words.list(|words| words.array(|_| Role::Parameter)),
                "kept" => words.list(|words| words.array(|_| Role::Kept)),
                "local" => words.list(|words| words.array(|_| Role::Local)),
                "mask" => words.list(|words| words.array(|_| Role::Mask)),
                "index" => words.list(|words| words.array(|bound| Role::Indices(bound.expect("a bound")))),
                "labels" => {
                    words.list(|words| words.array(|bound| bound.map_or(Role::Distributions, Role::Classes)));
                }
                "forward" => {
                    program.declare_gradients();
                    program.forward = block(&mut lines, &mut program, 0);
                }
                "backward" => program.backward = block(&mut lines, &mut program, 0),
                other => words.fail(&format!("`{other}` begins no part of a program")),
            }
        }
        program
    }

    /// For each input, parameter and output, the array of its gradient.
    fn declare_gradients(&mut self) {
        for position in 0..self.arrays.len() {
            let array = &self.arrays[position];
            let role = match array.role {
                Role::Input | Role::Parameter => Role::Gradient(position),
                Role::Output => Role::Upstream,
                _ => continue,
            };
            self.arrays.push(Array { name: format!("d{}", array.name), role, shape: array.shape.clone() });
        }
    }
}

/// The statements that are indented by at least `depth` and as deep as the first.
fn block(lines: &mut &[Line], program: &mut Program, depth: usize) -> Vec<Statement> {
    let mut statements = Vec::new();
    let own = lines.first().map_or(0, |line| line.depth);
    while let Some((line, rest)) = lines.split_first() {
        let ends = ["backward", "forward"].contains(&line.tokens[0].as_str());
        if line.depth < depth || line.depth < own || ends {
            break;
        }
        *lines = rest;
        statements.push(statement(line, lines, program));
    }
    statements
}

fn statement(line: &Line, lines: &mut &[Line], program: &mut Program) -> Statement {
    let mut words = line.reader(program);
    if words.takes("for") {
        let mut loops = vec![words.range()];
        while words.takes(",") {
            loops.push(words.range());
        }
        words.expect(":");
        let mut body = block(lines, program, line.depth + 1);
        for (variable, from, to, down) in loops.into_iter().rev() {
            body = vec![Statement::For { variable, from, to, down, body }];
        }
        return body.remove(0);
    }
    if words.takes("if") {
        let mut conditions = vec![words.condition()];
        while words.takes("and") {
            conditions.push(words.condition());
        }
        words.expect(":");
        return Statement::If(conditions, block(lines, program, line.depth + 1));
    }
    let place = words.place();
    let signs = [
        ("+=", Operator::Add),
        ("-=", Operator::Subtract),
        ("*=", Operator::Multiply),
        ("/=", Operator::Divide),
    ];
    let operator = signs.into_iter().find(|(sign, _)| words.takes(sign)).map(|(_, operator)| operator);
    if operator.is_none() {
        words.expect("=");
    }
    let value = words.sum();
    words.end();
    Statement::Assign(place, operator, value)
}

/// A line in tokens.
struct Line {
    number: usize,
    depth: usize,
    tokens: Vec<String>,
}

impl Line {
    /// `None` for an empty line or a comment.
    fn new((number, text): (usize, &str)) -> Option<Line> {
        let code = text.split('#').next().unwrap_or("");
        let depth = code.len() - code.trim_start().len();
        let mut tokens: Vec<String> = Vec::new();
        let mut rest = code.trim();
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let length = if first.is_ascii_digit() {
                number_length(rest)
            } else if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else if ["<=", ">=", "==", "+=", "-=", "*=", "/=", ".."]
                .iter()
                .any(|sign| rest.starts_with(sign))
            {
                2
            } else {
                first.len_utf8()
            };
            let (token, after) = rest.split_at(length);
            tokens.push(token.into());
            rest = after.trim_start();
        }
        (!tokens.is_empty()).then_some(Line { number: number + 1, depth, tokens })
    }

    fn reader<'a>(&'a self, program: &'a mut Program) -> Reader<'a> {
        Reader { line: self, at: 0, program }
    }
}

/// The length of a number such as `3`, `0.5`, `1e-7`; the dots of `1..4` are not part of it.
fn number_length(text: &str) -> usize {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut length = digits(text);
    let fraction = &text[length..];
    if fraction.starts_with('.') && !fraction.starts_with("..") {
        length += 1 + digits(&fraction[1..]);
    }
    if let Some(exponent) = text[length..].strip_prefix('e') {
        let sign = usize::from(exponent.starts_with('-'));
        length += 1 + sign + digits(&exponent[sign..]);
    }
    length
}

/// Reads one line.
struct Reader<'a> {
    line: &'a Line,
    at: usize,
    program: &'a mut Program,
}

impl Reader<'_> {
    fn fail(&self, problem: &str) -> ! {
        panic!("program {}, line {}: {problem}, at {:?}", self.program.name, self.line.number, self.peek());
    }

    fn peek(&self) -> &str {
        self.line.tokens.get(self.at).map_or("", String::as_str)
    }

    fn takes(&mut self, token: &str) -> bool {
        let found = self.peek() == token;
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &str) {
        if !self.takes(token) {
            self.fail(&format!("`{token}` was expected"));
        }
    }

    fn end(&self) {
        if self.at < self.line.tokens.len() {
            self.fail("the line has more than that");
        }
    }

    fn name(&mut self) -> String {
        let name = self.peek().to_owned();
        self.at += 1;
        name
    }

    fn list(&mut self, mut item: impl FnMut(&mut Self)) {
        item(self);
        while self.takes(",") {
            item(self);
        }
        self.end();
    }

    /// `D 1..4` or `P = (H − K) / S + 1`.
    fn size(&mut self) {
        let name = self.name();
        let rule = if self.takes("=") {
            Rule::Formula(self.index())
        } else {
            let from = self.integer();
            self.expect("..");
            Rule::Drawn(from, self.integer())
        };
        self.program.sizes.push(Size { name, rule });
    }

    /// `w[D, M]`, perhaps with `< bound`.
    fn array(&mut self, role: impl Fn(Option<Index>) -> Role) {
        let name = self.name();
        let shape = self.indices();
        let bound = self.takes("<").then(|| self.index());
        self.program.arrays.push(Array { name, role: role(bound), shape });
    }

    fn integer(&mut self) -> i64 {
        let value = self.peek().parse();
        self.at += 1;
        value.unwrap_or_else(|_| self.fail("an integer was expected"))
    }

    /// `n in N`, `k in 1..K`, with `down` behind it to begin with the largest.
    fn range(&mut self) -> (usize, Index, Index, bool) {
        let name = self.name();
        if self.program.array(&name).is_some() {
            self.fail(&format!("`{name}` is an array already"));
        }
        let known = self.program.variables.iter().position(|other| *other == name);
        let variable = known.unwrap_or_else(|| {
            self.program.variables.push(name);
            self.program.variables.len() - 1
        });
        self.expect("in");
        let first = self.index();
        let (from, to) = if self.takes("..") { (first, self.index()) } else { (Index::Constant(0), first) };
        (variable, from, to, self.takes("down"))
    }

    /// `[i, j]`, or nothing.
    fn indices(&mut self) -> Vec<Index> {
        let mut indices = Vec::new();
        if self.takes("[") {
            indices.push(self.index());
            while self.takes(",") {
                indices.push(self.index());
            }
            self.expect("]");
        }
        indices
    }

    fn index(&mut self) -> Index {
        let mut left = self.index_product();
        while ["+", "-"].contains(&self.peek()) {
            let sign = self.name().chars().next().unwrap_or('+');
            left = Index::Binary(sign, Box::new(left), Box::new(self.index_product()));
        }
        left
    }

    fn index_product(&mut self) -> Index {
        let mut left = self.index_atom();
        while ["*", "/", "%"].contains(&self.peek()) {
            let sign = self.name().chars().next().unwrap_or('*');
            left = Index::Binary(sign, Box::new(left), Box::new(self.index_atom()));
        }
        left
    }

    fn index_atom(&mut self) -> Index {
        if self.takes("(") {
            let inner = self.index();
            self.expect(")");
            return inner;
        }
        if self.peek().starts_with(|c: char| c.is_ascii_digit()) {
            return Index::Constant(self.integer());
        }
        let name = self.peek();
        if let Some(index) = self.integer_named(name) {
            self.at += 1;
            return index;
        }
        Index::Element(self.place())
    }

    /// A variable or a size of this name.
    fn integer_named(&self, name: &str) -> Option<Index> {
        let variable = self.program.variables.iter().position(|other| other == name).map(Index::Variable);
        variable.or_else(|| self.program.sizes.iter().position(|size| size.name == name).map(Index::Size))
    }

    fn place(&mut self) -> Place {
        let Some(array) = self.program.array(self.peek()) else { self.fail("no array has this name") };
        self.at += 1;
        let index = self.indices();
        if !index.is_empty() && index.len() != self.program.arrays[array].shape.len() {
            self.fail("the array has another number of axes");
        }
        Place { array, index }
    }

    fn condition(&mut self) -> Condition {
        let left = self.sum();
        let found = Comparison::SIGNS.into_iter().find(|(_, sign)| self.takes(sign));
        let Some((comparison, _)) = found else { self.fail("a comparison was expected") };
        Condition { comparison, left, right: self.sum() }
    }

    fn sum(&mut self) -> Expression {
        let mut left = self.product();
        loop {
            let operator = match self.peek() {
                "+" => Operator::Add,
                "-" => Operator::Subtract,
                _ => return left,
            };
            self.at += 1;
            left = Expression::Binary(operator, Box::new(left), Box::new(self.product()));
        }
    }

    fn product(&mut self) -> Expression {
        let mut left = self.atom();
        loop {
            let operator = match self.peek() {
                "*" => Operator::Multiply,
                "/" => Operator::Divide,
                _ => return left,
            };
            self.at += 1;
            left = Expression::Binary(operator, Box::new(left), Box::new(self.atom()));
        }
    }

    fn atom(&mut self) -> Expression {
        if self.takes("(") {
            let inner = self.sum();
            if self.takes("if") {
                let condition = Box::new(self.condition());
                self.expect("else");
                let otherwise = self.sum();
                self.expect(")");
                return Expression::Select(condition, Box::new(inner), Box::new(otherwise));
            }
            self.expect(")");
            return inner;
        }
        if self.takes("-") {
            return Expression::Unary(Function::Negate, Box::new(self.atom()));
        }
        if self.takes("max") {
            self.expect("(");
            let left = self.sum();
            self.expect(",");
            let right = self.sum();
            self.expect(")");
            return Expression::Binary(Operator::Max, Box::new(left), Box::new(right));
        }
        if let Some((function, _)) = Function::NAMES.into_iter().find(|(_, name)| self.takes(name)) {
            self.expect("(");
            let argument = self.sum();
            self.expect(")");
            return Expression::Unary(function, Box::new(argument));
        }
        if self.peek().starts_with(|c: char| c.is_ascii_digit()) {
            let value = self.peek().parse();
            self.at += 1;
            return Expression::Constant(value.unwrap_or_else(|_| self.fail("a number was expected")));
        }
        let name = self.peek();
        if let Some(index) = self.integer_named(name) {
            self.at += 1;
            return Expression::Integer(index);
        }
        Expression::Read(self.place())
    }
}
