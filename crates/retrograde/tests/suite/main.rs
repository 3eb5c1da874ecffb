//! The integration tests in one binary, one module per subject.

mod architecture;
mod changing_answers;
mod check;
mod cross_check;
mod data;
mod digits;
mod documents;
#[cfg(feature = "download")]
mod download;
mod faults;
mod file_signatures;
mod formats;
mod golden_plans;
mod graph_check;
mod laws;
mod merging;
mod nested;
mod notebook;
mod notebook_questions;
mod notebook_textbook;
mod numerical;
mod optimizers;
mod own_operations;
mod parameters;
mod plans;
mod random_graphs;
mod recording;
#[cfg(feature = "report")]
mod report;
mod training;
mod view;
