//! The networks of the chapters 6 to 8 by hand against the same networks of the engine's modules, from the same weights, on digits:
//! loss, gradients and parameters in each of some steps.

use retrograde::check::{self, Verdict};
use retrograde::data::Dataset;
use retrograde::nn::{self, Activation, BatchNorm, Conv2d, Flatten, Linear, MaxPool2d, Network, Sequential};
use retrograde::optim;
use retrograde::textbook::{
    self, Adam, DeepConvNet, Dropout, Momentum, MultiLayerNet, MultiLayerNetExtend, Sgd, SimpleConvNet,
    Tensor as Array, WeightInit, Window,
};
use retrograde::{Result, textbook::Labels};

use super::engine::{Options, Training, numbers};
use super::optimizers::pairs;
use crate::digits::for_textbook;

/// Some training images, flat or `[N, 1, 28, 28]`, and their classes.
fn digits(count: u32, flat: bool) -> Result<(Array, Vec<usize>)> {
    let rows: Vec<u32> = (0..count).collect();
    let (x, labels) = for_textbook(&Dataset::embedded()?.train().select(&rows)?);
    let Labels::Classes(classes) = labels else { unreachable!("digits have classes") };
    let shape = if flat { vec![classes.len(), 784] } else { vec![classes.len(), 1, 28, 28] };
    Ok((x.into_shape_with_order(shape).expect("as many pixels"), classes))
}

/// Affine layers of these widths, with what stands between them.
fn dense(hidden: &[usize], between: impl Fn(Sequential) -> Sequential) -> Sequential {
    let hidden = hidden.iter().fold(Sequential::new(), |net, &width| between(net.then(Linear::new(width))));
    hidden.then(Linear::new(10))
}

#[test]
fn multi_layer_net_learns_as_the_engines_with_every_optimizer() -> Result<()> {
    let (x, classes) = digits(12, true)?;
    for (name, mut by_hand, engine) in pairs() {
        for activation in [textbook::Activation::Relu, textbook::Activation::Sigmoid] {
            let ours = match activation {
                textbook::Activation::Relu => Activation::Relu,
                _ => Activation::Sigmoid,
            };
            let mut network = MultiLayerNet::new(784, &[20, 15], 10)
                .activation(activation)
                .weight_decay_lambda(0.01)
                .build()?;
            let module = dense(&[20, 15], |net| net.then(ours));
            let built = Network::new(module, [784]).build()?;
            let options = Options { lambda: 0.01, ..Options::default() };
            let training = Training::new(built, &mut network, &x, &classes, &*engine, options)?;
            let what = format!("{name}, {activation:?}");
            // The second network needs an optimizer that has not seen the first.
            if activation == textbook::Activation::Relu {
                training.assert_same_steps(&mut network, &x, &classes, &mut by_hand, 5, &what)?;
            } else {
                let (_, mut fresh, _) = pairs().into_iter().find(|pair| pair.0 == name).expect("its name");
                training.assert_same_steps(&mut network, &x, &classes, &mut fresh, 5, &what)?;
            }
        }
    }
    Ok(())
}

#[test]
fn multi_layer_net_extend_learns_as_the_engines() -> Result<()> {
    let (x, classes) = digits(16, true)?;
    let hidden = [20, 15, 10];
    for (batchnorm, rate) in [(true, 0.0), (false, 0.3), (true, 0.3)] {
        let module = dense(&hidden, |mut net| {
            if batchnorm {
                net = net.then(BatchNorm::new());
            }
            net = net.then(Activation::Relu);
            if rate > 0.0 { net.then(nn::Dropout::new(rate)) } else { net }
        });
        let description = || {
            let net = MultiLayerNetExtend::new(784, &hidden, 10).weight_decay_lambda(0.01).seed(3);
            if batchnorm { net.use_batchnorm_with(1e-5) } else { net }
        };
        let built = Network::new(module, [784]).build()?;
        let options = Options { lambda: 0.01, dropout_rate: rate };
        let optimizer = optim::Momentum::new(0.05, 0.9);
        let training = Training::new(built, &mut description().build()?, &x, &classes, &optimizer, options)?;
        let masks =
            training.masks.iter().map(|mask| Dropout::with_mask(rate, mask.clone()).map(Dropout::inverted));
        let masks = masks.collect::<Result<Vec<_>>>()?;
        assert_eq!(masks.len(), if rate > 0.0 { hidden.len() } else { 0 });
        let mut network = match masks.len() {
            0 => description().build()?,
            _ => description().dropout_layers(masks).build()?,
        };
        let what = format!("batch normalization {batchnorm}, dropout {rate}");
        training.assert_same_steps(&mut network, &x, &classes, &mut Momentum::new(0.05), 5, &what)?;
    }
    Ok(())
}

#[test]
fn simple_conv_net_learns_as_the_engines() -> Result<()> {
    let (x, classes) = digits(5, false)?;
    let module = Sequential::new()
        .then(Conv2d::new(30, 5))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten::new())
        .then(Linear::new(100))
        .then(Activation::Relu)
        .then(Linear::new(10));
    // Weights of 0.01 leave small gradients; these are of the size of a training.
    let mut network = SimpleConvNet::new([1, 28, 28]).weight_init(WeightInit::He).build()?;
    let built = Network::new(module, [1, 28, 28]).build()?;
    let optimizer = optim::Adam::new(0.001);
    let training = Training::new(built, &mut network, &x, &classes, &optimizer, Options::default())?;
    let mut by_hand = Adam::new(0.001).corrected_epsilon(1e-8);
    training.assert_same_steps(&mut network, &x, &classes, &mut by_hand, 5, "SimpleConvNet")
}

#[test]
fn deep_conv_net_learns_as_the_engines() -> Result<()> {
    let (x, classes) = digits(3, false)?;
    let mut module = Sequential::new();
    for (index, (filters, padding)) in
        [(16, 1), (16, 1), (32, 1), (32, 2), (64, 1), (64, 1)].into_iter().enumerate()
    {
        module = module.then(Conv2d::new(filters, 3).padding(padding)).then(Activation::Relu);
        if index % 2 == 1 {
            module = module.then(MaxPool2d::new(2));
        }
    }
    let module = module
        .then(Flatten::new())
        .then(Linear::new(50))
        .then(Activation::Relu)
        .then(nn::Dropout::new(0.5))
        .then(Linear::new(10))
        .then(nn::Dropout::new(0.5));
    let built = Network::new(module, [1, 28, 28]).build()?;
    let options = Options { dropout_rate: 0.5, ..Options::default() };
    let optimizer = optim::Sgd::new(0.05);
    let description = DeepConvNet::new().seed(1);
    let training = Training::new(built, &mut description.build()?, &x, &classes, &optimizer, options)?;
    let [first, second] = &training.masks[..] else { panic!("two masks") };
    let inverted = |mask: &Array| Dropout::with_mask(0.5, mask.clone()).map(Dropout::inverted);
    let mut network = description.dropout_layers([inverted(first)?, inverted(second)?]).build()?;
    training.assert_same_steps(&mut network, &x, &classes, &mut Sgd::new(0.05), 3, "DeepConvNet")
}

/// Neither the engine nor backward has a part in the differences.
#[test]
fn the_check_finds_the_convolutional_network_right() -> Result<()> {
    let mut network = SimpleConvNet::new([2, 7, 6])
        .conv_param(3, Window::new(3, 2).stride(1).pad(1))
        .hidden_size(5)
        .output_size(4)
        .weight_init(WeightInit::He)
        .build()?;
    let report = check::network(&mut network, &numbers(&[4, 2, 7, 6], 0.1), &vec![0, 3, 1, 2].into())?;
    assert_eq!(report.verdict, Verdict::Right, "{report}");
    Ok(())
}
