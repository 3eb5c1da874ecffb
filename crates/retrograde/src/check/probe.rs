//! What is asked of a layer: its gradients at several inputs, in an order that shows what it remembers, and a few
//! experiments more. Differences are taken afterwards, as they call `forward` many times.

use ndarray::Array2;
use rand_distr::{Distribution, StandardNormal, Uniform};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::jacobian::{Jacobian, Which, columns, jacobian};
use super::slopes;
use crate::textbook::{Layer, Tensor};
use crate::{Error, Result};

/// For the input and each parameter what a layer claims, in the order of [`Blocks::names`].
pub(super) type Claims = Vec<Option<Tensor>>;

/// One question: an input, a gradient from above and the parameters' values, with the answer.
pub(super) struct Probe {
    pub x: Tensor,
    pub d: Tensor,
    pub out: Tensor,
    /// The values of all blocks: the input, then the parameters.
    pub values: Vec<Tensor>,
    pub claimed: Claims,
    /// What the layer showed as gradients just before this `backward`.
    pub before: Claims,
    /// By block; `None` before the differences are taken.
    pub jacobians: Vec<Option<Jacobian>>,
    /// By block, what backward makes of each output's gradient alone: see [`Answers::respond`].
    pub responses: Vec<Option<Array2<f64>>>,
}

/// The probe whose input is the user's own.
pub(super) const GIVEN: usize = 1;
/// The probe with other parameters.
pub(super) const CHANGED: usize = 2;

/// Answers to further questions at the input of the first probe.
pub(super) struct Experiments {
    /// The first question put again: `forward` and `backward` with the same.
    pub same: Claims,
    /// `backward` once more without a `forward`.
    pub again: Option<Claims>,
    /// For a gradient of 0 from above.
    pub zero: Claims,
    /// For another gradient from above, and for the sum of it and the first.
    pub other: Claims,
    pub sum: Claims,
    /// For the first gradient from above times [`MANIFOLD`], and times twice that.
    pub large: Claims,
    pub larger: Claims,
}

/// By what a gradient from above is multiplied to see whether the answer is: a power of two, which rounds nothing.
pub(super) const MANIFOLD: f64 = 1024.0;

/// All answers of a layer.
pub(super) struct Answers {
    /// `x`, then the parameters' names.
    pub names: Vec<String>,
    pub probes: Vec<Probe>,
    /// The gradient from above of the call before the first probe, at the given input.
    pub first_d: Tensor,
    pub experiments: Experiments,
    /// How uncertain an output is, relative to the largest.
    pub noise: f64,
    /// By block, whether all that it claims are numbers of `f32`, as a backward in that precision hands them out.
    pub single: Vec<bool>,
    /// The probe far out, if there is one: to see that something is wrong, not to tell what, since differences of what
    /// stands still there are of little use.
    pub far: Option<usize>,
}

/// Why nothing can be asked.
pub(super) enum Refusal {
    /// Two values for one input: where, and both.
    NotDeterministic(Vec<usize>, f64, f64),
    /// Not finite at the given input.
    NotFinite,
}

/// Random numbers of a check, the same each time.
pub(super) fn random(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// Numbers from N(0, 1.5²), a width in which slopes of the usual functions vary.
pub(super) fn normal(shape: &[usize], random: &mut Xoshiro256PlusPlus) -> Tensor {
    let mut draw = || {
        let number: f64 = StandardNormal.sample(random);
        1.5 * number
    };
    Tensor::from_shape_simple_fn(shape, &mut draw)
}

/// Gradients from above: of either sign and of sizes from a half to three halves, so that none is lost beside another.
fn upstream(shape: &[usize], random: &mut Xoshiro256PlusPlus) -> Tensor {
    let size = Uniform::new(0.5, 1.5).expect("a range");
    let mut draw = || {
        let size: f64 = size.sample(random);
        if random.next_u64() & 1 == 0 { size } else { -size }
    };
    Tensor::from_shape_simple_fn(shape, &mut draw)
}

fn finite(values: &Tensor) -> bool {
    values.iter().all(|value| value.is_finite())
}

/// One `backward`, and what it leaves.
pub(super) fn claims(layer: &mut dyn Layer, d: &Tensor) -> Result<Claims> {
    let dx = layer.backward(d)?;
    let mut claims = vec![Some(dx)];
    claims.extend(shown(layer));
    Ok(claims)
}

/// The gradients that a layer shows.
fn shown(layer: &mut dyn Layer) -> Claims {
    let owned = |parameter: &crate::textbook::Parameter<'_>| {
        parameter.gradient.as_ref().map(ndarray::ArrayBase::to_owned)
    };
    layer.parameters().iter().map(owned).collect()
}

/// The values of all parameters.
pub(super) fn values(layer: &mut dyn Layer) -> Vec<Tensor> {
    layer.parameters().iter().map(|parameter| parameter.value.to_owned()).collect()
}

/// Sets the values of all parameters.
pub(super) fn set_values(layer: &mut dyn Layer, values: &[Tensor]) {
    for (mut parameter, values) in layer.parameters().into_iter().zip(values) {
        parameter.value.assign(values);
    }
}

/// Puts all questions. `given` is the input that the user gave; the others are random and of its shape, as far as the
/// layer takes such.
pub(super) fn ask(
    layer: &mut dyn Layer,
    given: &Tensor,
    seed: u64,
) -> Result<std::result::Result<Answers, Refusal>> {
    let mut random = random(seed);
    let (first, second) = (layer.forward(given)?, layer.forward(given)?);
    let differs = |(a, b): (&f64, &f64)| a != b && !(a.is_nan() && b.is_nan());
    if let Some(at) = first.iter().zip(&second).position(differs) {
        let index = super::comparison::index_of(at, first.shape());
        let nth = |values: &Tensor| values.iter().nth(at).copied().expect("a position in it");
        return Ok(Err(Refusal::NotDeterministic(index, nth(&first), nth(&second))));
    }
    if !finite(&first) {
        return Ok(Err(Refusal::NotFinite));
    }
    let noise = noise(layer, given, &mut random);
    let original = values(layer);

    let mut names = vec!["x".to_owned()];
    names.extend(layer.parameters().iter().map(|parameter| parameter.name.to_owned()));

    let mut inputs = inputs(layer, given, &mut random);
    // Far out, where functions with an upper edge have it.
    let far_out = normal(given.shape(), &mut random) * 4.0;
    let is_defined = layer.forward(&far_out).is_ok_and(|out| finite(&out));
    let far = is_defined.then_some(inputs.len());
    inputs.extend(far.map(|_| far_out));
    // Other parameters for the third probe, which show values that a layer keeps from earlier.
    let changed: Vec<Tensor> = original.iter().map(|value| moved(value, &mut random)).collect();
    set_values(layer, &changed);
    let usable = inputs[2..].iter().all(|x| layer.forward(x).is_ok_and(|out| finite(&out)));
    set_values(layer, &original);

    // Before each backward there is exactly one forward: what a layer wrongly remembers is that of the probe before,
    // and before the first it is the given input and a gradient that we know.
    let out = layer.forward(given)?;
    let first_d = upstream(out.shape(), &mut random);
    claims(layer, &first_d)?;
    let mut probes: Vec<Probe> = Vec::new();
    let mut far_at = None;
    for (number, x) in inputs.into_iter().enumerate() {
        if number == CHANGED && usable {
            set_values(layer, &changed);
        }
        let answer = question(layer, x, &mut random);
        set_values(layer, &original);
        match answer {
            Ok(probe) => {
                if Some(number) == far {
                    far_at = Some(probes.len());
                }
                probes.push(probe);
            }
            // A layer that remembers a batch of another size fails here, and has shown above what it remembers.
            Err(_) if number > CHANGED => {}
            Err(error) => return Err(error),
        }
    }
    let experiments = experiments(layer, &probes[0], &mut random)?;
    let single = (0..names.len()).map(|block| is_single(&probes, block)).collect();
    Ok(Ok(Answers { names, probes, first_d, experiments, noise, single, far: far_at }))
}

fn question(layer: &mut dyn Layer, x: Tensor, random: &mut Xoshiro256PlusPlus) -> Result<Probe> {
    let out = layer.forward(&x)?;
    let d = upstream(out.shape(), random);
    let mut before = vec![None];
    before.extend(shown(layer));
    let mut all = vec![x.clone()];
    all.extend(values(layer));
    let claimed = claims(layer, &d)?;
    let jacobians = claimed.iter().map(|_| None).collect();
    let responses = vec![None; claimed.len()];
    Ok(Probe { x, d, out, values: all, claimed, before, jacobians, responses })
}

fn experiments(layer: &mut dyn Layer, probe: &Probe, random: &mut Xoshiro256PlusPlus) -> Result<Experiments> {
    layer.forward(&probe.x)?;
    layer.forward(&probe.x)?;
    let same = claims(layer, &probe.d)?;
    // A layer may give its memory away with the first call, and refuse the second.
    let again = claims(layer, &probe.d).ok();
    let mut ask = |d: &Tensor| -> Result<Claims> {
        layer.forward(&probe.x)?;
        claims(layer, d)
    };
    let other_d = upstream(probe.d.shape(), random);
    let zero = ask(&(&probe.d * 0.0))?;
    let other = ask(&other_d)?;
    let sum = ask(&(&probe.d + &other_d))?;
    let (large, larger) = (ask(&(&probe.d * MANIFOLD))?, ask(&(&probe.d * (2.0 * MANIFOLD)))?);
    Ok(Experiments { same, again, zero, other, sum, large, larger })
}

/// A random input of the given one's shape; the given one; another random one; two with other numbers of rows, where the
/// layer takes them.
fn inputs(layer: &mut dyn Layer, given: &Tensor, random: &mut Xoshiro256PlusPlus) -> Vec<Tensor> {
    let mut inputs = Vec::new();
    let width = given.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let mut draw = |layer: &mut dyn Layer, shape: &[usize]| -> Option<Tensor> {
        let numbers = normal(shape, random);
        // Where the function is not defined everywhere, positive numbers; else numbers near the given ones.
        let near = if shape == given.shape() && width > 0.0 {
            given + &(&numbers * (0.05 * width))
        } else {
            numbers.mapv(|number| number.abs() + 0.1)
        };
        let positive = numbers.mapv(|number| number.abs() + 0.1);
        [numbers, positive, near].into_iter().find(|x| layer.forward(x).is_ok_and(|out| finite(&out)))
    };
    inputs.push(draw(layer, given.shape()).unwrap_or_else(|| given.clone()));
    inputs.push(given.clone());
    inputs.push(draw(layer, given.shape()).unwrap_or_else(|| given.clone()));
    if let Some((&rows, rest)) = given.shape().split_first()
        && rows > 0
    {
        for other in [rows + 2, 1] {
            let shape = [&[other], rest].concat();
            let extent = given.ndim() > 1 && other != rows;
            inputs.extend(extent.then(|| draw(layer, &shape)).flatten());
        }
    }
    inputs
}

/// A parameter's values, each moved by a fifth of itself and a tenth, or so.
fn moved(value: &Tensor, random: &mut Xoshiro256PlusPlus) -> Tensor {
    let drawn = normal(value.shape(), random);
    let more = normal(value.shape(), random);
    value * &drawn.mapv(|drawn| 1.0 + 0.1 * drawn) + more.mapv(|more| 0.07 * more.abs())
}

/// How uncertain the outputs are: nothing in `f64`, about 1e-7 in `f32`.
fn noise(layer: &mut dyn Layer, x: &Tensor, random: &mut Xoshiro256PlusPlus) -> f64 {
    let mut least = 1.0_f64;
    for _ in 0..2 {
        let direction = normal(x.shape(), random);
        let step = 2.0_f64.powi(-20);
        let measured = slopes::noise(|k| {
            let out = layer.forward(&(x + &(&direction * (k * step))))?;
            Ok(out.iter().copied().collect())
        });
        // Labels or indices among the inputs bear no step.
        least = least.min(measured.unwrap_or(f64::EPSILON));
    }
    least
}

/// Whether all claims of a block are numbers of `f32`, some of them not 0.
fn is_single(probes: &[Probe], block: usize) -> bool {
    let all = || probes.iter().filter_map(|probe| probe.claimed[block].as_ref()).flatten();
    all().all(|value| f64::from(*value as f32) == *value) && all().any(|value| *value != 0.0)
}

impl Answers {
    /// How far the claims of a block may be off by rounding, relative to the largest.
    pub fn precision(&self, block: usize) -> f64 {
        relative(self.noise).max(if self.single[block] { SINGLE } else { 0.0 })
    }

    /// Takes the differences of a block at a probe, in about `most` elements of it.
    pub fn differentiate(
        &mut self,
        layer: &mut dyn Layer,
        probe: usize,
        block: usize,
        most: usize,
        seed: u64,
    ) -> Result<()> {
        let noise = self.noise;
        let probe = &mut self.probes[probe];
        let which = if block == 0 { Which::Input } else { Which::Parameter(block - 1) };
        let columns = columns(probe.values[block].shape(), most, &mut random(seed));
        if probe.jacobians[block].as_ref().is_some_and(|known| known.columns == columns) {
            return Ok(());
        }
        let original = values(layer);
        set_values(layer, &probe.values[1..]);
        let found = jacobian(layer, &probe.x, which, &probe.values[block], columns, noise);
        set_values(layer, &original);
        probe.jacobians[block] = Some(found?);
        Ok(())
    }

    /// The slope of Σ d ⊙ out along a random direction through a whole block, beside what the claims say of it, and how
    /// far the two may be apart. `None` where there are kinks, the block is empty, or the claims have another shape.
    pub fn along(
        &self,
        layer: &mut dyn Layer,
        probe: usize,
        block: usize,
        direction: &Tensor,
    ) -> Result<Option<(f64, f64, f64)>> {
        let probe = &self.probes[probe];
        let value = &probe.values[block];
        let Some(claimed) = probe.claimed[block].as_ref().filter(|claimed| claimed.shape() == value.shape())
        else {
            return Ok(None);
        };
        let original = values(layer);
        set_values(layer, &probe.values[1..]);
        let size = value.iter().fold(1.0_f64, |largest, value| largest.max(value.abs()));
        // The sum is over many elements: the direction is as long as a step in one of them.
        let length = direction.iter().map(|v| v * v).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        let at: Vec<f64> = probe.out.iter().copied().collect();
        let found = slopes::slopes(&at, size, self.noise, |offset| {
            let there = value + &(direction * (offset / length));
            let out = if block == 0 {
                layer.forward(&there)
            } else {
                let mut all = probe.values[1..].to_vec();
                all[block - 1] = there;
                set_values(layer, &all);
                layer.forward(&probe.x)
            };
            Ok(out?.iter().copied().collect())
        });
        set_values(layer, &original);
        let found = found?;
        if found.kink || found.jump {
            return Ok(None);
        }
        let terms = probe.d.iter().zip(&found.centre).map(|(d, slope)| d * slope);
        let (numeric, gross) = terms.fold((0.0, 0.0), |(sum, gross), term| (sum + term, gross + term.abs()));
        let error: f64 = probe.d.iter().zip(&found.error).map(|(d, error)| d.abs() * error).sum();
        let claims = claimed.iter().zip(direction).map(|(g, v)| g * v / length);
        let (claim, own) = claims.fold((0.0, 0.0), |(sum, own), term: f64| (sum + term, own + term.abs()));
        Ok(Some((claim, numeric, 10.0 * error + self.precision(block) * (gross + own))))
    }
}

/// How far a claimed gradient may be off by rounding, relative to the largest of its block: in `f64` sums of some
/// thousand terms stay far below 1e-8, and the faults sought are parts in a million or more.
pub(super) fn relative(noise: f64) -> f64 {
    (3000.0 * noise).max(1e-8)
}

/// The same for gradients handed out in `f32`: some units in the last place.
const SINGLE: f64 = 32.0 * f32::EPSILON as f64;

/// An error for an input that has no element, or whose layer refuses it.
pub(super) fn expect_numbers(layer: &str, x: &Tensor) -> Result<()> {
    if x.is_empty() {
        return Err(Error::invalid(
            format!("check of {layer}"),
            format!("the input has shape {:?}, so that there is nothing to differentiate in", x.shape()),
            "pass an input with at least one row",
        ));
    }
    Ok(())
}
