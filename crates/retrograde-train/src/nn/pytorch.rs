//! Files of weights for PyTorch's `load_state_dict`, and PyTorch's own.
//!
//! Names are PyTorch's already. What differs are the weights of products, which PyTorch keeps transposed, and counts, which are
//! integers there. The module that declares a value says which it is ([`Context::product_weight`](super::Context::product_weight),
//! [`Context::count`](super::Context::count)). `docs/PYTORCH.md` has a table.

use super::parameters::{Entry, Parameters};
use super::tensors::{self, Encoded, MAX_FILE_BYTES, Precision};
use retrograde_base::error::{Error, Result};
use retrograde_base::files::{read_bounded, write_whole};
use retrograde_core::graph::{Shape, Tensor};
use std::path::Path;

/// How PyTorch stores a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// As it is here.
    Same,
    /// A matrix with its axes exchanged.
    Transposed,
    /// Integers of 64 bits.
    Integer,
}

impl Layout {
    /// The shape in PyTorch of what has this shape here.
    pub(crate) fn shape(self, shape: &[usize]) -> Vec<usize> {
        match (self, shape) {
            (Layout::Transposed, &[rows, columns]) => vec![columns, rows],
            _ => shape.to_vec(),
        }
    }

    /// The values in the layout of PyTorch, of a tensor that has this shape here.
    pub(crate) fn values(self, values: &[f64], shape: &[usize]) -> Vec<f64> {
        match (self, shape) {
            (Layout::Transposed, &[rows, columns]) => {
                let element = |i: usize| values[i % rows * columns + i / rows];
                (0..rows * columns).map(element).collect()
            }
            _ => values.to_vec(),
        }
    }
}

/// The most tensors that an error lists.
const LISTED: usize = 5;

impl Parameters {
    /// Writes the parameters and buffers to a safetensors file, atomically, with PyTorch's names, layouts and element types: a
    /// module of PyTorch with equal names takes it with `load_state_dict(load_file(path), strict=True)`. `docs/PYTORCH.md` tells which
    /// module that is.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be written, [`Error::Invalid`] if it would be larger than 4 GiB.
    pub fn save_pytorch(&self, path: impl AsRef<Path>, precision: Precision) -> Result<()> {
        let encoded = self.entries().iter().map(|Entry { name, value, layout, .. }| {
            (name.as_str(), Encoded::new(value, precision, *layout))
        });
        // PyTorch's own writer gives this metadata, and some readers ask for it.
        let bytes = tensors::serialized(encoded.collect(), &[("format", "pt")])?;
        write_whole(path.as_ref(), &bytes)
    }

    /// Reads the values of these parameters and buffers from a safetensors file of PyTorch's `state_dict`: of the element types
    /// F64, F32, F16 or BF16, and I64 for counts, which may be missing, as PyTorch allows. A file that this library has written for
    /// itself is read, too, in its own layout. On an error nothing changes.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read; [`Error::Format`] if its names and shapes are not exactly those of these
    /// parameters in PyTorch; then it tells which are missing, unexpected, or of another shape.
    pub fn load_pytorch(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = read_bounded(path, MAX_FILE_BYTES)?;
        let (found, note) = tensors::from_bytes(&bytes, path).map_err(|error| {
            // A zip archive, or a pickle: both can be the length of a header, too.
            if !bytes.starts_with(b"PK\x03\x04") && !bytes.starts_with(b"\x80\x02") {
                return error;
            }
            let problem = "it is an archive of Python objects, as `torch.save` writes";
            let help = "write the weights with `safetensors.torch.save_file(model.state_dict(), FILE)`";
            Error::format(path, problem, help)
        })?;
        if note.is_some() {
            return self.assign(&found, path);
        }
        let problems = self.differences(&found);
        if !problems.is_empty() {
            let help =
                "give the state_dict of the same network in PyTorch: docs/PYTORCH.md tells its modules";
            return Err(Error::format(path, problems.join("; "), help));
        }
        for Entry { name, value, layout, .. } in self.entries_mut() {
            if let Some(other) = found.get(name) {
                // The layout of the transposed shape leads back.
                let values = layout.values(other.values(), other.shape());
                *value = Tensor::new(value.shape().to_vec(), values)?;
            }
        }
        Ok(())
    }

    /// What keeps the tensors of a file in PyTorch's layouts from being the values of these parameters.
    fn differences(&self, found: &Parameters) -> Vec<String> {
        let mut missing = Vec::new();
        let mut shapes = Vec::new();
        for Entry { name, value, layout, .. } in self.entries() {
            let expected = layout.shape(value.shape());
            match found.get(name) {
                None if *layout == Layout::Integer => {}
                None => missing.push(format!("`{name}` {}", Shape::from(expected))),
                Some(other) if other.shape()[..] != expected[..] => {
                    shapes.push(format!("`{name}` is {}, not {}", other.shape(), Shape::from(expected)));
                }
                Some(_) => {}
            }
        }
        let is_unexpected = |(name, _): &(&str, &Tensor)| self.get(name).is_none();
        let unexpected =
            found.iter().filter(is_unexpected).map(|(name, value)| format!("`{name}` {}", value.shape()));
        [("missing", missing), ("unexpected", unexpected.collect()), ("of another shape", shapes)]
            .into_iter()
            .filter(|(_, tensors)| !tensors.is_empty())
            .map(|(what, tensors)| {
                let more = tensors.len().saturating_sub(LISTED);
                let listed = tensors[..tensors.len() - more].join(", ");
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{what}: {listed}{more}")
            })
            .collect()
    }
}
