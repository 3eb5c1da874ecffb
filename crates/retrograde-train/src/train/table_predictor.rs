//! Predictions for the rows of a table.

use super::predictor::{Prediction, Predictor};
use super::run_dir::RunDir;
use crate::data::{AddedColumn, AddedValues, DatasetDescription, Preprocessor, Table, TableReader, Task};
use crate::nn::Model;
use retrograde_base::error::{Error, Result};
use retrograde_base::printable::shown;
use std::path::Path;

/// A trained network with what makes its features of the rows of a table.
///
/// ```no_run
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::train::TablePredictor;
///
/// let mut predictor = TablePredictor::open("run")?;
/// let flowers = predictor.reader().read("new.csv")?;
/// let predictions = predictor.predict(&flowers)?;
/// print!("{}", flowers.to_csv(&predictor.columns(&predictions))?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TablePredictor {
    predictor: Predictor,
    description: DatasetDescription,
    preprocessor: Preprocessor,
}

/// What is predicted of a row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RowPrediction {
    /// A class, with the probabilities of all.
    Class(Prediction),
    /// A number, in the unit of the table.
    Number(f64),
}

impl TablePredictor {
    /// A predictor of a model and the description of the data of its training.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the data were no table, or the model takes another number of features.
    pub fn new(model: &impl Model, description: &DatasetDescription) -> Result<Self> {
        let Some(preprocessor) = description.preprocessor.clone() else {
            let help = "give the directory of a run on a table";
            return Err(Error::invalid("model", "it was not trained on a table", help));
        };
        if preprocessor.width() != model.inputs() {
            let (features, inputs) = (preprocessor.width(), model.inputs());
            let problem =
                format!("it takes {inputs} numbers, the table of its training has {features} features");
            return Err(Error::invalid("model", problem, "give the model of the same run"));
        }
        let predictor = Predictor::for_task(model, model.inputs(), description.task)?;
        Ok(TablePredictor { predictor, description: description.clone(), preprocessor })
    }

    /// The predictor of the run at `path`, a run directory or a model file in one.
    ///
    /// # Errors
    /// As [`RunDir::model`], [`RunDir::description`] and [`TablePredictor::new`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let model = RunDir::model(path)?;
        let missing = || {
            let help = "give the directory of a run on a table, with its file `data.json`";
            Error::invalid(format!("model {}", shown(path)), "nothing is known of its data", help)
        };
        Self::new(&model, &RunDir::description(path)?.ok_or_else(missing)?)
    }

    /// A reader for tables of new rows.
    pub fn reader(&self) -> TableReader {
        self.preprocessor.reader()
    }

    /// The description of the data of the training.
    pub fn description(&self) -> &DatasetDescription {
        &self.description
    }

    /// Predicts of each row. The columns may stand in any order.
    ///
    /// # Errors
    /// As [`Preprocessor::transform`] and [`Predictor::outputs`].
    pub fn predict(&mut self, table: &Table) -> Result<Vec<RowPrediction>> {
        let features = self.preprocessor.transform(table)?;
        let scale = self.preprocessor.target().scale();
        let rows = (0..features.shape()[0]).filter_map(|row| features.row(row));
        match self.description.task {
            Task::Classification => {
                rows.map(|row| self.predictor.predict_row(row).map(RowPrediction::Class)).collect()
            }
            _ => rows
                .map(|row| Ok(RowPrediction::Number(scale.invert(self.predictor.outputs(row)?[0]))))
                .collect(),
        }
    }

    /// The columns that show predictions: the class and its probability, or the number.
    pub fn columns(&self, predictions: &[RowPrediction]) -> Vec<AddedColumn> {
        let (mut classes, mut probabilities, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        for prediction in predictions {
            match prediction {
                RowPrediction::Class(prediction) => {
                    classes.push(self.description.class_name(prediction.class).into_owned());
                    probabilities.push(prediction.probability());
                }
                RowPrediction::Number(number) => numbers.push(*number),
            }
        }
        let target = self.preprocessor.target().column();
        let column = |name: String, values| AddedColumn { name, values };
        if self.description.task == Task::Classification {
            return vec![
                column(format!("predicted {target}"), AddedValues::Texts(classes)),
                column("probability".to_owned(), AddedValues::Numbers(probabilities)),
            ];
        }
        vec![column(format!("predicted {target}"), AddedValues::Numbers(numbers))]
    }
}
