//! Model files that tell what is known of the data of their training.

use crate::data::DatasetDescription;
use crate::nn::{DATA, MAX_FILE_BYTES, MODEL, Model, Precision, metadata_of, to_bytes_with};
use retrograde_base::error::{Error, Result};
use retrograde_base::files::{read_bounded, write_whole};
use std::path::Path;

/// Writes a model with the description of the data of its training to one safetensors file, atomically: what a run directory has in
/// two. [`RunDir::model`](super::RunDir::model) and [`RunDir::description`](super::RunDir::description) read it.
///
/// # Errors
/// [`Error::File`] if the file cannot be written; [`Error::Invalid`] for a module of the program's own, whose file has no architecture.
pub fn save_described(
    model: &impl Model,
    description: &DatasetDescription,
    path: impl AsRef<Path>,
    precision: Precision,
) -> Result<()> {
    let text = |error: serde_json::Error| Error::invalid("model", error.to_string(), "give finite numbers");
    let config = model.config().ok_or_else(|| {
        let help = "write its values by `Model::save`";
        Error::invalid("model", "a module of the program's own has no architecture as plain data", help)
    })?;
    let config = serde_json::to_string(&config).map_err(text)?;
    let description = serde_json::to_string(description).map_err(text)?;
    let values = model.parameters().in_precision(precision);
    write_whole(path.as_ref(), &to_bytes_with(values, &[(MODEL, &config), (DATA, &description)])?)
}

/// The description in a file of [`save_described`]. None: it has none.
pub(super) fn description_in(path: &Path) -> Result<Option<DatasetDescription>> {
    let Some(text) = metadata_of(&read_bounded(path, MAX_FILE_BYTES)?, DATA) else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        let help = "give a model file as it was written";
        Error::format(path, format!("its metadata does not describe data ({error})"), help)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DataOptions, Task};
    use crate::nn::Mlp;
    use crate::train::{RunDir, TablePredictor};

    #[test]
    fn one_file_predicts_of_new_rows() -> Result<()> {
        let folder = tempfile::tempdir().expect("a folder");
        let (table, file) = (folder.path().join("homes.csv"), folder.path().join("homes.safetensors"));
        std::fs::write(&table, "size,kind,price\n50,flat,100\n70,flat,140\n90,house,210\n110,house,230\n")
            .expect("written");
        let homes = DataOptions { target: Some("price".into()), ..DataOptions::default() }.read(&table)?;
        let net = Mlp::new([homes.train().row_len(), 1]).build()?;
        save_described(&net, homes.description(), &file, Precision::F64)?;
        assert_eq!(RunDir::model(&file)?.parameters(), net.parameters());
        assert_eq!(RunDir::description(&file)?.as_ref(), Some(homes.description()));
        let mut predictor = TablePredictor::open(&file)?;
        let new = predictor.reader().parse("new.csv", b"kind,size\nflat,60\n")?;
        assert_eq!(predictor.predict(&new)?.len(), 1);
        // A file without a description, and one whose description is damaged.
        net.save(&file, Precision::F32)?;
        assert_eq!(RunDir::description(&file)?, None);
        let config = serde_json::to_string(&net.config()).expect("plain data");
        let values = net.parameters().in_precision(Precision::F32);
        let bytes = to_bytes_with(values, &[(MODEL, &config), (DATA, "{}")])?;
        write_whole(&file, &bytes)?;
        let error = RunDir::description(&file).expect_err("a damaged description").to_string();
        assert!(error.contains("does not describe data"), "{error}");
        assert_eq!(homes.task(), Task::Regression);
        Ok(())
    }
}
