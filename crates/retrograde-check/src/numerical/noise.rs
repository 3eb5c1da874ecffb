//! The noise of the values of a function.

use retrograde_base::Result;

/// The relative noise of the outputs of a function, from values at equal small distances: the sixth differences of a smooth
/// function vanish, and the noise remains (Moré and Wild, *Estimating computational noise*, 2011). `f` takes the multiple
/// of a small step; 0 is excluded, because a function may jump there. `None` if the outputs are constant.
pub(crate) fn noise(mut f: impl FnMut(f64) -> Result<Vec<f64>>) -> Result<Option<f64>> {
    // The sum of the squares of the binomials 1, 6, 15, 20, 15, 6, 1: independent errors add up to its root.
    const SPREAD: f64 = 924.0;
    let mut table = Vec::new();
    for k in 1..8 {
        table.push(f(f64::from(k))?);
    }
    let count = table[0].len();
    if table.iter().any(|row| row.len() != count) {
        return Ok(None);
    }
    let all = || table.iter().flatten();
    let largest = all().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    // Constant outputs give no estimate of noise.
    let moves = |o: &usize| table.iter().any(|row| row[*o] != table[0][*o]);
    let moving: Vec<usize> = (0..count).filter(moves).collect();
    if moving.is_empty() {
        return Ok(None);
    }
    let weights = [1.0, -6.0, 15.0, -20.0, 15.0, -6.0, 1.0];
    let square = |o: &usize| weights.iter().zip(&table).map(|(w, row)| w * row[*o]).sum::<f64>().powi(2);
    // The median is robust against the few outputs with a kink in between.
    let mut squares: Vec<f64> = moving.iter().map(square).filter(|square| square.is_finite()).collect();
    squares.sort_by(f64::total_cmp);
    let middle = squares.get(squares.len() / 2).copied().unwrap_or(0.0);
    let mut seen = (middle / SPREAD).sqrt() / largest.max(f64::MIN_POSITIVE);
    if all().all(|value| f64::from(*value as f32) == *value) {
        // Outputs that vary and are all representable in single precision were computed in it.
        seen = seen.max(f64::from(f32::EPSILON));
    }
    Ok(Some(if seen > 1e-13 { (4.0 * seen).min(1.0) } else { seen.max(f64::EPSILON) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_seen() {
        let measure =
            |f: fn(f64) -> f64| noise(|k| Ok(vec![f(0.7 + k * 2.0_f64.powi(-20))])).unwrap().unwrap();
        let double = measure(f64::sin);
        assert!(double < 1e-15, "{double}");
        let single = measure(|x| f64::from((x as f32).sin()));
        assert!((1e-9..1e-6).contains(&single), "{single}");
    }
}
