//! The figures: one file for each group of figures that show the same numbers.

pub mod activations;
pub mod batch_normalization;
pub mod filters;
pub mod initial_weights;
pub mod optimizer_paths;
pub mod optimizers_on_digits;
pub mod overfitting;
mod plot;
mod training;

use retrograde::Result;

/// A figure of the book.
pub struct Figure {
    /// Its number, with a hyphen as in the book.
    pub number: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// Computes it, and draws it as an SVG file.
    pub draw: fn() -> Result<String>,
}

/// All figures, in the order of the book. Figures that the book draws one by one and that belong together are drawn together.
pub const ALL: [Figure; 10] = [
    Figure { number: "6-3", title: "the path of SGD on x²/20 + y²", draw: optimizer_paths::draw_sgd },
    Figure {
        number: "6-8",
        title: "the paths of SGD, Momentum, AdaGrad and Adam (6-3, 6-5, 6-6, 6-7)",
        draw: optimizer_paths::draw_all,
    },
    Figure { number: "6-9", title: "four optimizers on digits", draw: optimizers_on_digits::draw },
    Figure {
        number: "6-13",
        title: "activations of five sigmoid layers: deviation 1, 0.01, Xavier (6-10, 6-11)",
        draw: activations::draw_sigmoid,
    },
    Figure {
        number: "6-14",
        title: "activations of five relu layers: deviation 0.01, Xavier, He",
        draw: activations::draw_relu,
    },
    Figure { number: "6-15", title: "initial weights on digits", draw: initial_weights::draw },
    Figure {
        number: "6-18",
        title: "batch normalization learns faster",
        draw: batch_normalization::draw_one,
    },
    Figure {
        number: "6-19",
        title: "with and without batch normalization, for 16 scales of weights",
        draw: batch_normalization::draw_all,
    },
    Figure {
        number: "6-23",
        title: "overfitting to 300 digits, with weight decay, with dropout (6-20, 6-21)",
        draw: overfitting::draw,
    },
    Figure { number: "7-24", title: "filters before and after the training", draw: filters::draw },
];
