//! The training that a program's numbers come from is found.

use retrograde::data::Matrix;
use retrograde::diagnose::{
    ClaimedGradient, Distribution, Formula, Function, Initialization, LoopCode, Loss, Network, Order,
    RecordedStep, Rows, Run, Training,
};
use retrograde::nn::{Activation, Precision};
use retrograde::optim::{OptimizerConfig, OptimizerKind};
use retrograde::{Result, Tensor};

fn rows() -> Result<Rows> {
    let x = (0..40 * 6).map(|at| (f64::from(at) * 0.7).sin()).collect();
    let labels: Vec<u32> = (0..40).map(|row| row % 3).collect();
    Rows::of_classes(Matrix::new(40, x)?, &labels, 3)
}

/// The first step of a training, as a program's numbers. The network returns what is before its last activation.
fn recorded(training: &Training, returns_logits: bool) -> Result<RecordedStep> {
    let mut run = Run::new(training)?;
    let layers = |run: &Run| -> Result<Vec<(Tensor, Option<Tensor>)>> {
        let values = run.parameters()?;
        Ok(values.chunks(2).map(|pair| (pair[0].1.clone(), Some(pair[1].1.clone()))).collect())
    };
    let before = layers(&run)?;
    let mut network = training.network.clone();
    if returns_logits {
        network.blocks.pop();
    }
    let copy = Training { network, ..training.clone() };
    let mut probe = retrograde::diagnose::Probe::new(&copy, &training.train, retrograde::nn::Mode::Evaluate)?;
    let values: Vec<Tensor> = run.parameters()?.into_iter().map(|(_, value)| value).collect();
    probe.run(&values)?;
    let loss = run.step()?;
    Ok(RecordedStep {
        batch: training.train.clone(),
        output: probe.output()?,
        loss: Some(loss),
        before,
        after: layers(&run)?,
    })
}

fn training(hidden: Activation, head: Function, loss: Formula, kind: OptimizerKind) -> Result<Training> {
    let network = Network::dense(6, [(5, Some(hidden.into())), (3, Some(head))]);
    let optimizer = OptimizerConfig { learning_rate: 0.05, ..OptimizerConfig::default_for(kind) };
    let base = Training::new(rows()?, network, Loss::from(loss), optimizer);
    let initialization = Initialization::with(Distribution::Normal(0.0, 0.4));
    Ok(Training { batch: 40, order: Order::Stored, precision: Precision::F64, initialization, ..base })
}

#[test]
fn networks_losses_and_steps_are_found() -> Result<()> {
    let cross_entropy = Formula::CrossEntropy { clip: Some(1e-7), normalizes: false };
    let binary = Formula::BinaryCrossEntropy { clip: Some(1e-7) };
    for (hidden, head, loss, kind) in [
        (Activation::Relu, Function::Softmax, cross_entropy, OptimizerKind::Sgd),
        (Activation::Sigmoid, Function::Softmax, cross_entropy, OptimizerKind::Adam),
        (Activation::Tanh, Function::Elementwise(Activation::Sigmoid), binary, OptimizerKind::Sgd),
        (
            Activation::Sigmoid,
            Function::Elementwise(Activation::Sigmoid),
            Formula::SquaredError,
            OptimizerKind::Sgd,
        ),
        (Activation::Relu, Function::SoftmaxOfBatch, cross_entropy, OptimizerKind::Sgd),
    ] {
        let known = training(hidden, head, loss, kind)?;
        for returns_logits in [true, false] {
            let found = recorded(&known, returns_logits)?.identify(rows()?, 40, 100)?;
            let found = found.unwrap_or_else(|| panic!("{hidden} {head} {loss} {returns_logits}: not found"));
            // Logits with the softmax in the loss are the same training.
            if returns_logits && found.loss.formula.takes_logits() {
                assert_eq!(found.network.blocks, known.network.blocks[..3], "{loss}");
            } else {
                assert_eq!(found.network, known.network, "{loss}");
                assert_eq!(found.loss.formula, known.loss.formula, "{hidden} {head}");
            }
            assert_eq!(found.optimizer.kind, kind);
            assert!((found.optimizer.learning_rate - 0.05).abs() < 1e-4, "{}", found.optimizer);
            assert_eq!(found.code, LoopCode::default());
        }
    }
    Ok(())
}

#[test]
fn a_gradient_by_hand_and_a_wrong_sign_are_found() -> Result<()> {
    let cross_entropy = Formula::CrossEntropy { clip: Some(1e-7), normalizes: false };
    let mut known = training(Activation::Relu, Function::SoftmaxOfBatch, cross_entropy, OptimizerKind::Sgd)?;
    known.code =
        LoopCode { claimed: Some(ClaimedGradient::OutputMinusTarget), ascends: true, ..LoopCode::default() };
    let found = recorded(&known, true)?.identify(rows()?, 40, 100)?.expect("it is found");
    assert_eq!(found.code, known.code);
    assert_eq!(found.network, known.network);
    // A step that no gradient explains.
    let mut step = recorded(&known, true)?;
    step.after[0].0.values_mut().iter_mut().enumerate().for_each(|(at, value)| *value += (at as f64).sin());
    assert!(step.identify(rows()?, 40, 100)?.is_none());
    Ok(())
}
