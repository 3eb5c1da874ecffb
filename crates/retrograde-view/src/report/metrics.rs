//! The metrics of a report: one list, the source of the page, the CSV file and TensorBoard's events.

use retrograde_train::train::{EpochStats, Evaluation, History};

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// The mean loss: of `batch` at each step, of `train` and `test` between two epochs.
    Loss,
    /// The accuracy, of `train` and `test`.
    Accuracy,
    /// The top-k accuracy, of `train` and `test`.
    TopKAccuracy,
    /// The area under the ROC curve, of `train` and `test`.
    Auc,
    /// The coefficient of determination, of `train` and `test`.
    R2,
    /// The mean absolute error, of `train` and `test`.
    MeanAbsoluteError,
    /// The norm of each parameter's gradient.
    GradientNorm,
    /// The norm of each parameter.
    WeightNorm,
    /// The norm of each parameter's update over that of its values.
    UpdateRatio,
    /// The fraction of units of each layer with the same output for all images.
    DeadUnits,
    /// The learning rate of sampled steps.
    LearningRate,
}

impl Metric {
    /// All metrics, in the order of a report.
    pub const ALL: [Metric; 11] = [
        Metric::Loss,
        Metric::Accuracy,
        Metric::TopKAccuracy,
        Metric::Auc,
        Metric::R2,
        Metric::MeanAbsoluteError,
        Metric::GradientNorm,
        Metric::WeightNorm,
        Metric::UpdateRatio,
        Metric::DeadUnits,
        Metric::LearningRate,
    ];

    /// The scores of evaluations.
    pub(super) const SCORES: [Metric; 5] =
        [Metric::Accuracy, Metric::TopKAccuracy, Metric::Auc, Metric::R2, Metric::MeanAbsoluteError];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Loss => "loss",
            Metric::Accuracy => "accuracy",
            Metric::TopKAccuracy => "top_k_accuracy",
            Metric::Auc => "auc",
            Metric::R2 => "r2",
            Metric::MeanAbsoluteError => "mean_absolute_error",
            Metric::LearningRate => "learning_rate",
            Metric::GradientNorm => "gradient_norm",
            Metric::WeightNorm => "weight_norm",
            Metric::UpdateRatio => "update_ratio",
            Metric::DeadUnits => "dead_units",
        }
    }
}

/// A metric over steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The metric.
    pub metric: Metric,
    /// Its subject: `batch`, `train`, `validation`, `test`, a parameter or a layer.
    pub of: String,
    /// Steps, counted from 1, and the value after or at each.
    pub points: Vec<(u64, f64)>,
}

/// All series of a history, metric by metric; series without points are omitted.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::train::History;
/// use retrograde::view::report::{Metric, series};
///
/// let history = History { losses: vec![2.3, 2.2], ..History::default() };
/// let all = series(&history);
/// assert_eq!((all[0].metric, all[0].of.as_str(), &all[0].points[..]), (Metric::Loss, "batch", &[(1, 2.3), (2, 2.2)][..]));
/// # Ok(())
/// # }
/// ```
pub fn series(history: &History) -> Vec<Series> {
    let mut all = vec![Series::new(Metric::Loss, "batch", (1..).zip(history.losses.iter().copied()))];
    // With a validation set the test set is evaluated once, at the end.
    let end = history.last().map(|last| last.step).zip(history.test).map(|(step, test)| (step, "test", test));
    let evaluations = |of: &'static str| {
        let of_epoch = |epoch: &EpochStats| {
            epoch.sets().map(|(set, evaluation)| (epoch.step, set, evaluation)).collect()
        };
        let all = history.epochs.iter().flat_map(of_epoch as fn(&EpochStats) -> Vec<_>).chain(end);
        all.filter(move |(_, set, _)| *set == of).map(|(step, _, evaluation)| (step, evaluation))
    };
    let sets = ["train", "validation", "test"];
    for of in sets {
        all.push(Series::new(Metric::Loss, of, evaluations(of).map(|(step, found)| (step, found.loss))));
    }
    for metric in Metric::SCORES {
        for of in sets {
            let score = |evaluation: Evaluation| evaluation.scores().find(|(name, _)| *name == metric.name());
            let points = evaluations(of).filter_map(|(step, evaluation)| Some((step, score(evaluation)?.1)));
            all.push(Series::new(metric, of, points));
        }
    }
    if let Some(metrics) = &history.metrics {
        let samples = || metrics.steps.iter();
        let rates = samples().map(|sample| (sample.step, sample.learning_rate));
        all.push(Series::new(Metric::LearningRate, "step", rates));
        for metric in [Metric::GradientNorm, Metric::WeightNorm, Metric::UpdateRatio] {
            for (number, name) in metrics.parameters.iter().enumerate() {
                let points = samples().filter_map(|sample| {
                    let norms = sample.norms.get(number)?;
                    let value = match metric {
                        Metric::GradientNorm => norms.gradient,
                        Metric::WeightNorm => norms.weight,
                        _ => norms.update_ratio()?,
                    };
                    Some((sample.step, value))
                });
                all.push(Series::new(metric, name, points));
            }
        }
        for (number, name) in metrics.layers.iter().enumerate() {
            let points =
                metrics.units.iter().filter_map(|units| Some((units.step, *units.fractions.get(number)?)));
            all.push(Series::new(Metric::DeadUnits, name, points));
        }
    }
    all.retain(|series| !series.points.is_empty());
    all
}

impl Series {
    fn new(metric: Metric, of: &str, points: impl Iterator<Item = (u64, f64)>) -> Self {
        Series { metric, of: of.to_string(), points: points.collect() }
    }

    /// At most about `most` of its points, evenly spaced, including the last.
    pub(super) fn thinned(&self, most: usize) -> Vec<(u64, f64)> {
        let every = self.points.len().div_ceil(most.max(1)).max(1);
        let last = self.points.len().wrapping_sub(1);
        let kept = |number: usize| number % every == last % every;
        self.points.iter().enumerate().filter(|(number, _)| kept(*number)).map(|(_, point)| *point).collect()
    }

    /// The means of consecutive points, reduced to about `most`, each at its last step.
    pub(super) fn means(&self, most: usize) -> Vec<(u64, f64)> {
        let every = self.points.len().div_ceil(most.max(1)).max(1);
        let mean = |run: &[(u64, f64)]| {
            let last = run.last()?;
            Some((last.0, run.iter().map(|point| point.1).sum::<f64>() / run.len() as f64))
        };
        self.points.chunks(every).filter_map(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_points_stand_for_many() {
        let series = Series::new(Metric::Loss, "batch", (1..=1001).map(|step| (step, step as f64)));
        let thin = series.thinned(100);
        assert!(thin.len() <= 100 && thin.len() > 80);
        assert_eq!(thin.last(), Some(&(1001, 1001.0)));
        assert!(thin.windows(2).all(|pair| pair[1].0 - pair[0].0 == 11));
        let means = series.means(100);
        assert_eq!((means[0], means.last().copied()), ((11, 6.0), Some((1001, 996.0))));
        assert_eq!(series.thinned(5000).len(), 1001);
        assert!(Series::new(Metric::Loss, "train", std::iter::empty()).thinned(10).is_empty());
    }
}
