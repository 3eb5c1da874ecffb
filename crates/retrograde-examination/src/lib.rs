//! An examination of `retrograde::check`: is what is right ever called wrong, is each fault found in its layer, is its
//! cause named, and is no false cause named?
//!
//! The cases come from a generator that shares no code and no grammar with the check. It writes layers in a language of
//! its own ([`program`]), draws right code ([`draw`]) and makes faulty code from it by changing the source of a backward
//! pass ([`mutate`]). What is true of a case it decides before the check runs, in double-double arithmetic and with dual
//! numbers ([`number`], [`truth`]). [`adapter`] is the only part that knows the check.
//!
//! `cargo run --release -p retrograde-examination -- --help` says how to run it; docs/EXAMINATION.md explains the method.

pub mod adapter;
pub mod case;
pub mod conventions;
pub mod draw;
pub mod examine;
pub mod fault;
pub mod hand;
pub mod interval;
pub mod judge;
pub mod layers;
pub mod machine;
pub mod mutate;
pub mod number;
pub mod program;
pub mod random;
pub mod row;
pub mod truth;
pub mod visible;
