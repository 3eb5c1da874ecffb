//! The real program, run as a user runs it: what it prints, its exit codes, and that nothing is lost.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn program(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retrograde"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    // No download of an earlier day changes what `auto` means.
    command.env("RETROGRADE_CACHE", folder.join("cache"));
    command
}

fn run(arguments: &[&str], folder: &Path) -> Output {
    program(arguments, folder).output().expect("the program")
}

/// Runs it, expects this exit code, and returns what it printed and what it complained of.
fn expect(code: i32, arguments: &[&str], folder: &Path) -> (String, String) {
    let output = run(arguments, folder);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let (out, complaint) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{complaint}");
    assert!(!out.contains('\x1b') && !complaint.contains('\x1b'), "no colours where there is no terminal");
    assert!(!complaint.contains("panicked"), "{complaint}");
    (out, complaint)
}

/// Expects a failure whose message has all these words.
fn refuse(code: i32, arguments: &[&str], folder: &Path, words: &[&str]) {
    let (_, complaint) = expect(code, arguments, folder);
    for word in words.iter().chain(&["to mend it"]) {
        assert!(complaint.contains(word), "{arguments:?} does not say `{word}`: {complaint}");
    }
}

fn place() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn bytes(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("a file")
}

#[test]
fn training_tells_programs_what_it_did_and_threads_change_nothing() {
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
    let seen = |lines: &[Value]| lines[1..].iter().map(|line| line["loss"].clone()).collect::<Vec<_>>();
    assert_eq!(seen(&one), seen(&two));
}

#[test]
fn each_optimiser_learns_with_its_usual_settings() {
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
    // However wide the terminal is.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in ["adamw", "cosine[:STEPS][+warmup:STEPS]", "halves it after each 1,000 steps"] {
        assert!(help.contains(word), "{help}");
    }
}

#[test]
fn a_schedule_continues_in_its_middle_to_the_same_bits() {
    let (parts, whole) = (place(), place());
    let settings = ["--optimizer", "adam", "--schedule", "cosine:60+warmup:10", "--json", "--out", "run"];
    let train = |steps: &str, folder: &Path| {
        expect(0, &[&["train", "--steps", steps], &settings[..]].concat(), folder);
    };
    train("50", whole.path());
    train("25", parts.path());
    let resume = ["train", "--resume", "run", "--steps", "50"];
    // Its settings need not be said again, and others are refused.
    for (other, words) in [
        (["--optimizer", "sgd"], ["adam there", "sgd here"]),
        (["--schedule", "cosine"], ["cosine:60+warmup:10 there", "cosine here"]),
        (["--clip", "1"], ["none there", "1 here"]),
    ] {
        refuse(1, &[&resume[..], &other[..]].concat(), parts.path(), &words);
    }
    expect(0, &resume, parts.path());
    let model = |folder: &TempDir| bytes(&folder.path().join("run/model.safetensors"));
    assert!(model(&parts) == model(&whole), "the models differ");
}

#[test]
fn people_see_a_table_and_a_summary() {
    let place = place();
    let (out, _) = expect(0, &["train", "--steps", "80", "--out", "run"], place.path());
    for word in ["mnist-5k", "epoch", "test accuracy", "retrograde predict"] {
        assert!(out.contains(word), "{out}");
    }
    let (out, _) = expect(0, &[], place.path());
    assert!(out.contains("Usage") && out.contains("train"), "{out}");
}

#[test]
fn the_figures_have_the_notebooks_numbers() {
    let place = place();
    for (name, numbers) in [
        ("apple", &["220.00000000000003", "110.00000000000001", "2.2", "200"][..]),
        (
            "apples-and-oranges",
            &["715.0000000000001", "110.00000000000001", "3.3000000000000003", "165", "650"],
        ),
        ("two-layer", &["affine1", "relu1", "affine2", "2.30"]),
    ] {
        let (out, _) = expect(0, &["graph", name], place.path());
        for number in numbers {
            assert!(out.contains(number), "{name} does not show {number}: {out}");
        }
    }
    expect(2, &["graph", "pear"], place.path());
    let (out, _) = expect(0, &["operations"], place.path());
    assert!(out.contains("softmax_with_loss"), "{out}");
    let (out, _) = expect(0, &["data", "list"], place.path());
    assert!(out.contains("mnist-5k") && out.contains("not fetched"), "{out}");
    expect(0, &["data", "show", "--count", "2"], place.path());
}

/// Starts a long training into `folder/run` and waits for its first checkpoint and some steps.
#[cfg(unix)]
fn start(folder: &Path) -> std::process::Child {
    let arguments = ["train", "--steps", "1000000", "--out", "run", "--json", "--threads", "1"];
    let child =
        program(&arguments, folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a training");
    let begin = Instant::now();
    while !folder.join("run/model.safetensors").exists() {
        assert!(begin.elapsed() < Duration::from_secs(20), "no checkpoint");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300));
    child
}

#[cfg(unix)]
fn signal(child: &std::process::Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
}

#[cfg(unix)]
#[test]
fn an_interrupted_training_continues_to_the_same_bits() {
    let (broken, whole) = (place(), place());
    let mut child = start(broken.path());
    // Two runs into one folder: the second is refused, and the first goes on.
    refuse(1, &["train", "--steps", "5", "--out", "run"], broken.path(), &["in use by another run"]);
    signal(&child, "-INT");
    assert_eq!(child.wait().expect("its end").code(), Some(130));

    let done = |folder: &Path| -> u64 {
        let (out, _) = expect(0, &["train", "--resume", "run", "--steps", "1", "--json"], folder);
        let lines = lines(&out);
        lines.last().and_then(|line| line["steps"].as_u64()).expect("steps")
    };
    let steps = (done(broken.path()) + 50).to_string();
    expect(0, &["train", "--resume", "run", "--steps", &steps, "--json"], broken.path());
    expect(0, &["train", "--steps", &steps, "--out", "run", "--json"], whole.path());
    let model = |folder: &TempDir| bytes(&folder.path().join("run/model.safetensors"));
    assert!(model(&broken) == model(&whole), "the models differ after {steps} steps");
}

#[cfg(unix)]
#[test]
fn a_killed_training_leaves_a_checkpoint_that_works() {
    let place = place();
    let mut child = start(place.path());
    signal(&child, "-KILL");
    child.wait().expect("its end");
    expect(0, &["train", "--resume", "run", "--steps", "20", "--json"], place.path());
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a text file")
}

#[test]
fn reports_are_written_where_they_are_wanted() {
    let place = place();
    let (out, _) = expect(0, &["train", "--steps", "40", "--report", "--csv", "my.csv"], place.path());
    assert!(out.contains("report.html") && out.contains("my.csv"), "{out}");
    let page = text(&place.path().join("report.html"));
    let command = "retrograde train --data mnist-5k --learning-rate 0.1 --steps 40 --seed 0 --report";
    assert!(page.starts_with("<!doctype html>") && page.contains(command), "{page}");
    assert!(text(&place.path().join("my.csv")).starts_with("figure,of,step,value\nloss,batch,1,"));

    // The same steps again, by the command on the page: the same numbers.
    let again: Vec<&str> = command.split(' ').skip(1).chain(["--csv", "again.csv"]).collect();
    expect(0, &again, place.path());
    assert_eq!(text(&place.path().join("my.csv")), text(&place.path().join("again.csv")));

    refuse(2, &["train", "--report", "no/where.html"], place.path(), &["no/where.html", "no folder"]);
    refuse(2, &["train", "--csv", "."], place.path(), &["it is a folder"]);
    std::fs::write(place.path().join("tensorboard"), "mine").expect("a file");
    refuse(1, &["train", "--tensorboard", "--steps", "9"], place.path(), &["tensorboard", "a file is where"]);
    assert_eq!(text(&place.path().join("tensorboard")), "mine");
}

#[cfg(unix)]
#[test]
fn an_interrupted_report_goes_on_with_its_run() {
    let place = place();
    let run = place.path().join("run");
    let arguments = [
        &["train", "--steps", "1000000", "--out", "run", "--threads", "1", "--quiet"],
        &["--report", "--csv", "--tensorboard", "my events"][..],
    ]
    .concat();
    let child = program(&arguments, place.path()).stdout(Stdio::piped()).spawn().expect("a training");
    let begin = Instant::now();
    // It is there while the training goes on.
    while !run.join("report.html").exists() {
        assert!(begin.elapsed() < Duration::from_secs(20), "no report");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(text(&run.join("report.html")).contains("data-running=\"true\""));
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, "-INT");
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(130));
    assert!(text(&run.join("report.html")).contains("Interrupted after step"));
    // What lies in the folder goes on by itself; what lies elsewhere is named.
    let way_on = "retrograde train --resume run --tensorboard 'my events'\n";
    assert!(String::from_utf8_lossy(&output.stdout).ends_with(way_on), "{output:?}");
    let rows = |figure: &str| -> Vec<u64> {
        let figures = text(&run.join("report.csv"));
        let steps = figures.lines().filter(|row| row.starts_with(figure));
        steps.map(|row| row.split(',').nth(2).and_then(|step| step.parse().ok()).expect("a step")).collect()
    };
    let done = *rows("loss,batch").last().expect("steps");
    let all = done + 200;
    let resume = ["train", "--resume", "run", "--tensorboard", "my events", "--steps", &all.to_string()];
    expect(0, &resume, place.path());
    assert!(text(&run.join("report.html")).contains("Complete"));
    assert_eq!(rows("loss,batch"), (1..=all).collect::<Vec<u64>>());
    // Sampled by the same rule before and after.
    let sampled = rows("gradient_norm,affine1.weight");
    let every = sampled[sampled.len() - 1] - sampled[sampled.len() - 2];
    let expected: Vec<u64> =
        (1..=all).filter(|step| [1, 2, 5, 10, 20, 50].contains(step) || step % every == 0).collect();
    assert_eq!(sampled, expected);
    let events: Vec<_> = std::fs::read_dir(place.path().join("my events")).expect("the events").collect();
    assert!(!events.is_empty() && !run.join("tensorboard").exists(), "{events:?}");
}

#[test]
fn wrong_settings_are_refused() {
    let place = place();
    for (arguments, word) in [
        (["--hidden", "0"], "width 0"),
        (["--learning-rate", "-1"], "-1"),
        (["--learning-rate", "NaN"], "NaN"),
        (["--batch", "0"], "batch"),
        (["--momentum", "0.9"], "`sgd` has none"),
        (["--weight-decay", "-0.1"], "weight decay"),
        (["--clip", "0"], "norm 0"),
    ] {
        refuse(2, &["train", arguments[0], arguments[1]], place.path(), &[word]);
    }
    let too_many = ["train", "--batch", "5000", "--without-replacement"];
    refuse(1, &too_many, place.path(), &["5000", "4000"]);
    refuse(2, &["train", "--optimizer", "nesterov", "--momentum", "1"], place.path(), &["below 1"]);
    for (arguments, word) in [
        (["--activation", "step"], "relu"),
        (["--optimizer", "sdg"], "adamw"),
        (["--schedule", "cosin"], "cosine:STEPS"),
        (["--schedule", "step:0:0.5"], "one step or more"),
    ] {
        let (_, complaint) = expect(2, &["train", arguments[0], arguments[1]], place.path());
        assert!(complaint.contains(word), "{complaint}");
    }
    expect(2, &["train", "--no-such-option"], place.path());
    assert!(std::fs::read_dir(place.path()).expect("the folder").next().is_none(), "nothing was written");
}

#[test]
fn a_training_that_diverges_keeps_its_last_good_state() {
    let place = place();
    refuse(1, &["train", "--learning-rate", "1e30", "--out", "run"], place.path(), &["diverged at step"]);
    expect(0, &["train", "--resume", "run", "--steps", "0"], place.path());
}

#[test]
fn folders_are_protected() {
    let place = place();
    expect(0, &["train", "--steps", "10", "--out", "run", "--json"], place.path());
    let before = bytes(&place.path().join("run/model.safetensors"));
    refuse(1, &["train", "--steps", "10", "--out", "run"], place.path(), &["a run in it already"]);
    refuse(1, &["train", "--resume", "run", "--hidden", "30"], place.path(), &["50", "30"]);
    refuse(1, &["train", "--resume", "nowhere"], place.path(), &["nowhere"]);
    assert_eq!(bytes(&place.path().join("run/model.safetensors")), before);
    std::fs::write(place.path().join("file"), "mine").expect("a file");
    refuse(1, &["train", "--steps", "1", "--out", "file"], place.path(), &["file"]);
    assert_eq!(bytes(&place.path().join("file")), b"mine");
    refuse(1, &["predict", "--model", "nowhere", "x.png"], place.path(), &["nowhere"]);
    refuse(1, &["predict", "--model", "run", "file"], place.path(), &["28"]);
}

#[test]
fn bad_data_is_refused() {
    let place = place();
    let digits = Path::new(env!("CARGO_MANIFEST_DIR")).join("../retrograde/data/mnist-5k");
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
        refuse(1, &["train", "--data", folder.to_str().expect("text")], place.path(), words);
    };
    try_it(&place.path().join("missing"), &["there is no such folder"]);
    let empty = place.path().join("empty");
    std::fs::create_dir(&empty).expect("a folder");
    try_it(&empty, &["missing in it", "train-images"]);

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

#[test]
fn a_trained_model_reads_raw_pixels_and_pictures() {
    let place = place();
    expect(0, &["train", "--steps", "600", "--out", "run", "--json"], place.path());
    // A vertical stroke, white on black, as MNIST has it.
    let pixels: Vec<u8> = (0..784)
        .map(|i| if (13..16).contains(&(i % 28)) && (4..24).contains(&(i / 28)) { 255 } else { 0 })
        .collect();
    std::fs::write(place.path().join("one.raw"), &pixels).expect("a file");
    let file = std::fs::File::create(place.path().join("one.png")).expect("a file");
    let mut encoder = png::Encoder::new(file, 28, 28);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&pixels).expect("pixels");
    writer.finish().expect("the end");
    let (out, _) = expect(0, &["predict", "--model", "run", "--json", "one.raw", "one.png"], place.path());
    let lines = lines(&out);
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_eq!(line["digit"], 1, "{line}");
    }
    expect(0, &["predict", "--model", "run", "one.png"], place.path());
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = place();
    let mut child = program(&["operations"], place.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("its end");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_right_network_passes_the_check_in_all_ways() {
    let place = place();
    for more in [&[][..], &["--directions"], &["--sample", "20", "--second-order"], &["--rows", "7"]] {
        let (out, _) = expect(0, &[&["check"], more].concat(), place.path());
        assert!(out.contains("right") && out.contains("affine1.weight"), "{out}");
    }
    let (out, _) = expect(0, &["check", "--json", "--html", "c.html", "--markdown", "c.md"], place.path());
    let report = &lines(&out)[0];
    assert_eq!((report["event"].as_str(), report["verdict"].as_str()), (Some("check"), Some("right")));
    assert_eq!(report["blocks"][0]["compared"].as_u64(), Some(39_200));
    let page = String::from_utf8(bytes(&place.path().join("c.html"))).expect("text");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(!page.contains("http://") && !page.contains("https://"), "the page asks for something");
    let markdown = String::from_utf8(bytes(&place.path().join("c.md"))).expect("text");
    assert!(markdown.contains("| affine1.weight | 39200 of 39200 |"), "{markdown}");
}

#[test]
fn a_trained_network_is_checked_from_its_folder() {
    let place = place();
    expect(0, &["train", "--steps", "20", "--out", "run", "--hidden", "7"], place.path());
    let (out, _) = expect(0, &["check", "--model", "run"], place.path());
    assert!(out.contains("784-7-10"), "{out}");
    refuse(1, &["check", "--model", "nowhere"], place.path(), &["nowhere"]);
    refuse(2, &["check", "--rows", "0"], place.path(), &["1 to 4000"]);
    let (_, complaint) = expect(2, &["check", "--fault", "none-such"], place.path());
    assert!(complaint.contains("none-such"), "{complaint}");
}

#[test]
fn a_mistake_is_found_explained_and_fails_the_check() {
    let place = place();
    let (out, _) = expect(1, &["check", "--fault", "softmax-batch", "--html", "f.html"], place.path());
    for words in ["softmax over the whole batch", "first wrong", "0.0667"] {
        assert!(out.contains(words), "it does not say `{words}`: {out}");
    }
    let page = String::from_utf8(bytes(&place.path().join("f.html"))).expect("text");
    assert!(page.contains("softmax over the whole batch") && page.contains("the first wrong one"));
    let (out, _) = expect(0, &["check", "--all-faults", "--json"], place.path());
    let faults = lines(&out);
    let recognised = faults.iter().filter(|fault| fault["recognised"] == true).count();
    assert!(faults.len() >= 40 && recognised + 2 >= faults.len(), "{recognised} of {}", faults.len());
}
