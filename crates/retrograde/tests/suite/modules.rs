//! Modules agree with PyTorch's, and keep the rules of networks.

use proptest::prelude::*;
use retrograde::data::Dataset;
use retrograde::nn::{
    Activation, BatchNorm, Context, Embedding, Gru, Init, Layer, LayerNorm, Layers, Linear, Lstm, Mode,
    Model, Module, MultiHeadAttention, Network, NetworkConfig, Parameters, Precision, Residual, Sequential,
};
use retrograde::optim::{Adam, Sgd};
use retrograde::train::{Predictor, Session, Trainer};
use retrograde::{Graph, Planner, Result, Tensor, Var, check};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::BTreeMap;

/// PyTorch's tensors of one case, by name.
struct Golden<'a>(BTreeMap<&'a str, TensorView<'a>>);

/// The numbers of an f64 or an i64 tensor.
fn numbers(tensor: &TensorView<'_>) -> Tensor {
    let words = tensor.data().as_chunks().0.iter();
    let values: Vec<f64> = match tensor.dtype() {
        Dtype::I64 => words.map(|&bytes| i64::from_le_bytes(bytes) as f64).collect(),
        Dtype::F64 => words.map(|&bytes| f64::from_le_bytes(bytes)).collect(),
        other => panic!("a tensor of {other:?}"),
    };
    Tensor::new(tensor.shape(), values).expect("its own shape")
}

impl<'a> Golden<'a> {
    fn of(file: &'a SafeTensors<'_>, case: usize) -> Self {
        let prefix = format!("{case}.");
        let tensors = file.names().into_iter().filter_map(|name| {
            Some((name.strip_prefix(&prefix)?, file.tensor(name).expect("a tensor of the file")))
        });
        Golden(tensors.collect())
    }

    fn get(&self, name: &str) -> Tensor {
        numbers(self.0.get(name).unwrap_or_else(|| panic!("the file has no {name}")))
    }

    /// Those whose name begins with this, by the rest of it.
    fn under(&self, prefix: &str) -> BTreeMap<&'a str, &TensorView<'a>> {
        self.0.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?, tensor))).collect()
    }
}

/// Both sum in different orders, up to some hundred terms of products of normal numbers.
#[track_caller]
fn assert_agree(found: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    let size = expected.values().iter().fold(1.0_f64, |size, value| size.max(value.abs()));
    for (found, expected) in found.values().iter().zip(expected.values()) {
        assert!((found - expected).abs() <= 1e-10 * size, "{what}: {found}, PyTorch {expected}");
    }
}

/// The outputs, the gradients, the next buffers, and files of weights in both directions.
#[test]
fn modules_agree_with_pytorch() -> Result<()> {
    let bytes = include_bytes!("../golden/modules.safetensors");
    let (_, metadata) = SafeTensors::read_metadata(bytes).expect("a header");
    let file = SafeTensors::deserialize(bytes).expect("a safetensors file");
    let cases: Vec<serde_json::Value> =
        serde_json::from_str(&metadata.metadata().as_ref().expect("metadata")["cases"]).expect("JSON");
    assert!(cases.len() >= 100, "{} cases", cases.len());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weights.safetensors");
    for (index, case) in cases.iter().enumerate() {
        let layers: Layers = serde_json::from_value(case["layers"].clone()).expect("layers");
        let golden = Golden::of(&file, index);
        let given = golden.get("x");
        let what = format!("case {index}, {layers:?} of {}", given.shape());
        let config = NetworkConfig { input: given.shape()[1..].to_vec(), layers };
        let is_indices = case["indices"] == true;
        assert_eq!(config.layers.takes_indices(), is_indices, "{what}");
        let mut network = config.build(0)?;

        // PyTorch's state_dict is read, and written again.
        let state = golden.under("state.");
        std::fs::write(
            &path,
            safetensors::serialize(state.iter().map(|(name, tensor)| (name, *tensor)), None).expect("a file"),
        )
        .expect("it is written");
        network.load_pytorch(&path)?;
        network.save_pytorch(&path, Precision::F64)?;
        let written = std::fs::read(&path).expect("a file");
        let written = SafeTensors::deserialize(&written).expect("a safetensors file");
        assert_eq!(written.names().len(), state.len(), "{what}");
        for (name, expected) in state {
            assert_eq!(&written.tensor(name).expect("PyTorch's name"), expected, "{what}: {name}");
        }

        let graph = Graph::new();
        let x = if is_indices {
            let indices: Vec<u32> = given.values().iter().map(|&index| index as u32).collect();
            graph.indices("x", given.shape(), indices)
        } else {
            graph.parameter("x", given.clone())
        };
        let recorded = network.record(&x, Mode::Train);
        let loss = (&recorded.output * graph.constant(golden.get("upstream"))).sum_all();
        let mut of: Vec<&Var> = recorded.parameters.iter().collect();
        of.extend((!is_indices).then_some(&x));
        let gradients = loss.gradient(&of)?;
        let next: Vec<&Var> = recorded.updates.iter().map(|(_, value)| value).collect();
        let planner = Planner::new(&graph).fetch(&recorded.output).fetch_all(&gradients);
        let mut plan = next.iter().fold(planner, |planner, value| planner.fetch(value)).compile::<f64>()?;
        plan.run()?;
        assert_agree(&plan.value(&recorded.output)?, &golden.get("y"), &what);

        // Gradients and next buffers are written as values are, and so compared in PyTorch's layouts.
        let mut results = network.parameters().clone();
        let buffers = recorded.updates.iter().map(|(buffer, value)| (buffer, value));
        for (var, value) in of.iter().copied().zip(&gradients).chain(buffers) {
            let (name, value) = (var.node().label(), plan.value(value)?);
            if name == "x" {
                assert_agree(&value, &golden.get("dx"), &format!("{what}: dx"));
            } else {
                *results.iter_mut().find(|(other, _)| *other == name).expect("a parameter").1 = value;
            }
        }
        results.save_pytorch(&path, Precision::F64)?;
        let written = std::fs::read(&path).expect("a file");
        let written = SafeTensors::deserialize(&written).expect("a safetensors file");
        let mut expected = golden.under("gradient.");
        expected.extend(golden.under("after."));
        assert_eq!(written.names().len(), expected.len(), "{what}");
        for (name, expected) in expected {
            let found = written.tensor(name).expect("PyTorch's name");
            assert_eq!(found.dtype(), expected.dtype(), "{what}: {name}");
            assert_agree(&numbers(&found), &numbers(expected), &format!("{what}: {name}"));
        }
    }
    Ok(())
}

/// A file with these tensors.
fn file_of(path: &std::path::Path, tensors: &[(&str, &[usize])]) {
    let zeros = vec![0; 8 * 64];
    let views = tensors.iter().map(|(name, shape)| {
        let bytes = 8 * shape.iter().product::<usize>();
        (name, TensorView::new(Dtype::F64, shape.to_vec(), &zeros[..bytes]).expect("a tensor"))
    });
    std::fs::write(path, safetensors::serialize(views, None).expect("a file")).expect("it is written");
}

#[test]
fn weights_of_another_network_are_an_error_that_names_them() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("weights.safetensors");
    let layers = Sequential::new().then(Linear::new(2)).then(BatchNorm::new());
    let mut network = Network::new(layers, [3]).seed(1).build()?;
    let before = network.parameters().clone();
    let of_norm: [(&str, &[usize]); 4] =
        [("1.weight", &[2]), ("1.bias", &[2]), ("1.running_mean", &[2]), ("1.running_var", &[2])];
    let mut problem = |tensors: &[(&str, &[usize])]| {
        file_of(&path, &[&of_norm, tensors].concat());
        network.load_pytorch(&path).expect_err("another network").to_string()
    };
    let transposed = problem(&[("0.weight", &[3, 2]), ("0.bias", &[2])]);
    assert!(transposed.contains("of another shape: `0.weight` is [3, 2], not [2, 3]"), "{transposed}");
    let missing = problem(&[("0.weight", &[2, 3]), ("0.biases", &[2])]);
    assert!(missing.contains("missing: `0.bias` [2]; unexpected: `0.biases` [2]"), "{missing}");
    std::fs::write(&path, b"PK\x03\x04 an archive").expect("it is written");
    let archive = network.load_pytorch(&path).expect_err("an archive");
    assert!(format!("{archive:?}").contains("save_file(model.state_dict()"), "{archive:?}");
    assert_eq!(*network.parameters(), before, "an error changes nothing");

    // PyTorch may leave out the count.
    file_of(&path, &[&of_norm[..], &[("0.weight", &[2, 3]), ("0.bias", &[2])]].concat());
    network.load_pytorch(&path)?;
    assert!(network.parameters().iter().all(|(_, value)| value.values().iter().all(|&x| x == 0.0)));
    // A file in this library's own layout is known by its mark.
    let mut other =
        Network::new(Sequential::new().then(Linear::new(2)).then(BatchNorm::new()), [3]).build()?;
    other.parameters().save(&path, Precision::F64)?;
    network.load_pytorch(&path)?;
    assert_eq!(network.parameters(), other.parameters());
    other.load(&path)?;
    Ok(())
}

#[test]
fn a_position_after_nothing_but_padding_does_not_see_later_ones() -> Result<()> {
    let network = Network::new(MultiHeadAttention::new(2).causal(true), [4, 4]).seed(1).build()?;
    let of = |x: &Tensor, padding: [f64; 4]| -> Result<Tensor> {
        let graph = Graph::new();
        let (context, _) = Context::new(&graph, Mode::Evaluate, network.parameters());
        let padding = graph.constant(Tensor::new([1, 4], padding.to_vec())?);
        network.module().forward_padded(&context, &graph.constant(x.clone()), &padding).value()
    };
    let x = Tensor::from_fn([1, 4, 4], |index| (index as f64).sin())?;
    let other = Tensor::from_fn([1, 4, 4], |index| if index < 8 { (index as f64).sin() } else { 2.0 })?;
    let padding = [1.0, 1.0, 0.0, 0.0];
    let [first, second] = [of(&x, padding)?, of(&other, padding)?];
    assert_eq!(first.values()[..8], second.values()[..8]);
    assert!(first.values().iter().all(|x| x.is_finite()));
    // A mask of nothing is none; a mask of another shape is an error.
    assert_eq!(of(&x, [0.0; 4])?, output(&network, Mode::Evaluate, &x)?);
    let graph = Graph::new();
    let (context, _) = Context::new(&graph, Mode::Evaluate, network.parameters());
    let padded = network.module().forward_padded(&context, &graph.constant(x), &graph.full([1, 3], 0.0));
    assert!(padded.checked().expect_err("another shape").to_string().contains("[1, 3]"));
    Ok(())
}

/// A network with each kind of parameter and with buffers, for the digits.
fn network() -> Result<Network<Sequential>> {
    let block = Sequential::new().then(Linear::new(12)).then(Activation::Tanh).then(LayerNorm::new());
    let layers = Sequential::new()
        .named("first", Linear::new(12))
        .named("norm", BatchNorm::new())
        .then(Activation::Relu)
        .named("block", Residual::new(block))
        .named("last", Linear::new(10));
    Network::new(layers, [784]).seed(3).build()
}

#[test]
fn a_network_is_trained_evaluated_saved_and_loaded() -> Result<()> {
    let data = Dataset::embedded()?;
    let mut trained = network()?;
    let before = trained.parameters().clone();
    let history = Trainer::new(Adam::new(0.003)).steps(300).fit(&mut trained, &data)?;
    let last = *history.last().expect("an evaluation");
    assert!(last.held_out().accuracy > Some(0.8), "{last:?}");
    // The buffers have been updated, and are not trained by the optimizer.
    for name in ["norm.running_mean", "norm.running_var"] {
        assert!(before.is_buffer(name) && trained.parameters().is_buffer(name));
        assert_ne!(before.get(name), trained.parameters().get(name), "{name}");
    }
    assert_eq!(trained.parameters().count(), 784 * 12 + 12 + 2 * 12 + 12 * 12 + 12 + 2 * 12 + 12 * 10 + 10);

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("network.safetensors");
    trained.save(&path, retrograde::nn::Precision::F64)?;
    let mut loaded = network()?;
    loaded.load(&path)?;
    assert_eq!(loaded.parameters(), trained.parameters());
    // The accuracy of single predictions, from running statistics, is the evaluation's.
    let mut predictor = Predictor::new(&loaded, 784)?;
    let mut correct = 0;
    for (index, &label) in data.test().labels().iter().enumerate() {
        let image = data.test().image(index).expect("an image");
        correct += usize::from(predictor.predict(image)?.class == label as usize);
    }
    // f64 against f32: a near tie may differ.
    assert!(
        (correct as f64 / 1000.0 - last.held_out().accuracy.unwrap()).abs() < 0.003,
        "{correct}, {last:?}"
    );
    Ok(())
}

#[test]
fn a_resumed_network_has_the_bits_of_one_that_went_through() -> Result<()> {
    let data = Dataset::embedded()?;
    let trainer = |threads| Trainer::new(Sgd::new(0.1)).batch(30).threads(threads);
    let mut through = Session::<f32>::new(&trainer(1), &network()?, &data)?;
    for _ in 0..6 {
        through.step()?;
    }
    for threads in [1, 2, 3, 8] {
        let mut first = Session::<f32>::new(&trainer(threads), &network()?, &data)?;
        for _ in 0..3 {
            first.step()?;
        }
        let mut second = Session::<f32>::new(&trainer(threads), &network()?, &data)?;
        second.resume(&first.checkpoint()?, std::path::Path::new("a checkpoint"))?;
        for _ in 0..3 {
            second.step()?;
        }
        assert_eq!(second.parameters()?, through.parameters()?, "{threads} threads");
    }
    Ok(())
}

#[test]
fn the_gradient_of_a_network_of_modules_is_right() -> Result<()> {
    let rows = Dataset::embedded()?.train().select(&[0, 1, 2, 3])?;
    let report = check::model(&network()?, &rows)?.in_random_directions().run()?;
    assert_eq!(report.verdict, check::Verdict::Right, "{report}");
    Ok(())
}

/// Values of a network's output.
fn output<M: Module>(network: &Network<M>, mode: Mode, x: &Tensor) -> Result<Tensor> {
    network.record(&Graph::new().constant(x.clone()), mode).output.value()
}

#[test]
fn causal_attention_does_not_see_later_positions() -> Result<()> {
    let of = |causal| Network::new(MultiHeadAttention::new(2).causal(causal), [5, 4]).build();
    let x = Tensor::from_fn([1, 5, 4], |index| (index as f64).sin())?;
    // The last position has other numbers.
    let other = Tensor::from_fn([1, 5, 4], |index| if index < 16 { (index as f64).sin() } else { 2.0 })?;
    for (causal, same) in [(true, true), (false, false)] {
        let network = of(causal)?;
        let [first, second] = [&x, &other].map(|x| output(&network, Mode::Evaluate, x).expect("an output"));
        assert_eq!(first.values()[..16] == second.values()[..16], same, "causal: {causal}");
    }
    Ok(())
}

#[test]
fn batch_normalization_uses_its_buffers_in_evaluation() -> Result<()> {
    let mut network = Network::new(BatchNorm::new(), [2]).build()?;
    for (name, value) in network.parameters_mut().iter_mut() {
        *value = match name {
            "running_mean" => Tensor::from([1.0, -2.0]),
            "running_var" => Tensor::from([4.0, 9.0]),
            "weight" => Tensor::from([10.0, 1.0]),
            _ => Tensor::from([0.5, 0.0]),
        };
    }
    let found = output(&network, Mode::Evaluate, &Tensor::new([1, 2], vec![3.0, 4.0])?)?;
    let expected = [10.0 * 2.0 / (4.0_f64 + 1e-5).sqrt() + 0.5, 6.0 / (9.0_f64 + 1e-5).sqrt()];
    assert_agree(&found, &Tensor::new([1, 2], expected.to_vec())?, "evaluation");
    let recorded = network.record(&Graph::new().constant(Tensor::zeros([3, 2])?), Mode::Evaluate);
    assert!(recorded.updates.is_empty());
    Ok(())
}

#[test]
fn modules_that_do_not_fit_are_errors() {
    #[derive(Debug)]
    struct Twice;
    impl Module for Twice {
        fn forward(&self, context: &Context, x: &Var) -> Var {
            let x = context.call("layer", &Linear::new(3), x);
            context.call("layer", &Linear::new(3), &x)
        }
    }
    let problem = |result: Result<Parameters>| result.expect_err("it does not fit").to_string();
    let of = |layer: Layer, shape: &[usize]| {
        Network::new(layer, shape).build().map(|net| net.parameters().clone())
    };
    let layer = |text: &str| serde_json::from_str::<Layer>(text).expect("a layer");
    let twice = problem(Network::new(Twice, [3]).build().map(|net| net.parameters().clone()));
    assert!(twice.contains("layer.weight") && twice.contains("two modules"), "{twice}");
    let heads = problem(of(layer(r#"{"layer": "multi_head_attention", "heads": 3}"#), &[2, 4]));
    assert!(heads.contains("3 heads do not divide the width 4"), "{heads}");
    problem(of(layer(r#"{"layer": "multi_head_attention", "heads": 0}"#), &[2, 4]));
    problem(of(layer(r#"{"layer": "multi_head_attention", "heads": 2}"#), &[4]));
    problem(of(layer(r#"{"layer": "lstm", "width": 3}"#), &[4]));
    problem(of(layer(r#"{"layer": "group_norm", "groups": 3}"#), &[4]));
    problem(of(layer(r#"{"layer": "group_norm", "groups": 0}"#), &[4]));
    problem(of(layer(r#"{"layer": "embedding", "count": 3, "width": 3}"#), &[4]));
    let padding = problem(
        Network::of_indices(Embedding::new(3, 2).padding(3), [4]).build().map(|net| net.parameters().clone()),
    );
    assert!(padding.contains("the index 3 is not below the count 3"), "{padding}");
    problem(of(layer(r#"{"layer": "linear", "outputs": 3}"#), &[]));
    let huge = r#"{"layer": "linear", "outputs": 4611686018427387904}"#;
    problem(of(layer(huge), &[4]));
    for unknown in
        [r#"{"layer": "linear"}"#, r#"{"layer": "linear", "outputs": 3, "outs": 3}"#, r#"{"layer": "dense"}"#]
    {
        serde_json::from_str::<Layer>(unknown).expect_err("not a layer");
    }
    // Parameters of another model.
    let small = Network::new(Linear::new(3), [2]).build().expect("a network");
    let (context, _) = Context::new(&Graph::new(), Mode::Train, small.parameters());
    let x = context.graph().input("x", [1, 5]);
    let shape = Linear::new(3).forward(&context, &x).checked().expect_err("another width").to_string();
    assert!(shape.contains("[2, 3]") && shape.contains("[5, 3]"), "{shape}");
    let missing = Lstm::new(3).forward(&context, &context.graph().input("x", [1, 2, 2])).checked();
    assert!(missing.expect_err("no such parameter").to_string().contains("weight_ih_l0"));
}

#[test]
fn a_module_of_a_deferred_error_keeps_it() {
    let graph = Graph::new();
    let failed = graph.input("a", [2]) + graph.input("b", [3]);
    let layers = r#"[{"layer": "linear", "outputs": 3}, {"layer": "batch_norm"}, {"layer": "layer_norm"},
        {"layer": "rms_norm"}, {"layer": "group_norm", "groups": 1}, {"layer": "flatten"}, {"layer": "relu"},
        {"layer": "multi_head_attention", "heads": 1}, {"layer": "rnn", "width": 2}, {"layer": "lstm", "width": 2}, {"layer": "gru", "width": 2}]"#;
    let layers: Layers = serde_json::from_str(layers).expect("layers");
    for layer in &layers.0 {
        let (context, _) = Context::new(&graph, Mode::Train, &Parameters::new());
        let error = layer.forward(&context, &failed).checked().expect_err("an error").to_string();
        assert!(error.contains("[2]") && error.contains("[3]"), "{layer:?}: {error}");
    }
}

proptest! {
    /// The states of a sequence do not depend on what comes later.
    #[test]
    fn recurrent_layers_see_the_past_alone(positions in 2_usize..6, seed in 0_u64..100) {
        let x = |length: usize| {
            Tensor::from_fn([1, length, 3], |index| ((index as u64 + seed) as f64).sin()).expect("a tensor")
        };
        let modules: [Box<dyn Module>; 2] = [Box::new(Lstm::new(4)), Box::new(Gru::new(4))];
        for module in modules {
            let network = Network::new(module, [positions, 3]).seed(seed).build().expect("a network");
            let all = output(&network, Mode::Evaluate, &x(positions)).expect("states");
            let (context, _) = Context::new(&Graph::new(), Mode::Evaluate, network.parameters());
            let shorter = context.graph().constant(x(positions - 1));
            let shorter = network.module().forward(&context, &shorter).value().expect("states");
            prop_assert_eq!(shorter.values(), &all.values()[..(positions - 1) * 4]);
        }
    }
}

#[test]
fn initial_weights_have_the_deviation_of_their_fan_in() -> Result<()> {
    let network = Network::new(Linear::new(300).init(Init::He), [200]).seed(1).build()?;
    let weights = network.parameters().get("weight").expect("a weight").values();
    let variance = weights.iter().map(|weight| weight * weight).sum::<f64>() / weights.len() as f64;
    // 60,000 squares: a standard error of √(2 / 60,000), 0.6 %. The tolerance is five of them.
    assert!((variance / (2.0 / 200.0) - 1.0).abs() < 0.03, "{variance}");
    Ok(())
}
