//! Safetensors files.

use super::parameters::Parameters;
use super::pytorch::Layout;
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

/// The entry of the metadata that describes the model.
pub(crate) const MODEL: &str = "retrograde";

/// The entry of the metadata that describes the data of the training.
pub(crate) const DATA: &str = "retrograde.data";

/// The note of a file that has values and no architecture.
pub(super) const VALUES_ALONE: &str = "values";

/// A tensor in a file. It is encoded when it is written, so that one tensor at a time exists twice.
pub(super) struct Encoded<'a> {
    tensor: &'a Tensor,
    layout: Layout,
    dtype: Dtype,
    shape: Vec<usize>,
}

impl<'a> Encoded<'a> {
    /// The tensor in this precision and layout.
    pub(super) fn new(tensor: &'a Tensor, precision: Precision, layout: Layout) -> Self {
        let dtype = match (layout, precision) {
            (Layout::Integer, _) => Dtype::I64,
            (_, Precision::F32) => Dtype::F32,
            (_, Precision::F64) => Dtype::F64,
        };
        Encoded { tensor, layout, dtype, shape: layout.shape(tensor.shape()) }
    }
}

impl View for Encoded<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let values: Cow<'_, [f64]> = match self.layout {
            Layout::Transposed => self.layout.values(self.tensor.values(), self.tensor.shape()).into(),
            Layout::Same | Layout::Integer => self.tensor.values().into(),
        };
        let values = values.iter();
        match self.dtype {
            Dtype::F32 => values.flat_map(|&x| (x as f32).to_le_bytes()).collect(),
            Dtype::I64 => values.flat_map(|&x| (x as i64).to_le_bytes()).collect(),
            _ => values.flat_map(|&x| x.to_le_bytes()).collect(),
        }
    }

    fn data_len(&self) -> usize {
        self.tensor.values().len() * self.dtype.bitsize() / 8
    }
}

/// The bytes of a safetensors file with these tensors, each in its precision, and with `note` under `retrograde` in its
/// metadata.
///
/// # Errors
/// [`Error::Invalid`] if it would be larger than [`MAX_FILE_BYTES`], so that nothing is written that cannot be read.
pub(crate) fn to_bytes<'a>(
    tensors: impl IntoIterator<Item = (&'a str, &'a Tensor, Precision)>,
    note: &str,
) -> Result<Vec<u8>> {
    to_bytes_with(tensors, &[(MODEL, note)])
}

/// As [`to_bytes`], with these entries of metadata.
pub(crate) fn to_bytes_with<'a>(
    tensors: impl IntoIterator<Item = (&'a str, &'a Tensor, Precision)>,
    metadata: &[(&str, &str)],
) -> Result<Vec<u8>> {
    let encoded = |(name, tensor, precision)| (name, Encoded::new(tensor, precision, Layout::Same));
    serialized(tensors.into_iter().map(encoded).collect(), metadata)
}

/// The bytes of a safetensors file with these tensors and entries of metadata. Errors are those of [`to_bytes`].
pub(super) fn serialized(tensors: Vec<(&str, Encoded<'_>)>, metadata: &[(&str, &str)]) -> Result<Vec<u8>> {
    let invalid = |problem: String, help: &str| Error::invalid("tensors to save", problem, help);
    // The header describes a tensor in some hundred bytes.
    let notes: usize = metadata.iter().map(|(key, note)| key.len() + note.len()).sum();
    let header: usize = tensors.iter().map(|(name, _)| 200 + name.len()).sum::<usize>() + notes;
    let bytes = tensors.iter().map(|(_, tensor)| tensor.data_len()).sum::<usize>() + header;
    if bytes as u64 > MAX_FILE_BYTES {
        let [bytes, most] = [bytes as u64, MAX_FILE_BYTES].map(|bytes| bytes as f64 / f64::from(1 << 30));
        let problem =
            format!("their file would have {bytes:.1} GiB, more than the {most:.0} GiB that are read");
        return Err(invalid(problem, "use a smaller model, f32, or an optimizer with fewer states"));
    }
    let metadata = metadata.iter().map(|(key, note)| (key.to_string(), note.to_string()));
    serialize(tensors, Some(metadata.collect::<HashMap<_, _>>()))
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
    let note = metadata.metadata().as_ref().and_then(|metadata| metadata.get(MODEL).cloned());
    let file = SafeTensors::deserialize(bytes).map_err(corrupt)?;
    let mut tensors = Parameters::new();
    let mut names = file.names();
    names.sort_unstable();
    for name in names {
        let view = file.tensor(name).map_err(corrupt)?;
        let values = decoded(view.dtype(), view.data()).ok_or_else(|| {
            let problem = format!("`{name}` has the element type {:?}", view.dtype());
            Error::format(path, problem, "give tensors of type F64, F32, F16, BF16 or I64")
        })?;
        let tensor = Tensor::new(view.shape().to_vec(), values)
            .map_err(|error| Error::format(path, format!("`{name}`: {error}"), "give a complete file"))?;
        tensors.insert(name, tensor);
    }
    Ok((tensors, note))
}

/// The text under `key` in the metadata of a safetensors file. None: it has none, or is no such file.
pub(crate) fn metadata_of(bytes: &[u8], key: &str) -> Option<String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    metadata.metadata().as_ref()?.get(key).cloned()
}

/// The numbers of a tensor in a file. None for a type that is not read.
fn decoded(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f64>> {
    let (halves, words, doubles) =
        (bytes.as_chunks::<2>().0, bytes.as_chunks::<4>().0, bytes.as_chunks::<8>().0);
    Some(match dtype {
        Dtype::F64 => doubles.iter().map(|&x| f64::from_le_bytes(x)).collect(),
        Dtype::F32 => words.iter().map(|&x| f64::from(f32::from_le_bytes(x))).collect(),
        // The upper half of an f32.
        Dtype::BF16 => halves.iter().map(|&[a, b]| f64::from(f32::from_le_bytes([0, 0, a, b]))).collect(),
        Dtype::F16 => halves.iter().map(|&x| half(u16::from_le_bytes(x))).collect(),
        Dtype::I64 => doubles.iter().map(|&x| i64::from_le_bytes(x) as f64).collect(),
        _ => return None,
    })
}

/// The number of these bits: binary16 of IEEE 754.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (bits >> 10 & 31, f64::from(bits & 1023) / 1024.0);
    let size = match exponent {
        0 => fraction * 2_f64.powi(-14),
        31 if fraction > 0.0 => f64::NAN,
        31 => f64::INFINITY,
        _ => (1.0 + fraction) * 2_f64.powi(i32::from(exponent) - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::{Dtype, decoded};

    /// Bits and numbers of Goldberg's and IEEE 754's tables.
    #[test]
    fn halves_are_read() {
        let of = |dtype, bits: u16| decoded(dtype, &bits.to_le_bytes()).expect("a type that is read")[0];
        for (bits, number) in [
            (0x0000, 0.0),
            (0x0001, 2_f64.powi(-24)),
            (0x03ff, 1023.0 * 2_f64.powi(-24)),
            (0x0400, 2_f64.powi(-14)),
            (0x3555, 0.333_251_953_125),
            (0x3c00, 1.0),
            (0x7bff, 65504.0),
            (0x7c00, f64::INFINITY),
            (0xc000, -2.0),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(of(Dtype::F16, bits), number, "{bits:#06x}");
        }
        assert!(of(Dtype::F16, 0x7e00).is_nan() && of(Dtype::F16, 0x8000).is_sign_negative());
        for (bits, number) in
            [(0x3f80, 1.0), (0xc000, -2.0), (0x3eab, 0.333_984_375), (0x7f80, f64::INFINITY)]
        {
            assert_eq!(of(Dtype::BF16, bits), number, "{bits:#06x}");
        }
        assert_eq!(decoded(Dtype::I64, &(-7_i64).to_le_bytes()), Some(vec![-7.0]));
        assert_eq!(decoded(Dtype::BOOL, &[1]), None);
    }
}
