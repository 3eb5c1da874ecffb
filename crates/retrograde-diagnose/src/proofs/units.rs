//! Units whose activation is flat: symptoms, which help to name what a repair has repaired.

use crate::observe::Observed;
use crate::training::{Block, Function};
use retrograde_core::graph::Tensor;
use retrograde_train::nn::Activation;

/// Shares of the units of all hidden activations.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Units {
    /// Zero for all rows.
    pub(crate) dead: f64,
    /// Of the numbers of a sigmoid or a hyperbolic tangent: flat, their slope below a hundredth of the largest.
    pub(crate) saturated: f64,
    /// Of the units of relus: on for all rows or off for all, so that the layer is linear on these data.
    pub(crate) constant_masks: f64,
}

impl Units {
    /// Of the values before and behind each block.
    pub(crate) fn of(observed: &Observed, blocks: &[Tensor]) -> Self {
        let (mut units, mut dead, mut constant) = (0.0, 0.0, 0.0);
        let (mut numbers, mut flat) = (0.0, 0.0);
        for (index, function) in observed.training.network.hidden_functions() {
            debug_assert!(matches!(observed.training.network.blocks[index], Block::Function(_)));
            let x = &blocks[index];
            let rows = x.shape().first().copied().unwrap_or(1).max(1);
            let width = x.shape().elements() / rows;
            match function {
                Function::Elementwise(Activation::Relu) => {
                    for unit in 0..width {
                        let on = (0..rows).filter(|row| x.values()[row * width + unit] > 0.0).count();
                        units += 1.0;
                        dead += f64::from(on == 0);
                        constant += f64::from(on == 0 || on == rows);
                    }
                }
                Function::Elementwise(Activation::Sigmoid | Activation::Tanh) => {
                    // The slope of the sigmoid is 0.0025 at 6, that of the tangent 0.01 at 3.
                    let limit =
                        if function == Function::Elementwise(Activation::Sigmoid) { 6.0 } else { 3.0 };
                    numbers += x.values().len() as f64;
                    flat += x.values().iter().filter(|value| value.abs() > limit).count() as f64;
                }
                _ => {}
            }
        }
        let share = |part: f64, all: f64| if all > 0.0 { part / all } else { 0.0 };
        Units {
            dead: share(dead, units),
            saturated: share(flat, numbers),
            constant_masks: share(constant, units),
        }
    }
}
