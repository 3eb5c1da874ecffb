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

/// The points of a line.
pub type Curve = Vec<(f64, f64)>;

/// A figure of the book, or several that show the same numbers.
pub struct Figure {
    /// The numbers in the book. The first names the file.
    pub numbers: &'static [&'static str],
    /// What it shows.
    pub title: &'static str,
    /// Computes it, and draws it as an SVG file.
    pub draw: fn() -> Result<String>,
}

/// All figures, in the order of the book.
pub const ALL: [Figure; 9] = [
    Figure {
        numbers: &["6-8", "6-3", "6-5", "6-6", "6-7"],
        title: "the paths of SGD, Momentum, AdaGrad and Adam on x²/20 + y²",
        draw: optimizer_paths::draw,
    },
    Figure { numbers: &["6-9"], title: "four optimizers on digits", draw: optimizers_on_digits::draw },
    Figure {
        numbers: &["6-13", "6-10", "6-11"],
        title: "activations of five sigmoid layers: deviation 1, 0.01, Xavier",
        draw: activations::draw_sigmoid,
    },
    Figure {
        numbers: &["6-14"],
        title: "activations of five relu layers: deviation 0.01, Xavier, He",
        draw: activations::draw_relu,
    },
    Figure { numbers: &["6-15"], title: "initial weights on digits", draw: initial_weights::draw },
    Figure {
        numbers: &["6-18"],
        title: "batch normalization learns faster",
        draw: batch_normalization::draw_one,
    },
    Figure {
        numbers: &["6-19"],
        title: "with and without batch normalization, for 16 scales of weights",
        draw: batch_normalization::draw_all,
    },
    Figure {
        numbers: &["6-23", "6-20", "6-21"],
        title: "overfitting to 300 digits, with weight decay, with dropout",
        draw: overfitting::draw,
    },
    Figure { numbers: &["7-24"], title: "filters before and after the training", draw: filters::draw },
];
