//! Sets that are larger than the memory of the process.

use super::{lines, place};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Runs the program with so many kilobytes of addresses, and returns its exit code, output and complaint.
fn limited(kilobytes: usize, arguments: &[&str], folder: &Path) -> (Option<i32>, String, String) {
    let script = format!("ulimit -v {kilobytes} && exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_retrograde")]).args(arguments).current_dir(folder);
    // Otherwise each thread reserves addresses for a heap of its own.
    command.env("MALLOC_ARENA_MAX", "1").env("RETROGRADE_CACHE", folder.join("cache"));
    let output = command.output().expect("the program");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Images of 64 × 64 pixels as the four files of MNIST, most of them black: files with holes take no room on the disk.
fn write_images(folder: &Path, train: u32, test: u32) {
    for (name, count) in [("train", train), ("t10k", test)] {
        let mut images = File::create(folder.join(format!("{name}-images-idx3-ubyte"))).expect("a file");
        let sizes = [count, 64, 64].map(u32::to_be_bytes);
        images.write_all(&[&[0, 0, 8, 3], sizes.as_flattened()].concat()).expect("written");
        let some: Vec<u8> = (0..100 * 4096).map(|i| (i % 251) as u8).collect();
        images.write_all(&some).expect("written");
        images.set_len(16 + u64::from(count) * 4096).expect("a longer file");
        let labels = (0..count).map(|row| (row % 10) as u8);
        let content: Vec<u8> = [0, 0, 8, 1].into_iter().chain(count.to_be_bytes()).chain(labels).collect();
        std::fs::write(folder.join(format!("{name}-labels-idx1-ubyte")), content).expect("written");
    }
}

#[test]
fn a_set_is_trained_on_with_less_memory_than_it_has() {
    let place = place();
    // 164 MB of images.
    write_images(place.path(), 39_000, 1_000);
    let common = ["train", "--data", ".", "--steps", "40", "--threads", "1", "--json", "--quiet"];
    let limit = 270_000;
    let in_pieces = [&common[..], &["--in-pieces"]].concat();
    let (code, out, complaint) = limited(limit, &in_pieces, place.path());
    assert_eq!(code, Some(0), "{out}{complaint}");
    let last = lines(&out).pop().expect("a result");
    assert_eq!((&last["event"], &last["steps"]), (&"done".into(), &40.into()), "{last}");
    // In memory it needs more: the file, and its images. A machine with little memory would read it in pieces.
    if retrograde_base::memory::available().is_some_and(|available| available > 4 << 30) {
        assert_ne!(limited(limit, &common, place.path()).0, Some(0));
    }
}

#[test]
fn a_run_in_pieces_is_resumed_in_memory() {
    let place = place();
    let row = |row: usize| format!("{},{},{}", row % 7, row * row % 11, row % 3);
    let rows: Vec<String> = (0..300).map(row).collect();
    std::fs::write(place.path().join("t.csv"), ["a,b,c", &rows.join("\n")].join("\n")).expect("written");
    let common = ["train", "--data", "t.csv", "--target", "c", "--quiet", "--json", "--threads", "1"];
    let run = |more: &[&str]| {
        let (out, _) = super::expect(0, &[&common[..], more].concat(), place.path());
        lines(&out).pop().expect("a result")
    };
    let whole = run(&["--steps", "60"]);
    run(&["--steps", "25", "--in-pieces", "--out", "run"]);
    let files = std::fs::read_dir(place.path().join("run")).expect("a folder");
    let mut files: Vec<String> =
        files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    files.sort();
    assert_eq!(files, ["checkpoint.safetensors", "data.json", "model.safetensors", "run.lock"]);
    let (out, _) =
        super::expect(0, &["train", "--resume", "run", "--steps", "60", "--quiet", "--json"], place.path());
    let resumed = lines(&out).pop().expect("a result");
    for key in ["loss", "train_loss", "test_loss", "test_accuracy"] {
        assert_eq!(whole[key], resumed[key], "{key}");
    }
}
