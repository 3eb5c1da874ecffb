//! An examination of `retrograde::check`: it measures false positives on right code, faults detected and located, causes named,
//! and false causes.
//!
//! The cases come from a generator that shares no code and no grammar with the check. It has its own language of layers
//! ([`program`]), draws right code ([`draw`]) and mutates the source of a backward pass ([`mutate`]). The ground truth of a case
//! is decided before the check runs, in double-double arithmetic and with dual numbers ([`number`], [`truth`]). Only [`adapter`]
//! uses the check.
//!
//! `cargo run --release -p retrograde-examination -- --help` says how to run it; docs/EXAMINATION.md explains the method.

pub mod adapter;
pub mod case;
pub mod conventions;
pub mod draw;
pub mod examine;
pub mod interpreter;
pub mod interval;
pub mod judge;
pub mod layer_sequence;
pub mod layers;
pub mod mutant;
pub mod mutate;
pub mod number;
pub mod program;
pub mod random;
pub mod textbook_layers;
pub mod truth;
pub mod visible;
