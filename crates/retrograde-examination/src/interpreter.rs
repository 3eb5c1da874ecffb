//! The interpreter of programs, generic over the number type.

use std::fmt;
use std::rc::Rc;

use crate::number::Number;
use crate::program::{
    Comparison, Condition, Expression, Function, Index, Operator, Place, Program, Role, Rule, Statement,
};

/// An error of a running program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuntimeError {
    /// An index beyond its axis.
    OutOfRange {
        /// The array.
        array: String,
        /// Its index.
        index: i64,
        /// The length of the axis.
        length: usize,
    },
    /// A size of zero or less, an input of another shape, a division of an index by zero.
    Shape(String),
}

impl fmt::Display for RuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RuntimeError::OutOfRange { array, index, length } => {
                write!(f, "index {index} of `{array}` is out of range: its axis has {length} elements")
            }
            RuntimeError::Shape(problem) => f.write_str(problem),
        }
    }
}

/// A program with its arrays.
#[derive(Debug, Clone)]
pub struct Interpreter<T> {
    program: Rc<Program>,
    sizes: Vec<i64>,
    free: Vec<usize>,
    memory: Vec<Vec<T>>,
    shapes: Vec<Vec<usize>>,
    variables: Vec<i64>,
}

impl<T: Number> Interpreter<T> {
    /// With these sizes, and all numbers 0.
    pub fn new(program: Rc<Program>, sizes: Vec<i64>) -> Result<Self, RuntimeError> {
        let free = program.free_sizes();
        let variables = vec![0; program.variables.len()];
        let mut interpreter =
            Interpreter { program, sizes, free, memory: Vec::new(), shapes: Vec::new(), variables };
        interpreter.allocate()?;
        Ok(interpreter)
    }

    /// The program that it runs.
    pub fn program(&self) -> &Rc<Program> {
        &self.program
    }

    /// The shape of an array.
    pub fn shape(&self, array: usize) -> &[usize] {
        &self.shapes[array]
    }

    /// The numbers of an array.
    pub fn numbers(&self, array: usize) -> &[T] {
        &self.memory[array]
    }

    /// Puts numbers into an array.
    ///
    /// # Panics
    ///
    /// When there are not as many as elements.
    pub fn fill(&mut self, array: usize, numbers: impl IntoIterator<Item = T>) {
        let mut given = numbers.into_iter();
        for element in &mut self.memory[array] {
            *element = given.next().expect("as many numbers as elements");
        }
        assert!(given.next().is_none(), "as many elements as numbers");
    }

    /// Takes an input of this shape: arrays of another shape than before begin with zeros, but for what was drawn.
    pub fn take_shape(&mut self, shape: &[usize]) -> Result<(), RuntimeError> {
        let input = self.program.with_role(&Role::Input);
        if self.shapes[input] == shape {
            return Ok(());
        }
        let declared = &self.program.arrays[input].shape;
        let before = self.sizes.clone();
        let mut fits = declared.len() == shape.len();
        for (length, &given) in declared.iter().zip(shape) {
            if let Index::Size(size) = length
                && self.free.contains(size)
            {
                self.sizes[*size] = given as i64;
            }
        }
        for (size, declaration) in self.program.sizes.iter().enumerate() {
            if let Rule::Formula(formula) = &declaration.rule {
                self.sizes[size] = self.integer(formula)?;
            }
        }
        for (length, &given) in declared.iter().zip(shape) {
            fits &= self.integer(length)? == given as i64;
        }
        if !fits {
            let expected = self.shapes[input].clone();
            self.sizes = before;
            return Err(RuntimeError::Shape(format!(
                "the input has shape {shape:?} where {expected:?} was expected"
            )));
        }
        self.allocate().inspect_err(|_| self.sizes = before)
    }

    fn allocate(&mut self) -> Result<(), RuntimeError> {
        let mut shapes = Vec::new();
        for array in &self.program.arrays {
            let mut shape = Vec::new();
            for length in &array.shape {
                let value = self.integer(length)?;
                if value < 1 {
                    return Err(RuntimeError::Shape(format!(
                        "an axis of `{}` would have length {value}",
                        array.name
                    )));
                }
                shape.push(value as usize);
            }
            shapes.push(shape);
        }
        for (array, shape) in shapes.iter().enumerate() {
            let kept = self.shapes.get(array) == Some(shape)
                && matches!(self.program.arrays[array].role, Role::Indices(_) | Role::Mask | Role::Parameter);
            if self.memory.len() <= array {
                self.memory.push(Vec::new());
            }
            if !kept {
                self.memory[array] = vec![T::of(0.0); shape.iter().product()];
            }
        }
        self.shapes = shapes;
        Ok(())
    }

    /// Runs forward.
    pub fn forward(&mut self) -> Result<(), RuntimeError> {
        let program = Rc::clone(&self.program);
        self.forget_locals();
        self.block(&program.forward)
    }

    /// Runs backward.
    pub fn backward(&mut self) -> Result<(), RuntimeError> {
        let program = Rc::clone(&self.program);
        self.forget_locals();
        self.block(&program.backward)
    }

    /// Local arrays start as NaN, so that a read before a write is visible.
    fn forget_locals(&mut self) {
        for (array, memory) in self.program.arrays.iter().zip(&mut self.memory) {
            if array.role == Role::Local {
                memory.fill(T::of(f64::NAN));
            }
        }
    }

    fn block(&mut self, statements: &[Statement]) -> Result<(), RuntimeError> {
        for statement in statements {
            match statement {
                Statement::Assign(place, operator, value) => {
                    let value = self.expression(value)?;
                    if place.index.is_empty() {
                        for position in 0..self.memory[place.array].len() {
                            self.store(place.array, position, *operator, value);
                        }
                    } else {
                        let position = self.position(place)?;
                        self.store(place.array, position, *operator, value);
                    }
                }
                Statement::For { variable, from, to, down, body } => {
                    let (from, to) = (self.integer(from)?, self.integer(to)?);
                    for step in 0..to - from {
                        self.variables[*variable] = if *down { to - 1 - step } else { from + step };
                        self.block(body)?;
                    }
                }
                Statement::If(conditions, body) => {
                    let mut holds = true;
                    for condition in conditions {
                        holds = holds && self.condition(condition)?;
                    }
                    if holds {
                        self.block(body)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn store(&mut self, array: usize, position: usize, operator: Option<Operator>, value: T) {
        let element = &mut self.memory[array][position];
        *element = operator.map_or(value, |operator| binary(operator, *element, value));
    }

    fn position(&self, place: &Place) -> Result<usize, RuntimeError> {
        let mut position = 0;
        for (index, &length) in place.index.iter().zip(&self.shapes[place.array]) {
            let index = self.integer(index)?;
            if index < 0 || index >= length as i64 {
                let array = self.program.arrays[place.array].name.clone();
                return Err(RuntimeError::OutOfRange { array, index, length });
            }
            position = position * length + index as usize;
        }
        Ok(position)
    }

    fn integer(&self, index: &Index) -> Result<i64, RuntimeError> {
        Ok(match index {
            Index::Constant(value) => *value,
            Index::Variable(variable) => self.variables[*variable],
            Index::Size(size) => self.sizes[*size],
            Index::Element(place) => self.memory[place.array][self.position(place)?].value() as i64,
            Index::Binary(sign, left, right) => {
                let (left, right) = (self.integer(left)?, self.integer(right)?);
                match sign {
                    '+' => left + right,
                    '-' => left - right,
                    '*' => left * right,
                    _ if right == 0 => return Err(RuntimeError::Shape("an index is divided by 0".into())),
                    '/' => left / right,
                    _ => left % right,
                }
            }
        })
    }

    fn condition(&self, condition: &Condition) -> Result<bool, RuntimeError> {
        let (left, right) = (self.expression(&condition.left)?, self.expression(&condition.right)?);
        let (less, greater) = (left.is_less(right), right.is_less(left));
        Ok(match condition.comparison {
            Comparison::Less => less,
            Comparison::LessOrEqual => !greater,
            Comparison::Greater => greater,
            Comparison::GreaterOrEqual => !less,
            Comparison::Equal => !less && !greater,
        })
    }

    fn expression(&self, expression: &Expression) -> Result<T, RuntimeError> {
        Ok(match expression {
            Expression::Constant(value) => T::of(*value),
            Expression::Integer(index) => T::of(self.integer(index)? as f64),
            Expression::Read(place) => self.memory[place.array][self.position(place)?],
            Expression::Unary(function, inner) => {
                let value = self.expression(inner)?;
                match function {
                    Function::Negate => -value,
                    Function::Exp => value.exp(),
                    Function::Ln => value.ln(),
                    Function::Tanh => value.tanh(),
                    Function::Sqrt => value.sqrt(),
                    Function::Abs => value.abs(),
                }
            }
            Expression::Binary(operator, left, right) => {
                binary(*operator, self.expression(left)?, self.expression(right)?)
            }
            Expression::Select(condition, yes, no) => {
                self.expression(if self.condition(condition)? { yes } else { no })?
            }
        })
    }
}

fn binary<T: Number>(operator: Operator, left: T, right: T) -> T {
    match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Max => left.max(right),
    }
}
