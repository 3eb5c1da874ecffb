//! Safetensors files.

use super::parameters::Parameters;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::Tensor;
use safetensors::tensor::{Dtype, SafeTensors, View, serialize};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// The largest file of tensors that is read: 4 GiB.
pub(crate) const MAX_FILE_BYTES: u64 = 1 << 32;

/// The floating-point precision of training and of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
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

impl Precision {
    /// The bytes of a number.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Precision::F32 => size_of::<f32>(),
            Precision::F64 => size_of::<f64>(),
        }
    }
}

/// A tensor in a file. It is encoded when it is written, so that one tensor at a time exists twice.
struct Encoded<'a>(&'a Tensor, Precision);

impl View for Encoded<'_> {
    fn dtype(&self) -> Dtype {
        match self.1 {
            Precision::F32 => Dtype::F32,
            Precision::F64 => Dtype::F64,
        }
    }

    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let values = self.0.values().iter();
        match self.1 {
            Precision::F32 => values.flat_map(|&x| (x as f32).to_le_bytes()).collect(),
            Precision::F64 => values.flat_map(|&x| x.to_le_bytes()).collect(),
        }
    }

    fn data_len(&self) -> usize {
        self.0.values().len() * self.1.bytes()
    }
}

/// The bytes of a safetensors file with these tensors, each in its precision, and with `note` under `retrograde` in its
/// metadata.
///
/// # Errors
/// [`Error::Invalid`] if it would be larger than [`MAX_FILE_BYTES`], so that nothing is written that cannot be read.
pub(crate) fn to_bytes<'a>(
    tensors: impl IntoIterator<Item = (&'a str, &'a Tensor, Precision)>,
    note: Option<&str>,
) -> Result<Vec<u8>> {
    let tensors: Vec<(&str, Encoded<'_>)> =
        tensors.into_iter().map(|(name, tensor, precision)| (name, Encoded(tensor, precision))).collect();
    let invalid = |problem: String, help: &str| Error::invalid("tensors to save", problem, help);
    // The header describes a tensor in some hundred bytes.
    let header: usize =
        tensors.iter().map(|(name, _)| 200 + name.len()).sum::<usize>() + note.map_or(0, str::len);
    let bytes = tensors.iter().map(|(_, tensor)| tensor.data_len()).sum::<usize>() + header;
    if bytes as u64 > MAX_FILE_BYTES {
        let [bytes, most] = [bytes as u64, MAX_FILE_BYTES].map(|bytes| bytes as f64 / f64::from(1 << 30));
        let problem =
            format!("their file would have {bytes:.1} GiB, more than the {most:.0} GiB that are read");
        return Err(invalid(problem, "use a smaller model, f32, or an optimizer with fewer states"));
    }
    let metadata = note.map(|note| HashMap::from([("retrograde".to_string(), note.to_string())]));
    serialize(tensors, metadata)
        .map_err(|error| invalid(error.to_string(), "give each tensor its shape and a unique name"))
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
