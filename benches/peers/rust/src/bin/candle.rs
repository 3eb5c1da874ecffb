//! The work in candle.
use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{AdamW, Init, Linear, Module, Optimizer, ParamsAdamW, SGD, VarBuilder, VarMap, loss};
use peers::Work;
use rand::Rng;

enum Rule {
    Sgd(SGD),
    Adam(AdamW),
}

fn linear(input: usize, output: usize, stdev: f64, vb: &VarBuilder) -> Result<Linear> {
    let weight = vb.get_with_hints((output, input), "weight", Init::Randn { mean: 0.0, stdev })?;
    let bias = vb.get_with_hints(output, "bias", Init::Const(0.0))?;
    Ok(Linear::new(weight, Some(bias)))
}

fn main() -> Result<()> {
    let work = Work::from_arguments();
    let device = Device::Cpu;
    let mut sets = Vec::new();
    for samples in peers::load(&work.data) {
        let rows = samples.labels.len();
        let labels: Vec<u32> = samples.labels.into_iter().map(u32::from).collect();
        sets.push((
            Tensor::from_vec(samples.images, (rows, 784), &device)?,
            Tensor::from_vec(labels, rows, &device)?,
        ));
    }
    let map = VarMap::new();
    let vb = VarBuilder::from_varmap(&map, DType::F32, &device);
    let mut layers = Vec::new();
    for (number, pair) in work.sizes.windows(2).enumerate() {
        layers.push(linear(pair[0], pair[1], work.deviation(pair[0]), &vb.pp(number))?);
    }
    let forward = |x: &Tensor| -> Result<Tensor> {
        let mut x = layers[0].forward(x)?;
        for layer in &layers[1..] {
            x = layer.forward(&x.relu()?)?;
        }
        Ok(x)
    };
    let adam = ParamsAdamW { lr: work.rate, weight_decay: 0.0, ..Default::default() };
    let mut rule = if work.adam {
        Rule::Adam(AdamW::new(map.all_vars(), adam)?)
    } else {
        Rule::Sgd(SGD::new(map.all_vars(), work.rate)?)
    };
    let mut rng = rand::rng();
    let (x_train, t_train) = &sets[0];
    let rows = t_train.dims1()? as u32;
    let mut step = || -> Result<()> {
        let pick: Vec<u32> = (0..work.batch).map(|_| rng.random_range(0..rows)).collect();
        let pick = Tensor::from_vec(pick, work.batch, &device)?;
        let (x, t) = (x_train.index_select(&pick, 0)?, t_train.index_select(&pick, 0)?);
        let loss = loss::cross_entropy(&forward(&x)?, &t)?;
        match &mut rule {
            Rule::Sgd(rule) => rule.backward_step(&loss),
            Rule::Adam(rule) => rule.backward_step(&loss),
        }
    };
    // A part at a time, so that its activations stay in the cache.
    let accuracy = |set: usize| -> Result<f64> {
        let ((x, t), mut right) = (&sets[set], 0.0);
        let rows = t.dims1()?;
        for start in (0..rows).step_by(1000) {
            let length = 1000.min(rows - start);
            let hit =
                forward(&x.narrow(0, start, length)?)?.argmax(D::Minus1)?.eq(&t.narrow(0, start, length)?)?;
            right += f64::from(hit.to_dtype(DType::F32)?.sum_all()?.to_scalar::<f32>()?);
        }
        Ok(right / rows as f64)
    };
    let version = peers::version("candle-core");
    work.measure("candle", &version, || step().expect("a step"), |set| accuracy(set).expect("an evaluation"));
    Ok(())
}
