//! `softmax_with_loss`: the mean cross entropy of rows of logits and labels, the loss of a classifier.
//!
//! `y = −(1/N) Σᵢ Σⱼ t[i, j] · log softmax(x[i])[j]`, with N rows of C logits. The labels t are one class index per row, or
//! one-hot or soft rows of probabilities, distinguished by their kind. Computed as log Σ exp minus the logit, so that no
//! probability is rounded to zero and no 1e-7 is needed.
//!
//! Derivative: dx = (softmax(x)·Σⱼ t − t)·g/N, which for labels that sum to one is the book's (y − t)/N (chapter
//! 5.6.3), times the upstream gradient; dt = −log softmax(x)·g/N. Differentiable everywhere.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Kind, Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::reduce::{LANES, MeanOf, fold, larger};
use crate::kernel::softmax::{BATCH, FEW_ROWS, RowBatch, SingleRow};
use crate::kernel::{Body, Call, Form, InstructionSet, Reads, Real, Rows, RowsKernel, Values, dispatch};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "softmax_with_loss",
    summary: "The mean cross entropy of rows of logits and class indices, or one-hot or soft rows.",
    formula: "y = -(1/N) * sum(b * log_softmax(a))",
    derivative: "da = (softmax(a) * sum(b) - b) * g / N, db = -log_softmax(a) * g / N",
    cases: || {
        let record = |v: &[Var]| v[0].softmax_with_loss(&v[1]);
        vec![
            OpCase::new([InputSpec::real([3, 10]), InputSpec::index([3], 10)], record),
            OpCase::new([InputSpec::real([1, 1]), InputSpec::index([1], 1)], record),
            OpCase::new([InputSpec::between([5, 7], -20.0, 20.0), InputSpec::index([5], 7)], record),
            OpCase::new([InputSpec::real([3, 10]), InputSpec::between([3, 10], 0.0, 1.0)], record),
            OpCase::new([InputSpec::real([1, 2]), InputSpec::between([1, 2], 0.0, 1.0)], record),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([3, 10]), Type::index([4])],
                record: |v| v[0].softmax_with_loss(&v[1]),
                mentions: &["[3, 10]", "[4]", "one index for each of the 3 rows"],
            },
            InvalidCase {
                types: vec![Type::real([3, 10]), Type::real([3])],
                record: |v| v[0].softmax_with_loss(&v[1]),
                mentions: &["[3, 10]", "[3]", "`index_input`"],
            },
            InvalidCase {
                types: vec![Type::real([10]), Type::index([])],
                record: |v| v[0].softmax_with_loss(&v[1]),
                mentions: &["[10]", ".reshape([1, 10])"],
            },
            InvalidCase {
                types: vec![Type::real([0, 10]), Type::index([0])],
                record: |v| v[0].softmax_with_loss(&v[1]),
                mentions: &["[0, 10]", "no rows"],
            },
        ]
    },
};

#[derive(Debug)]
struct SoftmaxWithLoss {
    rows: usize,
    classes: usize,
}

impl Var {
    /// The mean cross entropy of these logits, `[n, classes]`, and `labels`: class indices `[n]`, or one-hot or soft rows
    /// `[n, classes]`. A scalar, in nats. The name is the book's; [`cross_entropy`](Self::cross_entropy) is an alias.
    #[track_caller]
    pub fn softmax_with_loss(&self, labels: &Var) -> Var {
        let (rows, classes) = match self.shape_or_scalar()[..] {
            [rows, classes] => (rows, classes),
            _ => (0, 0),
        };
        self.record(SoftmaxWithLoss { rows, classes }, &[labels], std::panic::Location::caller())
    }

    /// The mean cross entropy of logits and labels: [`softmax_with_loss`](Self::softmax_with_loss).
    #[track_caller]
    pub fn cross_entropy(&self, labels: &Var) -> Var {
        self.softmax_with_loss(labels)
    }
}

impl Operation for SoftmaxWithLoss {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn decomposition(&self, inputs: &[Var]) -> Option<Var> {
        let [logits, labels] = inputs else { return None };
        let shape = logits.shape();
        let labels = if labels.kind() == Kind::Index { labels.one_hot(shape[1]) } else { labels.clone() };
        Some(-(labels * logits.log_softmax(1)).sum_all() / shape[0] as f64)
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::all_real(&inputs[..1])?;
        let (logits, labels) = (&inputs[0].shape, &inputs[1]);
        let [rows, classes] = **logits else {
            let help = match **logits {
                [classes] => format!("make it one row with `.reshape([1, {classes}])`"),
                _ => "give logits of the shape [rows, classes]".into(),
            };
            return Err(Mismatch::new(format!("the logits have the shape {logits}, not [rows, classes]"), help));
        };
        if rows == 0 || classes == 0 {
            let problem = format!("the logits of shape {logits} have no rows or no classes");
            return Err(Mismatch::new(problem, "give at least one row and one class"));
        }
        let fits = match labels.kind {
            Kind::Index => *labels.shape == [rows],
            Kind::Real => *labels.shape == [rows, classes],
            Kind::Byte => false,
        };
        if fits {
            return Ok(Type::real([]));
        }
        let help = match labels.kind {
            Kind::Index => format!("give one index for each of the {rows} rows: [{rows}]"),
            Kind::Real | Kind::Byte => format!(
                "give one-hot or soft rows of the shape {logits}, or class indices of the shape [{rows}] by \
                 `index_input` or `indices`"
            ),
        };
        Err(Mismatch::new(format!("logits of shape {logits} and labels of shape {labels} do not fit"), help))
    }

    fn form(self: Arc<Self>) -> Form {
        let SoftmaxWithLoss { rows, classes } = *self;
        Form::rows(Arc::new(MeanOf::new(RowLosses { classes }, rows, rows)))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (logits, labels) = (context.input(0), context.input(1));
        let shape = logits.shape();
        let scale = || (context.upstream() / shape[0] as f64).broadcast(&shape);
        let to_logits = context.if_needed(0, || {
            let probabilities = logits.softmax(1);
            match labels.kind() {
                Kind::Index => (probabilities - labels.one_hot(shape[1])) * scale(),
                Kind::Real | Kind::Byte => (probabilities * labels.sum([1]).expand(&[1], &shape) - labels) * scale(),
            }
        });
        let to_labels = (labels.kind() == Kind::Real)
            .then(|| context.if_needed(1, || -(logits.log_softmax(1) * scale())))
            .flatten();
        vec![to_logits, to_labels]
    }

    fn index_bound(&self, _: usize, inputs: &[Type], _: Option<usize>) -> Option<usize> {
        inputs[0].shape.last().copied()
    }
}

/// The cross entropy of each row.
#[derive(Debug)]
struct RowLosses {
    classes: usize,
}

impl RowsKernel for RowLosses {
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output[0]
    }

    fn reads(&self, input: usize, inputs: &[&[usize]], output: &[usize]) -> Reads {
        Reads::by_row(inputs[input], output[0])
    }

    fn flops(&self, inputs: &[&[usize]], _: &[usize]) -> usize {
        20 * inputs[0].iter().product::<usize>()
    }

    fn scratch(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.classes
    }
}

impl<T: Real> Rows<T> for RowLosses {
    fn evaluate(&self, call: Call<'_, T>) {
        let (logits, labels) = (call.inputs.get(0).real(), call.inputs.get(1).values);
        let scratch = &mut call.scratch[..self.classes];
        dispatch(Losses { logits, labels, classes: self.classes, scratch, output: call.output.real() });
    }
}

/// The cross entropy of row `i`: log Σ exp(x − max) − (x[t] − max), or its mean over the probabilities of classes.
#[inline(always)]
fn loss_of_row<T: Real>(labels: &Values<'_, T>, i: usize, row: &[T], largest: T, log_sum: T, products: &mut [T]) -> T {
    match labels {
        Values::Index(labels) => log_sum - (row[labels[i] as usize] - largest),
        Values::Real(labels) => {
            for ((product, &t), &x) in products.iter_mut().zip(&labels[i * row.len()..]).zip(row) {
                // 0 · (−∞) is 0: a class with probability zero does not contribute.
                *product = if t == T::zero() { T::zero() } else { t * (log_sum - (x - largest)) };
            }
            fold(products, T::zero(), |a, b| a + b)
        }
    }
}

struct Losses<'a, T> {
    logits: &'a [T],
    labels: Values<'a, T>,
    classes: usize,
    scratch: &'a mut [T],
    output: &'a mut [T],
}

impl<T: Real> Body for Losses<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Losses { logits, labels, classes, scratch, output } = self;
        let rows = logits.chunks_exact(classes).enumerate();
        if classes <= LANES && output.len() > FEW_ROWS {
            let batches = logits.chunks(classes * BATCH).zip(output.chunks_mut(BATCH));
            for (batch, (rows, output)) in batches.enumerate() {
                let RowBatch { largest, totals, .. } = RowBatch::new(rows, classes);
                let mut logs = [T::zero(); BATCH];
                logs.iter_mut().zip(&totals).for_each(|(log, total)| *log = total.fast_ln());
                for (r, (row, loss)) in rows.chunks_exact(classes).zip(output).enumerate() {
                    *loss = loss_of_row(&labels, batch * BATCH + r, row, largest[r], logs[r], scratch);
                }
            }
        } else if classes <= LANES {
            for (i, row) in rows {
                let SingleRow { largest, total, .. } = SingleRow::new(row);
                output[i] = loss_of_row(&labels, i, row, largest, total.fast_ln(), scratch);
            }
        } else {
            for (i, row) in rows {
                let largest = fold(row, T::neg_infinity(), larger);
                for (power, &x) in scratch.iter_mut().zip(row) {
                    *power = (x - largest).fast_exp();
                }
                let log_sum = fold(scratch, T::zero(), |a, b| a + b).fast_ln();
                output[i] = loss_of_row(&labels, i, row, largest, log_sum, scratch);
            }
        }
    }
}
