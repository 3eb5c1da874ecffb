//! The trait of all operations.

use super::elementwise;
use super::shape::Type;
use super::var::Var;
use crate::kernel::Form;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// An operation: its shape rule, its form (how it is executed), and its vector-Jacobian product.
///
/// The operations of the library are in [`ops`](crate::ops), one file each. A program records its own with
/// [`Graph::apply`](super::Graph::apply). CONTRIBUTING.md has a worked example.
pub trait Operation: Any + fmt::Debug + Send + Sync {
    /// The name in lower case: `"relu"`.
    fn name(&self) -> &'static str;

    /// The attributes that drawings and tables show beside the name, for example the axes of a sum.
    fn attributes(&self) -> String {
        String::new()
    }

    /// The key for common subexpression elimination. A plan merges two operations if they have the same type, equal keys
    /// and equal inputs. An operation with the key `None` is never merged.
    ///
    /// By default only a type without fields has a key. An operation whose derived `Debug` shows every field that its
    /// result depends on may return `Some(format!("{self:?}"))`.
    fn merge_key(&self) -> Option<String> {
        (size_of_val(self) == 0).then(String::new)
    }

    /// The shape rule: the type of the output, or why the inputs are invalid.
    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch>;

    /// How it is executed. The graph calls this once, when the operation is recorded. The [node](super::Node::form) keeps
    /// the form, which is then validated, planned and executed.
    ///
    /// The form must be able to compute the type that [`infer`](Self::infer) returns, or recording is an error:
    /// [`Form::Elementwise`] takes as many real inputs as its expression, of the output's shape; [`Form::View`] reads one
    /// input within its bounds; [`Form::Reshape`] keeps the number of elements; the output of [`Form::Rows`] is a whole
    /// number of rows of equal length.
    fn form(self: Arc<Self>) -> Form;

    /// Records the vector-Jacobian product: for each input, the upstream gradient times the derivative of the output with
    /// respect to that input, in the shape of the input. One entry for each input. An entry is `None` for indices, for
    /// inputs whose gradient is [not needed](VjpContext::needs_gradient), and where the derivative is zero everywhere.
    ///
    /// The default derives it from the expression of an elementwise operation. Operations of another form must implement
    /// it: without it, a gradient through the operation is an error.
    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        elementwise::vjp(context)
    }

    /// Records the same result by simpler operations, if this is a composition of others. Drawings show its arithmetic.
    fn decomposition(&self, inputs: &[Var]) -> Option<Var> {
        let _ = inputs;
        None
    }

    /// Records values within the operation by simpler operations, each with its name: the weights of attention. Drawings show them
    /// beside the result. By default none.
    fn intermediate_values(&self, inputs: &[Var]) -> Vec<(&'static str, Var)> {
        let _ = inputs;
        Vec::new()
    }

    /// The value as a formula with these names of the inputs; by default a call, `sum(x)`.
    fn notation(&self, inputs: &[String]) -> String {
        format!("{}({})", self.name(), inputs.join(", "))
    }

    /// The input that the output is equal to, if there is one: a product with ones equals the other factor. `uniform` has
    /// the value of each input whose elements are all known to be equal. A plan removes an identity whose input has the
    /// type of the output.
    fn identity_of(&self, uniform: &[Option<f64>]) -> Option<usize> {
        let _ = uniform;
        None
    }

    /// Where the only input stands in the output, if all other elements are zeros: an axis, and the number of zeros before it
    /// along this axis. The gradient of a value with several slices is then one concatenation.
    fn placement(&self) -> Option<(usize, usize)> {
        None
    }

    /// Reports the nonzeros of one column of the Jacobian, for an input in which the operation is linear: calls `emit` with
    /// (output element, derivative with respect to element `element` of input `input`). `values` are the inputs in
    /// row-major order. Returns false if unsupported. The gradient check uses it to avoid evaluating the whole operation
    /// for each element of a large input.
    fn jacobian_column(
        &self,
        input: usize,
        element: usize,
        types: &[Type],
        values: &[&[f64]],
        emit: &mut dyn FnMut(usize, f64),
    ) -> bool {
        let _ = (input, element, types, values, emit);
        false
    }

    /// The exclusive upper bound of an input of indices. `output` is the bound of the operation's own output, if that is
    /// made of indices and bounded.
    fn index_bound(&self, input: usize, inputs: &[Type], output: Option<usize>) -> Option<usize> {
        let _ = (input, inputs, output);
        None
    }

    /// What the output stays below, if it is made of indices that are computed from real numbers: the length of the axis for
    /// the place of the largest element. A plan in which such an index may be out of range is refused.
    fn index_limit(&self, inputs: &[Type]) -> Option<usize> {
        let _ = inputs;
        None
    }
}

/// Why operands are invalid. The graph adds the operation's name and the source line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What is wrong, with the shapes.
    pub problem: String,
    /// What would be valid.
    pub help: String,
}

impl Mismatch {
    /// A mismatch with its problem and its help.
    pub fn new(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Mismatch { problem: problem.into(), help: help.into() }
    }
}

/// The arguments of a vector-Jacobian product: one node of the forward pass and its upstream gradient.
#[derive(Debug)]
pub struct VjpContext<'a> {
    pub(crate) inputs: &'a [Var],
    pub(crate) output: &'a Var,
    pub(crate) upstream: &'a Var,
    pub(crate) needed: &'a [bool],
}

impl VjpContext<'_> {
    /// The value of an input.
    ///
    /// # Panics
    /// If the operation has no input `index`, as a slice does.
    pub fn input(&self, index: usize) -> &Var {
        &self.inputs[index]
    }

    /// The values of all inputs.
    pub fn inputs(&self) -> &[Var] {
        self.inputs
    }

    /// The value of the output.
    pub fn output(&self) -> &Var {
        self.output
    }

    /// The gradient of the loss with respect to the output.
    pub fn upstream(&self) -> &Var {
        self.upstream
    }

    /// Whether the gradient with respect to this input is needed.
    pub fn needs_gradient(&self, index: usize) -> bool {
        self.needed.get(index).is_some_and(|&needed| needed)
    }

    /// Records the gradient with respect to an input if it is needed.
    pub fn if_needed(&self, index: usize, gradient: impl FnOnce() -> Var) -> Option<Var> {
        self.needs_gradient(index).then(gradient)
    }
}
