//! The program as a user runs it: output, exit codes and files.

mod checks;
mod diagnoses;
mod events;
#[cfg(target_os = "linux")]
mod in_pieces;
mod interrupts;
#[cfg(unix)]
mod kills;
mod pictures;
mod tables;
mod texts;
mod training;
mod weights;

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

fn program(arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retrograde"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    // An existing download must not change `auto`.
    command.env("RETROGRADE_CACHE", folder.join("cache"));
    command
}

fn run(arguments: &[&str], folder: &Path) -> Output {
    program(arguments, folder).output().expect("the program")
}

/// Runs it, expects this exit code, and returns standard output and standard error.
fn expect(code: i32, arguments: &[&str], folder: &Path) -> (String, String) {
    let output = run(arguments, folder);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let (out, complaint) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {out}{complaint}");
    assert!(!out.contains('\x1b') && !complaint.contains('\x1b'), "no colors without a terminal");
    assert!(!complaint.contains("panicked"), "{complaint}");
    (out, complaint)
}

/// Expects a failure whose message has all these words.
fn fails(code: i32, arguments: &[&str], folder: &Path, words: &[&str]) {
    let (_, complaint) = expect(code, arguments, folder);
    for word in words.iter().chain(&["help:"]) {
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

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a text file")
}
