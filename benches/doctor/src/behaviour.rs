//! What a training does when it runs: its losses, and its skill.

use retrograde::Result;
use retrograde::diagnose::{Probe, Rows, Run, TargetKind, Training};
use retrograde::nn::Mode;

/// At most so many rows are looked at.
const ROWS: usize = 1_000;

/// How well a network answers.
#[derive(Debug, Clone, Copy)]
pub struct Answers {
    /// The loss in evaluation, without the penalty.
    pub loss: f64,
    /// Accuracy, or R² of real targets.
    pub score: f64,
    /// The score of the best constant answer.
    pub constant: f64,
}

impl Answers {
    /// 0 for a constant answer, 1 for a perfect one; less than 0 for a worse one than constant.
    pub fn skill(&self) -> f64 {
        if self.constant >= 1.0 { self.score } else { (self.score - self.constant) / (1.0 - self.constant) }
    }
}

/// What a run did.
#[derive(Debug, Clone, Copy)]
pub struct Behaviour {
    /// The loss of the first and of the last batch.
    pub losses: [f64; 2],
    /// The step whose loss was the first that is not finite.
    pub broke: Option<u64>,
    pub train: Answers,
    pub held_out: Option<Answers>,
}

/// Runs a training to its end.
pub fn run(training: &Training) -> Result<Behaviour> {
    let mut run = Run::new(training)?;
    let (mut losses, mut broke) = ([f64::NAN; 2], None);
    for step in 0..training.steps {
        let loss = run.step()?;
        losses[1] = loss;
        if step == 0 {
            losses[0] = loss;
        }
        if !loss.is_finite() && broke.is_none() {
            broke = Some(step);
        }
    }
    let train = answers(training, &run, &training.train)?;
    let held_out = training.held_out.as_ref().map(|rows| answers(training, &run, rows)).transpose()?;
    Ok(Behaviour { losses, broke, train, held_out })
}

pub fn answers(training: &Training, run: &Run, rows: &Rows) -> Result<Answers> {
    let rows = rows.sample(ROWS)?;
    let mut probe = Probe::new(training, &rows, Mode::Evaluate)?;
    probe.run(&run.values()?)?;
    let output = probe.output()?;
    let logits = training.loss.formula.takes_logits();
    let [score, constant] = scores(training.kind(), output.values(), &rows, logits);
    Ok(Answers { loss: probe.loss()?, score, constant })
}

/// The score of the outputs, and of the best constant answer.
fn scores(kind: TargetKind, outputs: &[f64], rows: &Rows, logits: bool) -> [f64; 2] {
    let targets = rows.targets().values();
    let [count, width] = rows.targets().shape();
    let middle = if logits { 0.0 } else { 0.5 };
    match kind {
        TargetKind::Classes => {
            let mut shares = vec![0; width];
            let right = outputs.chunks_exact(width).zip(targets.chunks_exact(width)).filter(|(y, t)| {
                shares[largest(t)] += 1;
                y.iter().all(|value| value.is_finite()) && largest(y) == largest(t)
            });
            let right = right.count();
            let most = shares.into_iter().max().unwrap_or(0);
            [right as f64 / count as f64, f64::from(most) / count as f64]
        }
        TargetKind::Binary | TargetKind::MultiLabel => {
            let total = targets.len() as f64;
            let right =
                outputs.iter().zip(targets).filter(|(y, t)| y.is_finite() && (**y > middle) == (**t > 0.5));
            let right = right.count() as f64;
            let of_column = |column: usize| {
                let ones: f64 = targets.iter().skip(column).step_by(width).sum();
                ones.max(count as f64 - ones)
            };
            [right / total, (0..width).map(of_column).sum::<f64>() / total]
        }
        TargetKind::ClassNumbers => {
            let mut numbers: Vec<f64> = targets.to_vec();
            numbers.sort_by(f64::total_cmp);
            let most = numbers.chunk_by(|a, b| a == b).map(<[f64]>::len).max().unwrap_or(0);
            let right = outputs.iter().zip(targets).filter(|(y, t)| y.round() == **t).count();
            [right as f64 / count as f64, most as f64 / count as f64]
        }
        TargetKind::Reals => {
            let mean = |column: usize| targets.iter().skip(column).step_by(width).sum::<f64>() / count as f64;
            let means: Vec<f64> = (0..width).map(mean).collect();
            let total: f64 = targets.iter().enumerate().map(|(i, t)| (t - means[i % width]).powi(2)).sum();
            let error: f64 = outputs.iter().zip(targets).map(|(y, t)| (y - t).powi(2)).sum();
            // One row has no spread: how near the answer is, by its size.
            let total = if total > 0.0 { total } else { targets.iter().map(|t| t * t).sum() };
            [1.0 - error / total, 0.0]
        }
    }
}

fn largest(values: &[f64]) -> usize {
    let order = |a: &(usize, &f64), b: &(usize, &f64)| a.1.total_cmp(b.1);
    values.iter().enumerate().max_by(order).map_or(0, |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrograde::data::Matrix;

    fn rows(width: usize, targets: &[f64]) -> Result<Rows> {
        let count = targets.len() / width;
        Rows::new(Matrix::new(count, vec![0.0; count])?, Matrix::new(count, targets.to_vec())?)
    }

    #[test]
    fn scores_are_those_of_their_definitions() -> Result<()> {
        let classes = rows(2, &[1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0])?;
        let outputs = [0.9, 0.1, 0.2, 0.8, 0.3, 0.7, f64::NAN, 0.0];
        assert_eq!(scores(TargetKind::Classes, &outputs, &classes, false), [0.5, 0.75]);
        let binary = rows(1, &[1.0, 0.0, 0.0, 0.0])?;
        assert_eq!(scores(TargetKind::Binary, &[0.6, 0.6, 0.1, 0.4], &binary, false), [0.75, 0.75]);
        assert_eq!(scores(TargetKind::Binary, &[0.6, 0.6, 0.1, -0.4], &binary, true), [0.5, 0.75]);
        let reals = rows(1, &[1.0, 2.0, 3.0, 6.0])?;
        // Spread 4 + 1 + 0 + 9, error 1.
        assert_eq!(scores(TargetKind::Reals, &[1.0, 2.0, 3.0, 5.0], &reals, false), [1.0 - 1.0 / 14.0, 0.0]);
        Ok(())
    }
}
