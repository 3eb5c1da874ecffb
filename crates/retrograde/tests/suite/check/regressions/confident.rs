//! Kind 1: A confident right answer called wrong: the scale of the compared numbers is not that of their terms.

use ndarray::{Array1, Array2};
use retrograde::check::{self, GraphCheck, Report};
use retrograde::data::{Dataset, Samples};
use retrograde::nn::{Activation, Mlp, Model};
use retrograde::optim::{Adam, Sgd};
use retrograde::textbook::{Affine, Labels, LossLayer, Network, Relu, Sigmoid, SoftmaxWithLoss, Tensor};
use retrograde::train::Trainer;
use retrograde::{Graph, Result};

use crate::check::support::{Expect, matrix, numbers, tensor, text};

/// Right, and neither that rows do not sum to 0 nor that the function jumps.
#[track_caller]
fn is_right(report: &Report) {
    Expect::right().of(report);
    let text = text(report);
    for untrue in ["does not sum to 0", "jumps here"] {
        assert!(!text.contains(untrue), "{untrue}\n{report}");
    }
}

/// Rows of logits that are `height` at the label and 0 elsewhere.
fn confident(rows: usize, classes: usize, height: f64) -> (Tensor, Labels) {
    let labels: Vec<usize> = (0..rows).map(|row| (3 * row + 1) % classes).collect();
    let logits =
        Tensor::from_shape_fn(vec![rows, classes], |at| if at[1] == labels[at[0]] { height } else { 0.0 });
    (logits, labels.into())
}

#[test]
fn losses_next_to_zero() -> Result<()> {
    let cases = [
        (tensor(&[1, 2], &[20.0, 0.0]), vec![0].into()),
        confident(4, 5, 30.0),
        (tensor(&[1, 2], &[35.0, 0.0]), vec![0].into()),
        (tensor(&[1, 3], &[-3.0, 25.0, 1.0]), vec![1].into()),
        (tensor(&[2, 3], &[700.0, 0.0, 3.0, 0.1, 0.4, -0.2]), vec![0, 2].into()),
        confident(7, 10, 18.0),
    ];
    for (logits, labels) in cases {
        is_right(&check::loss(&mut SoftmaxWithLoss::new(), &logits, &labels)?);
    }
    Ok(())
}

/// The loss of the library with a gradient that is twice too large.
struct Twice(SoftmaxWithLoss);

impl LossLayer for Twice {
    fn forward(&mut self, logits: &Tensor, labels: &Labels) -> Result<f64> {
        self.0.forward(logits, labels)
    }

    fn backward(&mut self, dout: f64) -> Result<Tensor> {
        Ok(self.0.backward(dout)? * 2.0)
    }
}

#[test]
fn a_loss_next_to_zero_hides_no_fault() -> Result<()> {
    for (logits, labels) in [confident(1, 2, 20.0), confident(4, 5, 30.0)] {
        Expect::wrong("x", &["factor 2"]).of(&check::loss(
            &mut Twice(SoftmaxWithLoss::new()),
            &logits,
            &labels,
        )?);
    }
    Ok(())
}

/// An own network 2-8-2 trained on the exclusive or by an own loop.
fn exclusive_or() -> Result<(Network, Tensor, Vec<usize>)> {
    let weights = |shape: &[usize], seed| -> Array2<f64> { matrix(&numbers(shape, seed)) };
    let mut network = Network::new(SoftmaxWithLoss::new())
        .then(Affine::new(weights(&[2, 8], 3), Array1::zeros(8))?)
        .then(Relu::new())
        .then(Affine::new(weights(&[8, 2], 50), Array1::zeros(2))?);
    let x = tensor(&[4, 2], &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    let labels = vec![0, 1, 1, 0];
    for step in 0..100_000 {
        let gradients = network.gradient(&x, &labels.clone().into())?;
        network.apply(0.5, &gradients)?;
        if step % 1000 == 0 && network.loss(&x, &labels.clone().into())? < 5e-6 {
            break;
        }
    }
    let loss = network.loss(&x, &labels.clone().into())?;
    assert!(loss < 6e-6, "it has not learned: {loss}");
    Ok((network, x, labels))
}

#[test]
fn an_own_network_that_has_learned_the_exclusive_or() -> Result<()> {
    let (mut network, x, labels) = exclusive_or()?;
    Expect::right().of_network(&check::network(&mut network, &x, &labels.clone().into())?);
    for (row, label) in labels.into_iter().enumerate() {
        let one = x.select(ndarray::Axis(0), &[row]);
        Expect::right().of_network(&check::network(&mut network, &one, &vec![label].into())?);
    }
    Ok(())
}

/// The model as layers written by hand, with its own parameters.
fn by_hand(net: &Mlp, activation: Activation) -> Result<Network> {
    let value = |at: usize| -> Result<Array2<f64>> {
        let (_, value) = net.parameters().iter().nth(at).expect("four parameters");
        let columns = value.shape().last().copied().unwrap_or(1);
        let rows = value.values().len() / columns;
        Ok(Array2::from_shape_vec((rows, columns), value.values().to_vec()).expect("a matrix"))
    };
    let affine = |at: usize| Affine::new(value(at)?, value(at + 1)?.row(0).to_owned());
    let network = Network::new(SoftmaxWithLoss::new()).then(affine(0)?);
    let network = match activation {
        Activation::Relu => network.then(Relu::new()),
        _ => network.then(Sigmoid::new()),
    };
    Ok(network.then(affine(2)?))
}

/// The exclusive or, learned by the library itself with Adam: at the end every gradient is next to nothing.
#[test]
fn the_exclusive_or_learned_with_adam() -> Result<()> {
    let samples = Samples::from_images(vec![0_u8, 0, 0, 255, 255, 0, 255, 255], [1, 2], vec![0, 1, 1, 0], 2)?;
    let data = Dataset::new("exclusive or", samples.clone(), samples.clone())?;
    let (all, all_labels) = check::rows(&samples)?;
    for activation in [Activation::Relu, Activation::Sigmoid] {
        let mut losses = Vec::new();
        for seed in 1..9 {
            let mut net = Mlp::new([2, 32, 2]).activation(activation).seed(seed).build()?;
            Trainer::new(Adam::new(0.02)).batch(4).steps(20_000).fit(&mut net, &data)?;
            let mut network = by_hand(&net, activation)?;
            losses.push(network.loss(&all, &all_labels)?);
            if losses.last().is_some_and(|loss| *loss > 1e-6) {
                continue;
            }
            for count in 1..=4_u32 {
                let few = samples.select(&(0..count).collect::<Vec<_>>())?;
                let (x, labels) = check::rows(&few)?;
                Expect::right().of_network(&check::network(&mut network, &x, &labels)?);
                is_right(&check::model(&net, &few)?.run()?);
            }
            break;
        }
        assert!(losses.last().is_some_and(|loss| *loss < 1e-6), "none has learned: {losses:?}");
    }
    Ok(())
}

#[test]
fn an_own_network_with_large_weights() -> Result<()> {
    // Nothing was trained: whatever the loss's gradient is, the weights make it next to nothing or large.
    for scale in [1e-6, 8.0, 30.0] {
        let mut network = Network::new(SoftmaxWithLoss::new())
            .then(Affine::new(matrix(&(numbers(&[3, 5], 8) * scale)), Array1::zeros(5))?)
            .then(Relu::new())
            .then(Affine::new(matrix(&(numbers(&[5, 4], 70) * scale)), Array1::zeros(4))?);
        let x = numbers(&[3, 3], 30);
        let logits = network.predict(&x)?;
        // Each row has the label that the network gives it.
        let surest = |row: ndarray::ArrayView1<'_, f64>| {
            (0..row.len()).reduce(|best, at| if row[at] > row[best] { at } else { best }).unwrap_or(0)
        };
        let labels: Vec<usize> = logits.rows().into_iter().map(surest).collect();
        Expect::right().of_network(&check::network(&mut network, &x, &labels.into())?);
    }
    Ok(())
}

#[test]
fn a_model_of_the_library_that_has_learned_its_samples() -> Result<()> {
    let digits = Dataset::embedded()?;
    let first: Vec<u32> = (0..60).collect();
    let few = Dataset::new("sixty", digits.train().select(&first)?, digits.test().select(&first)?)?;
    let mut net = Mlp::new([784, 20, 10]).build()?;
    Trainer::new(Sgd::new(0.5)).batch(60).steps(6000).fit(&mut net, &few)?;
    for rows in [&first[..3], &first[..1], &first[10..16]] {
        let samples = few.train().select(rows)?;
        is_right(&check::model(&net, &samples)?.sample(40).run()?);
        is_right(&check::model(&net, &samples)?.in_random_directions().run()?);
    }
    Ok(())
}

#[test]
fn one_confident_node_of_a_graph() -> Result<()> {
    for (rows, classes, height) in [(1, 2, 20.0), (4, 5, 30.0), (2, 3, 16.0)] {
        let graph = Graph::new();
        let (values, labels) = confident(rows, classes, height);
        let values = retrograde::Tensor::new([rows, classes], values.into_iter().collect())?;
        let Labels::Classes(labels) = labels else { unreachable!("classes") };
        let labels = graph.indices("t", [rows], labels.iter().map(|label| *label as u32).collect::<Vec<_>>());
        let loss = graph.parameter("x", values).softmax_with_loss(&labels);
        is_right(&GraphCheck::new(&loss).run()?);
    }
    Ok(())
}
