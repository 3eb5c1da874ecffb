//! The base layers and losses: right code in many styles, each a text in `layers/`.

use crate::program::Program;

/// A right layer or loss.
#[derive(Debug, Clone, Copy)]
pub struct Base {
    /// The name of its text.
    pub file: &'static str,
    text: &'static str,
}

macro_rules! texts {
    ($($file:literal),* $(,)?) => {
        &[$(Base { file: $file, text: include_str!(concat!("../layers/", $file, ".txt")) }),*]
    };
}

/// All layers.
pub const LAYERS: &[Base] = texts![
    "relu",
    "relu_in_place",
    "leaky_relu",
    "elu",
    "tanh",
    "tanh_of_input",
    "sigmoid",
    "softplus",
    "gelu",
    "swish",
    "softsign",
    "clip",
    "square",
    "scale_by_constant",
    "affine",
    "affine_by_element",
    "affine_columns",
    "affine_sequence",
    "affine_of_one_row",
    "bias",
    "gain",
    "gain_of_all",
    "prelu",
    "gated",
    "residual",
    "two_layers",
    "tied_weights",
    "quadratic_form",
    "softmax",
    "softmax_by_jacobian",
    "log_softmax",
    "layer_norm",
    "batch_norm",
    "batch_norm_in_steps",
    "rms_norm",
    "normalise",
    "centre",
    "conv1d",
    "conv2d",
    "conv2d_padded",
    "max_pool1d",
    "max_pool2d",
    "average_pool",
    "upsample",
    "gather",
    "embedding",
    "rnn",
    "rnn_last",
    "lstm_cell",
    "gru_cell",
    "attention",
    "attention_with_weights",
    "dropout",
    "cumulative_sum",
    "largest",
    "log_sum_exp",
    "mean_over_time",
    "flatten",
    "flatten_image",
    "differences",
    "products_of_neighbours",
    "reverse",
    "swap_axes",
];

/// All losses.
pub const LOSSES: &[Base] = texts![
    "cross_entropy_of_classes",
    "cross_entropy_in_place",
    "cross_entropy_of_distributions",
    "cross_entropy_with_epsilon",
    "cross_entropy_sum",
    "label_smoothing",
    "mean_squared_error",
    "half_squared_error",
    "binary_cross_entropy",
    "hinge",
    "huber",
    "absolute_error",
];

/// The shapes in which an element-by-element layer comes: its sizes, its shape, its loops, its index.
const SHAPES: [[&str; 4]; 4] = [
    ["D 1..5", "D", "d in D", "d"],
    ["D 1..4", "N, D", "n in N, d in D", "n, d"],
    ["T 1..3, D 1..3", "N, T, D", "n in N, t in T, d in D", "n, t, d"],
    ["C 1..2, H 1..3, W 1..3", "N, C, H, W", "n in N, c in C, h in H, w in W", "n, c, h, w"],
];

impl Base {
    /// The layer or loss of this name.
    pub fn named(file: &str) -> Option<Base> {
        LAYERS.iter().chain(LOSSES).copied().find(|base| base.file == file)
    }

    /// Its programs: of an element-by-element layer one for each number of axes, from one to four; else one.
    pub fn programs(&self) -> Vec<Program> {
        if !self.text.contains("SHAPE") {
            return vec![Program::parse(self.text)];
        }
        let in_shape = |[sizes, shape, loops, index]: [&str; 4]| {
            let text = self.text.replacen('\n', &format!("\nsize {sizes}\n"), 1);
            Program::parse(&text.replace("SHAPE", shape).replace("EACH", loops).replace("INDEX", index))
        };
        SHAPES.map(in_shape).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_program_reads_back_as_itself() {
        for base in LAYERS.iter().chain(LOSSES) {
            for program in base.programs() {
                let text = program.to_string();
                assert_eq!(Program::parse(&text).to_string(), text, "{}", base.file);
            }
        }
    }
}
