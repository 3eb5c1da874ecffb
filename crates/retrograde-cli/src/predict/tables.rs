//! Predictions for the rows of tables: CSV with the rows and what is predicted of them, or JSON Lines.

use crate::arguments::PredictArguments;
use crate::failure::{self, Failure};
use crate::json::JsonEvent;
use crate::output;
use retrograde::Result;
use retrograde::data::Table;
use retrograde::train::{RowPrediction, TablePredictor};
use serde_json::{Map, Value};
use std::path::Path;
use std::process::ExitCode;

/// Predicts of all tables.
pub fn run(arguments: &PredictArguments) -> Result<ExitCode, Failure> {
    let mut predictor = TablePredictor::open(&arguments.model)?;
    let mut failed = false;
    for (index, path) in arguments.files.iter().enumerate() {
        let result: Result<(Table, Vec<RowPrediction>)> = predictor.reader().read(path).and_then(|table| {
            let predictions = predictor.predict(&table)?;
            Ok((table, predictions))
        });
        match result {
            Ok((_, predictions)) if arguments.json => print_json(path, &predictor, &predictions)?,
            Ok((table, predictions)) => {
                if index > 0 {
                    output::line("")?;
                }
                output::line(table.to_csv(&predictor.columns(&predictions))?.trim_end_matches('\n'))?;
            }
            Err(error) => {
                failure::report_error(&format!("{error:?}"), arguments.json);
                failed = true;
            }
        }
    }
    if failed { Err(Failure::Reported) } else { Ok(ExitCode::SUCCESS) }
}

fn print_json(path: &Path, predictor: &TablePredictor, predictions: &[RowPrediction]) -> Result<(), Failure> {
    for (row, prediction) in predictions.iter().enumerate() {
        let (file, row) = (path.display().to_string(), row + 1);
        match prediction {
            RowPrediction::Class(prediction) => {
                let name = |class| predictor.description().class_name(class).into_owned();
                let probabilities = prediction.probabilities.iter().enumerate();
                let probabilities: Map<String, Value> =
                    probabilities.map(|(class, probability)| (name(class), (*probability).into())).collect();
                let (class, probability) = (name(prediction.class), prediction.probability());
                JsonEvent::RowClass { file, row, class, probability, probabilities }.print()?;
            }
            RowPrediction::Number(value) => JsonEvent::RowNumber { file, row, value: *value }.print()?,
            _ => {}
        }
    }
    Ok(())
}
