//! Shape rules that several operations use, and their errors.

use crate::graph::{Kind, Mismatch, Shape, Type, bytes_refused};

/// Checks that all inputs are real.
pub(crate) fn all_real(inputs: &[Type]) -> Result<(), Mismatch> {
    match inputs.iter().position(|input| input.kind != Kind::Real) {
        None => Ok(()),
        Some(index) if inputs[index].kind == Kind::Byte => Err(bytes_refused(index, &inputs[index])),
        Some(index) => Err(Mismatch::new(
            format!("operand {} has indices ({}), not real numbers", index + 1, inputs[index].shape),
            "give real values; indices are for labels and rows to gather",
        )),
    }
}

/// The rule of elementwise operations: all inputs are real and have the same shape, which is the output's.
pub(crate) fn same_shapes(inputs: &[Type]) -> Result<Type, Mismatch> {
    all_real(inputs)?;
    let first = &inputs[0].shape;
    let Some(other) = inputs.iter().map(|input| &input.shape).find(|shape| *shape != first) else {
        return Ok(inputs[0].clone());
    };
    let help = if broadcasts(other, first) {
        format!("repeat the second one by `.broadcast({first})`: broadcasting is always explicit")
    } else if broadcasts(first, other) {
        format!("repeat the first one by `.broadcast({other})`: broadcasting is always explicit")
    } else if let Some(column) = as_columns(other, first) {
        format!(
            "give operands of the same shape: repeat the second by `.reshape({column}).broadcast({first})`"
        )
    } else if let Some(column) = as_columns(first, other) {
        format!(
            "give operands of the same shape: repeat the first by `.reshape({column}).broadcast({other})`"
        )
    } else {
        "give operands of the same shape".to_string()
    };
    Err(Mismatch::new(format!("the shapes {first} and {other} differ"), help))
}

/// The shape in which `from` broadcasts to `to`, if its axes are the leading ones of `to`: `[3, 1]` of `[3]` to `[3, 4]`.
fn as_columns(from: &Shape, to: &Shape) -> Option<Shape> {
    let ones = to.rank().checked_sub(from.rank())?;
    let leading = from.rank() > 0 && to.starts_with(from);
    leading.then(|| Shape::from([from, &vec![1; ones][..]].concat()))
}

/// Whether the shape `from` broadcasts to `to`: aligned at the last axis, each axis of `from` has the length of that of
/// `to`, or 1.
pub(crate) fn broadcasts(from: &[usize], to: &[usize]) -> bool {
    from.len() <= to.len() && from.iter().rev().zip(to.iter().rev()).all(|(&a, &b)| a == b || a == 1)
}

/// Checks that `axes` are axes of `shape`, each at most once.
pub(crate) fn axes_of(shape: &Shape, axes: &[usize]) -> Result<(), Mismatch> {
    axes_of_rank(shape.rank(), axes, &format!("the shape {shape}"))
}

/// Checks that `axes` are axes of something of this rank, each at most once.
pub(crate) fn axes_of_rank(rank: usize, axes: &[usize], of: &str) -> Result<(), Mismatch> {
    if let Some(axis) = axes.iter().find(|axis| **axis >= rank) {
        let help = match rank {
            0 => "give no axes: a scalar has none".to_string(),
            1 => "give the axis 0".to_string(),
            _ => format!("give axes from 0 to {}, or from -{rank} to -1", rank - 1),
        };
        // A negative one that does not exist has kept its bits.
        return Err(Mismatch::new(format!("{of} has no axis {}", *axis as isize), help));
    }
    for (position, axis) in axes.iter().enumerate() {
        if axes[..position].contains(axis) {
            return Err(Mismatch::new(format!("axis {axis} is given twice"), "give each axis once"));
        }
    }
    Ok(())
}

/// Whether all `axes` have one element. A reduction over them only changes the shape.
pub(crate) fn have_one_element(shape: &[usize], axes: &[usize]) -> bool {
    axes.iter().all(|&axis| shape.get(axis) == Some(&1))
}

/// The rule of reductions: a real shape without `axes`.
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

/// The rule of reductions that are not defined for zero elements.
pub(crate) fn reduced_from_some(inputs: &[Type], axes: &[usize]) -> Result<Type, Mismatch> {
    let output = reduced(inputs, axes)?;
    let shape = &inputs[0].shape;
    if axes.iter().any(|&axis| shape[axis] == 0) {
        let problem = format!("the shape {shape} has no elements along {axes:?}");
        return Err(Mismatch::new(problem, "give axes with at least one element"));
    }
    Ok(output)
}
