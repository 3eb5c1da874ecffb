//! The catalogue of causes.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

use super::{Argument, Message};

/// The cause of a fault, as data; its texts are in `texts/`. A report names a cause only if it reproduces the wrong numbers
/// to rounding, as a hypothesis.
///
/// `N` is the number of rows of a batch, `T` the true gradient, `G` the gradient of the code.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// G = −T.
    Sign,
    /// G = factor · T. The name describes the factor: `1/N`, `N`, `2`, `1/2`.
    Factor {
        /// Its value at the input that the report shows.
        value: f64,
        /// Its name, in the sizes of the block and the batch if it depends on them.
        name: String,
    },
    /// A mean over the rows where a sum belongs: G = T/N, for a parameter that all rows share.
    MeanForSum,
    /// A sum over the rows where a mean belongs: G = N · T.
    SumForMean,
    /// G is T with its two axes exchanged.
    Transposed,
    /// G is T with its axes in another order.
    AxesExchanged {
        /// The axis of T that each axis of G is.
        order: Vec<usize>,
    },
    /// G has T's elements in another order: reversed along an axis, moved along it, or read by columns.
    Rearranged {
        /// The rearrangement, in NumPy: `np.flip(dw, axis=0)`.
        how: String,
    },
    /// G = 0: the path is detached.
    Detached,
    /// G does not depend on the upstream gradient.
    DoutIgnored,
    /// G is T for a modified upstream gradient.
    DoutChanged {
        /// The expression in its place, in NumPy: `np.abs(dout)`.
        how: String,
    },
    /// G is T at a modified input.
    InputChanged {
        /// The expression in its place, in NumPy: `x.T`.
        how: String,
    },
    /// G is T for a modified value of a parameter.
    ParameterChanged {
        /// The parameter.
        what: String,
        /// The expression in its place, in NumPy: `np.flip(w, axis=0)`.
        how: String,
    },
    /// G is an elementwise function of T: clipped, rounded, its sign.
    GradientChanged {
        /// The function, in NumPy: `np.sign(dx)`.
        how: String,
    },
    /// The output is the largest of several inputs, and the gradient goes to inputs other than the largest.
    MaximumShared {
        /// Its target, in NumPy: `dx[window] += dout`.
        how: String,
    },
    /// Forward moves a window over images, and in backward the windows give their gradients to other places than they have
    /// read, or replace each other.
    WindowsMisplaced {
        /// `convolution`, `maximum` or `mean`.
        kind: String,
        /// The mistake.
        how: Message,
    },
    /// Each element of G is that of T times, or divided by, a function of the element of the input.
    ElementFactor {
        /// The function.
        factor: String,
        /// Whether G is divided by it: it is missing.
        missing: bool,
    },
    /// At some positions along an axis of the block, such as those of one gate, G is T times, or divided by, a number or a
    /// function of the element; elsewhere it is right.
    PartFactor {
        /// The axis of the block.
        axis: usize,
        /// The positions along it that are wrong.
        positions: Vec<usize>,
        /// The factor.
        factor: String,
        /// Whether G is divided by it: it is missing.
        missing: bool,
    },
    /// The mask of backward is not that of forward: it is drawn again.
    MaskRedrawn,
    /// Gradient of a loss that is a sum of terms, with a wrong term.
    LossTerm {
        /// The formula of the code.
        code: String,
    },
    /// The code writes into an array that is an input.
    WrittenInto {
        /// The array: `dout`, `x`.
        what: String,
    },
    /// The gradient of a parameter changes after the layer's backward has returned: a later backward writes into an array
    /// that the layer has returned and still uses.
    Overwritten {
        /// The layer that writes into it.
        by: String,
    },
    /// Several layers hold one array: its gradient is the sum over all uses.
    SharedParameter {
        /// The parameters, by their full names.
        names: Vec<String>,
    },
    /// Several inputs are tied for the maximum, and the sum of their contributions is not 1.
    TiesCounted {
        /// The sum of the contributions.
        times: f64,
    },
    /// Backward gives no gradient for an argument that the output depends on.
    NoGradient {
        /// The argument.
        of: String,
    },
    /// A parameter that forward multiplies by is missing from the gradient of the other factor.
    LeftOut {
        /// The parameter.
        what: String,
        /// The block in whose gradient it is missing.
        of: String,
    },
    /// The gradient of a weight is computed from the layer's own output in place of its input.
    OwnOutput,
    /// G is T times the function's own value minus a constant: the gradient of a square of the given loss.
    OfSquare {
        /// The constant.
        target: f64,
    },
    /// The layer's backward overwrites an array of forward: a second call gives other numbers.
    MemoryOverwritten,
    /// G is T for a value of an earlier call.
    Stale {
        /// The stale value: `x`, `dout`, a parameter's name, `gradient` for the whole result.
        what: String,
    },
    /// Right in isolation, wrong in the network: the layer shares memory with another.
    SharedBuffer {
        /// The layer that overwrites it.
        with: String,
    },
    /// G is T added to the gradient of the previous call.
    Accumulated,
    /// G has the contributions of some rows (or columns) only, such as the last: each replaces the previous one instead of
    /// being added.
    SharesMissing {
        /// The axis of the output along which the contributions lie.
        axis: usize,
        /// The positions whose contributions are present.
        present: Vec<usize>,
    },
    /// Part of the block has no gradient: the positions along an axis of the block itself.
    PartDetached {
        /// The axis of the block.
        axis: usize,
        /// The positions without gradient.
        missing: Vec<usize>,
    },
    /// The input reaches the output along several paths, and the contribution of one is missing.
    PathMissing {
        /// The missing path.
        path: Message,
    },
    /// In a sequence each step is right by itself, but the gradient of the hidden state from the next step is wrong.
    HandedBack {
        /// How it is wrong.
        how: Message,
    },
    /// G, of recurrent weights, has the hidden state of each step in place of the previous one.
    OwnHiddenState,
    /// In forward the rows of a batch influence each other; backward treats them as independent.
    RowsInfluence,
    /// Each output depends on several inputs; backward has only the contribution of its own.
    DiagonalOnly,
    /// The slope is f′(f(x)) in place of f′(x).
    SlopeAtOutput,
    /// The slope, a formula in the output, is computed from the input: x(1 − x) for y(1 − y).
    SlopeAtInput,
    /// The slope is missing: the gradient passes unchanged.
    SlopeMissing,
    /// The slope is multiplied twice.
    SlopeTwice,
    /// The slope is another function.
    WrongSlope {
        /// The function of the code.
        code: Message,
        /// The right function; empty if no short formula fits.
        right: Message,
    },
    /// The mask is inverted: it stops the gradient where it should pass.
    MaskInverted,
    /// The mask is missing: the gradient passes where it should be stopped.
    MaskMissing,
    /// The threshold of the mask of backward is not that of forward.
    MaskMoved {
        /// The kink of forward.
        right: f64,
        /// The threshold of backward.
        code: f64,
    },
    /// The mask is computed from the upstream gradient instead of the input.
    MaskOfDout,
    /// Summed along another axis than the one along which the parameter was broadcast.
    WrongAxis {
        /// The axes of the output that the code sums over.
        summed: Vec<usize>,
    },
    /// Not summed over the axis along which the parameter was broadcast.
    NotReduced,
    /// The gradient differs in shape from its block.
    WrongShape {
        /// Its shape.
        code: Vec<usize>,
        /// The right shape.
        right: Vec<usize>,
    },
    /// G is the gradient of another parameter.
    AnotherParameter {
        /// The other parameter.
        of: String,
    },
    /// The softmax runs over the whole batch.
    SoftmaxOverBatch,
    /// The softmax runs down the columns, over the rows of the batch, instead of along each row.
    SoftmaxDownColumns,
    /// Backward of softmax with a term missing or wrong.
    SoftmaxTerm {
        /// The formula of the code.
        code: String,
    },
    /// Gradient of the cross entropy with a term missing or wrong.
    CrossEntropyTerm {
        /// The formula of the code.
        code: String,
    },
    /// Backward of self-attention with a term missing or wrong.
    AttentionTerm {
        /// The formula of the code.
        code: String,
    },
    /// The function is finite at large inputs, but the values are not: the maximum is not subtracted, for example.
    Overflow,
    /// An epsilon in the logarithm changes the loss, and the gradient is that of the loss without it.
    Epsilon {
        /// Its value.
        value: f64,
    },
    /// Weight decay is in the loss and not in the gradient, or the reverse.
    WeightDecay {
        /// G = T − λ · value with this λ: positive where the gradient lacks it.
        lambda: f64,
    },
    /// Dropout's mask is scaled in forward and not in backward, or the reverse.
    DropoutNotScaled {
        /// The scale of forward.
        scale: f64,
    },
    /// A normalization whose gradient has a path missing.
    NormalisationPath {
        /// `batch`, `layer`, `rms`, or `length`.
        kind: String,
        /// The missing path.
        path: Message,
    },
    /// A normalization whose gradient has a wrong term, or other statistics than forward.
    NormalisationTerm {
        /// `batch`, `layer`, `rms`, or `length`.
        kind: String,
        /// The formula of the code.
        code: Message,
    },
}

impl Cause {
    /// Its name in JSON and in the message files: `sign`, `slope_at_output`.
    pub fn id(&self) -> String {
        self.message().id().to_owned()
    }

    /// The cause in a few words.
    pub fn title(&self) -> Message {
        self.message().attribute("title").unwrap_or_else(|| self.message())
    }

    /// Its message, with its own fields in the placeholders.
    pub(super) fn message(&self) -> Message {
        // A cause is plain data, so that it can be serialized.
        let written = serde_json::to_value(self).unwrap_or_default();
        let mut fields: BTreeMap<String, Argument> = serde_json::from_value(written).unwrap_or_default();
        let Some(Argument::Text(id)) = fields.remove("cause") else { return Message::new("cause") };
        let message = Message::new(id).with_all(fields);
        match self {
            Cause::WeightDecay { lambda } => {
                message.with("in_loss", *lambda >= 0.0).with("lambda", lambda.abs().to_string())
            }
            Cause::WrongSlope { right, .. } if right.is_empty() => message.with("right", "none"),
            _ => message,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.title().fmt(f)
    }
}
