//! Safetensors files.

use super::parameters::Parameters;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::Tensor;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// The largest file of tensors that is read: 4 GiB.
pub(crate) const MAX_FILE_BYTES: u64 = 1 << 32;

/// The floating-point precision of training and of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits: for training.
    #[default]
    F32,
    /// 64 bits: for checking.
    F64,
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Precision::F32 => "f32",
            Precision::F64 => "f64",
        })
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "f32" => Ok(Precision::F32),
            "f64" => Ok(Precision::F64),
            _ => Err(Error::invalid("precision", format!("unknown value `{text}`"), "use f32 or f64")),
        }
    }
}

/// The bytes of a safetensors file with these tensors, and with `note` under `retrograde` in its metadata.
pub(crate) fn to_bytes(tensors: &Parameters, precision: Precision, note: Option<&str>) -> Result<Vec<u8>> {
    let encoded: Vec<(&str, Vec<u8>, &Tensor)> = tensors
        .iter()
        .map(|(name, tensor)| {
            let bytes = match precision {
                Precision::F32 => tensor.values().iter().flat_map(|&x| (x as f32).to_le_bytes()).collect(),
                Precision::F64 => tensor.values().iter().flat_map(|&x| x.to_le_bytes()).collect(),
            };
            (name, bytes, tensor)
        })
        .collect();
    let dtype = match precision {
        Precision::F32 => Dtype::F32,
        Precision::F64 => Dtype::F64,
    };
    let invalid = |error: safetensors::SafeTensorError| {
        Error::invalid("tensors to save", error.to_string(), "give each tensor its shape and a unique name")
    };
    let mut views = Vec::new();
    for (name, bytes, tensor) in &encoded {
        views.push((*name, TensorView::new(dtype, tensor.shape().to_vec(), bytes).map_err(invalid)?));
    }
    let metadata = note.map(|note| HashMap::from([("retrograde".to_string(), note.to_string())]));
    serialize(views, metadata).map_err(invalid)
}

/// The tensors of a safetensors file, sorted by name, and the text under `retrograde` in its metadata.
pub(crate) fn from_bytes(bytes: &[u8], path: &Path) -> Result<(Parameters, Option<String>)> {
    let corrupt = |error: safetensors::SafeTensorError| {
        Error::format(
            path,
            format!("it is not a complete safetensors file ({error})"),
            "give a file written by `save`",
        )
    };
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(corrupt)?;
    let note = metadata.metadata().as_ref().and_then(|metadata| metadata.get("retrograde").cloned());
    let file = SafeTensors::deserialize(bytes).map_err(corrupt)?;
    let mut tensors = Parameters::new();
    let mut names = file.names();
    names.sort_unstable();
    for name in names {
        let view = file.tensor(name).map_err(corrupt)?;
        let values = match view.dtype() {
            Dtype::F32 => {
                view.data().as_chunks::<4>().0.iter().map(|&x| f64::from(f32::from_le_bytes(x))).collect()
            }
            Dtype::F64 => view.data().as_chunks::<8>().0.iter().map(|&x| f64::from_le_bytes(x)).collect(),
            other => {
                let problem = format!("`{name}` has the element type {other:?}");
                return Err(Error::format(path, problem, "give tensors of type F32 or F64"));
            }
        };
        let tensor = Tensor::new(view.shape().to_vec(), values)
            .map_err(|error| Error::format(path, format!("`{name}`: {error}"), "give a complete file"))?;
        tensors.insert(name, tensor);
    }
    Ok((tensors, note))
}
