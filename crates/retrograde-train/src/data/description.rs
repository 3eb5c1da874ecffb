//! What is known of a data set beside its numbers.

use super::table::listed;
use super::{Preprocessor, Task};
use retrograde_base::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The task of a data set, and the names of its classes and features. A run directory keeps it, so that predictions have names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetDescription {
    /// The task.
    pub task: Task,
    /// The names of the classes, or of the outputs, by number. Empty: they have numbers alone.
    #[serde(default)]
    pub class_names: Vec<String>,
    /// The names of the features, in order. Empty: they have numbers alone.
    #[serde(default)]
    pub feature_names: Vec<String>,
    /// The shape of the features of a row: `[rows, columns]` of an image, `[channels, rows, columns]`, or `[n]`.
    pub row_shape: Vec<usize>,
    /// What was recognized and chosen, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Makes features of the rows of a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preprocessor: Option<Preprocessor>,
}

impl From<Task> for DatasetDescription {
    /// A description without names.
    fn from(task: Task) -> Self {
        let (class_names, feature_names, row_shape, notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        DatasetDescription { task, class_names, feature_names, row_shape, notes, preprocessor: None }
    }
}

impl DatasetDescription {
    /// The name of a class or of an output: its number if it has no name.
    pub fn class_name(&self, class: usize) -> Cow<'_, str> {
        name(&self.class_names, class)
    }

    /// The name of a feature: its number if it has no name.
    pub fn feature_name(&self, feature: usize) -> Cow<'_, str> {
        name(&self.feature_names, feature)
    }

    /// The number of a class by its name, or by its number if no class has that name.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no such class.
    pub fn find_class(&self, class: &str, classes: usize) -> Result<usize> {
        let by_name = self.class_names.iter().position(|name| name == class);
        let by_number = || class.parse().ok().filter(|number| *number < classes);
        by_name.or_else(by_number).ok_or_else(|| {
            let names = listed(self.class_names.iter().map(String::as_str));
            let help = if names.is_empty() {
                format!("give 0 to {}", classes.max(1) - 1)
            } else {
                format!("give one of {names}")
            };
            Error::invalid("label", format!("there is no class `{class}`"), help)
        })
    }

    /// The unit of a scaled target: an output times it is a difference in the unit of the table. 1 without a scale.
    pub fn target_deviation(&self) -> f64 {
        self.preprocessor.as_ref().map_or(1.0, |preprocessor| preprocessor.target().scale().deviation)
    }
}

fn name(names: &[String], number: usize) -> Cow<'_, str> {
    names.get(number).map_or_else(|| number.to_string().into(), |name| name.as_str().into())
}
