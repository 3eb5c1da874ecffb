//! Operations that are an expression and nothing else: a program's own, and the vector-Jacobian products that follow from
//! expressions.

use super::operation::{Mismatch, Operation, VjpContext};
use super::shape::Type;
use super::{Graph, Var};
use crate::kernel::{Expr, Form};
use std::panic::Location;
use std::sync::Arc;

#[derive(Debug)]
struct Elementwise {
    name: &'static str,
    expr: Expr,
}

impl Operation for Elementwise {
    fn name(&self) -> &'static str {
        self.name
    }

    fn attributes(&self) -> String {
        self.expr.to_string()
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{} {:?}", self.name, self.expr.nodes()))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        let none = || Mismatch::new("it is given no operand", "give as many as the expression reads");
        inputs.first().cloned().ok_or_else(none)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(self.expr.clone())
    }
}

impl Graph {
    /// Records an expression of some operands of equal shape, element by element, under a name for drawings. Its derivative
    /// follows from the expression.
    ///
    /// ```
    /// use retrograde::Graph;
    /// use retrograde::kernel::Expr;
    ///
    /// let x = Expr::input(0);
    /// let leaky = Expr::select(x.gt(0.0), x.clone(), 0.1 * x);
    /// let graph = Graph::new();
    /// let p = graph.parameter("p", [-2.0, 3.0]);
    /// let y = graph.elementwise("leaky_relu", leaky, &[&p]);
    /// assert_eq!(y.value()?.values(), [-0.2, 3.0]);
    /// assert_eq!(y.sum_all().backward()?.wrt(&p)?.value()?.values(), [0.1, 1.0]);
    /// # Ok::<(), retrograde::Error>(())
    /// ```
    #[track_caller]
    pub fn elementwise(&self, name: &'static str, expr: Expr, inputs: &[&Var]) -> Var {
        self.record(Arc::new(Elementwise { name, expr }), inputs, Location::caller())
    }
}

/// The vector-Jacobian product of an elementwise operation, derived from its expression and recorded. Empty for other forms.
pub(crate) fn vjp(context: &VjpContext<'_>) -> Vec<Option<Var>> {
    let node = context.output().node();
    let Some(Form::Elementwise(expr)) = node.form() else {
        // Refused, as no list of gradients for the inputs.
        return Vec::new();
    };
    // Behind the inputs, the upstream gradient and the output.
    let mut operands: Vec<&Var> = context.inputs().iter().collect();
    let (upstream, output) = (Expr::input(operands.len()), Expr::input(operands.len() + 1));
    operands.extend([context.upstream(), context.output()]);
    let record = |gradient: Expr| {
        if gradient == upstream {
            return context.upstream().clone();
        }
        let read: Vec<usize> = (0..operands.len()).filter(|&operand| gradient.reads(operand)).collect();
        let place = |operand| Expr::input(read.iter().position(|&other| other == operand).unwrap_or(0));
        let read_by: Vec<&Var> = read.iter().map(|&operand| operands[operand]).collect();
        context.output().graph().elementwise("vjp", gradient.substitute(place), &read_by)
    };
    let gradients = expr.vjp(&upstream, Some(&output)).into_iter().enumerate();
    gradients
        .map(|(input, gradient)| {
            let flows =
                |gradient: &Expr| context.needs_gradient(input) && gradient.as_constant() != Some(0.0);
            gradient.filter(flows).map(record)
        })
        .collect()
}
