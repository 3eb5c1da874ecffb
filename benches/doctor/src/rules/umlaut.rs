//! UMLAUT's ten heuristics, of its description: inputs, rate, last layer, hidden layers, dropout, and what the curves look like.

use super::{Warning, Watched};
use retrograde::diagnose::{Block, Network, TargetKind};
use retrograde::nn::Layer;

/// A rate above this is called high.
const HIGH: f64 = 0.01;
/// A rate below this is called low.
const LOW: f64 = 1e-7;
/// An accuracy above this, from the fourth epoch on, is called suspicious.
const SUSPICIOUS: f64 = 0.95;

pub fn warnings(run: &Watched) -> Vec<Warning> {
    let training = &run.training;
    let mut warnings = Vec::new();
    let mut say = |cause, says: &str| warnings.push(Warning::new(cause, says));
    if training.train.x().values().iter().any(|value| value.abs() > 1.0) {
        say("data.scale_in", "inputs exceed [-1, 1]");
    }
    if run.moments.iter().any(|moment| !moment.train.loss.is_finite()) {
        say("loss.numeric", "the loss is not a number");
    }
    let rate = training.optimizer.learning_rate;
    if rate > HIGH {
        say("lr.high", "the rate is above 0.01");
    }
    if rate < LOW {
        say("lr.low", "the rate is below 1e-7");
    }
    let output = training.network.output_functions();
    let formula = training.loss.formula;
    let is_softmax = output.iter().any(|function| function.is_softmax());
    if formula.is_for_classes() && !formula.takes_logits() && !is_softmax {
        say("out.missing", "the last layer has no softmax, and the loss expects one");
    }
    if !is_softmax && !output.is_empty() {
        say("out.range", "the last layer has an activation that is no softmax");
    }
    if has_linear_hidden(&training.network.blocks) {
        say("act.missing", "a hidden layer has no activation");
    }
    if has_strong_dropout(&training.network) {
        say("reg.strong", "dropout of more than a half");
    }
    curves(run, &mut say);
    warnings
}

fn has_linear_hidden(blocks: &[Block]) -> bool {
    let is_quiet = |block: &&Block| {
        !matches!(
            block,
            Block::Layer(Layer::Dropout(_) | Layer::Flatten(_) | Layer::MaxPool2d(_) | Layer::BatchNorm(_))
        )
    };
    let loud: Vec<&Block> = blocks.iter().filter(is_quiet).collect();
    loud.windows(2).any(|pair| pair[0].has_weights() && pair[1].has_weights())
}

/// The rate of a dropout is in the words of the network.
fn has_strong_dropout(network: &Network) -> bool {
    let words = network.to_string();
    let rates = words.split(" → ").filter_map(|block| block.strip_prefix("dropout ")?.parse().ok());
    rates.into_iter().any(|rate: f64| rate > 0.5)
}

/// Overfitting, and what looks too good.
fn curves(run: &Watched, say: &mut impl FnMut(&'static str, &str)) {
    let held_out: Vec<_> =
        run.moments.iter().filter_map(|moment| Some((moment.train, moment.held_out?))).collect();
    if held_out.windows(2).any(|pair| pair[1].1.loss > pair[0].1.loss && pair[1].0.loss < pair[0].0.loss) {
        say("reg.weak", "the loss of held-out rows rises while that of the training falls");
    }
    let is_accuracy = run.training.kind() != TargetKind::Reals;
    let is_late = |index: usize| index > 3;
    let mut late =
        held_out.iter().enumerate().filter(|(index, _)| is_late(*index)).map(|(_, answers)| answers);
    if is_accuracy
        && late.any(|(train, held_out)| held_out.score > SUSPICIOUS || held_out.score > train.score + 0.05)
    {
        say("data.leak", "the accuracy of held-out rows is too good");
    }
}
