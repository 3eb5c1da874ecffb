//! `export` and `train --weights`: weights for PyTorch, and PyTorch's.

use super::{bytes, expect, fails, place};
use serde_json::Value;

/// A tensor of a safetensors file: its element type, its shape, its bytes.
fn tensor(file: &[u8], name: &str) -> (String, Vec<u64>, Vec<u8>) {
    let length = u64::from_le_bytes(file[..8].try_into().expect("a length")) as usize;
    let header: Value = serde_json::from_slice(&file[8..8 + length]).expect("a header");
    assert_eq!(header["__metadata__"]["format"], "pt");
    let numbers = |value: &Value| -> Vec<u64> {
        value.as_array().expect("numbers").iter().map(|number| number.as_u64().expect("a number")).collect()
    };
    let tensor = &header[name];
    let [start, end] = [0, 1].map(|end| 8 + length + numbers(&tensor["data_offsets"])[end] as usize);
    (
        tensor["dtype"].as_str().expect("a type").to_owned(),
        numbers(&tensor["shape"]),
        file[start..end].to_vec(),
    )
}

#[test]
fn weights_go_to_pytorch_and_come_back() {
    let place = place();
    let model = "input = [784]\nlayers = [{ layer = \"linear\", outputs = 12 }, { layer = \"batch_norm\" }, \
                 { layer = \"relu\" }, { layer = \"linear\", outputs = 10 }]\n";
    std::fs::write(place.path().join("net.toml"), model).expect("a model file");
    expect(0, &["train", "--model", "net.toml", "--steps", "3", "--out", "run", "--quiet"], place.path());
    let export = ["export", "--model", "run", "--format", "pytorch", "-o", "weights.safetensors"];
    expect(0, &export, place.path());
    fails(1, &export, place.path(), &["weights.safetensors", "not replaced"]);

    let written = bytes(&place.path().join("weights.safetensors"));
    let (dtype, shape, _) = tensor(&written, "0.weight");
    assert_eq!((dtype.as_str(), &shape[..]), ("F32", &[12, 784][..]));
    let (dtype, shape, count) = tensor(&written, "1.num_batches_tracked");
    assert_eq!((dtype.as_str(), &shape[..], &count[..]), ("I64", &[][..], &3_i64.to_le_bytes()[..]));

    // A training of no step saves what it starts from: the weights, whether they come from PyTorch's file or the run's own.
    for (weights, run) in [("weights.safetensors", "again"), ("run/model.safetensors", "own")] {
        let train =
            ["train", "--model", "net.toml", "--weights", weights, "--steps", "0", "--out", run, "--quiet"];
        expect(0, &train, place.path());
        let file = format!("{run}.safetensors");
        expect(0, &["export", "--model", run, "-o", &file], place.path());
        assert_eq!(bytes(&place.path().join(file)), written, "{weights}");
    }
}

#[test]
fn weights_that_do_not_fit_are_an_error() {
    let place = place();
    expect(0, &["train", "--hidden", "5", "--steps", "0", "--out", "run", "--quiet"], place.path());
    expect(0, &["export", "--model", "run", "-o", "weights.safetensors"], place.path());
    let train = ["train", "--hidden", "6", "--weights", "weights.safetensors", "--steps", "0"];
    fails(1, &train, place.path(), &["of another shape: `affine1.weight` is [5, 784], not [6, 784]"]);
    let train = ["train", "--weights", "none.safetensors"];
    fails(1, &train, place.path(), &["none.safetensors"]);
    fails(1, &["export", "--model", "none", "-o", "weights"], place.path(), &["none"]);
}
