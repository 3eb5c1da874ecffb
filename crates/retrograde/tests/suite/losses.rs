//! The losses against PyTorch's golden values, which `tests/golden/losses.py` writes.

use retrograde::train::{BinaryCrossEntropy, CrossEntropy, Loss};
use retrograde::{Graph, Result, Tensor, Var};
use serde_json::Value;

const SHAPE: [usize; 2] = [5, 4];
const LABELS: [u32; 5] = [2, 0, 3, 2, 1];
const WEIGHTS: [f64; 5] = [1.0, 0.0, 2.5, 0.5, 1.25];

fn numbers(phase: f64) -> Tensor {
    Tensor::from_fn(SHAPE, |i| 3.0 * (phase + 1.7 * i as f64).sin()).unwrap()
}

/// The outputs of a case.
fn outputs(case: &str) -> Tensor {
    if case.contains(", equal") {
        return numbers(0.9);
    }
    let mut outputs = numbers(0.3);
    if case.contains(", far") {
        outputs.values_mut().iter_mut().step_by(SHAPE[1]).for_each(|x| *x *= 1e3);
    }
    outputs
}

/// The targets of a case: labels, probabilities, yes or no, or real numbers.
fn targets(graph: &Graph, loss: &Loss, case: &str) -> Var {
    if case.contains(", soft") {
        return graph.constant(numbers(0.9)).softmax(1);
    }
    match loss {
        Loss::CrossEntropy(_) => graph.indices("labels", [5], LABELS.to_vec()),
        Loss::BinaryCrossEntropy(_) => {
            let numbers = numbers(0.4);
            let yes = |i: usize| f64::from(u8::from(numbers.values()[i] > 0.0));
            graph.constant(Tensor::from_fn(SHAPE, yes).unwrap())
        }
        _ => graph.constant(numbers(0.9)),
    }
}

/// The loss and its gradient by the outputs.
fn recorded(graph: &Graph, case: &str) -> Result<(f64, Tensor)> {
    let loss: Loss = case.split(", ").next().unwrap_or_default().parse()?;
    let outputs = graph.parameter("outputs", outputs(case));
    let weights = case.ends_with(", weights").then(|| graph.constant(Tensor::from(WEIGHTS.to_vec())));
    let recorded = loss.record(&outputs, &targets(graph, &loss, case), weights.as_ref());
    let gradient = recorded.gradient(&[&outputs])?.remove(0);
    Ok((recorded.value()?.scalar()?, gradient.value()?))
}

/// The tolerance is relative to the largest number of a case: some roundings of 2⁻⁵³ of each of its sums.
#[test]
fn losses_and_gradients_are_those_of_pytorch() -> Result<()> {
    let golden: Value = serde_json::from_str(include_str!("../golden/losses.json")).expect("golden values");
    let mut compared = 0;
    for (case, expected) in golden.as_object().expect("cases").iter().filter(|(case, _)| *case != "torch") {
        let (loss, gradient) = recorded(&Graph::new(), case)?;
        let theirs = expected["gradient"].as_array().expect(case);
        assert_eq!(gradient.values().len(), theirs.len(), "{case}");
        let expected = std::iter::once(&expected["loss"]).chain(theirs);
        for (ours, theirs) in std::iter::once(&loss).chain(gradient.values()).zip(expected) {
            let theirs = theirs.as_f64().expect(case);
            assert!((ours - theirs).abs() <= 1e-12 * theirs.abs().max(1.0), "{case}: {ours}, not {theirs}");
            compared += 1;
        }
    }
    assert_eq!(compared, 26 * 21, "cases of a loss and 20 slopes");
    Ok(())
}

/// A batch whose rows all have the weight 0 has no loss and no gradient, and not 0 / 0.
#[test]
fn rows_without_weight_teach_nothing() -> Result<()> {
    for case in ["cross-entropy", "cross-entropy+smoothing:0.1", "bce", "mse", "mae", "huber"] {
        let graph = Graph::new();
        let loss: Loss = case.parse()?;
        let outputs = graph.parameter("outputs", outputs(case));
        let zeros = graph.constant(Tensor::zeros([5])?);
        let recorded = loss.record(&outputs, &targets(&graph, &loss, case), Some(&zeros));
        assert_eq!(recorded.value()?.scalar()?, 0.0, "{case}");
        let gradient = recorded.gradient(&[&outputs])?.remove(0).value()?;
        assert!(gradient.values().iter().all(|slope| *slope == 0.0), "{case}: {gradient}");
    }
    let graph = Graph::new();
    let outputs = graph.parameter("outputs", numbers(0.3));
    let ignored = graph.indices("labels", [5], vec![1; 5]);
    let loss = Loss::from(CrossEntropy { ignore_index: Some(1), ..CrossEntropy::default() });
    assert_eq!(loss.record(&outputs, &ignored, None).value()?.scalar()?, 0.0);
    Ok(())
}

/// A loss without options and weights is the one operation of the library, so that its plans and bits stay the same.
#[test]
fn the_default_is_one_operation() {
    let graph = Graph::new();
    let outputs = graph.parameter("outputs", numbers(0.3));
    let labels = graph.indices("labels", [5], LABELS.to_vec());
    let before = graph.len();
    let loss = Loss::default().record(&outputs, &labels, None);
    assert_eq!(
        (graph.len(), loss.node().operation().map(|operation| operation.name())),
        (before + 1, Some("softmax_with_loss"))
    );
}

#[test]
fn what_does_not_fit_is_an_error_with_its_reason() {
    let graph = Graph::new();
    let outputs = graph.parameter("outputs", numbers(0.3));
    let labels = graph.indices("labels", [5], LABELS.to_vec());
    let soft = graph.constant(numbers(0.9)).softmax(1);
    let problem = |loss: Loss, targets: &Var| {
        loss.record(&outputs, targets, None).checked().expect_err(&loss.to_string()).to_string()
    };
    let few = CrossEntropy { class_weights: Some(vec![1.0; 3]), ..CrossEntropy::default() };
    assert!(problem(few.into(), &labels).contains("3 weights for 4 classes"));
    let ignored = |index| CrossEntropy { ignore_index: Some(index), ..CrossEntropy::default() };
    assert!(problem(ignored(4).into(), &labels).contains("4 is out of range for 4 classes"));
    assert!(problem(ignored(1).into(), &soft).contains("no index to ignore"));
    let two = BinaryCrossEntropy { positive_weights: Some(vec![1.0, 2.0]) };
    assert!(problem(two.into(), &soft).contains("2 weights for 4 outputs"));
    let column = graph.constant(Tensor::zeros([5, 1]).unwrap());
    for loss in ["bce", "mse", "mae", "huber"] {
        let error = problem(loss.parse().unwrap(), &column);
        assert!(error.contains("[5, 4]") && error.contains("[5, 1]"), "{loss}: {error}");
    }
}
