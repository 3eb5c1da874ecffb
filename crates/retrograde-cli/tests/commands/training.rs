//! `train`: output, files and errors.

use super::{bytes, expect, fails, lines, place};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

#[test]
fn json_output_is_complete_and_does_not_depend_on_threads() {
    let place = place();
    let train = |threads: &str| {
        let (out, _) = expect(0, &["train", "--steps", "400", "--json", "--threads", threads], place.path());
        lines(&out)
    };
    let (one, two) = (train("1"), train("2"));
    let done = one.last().expect("lines");
    assert_eq!((&done["event"], &done["steps"]), (&"done".into(), &400.into()));
    assert!(done["test_accuracy"].as_f64().is_some_and(|accuracy| accuracy > 0.8), "{done}");
    for field in
        ["loss", "train_accuracy", "train_seconds", "evaluation_seconds", "microseconds_per_step", "threads"]
    {
        assert!(done[field].is_number(), "{field}: {done}");
    }
    assert_eq!(done["data"], "mnist-5k");
    let memory = &one[0]["memory"];
    let number = |part: &str| memory[part].as_u64().expect(part);
    let parts = ["parameters", "optimizer", "activations", "data", "checkpoint"].map(number);
    assert_eq!(parts.iter().sum::<u64>(), number("total"));
    // 39,760 parameters: in f64 once, and in f32 in three plans.
    assert_eq!((parts[0], parts[1], parts[4]), (39_760 * 20, 0, 0));
    let seen = |lines: &[Value]| lines[1..].iter().map(|line| line["loss"].clone()).collect::<Vec<_>>();
    assert_eq!(seen(&one), seen(&two));
}

#[test]
fn a_profile_shows_the_time_of_steps_and_no_allocations() {
    let place = place();
    for more in
        [&["--threads", "1"][..], &["--threads", "2", "--optimizer", "adam", "--precision", "f64", "--quiet"]]
    {
        let arguments = [&["train", "--steps", "300", "--profile", "--json"], more].concat();
        let (out, _) = expect(0, &arguments, place.path());
        let lines = lines(&out);
        let profile = lines.iter().find(|line| line["event"] == "profile").expect("a profile");
        assert!(profile["steps"].as_array().is_some_and(|steps| steps.len() > 5), "{profile}");
        assert!(profile["microseconds_per_step"].as_f64().is_some_and(|time| time > 0.0), "{profile}");
        assert!(profile["steps_looked_at"].as_u64().is_some_and(|steps| steps > 250), "{profile}");
        assert_eq!(profile["allocations"], 0, "{profile}");
    }
    let (out, _) = expect(0, &["train", "--steps", "300", "--profile"], place.path());
    assert!(out.contains("\n0 allocations in 29"), "{out}");
}

#[test]
fn each_optimizer_learns_with_its_default_settings() {
    let place = place();
    let train = |more: &[&str]| {
        let arguments = [&["train", "--init", "he", "--steps", "300", "--json"], more].concat();
        let (out, _) = expect(0, &arguments, place.path());
        let lines = lines(&out);
        let done = lines.last().expect("lines").clone();
        assert!(done["test_accuracy"].as_f64().is_some_and(|seen| seen > 0.8), "{more:?}: {done}");
        lines[0].clone()
    };
    for (rule, rate) in [
        ("sgd", 0.1),
        ("momentum", 0.01),
        ("nesterov", 0.01),
        ("adagrad", 0.01),
        ("rmsprop", 0.01),
        ("adam", 0.001),
        ("adamw", 0.001),
    ] {
        let begin = train(&["--optimizer", rule]);
        assert_eq!((&begin["optimizer"], &begin["learning_rate"]), (&rule.into(), &rate.into()));
        assert_eq!((&begin["schedule"], &begin["clip"]), (&"constant".into(), &Value::Null));
    }
    let all = ["--optimizer", "nesterov", "--momentum", "0.8", "--weight-decay", "0.001", "--clip", "2"];
    let begin =
        train(&[&all[..], &["--schedule", "cosine:400+warmup:50", "--learning-rate", "0.05"]].concat());
    assert_eq!((&begin["momentum"], &begin["weight_decay"]), (&0.8.into(), &0.001.into()));
    assert_eq!((&begin["schedule"], &begin["learning_rate"]), (&"cosine:400+warmup:50".into(), &0.05.into()));
    let (help, _) = expect(0, &["train", "--help"], place.path());
    // Independent of the width of the terminal.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in ["adamw", "restarts:STEPS[+warmup:STEPS]", "halves it every 1,000 steps"] {
        assert!(help.contains(word), "{help}");
    }
}

#[test]
fn a_training_resumes_within_a_schedule_bit_for_bit() {
    let (parts, whole) = (place(), place());
    let settings = ["--optimizer", "adam", "--schedule", "cosine:60+warmup:10", "--json", "--out", "run"];
    let train = |steps: &str, folder: &Path| {
        expect(0, &[&["train", "--steps", steps], &settings[..]].concat(), folder);
    };
    train("50", whole.path());
    train("25", parts.path());
    let resume = ["train", "--resume", "run", "--steps", "50"];
    // Its settings are stored; other settings are errors.
    for (other, words) in [
        (["--optimizer", "sgd"], ["adam, not sgd"]),
        (["--schedule", "cosine"], ["cosine:60+warmup:10, not cosine"]),
        (["--clip", "1"], ["none, not 1"]),
    ] {
        fails(1, &[&resume[..], &other[..]].concat(), parts.path(), &words);
    }
    expect(0, &resume, parts.path());
    let model = |folder: &TempDir| bytes(&folder.path().join("run/model.safetensors"));
    assert!(model(&parts) == model(&whole), "the models differ");
}

#[test]
fn the_table_and_the_result_are_printed() {
    let place = place();
    let (out, _) = expect(0, &["train", "--steps", "80", "--out", "run"], place.path());
    for word in ["mnist-5k", "memory", "checkpoints", "epoch", "test accuracy", "retrograde predict"] {
        assert!(out.contains(word), "{out}");
    }
    let (out, _) = expect(0, &[], place.path());
    assert!(out.contains("Usage") && out.contains("train"), "{out}");
}

#[test]
fn invalid_settings_are_usage_errors() {
    let place = place();
    for (arguments, word) in [
        (["--hidden", "0"], "width 0"),
        (["--learning-rate", "-1"], "-1"),
        (["--learning-rate", "NaN"], "NaN"),
        (["--batch", "0"], "batch"),
        (["--momentum", "0.9"], "`sgd` has no momentum"),
        (["--weight-decay", "-0.1"], "weight decay"),
        (["--clip", "0"], "clipping norm: 0"),
    ] {
        fails(2, &["train", arguments[0], arguments[1]], place.path(), &[word]);
    }
    fails(2, &["train", "--threads", "100000"], place.path(), &["100000 is more than 1024"]);
    let too_many = ["train", "--batch", "5000", "--without-replacement"];
    fails(2, &too_many, place.path(), &["5000", "4000"]);
    fails(2, &["train", "--optimizer", "nesterov", "--momentum", "1"], place.path(), &["< 1"]);
    for (arguments, word) in [
        (["--activation", "step"], "relu"),
        (["--optimizer", "sdg"], "adamw"),
        (["--schedule", "cosin"], "cosine:STEPS"),
        (["--schedule", "step:0:0.5"], "at least one step"),
        (["--schedule", "cosine:0"], "at least one step"),
        (["--batch", "-1"], "expected an integer"),
        (["--seed", "-1"], "expected an integer"),
    ] {
        let (_, complaint) = expect(2, &["train", arguments[0], arguments[1]], place.path());
        assert!(complaint.contains(word), "{complaint}");
    }
    expect(2, &["train", "--no-such-option"], place.path());
    assert!(std::fs::read_dir(place.path()).expect("the folder").next().is_none(), "nothing was written");
}

#[test]
fn long_tables_are_abbreviated() {
    let place = place();
    let (out, _) = expect(
        0,
        &["train", "--hidden", "2", "--batch", "1000", "--steps", "203", "--learning-rate", "1e-300"],
        place.path(),
    );
    let words = out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let rows: Vec<&str> = words
        .filter(|words| words.len() > 5 && words[0].parse::<f64>().is_ok())
        .map(|words| words[1])
        .collect();
    assert!(rows.starts_with(&["4", "8", "12"]) && rows.ends_with(&["203"]), "{out}");
    assert!((15..=22).contains(&rows.len()), "{} rows: {out}", rows.len());
    assert!(out.contains("learning rate 1e-300"), "{out}");
}

#[test]
fn a_moved_data_set_can_be_given() {
    let place = place();
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../retrograde-digits/mnist-5k");
    let [here, there] = ["here", "there"].map(|name| place.path().join(name));
    std::fs::create_dir(&here).expect("a folder");
    for entry in std::fs::read_dir(&digits).expect("the digits") {
        let path = entry.expect("an entry").path();
        std::fs::copy(&path, here.join(path.file_name().expect("a name"))).expect("a copy");
    }
    expect(0, &["train", "--data", "here", "--steps", "5", "--out", "run", "--json"], place.path());
    std::fs::rename(&here, &there).expect("moved");
    fails(
        1,
        &["train", "--resume", "run", "--steps", "9"],
        place.path(),
        &["no such folder", "--data FOLDER"],
    );
    expect(0, &["train", "--resume", "run", "--steps", "9", "--data", "there"], place.path());
}

#[test]
fn a_diverging_training_keeps_its_last_finite_checkpoint() {
    let place = place();
    fails(1, &["train", "--learning-rate", "1e30", "--out", "run"], place.path(), &["diverged at step"]);
    expect(0, &["train", "--resume", "run", "--steps", "0"], place.path());
}

#[test]
fn run_directories_are_protected() {
    let place = place();
    expect(0, &["train", "--steps", "10", "--out", "run", "--json"], place.path());
    let before = bytes(&place.path().join("run/model.safetensors"));
    fails(1, &["train", "--steps", "10", "--out", "run"], place.path(), &["already contains a run"]);
    fails(1, &["train", "--resume", "run", "--hidden", "30"], place.path(), &["50", "30"]);
    fails(1, &["train", "--resume", "nowhere"], place.path(), &["nowhere"]);
    assert_eq!(bytes(&place.path().join("run/model.safetensors")), before);
    std::fs::write(place.path().join("file"), "mine").expect("a file");
    fails(1, &["train", "--steps", "1", "--out", "file"], place.path(), &["file"]);
    assert_eq!(bytes(&place.path().join("file")), b"mine");
    fails(1, &["predict", "--model", "nowhere", "x.png"], place.path(), &["nowhere"]);
    fails(1, &["predict", "--model", "run", "file"], place.path(), &["28"]);
}

#[test]
fn invalid_data_sets_are_errors() {
    let place = place();
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../retrograde-digits/mnist-5k");
    let copy = |name: &str| {
        let folder = place.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        for entry in std::fs::read_dir(&digits).expect("the digits") {
            let path = entry.expect("an entry").path();
            std::fs::copy(&path, folder.join(path.file_name().expect("a name"))).expect("a copy");
        }
        folder
    };
    let (images, labels) = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz");
    let try_it = |folder: &Path, words: &[&str]| {
        fails(1, &["train", "--data", folder.to_str().expect("text")], place.path(), words);
    };
    try_it(&place.path().join("missing"), &["there is no such folder"]);
    let empty = place.path().join("empty");
    std::fs::create_dir(&empty).expect("a folder");
    try_it(&empty, &["missing files", "train-images"]);

    let truncated = copy("truncated");
    let whole = bytes(&truncated.join(images));
    std::fs::write(truncated.join(images), &whole[..whole.len() / 2]).expect("a file");
    try_it(&truncated, &["truncated", images]);

    let corrupt = copy("corrupt");
    let mut damaged = whole.clone();
    for byte in &mut damaged[10_000..10_100] {
        *byte ^= 0x55;
    }
    std::fs::write(corrupt.join(images), damaged).expect("a file");
    try_it(&corrupt, &[images]);

    let swapped = copy("swapped");
    std::fs::copy(swapped.join(labels), swapped.join(images)).expect("a copy");
    try_it(&swapped, &["labels", "swapped or renamed"]);

    let mismatched = copy("mismatched");
    std::fs::copy(mismatched.join("t10k-labels-idx1-ubyte.gz"), mismatched.join(labels)).expect("a copy");
    try_it(&mismatched, &["1000 labels", "4000 images"]);

    let promising = copy("promising");
    std::fs::remove_file(promising.join(images)).expect("removed");
    let header = [0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 0, 28, 0, 0, 0, 28, 1, 2, 3];
    std::fs::write(promising.join("train-images-idx3-ubyte"), header).expect("a file");
    try_it(&promising, &["4294967295"]);

    let beyond = copy("beyond");
    std::fs::remove_file(beyond.join(labels)).expect("removed");
    let mut values = vec![0, 0, 8, 1, 0, 0, 15, 160];
    values.extend(std::iter::repeat_n(200_u8, 4000));
    std::fs::write(beyond.join("train-labels-idx1-ubyte"), values).expect("a file");
    try_it(&beyond, &["200"]);
}
