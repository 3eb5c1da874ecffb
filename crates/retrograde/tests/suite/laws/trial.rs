//! A sample made ready: its inputs drawn and the operation recorded.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde::graph::Kind;
use retrograde::ops::{Given, Record, Sample};
use retrograde::{Gradients, Graph, Result, Tensor, Var};

/// No two real numbers of a sample are closer to each other, or to zero, so that no difference that is taken steps over
/// a kink; unless their range leaves no room.
const APART: f64 = 1e-3;

/// A sample recorded in a graph of its own.
pub struct Trial {
    pub graph: Graph,
    /// Real ones are parameters.
    pub variables: Vec<Var>,
    pub record: Record,
    pub output: Var,
    /// The same by its spelling in simpler operations.
    pub spelling: Option<Var>,
    /// A random upstream gradient, a parameter too.
    pub upstream: Var,
}

impl Trial {
    pub fn new(sample: &Sample, seed: u64) -> Self {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut taken = vec![0.0];
        let graph = Graph::new();
        let variables: Vec<Var> = sample
            .given
            .iter()
            .enumerate()
            .map(|(number, given)| variable(&graph, number, given, &mut taken, &mut random))
            .collect();
        let record = sample.record;
        let output = record(&variables).checked().expect("a sample can be recorded");
        let spelling =
            sample.spelling.map(|spelling| spelling(&variables).checked().expect("and its spelling"));
        // Between a half and two in size, of either sign: no part of the output is weighed by nearly nothing.
        let mut weight =
            |_| f64::from(random.random_range(0.5..2.0_f32)) * if random.random() { 1.0 } else { -1.0 };
        let upstream = graph.parameter("upstream", Tensor::from_fn(output.shape(), &mut weight));
        Trial { graph, variables, record, output, spelling, upstream }
    }

    /// The variables that have a gradient.
    pub fn reals(&self) -> Vec<Var> {
        self.variables.iter().filter(|var| var.kind() == Kind::Real).cloned().collect()
    }

    /// Whether the output has a gradient, which indices have not.
    pub fn is_real(&self) -> bool {
        self.output.kind() == Kind::Real
    }

    /// The gradients of the real variables of Σ output · upstream, zero where nothing flows.
    pub fn gradients(&self) -> Result<Vec<Var>> {
        gradients_of(&self.output.backward_from(&self.upstream)?, &self.reals())
    }
}

/// The gradients with respect to `variables`, zero where nothing flows.
pub fn gradients_of(gradients: &Gradients, variables: &[Var]) -> Result<Vec<Var>> {
    variables.iter().map(|variable| gradients.wrt_or_zero(variable)).collect()
}

/// The values that a parameter starts from.
pub fn start(parameter: &Var) -> Tensor {
    parameter.value().expect("a parameter has a value")
}

/// The same; nothing for indices.
pub fn start_or_none(variable: &Var) -> Option<Tensor> {
    (variable.kind() == Kind::Real).then(|| start(variable))
}

fn variable(
    graph: &Graph,
    number: usize,
    given: &Given,
    taken: &mut Vec<f64>,
    random: &mut Xoshiro256PlusPlus,
) -> Var {
    let name = format!("x{number}");
    match given {
        Given::Real { shape, low, high } => {
            let values = Tensor::from_fn(shape, |_| draw(*low, *high, taken, random));
            graph.parameter(&name, values)
        }
        Given::Exact(tensor) => graph.parameter(&name, tensor.clone()),
        Given::Index { shape, below } => {
            let values: Vec<u32> = (0..shape.elements()).map(|_| random.random_range(0..*below)).collect();
            graph.indices(&name, shape, values)
        }
    }
}

/// A number that an `f32` holds exactly, apart from those taken.
fn draw(low: f64, high: f64, taken: &mut Vec<f64>, random: &mut Xoshiro256PlusPlus) -> f64 {
    let mut number = 0.0;
    for _ in 0..100 {
        number = f64::from(random.random_range(low..high) as f32);
        if taken.iter().all(|other: &f64| (other - number).abs() >= APART) {
            break;
        }
    }
    taken.push(number);
    number
}
