//! A training step, recorded: batch, model, loss, gradient and updates in one graph.

use super::accumulation::Accumulation;
use super::batch::Batch;
use super::evaluate::of_predictions;
use super::trainer::Trainer;
use crate::data::{Dataset, Task};
use crate::nn::{Model, Recorded};
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Leaf, Var};
use retrograde_core::kernel::Threads;
use retrograde_core::plan::Planner;

/// A training step, recorded.
pub(super) struct RecordedStep {
    pub(super) planner: Planner,
    pub(super) loss: Var,
    pub(super) accumulation: Option<Accumulation>,
    pub(super) learning_rate: Var,
    pub(super) batch: Batch,
    pub(super) parameters: Vec<Var>,
    /// The parameters and buffers, in the order of the model.
    pub(super) values: Vec<Var>,
    /// The updated leaves: the parameters and buffers, then the optimizer states.
    pub(super) leaves: Vec<Var>,
    /// The step, if random numbers depend on it.
    pub(super) step: Option<Var>,
}

impl RecordedStep {
    pub(super) fn new(
        trainer: &Trainer,
        model: &impl Model,
        data: &Dataset,
        threads: &Threads,
    ) -> Result<Self> {
        let (takes, given) = (model.inputs(), data.train().row_len());
        if takes != given {
            let problem =
                format!("it takes rows of {takes} numbers, those of `{}` have {given}", data.name());
            return Err(Error::invalid(
                "model",
                problem,
                format!("use a model with an input of {given} numbers"),
            ));
        }
        let graph = Graph::new();
        let batch = Batch::record(&graph, data.train(), trainer.batch, true);
        let Recorded { output, parameters, values, updates: buffers, step } =
            model.record_steps(&batch.x, trainer.seed);
        let outputs = data.train().outputs();
        let output = of_predictions(&output, data.train());
        if !output.is_error()
            && *output.shape() != [trainer.batch * data.train().targets().positions(), outputs]
        {
            let (found, name) = (output.shape(), data.name());
            let problem = format!("its outputs for {} rows have the shape {found}", trainer.batch);
            let help = match data.task() {
                Task::Classification => {
                    format!("use a model with one output for each of the {outputs} classes of `{name}`")
                }
                Task::NextToken => format!(
                    "use a model with outputs [rows, {}, {outputs}], one for each of the {outputs} different tokens of `{name}`",
                    data.train().row_len()
                ),
                _ => {
                    format!("use a model with {outputs} outputs, as many numbers as a target of `{name}` has")
                }
            };
            return Err(Error::invalid("model", problem, help));
        }
        let loss =
            trainer.loss_for(data)?.record(&output, &batch.targets, batch.weights.as_ref()).named("loss");
        let gradients = loss.backward()?;
        let gradients = parameters.iter().map(|var| gradients.wrt(var)).collect::<Result<Vec<Var>>>()?;
        let accumulation =
            (trainer.accumulate > 1).then(|| Accumulation::record(&graph, &parameters, &gradients));
        let gradients = accumulation.as_ref().map_or(gradients, Accumulation::gradients);
        let learning_rate = graph.state("learning_rate", trainer.optimizer.learning_rate());
        let mut updates = trainer.optimizer.record(&graph, &learning_rate, &parameters, &gradients);
        let mut planner = Planner::new(&graph).fetch(&loss).fetch(&learning_rate).threads(threads.clone());
        if let Some(accumulation) = &accumulation {
            updates = accumulation.at_last(updates);
            planner = accumulation.plan(planner);
        }
        for (buffer, value) in &buffers {
            planner = planner.update(buffer, value);
        }
        let mut leaves = values.clone();
        for update in &updates {
            planner = planner.update(&update.leaf, &update.value);
            if matches!(update.leaf.node().leaf(), Some(Leaf::State(_))) {
                leaves.push(update.leaf.clone());
            }
        }
        planner = planner.fetch_all(&leaves);
        if let (Some(rows), Some(next_rows)) = (&batch.rows, &batch.next_rows) {
            planner = planner.prefetch(rows, next_rows);
        }
        Ok(RecordedStep {
            planner,
            loss,
            accumulation,
            learning_rate,
            batch,
            parameters,
            values,
            leaves,
            step,
        })
    }
}

impl Trainer {
    /// The planner of the training step of `model` on `data`, to print its plan or to inspect it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for settings out of range or a model that does not fit the data.
    pub fn planner(&self, model: &impl Model, data: &Dataset) -> Result<Planner> {
        self.check_for(data)?;
        Ok(RecordedStep::new(self, model, data, &Threads::new(self.thread_count()))?.planner)
    }
}
