//! Texts: a language model is trained, resumed, checked, drawn, and generates.

use super::{expect, fails, lines, place};
use std::fs;
use std::path::Path;

/// A text of 12 different characters, and a small network for it.
fn prepare(folder: &Path) {
    fs::write(folder.join("hamlet.txt"), "to be or not to be, that is.\n".repeat(40)).expect("written");
    let network = r#"
        input = [8]
        layers = [
            { layer = "embedding", count = 14, width = 8 },
            { layer = "position_embedding" },
            { layer = "residual", layers = [
                { layer = "layer_norm" },
                { layer = "multi_head_attention", heads = 2, causal = true },
            ] },
            { layer = "dropout", rate = 0.1 },
            { layer = "linear", outputs = 14 },
        ]
    "#;
    fs::write(folder.join("small.toml"), network).expect("written");
}

const TRAIN: [&str; 15] = [
    "train",
    "--data",
    "hamlet.txt",
    "--context",
    "8",
    "--model",
    "small.toml",
    "--learning-rate",
    "0.01",
    "--threads",
    "1",
    "--json",
    "--quiet",
    "--steps",
    "150",
];

#[test]
fn a_text_is_learned_resumed_and_continued() {
    let place = place();
    let folder = place.path();
    prepare(folder);
    let (whole, _) = expect(0, &[&TRAIN[..], &["--out", "run"]].concat(), folder);
    let last = lines(&whole).pop().expect("a result");
    let perplexity = last["test_perplexity"].as_f64().expect("a perplexity");
    let loss = last["test_loss"].as_f64().expect("a loss");
    // Of 14 characters, and e to the loss.
    assert!(perplexity < 7.0 && (perplexity.ln() - loss).abs() < 1e-9, "{last}");

    let half = [&TRAIN[..TRAIN.len() - 1], &["70", "--out", "half"]].concat();
    expect(0, &half, folder);
    expect(0, &["train", "--resume", "half", "--steps", "150", "--quiet"], folder);
    let model = |run: &str| fs::read(folder.join(run).join("model.safetensors")).expect("a model");
    assert!(model("run") == model("half"), "a resumed training has other bits");

    let generate =
        ["generate", "--model", "run", "--prompt", "to be", "--length", "30", "--temperature", "0"];
    let (text, _) = expect(0, &generate, folder);
    assert!(text.starts_with("to be") && text.trim_end_matches('\n').chars().count() >= 34, "{text:?}");
    assert_eq!(expect(0, &generate, folder).0, text);
    let seeds =
        ["1", "1", "2"].map(|seed| expect(0, &["generate", "--model", "run", "--seed", seed], folder).0);
    assert!(seeds[0] == seeds[1] && seeds[0] != seeds[2]);
    fails(2, &["generate", "--model", "run", "--prompt", "to Be"], folder, &["\"B\"", "abehin"]);
    fails(2, &["generate", "--model", "run", "--temperature", "-1"], folder, &["temperature", "-1"]);
}

#[test]
fn a_network_of_a_text_is_checked_and_drawn_and_has_no_classes() {
    let place = place();
    let folder = place.path();
    prepare(folder);
    let short = [&TRAIN[..TRAIN.len() - 1], &["3", "--out", "run", "--report"]].concat();
    expect(0, &short, folder);
    let (report, _) = expect(0, &["check", "--model", "run", "--rows", "2"], folder);
    assert!(report.contains(", 2 rows: right"), "{report}");
    expect(0, &["graph", "--model", "run", "--format", "html", "-o", "graph.html"], folder);
    expect(0, &["plan", "--model", "run"], folder);
    fails(1, &["predict", "--model", "run", "hamlet.txt"], folder, &["next", "retrograde generate"]);
    fails(1, &["explain", "--model", "run", "hamlet.txt"], folder, &["next", "retrograde generate"]);
    expect(0, &["train", "--data", "mnist-5k", "--steps", "2", "--quiet", "--out", "digits"], folder);
    fails(1, &["generate", "--model", "digits"], folder, &["classification", "--data FILE.txt"]);
}

#[test]
fn texts_and_networks_that_do_not_fit_are_refused() {
    let place = place();
    let folder = place.path();
    prepare(folder);
    fs::write(folder.join("short.txt"), "to be").expect("written");
    fails(1, &["train", "--data", "short.txt"], folder, &["4 tokens", "windows of 64", "shorter context"]);
    let other = [&TRAIN[..4], &["9"], &TRAIN[5..]].concat();
    fails(1, &other, folder, &["rows of 8", "have 9"]);
    fs::write(folder.join("more.txt"), "to be or not to be? THAT is it.\n".repeat(40)).expect("written");
    fails(1, &["train", "--data", "more.txt", "--context", "8", "--model", "small.toml"], folder, &["14"]);
}
