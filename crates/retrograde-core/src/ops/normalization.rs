//! What [`softmax`](super::softmax) and [`log_softmax`](super::log_softmax) have in common: each line along an axis is
//! normalized separately.

use super::axis::Axis;
use super::entry::Entry;
use super::rules;
use crate::graph::{Mismatch, Operation, Type, Var, VjpContext};
use crate::kernel::softmax::{Lines, Normalize};
use crate::kernel::{Call, Form, Reads, Real, Rows, RowsKernel, dispatch};
use std::fmt::Debug;
use std::panic::Location;
use std::sync::Arc;

/// A normalization.
pub(super) trait Kind: Normalize + Debug + Copy + Send + Sync + 'static {
    /// Its entry in the list of operations.
    fn entry(&self) -> &'static Entry;

    /// The same by simpler operations.
    fn decomposition(&self, x: &Var, axis: usize) -> Var;

    /// The gradient with respect to the tensor.
    fn gradient(&self, context: &VjpContext<'_>, axis: usize) -> Var;
}

/// A normalization along an axis.
#[derive(Debug)]
struct Normalization<K> {
    kind: K,
    axis: usize,
}

impl Var {
    /// A normalization along an axis.
    #[track_caller]
    pub(super) fn normalize(&self, kind: impl Kind, axis: impl Into<Axis>) -> Var {
        let axis = axis.into().of(self.shape_or_scalar().rank());
        self.record(Normalization { kind, axis }, &[], Location::caller())
    }
}

impl<K: Kind> Operation for Normalization<K> {
    fn name(&self) -> &'static str {
        self.kind.entry().name
    }

    fn attributes(&self) -> String {
        format!("axis {}", self.axis)
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn decomposition(&self, inputs: &[Var]) -> Option<Var> {
        Some(self.kind.decomposition(&inputs[0], self.axis))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::all_real(inputs)?;
        rules::axes_of(&inputs[0].shape, &[self.axis])?;
        Ok(inputs[0].clone())
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self)
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || self.kind.gradient(context, self.axis))]
    }
}

impl<K: Kind> RowsKernel for Normalization<K> {
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output[..self.axis].iter().product()
    }

    fn reads(&self, input: usize, inputs: &[&[usize]], output: &[usize]) -> Reads {
        Reads::by_row(inputs[input], self.rows(inputs, output))
    }

    fn flops(&self, inputs: &[&[usize]], _: &[usize]) -> usize {
        20 * inputs[0].iter().product::<usize>()
    }
}

impl<K: Kind, T: Real> Rows<T> for Normalization<K> {
    fn evaluate(&self, call: Call<'_, T>) {
        let (length, inner) = (call.shape[self.axis], call.shape[self.axis + 1..].iter().product());
        let (x, output) = (call.inputs.get(0).real(), call.output.real());
        dispatch(Lines { x, output, length, inner, normalize: self.kind });
    }
}
