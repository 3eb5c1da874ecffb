//! Networks of chapter 6 from the engine's modules, and their training.

use super::Curve;
use retrograde::ErrorKind;
use retrograde::data::{Dataset, Sampling};
use retrograde::nn::{BatchNorm, Dropout, Linear};
use retrograde::prelude::*;

/// What stands between two layers, and the initial weights.
#[derive(Clone, Copy)]
pub struct Layers {
    /// The initial weights.
    pub init: Init,
    /// Batch normalization before each activation.
    pub batch_norm: bool,
    /// The rate of a dropout after each activation; 0 for none.
    pub dropout: f64,
}

impl Layers {
    /// Affine layers with relu between them.
    pub fn plain(init: Init) -> Self {
        Layers { init, batch_norm: false, dropout: 0.0 }
    }

    /// The network: so many hidden layers of 100 units, for digits.
    pub fn network(self, hidden: usize) -> Result<Network<Sequential>> {
        let mut net = Sequential::new();
        for _ in 0..hidden {
            net = net.then(Linear::new(100).init(self.init));
            if self.batch_norm {
                net = net.then(BatchNorm::new());
            }
            net = net.then(Activation::Relu);
            if self.dropout > 0.0 {
                net = net.then(Dropout::new(self.dropout));
            }
        }
        Network::new(net.then(Linear::new(10).init(self.init)), [784]).seed(1).build()
    }
}

/// The first so many of the training images, and all test images.
pub fn few(count: u32) -> Result<Dataset> {
    let all = Dataset::embedded()?;
    let rows: Vec<u32> = (0..count).collect();
    Dataset::new(format!("{count} digits"), all.train().select(&rows)?, all.test().clone())
}

/// The loss of each step, as a moving average over about twenty steps, as the book smooths it. It ends where it is not finite.
pub fn losses(
    network: &Network<Sequential>,
    optimizer: impl Optimizer + Send + Sync + 'static,
    steps: usize,
) -> Result<Curve> {
    let trainer = Trainer::new(optimizer).batch(128).seed(2);
    let mut session = Session::<f32>::new(&trainer, network, &Dataset::embedded()?)?;
    let (mut points, mut mean) = (Vec::new(), None);
    for step in 0..steps {
        let Some(loss) = finite(session.step())? else { break };
        let smooth = mean.map_or(loss, |mean: f64| 0.95 * mean + 0.05 * loss);
        mean = Some(smooth);
        points.push((step as f64, smooth));
    }
    Ok(points)
}

/// The accuracies on the training set and on the test set after every so many epochs. They end where the loss is not finite.
pub fn accuracies(
    network: &Network<Sequential>,
    optimizer: impl Optimizer + Send + Sync + 'static,
    data: &Dataset,
    (epochs, every): (usize, usize),
) -> Result<[Curve; 2]> {
    let trainer = Trainer::new(optimizer).batch(100).seed(2).sampling(Sampling::WithoutReplacement);
    let mut session = Session::<f32>::new(&trainer, network, data)?;
    let mut points = [Vec::new(), Vec::new()];
    for epoch in 1..=epochs {
        for _ in 0..data.train().len().div_ceil(100) {
            if finite(session.step())?.is_none() {
                return Ok(points);
            }
        }
        if epoch.is_multiple_of(every) {
            let (train, test) = session.evaluate()?;
            for (points, set) in points.iter_mut().zip([train, test]) {
                points.extend(set.accuracy.map(|accuracy| (epoch as f64, accuracy)));
            }
        }
    }
    Ok(points)
}

/// The loss, or none if the training has diverged.
fn finite(loss: Result<f64>) -> Result<Option<f64>> {
    match loss {
        Err(error) if error.kind() == ErrorKind::Diverged => Ok(None),
        loss => loss.map(Some),
    }
}
