//! What the three products of a convolution have in common: their options, and how they are recorded.
//!
//! With images x, a weight w and an output y, [`conv2d`](super::conv2d) is y(x, w),
//! [`conv_transpose2d`](super::conv_transpose2d) the gradient x(y, w), and
//! [`conv2d_weight_gradient`](super::conv2d_weight_gradient) the gradient w(x, y). Each is linear in both operands,
//! and the gradients of each are the other two: gradients of any order consist of these three.

mod products;
pub(super) mod shapes;

use super::rules;
use super::{conv_transpose2d, conv2d, conv2d_weight_gradient};
use crate::graph::{Mismatch, Operation, Shape, Type, Var, VjpContext};
use crate::kernel::Form;
use crate::kernel::conv::{ByInput, ByWeight, Forward, Geometry};
use std::panic::Location;
use std::sync::Arc;

/// The options of a two-dimensional convolution, as in PyTorch. Pairs are (height, width).
///
/// ```
/// use retrograde::ops::Conv2dOptions;
///
/// let options = Conv2dOptions { padding: [1, 1], ..Conv2dOptions::default() };
/// assert_eq!((options.stride, options.dilation, options.groups), ([1, 1], [1, 1], 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2dOptions {
    /// The distance between two windows, at least 1. By default 1.
    pub stride: [usize; 2],
    /// The zeros on each side of an image. By default 0.
    pub padding: [usize; 2],
    /// The distance between two elements of a window, at least 1. By default 1.
    pub dilation: [usize; 2],
    /// The number of groups into which the channels and the filters are divided. A filter sees the channels of its
    /// group. By default 1.
    pub groups: usize,
}

impl Default for Conv2dOptions {
    fn default() -> Self {
        Conv2dOptions { stride: [1; 2], padding: [0; 2], dilation: [1; 2], groups: 1 }
    }
}

impl Conv2dOptions {
    /// The options that are not the default, for drawings.
    pub(super) fn attributes(&self) -> String {
        let default = Conv2dOptions::default();
        let pairs = [
            ("stride", self.stride, default.stride),
            ("padding", self.padding, default.padding),
            ("dilation", self.dilation, default.dilation),
        ];
        let mut shown: Vec<String> = Vec::new();
        shown.extend(
            pairs.iter().filter(|(_, x, usual)| x != usual).map(|(name, x, _)| format!("{name} {x:?}")),
        );
        shown.extend((self.groups != 1).then(|| format!("{} groups", self.groups)));
        shown.join(", ")
    }
}

/// One of the three tensors of a convolution, in the order in which [`products`] counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Images,
    Weight,
    Output,
}

/// The product of two of the three tensors of a convolution, which has the role of the third.
#[derive(Debug, Clone)]
pub(super) struct Product {
    of: Role,
    options: Conv2dOptions,
    geometry: Result<Geometry, Mismatch>,
}

impl Product {
    /// The output, for images and a weight of these shapes.
    pub(super) fn output(x: &Shape, weight: &Shape, options: Conv2dOptions) -> Self {
        Product { of: Role::Output, options, geometry: shapes::geometry(x, weight, &options) }
    }

    /// The images, for an output and a weight of these shapes. `output_padding` lines below and columns to the right
    /// of the last window belong to the images.
    pub(super) fn images(
        y: &Shape,
        weight: &Shape,
        options: Conv2dOptions,
        output_padding: [usize; 2],
    ) -> Self {
        let images = || {
            let x = shapes::transposed(y, weight, &options, output_padding)?;
            shapes::geometry(&x, weight, &options)
        };
        Product { of: Role::Images, options, geometry: images() }
    }

    /// The weight with windows of this height and width, for images and an output of these shapes.
    pub(super) fn weight(x: &Shape, y: &Shape, kernel: [usize; 2], options: Conv2dOptions) -> Self {
        let weight = || {
            let [_, channels, _, _] = shapes::images(x)?;
            let [_, filters, _, _] = shapes::images(y)?;
            let weight = [filters, channels / options.groups.max(1), kernel[0], kernel[1]];
            shapes::geometry(x, &weight.into(), &options)
        };
        Product { of: Role::Weight, options, geometry: weight() }
    }

    /// The roles of the two operands.
    fn operands(&self) -> [Role; 2] {
        match self.of {
            Role::Output => [Role::Images, Role::Weight],
            Role::Images => [Role::Output, Role::Weight],
            Role::Weight => [Role::Images, Role::Output],
        }
    }
}

/// The shape of the tensor with this role.
fn shape(geometry: &Geometry, role: Role) -> Shape {
    let &Geometry { images, groups, channels, filters, image, kernel, output, .. } = geometry;
    match role {
        Role::Images => [images, groups * channels, image[0], image[1]].into(),
        Role::Weight => [groups * filters, channels, kernel[0], kernel[1]].into(),
        Role::Output => [images, groups * filters, output[0], output[1]].into(),
    }
}

impl Operation for Product {
    fn name(&self) -> &'static str {
        match self.of {
            Role::Output => conv2d::ENTRY.name,
            Role::Images => conv_transpose2d::ENTRY.name,
            Role::Weight => conv2d_weight_gradient::ENTRY.name,
        }
    }

    fn attributes(&self) -> String {
        self.options.attributes()
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::all_real(inputs)?;
        let geometry = self.geometry.clone()?;
        for (input, role) in inputs.iter().zip(self.operands()) {
            let expected = shape(&geometry, role);
            if input.shape != expected {
                let problem = format!("an operand has the shape {}, and not {expected}", input.shape);
                return Err(Mismatch::new(problem, format!("give an operand of the shape {expected}")));
            }
        }
        Ok(Type::real(shape(&geometry, self.of)))
    }

    fn form(self: Arc<Self>) -> Form {
        let geometry = self.geometry.clone().expect("`infer` has accepted the shapes");
        match self.of {
            Role::Output => Form::rows(Arc::new(Forward(geometry))),
            Role::Images => Form::rows(Arc::new(ByInput(geometry))),
            Role::Weight => Form::rows(Arc::new(ByWeight(geometry))),
        }
    }

    /// The gradient of an operand is the product of the other operand and the upstream gradient, which has the role
    /// of the value.
    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let operands = self.operands();
        let value = |role: Role| match operands.iter().position(|&operand| operand == role) {
            Some(input) => context.input(input),
            None => context.upstream(),
        };
        let gradient = |of: Role| {
            let product = Product { of, ..self.clone() };
            let [first, second] = product.operands().map(value);
            first.record(product, &[second], Location::caller())
        };
        (0..2).map(|input| context.if_needed(input, || gradient(operands[input]))).collect()
    }

    fn jacobian_column(
        &self,
        input: usize,
        element: usize,
        _: &[Type],
        values: &[&[f64]],
        emit: &mut dyn FnMut(usize, f64),
    ) -> bool {
        let Ok(geometry) = &self.geometry else {
            return false;
        };
        let (role, other) = (self.operands()[input], 1 - input);
        let factor = self.operands()[other];
        products::products_of(geometry, role, element, |at| {
            emit(at[self.of as usize], values[other][at[factor as usize]]);
        });
        true
    }
}
