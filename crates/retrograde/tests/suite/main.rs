//! The integration tests in one binary, one module per subject.

mod architecture;
mod check;
mod cross_check;
mod data;
mod deferred_errors;
mod digits;
mod documents;
#[cfg(feature = "download")]
mod download;
mod file_signatures;
mod formats;
mod golden_plans;
mod graph_check;
mod inconsistent_operations;
mod laws;
mod merging;
mod nested;
mod notebook;
mod notebook_questions;
mod notebook_textbook;
mod numerical;
mod optimizers;
mod parameters;
mod plans;
mod random_graphs;
#[cfg(feature = "report")]
mod report;
mod training;
mod training_metrics;
mod user_operations;
mod view;
