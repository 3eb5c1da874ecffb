//! The claimed Jacobian: backward for the upstream gradient of one output after the other. Unlike the gradient, which
//! is a sum over outputs, it shows each contribution.

use ndarray::Array2;

use super::numbers::flat;
use super::probe::{Observations, Probe};
use super::subject::{claims, with_values};
use retrograde_base::Result;
use retrograde_textbook::{Layer, Tensor};

/// With more outputs there is no claimed Jacobian: it takes one call of backward for each.
const MOST: usize = 256;

impl Observations {
    /// Observes the claimed Jacobian at a probe, in all blocks and elements with differences. Its contributions must
    /// sum to the gradient at the probe; otherwise backward is not linear in dout or has stale state, and the block
    /// has none.
    pub fn observe_claimed_jacobians(&mut self, layer: &mut dyn Layer, probe: usize) {
        let precisions: Vec<f64> = (0..self.names.len()).map(|block| self.precision(block)).collect();
        let probe = &mut self.probes[probe];
        if probe.out.len() > MOST {
            return;
        }
        // A layer that returns an error here has no claimed Jacobian.
        let found = with_values(layer, &probe.values[1..], |layer| all(layer, probe))
            .unwrap_or_else(|_| vec![None; probe.claimed.len()]);
        for (block, response) in found.into_iter().enumerate() {
            probe.claimed_jacobians[block] =
                response.filter(|response| adds_up(probe, block, response, precisions[block]));
        }
    }
}

fn all(layer: &mut dyn Layer, probe: &Probe) -> Result<Vec<Option<Array2<f64>>>> {
    let count = probe.out.len();
    let empty = |block: usize| {
        let jacobian = probe.jacobians[block].as_ref()?;
        let fits = probe.claimed[block].as_ref()?.shape() == jacobian.shape.as_slice();
        fits.then(|| Array2::zeros((count, jacobian.columns.len())))
    };
    let mut found: Vec<Option<Array2<f64>>> = (0..probe.claimed.len()).map(empty).collect();
    for output in 0..count {
        layer.forward(&probe.x)?;
        let mut d = Tensor::zeros(probe.out.raw_dim());
        if let Some(place) = d.iter_mut().nth(output) {
            *place = 1.0;
        }
        for ((response, claimed), jacobian) in found.iter_mut().zip(claims(layer, &d)?).zip(&probe.jacobians)
        {
            let (Some(to), Some(claimed), Some(jacobian)) = (response.as_mut(), claimed, jacobian) else {
                continue;
            };
            if claimed.shape() != jacobian.shape.as_slice() {
                *response = None;
                continue;
            }
            let flat = flat(&claimed);
            let contributions = jacobian.columns.iter().map(|&element| flat[element]);
            to.row_mut(output)
                .iter_mut()
                .zip(contributions)
                .for_each(|(to, contribution)| *to = contribution);
        }
    }
    Ok(found)
}

fn adds_up(probe: &Probe, block: usize, response: &Array2<f64>, precision: f64) -> bool {
    let (Some(claimed), Some(jacobian)) = (&probe.claimed[block], &probe.jacobians[block]) else {
        return false;
    };
    let flat = flat(claimed);
    jacobian.columns.iter().zip(response.columns()).all(|(&element, contributions)| {
        let terms = || contributions.into_iter().zip(&probe.d).map(|(contribution, d)| contribution * d);
        let gross: f64 = terms().map(f64::abs).sum();
        (terms().sum::<f64>() - flat[element]).abs() <= precision * (gross + flat[element].abs())
    })
}
