//! The catalogue of causes.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

use super::{Argument, Message};

/// What a fault is, as data; its words are in `texts/`. A report names one only when, as a hypothesis, it reproduces the wrong numbers to rounding.
///
/// `N` is the number of rows in a batch, `T` stands for the true gradient, `G` for the code's.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cause {
    /// G = −T.
    Sign,
    /// G = factor · T. The name says what the factor is: `1/N`, `N`, `2`, `1/2`.
    Factor {
        /// Its value at the input that the report shows.
        value: f64,
        /// What it is, in the sizes of the block and the batch if it changes with them.
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
    /// G has T's numbers in another order: reversed along an axis, moved along it, or read by columns.
    Rearranged {
        /// How, in NumPy: `np.flip(dw, axis=0)`.
        how: String,
    },
    /// G = 0: the path is cut off.
    Detached,
    /// G does not depend on the gradient from above.
    DoutIgnored,
    /// G is T for another gradient from above, made of the right one.
    DoutChanged {
        /// What stands in its place, in NumPy: `np.abs(dout)`.
        how: String,
    },
    /// G is T at another input, made of the right one.
    InputChanged {
        /// What stands in its place, in NumPy: `x.T`.
        how: String,
    },
    /// G is T for another value of a parameter, made of the right one.
    ParameterChanged {
        /// The parameter.
        what: String,
        /// What stands in its place, in NumPy: `np.flip(w, axis=0)`.
        how: String,
    },
    /// G is a function of T, number by number: clipped, rounded, its sign.
    GradientChanged {
        /// What became of it, in NumPy: `np.sign(dx)`.
        how: String,
    },
    /// The output is the largest of several inputs, and the gradient goes to others than that.
    MaximumShared {
        /// To which, in NumPy: `dx[window] += dout`.
        how: String,
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
    /// The mask of backward is another one than that of forward: drawn anew.
    MaskRedrawn,
    /// Gradient of a loss that is a sum of terms, with a wrong term.
    LossTerm {
        /// The formula that the code has.
        code: String,
    },
    /// The code writes into an array that it was only given to read.
    WrittenInto {
        /// Which: `dout`, `x`.
        what: String,
    },
    /// The gradient of a parameter changes after the layer's backward has returned: a later backward writes into an array
    /// that the layer handed out and still uses.
    Overwritten {
        /// The layer that writes into it.
        by: String,
    },
    /// Several layers hold one array: its gradient is the sum over all uses.
    SharedParameter {
        /// The parameters, by their full names.
        names: Vec<String>,
    },
    /// Of several inputs that are tied for the maximum, the gradient goes to more or less than one: their contributions do
    /// not sum to 1.
    TiesCounted {
        /// What they sum to.
        times: f64,
    },
    /// Backward gives no gradient for an argument that the output depends on.
    NoGradient {
        /// The argument.
        of: String,
    },
    /// A parameter that forward multiplies by is left out of the gradient of what it multiplies.
    LeftOut {
        /// The parameter.
        what: String,
        /// Whose gradient it is missing in.
        of: String,
    },
    /// The gradient of a weight is made of the layer's own output where its input belongs.
    OwnOutput,
    /// G is T times the function's own value, less a constant: the gradient of a square of what was given for the loss.
    OfSquare {
        /// The constant.
        target: f64,
    },
    /// The layer's backward changes what forward left for it: a second call gives other numbers.
    MemoryOverwritten,
    /// G is T for what an earlier call left behind.
    Stale {
        /// What is from then: `x`, `dout`, a parameter's name, `gradient` for the whole result.
        what: String,
    },
    /// Right alone, wrong in the row of layers: the layer shares memory with another.
    SharedBuffer {
        /// The layer whose numbers it found there.
        with: String,
    },
    /// G is T added to the gradient of the call before.
    Accumulated,
    /// G has the shares of some rows (or columns) only, such as the last: they replace each other instead of adding up.
    SharesMissing {
        /// The axis of the output along which the shares lie.
        axis: usize,
        /// The positions whose shares are there.
        present: Vec<usize>,
    },
    /// Part of the block has no gradient: the positions along an axis of the block itself.
    PartDetached {
        /// The axis of the block.
        axis: usize,
        /// The positions without gradient.
        missing: Vec<usize>,
    },
    /// The input reaches the output along several paths, and the share of one is missing.
    PathMissing {
        /// Which.
        path: Message,
    },
    /// In a sequence each step is right by itself; what is handed from a step to the one before is not.
    HandedBack {
        /// How it is wrong.
        how: Message,
    },
    /// G, of recurrent weights, has the hidden state of each step where that of the step before belongs.
    OwnHiddenState,
    /// In forward the rows of a batch influence each other; backward takes each alone.
    RowsInfluence,
    /// Each output depends on several inputs; backward has only the share of its own.
    DiagonalOnly,
    /// The slope is f′(f(x)) where f′(x) belongs.
    SlopeAtOutput,
    /// The slope, a formula in the output, is computed from the input: x(1 − x) for y(1 − y).
    SlopeAtInput,
    /// The slope is forgotten: the gradient passes unchanged.
    SlopeMissing,
    /// The slope is multiplied twice.
    SlopeTwice,
    /// The slope is another function.
    WrongSlope {
        /// The function as the code has it.
        code: Message,
        /// The function as it should be; empty where no short formula fits.
        right: Message,
    },
    /// Where the gradient should pass it is stopped, and the reverse.
    MaskInverted,
    /// Where the gradient should be stopped it passes.
    MaskMissing,
    /// The mask of backward changes over at another place than forward does.
    MaskMoved {
        /// Where forward has its kink.
        right: f64,
        /// Where backward changes over.
        code: f64,
    },
    /// The mask is made of the gradient from above instead of the input.
    MaskOfDout,
    /// Summed along another axis than the one along which the parameter was spread.
    WrongAxis {
        /// The axes of the output that the code sums over.
        summed: Vec<usize>,
    },
    /// Not summed over the axis along which the parameter was spread.
    NotReduced,
    /// The gradient has another shape than what it is the gradient of.
    WrongShape {
        /// The shape that it has.
        code: Vec<usize>,
        /// The shape that it should have.
        right: Vec<usize>,
    },
    /// G is the gradient of another parameter.
    AnotherParameter {
        /// Whose gradient it is.
        of: String,
    },
    /// The softmax runs over the whole batch.
    SoftmaxOverBatch,
    /// The softmax runs down the columns, over the rows of the batch, instead of along each row.
    SoftmaxDownColumns,
    /// Backward of softmax with a term missing or wrong.
    SoftmaxTerm {
        /// The formula that the code has.
        code: String,
    },
    /// Gradient of the cross entropy with a term missing or wrong.
    CrossEntropyTerm {
        /// The formula that the code has.
        code: String,
    },
    /// Backward of self-attention with a term missing or wrong.
    AttentionTerm {
        /// The formula that the code has.
        code: String,
    },
    /// For large inputs the values are not finite although the function is: the maximum is not subtracted, or the like.
    Overflow,
    /// An epsilon in the logarithm changes the loss, and the gradient is that of a loss without it.
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
        /// The formula that the code has.
        code: Message,
    },
}

impl Cause {
    /// Its name in JSON and in the files of texts: `sign`, `slope_at_output`.
    pub fn id(&self) -> String {
        self.message().id().to_owned()
    }

    /// The cause in a few words.
    pub fn title(&self) -> Message {
        self.message().attribute("title").unwrap_or_else(|| self.message())
    }

    /// What is said of it, with its own fields in the placeholders.
    pub(super) fn message(&self) -> Message {
        // A cause is plain data: what is written as JSON is read again.
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
