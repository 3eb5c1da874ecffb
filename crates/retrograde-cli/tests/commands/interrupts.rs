//! Interrupted and killed trainings, and closed outputs: nothing is lost.

use super::{bytes, expect, fails, lines, place, program, text};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

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
fn an_interrupted_training_resumes_bit_for_bit() {
    let (broken, whole) = (place(), place());
    let mut child = start(broken.path());
    // A second run in the same directory is an error, and the first continues.
    fails(1, &["train", "--steps", "5", "--out", "run"], broken.path(), &["in use by another run"]);
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
fn a_killed_training_leaves_a_valid_checkpoint() {
    let place = place();
    let mut child = start(place.path());
    signal(&child, "-KILL");
    child.wait().expect("its end");
    expect(0, &["train", "--resume", "run", "--steps", "20", "--json"], place.path());
}

#[cfg(unix)]
#[test]
fn an_interrupted_report_is_resumed_with_its_run() {
    let place = place();
    let run = place.path().join("run");
    let arguments = [
        &["train", "--steps", "1000000", "--out", "run", "--threads", "1", "--quiet"],
        &["--report", "--csv", "--tensorboard", "my events"][..],
    ]
    .concat();
    let child = program(&arguments, place.path()).stdout(Stdio::piped()).spawn().expect("a training");
    let begin = Instant::now();
    // The report exists while the training runs.
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
    // Files in the run directory are continued automatically; others need an option.
    let resume_command = "retrograde train --resume run --tensorboard 'my events'\n";
    assert!(String::from_utf8_lossy(&output.stdout).ends_with(resume_command), "{output:?}");
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
    // Evaluated at the end of each epoch of 40 steps and of the training, not at the interrupt.
    let evaluated: Vec<u64> = (1..=all).filter(|&step| step % 40 == 0 || step == all).collect();
    assert_eq!(rows("loss,train"), evaluated);
    // Sampled by the same rule before and after the resume.
    let sampled = rows("gradient_norm,affine1.weight");
    let every = sampled[sampled.len() - 1] - sampled[sampled.len() - 2];
    let expected: Vec<u64> =
        (1..=all).filter(|step| [1, 2, 5, 10, 20, 50].contains(step) || step % every == 0).collect();
    assert_eq!(sampled, expected);
    let events: Vec<_> = std::fs::read_dir(place.path().join("my events")).expect("the events").collect();
    assert!(!events.is_empty() && !run.join("tensorboard").exists(), "{events:?}");
}

#[cfg(unix)]
#[test]
fn a_closed_output_is_not_a_failure() {
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
