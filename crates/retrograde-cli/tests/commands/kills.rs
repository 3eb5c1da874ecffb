//! Trainings ended by SIGKILL: each resumes to the result of an uninterrupted training.

use super::{bytes, events, expect, fails, place, program, text};
use retrograde::train::RunDir;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Whether a run has reached some state, by its directory.
type Moment = fn(&Path) -> bool;

/// Runs the program and kills it as soon as `moment` holds.
fn kill(arguments: &[&str], folder: &Path, moment: &dyn Fn() -> bool) {
    let mut child =
        program(arguments, folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a training");
    let begin = Instant::now();
    while !moment() {
        assert!(child.try_wait().expect("its state").is_none(), "{arguments:?} ended by itself");
        assert!(begin.elapsed() < Duration::from_secs(30), "{arguments:?}: the moment did not come");
        std::thread::sleep(Duration::from_millis(1));
    }
    // SIGKILL on Unix.
    child.kill().expect("alive");
    child.wait().expect("its end");
}

/// Asserts that the runs in the folders `run` of both places have the same model, figures and events.
fn assert_same(broken: &TempDir, whole: &TempDir, what: &str) {
    let [a, b] = [broken, whole].map(|place| place.path().join("run"));
    let model = |run: &Path| bytes(&run.join("model.safetensors"));
    assert!(model(&a) == model(&b), "{what}: the models differ");
    assert_eq!(text(&a.join("report.csv")), text(&b.join("report.csv")), "{what}");
    assert!(text(&a.join("report.html")).contains("Complete"), "{what}");
    assert_eq!(events::read(&a.join("tensorboard")), events::read(&b.join("tensorboard")), "{what}");
}

const REPORTS: [&str; 3] = ["--report", "--csv", "--tensorboard"];

fn train(steps: &str, more: &[&str]) -> Vec<String> {
    let arguments =
        [&["train", "--steps", steps, "--out", "run", "--quiet", "--threads", "1"], more, &REPORTS];
    arguments.concat().into_iter().map(str::to_owned).collect()
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// Before the second checkpoint, reports are ahead of the checkpoint of step 0.
#[test]
fn a_run_killed_before_its_second_checkpoint_resumes_with_its_reports() {
    let whole = place();
    expect(0, &words(&train("300", &[])), whole.path());
    let resume = ["train", "--resume", "run", "--steps", "300", "--quiet"];
    // An interval without a second checkpoint.
    let late = ["--checkpoint-every", "1000"];
    let moments: [(&str, Moment); 5] = [
        ("the checkpoint", |run| run.join("checkpoint.safetensors").exists()),
        ("the model", |run| run.join("model.safetensors").exists()),
        ("the page", |run| run.join("report.html").exists()),
        ("events", |run| !events::files(&run.join("tensorboard")).is_empty()),
        ("events of steps", |run| events::files(&run.join("tensorboard")).len() > 1),
    ];
    for (what, moment) in moments {
        let broken = place();
        let run = broken.path().join("run");
        kill(&words(&train("1000000", &late)), broken.path(), &|| moment(&run));
        // A second kill soon after the resume.
        let files = events::files(&run.join("tensorboard"));
        let again = [&["train", "--resume", "run", "--steps", "1000000"], &REPORTS[..], &late].concat();
        kill(&again, broken.path(), &|| {
            let now = events::files(&run.join("tensorboard"));
            now.last().is_some_and(|newest| !files.contains(newest))
        });
        expect(0, &[&resume[..], &REPORTS].concat(), broken.path());
        assert_same(&broken, &whole, what);
    }
}

/// The step of the checkpoint in a run directory; 0 if there is none.
fn checkpoint_step(run: &Path) -> u64 {
    RunDir::read_checkpoint(run).map_or(0, |checkpoint| checkpoint.step())
}

/// Kills a run four times within its epochs and compares model and figures with an uninterrupted run.
fn kill_four_times(settings: &[&str]) {
    let (broken, whole) = (place(), place());
    let run = broken.path().join("run");
    let often = ["--checkpoint-every", "0.05"];
    for milliseconds in [0, 30, 7, 90] {
        let before = checkpoint_step(&run);
        let arguments = if run.exists() {
            ["train", "--resume", "run", "--steps", "1000000"].map(str::to_owned).to_vec()
        } else {
            train("1000000", settings)
        };
        kill(&[&words(&arguments)[..], &often].concat(), broken.path(), &|| {
            let is_reached = checkpoint_step(&run) > before;
            std::thread::sleep(Duration::from_millis(if is_reached { milliseconds } else { 4 }));
            is_reached
        });
        // As a kill during a write leaves it.
        for folder in [run.clone(), run.join("tensorboard")] {
            std::fs::write(folder.join(".retrograde-4000000-3.partial"), "a part").expect("a file");
        }
    }
    let steps = (checkpoint_step(&run) + 50).to_string();
    expect(0, &["train", "--resume", "run", "--steps", &steps, "--quiet"], broken.path());
    expect(0, &words(&train(&steps, settings)), whole.path());
    assert_same(&broken, &whole, &format!("{settings:?}, {steps} steps"));
    let files = |run: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(run).expect("the folder").map(|entry| entry.expect("an entry"));
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into()).collect();
        names.sort();
        names
    };
    assert_eq!(files(&run), files(&whole.path().join("run")));
    assert!(files(&run.join("tensorboard")).iter().all(|name| name.contains("tfevents")));
}

#[test]
fn four_kills_change_nothing_with_batches_sampled_with_replacement() {
    kill_four_times(&["--batch", "30"]);
}

#[test]
fn four_kills_change_nothing_with_batches_sampled_without_replacement() {
    let settings = ["--without-replacement", "--batch", "70", "--precision", "f64", "--hidden", "30"];
    kill_four_times(&[&settings[..], &["--optimizer", "momentum"]].concat());
}

#[test]
fn four_kills_change_nothing_within_a_schedule() {
    let settings = ["--optimizer", "adam", "--schedule", "cosine:3000+warmup:100", "--clip", "1"];
    kill_four_times(&[&settings[..], &["--batch", "50", "--init", "he", "--hidden", "40,20"]].concat());
}

#[test]
fn the_checkpoint_interval_is_in_seconds_and_needs_a_folder() {
    let place = place();
    fails(
        2,
        &["train", "--checkpoint-every", "1"],
        place.path(),
        &["checkpoints need a folder", "--out FOLDER"],
    );
    for wrong in ["-1", "NaN", "soon", "1e300"] {
        let (_, complaint) =
            expect(2, &["train", "--out", "other", "--checkpoint-every", wrong], place.path());
        assert!(complaint.contains("expected a number of seconds"), "{complaint}");
    }
    assert!(std::fs::read_dir(place.path()).expect("the folder").next().is_none(), "nothing was written");
}

/// The run id is in the checkpoint and in the events, not in the settings.
#[test]
fn events_of_another_run_are_an_error_also_with_equal_settings() {
    let place = place();
    expect(0, &words(&train("20", &[])), place.path());
    let events = place.path().join("run/tensorboard");
    let before = events::files(&events);
    let other = ["train", "--steps", "20", "--out", "other", "--quiet"];
    let words = ["run/tensorboard", "the events of another training"];
    fails(1, &[&other[..], &["--tensorboard", "run/tensorboard"]].concat(), place.path(), &words);
    expect(0, &other, place.path());
    std::fs::rename(&events, place.path().join("moved")).expect("moved");
    let resume = |run| ["train", "--resume", run, "--steps", "40", "--tensorboard", "moved"];
    fails(1, &resume("other"), place.path(), &["moved", "the events of another training"]);
    assert_eq!(events::files(&place.path().join("moved")).len(), before.len());
    expect(0, &resume("run"), place.path());
    let losses = &events::read(&place.path().join("moved"))["loss/batch"];
    assert_eq!(losses.iter().map(|point| point.0).collect::<Vec<_>>(), (1..=40).collect::<Vec<u64>>());
}

/// A run without steps has the figures of one evaluation.
#[test]
fn a_run_without_steps_resumes_with_its_figures() {
    let place = place();
    expect(0, &words(&train("0", &[])), place.path());
    assert!(text(&place.path().join("run/report.csv")).contains("loss,train,0,"));
    expect(0, &["train", "--resume", "run", "--steps", "9", "--quiet"], place.path());
}
