//! Law 3: where an operation is not differentiable, its slope is the one that it declares; and no such place is hidden.
//!
//! Declared kinks are compared exactly, and must really be kinks. To find those that are not declared, pointwise
//! operations are hunted through: between any two neighbouring points of a mesh, the half across which the value (or the
//! slope) changes more is halved again and again. Where a difference is left between two points that are 1e-13 apart,
//! there is a jump (or a kink), which must have been declared. Other operations are tried on numbers full of ties and
//! zeros: where the slopes of the two sides agree, the derivative must be that slope; where they differ, the operation
//! must declare kinks, and its derivative must lie between the two.

use super::trial::Trial;
use super::{entries, trials};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde::ops::{Given, Kink, Record, Sample};
use retrograde::{Graph, Plan, Planner, Result, Tensor, Var};

/// A function of several tensors: Σ weight · y, y itself, and the gradients for that weight.
struct Function {
    plan: Plan<f64>,
    inputs: Vec<Var>,
    output: Var,
    total: Var,
    gradients: Vec<Var>,
}

impl Function {
    fn new(record: Record, at: &[Tensor], weight: impl FnMut(usize) -> f64) -> Result<Self> {
        let graph = Graph::new();
        let name = |i| format!("x{i}");
        let inputs: Vec<Var> =
            at.iter().enumerate().map(|(i, at)| graph.parameter(&name(i), at.clone())).collect();
        let output = record(&inputs).checked()?;
        let weight = graph.constant(Tensor::from_fn(output.shape(), weight));
        let total = (&output * &weight).sum_all();
        let gradients = output.backward_from(&weight)?;
        let gradients =
            inputs.iter().map(|input| gradients.wrt_or_zero(input)).collect::<Result<Vec<_>>>()?;
        let planner = Planner::new(&graph).want_all([&output, &total]).want_all(&gradients).want_all(&inputs);
        let mut function = Function { plan: planner.compile()?, inputs, output, total, gradients };
        function.run(at)?;
        Ok(function)
    }

    fn run(&mut self, at: &[Tensor]) -> Result<()> {
        for (input, at) in self.inputs.iter().zip(at) {
            self.plan.set(input, at.values())?;
        }
        self.plan.run()
    }

    fn values(&mut self) -> Result<Vec<f64>> {
        Ok(self.plan.read(&self.output)?.to_vec())
    }

    fn slopes(&mut self, input: usize) -> Result<Vec<f64>> {
        Ok(self.plan.read(&self.gradients[input])?.to_vec())
    }

    /// The slope of the total to the left and to the right of one element.
    fn sides(&mut self, at: &[Tensor], input: usize, element: usize) -> Result<(f64, f64)> {
        const STEP: f64 = 1e-6;
        let mut total = |step: f64| -> Result<f64> {
            let mut at = at.to_vec();
            at[input].values_mut()[element] += step;
            self.run(&at)?;
            self.plan.scalar(&self.total)
        };
        let (left, middle, right) = (total(-STEP)?, total(0.0)?, total(STEP)?);
        Ok(((middle - left) / STEP, (right - middle) / STEP))
    }
}

/// Whether the slopes of two sides are one slope. The step of 1e-6 leaves 1e-6 times the second derivative; a slope that
/// large is a jump.
fn same(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-4 * (1.0 + left.abs()) && left.abs() < 1e5
}

#[test]
fn law_3_slopes_at_kinks_are_those_declared_and_kinks_are_real() -> Result<()> {
    for entry in entries() {
        for (number, Kink { at, record, slopes }) in (entry.kinks)().iter().enumerate() {
            let label = format!("{}, kink {number}", entry.name);
            let mut function = Function::new(*record, at, |_| 1.0)?;
            for (input, slopes) in slopes.iter().enumerate() {
                for (seen, declared) in function.slopes(input)?.iter().zip(slopes.values()) {
                    let equal = seen == declared || seen.is_nan() && declared.is_nan();
                    assert!(equal, "{label}: the slope of input {input} is {seen}, not {declared}");
                }
            }
            // No element is declared without need, where each has its own output; else at least one is a kink.
            let elements = at[0].shape().elements();
            let pointwise = function.output.shape().elements() == elements;
            let mut kinks = vec![false; elements];
            for (element, kink) in kinks.iter_mut().enumerate() {
                for input in 0..at.len() {
                    let (left, right) = function.sides(at, input, element)?;
                    *kink |= !same(left, right);
                }
            }
            let real = if pointwise { !kinks.contains(&false) } else { kinks.contains(&true) };
            assert!(real, "{label} is declared, and is none: {kinks:?}");
        }
    }
    Ok(())
}

/// The samples whose operation is pointwise on real numbers, each way of recording once.
fn pointwise(samples: Vec<Sample>) -> Vec<Sample> {
    let mut found: Vec<Sample> = Vec::new();
    for sample in samples {
        // The same function of each element: as many come out as go in.
        let real = sample.given.iter().all(|given| matches!(given, Given::Real { .. }));
        let new = !found.iter().any(|other| std::ptr::fn_addr_eq(other.record, sample.record));
        let trial = Trial::new(&sample, 1);
        let node = trial.output.node();
        let pointwise = node.form().is_some_and(|form| form.expr().is_some());
        let as_many = trial.variables.iter().all(|var| var.shape() == trial.output.shape());
        if real && new && as_many && pointwise {
            found.push(sample);
        }
    }
    found
}

/// How far two values are apart; infinitely far if one is a number and the other is not.
fn gap(a: f64, b: f64) -> f64 {
    match (a.is_finite(), b.is_finite()) {
        (true, true) => (a - b).abs(),
        (false, false) => 0.0,
        _ => f64::INFINITY,
    }
}

/// A pointwise function of one of its inputs, while the others are held: many points at a time.
struct Hunt {
    function: Function,
    at: Vec<Tensor>,
    input: usize,
}

/// What may change across a point.
#[derive(Debug, Clone, Copy)]
enum Quantity {
    Value,
    Slope,
}

/// The intervals of the mesh from -4 to 4 have this many to one; the integers and zero are among its points.
const MESH: usize = 16;

impl Hunt {
    fn new(record: Record, held: &[f64], input: usize) -> Result<Self> {
        let mut at: Vec<Tensor> = held.iter().map(|&held| Tensor::full([8 * MESH], held)).collect();
        at.insert(input, Tensor::zeros([8 * MESH]));
        Ok(Hunt { function: Function::new(record, &at, |_| 1.0)?, at, input })
    }

    /// Value and slope at each of these points.
    fn look(&mut self, points: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
        self.at[self.input].values_mut().copy_from_slice(points);
        self.function.run(&self.at)?;
        Ok((self.function.values()?, self.function.slopes(self.input)?))
    }

    fn quantity(&mut self, quantity: Quantity, points: &[f64]) -> Result<Vec<f64>> {
        let (values, slopes) = self.look(points)?;
        Ok(match quantity {
            Quantity::Value => values,
            Quantity::Slope => slopes,
        })
    }

    /// The points at which something is left when the intervals have become tiny.
    fn kinks(&mut self, quantity: Quantity) -> Result<Vec<f64>> {
        let mesh = |i: usize| i as f64 / MESH as f64 - 4.0;
        let mut low: Vec<f64> = (0..8 * MESH).map(mesh).collect();
        let mut high: Vec<f64> = (1..=8 * MESH).map(mesh).collect();
        for _ in 0..40 {
            let middle: Vec<f64> =
                low.iter().zip(&high).map(|(low, high)| f64::midpoint(*low, *high)).collect();
            let [a, b, c] = [
                self.quantity(quantity, &low)?,
                self.quantity(quantity, &middle)?,
                self.quantity(quantity, &high)?,
            ];
            for i in 0..middle.len() {
                if gap(a[i], b[i]) >= gap(b[i], c[i]) {
                    high[i] = middle[i];
                } else {
                    low[i] = middle[i];
                }
            }
        }
        let ((low_values, low_slopes), (high_values, high_slopes)) = (self.look(&low)?, self.look(&high)?);
        // On either side of each interval, well outside of it: tells the end of a domain from a point without a value
        // (0/0) and from one that alone has a value (a power of a negative number at an integer).
        let (before, _) = self.look(&low.iter().map(|x| x - 1e-9).collect::<Vec<_>>())?;
        let (after, _) = self.look(&high.iter().map(|x| x + 1e-9).collect::<Vec<_>>())?;
        let mut kinks = Vec::new();
        for i in 0..low.len() {
            // Values without bound belong to a pole, at which there is no value.
            let pole = |value: f64| value.is_infinite() || value.abs() > 1e6;
            let (a, b) = (low_values[i], high_values[i]);
            if pole(a) || pole(b) || a.is_nan() && b.is_nan() {
                continue;
            }
            if a.is_nan() || b.is_nan() {
                if before[i].is_nan() != after[i].is_nan() {
                    kinks.push(if a.is_nan() { high[i] } else { low[i] });
                }
                continue;
            }
            let left = match quantity {
                Quantity::Value => gap(a, b) / (1.0 + a.abs()) > 1e-6,
                Quantity::Slope => {
                    gap(low_slopes[i], high_slopes[i]) / (1.0 + low_slopes[i].abs().min(1e9)) > 1e-4
                }
            };
            if left {
                kinks.push(f64::midpoint(low[i], high[i]));
            }
        }
        Ok(kinks)
    }
}

/// All ways to hold the other inputs: each at a point where ties and zeros are.
fn holds(others: usize) -> Vec<Vec<f64>> {
    (0..others).fold(vec![Vec::new()], |holds, _| {
        let longer = |hold: &Vec<f64>| [-1.0, 0.0, 1.0].map(|value| [&hold[..], &[value]].concat());
        holds.iter().flat_map(longer).collect()
    })
}

#[test]
fn law_3_no_kink_of_a_pointwise_operation_is_hidden() -> Result<()> {
    let mut found = 0;
    for entry in entries() {
        let declared = (entry.kinks)();
        for sample in pointwise((entry.samples)()) {
            let inputs = sample.given.len();
            for (input, held) in
                (0..inputs).flat_map(|i| holds(inputs - 1).into_iter().map(move |held| (i, held)))
            {
                let mut hunt = Hunt::new(sample.record, &held, input)?;
                for (quantity, at) in [Quantity::Value, Quantity::Slope]
                    .into_iter()
                    .map(|quantity| Ok((quantity, hunt.kinks(quantity)?)))
                    .collect::<Result<Vec<_>>>()?
                {
                    for x in at {
                        let mut point = held.clone();
                        point.insert(input, x);
                        let is_declared = declared.iter().any(|kink| {
                            kink.at.len() == inputs
                                && (0..kink.at[0].values().len()).any(|element| {
                                    kink.at
                                        .iter()
                                        .zip(&point)
                                        .all(|(at, x)| (at.values()[element] - x).abs() < 1e-9)
                                })
                        });
                        assert!(
                            is_declared,
                            "{}: at {point:?} the {quantity:?} breaks, which is not declared",
                            entry.name
                        );
                        found += 1;
                    }
                }
            }
        }
    }
    assert!(found > 20, "the hunt finds the kinks that are there: {found}");
    Ok(())
}

#[test]
fn law_3_no_other_operation_hides_a_kink_at_ties_and_zeros() -> Result<()> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut kinks = 0;
    for (label, entry, trial) in trials().filter(|(_, _, trial)| trial.is_real()) {
        let reals = trial.reals();
        let pointwise = trial.output.node().form().is_some_and(|form| form.expr().is_some());
        // Indices stay as they were drawn; the laws of differences have seen to the rest.
        if pointwise || reals.len() != trial.variables.len() {
            continue;
        }
        let at: Vec<Tensor> = reals
            .iter()
            .map(|real| Tensor::from_fn(real.shape(), |_| f64::from(random.random_range(-1..=1_i32))))
            .collect();
        let mut function = Function::new(trial.record, &at, |i| 0.5 + (i % 3) as f64)?;
        for (input, tensor) in at.iter().enumerate() {
            let slopes = function.slopes(input)?;
            for (element, slope) in slopes.iter().enumerate().take(tensor.values().len()) {
                let (left, right) = function.sides(&at, input, element)?;
                let label = format!("{label}, element {element} of input {input} at {at:?}");
                if same(left, right) {
                    assert!(same(left, *slope), "{label}: {slope}, not {left}");
                } else {
                    kinks += 1;
                    assert!(
                        !(entry.kinks)().is_empty(),
                        "{label}: {left} and {right}, and no kink is declared"
                    );
                    let between = left.min(right) - 1e-4..=left.max(right) + 1e-4;
                    assert!(between.contains(slope), "{label}: {slope} is not between {left} and {right}");
                }
            }
        }
    }
    assert!(kinks > 10, "maxima tie: {kinks}");
    Ok(())
}
