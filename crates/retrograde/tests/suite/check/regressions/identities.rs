//! Kind 2: A diagnosis that is not a fault: hypotheses that compose to the identity, or are undefined where the fault is.

use retrograde::Result;
use retrograde::check::{self, Verdict};
use retrograde::textbook::Tensor;

use super::{Given, Own, rows};
use crate::check::support::{Expect, each, matrix, numbers, step, tensor};

/// x + relu(x · w1) · w2
fn residual(x: &Tensor, p: &[Tensor]) -> Tensor {
    let hidden = matrix(x).dot(&matrix(&p[0])).mapv(|z| z.max(0.0));
    x + &hidden.dot(&matrix(&p[1])).into_dyn()
}

/// The slope of the rectifier is 0 at 0.
fn residual_back(g: &Given<'_>, skip: f64) -> (Tensor, Vec<Tensor>) {
    let (x, d, w1, w2) = (matrix(g.x), matrix(g.d), matrix(&g.p[0]), matrix(&g.p[1]));
    let z = x.dot(&w1);
    let dz = d.dot(&w2.t()) * z.mapv(step);
    let dx = dz.dot(&w1.t()) + d.clone() * skip;
    let dw2 = z.mapv(|z| z.max(0.0)).t().dot(&d);
    (dx.into_dyn(), vec![x.t().dot(&dz).into_dyn(), dw2.into_dyn()])
}

fn block(w1: Tensor, w2: Tensor, backward: super::Backward) -> Own {
    Own::new(vec![("w1", w1), ("w2", w2)], residual, backward)
}

#[test]
fn a_residual_block_at_two_kinks_in_one_element() -> Result<()> {
    let (w1, w2) = (tensor(&[2, 2], &[1.0, -1.0, 2.0, 1.0]), tensor(&[2, 2], &[1.0, 1.0, -2.0, 1.0]));
    let x = tensor(&[2, 2], &[0.0, 0.0, 1.0, -0.5]);
    let report = check::layer(&mut block(w1, w2, |g| residual_back(g, 1.0)), &x)?;
    Expect::verdict(&[Verdict::Kink]).of(&report);
    assert_eq!(report.causes().count(), 0, "{report}");
    Ok(())
}

#[test]
fn residual_blocks_with_other_weights() -> Result<()> {
    for (width, hidden, seed) in [(2, 3, 40), (3, 5, 9), (1, 4, 77)] {
        let weights = || (numbers(&[width, hidden], seed), numbers(&[hidden, width], seed + 50));
        let mut x = numbers(&[3, width], 5);
        // All rectifiers of the first row are at their kink.
        x.index_axis_mut(ndarray::Axis(0), 0).fill(0.0);
        let (w1, w2) = weights();
        let report = check::layer(&mut block(w1, w2, |g| residual_back(g, 1.0)), &x)?;
        Expect::right().of(&report);
        assert_eq!(report.causes().count(), 0, "{report}");
        // And the kinks hide no fault.
        let (w1, w2) = weights();
        Expect::wrong("x", &["path missing"])
            .of(&check::layer(&mut block(w1, w2, |g| residual_back(g, 0.0)), &x)?);
    }
    Ok(())
}

#[test]
fn functions_with_a_special_point() -> Result<()> {
    let softsign = || {
        Own::new(
            vec![],
            |x, _| x.mapv(|x| x / (1.0 + x.abs())),
            |g| (each(g.x, g.d, |x, d| d / (1.0 + x.abs()).powi(2)), vec![]),
        )
    };
    let signed_square = || {
        Own::new(
            vec![],
            |x, _| x.mapv(|x| x * x.abs()),
            |g| (each(g.x, g.d, |x, d| d * 2.0 * x.abs()), vec![]),
        )
    };
    let tiny = tensor(&[2, 3], &[1e-6, -1e-6, 2e-6, -3e-6, 1e-6, 5e-7]);
    let mut one_zero = numbers(&[3, 2], 8);
    one_zero[[1, 0]] = 0.0;
    for x in [tiny, Tensor::zeros(vec![2, 3]), one_zero, rows().0] {
        for mut layer in [softsign(), signed_square()] {
            let report = check::layer(&mut layer, &x)?;
            Expect::right().of(&report);
            assert_eq!(report.causes().count(), 0, "{report}");
        }
    }
    Ok(())
}
