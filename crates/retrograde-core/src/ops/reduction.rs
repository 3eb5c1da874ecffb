//! What the reductions over axes have in common: [`sum`](super::sum), [`mean`](super::mean), [`max`](super::max).

use super::axis::Axes;
use super::entry::Entry;
use super::rules;
use crate::graph::{Mismatch, Operation, Shape, Type, Var, VjpContext};
use crate::kernel::Form;
use crate::kernel::reduce::OverAxes;
use std::fmt::Debug;
use std::panic::Location;
use std::sync::Arc;

/// A reduction.
pub(super) trait Kind: Debug + Send + Sync + 'static {
    /// Its entry in the list of operations.
    fn entry(&self) -> &'static Entry;

    /// The shape rule.
    fn infer(&self, inputs: &[Type], axes: &[usize]) -> Result<Type, Mismatch>;

    /// The kernel for a tensor of this shape.
    fn kernel(&self, shape: &[usize], axes: &[usize]) -> OverAxes;

    /// The gradient with respect to the tensor.
    fn gradient(&self, context: &VjpContext<'_>, axes: &[usize]) -> Var;
}

/// A reduction of a tensor of this shape over some axes, which are removed from the shape.
#[derive(Debug)]
struct Reduction<K> {
    kind: K,
    axes: Vec<usize>,
    shape: Shape,
}

impl Var {
    /// A reduction over the given axes.
    #[track_caller]
    pub(super) fn reduce(&self, kind: impl Kind, axes: &Axes) -> Var {
        let shape = self.shape_or_scalar();
        self.record(Reduction { kind, axes: axes.of(shape.rank()), shape }, &[], Location::caller())
    }

    /// A reduction over some axes of a tensor of this shape, with these axes in the shape: their length is 1.
    #[track_caller]
    pub(super) fn with_axes_kept(&self, axes: &Axes, of: &Shape) -> Var {
        self.reshape(kept(of, &axes.of(of.rank())))
    }

    /// A reduction to a scalar.
    #[track_caller]
    pub(super) fn reduce_all(&self, kind: impl Kind) -> Var {
        let axes: Vec<usize> = (0..self.shape_or_scalar().rank()).collect();
        self.reduce(kind, &axes.into())
    }

    /// The inverse shape change of a reduction over `axes`: inserts axes of length 1 and broadcasts to `shape`.
    #[track_caller]
    pub(crate) fn expand(&self, axes: &[usize], shape: &Shape) -> Var {
        self.reshape(kept(shape, axes)).broadcast(shape)
    }
}

/// A shape whose `axes` have the length 1. Those that do not exist are passed over: they are refused elsewhere.
fn kept(shape: &Shape, axes: &[usize]) -> Shape {
    let length = |(axis, &length): (usize, &usize)| if axes.contains(&axis) { 1 } else { length };
    shape.iter().enumerate().map(length).collect::<Vec<_>>().into()
}

impl<K: Kind> Operation for Reduction<K> {
    fn name(&self) -> &'static str {
        self.kind.entry().name
    }

    fn attributes(&self) -> String {
        format!("over {:?}", self.axes)
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        self.kind.infer(inputs, &self.axes)
    }

    fn form(self: Arc<Self>) -> Form {
        if rules::have_one_element(&self.shape, &self.axes) {
            Form::Reshape
        } else {
            Form::rows(Arc::new(self.kind.kernel(&self.shape, &self.axes)))
        }
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || self.kind.gradient(context, &self.axes))]
    }
}
