//! A mistake upstream of a product: the error in the gradient of a bias appears in the gradients of the input and of the
//! weights that it is added to. It is one mistake.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Ix2};

use crate::jacobian::BlockJacobian;
use crate::probe::{Observations, Probe};

/// The number of probes that must show it.
const SEEN: usize = 2;

/// Whether the gradient of a block is computed from that of a bias and the weights or the inputs of a product, in the truth
/// and, with the claimed gradient of the bias, in the code.
pub(crate) fn follows(observations: &Observations, block: usize, bias: usize) -> bool {
    let others = (0..observations.names.len()).filter(|other| *other != block && *other != bias);
    let mut pairs = others.flat_map(|other| [false, true].map(|transposed| (other, transposed)));
    pairs.any(|(other, transposed)| {
        let seen = observations.probes.iter().filter_map(|probe| at(probe, [block, bias, other], transposed));
        let seen: Vec<bool> = seen.collect();
        seen.len() >= SEEN && seen.into_iter().all(|holds| holds)
    })
}

/// Whether this holds at a probe; `None` if undecided.
fn at(probe: &Probe, [block, bias, other]: [usize; 3], transposed: bool) -> Option<bool> {
    let whole = |at: usize| probe.jacobians[at].as_ref().filter(|all| all.is_whole() && all.kinks.is_empty());
    let (of_block, of_bias) = (whole(block)?, whole(bias)?);
    let (code, code_of_bias) =
        (probe.claimed_jacobians[block].as_ref()?, probe.claimed_jacobians[bias].as_ref()?);
    let factor = probe.values[other].view().into_dimensionality::<Ix2>().ok()?;
    let &[rows, columns] = &of_block.shape[..] else { return None };
    let length = of_bias.columns.len();
    let shape = |contribution: &Array2<f64>| contribution.dim() == (rows, columns);
    let factor = if transposed { factor.reversed_axes() } else { factor };
    for output in 0..probe.out.len() {
        let z = of_bias.center.row(output);
        let mut contributions = (0..rows.max(factor.nrows())).flat_map(|row| {
            [
                through_weights(&factor, &z, rows, row),
                of_weights(&factor, &z, row, false),
                of_weights(&factor, &z, row, true),
            ]
            .map(|make| (row, make))
        });
        let mut numbered = contributions.by_ref().enumerate();
        let found = numbered.find_map(|(number, (row, contribution))| {
            let contribution = contribution.filter(shape)?;
            same(&contribution, &of_block.center.row(output), error(of_block, of_bias, output))
                .then_some((number % 3, row))
        });
        let Some((kind, row)) = found else { return Some(false) };
        let z = code_of_bias.row(output);
        if z.len() != length {
            return None;
        }
        let contribution = match kind {
            0 => through_weights(&factor, &z, rows, row),
            kind => of_weights(&factor, &z, row, kind == 2),
        };
        let tolerance = error(of_block, of_bias, output);
        if !contribution
            .filter(shape)
            .is_some_and(|contribution| same(&contribution, &code.row(output), tolerance))
        {
            return Some(false);
        }
    }
    Some(true)
}

/// The contribution to an input's row: the product of the weights and the gradient of the bias.
fn through_weights(
    weights: &ArrayView2<'_, f64>,
    z: &ArrayView1<'_, f64>,
    rows: usize,
    row: usize,
) -> Option<Array2<f64>> {
    if weights.ncols() != z.len() || row >= rows {
        return None;
    }
    let mut contribution = Array2::zeros((rows, weights.nrows()));
    contribution.row_mut(row).assign(&weights.dot(z));
    Some(contribution)
}

/// The contribution to the weights: each element of a row of the input times the gradient of the bias.
fn of_weights(
    input: &ArrayView2<'_, f64>,
    z: &ArrayView1<'_, f64>,
    row: usize,
    transposed: bool,
) -> Option<Array2<f64>> {
    let x: Array1<f64> = (row < input.nrows()).then(|| input.row(row).to_owned())?;
    let contribution = Array2::from_shape_fn((x.len(), z.len()), |(i, j)| x[i] * z[j]);
    Some(if transposed { contribution.reversed_axes() } else { contribution })
}

/// The error of the slopes of an output.
fn error(of_block: &BlockJacobian, of_bias: &BlockJacobian, output: usize) -> f64 {
    let most = |all: &Array2<f64>| all.row(output).iter().fold(0.0_f64, |most, one| most.max(one.abs()));
    10.0 * (most(&of_block.error) + most(&of_bias.error)) + 1e-7 * most(&of_block.center)
}

fn same(contribution: &Array2<f64>, seen: &ArrayView1<'_, f64>, tolerance: f64) -> bool {
    contribution.iter().zip(seen).all(|(contribution, seen)| (contribution - seen).abs() <= tolerance)
}
