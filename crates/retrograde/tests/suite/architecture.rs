//! The invariants of ARCHITECTURE.md that can be read off the source.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The rooms of the library: each may use those before it, and the ones in its own line.
const ROOMS: [&str; 24] = [
    "printable",
    "source_line",
    "error",
    "files",
    "clock",
    "number",
    "markup",
    "letters",
    "mark",
    "message",
    "kernel",
    "graph",
    "ops",
    "gradient",
    "plan",
    "nn",
    "optim",
    "data",
    "train",
    "textbook",
    "numerical",
    "check",
    "faults",
    "view",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All Rust sources below a folder of the workspace, with the comments taken out of their lines.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the workspace") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                let code = text
                    .lines()
                    .map(|line| line.split("//").next().unwrap_or(""))
                    .collect::<Vec<_>>()
                    .join("\n");
                found.push((path, code));
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

/// The room of a source file of the library.
fn room(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("crates/retrograde/src")).expect("a file of the library");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_string()
}

/// The rooms that a piece of code names as `crate::room`, alone or in braces.
fn used(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(inside) => inside.split('}').next().unwrap_or(""),
            None => rest,
        };
        let until = if rest.starts_with('{') { names.len() } else { names.find(';').unwrap_or(names.len()) };
        for name in names[..until].split(',').take(if rest.starts_with('{') { usize::MAX } else { 1 }) {
            let name: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            rooms.insert(name);
        }
    }
    rooms.retain(|name| ROOMS.contains(&name.as_str()));
    rooms
}

#[test]
fn imports_run_one_way() {
    let place = |room: &str| ROOMS.iter().position(|other| *other == room);
    for (path, code) in sources("crates/retrograde/src") {
        let own = room(&path);
        if own == "lib" {
            continue;
        }
        let position =
            place(&own).unwrap_or_else(|| panic!("{own} is a new room: give it its place in ROOMS"));
        for other in used(&code) {
            let before = place(&other).is_some_and(|other| other <= position);
            assert!(before, "{} of `{own}` uses `{other}`, which comes after it", path.display());
            let independent = own != "textbook" || other == "textbook" || other == "error";
            assert!(independent, "{}: the textbook room uses nothing of the engine", path.display());
        }
    }
}

#[test]
fn unsafe_code_is_in_the_kernel_room_alone_and_says_why() {
    for folder in ["crates/retrograde/src", "crates/retrograde/tests", "crates/retrograde-cli"] {
        for (path, code) in sources(folder) {
            let words = |code: &str| {
                code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
            };
            // This file names the word.
            if !words(&code) || path.ends_with("architecture.rs") {
                continue;
            }
            assert!(
                folder.ends_with("retrograde/src") && room(&path) == "kernel",
                "{} is unsafe",
                path.display()
            );
            // Each block has its reason within the lines before it.
            let text = std::fs::read_to_string(&path).expect("a source file");
            let lines: Vec<&str> = text.lines().collect();
            for (number, line) in lines.iter().enumerate() {
                let code = line.split("//").next().unwrap_or("");
                if code.contains("unsafe {") || code.contains("unsafe impl") {
                    let before = &lines[number.saturating_sub(6)..number];
                    let reason = before.iter().any(|line| line.contains("SAFETY:"));
                    assert!(reason, "{}:{}: no reason is given", path.display(), number + 1);
                }
            }
        }
    }
}

#[test]
fn the_clock_is_read_in_one_way() {
    for (path, code) in sources("crates/retrograde/src") {
        let lines = code.lines().filter(|line| line.contains("std::time"));
        let own = lines.filter(|line| line.contains("Instant") || line.contains("SystemTime")).count();
        assert_eq!(own, 0, "{}: the clock is `crate::clock`, which browsers have too", path.display());
    }
}

#[test]
fn faces_name_no_operation() {
    let names: BTreeSet<&str> = retrograde::ops::ALL.iter().map(|entry| entry.name).collect();
    for (path, code) in sources("crates/retrograde-cli/src") {
        for name in &names {
            let call = format!(".{name}(");
            // Some names are also those of methods of the standard library.
            let innocent =
                ["max", "sum", "add", "slice", "log", "power", "sqrt", "exp", "compare"].contains(name);
            assert!(innocent || !code.contains(&call), "{} computes: `{call}`", path.display());
        }
    }
}

/// The packages that `cargo tree` lists, without the workspace's own.
fn packages(arguments: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let name = |line: &str| line.split(" (").next().unwrap_or(line).to_string();
    text.lines()
        .filter(|line| !line.is_empty())
        .map(name)
        .filter(|name| !name.starts_with("retrograde"))
        .collect()
}

#[test]
fn dependencies_are_few() {
    let library = packages(&["-p", "retrograde", "--edges", "normal,build"]);
    assert!(library.len() < 43, "the library alone builds with {}: {library:?}", library.len());
    let locked = locked();
    assert!(locked <= 126, "the lock file has {locked} packages without those for tests");
}

/// How many packages the lock file has, those for other systems included, but not those that only tests and benchmarks
/// use.
fn locked() -> usize {
    let read = |file: &str| std::fs::read_to_string(root().join(file)).expect("a file of the workspace");
    let lock = read("Cargo.lock");
    let mut needs: Vec<(&str, Vec<&str>)> = Vec::new();
    for package in lock.split("[[package]]").skip(1) {
        let words: Vec<&str> = package.split('"').skip(1).step_by(2).collect();
        let dependencies = package.split_once("dependencies = [").map_or("", |(_, list)| list);
        let names =
            dependencies.split('"').skip(1).step_by(2).map(|word| word.split(' ').next().unwrap_or(word));
        needs.push((words[0], names.collect()));
    }
    let mut found = BTreeSet::new();
    let mut open = Vec::new();
    for face in ["retrograde", "retrograde-cli"] {
        let manifest = read(&format!("crates/{face}/Cargo.toml"));
        let (before, tests) = manifest.split_once("[dev-dependencies]").expect("what tests need");
        let named = |part: &str, name: &str| {
            part.lines().any(|line| line.starts_with(name) && line[name.len()..].starts_with([' ', '.']))
        };
        let tests = tests.split("\n[").next().unwrap_or(tests);
        let own = needs.iter().find(|(name, _)| *name == face).expect("a package of the workspace");
        open.extend(own.1.iter().copied().filter(|name| named(before, name) || !named(tests, name)));
        found.insert(face.to_string());
    }
    while let Some(name) = open.pop() {
        if found.insert(name.to_string()) {
            let all = needs.iter().filter(|(package, _)| *package == name);
            open.extend(all.flat_map(|(_, names)| names.iter().copied()));
        }
    }
    assert!(
        found.contains("serde") && !found.contains("proptest"),
        "the lock file was not understood: {found:?}"
    );
    needs.iter().filter(|(name, _)| found.contains(*name)).count()
}

#[test]
fn no_source_says_where_it_was_written() {
    let home = concat!("/", "work/");
    for folder in ["crates/retrograde", "crates/retrograde-cli"] {
        for (path, _) in sources(folder) {
            let text = std::fs::read_to_string(&path).expect("a source file");
            assert!(!text.contains(home), "{} holds a path of one machine", path.display());
        }
    }
}
