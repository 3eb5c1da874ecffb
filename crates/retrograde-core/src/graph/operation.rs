//! What an operation is.

use super::elementwise;
use super::shape::Type;
use super::var::Var;
use crate::kernel::Form;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// An operation: how its output's shape follows from its inputs', how it is carried out, and its derivative.
///
/// The library's own are in [`ops`](crate::ops), one file each. A program records its own with
/// [`Graph::apply`](super::Graph::apply); CONTRIBUTING.md has a worked example.
pub trait Operation: Any + fmt::Debug + Send + Sync {
    /// Its name, in lower case: `"relu"`.
    fn name(&self) -> &'static str;

    /// What drawings and tables show beside its name, such as the axes of a sum; `""` for nothing.
    fn attributes(&self) -> String {
        String::new()
    }

    /// What tells it from other operations of its type, in full. A plan computes operations of one type, equal keys and
    /// equal inputs once (common subexpression elimination). With `None` it is never merged with another.
    ///
    /// By default only a type without fields has a key: its values are all the same. An operation whose derived `Debug`
    /// shows all that its value depends on may return `Some(format!("{self:?}"))`.
    fn merge_key(&self) -> Option<String> {
        (size_of_val(self) == 0).then(String::new)
    }

    /// The output's type, or why the inputs do not fit.
    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch>;

    /// How it is executed. Asked once, when the operation is recorded; the [node](super::Node::form) keeps the answer, and
    /// all that is validated, planned and executed is that answer. It must be able to make what [`infer`](Self::infer)
    /// promises, or the operation is refused: a [`Form::Elementwise`] takes as many real inputs as its expression,
    /// of the output's shape; a [`Form::View`] reads one input within its shape; a [`Form::Reshape`] keeps the number of
    /// elements; the output of [`Form::Rows`] falls into rows of equal length.
    fn form(self: Arc<Self>) -> Form;

    /// The vector-Jacobian product: for each input, the upstream gradient times the derivative of the output
    /// with respect to that input, recorded as more graph, of that input's shape. One entry for each input, `None` where nothing flows: for indices, for inputs
    /// [not wanted](Site::wants), and where the derivative is zero throughout.
    ///
    /// By default it is derived from the expression of an elementwise operation. Of any other form it must be given: without
    /// it, a gradient through the operation is refused.
    fn derivative(&self, site: &Site<'_>) -> Vec<Option<Var>> {
        elementwise::vjp(site)
    }

    /// The input that the output equals whatever the others are, given the numbers that inputs have throughout
    /// where those are known: a product with ones is the other factor. A plan leaves such an operation out, if that input
    /// has the output's type.
    fn passes_through(&self, uniform: &[Option<f64>]) -> Option<usize> {
        let _ = uniform;
        None
    }

    /// For an input in which the operation is linear: what moving element `element` of input `input` by one adds to
    /// which elements of the output, told to `adds` as (element of the output, what is added) while the other inputs
    /// have these values, row by row. Returns whether it told. A gradient check that moves one number of a large input
    /// after the other is spared the whole operation.
    fn moves(
        &self,
        input: usize,
        element: usize,
        types: &[Type],
        values: &[&[f64]],
        adds: &mut dyn FnMut(usize, f64),
    ) -> bool {
        let _ = (input, element, types, values, adds);
        false
    }

    /// For an input of indices: every index must be below this. `output` is the same bound on the operation's
    /// own output, if that is made of indices and something bounds it.
    fn index_bound(&self, input: usize, inputs: &[Type], output: Option<usize>) -> Option<usize> {
        let _ = (input, inputs, output);
        None
    }
}

/// Why an operation cannot take its operands. The graph adds the operation's name and the user's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What does not fit, with the shapes.
    pub problem: String,
    /// What would.
    pub remedy: String,
}

impl Mismatch {
    /// Why, and what would be right.
    pub fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Mismatch { problem: problem.into(), remedy: remedy.into() }
    }
}

/// Where a derivative is taken: one node of the forward pass, with the gradient that arrives at it.
#[derive(Debug)]
pub struct Site<'a> {
    pub(crate) inputs: &'a [Var],
    pub(crate) output: &'a Var,
    pub(crate) upstream: &'a Var,
    pub(crate) wanted: &'a [bool],
}

impl Site<'_> {
    /// The forward value of an input.
    pub fn input(&self, index: usize) -> &Var {
        &self.inputs[index]
    }

    /// All inputs' forward values.
    pub fn inputs(&self) -> &[Var] {
        self.inputs
    }

    /// The forward value of the output.
    pub fn output(&self) -> &Var {
        self.output
    }

    /// The gradient of the loss with respect to the output.
    pub fn upstream(&self) -> &Var {
        self.upstream
    }

    /// Whether the gradient with respect to this input is needed.
    pub fn wants(&self, index: usize) -> bool {
        self.wanted[index]
    }

    /// Records the gradient with respect to an input if it is needed.
    pub fn when_wanted(&self, index: usize, gradient: impl FnOnce() -> Var) -> Option<Var> {
        self.wants(index).then(gradient)
    }
}
