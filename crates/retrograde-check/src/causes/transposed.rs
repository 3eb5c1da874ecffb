//! A square matrix in a product with its axes exchanged: `x` for `x.T`, `W` for `W.T`.
//!
//! The gradient is a product of the matrix and an unknown matrix, which the right gradient determines, because the matrix
//! has an inverse.

use ndarray::{Array2, ArrayView2, Ix2};

use super::{Case, Diagnosis};
use crate::Cause;
use crate::probed_block::ProbedBlock;
use retrograde_textbook::{Layer, Tensor};

/// The side of the product on which the matrix is.
#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
}

/// G is a product in which another block's matrix is wrongly transposed or not transposed.
pub(super) fn factor(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let names = &case.observations.names;
    for (other, name) in names.iter().enumerate().filter(|(other, _)| *other != case.block) {
        for side in [Side::Left, Side::Right] {
            for transposed in [true, false] {
                let of = |probed: &ProbedBlock<'_>| exchanged(probed, other, side, transposed);
                let Some(predicted) = case.fit_where(|probed| of(probed).is_some(), of) else { continue };
                let how = format!("{name}.T");
                let cause = match other {
                    0 => Cause::InputChanged { how },
                    _ => Cause::ParameterChanged { what: name.clone(), how },
                };
                return Some(Diagnosis::new(cause, predicted));
            }
        }
    }
    None
}

/// The right gradient with the matrix of another block transposed; `transposed` says which of the two is right.
fn exchanged(probed: &ProbedBlock<'_>, other: usize, side: Side, transposed: bool) -> Option<Tensor> {
    let truth = probed.truth.view().into_dimensionality::<Ix2>().ok()?;
    let matrix = probed.probe.values[other].view().into_dimensionality::<Ix2>().ok()?;
    let length = if let Side::Left = side { truth.nrows() } else { truth.ncols() };
    if matrix.dim() != (length, length) || length < 2 || !probed.jacobian.is_whole() {
        return None;
    }
    let right = if transposed { matrix.t() } else { matrix };
    // T = right · Z, G = rightᵀ · Z; or from the other side.
    let predicted = match side {
        Side::Left => right.t().dot(&solve(&right, &truth)?),
        Side::Right => solve(&right.t(), &truth.t())?.t().dot(&right.t()),
    };
    Some(predicted.into_dyn())
}

/// The Z with `matrix` · Z = `product`, by Gaussian elimination with partial pivoting; `None` if it is not unique.
fn solve(matrix: &ArrayView2<'_, f64>, product: &ArrayView2<'_, f64>) -> Option<Array2<f64>> {
    let (mut matrix, mut z) = (matrix.to_owned(), product.to_owned());
    let length = matrix.nrows();
    let smallest = 1e-9 * matrix.iter().fold(0.0_f64, |most, one| most.max(one.abs()));
    for column in 0..length {
        let pivot = (column..length)
            .max_by(|a, b| matrix[[*a, column]].abs().total_cmp(&matrix[[*b, column]].abs()))?;
        if matrix[[pivot, column]].abs() <= smallest {
            return None;
        }
        for all in [&mut matrix, &mut z] {
            for at in 0..all.ncols() {
                all.swap([pivot, at], [column, at]);
            }
        }
        for row in (0..length).filter(|row| *row != column) {
            let times = matrix[[row, column]] / matrix[[column, column]];
            for all in [&mut matrix, &mut z] {
                for at in 0..all.ncols() {
                    all[[row, at]] -= times * all[[column, at]];
                }
            }
        }
    }
    for (row, mut of_row) in z.rows_mut().into_iter().enumerate() {
        of_row /= matrix[[row, row]];
    }
    Some(z)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_system_is_solved() {
        let matrix = array![[0.0, 2.0, 1.0], [1.0, -1.0, 3.0], [4.0, 0.5, -2.0]];
        let z = array![[1.0, -2.0], [0.5, 3.0], [-1.5, 0.25]];
        let found = solve(&matrix.view(), &matrix.dot(&z).view()).unwrap();
        assert!((&found - &z).iter().all(|apart| apart.abs() < 1e-12), "{found}");
        assert!(solve(&array![[1.0, 2.0], [2.0, 4.0]].view(), &array![[1.0], [2.0]].view()).is_none());
    }
}
