//! Law 3: where an operation is not differentiable, its slope is the declared one; and every kink is declared.
//!
//! Declared kinks are compared exactly, and must be kinks. Undeclared kinks of elementwise operations are searched by
//! bisection: between neighboring points of a mesh, the half in which the value (or the slope) changes more is halved
//! again. A difference between two points that are 1e-13 apart is a jump (or a kink), which must be declared. Other
//! operations are tested on values with many ties and zeros. Where the slopes of the two sides agree, the derivative must be
//! that slope. Where they differ, the operation must declare kinks, and its derivative must lie between the two.

use super::trial::Trial;
use super::{entries, trials};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde::ops::{InputSpec, Kink, OpCase, RecordFn};
use retrograde::{Graph, Plan, Planner, Result, Tensor, Var};

/// A function y of several tensors: y, Σ weight · y, and the gradients of that sum.
struct Function {
    plan: Plan<f64>,
    inputs: Vec<Var>,
    output: Var,
    total: Var,
    gradients: Vec<Var>,
}

impl Function {
    fn new(record: RecordFn, at: &[Tensor], weight: impl FnMut(usize) -> f64) -> Result<Self> {
        let graph = Graph::new();
        let name = |i| format!("x{i}");
        let inputs: Vec<Var> =
            at.iter().enumerate().map(|(i, at)| graph.parameter(&name(i), at.clone())).collect();
        let output = record(&inputs).checked()?;
        let weight = graph.constant(Tensor::from_fn(output.shape(), weight).unwrap());
        let total = (&output * &weight).sum_all();
        let gradients = output.backward_from(&weight)?;
        let gradients =
            inputs.iter().map(|input| gradients.wrt_or_zero(input)).collect::<Result<Vec<_>>>()?;
        let planner =
            Planner::new(&graph).fetch_all([&output, &total]).fetch_all(&gradients).fetch_all(&inputs);
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

/// Whether the slopes of two sides are equal. The truncation error is 1e-6 times the second derivative; a slope above 1e5
/// is a jump.
fn same(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-4 * (1.0 + left.abs()) && left.abs() < 1e5
}

#[test]
fn law_3_slopes_at_kinks_are_the_declared_ones() -> Result<()> {
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
            // If each element has its own output, every element must be a kink; otherwise at least one of the first ones.
            let elements = at[0].shape().elements();
            let lengths: Vec<usize> = at.iter().map(|at| at.shape().elements()).collect();
            let pointwise =
                lengths.iter().chain([&function.output.shape().elements()]).all(|&n| n == elements);
            let mut kinks = vec![false; elements];
            for (element, kink) in kinks.iter_mut().enumerate() {
                for input in (0..at.len()).filter(|&input| element < lengths[input]) {
                    let (left, right) = function.sides(at, input, element)?;
                    *kink |= !same(left, right);
                }
            }
            let real = if pointwise { !kinks.contains(&false) } else { kinks.contains(&true) };
            assert!(real, "{label} is declared but differentiable: {kinks:?}");
        }
    }
    Ok(())
}

/// The cases of elementwise operations on real numbers, one for each way of recording.
fn pointwise(cases: Vec<OpCase>) -> Vec<OpCase> {
    let mut found: Vec<OpCase> = Vec::new();
    for case in cases {
        let real = case.inputs.iter().all(|input| matches!(input, InputSpec::Real { .. }));
        let new = !found.iter().any(|other| std::ptr::fn_addr_eq(other.record, case.record));
        let trial = Trial::new(&case, 1);
        let node = trial.output.node();
        let pointwise = node.form().is_some_and(|form| form.expr().is_some());
        let same_shape = trial.variables.iter().all(|var| var.shape() == trial.output.shape());
        if real && new && same_shape && pointwise {
            found.push(case);
        }
    }
    found
}

/// The distance of two values; infinite if only one of them is finite.
fn gap(a: f64, b: f64) -> f64 {
    match (a.is_finite(), b.is_finite()) {
        (true, true) => (a - b).abs(),
        (false, false) => 0.0,
        _ => f64::INFINITY,
    }
}

/// A search along one input of an elementwise function, with the other inputs fixed: many points at a time.
struct KinkSearch {
    function: Function,
    at: Vec<Tensor>,
    input: usize,
}

/// The quantity that is searched for jumps.
#[derive(Debug, Clone, Copy)]
enum Quantity {
    Value,
    Slope,
}

/// Mesh intervals per unit, from -4 to 4; the mesh contains the integers.
const MESH: usize = 16;

impl KinkSearch {
    fn new(record: RecordFn, fixed: &[f64], input: usize) -> Result<Self> {
        let mut at: Vec<Tensor> =
            fixed.iter().map(|&fixed| Tensor::full([8 * MESH], fixed).unwrap()).collect();
        at.insert(input, Tensor::zeros([8 * MESH]).unwrap());
        Ok(KinkSearch { function: Function::new(record, &at, |_| 1.0)?, at, input })
    }

    /// Value and slope at each of these points.
    fn evaluate(&mut self, points: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
        self.at[self.input].values_mut().copy_from_slice(points);
        self.function.run(&self.at)?;
        Ok((self.function.values()?, self.function.slopes(self.input)?))
    }

    fn quantity(&mut self, quantity: Quantity, points: &[f64]) -> Result<Vec<f64>> {
        let (values, slopes) = self.evaluate(points)?;
        Ok(match quantity {
            Quantity::Value => values,
            Quantity::Slope => slopes,
        })
    }

    /// The points where a difference remains after bisection.
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
        let ((low_values, low_slopes), (high_values, high_slopes)) =
            (self.evaluate(&low)?, self.evaluate(&high)?);
        // Values well outside of each interval distinguish the end of a domain from a single point without a value (0/0)
        // and from a single point with one (a power of a negative number at an integer).
        let (before, _) = self.evaluate(&low.iter().map(|x| x - 1e-9).collect::<Vec<_>>())?;
        let (after, _) = self.evaluate(&high.iter().map(|x| x + 1e-9).collect::<Vec<_>>())?;
        let mut kinks = Vec::new();
        for i in 0..low.len() {
            // Unbounded values belong to a pole, which has no value.
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
            let remains = match quantity {
                Quantity::Value => gap(a, b) / (1.0 + a.abs()) > 1e-6,
                Quantity::Slope => {
                    gap(low_slopes[i], high_slopes[i]) / (1.0 + low_slopes[i].abs().min(1e9)) > 1e-4
                }
            };
            if remains {
                kinks.push(f64::midpoint(low[i], high[i]));
            }
        }
        Ok(kinks)
    }
}

/// All ways to fix the other inputs at values where ties and zeros are.
fn fixed_values(others: usize) -> Vec<Vec<f64>> {
    (0..others).fold(vec![Vec::new()], |all, _| {
        let longer = |fixed: &Vec<f64>| [-1.0, 0.0, 1.0].map(|value| [&fixed[..], &[value]].concat());
        all.iter().flat_map(longer).collect()
    })
}

#[test]
fn law_3_every_kink_of_an_elementwise_operation_is_declared() -> Result<()> {
    let mut found = 0;
    for entry in entries() {
        let declared = (entry.kinks)();
        for case in pointwise((entry.cases)()) {
            let inputs = case.inputs.len();
            for (input, fixed) in
                (0..inputs).flat_map(|i| fixed_values(inputs - 1).into_iter().map(move |fixed| (i, fixed)))
            {
                let mut search = KinkSearch::new(case.record, &fixed, input)?;
                for (quantity, at) in [Quantity::Value, Quantity::Slope]
                    .into_iter()
                    .map(|quantity| Ok((quantity, search.kinks(quantity)?)))
                    .collect::<Result<Vec<_>>>()?
                {
                    for x in at {
                        let mut point = fixed.clone();
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
                            "{}: the {quantity:?} jumps at {point:?}, which is not declared",
                            entry.name
                        );
                        found += 1;
                    }
                }
            }
        }
    }
    assert!(found > 20, "the search found only {found} kinks");
    Ok(())
}

#[test]
fn law_3_other_operations_declare_their_kinks_at_ties_and_zeros() -> Result<()> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut kinks = 0;
    for (label, entry, trial) in trials().filter(|(_, _, trial)| trial.is_real()) {
        let reals = trial.reals();
        let pointwise = trial.output.node().form().is_some_and(|form| form.expr().is_some());
        if pointwise || reals.len() != trial.variables.len() {
            continue;
        }
        let at: Vec<Tensor> = reals
            .iter()
            .map(|real| {
                Tensor::from_fn(real.shape(), |_| f64::from(random.random_range(-1..=1_i32))).unwrap()
            })
            .collect();
        let mut function = Function::new(trial.record, &at, |i| 0.5 + (i % 3) as f64)?;
        for (input, tensor) in at.iter().enumerate() {
            // The values of the sides were the last ones.
            function.run(&at)?;
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
                        "{label}: the slopes {left} and {right} differ, and no kink is declared"
                    );
                    if left.abs().max(right.abs()) >= 1e5 {
                        // The value jumps, as that of the gradient of a pooling at a tie: there the slope is documented as zero.
                        assert!(*slope == 0.0, "{label}: the slope {slope} at a jump");
                        continue;
                    }
                    let between = left.min(right) - 1e-4..=left.max(right) + 1e-4;
                    assert!(between.contains(slope), "{label}: {slope} is not between {left} and {right}");
                }
            }
        }
    }
    assert!(kinks > 10, "only {kinks} kinks were found");
    Ok(())
}
