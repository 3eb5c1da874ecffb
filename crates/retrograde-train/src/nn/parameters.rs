//! The values of a model's parameters, with their names.

use crate::nn::tensors::{self, Precision};
use retrograde_base::error::{Error, Result};
use retrograde_base::files::{read_bounded, write_whole};
use retrograde_core::graph::{Graph, Tensor, Var};
use std::path::Path;

/// Named tensors in a fixed order.
///
/// The numbers are `f64`, which holds every `f32` exactly: training in `f32` reads and writes them without loss.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters {
    entries: Vec<(String, Tensor)>,
}

impl Parameters {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter at the end; a second one of the same name replaces the first.
    pub fn insert(&mut self, name: impl Into<String>, value: Tensor) {
        let name = name.into();
        match self.entries.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = value,
            None => self.entries.push((name, value)),
        }
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.entries.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Names and values, the values to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Tensor)> {
        self.entries.iter_mut().map(|(name, value)| (name.as_str(), value))
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many numbers there are in all.
    pub fn count(&self) -> usize {
        self.entries.iter().map(|(_, value)| value.values().len()).sum()
    }

    /// Records all of them as parameters of a graph, and returns their variables in order.
    #[track_caller]
    pub fn record(&self, graph: &Graph) -> Vec<Var> {
        self.entries.iter().map(|(name, value)| graph.parameter(name, value.clone())).collect()
    }

    /// Writes them into a safetensors file, whole or not at all. NumPy and PyTorch read it with the package
    /// `safetensors`.
    pub fn save(&self, path: impl AsRef<Path>, precision: Precision) -> Result<()> {
        let path = path.as_ref();
        let bytes = tensors::to_bytes(self, precision, None)?;
        write_whole(path, &bytes)
    }

    /// Reads the values of all of these parameters from a safetensors file. Each must be there with its shape, and
    /// nothing else may be; else nothing is changed.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let bytes = read_bounded(path, tensors::LARGEST_FILE)?;
        let (found, _) = tensors::from_bytes(&bytes, path)?;
        self.take(&found, path)
    }

    /// Takes the values of these parameters from `found`, which was read from `path`.
    pub(crate) fn take(&mut self, found: &Parameters, path: &Path) -> Result<()> {
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
                format!("it has the parameters {}", list(found)),
                format!("give a file of this model, with {}", list(self)),
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
