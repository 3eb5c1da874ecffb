//! The work in Burn, with its Flex backend for processors.
use burn::nn::{Initializer, Linear, LinearConfig, Relu, loss::CrossEntropyLoss};
use burn::optim::{AdamConfig, GradientsParams, SgdConfig};
use burn::prelude::*;
use burn::tensor::{Device, TensorData};
use peers::Work;
use rand::Rng;

#[derive(Module, Debug)]
struct Net {
    layers: Vec<Linear>,
    relu: Relu,
}

impl Net {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.layers[0].forward(x);
        self.layers[1..].iter().fold(x, |x, layer| layer.forward(self.relu.forward(x)))
    }
}

fn images(values: Vec<f32>, device: &Device) -> Tensor<2> {
    let rows = values.len() / 784;
    Tensor::from_data(TensorData::new(values, [rows, 784]), device)
}

fn labels(values: Vec<i64>, device: &Device) -> Tensor<1, Int> {
    let rows = values.len();
    Tensor::from_data(TensorData::new(values, [rows]), device)
}

fn main() {
    let work = Work::from_arguments();
    let plain = Device::default();
    let device = plain.clone().autodiff();
    let wide = |l: &[u8]| l.iter().map(|&b| i64::from(b)).collect::<Vec<_>>();
    let sets = peers::load(&work.data);
    let (x_train, t_train) =
        (images(sets[0].images.clone(), &device), labels(wide(&sets[0].labels), &device));
    let rows = sets[0].labels.len() as i64;
    let sets = sets.map(|set| (labels(wide(&set.labels), &plain), images(set.images, &plain)));
    let layer = |pair: &[usize]| {
        let initializer = Initializer::Normal { mean: 0.0, std: work.deviation(pair[0]) };
        LinearConfig::new(pair[0], pair[1]).with_initializer(initializer).init(&device)
    };
    let layers = work.sizes.windows(2).map(layer).collect();
    let net = std::cell::RefCell::new(Some(Net { layers, relu: Relu::new() }));
    let mut rule =
        if work.adam { AdamConfig::new().with_epsilon(1e-8).init() } else { SgdConfig::new().init() };
    let loss = CrossEntropyLoss::new(None, &device);
    let mut rng = rand::rng();
    let step = || {
        let pick = labels((0..work.batch).map(|_| rng.random_range(0..rows)).collect(), &device);
        let (x, t) = (x_train.clone().select(0, pick.clone()), t_train.clone().select(0, pick));
        let now = net.take().expect("the network");
        let grads = GradientsParams::from_grads(loss.forward(now.forward(x), t).backward(), &now);
        net.replace(Some(rule.step(work.rate, now, grads)));
    };
    // A part at a time, so that its activations stay in the cache.
    let accuracy = |set: usize| {
        let valid = net.borrow().as_ref().expect("the network").valid();
        let ((t, x), mut right) = (&sets[set], 0);
        let rows = t.dims()[0];
        for start in (0..rows).step_by(1000) {
            let part = start..rows.min(start + 1000);
            let best = valid.forward(x.clone().slice(part.clone())).argmax(1).squeeze_dim(1);
            right += best.equal(t.clone().slice(part)).int().sum().into_scalar::<i64>();
        }
        right as f64 / rows as f64
    };
    work.measure("burn", &peers::version("burn"), step, accuracy);
}
