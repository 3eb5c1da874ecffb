//! What is checked, seen as a layer: blocks of numbers (an input and parameters) with an output and claimed gradients.
//!
//! A layer, a loss with its labels, a node of a graph, a whole network and a function of several arguments all take this
//! form, so that one examination serves them all.

use std::cell::RefCell;
use std::rc::Rc;

use crate::Result;
use crate::textbook::{Layer, Tensor};

/// For the input and each parameter what a layer claims.
pub(super) type Claims = Vec<Option<Tensor>>;

/// Which block of a layer: its input, or a parameter by its position.
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

/// Calls `run` with these values of the parameters, and puts the present ones back.
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

/// The gradients that a layer shows for its parameters.
pub(super) fn shown(layer: &mut dyn Layer) -> Claims {
    let owned =
        |one: &crate::textbook::Parameter<'_>| one.gradient.as_ref().map(ndarray::ArrayBase::to_owned);
    let mut shown: Claims = layer.parameters().iter().map(owned).collect();
    shown.extend(layer.shared_parameters().into_iter().map(|one| one.gradient));
    shown
}

/// One `backward`, and the gradients that it leaves.
pub(super) fn claims(layer: &mut dyn Layer, d: &Tensor) -> Result<Claims> {
    let mut claims = vec![Some(layer.backward(d)?)];
    claims.extend(shown(layer));
    Ok(claims)
}

/// The output with one element of a block at `there`, which is put back to `value`. `moved` is the input.
pub(super) fn move_element(
    layer: &mut dyn Layer,
    moved: &mut Tensor,
    which: Which,
    element: usize,
    there: f64,
    value: f64,
) -> Result<Tensor> {
    match which {
        Which::Input => {
            let mut put = |number: f64| {
                *moved.iter_mut().nth(element).expect("an element of the input") = number;
            };
            put(there);
            let out = layer.forward(moved);
            *moved.iter_mut().nth(element).expect("an element of the input") = value;
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

/// Puts a number in the place of an element of a parameter.
fn put(layer: &mut dyn Layer, parameter: usize, element: usize, value: f64) {
    let mut own = layer.parameters();
    let count = own.len();
    if let Some(parameter) = own.get_mut(parameter) {
        if let Some(to) = parameter.value.iter_mut().nth(element) {
            *to = value;
        }
        return;
    }
    drop(own);
    let shared: Option<Rc<RefCell<Tensor>>> =
        layer.shared_parameters().into_iter().nth(parameter - count).map(|one| one.value);
    if let Some(to) =
        shared.as_ref().map(|shared| shared.borrow_mut()).as_mut().and_then(|all| all.iter_mut().nth(element))
    {
        *to = value;
    }
}
