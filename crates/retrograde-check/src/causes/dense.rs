//! A network of dense layers written without layers, recognized by its loss: at every probe it is the loss of a reference
//! network. The causes are edits of the reference's backward: one step is replaced.

use ndarray::Axis;

use super::batch::{Batch, fit};
use super::softmax::Over;
use super::terms::{
    Activation, BINARY, CROSS_ENTROPY, DELTAS, Ending, HALF_SQUARES, HIDDEN, LAST, Last, Matrix, Measure,
    SLOPES, SQUARES,
};
use super::{Case, Diagnosis};
use crate::Cause;
use crate::message::text;
use crate::probe::Observations;
use crate::probed_block::ProbedBlock;
use retrograde_textbook::{Layer, Tensor};

/// A dense layer: the blocks of its weights and of its bias.
#[derive(Clone, Copy)]
struct Dense {
    weights: usize,
    bias: Option<usize>,
}

/// A network of dense layers whose loss is the code's.
pub(crate) struct Network {
    layers: Vec<Dense>,
    /// Whether weights are outputs × inputs.
    outputs_first: bool,
    hidden: &'static Activation,
    last: Last,
    measure: &'static Measure,
    batch: Batch,
    /// The factor of the sum over the batch.
    scale: f64,
    /// The factor of half the sum of the squares of all weights.
    decay: f64,
}

/// The values of the network at a probe.
struct Run {
    /// The weights of each layer, inputs × outputs.
    weights: Vec<Matrix>,
    /// The sums and the activations of each layer, rows × units. The first of `a` is the input.
    z: Vec<Matrix>,
    a: Vec<Matrix>,
}

/// A replaced step of the backward. Layers count from 0.
#[derive(Clone, Copy)]
enum Edit {
    /// The gradient of the last sums, an index into [`DELTAS`].
    Delta(usize),
    /// The slope of a hidden layer, or of all, an index into [`SLOPES`].
    Slope { layer: Option<usize>, slope: usize },
    /// The weights' gradient is computed from the sums or outputs of a layer this many layers before, or from the own
    /// output.
    Input { layer: usize, source: Source },
    /// The dx of a layer is computed from other weights than its own, or from its own, not transposed.
    Handed { layer: usize, weights: usize },
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    /// The output of the layer this many places before; 0 for the own output.
    Output(usize),
    /// The sums of the layer before, without its activation.
    Sums,
}

impl Network {
    /// The network whose loss is the code's at all probes.
    pub fn recognize(observations: &Observations) -> Option<Network> {
        if observations.data.len() < 2 || observations.probes.iter().any(|probe| probe.out.len() != 1) {
            return None;
        }
        let shapes: Vec<&[usize]> = observations.probes.first()?.values.iter().map(Tensor::shape).collect();
        for outputs_first in [false, true] {
            for layers in chains(&shapes, outputs_first) {
                let size = |dense: Dense, end: usize| shapes[dense.weights][end ^ usize::from(outputs_first)];
                let (features, targets) = (size(layers[0], 0), size(layers[layers.len() - 1], 1));
                for batch in Batch::all(&observations.data, features, targets) {
                    for hidden in HIDDEN.iter().take(if layers.len() > 1 { HIDDEN.len() } else { 1 }) {
                        let mut network = Network {
                            layers: layers.clone(),
                            outputs_first,
                            hidden,
                            last: LAST[0],
                            measure: &SQUARES,
                            batch: batch.clone(),
                            scale: 1.0,
                            decay: 0.0,
                        };
                        if network.find_loss(observations) {
                            return Some(network);
                        }
                    }
                }
            }
        }
        None
    }

    /// Determines the output function and the loss; whether the network's loss is then the code's.
    fn find_loss(&mut self, observations: &Observations) -> bool {
        let losses: Vec<f64> = observations.probes.iter().map(|probe| probe.out.sum()).collect();
        let runs: Vec<Run> = observations.probes.iter().map(|probe| self.run(&probe.values)).collect();
        let squares: Vec<f64> =
            runs.iter().map(|run| run.weights.iter().flatten().map(|w| w * w).sum::<f64>() / 2.0).collect();
        for last in LAST {
            let predictions: Vec<Matrix> = runs.iter().map(|run| last.of(&run.z[run.z.len() - 1])).collect();
            for measure in [&CROSS_ENTROPY, &BINARY, &HALF_SQUARES, &SQUARES] {
                let sums: Vec<f64> = predictions.iter().map(|y| measure.sum(y, &self.batch.t)).collect();
                let found = fit(&losses, &sums, &squares);
                if let Some((scale, decay)) = found.filter(|(scale, _)| self.may_be(measure, *scale)) {
                    (self.last, self.measure, self.scale, self.decay) = (last, measure, scale, decay);
                    return true;
                }
            }
        }
        false
    }

    /// Whether a loss may be this measure, as opposed to a multiple of it: squares are halved or not.
    fn may_be(&self, measure: &Measure, scale: f64) -> bool {
        let (samples, targets) = self.batch.t.dim();
        let of = [1, samples, targets, samples * targets];
        let is_natural = of.iter().any(|of| (scale * *of as f64 - 1.0).abs() < 1e-6);
        is_natural || measure.slope.0 != HALF_SQUARES.slope.0
    }

    fn run(&self, values: &[Tensor]) -> Run {
        let (mut weights, mut sums, mut a) = (Vec::new(), Vec::new(), vec![self.batch.x.clone()]);
        for (at, layer) in self.layers.iter().enumerate() {
            let own = matrix(&values[layer.weights], self.outputs_first);
            let mut z = a[at].dot(&own);
            if let Some(bias) = layer.bias {
                z += &values[bias].iter().copied().collect::<ndarray::Array1<f64>>();
            }
            let is_last = at + 1 == self.layers.len();
            a.push(if is_last { self.last.of(&z) } else { z.mapv(self.hidden.value) });
            weights.push(own);
            sums.push(z);
        }
        Run { weights, z: sums, a }
    }

    /// The gradient of a block with an edited backward.
    fn gradient(&self, values: &[Tensor], block: usize, edit: Edit) -> Option<Tensor> {
        let run = self.run(values);
        let end = self.layers.len() - 1;
        let y = self.last.of(&run.z[end]);
        let e = Matrix::from_shape_fn(y.dim(), |at| (self.measure.slope.1)(y[at], self.batch.t[at]));
        let ending = Ending { y, t: &self.batch.t, e };
        let mut dz = self.scale
            * match edit {
                Edit::Delta(which) => DELTAS[which].1(&ending),
                _ => self.last.delta(&ending, &run.z[end]),
            };
        for layer in (0..=end).rev() {
            let dense = self.layers[layer];
            let value = &values[block];
            if dense.bias == Some(block) {
                return dz.sum_axis(Axis(0)).into_dyn().into_shape_with_order(value.raw_dim()).ok();
            }
            if dense.weights == block {
                let input = match edit {
                    Edit::Input { layer: of, source } if of == layer => source.of(&run, layer)?,
                    _ => &run.a[layer],
                };
                let mut own = input.t().dot(&dz);
                if own.dim() != run.weights[layer].dim() {
                    return None;
                }
                own += &(self.decay * &run.weights[layer]);
                let own = if self.outputs_first { own.reversed_axes() } else { own };
                let own = own.as_standard_layout().to_owned().into_dyn();
                return Some(own);
            }
            if layer == 0 {
                return None;
            }
            let handed = match edit {
                Edit::Handed { layer: of, weights } if of == layer && weights == layer => {
                    dz.dot(&run.weights[layer])
                }
                Edit::Handed { layer: of, weights } if of == layer => dz.dot(&run.weights[weights].t()),
                _ => dz.dot(&run.weights[layer].t()),
            };
            let slope = match edit {
                Edit::Slope { layer: of, slope } if of.is_none_or(|of| of == layer - 1) => SLOPES[slope].1,
                _ => self.hidden.slope.1,
            };
            let (z, a) = (&run.z[layer - 1], &run.a[layer]);
            dz = Matrix::from_shape_fn(z.dim(), |at| handed[at] * slope(z[at], a[at]));
        }
        None
    }

    /// All edits of this network, those of the loss first.
    fn edits(&self, values: &[Tensor]) -> Vec<Edit> {
        let count = self.layers.len();
        let mut all: Vec<Edit> = (0..DELTAS.len()).map(Edit::Delta).collect();
        for layer in (0..count - 1).map(Some).chain([None]) {
            all.extend((0..SLOPES.len()).map(|slope| Edit::Slope { layer, slope }));
        }
        for layer in 0..count {
            let back = (0..=layer + 1).filter(|back| *back != 1).map(Source::Output);
            all.extend(back.chain([Source::Sums]).map(|source| Edit::Input { layer, source }));
        }
        let shape = |layer: usize| values[self.layers[layer].weights].shape();
        for layer in 1..count {
            let alike = (0..count).filter(|other| {
                let own = *other == layer;
                if own { shape(layer)[0] == shape(layer)[1] } else { shape(*other) == shape(layer) }
            });
            all.extend(alike.map(|weights| Edit::Handed { layer, weights }));
        }
        all
    }
}

impl Source {
    fn of(self, run: &Run, layer: usize) -> Option<&Matrix> {
        match self {
            Source::Output(back) => run.a.get((layer + 1).checked_sub(back)?),
            Source::Sums => run.z.get(layer.checked_sub(1)?),
        }
    }
}

/// Weights as inputs × outputs.
fn matrix(values: &Tensor, outputs_first: bool) -> Matrix {
    let own = values.clone().into_dimensionality().expect("weights have two axes");
    if outputs_first { Matrix::reversed_axes(own) } else { own }
}

/// All ways to interpret blocks of these shapes as a chain of dense layers: each is the weights or a bias, and all are
/// used.
fn chains(shapes: &[&[usize]], outputs_first: bool) -> Vec<Vec<Dense>> {
    let is_bias = |shape: &[usize]| shape.iter().filter(|length| **length != 1).count() <= 1;
    let either: Vec<usize> =
        (0..shapes.len()).filter(|at| shapes[*at].len() == 2 && is_bias(shapes[*at])).collect();
    // Longer networks are written with a list of layers.
    if either.len() > 8 || shapes.len() > 24 {
        return Vec::new();
    }
    let mut all = Vec::new();
    for choice in 0..1_u32 << either.len() {
        let is_weights = |at: &usize| match either.iter().position(|one| one == at) {
            Some(bit) => choice >> bit & 1 == 1,
            None => shapes[*at].len() == 2,
        };
        let (mut weights, mut biases): (Vec<usize>, Vec<usize>) = (0..shapes.len()).partition(is_weights);
        all.extend(chain(shapes, outputs_first, &weights, &biases));
        // Gradients are often listed from the last layer to the first.
        weights.reverse();
        biases.reverse();
        all.extend(chain(shapes, outputs_first, &weights, &biases));
    }
    all
}

/// The layers of a chain with these weights and biases in this order; `None` if their sizes do not match.
fn chain(
    shapes: &[&[usize]],
    outputs_first: bool,
    weights: &[usize],
    biases: &[usize],
) -> Option<Vec<Dense>> {
    let ends = |at: usize| {
        let (first, second) = (shapes[at][0], shapes[at][1]);
        if outputs_first { (second, first) } else { (first, second) }
    };
    let fits = weights.windows(2).all(|pair| ends(pair[0]).1 == ends(pair[1]).0);
    let mut left = biases.iter().copied().peekable();
    let layers: Vec<Dense> = weights
        .iter()
        .map(|&weights| {
            let size = |bias: &usize| shapes[*bias].iter().product::<usize>() == ends(weights).1;
            Dense { weights, bias: left.next_if(size) }
        })
        .collect();
    (fits && !layers.is_empty() && left.peek().is_none()).then_some(layers)
}

/// One step of the backward of a recognized network is replaced.
pub(super) fn edited(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let network = case.observations.network.get_or_init(|| Network::recognize(case.observations)).as_ref()?;
    let values = &case.probed_blocks.first()?.probe.values;
    network.edits(values).into_iter().find_map(|edit| {
        let predicted = case.fit(|probed| network.predict(probed, edit))?;
        network.leaves_right(case.observations, edit).then(|| network.diagnosis(case, edit, predicted))
    })
}

impl Network {
    /// The gradient of a block with this edit.
    fn predict(&self, probed: &ProbedBlock<'_>, edit: Edit) -> Option<Tensor> {
        let whole = self.gradient(&probed.probe.values, probed.block, edit)?;
        // Only elements with differences are compared.
        Some(whole * probed.d.iter().sum::<f64>() + &probed.truth * 0.0)
    }

    /// Whether an edit leaves the gradients of the right blocks unchanged.
    fn leaves_right(&self, observations: &Observations, edit: Edit) -> bool {
        let probed_blocks = (0..observations.names.len())
            .flat_map(|block| (0..observations.probes.len()).map(move |number| (number, block)))
            .filter_map(|(number, block)| ProbedBlock::new(observations, number, block, None, None));
        let right =
            probed_blocks.filter(|probed| !probed.verdict.is_wrong() && probed.jacobian.kinks.is_empty());
        right
            .into_iter()
            .all(|probed| self.predict(&probed, edit).is_some_and(|predicted| probed.matches(&predicted)))
    }

    fn diagnosis(&self, case: &Case<'_>, edit: Edit, predicted: Vec<Option<Tensor>>) -> Diagnosis {
        let name = |layer: usize| case.observations.names[self.layers[layer].weights].clone();
        match edit {
            Edit::Delta(which) => {
                let (code, right) = (DELTAS[which].0.to_owned(), self.last.formula(self.measure));
                let found = match self.last {
                    Last::Softmax(over) if over != Over::Row && code == right => {
                        return super::softmax::over_wrong_axis(over, self.batch.x.nrows(), predicted);
                    }
                    Last::Softmax(_) if self.measure.slope.0 == CROSS_ENTROPY.slope.0 => {
                        Diagnosis::new(Cause::CrossEntropyTerm { code }, predicted)
                            .with_text("cross_entropy_term-last")
                    }
                    Last::Softmax(_) => {
                        Diagnosis::new(Cause::SoftmaxTerm { code }, predicted).with_text("softmax_term-last")
                    }
                    Last::Each(_) => {
                        let cause = Cause::WrongSlope { code: code.into(), right: right.clone().into() };
                        Diagnosis::new(cause, predicted).with_text("wrong_slope-last")
                    }
                };
                found.with("right", right).with("slope", self.measure.slope.0)
            }
            Edit::Slope { layer, slope } => {
                let (code, right) = (SLOPES[slope].0, self.hidden.slope.0);
                let found = if code == "1" {
                    Diagnosis::new(Cause::SlopeMissing, predicted)
                        .with_text("slope_missing-hidden")
                        .with("right", right)
                } else {
                    let cause = Cause::WrongSlope { code: code.into(), right: right.into() };
                    Diagnosis::new(cause, predicted).with_text("wrong_slope-hidden")
                };
                let place = layer
                    .map_or(text!("place-hidden"), |layer| text!("place-layer_of", weights = name(layer)));
                found.with("where", place).with("function", self.hidden.name)
            }
            Edit::Input { source: Source::Output(0), .. } => Diagnosis::new(Cause::OwnOutput, predicted),
            Edit::Input { layer, source } => {
                let how = match source {
                    Source::Sums => format!("z{layer}"),
                    Source::Output(back) => format!("a{}", layer + 1 - back),
                };
                Diagnosis::new(Cause::InputChanged { how }, predicted)
                    .with_text("input_changed-hidden")
                    .with("right", format!("a{layer}"))
            }
            Edit::Handed { layer, weights } => {
                let how = if weights == layer { format!("{}.T", name(layer)) } else { name(weights) };
                Diagnosis::new(Cause::ParameterChanged { what: name(layer), how }, predicted)
            }
        }
    }
}
