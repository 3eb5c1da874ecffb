//! Weights used twice in forward, as in an autoencoder with tied weights: out = f(x · w) · wᵀ. It is recognized by its
//! outputs; the gradient is the sum of the contributions of both uses.

use ndarray::{Array2, Ix1, Ix2};

use super::{Case, Diagnosis, same};
use crate::Cause;
use crate::message::text;
use crate::probed_block::ProbedBlock;
use retrograde_textbook::{Layer, Tensor};

const ACTIVATIONS: [fn(f64) -> f64; 4] = [|z| z, |z| z.max(0.0), f64::tanh, |z| 1.0 / (1.0 + (-z).exp())];

/// The unknown parts of the network between the two uses of the weights.
#[derive(Clone, Copy)]
struct Tied {
    activation: fn(f64) -> f64,
    /// Whether w is inputs × hidden, and not hidden × inputs.
    inputs_first: bool,
    /// The parameters that are added before the activation and to the output.
    biases: [Option<usize>; 2],
}

fn matrix(values: &Tensor) -> Option<Array2<f64>> {
    values.view().into_dimensionality::<Ix2>().ok().map(|probed| probed.to_owned())
}

impl Tied {
    /// The parts between the two uses, if forward has this form.
    fn hidden(self, probed: &ProbedBlock<'_>, block: usize) -> Option<Array2<f64>> {
        let values = &probed.probe.values;
        let (x, w) = (matrix(&values[0])?, matrix(&values[block])?);
        let w = if self.inputs_first { w } else { w.reversed_axes() };
        if x.ncols() != w.nrows() || probed.probe.out.shape() != x.shape() {
            return None;
        }
        let plus = |product: Array2<f64>, bias: Option<usize>| -> Option<Array2<f64>> {
            let Some(bias) = bias else { return Some(product) };
            let bias = values[bias].view().into_dimensionality::<Ix1>().ok()?;
            (bias.len() == product.ncols()).then(|| product + bias)
        };
        let hidden = plus(x.dot(&w), self.biases[0])?.mapv(self.activation);
        let out = plus(hidden.dot(&w.t()), self.biases[1])?;
        same(&out.into_dyn(), &probed.probe.out).then_some(hidden)
    }

    /// The contribution of the second use, in the shape of the weights.
    fn second(self, probed: &ProbedBlock<'_>, block: usize) -> Option<Tensor> {
        let d = matrix(&probed.upstream())?;
        let contribution = d.t().dot(&self.hidden(probed, block)?);
        Some(
            if self.inputs_first { contribution } else { contribution.reversed_axes() }
                .as_standard_layout()
                .to_owned()
                .into_dyn(),
        )
    }
}

/// The contribution of one of the two uses is missing.
pub(super) fn path(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let first = case.probed_blocks.first()?;
    if !case.is_parameter() || first.claimed.ndim() != 2 {
        return None;
    }
    let others = || {
        let all = (1..first.probe.values.len()).filter(|at| *at != case.block);
        std::iter::once(None).chain(all.map(Some))
    };
    for activation in ACTIVATIONS {
        for inputs_first in [true, false] {
            for biases in others().flat_map(|a| others().map(move |b| [a, b])) {
                let tied = Tied { activation, inputs_first, biases };
                if tied.hidden(first, case.block).is_none() {
                    continue;
                }
                let only = |second: bool| {
                    case.fit(|probed| {
                        let contribution = tied.second(probed, case.block)?;
                        let known = &probed.truth * 0.0;
                        Some(if second { contribution + known } else { &probed.truth - &contribution })
                    })
                };
                for (second, id) in [(true, "path-first_use"), (false, "path-second_use")] {
                    let Some(predicted) = only(second) else { continue };
                    let path = text!(id, name = case.name());
                    let found = Diagnosis::new(Cause::PathMissing { path }, predicted);
                    return Some(found.with_text("path_missing-tied").with("second", second));
                }
            }
        }
    }
    None
}
