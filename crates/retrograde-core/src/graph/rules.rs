//! What an operation must keep to, whatever it computes: that its form can carry out what its shape rule promises, and
//! that its derivative answers for each input. The library's own do; a program's own is refused where it does not, rather
//! than read other memory than its inputs'.

use super::operation::Mismatch;
use super::shape::{Kind, LARGEST, Type};
use crate::kernel::{Form, RowsKernel, View};

/// Whether an operation's form can make `output` of `inputs`, or the rule that is broken.
pub(super) fn carried_out(form: &Form, inputs: &[Type], output: &Type) -> Result<(), Mismatch> {
    match form {
        Form::Elementwise(expr) => {
            expect_count(&format!("the elementwise form {expr}"), expr.inputs(), inputs)?;
            element_by_element("an elementwise form", inputs, output)
        }
        Form::View(viewing) => {
            expect_count("a view", 1, inputs)?;
            expect_kind("a view", &inputs[0], output)?;
            let whole = View::whole(&inputs[0].shape);
            // The memory behind the input may itself be seen at other places: here at every second one, from the third.
            let apart: Vec<usize> = whole.strides.iter().map(|stride| 2 * stride).collect();
            let seen_apart = View { shape: whole.shape.clone(), strides: apart, offset: 3 };
            let elements = inputs[0].shape.elements();
            in_range(&viewing.view(&whole), &(0..elements), inputs, output)?;
            in_range(
                &viewing.view(&seen_apart),
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
                    "a reshape of {}, {} elements, to {}, {} elements",
                    inputs[0].shape,
                    inputs[0].shape.elements(),
                    output.shape,
                    output.shape.elements()
                ),
                "keep the number of elements, or choose another form",
            ))
        }
        Form::Rows(kernel) => in_rows(&**kernel, inputs, output),
    }
}

fn expect_count(form: &str, takes: usize, inputs: &[Type]) -> Result<(), Mismatch> {
    if inputs.len() == takes {
        return Ok(());
    }
    let (are, inputs_of) =
        (inputs.len(), if takes == 1 { "1 input".into() } else { format!("{takes} inputs") });
    Err(Mismatch::new(
        format!("{form} takes {inputs_of}, {are} given"),
        format!("record it with {inputs_of}"),
    ))
}

fn expect_kind(form: &str, input: &Type, output: &Type) -> Result<(), Mismatch> {
    if input.kind == output.kind {
        return Ok(());
    }
    let problem = format!("{form} makes {output} of {input}");
    Err(Mismatch::new(problem, "real numbers stay real numbers, and indices indices"))
}

/// Element `i` of the output is made of elements `i`: all have one shape, and are real numbers.
fn element_by_element(form: &str, inputs: &[Type], output: &Type) -> Result<(), Mismatch> {
    let is_off = |given: &&Type| given.kind != Kind::Real || given.shape != output.shape;
    match [output].into_iter().chain(inputs).find(is_off) {
        None => Ok(()),
        Some(off) => Err(Mismatch::new(
            format!("{form} makes {output} of {}: {off} does not fit", listed(inputs)),
            "give it real inputs of the shape of its output, broadcast before, or carry it out by rows",
        )),
    }
}

/// Whether a view has the output's shape and reads only these places.
fn in_range(
    view: &View,
    places: &std::ops::Range<usize>,
    inputs: &[Type],
    output: &Type,
) -> Result<(), Mismatch> {
    if view.shape[..] != output.shape[..] || view.strides.len() != view.shape.len() {
        return Err(Mismatch::new(
            format!(
                "its view has the shape {:?} with {} strides, its output {}",
                view.shape,
                view.strides.len(),
                output.shape
            ),
            "make the view in the shape of the output, with a stride for each axis",
        ));
    }
    if view.reads_within(places) {
        return Ok(());
    }
    Err(Mismatch::new(
        format!("its view {view:?} reads outside of its input {}, which lies at {places:?}", inputs[0]),
        "make the view from the strides and the offset of the view that it is given, within its shape",
    ))
}

/// Whether what is made row by row falls into rows.
fn in_rows(kernel: &dyn RowsKernel, inputs: &[Type], output: &Type) -> Result<(), Mismatch> {
    let shapes: Vec<&[usize]> = inputs.iter().map(|input| &input.shape[..]).collect();
    let elements = output.shape.elements();
    // What is too large to be counted is refused when it is to be computed.
    let uncountable = inputs.iter().chain([output]).any(|of| of.shape.elements() > LARGEST);
    if elements == 0 || uncountable {
        return Ok(());
    }
    let rows = kernel.rows(&shapes, &output.shape);
    if rows == 0 || !elements.is_multiple_of(rows) {
        return Err(Mismatch::new(
            format!("its output {output} does not fall into {rows} rows of equal length"),
            "let `RowsKernel::rows` return a number that divides the elements, or 1",
        ));
    }
    let apart = |position: usize| {
        kernel.row_by_row(position, &shapes, &output.shape)
            && !inputs[position].shape.elements().is_multiple_of(rows)
    };
    match (0..inputs.len()).find(|&position| apart(position)) {
        None => Ok(()),
        Some(position) => Err(Mismatch::new(
            format!("its input {position}, {}, does not fall into {rows} rows", inputs[position]),
            "let `RowsKernel::row_by_row` be true only of inputs with as many rows as the output",
        )),
    }
}

fn listed(inputs: &[Type]) -> String {
    inputs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}
