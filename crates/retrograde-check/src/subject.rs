//! The subject of a check as a layer: blocks of numbers (an input and parameters) with an output and claimed
//! gradients.
//!
//! A layer, a loss with its labels, a node of a graph, a whole network and a function of several arguments are all
//! adapted to this, so that one examination serves all of them.

use ndarray::ArrayViewMutD;

use retrograde_base::Result;
use retrograde_textbook::{Layer, Tensor};

/// The claimed gradients of the input and of each parameter.
pub(super) type ClaimedGradients = Vec<Option<Tensor>>;

/// A block of a layer: its input, or a parameter by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Input,
    Parameter(usize),
}

impl Which {
    /// The block at a position: the input is the first.
    pub fn of(block: usize) -> Self {
        block.checked_sub(1).map_or(Which::Input, Which::Parameter)
    }
}

/// The names of all parameters.
pub(super) fn names(layer: &mut dyn Layer) -> Vec<String> {
    let mut names: Vec<String> = layer.parameters().iter().map(|one| one.name.to_owned()).collect();
    names.extend(layer.shared_parameters().into_iter().map(|one| one.name));
    names
}

/// The values of all parameters.
pub(super) fn values(layer: &mut dyn Layer) -> Vec<Tensor> {
    let mut values: Vec<Tensor> = layer.parameters().iter().map(|one| one.value.to_owned()).collect();
    values.extend(layer.shared_parameters().into_iter().map(|one| one.value.borrow().clone()));
    values
}

/// Sets the values of all parameters.
pub(super) fn set_values(layer: &mut dyn Layer, values: &[Tensor]) {
    let mut own = 0;
    for (mut parameter, value) in layer.parameters().into_iter().zip(values) {
        parameter.value.assign(value);
        own += 1;
    }
    for (shared, value) in layer.shared_parameters().into_iter().zip(&values[own..]) {
        shared.value.borrow_mut().assign(value);
    }
}

/// Calls `run` with these values of the parameters, and restores the present ones.
pub(super) fn with_values<T>(
    layer: &mut dyn Layer,
    there: &[Tensor],
    run: impl FnOnce(&mut dyn Layer) -> T,
) -> T {
    let original = values(layer);
    set_values(layer, there);
    let found = run(layer);
    set_values(layer, &original);
    found
}

/// Calls `run` with another value of one parameter, and restores the present one.
pub(super) fn with_value<T>(
    layer: &mut dyn Layer,
    parameter: usize,
    there: &Tensor,
    run: impl FnOnce(&mut dyn Layer) -> T,
) -> T {
    let original = exchange(layer, parameter, there);
    let found = run(layer);
    exchange(layer, parameter, &original);
    found
}

/// Sets the value of one parameter; returns the previous one.
fn exchange(layer: &mut dyn Layer, parameter: usize, there: &Tensor) -> Tensor {
    let mut own = layer.parameters();
    let count = own.len();
    if let Some(parameter) = own.get_mut(parameter) {
        let before = parameter.value.to_owned();
        parameter.value.assign(there);
        return before;
    }
    drop(own);
    let shared = layer.shared_parameters().swap_remove(parameter - count).value;
    let before = shared.borrow().clone();
    shared.borrow_mut().assign(there);
    before
}

/// The gradients that a layer holds for its parameters.
pub(super) fn shown(layer: &mut dyn Layer) -> ClaimedGradients {
    let owned =
        |one: &retrograde_textbook::Parameter<'_>| one.gradient.as_ref().map(ndarray::ArrayBase::to_owned);
    let mut shown: ClaimedGradients = layer.parameters().iter().map(owned).collect();
    shown.extend(layer.shared_parameters().into_iter().map(|one| one.gradient));
    shown
}

/// Calls `backward` and collects the gradients.
pub(super) fn claims(layer: &mut dyn Layer, d: &Tensor) -> Result<ClaimedGradients> {
    let mut claims = vec![Some(layer.backward(d)?)];
    claims.extend(shown(layer));
    Ok(claims)
}

/// The output with one element of a block set to `there`; the element is restored to `value`. `moved` is the input.
pub(super) fn perturb_element(
    layer: &mut dyn Layer,
    moved: &mut Tensor,
    which: Which,
    element: usize,
    there: f64,
    value: f64,
) -> Result<Tensor> {
    match which {
        Which::Input => {
            put_into(moved.view_mut(), element, there);
            let out = layer.forward(moved);
            put_into(moved.view_mut(), element, value);
            out
        }
        Which::Parameter(parameter) => {
            put(layer, parameter, element, there);
            let out = layer.forward(moved);
            put(layer, parameter, element, value);
            out
        }
    }
}

/// Sets an element of a parameter.
fn put(layer: &mut dyn Layer, parameter: usize, element: usize, value: f64) {
    let mut own = layer.parameters();
    let count = own.len();
    if let Some(parameter) = own.get_mut(parameter) {
        put_into(parameter.value.view_mut(), element, value);
        return;
    }
    drop(own);
    if let Some(shared) = layer.shared_parameters().into_iter().nth(parameter - count) {
        put_into(shared.value.borrow_mut().view_mut(), element, value);
    }
}

/// Sets the element at a position in row-major order, if there is one.
fn put_into(mut all: ArrayViewMutD<'_, f64>, at: usize, value: f64) {
    // Contiguous arrays are indexed directly.
    let to = if all.is_standard_layout() {
        all.as_slice_mut().and_then(|all| all.get_mut(at))
    } else {
        all.iter_mut().nth(at)
    };
    if let Some(to) = to {
        *to = value;
    }
}
