//! Counterfactual runs: the judge of what repairs a training.

mod change;
mod reference;
mod repairs;

pub use change::Change;
pub(crate) use reference::Reference;
pub(crate) use repairs::Repairs;
pub use repairs::Trial;
