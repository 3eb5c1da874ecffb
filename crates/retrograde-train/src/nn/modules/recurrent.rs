//! Recurrent layers, unrolled over the positions of a sequence.

use super::affine;
use crate::nn::{Context, Init, Module};
use retrograde_core::graph::Var;
use serde::{Deserialize, Serialize};

/// What the recurrent layers have in common: the projections of inputs and states, and the loop over positions.
///
/// Parameters, with PyTorch's names for one layer, transposed: `weight_ih_l0`, `[inputs, gates·width]`, `weight_hh_l0`,
/// `[width, gates·width]`, `bias_ih_l0` and `bias_hh_l0`, `[gates·width]`. The weights are initially [`Init::LeCun`] for the width, the biases zero.
struct Unrolled<'a> {
    context: &'a Context,
    x: &'a Var,
    width: usize,
    gates: usize,
    /// Whether a step needs the sum of both projections alone: both biases are then added to that of the input, once for all positions.
    joined: bool,
}

impl Unrolled<'_> {
    /// The states of all positions, `[rows, positions, width]`. `step` computes a state from the projections of the input and of
    /// the state before, both `[rows, gates·width]`, and from this state.
    fn states(&self, mut step: impl FnMut(&Var, &Var, &Var) -> Var) -> Var {
        let Unrolled { context, x, width, gates, joined } = *self;
        let &[rows, positions, inputs] = &x.shape_or_scalar()[..] else {
            // Not three axes: the reshape says so.
            return x.reshape([0, 0, 0]);
        };
        let (all, init) = (gates * width, Init::LeCun.for_fan_in(width));
        let of_input = context.product_weight("weight_ih_l0", [inputs, all], init);
        let of_state = context.product_weight("weight_hh_l0", [width, all], init);
        let bias = context.parameter("bias_ih_l0", [all], 0.0);
        let state_bias = context.parameter("bias_hh_l0", [all], 0.0);
        let (bias, state_bias) = if joined { (bias + state_bias, None) } else { (bias, Some(state_bias)) };
        // One product for all positions.
        let projected = affine(&x.transpose([1, 0, 2]).reshape([positions * rows, inputs]), &of_input, &bias);
        let mut state = context.graph().full([rows, width], 0.0);
        let states: Vec<Var> = (0..positions)
            .map(|position| {
                let input = projected.slice(0, position * rows..(position + 1) * rows);
                let projected_state = match &state_bias {
                    Some(bias) => affine(&state, &of_state, bias),
                    None => state.matmul(&of_state),
                };
                state = step(&input, &projected_state, &state);
                state.reshape([1, rows, width])
            })
            .collect();
        match states.split_first() {
            Some((first, rest)) => first.concat(&rest.iter().collect::<Vec<_>>(), 0).transpose([1, 0, 2]),
            None => context.graph().full([rows, 0, width], 0.0),
        }
    }

    /// A gate's columns of a projection.
    fn gate(&self, projection: &Var, gate: usize) -> Var {
        projection.slice(1, gate * self.width..(gate + 1) * self.width)
    }
}

macro_rules! recurrent {
    ($(#[$documentation:meta])* $name:ident, $gates:literal, $joined:literal, |$unrolled:ident| $states:expr) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            width: usize,
        }

        impl $name {
            /// A layer with states of so many numbers.
            pub fn new(width: usize) -> Self {
                $name { width }
            }
        }

        impl Module for $name {
            fn forward(&self, context: &Context, x: &Var) -> Var {
                let $unrolled = Unrolled { context, x, width: self.width, gates: $gates, joined: $joined };
                $states
            }
        }
    };
}

recurrent! {
    /// A recurrent layer, h' = tanh(x·W + b + h·U + c): `[rows, positions, inputs]` gives the states of all positions,
    /// `[rows, positions, width]`. Elman (1990); PyTorch's `nn.RNN(batch_first=True)`.
    Rnn, 1, true, |unrolled| unrolled.states(|input, state, _| (input + state).tanh())
}

recurrent! {
    /// A layer of long short-term memory: `[rows, positions, inputs]` gives the states of all positions,
    /// `[rows, positions, width]`. The gates are in PyTorch's order: input, forget, cell, output. Hochreiter and Schmidhuber (1997),
    /// Gers et al. (2000); PyTorch's `nn.LSTM(batch_first=True)`.
    Lstm, 4, true, |unrolled| {
        let mut cell: Option<Var> = None;
        unrolled.states(|input, state, _| {
            let sum = input + state;
            let gate = |index| unrolled.gate(&sum, index);
            let new = gate(0).sigmoid() * gate(2).tanh();
            let next = match &cell {
                Some(cell) => gate(1).sigmoid() * cell + new,
                None => new,
            };
            cell = Some(next.clone());
            gate(3).sigmoid() * next.tanh()
        })
    }
}

recurrent! {
    /// A layer of gated recurrent units: `[rows, positions, inputs]` gives the states of all positions,
    /// `[rows, positions, width]`. The gates are in PyTorch's order: reset, update, new. Cho et al. (2014); PyTorch's
    /// `nn.GRU(batch_first=True)`.
    Gru, 3, false, |unrolled| unrolled.states(|input, state, before| {
        let both = |gate| (unrolled.gate(input, gate) + unrolled.gate(state, gate)).sigmoid();
        let (reset, update) = (both(0), both(1));
        let new = (unrolled.gate(input, 2) + reset * unrolled.gate(state, 2)).tanh();
        (1.0 - &update) * new + update * before
    })
}
