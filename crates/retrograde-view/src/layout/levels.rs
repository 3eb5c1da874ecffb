//! The column of each block.

use crate::diagram::{BlockKind, Diagram};

/// The level of each block: 0 for given values, otherwise one more than the highest of its operands.
pub(super) fn levels(diagram: &Diagram) -> Vec<usize> {
    let mut levels = vec![0; diagram.blocks.len()];
    for (block, content) in diagram.blocks.iter().enumerate() {
        if content.kind != BlockKind::Leaf {
            let inputs = diagram.inputs(block).map(|wire| levels[diagram.wires[wire].from]);
            levels[block] = inputs.max().unwrap_or(0) + 1;
        }
    }
    levels
}

/// Moves blocks that depend only on given values, such as a broadcast bias, beside their first consumer.
pub(super) fn delay(diagram: &Diagram, levels: &mut [usize]) {
    for block in (0..diagram.blocks.len()).rev() {
        let is_leaf = |wire: usize| diagram.blocks[diagram.wires[wire].from].kind == BlockKind::Leaf;
        if levels[block] > 0 && diagram.inputs(block).all(is_leaf) {
            let uses = diagram.wires.iter().filter(|wire| wire.from == block).map(|wire| levels[wire.to]);
            levels[block] = uses.min().map_or(levels[block], |first| first - 1);
        }
    }
}
