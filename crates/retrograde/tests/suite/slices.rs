//! The gradient of a value with several slices: one concatenation, and what each slice contributes.

use retrograde::{Graph, Result, Tensor, Var};

/// Slices of a value `[3, 7]`: an axis and a range.
const SLICES: [(usize, usize, usize); 8] =
    [(1, 0, 2), (1, 4, 6), (1, 2, 3), (1, 5, 7), (1, 3, 3), (0, 0, 1), (0, 1, 3), (1, 0, 7)];

/// The weight of an element of a slice.
fn weight(slice: usize, element: usize) -> f64 {
    ((slice * 31 + element * 7) % 13) as f64 - 5.0
}

/// The sum of the elements of the slices, each times its weight.
fn weighted(x: &Var, slices: &[usize]) -> Result<Var> {
    let mut sum = x.graph().constant(0.0);
    for &slice in slices {
        let (axis, start, end) = SLICES[slice];
        let part = x.slice(axis, start..end);
        let weights = Tensor::from_fn(part.shape(), |element| weight(slice, element))?;
        sum = sum + (part * x.graph().constant(weights)).sum_all();
    }
    Ok(sum)
}

/// The gradient by the definition.
fn expected(slices: &[usize]) -> Vec<f64> {
    let mut gradient = vec![0.0; 21];
    for &slice in slices {
        let (axis, start, end) = SLICES[slice];
        let inside =
            |element: &usize| (start..end).contains(&if axis == 0 { element / 7 } else { element % 7 });
        for (position, element) in (0..21).filter(inside).enumerate() {
            gradient[element] += weight(slice, position);
        }
    }
    gradient
}

#[test]
fn any_choice_of_slices_has_the_gradient_of_its_definition() -> Result<()> {
    for choice in 1..1 << SLICES.len() {
        let slices: Vec<usize> = (0..SLICES.len()).filter(|slice| choice >> slice & 1 == 1).collect();
        let graph = Graph::new();
        let x = graph.parameter("x", Tensor::from_fn([3, 7], |i| i as f64)?);
        let gradient = weighted(&x, &slices)?.backward()?.wrt(&x)?;
        // Small integers: the sums are exact.
        assert_eq!(gradient.value()?.values(), expected(&slices), "{slices:?}");
    }
    Ok(())
}

#[test]
fn slices_beside_each_other_are_concatenated() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", Tensor::from_fn([64, 3], |i| i as f64)?);
    let mut loss = graph.constant(0.0);
    for row in 0..64 {
        loss = loss + x.slice(0, row..=row).powf(2.0).sum_all();
    }
    let gradient = loss.backward()?.wrt(&x)?;
    assert_eq!(gradient.node().operation().map(|operation| operation.name()), Some("concat"));
    assert_eq!(gradient.node().inputs.len(), 64);
    let doubled: Vec<f64> = (0..64 * 3).map(|i| 2.0 * f64::from(i)).collect();
    assert_eq!(gradient.value()?.values(), doubled);
    Ok(())
}
