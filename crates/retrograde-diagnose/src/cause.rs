//! Causes of a training that does not learn.

use crate::text::Sentence;
use serde::Serialize;
use std::fmt;

macro_rules! causes {
    ($($(#[$documentation:meta])* $variant:ident = $name:literal;)*) => {
        /// What is wrong with a training. Names are those of public benchmarks: a group and a kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum CauseName {
            $($(#[$documentation])* $variant,)*
        }

        impl CauseName {
            /// All of them.
            pub const ALL: &'static [CauseName] = &[$(CauseName::$variant),*];

            /// Its name, such as `lr.high`.
            pub fn name(self) -> &'static str {
                match self {
                    $(CauseName::$variant => $name,)*
                }
            }
        }
    };
}

causes! {
    /// A softmax over one output is 1, whatever the input.
    SoftmaxOfOne = "out.softmax1";
    /// The activation of the output is applied twice: by the network and by the loss.
    DoubleActivation = "out.double";
    /// The loss takes probabilities, and the outputs are none.
    OutputMissing = "out.missing";
    /// The outputs cannot reach the targets.
    OutputRange = "out.range";
    /// The loss is not for these targets.
    LossMismatch = "loss.mismatch";
    /// The rows of a batch are not reduced to their mean.
    LossReduction = "loss.reduction";
    /// The loss leaves the numbers that the precision has.
    LossNumeric = "loss.numeric";
    /// The gradient is not that of the loss.
    WrongGradient = "grad.wrong";
    /// The step goes up the loss.
    GradientSign = "grad.sign";
    /// Gradients of earlier steps are not cleared.
    StaleGradient = "grad.stale";
    /// Parameters that have a gradient are not changed.
    Frozen = "param.frozen";
    /// Targets do not belong to their rows.
    Misaligned = "data.labels_misaligned";
    /// Rows come in the order of their classes.
    NotShuffled = "data.shuffle";
    /// Inputs of a scale that the network cannot use.
    InputScale = "data.scale_in";
    /// Targets of a scale that the outputs do not reach in time.
    TargetScale = "data.scale_target";
    /// Units of a layer begin equal, and stay so.
    Symmetric = "init.symmetric";
    /// Initial weights are too large.
    LargeInit = "init.scale.large";
    /// Initial weights are too small.
    SmallInit = "init.scale.small";
    /// Layers without an activation in between are one linear layer.
    ActivationMissing = "act.missing";
    /// A softmax or another unfit activation between layers.
    HiddenSoftmax = "act.hidden_softmax";
    /// An activation whose values explode.
    Exploding = "act.exploding";
    /// Activations that are flat where the inputs are.
    Saturated = "act.saturated";
    /// Units that are zero for all rows.
    Dead = "act.dead";
    /// The learning rate is too high.
    RateHigh = "lr.high";
    /// The learning rate is too low.
    RateLow = "lr.low";
    /// There are too few steps.
    FewSteps = "steps.few";
    /// The optimizer.
    Optimizer = "opt.choice";
    /// The size of a batch.
    BatchSize = "batch.size";
    /// The penalty or the dropout is too strong.
    StrongRegularization = "reg.strong";
    /// The network is too small.
    Capacity = "arch.capacity";
    /// Several settings at once, none of which repairs the training alone.
    Depth = "arch.depth";
}

impl CauseName {
    /// What it is, in a few words.
    pub fn title(self) -> Sentence {
        Sentence::new(format!("cause-{}", self.name().replace(['.', '_'], "-")))
    }
}

impl fmt::Display for CauseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for CauseName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
