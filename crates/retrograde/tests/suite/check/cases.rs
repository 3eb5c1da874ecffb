//! Public cases of wrong backpropagation and gradient checks by hand, each in its author's style, with the expected report;
//! and the same code done right, which must be right.
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
