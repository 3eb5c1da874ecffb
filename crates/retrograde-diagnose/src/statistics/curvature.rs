//! The largest eigenvalue of the Hessian of the loss, by power iteration with Hessian-vector products.

use crate::run::{AnyPlan, build};
use crate::training::{Rows, Training};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::Result;
use retrograde_core::graph::{Graph, Leaf, Tensor, Var};
use retrograde_core::plan::Planner;
use retrograde_train::nn::{Context, Mode, Model, Precision};

/// Products at most. Power iteration gains a factor of the two largest eigenvalues' ratio each time; 30 are enough for three digits
/// of the spectra of small networks, whose largest eigenvalue stands out.
const PRODUCTS: usize = 30;

/// The loss of a fixed batch with its Hessian-vector products. B. Pearlmutter, "Fast exact multiplication by the Hessian", 1994.
#[derive(Debug)]
pub(crate) struct Curvature {
    plan: AnyPlan,
    values: Vec<Var>,
    directions: Vec<Var>,
    products: Vec<Var>,
}

impl Curvature {
    /// Of the loss of a training on these rows, without dropout.
    pub(crate) fn new(training: &Training, rows: &Rows) -> Result<Self> {
        let model = build(training)?;
        let graph = Graph::new();
        let x = graph.input("x", rows.x().shape());
        let targets = graph.input("t", rows.targets().shape());
        let (context, values) = Context::new(&graph, Mode::Evaluate, model.parameters());
        let recorded = training.network.record_all(&context, &x);
        let output = recorded.last().cloned().unwrap_or_else(|| x.clone()).checked()?;
        let loss = training.loss.record(&output, &targets).checked()?;
        let is_parameter = |var: &&Var| matches!(var.node().leaf(), Some(Leaf::Parameter(_)));
        let parameters: Vec<Var> = values.iter().filter(is_parameter).cloned().collect();
        let gradients = loss.backward()?;
        let mut directions = Vec::new();
        let mut slope = graph.full([], 0.0);
        for parameter in &parameters {
            let name = format!("direction.{}", parameter.node().label());
            let direction = graph.input(&name, parameter.shape());
            slope = slope + (gradients.wrt_or_zero(parameter)? * &direction).sum_all();
            directions.push(direction);
        }
        let second = slope.backward()?;
        let products = parameters.iter().map(|var| second.wrt_or_zero(var)).collect::<Result<Vec<Var>>>()?;
        // The products of a squared error do not depend on the targets, which the plan keeps for the loss.
        let planner = Planner::new(&graph).fetch(&loss).fetch_all(&products).fetch_all(&values);
        let mut plan = AnyPlan::compile(planner, Precision::F64)?;
        for (var, numbers) in [(&x, rows.x()), (&targets, rows.targets())] {
            plan.set(var, numbers.values())?;
        }
        Ok(Curvature { plan, values, directions, products })
    }

    /// The eigenvalue of largest size at these parameters and buffers. None if it is not finite.
    pub(crate) fn largest_eigenvalue(&mut self, values: &[Tensor]) -> Result<Option<f64>> {
        for (var, value) in self.values.iter().zip(values) {
            self.plan.set(var, value.values())?;
        }
        let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
        let mut vectors: Vec<Vec<f64>> = self
            .directions
            .iter()
            .map(|var| (0..var.shape().elements()).map(|_| StandardNormal.sample(&mut random)).collect())
            .collect();
        let mut found = 0.0;
        for _ in 0..PRODUCTS {
            let size = vectors.iter().flatten().map(|value| value * value).sum::<f64>().sqrt();
            if !(size.is_finite() && size > 0.0) {
                return Ok((size == 0.0).then_some(0.0));
            }
            for (var, vector) in self.directions.iter().zip(&mut vectors) {
                vector.iter_mut().for_each(|value| *value /= size);
                self.plan.set(var, vector)?;
            }
            self.plan.run()?;
            let before = found;
            found = 0.0;
            for (product, vector) in self.products.iter().zip(&mut vectors) {
                let product = self.plan.value(product)?.into_values();
                found += product.iter().zip(&*vector).map(|(a, b)| a * b).sum::<f64>();
                *vector = product;
            }
            if (found - before).abs() < 1e-12 * found.abs() {
                break;
            }
        }
        Ok(found.is_finite().then_some(found))
    }
}
