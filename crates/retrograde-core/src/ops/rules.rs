//! Shape rules that several operations share, with the errors they give.

use crate::graph::{Kind, Mismatch, Shape, Type};

/// All inputs real.
pub(crate) fn all_real(inputs: &[Type]) -> Result<(), Mismatch> {
    match inputs.iter().position(|input| input.kind == Kind::Index) {
        None => Ok(()),
        Some(index) => Err(Mismatch::new(
            format!(
                "operand {} is made of indices ({}), not of real numbers",
                index + 1,
                inputs[index].shape
            ),
            "indices are for labels and rows to gather; give real values here",
        )),
    }
}

/// For pointwise operations: real numbers, all of the same shape, which is the output's.
pub(crate) fn same_shapes(inputs: &[Type]) -> Result<Type, Mismatch> {
    all_real(inputs)?;
    let first = &inputs[0].shape;
    let Some(other) = inputs.iter().map(|input| &input.shape).find(|shape| *shape != first) else {
        return Ok(inputs[0].clone());
    };
    let remedy = if broadcasts(other, first) {
        format!("repeat the second one by `.broadcast({first})`: nothing is broadcast silently")
    } else if broadcasts(first, other) {
        format!("repeat the first one by `.broadcast({other})`: nothing is broadcast silently")
    } else {
        "give operands of the same shape".to_string()
    };
    Err(Mismatch::new(format!("the shapes {first} and {other} differ"), remedy))
}

/// Whether a tensor of shape `from` can be repeated to fill the shape `to`: aligned at the last axis, each axis
/// of `from` is as long as that of `to`, or 1.
pub(crate) fn broadcasts(from: &[usize], to: &[usize]) -> bool {
    from.len() <= to.len() && from.iter().rev().zip(to.iter().rev()).all(|(&a, &b)| a == b || a == 1)
}

/// Axes of `shape`, each at most once.
pub(crate) fn axes_of(shape: &Shape, axes: &[usize]) -> Result<(), Mismatch> {
    let rank = shape.rank();
    if let Some(axis) = axes.iter().find(|axis| **axis >= rank) {
        let remedy = match rank {
            0 => "a scalar has no axes".to_string(),
            1 => "it has only the axis 0".to_string(),
            _ => format!("its axes are 0 to {}", rank - 1),
        };
        return Err(Mismatch::new(format!("the shape {shape} has no axis {axis}"), remedy));
    }
    for (position, axis) in axes.iter().enumerate() {
        if axes[..position].contains(axis) {
            return Err(Mismatch::new(format!("axis {axis} is named twice"), "name each axis once"));
        }
    }
    Ok(())
}

/// Whether a reduction over `axes` joins nothing, since each has one element. Then it only changes the shape.
pub(crate) fn have_one_element(shape: &[usize], axes: &[usize]) -> bool {
    axes.iter().all(|&axis| shape.get(axis) == Some(&1))
}

/// For reductions: the real shape without `axes`.
pub(crate) fn reduced(inputs: &[Type], axes: &[usize]) -> Result<Type, Mismatch> {
    all_real(inputs)?;
    let shape = &inputs[0].shape;
    axes_of(shape, axes)?;
    let kept: Vec<usize> = shape
        .iter()
        .enumerate()
        .filter(|(axis, _)| !axes.contains(axis))
        .map(|(_, &length)| length)
        .collect();
    Ok(Type::real(kept))
}

/// The same for reductions that have no answer for no elements.
pub(crate) fn reduced_from_some(inputs: &[Type], axes: &[usize]) -> Result<Type, Mismatch> {
    let output = reduced(inputs, axes)?;
    let shape = &inputs[0].shape;
    if axes.iter().any(|&axis| shape[axis] == 0) {
        let problem = format!("along {axes:?} the shape {shape} has no elements");
        return Err(Mismatch::new(problem, "give axes with one element at least; the `sum` of none is 0"));
    }
    Ok(output)
}
