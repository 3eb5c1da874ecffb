//! Training reports: one HTML file of curves and pictures, the same figures as CSV, and as TensorBoard's event files.
//!
//! A training that [records](retrograde_train::train::Trainer::recording) tells how it stands; a [`Reporter`] writes that down, at
//! the beginning, while it goes on, and at its end, each time whole or not at all. A [`Report`] is the page itself.

mod csv;
mod curves;
mod events;
mod metrics;
mod page;
mod pictures;
mod plot;
mod reporter;

pub use csv::csv;
pub use metrics::{Metric, Series, series};
pub use page::TrainingReport;
pub use reporter::Reporter;
