//! Each layer by hand against the engine's module: output and all gradients, for odd shapes.

use ndarray::{Array4, Ix1, Ix4};
use retrograde::Result;
use retrograde::check::{self, Verdict};
use retrograde::nn::{self, Init, Initial, Mode, Module};
use retrograde::textbook::{
    BatchNormalization, Convolution, Dropout, Layer, Pooling, Tensor as Array, WeightInit, Window, col2im,
    im2col,
};

use super::engine::{Recorded, assert_agree, numbers, run};

/// Compares a layer with a module that has its parameters, in training.
fn compare(layer: &mut dyn Layer, module: impl Module, x: &Array, what: &str) -> Result<Recorded> {
    let values: Vec<Array> = layer.parameters().iter().map(|one| one.value.to_owned()).collect();
    let engine = run(module, Mode::Train, x, &values, &|shape| numbers(shape, 0.5), 0.0)?;
    compare_with(layer, &engine, x, what)?;
    Ok(engine)
}

fn compare_with(layer: &mut dyn Layer, engine: &Recorded, x: &Array, what: &str) -> Result<()> {
    let out = layer.forward(x)?;
    assert_agree(&out, &engine.output, what);
    let dx = layer.backward(&numbers(out.shape(), 0.5))?;
    assert_agree(&dx, &engine.dx, &format!("{what}: dx"));
    let parameters = layer.parameters();
    assert_eq!(parameters.len(), engine.gradients.len(), "{what}");
    for (parameter, engine) in parameters.iter().zip(&engine.gradients) {
        let gradient = parameter.gradient.as_ref().expect("backward has run").to_owned();
        assert_agree(&gradient, engine, &format!("{what}: d{}", parameter.name));
    }
    Ok(())
}

fn convolution(shape: [usize; 4]) -> Result<Convolution> {
    let w = numbers(&shape, 0.2).into_dimensionality::<Ix4>().expect("four axes");
    Convolution::new(w, numbers(&shape[..1], 0.9).into_dimensionality::<Ix1>().expect("one axis"))
}

#[test]
fn convolution_is_the_engines() -> Result<()> {
    for (x, w, stride, pad) in [
        ([1, 1, 4, 4], [1, 1, 3, 3], 1, 0),
        ([2, 3, 7, 5], [4, 3, 3, 2], 1, 0),
        ([3, 2, 8, 9], [5, 2, 5, 3], 2, 2),
        ([2, 1, 5, 6], [3, 1, 1, 1], 3, 0),
        ([1, 4, 6, 6], [2, 4, 4, 4], 2, 1),
        ([2, 2, 2, 3], [3, 2, 3, 3], 1, 1),
    ] {
        let module = nn::Conv2d::new(w[0], [w[2], w[3]]).stride(stride).padding(pad);
        let mut layer = convolution(w)?.stride(stride).pad(pad);
        compare(&mut layer, module, &numbers(&x, 0.1), &format!("{x:?} {w:?} {stride} {pad}"))?;
    }
    Ok(())
}

#[test]
fn pooling_is_the_engines() -> Result<()> {
    for (x, window, module) in [
        ([1, 1, 4, 4], Window::new(2, 2).stride(2), nn::MaxPool2d::new(2)),
        ([2, 3, 7, 5], Window::new(2, 3).stride(1), nn::MaxPool2d::new([2, 3]).stride(1)),
        ([3, 2, 9, 8], Window::new(3, 3).stride(2).pad(1), nn::MaxPool2d::new(3).stride(2).padding(1)),
        ([1, 2, 5, 5], Window::new(5, 4).stride(3), nn::MaxPool2d::new([5, 4]).stride(3)),
    ] {
        let mut layer = Pooling::new(window)?;
        compare(&mut layer, module, &numbers(&x, 0.1), &format!("{x:?} {window:?}"))?;
        // With many ties, and negative numbers beside the padding.
        let x = numbers(&x, 0.1).mapv(|x| (2.0 * x).round() - 3.0);
        compare(&mut layer, module, &x, &format!("ties, {window:?}"))?;
    }
    Ok(())
}

/// The windows are the engine's convolution with a filter for each place of the window, and their transpose its gradient.
#[test]
fn im2col_and_col2im_are_a_convolution_and_its_gradient() -> Result<()> {
    for (shape, size, stride, pad) in
        [([2, 3, 6, 5], [3, 2], 1, 0), ([1, 2, 7, 7], [2, 4], 3, 2), ([3, 1, 4, 4], [4, 4], 1, 1)]
    {
        let window = Window::new(size[0], size[1]).stride(stride).pad(pad);
        let x = numbers(&shape, 0.4);
        let places = shape[1] * size[0] * size[1];
        let one_each = Array4::from_shape_fn([places, shape[1], size[0], size[1]], |(f, c, y, x)| {
            f64::from(f == (c * size[0] + y) * size[1] + x)
        });
        let values = [one_each.into_dyn()];
        let module = nn::Conv2d::new(places, [size[0], size[1]]).stride(stride).padding(pad).bias(false);
        let engine = run(module, Mode::Train, &x, &values, &|shape| numbers(shape, 0.5), 0.0)?;
        let rows = |images: &Array| {
            let images = images.view().into_dimensionality::<Ix4>().expect("four axes");
            let rows = images.permuted_axes([0, 2, 3, 1]).as_standard_layout().into_owned();
            let count = rows.len() / places;
            rows.into_shape_with_order((count, places)).expect("a row for each window")
        };
        let x = x.into_dimensionality::<Ix4>().expect("four axes");
        assert_agree(&im2col(&x, window)?.into_dyn(), &rows(&engine.output).into_dyn(), "im2col");
        let upstream = rows(&numbers(engine.output.shape(), 0.5));
        assert_agree(&col2im(&upstream, shape, window)?.into_dyn(), &engine.dx, "col2im");
    }
    Ok(())
}

fn normalization(features: usize) -> Result<BatchNormalization> {
    let one = |phase| numbers(&[features], phase).into_dimensionality::<Ix1>().expect("one axis");
    // The engine's ε, which is PyTorch's.
    Ok(BatchNormalization::new(one(0.3), one(0.7))?.epsilon(1e-5))
}

/// The values of the engine's module: running mean and variance come first.
fn normalization_values(layer: &mut BatchNormalization) -> Vec<Array> {
    let running = [layer.running_mean().clone().into_dyn(), layer.running_var().clone().into_dyn()];
    running.into_iter().chain(layer.parameters().iter().map(|one| one.value.to_owned())).collect()
}

#[test]
fn batch_normalization_is_the_engines_and_so_are_its_running_statistics() -> Result<()> {
    for (rows, features) in [(2, 1), (5, 3), (32, 7)] {
        let x = 3.0 * numbers(&[rows, features], 0.1) + 1.5;
        let one = |phase| numbers(&[features], phase).into_dimensionality::<Ix1>().expect("one axis");
        let mut layer =
            normalization(features)?.running_statistics(one(1.1), one(2.2).mapv(|x| x * x + 0.1))?;
        let before = layer.running_var().clone().into_dyn();
        let values = normalization_values(&mut layer);
        let upstream = |shape: &[usize]| numbers(shape, 0.5);
        let engine = run(nn::BatchNorm::new(), Mode::Train, &x, &values, &upstream, 0.0)?;
        compare_with(&mut layer, &engine, &x, "training")?;

        let [mean, variance] = &engine.buffers[..] else { panic!("two buffers") };
        assert_agree(&layer.running_mean().clone().into_dyn(), mean, "running mean");
        // The engine takes the variance of the sample, N / (N − 1) times the book's.
        let share = (rows - 1) as f64 / rows as f64;
        let expected = 0.9 * &before + (variance - &(0.9 * &before)) * share;
        assert_agree(&layer.running_var().clone().into_dyn(), &expected, "running variance");

        layer.set_training(false);
        let values = normalization_values(&mut layer);
        let engine = run(nn::BatchNorm::new(), Mode::Evaluate, &x, &values, &upstream, 0.0)?;
        compare_with(&mut layer, &engine, &x, "evaluation")?;
    }
    Ok(())
}

#[test]
fn dropout_with_the_engines_mask_is_the_engines() -> Result<()> {
    for (shape, rate) in [([7, 5], 0.5), ([40, 3], 0.2), ([3, 8], 0.9)] {
        let x = numbers(&shape, 0.1);
        let upstream = |shape: &[usize]| numbers(shape, 0.5);
        let engine = run(nn::Dropout::new(rate), Mode::Train, &x, &[], &upstream, rate)?;
        let [mask] = &engine.masks[..] else { panic!("one mask") };
        assert!(mask.sum() > 0.0 && mask.sum() < mask.len() as f64);
        let mut inverted = Dropout::with_mask(rate, mask.clone())?.inverted();
        compare_with(&mut inverted, &engine, &x, "inverted")?;
        // The book's is (1 − ratio) times as large, in training and in evaluation.
        let mut books = Dropout::with_mask(rate, mask.clone())?;
        assert_agree(&(books.forward(&x)? / (1.0 - rate)), &engine.output, "the book's");

        let engine = run(nn::Dropout::new(rate), Mode::Evaluate, &x, &[], &upstream, rate)?;
        inverted.set_training(false);
        books.set_training(false);
        compare_with(&mut inverted, &engine, &x, "evaluation")?;
        assert_agree(&(books.forward(&x)? / (1.0 - rate)), &engine.output, "the book's evaluation");
    }
    Ok(())
}

#[test]
fn initial_weights_have_the_engines_deviation() {
    for inputs in [1, 9, 100, 784] {
        for (ours, engine) in [
            (WeightInit::Std(0.01), Init::Normal(0.01)),
            (WeightInit::Xavier, Init::LeCun),
            (WeightInit::He, Init::He),
        ] {
            let deviation = ours.std(inputs);
            assert_eq!(engine.for_fan_in(inputs), Initial::Normal { deviation }, "{ours:?}, {inputs}");
        }
    }
}

/// The gradient check knows nothing of these layers.
#[test]
fn the_check_finds_every_layer_right() -> Result<()> {
    let right = |layer: &mut dyn Layer, shape: &[usize]| -> Result<()> {
        let report = check::layer(layer, &numbers(shape, 0.1))?;
        assert_eq!(report.verdict, Verdict::Right, "{report}");
        Ok(())
    };
    right(&mut convolution([2, 2, 3, 2])?.stride(2).pad(1), &[2, 2, 4, 5])?;
    right(&mut Pooling::new(Window::new(2, 2).stride(2))?, &[2, 2, 4, 5])?;
    right(&mut retrograde::textbook::Flatten::new(), &[3, 2, 2])?;
    right(&mut normalization(3)?, &[6, 3])
}
