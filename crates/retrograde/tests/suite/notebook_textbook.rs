//! The notebook's printed numbers, by the textbook crate, and every layer's `backward` against its `forward`.

#![allow(clippy::unreadable_literal, reason = "the numbers stand here as the notebook printed them")]

use ndarray::{Array1, Array2, arr2};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use retrograde::Result;
use retrograde::textbook::{
    AddLayer, Affine, Labels, Layer, LossLayer, MulLayer, Parameter, Relu, Sigmoid, SoftmaxWithLoss, Tensor,
    numerical_gradient, numerical_gradient_within, remembered, softmax,
};

#[test]
fn the_price_of_two_apples() -> Result<()> {
    let (apple_price, amount, tax) = (100.0, 2.0, 1.1);
    let (mut mul_apple_layer, mut mul_tax_layer) = (MulLayer::new(), MulLayer::new());

    let sum_price = mul_apple_layer.forward(apple_price, amount);
    assert_eq!(mul_tax_layer.forward(sum_price, tax), 220.00000000000003);

    let (dsum_price, dtax) = mul_tax_layer.backward(1.0)?;
    let (dapple_price, damount) = mul_apple_layer.backward(dsum_price)?;
    assert_eq!((dtax, dapple_price, damount), (200.0, 2.2, 110.00000000000001));
    Ok(())
}

#[test]
fn the_price_of_apples_and_oranges() -> Result<()> {
    let (apple, apple_num, orange, orange_num, tax) = (100.0, 2.0, 150.0, 3.0, 1.1);
    let (mut mul_apple_layer, mut mul_orange_layer) = (MulLayer::new(), MulLayer::new());
    let (add_apple_orange_layer, mut mul_tax_layer) = (AddLayer::new(), MulLayer::new());

    let apple_price = mul_apple_layer.forward(apple, apple_num);
    let orange_price = mul_orange_layer.forward(orange, orange_num);
    let sum_apple_orange = add_apple_orange_layer.forward(apple_price, orange_price);
    assert_eq!(mul_tax_layer.forward(sum_apple_orange, tax), 715.0000000000001);

    let (dsum_apple_orange, dtax) = mul_tax_layer.backward(1.0)?;
    let (dapple_price, dorange_price) = add_apple_orange_layer.backward(dsum_apple_orange);
    let (dapple, dapple_num) = mul_apple_layer.backward(dapple_price)?;
    let (dorange, dorange_num) = mul_orange_layer.backward(dorange_price)?;
    assert_eq!(
        (dapple, dapple_num, dorange, dorange_num, dtax),
        (2.2, 110.00000000000001, 3.3000000000000003, 165.0, 650.0)
    );
    Ok(())
}

#[test]
fn the_mask() -> Result<()> {
    let mut relu = Relu::new();
    let out = relu.forward(&arr2(&[[1.0, -0.5], [-2.0, 3.0]]).into_dyn())?;
    assert_eq!(relu.mask(), Some(&arr2(&[[false, true], [true, false]]).into_dyn()));
    assert_eq!(out, arr2(&[[1.0, 0.0], [0.0, 3.0]]).into_dyn());
    Ok(())
}

/// A layer as a reader of the notebook would write one, with a parameter of each row's width: y = (x · scale)³.
#[derive(Default)]
struct ScaledCube {
    scale: Tensor,
    dscale: Option<Tensor>,
    x: Option<Tensor>,
}

impl Layer for ScaledCube {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        self.x = Some(x.clone());
        Ok((x * &self.scale).mapv(|scaled| scaled.powi(3)))
    }

    fn backward(&mut self, dout: &Tensor) -> Result<Tensor> {
        let x = remembered(self.x.as_ref(), "ScaledCube")?;
        let dscaled = dout * (x * &self.scale).mapv(|scaled| 3.0 * scaled.powi(2));
        let dscale = &dscaled * x;
        self.dscale = Some(if x.ndim() == 1 { dscale } else { dscale.sum_axis(ndarray::Axis(0)) });
        Ok(dscaled * &self.scale)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![Parameter::new("scale", &mut self.scale, &self.dscale)]
    }
}

/// Numbers drawn from N(0, 1), each moved away from 0 by 0.01, so that no step of a difference crosses Relu's kink.
fn random_tensor(random: &mut Xoshiro256PlusPlus, shape: &[usize]) -> Tensor {
    Tensor::from_shape_simple_fn(shape, || {
        let drawn: f64 = StandardNormal.sample(random);
        drawn + 0.01_f64.copysign(drawn)
    })
}

/// The differences have an error of about h² · f‴/6 = 4e-11 · f‴, and of ε · |f| / h = 7e-12 · |f| by rounding. Third
/// derivatives are at most some tens here (the cube's), sums of some twenty terms at most some hundred. A wrong formula
/// is off by parts in ten.
fn assert_close(analytic: &Tensor, numeric: &Tensor, of: &str) {
    assert_eq!(analytic.shape(), numeric.shape(), "{of}");
    for (analytic, numeric) in analytic.iter().zip(numeric) {
        let error = (analytic - numeric).abs() / analytic.abs().max(1.0);
        assert!(error <= 1e-8, "{of}: {analytic} by backward, {numeric} by differences");
    }
}

/// With a random `dout`, `backward` must give the gradient of Σ dout · forward(x), for x and for each parameter.
fn assert_backward_agrees(layer: &mut dyn Layer, x: &Tensor, random: &mut Xoshiro256PlusPlus) -> Result<()> {
    let out = layer.forward(x)?;
    let dout = random_tensor(random, out.shape());
    let dx = layer.backward(&dout)?;
    let of = format!("{} at {:?}", layer.name(), x.shape());

    let parameters: Vec<(String, Tensor)> = layer
        .parameters()
        .iter()
        .map(|parameter| (parameter.name.to_owned(), parameter.gradient.as_ref().unwrap().to_owned()))
        .collect();
    let numeric = numerical_gradient(|x| Ok((layer.forward(x)? * &dout).sum()), &mut x.clone())?;
    assert_close(&dx, &numeric, &format!("dx of {of}"));
    for (name, gradient) in parameters {
        let numeric = numerical_gradient_within(
            layer,
            |layer| Ok(layer.parameter(&name)?.value),
            |layer| Ok((layer.forward(x)? * &dout).sum()),
        )?;
        assert_close(&gradient, &numeric, &format!("d{name} of {of}"));
    }
    Ok(())
}

#[test]
fn every_layers_backward_agrees_with_differences_of_its_forward() -> Result<()> {
    let random = &mut Xoshiro256PlusPlus::seed_from_u64(5);
    for layer in [&mut MulLayer::new() as &mut dyn Layer, &mut AddLayer::new()] {
        let x = random_tensor(random, &[2]);
        assert_backward_agrees(layer, &x, random)?;
    }
    for shape in [vec![3], vec![0, 3], vec![1, 3], vec![5, 3]] {
        let x = random_tensor(random, &shape);
        let w = random_tensor(random, &[3, 4]).into_dimensionality().unwrap();
        let b = random_tensor(random, &[4]).into_dimensionality().unwrap();
        let scale = random_tensor(random, &[3]);
        let layers: [&mut dyn Layer; 4] = [
            &mut Relu::new(),
            &mut Sigmoid::new(),
            &mut Affine::new(w, b)?,
            &mut ScaledCube { scale, ..ScaledCube::default() },
        ];
        for layer in layers {
            assert_backward_agrees(layer, &x, random)?;
        }
    }
    for shape in [vec![2, 2, 3], vec![]] {
        let x = random_tensor(random, &shape);
        assert_backward_agrees(&mut Relu::new(), &x, random)?;
        assert_backward_agrees(&mut Sigmoid::new(), &x, random)?;
    }
    let (w, b) = (Array2::from_elem((3, 1), 0.5), Array1::from_elem(1, -0.5));
    let x = random_tensor(random, &[2, 2, 3]);
    assert_backward_agrees(&mut Affine::new(w, b)?, &x, random)
}

#[test]
fn the_losss_backward_agrees_for_every_spelling_of_the_labels_and_any_dout() -> Result<()> {
    let random = &mut Xoshiro256PlusPlus::seed_from_u64(6);
    let soft = |random: &mut _, shape: &[usize]| Labels::Rows(softmax(&random_tensor(random, shape)));
    let cases = [
        (vec![4], Labels::Classes(vec![2])),
        (vec![1, 4], Labels::Classes(vec![3])),
        (vec![3, 4], Labels::Classes(vec![0, 2, 2])),
        (vec![2, 3], arr2(&[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]).into()),
        (vec![3, 4], soft(random, &[3, 4])),
        (vec![4], soft(random, &[4])),
        (vec![3, 1], Labels::Classes(vec![0; 3])),
    ];
    for (shape, labels) in cases {
        for dout in [1.0, -2.5, 0.0] {
            let logits = random_tensor(random, &shape);
            let mut layer = SoftmaxWithLoss::new();
            layer.forward(&logits, &labels)?;
            let dlogits = layer.backward(dout)?;
            let numeric =
                numerical_gradient(|logits| Ok(dout * layer.forward(logits, &labels)?), &mut logits.clone())?;
            assert_close(&dlogits, &numeric, &format!("logits of shape {shape:?} under {labels:?}"));
        }
    }
    Ok(())
}
