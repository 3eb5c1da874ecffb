//! Invariants of ARCHITECTURE.md that the source code shows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The modules of the crates that have more than one: each may import those before it. `""` stands for the other
/// modules of the crate. Between crates, cargo sees to it.
const MODULES: [(&str, &[&str]); 5] = [
    ("retrograde-base", &["printable", "source_line", "error", ""]),
    ("retrograde-core", &["kernel", "graph", "ops", "gradient", "plan"]),
    ("retrograde-train", &["as_text", "nn", "optim", "data", "train"]),
    ("retrograde-check", &["message", "numerical", "", "faults"]),
    (
        "retrograde-diagnose",
        &[
            "text",
            "cause",
            "training",
            "run",
            "statistics",
            "outcome",
            "search",
            "observe",
            "proofs",
            "diagnosis",
            "identify",
            "render",
            "",
        ],
    ),
];

/// The modules of the kernel: each may import those before it. The types of `simd` need each other.
const KERNEL: [&str; 29] = [
    "prefetch",
    "simd",
    "random",
    "strided",
    "expr",
    "step_times",
    "thread_pool",
    "threads",
    "matmul",
    "sparse",
    "bytes",
    "arena",
    "gather",
    "layouts",
    "reads",
    "form",
    "reduce",
    "attention",
    "conv",
    "pool",
    "softmax",
    "chain",
    "epilogue",
    "work",
    "access",
    "step",
    "functions",
    "program",
    "peak",
];

/// What a crate of the library may depend on, in the order of the layers: every crate before it, unless it is named here.
const CRATES: [&str; 9] = [
    "retrograde-base",
    "retrograde-core",
    "retrograde-textbook",
    "retrograde-digits",
    "retrograde-train",
    "retrograde-check",
    "retrograde-diagnose",
    "retrograde-view",
    "retrograde",
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

/// The module of a source file of a crate.
fn module(path: &Path, package: &str) -> String {
    let inside =
        path.strip_prefix(root().join("crates").join(package).join("src")).expect("a file of the crate");
    let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_string()
}

/// The names that follow a path in a piece of code, single or in braces.
fn used(code: &str, path: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let is_whole = |at: usize| !code[..at].ends_with("::");
    for (at, _) in code.match_indices(path).filter(|(at, _)| is_whole(*at)) {
        let rest = &code[at + path.len()..];
        let inside = match rest.strip_prefix('{') {
            Some(inside) => inside.split(';').next().unwrap_or(""),
            None => rest.split([',', ';', ')', '}']).next().unwrap_or(""),
        };
        // The names at the first level of the braces.
        let mut depth = 0;
        let mut first = String::new();
        for letter in inside.chars() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ if depth == 0 => first.push(letter),
                _ => {}
            }
        }
        for name in first.split(',') {
            names.insert(name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    names
}

#[test]
fn imports_run_one_way() {
    let mut seen = 0;
    for (package, modules) in MODULES {
        let place = |module: &str| modules.iter().position(|other| *other == module);
        let rest = place("");
        for (path, code) in sources(&format!("crates/{package}/src")) {
            let own = module(&path, package);
            if own == "lib" {
                continue;
            }
            let position = place(&own).or(rest);
            let position =
                position.unwrap_or_else(|| panic!("{own} is a new module: give it its place in MODULES"));
            for other in used(&code, "crate::") {
                seen += 1;
                let before = place(&other).or(rest).is_none_or(|other| other <= position);
                assert!(before, "{} of `{own}` imports `{other}`, which comes after it", path.display());
            }
        }
    }
    assert!(seen > 250, "{seen} imports were found");
}

/// The modules from which a module re-exports names.
fn reexports(code: &str) -> BTreeMap<String, String> {
    let uses = code.split(';').filter_map(|statement| statement.split_once(" use ")?.1.split_once("::"));
    let names = |names: &str| -> Vec<String> {
        let words = names.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.filter(|word| !word.is_empty()).map(str::to_string).collect()
    };
    uses.flat_map(|(module, list)| names(list).into_iter().map(|name| (name, module.to_string()))).collect()
}

#[test]
fn modules_of_the_kernel_import_one_way() {
    let folder = root().join("crates/retrograde-core/src/kernel");
    let sources = sources("crates/retrograde-core/src/kernel");
    let own = sources.iter().find(|(path, _)| *path == folder.join("mod.rs"));
    let reexports = reexports(&own.expect("the file of the module `kernel`").1);
    let position = |module: &str| KERNEL.iter().position(|other| *other == module);
    let mut seen = 0;
    for (path, code) in &sources {
        let inside = path.strip_prefix(&folder).expect("a file of the kernel").with_extension("");
        let mut parts: Vec<&str> = inside.iter().filter_map(|part| part.to_str()).collect();
        if parts.last() == Some(&"mod") {
            parts.pop();
        }
        // Tests may import anything, and `samples` is for them.
        let (Some(&module), false) = (parts.first(), parts.last() == Some(&"tests")) else {
            continue;
        };
        if module == "samples" {
            continue;
        }
        let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or(code);
        let own = position(module);
        let own = own.unwrap_or_else(|| panic!("{module} is a new module: give it its place in KERNEL"));
        for path_to_kernel in ["crate::kernel::".to_string(), "super::".repeat(parts.len())] {
            for name in used(code, &path_to_kernel) {
                let other = reexports.get(&name).unwrap_or(&name);
                let Some(other_position) = position(other) else {
                    continue;
                };
                seen += usize::from(other != module);
                assert!(other_position <= own, "{} imports `{other}`, which comes after it", path.display());
            }
        }
    }
    assert!(seen > 50, "{seen} imports were found");
}

#[test]
fn crates_depend_on_those_before_them() {
    for (position, package) in CRATES.iter().enumerate() {
        let manifest =
            std::fs::read_to_string(root().join(format!("crates/{package}/Cargo.toml"))).expect("a manifest");
        // Up to the dependencies of the tests; a crate's examples use the whole library.
        let own = manifest.split("[dev-dependencies]").next().unwrap_or(&manifest);
        let names = own.lines().filter_map(|line| line.split(['.', ' ']).next());
        let used: Vec<&str> = names.filter(|name| name.starts_with("retrograde")).collect();
        assert!(used.iter().all(|name| CRATES[..position].contains(name)), "{package} depends on {used:?}");
        if *package == "retrograde-textbook" {
            assert_eq!(used, ["retrograde-base"], "the reference implementation uses nothing of the engine");
        }
    }
}

#[test]
fn unsafe_code_is_only_in_the_kernel_and_has_a_reason() {
    for package in CRATES.into_iter().chain(["retrograde-cli"]) {
        for (path, code) in sources(&format!("crates/{package}")) {
            let words = |code: &str| {
                code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
            };
            // This file names the word.
            if !words(&code) || path.ends_with("architecture.rs") {
                continue;
            }
            assert!(
                package == "retrograde-core" && module(&path, package) == "kernel",
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
    for (path, code) in CRATES.iter().flat_map(|package| sources(&format!("crates/{package}/src"))) {
        let lines = code.lines().filter(|line| line.contains("std::time"));
        let own = lines.filter(|line| line.contains("Instant") || line.contains("SystemTime")).count();
        assert_eq!(
            own,
            0,
            "{}: the clock is `retrograde_base::clock`, which browsers have too",
            path.display()
        );
    }
}

#[test]
fn front_ends_name_no_operation() {
    let names: BTreeSet<&str> = retrograde::ops::ALL.iter().map(|entry| entry.name).collect();
    for (path, code) in sources("crates/retrograde-cli/src") {
        for name in &names {
            let call = format!(".{name}(");
            // Some names are also those of methods of the standard library.
            let innocent =
                ["max", "sum", "add", "slice", "log", "power", "sqrt", "exp", "abs", "clamp", "select"]
                    .contains(name);
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
    assert!(library.len() < 58, "the library alone builds with {}: {library:?}", library.len());
    let locked = locked();
    assert!(locked <= 146, "the lock file has {locked} packages without our own and those for tests");
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
    for package in CRATES.into_iter().chain(["retrograde-cli"]) {
        let manifest = read(&format!("crates/{package}/Cargo.toml"));
        let (before, tests) = manifest.split_once("[dev-dependencies]").unwrap_or((&manifest, ""));
        let named = |part: &str, name: &str| {
            part.lines().any(|line| line.starts_with(name) && line[name.len()..].starts_with([' ', '.']))
        };
        let tests = tests.split("\n[").next().unwrap_or(tests);
        let own = needs.iter().find(|(name, _)| *name == package).expect("a package of the workspace");
        open.extend(own.1.iter().copied().filter(|name| named(before, name) || !named(tests, name)));
        found.insert(package.to_string());
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
    needs.iter().filter(|(name, _)| found.contains(*name) && !name.starts_with("retrograde")).count()
}

#[test]
fn no_source_says_where_it_was_written() {
    let home = concat!("/", "work/");
    for package in CRATES.into_iter().chain(["retrograde-cli"]) {
        for (path, _) in sources(&format!("crates/{package}")) {
            let text = std::fs::read_to_string(&path).expect("a source file");
            assert!(!text.contains(home), "{} holds a path of one machine", path.display());
        }
    }
}
