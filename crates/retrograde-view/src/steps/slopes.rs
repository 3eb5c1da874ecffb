//! The slopes of one operation alone: what an element of its result makes of each number it is made from.
//!
//! They come from the operation's own derivative, recorded anew in a graph of its own, so they are there for every
//! operation, a program's own included. A row of the Jacobian is one walk back; a column is the derivative of that walk.

use super::super::trace::{Trace, TracedNode, Value};
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Leaf, Tensor, Var};
use retrograde_core::plan::Planner;
use std::sync::Arc;

/// One operation in a graph of its own, with the values that its inputs have.
pub(super) struct Alone {
    /// Those that have a gradient; `None` of the others.
    inputs: Vec<Option<Var>>,
    output: Var,
}

impl Alone {
    /// `None` when it is no operation, or has no numbers to begin with.
    pub(super) fn new(trace: &Trace, node: &TracedNode) -> Option<Self> {
        let graph = Graph::new();
        let mut vars = Vec::new();
        let mut inputs = Vec::new();
        for (place, &edge) in node.inputs.iter().enumerate() {
            let given = &trace.nodes()[trace.edges()[edge].from];
            let name = format!("x{place}");
            let (var, is_real) = match (&given.value, given.node.leaf()) {
                (Value::Real(tensor), _) => (graph.parameter(&name, Tensor::clone(tensor)), true),
                (Value::Indices(shape, indices), _) => {
                    (graph.indices(&name, shape.clone(), Arc::clone(indices)), false)
                }
                (Value::Bytes(shape), Some(Leaf::Bytes { values, scale })) => {
                    (graph.bytes(&name, shape.clone(), values, *scale), false)
                }
                (Value::Bytes(_), _) => return None,
            };
            inputs.push(is_real.then(|| var.clone()));
            vars.push(var);
        }
        let output = graph.re_record(&node.node, &vars.iter().collect::<Vec<_>>())?.checked().ok()?;
        Some(Alone { inputs, output })
    }

    /// How an element of the output grows with each number of each input.
    pub(super) fn row(&self, element: usize) -> Vec<Option<Vec<f64>>> {
        let shape = self.output.shape();
        let one = Tensor::from_fn(&shape, |at| f64::from(u8::from(at == element)));
        let upstream = self.output.graph().constant(one);
        let row = |input: &Var| -> Result<Vec<f64>> {
            read(&self.output.backward_from(&upstream)?.wrt_or_zero(input)?)
        };
        self.inputs.iter().map(|input| row(input.as_ref()?).ok()).collect()
    }

    /// How each element of the output grows with one number of an input.
    pub(super) fn column(&self, input: usize, element: usize) -> Option<Vec<f64>> {
        let input = self.inputs.get(input)?.as_ref()?;
        let shape = self.output.shape();
        let upstream = self.output.graph().parameter("upstream", Tensor::full(&shape, 1.0));
        let column = || -> Result<Vec<f64>> {
            // Linear in the upstream gradient: its derivative is the column, whatever the upstream gradient is.
            let share = self.output.backward_from(&upstream)?.wrt_or_zero(input)?;
            let count = share.shape().elements();
            let chosen = share.reshape([count]).slice(0, element..=element).sum_all();
            read(&chosen.backward()?.wrt_or_zero(&upstream)?)
        };
        column().ok()
    }
}

fn read(var: &Var) -> Result<Vec<f64>> {
    let mut plan = Planner::new(var.graph()).want(var).compile::<f64>()?;
    plan.run()?;
    Ok(plan.read(var)?.to_vec())
}
