//! Training reports: one HTML file of curves and pictures, the same figures as CSV, and as TensorBoard's event files.
//!
//! A [`Reporter`] writes the report of a training that
//! [collects metrics](retrograde_train::train::Trainer::collect_metrics) at the beginning, during the training, and at its
//! end, each time completely or not at all. A [`TrainingReport`] is the page itself.

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
