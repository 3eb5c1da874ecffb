//! Validation of forms: the form of an operation must be able to compute the type that its shape rule returns. A user's
//! operation that breaks a rule is an error when it is recorded, so that no kernel reads outside of its inputs.

use super::operation::Mismatch;
use super::shape::{Kind, MAX_ELEMENTS, Type};
use crate::kernel::{Form, RowsKernel, View};

/// Checks that `form` can compute `output` from `inputs`.
pub(super) fn validate_form(form: &Form, inputs: &[Type], output: &Type) -> Result<(), Mismatch> {
    let reads_bytes = |position: usize| match form {
        Form::Rows(form) => form.layouts().is_some_and(|layouts| layouts.reads_bytes(position)),
        Form::Reshape => true,
        Form::Elementwise(_) | Form::View(_) => false,
    };
    let is_refused = |(position, input): &(usize, &Type)| input.kind == Kind::Byte && !reads_bytes(*position);
    if let Some((position, input)) = inputs.iter().enumerate().find(is_refused) {
        return Err(bytes_refused(position, input));
    }
    match form {
        Form::Elementwise(expr) => {
            expect_count(&format!("the elementwise form {expr}"), expr.inputs(), inputs)?;
            expect_elementwise("an elementwise form", inputs, output)
        }
        Form::View(viewing) => {
            expect_count("a view", 1, inputs)?;
            expect_kind("a view", &inputs[0], output)?;
            let whole = View::whole(&inputs[0].shape);
            // The input may itself be a view: tested with doubled strides and the offset 3.
            let doubled: Vec<usize> = whole.strides.iter().map(|stride| 2 * stride).collect();
            let strided = View { shape: whole.shape.clone(), strides: doubled, offset: 3 };
            let elements = inputs[0].shape.elements();
            expect_bounds(&viewing.view(&whole), &(0..elements), inputs, output)?;
            expect_bounds(
                &viewing.view(&strided),
                &(3..elements.saturating_mul(2).saturating_add(2)),
                inputs,
                output,
            )
        }
        Form::Reshape => {
            expect_count("a reshape", 1, inputs)?;
            expect_kind("a reshape", &inputs[0], output)?;
            if inputs[0].shape.elements() == output.shape.elements() {
                return Ok(());
            }
            Err(Mismatch::new(
                format!(
                    "a reshape of {} ({} elements) to {} ({} elements)",
                    inputs[0].shape,
                    inputs[0].shape.elements(),
                    output.shape,
                    output.shape.elements()
                ),
                "keep the number of elements, or choose another form",
            ))
        }
        Form::Rows(form) => expect_rows(&**form.kernel(), inputs, output),
    }
}

/// The error for bytes where real numbers are needed.
pub(crate) fn bytes_refused(position: usize, input: &Type) -> Mismatch {
    Mismatch::new(
        format!("operand {} is a table of bytes ({})", position + 1, input.shape),
        "take rows of it by `gather_rows`, which makes real numbers of them",
    )
}

fn expect_count(form: &str, count: usize, inputs: &[Type]) -> Result<(), Mismatch> {
    if inputs.len() == count {
        return Ok(());
    }
    let (found, expected) =
        (inputs.len(), if count == 1 { "1 input".into() } else { format!("{count} inputs") });
    Err(Mismatch::new(
        format!("{form} takes {expected}, {found} given"),
        format!("record it with {expected}"),
    ))
}

fn expect_kind(form: &str, input: &Type, output: &Type) -> Result<(), Mismatch> {
    if input.kind == output.kind {
        return Ok(());
    }
    let problem = format!("{form} of {input} returns {output}");
    Err(Mismatch::new(problem, "return the kind of the input"))
}

/// Checks that all inputs and the output are real and have the same shape.
fn expect_elementwise(form: &str, inputs: &[Type], output: &Type) -> Result<(), Mismatch> {
    let is_invalid = |found: &&Type| found.kind != Kind::Real || found.shape != output.shape;
    match [output].into_iter().chain(inputs).find(is_invalid) {
        None => Ok(()),
        Some(invalid) => Err(Mismatch::new(
            format!("{form} of {} returns {output}: {invalid} does not fit", joined(inputs)),
            "broadcast the inputs to the shape of the output first, or use the form `Rows`",
        )),
    }
}

/// Checks that a view has the output's shape and reads only these elements.
fn expect_bounds(
    view: &View,
    bounds: &std::ops::Range<usize>,
    inputs: &[Type],
    output: &Type,
) -> Result<(), Mismatch> {
    if view.shape[..] != output.shape[..] || view.strides.len() != view.shape.len() {
        return Err(Mismatch::new(
            format!(
                "its view has the shape {:?} and {} strides, its output the shape {}",
                view.shape,
                view.strides.len(),
                output.shape
            ),
            "return a view in the shape of the output, with one stride for each axis",
        ));
    }
    if view.reads_within(bounds) {
        return Ok(());
    }
    Err(Mismatch::new(
        format!("its view {view:?} reads outside of its input {}, which is at {bounds:?}", inputs[0]),
        "compute the view from the strides and the offset of the given view, within its shape",
    ))
}

/// Checks that the output is a whole number of rows, and that each input has as many blocks as the output.
fn expect_rows(kernel: &dyn RowsKernel, inputs: &[Type], output: &Type) -> Result<(), Mismatch> {
    let shapes: Vec<&[usize]> = inputs.iter().map(|input| &input.shape[..]).collect();
    let elements = output.shape.elements();
    // A plan rejects tensors that are too large.
    let too_large = inputs.iter().chain([output]).any(|of| of.shape.elements() > MAX_ELEMENTS);
    if elements == 0 || too_large {
        return Ok(());
    }
    let rows = kernel.rows(&shapes, &output.shape);
    if rows == 0 || !elements.is_multiple_of(rows) {
        return Err(Mismatch::new(
            format!("the {elements} elements of its output {output} are not divisible by {rows} rows"),
            "return a divisor of the number of elements from `RowsKernel::rows`, for example 1",
        ));
    }
    for (position, input) in inputs.iter().enumerate() {
        let reads = kernel.reads(position, &shapes, &output.shape);
        if !reads.fits(rows, input.shape.elements()) {
            return Err(Mismatch::new(
                format!("{rows} rows of its output read its input {position}, {input}, by {reads:?}"),
                "return from `RowsKernel::reads` equally many blocks of the output and of the input",
            ));
        }
    }
    Ok(())
}

fn joined(inputs: &[Type]) -> String {
    inputs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}
