//! A case with its inputs drawn and its operation recorded.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde::graph::Kind;
use retrograde::ops::{InputSpec, OpCase, RecordFn};
use retrograde::{Gradients, Graph, Result, Tensor, Var};

/// The least distance of two real numbers of a case, and of each to zero, so that no finite difference crosses a kink. A
/// small range may make this impossible.
const MIN_DISTANCE: f64 = 1e-3;

/// A case recorded in its own graph.
pub struct Trial {
    pub graph: Graph,
    /// The inputs; real ones are parameters.
    pub variables: Vec<Var>,
    pub record: RecordFn,
    pub output: Var,
    /// The reference by simpler operations: that of the case, or the decomposition of the operation.
    pub reference: Option<Var>,
    /// A random upstream gradient, also a parameter.
    pub upstream: Var,
}

impl Trial {
    pub fn new(case: &OpCase, seed: u64) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut taken = vec![0.0];
        let graph = Graph::new();
        let variables: Vec<Var> = case
            .inputs
            .iter()
            .enumerate()
            .map(|(index, input)| variable(&graph, index, input, &mut taken, &mut random))
            .collect();
        let record = case.record;
        let output = record(&variables).checked().expect("a valid case");
        let node = output.node();
        let decomposition = || {
            let ids: Vec<_> = variables.iter().map(Var::id).collect();
            let operation = node.operation().filter(|_| node.inputs == ids)?;
            graph.recorded_at(node.location.clone(), || operation.decomposition(&variables))
        };
        let reference = case.reference.map(|reference| reference(&variables)).or_else(decomposition);
        let reference = reference.map(|reference| reference.checked().expect("a valid reference"));
        // Between a half and two in size, of either sign, so that every part of the output counts.
        let mut weight =
            |_| f64::from(random.random_range(0.5..2.0_f32)) * if random.random() { 1.0 } else { -1.0 };
        let upstream = graph.parameter("upstream", Tensor::from_fn(output.shape(), &mut weight).unwrap());
        Trial { graph, variables, record, output, reference, upstream }
    }

    /// The variables that have a gradient.
    pub fn reals(&self) -> Vec<Var> {
        self.variables.iter().filter(|var| var.kind() == Kind::Real).cloned().collect()
    }

    /// Whether the output has a gradient, which indices have not.
    pub fn is_real(&self) -> bool {
        self.output.kind() == Kind::Real
    }

    /// The gradients of Σ output · upstream with respect to the real variables; zeros where there is none.
    pub fn gradients(&self) -> Result<Vec<Var>> {
        gradients_of(&self.output.backward_from(&self.upstream)?, &self.reals())
    }
}

/// The gradients with respect to `variables`; zeros where there is none.
pub fn gradients_of(gradients: &Gradients, variables: &[Var]) -> Result<Vec<Var>> {
    variables.iter().map(|variable| gradients.wrt_or_zero(variable)).collect()
}

/// The initial value of a parameter.
pub fn start(parameter: &Var) -> Tensor {
    parameter.value().expect("a parameter has a value")
}

/// The initial value of a parameter; `None` for indices.
pub fn start_or_none(variable: &Var) -> Option<Tensor> {
    (variable.kind() == Kind::Real).then(|| start(variable))
}

fn variable(
    graph: &Graph,
    index: usize,
    input: &InputSpec,
    taken: &mut Vec<f64>,
    random: &mut Xoshiro256PlusPlus,
) -> Var {
    let name = format!("x{index}");
    match input {
        InputSpec::Real { shape, low, high } => {
            let values = Tensor::from_fn(shape, |_| draw(*low, *high, taken, random)).unwrap();
            graph.parameter(&name, values)
        }
        InputSpec::Exact(tensor) => graph.parameter(&name, tensor.clone()),
        InputSpec::Index { shape, below } => {
            let values: Vec<u32> = (0..shape.elements()).map(|_| random.random_range(0..*below)).collect();
            graph.indices(&name, shape, values)
        }
    }
}

/// A random number that an `f32` represents exactly, with the least distance to those in `taken`.
fn draw(low: f64, high: f64, taken: &mut Vec<f64>, random: &mut Xoshiro256PlusPlus) -> f64 {
    let mut number = 0.0;
    for _ in 0..100 {
        number = f64::from(random.random_range(low..high) as f32);
        if taken.iter().all(|other: &f64| (other - number).abs() >= MIN_DISTANCE) {
            break;
        }
    }
    taken.push(number);
    number
}
