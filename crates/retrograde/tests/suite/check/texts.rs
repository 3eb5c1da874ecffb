//! The texts of reports: the files of both languages and the code have the same ids, and every report can be rendered in
//! both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use retrograde::check::{self, Cause, Language};
use retrograde::{Result, faults};

use super::support::read;

fn library() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../retrograde-check/src")
}

/// The texts of a file by their ids: `sign`, `sign.help`.
fn texts(name: &str) -> BTreeMap<String, String> {
    let source =
        std::fs::read_to_string(library().join("message/texts").join(name)).expect("a file of texts");
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let (mut family, mut id) = (String::new(), String::new());
    for line in source.lines().filter(|line| !line.starts_with('#')) {
        let (key, text) = line.split_once(" =").unwrap_or((line, ""));
        let is_key = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        if !line.starts_with(' ') && !line.is_empty() && is_key(key) {
            key.clone_into(&mut family);
            key.clone_into(&mut id);
            assert!(all.insert(id.clone(), text.to_owned()).is_none(), "{name} has {key} twice");
        } else if let Some(attribute) = key.trim().strip_prefix('.').filter(|key| is_key(key)) {
            id = format!("{family}.{attribute}");
            assert!(all.insert(id.clone(), text.to_owned()).is_none(), "{name} has {id} twice");
        } else if !id.is_empty() {
            all.entry(id.clone()).or_default().push_str(line);
        }
    }
    all.retain(|_, text| !text.trim().is_empty());
    assert!(!all.is_empty(), "{name} holds no texts");
    all
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    let end = |rest: &str| rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    text.split('$').skip(1).map(|rest| &rest[..end(rest)]).collect()
}

/// The sources that use the texts.
fn sources() -> String {
    let mut open = vec![library()];
    let mut all = String::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                all += &std::fs::read_to_string(&path).expect("a source");
            }
        }
    }
    all
}

/// `SlopeAtOutput` as `slope_at_output`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// The causes, by the names of their texts.
fn causes() -> Vec<String> {
    let source = std::fs::read_to_string(library().join("cause.rs")).expect("the catalogue of causes");
    let body = source.split("pub enum Cause {").nth(1).and_then(|rest| rest.split("\n}").next());
    let names = body.expect("the causes").lines().filter_map(|line| {
        let name = line.strip_prefix("    ")?.trim_end_matches([',', ' ', '{']);
        (name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric)).then(|| snake(name))
    });
    names.collect()
}

#[test]
fn both_languages_have_the_same_texts_with_the_same_placeholders() {
    let (english, korean, formulas) = (texts("en.ftl"), texts("ko.ftl"), texts("formulas.ftl"));
    let ids = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<BTreeSet<String>>();
    let apart: Vec<String> = ids(&english).symmetric_difference(&ids(&korean)).cloned().collect();
    assert!(apart.is_empty(), "in one language alone: {apart:?}");
    let twice: Vec<String> = ids(&english).intersection(&ids(&formulas)).cloned().collect();
    assert!(twice.is_empty(), "in a language and among the formulas: {twice:?}");
    for (id, text) in &english {
        // What Korean has no plural for, it need not select by.
        let (own, other) = (placeholders(text), placeholders(&korean[id]));
        assert_eq!(own, other, "{id}");
    }
}

#[test]
fn the_code_and_the_files_have_the_same_ids() {
    let (english, formulas) = (texts("en.ftl"), texts("formulas.ftl"));
    let known: BTreeSet<&str> = english.keys().chain(formulas.keys()).map(String::as_str).collect();
    let families: BTreeSet<&str> = known.iter().map(|id| id.split('.').next().unwrap_or(id)).collect();
    let (sources, causes) = (sources(), causes());
    assert!(causes.len() > 50, "{} causes", causes.len());
    let literals: BTreeSet<&str> = sources.split('"').collect();
    // What is put together from a beginning and a name.
    let beginnings: BTreeSet<&str> =
        literals.iter().filter_map(|text| text.split_once("-{").map(|(beginning, _)| beginning)).collect();
    let is_used = |family: &&str| {
        literals.contains(*family)
            || causes.iter().any(|cause| cause == family)
            || family.split_once('-').is_some_and(|(beginning, _)| beginnings.contains(beginning))
            || sources.contains(&format!("\"{family}."))
    };
    let unused: Vec<&&str> = families.iter().filter(|family| !is_used(family)).collect();
    assert!(unused.is_empty(), "no code uses {unused:?}");
    for start in ["text!(\"", ".worded(\""] {
        let used = sources.split(start).skip(1).filter_map(|rest| rest.split('"').next());
        let missing: Vec<&str> = used.filter(|id| !known.contains(id) && !families.contains(id)).collect();
        assert!(missing.is_empty(), "no file has {missing:?}");
    }
    let without: Vec<&String> =
        causes.iter().filter(|cause| !english.contains_key(&format!("{cause}.title"))).collect();
    assert!(without.is_empty(), "no title for {without:?}");
}

#[test]
fn korean_texts_are_korean() {
    let korean = texts("ko.ftl");
    for (id, text) in &korean {
        let is_korean = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
        let words: Vec<&str> = text.split_whitespace().collect();
        let english = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase());
        let sentence = |length: usize| words.windows(length).any(|some| some.iter().all(english));
        // A formula has no two words in a row.
        assert!(if is_korean(text) { !sentence(4) } else { !sentence(2) }, "{id}: {text}");
    }
}

#[test]
fn the_reports_on_all_faults_can_be_read_in_both_languages() -> Result<()> {
    let (x, labels) = faults::example(4);
    let mut count = 0;
    for fault in faults::all() {
        let report = check::network(&mut fault.network(6, 5, 5, 0)?, &x, &labels)?;
        read(&report);
        count += report.causes().count();
    }
    assert!(count > 60, "{count} causes");
    Ok(())
}

#[test]
fn a_report_in_json_has_ids_and_both_languages() -> Result<()> {
    let (x, labels) = faults::example(4);
    let fault = faults::find("relu-mask-inverted").expect("a fault of the catalogue");
    let report = check::network(&mut fault.network(6, 5, 5, 0)?, &x, &labels)?;
    let json = serde_json::to_value(&report).expect("plain data");
    let finding = &json["findings"][0];
    assert_eq!(finding["title"]["id"], "mask_inverted.title");
    assert_eq!(finding["title"]["en"], "mask inverted");
    assert_eq!(finding["title"]["ko"], "마스크가 뒤집힘");
    assert_eq!(finding["sentences"][0]["arguments"]["block"], "x");
    // For those who read one language there are strings.
    let korean = report.json(Language::Korean)?;
    assert_eq!(korean["findings"][0]["title"], "마스크가 뒤집힘");
    assert_eq!(korean["findings"][0]["sentence"], report.findings[0].sentence(Language::Korean));
    assert_eq!(report.causes().next(), Some(&Cause::MaskInverted));
    Ok(())
}
