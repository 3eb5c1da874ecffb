//! Large reductions in two stages: the partial results of blocks on all threads, then their combination.
//!
//! A row kernel says by [`RowsKernel::stages`](crate::kernel::RowsKernel::stages) how it is split. Both ways have the same bits;
//! the pass chooses the faster one: a kernel is split if it is worth several threads, and its own rows do not employ them.

use super::ir::{PlanIr, ValueId};
use super::simplify::new_value;
use crate::graph::{Node, Origin, Type};
use crate::kernel::{Form, Reads, RowsForm, Stages, Threads};
use std::sync::Arc;

/// With fewer rows for each thread, threads may have unequal work.
const ROWS_PER_THREAD: usize = 4;

/// Splits reductions into two values each.
pub(super) fn stages(ir: &mut PlanIr, threads: &Threads) {
    let split: Vec<Option<Stages>> = (0..ir.values.len()).map(|value| split(ir, value, threads)).collect();
    if split.iter().all(Option::is_none) {
        return;
    }
    let mut renamed: Vec<ValueId> = Vec::with_capacity(ir.values.len());
    for (mut value, stages) in std::mem::take(&mut ir.values).into_iter().zip(split) {
        value.inputs.iter_mut().for_each(|input| *input = renamed[*input]);
        if let Some(Stages { shape, first, second }) = stages {
            let partial = staged(&value.node, first, Type::real(shape));
            let inputs = std::mem::replace(&mut value.inputs, vec![ir.values.len()]);
            ir.values.push(new_value(&Arc::new(partial), inputs, ir.values.len()));
            value.node = Arc::new(staged(&value.node, second, value.node.value_type.clone()));
        }
        value.source.base = ir.values.len();
        renamed.push(ir.values.len());
        ir.values.push(value);
    }
    let next = ir.values.iter_mut().filter_map(|value| value.next.as_mut());
    ir.of.values_mut().chain(&mut ir.fetched).chain(next).for_each(|value| *value = renamed[*value]);
    for update in &mut ir.updates {
        (update.leaf, update.value) = (renamed[update.leaf], renamed[update.value]);
    }
}

/// The stages of a value, if splitting it is worth while.
fn split(ir: &PlanIr, value: ValueId, threads: &Threads) -> Option<Stages> {
    let (kernel, inputs, output) = (ir.kernel(value)?, ir.input_shapes(value), ir.shape(value));
    if ir.elements(value) == 0 || !threads.are_worth(kernel.flops(&inputs, output)) {
        return None;
    }
    let partitioned = kernel.reads(0, &inputs, output) != Reads::ALL
        && kernel.rows(&inputs, output) >= ROWS_PER_THREAD * threads.count();
    if partitioned { None } else { kernel.stages(&inputs, output) }
}

/// A node whose operation is executed by another kernel.
fn staged(node: &Node, form: RowsForm, value_type: Type) -> Node {
    let origin = match &node.origin {
        Origin::Operation(operation, _) => Origin::Operation(Arc::clone(operation), Form::Rows(form)),
        other => other.clone(),
    };
    Node { origin, value_type, ..node.clone() }
}
