//! The gradients of a network by parameter name.

use super::Tensor;

/// Gradients by parameter name, in the order of the parameters from the first layer to the last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gradients {
    entries: Vec<(String, Tensor)>,
}

impl Gradients {
    /// The gradient of the parameter of this name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.iter().find_map(|(known, gradient)| (known == name).then_some(gradient))
    }

    /// Each parameter's name and gradient.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.entries.iter().map(|(name, gradient)| (name.as_str(), gradient))
    }
}

impl<Name: Into<String>> FromIterator<(Name, Tensor)> for Gradients {
    fn from_iter<I: IntoIterator<Item = (Name, Tensor)>>(entries: I) -> Self {
        let entries = entries.into_iter().map(|(name, gradient)| (name.into(), gradient)).collect();
        Gradients { entries }
    }
}

impl IntoIterator for Gradients {
    type Item = (String, Tensor);
    type IntoIter = std::vec::IntoIter<(String, Tensor)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}
