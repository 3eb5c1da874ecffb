//! The named parameters and buffers of a model.

use super::pytorch::Layout;
use crate::nn::tensors::{self, Precision};
use retrograde_base::error::{Error, Result};
use retrograde_base::files::{read_bounded, write_whole};
use retrograde_core::graph::{Graph, Tensor, Var};
use std::path::Path;

/// The named parameters and buffers of a model in a fixed order: PyTorch's `state_dict`. A buffer is a tensor that is not
/// trained, for example a running mean.
///
/// The values are `f64`, which represents every `f32` exactly: training in `f32` reads and writes them without loss. Clones,
/// and the graphs in which they are recorded, share them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: Tensor,
    pub(super) is_buffer: bool,
    /// How PyTorch stores it. No part of the value: it follows from the module that declares the name.
    pub(super) layout: Layout,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.value, self.is_buffer) == (&other.name, &other.value, other.is_buffer)
    }
}

impl Parameters {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a parameter, or replaces the value of that name.
    pub fn insert(&mut self, name: impl Into<String>, value: Tensor) {
        self.insert_with(name, value, false, Layout::Same);
    }

    /// Appends a buffer, or replaces the value of that name.
    pub fn insert_buffer(&mut self, name: impl Into<String>, value: Tensor) {
        self.insert_with(name, value, true, Layout::Same);
    }

    pub(super) fn insert_with(
        &mut self,
        name: impl Into<String>,
        value: Tensor,
        is_buffer: bool,
        layout: Layout,
    ) {
        let entry = Entry { name: name.into(), value, is_buffer, layout };
        match self.entries.iter_mut().find(|other| other.name == entry.name) {
            Some(old) => *old = entry,
            None => self.entries.push(entry),
        }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn entries_mut(&mut self) -> &mut [Entry] {
        &mut self.entries
    }

    /// The value of a parameter or a buffer.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Whether this is the name of a buffer.
    pub fn is_buffer(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.is_buffer && entry.name == name)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.entries.iter().map(|entry| (entry.name.as_str(), &entry.value))
    }

    /// Names and mutable values, in order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Tensor)> {
        self.entries.iter_mut().map(|entry| (entry.name.as_str(), &mut entry.value))
    }

    /// Names and values, all to be written in one precision.
    pub(crate) fn in_precision(
        &self,
        precision: Precision,
    ) -> impl Iterator<Item = (&str, &Tensor, Precision)> {
        self.iter().map(move |(name, value)| (name, value, precision))
    }

    /// The number of tensors.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no tensors.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of elements of all parameters, without buffers.
    pub fn count(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.is_buffer).map(|entry| entry.value.values().len()).sum()
    }

    /// Records all parameters in a graph, and buffers as states, and returns their variables in order.
    #[track_caller]
    pub fn record(&self, graph: &Graph) -> Vec<Var> {
        let record = |Entry { name, value, is_buffer, .. }: &Entry| {
            if *is_buffer { graph.state(name, value.clone()) } else { graph.parameter(name, value.clone()) }
        };
        self.entries.iter().map(record).collect()
    }

    /// Writes the parameters to a safetensors file, atomically, in the layouts of this library. NumPy reads it with the package
    /// `safetensors`; PyTorch's modules take the file of [`save_pytorch`](Self::save_pytorch).
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>, precision: Precision) -> Result<()> {
        let path = path.as_ref();
        let bytes = tensors::to_bytes(self.in_precision(precision), tensors::VALUES_ALONE)?;
        write_whole(path, &bytes)
    }

    /// Reads the values of these parameters from a safetensors file. On an error nothing changes.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read; [`Error::Format`] if its names and shapes are not exactly those of these
    /// parameters.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = read_bounded(path, tensors::MAX_FILE_BYTES)?;
        let (found, _) = tensors::from_bytes(&bytes, path)?;
        self.assign(&found, path)
    }

    /// Assigns the values of `found`, which was read from `path`.
    pub(crate) fn assign(&mut self, found: &Parameters, path: &Path) -> Result<()> {
        let list = |parameters: &Parameters| -> String {
            parameters
                .iter()
                .map(|(name, value)| format!("{name} {}", value.shape()))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let fits = found.len() == self.len()
            && self
                .iter()
                .all(|(name, value)| found.get(name).is_some_and(|other| other.shape() == value.shape()));
        if !fits {
            return Err(Error::format(
                path,
                format!("its parameters are {}", list(found)),
                format!("give a file of this model, with the parameters {}", list(self)),
            ));
        }
        for (name, value) in self.iter_mut() {
            if let Some(other) = found.get(name) {
                value.clone_from(other);
            }
        }
        Ok(())
    }
}
