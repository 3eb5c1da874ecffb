//! What a program's own loop does instead of the optimizer's step on the gradient of the loss.

/// A gradient that a program computes by hand instead of the derivative of its loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimedGradient {
    /// (output − target) / rows, as the gradient by the input of the output's activation: right for softmax over each row with cross
    /// entropy, and for a sigmoid with binary cross entropy.
    OutputMinusTarget,
}

/// What a program's own loop does. A diagnosis never reads it: it observes the steps. The default is the optimizer's step on the
/// gradient of the loss.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoopCode {
    /// The step goes up the gradient.
    pub ascends: bool,
    /// Gradients are never set to zero: each step uses the sum of all so far.
    pub accumulates: bool,
    /// Parameters that no step changes, by name.
    pub frozen: Vec<String>,
    /// The targets are shuffled in each epoch, apart from their rows.
    pub shuffles_targets: bool,
    /// The gradient is computed by hand.
    pub claimed: Option<ClaimedGradient>,
}
