//! The integration tests in one binary, one module per subject.

mod architecture;
mod book;
mod check;
mod compositions;
mod convolutions;
mod cross_check;
mod data;
mod deferred_errors;
mod digits;
mod documents;
#[cfg(feature = "download")]
mod download;
mod errors;
mod file_signatures;
mod formats;
mod golden_plans;
mod graph_check;
mod inconsistent_operations;
mod laws;
mod layers;
mod losses;
mod merging;
mod modules;
mod nested;
mod networks;
mod notebook;
mod notebook_questions;
mod notebook_textbook;
mod numerical;
mod numpy_arrays;
mod optimizers;
mod own_data;
mod parameters;
mod partitions;
mod plans;
mod random_graphs;
mod random_numbers;
#[cfg(feature = "report")]
mod report;
mod send_sync;
mod slices;
mod tables;
mod training;
mod training_metrics;
mod user_operations;
mod view;
