//! Has a network learned anything? A permutation test of outputs that are already computed.

use super::score::largest;
use crate::training::TargetKind;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Shuffles of the targets.
const SHUFFLES: usize = 999;

/// The probability that targets which have nothing to do with the outputs fit them as well: the share of shuffles of the targets that do.
/// It is exact whatever the distribution, because under independence each order of the targets is as likely. R. A. Fisher, *The
/// Design of Experiments*, 1935; B. Phipson and G. Smyth, "Permutation p-values should never be zero", 2010.
pub(crate) fn permutation_test(kind: TargetKind, outputs: &[f64], targets: &[f64], width: usize) -> f64 {
    let width = width.max(1);
    let rows = targets.len() / width;
    if outputs.len() != targets.len() || rows < 2 || outputs.iter().any(|value| !value.is_finite()) {
        return 1.0;
    }
    // Up to terms that no order changes, the fit is Σ ⟨v(output), target⟩: hits of classes, or the squared error.
    let fits: Vec<f64> = match kind {
        TargetKind::Classes => outputs
            .chunks_exact(width)
            .flat_map(|row| {
                let label = largest(row);
                (0..width).map(move |column| f64::from(column == label))
            })
            .collect(),
        _ => outputs.to_vec(),
    };
    let fit = |order: &[usize]| -> f64 {
        order.iter().enumerate().fold(0.0, |sum, (row, target)| {
            let pairs = fits[row * width..][..width].iter().zip(&targets[target * width..][..width]);
            sum + pairs.map(|(fit, target)| fit * target).sum::<f64>()
        })
    };
    let mut order: Vec<usize> = (0..rows).collect();
    let found = fit(&order);
    let tolerance = 1e-12 * found.abs();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(0);
    let as_good = (0..SHUFFLES)
        .filter(|_| {
            order.shuffle(&mut random);
            fit(&order) >= found - tolerance
        })
        .count();
    (1 + as_good) as f64 / (1 + SHUFFLES) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_have_learned_nothing_and_copies_have() {
        let targets: Vec<f64> = (0..40).map(|row| f64::from(row % 2)).collect();
        assert_eq!(permutation_test(TargetKind::Binary, &[0.3; 40], &targets, 1), 1.0);
        assert_eq!(permutation_test(TargetKind::Binary, &targets, &targets, 1), 0.001);
        let half: Vec<f64> = (0..40).map(|row| f64::from(row / 20)).collect();
        assert!(permutation_test(TargetKind::Binary, &half, &targets, 1) > 0.2, "it is independent");
    }
}
