//! Every kind of layer: in model files, and in training steps on any number of threads.

use super::networks::{NAMES, Step, path};
use retrograde::Result;
use retrograde::kernel::{Real, Threads};
use retrograde::nn::{Layer, Layers, Model, ModelConfig, NetworkConfig, Precision, load_model};
use std::collections::BTreeSet;

/// The layers of a network, those inside others included.
fn kinds(layers: &Layers, found: &mut BTreeSet<String>) {
    for layer in &layers.0 {
        if let Layer::Residual { layers } = layer {
            kinds(layers, found);
        }
        let data = serde_json::to_value(layer).expect("a layer is data");
        found.insert(data["layer"].as_str().expect("a name").to_owned());
    }
}

/// All names of layers, as the message about an unknown one lists them.
fn all_kinds() -> BTreeSet<String> {
    let message = serde_json::from_str::<Layer>(r#"{"layer": "?"}"#).expect_err("no layer").to_string();
    let (_, list) = message.split_once("expected one of").expect("a list");
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_layer_goes_from_a_model_file_to_a_network_and_back() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut found = BTreeSet::new();
    for name in NAMES {
        let config = NetworkConfig::read(path(name))?;
        kinds(&config.layers, &mut found);
        let network = config.build(5)?;
        // As TOML: nothing that the file says is lost, and what it says again gives the same network.
        let Some(ModelConfig::Network(described)) = network.config() else { panic!("{name} is layers") };
        assert_eq!(described, config, "{name}");
        let written = toml::Table::try_from(&described).expect("it is data");
        let text = std::fs::read_to_string(path(name)).expect("a model file");
        assert_contains(&written.clone().into(), &text.parse::<toml::Table>().expect("TOML").into(), name);
        assert_eq!(written.try_into::<NetworkConfig>().expect("a network"), config, "{name}");
        // As the metadata of a model.
        let file = folder.path().join(format!("{name}.safetensors"));
        network.save(&file, Precision::F64)?;
        let loaded = load_model(&file)?;
        assert_eq!(
            (loaded.config(), loaded.parameters()),
            (network.config(), network.parameters()),
            "{name}"
        );
    }
    let all = all_kinds();
    assert!(all.len() >= 30 && all.contains("residual"), "{all:?}");
    assert_eq!(found, all, "the networks have every layer");
    Ok(())
}

/// Checks that `all` has every entry of `part`.
fn assert_contains(all: &toml::Value, part: &toml::Value, what: &str) {
    match (all, part) {
        (toml::Value::Table(all), toml::Value::Table(part)) => {
            for (key, value) in part {
                let found = all.get(key).unwrap_or_else(|| panic!("{what}: `{key}` is lost"));
                assert_contains(found, value, &format!("{what}.{key}"));
            }
        }
        (toml::Value::Array(all), toml::Value::Array(part)) => {
            assert_eq!(all.len(), part.len(), "{what}");
            for (index, (all, part)) in all.iter().zip(part).enumerate() {
                assert_contains(all, part, &format!("{what}[{index}]"));
            }
        }
        _ => assert_eq!(all, part, "{what}"),
    }
}

#[test]
fn a_training_step_of_every_layer_has_the_same_bits_on_any_number_of_threads() -> Result<()> {
    fn compare<T: Real>() -> Result<()> {
        for name in NAMES {
            let bits = |threads: usize| -> Result<Vec<u64>> {
                // Even a few elements are split, down to one row for each thread.
                let mut step = Step::<T>::new(name, Threads::new(threads).min_work(0))?;
                step.run()?;
                let start = step.bits()?;
                for _ in 0..2 {
                    step.run()?;
                }
                let bits = step.bits()?;
                let finite = bits.iter().all(|&bits| f64::from_bits(bits).is_finite());
                assert!(finite && bits != start, "{name} has learned");
                Ok(bits)
            };
            let single = bits(1)?;
            for threads in [2, 3, 8] {
                assert_eq!(bits(threads)?, single, "{name} in {} with {threads} threads", T::NAME);
            }
        }
        Ok(())
    }
    compare::<f32>()?;
    compare::<f64>()
}
