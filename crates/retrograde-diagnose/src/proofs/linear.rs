//! A network that is a linear function of its input.

use super::Finding;
use crate::cause::CauseName;
use crate::observe::Observed;
use crate::search::Change;
use crate::text::Sentence;

/// Several layers without an activation in between are one linear layer.
pub(super) fn finding(observed: &Observed) -> Option<Finding> {
    let network = &observed.training.network;
    (network.is_linear() && network.depth() > 1).then(|| {
        let evidence = Sentence::new("linear-network").with("layers", network.depth());
        Finding::new(CauseName::ActivationMissing, evidence).without(Change::AddActivations)
    })
}
