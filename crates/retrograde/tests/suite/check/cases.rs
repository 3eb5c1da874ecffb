//! Public cases of backpropagation and gradient checks by hand that went wrong, each in its author's style, with what the
//! check must say of it; and of the same code done right, that it is right.
//!
//! The cases were gathered from pages and issue threads that are named beside each, in own words and, where the case does
//! not depend on them, with own numbers. What is expected is the cause that the case's thread or its derivation
//! established, never what the check happened to say.

mod activations;
mod checkers;
mod convolutions;
mod dense;
mod graphs;
mod normalization;
mod randomness;
mod sequences;
mod softmax;
